/* What a member is told: of each thing that changed, what all others together say. */
#include "base/clock.h"
#include "base/crypt.h"
#include "crowd/exchange_trust.h"
#include "server/exchange_internal.h"

#define THINGS_MAX 500 /* looked at for one answer */

struct telling {
    struct pk_exchange *exchange;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_array members;
    size_t self; /* place of who asks among the members */
    int64_t now_s;
    struct pk_exchange_message *news;
};

static int find_self(struct telling *t, const uint8_t finger[PK_SIGN_FINGER], struct pk_error *err)
{
    char id[PK_SIGN_FINGER_AS];
    const struct pk_exchange_member *m;
    int rc = pk_exchange_members(t->store, false, t->arena, &t->members, err);

    pk_hex(pk_slice_of(finger, PK_SIGN_FINGER), id);
    m = t->members.items;
    t->self = t->members.count;
    for (size_t i = 0; rc == PK_OK && i < t->members.count; i++) {
        if (strcmp(m[i].id, id) == 0) {
            t->self = i;
        }
    }
    return rc;
}

/* One thing. Its own words are no news to a member: they would come back to it as another's. */
static int tell_thing(
        struct telling *t, const struct pk_exchange_thing *thing, struct pk_error *err)
{
    struct pk_exchange_word *word = &t->news->words[t->news->word_count];
    struct pk_array found = { 0 };
    struct pk_exchange_claim *claims;
    size_t others = 0;
    int rc = pk_exchange_claims(t->exchange, t->store, &t->members, thing, t->arena, &found, err);

    claims = found.items;
    for (size_t i = 0; rc == PK_OK && i < found.count; i++) {
        claims[i].skip = claims[i].mark >> 8 == t->self;
        others += claims[i].skip ? 0 : 1;
    }
    if (rc < 0 || (others == 0 && found.count > 0)) {
        return rc;
    }
    if (!pk_exchange_combine(claims, found.count, t->now_s, word)) {
        *word = (struct pk_exchange_word){ .id = (uint64_t)thing->id,
            .epoch = (uint16_t)thing->epoch,
            .kind = (uint8_t)thing->kind,
            .verdict = PK_EXCHANGE_GONE,
            .half_h = 1,
            .cause = 0xff };
    }
    t->news->word_count++;
    return PK_OK;
}

static void put_epochs(
        const struct pk_exchange *x, uint16_t known, struct pk_exchange_message *news)
{
    if (known == news->epoch) {
        return; /* it has them */
    }
    for (int i = 0; i < (int)PK_EXCHANGE_KEYS_MAX; i++) {
        uint16_t epoch = (uint16_t)(news->epoch - 1 + i);

        news->keys[i].epoch = epoch;
        pk_exchange_epoch_key(x->secret, epoch, news->keys[i].key);
    }
    news->key_count = PK_EXCHANGE_KEYS_MAX;
}

static int fill(struct telling *t, const struct pk_exchange_message *asked, struct pk_error *err)
{
    struct pk_array things = { 0 };
    const struct pk_exchange_thing *thing;
    int rc = pk_exchange_changed_after(
            t->store, (int64_t)asked->cursor, THINGS_MAX, t->arena, &things, err);

    t->news->words = pk_arena_alloc(t->arena, things.count + 1, sizeof(*t->news->words));
    if (rc == PK_OK && t->news->words == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK && things.count > 0) {
        rc = find_self(t, asked->from, err);
    }
    thing = things.items;
    for (size_t i = 0; rc == PK_OK && i < things.count; i++) {
        rc = tell_thing(t, &thing[i], err);
        t->news->cursor = (uint64_t)thing[i].changed;
    }
    t->news->flags = things.count == THINGS_MAX ? PK_EXCHANGE_MORE : 0;
    return rc;
}

int pk_exchange_news(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_exchange_message *asked, size_t refused, struct pk_buffer *out, bool *empty,
        struct pk_error *err)
{
    int64_t now_s = pk_server_now(exchange->server) / PK_SECOND_MS;
    struct pk_exchange_message news = { .kind = PK_EXCHANGE_NEWS,
        .seq = asked->seq,
        .at_s = now_s,
        .cursor = asked->cursor,
        .epoch = pk_exchange_epoch_at(now_s, pk_exchange_epoch_s(exchange)),
        .epoch_s = pk_exchange_epoch_s(exchange),
        .refused = (uint16_t)(refused > UINT16_MAX ? UINT16_MAX : refused) };
    struct telling t = { .exchange = exchange,
        .store = store,
        .arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX),
        .now_s = now_s,
        .news = &news };
    int rc;

    if (t.arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    memcpy(news.from, exchange->signer.finger, sizeof(news.from));
    memcpy(news.to, asked->from, sizeof(news.to));
    put_epochs(exchange, asked->epoch, &news);
    rc = fill(&t, asked, err);
    if (rc == PK_OK) {
        rc = pk_exchange_message_write(&news, &exchange->signer, out);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "the answer cannot be written");
        }
    }
    *empty = news.word_count == 0 && news.cursor == asked->cursor && news.key_count == 0;
    pk_arena_destroy(t.arena);
    return rc;
}
