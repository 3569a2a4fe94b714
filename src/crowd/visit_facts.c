/* One observation into the facts of a visit. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crowd/visit_internal.h"

#define SURE_FLAG     0.80
#define SURE_INCIDENT 0.95
#define CLASS_MASK    (PK_SIGHT_HOSTS - 1)
#define DAY_S         86400
/* What a phone that cannot hear neighbours is taken to hear: none would look like a lonely mast. */
#define NEIGHBOURS_USUAL 6

enum {
    SECURITY_OPEN = 1, /* pk_security_names */
    SECURITY_OWE = 2,
    SECURITY_WPA3 = 6,
    SECURITY_EAP = 7,
    PORTAL_CAPTIVE = 2, /* pk_portal_state_names */
    CIPHER_UNKNOWN = 0, /* pk_cell_cipher_names */
    IDENTITY_IMSI = 2,  /* pk_cell_identity_names */
};

/* What a judge's word means to others. */
static const struct meaning {
    const char *threat;
    uint8_t flag;
    uint8_t attack; /* enum pk_sight_attack */
} meanings[] = {
    { "network.arp_spoof", PK_SIGHT_GATEWAY_CHANGED, PK_SIGHT_INTERCEPTION },
    { "network.ndp_spoof", PK_SIGHT_GATEWAY_CHANGED, PK_SIGHT_INTERCEPTION },
    { "network.dhcp_rogue", PK_SIGHT_GATEWAY_CHANGED, PK_SIGHT_INTERCEPTION },
    { "network.icmp_redirect", PK_SIGHT_GATEWAY_CHANGED, PK_SIGHT_INTERCEPTION },
    { "network.ra_rogue", PK_SIGHT_GATEWAY_CHANGED, PK_SIGHT_INTERCEPTION },
    { "network.dns_spoof", PK_SIGHT_DNS_DIFFERS, PK_SIGHT_INTERCEPTION },
    { "network.dns_hijack", PK_SIGHT_DNS_DIFFERS, PK_SIGHT_INTERCEPTION },
    { "network.tls_untrusted_ca", 0, PK_SIGHT_INTERCEPTION },
    { "network.ssl_strip", PK_SIGHT_STRIPPED, PK_SIGHT_STRIPPING },
};

static uint32_t hash32(const char *text)
{
    return pk_crowd_tenant_of(text); /* 32 bits of the same hash; 0 only for no text */
}

static uint32_t host_of(const char *name)
{
    char lower[256];
    size_t len = 0;

    while (name != NULL && name[len] != '\0' && len < sizeof(lower) - 1) {
        lower[len] = (char)tolower((unsigned char)name[len]);
        len++;
    }
    lower[len] = '\0';
    return hash32(lower);
}

static uint8_t security_of(int security)
{
    switch (security) {
    case SECURITY_OPEN:
        return PK_SIGHT_OPEN;
    case SECURITY_OWE:
        return PK_SIGHT_OWE;
    case SECURITY_WPA3:
        return PK_SIGHT_WPA3;
    case SECURITY_EAP:
        return PK_SIGHT_EAP;
    default: /* also a cable, and what nobody could tell: no reason to call it open */
        return PK_SIGHT_WPA2;
    }
}

/* --- name servers ------------------------------------------------------------------------- */

/* The part of an IPv6 address that stays: a provider hands out another prefix any day. */
static const char *stable6(const char *address, char out[32])
{
    size_t groups = 0;
    size_t len = 0;

    if (strncasecmp(address, "fe80:", 5) == 0) {
        return "fe80::"; /* the router itself; its address is in the gateway already */
    }
    while (address[len] != '\0' && len < 31) {
        if (address[len] == ':' && ++groups == 2) {
            break;
        }
        out[len] = (char)tolower((unsigned char)address[len]);
        len++;
    }
    out[len] = '\0';
    return out;
}

static bool is_own(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* IPv4 first: which of both stands first changes with the order of two leases. */
static uint32_t resolver_of(const struct pk_strings *dns)
{
    const char *six = NULL;
    char text[32];

    for (size_t i = 0; i < dns->count; i++) {
        const char *address = dns->items[i];

        if (is_own(address)) {
            continue;
        }
        if (strchr(address, ':') == NULL) {
            return hash32(address);
        }
        six = six != NULL ? six : address;
    }
    return six != NULL ? hash32(stable6(six, text)) : 0;
}

/* --- the network -------------------------------------------------------------------------- */

/* What is not told stays as it was. */
void visit_note_network(struct visit_now *now, const struct pk_observation *o)
{
    const struct pk_obs_network *n = o->net;
    uint64_t gateway = pk_crowd_hardware_of(n->gateway_mac);
    uint32_t resolver = resolver_of(&n->dns);
    uint32_t place = pk_crowd_place_of(n->place);

    now->security = security_of(n->security);
    now->gateway = gateway != 0 ? gateway : now->gateway;
    now->resolver = resolver != 0 ? resolver : now->resolver;
    now->dbm = n->signal_dbm != 0 ? (int16_t)n->signal_dbm : now->dbm;
    if (place != 0) {
        now->place = place;
        now->city = pk_crowd_city_of(n->place);
    }
    now->news = true;
}

void visit_note_joined(struct visit_now *now, const struct pk_observation *o)
{
    const struct visit_now before = *now;

    *now = (struct visit_now){ .network = pk_crowd_network_of(o->network),
        .point = pk_crowd_hardware_of(o->net->bssid),
        .place = before.place, /* a device that does not know where it is has not moved far */
        .city = before.city,
        .open = true };
    if (o->net->place == NULL && before.network != now->network) {
        now->place = now->city = 0;
    }
    if (before.open && before.network == now->network) { /* the next access point of the same */
        now->resolver = before.resolver;
        now->lease = before.lease;
        now->gateway = before.gateway;
    }
    visit_note_network(now, o);
}

static bool says(const struct pk_findings *found, const char *threat)
{
    for (size_t i = 0; i < found->count; i++) {
        if (!found->items[i].cleared && strcmp(found->items[i].threat->id, threat) == 0) {
            return true;
        }
    }
    return false;
}

/* While somebody takes the router's place that somebody is the router of this visit. */
void visit_note_gateway(
        struct visit_now *now, const struct pk_observation *o, const struct pk_findings *found)
{
    const struct pk_obs_gateway *g = o->gateway;
    bool taken = says(found, "network.arp_spoof") || says(found, "network.ndp_spoof");
    uint64_t mac = pk_crowd_hardware_of(taken && g->mac_rival != NULL ? g->mac_rival : g->mac);

    now->gateway = mac != 0 ? mac : now->gateway;
    now->news = true;
}

void visit_note_lease(struct visit_now *now, const struct pk_observation *o)
{
    const struct pk_obs_lease *l = o->lease;
    uint32_t resolver = resolver_of(&l->dns);

    now->lease = l->options != NULL ? (uint32_t)strtoul(l->options, NULL, 16) : now->lease;
    now->resolver = now->resolver != 0 ? now->resolver : resolver;
    now->news = true;
}

void visit_note_portal(struct visit_now *now, const struct pk_observation *o)
{
    const struct pk_obs_portal *p = o->portal;

    if (p->state == PORTAL_CAPTIVE) {
        now->portal = hash32(p->host != NULL && p->host[0] != '\0' ? p->host : "?");
        now->news = true;
    }
}

void visit_note_wifi(struct visit_now *now, const struct pk_observation *o)
{
    const struct pk_wifi_point *points = o->wifi->points.items;

    for (size_t i = 0; i < o->wifi->points.count; i++) {
        if (points[i].connected && pk_crowd_hardware_of(points[i].bssid) == now->point) {
            now->dbm = (int16_t)points[i].signal_dbm;
        }
    }
}

/* --- certificates ------------------------------------------------------------------------- */

static int valid_of_verified(const struct pk_obs_tls *tls)
{
    switch ((enum pk_tls_trust)tls->trust) {
    case PK_TLS_TRUST_PUBLIC:
    case PK_TLS_TRUST_OWN:
        return PK_SIGHT_INTACT;
    case PK_TLS_TRUST_ORIGINAL:
        if (tls->root_known != PK_TRI_NO) {
            return PK_SIGHT_INTACT;
        }
        return tls->own ? -1 : PK_SIGHT_INSPECTED; /* another root than ever before */
    case PK_TLS_TRUST_INSTALLED:
        return tls->own ? -1 : PK_SIGHT_INSPECTED;
    case PK_TLS_TRUST_ALLOWED:
        return PK_SIGHT_INSPECTED;
    case PK_TLS_TRUST_UNKNOWN:
        break;
    }
    return -1;
}

static bool proved_before(const struct pk_obs_tls *tls)
{
    return tls->pinned || tls->version_before != NULL || tls->root_known != PK_TRI_UNKNOWN;
}

int visit_valid_of(const struct pk_obs_tls *tls, const struct pk_findings *found, bool judged)
{
    switch ((enum pk_tls_outcome)tls->outcome) {
    case PK_TLS_OK:
        return valid_of_verified(tls);
    case PK_TLS_UNTRUSTED:
    case PK_TLS_PIN:
    case PK_TLS_WRONG_NAME:
    case PK_TLS_INVALID:
        break;
    case PK_TLS_EXPIRED:
    case PK_TLS_FAILED:
    case PK_TLS_UNREACHABLE:
        return -1;
    }
    if (tls->trust == PK_TLS_TRUST_ALLOWED) {
        return PK_SIGHT_INSPECTED; /* allowed, but not installed on this device */
    }
    if (tls->chain.count == 0 || (tls->own && !proved_before(tls))) {
        return -1;
    }
    if (tls->captive == PK_TRI_YES) {
        return PK_SIGHT_FORGED; /* told with the portal: the crowd knows what those do */
    }
    if (tls->outcome == PK_TLS_UNTRUSTED || tls->outcome == PK_TLS_PIN) {
        return !judged || says(found, "network.tls_untrusted_ca") ? PK_SIGHT_FORGED : -1;
    }
    return tls->captive == PK_TRI_NO ? PK_SIGHT_FORGED : -1; /* or it is a portal, perhaps */
}

/* check_count: it was not asked yet. */
static size_t check_at(const struct visit_now *now, uint32_t host)
{
    size_t i = 0;

    while (i < now->check_count && now->checks[i].host != host) {
        i++;
    }
    return i;
}

/* The place of the oldest one that says nothing bad, or a new one. */
static struct visit_check *check_room(struct visit_now *now)
{
    if (now->check_count < PK_SIGHT_HOSTS) {
        return &now->checks[now->check_count++];
    }
    for (size_t i = 0; i < PK_SIGHT_HOSTS; i++) {
        if (now->checks[i].valid == PK_SIGHT_INTACT) {
            memmove(&now->checks[i], &now->checks[i + 1],
                    (PK_SIGHT_HOSTS - 1 - i) * sizeof(now->checks[0]));
            return &now->checks[PK_SIGHT_HOSTS - 1];
        }
    }
    return NULL;
}

static uint32_t key_of(const struct pk_obs_tls *tls)
{
    const struct pk_certificate *leaf = tls->chain.items;

    return tls->chain.count > 0 ? (uint32_t)(pk_crowd_digest_of(leaf->spki_sha256) >> 32) : 0;
}

void visit_note_check(struct visit_now *now, const struct pk_obs_tls *tls, int valid)
{
    uint32_t host = host_of(tls->host);
    struct visit_check *check;
    size_t at = check_at(now, host);

    if (tls->captive == PK_TRI_YES && now->portal == 0) {
        now->portal = hash32("?");
        now->news = true;
    }
    if (valid < 0) {
        return;
    }
    check = at < now->check_count ? &now->checks[at] : check_room(now);
    if (check == NULL) {
        return;
    }
    *check = (struct visit_check){ .host = host, .key = key_of(tls), .valid = (uint8_t)valid };
    now->news = true;
}

/* --- what the judges say ------------------------------------------------------------------ */

void visit_note_findings(struct visit_now *now, const struct pk_findings *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct pk_finding *f = &found->items[i];

        for (size_t k = 0; k < PK_COUNT(meanings) && !f->cleared; k++) {
            const struct meaning *m = &meanings[k];
            uint8_t sure = (uint8_t)(f->confidence * 100 + 0.5);

            if (strcmp(f->threat->id, m->threat) != 0 || f->confidence < SURE_FLAG) {
                continue;
            }
            now->flags |= m->flag;
            now->flags_s = m->flag != 0 ? now->at_s : now->flags_s;
            if (f->confidence >= SURE_INCIDENT) {
                now->incidents |= (uint8_t)(1U << m->attack);
                now->sure[m->attack] = sure > now->sure[m->attack] ? sure : now->sure[m->attack];
            }
            now->news = true;
        }
    }
}

bool visit_takes_back(const struct visit_now *now, const struct pk_observation *o, int valid)
{
    if (o->kind == PK_OBS_TLS) {
        size_t at = check_at(now, host_of(o->tls->host));

        return valid >= 0 && valid != PK_SIGHT_FORGED && at < now->check_count &&
                now->checks[at].valid == PK_SIGHT_FORGED && !now->checks[at].told;
    }
    return o->kind == PK_OBS_GATEWAY && now->news && (now->flags & PK_SIGHT_GATEWAY_CHANGED) != 0 &&
            pk_crowd_hardware_of(o->gateway->mac) != now->gateway;
}

/* --- masts, posture ----------------------------------------------------------------------- */

static uint32_t number(int64_t value, int64_t max)
{
    return value > 0 && value <= max ? (uint32_t)value : 0;
}

bool visit_mast_of(const struct pk_obs_cell *cell, struct pk_sight_mast *out)
{
    uint32_t plmn = pk_crowd_plmn_of(cell->plmn);

    if (plmn == 0 || cell->cell <= 0 || cell->radio == PK_RADIO_UNKNOWN) {
        return false;
    }
    *out = (struct pk_sight_mast){ .cell = (uint64_t)cell->cell,
        .plmn = plmn,
        .area = number(cell->area, 0xffffff),
        .arfcn = number(cell->arfcn, 0x3fffff),
        .pci = (uint16_t)number(cell->pci, 0xffff),
        .dbm = cell->signal_dbm < 0 && cell->signal_dbm > -200 ? (int16_t)cell->signal_dbm : 0,
        .neighbours = cell->neighbours < 0 ? NEIGHBOURS_USUAL
                                           : (uint16_t)number(cell->neighbours, 0xffff),
        .radio = (uint8_t)(cell->radio - PK_RADIO_2G + 2),
        .cipher = (int8_t)(cell->cipher - 1) };
    if (cell->identity >= IDENTITY_IMSI) {
        out->flags = PK_SIGHT_IDENTITY_ASKED;
        out->flags |= cell->authenticated == PK_TRI_NO ? PK_SIGHT_IDENTITY_UNPROVEN : 0;
    }
    return true;
}

void visit_posture_of(const struct pk_obs_posture *in, int64_t at_s, struct pk_sight_posture *out)
{
    int64_t patched_ms;
    int64_t days = 0;

    if (in->patch != NULL && pk_date_parse(in->patch, &patched_ms) == PK_OK) {
        days = (at_s - patched_ms / 1000) / DAY_S;
    }
    *out = (struct pk_sight_posture){ .patch_days = (uint16_t)number(days, 0xffff),
        .os = in->os_version != NULL
                ? (uint16_t)number((int64_t)strtoul(in->os_version, NULL, 10), 0xffff)
                : 0,
        .developer = in->developer_mode == PK_TRI_YES,
        .passcode = in->screen_lock == PK_TRI_YES };
    for (size_t i = 0; i < in->root_signs.count; i++) {
        const char *sign = in->root_signs.items[i];

        out->root = true;
        out->hook |= strcasestr(sign, "frida") != NULL || strcasestr(sign, "xposed") != NULL ||
                strcasestr(sign, "hook") != NULL;
    }
}
