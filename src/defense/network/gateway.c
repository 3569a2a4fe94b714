/* Who is the router? A router that was replaced, or that failed over (VRRP, RFC 5798), is silent
 * under its old hardware address; one that is impersonated still answers there. So two holders of
 * one address that both speak are an attack, a mere change is not. */
#include "defense/defense.h"

#define SPOOF       "network.arp_spoof"
#define SPOOF6      "network.ndp_spoof"
#define CHANGE      "network.gateway_change"
#define TWO_HOLDERS "network.arp_spoof/two-holders"
#define TWO6        "network.ndp_spoof/two-holders"
#define MOVED       "network.gateway_change/moved"

static const char *rival_of(const struct pk_obs_gateway *g)
{
    if (g->mac_rival != NULL) {
        return g->mac_rival;
    }
    return g->mac_before != NULL && strcmp(g->mac, g->mac_before) != 0 ? g->mac : NULL;
}

static json_t *strings(const struct pk_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(array, json_string(list->items[i]));
    }
    return array;
}

static json_t *evidence(const struct pk_obs_gateway *g, const char *rival, const char *seen)
{
    return json_pack("{s:s, s:s, s:{s:s*}, s:{s:s}, s:I, s:I, s:I, s:I, s:I, s:o}", "seen", seen,
            "gateway", g->address, "before", "hardware_address", g->mac_before, "after",
            "hardware_address", rival, "asked_the_old_holder", (json_int_t)g->probes,
            "old_holder_answered", (json_int_t)g->old_answers, "claims_in_10_s",
            (json_int_t)g->rival_claims, "unasked_claims_in_10_s", (json_int_t)g->unasked_claims,
            "link_was_down_ms", (json_int_t)g->link_lost_ms, "other_addresses_of_the_new_holder",
            strings(&g->rival_also));
}

/* NDP: the same, for each address of a router by itself (one of them may be contested, another calm). */
static int judge6(const struct pk_observation *o, const char *rival, struct pk_arena *arena,
        struct pk_findings *out)
{
    const struct pk_obs_gateway *g = o->gateway;
    bool unasked = g->unasked_claims > 0;
    int rc = rival != NULL && g->old_answers > 0
            ? pk_findings_add(out, arena, SPOOF6, o->network, unasked ? 0.97 : 0.6, TWO6,
                      evidence(g, rival,
                              "Two devices claim the router's address, and the true one still "
                              "answers"),
                      o->at_ms)
            : pk_findings_clear(out, SPOOF6, o->network, o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(out, g->address);
    }
    return rc;
}

int pk_judge_gateway(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_gateway *g = o->gateway;
    const char *rival = rival_of(g);
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (strchr(g->address, ':') != NULL) {
        return judge6(o, rival, arena, out);
    }
    if (rival != NULL && g->rival_asks > 0 && g->unasked_claims > 0) {
        return pk_findings_add(out, arena, SPOOF, o->network, 0.92, "network.arp_spoof/refuted",
                evidence(g, rival,
                        "A device claims the router's address, and looks for the router itself"),
                o->at_ms);
    }
    if (rival != NULL && g->old_answers > 0) {
        /* Equipment that answers for others when asked (proxy ARP) does not claim unasked. */
        bool unasked = g->unasked_claims > 0;

        return pk_findings_add(out, arena, SPOOF, o->network, unasked ? 0.97 : 0.6, TWO_HOLDERS,
                evidence(g, rival,
                        "Two devices claim the router's address, and the true one still answers"),
                o->at_ms);
    }
    rc = pk_findings_clear(out, SPOOF, o->network, o->at_ms);
    if (rc < 0) {
        return rc;
    }
    if (rival == NULL) {
        return pk_findings_clear(out, CHANGE, o->network, o->at_ms);
    }
    return pk_findings_add(out, arena, CHANGE, o->network, 0.9, MOVED,
            evidence(g, rival,
                    "The router's address moved to other equipment; the old one is silent"),
            o->at_ms);
}
