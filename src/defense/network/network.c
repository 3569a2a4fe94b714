/* Is this the network that it says to be, and how well is it protected? What is found on a network ends
 * when the device leaves it.
 *
 * A copy of a network (evil twin) has its name but other equipment, and lacks the password: it is open,
 * or protected worse than the original was. Other equipment alone is nothing: a second access point, a
 * mesh, a new router with the old password, a hotel of the same chain. Where the organisation lists its
 * access points, the list decides. */
#include "defense/defense.h"
#include "defense/network/wifi_level.h"

#define TWIN      "network.evil_twin"
#define ROGUE     "network.rogue_ap"
#define OPEN      "network.open_wifi"
#define WEAK      "network.weak_wifi"
#define PART      "joined" /* what neighbours in the air say is another part */
#define LINK_WIFI 1

static const char *const ends_with_the_network[] = { "network.arp_spoof", "network.ndp_spoof",
    "network.dhcp_rogue", "network.dns_spoof", "network.dns_hijack", "network.tls_untrusted_ca",
    "network.tls_downgrade", "network.ssl_strip", "network.content_tamper", "network.wpad_inject",
    "network.evil_twin", "network.captive_portal", "network.gateway_change",
    "network.icmp_redirect", "network.ra_rogue", "network.tls_installed_ca",
    "network.tls_inspection_allowed", "network.open_wifi", "network.weak_wifi", "network.rogue_ap",
    "network.deauth_wave", "network.dns_change", "network.known_bad" };

static int leave(const struct pk_observation *o, struct pk_findings *out)
{
    for (size_t i = 0; i < PK_COUNT(ends_with_the_network); i++) {
        int rc = pk_findings_clear(out, ends_with_the_network[i], o->network, o->at_ms);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

struct opinion {
    double confidence; /* 0: none */
    const char *rule;
    const char *seen;
};

static struct opinion of_twin(const struct pk_obs_network *n)
{
    int before = pk_wifi_level(n->security_before);
    int now = pk_wifi_level(n->security);
    bool weaker = now > 0 && now < before;

    if (n->listed == PK_TRI_YES) {
        return (struct opinion){ .confidence = 0 };
    }
    if (weaker && now <= PK_WIFI_LEVEL_ANYBODY && before >= PK_WIFI_LEVEL_STRONG) {
        return n->bssid_known == PK_TRI_YES
                ? (struct opinion){ 0.85, TWIN "/same-address-weaker",
                      "The access point's address is the known one, but its protection is gone" }
                : (struct opinion){ n->gateway_known == PK_TRI_NO ? 0.97 : 0.92, TWIN "/weaker",
                      "Other equipment carries the network's name, without its protection" };
    }
    if (weaker && n->security_before == PK_WIFI_EAP && n->bssid_known == PK_TRI_NO &&
            n->maker_known == PK_TRI_NO) {
        return (struct opinion){ 0.85, TWIN "/weaker",
            "Other equipment carries the network's name, with weaker protection" };
    }
    if (n->listed == PK_TRI_NO && n->gateway_known != PK_TRI_YES) {
        return (struct opinion){ 0.9, TWIN "/not-listed",
            "The access point is not on the organisation's list of this network" };
    }
    return (struct opinion){ .confidence = 0 };
}

/* Not on the list, but it leads to the known router: somebody has extended the network. */
static struct opinion of_rogue(const struct pk_obs_network *n)
{
    return n->listed == PK_TRI_NO && n->gateway_known == PK_TRI_YES
            ? (struct opinion){ 0.85, ROGUE "/not-listed",
                  "An access point that is not on the organisation's list leads into its network" }
            : (struct opinion){ .confidence = 0 };
}

static struct opinion of_weak(const struct pk_obs_network *n)
{
    switch (n->security) {
    case PK_WIFI_WEP:
        return (struct opinion){ 0.9, WEAK "/wep", "The Wi-Fi is protected by WEP" };
    case PK_WIFI_WPA:
        return (struct opinion){ 0.85, WEAK "/wpa",
            "The Wi-Fi is protected by the first WPA (TKIP)" };
    default:
        return (struct opinion){ .confidence = 0 };
    }
}

/* Below the confidence that troubles people: it is no attack. */
static struct opinion of_open(const struct pk_obs_network *n)
{
    return n->security == PK_WIFI_OPEN
            ? (struct opinion){ 0.7, OPEN "/no-protection", "The Wi-Fi has no protection" }
            : (struct opinion){ .confidence = 0 };
}

static json_t *evidence(const struct pk_obs_network *n, const char *seen)
{
    static const char *const tri[] = { "not known", "no", "yes" };

    return json_pack("{s:s, s:s*, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s, s:s, s:I}", "seen",
            seen, "access_point", n->bssid, "access_point_known", tri[n->bssid_known],
            "maker_known", tri[n->maker_known], "protection", pk_security_names[n->security],
            "protection_before", pk_security_names[n->security_before], "router_known",
            tri[n->gateway_known], "router", n->gateway, "router_hardware_address", n->gateway_mac,
            "on_the_organisations_list", tri[n->listed], "place",
            n->place != NULL ? n->place : "not known", "clean_visits", (json_int_t)n->visits);
}

static int conclude(const struct pk_observation *o, const char *threat, const struct opinion *mine,
        struct pk_arena *arena, struct pk_findings *out)
{
    return mine->confidence > 0 ? pk_findings_add(out, arena, threat, o->network, mine->confidence,
                                          mine->rule, evidence(o->net, mine->seen), o->at_ms)
                                : pk_findings_clear(out, threat, o->network, o->at_ms);
}

int pk_judge_network(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_network *n = o->net;
    struct opinion twin;
    struct opinion rogue;
    struct opinion weak;
    struct opinion open;
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (n->event == PK_NETWORK_LEFT) {
        return leave(o, out);
    }
    if (n->link != LINK_WIFI || n->security == PK_WIFI_UNKNOWN) {
        return PK_OK;
    }
    twin = of_twin(n);
    rogue = of_rogue(n);
    weak = of_weak(n);
    open = of_open(n);
    if (twin.confidence > 0) { /* then this is no trait of the true network */
        rogue.confidence = weak.confidence = open.confidence = 0;
    }
    rc = conclude(o, TWIN, &twin, arena, out);
    pk_findings_part(out, PART);
    if (rc == PK_OK) {
        rc = conclude(o, ROGUE, &rogue, arena, out);
        pk_findings_part(out, PART);
    }
    if (rc == PK_OK) {
        rc = conclude(o, WEAK, &weak, arena, out);
    }
    return rc == PK_OK ? conclude(o, OPEN, &open, arena, out) : rc;
}
