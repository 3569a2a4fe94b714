#include "base/clock.h"
#include "journal_entries.h"

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
    append(j, make_entry("d-1", 1, 3, LIGHT), &a);
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
    append(j, make_entry("d-1", 1, 3, LIGHT), &a);
    append(j, make_entry("d-1", 1, 3, LIGHT), &a); /* in the same batch, most likely */
    append(j, make_entry("d-2", 1, 2, LIGHT), &a);
    answer_wait(&a, 3);
    assert_int_equal(a.stored, 2);
    assert_int_equal(a.duplicates, 1);
    append(j, make_entry("d-1", 2, 5, LIGHT), &a); /* overlaps: 4 and 5 are new */
    answer_wait(&a, 4);
    assert_int_equal(a.stored, 3);
    assert_int_equal(a.after_seq, 3);
    assert_int_equal(a.acked_seq, 5);
    pk_journal_close(j);

    assert_ok(pk_journal_open(t->url, &j, &err)); /* and still known after a restart */
    append(j, make_entry("d-1", 1, 5, LIGHT), &a);
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
        append(j, make_entry("d-1", i, i, LIGHT), &a);
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
        append(s->journal, make_entry(device, i, i, LIGHT), &s->answer);
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
        append(j, make_entry("d-1", i, i, LIGHT), &a);
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
    append(j, make_entry("d-1", 1, 10, LIGHT), &a);
    append(j, make_entry("d-1", 11, 11, LIGHT), &a);
    answer_wait(&a, 12);
    assert_int_equal(a.duplicates, 1);
    assert_int_equal(a.offset, 11);
    assert_ok(pk_journal_totals(reader, "d-1", &count, &err));
    assert_int_equal(count.observations, 11);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

/* ---- what an older or a broken program left ---- */

static void put_packed(const char *url, int64_t after, struct pk_slice packed)
{
    struct pk_stmt *stmt;
    struct pk_db *db;

    assert_ok(pk_db_open(url, &db, &err));
    assert_ok(pk_db_prepare(db, "UPDATE journal SET packed = ?1 WHERE last_seq = ?2", &stmt, &err));
    pk_bind_blob(stmt, 1, packed);
    pk_bind_int(stmt, 2, after);
    assert_int_equal(pk_stmt_run(stmt, &err), 1);
    pk_db_close(db);
}

static void put_dictionary(const char *url, uint32_t id, struct pk_slice bytes)
{
    struct pk_stmt *stmt;
    struct pk_db *db;

    assert_ok(pk_db_open(url, &db, &err));
    assert_ok(pk_db_prepare(db, "INSERT INTO journal_dictionaries VALUES (?1, ?2)", &stmt, &err));
    pk_bind_int(stmt, 1, id);
    pk_bind_blob(stmt, 2, bytes);
    assert_int_equal(pk_stmt_run(stmt, &err), 1);
    pk_db_close(db);
}

/* A dictionary that is not this build's: ours with another number (RFC 8878, 5). */
static void test_older_dictionary(void **state)
{
    static const char report[] = "{\"v\":1,\"observations\":[{\"seq\":2,\"at\":"
                                 "\"2026-11-18T11:06:40.000Z\",\"kind\":\"choice\","
                                 "\"choice\":{\"threat\":\"old\",\"choice\":\"shown\"}}]}";
    struct test_database *t = *state;
    struct pk_slice ours = pk_zpack_report_dictionary();
    uint8_t *other = pk_test_dup(ours.ptr, ours.len);
    struct pk_buffer packed = pk_buffer_of(65536);
    int partition = pk_journal_partition("d-1");
    struct pk_journal_reader *reader;
    struct pk_entry *entry;
    struct pk_zpack *z;
    struct pk_journal *j;
    struct answer a;

    assert_true(ours.len > 8);
    other[4] ^= 0x55;
    z = pk_zpack_create(pk_slice_of(other, ours.len), 3);
    assert_int_equal(pk_zpack_pack(z, pk_slice_str(report), &packed), PK_OK);
    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    append(j, make_entry("d-1", 1, 1, LIGHT), &a);
    append(j, make_entry("d-1", 2, 2, LIGHT), &a);
    append(j, make_entry("d-1", 3, 3, LIGHT), &a);
    pk_journal_close(j);
    put_packed(t->url, 2, pk_buffer_slice(&packed));
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));

    /* unknown: it comes empty, and what is behind it comes as ever */
    assert_ok(pk_journal_read(reader, partition, 1, &entry, &err));
    assert_int_equal(entry->offset, 2);
    assert_int_equal(entry->last_seq, 2);
    assert_int_equal(entry->report.observations.count, 0);
    pk_entry_destroy(entry);
    put_dictionary(t->url, pk_zpack_dictionary_id(pk_slice_of(other, ours.len)),
            pk_slice_of(other, ours.len));
    assert_ok(pk_journal_read(reader, partition, 1, &entry, &err));
    assert_int_equal(entry->report.observations.count, 1);
    assert_string_equal(
            ((struct pk_observation *)entry->report.observations.items)->choice->threat, "old");
    pk_entry_destroy(entry);
    assert_ok(pk_journal_read(reader, partition, 2, &entry, &err)); /* back to our own */
    assert_int_equal(entry->report.observations.count, 1);
    pk_entry_destroy(entry);

    put_packed(t->url, 2, pk_slice_str("not zstd at all"));
    assert_ok(pk_journal_read(reader, partition, 1, &entry, &err));
    assert_int_equal(entry->report.observations.count, 0);
    pk_entry_destroy(entry);
    pk_journal_reader_close(reader);
    pk_zpack_destroy(z);
    pk_buffer_finish(&packed);
    free(other);
}

/* One device's entries go, others stay; offsets are never given again, not even those of an erased tail. */
static void test_erase(void **state)
{
    struct test_database *t = *state;
    int partition = pk_journal_partition("d-1");
    char other[16];
    struct pk_journal_reader *reader;
    struct pk_journal_count count;
    struct pk_entry *entry;
    struct pk_journal *j;
    struct answer a;
    int n = 2;

    do { /* a neighbour in the same partition */
        (void)snprintf(other, sizeof(other), "d-%d", n++);
    } while (pk_journal_partition(other) != partition);
    answer_start(&a);
    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_ok(pk_journal_reader_open(t->url, &reader, &err));
    append(j, make_entry("d-1", 1, 1, LIGHT), &a);
    append(j, make_entry(other, 1, 1, LIGHT), &a);
    append(j, make_entry("d-1", 2, 3, LIGHT), &a);
    answer_wait(&a, 3);
    assert_ok(pk_journal_read_of(reader, "d-1", 1, &entry, &err));
    assert_int_equal(entry->offset, 3);
    pk_entry_destroy(entry);
    assert_ok(pk_journal_read_of(reader, "d-1", 3, &entry, &err));
    assert_null(entry);

    assert_ok(pk_journal_erase(reader, "d-1", pk_journal_newest(j, partition), &err));
    assert_ok(pk_journal_erase(reader, "d-1", pk_journal_newest(j, partition), &err)); /* again */
    assert_ok(pk_journal_count(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 0);
    assert_ok(pk_journal_totals(reader, "d-1", &count, &err));
    assert_int_equal(count.reports, 0);
    assert_ok(pk_journal_count(reader, other, &count, &err));
    assert_int_equal(count.reports, 1);
    assert_ok(pk_journal_read(reader, partition, 0, &entry, &err));
    assert_int_equal(entry->offset, 2);
    assert_string_equal(entry->device, other);
    pk_entry_destroy(entry);
    assert_ok(pk_journal_scrub(reader, &err));
    pk_journal_close(j);

    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_int_equal(pk_journal_newest(j, partition), 3);
    append(j, make_entry(other, 2, 2, LIGHT), &a);
    answer_wait(&a, 4);
    assert_int_equal(a.offset, 4);
    {
        int64_t progress[PK_PARTITIONS] = { 0 };

        progress[partition] = 2; /* a trim behind the erased tail does not bring it back */
        assert_ok(pk_journal_trim(reader, NOW + 1000, progress, &err));
    }
    assert_ok(pk_journal_erase(reader, other, 4, &err));
    pk_journal_close(j);
    assert_ok(pk_journal_open(t->url, &j, &err));
    assert_int_equal(pk_journal_newest(j, partition), 4);
    pk_journal_reader_close(reader);
    pk_journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_and_read),
        TEST(test_duplicates),
        TEST(test_close_stores),
        TEST(test_many_senders),
        TEST(test_trim),
        TEST(test_erase),
        TEST(test_older_dictionary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
