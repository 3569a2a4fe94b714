#include "server/workers.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/apps.h"
#include "server/crowd.h"
#include "server/ledger.h"

#define QUEUE_MAX    2048 /* entries waiting for one worker; more are read from the journal */
#define BATCH_MAX    256  /* entries in one transaction */
#define RETRY_MS     1000 /* after a failure of the store */
#define LOOK_EVERY_S 3600

struct worker {
    struct pk_workers *all;
    pthread_t thread;
    bool runs;
    unsigned index;
    struct pk_journal_reader *reader;
    /* Under lock: */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pk_entry *queue[QUEUE_MAX];
    unsigned head;
    unsigned count;
    bool lost; /* an entry did not fit: look into the journal */
    bool ends;
    /* The thread's own: */
    struct pk_entry *batch[BATCH_MAX];
    size_t batch_count;
    int64_t planned[PK_PARTITIONS]; /* offset of the newest entry in the batch or worked in */
};

struct pk_workers {
    struct pk_workers_settings settings;
    unsigned count;
    atomic_llong done_offset[PK_PARTITIONS];
    atomic_ullong done;
    atomic_int store_rc; /* of the newest batch */
    struct worker workers[];
};

static struct worker *owner_of(struct pk_workers *all, int partition)
{
    return &all->workers[(unsigned)partition % all->count];
}

static bool owns(const struct worker *w, int partition)
{
    return (unsigned)partition % w->all->count == w->index;
}

/* ---- a batch ----------------------------------------------------------------------------------- */

static void drop_batch(struct worker *w)
{
    for (size_t i = 0; i < w->batch_count; i++) {
        pk_entry_destroy(w->batch[i]);
    }
    w->batch_count = 0;
}

/* Nothing of the batch happened: the next look into the journal finds it again. */
static void forget_batch(struct worker *w)
{
    for (int p = 0; p < PK_PARTITIONS; p++) {
        w->planned[p] = atomic_load(&w->all->done_offset[p]);
    }
    drop_batch(w);
}

static int apply_all(struct worker *w, struct pk_store *store, struct pk_pipeline_news *news,
        bool *commands, struct pk_error *err)
{
    bool touched[PK_PARTITIONS] = { false };
    int rc = PK_OK;

    for (size_t i = 0; i < w->batch_count && rc == PK_OK; i++) {
        struct pk_pipeline_news of_one = { 0 };

        rc = pk_pipeline_apply(w->all->settings.pipeline, store, w->batch[i], NULL, &of_one, err);
        if (rc == PK_OK) {
            rc = pk_ledger_add(store, w->batch[i], err);
        }
        commands[i] = of_one.commands;
        news->events |= of_one.events;
        news->siem |= of_one.siem;
        news->apps |= of_one.apps;
        news->crowd |= of_one.crowd;
        touched[w->batch[i]->partition] = true;
    }
    for (int p = 0; p < PK_PARTITIONS && rc == PK_OK; p++) {
        if (touched[p]) {
            rc = pk_progress_put(store, p, w->planned[p], err);
        }
    }
    return rc;
}

static void tell(struct worker *w, const struct pk_pipeline_news *news, const bool *commands)
{
    struct pk_server *server = w->all->settings.server;

    for (size_t i = 0; i < w->batch_count; i++) {
        if (commands[i]) {
            pk_server_notify_device(server, w->batch[i]->device);
        }
    }
    if (news->events) {
        pk_server_events_changed(server);
    }
    if (news->siem) {
        pk_server_outbox_grew(server);
    }
    if (news->apps) {
        pk_apps_wake(server->apps);
    }
    if (news->crowd) {
        pk_crowd_server_tell(server->crowd);
    }
}

/* One transaction: the effects and how far they reach. */
static int commit_batch(struct worker *w, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(w->all->settings.server, err);
    bool commands[BATCH_MAX] = { false };
    struct pk_pipeline_news news = { 0 };
    int rc = store != NULL ? pk_store_begin(store, err) : err->code;

    if (rc < 0) {
        return rc;
    }
    rc = apply_all(w, store, &news, commands, err);
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    rc = pk_store_commit(store, err);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < w->batch_count; i++) {
        int p = w->batch[i]->partition;

        atomic_store(&w->all->done_offset[p], w->planned[p]);
        pk_crowd_server_worked(w->all->settings.server->crowd, p, w->planned[p]);
    }
    atomic_fetch_add(&w->all->done, w->batch_count);
    tell(w, &news, commands);
    return PK_OK;
}

static bool is_of_store(int rc)
{
    return rc == PK_ENOSPC || rc == PK_EBUSY || rc == PK_EIO || rc == PK_ENOMEM ||
            rc == PK_EAGAIN || rc == PK_ETIMEDOUT || rc == PK_EACCES;
}

/* An entry that the pipeline cannot work in, whatever is tried: said loudly and passed by, or the
 * partition would stand still for ever. */
static int skip_one(struct worker *w, const struct pk_error *why, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(w->all->settings.server, err);
    const struct pk_entry *entry = w->batch[0];
    int rc;

    if (store == NULL) {
        return err->code;
    }
    pk_event(PK_ERROR, "pipeline.skipped", { "device", entry->device },
            { "partition", PK_NUM(entry->partition) }, { "offset", PK_NUM(entry->offset) },
            { "why", why->text });
    rc = pk_progress_put(store, entry->partition, entry->offset, err);
    if (rc == PK_OK) {
        atomic_store(&w->all->done_offset[entry->partition], entry->offset);
        pk_crowd_server_worked(w->all->settings.server->crowd, entry->partition, entry->offset);
    }
    return rc;
}

/* One by one, to find the entry that does not work. */
static int commit_singly(struct worker *w, struct pk_error *err)
{
    struct pk_entry *all[BATCH_MAX];
    size_t count = w->batch_count;
    size_t i;
    int rc = PK_OK;

    for (i = 0; i < count; i++) {
        all[i] = w->batch[i];
    }
    for (i = 0; i < count && rc == PK_OK; i++) {
        struct pk_error why = { 0 };

        w->batch[0] = all[i];
        w->batch_count = 1;
        w->planned[all[i]->partition] = all[i]->offset;
        rc = commit_batch(w, &why);
        if (rc < 0 && is_of_store(rc)) {
            *err = why;
            break;
        }
        if (rc < 0) {
            rc = skip_one(w, &why, err);
        }
    }
    for (i = 0; i < count; i++) {
        w->batch[i] = all[i];
    }
    w->batch_count = count;
    return rc;
}

static bool is_ending(struct worker *w)
{
    bool ends;

    pthread_mutex_lock(&w->lock);
    ends = w->ends;
    pthread_mutex_unlock(&w->lock);
    return ends;
}

/* Waits, but not for longer than until the end of the program. */
static void pause_worker(struct worker *w)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_MS / 1000;
    pthread_mutex_lock(&w->lock);
    while (!w->ends && pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until) == 0) {
        /* woken by a new entry: the store is not better for that */
    }
    pthread_mutex_unlock(&w->lock);
}

/* PK_OK: done. Otherwise the batch is forgotten and the journal has to be read again. */
static int finish_batch(struct worker *w)
{
    struct pk_error err = { 0 };
    int rc = PK_OK;

    if (w->batch_count == 0) {
        return PK_OK;
    }
    rc = commit_batch(w, &err);
    if (rc < 0 && !is_of_store(rc)) {
        rc = commit_singly(w, &err);
    }
    if (atomic_exchange(&w->all->store_rc, rc) != rc) {
        pk_event(rc == PK_OK ? PK_INFO : PK_ERROR, rc == PK_OK ? "pipeline.back" : "pipeline.stuck",
                { "why", rc == PK_OK ? NULL : err.text });
    }
    if (rc < 0) {
        forget_batch(w);
        pause_worker(w);
    } else {
        drop_batch(w);
    }
    return rc;
}

/* ---- where entries come from --------------------------------------------------------------------- */

/* Reads on from where the partition stands until there is nothing more. */
static int catch_up(struct worker *w, int partition)
{
    struct pk_error err = { 0 };
    struct pk_entry *entry = NULL;
    int rc = PK_OK;

    do {
        entry = NULL;
        rc = pk_journal_read(w->reader, partition, w->planned[partition], &entry, &err);
        if (rc < 0) {
            pk_event(PK_ERROR, "pipeline.journal", { "partition", PK_NUM(partition) },
                    { "why", err.text });
            pause_worker(w);
            return rc;
        }
        if (entry != NULL) {
            w->planned[partition] = entry->offset;
            w->batch[w->batch_count++] = entry;
        }
        if (w->batch_count == BATCH_MAX || entry == NULL) {
            rc = finish_batch(w);
        }
    } while (rc == PK_OK && entry != NULL && !is_ending(w));
    return rc;
}

/* Everything that the journal has. */
static void catch_up_all(struct worker *w)
{
    for (int p = 0; p < PK_PARTITIONS && !is_ending(w); p++) {
        while (owns(w, p) && catch_up(w, p) < 0 && !is_ending(w)) {
            /* has paused */
        }
    }
}

/* Takes what waits in the queue, in order. false: something is missing in between. */
static bool take_queue(struct worker *w)
{
    bool whole = true;

    pthread_mutex_lock(&w->lock);
    while (w->count > 0 && w->batch_count < BATCH_MAX && whole) {
        struct pk_entry *entry = w->queue[w->head];
        int64_t next = w->planned[entry->partition] + 1;

        whole = entry->offset <= next;
        if (!whole) {
            break; /* stays: after catching up it is the next, or known */
        }
        w->head = (w->head + 1) % QUEUE_MAX;
        w->count--;
        if (entry->offset < next) {
            pk_entry_destroy(entry);
        } else {
            w->planned[entry->partition] = entry->offset;
            w->batch[w->batch_count++] = entry;
        }
    }
    whole = whole && !w->lost;
    w->lost = false;
    pthread_mutex_unlock(&w->lock);
    return whole;
}

static void wait_for_entries(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->count == 0 && !w->lost && !w->ends) {
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_EVERY_S;
        if (pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&w->lock);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    bool whole = false; /* at start the journal may hold what the last process did not reach */

    while (!is_ending(w)) {
        if (!whole) {
            catch_up_all(w);
        }
        wait_for_entries(w);
        whole = take_queue(w);
        if (finish_batch(w) < 0) {
            whole = false;
        }
    }
    return NULL;
}

/* ---- from outside ---------------------------------------------------------------------------------- */

static int start_worker(struct pk_workers *all, unsigned index, struct pk_error *err)
{
    struct worker *w = &all->workers[index];
    int rc;

    w->all = all;
    w->index = index;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    for (int p = 0; p < PK_PARTITIONS; p++) {
        w->planned[p] = atomic_load(&all->done_offset[p]);
    }
    rc = pk_journal_reader_open(all->settings.server->settings.journal, &w->reader, err);
    if (rc < 0) {
        return rc;
    }
    rc = pthread_create(&w->thread, NULL, run, w);
    if (rc != 0) {
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    w->runs = true;
    return PK_OK;
}

int pk_workers_start(
        const struct pk_workers_settings *settings, struct pk_workers **out, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(settings->server, err);
    struct pk_workers *all;
    int rc = PK_OK;

    if (store == NULL) {
        return err->code;
    }
    all = calloc(1, sizeof(*all) + settings->threads * sizeof(all->workers[0]));
    if (all == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    all->settings = *settings;
    all->count = settings->threads;
    for (int p = 0; p < PK_PARTITIONS && rc == PK_OK; p++) {
        int64_t offset = 0;

        rc = pk_progress_get(store, p, &offset, err);
        atomic_init(&all->done_offset[p], offset);
    }
    for (unsigned i = 0; i < all->count && rc == PK_OK; i++) {
        rc = start_worker(all, i, err);
    }
    if (rc < 0) {
        pk_workers_stop(all);
        return rc;
    }
    *out = all;
    return PK_OK;
}

static void stop_worker(struct worker *w)
{
    if (w->all == NULL) {
        return; /* never began */
    }
    if (w->runs) {
        pthread_mutex_lock(&w->lock);
        w->ends = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    for (; w->count > 0; w->count--) {
        pk_entry_destroy(w->queue[w->head]);
        w->head = (w->head + 1) % QUEUE_MAX;
    }
    drop_batch(w);
    if (w->reader != NULL) {
        pk_journal_reader_close(w->reader);
    }
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
}

void pk_workers_stop(struct pk_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    for (unsigned i = 0; i < workers->count; i++) {
        stop_worker(&workers->workers[i]);
    }
    free(workers);
}

void pk_workers_hand(struct pk_workers *workers, struct pk_entry *entry)
{
    struct worker *w;

    if (workers == NULL) {
        pk_entry_destroy(entry);
        return;
    }
    w = owner_of(workers, entry->partition);
    pthread_mutex_lock(&w->lock);
    if (w->count < QUEUE_MAX && !w->ends) {
        w->queue[(w->head + w->count++) % QUEUE_MAX] = entry;
        entry = NULL;
    } else {
        w->lost = true;
    }
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    if (entry != NULL) {
        pk_entry_destroy(entry);
    }
}

int64_t pk_workers_lag(struct pk_workers *workers)
{
    int64_t lag = 0;

    for (int p = 0; workers != NULL && p < PK_PARTITIONS; p++) {
        int64_t newest = pk_journal_newest(workers->settings.server->journal, p);
        int64_t done = atomic_load(&workers->done_offset[p]);

        lag += newest > done ? newest - done : 0;
    }
    return lag;
}

void pk_workers_progress(struct pk_workers *workers, int64_t out[PK_PARTITIONS])
{
    for (int p = 0; p < PK_PARTITIONS; p++) {
        out[p] = workers != NULL ? atomic_load(&workers->done_offset[p]) : 0;
    }
}

uint64_t pk_workers_done(struct pk_workers *workers)
{
    return workers != NULL ? atomic_load(&workers->done) : 0;
}

const char *pk_workers_problem(struct pk_workers *workers)
{
    if (workers == NULL || atomic_load(&workers->store_rc) == PK_OK) {
        return NULL;
    }
    return "the store cannot be written: reports wait in the journal";
}
