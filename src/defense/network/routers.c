/* Who routes IPv6 here? A further machine that announces itself while the network's own router lives
 * leads traffic astray: by being preferred, by its own name servers, by its own prefix. What cannot
 * attract traffic (border routers of smart homes, low preference) is harmless, and so is who takes over
 * from a router that is silent now. */
#include "defense/defense.h"

#define ROGUE    "network.ra_rogue"
#define HARMLESS 0.0

struct picture {
    const struct pk_router6 *rows;
    size_t count;
    bool has_known;     /* a router that belongs here */
    bool known_live;    /* which answers */
    int64_t preference; /* the best of those */
};

static bool belongs(const struct pk_router6 *r)
{
    /* The IPv4 router's own equipment; who only borrows its hardware address does not answer there. */
    return !r->odd &&
            (r->known == PK_TRI_YES || (r->is_gateway == PK_TRI_YES && r->answers != PK_TRI_NO));
}

static struct picture look(const struct pk_obs_routers *o)
{
    struct picture p = { .rows = o->routers.items, .count = o->routers.count, .preference = -1 };

    for (size_t i = 0; i < p.count; i++) {
        const struct pk_router6 *r = &p.rows[i];

        if (belongs(r) && r->lifetime_s > 0) {
            p.has_known = true;
            p.known_live |= r->answers == PK_TRI_YES;
            p.preference = r->preference > p.preference ? r->preference : p.preference;
        }
    }
    return p;
}

static bool has_text(const struct pk_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* One of the list that none of those who belong here announces; NULL: there is none. */
static const char *foreign(const struct picture *p, const struct pk_strings *list, bool dns)
{
    for (size_t i = 0; i < list->count; i++) {
        bool known = false;

        for (size_t k = 0; k < p->count && !known; k++) {
            known = belongs(&p->rows[k]) &&
                    has_text(dns ? &p->rows[k].dns : &p->rows[k].prefixes, list->items[i]);
        }
        if (!known) {
            return list->items[i];
        }
    }
    return NULL;
}

struct opinion {
    double confidence;
    const char *rule;
    const char *seen;
};

static struct opinion of_newcomer(
        const struct pk_obs_routers *o, const struct picture *p, const struct pk_router6 *r)
{
    bool routes = r->lifetime_s > 0;
    bool dns = r->dns_known != PK_TRI_YES && foreign(p, &r->dns, true) != NULL;

    if (!routes && !dns) {
        return (struct opinion){ .confidence = HARMLESS };
    }
    if (!p->has_known) {
        if (o->ipv6_before != PK_TRI_NO || r->is_gateway != PK_TRI_NO) {
            return (struct opinion){ .confidence = HARMLESS };
        }
        return (struct opinion){ dns || r->preference > 0 ? 0.9 : 0.8, ROGUE "/first",
            "A machine that is not the router brings IPv6 to a network that had none" };
    }
    if (!p->known_live) {
        return (struct opinion){ .confidence = HARMLESS }; /* it takes over, or all are silent */
    }
    if (routes && r->preference > 0 && p->preference < 1) {
        return (struct opinion){ 0.95, ROGUE "/preferred",
            "A second machine wants to be preferred to the router, which still answers" };
    }
    if (dns) {
        return (struct opinion){ 0.9, ROGUE "/name-server",
            "A second machine announces its own name server; the router still answers" };
    }
    /* One of a pair with the same prefix (its first words may have been lost), or a line in reserve. */
    if (r->preference < p->preference || foreign(p, &r->prefixes, false) == NULL) {
        return (struct opinion){ .confidence = HARMLESS };
    }
    return (struct opinion){ 0.85, ROGUE "/second",
        "A second machine announces itself as a router; the router still answers" };
}

static struct opinion of_forged(const struct pk_router6 *r)
{
    return (struct opinion){ 0.95, ROGUE "/in-its-name",
        r->lifetime_s == 0
                ? "Somebody says in the router's name that it has gone; it says it has not"
                : "Somebody speaks in the router's name; it says something else itself" };
}

static json_t *strings(const struct pk_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(array, json_string(list->items[i]));
    }
    return array;
}

static json_t *row(const struct pk_router6 *r)
{
    static const char *const preferences[] = { "low", "medium", "high" };

    return json_pack("{s:s, s:s*, s:s, s:I, s:o, s:o, s:I, s:b}", "address", r->address,
            "hardware_address", r->mac, "preference",
            preferences[r->preference < 0       ? 0
                            : r->preference > 0 ? 2
                                                : 1],
            "lifetime_s", (json_int_t)r->lifetime_s, "prefixes", strings(&r->prefixes),
            "name_servers", strings(&r->dns), "announcements_in_a_minute", (json_int_t)r->frames,
            "answers", r->answers == PK_TRI_YES);
}

static json_t *evidence(
        const struct picture *p, const struct pk_router6 *rogue, const struct opinion *opinion)
{
    json_t *known = json_array();

    for (size_t i = 0; i < p->count; i++) {
        if (&p->rows[i] != rogue && belongs(&p->rows[i])) {
            (void)json_array_append_new(known, row(&p->rows[i]));
        }
    }
    return json_pack("{s:s, s:o, s:o}", "seen", opinion->seen, "announces_itself", row(rogue),
            "routers_of_the_network", known);
}

int pk_judge_routers(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    struct picture p = look(o->routers);
    const struct pk_router6 *worst = NULL;
    struct opinion opinion = { .confidence = HARMLESS };

    if (o->network == NULL) {
        return PK_OK;
    }
    for (size_t i = 0; i < p.count; i++) {
        const struct pk_router6 *r = &p.rows[i];
        struct opinion mine = { .confidence = HARMLESS };

        if (r->odd) {
            mine = of_forged(r);
        } else if (!belongs(r) && r->known == PK_TRI_NO) {
            mine = of_newcomer(o->routers, &p, r);
        }
        if (mine.confidence > opinion.confidence) {
            opinion = mine;
            worst = r;
        }
    }
    if (worst == NULL) {
        return pk_findings_clear(out, ROGUE, o->network, o->at_ms);
    }
    return pk_findings_add(out, arena, ROGUE, o->network, opinion.confidence, opinion.rule,
            evidence(&p, worst, &opinion), o->at_ms);
}
