/* What this session has seen of the networks that it was on. What clean visits teach (known.h) is learnt
 * only when the first round of questions is through; a copy of the network may come before that. */
#include <stdio.h>
#include <string.h>

#include "agent/sense_round.h"

#define MAKER_TEXT 8 /* "02:00:5e" */

static struct pk_sense_visit *find(struct pk_sense *sense, const char *network)
{
    for (size_t i = 0; i < PK_COUNT(sense->visits); i++) {
        if (network[0] != '\0' && strcmp(sense->visits[i].network, network) == 0) {
            return &sense->visits[i];
        }
    }
    return NULL;
}

static enum pk_tri has(char (*list)[PK_MAC_TEXT], const char *value, size_t len)
{
    enum pk_tri known = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < PK_SENSE_VISIT_LIST; i++) {
        if (list[i][0] != '\0') {
            known = known == PK_TRI_YES || strncmp(list[i], value, len) == 0 ? PK_TRI_YES
                                                                             : PK_TRI_NO;
        }
    }
    return known;
}

/* Newest first; the oldest gives way. */
static void add(char (*list)[PK_MAC_TEXT], const char *value)
{
    if (value[0] == '\0' || has(list, value, PK_MAC_TEXT) == PK_TRI_YES) {
        return;
    }
    memmove(list[1], list[0], (PK_SENSE_VISIT_LIST - 1UL) * PK_MAC_TEXT);
    (void)snprintf(list[0], PK_MAC_TEXT, "%s", value);
}

static void remember(struct pk_sense *sense, const struct pk_sense_visit *now)
{
    struct pk_sense_visit *visit = find(sense, now->network);

    if (visit == NULL) {
        memmove(&sense->visits[1], &sense->visits[0],
                (PK_COUNT(sense->visits) - 1) * sizeof(sense->visits[0]));
        visit = &sense->visits[0];
        *visit = (struct pk_sense_visit){ .security = now->security };
        memcpy(visit->network, now->network, sizeof(visit->network));
    }
    visit->security = now->security > visit->security ? now->security : visit->security;
    add(visit->bssids, now->bssids[0]);
    add(visit->gateways, now->gateways[0]);
}

static enum pk_tri either(enum pk_tri a, enum pk_tri b)
{
    return a == PK_TRI_YES || b == PK_TRI_YES  ? PK_TRI_YES
            : a == PK_TRI_NO || b == PK_TRI_NO ? PK_TRI_NO
                                               : PK_TRI_UNKNOWN;
}

void pk_sense_visit_next(struct pk_sense *sense)
{
    if (sense->visit.network[0] != '\0' && !sense->attacked) {
        remember(sense, &sense->visit);
    }
    sense->visit = (struct pk_sense_visit){ .security = 0 };
}

void pk_sense_visit_compare(struct pk_sense *sense, struct pk_obs_network *net)
{
    struct pk_sense_visit *before = find(sense, sense->network);
    struct pk_sense_visit *now = &sense->visit;

    if (before != NULL && net->bssid != NULL) {
        net->bssid_known = either(net->bssid_known, has(before->bssids, net->bssid, PK_MAC_TEXT));
        net->maker_known = either(net->maker_known, has(before->bssids, net->bssid, MAKER_TEXT));
        if (before->security > net->security_before) {
            net->security_before = before->security;
        }
    }
    if (before != NULL && net->gateway_mac != NULL) {
        net->gateway_known = either(
                net->gateway_known, has(before->gateways, net->gateway_mac, PK_MAC_TEXT));
    }
    *now = (struct pk_sense_visit){ .security = net->security };
    memcpy(now->network, sense->network, sizeof(now->network));
    if (net->bssid != NULL) {
        (void)snprintf(now->bssids[0], PK_MAC_TEXT, "%s", net->bssid);
    }
    if (net->gateway_mac != NULL) {
        (void)snprintf(now->gateways[0], PK_MAC_TEXT, "%s", net->gateway_mac);
    }
}

int pk_sense_visit_security(const struct pk_sense *sense, const char *network)
{
    for (size_t i = 0; i < PK_COUNT(sense->visits); i++) {
        if (strcmp(sense->visits[i].network, network) == 0) {
            return sense->visits[i].security;
        }
    }
    return !sense->attacked && strcmp(sense->visit.network, network) == 0 ? sense->visit.security
                                                                          : 0;
}

enum pk_tri pk_sense_visit_bssid(
        struct pk_sense *sense, const char *network, const char *bssid, enum pk_tri otherwise)
{
    struct pk_sense_visit *visit = find(sense, network);

    if (visit != NULL) {
        otherwise = either(otherwise, has(visit->bssids, bssid, PK_MAC_TEXT));
    }
    if (!sense->attacked && strcmp(sense->visit.network, network) == 0 &&
            strcmp(sense->visit.bssids[0], bssid) == 0) {
        return PK_TRI_YES;
    }
    return otherwise;
}
