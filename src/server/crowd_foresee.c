#include "server/crowd_foresee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "pipeline/pipeline.h"
#include "risk/foresight.h"
#include "server/crowd_internal.h"

#define DEVICES_MAX  (4U << 20)
#define READ_AT_ONCE 500  /* of the store's rows, at the start */
#define TELL_AT_ONCE 32   /* devices in one transaction: workers wait for it */
#define WORK_MS      40   /* at a time, then reports go first */
#define PAUSE_MS     1000 /* after trouble */
#define MEMORY       (8UL * 1024 * 1024)
#define STALE_S \
    (INT64_C(7) * 86400)   /* numbers this old are told again, however little they changed */
#define AWAY_S       86400 /* who was not heard of for so long is nowhere */
#define RISK_FADES   25    /* a risk from here on holds something that fades */
#define LITTLE       0.0005
#define LITTLE_SHARE 0.03

/* What a device was told. */
struct told {
    uint64_t device;
    int64_t due_ms;  /* monotonic: when it is to be told, while it is queued */
    int64_t told_ms; /* monotonic; 0: not by this process */
    float p7;
    uint32_t where; /* digest of the network and place; 0: on none, or not known */
    uint8_t outlook, zone;
    bool queued;
    bool must;  /* its risk has to be fused anew, whatever its chance is: evidence fades */
    bool moved; /* where it is was not compared since it was read */
};

static struct told *row_of(struct pk_crowd_server *c, uint64_t device)
{
    struct told *t;
    int fresh;

    c->foresee.rows.size = sizeof(*t);
    c->foresee.rows.max = DEVICES_MAX;
    t = pk_rows_make(&c->foresee.rows, device, &fresh);
    if (t != NULL && fresh) {
        t->p7 = -1;
    }
    return t;
}

static void enqueue(struct pk_crowd_server *c, struct told *t, int64_t due_ms)
{
    struct pk_foresee *f = &c->foresee;

    if (t->queued) {
        t->due_ms = due_ms < t->due_ms ? due_ms : t->due_ms;
        return;
    }
    if (f->count == f->room) {
        size_t room = f->room > 0 ? 2 * f->room : 256;
        uint32_t *more = reallocarray(f->queue, room, sizeof(*more));

        if (more == NULL) {
            return; /* the next news, or midnight */
        }
        f->queue = more;
        f->room = room;
    }
    f->queue[f->count++] = (uint32_t)(((uint8_t *)t - f->rows.rows) / sizeof(*t));
    t->queued = true;
    t->due_ms = due_ms;
}

/* ---- where it is ---------------------------------------------------------------------------------- */

static bool find_where(
        const struct pk_crowd_server *c, uint64_t device, int64_t now_s, struct pk_visit_where *out)
{
    return pk_visits_where(c->visits, device, out) && now_s - (int64_t)out->at_s < AWAY_S;
}

static uint32_t digest_of(const struct pk_visit_where *w)
{
    uint64_t x = (w->network ^ w->point << 13 ^ (uint64_t)w->place << 29) * 0x9e3779b97f4a7c15ULL;

    return (uint32_t)(x >> 32) | 1U;
}

static uint32_t where_of(const struct pk_crowd_server *c, uint64_t device, int64_t now_s)
{
    struct pk_visit_where at;

    return find_where(c, device, now_s, &at) ? digest_of(&at) : 0;
}

/* ---- news ----------------------------------------------------------------------------------------- */

void pk_foresee_news(struct pk_crowd_server *c, uint64_t device, bool attacked)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    struct told *t = row_of(c, device);
    int64_t due_ms;

    if (t == NULL) {
        return;
    }
    if (attacked || where_of(c, device, pk_server_now(c->server) / PK_SECOND_MS) != t->where) {
        t->moved = true;
        due_ms = t->told_ms + PK_FORESEE_MOVE_MS;
    } else {
        due_ms = t->told_ms + PK_FORESEE_NEWS_MS;
    }
    enqueue(c, t, due_ms > now_ms ? due_ms : now_ms);
}

/* Erased devices have no row any more; of one that was revoked nothing is known. */
void pk_foresee_forget(struct pk_crowd_server *c, const char *id)
{
    struct pk_foresee *f = &c->foresee;
    struct told *t = pk_rows_find(&f->rows, pk_crowd_server_device(id));

    if (c->replays) {
        return;
    }
    if (t != NULL) {
        t->p7 = -1;
        t->outlook = PK_OUTLOOK_UNKNOWN;
        t->zone = PK_ZONE_STANDING_UNKNOWN;
        t->where = 0;
    }
    if (f->gone_count == f->gone_room) {
        size_t room = f->gone_room > 0 ? 2 * f->gone_room : 16;
        char(*more)[sizeof(f->gone[0])] = reallocarray(f->gone, room, sizeof(*more));

        if (more == NULL) {
            return;
        }
        f->gone = more;
        f->gone_room = room;
    }
    (void)snprintf(f->gone[f->gone_count++], sizeof(f->gone[0]), "%s", id);
}

/* ---- telling -------------------------------------------------------------------------------------- */

struct telling {
    struct pk_crowd_server *c;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_pipeline_news news;
    const char *commands[TELL_AT_ONCE]; /* devices that have a new one */
    size_t command_count;
    struct told done[TELL_AT_ONCE]; /* rows as they are after COMMIT */
    size_t done_count;
    int64_t now_ms;
};

static bool is_same(
        const struct told *t, const struct pk_foresight *f, uint32_t where, int64_t now_mono_ms)
{
    int zone = f->zone != NULL ? f->zone->standing : PK_ZONE_STANDING_UNKNOWN;
    double most = LITTLE + LITTLE_SHARE * (t->p7 > 0 ? (double)t->p7 : 0);

    return !t->must && t->outlook == f->outlook && t->zone == zone &&
            (!t->moved || t->where == where) && fabs(f->p7 - (double)t->p7) <= most &&
            (t->told_ms == 0 || now_mono_ms - t->told_ms < STALE_S * PK_SECOND_MS);
}

static int put(
        struct telling *k, const char *id, const struct pk_foresight *f, struct pk_error *err)
{
    struct pk_pipeline_news news = { 0 };
    int rc = pk_pipeline_foresee(k->c->server->pipeline, k->store, id, f, k->now_ms, &news, err);

    k->news.events |= news.events;
    k->news.siem |= news.siem;
    if (rc == PK_OK && news.commands && k->command_count < TELL_AT_ONCE) {
        k->commands[k->command_count++] = id;
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

static int tell_one(struct telling *k, const struct told *t, struct pk_error *err)
{
    const struct pk_crowd_device *d = pk_crowd_devices_find(&k->c->devices, t->device);
    int64_t now_s = k->now_ms / PK_SECOND_MS;
    struct pk_foresight_zone zone;
    struct pk_visit_where at;
    struct pk_foresight f;
    struct told *after = &k->done[k->done_count];
    bool is_somewhere;

    *after = *t;
    after->queued = false;
    after->must = false;
    k->done_count++;
    if (d == NULL) {
        return PK_OK; /* forgotten */
    }
    pk_foresight_of(k->c->hazard, t->device, now_s, t->outlook, &f);
    is_somewhere = find_where(k->c, t->device, now_s, &at);
    if (is_somewhere && pk_crowd_zone_of(k->c, &at, now_s, k->arena, &zone)) {
        f.zone = &zone;
    }
    after->moved = false;
    after->where = is_somewhere ? digest_of(&at) : 0;
    if (is_same(t, &f, after->where, pk_clock_monotonic_ms())) {
        return PK_OK;
    }
    if (pk_foresight_explain(k->c->hazard, t->device, k->arena, &f) < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    after->p7 = (float)f.p7;
    after->outlook = (uint8_t)f.outlook;
    after->zone = (uint8_t)(f.zone != NULL ? f.zone->standing : PK_ZONE_STANDING_UNKNOWN);
    after->told_ms = pk_clock_monotonic_ms();
    return put(k, d->id, &f, err);
}

static int tell_gone(struct telling *k, struct pk_error *err)
{
    struct pk_foresight nothing = { .at_ms = k->now_ms, .p7 = -1, .p30 = -1 };
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < k->c->foresee.gone_count; i++) {
        rc = put(k, k->c->foresee.gone[i], &nothing, err);
    }
    return rc;
}

static void wake(const struct telling *k)
{
    struct pk_server *server = k->c->server;

    for (size_t i = 0; i < k->command_count; i++) {
        pk_server_notify_device(server, k->commands[i]);
    }
    if (k->news.events) {
        pk_server_events_changed(server);
    }
    if (k->news.siem) {
        pk_server_outbox_grew(server);
    }
}

/* Those of the queue that are due, up to a handful. */
static size_t choose(
        const struct pk_foresee *f, int64_t now_ms, size_t *at, uint32_t out[TELL_AT_ONCE])
{
    size_t count = 0;

    for (; *at < f->count && count < TELL_AT_ONCE; ++*at) {
        const struct told *t = pk_rows_at(&f->rows, f->queue[*at]);

        if (t->due_ms <= now_ms) {
            out[count++] = f->queue[*at];
        }
    }
    return count;
}

static int tell_some(struct telling *k, const uint32_t *chosen, size_t count, struct pk_error *err)
{
    int rc = pk_store_begin(k->store, err);

    if (rc < 0) {
        return rc;
    }
    rc = tell_gone(k, err);
    for (size_t i = 0; rc == PK_OK && i < count; i++) {
        rc = tell_one(k, pk_rows_at(&k->c->foresee.rows, chosen[i]), err);
    }
    if (rc < 0) {
        pk_store_rollback(k->store);
        return rc;
    }
    return pk_store_commit(k->store, err);
}

static int tell_batch(
        struct pk_crowd_server *c, const uint32_t *chosen, size_t count, struct pk_error *err)
{
    struct telling k = { .c = c,
        .store = pk_server_store(c->server, err),
        .arena = pk_arena_create(MEMORY),
        .now_ms = pk_server_now(c->server) };
    int rc = k.store == NULL  ? err->code
            : k.arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                              : tell_some(&k, chosen, count, err);

    if (rc == PK_OK) {
        for (size_t i = 0; i < k.done_count; i++) {
            *(struct told *)pk_rows_at(&c->foresee.rows, chosen[i]) = k.done[i];
        }
        c->foresee.gone_count = 0;
        wake(&k);
    }
    pk_arena_destroy(k.arena);
    return rc;
}

static void sweep_queue(struct pk_foresee *f)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->count; i++) {
        const struct told *t = pk_rows_at(&f->rows, f->queue[i]);

        if (t->queued) {
            f->queue[kept++] = f->queue[i];
        }
    }
    f->count = kept;
}

static int tell_due(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_foresee *f = &c->foresee;
    int64_t began_ms = pk_clock_monotonic_ms();
    uint32_t chosen[TELL_AT_ONCE] = { 0 };
    size_t at = 0;
    size_t count;
    int rc = PK_OK;

    while (rc == PK_OK && pk_clock_monotonic_ms() - began_ms < WORK_MS) {
        count = choose(f, began_ms, &at, chosen);
        if (count == 0 && f->gone_count == 0) {
            break;
        }
        rc = tell_batch(c, chosen, count, err);
    }
    sweep_queue(f);
    return rc;
}

/* ---- all of them ---------------------------------------------------------------------------------- */

/* What stands in the store, so that only what is different now is written. */
static int read_told(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_foresee *f = &c->foresee;
    struct pk_store *store = pk_server_store(c->server, err);
    struct pk_arena *arena = pk_arena_create(MEMORY);
    struct pk_array page = { 0 };
    const struct pk_foresight_told *rows;
    int rc = store == NULL ? err->code
            : arena == NULL
            ? pk_error_set(err, PK_ENOMEM, "out of memory")
            : pk_device_foresights(store, f->after, READ_AT_ONCE, arena, &page, err);

    rows = rc == PK_OK ? page.items : NULL;
    for (size_t i = 0; rows != NULL && i < page.count; i++) {
        uint64_t device = pk_crowd_server_device(rows[i].id);
        struct told *t = pk_crowd_devices_find(&c->devices, device) != NULL ? row_of(c, device)
                                                                            : NULL;

        (void)snprintf(f->after, sizeof(f->after), "%s", rows[i].id);
        if (t == NULL) {
            continue;
        }
        if (t->told_ms == 0) {
            t->p7 = (float)rows[i].p7;
            t->outlook = (uint8_t)rows[i].outlook;
            t->zone = (uint8_t)rows[i].zone;
        }
        t->must = t->must || rows[i].risk >= RISK_FADES;
        enqueue(c, t, 0);
    }
    f->read = rc == PK_OK && page.count < READ_AT_ONCE;
    pk_arena_destroy(arena);
    return rc;
}

/* All of them once more. */
static void midnight(struct pk_crowd_server *c)
{
    struct pk_foresee *f = &c->foresee;
    int64_t day = pk_server_now(c->server) / PK_DAY_MS;

    if (day != f->day) {
        f->day = day;
        f->after[0] = '\0';
        f->read = false;
    }
}

void pk_foresee_step(struct pk_crowd_server *c)
{
    struct pk_foresee *f = &c->foresee;
    struct pk_error err = { 0 };
    int rc = PK_OK;

    if (pk_clock_monotonic_ms() < f->pause_ms) {
        return;
    }
    midnight(c);
    if (!f->read) {
        rc = read_told(c, &err);
    }
    if (rc == PK_OK) {
        rc = tell_due(c, &err);
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "foresight.trouble", { "why", err.text });
        f->pause_ms = pk_clock_monotonic_ms() + PAUSE_MS;
    }
}

int64_t pk_foresee_rest_ms(const struct pk_crowd_server *c, int64_t most_ms)
{
    const struct pk_foresee *f = &c->foresee;
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t rest_ms = f->read ? most_ms : 0;

    for (size_t i = 0; i < f->count && rest_ms > 0; i++) {
        const struct told *t = pk_rows_at(&f->rows, f->queue[i]);
        int64_t left = t->due_ms - now_ms;

        rest_ms = left < rest_ms ? left : rest_ms;
    }
    if (f->gone_count > 0) {
        rest_ms = 0;
    }
    if (rest_ms < f->pause_ms - now_ms) {
        rest_ms = f->pause_ms - now_ms;
    }
    return rest_ms < 0 ? 0 : rest_ms < most_ms ? rest_ms : most_ms;
}

void pk_foresee_finish(struct pk_foresee *f)
{
    pk_rows_finish(&f->rows);
    free(f->queue);
    free(f->gone);
    *f = (struct pk_foresee){ 0 };
}
