/* Who holds the gateway's address: the packets and the neighbour table behind track/gateway. */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include "agent/sense_round.h"
#include "agent/watch_packets.h"
#include "base/arena.h"
#include "base/clock.h"
#include "wire/icmp.h"

#define EVENT_BYTES    (32UL * 1024)
#define RECHECK_MS     4000 /* between checks that a rival sets off */
#define RECHECK_MAX_MS PK_MINUTE_MS
#define ECHO_OLD       1 /* sequence numbers of our echo requests */
#define ECHO_RIVAL     2

/* What becomes of traffic that a rival takes shows only when he begins to touch it: asked again soon,
 * then ever more rarely. */
bool pk_sense_check_diverted(struct pk_sense *sense)
{
    int64_t gap = sense->diverted_gap_ms > 0 ? sense->diverted_gap_ms : RECHECK_MS;

    if (!pk_gateway_odd(sense->gateway)) {
        sense->diverted_gap_ms = 0;
        return false;
    }
    if (!pk_gateway_diverted(sense->gateway) || pk_clock_monotonic_ms() - sense->checked_ms < gap) {
        return false;
    }
    sense->diverted_gap_ms = 2 * gap < RECHECK_MAX_MS ? 2 * gap : RECHECK_MAX_MS;
    pk_sense_round(sense, PK_PROBE_WEB, false);
    return true;
}

/* Traffic flows to the rival now: see what becomes of it, but not at every forged frame. */
static void check_diverted(struct pk_sense *sense)
{
    if (pk_clock_monotonic_ms() - sense->checked_ms >= RECHECK_MS) {
        pk_sense_round(sense, PK_PROBE_WEB, false);
    }
}

void pk_sense_on_neighbour(void *ctx, const uint8_t mac[6])
{
    struct pk_sense *sense = ctx;

    pk_gateway_neighbour(sense->gateway, mac, pk_clock_monotonic_ms());
    if (pk_gateway_odd(sense->gateway) && pk_gateway_diverted(sense->gateway)) {
        check_diverted(sense);
    }
}

/* --- the gateway's questions -------------------------------------------------------------- */

static void gateway_ask(void *ctx, const uint8_t *to)
{
    struct pk_sense *sense = ctx;

    if (sense->arp != NULL) {
        (void)!pk_arp_ask(sense->arp, sense->state.mac, sense->state.address.bytes,
                sense->state.gateway.bytes, to, NULL);
    }
}

static void on_icmp(void *ctx, struct pk_slice frame)
{
    struct pk_sense *sense = ctx;
    struct pk_ip4 packet;
    struct pk_icmp m;

    if (pk_ip4_parse(frame, &packet) < 0 || packet.protocol != IPPROTO_ICMP ||
            pk_icmp_parse(packet.payload, &m) < 0 || m.id != sense->echo_id ||
            (m.sequence != ECHO_OLD && m.sequence != ECHO_RIVAL)) {
        return;
    }
    if (m.type == PK_ICMP_ECHO_REPLY) {
        pk_gateway_echoed(sense->gateway, m.sequence == ECHO_RIVAL, PK_GATEWAY_HOLDS);
    } else if (m.type == PK_ICMP_EXCEEDED && m.about_type == PK_ICMP_ECHO) {
        pk_gateway_echoed(sense->gateway, m.sequence == ECHO_RIVAL, PK_GATEWAY_FORWARDS);
    }
}

static bool open_echo(struct pk_sense *sense)
{
    struct sock_filter code[PK_ICMP_FILTER_MAX];

    if (sense->echo != NULL) {
        return true;
    }
    if (getrandom(&sense->echo_id, sizeof(sense->echo_id), 0) != sizeof(sense->echo_id) ||
            pk_packet_watch_create(sense->loop, sense->state.index, ETHERTYPE_IP, PK_IP4_FRAME_MAX,
                    on_icmp, sense, &sense->echo, NULL) < 0) {
        return false;
    }
    return pk_packet_watch_filter(sense->echo, code, pk_icmp_filter(true, code), NULL) == PK_OK;
}

static void close_echo(struct pk_sense *sense)
{
    pk_packet_watch_destroy(sense->echo);
    sense->echo = NULL;
}

static void gateway_echo(void *ctx, const uint8_t to[6], bool rival)
{
    struct pk_sense *sense = ctx;
    uint8_t echo[PK_ICMP_ECHO_BYTES];
    uint8_t frame[PK_IP4_HEAD + PK_ICMP_ECHO_BYTES];
    struct pk_ip4 packet = { .ttl = 1, .protocol = IPPROTO_ICMP };
    size_t len;

    if (!open_echo(sense)) {
        return;
    }
    pk_icmp_build_echo(sense->echo_id, rival ? ECHO_RIVAL : ECHO_OLD, echo);
    memcpy(packet.mac_from, sense->state.mac, 6);
    memcpy(packet.mac_to, to, 6);
    memcpy(packet.from, sense->state.address.bytes, 4);
    memcpy(packet.to, sense->state.gateway.bytes, 4);
    packet.payload = pk_slice_of(echo, sizeof(echo));
    len = pk_ip4_build(&packet, frame, sizeof(frame));
    (void)!pk_packet_send(sense->echo, pk_slice_of(frame, len), NULL);
}

static void gateway_listen(void *ctx, const uint8_t *known)
{
    struct pk_sense *sense = ctx;

    if (known != NULL) { /* the questions are over */
        close_echo(sense);
    }
    if (sense->arp != NULL) {
        (void)!pk_arp_watch_filter(sense->arp, sense->state.gateway.bytes, known, NULL);
    }
}

static void gateway_learnt(void *ctx, const uint8_t mac[6])
{
    struct pk_sense *sense = ctx;

    (void)mac;
    if (sense->on_network) {
        pk_sense_announce(sense);
    }
}

static void gateway_suspect(void *ctx)
{
    check_diverted(ctx);
}

static void gateway_report(void *ctx, const struct pk_gateway_facts *facts)
{
    struct pk_sense *sense = ctx;
    struct pk_arena *arena = pk_arena_create(EVENT_BYTES);
    char address[PK_ADDRESS_TEXT];
    char mac[PK_MAC_TEXT];
    char before[PK_MAC_TEXT];
    char rival[PK_MAC_TEXT];
    struct pk_obs_gateway body = {
        .address = pk_address_text(&sense->state.gateway, address),
        .mac = pk_mac_text(facts->mac, mac),
        .mac_before = pk_mac_text(facts->mac_before, before),
        .mac_rival = facts->has_rival ? pk_mac_text(facts->mac_rival, rival) : NULL,
        .probes = facts->probes,
        .old_answers = facts->old_answers,
        .rival_claims = facts->rival_claims,
        .unasked_claims = facts->unasked_claims,
        .rival_answers = facts->rival_answers,
        .pushed_claims = facts->pushed_claims,
        .old_holds = facts->old_holds,
        .rival_holds = facts->rival_holds,
        .link_lost_ms = pk_link_lost_ms(sense->link),
    };

    if (facts->has_rival && arena != NULL) {
        pk_link_also(&sense->state, facts->mac_rival, arena, &body.rival_also);
    }
    pk_sense_announce(sense);
    if (facts->has_rival) {
        body.rival_known = pk_known_has(
                sense->known, sense->network, PK_KNOWN_GATEWAY, body.mac_rival);
    }
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_GATEWAY, .gateway = &body });
    pk_arena_destroy(arena);
    pk_sense_checked(sense, PK_PROBE_GATEWAY);
}

static void gateway_wake(void *ctx, int64_t in_ms)
{
    struct pk_sense *sense = ctx;

    pk_loop_arm(sense->loop, &sense->gateway_timer, in_ms);
}

const struct pk_gateway_ops pk_sense_gateway_ops = {
    .ask = gateway_ask,
    .echo = gateway_echo,
    .listen = gateway_listen,
    .learnt = gateway_learnt,
    .suspect = gateway_suspect,
    .report = gateway_report,
    .wake = gateway_wake,
};

/* --- joining, leaving --------------------------------------------------------------------- */

static void on_frame(void *ctx, const struct pk_arp_frame *frame)
{
    struct pk_sense *sense = ctx;

    pk_gateway_frame(sense->gateway, frame, pk_clock_monotonic_ms());
}

void pk_sense_gateway_join(struct pk_sense *sense)
{
    const struct pk_link_state *state = &sense->state;
    struct pk_error err;
    uint8_t mac[6];
    bool known;
    int rc = pk_arp_watch_create(sense->loop, state->index, on_frame, sense, &sense->arp, &err);

    pk_sense_set_sensor(sense, SENSOR_ARP, rc == PK_OK ? SENSOR_ON : SENSOR_LIMITED,
            rc == PK_OK ? NULL
                    : rc == -EPERM || rc == PK_EACCES
                    ? "no permission (CAP_NET_RAW); the neighbour table alone is watched"
                    : "no packet socket; the neighbour table alone is watched");
    known = pk_link_gateway_mac(state, mac);
    pk_gateway_join(sense->gateway, state->mac, known ? mac : NULL, sense->arp != NULL,
            pk_clock_monotonic_ms());
}

void pk_sense_gateway_leave(struct pk_sense *sense)
{
    pk_gateway_leave(sense->gateway);
    pk_arp_watch_destroy(sense->arp);
    sense->arp = NULL;
    close_echo(sense);
    pk_loop_disarm(sense->loop, &sense->gateway_timer);
}
