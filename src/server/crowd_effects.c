#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "crowd/key.h"
#include "crowd/terms.h"
#include "pipeline/pipeline.h"
#include "server/crowd_internal.h"
#include "server/crowd_words.h"

#define BATCH_MEMORY (32UL * 1024 * 1024)
#define PAGE         100 /* findings that are taken back at a time */
#define PAGE_MEMORY  (4UL * 1024 * 1024)
#define CELLS        "mobile network" /* what the judge of cells calls it */
#define SURE_MAX     0.99
#define SURE_MIN     0.5

struct pk_crowd_key pk_crowd_key_of_thing(const struct pk_crowd_thing *thing)
{
    return (struct pk_crowd_key){
        .a = (uint64_t)thing->a, .b = (uint64_t)thing->b, .kind = (enum pk_crowd_kind)thing->kind
    };
}

struct pk_crowd_thing pk_crowd_thing_of_key(const struct pk_crowd_key *key)
{
    return (struct pk_crowd_thing){
        .a = (int64_t)key->a, .b = (int64_t)key->b, .kind = (int)key->kind
    };
}

/* ---- gathering ------------------------------------------------------------------------------------ */

static struct pk_crowd_effect *add_effect(struct pk_crowd_effects *e)
{
    if (e->arena == NULL) {
        e->arena = pk_arena_create(BATCH_MEMORY);
    }
    if (e->count == e->room) {
        size_t room = e->room > 0 ? 2 * e->room : 64;
        struct pk_crowd_effect *more = reallocarray(e->items, room, sizeof(*more));

        if (more != NULL) {
            e->items = more;
            e->room = room;
        }
    }
    if (e->arena == NULL || e->count == e->room) {
        pk_event(PK_ERROR, "crowd.effect_lost", { "why", "out of memory" });
        return NULL;
    }
    e->items[e->count] = (struct pk_crowd_effect){ .is_change = false };
    return &e->items[e->count++];
}

void pk_crowd_effects_clear(struct pk_crowd_effects *effects)
{
    pk_arena_destroy(effects->arena);
    effects->arena = NULL;
    effects->count = 0;
}

void pk_crowd_effects_finish(struct pk_crowd_effects *effects)
{
    pk_crowd_effects_clear(effects);
    free(effects->items);
    *effects = (struct pk_crowd_effects){ 0 };
}

void pk_crowd_changed(void *server, const struct pk_crowd_change *change)
{
    struct pk_crowd_server *c = server;
    struct pk_crowd_effect *effect = c->replays ? NULL : add_effect(&c->effects);

    if (effect != NULL) {
        effect->is_change = true;
        effect->change = *change;
    }
}

/* ---- from an opinion to a finding ------------------------------------------------------------------ */

static double sure_of(const struct pk_crowd_opinion *o)
{
    double odds = o->before && isfinite(o->log_odds) ? (double)o->log_odds : (double)o->score;
    double sure = 1 / (1 + exp(-odds));

    return sure < SURE_MIN ? SURE_MIN : sure > SURE_MAX ? SURE_MAX : sure;
}

static const char *mast_part(const struct pk_sight_mast *m, struct pk_arena *arena)
{
    char plmn[12];

    (void)snprintf(plmn, sizeof(plmn), m->plmn < 100000 ? "%05u" : "%06u", m->plmn);
    return pk_arena_printf(
            arena, "%ug %s %u %llu", m->radio, plmn, m->area, (unsigned long long)m->cell);
}

/* Which of several causes it is: the thing in words. */
static const char *part_of(
        const struct pk_sighting *s, const struct pk_crowd_key *key, struct pk_arena *arena)
{
    char text[PK_CROWD_TEXT];

    switch (key->kind) {
    case PK_CROWD_POINT:
        return pk_arena_printf(arena, "access point %s", pk_crowd_hardware_text(key->b, text));
    case PK_CROWD_SITE:
        return pk_arena_strdup(arena, "this place");
    case PK_CROWD_MAST:
        return mast_part(&s->mast, arena);
    case PK_CROWD_APP:
    case PK_CROWD_SIGNER:
    case PK_CROWD_KINDS:
        break;
    }
    return NULL;
}

static json_t *evidence(const struct pk_crowd_opinion *o, const char *seen, struct pk_arena *arena)
{
    json_t *why = pk_crowd_words(o, 1, arena);
    const char *first = json_string_value(json_array_get(why, 0));
    char since[PK_TIME_TEXT];
    json_t *all = json_pack("{s:s, s:o, s:I, s:I, s:I, s:s*, s:b, s:s}", "seen",
            first != NULL ? first : seen, "why", why, "devices", (json_int_t)o->devices,
            "independent", (json_int_t)o->groups, "clean_visits", (json_int_t)o->clean, "since",
            o->since_s > 0 ? pk_time_format(o->since_s * PK_SECOND_MS, since) : NULL,
            "known_before", o->before, "thing", pk_crowd_kind_names[o->key.kind]);

    if (all != NULL && isfinite(o->log_odds)) {
        (void)json_object_set_new(all, "log_odds", json_real((double)o->log_odds));
    }
    return all != NULL && pk_arena_defer(arena, pk_json_release, all) == PK_OK ? all : NULL;
}

struct meaning {
    const char *threat; /* NULL: none that anybody is told of */
    const char *rule;
    const char *seen;
    const char *subject;
};

/* What others have met there is a reason to warn. What is only this device's own is for its own judges,
 * except what no device can see alone: an access point that imitates, a mast that is not. Apps are judged by
 * those who have them (pipeline/), from the verdicts in the store. */
static struct meaning meaning_of(
        const struct pk_sighting *s, const struct pk_crowd_opinion *o, char network[PK_CROWD_TEXT])
{
    if (s->kind == PK_SIGHTING_NETWORK && o->before) {
        return (struct meaning){ .threat = "network.known_bad",
            .rule = "network.known_bad/crowd",
            .seen = "Other devices were attacked here",
            .subject = pk_crowd_network_text(s->network.network, network) };
    }
    if (s->kind == PK_SIGHTING_NETWORK && o->after && o->hard && o->imitates) {
        return (struct meaning){ .threat = "network.evil_twin",
            .rule = "network.evil_twin/crowd",
            .seen = "An access point that no device knows carries the name of a known network",
            .subject = pk_crowd_network_text(s->network.network, network) };
    }
    if (s->kind == PK_SIGHTING_MAST && (o->before || (o->after && o->hard))) {
        return (struct meaning){ .threat = "network.cell_fake_station",
            .rule = "network.cell_fake_station/crowd",
            .seen = "The mast is not one of those that other devices know here",
            .subject = CELLS };
    }
    return (struct meaning){ .threat = NULL };
}

void pk_crowd_conclude(struct pk_crowd_server *c, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion)
{
    struct pk_crowd_effect *e;
    struct pk_arena *arena;
    char network[PK_CROWD_TEXT];
    struct meaning m;

    if (c->replays || c->entry == NULL || (!opinion->before && !opinion->after)) {
        return;
    }
    m = meaning_of(sighting, opinion, network);
    e = m.threat != NULL ? add_effect(&c->effects) : NULL;
    if (e == NULL) {
        return;
    }
    arena = c->effects.arena;
    e->key = opinion->key;
    e->device = pk_arena_strdup(arena, c->entry->device);
    e->finding = (struct pk_finding){
        .threat = pk_threat_find(m.threat),
        .subject = pk_arena_strdup(arena, m.subject),
        .part = part_of(sighting, &opinion->key, arena),
        .confidence = sure_of(opinion),
        .rule = m.rule,
        .evidence = evidence(opinion, m.seen, arena),
        .at_ms = sighting->at_s * PK_SECOND_MS,
    };
    if (e->device == NULL || e->finding.subject == NULL || e->finding.part == NULL ||
            e->finding.evidence == NULL || e->finding.threat == NULL) {
        c->effects.count--;
        pk_event(PK_ERROR, "crowd.effect_lost", { "why", "out of memory" });
    }
}

/* ---- into the store -------------------------------------------------------------------------------- */

struct writing {
    struct pk_crowd_server *c;
    struct pk_store *store;
    struct pk_pipeline_news news; /* of all */
    bool changes;
    struct pk_arena *arena; /* of the devices' names below */
    const char **told;      /* devices that have a new command */
    size_t told_count;
    size_t told_room;
};

static void tell_device(struct writing *w, const char *device)
{
    if (w->told_count == w->told_room) {
        size_t room = w->told_room > 0 ? 2 * w->told_room : 16;
        const char **more = reallocarray((void *)w->told, room, sizeof(*more));

        if (more == NULL) {
            return; /* it hears at its next report */
        }
        w->told = more;
        w->told_room = room;
    }
    w->told[w->told_count] = pk_arena_strdup(w->arena, device);
    w->told_count += w->told[w->told_count] != NULL;
}

static int keep(struct writing *w, const char *device, const struct pk_finding *finding,
        struct pk_error *err)
{
    struct pk_pipeline_news news = { 0 };
    int rc = pk_pipeline_finding(w->c->server->pipeline, w->store, device, finding, &news, err);

    w->news.events |= news.events;
    w->news.siem |= news.siem;
    if (news.commands) {
        tell_device(w, device);
    }
    return rc;
}

static int write_finding(struct writing *w, const struct pk_crowd_effect *e, struct pk_error *err)
{
    struct pk_crowd_finding_row row = { .thing = pk_crowd_thing_of_key(&e->key),
        .device = e->device,
        .threat = e->finding.threat->id,
        .subject = e->finding.subject,
        .part = e->finding.part,
        .at_ms = e->finding.at_ms };
    int rc = keep(w, e->device, &e->finding, err);

    if (rc == PK_ENOENT) {
        return PK_OK; /* the device was removed meanwhile */
    }
    return rc < 0 ? rc : pk_crowd_finding_put(w->store, &row, err);
}

static int take_back_one(struct writing *w, const struct pk_crowd_finding_row *row, int64_t at_ms,
        struct pk_error *err)
{
    struct pk_finding finding = { .threat = pk_threat_find(row->threat),
        .cleared = true,
        .subject = row->subject,
        .part = row->part[0] != '\0' ? row->part : NULL,
        .at_ms = at_ms };
    int rc = finding.threat != NULL ? keep(w, row->device, &finding, err) : PK_OK;

    return rc < 0 && rc != PK_ENOENT ? rc : pk_crowd_finding_drop(w->store, row, err);
}

/* What was concluded from a verdict that does not hold any more ends on all devices. */
static int take_back(
        struct writing *w, const struct pk_crowd_thing *thing, int64_t at_ms, struct pk_error *err)
{
    struct pk_array page = { 0 };
    int rc = PK_OK;

    do {
        struct pk_arena *arena = pk_arena_create(PAGE_MEMORY);
        const struct pk_crowd_finding_row *rows;

        rc = arena != NULL ? pk_crowd_findings_of(w->store, thing, PAGE, arena, &page, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        rows = rc == PK_OK ? page.items : NULL;
        for (size_t i = 0; rc == PK_OK && i < page.count; i++) {
            rc = take_back_one(w, &rows[i], at_ms, err);
        }
        pk_arena_destroy(arena);
    } while (rc == PK_OK && page.count == PAGE);
    return rc;
}

static int write_change(
        struct writing *w, const struct pk_crowd_change *change, struct pk_error *err)
{
    struct pk_crowd_change_row row = { .thing = pk_crowd_thing_of_key(&change->key),
        .bad = change->bad,
        .log_odds = isfinite(change->log_odds) ? (double)change->log_odds : 0,
        .at_ms = change->at_s * PK_SECOND_MS,
        .devices = change->devices,
        .groups = change->groups,
        .cause = change->cause };
    int rc = pk_crowd_change_add(w->store, &row, err);

    w->changes = true;
    return rc < 0 || change->bad ? rc : take_back(w, &row.thing, row.at_ms, err);
}

static int write_effects(struct writing *w, size_t *failed, struct pk_error *err)
{
    const struct pk_crowd_effects *all = &w->c->effects;

    for (size_t i = 0; i < all->count; i++) {
        const struct pk_crowd_effect *e = &all->items[i];
        int rc = e->is_change ? write_change(w, &e->change, err) : write_finding(w, e, err);

        if (rc < 0) {
            *failed = i;
            return rc;
        }
    }
    return PK_OK;
}

/* failed: the effect that did not work, or their number. */
static int write_all(struct writing *w, size_t *failed, struct pk_error *err)
{
    struct pk_crowd_server *c = w->c;
    struct pk_crowd_log_row row = { .seq = c->seq + 1,
        .text = c->lines.len > 0 ? c->lines.ptr : "" };
    int rc;

    *failed = c->effects.count;
    rc = pk_crowd_log_add(w->store, &row, err);
    if (rc == PK_OK && c->words_taken) {
        rc = pk_crowd_words_drop(w->store, c->word, err);
    }
    return rc < 0 ? rc : write_effects(w, failed, err);
}

static void tell(const struct writing *w)
{
    struct pk_server *server = w->c->server;

    for (size_t i = 0; i < w->told_count; i++) {
        pk_server_notify_device(server, w->told[i]);
    }
    if (w->news.events) {
        pk_server_events_changed(server);
    }
    if (w->news.siem) {
        pk_server_outbox_grew(server);
    }
    if (w->changes) {
        pk_server_crowd_changed(server);
    }
}

static int try_once(struct pk_crowd_server *c, size_t *failed, struct pk_error *err)
{
    struct writing w = {
        .c = c, .store = pk_server_store(c->server, err), .arena = pk_arena_create(BATCH_MEMORY)
    };
    int rc = w.store == NULL  ? err->code
            : w.arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                              : pk_store_begin(w.store, err);

    *failed = c->effects.count;
    if (rc == PK_OK) {
        rc = write_all(&w, failed, err);
        if (rc < 0) {
            pk_store_rollback(w.store);
        } else {
            rc = pk_store_commit(w.store, err);
        }
    }
    if (rc == PK_OK) {
        tell(&w);
    }
    free((void *)w.told);
    pk_arena_destroy(w.arena);
    return rc;
}

static bool is_of_store(int rc)
{
    return rc == PK_ENOSPC || rc == PK_EBUSY || rc == PK_EIO || rc == PK_ENOMEM ||
            rc == PK_EAGAIN || rc == PK_ETIMEDOUT || rc == PK_EACCES;
}

/* One that cannot be written, whatever is tried, must not hold up all others. */
static void drop_effect(struct pk_crowd_server *c, size_t index, const struct pk_error *why)
{
    struct pk_crowd_effects *e = &c->effects;

    pk_event(PK_ERROR, "crowd.effect_lost", { "device", e->items[index].device },
            { "why", why->text });
    memmove(e->items + index, e->items + index + 1, (e->count - index - 1) * sizeof(*e->items));
    e->count--;
}

static void written(struct pk_crowd_server *c)
{
    c->seq++;
    c->words_taken = false;
    c->has_open = false;
    pk_buffer_clear(&c->lines);
    pk_crowd_effects_clear(&c->effects);
    if (atomic_exchange(&c->stuck, false)) {
        pk_event0(PK_INFO, "crowd.back");
    }
}

int pk_crowd_flush(struct pk_crowd_server *c)
{
    if (c->has_open) {
        pk_crowd_line_write(&c->open, &c->lines);
        c->has_open = false;
    }
    if (c->lines.len == 0 && c->effects.count == 0) {
        return PK_OK;
    }
    for (bool again = false;; again = true) {
        struct pk_error err = { 0 };
        size_t failed;
        int rc = try_once(c, &failed, &err);

        /* A commit that seemed to fail may have worked: then the row is there. */
        if (rc == PK_OK || (again && rc == PK_EEXIST && failed == c->effects.count)) {
            written(c);
            return PK_OK;
        }
        if (!is_of_store(rc) && failed < c->effects.count) {
            drop_effect(c, failed, &err);
            continue;
        }
        if (!atomic_exchange(&c->stuck, true)) {
            pk_event(PK_ERROR, "crowd.stuck", { "why", err.text });
        }
        pk_crowd_pause(c);
        if (pk_crowd_ending(c)) {
            return rc;
        }
    }
}
