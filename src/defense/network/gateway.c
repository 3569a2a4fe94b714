/* Who is the router? A router that was replaced, or that failed over (VRRP, RFC 5798), is silent
 * under its old hardware address, and the new one answers there; one that is impersonated still
 * answers. So two holders of one address that both speak are an attack, a mere change is not, and
 * one who claims what it does not answer for, or would hand on, is no router even where the true one is
 * kept silent. Two ports of one router both answer, and both hold the address. */
#include "defense/defense.h"

#define SPOOF       "network.arp_spoof"
#define SPOOF6      "network.ndp_spoof"
#define CHANGE      "network.gateway_change"
#define TWO_HOLDERS "network.arp_spoof/two-holders"
#define TWO6        "network.ndp_spoof/two-holders"
#define NO_HOLDER   "network.arp_spoof/no-holder"
#define CONFLICT    "network.arp_spoof/conflict"
#define SILENT      6 /* questions without an answer that mean something */
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

static const char *tri_text(enum pk_tri value)
{
    return value == PK_TRI_YES ? "yes" : value == PK_TRI_NO ? "no" : "not known";
}

static json_t *evidence(const struct pk_obs_gateway *g, const char *rival, const char *seen)
{
    return json_pack(
            "{s:s, s:s, s:{s:s*, s:s}, s:{s:s, s:s}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
            "seen", seen, "gateway", g->address, "before", "hardware_address", g->mac_before,
            "holds_the_address", tri_text(g->old_holds), "after", "hardware_address", rival,
            "holds_the_address", tri_text(g->rival_holds), "asked", (json_int_t)g->probes,
            "old_holder_answered", (json_int_t)g->old_answers, "new_holder_answered",
            (json_int_t)g->rival_answers, "claims_in_10_s", (json_int_t)g->rival_claims,
            "unasked_claims_in_10_s", (json_int_t)g->unasked_claims, "claims_to_everybody_in_10_s",
            (json_int_t)g->pushed_claims, "link_was_down_ms", (json_int_t)g->link_lost_ms,
            "other_addresses_of_the_new_holder", strings(&g->rival_also));
}

struct verdict {
    double confidence; /* 0: none */
    const char *rule;
    const char *seen;
};

/* Both the known router and another one are there. */
static struct verdict judge_both(const struct pk_obs_gateway *g)
{
    static const char seen[] =
            "Two devices claim the router's address, and the true one still answers";

    if (g->rival_answers > 0 && g->rival_holds == PK_TRI_YES && g->old_holds == PK_TRI_YES) {
        if (g->pushed_claims == 0) {
            return (struct verdict){ 0 };
        }
        return (struct verdict){ 0.75, CONFLICT, "Two devices have the router's address" };
    }
    if (g->rival_holds == PK_TRI_NO) {
        return (struct verdict){ 0.97, TWO_HOLDERS, seen };
    }
    if (g->unasked_claims == 0) {
        /* Equipment that answers for others when asked (proxy ARP) does not claim unasked. */
        return (struct verdict){ 0.6, TWO_HOLDERS, seen };
    }
    /* Where it answers, too, the system may have asked for the one claim. */
    return (struct verdict){ g->rival_answers == 0 || g->unasked_claims > 1 ? 0.97 : 0.75,
        TWO_HOLDERS, seen };
}

/* The known router is silent. */
static struct verdict judge_silence(const struct pk_obs_gateway *g)
{
    if (g->rival_holds == PK_TRI_NO) {
        return (struct verdict){ 0.9, NO_HOLDER,
            "A device answers for the router's address, but hands on what is sent there" };
    }
    if (g->probes >= SILENT && g->rival_answers == 0 && g->unasked_claims >= 2) {
        return (struct verdict){
            0.85, NO_HOLDER,
            "A device claims the router's address, but does not answer for it; the router is silent"
        };
    }
    return (struct verdict){ 0 };
}

/* It was this network's router before, and behaves like one. */
static bool is_standby(const struct pk_obs_gateway *g)
{
    return g->rival_known == PK_TRI_YES && g->rival_holds != PK_TRI_NO && g->rival_answers > 0;
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
    struct verdict v = { 0 };
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (strchr(g->address, ':') != NULL) {
        return judge6(o, rival, arena, out);
    }
    if (rival != NULL && is_standby(g)) {
        v = (struct verdict){ 0 };
    } else if (rival != NULL && g->rival_asks > 0 && g->unasked_claims > 0) {
        v = (struct verdict){ 0.92, "network.arp_spoof/refuted",
            "A device claims the router's address, and looks for the router itself" };
    } else if (rival != NULL) {
        v = g->old_answers > 0 ? judge_both(g) : judge_silence(g);
    }
    if (v.confidence > 0) {
        return pk_findings_add(out, arena, SPOOF, o->network, v.confidence, v.rule,
                evidence(g, rival, v.seen), o->at_ms);
    }
    if (rival != NULL && g->old_answers == 0 && g->rival_answers == 0 && g->probes >= SILENT) {
        return PK_OK; /* nobody answers: that proves nothing */
    }
    rc = pk_findings_clear(out, SPOOF, o->network, o->at_ms);
    if (rc < 0) {
        return rc;
    }
    if (rival == NULL || g->old_answers > 0) {
        return pk_findings_clear(out, CHANGE, o->network, o->at_ms);
    }
    return pk_findings_add(out, arena, CHANGE, o->network, 0.9, MOVED,
            evidence(g, rival,
                    "The router's address moved to other equipment; the old one is silent"),
            o->at_ms);
}
