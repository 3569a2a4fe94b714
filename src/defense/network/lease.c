/* Who hands out the network's settings, and where do they lead? A DHCP server may be moved, doubled
 * (RFC 3074) or replaced, and its resolver may change; what betrays a rogue one is that it leads
 * traffic elsewhere while the former server or router is still there. A former router that is
 * silent was replaced; a server that was met on clean visits is no stranger. */
#include "defense/defense.h"

#define ROGUE   "network.dhcp_rogue"
#define NAMES   "network.dns_change"
#define GATEWAY "network.gateway_change"

/* How sure: an alert is raised from 0.8 on. */
#define SURE     0.95
#define STRONG   0.9
#define POSSIBLE 0.75

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool differ(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

static bool has(const struct pk_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_text(list->items[i], text)) {
            return true;
        }
    }
    return false;
}

/* Does a name at least one server that b does not? An order, or fewer of the same, is no change. */
static bool adds(const struct pk_strings *a, const struct pk_strings *b)
{
    for (size_t i = 0; i < a->count && b->count > 0; i++) {
        if (!has(b, a->items[i])) {
            return true;
        }
    }
    return false;
}

static json_t *list_json(const struct pk_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(array, json_string(list->items[i]));
    }
    return array;
}

static json_t *offers_json(const struct pk_obs_lease *l)
{
    const struct pk_lease_offer *offers = l->offers.items;
    json_t *array = json_array();

    for (size_t i = 0; i < l->offers.count; i++) {
        (void)json_array_append_new(array,
                json_pack("{s:s*, s:s*, s:s*, s:o, s:s*}", "server", offers[i].server,
                        "hardware_address", offers[i].server_mac, "router", offers[i].router,
                        "name_servers", list_json(&offers[i].dns), "proxy_script", offers[i].wpad));
    }
    return array;
}

static const char *tri_text(enum pk_tri value)
{
    return value == PK_TRI_YES ? "yes" : value == PK_TRI_NO ? "no" : "not known";
}

static json_t *evidence(const struct pk_obs_lease *l, const char *seen)
{
    return json_pack("{s:s, s:{s:s*, s:s*, s:s*, s:s*, s:s*, s:o}, "
                     "s:{s:s*, s:s*, s:s*, s:s*, s:o, s:s, s:s}, s:o, s:I}",
            "seen", seen, "now", "server", l->server, "sent_by", l->sender_mac,
            "server_hardware_address", l->server_mac, "router", l->router,
            "router_hardware_address", l->router_mac, "name_servers", list_json(&l->dns), "before",
            "server", l->server_before, "server_hardware_address", l->server_mac_before, "router",
            l->router_before, "router_hardware_address", l->router_mac_before, "name_servers",
            list_json(&l->dns_before), "server_still_there", tri_text(l->server_before_alive),
            "router_still_there", tri_text(l->router_before_alive), "offers", offers_json(l),
            "link_was_down_ms", (json_int_t)l->link_lost_ms);
}

/* Somebody sends in the name of a server that stands on this link under another hardware address, and
 * is not the known router either (whose frames may leave by a second port). */
static bool is_forged(const struct pk_obs_lease *l)
{
    return differ(l->sender_mac, l->server_mac) && differ(l->sender_mac, l->router_mac_before) &&
            !same_text(l->sender_mac, l->server_mac_before);
}

struct verdict {
    double confidence;
    const char *rule;
    const char *seen;
};

static const struct pk_lease_offer *offer_of(const struct pk_obs_lease *l, const char *server)
{
    const struct pk_lease_offer *offers = l->offers.items;

    for (size_t i = 0; i < l->offers.count; i++) {
        if (same_text(offers[i].server, server)) {
            return &offers[i];
        }
    }
    return NULL;
}

/* The lease that we have came from another server than before. */
static struct verdict judge_change(const struct pk_obs_lease *l)
{
    bool stranger = differ(l->server, l->server_before) && l->server_known != PK_TRI_YES;
    bool there = l->server_before_alive == PK_TRI_YES || l->router_before_alive == PK_TRI_YES;
    /* A router's second port may send in its name: that alone makes nobody sure. */
    bool contradicted = stranger && offer_of(l, l->server_before) != NULL;

    if ((!stranger && !is_forged(l)) || !there) {
        return (struct verdict){ 0 };
    }
    if (differ(l->router, l->router_before)) {
        return (struct verdict){ SURE, ROGUE "/other-router",
            "Another machine hands out network settings and names another router, while the former "
            "ones are still there" };
    }
    if (adds(&l->dns, &l->dns_before) &&
            (l->dns_on_link == PK_TRI_YES || has(&l->dns, l->server))) {
        return (struct verdict){ contradicted ? STRONG : POSSIBLE, ROGUE "/other-names",
            "Another machine hands out network settings and names a name server in this network, "
            "while the former one is still there" };
    }
    if (adds(&l->dns, &l->dns_before) && contradicted) {
        return (struct verdict){ POSSIBLE, ROGUE "/other-names",
            "Two machines hand out network settings and name different name servers" };
    }
    return (struct verdict){ 0 };
}

/* The lease is as before, but others offer something else. */
static struct verdict judge_offers(const struct pk_obs_lease *l)
{
    const struct pk_lease_offer *offers = l->offers.items;
    bool established = same_text(l->server, l->server_before) || l->server_known == PK_TRI_YES;
    struct verdict worst = { 0 };

    for (size_t i = 0; i < l->offers.count; i++) {
        const struct pk_lease_offer *o = &offers[i];
        struct verdict v = { 0 };

        if (!differ(o->server, l->server) || o->known == PK_TRI_YES ||
                same_text(o->server, l->server_before)) {
            continue;
        }
        if (differ(o->router, l->router)) {
            v = (struct verdict){ established ? STRONG : POSSIBLE, ROGUE "/second-router",
                "A second machine offers network settings and names another router" };
        } else if (adds(&o->dns, &l->dns) && has(&o->dns, o->server) && established) {
            v = (struct verdict){ POSSIBLE, ROGUE "/second-names",
                "A second machine offers network settings and names itself as name server" };
        }
        worst = v.confidence > worst.confidence ? v : worst;
    }
    return worst;
}

/* What changed without harm is kept as a fact. */
static int tell_changes(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_lease *l = o->lease;
    int rc = PK_OK;

    if (adds(&l->dns, &l->dns_before)) {
        rc = pk_findings_add(out, arena, NAMES, o->network, 0.9, NAMES "/lease",
                evidence(l, "The network hands out another name server than before"), o->at_ms);
    }
    if (rc == PK_OK && differ(l->router, l->router_before)) {
        rc = pk_findings_add(out, arena, GATEWAY, o->network, 0.9, GATEWAY "/lease",
                evidence(l, "The network names another router than before"), o->at_ms);
    }
    return rc;
}

int pk_judge_lease(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_lease *l = o->lease;
    struct verdict changed;
    struct verdict offered;
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    changed = judge_change(l);
    offered = judge_offers(l);
    if (offered.confidence > changed.confidence) {
        changed = offered;
    }
    if (changed.rule != NULL) {
        return pk_findings_add(out, arena, ROGUE, o->network, changed.confidence, changed.rule,
                evidence(l, changed.seen), o->at_ms);
    }
    rc = pk_findings_clear(out, ROGUE, o->network, o->at_ms);
    return rc < 0 ? rc : tell_changes(o, arena, out);
}
