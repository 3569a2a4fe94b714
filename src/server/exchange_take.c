/* The hub takes what a member says, and looks who was right. */
#include <math.h>

#include "base/clock.h"
#include "base/event.h"
#include "crowd/exchange_trust.h"
#include "server/exchange_internal.h"

#define WEIGHT_STEP 0.03F /* a smaller change of a member's weight is no news to the others */

struct taking {
    struct pk_exchange *exchange;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_array members; /* struct pk_exchange_member; a and b move as we learn */
    float *weights;          /* of them, before */
    bool *learnt;
    const char *member;
    int64_t now_ms;
    int64_t count; /* things that it speaks of */
    size_t refused;
};

static struct pk_exchange_record record_of(const struct pk_exchange_member *m)
{
    return (struct pk_exchange_record){
        .a = m->a, .b = m->b, .joined_s = m->joined_ms / PK_SECOND_MS, .vouched = m->vouched
    };
}

static float weight_of(
        const struct pk_exchange *x, const struct pk_exchange_member *m, int64_t now_ms)
{
    struct pk_exchange_record record = record_of(m);

    return pk_exchange_weight(&record, now_ms / PK_SECOND_MS, (int)x->settings->newcomer_days);
}

static struct pk_exchange_member *member_of(const struct pk_array *members, const char *id)
{
    struct pk_exchange_member *m = members->items;

    for (size_t i = 0; i < members->count; i++) {
        if (strcmp(m[i].id, id) == 0) {
            return &m[i];
        }
    }
    return NULL;
}

int pk_exchange_claims(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_array *members, const struct pk_exchange_thing *thing,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    const struct pk_exchange_statement *s;
    struct pk_exchange_claim *claims;
    const struct pk_exchange_member *all = members->items;
    size_t count = 0;
    int rc = pk_exchange_statements_of(store, thing, PK_EXCHANGE_CLAIMS_MAX, arena, &rows, err);

    if (rc < 0) {
        return rc;
    }
    claims = pk_arena_alloc(arena, rows.count + 1, sizeof(*claims));
    if (claims == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s = rows.items;
    for (size_t i = 0; i < rows.count; i++) {
        struct pk_reader in = pk_reader_of(pk_slice_of(s[i].word, PK_EXCHANGE_BLOB));
        const struct pk_exchange_member *m = member_of(members, s[i].member);

        if (m == NULL || pk_exchange_word_read(&in, false, &claims[count].word) < 0) {
            continue; /* of a member that is gone */
        }
        claims[count].told_s = s[i].at_ms / PK_SECOND_MS;
        claims[count].weight = weight_of(exchange, m, pk_server_now(exchange->server));
        claims[count].mark = (uint32_t)(m - all) << 8 | (uint32_t)s[i].ruling;
        count++;
    }
    *out = (struct pk_array){ .items = claims, .count = count };
    return PK_OK;
}

/* Everybody who speaks of the thing is judged by what the others say. */
static int rule(struct taking *t, const struct pk_exchange_thing *thing, struct pk_error *err)
{
    struct pk_array found = { 0 };
    const struct pk_exchange_claim *claims;
    struct pk_exchange_member *members = t->members.items;
    int rc = pk_exchange_claims(t->exchange, t->store, &t->members, thing, t->arena, &found, err);

    claims = found.items;
    for (size_t i = 0; rc == PK_OK && i < found.count; i++) {
        size_t at = claims[i].mark >> 8;
        enum pk_exchange_ruling before = (enum pk_exchange_ruling)(claims[i].mark & 0xff);
        enum pk_exchange_ruling now = pk_exchange_rule(
                claims, found.count, i, t->now_ms / PK_SECOND_MS);
        struct pk_exchange_record record = record_of(&members[at]);

        if (now == before || now == PK_EXCHANGE_OPEN) {
            continue; /* who was right stays right when the others fall silent */
        }
        pk_exchange_learn(&record, before, now);
        members[at].a = record.a;
        members[at].b = record.b;
        t->learnt[at] = true;
        rc = pk_exchange_statement_rule(t->store, members[at].id, thing, (int)now, err);
    }
    return rc;
}

/* The epoch before, this one and the next: clocks differ, and messages wait. */
static bool epoch_fits(const struct taking *t, uint16_t epoch)
{
    uint16_t now = pk_exchange_epoch_at(t->now_ms / PK_SECOND_MS, pk_exchange_epoch_s(t->exchange));

    return (uint16_t)(epoch - now + 1) <= 2;
}

static int find_own(struct taking *t, const struct pk_exchange_thing *thing,
        const struct pk_exchange_statement **out, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    const struct pk_exchange_statement *s;
    int rc = pk_exchange_statements_of(
            t->store, thing, PK_EXCHANGE_CLAIMS_MAX, t->arena, &rows, err);

    *out = NULL;
    s = rows.items;
    for (size_t i = 0; rc == PK_OK && i < rows.count; i++) {
        if (strcmp(s[i].member, t->member) == 0) {
            *out = &s[i];
        }
    }
    return rc;
}

static int take_word(struct taking *t, const struct pk_exchange_word *word, struct pk_error *err)
{
    struct pk_exchange_statement statement = {
        .thing = { .kind = word->kind, .epoch = word->epoch, .id = (int64_t)word->id },
        .member = t->member,
        .at_ms = t->now_ms,
    };
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_BLOB);
    const struct pk_exchange_statement *own;
    int rc;

    if (!epoch_fits(t, word->epoch)) {
        t->refused++;
        return PK_OK;
    }
    rc = find_own(t, &statement.thing, &own, err);
    if (rc < 0) {
        return rc;
    }
    if (word->verdict == PK_EXCHANGE_GONE) {
        t->count -= own != NULL ? 1 : 0;
        return pk_exchange_unstate(t->store, t->member, &statement.thing, err);
    }
    if (own == NULL && t->count >= t->exchange->settings->words_max) {
        t->refused++;
        return PK_OK;
    }
    rc = pk_exchange_word_write(&bytes, word);
    if (rc == PK_OK) {
        memcpy(statement.word, bytes.ptr, PK_EXCHANGE_BLOB);
        /* Said again is not said anew: it was judged already. */
        statement.ruling = own != NULL && own->word[1] == word->verdict ? own->ruling : 0;
        t->count += own == NULL ? 1 : 0;
        rc = pk_exchange_state(t->store, &statement, err);
    }
    pk_buffer_finish(&bytes);
    return rc < 0 || word->verdict == PK_EXCHANGE_KNOWN ? rc : rule(t, &statement.thing, err);
}

/* Records that moved are written; of whom the weight moved, all words weigh otherwise now. */
static int write_records(struct taking *t, struct pk_error *err)
{
    const struct pk_exchange_member *m = t->members.items;
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < t->members.count; i++) {
        float now = weight_of(t->exchange, &m[i], t->now_ms);

        if (!t->learnt[i]) {
            continue;
        }
        rc = pk_exchange_member_record(t->store, m[i].id, m[i].a, m[i].b, err);
        if (rc == PK_OK && fabsf(now - t->weights[i]) >= WEIGHT_STEP) {
            pk_event(PK_INFO, "exchange.member_weight", { "member", m[i].id },
                    { "percent", PK_NUM(now * 100) });
            rc = pk_exchange_touch_of(t->store, m[i].id, err);
        }
    }
    return rc;
}

static int take_all(
        struct taking *t, const struct pk_exchange_message *message, struct pk_error *err)
{
    const struct pk_exchange_member *m;
    int rc = pk_exchange_member_seq(t->store, t->member, (int64_t)message->seq, t->now_ms, err);

    if (rc < 0 || message->word_count == 0) {
        return rc;
    }
    rc = pk_exchange_count_of(t->store, t->member, &t->count, err);
    if (rc == PK_OK) {
        rc = pk_exchange_members(t->store, false, t->arena, &t->members, err);
    }
    t->weights = pk_arena_alloc(t->arena, t->members.count + 1, sizeof(*t->weights));
    t->learnt = pk_arena_alloc(t->arena, t->members.count + 1, sizeof(*t->learnt));
    if (rc < 0 || t->weights == NULL || t->learnt == NULL) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    m = t->members.items;
    for (size_t i = 0; i < t->members.count; i++) {
        t->weights[i] = weight_of(t->exchange, &m[i], t->now_ms);
    }
    for (size_t i = 0; rc == PK_OK && i < message->word_count; i++) {
        rc = take_word(t, &message->words[i], err);
    }
    return rc < 0 ? rc : write_records(t, err);
}

int pk_exchange_take(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_exchange_message *message, const char *member, size_t *refused,
        struct pk_error *err)
{
    struct taking t = { .exchange = exchange,
        .store = store,
        .arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX),
        .member = member,
        .now_ms = pk_server_now(exchange->server) };
    int rc = t.arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                             : pk_store_begin(store, err);

    if (rc == PK_OK) {
        rc = take_all(&t, message, err);
        if (rc == PK_OK) {
            rc = pk_store_commit(store, err);
        } else {
            pk_store_rollback(store);
        }
    }
    pk_arena_destroy(t.arena);
    *refused = t.refused;
    return rc;
}
