#include "journal/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/event.h"
#include "journal/table.h"
#include "journal/unpack.h"

#define LOG_EVERY_MS 10000 /* a full disk fails many batches: one line tells of all */

struct pending {
    struct pk_entry *entry;
    pk_append_done done;
    void *ctx;
    int64_t came_ms; /* monotonic */
    /* set by the plan */
    struct pk_seq *seq;
    int64_t before; /* seq->last, to go back to */
    enum pk_append_result result;
    int rc;
};

struct failures {
    int64_t said_ms; /* monotonic; 0: nothing is wrong */
    int64_t reports; /* since it was said last */
    int64_t all;
};

struct pk_journal {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct pending *queue; /* ring of PK_JOURNAL_QUEUE */
    size_t head;
    size_t count;
    size_t bytes;
    bool closing;

    /* the writer's own */
    struct pk_db *db;
    struct pk_seqs seqs;
    int64_t next[PK_PARTITIONS]; /* newest offset that is planned */
    bool stale;                  /* it is not known whether the last commit happened */
    struct failures failures;
    struct pending batch[PK_JOURNAL_BATCH];

    pthread_t writer;
    _Atomic int64_t newest[PK_PARTITIONS];
    _Atomic uint64_t stored;
};

void pk_entry_destroy(struct pk_entry *entry)
{
    if (entry != NULL) {
        pk_arena_destroy(entry->arena); /* the entry itself lives in it */
    }
}

int pk_journal_partition(const char *device)
{
    return (int)(pk_journal_hash(device) % PK_PARTITIONS);
}

/* ---- one batch ---- */

static int64_t count_new(const struct pk_entry *entry)
{
    const struct pk_observation *items = entry->report.observations.items;
    int64_t n = 0;

    for (size_t i = 0; i < entry->report.observations.count; i++) {
        n += items[i].seq > entry->after_seq ? 1 : 0;
    }
    return n;
}

/* Decides what is new; the state runs ahead of the disk until commit or undo. Counts from an entry
 * of the same batch, too: the same report may stand in it twice. */
static size_t plan(struct pk_journal *j, size_t count)
{
    size_t fresh = 0;

    for (size_t i = 0; i < count; i++) {
        struct pending *p = &j->batch[i];
        struct pk_entry *entry = p->entry;

        p->seq = pk_seqs_at(&j->seqs, entry->device);
        if (p->seq == NULL) {
            p->result = PK_APPEND_FAILED;
            p->rc = PK_ENOMEM;
            continue;
        }
        p->before = p->seq->last;
        p->rc = PK_OK;
        entry->after_seq = p->before;
        if (entry->last_seq <= p->before) {
            p->result = PK_APPEND_DUPLICATE;
            continue;
        }
        p->result = PK_APPEND_STORED;
        p->seq->last = entry->last_seq;
        entry->offset = ++j->next[entry->partition];
        fresh++;
    }
    return fresh;
}

static int write_rows(struct pk_journal *j, size_t count, struct pk_error *err)
{
    int rc = pk_db_begin(j->db, err);

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        if (j->batch[i].result == PK_APPEND_STORED) {
            rc = pk_journal_table_add(j->db, j->batch[i].entry, count_new(j->batch[i].entry), err);
        }
    }
    if (rc == PK_OK) {
        return pk_db_commit(j->db, err);
    }
    pk_db_rollback(j->db);
    return rc;
}

/* Back to what is on the disk, newest first. What was on it before stays a duplicate. */
static void undo(struct pk_journal *j, size_t count, int rc)
{
    for (size_t i = count; i-- > 0;) {
        struct pending *p = &j->batch[i];

        if (p->result == PK_APPEND_STORED) {
            p->seq->last = p->before;
            j->next[p->entry->partition]--;
            p->entry->offset = 0;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct pending *p = &j->batch[i];

        if (p->seq != NULL && p->entry->last_seq > p->seq->last) {
            p->result = PK_APPEND_FAILED;
            p->rc = rc;
        }
    }
}

/* A transaction that ended in one of these has certainly not happened; after any other error the
 * server may have committed and only its answer was lost. */
static bool is_certain(int rc)
{
    return rc == PK_ENOSPC || rc == PK_EBUSY || rc == PK_ENOMEM;
}

static void say_failure(struct failures *f, size_t count, const struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    f->reports += (int64_t)count;
    f->all += (int64_t)count;
    if (f->said_ms != 0 && now_ms - f->said_ms < LOG_EVERY_MS) {
        return;
    }
    pk_event(PK_ERROR, err->code == PK_ENOSPC ? "journal.storage_full" : "journal.append_failed",
            { "why", err->text }, { "reports", PK_NUM(f->reports) });
    f->said_ms = now_ms;
    f->reports = 0;
}

static void say_recovered(struct failures *f)
{
    if (f->said_ms != 0) {
        pk_event(PK_INFO, "journal.recovered", { "failed_reports", PK_NUM(f->all) });
        *f = (struct failures){ 0 };
    }
}

static void publish(struct pk_journal *j, size_t fresh)
{
    for (int i = 0; i < PK_PARTITIONS; i++) {
        atomic_store_explicit(&j->newest[i], j->next[i], memory_order_release);
    }
    atomic_fetch_add_explicit(&j->stored, fresh, memory_order_relaxed);
}

static void store_batch(struct pk_journal *j, size_t count)
{
    struct pk_error err = { 0 };
    int rc = PK_OK;
    size_t fresh;

    if (j->stale) {
        rc = pk_journal_table_load(j->db, j->next, &j->seqs, &err);
        j->stale = rc < 0;
    }
    fresh = plan(j, count);
    if (rc == PK_OK && fresh > 0) {
        rc = write_rows(j, count, &err);
        j->stale = rc < 0 && !is_certain(rc);
    }
    if (rc < 0) {
        undo(j, count, rc);
        say_failure(&j->failures, fresh, &err);
    } else if (fresh > 0) {
        publish(j, fresh);
        say_recovered(&j->failures);
    }
    for (size_t i = 0; i < count; i++) {
        struct pending *p = &j->batch[i];

        p->done(p->entry, p->result, p->rc, p->seq != NULL ? p->seq->last : 0, p->ctx);
    }
}

/* ---- the writer ---- */

static struct timespec instant_of(int64_t monotonic_ms)
{
    return (struct timespec){ .tv_sec = monotonic_ms / 1000,
        .tv_nsec = monotonic_ms % 1000 * 1000000 };
}

/* Waits until a batch is full or its first report has waited long enough. 0: closing, and all is
 * written. */
static size_t gather(struct pk_journal *j)
{
    size_t count;

    pthread_mutex_lock(&j->lock);
    while (j->count == 0 && !j->closing) {
        pthread_cond_wait(&j->more, &j->lock);
    }
    if (j->count > 0) {
        int64_t until_ms = j->queue[j->head].came_ms + PK_JOURNAL_WAIT_MS;
        struct timespec until = instant_of(until_ms);

        while (j->count < PK_JOURNAL_BATCH && !j->closing &&
                pthread_cond_timedwait(&j->more, &j->lock, &until) == 0) {
        }
    }
    count = j->count < PK_JOURNAL_BATCH ? j->count : PK_JOURNAL_BATCH;
    for (size_t i = 0; i < count; i++) {
        j->batch[i] = j->queue[j->head];
        j->bytes -= j->batch[i].entry->packed.len;
        j->head = (j->head + 1) % PK_JOURNAL_QUEUE;
    }
    j->count -= count;
    pthread_mutex_unlock(&j->lock);
    return count;
}

static void *write_all(void *arg)
{
    struct pk_journal *j = arg;
    size_t count;

    while ((count = gather(j)) > 0) {
        store_batch(j, count);
    }
    return NULL;
}

int pk_journal_append(
        struct pk_journal *journal, struct pk_entry *entry, pk_append_done done, void *ctx)
{
    int rc = PK_OK;

    entry->partition = pk_journal_partition(entry->device);
    pthread_mutex_lock(&journal->lock);
    if (journal->closing || journal->count == PK_JOURNAL_QUEUE ||
            journal->bytes + entry->packed.len > PK_JOURNAL_BYTES) {
        rc = PK_EBUSY;
    } else {
        journal->queue[(journal->head + journal->count) % PK_JOURNAL_QUEUE] = (struct pending){
            .entry = entry, .done = done, .ctx = ctx, .came_ms = pk_clock_monotonic_ms()
        };
        journal->count++;
        journal->bytes += entry->packed.len;
        if (journal->count == 1 || journal->count == PK_JOURNAL_BATCH) {
            pthread_cond_signal(&journal->more);
        }
    }
    pthread_mutex_unlock(&journal->lock);
    return rc;
}

int64_t pk_journal_newest(struct pk_journal *journal, int partition)
{
    return atomic_load_explicit(&journal->newest[partition], memory_order_acquire);
}

uint64_t pk_journal_stored(struct pk_journal *journal)
{
    return atomic_load_explicit(&journal->stored, memory_order_relaxed);
}

/* ---- life ---- */

static void destroy(struct pk_journal *journal)
{
    pk_db_close(journal->db);
    pk_seqs_finish(&journal->seqs);
    (void)pthread_cond_destroy(&journal->more);
    (void)pthread_mutex_destroy(&journal->lock);
    free(journal->queue);
    free(journal);
}

static struct pk_journal *create(void)
{
    struct pk_journal *journal = calloc(1, sizeof(*journal));
    struct pending *queue = calloc(PK_JOURNAL_QUEUE, sizeof(*queue));
    pthread_condattr_t attr;

    if (journal == NULL || queue == NULL) {
        free(journal);
        free(queue);
        return NULL;
    }
    journal->queue = queue;
    (void)pthread_mutex_init(&journal->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&journal->more, &attr);
    (void)pthread_condattr_destroy(&attr);
    return journal;
}

int pk_journal_open(const char *url, struct pk_journal **out, struct pk_error *err)
{
    struct pk_journal *journal = create();
    int rc;

    if (journal == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_journal_table_open(url, &journal->db, err);
    if (rc == PK_OK) {
        rc = pk_unpacker_keep(journal->db, err);
    }
    if (rc == PK_OK) {
        rc = pk_journal_table_load(journal->db, journal->next, &journal->seqs, err);
    }
    if (rc == PK_OK) {
        publish(journal, 0);
        rc = -pthread_create(&journal->writer, NULL, write_all, journal);
        if (rc < 0) {
            rc = pk_error_set(err, rc, "cannot start the journal's writer: %s", pk_code_text(rc));
        }
    }
    if (rc < 0) {
        destroy(journal);
        return rc;
    }
    *out = journal;
    return PK_OK;
}

void pk_journal_close(struct pk_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    pthread_mutex_lock(&journal->lock);
    journal->closing = true;
    pthread_cond_signal(&journal->more);
    pthread_mutex_unlock(&journal->lock);
    (void)pthread_join(journal->writer, NULL);
    destroy(journal);
}
