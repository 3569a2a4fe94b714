/* What comes and goes in other forms than messages: a partner's indicators, and our own for partners. */
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "server/crowd.h"
#include "server/exchange_internal.h"

#define FINDINGS_MAX 20000

/* A partner is a hub without an address: its words stand in the same table, under names that are made with this
 * server's own secret. */
static int put_row(struct pk_exchange *x, struct pk_store *store, const char *id, const char *name,
        struct pk_error *err)
{
    char keys[2 * PK_EXCHANGE_KEY_SIZE + 3] = "0:";
    struct pk_exchange_hub hub = { .id = id,
        .key = "",
        .name = name,
        .url = "",
        .ca = "",
        .keys = keys,
        .joined_ms = pk_server_now(x->server),
        .ok_ms = pk_server_now(x->server) };

    pk_hex(pk_slice_of(x->secret, sizeof(x->secret)), keys + 2);
    return pk_exchange_hub_put(store, &hub, err);
}

static int put_word(struct pk_exchange *x, struct pk_store *store, const char *id,
        const struct pk_exchange_told *told, double trust, struct pk_error *err)
{
    uint32_t hour = (uint32_t)(pk_server_now(x->server) / PK_HOUR_MS);
    struct pk_exchange_word word = { .id = pk_exchange_blind(x->secret, &told->key),
        .first_h = hour,
        .last_h = hour,
        .half_h = (uint16_t)(told->half_h < 1                            ? 1
                        : told->half_h > (int64_t)PK_EXCHANGE_HALF_MAX_H ? PK_EXCHANGE_HALF_MAX_H
                                                                         : told->half_h),
        .kind = (uint8_t)told->key.kind,
        .verdict = PK_EXCHANGE_BAD,
        .cause = 0xff,
        .lo = pk_exchange_round_lo(told->log_odds) };
    struct pk_exchange_hearing hearing = {
        .hub = id, .id = (int64_t)word.id, .kind = word.kind, .at_ms = pk_server_now(x->server)
    };
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_BLOB);
    int rc;

    word.voices[0] = (struct pk_exchange_voice){ .lo = word.lo, .weight = (uint8_t)(trust * 255) };
    if (word.id == 0 || word.lo <= 0 || word.voices[0].weight == 0) {
        return PK_OK; /* nothing that could be said */
    }
    rc = pk_exchange_word_write(&bytes, &word);
    if (rc == PK_OK) {
        memcpy(hearing.word, bytes.ptr, PK_EXCHANGE_BLOB);
        rc = pk_exchange_hear(store, &hearing, err);
    }
    pk_buffer_finish(&bytes);
    return rc;
}

int pk_exchange_partner_put(struct pk_exchange *exchange, struct pk_store *store, const char *name,
        double trust, const struct pk_exchange_told *told, size_t count, struct pk_arena *arena,
        const char **id, struct pk_error *err)
{
    char digest[PK_SHA256_HEX];
    char *text = pk_arena_printf(arena, "stix partner %s", name);
    int rc;

    if (text == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_sha256_hex(pk_slice_str(text), digest);
    *id = pk_arena_strndup(arena, digest, PK_SIGN_FINGER_AS - 1);
    if (*id == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = put_row(exchange, store, *id, name, err);
    if (rc == PK_OK) {
        rc = pk_exchange_unhear_all(store, *id, err);
    }
    for (size_t i = 0; rc == PK_OK && i < count; i++) {
        rc = put_word(exchange, store, *id, &told[i], trust, err);
    }
    return rc;
}

/* ---- our own ------------------------------------------------------------------------------------------------ */

struct collecting {
    struct pk_crowd_opinion *items;
    size_t count;
    size_t max;
};

static void collect(void *ctx, const struct pk_crowd_opinion *opinion)
{
    struct collecting *c = ctx;

    if (c->count < c->max) {
        c->items[c->count++] = *opinion;
    }
}

int pk_exchange_findings(struct pk_exchange *exchange, struct pk_store *store,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct collecting c = { 0 };
    struct pk_crowd_counts counts;
    struct pk_exchange_finding *found;
    size_t count = 0;
    int64_t now_ms = pk_server_now(exchange->server);

    pk_crowd_server_count(exchange->server->crowd, &counts);
    c.max = counts.bad < FINDINGS_MAX ? (size_t)counts.bad + 1 : FINDINGS_MAX;
    c.items = pk_arena_alloc(arena, c.max, sizeof(*c.items));
    found = pk_arena_alloc(arena, c.max, sizeof(*found));
    if (c.items == NULL || found == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_crowd_server_each_bad(exchange->server->crowd, collect, &c);
    for (size_t i = 0; i < c.count; i++) {
        struct pk_exchange_facts facts = pk_exchange_facts(
                exchange, store, arena, &c.items[i], now_ms);

        facts.opinion.before = true;
        if (pk_exchange_tell(&facts, (uint32_t)exchange->settings->min_devices,
                    now_ms / PK_SECOND_MS, &found[count].word) == PK_EXCHANGE_MAY) {
            found[count++].key = facts.opinion.key;
        }
    }
    *out = (struct pk_array){ .items = found, .count = count };
    return PK_OK;
}
