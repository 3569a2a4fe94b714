#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/zpack.h"
#include "database.h"
#include "journal/journal.h"
#include "store/store.h"

#define NOW INT64_C(1795000000000)

static struct pk_error err;

/* What the writer said about one append. */
struct answer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    int stored;
    int duplicates;
    int failed;
    int rc;
    int64_t acked_seq;
    int64_t offset;
    int64_t after_seq;
};

static void answer_start(struct answer *a)
{
    memset(a, 0, sizeof(*a));
    (void)pthread_mutex_init(&a->lock, NULL);
    (void)pthread_cond_init(&a->changed, NULL);
}

static void on_done(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx)
{
    struct answer *a = ctx;

    pthread_mutex_lock(&a->lock);
    a->count++;
    a->stored += result == PK_APPEND_STORED ? 1 : 0;
    a->duplicates += result == PK_APPEND_DUPLICATE ? 1 : 0;
    a->failed += result == PK_APPEND_FAILED ? 1 : 0;
    a->rc = rc;
    a->acked_seq = acked_seq;
    a->offset = entry->offset;
    a->after_seq = entry->after_seq;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pk_entry_destroy(entry);
}

static void answer_wait(struct answer *a, int count)
{
    pthread_mutex_lock(&a->lock);
    while (a->count < count) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
}

/* A report with observations first..last, padded with random text to about `weight` bytes. */
static struct pk_entry *make_entry(const char *device, int64_t first, int64_t last, size_t weight)
{
    struct pk_arena *arena = pk_arena_create(16 * 1024 * 1024);
    struct pk_entry *e = pk_arena_alloc(arena, 1, sizeof(*e));
    struct pk_zpack *z = pk_zpack_create(pk_zpack_report_dictionary(), 3);
    struct pk_buffer packed = pk_buffer_of(1024 * 1024);
    json_t *list = json_array();
    json_t *json;
    char *text;

    for (int64_t seq = first; seq <= last; seq++) {
        char pad[1001] = "x";

        if (weight > 0) {
            pk_random_hex(weight > 500 ? 500 : weight, pad);
        }
        json_array_append_new(list,
                json_pack("{s:I, s:s, s:s, s:{s:s, s:s}}", "seq", (json_int_t)seq, "at",
                        "2026-11-18T11:06:40.000Z", "kind", "choice", "choice", "threat", pad,
                        "choice", "shown"));
    }
    json = json_pack("{s:i, s:o}", "v", 1, "observations", list);
    text = pk_json_text(json);
    assert_int_equal(pk_zpack_pack(z, pk_slice_str(text), &packed), PK_OK);
    e->arena = arena;
    e->device = pk_arena_strdup(arena, device);
    e->received_ms = NOW + last;
    e->last_seq = last;
    e->packed = pk_slice_of(
            memcpy(pk_arena_alloc(arena, packed.len, 1), packed.ptr, packed.len), packed.len);
    assert_ok(pk_report_decode(json, arena, &e->report, &err));
    free(text);
    json_decref(json);
    pk_buffer_finish(&packed);
    pk_zpack_destroy(z);
    return e;
}

static void append(struct pk_journal *j, struct pk_entry *entry, struct answer *a)
{
    assert_int_equal(pk_journal_append(j, entry, on_done, a), PK_OK);
}

static int set_up(void **state)
{
    struct test_database *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    test_database_start(t);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    test_database_end(*state);
    free(*state);
    return 0;
}

/* ---- tests ---- */

static void test_store_and_read(void **state)
{
    struct test_database *t = *state;
    int partition = pk_journal_partition("d-1");
    struct pk_journal_reader *reader;
    struct pk_observation *items;
    struct pk_entry *entry;
    struct pk_journal *j;
    struct answer a;

    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    assert_ok(pk_journal_read(reader, partition, 0, &entry, &err));
    assert_null(entry);
    append(j, make_entry("d-1", 1, 3, 0), &a);
    answer_wait(&a, 1);
    assert_int_equal(a.stored, 1);
    assert_int_equal(a.acked_seq, 3);
    assert_int_equal(a.offset, 1);
    assert_int_equal(pk_journal_newest(j, partition), 1);
    assert_int_equal(pk_journal_stored(j), 1);

    assert_ok(pk_journal_read(reader, partition, 0, &entry, &err));
    assert_string_equal(entry->device, "d-1");
    assert_int_equal(entry->partition, partition);
    assert_int_equal(entry->offset, 1);
    assert_int_equal(entry->after_seq, 0);
    assert_int_equal(entry->last_seq, 3);
    assert_int_equal(entry->received_ms, NOW + 3);
    assert_int_equal(entry->report.observations.count, 3);
    items = entry->report.observations.items;
    assert_int_equal(items[2].seq, 3);
    assert_string_equal(items[2].choice->threat, "x");
    pk_entry_destroy(entry);
    assert_ok(pk_journal_read(reader, partition, 1, &entry, &err));
    assert_null(entry);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

static void test_duplicates(void **state)
{
    struct test_database *t = *state;
    struct pk_journal_count count;
    struct pk_journal_reader *reader;
    struct pk_journal *j;
    struct answer a;

    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    append(j, make_entry("d-1", 1, 3, 0), &a);
    append(j, make_entry("d-1", 1, 3, 0), &a); /* in the same batch, most likely */
    append(j, make_entry("d-2", 1, 2, 0), &a);
    answer_wait(&a, 3);
    assert_int_equal(a.stored, 2);
    assert_int_equal(a.duplicates, 1);
    append(j, make_entry("d-1", 2, 5, 0), &a); /* overlaps: 4 and 5 are new */
    answer_wait(&a, 4);
    assert_int_equal(a.stored, 3);
    assert_int_equal(a.after_seq, 3);
    assert_int_equal(a.acked_seq, 5);
    pk_journal_close(j);

    assert_ok(pk_journal_open(t->url, &j, &err)); /* and still known after a restart */
    append(j, make_entry("d-1", 1, 5, 0), &a);
    answer_wait(&a, 5);
    assert_int_equal(a.duplicates, 2);
    assert_int_equal(a.acked_seq, 5);
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 2);
    assert_int_equal(count.observations, 5);
    assert_ok(pk_journal_totals(reader, "d-1", &count, &err));
    assert_int_equal(count.observations, 5);
    assert_ok(pk_journal_totals(reader, "nobody", &count, &err));
    assert_int_equal(count.reports, 0);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

/* Closing stores what waits. */
static void test_close_stores(void **state)
{
    struct test_database *t = *state;
    struct pk_journal_reader *reader;
    struct pk_journal_count count;
    struct pk_journal *j;
    struct answer a;

    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    for (int i = 1; i <= 700; i++) {
        append(j, make_entry("d-1", i, i, 0), &a);
    }
    pk_journal_close(j);
    assert_int_equal(a.stored, 700);
    assert_int_equal(a.acked_seq, 700);
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 700);
    pk_journal_reader_close(reader);
}

struct sender {
    pthread_t thread;
    struct pk_journal *journal;
    struct answer answer;
    int number;
};

static void *send_some(void *arg)
{
    struct sender *s = arg;
    char device[24];

    for (int i = 1; i <= 100; i++) {
        (void)snprintf(device, sizeof(device), "d-%d-%d", s->number, i % 5);
        append(s->journal, make_entry(device, i, i, 0), &s->answer);
    }
    answer_wait(&s->answer, 100);
    return NULL;
}

static void test_many_senders(void **state)
{
    struct test_database *t = *state;
    struct sender senders[8];
    struct pk_journal_reader *reader;
    struct pk_journal *j;
    int64_t entries = 0;

    assert_ok(pk_journal_open(t->url, &j, &err));
    for (int i = 0; i < 8; i++) {
        senders[i] = (struct sender){ .journal = j, .number = i };
        answer_start(&senders[i].answer);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_some, &senders[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        assert_int_equal(senders[i].answer.stored, 100);
    }
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    for (int p = 0; p < PK_PARTITIONS; p++) {
        struct pk_entry *entry;

        /* without gaps: each offset is there, up to the newest */
        for (int64_t at = 0; at < pk_journal_newest(j, p); at++) {
            assert_ok(pk_journal_read(reader, p, at, &entry, &err));
            assert_non_null(entry);
            assert_int_equal(entry->offset, at + 1);
            pk_entry_destroy(entry);
            entries++;
        }
    }
    assert_int_equal(entries, 800);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

static void test_trim(void **state)
{
    struct test_database *t = *state;
    int partition = pk_journal_partition("d-1");
    int64_t progress[PK_PARTITIONS] = { 0 };
    struct pk_journal_reader *reader;
    struct pk_journal_count count;
    struct pk_entry *entry;
    struct pk_journal *j;
    struct answer a;

    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    for (int i = 1; i <= 10; i++) {
        append(j, make_entry("d-1", i, i, 0), &a);
    }
    answer_wait(&a, 10);
    assert_ok(pk_journal_trim(reader, NOW + 5, progress, &err)); /* nothing is worked in yet */
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 10);
    progress[partition] = 8;
    assert_ok(pk_journal_trim(reader, NOW + 5, progress, &err));
    assert_ok(pk_journal_read(reader, partition, 0, &entry, &err));
    assert_int_equal(entry->offset, 5);
    pk_entry_destroy(entry);
    progress[partition] = 10;
    assert_ok(pk_journal_trim(reader, NOW + 1000, progress, &err));
    assert_ok(pk_journal_read(reader, partition, 0, &entry, &err));
    assert_null(entry);
    pk_journal_close(j);

    /* neither offsets nor observations start anew */
    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_int_equal(pk_journal_newest(j, partition), 10);
    append(j, make_entry("d-1", 1, 10, 0), &a);
    append(j, make_entry("d-1", 11, 11, 0), &a);
    answer_wait(&a, 12);
    assert_int_equal(a.duplicates, 1);
    assert_int_equal(a.offset, 11);
    assert_ok(pk_journal_totals(reader, "d-1", &count, &err));
    assert_int_equal(count.observations, 11);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_and_read),
        TEST(test_duplicates),
        TEST(test_close_stores),
        TEST(test_many_senders),
        TEST(test_trim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
