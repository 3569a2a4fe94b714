/* Who holds the address of an IPv6 router, or of a name server on this link? The questions and their
 * order are those of track/gateway.h; only the frames differ. */
#include <string.h>

#include "agent/link_read.h"
#include "agent/sense_router6.h"
#include "base/arena.h"
#include "base/clock.h"

#define EVENT_BYTES (16UL * 1024)
#define ALSO_MAX    8

static void text_of(const uint8_t address[16], char out[PK_ADDRESS_TEXT])
{
    struct pk_address a = { .family = AF_INET6 };

    memcpy(a.bytes, address, 16);
    pk_address_text(&a, out);
}

/* --- the neighbour table ------------------------------------------------------------------ */

struct look {
    int index;
    const uint8_t *address; /* whose hardware address is wanted; or: */
    const uint8_t *mac;     /* whose other addresses are */
    const uint8_t *except;
    bool found;
    uint8_t out[6];
    struct pk_arena *arena;
    struct pk_strings *also;
};

static void look_at(void *ctx, const struct pk_neighbour *n)
{
    struct look *look = ctx;
    char text[PK_ADDRESS_TEXT];

    if (n->index != look->index) {
        return;
    }
    if (look->address != NULL) {
        if (memcmp(n->address.bytes, look->address, 16) == 0) {
            memcpy(look->out, n->mac, 6);
            look->found = true;
        }
        return;
    }
    if (memcmp(n->mac, look->mac, 6) == 0 && memcmp(n->address.bytes, look->except, 16) != 0 &&
            look->also->items != NULL && look->also->count < ALSO_MAX) {
        look->also->items[look->also->count] = pk_arena_strdup(
                look->arena, pk_address_text(&n->address, text));
        look->also->count += look->also->items[look->also->count] != NULL;
    }
}

static bool table_mac(int index, const uint8_t address[16], uint8_t out[6])
{
    struct look look = { .index = index, .address = address };

    if (pk_neighbour_list6(look_at, &look, NULL) < 0 || !look.found) {
        return false;
    }
    memcpy(out, look.out, sizeof(look.out));
    return true;
}

static void also(struct pk_holder6 *holder, const uint8_t rival[6], struct pk_arena *arena,
        struct pk_strings *out)
{
    struct look look = { .index = holder->owner->sense->state.index,
        .mac = rival,
        .except = holder->address,
        .arena = arena,
        .also = out };

    out->items = pk_arena_alloc(arena, ALSO_MAX, sizeof(*out->items));
    (void)!pk_neighbour_list(look_at, &look, NULL);
    (void)!pk_neighbour_list6(look_at, &look, NULL);
}

/* --- the tracker's wishes ----------------------------------------------------------------- */

static void holder_ask(void *ctx, const uint8_t *to)
{
    struct pk_holder6 *holder = ctx;

    pk_router6_ask(holder->owner, holder->address, to);
}

static void holder_listen(void *ctx, const uint8_t *known)
{
    struct pk_holder6 *holder = ctx;

    holder->watched.has_mac = known != NULL;
    if (known != NULL) {
        memcpy(holder->watched.mac, known, 6);
    }
    pk_router6_listen(holder->owner);
}

static void holder_learnt(void *ctx, const uint8_t mac[6])
{
    (void)ctx;
    (void)mac;
}

static void holder_suspect(void *ctx)
{
    (void)ctx;
}

static enum pk_tri known_router(const struct pk_sense_router6 *part, const char *mac)
{
    return pk_known_has(part->sense->known, part->sense->network, PK_KNOWN_ROUTER6, mac);
}

static void holder_report(void *ctx, const struct pk_gateway_facts *facts)
{
    struct pk_holder6 *holder = ctx;
    struct pk_sense *sense = holder->owner->sense;
    struct pk_arena *arena;
    char address[PK_ADDRESS_TEXT];
    char mac[PK_MAC_TEXT];
    char before[PK_MAC_TEXT];
    char rival[PK_MAC_TEXT];
    uint8_t table[6];

    /* A calm picture is news only when it was not calm before. */
    if (!facts->has_rival && !holder->told_rival && !holder->loud) {
        return;
    }
    arena = pk_arena_create(EVENT_BYTES);
    if (arena == NULL) {
        return;
    }
    text_of(holder->address, address);

    struct pk_obs_gateway body = {
        .address = address,
        .mac = pk_mac_text(
                table_mac(sense->state.index, holder->address, table) ? table : facts->mac, mac),
        .mac_before = pk_mac_text(facts->mac_before, before),
        .mac_rival = facts->has_rival ? pk_mac_text(facts->mac_rival, rival) : NULL,
        .probes = facts->probes,
        .old_answers = facts->old_answers,
        .rival_claims = facts->rival_claims,
        .unasked_claims = facts->unasked_claims,
        .link_lost_ms = pk_link_lost_ms(sense->link),
    };

    if (facts->has_rival) {
        also(holder, facts->mac_rival, arena, &body.rival_also);
        body.rival_known = known_router(holder->owner, rival);
    } else {
        body.mac = before; /* the table may lag behind by one event */
    }
    holder->told_rival = facts->has_rival;
    holder->loud = false;
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_GATEWAY, .gateway = &body });
    pk_arena_destroy(arena);
}

static void holder_wake(void *ctx, int64_t in_ms)
{
    struct pk_holder6 *holder = ctx;

    pk_loop_arm(holder->owner->sense->loop, &holder->timer, in_ms);
}

static const struct pk_gateway_ops ops = {
    .ask = holder_ask,
    .listen = holder_listen,
    .learnt = holder_learnt,
    .suspect = holder_suspect,
    .report = holder_report,
    .wake = holder_wake,
};

static void on_timer(void *ctx)
{
    struct pk_holder6 *holder = ctx;

    pk_gateway_tick(holder->gateway, pk_clock_monotonic_ms());
}

/* --- faces -------------------------------------------------------------------------------- */

void pk_holder6_add(struct pk_sense_router6 *part, const uint8_t address[16])
{
    struct pk_holder6 *holder = &part->holders[part->holder_count];
    uint8_t mac[6];
    bool known;

    for (size_t i = 0; i < part->holder_count; i++) {
        if (memcmp(part->holders[i].address, address, 16) == 0) {
            return;
        }
    }
    if (part->holder_count == PK_COUNT(part->holders)) {
        return;
    }
    *holder = (struct pk_holder6){ .owner = part, .gateway = pk_gateway_create(&ops, holder) };
    if (holder->gateway == NULL) {
        return;
    }
    memcpy(holder->address, address, 16);
    memcpy(holder->watched.address, address, 16);
    pk_timer_init(&holder->timer, on_timer, holder);
    part->holder_count++;
    known = table_mac(part->sense->state.index, address, mac);
    pk_gateway_join(holder->gateway, part->sense->state.mac, known ? mac : NULL,
            part->packets != NULL && pk_router6_can_ask(part), pk_clock_monotonic_ms());
}

struct equipment {
    struct pk_sense_router6 *part;
    const uint8_t *mac;
};

static void add_of_equipment(void *ctx, const struct pk_neighbour *n)
{
    const struct equipment *e = ctx;

    if (n->index == e->part->sense->state.index && memcmp(n->mac, e->mac, 6) == 0) {
        pk_holder6_add(e->part, n->address.bytes);
    }
}

void pk_holder6_add_all(struct pk_sense_router6 *part, const uint8_t mac[6])
{
    struct equipment equipment = { part, mac };

    (void)!pk_neighbour_list6(add_of_equipment, &equipment, NULL);
}

bool pk_holder6_is_on(
        struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t mac[6])
{
    uint8_t table[6];

    return table_mac(part->sense->state.index, address, table) && memcmp(table, mac, 6) == 0;
}

void pk_holder6_leave(struct pk_sense_router6 *part)
{
    for (size_t i = 0; i < part->holder_count; i++) {
        pk_loop_disarm(part->sense->loop, &part->holders[i].timer);
        pk_gateway_destroy(part->holders[i].gateway);
        part->holders[i].gateway = NULL;
    }
    part->holder_count = 0;
}

void pk_holder6_frame(struct pk_sense_router6 *part, const struct pk_nd *nd)
{
    struct pk_arp_frame frame = { .op = PK_ARP_REQUEST };
    const uint8_t *address;
    const uint8_t *mac;

    if (!pk_nd_claim(nd, &address, &mac)) {
        return;
    }
    if (nd->type == PK_ND_NEIGHBOUR && nd->solicited) {
        frame.op = PK_ARP_REPLY;
        memcpy(frame.target_mac, nd->eth_to, 6);
    }
    memcpy(frame.sender_mac, mac, 6);
    for (size_t i = 0; i < part->holder_count; i++) {
        if (memcmp(part->holders[i].address, address, 16) == 0) {
            pk_gateway_frame(part->holders[i].gateway, &frame, pk_clock_monotonic_ms());
            return;
        }
    }
}

void pk_holder6_neighbour(
        struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t mac[6])
{
    for (size_t i = 0; i < part->holder_count; i++) {
        if (memcmp(part->holders[i].address, address, 16) == 0) {
            pk_gateway_neighbour(part->holders[i].gateway, mac, pk_clock_monotonic_ms());
            return;
        }
    }
}

void pk_holder6_check(struct pk_sense_router6 *part, bool loud)
{
    for (size_t i = 0; i < part->holder_count; i++) {
        part->holders[i].loud |= loud;
        (void)pk_gateway_check(part->holders[i].gateway, pk_clock_monotonic_ms());
    }
}

bool pk_holder6_odd(const struct pk_sense_router6 *part)
{
    for (size_t i = 0; i < part->holder_count; i++) {
        if (pk_gateway_odd(part->holders[i].gateway)) {
            return true;
        }
    }
    return false;
}
