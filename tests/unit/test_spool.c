#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/batch.h"
#include "agent/spool.h"
#include "base/clock.h"
#include "base/file.h"
#include "check.h"

static char dir[64];
static char file[80];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/pk-spool-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(file, sizeof(file), "%s/spool", dir);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "spool", "spool.new", "spool.next", "" };
    char path[96];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)remove(path);
    }
    return 0;
}

static struct pk_spool *open_spool(size_t max)
{
    struct pk_spool *spool = NULL;
    struct pk_error err = { 0 };

    if (pk_spool_open(dir, max, &spool, &err) != PK_OK) {
        fail_msg("%s", err.text);
    }
    return spool;
}

static int64_t put(struct pk_spool *spool, bool essential, size_t padding)
{
    char text[9000];
    int64_t seq = pk_spool_next(spool);
    int n = snprintf(
            text, sizeof(text), "{\"seq\":%lld,\"pad\":\"%0*d\"}", (long long)seq, (int)padding, 0);

    assert_int_equal(pk_spool_append(spool, pk_slice_of(text, (size_t)n), essential, NULL), PK_OK);
    return seq;
}

/* Without fsync: hundreds of times. */
static void write_plain(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(close(fd), 0);
}

struct seen {
    int64_t first;
    int64_t last;
    size_t count;
    size_t essential;
    size_t stop_after;
};

static bool look(void *ctx, int64_t seq, bool essential, struct pk_slice json)
{
    struct seen *seen = ctx;
    char want[40];

    assert_true(seq > seen->last);
    (void)snprintf(want, sizeof(want), "{\"seq\":%lld,", (long long)seq);
    assert_memory_equal(json.ptr, want, strlen(want));
    seen->first = seen->count == 0 ? seq : seen->first;
    seen->last = seq;
    seen->count++;
    seen->essential += essential ? 1 : 0;
    return seen->count != seen->stop_after;
}

static struct seen look_at(struct pk_spool *spool)
{
    struct seen seen = { 0 };

    assert_int_equal(pk_spool_each(spool, look, &seen, NULL), PK_OK);
    assert_int_equal(pk_spool_state(spool).pending, seen.count);
    assert_int_equal(pk_spool_state(spool).pending_essential, seen.essential);
    return seen;
}

static void test_life(void **state)
{
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    struct pk_spool *second = NULL;
    struct seen seen;

    (void)state;
    assert_int_equal(pk_spool_next(spool), 1);
    for (int i = 0; i < 10; i++) {
        (void)put(spool, i % 3 == 0, 10);
    }
    assert_int_equal(pk_spool_open(dir, PK_SPOOL_MAX_DEFAULT, &second, NULL), PK_EBUSY);
    seen = look_at(spool);
    assert_int_equal(seen.count, 10);
    assert_int_equal(pk_spool_ack(spool, 11, NULL), PK_EBOUNDS);
    assert_int_equal(pk_spool_ack(spool, 4, NULL), PK_OK);
    assert_int_equal(pk_spool_ack(spool, 3, NULL), PK_OK); /* old news */
    assert_int_equal(look_at(spool).first, 5);
    pk_spool_close(spool);

    spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    seen = look_at(spool);
    assert_int_equal(seen.first, 5);
    assert_int_equal(seen.last, 10);
    assert_int_equal(pk_spool_next(spool), 11);
    assert_int_equal(pk_spool_ack(spool, 10, NULL), PK_OK);
    assert_int_equal(look_at(spool).count, 0);
    pk_spool_close(spool);

    spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    assert_int_equal(look_at(spool).count, 0);
    assert_int_equal(put(spool, true, 10), 11);
    pk_spool_close(spool);
}

/* The file cut at every byte: what was whole before the cut is there, and no number comes twice. */
static void test_torn(void **state)
{
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    struct pk_buffer whole = pk_buffer_of(1 << 20);
    size_t ends[8] = { 8 };
    char next_path[96];
    struct pk_buffer next = pk_buffer_of(64);

    (void)state;
    for (int i = 1; i < 8; i++) {
        (void)put(spool, false, (size_t)i * 3);
        ends[i] = pk_spool_state(spool).bytes;
    }
    pk_spool_close(spool);
    (void)snprintf(next_path, sizeof(next_path), "%s/spool.next", dir);
    assert_int_equal(pk_file_read(file, &whole, NULL), PK_OK);
    assert_int_equal(pk_file_read(next_path, &next, NULL), PK_OK);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        size_t want = 0;
        struct seen seen;
        int64_t number;

        write_plain(file, whole.ptr, cut);
        write_plain(next_path, next.ptr, next.len);
        while (want < 7 && ends[want + 1] <= cut) {
            want++;
        }
        spool = open_spool(PK_SPOOL_MAX_DEFAULT);
        seen = look_at(spool);
        assert_int_equal(seen.count, want);
        number = put(spool, false, 5);
        /* A clean end may only miss what was never synced, so never sent; damage may hide more. */
        assert_true(cut == ends[want] ? number == (int64_t)want + 1 : number > 7);
        assert_int_equal(look_at(spool).count, want + 1);
        pk_spool_close(spool);
        spool = open_spool(PK_SPOOL_MAX_DEFAULT);
        assert_int_equal(look_at(spool).last, number);
        assert_true(pk_spool_next(spool) > number);
        pk_spool_close(spool);
    }
    pk_buffer_finish(&whole);
    pk_buffer_finish(&next);
}

/* Each byte changed in turn: never a crash, never a wrong record (look() compares). */
static void test_flipped(void **state)
{
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    struct pk_buffer whole = pk_buffer_of(1 << 20);

    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)put(spool, false, 4);
    }
    pk_spool_close(spool);
    assert_int_equal(pk_file_read(file, &whole, NULL), PK_OK);
    for (size_t i = 8; i < whole.len; i++) {
        whole.ptr[i] = (char)(whole.ptr[i] ^ 0x41);
        write_plain(file, whole.ptr, whole.len);
        whole.ptr[i] = (char)(whole.ptr[i] ^ 0x41);
        spool = open_spool(PK_SPOOL_MAX_DEFAULT);
        assert_true(look_at(spool).count < 3);
        assert_true(pk_spool_state(spool).damaged);
        assert_true(pk_spool_next(spool) > 3);
        pk_spool_close(spool);
    }
    pk_buffer_finish(&whole);
}

/* A writer is killed 25 times at any moment: what it said to be safe is there, numbers grow. */
static void test_killed(void **state)
{
    int64_t before = 0;

    (void)state;
    for (int round = 0; round < 25; round++) {
        int pipes[2];
        int64_t told = 0;
        int64_t number;
        struct pk_spool *spool;
        struct seen seen = { 0 };
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            spool = NULL;
            if (pk_spool_open(dir, PK_SPOOL_MAX_LEAST, &spool, NULL) < 0) {
                _exit(1);
            }
            for (int i = 0;; i++) {
                number = pk_spool_next(spool);
                char text[64];
                int n = snprintf(text, sizeof(text), "{\"seq\":%lld,}", (long long)number);

                if (pk_spool_append(spool, pk_slice_of(text, (size_t)n), i % 4 == 0, NULL) < 0 ||
                        write(pipes[1], &number, sizeof(number)) != (ssize_t)sizeof(number)) {
                    _exit(1);
                }
                if (i % 50 == 49 && pk_spool_ack(spool, number - 40, NULL) < 0) {
                    _exit(1);
                }
            }
        }
        (void)close(pipes[1]);
        for (int i = 0; i < 20 + round * 3; i++) {
            assert_int_equal(read(pipes[0], &number, sizeof(number)), sizeof(number));
            assert_true(number > before);
            told = number;
        }
        (void)kill(pid, SIGKILL);
        while (read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number)) {
            told = number;
        }
        (void)close(pipes[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        spool = open_spool(PK_SPOOL_MAX_LEAST);
        assert_int_equal(pk_spool_each(spool, look, &seen, NULL), PK_OK);
        assert_true(seen.last >= told); /* the kernel keeps what a killed process wrote */
        assert_true(pk_spool_next(spool) > told);
        before = pk_spool_next(spool) - 1;
        pk_spool_close(spool);
    }
}

/* Full: ordinary records go first, oldest first; the file keeps its bound; all is counted. */
static void test_bound(void **state)
{
    size_t max = PK_SPOOL_MAX_LEAST;
    struct pk_spool *spool = open_spool(max);
    struct seen seen;
    struct pk_spool_state s;
    struct stat st;
    int total = 0;

    (void)state;
    for (int i = 0; i < 10; i++, total++) {
        (void)put(spool, true, 500);
    }
    for (int i = 0; i < 500; i++, total++) {
        (void)put(spool, false, 500);
        assert_int_equal(stat(file, &st), 0);
        assert_true((size_t)st.st_size <= max);
    }
    seen = look_at(spool);
    s = pk_spool_state(spool);
    assert_int_equal(seen.first, 1); /* the old essential ones are all there */
    assert_int_equal(seen.essential, 10);
    assert_int_equal(seen.last, total);
    assert_int_equal((size_t)s.dropped + seen.count, total);
    for (int i = 0; i < 500; i++, total++) {
        (void)put(spool, true, 500);
    }
    seen = look_at(spool);
    s = pk_spool_state(spool);
    assert_int_equal(seen.essential, seen.count);
    assert_int_equal((size_t)s.dropped + seen.count, total);
    pk_spool_close(spool);
    spool = open_spool(max);
    assert_int_equal(pk_spool_state(spool).dropped, s.dropped);
    assert_int_equal(look_at(spool).last, total);
    pk_spool_close(spool);
}

/* The server knows more than a folder that was restored from an old copy. */
static void test_skip(void **state)
{
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_DEFAULT);

    (void)state;
    (void)put(spool, false, 5);
    assert_int_equal(pk_spool_skip(spool, 1, NULL), PK_OK);
    assert_int_equal(pk_spool_next(spool), 2);
    assert_int_equal(pk_spool_skip(spool, 5001, NULL), PK_OK);
    assert_int_equal(pk_spool_ack(spool, 5000, NULL), PK_OK);
    assert_int_equal(look_at(spool).count, 0);
    assert_int_equal(put(spool, false, 5), 5001);
    pk_spool_close(spool);
    spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    assert_int_equal(look_at(spool).first, 5001);
    assert_int_equal(pk_spool_next(spool), 5002);
    pk_spool_close(spool);
}

static void test_too_long(void **state)
{
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_LEAST);
    char *big = calloc(1, PK_SPOOL_RECORD_MAX + 1);

    (void)state;
    assert_int_equal(pk_spool_append(spool, pk_slice_of(big, PK_SPOOL_RECORD_MAX + 1), true, NULL),
            PK_ELIMIT);
    assert_int_equal(pk_spool_append(spool, pk_slice_of(big, 40000), true, NULL), PK_ELIMIT);
    assert_int_equal(pk_spool_next(spool), 1);
    free(big);
    pk_spool_close(spool);
}

/* What is too old for the server is not sent; the rest is, in bounded batches. */
static void test_batch(void **state)
{
    static const char *const lines[] = {
        "{\"seq\":1,\"at\":\"2026-01-01T00:00:00.000Z\",\"x\":1}",
        "{\"seq\":2,\"at\":\"2026-11-23T00:00:00.000Z\",\"x\":2}",
        "{\"seq\":3,\"at\":\"2026-11-23T00:00:01.000Z\",\"x\":3}",
        "{\"seq\":4,\"at\":\"2026-11-23T00:00:02.000Z\",\"x\":4}",
    };
    struct pk_spool *spool = open_spool(PK_SPOOL_MAX_DEFAULT);
    struct pk_buffer packed = pk_buffer_of(65536);
    struct pk_batch batch;
    int64_t now_ms;

    (void)state;
    assert_int_equal(pk_time_parse("2026-11-23T01:00:00Z", &now_ms), PK_OK);
    for (size_t i = 0; i < PK_COUNT(lines); i++) {
        assert_int_equal(pk_spool_append(spool, pk_slice_str(lines[i]), false, NULL), PK_OK);
    }
    assert_int_equal(pk_batch_build(spool, 2, now_ms, &batch, NULL), PK_OK);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.expired_seq, 1);
    assert_int_equal(batch.last_seq, 3);
    assert_string_equal(batch.json.ptr,
            "{\"v\":1,\"observations\":[{\"seq\":2,\"at\":\"2026-11-23T00:00:00.000Z\",\"x\":2},"
            "{\"seq\":3,\"at\":\"2026-11-23T00:00:01.000Z\",\"x\":3}]}");
    assert_int_equal(pk_batch_pack(&batch, &packed, NULL), PK_OK);
    assert_true(packed.len > 0 && packed.len < batch.json.len);
    pk_buffer_finish(&packed);
    pk_batch_finish(&batch);
    assert_int_equal(pk_spool_ack(spool, 4, NULL), PK_OK);
    assert_int_equal(pk_batch_build(spool, 2, now_ms, &batch, NULL), PK_OK);
    assert_int_equal(batch.count, 0);
    pk_batch_finish(&batch);
    pk_spool_close(spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_skip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_batch, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
