#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "journal_entries.h"

/* The journal's writer is killed, finds no space, loses its server. */

/* ---- death ---- */

#define KILLS   8
#define PHONES  6
#define SENDING 64 /* reports on their way at once */

struct acked {
    int phone;
    int64_t seq;
};

struct phone_sender {
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int waiting;
};

struct one_report {
    struct phone_sender *sender;
    int phone;
};

static void tell_parent(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx)
{
    struct one_report *report = ctx;
    struct acked acked = { .phone = report->phone, .seq = acked_seq };

    if (result != PK_APPEND_FAILED && write(report->sender->fd, &acked, sizeof(acked)) < 0) {
        _exit(2);
    }
    pthread_mutex_lock(&report->sender->lock);
    report->sender->waiting--;
    pthread_cond_signal(&report->sender->changed);
    pthread_mutex_unlock(&report->sender->lock);
    pk_entry_destroy(entry);
    free(report);
}

/* Sends for ever; each report repeats the observation before it, as a retry would. */
static void child(const char *url, int fd, const int64_t *from)
{
    struct phone_sender sender = { .fd = fd };
    int64_t seq[PHONES];
    struct pk_journal *j;

    (void)pthread_mutex_init(&sender.lock, NULL);
    (void)pthread_cond_init(&sender.changed, NULL);
    memcpy(seq, from, sizeof(seq));
    if (pk_journal_open(url, &j, NULL) < 0) {
        _exit(3);
    }
    for (int i = 0;; i = (i + 1) % PHONES) {
        struct one_report *report = malloc(sizeof(*report));
        char device[24];

        pthread_mutex_lock(&sender.lock);
        while (sender.waiting >= SENDING) {
            pthread_cond_wait(&sender.changed, &sender.lock);
        }
        sender.waiting++;
        pthread_mutex_unlock(&sender.lock);
        *report = (struct one_report){ .sender = &sender, .phone = i };
        (void)snprintf(device, sizeof(device), "phone-%d", i);
        if (pk_journal_append(j, make_entry(device, seq[i] > 0 ? seq[i] : 1, seq[i] + 3, LIGHT),
                    tell_parent, report) < 0) {
            _exit(4);
        }
        seq[i] += 3;
    }
}

/* Kills the child after a while; every acknowledgement that it wrote counts. */
static void run_and_kill(const char *url, int64_t acked[PHONES], int wait_ms)
{
    struct acked one;
    int fds[2];
    int status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fds[0]);
        child(url, fds[1], acked);
    }
    (void)close(fds[1]);
    for (int64_t until_ms = 0; read(fds[0], &one, sizeof(one)) == sizeof(one);) {
        acked[one.phone] = one.seq > acked[one.phone] ? one.seq : acked[one.phone];
        if (until_ms == 0) {
            until_ms = pk_clock_monotonic_ms() + wait_ms; /* from the first one on */
        } else if (pk_clock_monotonic_ms() > until_ms) {
            (void)kill(pid, SIGKILL);
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    (void)close(fds[0]);
}

/* Each observation once and in order, up to at least the last acknowledged one. */
static void check_phone(struct pk_journal_reader *reader, int phone, int64_t acked)
{
    struct pk_journal_count count;
    char device[24];
    int64_t after = 0;
    int64_t seen = 0;
    struct pk_entry *e;

    (void)snprintf(device, sizeof(device), "phone-%d", phone);
    for (;;) {
        assert_ok(pk_journal_read(reader, pk_journal_partition(device), after, &e, &err));
        if (e == NULL) {
            break;
        }
        assert_int_equal(e->offset, after + 1);
        after = e->offset;
        for (size_t i = 0; i < e->report.observations.count; i++) {
            int64_t seq = ((struct pk_observation *)e->report.observations.items)[i].seq;

            if (strcmp(e->device, device) == 0 && seq > e->after_seq) {
                assert_int_equal(seq, seen + 1);
                seen = seq;
            }
        }
        pk_entry_destroy(e);
    }
    assert_true(acked > 0);
    assert_true(seen >= acked);
    assert_ok(pk_journal_count(reader, device, &count, &err));
    assert_int_equal(count.observations, seen);
    assert_ok(pk_journal_totals(reader, device, &count, &err));
    assert_int_equal(count.observations, seen);
}

static void test_kill(void **state)
{
    struct test_database *t = *state;
    int64_t acked[PHONES] = { 0 };
    struct pk_journal_reader *reader;

    for (int i = 0; i < KILLS; i++) {
        run_and_kill(t->url, acked, 10 + 17 * i);
    }
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    for (int i = 0; i < PHONES; i++) {
        check_phone(reader, i, acked[i]);
    }
    pk_journal_reader_close(reader);
}

/* ---- no space ---- */

/* Takes the space away, or gives it back. SQLite: a limit on the size of files, which works for
 * everybody. PostgreSQL: the server says what it says when its disk is full. */
static void take_space(const struct test_database *t)
{
    struct pk_db *db;

    if (!t->postgres) {
        struct stat st;
        char wal[128];

        (void)snprintf(wal, sizeof(wal), "%s/test.db-wal", t->dir);
        assert_int_equal(stat(wal, &st), 0);
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE,
                                 &(struct rlimit){ (rlim_t)st.st_size + 6000, RLIM_INFINITY }),
                0);
        return;
    }
    assert_ok(pk_db_open(t->url, &db, &err));
    assert_ok(pk_db_exec(db,
            "CREATE OR REPLACE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left on device'"
            " USING ERRCODE = 'disk_full'; END $$;"
            "CREATE TRIGGER no_space BEFORE INSERT ON journal FOR EACH ROW"
            " EXECUTE FUNCTION no_space();",
            &err));
    pk_db_close(db);
}

static void give_space(const struct test_database *t)
{
    struct pk_db *db;

    if (!t->postgres) {
        assert_int_equal(
                setrlimit(RLIMIT_FSIZE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }), 0);
        return;
    }
    assert_ok(pk_db_open(t->url, &db, &err));
    assert_ok(pk_db_exec(db, "DROP TRIGGER no_space ON journal", &err));
    pk_db_close(db);
}

static void test_full(void **state)
{
    struct test_database *t = *state;
    int partition = pk_journal_partition("d-1");
    struct pk_journal_reader *reader;
    struct pk_journal_count count;
    struct pk_journal *j;
    struct answer a;

    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    append(j, make_entry("d-1", 1, 2, LIGHT), &a);
    answer_wait(&a, 1);
    take_space(t);
    for (int round = 0; round < 3; round++) {
        struct answer b;

        answer_start(&b);
        for (int i = 0; i < 40; i++) {
            append(j, make_entry("d-1", 3 + 5 * i, 7 + 5 * i, HEAVY), &b);
        }
        append(j, make_entry("d-1", 1, 2, LIGHT),
                &b); /* is on the disk: acknowledged all the same */
        answer_wait(&b, 41);
        assert_int_equal(b.failed, 40);
        assert_int_equal(b.duplicates, 1);
        assert_int_equal(b.acked_seq, 2);
        assert_int_equal(pk_journal_newest(j, partition), 1);
    }
    answer_start(&a);
    append(j, make_entry("d-1", 3, 200, HEAVY), &a);
    answer_wait(&a, 1);
    assert_int_equal(a.failed, 1);
    assert_int_equal(a.rc, PK_ENOSPC);
    assert_int_equal(a.acked_seq, 2);
    give_space(t);

    answer_start(&a);
    append(j, make_entry("d-1", 3, 60, HEAVY), &a); /* by itself, without a restart */
    append(j, make_entry("d-1", 61, 62, LIGHT), &a);
    answer_wait(&a, 2);
    assert_int_equal(a.stored, 2);
    assert_int_equal(a.offset, 3); /* no gap */
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 3);
    assert_int_equal(count.observations, 62);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

/* A file system that is full, as root can make one: 3 MiB of memory in a namespace of our own. */
static void test_full_disk(void **state)
{
    struct test_database *t = *state;
    struct pk_journal_count count = { 0 };
    struct pk_journal_reader *reader;
    struct pk_journal *j;
    struct answer a;
    char filler[128];
    int64_t sent = 0;
    int64_t acked;
    FILE *f;

    assert_int_equal(mount("tmpfs", t->dir, "tmpfs", 0, "size=3m"), 0);
    (void)snprintf(filler, sizeof(filler), "%s/filler", t->dir);
    f = fopen(filler, "w");
    assert_non_null(f);
    assert_int_equal(ftruncate(fileno(f), 0), 0);
    assert_int_equal(posix_fallocate(fileno(f), 0, 1024 * 1024), 0);
    assert_int_equal(fclose(f), 0);
    assert_ok(pk_journal_open(t->url, &j, &err));
    do {
        answer_start(&a);
        append(j, make_entry("d-1", sent + 1, sent + 500, HEAVY), &a);
        answer_wait(&a, 1);
        sent += a.stored == 1 ? 500 : 0;
        assert_true(sent < 200000);
    } while (a.stored == 1);
    assert_int_equal(a.rc, PK_ENOSPC);
    assert_int_equal(a.acked_seq, sent);
    acked = sent;
    assert_true(acked > 0);
    assert_int_equal(unlink(filler), 0);
    answer_start(&a);
    append(j, make_entry("d-1", sent + 1, sent + 500, HEAVY), &a);
    answer_wait(&a, 1);
    assert_int_equal(a.stored, 1);
    pk_journal_close(j);

    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.observations, acked + 500);
    pk_journal_reader_close(reader);
    assert_int_equal(umount2(t->dir, MNT_DETACH), 0);
}

/* ---- the server goes away ---- */

/* It is not known whether a commit happened when the connection breaks: the writer asks. */
static void test_lost_server(void **state)
{
    struct test_database *t = *state;
    struct pk_journal *j;
    struct pk_db *db;
    struct answer a;

    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_ok(pk_db_open(t->url, &db, &err));
    for (int i = 0; i < 5; i++) {
        answer_start(&a);
        append(j, make_entry("d-1", 1 + i * 3, 3 + i * 3, LIGHT), &a);
        answer_wait(&a, 1);
        assert_int_equal(a.stored, 1);
        assert_int_equal(a.offset, i + 1);
        assert_ok(pk_db_exec(db,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
                &err));
    }
    /* somebody else took the next offset: the writer fails once, learns, goes on */
    assert_ok(pk_db_exec(db,
            "INSERT INTO journal SELECT id + 1, device, last_seq, last_seq + 1, received_ms, 1,"
            " packed FROM journal ORDER BY id DESC LIMIT 1;"
            "UPDATE journal_devices SET last_seq = last_seq + 1",
            &err));
    answer_start(&a);
    append(j, make_entry("d-1", 17, 18, LIGHT), &a);
    answer_wait(&a, 1);
    assert_int_equal(a.failed, 1);
    assert_int_equal(a.rc, PK_EEXIST);
    append(j, make_entry("d-1", 16, 18, LIGHT), &a);
    answer_wait(&a, 2);
    assert_int_equal(a.stored, 1);
    assert_int_equal(a.after_seq, 16);
    assert_int_equal(a.offset, 7);
    pk_db_close(db);
    pk_journal_close(j);
}

/* A file system of our own that is gone with this process. */
static bool can_mount(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

#define ON_BOTH TEST(test_kill), TEST(test_full)

int main(void)
{
    const struct CMUnitTest on_postgres[] = { ON_BOTH, TEST(test_lost_server) };
    const struct CMUnitTest on_sqlite[] = { ON_BOTH };
    const struct CMUnitTest on_sqlite_as_root[] = { ON_BOTH, TEST(test_full_disk) };

    if (test_on_postgres()) {
        return cmocka_run_group_tests(on_postgres, NULL, NULL);
    }
    return can_mount() ? cmocka_run_group_tests(on_sqlite_as_root, NULL, NULL)
                       : cmocka_run_group_tests(on_sqlite, NULL, NULL);
}
