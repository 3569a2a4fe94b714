/* ICMP redirects of IPv4 (RFC 792) that reach this device: who sent them, and is the other way one that
 * a router would name? Asleep but for redirects (a socket filter passes nothing else).
 *
 * Three questions are asked once for each pair of sender and target: ARP for the target; an echo request to the
 * router's address that may not be forwarded (TTL 1), sent to the sender's hardware address, which only
 * a holder of that address answers (a standby pair's real hardware address differs from the shared
 * one); and one to an address that is nowhere (RFC 5737), sent to the target, which a router answers
 * with "time exceeded" and a host not at all. */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/sense_round.h"
#include "agent/watch_packets.h"
#include "base/clock.h"
#include "wire/icmp.h"

#define STEP_MS     120 /* until the target's ARP answer, and until the echoes' */
#define STEPS       4   /* each question twice */
#define WINDOW_MS   PK_MINUTE_MS
#define KEPT        64
#define ASK_HOLDER  1 /* sequence numbers of our echoes */
#define ASK_FORWARD 2

struct redirect_part {
    struct pk_sense *sense;
    struct pk_packet_watch *icmp;
    struct pk_packet_watch *arp; /* while questions are open */
    struct pk_timer ask_timer, quiet_timer;
    uint16_t id; /* of our echoes */
    /* The pair that was heard last: */
    bool open; /* heard, and not quiet for a minute since */
    bool asking;
    size_t step;
    uint8_t from[4];
    uint8_t from_mac[6];
    uint8_t target[4];
    uint8_t target_mac[6];
    bool has_target_mac;
    bool holds;    /* the sender answers under the router's address */
    bool forwards; /* the target routes */
    bool ours;
    int64_t heard_ms[KEPT]; /* a ring */
    size_t heard_next;
};

/* --- facts -------------------------------------------------------------------------------- */

static int64_t count_heard(const struct redirect_part *part, int64_t now)
{
    int64_t count = 0;

    for (size_t i = 0; i < KEPT; i++) {
        count += part->heard_ms[i] != 0 && now - part->heard_ms[i] < WINDOW_MS;
    }
    return count;
}

static bool is_gateway(const struct pk_sense *sense, const uint8_t address[4])
{
    return sense->state.gateway.family == AF_INET &&
            memcmp(sense->state.gateway.bytes, address, 4) == 0;
}

static bool is_router_mac(const struct pk_sense *sense, const uint8_t mac[6])
{
    const uint8_t *learnt = pk_gateway_learnt(sense->gateway);
    char text[PK_MAC_TEXT];

    return (learnt != NULL && memcmp(mac, learnt, 6) == 0) ||
            pk_known_has(sense->known, sense->network, PK_KNOWN_GATEWAY, pk_mac_text(mac, text)) ==
            PK_TRI_YES;
}

static enum pk_tri from_router(const struct redirect_part *part)
{
    if (is_router_mac(part->sense, part->from_mac) || part->holds) {
        return PK_TRI_YES;
    }
    return pk_gateway_learnt(part->sense->gateway) != NULL ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

/* A stranger that routes may be the second router of this link, or an attacker's machine. */
static enum pk_tri target_router(const struct redirect_part *part)
{
    if (is_gateway(part->sense, part->target) ||
            (part->has_target_mac && is_router_mac(part->sense, part->target_mac))) {
        return PK_TRI_YES;
    }
    return part->forwards ? PK_TRI_UNKNOWN : PK_TRI_NO;
}

static bool is_on_link(const struct pk_sense *sense, const uint8_t address[4])
{
    for (unsigned i = 0; i < sense->state.prefix && i < 32; i++) {
        if (((address[i / 8] ^ sense->state.address.bytes[i / 8]) & (0x80U >> i % 8)) != 0) {
            return false;
        }
    }
    return true;
}

static void tell(struct redirect_part *part)
{
    struct pk_sense *sense = part->sense;
    struct pk_address from = { .family = AF_INET };
    struct pk_address target = { .family = AF_INET };
    char from_text[PK_ADDRESS_TEXT];
    char target_text[PK_ADDRESS_TEXT];
    char from_mac[PK_MAC_TEXT];
    char target_mac[PK_MAC_TEXT];
    struct pk_obs_redirect body = {
        .from_mac = pk_mac_text(part->from_mac, from_mac),
        .target_mac = part->has_target_mac ? pk_mac_text(part->target_mac, target_mac) : NULL,
        .from_router = from_router(part),
        .target_on_link = is_on_link(sense, part->target) ? PK_TRI_YES : PK_TRI_NO,
        .target_router = target_router(part),
        .ours = part->ours ? PK_TRI_YES : PK_TRI_NO,
        .count = count_heard(part, pk_clock_monotonic_ms()),
    };

    memcpy(from.bytes, part->from, 4);
    memcpy(target.bytes, part->target, 4);
    body.from = pk_address_text(&from, from_text);
    body.target = pk_address_text(&target, target_text);
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_REDIRECT, .redirect = &body });
}

/* --- questions ---------------------------------------------------------------------------- */

static void on_arp(void *ctx, struct pk_slice frame)
{
    struct redirect_part *part = ctx;
    struct pk_arp_frame arp;

    if (part->asking && !part->has_target_mac && pk_arp_parse(frame, &arp) == PK_OK &&
            memcmp(arp.sender_ip, part->target, 4) == 0) {
        memcpy(part->target_mac, arp.sender_mac, 6);
        part->has_target_mac = true;
    }
}

static void ask_arp(struct redirect_part *part)
{
    struct pk_sense *sense = part->sense;
    struct pk_arp_frame question = { .to = { 255, 255, 255, 255, 255, 255 }, .op = PK_ARP_REQUEST };
    struct sock_filter code[PK_ARP_FILTER_MAX];
    uint8_t bytes[PK_ARP_FRAME_BYTES];

    if (part->arp == NULL &&
            (pk_packet_watch_create(sense->loop, sense->state.index, ETHERTYPE_ARP, 128, on_arp,
                     part, &part->arp, NULL) < 0 ||
                    pk_packet_watch_filter(
                            part->arp, code, pk_arp_filter(part->target, NULL, code), NULL) < 0)) {
        return;
    }
    memcpy(question.sender_mac, sense->state.mac, 6);
    memcpy(question.sender_ip, sense->state.address.bytes, 4);
    memcpy(question.target_ip, part->target, 4);
    pk_arp_build(&question, bytes);
    (void)!pk_packet_send(part->arp, pk_slice_of(bytes, sizeof(bytes)), NULL);
}

static void ask_echo(
        struct redirect_part *part, const uint8_t mac[6], const uint8_t to[4], uint16_t sequence)
{
    const struct pk_sense *sense = part->sense;
    uint8_t echo[PK_ICMP_ECHO_BYTES];
    uint8_t frame[PK_IP4_HEAD + PK_ICMP_ECHO_BYTES];
    struct pk_ip4 packet = { .ttl = 1, .protocol = IPPROTO_ICMP };
    size_t len;

    pk_icmp_build_echo(part->id, sequence, echo);
    memcpy(packet.mac_from, sense->state.mac, 6);
    memcpy(packet.mac_to, mac, 6);
    memcpy(packet.from, sense->state.address.bytes, 4);
    memcpy(packet.to, to, 4);
    packet.payload = pk_slice_of(echo, sizeof(echo));
    len = pk_ip4_build(&packet, frame, sizeof(frame));
    (void)!pk_packet_send(part->icmp, pk_slice_of(frame, len), NULL);
}

static void listen_for(struct redirect_part *part, bool echo)
{
    struct sock_filter code[PK_ICMP_FILTER_MAX];

    (void)!pk_packet_watch_filter(part->icmp, code, pk_icmp_filter(echo, code), NULL);
}

static void end_asking(struct redirect_part *part)
{
    part->asking = false;
    pk_packet_watch_destroy(part->arp);
    part->arp = NULL;
    if (part->icmp != NULL) {
        listen_for(part, false);
    }
}

/* ARP first; the echoes need its answer. */
static void on_ask_timer(void *ctx)
{
    struct redirect_part *part = ctx;
    const struct pk_sense *sense = part->sense;
    static const uint8_t nowhere[2][4] = { { 192, 0, 2, 1 }, { 198, 51, 100, 1 } };
    bool settled = from_router(part) == PK_TRI_YES && target_router(part) != PK_TRI_NO;

    if (part->step == STEPS || settled) {
        end_asking(part);
        tell(part);
        return;
    }
    part->step++;
    if (!part->has_target_mac) {
        ask_arp(part);
    } else {
        ask_echo(part, part->target_mac, nowhere[is_on_link(sense, nowhere[0])], ASK_FORWARD);
    }
    ask_echo(part, part->from_mac, sense->state.gateway.bytes, ASK_HOLDER);
    pk_loop_arm(sense->loop, &part->ask_timer, STEP_MS);
}

/* --- events ------------------------------------------------------------------------------- */

static void on_quiet_timer(void *ctx)
{
    struct redirect_part *part = ctx;
    int64_t now = pk_clock_monotonic_ms();

    if (!part->open) {
        return;
    }
    if (count_heard(part, now) > 0) {
        pk_loop_arm(part->sense->loop, &part->quiet_timer, WINDOW_MS / 4);
        return;
    }
    part->open = false;
    tell(part); /* none in the last minute */
}

static void begin_asking(
        struct redirect_part *part, const struct pk_ip4 *packet, const struct pk_icmp *message)
{
    memcpy(part->from, packet->from, 4);
    memcpy(part->from_mac, packet->mac_from, 6);
    memcpy(part->target, message->gateway, 4);
    part->has_target_mac = part->holds = part->forwards = false;
    part->ours = message->quotes &&
            memcmp(message->about.from, part->sense->state.address.bytes, 4) == 0;
    part->open = part->asking = true;
    part->step = 0;
    pk_packet_watch_destroy(part->arp); /* its filter is for another target */
    part->arp = NULL;
    if (getrandom(&part->id, sizeof(part->id), 0) != sizeof(part->id)) {
        part->id = 1;
    }
    listen_for(part, true);
    pk_loop_arm(part->sense->loop, &part->ask_timer, 1);
    pk_loop_arm(part->sense->loop, &part->quiet_timer, WINDOW_MS + 500);
}

static void on_redirect(
        struct redirect_part *part, const struct pk_ip4 *packet, const struct pk_icmp *message)
{
    bool same = part->open && memcmp(part->from_mac, packet->mac_from, 6) == 0 &&
            memcmp(part->target, message->gateway, 4) == 0;

    if (!part->sense->announced || memcmp(packet->to, part->sense->state.address.bytes, 4) != 0) {
        return;
    }
    part->heard_ms[part->heard_next] = pk_clock_monotonic_ms();
    part->heard_next = (part->heard_next + 1) % KEPT;
    if (!same && !part->asking) { /* a flood of pairs is asked about one after another */
        begin_asking(part, packet, message);
    }
}

static void on_icmp(void *ctx, struct pk_slice frame)
{
    struct redirect_part *part = ctx;
    struct pk_ip4 packet;
    struct pk_icmp m;

    if (pk_ip4_parse(frame, &packet) < 0 || packet.protocol != IPPROTO_ICMP ||
            pk_icmp_parse(packet.payload, &m) < 0) {
        return;
    }
    if (m.type == PK_ICMP_REDIRECT) {
        on_redirect(part, &packet, &m);
    } else if (part->asking && m.id == part->id && m.type == PK_ICMP_ECHO_REPLY) {
        part->holds |= m.sequence == ASK_HOLDER;
    } else if (part->asking && m.id == part->id && m.type == PK_ICMP_EXCEEDED &&
            m.about_type == PK_ICMP_ECHO) {
        part->forwards |= m.sequence == ASK_FORWARD;
    }
}

/* --- the part ----------------------------------------------------------------------------- */

static int create(struct pk_sense *sense, void **state, struct pk_error *err)
{
    struct redirect_part *part = calloc(1, sizeof(*part));

    if (part == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    part->sense = sense;
    pk_timer_init(&part->ask_timer, on_ask_timer, part);
    pk_timer_init(&part->quiet_timer, on_quiet_timer, part);
    *state = part;
    return PK_OK;
}

static void leave(void *state)
{
    struct redirect_part *part = state;

    pk_loop_disarm(part->sense->loop, &part->ask_timer);
    pk_loop_disarm(part->sense->loop, &part->quiet_timer);
    pk_packet_watch_destroy(part->arp);
    pk_packet_watch_destroy(part->icmp);
    part->arp = part->icmp = NULL;
    part->open = part->asking = false;
    memset(part->heard_ms, 0, sizeof(part->heard_ms));
}

static void destroy(void *state)
{
    leave(state);
    free(state);
}

/* Without the permission the sensor "arp" says so already. */
static void join(void *state)
{
    struct redirect_part *part = state;
    struct pk_sense *sense = part->sense;

    if (sense->state.gateway.family == AF_INET && sense->state.address.family == AF_INET &&
            pk_packet_watch_create(sense->loop, sense->state.index, ETHERTYPE_IP, PK_IP4_FRAME_MAX,
                    on_icmp, part, &part->icmp, NULL) == PK_OK) {
        listen_for(part, false);
    }
}

const struct pk_sense_part pk_sense_redirect_part = {
    .create = create,
    .destroy = destroy,
    .join = join,
    .leave = leave,
};
