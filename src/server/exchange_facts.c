/* What this server itself knows of a thing, before anything of it may leave. */
#include "base/clock.h"
#include "crowd/kanon.h"
#include "crowd/key.h"
#include "server/exchange_internal.h"
#include "store/networks.h"

static uint8_t security_of(int security)
{
    static const uint8_t by_index[] = { PK_KANON_UNKNOWN, PK_KANON_OPEN, PK_KANON_OPEN,
        PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED,
        PK_KANON_PERSONAL };

    return security >= 0 && security < (int)PK_COUNT(by_index) ? by_index[security]
                                                               : PK_KANON_UNKNOWN;
}

/* How many devices used this very access point: sure only where the network has one, or where it is the
 * organisation's own. A name that many homes share must not make one of them look like a public place. */
static uint32_t users_of(const struct pk_network_row *n)
{
    return (n->points == 1 || n->name != NULL) && n->standing <= PK_NETWORK_CLEAN
            ? (uint32_t)(n->devices > UINT32_MAX ? UINT32_MAX : n->devices)
            : 0;
}

static void facts_of_network(
        struct pk_store *store, struct pk_arena *arena, struct pk_exchange_facts *f)
{
    struct pk_network_row n = { 0 };
    char id[PK_CROWD_TEXT];

    f->security = PK_KANON_UNKNOWN;
    if (pk_network_get(store, pk_crowd_network_text(f->opinion.key.a, id), arena, &n, NULL) < 0) {
        return; /* not on record: taken for a home */
    }
    f->security = security_of(n.security);
    f->own = n.name != NULL;
    f->network_devices = (uint32_t)(n.devices > UINT32_MAX ? UINT32_MAX : n.devices);
    f->clean_devices = users_of(&n);
    f->place = n.places <= 1 ? n.place : NULL; /* of many it would be any */
    f->first_s = f->opinion.since_s > 0 ? f->opinion.since_s : n.first_ms / PK_SECOND_MS;
    f->last_s = n.last_ms / PK_SECOND_MS;
}

struct pk_exchange_facts pk_exchange_facts(struct pk_exchange *exchange, struct pk_store *store,
        struct pk_arena *arena, const struct pk_crowd_opinion *opinion, int64_t now_ms)
{
    struct pk_exchange_facts f = { .opinion = *opinion,
        .security = PK_KANON_NOTHING,
        .first_s = opinion->since_s,
        .last_s = now_ms / PK_SECOND_MS,
        .cause = 0xff };

    if (opinion->key.kind == PK_CROWD_POINT) {
        facts_of_network(store, arena, &f);
    }
    pk_exchange_heard_of(
            exchange, &opinion->key, now_ms / PK_SECOND_MS, &f.heard, &f.heard_lo, &f.accused);
    return f;
}
