#include <stdio.h>
#include <string.h>

#include "agent/lease_sources.h"
#include "agent/nl80211.h"
#include "agent/place_file.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"

#define EVENT_BYTES     (32UL * 1024)
#define FILE_MAX        (64UL * 1024)
#define ANNOUNCE_MS     1000 /* a gateway that does not answer is no reason to be silent */
#define DNS_SHARE       4 /* asked again when a quarter of the time on this network has gone by */
#define DNS_GAP_MAX     PK_HOUR_MS
#define ATTACK_GAP_MS   8000 /* between rounds while an attack is young */
#define ATTACK_YOUNG_MS PK_MINUTE_MS
#define SIGNAL_MIN      (-200) /* dBm; below it no radio hears anything */

#define STUB_FILE "/run/systemd/resolve/resolv.conf" /* the real servers behind 127.0.0.53 */

enum {
    AGENT_SENSORS = 2
};
enum {
    LINK_WIFI = 1
};

/* --- what is told ------------------------------------------------------------------------- */

void pk_sense_set_sensor(
        struct pk_sense *sense, enum pk_sense_sensor which, int state, const char *why)
{
    struct pk_sensor *sensor = &sense->sensors[which];
    struct pk_obs_agent body = { .event = AGENT_SENSORS, .version = PK_VERSION };

    if (sensor->state == state && sensor->why == why) {
        return;
    }
    sensor->state = state;
    sensor->why = why;
    body.sensors = pk_sense_sensors(sense);
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_AGENT, .agent = &body });
}

static void fill_dns(const struct pk_sense *sense, struct pk_arena *arena, struct pk_strings *out)
{
    char text[PK_ADDRESS_TEXT];

    out->items = pk_arena_alloc(arena, PK_RESOLV_MAX, sizeof(*out->items));
    for (size_t i = 0; i < sense->resolv.count && out->items != NULL; i++) {
        out->items[i] = pk_arena_strdup(arena, pk_address_text(&sense->resolv.servers[i], text));
        out->count += out->items[i] != NULL;
    }
}

static bool on_wifi(const struct pk_sense *sense)
{
    return sense->wifi.connected && sense->wifi.ssid[0] != '\0';
}

static void tell_network(struct pk_sense *sense, enum pk_network_event event)
{
    struct pk_arena *arena = pk_arena_create(EVENT_BYTES);
    const uint8_t *mac = pk_gateway_learnt(sense->gateway);
    const struct pk_address *gateway = sense->state.gateway.family != 0 ? &sense->state.gateway
                                                                        : &sense->state.gateway6;
    struct pk_obs_network net = { .event = (int)event, .link = sense->state.kind };
    char gateway_text[PK_ADDRESS_TEXT];
    char mac_text[PK_MAC_TEXT];
    char place[PK_PLACE_TEXT];
    char name[64];

    if (arena == NULL) {
        return;
    }
    pk_sense_visit_next(sense);
    snprintf(name, sizeof(name), "%s", sense->wifi.ssid);
    if (on_wifi(sense)) {
        net.link = LINK_WIFI;
        net.security = sense->wifi.security;
        net.bssid = sense->wifi.bssid[0] != '\0' ? sense->wifi.bssid : NULL;
        net.signal_dbm = sense->wifi.signal_dbm < 0 && sense->wifi.signal_dbm >= SIGNAL_MIN
                ? sense->wifi.signal_dbm
                : 0;
    } else {
        snprintf(
                name, sizeof(name), "%s (%s)", pk_link_names[sense->state.kind], sense->state.name);
    }
    net.name = name;
    if (gateway->family != 0) {
        net.gateway = pk_address_text(gateway, gateway_text);
    }
    if (mac != NULL) {
        net.gateway_mac = pk_mac_text(mac, mac_text);
    }
    if (event != PK_NETWORK_LEFT) {
        fill_dns(sense, arena, &net.dns);
        net.dhcp_server = sense->lease.server[0] != '\0' ? sense->lease.server : NULL;
        net.place = pk_place_now(sense->set.place_file, sense->set.place, place);
        pk_sense_compare_network(sense, &net);
        pk_sense_visit_compare(sense, &net);
        pk_sense_note_network(sense, &net);
    }
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_NETWORK, .net = &net });
    pk_arena_destroy(arena);
}

void pk_sense_tell_again(struct pk_sense *sense)
{
    if (sense->announced) {
        tell_network(sense, PK_NETWORK_CHANGED);
    }
}

/* "192.168.77.0/24 02:77:00:00:00:01", or the SSID. */
static void name_network(struct pk_sense *sense)
{
    const uint8_t *mac = pk_gateway_learnt(sense->gateway);
    struct pk_address prefix = sense->state.address;
    unsigned bits = sense->state.prefix;
    char address[PK_ADDRESS_TEXT];
    char mac_text[PK_MAC_TEXT] = "";
    char identity[128];

    for (unsigned i = 0; i < 4; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;

        prefix.bytes[i] &= kept >= 8 ? 0xff : (uint8_t)(0xff00 >> kept);
    }
    if (mac != NULL) {
        pk_mac_text(mac, mac_text);
    }
    snprintf(identity, sizeof(identity), "%s/%u %s", pk_address_text(&prefix, address), bits,
            mac_text);
    pk_network_id(
            sense->set.network_key, on_wifi(sense) ? sense->wifi.ssid : identity, sense->network);
}

/* --- files -------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct pk_buffer *out)
{
    *out = pk_buffer_of(FILE_MAX);
    if (path != NULL && pk_file_read(path, out, NULL) == PK_OK) {
        return true;
    }
    pk_buffer_finish(out);
    return false;
}

static void read_resolv(struct pk_sense *sense)
{
    static const uint8_t stub[4] = { 127, 0, 0, 53 };
    struct pk_resolv resolv = { 0 };
    struct pk_buffer text;

    if (read_file(sense->set.resolv_file, &text)) {
        pk_resolv_parse(pk_buffer_slice(&text), &resolv);
        pk_buffer_finish(&text);
    }
    if (resolv.count == 1 && memcmp(resolv.servers[0].bytes, stub, 4) == 0 &&
            read_file(STUB_FILE, &text)) {
        struct pk_resolv behind;

        pk_resolv_parse(pk_buffer_slice(&text), &behind);
        pk_buffer_finish(&text);
        resolv = behind.count > 0 ? behind : resolv;
    }
    if (resolv.count > 0) { /* an empty one is being written */
        sense->resolv = resolv;
    }
}

/* From the card's report, or from the kernel (nl80211). False: nobody tells. */
static bool read_wifi(struct pk_sense *sense)
{
    struct pk_buffer text;

    if (sense->set.wifi_file == NULL) {
        if (sense->state.kind != LINK_WIFI ||
                !pk_nl80211_scan(
                        sense->state.index, sense->air, PK_COUNT(sense->air), &sense->air_count)) {
            return false;
        }
    } else if (read_file(sense->set.wifi_file, &text)) {
        sense->air_count = pk_wifi_rows(pk_buffer_slice(&text), sense->air, PK_COUNT(sense->air));
        pk_buffer_finish(&text);
    } else {
        return false;
    }
    sense->wifi = (struct pk_wifi){ 0 };
    for (size_t i = 0; i < sense->air_count; i++) {
        if (sense->air[i].connected) {
            sense->wifi = sense->air[i];
            break;
        }
    }
    return true;
}

/* An old one of another network stays behind: it must be about the address that we have. */
static void read_system_lease(struct pk_sense *sense)
{
    struct pk_lease lease;

    if (pk_lease_find("", sense->state.name, sense->state.index, &lease) &&
            pk_address_same(&lease.address, &sense->state.address)) {
        sense->lease = lease;
    } else {
        sense->lease = (struct pk_lease){ 0 };
    }
}

static void read_files(struct pk_sense *sense)
{
    struct pk_buffer text;
    bool has_wifi = read_wifi(sense);

    if (read_file(sense->set.lease_file, &text)) {
        pk_lease_parse(pk_buffer_slice(&text), &sense->lease);
        pk_buffer_finish(&text);
    } else if (sense->set.lease_file == NULL) {
        read_system_lease(sense);
    }
    read_resolv(sense);
    pk_sense_set_sensor(sense, SENSOR_WIFI, has_wifi ? SENSOR_ON : SENSOR_LIMITED,
            has_wifi ? NULL : "no report of the Wi-Fi card");
    pk_sense_set_sensor(sense, SENSOR_DNS, sense->resolv.count > 0 ? SENSOR_ON : SENSOR_LIMITED,
            sense->resolv.count > 0 ? NULL : "no name server is known");
}

static bool same_resolv(const struct pk_resolv *a, const struct pk_resolv *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++) {
        same = memcmp(a->servers[i].bytes, b->servers[i].bytes, 16) == 0;
    }
    return same;
}

/* --- joining, changing, leaving ----------------------------------------------------------- */

/* A resolver can begin to lie without any sign on the link. It is asked often while a network is
 * new, and ever more rarely while nothing happens: some 60 rounds in a quiet day instead of 2,000.
 * An attack comes in steps: who is in the middle now forges names and pages a moment later. */
int64_t pk_sense_dns_gap(const struct pk_sense *sense, int64_t now_ms)
{
    int64_t gap = (now_ms - sense->announced_ms) / DNS_SHARE;

    if (sense->attacked && now_ms - sense->attacked_ms < ATTACK_YOUNG_MS &&
            sense->set.dns_every_ms > ATTACK_GAP_MS) {
        return ATTACK_GAP_MS;
    }
    gap = gap > DNS_GAP_MAX ? DNS_GAP_MAX : gap;
    return gap < sense->set.dns_every_ms ? sense->set.dns_every_ms : gap;
}

void pk_sense_announce(struct pk_sense *sense)
{
    if (sense->announced) {
        return;
    }
    pk_loop_disarm(sense->loop, &sense->announce_timer);
    sense->announced = true;
    name_network(sense);
    tell_network(sense, PK_NETWORK_JOINED);
    pk_sense_parts_announced(sense);
    pk_sense_round(sense, PK_PROBE_WEB, true);
    sense->announced_ms = pk_clock_monotonic_ms();
    pk_loop_arm(sense->loop, &sense->dns_timer, pk_sense_dns_gap(sense, sense->announced_ms));
    pk_loop_arm(sense->loop, &sense->tls_timer, sense->set.tls_every_ms);
}

void pk_sense_leave(struct pk_sense *sense)
{
    if (!sense->on_network) {
        return;
    }
    pk_sense_forget_round(sense);
    pk_sense_parts_leave(sense);
    if (sense->announced) {
        tell_network(sense, PK_NETWORK_LEFT);
    }
    pk_known_left(sense->known);
    pk_sense_gateway_leave(sense);
    pk_loop_disarm(sense->loop, &sense->announce_timer);
    pk_loop_disarm(sense->loop, &sense->captive_timer);
    pk_loop_disarm(sense->loop, &sense->dns_timer);
    pk_loop_disarm(sense->loop, &sense->tls_timer);
    sense->on_network = sense->announced = false;
    sense->network[0] = '\0';
    pk_sense_checked(sense, PK_PROBE_GATEWAY);
}

static void join(struct pk_sense *sense, const struct pk_link_state *state)
{
    sense->state = *state;
    sense->on_network = true;
    read_files(sense);
    pk_sense_parts_join(sense);
    if (state->gateway.family != AF_INET) {
        pk_sense_announce(sense); /* no ARP here */
        return;
    }
    pk_loop_arm(sense->loop, &sense->announce_timer, ANNOUNCE_MS);
    pk_sense_gateway_join(sense);
}

static bool same_place(const struct pk_link_state *a, const struct pk_link_state *b)
{
    return a->index == b->index && memcmp(a->mac, b->mac, 6) == 0 && a->prefix == b->prefix &&
            pk_address_same(&a->gateway, &b->gateway) &&
            (a->gateway.family != 0 || pk_address_same(&a->gateway6, &b->gateway6));
}

/* Reads the files again and acts on what is different. */
void pk_sense_refresh(struct pk_sense *sense)
{
    struct pk_resolv resolv = sense->resolv;
    struct pk_lease lease = sense->lease;
    struct pk_wifi wifi = sense->wifi;
    bool names_differ;
    bool lease_differs;
    bool wifi_differs;

    read_files(sense);
    if (!sense->announced) {
        return;
    }
    names_differ = !same_resolv(&resolv, &sense->resolv);
    lease_differs = !pk_lease_same(&lease, &sense->lease);
    wifi_differs = strcmp(wifi.ssid, sense->wifi.ssid) != 0 ||
            strcmp(wifi.bssid, sense->wifi.bssid) != 0 || wifi.security != sense->wifi.security;
    if (strcmp(wifi.ssid, sense->wifi.ssid) != 0) { /* another network, whatever its numbers */
        struct pk_link_state state = sense->state;

        pk_sense_leave(sense);
        join(sense, &state);
        return;
    }
    if (names_differ || lease_differs || wifi_differs) {
        tell_network(sense, PK_NETWORK_CHANGED);
        pk_sense_parts_change(sense,
                (names_differ ? PK_CHANGED_NAMES : 0U) | (lease_differs ? PK_CHANGED_LEASE : 0U) |
                        (wifi_differs ? PK_CHANGED_WIFI : 0U));
        pk_sense_round(sense, PK_PROBE_WEB, true);
    }
    pk_sense_parts_change(sense, PK_CHANGED_AIR);
    if (wifi_differs) { /* the same address may be another router behind this access point */
        pk_gateway_check(sense->gateway, pk_clock_monotonic_ms());
    }
}

void pk_sense_on_link(void *ctx, const struct pk_link_state *state)
{
    struct pk_sense *sense = ctx;
    bool relinked = state->epoch != sense->state.epoch;

    if (!state->up) {
        pk_sense_leave(sense);
        sense->state.epoch = state->epoch;
        return;
    }
    if (!sense->on_network || !same_place(state, &sense->state)) {
        pk_sense_leave(sense);
        join(sense, state);
        return;
    }
    sense->state = *state;
    pk_sense_refresh(sense);
    pk_sense_parts_change(sense, PK_CHANGED_ADDRESS | (relinked ? PK_CHANGED_LINK : 0U));
    if (relinked && sense->on_network) { /* the cable may lead elsewhere now */
        pk_gateway_check(sense->gateway, pk_clock_monotonic_ms());
        pk_sense_round(sense, PK_PROBE_WEB, false);
    }
}
