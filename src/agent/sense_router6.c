/* IPv6 routers on the link: Neighbour Discovery (RFC 4861) as it comes by. Nothing is asked of honest
 * networks but once at joining: one to three solicitations. */
#include "agent/sense_router6.h"

#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/link_read.h"
#include "base/arena.h"
#include "base/clock.h"

#define VISITS_WITHOUT 3 /* a short visit may miss an announcement; so many do not */
#define EVENT_BYTES    (32UL * 1024)
#define FRAME_BYTES    1514
#define REDIRECT_END   PK_MINUTE_MS /* quiet for so long: it is over */

static char *text_of(const uint8_t address[16], char out[PK_ADDRESS_TEXT])
{
    struct pk_address a = { .family = AF_INET6 };

    memcpy(a.bytes, address, 16);
    return pk_address_text(&a, out);
}

/* --- asking and listening ----------------------------------------------------------------- */

bool pk_router6_can_ask(struct pk_sense_router6 *part)
{
    if (!part->has_own) { /* it may come late: duplicate address detection takes a second */
        part->has_own = pk_link_local6(part->sense->state.index, part->own, NULL) == PK_OK;
    }
    return part->has_own;
}

void pk_router6_ask(struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t *to)
{
    uint8_t frame[PK_ND_QUESTION];

    if (part->packets != NULL && pk_router6_can_ask(part)) {
        pk_nd_build_question(part->sense->state.mac, part->own, address, to, frame);
        (void)!pk_packet_send(part->packets, pk_slice_of(frame, sizeof(frame)), NULL);
    }
}

static void routers_solicit(void *ctx)
{
    struct pk_sense_router6 *part = ctx;
    uint8_t frame[PK_ND_RS];

    if (part->packets != NULL && pk_router6_can_ask(part)) {
        pk_nd_build_solicit(part->sense->state.mac, part->own, frame);
        (void)!pk_packet_send(part->packets, pk_slice_of(frame, sizeof(frame)), NULL);
    }
}

static void routers_ask(void *ctx, const uint8_t address[16], const uint8_t mac[6])
{
    pk_router6_ask(ctx, address, mac);
}

static void add_watched(struct pk_nd_filter *filter, const uint8_t address[16])
{
    for (size_t i = 0; i < filter->address_count; i++) {
        if (memcmp(filter->addresses[i].address, address, 16) == 0) {
            filter->addresses[i].has_mac = false;
            return;
        }
    }
    if (filter->address_count < PK_ND_FILTER_ADDRESSES) {
        memcpy(filter->addresses[filter->address_count++].address, address, 16);
    }
}

/* While routers are asked, the known ones must be heard too. */
void pk_router6_listen(struct pk_sense_router6 *part)
{
    struct pk_nd_filter filter = { .address_count = part->holder_count };
    struct sock_filter code[PK_ND_FILTER_MAX];
    const uint8_t *address;
    struct pk_slice quiet;

    if (part->packets == NULL) {
        return;
    }
    for (size_t i = 0; i < part->holder_count; i++) {
        filter.addresses[i] = part->holders[i].watched;
    }
    for (size_t i = 0; (address = pk_routers_address(part->routers, i)) != NULL; i++) {
        quiet = pk_routers_quiet(part->routers, i);
        if (pk_routers_listening(part->routers)) {
            add_watched(&filter, address);
        } else if (quiet.len > 0 && filter.router_count < PK_ND_FILTER_ROUTERS) {
            filter.routers[filter.router_count++] = quiet;
        }
    }
    (void)!pk_packet_watch_filter(part->packets, code, pk_nd_filter_build(&filter, code), NULL);
}

static void routers_listen(void *ctx)
{
    pk_router6_listen(ctx);
}

/* --- what is told ------------------------------------------------------------------------- */

static enum pk_tri routers_known(void *ctx, const uint8_t mac[6])
{
    const struct pk_sense_router6 *part = ctx;
    char text[PK_MAC_TEXT];
    enum pk_tri known = pk_known_has(
            part->sense->known, part->sense->network, PK_KNOWN_ROUTER6, pk_mac_text(mac, text));

    if (part->had_ipv6) {
        return known;
    }
    /* A network that was met before, without such routers. */
    return part->visits >= VISITS_WITHOUT ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static bool routers_attacked(void *ctx)
{
    const struct pk_sense_router6 *part = ctx;

    return part->sense->attacked;
}

static void fill_lists(
        const struct pk_nd_router *said, struct pk_arena *arena, struct pk_router6 *out)
{
    char address[PK_ADDRESS_TEXT];
    char text[PK_ADDRESS_TEXT + 5];

    out->prefixes.items = pk_arena_alloc(arena, PK_ND_LIST_MAX, sizeof(char *));
    out->dns.items = pk_arena_alloc(arena, PK_ND_LIST_MAX, sizeof(char *));
    if (out->prefixes.items == NULL || out->dns.items == NULL) {
        return;
    }
    for (size_t i = 0; i < said->prefix_count && i < PK_ND_LIST_MAX; i++) {
        if (said->prefixes[i].valid_s > 0) {
            (void)snprintf(text, sizeof(text), "%s/%u", text_of(said->prefixes[i].address, address),
                    said->prefixes[i].bits);
            out->prefixes.items[out->prefixes.count++] = pk_arena_strdup(arena, text);
        }
    }
    for (size_t i = 0; i < said->server_count && i < PK_ND_LIST_MAX; i++) {
        if (said->servers[i].lifetime_s > 0) {
            out->dns.items[out->dns.count++] = pk_arena_strdup(
                    arena, text_of(said->servers[i].address, address));
        }
    }
}

/* A name server that the network has anyway: handed out by other means, or on a router's own equipment. */
static bool is_own_server(struct pk_sense_router6 *part, const uint8_t address[16])
{
    for (size_t i = 0; i < part->sense->resolv.count; i++) {
        const struct pk_address *server = &part->sense->resolv.servers[i];

        if (server->family == AF_INET6 && memcmp(server->bytes, address, 16) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < pk_routers_count(part->routers); i++) {
        const struct pk_routers_entry *e = pk_routers_at(part->routers, i);

        if (e->known == PK_TRI_YES && !e->forged && e->has_mac &&
                pk_holder6_is_on(part, address, e->mac)) {
            return true;
        }
    }
    return false;
}

static enum pk_tri servers_known(struct pk_sense_router6 *part, const struct pk_nd_router *said)
{
    for (size_t i = 0; i < said->server_count && i < PK_ND_LIST_MAX; i++) {
        if (said->servers[i].lifetime_s > 0 && !is_own_server(part, said->servers[i].address)) {
            return PK_TRI_NO;
        }
    }
    return said->server_count > 0 ? PK_TRI_YES : PK_TRI_UNKNOWN;
}

static void fill_router(struct pk_sense_router6 *part, const struct pk_routers_entry *e,
        struct pk_arena *arena, struct pk_router6 *out)
{
    const uint8_t *gateway = pk_gateway_learnt(part->sense->gateway);
    char text[PK_ADDRESS_TEXT];
    char mac[PK_MAC_TEXT];

    *out = (struct pk_router6){ .address = pk_arena_strdup(arena, text_of(e->address, text)),
        .mac = e->has_mac ? pk_arena_strdup(arena, pk_mac_text(e->mac, mac)) : NULL,
        .preference = e->said.preference,
        .lifetime_s = e->said.lifetime_s,
        .known = e->known,
        .answers = e->answers,
        .age_s = (pk_clock_monotonic_ms() - e->first_ms) / 1000,
        .frames = e->frames,
        .odd = e->forged };
    if (gateway != NULL && e->has_mac) {
        out->is_gateway = memcmp(gateway, e->mac, 6) == 0 ? PK_TRI_YES : PK_TRI_NO;
    }
    out->dns_known = servers_known(part, &e->said);
    fill_lists(&e->said, arena, out);
}

/* FNV-1a over what a reader would conclude from. */
static void summary(const struct pk_obs_routers *body, char *out, size_t max)
{
    const struct pk_router6 *rows = body->routers.items;
    uint64_t hash = 0xcbf29ce484222325ULL;
    char text[256];

    for (size_t i = 0; i < body->routers.count; i++) {
        const struct pk_router6 *r = &rows[i];
        int len = snprintf(text, sizeof(text), "%s %s %lld %d %d %d %d %d %zu %zu", r->address,
                r->mac != NULL ? r->mac : "", (long long)r->preference, r->lifetime_s > 0, r->known,
                r->is_gateway, r->answers, r->odd, r->prefixes.count, r->dns.count);

        for (int k = 0; k < len && k < (int)sizeof(text); k++) {
            hash = (hash ^ (uint8_t)text[k]) * 0x100000001b3ULL;
        }
    }
    (void)snprintf(out, max, "%zu %016llx", body->routers.count, (unsigned long long)hash);
}

static enum pk_tri ipv6_before(const struct pk_sense_router6 *part)
{
    return part->had_ipv6                                           ? PK_TRI_YES
            : part->visits >= VISITS_WITHOUT || part->began_without ? PK_TRI_NO
                                                                    : PK_TRI_UNKNOWN;
}

static void tell_routers(struct pk_sense_router6 *part)
{
    struct pk_sense *sense = part->sense;
    size_t count = pk_routers_count(part->routers);
    struct pk_arena *arena = pk_arena_create(EVENT_BYTES);
    struct pk_router6 *rows = arena != NULL ? pk_arena_alloc(arena, count + 1, sizeof(*rows))
                                            : NULL;
    struct pk_obs_routers body = { .ipv6_before = ipv6_before(part),
        .link_lost_ms = pk_link_lost_ms(sense->link) };
    bool loud = part->loud;
    char text[64];

    for (size_t i = 0; rows != NULL && i < count && i < PK_ROUTERS_MAX; i++) {
        fill_router(part, pk_routers_at(part->routers, i), arena, &rows[i]);
        body.routers.count++;
    }
    body.routers.items = rows;
    summary(&body, text, sizeof(text));
    part->loud = false;
    if (rows != NULL && (count > 0 || part->told.at_ms != 0 || loud) &&
            pk_sense_is_news(&part->told, text, true, loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_ROUTERS, .routers = &body });
    }
    pk_arena_destroy(arena);
    pk_sense_asked(sense, PK_PROBE_ROUTERS); /* routers are heard after the first round has ended */
}

static bool is_on_link(const struct pk_sense_router6 *part, const uint8_t address[16])
{
    if (pk_nd_is_link_local(address)) {
        return true;
    }
    for (size_t i = 0; i < pk_routers_count(part->routers); i++) {
        const struct pk_routers_entry *e = pk_routers_at(part->routers, i);

        for (size_t k = 0; k < e->said.prefix_count && k < PK_ND_LIST_MAX; k++) {
            const struct pk_nd_prefix *p = &e->said.prefixes[k];

            if (e->known == PK_TRI_YES && !e->forged && p->on_link &&
                    pk_nd_in_prefix(address, p->address, p->bits)) {
                return true;
            }
        }
    }
    return false;
}

/* Routers of this network, and their name servers on the link: whoever takes these addresses takes the
 * traffic. */
static void learn(struct pk_sense_router6 *part, const struct pk_routers_entry *e)
{
    char mac[PK_MAC_TEXT];

    if (e->known != PK_TRI_YES || e->forged) {
        return;
    }
    if (e->has_mac) {
        pk_known_note(part->sense->known, part->sense->network, PK_KNOWN_ROUTER6,
                pk_mac_text(e->mac, mac));
    }
    if (e->said.lifetime_s > 0) {
        pk_holder6_add(part, e->address);
        if (e->has_mac) {
            pk_holder6_add_all(part, e->mac);
        }
    }
    for (size_t i = 0; i < e->said.server_count && i < PK_ND_LIST_MAX; i++) {
        if (is_on_link(part, e->said.servers[i].address)) {
            pk_holder6_add(part, e->said.servers[i].address);
        }
    }
}

static void routers_report(void *ctx)
{
    struct pk_sense_router6 *part = ctx;

    if (!part->reported) {
        part->reported = true;
        part->began_without = pk_routers_count(part->routers) == 0;
    }
    for (size_t i = 0; i < pk_routers_count(part->routers); i++) {
        learn(part, pk_routers_at(part->routers, i));
    }
    tell_routers(part);
}

static void routers_wake(void *ctx, int64_t in_ms)
{
    struct pk_sense_router6 *part = ctx;

    pk_loop_arm(part->sense->loop, &part->routers_timer, in_ms);
}

static const struct pk_routers_ops ops = {
    .solicit = routers_solicit,
    .ask = routers_ask,
    .known = routers_known,
    .attacked = routers_attacked,
    .report = routers_report,
    .listen = routers_listen,
    .wake = routers_wake,
};

/* --- redirects (RFC 4861 section 8) ------------------------------------------------------- */

static const struct pk_routers_entry *known_router(
        const struct pk_sense_router6 *part, const uint8_t address[16])
{
    for (size_t i = 0; i < pk_routers_count(part->routers); i++) {
        const struct pk_routers_entry *e = pk_routers_at(part->routers, i);

        if (e->known == PK_TRI_YES && !e->forged && memcmp(e->address, address, 16) == 0) {
            return e;
        }
    }
    return NULL;
}

static void tell_redirect(struct pk_sense_router6 *part, struct pk_obs_redirect *body)
{
    body->ipv6 = true;
    body->count = part->redirects;
    pk_sense_tell(
            part->sense, &(struct pk_observation){ .kind = PK_OBS_REDIRECT, .redirect = body });
}

static void on_redirect_timer(void *ctx)
{
    struct pk_sense_router6 *part = ctx;

    part->redirects = 0;
    tell_redirect(part, &(struct pk_obs_redirect){ .from = part->redirect_from });
}

static void on_redirect(struct pk_sense_router6 *part, const struct pk_nd *nd)
{
    const struct pk_routers_entry *from = known_router(part, nd->from);
    bool to_itself = memcmp(nd->target, nd->destination, 16) == 0;
    int64_t now = pk_clock_monotonic_ms();
    char target[PK_ADDRESS_TEXT];
    char from_mac[PK_MAC_TEXT];
    char target_mac[PK_MAC_TEXT];
    struct pk_obs_redirect body = { .from = part->redirect_from,
        .from_mac = pk_mac_text(nd->eth_from, from_mac),
        .target = text_of(nd->target, target),
        .target_mac = nd->has_target_mac ? pk_mac_text(nd->target_mac, target_mac) : NULL,
        .target_on_link = is_on_link(part, nd->target) ? PK_TRI_YES : PK_TRI_NO,
        .target_router = known_router(part, nd->target) != NULL ? PK_TRI_YES : PK_TRI_NO };

    body.from_router = from != NULL && from->has_mac && memcmp(from->mac, nd->eth_from, 6) == 0
            ? PK_TRI_YES
            : PK_TRI_NO;
    if (nd->has_quote) {
        body.ours = memcmp(nd->quoted_from, nd->to, 16) == 0 ? PK_TRI_YES : PK_TRI_NO;
    }
    /* The router tells that a neighbour is a neighbour: the usual, honest kind. */
    if (body.from_router == PK_TRI_YES && to_itself && body.target_on_link == PK_TRI_YES) {
        return;
    }
    if (now - part->redirect_ms >= PK_MINUTE_MS) {
        part->redirects = 0;
        part->redirect_ms = now;
    }
    (void)text_of(nd->from, part->redirect_from);
    pk_loop_arm(part->sense->loop, &part->redirect_timer, REDIRECT_END);
    part->redirects++;
    /* The first, and again each time that their number has doubled. */
    if ((part->redirects & (part->redirects - 1)) == 0) {
        tell_redirect(part, &body);
    }
}

/* --- events ------------------------------------------------------------------------------- */

static void on_frame(void *ctx, struct pk_slice frame)
{
    struct pk_sense_router6 *part = ctx;
    struct pk_nd nd;

    if (pk_nd_parse_frame(frame, &nd) < 0 || memcmp(nd.eth_from, part->sense->state.mac, 6) == 0) {
        return;
    }
    if (nd.type == PK_ND_REDIRECT) {
        on_redirect(part, &nd);
    }
    pk_holder6_frame(part, &nd);
    pk_routers_frame(part->routers, &nd, frame, pk_clock_monotonic_ms());
}

static void on_routers_timer(void *ctx)
{
    struct pk_sense_router6 *part = ctx;

    pk_routers_tick(part->routers, pk_clock_monotonic_ms());
}

struct seed {
    struct pk_sense_router6 *part;
    const struct pk_address *router;
};

static void seed_mac(void *ctx, const struct pk_neighbour *n)
{
    const struct seed *seed = ctx;

    if (n->index == seed->part->sense->state.index && pk_address_same(&n->address, seed->router)) {
        pk_routers_seed(seed->part->routers, n->address.bytes, n->mac, pk_clock_monotonic_ms());
    }
}

static void seed_router(void *ctx, const struct pk_address *router)
{
    struct pk_sense_router6 *part = ctx;
    struct seed seed = { part, router };

    pk_routers_seed(part->routers, router->bytes, NULL, pk_clock_monotonic_ms());
    (void)!pk_neighbour_list6(seed_mac, &seed, NULL);
    pk_holder6_add(part, router->bytes);
}

static void part_announced(void *state)
{
    struct pk_sense_router6 *part = state;
    struct pk_sense *sense = part->sense;
    int rc = pk_packet_watch_create(sense->loop, sense->state.index, ETHERTYPE_IPV6, FRAME_BYTES,
            on_frame, part, &part->packets, NULL);

    pk_sense_set_sensor(sense, SENSOR_NDP, rc == PK_OK ? SENSOR_ON : SENSOR_LIMITED,
            rc == PK_OK ? NULL
                    : rc == -EPERM || rc == PK_EACCES
                    ? "no permission (CAP_NET_RAW); the neighbour table alone is watched"
                    : "no packet socket; the neighbour table alone is watched");
    part->visits = pk_known_visits(sense->known, sense->network);
    part->had_ipv6 = sense->state.gateway6.family != 0 ||
            pk_known_at(sense->known, sense->network, PK_KNOWN_ROUTER6, 0) != NULL;
    part->here = true;
    pk_routers_join(part->routers, pk_clock_monotonic_ms());
    (void)!pk_link_routers6(sense->state.index, seed_router, part, NULL);
    pk_router6_listen(part);
}

static void part_change(void *state, unsigned changes)
{
    struct pk_sense_router6 *part = state;

    if (!part->here) {
        return;
    }
    if ((changes & PK_CHANGED_ADDRESS) != 0) {
        part->has_own = false;       /* to be read again */
        if (part->packets == NULL) { /* nobody else tells of routers then */
            (void)!pk_link_routers6(part->sense->state.index, seed_router, part, NULL);
        }
    }
    if ((changes & PK_CHANGED_LINK) != 0) { /* the cable may lead elsewhere now */
        pk_holder6_check(part, false);
        pk_routers_check(part->routers, pk_clock_monotonic_ms());
    }
}

static void part_leave(void *state)
{
    struct pk_sense_router6 *part = state;

    pk_holder6_leave(part);
    pk_routers_leave(part->routers);
    pk_loop_disarm(part->sense->loop, &part->routers_timer);
    pk_loop_disarm(part->sense->loop, &part->redirect_timer);
    pk_packet_watch_destroy(part->packets);
    part->packets = NULL;
    part->here = part->has_own = part->loud = part->reported = part->began_without = false;
    part->told = (struct pk_sense_told){ .at_ms = 0 };
    part->redirects = part->redirect_ms = 0;
    pk_sense_checked(part->sense, PK_PROBE_ROUTERS);
}

static void part_neighbour6(void *state, const uint8_t address[16], const uint8_t mac[6])
{
    struct pk_sense_router6 *part = state;

    if (part->here) {
        pk_holder6_neighbour(part, address, mac);
    }
}

static void part_check(void *state, unsigned probes, bool loud)
{
    struct pk_sense_router6 *part = state;

    (void)probes;
    part->loud |= loud;
    if (!part->here || part->packets == NULL) {
        pk_sense_checked(part->sense, PK_PROBE_ROUTERS);
        return;
    }
    pk_holder6_check(part, loud);
    pk_routers_check(part->routers, pk_clock_monotonic_ms());
}

static void part_destroy(void *state)
{
    struct pk_sense_router6 *part = state;

    pk_holder6_leave(part);
    pk_loop_disarm(part->sense->loop, &part->routers_timer);
    pk_loop_disarm(part->sense->loop, &part->redirect_timer);
    pk_packet_watch_destroy(part->packets);
    pk_routers_destroy(part->routers);
    free(part);
}

static int part_create(struct pk_sense *sense, void **state, struct pk_error *err)
{
    struct pk_sense_router6 *part = calloc(1, sizeof(*part));

    if (part != NULL) {
        part->routers = pk_routers_create(&ops, part);
    }
    if (part == NULL || part->routers == NULL) {
        free(part);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    part->sense = sense;
    pk_timer_init(&part->routers_timer, on_routers_timer, part);
    pk_timer_init(&part->redirect_timer, on_redirect_timer, part);
    *state = part;
    return PK_OK;
}

const struct pk_sense_part pk_sense_router6_part = {
    .probes = PK_PROBE_ROUTERS,
    .create = part_create,
    .destroy = part_destroy,
    .announced = part_announced,
    .change = part_change,
    .leave = part_leave,
    .neighbour6 = part_neighbour6,
    .check = part_check,
};
