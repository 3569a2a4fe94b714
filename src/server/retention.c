#include "server/retention.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/crowd.h"
#include "server/erase.h"
#include "server/mistakes.h"
#include "server/trends.h"
#include "server/workers.h"
#include "store/networks.h"
#include "store/retention.h"

#define STEP        200 /* rows in one transaction: reports wait meanwhile */
#define PAUSE_MS    200
#define LOOK_MS     (10 * PK_MINUTE_MS)
#define ERASE_MS    250 /* between looks whether an erasure can go on */
#define COMPLAIN_MS PK_HOUR_MS
#define MISTAKES_MS (30 * PK_DAY_MS) /* after a start: entries that expired meanwhile */

struct pk_retention {
    struct pk_server *server;
    struct pk_eraser eraser;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken;
    bool ends;
    /* The thread's own: */
    struct pk_journal_reader *reader; /* NULL: not open yet */
    int64_t trimmed_ms;               /* monotonic */
    int64_t trends_ms;                /* when the day of now was written */
    int64_t mistakes_ms;              /* up to when entries that expired are worked off */
    int64_t complained_ms;
};

void pk_retention_progress(struct pk_server *server, int64_t out[PK_PARTITIONS])
{
    int64_t crowd[PK_PARTITIONS];

    pk_workers_progress(server->workers, out);
    pk_crowd_server_needs(server->crowd, crowd, PK_PARTITIONS);
    for (int p = 0; p < PK_PARTITIONS; p++) {
        out[p] = crowd[p] < out[p] ? crowd[p] : out[p];
    }
}

/* ---- what is old ----------------------------------------------------------------------------------- */

static int64_t days_of(const struct pk_retention_settings *s, enum pk_keep keep)
{
    switch (keep) {
    case PK_KEEP_INCIDENTS:
        return s->incidents_days;
    case PK_KEEP_EVENTS:
        return s->events_days;
    case PK_KEEP_ACTIONS:
        return s->actions_days;
    case PK_KEEP_AUDIT:
        return s->audit_days;
    case PK_KEEP_APPS:
        return s->apps_days;
    case PK_KEEP_LEDGER:
        return s->ledger_days;
    case PK_KEEP_COUNT:
        break;
    }
    return INT32_MAX;
}

static void say_removed(const char *what, int64_t count)
{
    if (count > 0) {
        pk_event(PK_INFO, "retention.removed", { "what", what }, { "count", PK_NUM(count) });
    }
}

/* A step of each class. 1: there is more of one. */
static int purge_all(struct pk_retention *r, struct pk_store *store, struct pk_error *err)
{
    const struct pk_settings *s = &r->server->settings;
    int64_t now_ms = pk_server_now(r->server);
    int64_t count = 0;
    int more = 0;
    int rc = PK_OK;

    for (int keep = 0; keep < PK_KEEP_COUNT && rc == PK_OK; keep++) {
        rc = pk_store_purge(store, (enum pk_keep)keep,
                now_ms - days_of(s->retention, (enum pk_keep)keep) * PK_DAY_MS, STEP, &count, err);
        if (rc == PK_OK) {
            say_removed(pk_keep_names[keep], count);
            more |= count >= STEP ? 1 : 0;
        }
    }
    if (rc == PK_OK) {
        rc = pk_network_forget(
                store, now_ms - s->networks->keep_days * PK_DAY_MS, STEP, &count, err);
    }
    if (rc == PK_OK) {
        if (count > 0) {
            pk_event(PK_INFO, "networks.forgotten", { "count", PK_NUM(count) });
        }
        more |= count >= STEP ? 1 : 0;
    }
    return rc < 0 ? rc : more;
}

static int trim(struct pk_retention *r, struct pk_error *err)
{
    int64_t days = r->server->settings.retention->reports_days;
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t progress[PK_PARTITIONS];

    if (r->trimmed_ms != 0 && now_ms - r->trimmed_ms < PK_HOUR_MS) {
        return PK_OK;
    }
    r->trimmed_ms = now_ms;
    pk_retention_progress(r->server, progress);
    return pk_journal_trim(r->reader, pk_server_now(r->server) - days * PK_DAY_MS, progress, err);
}

/* How long until the next look, or < 0. */
static int64_t look(struct pk_retention *r, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(r->server, err);
    int more;
    int rc = store != NULL ? PK_OK : err->code;

    if (rc == PK_OK && r->reader == NULL) {
        rc = pk_journal_reader_open(r->server->settings.journal, &r->reader, err);
    }
    if (rc < 0) {
        return rc;
    }
    r->eraser.reader = r->reader;
    rc = pk_eraser_step(&r->eraser, store, err); /* people first */
    if (rc != 0) {
        return rc < 0 ? rc : ERASE_MS;
    }
    more = purge_all(r, store, err);
    rc = more < 0 ? more : trim(r, err);
    if (rc == PK_OK) {
        rc = pk_trends_step(
                store, pk_server_now(r->server), r->server->started_ms, &r->trends_ms, err);
    }
    if (rc >= 0) {
        int64_t now_ms = pk_server_now(r->server);
        int ended;

        r->mistakes_ms = r->mistakes_ms > 0 ? r->mistakes_ms : now_ms - MISTAKES_MS;
        ended = pk_mistakes_expire(r->server, store, now_ms, &r->mistakes_ms, err);
        rc = ended < 0 ? ended : rc;
    }
    if (rc < 0) {
        return rc;
    }
    return more > 0 || rc > 0 ? PAUSE_MS : LOOK_MS;
}

/* ---- the thread ------------------------------------------------------------------------------------ */

/* False: the server stops. */
static bool sleep_ms(struct pk_retention *r, int64_t ms)
{
    struct timespec until;
    bool ends;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&r->lock);
    while (!r->ends && !r->woken &&
            pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until) == 0) {
        /* looks again why */
    }
    r->woken = false;
    ends = r->ends;
    pthread_mutex_unlock(&r->lock);
    return !ends;
}

static void complain(struct pk_retention *r, const struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (r->complained_ms == 0 || now_ms - r->complained_ms > COMPLAIN_MS) {
        r->complained_ms = now_ms;
        pk_event(PK_ERROR, "retention.stuck", { "why", err->text });
    }
}

static void *run(void *arg)
{
    struct pk_retention *r = arg;
    int64_t wait_ms;

    do {
        struct pk_error err = { 0 };

        wait_ms = look(r, &err);
        if (wait_ms < 0) {
            complain(r, &err);
            wait_ms = PK_MINUTE_MS;
        } else {
            r->complained_ms = 0;
        }
    } while (sleep_ms(r, wait_ms));
    pk_journal_reader_close(r->reader);
    return NULL;
}

int pk_retention_start(struct pk_server *server, struct pk_retention **out, struct pk_error *err)
{
    struct pk_retention *r = calloc(1, sizeof(*r));
    int rc;

    if (r == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    r->server = server;
    r->eraser.server = server;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    rc = pthread_create(&r->thread, NULL, run, r);
    if (rc != 0) {
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->wake);
        free(r);
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    *out = r;
    return PK_OK;
}

void pk_retention_wake(struct pk_retention *retention)
{
    if (retention == NULL) {
        return;
    }
    pthread_mutex_lock(&retention->lock);
    retention->woken = true;
    pthread_cond_signal(&retention->wake);
    pthread_mutex_unlock(&retention->lock);
}

void pk_retention_stop(struct pk_retention *retention)
{
    if (retention == NULL) {
        return;
    }
    pthread_mutex_lock(&retention->lock);
    retention->ends = true;
    pthread_cond_signal(&retention->wake);
    pthread_mutex_unlock(&retention->lock);
    pthread_join(retention->thread, NULL);
    pthread_mutex_destroy(&retention->lock);
    pthread_cond_destroy(&retention->wake);
    free(retention);
}
