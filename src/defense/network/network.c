/* What is found on a network ends when the device leaves it. */
#include "defense/defense.h"

static const char *const ends_with_the_network[] = { "network.arp_spoof", "network.ndp_spoof",
    "network.dhcp_rogue", "network.dns_spoof", "network.dns_hijack", "network.tls_untrusted_ca",
    "network.tls_downgrade", "network.ssl_strip", "network.content_tamper", "network.wpad_inject",
    "network.evil_twin", "network.captive_portal", "network.gateway_change",
    "network.icmp_redirect", "network.ra_rogue", "network.tls_installed_ca",
    "network.tls_inspection_allowed", "network.open_wifi", "network.weak_wifi", "network.rogue_ap",
    "network.deauth_wave", "network.dns_change" };

int pk_judge_network(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    (void)arena;
    if (o->net->event != PK_NETWORK_LEFT || o->network == NULL) {
        return PK_OK;
    }
    for (size_t i = 0; i < PK_COUNT(ends_with_the_network); i++) {
        int rc = pk_findings_clear(out, ends_with_the_network[i], o->network, o->at_ms);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}
