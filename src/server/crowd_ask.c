/* Readers of the crowd: any thread, beside each other, never while its thread writes. */
#include <math.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "server/crowd_internal.h"

static int64_t now_s(const struct pk_crowd_server *c)
{
    return pk_server_now(c->server) / PK_SECOND_MS;
}

/* false: nothing is known, and nothing is locked. */
static bool enter(struct pk_crowd_server *c)
{
    if (c == NULL) {
        return false;
    }
    (void)pthread_rwlock_rdlock(&c->lock);
    if (c->crowd == NULL) { /* it could not be loaded again; see start_over() */
        (void)pthread_rwlock_unlock(&c->lock);
        return false;
    }
    return true;
}

static void leave(struct pk_crowd_server *c)
{
    (void)pthread_rwlock_unlock(&c->lock);
}

bool pk_crowd_server_ask(
        struct pk_crowd_server *crowd, const struct pk_crowd_key *key, struct pk_crowd_opinion *out)
{
    bool known;

    if (!enter(crowd)) {
        *out = (struct pk_crowd_opinion){ .key = *key, .log_odds = -INFINITY };
        return false;
    }
    known = pk_crowd_ask(crowd->crowd, key, now_s(crowd), out);
    leave(crowd);
    return known;
}

void pk_crowd_server_each_bad(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, const struct pk_crowd_opinion *opinion), void *ctx)
{
    if (enter(crowd)) {
        pk_crowd_each_bad(crowd->crowd, now_s(crowd), fn, ctx);
        leave(crowd);
    }
}

void pk_crowd_server_each_zone(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, const struct pk_crowd_zone *zone), void *ctx)
{
    if (enter(crowd)) {
        pk_crowd_each_zone(crowd->crowd, now_s(crowd), fn, ctx);
        leave(crowd);
    }
}

bool pk_crowd_server_network(
        struct pk_crowd_server *crowd, const struct pk_crowd_key *key, struct pk_crowd_network *out)
{
    bool known = false;

    *out = (struct pk_crowd_network){ 0 };
    if (enter(crowd)) {
        known = pk_crowd_network(crowd->crowd, key, now_s(crowd), out);
        leave(crowd);
    }
    return known;
}

void pk_crowd_server_each_testimony(struct pk_crowd_server *crowd, const struct pk_crowd_key *key,
        void (*fn)(void *ctx, const struct pk_crowd_testimony *said), void *ctx)
{
    if (enter(crowd)) {
        pk_crowd_each_testimony(crowd->crowd, key, fn, ctx);
        leave(crowd);
    }
}

bool pk_crowd_server_app(struct pk_crowd_server *crowd, uint64_t package, uint64_t file,
        uint64_t signer, struct pk_crowd_app *out)
{
    bool known = false;

    *out = (struct pk_crowd_app){ 0 };
    if (enter(crowd)) {
        known = pk_crowd_app(crowd->crowd, package, file, signer, out);
        leave(crowd);
    }
    return known;
}

uint64_t pk_crowd_server_device(const char *device)
{
    return pk_crowd_hash(device);
}

bool pk_crowd_server_voice(
        struct pk_crowd_server *crowd, const char *device, struct pk_crowd_voice *out)
{
    bool known = false;

    *out = (struct pk_crowd_voice){ 0 };
    if (enter(crowd)) {
        known = pk_crowd_voice(crowd->crowd, pk_crowd_server_device(device), now_s(crowd), out);
        leave(crowd);
    }
    return known;
}

void pk_crowd_server_count(struct pk_crowd_server *crowd, struct pk_crowd_counts *out)
{
    *out = (struct pk_crowd_counts){ 0 };
    if (enter(crowd)) {
        pk_crowd_count(crowd->crowd, out);
        leave(crowd);
    }
}

void pk_crowd_server_status(struct pk_crowd_server *crowd, struct pk_crowd_server_status *out)
{
    struct pk_journal *journal = crowd != NULL ? crowd->server->journal : NULL;

    *out = (struct pk_crowd_server_status){ .enabled = crowd != NULL };
    if (crowd == NULL) {
        return;
    }
    for (int p = 0; p < PK_PARTITIONS && journal != NULL; p++) {
        int64_t behind = pk_journal_newest(journal, p) - atomic_load(&crowd->shown_taken[p]);

        out->lag += behind > 0 ? behind : 0;
    }
    out->live = atomic_load(&crowd->live);
    out->begun = atomic_load(&crowd->begun);
    out->stuck = atomic_load(&crowd->stuck);
    out->entries = atomic_load(&crowd->entries);
    out->sightings = atomic_load(&crowd->sightings);
    out->checkpoint_ms = atomic_load(&crowd->checkpoint_ms);
    out->checkpoint_bytes = atomic_load(&crowd->checkpoint_bytes);
    out->checkpoint_took_ms = atomic_load(&crowd->checkpoint_took_ms);
    out->save_failures = atomic_load(&crowd->save_failures);
}

void pk_crowd_server_needs(struct pk_crowd_server *crowd, int64_t out[], size_t count)
{
    for (size_t p = 0; p < count; p++) {
        out[p] = crowd != NULL && p < PK_PARTITIONS ? atomic_load(&crowd->needs[p]) : INT64_MAX;
    }
}

/* ---- telling ---- */

static int add_word(struct pk_store *store, const struct pk_crowd_line *line, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(512);
    int rc;

    pk_crowd_line_write(line, &text);
    rc = text.rc < 0 ? pk_error_set(err, text.rc, "out of memory")
                     : pk_crowd_word_add(store, text.ptr, err);
    pk_buffer_finish(&text);
    return rc;
}

int pk_crowd_server_hear(struct pk_store *store, const struct pk_crowd_key *key, uint32_t tenant,
        float log_odds, float trust, int64_t at_s, struct pk_error *err)
{
    struct pk_crowd_line line = { .kind = PK_LINE_HEARD,
        .key = *key,
        .tenant = tenant,
        .log_odds = log_odds,
        .trust = trust,
        .at_s = at_s };

    if (!isfinite(log_odds) || !isfinite(trust) || key->kind >= PK_CROWD_KINDS) {
        return pk_error_set(err, PK_EINVAL, "a word that is no number");
    }
    return add_word(store, &line, err);
}

int pk_crowd_server_silence(struct pk_store *store, const char *device, struct pk_error *err)
{
    struct pk_crowd_line line = { .kind = PK_LINE_FORGET };

    if (device[0] == '\0' || strlen(device) >= sizeof(line.device.id)) {
        return pk_error_set(err, PK_EINVAL, "no id of a device");
    }
    memcpy(line.device.id, device, strlen(device) + 1);
    return add_word(store, &line, err);
}

/* Who asks again and again is written down once an hour. */
static bool was_warned(struct pk_crowd_server *c, uint64_t device, uint64_t network, int64_t at_s)
{
    uint64_t key = (device ^ network << 1 ^ network >> 63) | 1U;
    struct pk_crowd_said *said = &c->said[key * 0x9e3779b97f4a7c15ULL >> 54];
    bool before;

    pthread_mutex_lock(&c->wake_lock);
    before = said->key == key && at_s - said->at_s < PK_CROWD_WARNED_S;
    if (!before) {
        *said = (struct pk_crowd_said){ .key = key, .at_s = at_s };
    }
    pthread_mutex_unlock(&c->wake_lock);
    return before;
}

int pk_crowd_server_warns(struct pk_crowd_server *crowd, struct pk_store *store, const char *device,
        uint64_t network, struct pk_error *err)
{
    struct pk_crowd_line line = { .kind = PK_LINE_WARNED, .key = { .a = network } };
    int rc;

    if (crowd == NULL || device[0] == '\0' || strlen(device) >= sizeof(line.device.id)) {
        return PK_OK;
    }
    line.at_s = now_s(crowd);
    if (was_warned(crowd, pk_crowd_server_device(device), network, line.at_s)) {
        return PK_OK;
    }
    memcpy(line.device.id, device, strlen(device) + 1);
    rc = add_word(store, &line, err);
    if (rc == PK_OK) {
        pk_crowd_server_tell(crowd);
    }
    return rc;
}

int pk_crowd_server_forget(struct pk_store *store, const char *device, struct pk_error *err)
{
    int rc = pk_crowd_findings_forget(store, device, err);

    return rc < 0 ? rc : pk_crowd_server_silence(store, device, err);
}
