/* What a clean visit teaches of the network itself, and the comparison with it. Hosts and pages are
 * noted by those who ask them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/sense_round.h"
#include "base/clock.h"

enum pk_tri pk_sense_listed(
        const struct pk_sense *sense, const char *ssid, const char *bssid, int security)
{
    const struct pk_trust_network *row = pk_trust_network(sense->trust, ssid);
    bool fits;

    if (row == NULL) {
        return PK_TRI_UNKNOWN;
    }
    fits = row->bssids.count == 0;
    for (size_t i = 0; i < row->bssids.count && !fits; i++) {
        fits = strcasecmp(row->bssids.items[i], bssid) == 0;
    }
    return fits && (security == 0 || security >= row->security) ? PK_TRI_YES : PK_TRI_NO;
}

void pk_sense_compare_network(const struct pk_sense *sense, struct pk_obs_network *net)
{
    const char *best;
    char maker[9];

    net->visits = pk_known_visits(sense->known, sense->network);
    if (net->gateway_mac != NULL) {
        net->gateway_known = pk_known_has(
                sense->known, sense->network, PK_KNOWN_GATEWAY, net->gateway_mac);
    }
    if (net->bssid == NULL) {
        return;
    }
    net->listed = pk_sense_listed(sense, sense->wifi.ssid, net->bssid, net->security);
    snprintf(maker, sizeof(maker), "%.8s", net->bssid);
    net->bssid_known = pk_known_has(sense->known, sense->network, PK_KNOWN_BSSID, net->bssid);
    net->maker_known = pk_known_has(sense->known, sense->network, PK_KNOWN_MAKER, maker);
    for (size_t i = 0;
            (best = pk_known_at(sense->known, sense->network, PK_KNOWN_SECURITY, i)) != NULL; i++) {
        for (int k = 0; pk_security_names[k] != NULL; k++) {
            if (k > net->security_before && strcmp(pk_security_names[k], best) == 0) {
                net->security_before = k;
            }
        }
    }
}

void pk_sense_note_network(struct pk_sense *sense, const struct pk_obs_network *net)
{
    char maker[9];

    if (net->gateway_mac != NULL) {
        pk_known_note(sense->known, sense->network, PK_KNOWN_GATEWAY, net->gateway_mac);
    }
    if (net->bssid != NULL) {
        snprintf(maker, sizeof(maker), "%.8s", net->bssid);
        pk_known_note(sense->known, sense->network, PK_KNOWN_BSSID, net->bssid);
        pk_known_note(sense->known, sense->network, PK_KNOWN_MAKER, maker);
        pk_known_note(
                sense->known, sense->network, PK_KNOWN_SECURITY, pk_security_names[net->security]);
    }
}

void pk_sense_rested(struct pk_sense *sense)
{
    if (!sense->announced || sense->asking != 0 || sense->portal_state == PK_PORTAL_CAPTIVE) {
        return;
    }
    if (sense->attacked || pk_gateway_odd(sense->gateway)) {
        pk_known_forget_notes(sense->known);
        return;
    }
    pk_known_settle(sense->known, sense->network, pk_clock_ms());
}

void pk_sense_attacked(struct pk_sense *sense, bool open)
{
    bool begins = open && !sense->attacked;

    sense->attacked = open;
    if (begins) {
        sense->attacked_ms = pk_clock_monotonic_ms();
        if (sense->announced) {
            pk_loop_arm(
                    sense->loop, &sense->dns_timer, pk_sense_dns_gap(sense, sense->attacked_ms));
        }
    }
    if (open) {
        pk_known_forget_notes(sense->known);
    }
}
