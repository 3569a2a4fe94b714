#include "server/retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/crowd.h"
#include "server/erase.h"
#include "server/mistakes.h"
#include "server/ticker.h"
#include "server/trends.h"
#include "server/workers.h"
#include "store/networks.h"
#include "store/retention.h"

#define STEP        200 /* rows in one transaction: reports wait meanwhile */
#define PAUSE_MS    200
#define LOOK_MS     (10 * PK_MINUTE_MS)
#define ERASE_MS    250              /* between looks whether an erasure can go on */
#define MISTAKES_MS (30 * PK_DAY_MS) /* after a start: entries that expired meanwhile */

struct pk_retention {
    struct pk_server *server;
    struct pk_eraser eraser;
    struct pk_ticker *ticker;
    /* The ticker's own: */
    struct pk_journal_reader *reader; /* NULL: not open yet */
    int64_t trimmed_ms;               /* monotonic */
    int64_t trends_ms;                /* when the day of now was written */
    int64_t mistakes_ms;              /* up to when entries that expired are worked off */
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

static int64_t look(void *ctx, struct pk_error *err)
{
    struct pk_retention *r = ctx;
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

int pk_retention_start(struct pk_server *server, struct pk_retention **out, struct pk_error *err)
{
    struct pk_retention *r = calloc(1, sizeof(*r));
    const struct pk_ticker_job job = {
        .look = look, .ctx = r, .stuck = "retention.stuck", .retry_ms = PK_MINUTE_MS
    };
    int rc = r != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        r->server = server;
        r->eraser.server = server;
        rc = pk_ticker_create(&job, &r->ticker, err);
    }
    if (rc == PK_OK) {
        rc = pk_ticker_start(r->ticker, err);
    }
    if (rc < 0) {
        pk_retention_stop(r);
        return rc;
    }
    *out = r;
    return PK_OK;
}

void pk_retention_wake(struct pk_retention *retention)
{
    if (retention != NULL) {
        pk_ticker_wake(retention->ticker);
    }
}

void pk_retention_stop(struct pk_retention *retention)
{
    if (retention != NULL) {
        pk_ticker_destroy(retention->ticker);
        pk_journal_reader_close(retention->reader);
        free(retention);
    }
}
