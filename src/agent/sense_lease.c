/* DHCP on the link: what the lease says, what it said before, who else offers. Asleep but for messages
 * from servers to clients (a socket filter passes nothing else), changes of the lease, and joins.
 *
 * Asking who offers is a DISCOVER in this device's own name. It takes nothing: a server may hold an
 * address back for a moment, but for a client that has one already that is its own (RFC 2131 section
 * 4.3.1), and only a REQUEST, which never follows, binds anything. The exchange has an id of its own,
 * so that the system's DHCP client passes over the answers. An INFORM would be more modest, but rogue
 * servers often leave it unanswered. */
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/sense_round.h"
#include "agent/watch_packets.h"
#include "base/arena.h"
#include "base/clock.h"
#include "track/lease.h"

#define EVENT_BYTES  (32UL * 1024)
#define RECHECK_MS   20000 /* while a rogue server is open: a question so often */
#define STRANGER_MS  30000 /* between questions that offers to others set off */
#define ARP_REPLY_AT 20    /* operation */
#define ARP_FOR_AT   32    /* hardware address of who asked */

/* What kind of program answered our own question. */
struct answer {
    uint8_t server[4];
    uint8_t mac[6];
    uint32_t traits;
};

struct lease_part {
    struct pk_sense *sense;
    struct pk_lease_track *track;
    struct pk_packet_watch *dhcp; /* outlives visits: the exchange comes before the join */
    struct pk_packet_watch *arp;  /* while a round of questions runs */
    struct pk_timer timer;
    int index; /* of the interface that dhcp listens on */
    uint32_t id;
    struct pk_dhcp ack; /* the last one to this device */
    bool has_ack;
    bool has_lease;
    bool held; /* a report waits until the network has a name */
    struct pk_lease_facts facts;
    struct answer answers[PK_LEASE_OFFERS_MAX]; /* of this visit */
    size_t answer_count;
    /* The visit before: */
    unsigned epoch;
    int last_index;
    char ssid[64];
    struct pk_address own;
    unsigned prefix;
    int64_t asked_ms;
    int64_t stranger_ms;
};

static void change(void *state, unsigned changes);

/* --- sockets ------------------------------------------------------------------------------ */

/* Servers answer in the order in which they are asked: what they tell the system's own client differs from
 * system to system, what they tell us does not. */
static void note_answer(struct lease_part *part, const struct pk_dhcp *m, const uint8_t mac[6])
{
    struct answer one = { .traits = m->traits };

    memcpy(one.server, m->server, 4);
    memcpy(one.mac, mac, 6);
    for (size_t i = 0; i < part->answer_count; i++) {
        if (memcmp(part->answers[i].server, one.server, 4) == 0 &&
                memcmp(part->answers[i].mac, one.mac, 6) == 0) {
            part->answers[i] = one;
            return;
        }
    }
    if (part->answer_count < PK_LEASE_OFFERS_MAX) {
        part->answers[part->answer_count++] = one;
    }
}

static void on_dhcp(void *ctx, struct pk_slice frame)
{
    struct lease_part *part = ctx;
    struct pk_sense *sense = part->sense;
    int64_t now = pk_clock_monotonic_ms();
    struct pk_ip4 packet;
    struct pk_dhcp m;

    if (pk_dhcp_parse_frame(frame, &packet, &m) < 0 || !m.reply ||
            (m.type != PK_DHCP_OFFER && m.type != PK_DHCP_ACK)) {
        return;
    }
    if (memcmp(m.client_mac, sense->state.mac, 6) == 0) {
        bool ours = m.id != part->id && m.type == PK_DHCP_ACK;

        if (ours) {
            part->ack = m;
            part->has_ack = true;
        }
        if (m.id == part->id && m.type == PK_DHCP_OFFER) {
            note_answer(part, &m, packet.mac_from);
        }
        pk_lease_track_offer(part->track, &m, packet.mac_from, ours, now);
        if (ours && sense->set.lease_file == NULL && sense->on_network) {
            change(part, PK_CHANGED_LEASE); /* no file that is watched tells of a renewal */
        }
        return;
    }
    /* What others are told may be meant for them alone; a server that we never met is asked what it
     * tells us. */
    if (part->has_lease && memcmp(m.server, part->facts.now.server.bytes, 4) != 0 &&
            now - part->stranger_ms >= STRANGER_MS) {
        part->stranger_ms = now;
        (void)pk_lease_track_check(part->track, now);
    }
}

static void on_arp(void *ctx, struct pk_slice frame)
{
    struct lease_part *part = ctx;
    struct pk_arp_frame arp;

    if (pk_arp_parse(frame, &arp) == PK_OK) {
        pk_lease_track_station(part->track, arp.sender_ip, arp.sender_mac);
    }
}

static void open_dhcp(struct lease_part *part)
{
    struct pk_sense *sense = part->sense;
    struct sock_filter code[PK_DHCP_FILTER_MAX];
    size_t count = pk_dhcp_filter(code);
    int rc;

    if (part->dhcp != NULL && part->index == sense->state.index) {
        return;
    }
    pk_packet_watch_destroy(part->dhcp);
    part->dhcp = NULL;
    part->index = sense->state.index;
    rc = pk_packet_watch_create(sense->loop, part->index, ETHERTYPE_IP, PK_IP4_FRAME_MAX, on_dhcp,
            part, &part->dhcp, NULL);
    if (rc == PK_OK) {
        rc = pk_packet_watch_filter(part->dhcp, code, count, NULL);
    }
    if (rc < 0) {
        pk_packet_watch_destroy(part->dhcp);
        part->dhcp = NULL;
    }
    pk_sense_set_sensor(sense, SENSOR_DHCP, rc == PK_OK ? SENSOR_ON : SENSOR_LIMITED,
            rc == PK_OK ? NULL
                    : rc == -EPERM || rc == PK_EACCES
                    ? "no permission (CAP_NET_RAW); only the lease itself is watched"
                    : "no packet socket; only the lease itself is watched");
}

/* Passes ARP answers to this device. */
static void open_arp(struct lease_part *part)
{
    struct pk_sense *sense = part->sense;
    const uint8_t *mac = sense->state.mac;
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ARP_REPLY_AT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PK_ARP_REPLY, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARP_FOR_AT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3], 0,
                1),
        BPF_STMT(BPF_RET | BPF_K, PK_ARP_FRAME_BYTES),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    if (part->arp != NULL) {
        return;
    }
    if (pk_packet_watch_create(sense->loop, sense->state.index, ETHERTYPE_ARP, 128, on_arp, part,
                &part->arp, NULL) == PK_OK &&
            pk_packet_watch_filter(part->arp, code, PK_COUNT(code), NULL) < 0) {
        pk_packet_watch_destroy(part->arp);
        part->arp = NULL;
    }
}

static void close_arp(struct lease_part *part)
{
    pk_packet_watch_destroy(part->arp);
    part->arp = NULL;
}

/* --- questions ---------------------------------------------------------------------------- */

static void ask_station(void *ctx, const uint8_t address[4])
{
    struct lease_part *part = ctx;
    struct pk_sense *sense = part->sense;
    struct pk_arp_frame question = { .to = { 255, 255, 255, 255, 255, 255 }, .op = PK_ARP_REQUEST };
    uint8_t bytes[PK_ARP_FRAME_BYTES];

    if (sense->state.gateway.family == AF_INET &&
            memcmp(sense->state.gateway.bytes, address, 4) == 0) {
        return; /* whoever answers there is the gateway's tracker's business */
    }
    open_arp(part);
    if (part->arp == NULL) {
        return;
    }
    memcpy(question.sender_mac, sense->state.mac, 6);
    memcpy(question.sender_ip, sense->state.address.bytes, 4);
    memcpy(question.target_ip, address, 4);
    pk_arp_build(&question, bytes);
    (void)!pk_packet_send(part->arp, pk_slice_of(bytes, sizeof(bytes)), NULL);
}

static void ask_servers(void *ctx)
{
    struct lease_part *part = ctx;
    uint8_t frame[PK_DHCP_FRAME_MAX];
    size_t len;

    if (part->dhcp == NULL || getrandom(&part->id, sizeof(part->id), 0) != sizeof(part->id)) {
        return;
    }
    len = pk_dhcp_build_discover(part->id, part->sense->state.mac, frame);
    part->asked_ms = pk_clock_monotonic_ms();
    (void)!pk_packet_send(part->dhcp, pk_slice_of(frame, len), NULL);
}

static void wake(void *ctx, int64_t in_ms)
{
    struct lease_part *part = ctx;

    part->sense->asking |= PK_PROBE_LEASE;
    pk_loop_arm(part->sense->loop, &part->timer, in_ms);
}

static void on_timer(void *ctx)
{
    struct lease_part *part = ctx;

    pk_lease_track_tick(part->track, pk_clock_monotonic_ms());
}

/* --- what is told ------------------------------------------------------------------------- */

static const char *text_of(struct pk_arena *arena, const struct pk_address *address)
{
    char text[PK_ADDRESS_TEXT];

    return address->family != 0 ? pk_arena_strdup(arena, pk_address_text(address, text)) : NULL;
}

static const char *mac_of(struct pk_arena *arena, const uint8_t mac[6])
{
    static const uint8_t none[6];
    char text[PK_MAC_TEXT];

    return memcmp(mac, none, 6) != 0 ? pk_arena_strdup(arena, pk_mac_text(mac, text)) : NULL;
}

static struct pk_strings names_of(struct pk_arena *arena, const struct pk_lease_terms *terms)
{
    struct pk_strings out = { .items = pk_arena_alloc(
                                      arena, PK_LEASE_NAMES_MAX, sizeof(*out.items)) };

    for (size_t i = 0; i < terms->name_count && out.items != NULL; i++) {
        out.items[out.count] = text_of(arena, &terms->names[i]);
        out.count += out.items[out.count] != NULL;
    }
    return out;
}

static const char *url_of(struct pk_arena *arena, const struct pk_lease_terms *terms)
{
    return terms->wpad[0] != '\0' ? pk_arena_strdup(arena, terms->wpad) : NULL;
}

/* The hardware address that answers there; NULL: none does. */
static const uint8_t *mac_at(const struct lease_part *part, const struct pk_address *address)
{
    const struct pk_lease_station *station = pk_lease_station_of(&part->facts, address);

    if (pk_address_same(address, &part->sense->state.gateway)) {
        return pk_gateway_learnt(part->sense->gateway);
    }
    return station != NULL && station->answered ? station->mac : NULL;
}

/* Alive: under the hardware address that it had. Another one there is not the one from before. */
static enum pk_tri alive(const struct lease_part *part, const struct pk_address *address,
        const uint8_t mac_before[6])
{
    static const uint8_t none[6];
    const struct pk_lease_station *station = pk_lease_station_of(&part->facts, address);
    const uint8_t *mac = mac_at(part, address);

    if (mac != NULL) {
        return memcmp(mac_before, none, 6) == 0 || memcmp(mac, mac_before, 6) == 0 ? PK_TRI_YES
                                                                                   : PK_TRI_UNKNOWN;
    }
    return station != NULL && station->asked && part->arp != NULL ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static enum pk_tri names_on_link(const struct lease_part *part)
{
    const struct pk_lease_terms *now = &part->facts.now;
    const uint8_t *router = mac_at(part, &now->router);
    enum pk_tri out = PK_TRI_NO;

    for (size_t i = 0; i < now->name_count; i++) {
        const uint8_t *mac = mac_at(part, &now->names[i]);

        if (mac != NULL && !pk_address_same(&now->names[i], &now->router) && router != NULL &&
                memcmp(mac, router, 6) != 0) {
            return PK_TRI_YES;
        }
        out = mac != NULL && router == NULL ? PK_TRI_UNKNOWN : out;
    }
    return out;
}

static void fill_offers(const struct lease_part *part, struct pk_arena *arena, struct pk_array *out)
{
    const struct pk_sense *sense = part->sense;
    const struct pk_lease_facts *f = &part->facts;
    struct pk_lease_offer *offers = pk_arena_alloc(arena, PK_LEASE_OFFERS_MAX, sizeof(*offers));

    for (size_t i = 0; i < f->offer_count && offers != NULL; i++) {
        const struct pk_lease_seen_offer *seen = &f->offers[i];

        offers[i] = (struct pk_lease_offer){ .server = text_of(arena, &seen->terms.server),
            .server_mac = mac_of(arena, seen->mac),
            .router = text_of(arena, &seen->terms.router),
            .dns = names_of(arena, &seen->terms),
            .wpad = url_of(arena, &seen->terms) };
        if (offers[i].server != NULL) {
            offers[i].known = pk_known_has(
                    sense->known, sense->network, PK_KNOWN_DHCP, offers[i].server);
        }
        out->count = i + 1;
    }
    out->items = offers;
}

/* On the first lease of a visit: what clean visits taught. */
static void fill_learnt(
        const struct pk_sense *sense, struct pk_arena *arena, struct pk_obs_lease *l)
{
    const char *name;

    l->server_before = pk_known_at(sense->known, sense->network, PK_KNOWN_DHCP, 0);
    l->wpad_before = pk_known_at(sense->known, sense->network, PK_KNOWN_WPAD, 0);
    l->dns_before.items = pk_arena_alloc(arena, PK_LEASE_NAMES_MAX, sizeof(*l->dns_before.items));
    for (size_t i = 0; i < PK_LEASE_NAMES_MAX && l->dns_before.items != NULL; i++) {
        name = pk_known_at(sense->known, sense->network, PK_KNOWN_DNS, i);
        if (name == NULL) {
            break;
        }
        l->dns_before.items[l->dns_before.count++] = name;
    }
}

static void fill_before(
        const struct lease_part *part, struct pk_arena *arena, struct pk_obs_lease *l)
{
    const struct pk_lease_facts *f = &part->facts;

    if (!f->has_before) {
        fill_learnt(part->sense, arena, l);
        return;
    }
    l->server_before = text_of(arena, &f->before.server);
    l->router_before = text_of(arena, &f->before.router);
    l->dns_before = names_of(arena, &f->before);
    l->wpad_before = url_of(arena, &f->before);
    l->server_mac_before = mac_of(arena, f->server_mac_before);
    l->router_mac_before = mac_of(arena, f->router_mac_before);
    l->server_before_alive = alive(part, &f->before.server, f->server_mac_before);
    l->router_before_alive = alive(part, &f->before.router, f->router_mac_before);
}

/* Of the server that the lease is from. Two machines that answer in its name: whose the lease is, its sender
 * says. */
static const char *options_of(const struct lease_part *part, struct pk_arena *arena)
{
    const struct pk_lease_facts *f = &part->facts;
    const struct answer *found = NULL;

    for (size_t i = 0; i < part->answer_count; i++) {
        const struct answer *a = &part->answers[i];

        if (f->now.server.family == AF_INET && memcmp(a->server, f->now.server.bytes, 4) == 0 &&
                (found == NULL || (f->has_sender && memcmp(a->mac, f->sender, 6) == 0))) {
            found = a;
        }
    }
    return found != NULL ? pk_arena_printf(arena, "%08x", found->traits) : NULL;
}

static void fill_now(const struct lease_part *part, struct pk_arena *arena, struct pk_obs_lease *l)
{
    const struct pk_sense *sense = part->sense;
    const struct pk_lease_facts *f = &part->facts;
    const uint8_t *server = mac_at(part, &f->now.server);
    const uint8_t *router = mac_at(part, &f->now.router);

    l->server = text_of(arena, &f->now.server);
    l->router = text_of(arena, &f->now.router);
    l->dns = names_of(arena, &f->now);
    l->wpad = url_of(arena, &f->now);
    l->sender_mac = f->has_sender ? mac_of(arena, f->sender) : NULL;
    l->server_mac = server != NULL ? mac_of(arena, server) : NULL;
    l->router_mac = router != NULL ? mac_of(arena, router) : NULL;
    if (server != NULL && router != NULL) {
        l->server_is_router = memcmp(server, router, 6) == 0 ? PK_TRI_YES : PK_TRI_NO;
    }
    if (l->server != NULL) {
        l->server_known = pk_known_has(sense->known, sense->network, PK_KNOWN_DHCP, l->server);
    }
    l->dns_on_link = names_on_link(part);
    l->options = options_of(part, arena);
    l->asked = f->asked;
    l->link_lost_ms = pk_link_lost_ms(sense->link);
}

static void note(struct pk_sense *sense, const struct pk_obs_lease *l)
{
    if (l->server != NULL) {
        pk_known_note(sense->known, sense->network, PK_KNOWN_DHCP, l->server);
    }
    for (size_t i = 0; i < l->dns.count; i++) {
        pk_known_note(sense->known, sense->network, PK_KNOWN_DNS, l->dns.items[i]);
    }
    if (l->wpad != NULL) {
        pk_known_note(sense->known, sense->network, PK_KNOWN_WPAD, l->wpad);
    }
}

static void tell(struct lease_part *part)
{
    struct pk_sense *sense = part->sense;
    struct pk_arena *arena = pk_arena_create(EVENT_BYTES);
    struct pk_obs_lease body = { 0 };

    part->held = false;
    if (arena == NULL) {
        return;
    }
    fill_now(part, arena, &body);
    fill_before(part, arena, &body);
    fill_offers(part, arena, &body.offers);
    close_arp(part);
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_LEASE, .lease = &body });
    /* The sink has judged: what an attacker handed out is neither learnt nor compared with. */
    if (!sense->attacked) {
        pk_lease_track_accept(part->track);
        note(sense, &body);
    }
    pk_arena_destroy(arena);
    pk_sense_asked(sense, PK_PROBE_LEASE);
}

static void report(void *ctx, const struct pk_lease_facts *facts)
{
    struct lease_part *part = ctx;

    part->facts = *facts;
    part->held = !part->sense->announced;
    if (!part->held) {
        tell(part);
    }
}

static const struct pk_lease_ops ops = { ask_station, ask_servers, report, wake };

/* --- the part ----------------------------------------------------------------------------- */

static int create(struct pk_sense *sense, void **state, struct pk_error *err)
{
    struct lease_part *part = calloc(1, sizeof(*part));

    if (part != NULL) {
        part->sense = sense;
        part->track = pk_lease_track_create(&ops, part);
        pk_timer_init(&part->timer, on_timer, part);
    }
    if (part == NULL || part->track == NULL) {
        free(part);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *state = part;
    return PK_OK;
}

static void destroy(void *state)
{
    struct lease_part *part = state;

    pk_loop_disarm(part->sense->loop, &part->timer);
    pk_packet_watch_destroy(part->dhcp);
    close_arp(part);
    pk_lease_track_destroy(part->track);
    free(part);
}

static bool read_heard(const struct lease_part *part, struct pk_lease_terms *out)
{
    if (!part->has_ack || memcmp(part->ack.yours, part->sense->state.address.bytes, 4) != 0) {
        return false;
    }
    pk_lease_terms_of(&part->ack, out);
    return out->server.family != 0;
}

/* By the DHCP client's file of the settings, else by what was heard, else by what the system's clients keep;
 * false: no lease is known. */
static bool read_terms(const struct lease_part *part, struct pk_lease_terms *out)
{
    const struct pk_lease *lease = &part->sense->lease;

    *out = (struct pk_lease_terms){ 0 };
    if (part->sense->set.lease_file == NULL && read_heard(part, out)) {
        return true;
    }
    if (pk_address_parse(lease->server, 0, &out->server) == PK_OK) {
        out->router = lease->router;
        for (size_t i = 0; i < lease->dns_count; i++) {
            out->names[out->name_count++] = lease->dns[i];
        }
        (void)snprintf(out->wpad, sizeof(out->wpad), "%s", lease->wpad);
        return true;
    }
    return read_heard(part, out);
}

static bool same_subnet(const struct lease_part *part)
{
    const struct pk_link_state *state = &part->sense->state;

    for (unsigned i = 0; i < part->prefix && i < 32; i++) {
        if (((part->own.bytes[i / 8] ^ state->address.bytes[i / 8]) & (0x80U >> i % 8)) != 0) {
            return false;
        }
    }
    return part->prefix == state->prefix && part->own.family == state->address.family;
}

/* The same name over the air; or a cable that was not moved, or leads into a net of the same numbers
 * (then hardware addresses tell whether it is the same). */
static bool same_network(const struct lease_part *part)
{
    const struct pk_sense *sense = part->sense;
    const char *ssid = sense->wifi.connected ? sense->wifi.ssid : "";

    return part->last_index == sense->state.index && strcmp(part->ssid, ssid) == 0 &&
            (ssid[0] != '\0' || part->epoch == sense->state.epoch || same_subnet(part));
}

static void join(void *state)
{
    struct lease_part *part = state;
    struct pk_sense *sense = part->sense;
    struct pk_lease_terms terms;

    if (sense->state.address.family != AF_INET) {
        return;
    }
    open_dhcp(part);
    part->has_lease = read_terms(part, &terms);
    if (part->has_lease) {
        part->facts.now = terms;
        pk_lease_track_join(part->track, &terms, &sense->state.address, sense->state.prefix,
                same_network(part), pk_clock_monotonic_ms());
    }
    part->last_index = sense->state.index;
    part->epoch = sense->state.epoch;
    part->own = sense->state.address;
    part->prefix = sense->state.prefix;
    (void)snprintf(
            part->ssid, sizeof(part->ssid), "%s", sense->wifi.connected ? sense->wifi.ssid : "");
}

static void announced(void *state)
{
    struct lease_part *part = state;

    if (part->held) {
        tell(part);
    }
}

static void change(void *state, unsigned changes)
{
    struct lease_part *part = state;
    struct pk_sense *sense = part->sense;
    struct pk_lease_terms terms;
    bool same;

    if ((changes & (PK_CHANGED_LEASE | PK_CHANGED_LINK | PK_CHANGED_ADDRESS)) == 0 ||
            !read_terms(part, &terms)) {
        return;
    }
    part->epoch = sense->state.epoch;
    if (!part->has_lease) {
        join(part);
        return;
    }
    same = pk_lease_terms_same(&part->facts.now, &terms);
    part->facts.now = terms;
    pk_lease_track_change(part->track, &terms, pk_clock_monotonic_ms());
    if ((changes & PK_CHANGED_LINK) != 0 && same) {
        pk_lease_track_relink(part->track, pk_clock_monotonic_ms());
    }
}

static void leave(void *state)
{
    struct lease_part *part = state;

    pk_loop_disarm(part->sense->loop, &part->timer);
    pk_lease_track_leave(part->track);
    close_arp(part);
    part->has_lease = part->held = false;
    part->answer_count = 0;
    part->sense->asking &= ~(unsigned)PK_PROBE_LEASE;
    pk_sense_checked(part->sense, PK_PROBE_LEASE);
}

static void check(void *state, unsigned probes, bool loud)
{
    struct lease_part *part = state;
    int64_t now = pk_clock_monotonic_ms();

    if ((!loud && now - part->asked_ms < RECHECK_MS) || !part->has_lease ||
            !pk_lease_track_check(part->track, now)) {
        pk_sense_checked(part->sense, probes);
    }
}

const struct pk_sense_part pk_sense_lease_part = {
    .probes = PK_PROBE_LEASE,
    .create = create,
    .destroy = destroy,
    .join = join,
    .announced = announced,
    .change = change,
    .leave = leave,
    .check = check,
};
