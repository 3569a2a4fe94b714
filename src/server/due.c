#include "server/due.h"

#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/pipeline.h"
#include "policy/policy.h"
#include "server/ticker.h"
#include "store/guard.h"

#define LOOK_MS     PK_SECOND_MS
#define AT_ONCE     100
#define PAGE_MEMORY (1UL * 1024 * 1024)
#define LATE_MS \
    (10 * PK_MINUTE_MS) /* later than this, things happen now and not when they were due */
#define PATIENT_MS PK_MINUTE_MS

struct pk_due {
    struct pk_server *server;
    struct pk_ticker *ticker;
    int64_t patient_ms; /* the ticker's own: since when reports wait; 0: none does */
};

static void tell(struct pk_server *server, const char *device, const struct pk_pipeline_news *news)
{
    if (news->events) {
        pk_server_events_changed(server);
    }
    if (news->commands) {
        pk_server_notify_device(server, device);
    }
    if (news->siem) {
        pk_server_outbox_grew(server);
    }
}

/* One device, one transaction. */
static int go_on(struct pk_due *d, struct pk_store *store, const char *device, int64_t at_ms,
        bool again, struct pk_error *err)
{
    struct pk_pipeline_news news = { 0 };
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_pipeline_wait(d->server->pipeline, store, device, at_ms, again, &news, err);
    if (rc == PK_OK) {
        rc = pk_store_commit(store, err);
    } else {
        pk_store_rollback(store);
    }
    if (rc == PK_OK) {
        tell(d->server, device, &news);
    }
    return rc == PK_ENOENT ? PK_OK : rc; /* removed meanwhile */
}

static int look_at_time(struct pk_due *d, struct pk_store *store, struct pk_arena *arena,
        size_t *count, struct pk_error *err)
{
    int64_t now_ms = pk_server_now(d->server);
    struct pk_array list = { 0 };
    const struct pk_due_row *rows;
    int rc = pk_due_list(store, now_ms, AT_ONCE, arena, &list, err);

    rows = list.items;
    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        int64_t own_ms = now_ms - rows[i].lag_ms;

        rc = go_on(d, store, rows[i].device,
                own_ms - rows[i].due_ms > LATE_MS ? own_ms : rows[i].due_ms, false, err);
    }
    *count += list.count;
    return rc;
}

static int look_at_policy(struct pk_due *d, struct pk_store *store, struct pk_arena *arena,
        size_t *count, struct pk_error *err)
{
    int64_t version = pk_policy_version(pk_server_policy(d->server));
    struct pk_array list = { 0 };
    const char *const *devices;
    int rc = pk_undeployed(store, version, AT_ONCE, arena, &list, err);

    devices = list.items;
    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        struct pk_device device;

        rc = pk_device_get(store, devices[i], arena, &device, err);
        if (rc == PK_OK) {
            rc = go_on(d, store, devices[i], pk_server_now(d->server) - device.lag_ms, true, err);
        }
        rc = rc == PK_ENOENT ? PK_OK : rc;
    }
    *count += list.count;
    return rc;
}

static int64_t look(void *ctx, struct pk_error *err)
{
    struct pk_due *d = ctx;
    struct pk_store *store = pk_server_store(d->server, err);
    struct pk_arena *arena = pk_arena_create(PAGE_MEMORY);
    size_t count = 0;
    int rc = store == NULL ? err->code : arena == NULL ? PK_ENOMEM : PK_OK;

    /* What came while we were down is worked in first: it may say that nothing is due any more. */
    if (pk_server_lag(d->server) == 0) {
        d->patient_ms = 0;
    } else if (d->patient_ms == 0) {
        d->patient_ms = pk_clock_monotonic_ms();
    }
    if (rc == PK_OK &&
            (d->patient_ms == 0 || pk_clock_monotonic_ms() - d->patient_ms > PATIENT_MS)) {
        rc = look_at_time(d, store, arena, &count, err);
    }
    if (rc == PK_OK) {
        rc = look_at_policy(d, store, arena, &count, err);
    }
    pk_arena_destroy(arena);
    return rc < 0 ? rc : count > 0 ? 10 : LOOK_MS;
}

int pk_due_start(struct pk_server *server, struct pk_due **out, struct pk_error *err)
{
    struct pk_due *d = calloc(1, sizeof(*d));
    const struct pk_ticker_job job = {
        .look = look, .ctx = d, .stuck = "policy.stuck", .retry_ms = 10 * LOOK_MS
    };
    int rc = d != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        d->server = server;
        rc = pk_ticker_create(&job, &d->ticker, err);
    }
    if (rc == PK_OK) {
        rc = pk_ticker_start(d->ticker, err);
    }
    if (rc < 0) {
        pk_due_stop(d);
        return rc;
    }
    *out = d;
    return PK_OK;
}

void pk_due_wake(struct pk_due *due)
{
    if (due != NULL) {
        pk_ticker_wake(due->ticker);
    }
}

void pk_due_stop(struct pk_due *due)
{
    if (due != NULL) {
        pk_ticker_destroy(due->ticker);
        free(due);
    }
}
