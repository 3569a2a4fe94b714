/* Proxy scripts. Whoever names the script decides which way the web traffic of all goes that look for one.
 * An organisation's own is told apart by its list, and one that a network has always had by what was
 * learnt of it; a stranger's is known by who hands it out and where it stands. */
#include <string.h>

#include "defense/defense.h"

#define INJECT "network.wpad_inject"

enum {
    SOURCE_NONE,
    SOURCE_DHCP,
    SOURCE_DNS,
    SOURCE_LLMNR,
    SOURCE_MDNS,
    SOURCE_NETBIOS
}; /* pk_proxy_source_names */

struct verdict {
    double confidence; /* 0: harmless */
    const char *rule;
    const char *seen;
};

static bool on_the_link(const struct pk_obs_proxy *p)
{
    return p->source == SOURCE_LLMNR || p->source == SOURCE_MDNS || p->source == SOURCE_NETBIOS;
}

/* The script stands with a neighbour that has no business to hand it out. */
static bool by_neighbour(const struct pk_obs_proxy *p)
{
    return p->on_link == PK_TRI_YES &&
            !(p->source == SOURCE_DHCP && p->server_router == PK_TRI_YES);
}

static struct verdict judge_offer(const struct pk_obs_proxy *p)
{
    static const struct verdict harmless = { .confidence = 0 };
    bool leads = p->sha256 != NULL && p->direct != PK_TRI_YES;

    if (p->answers_all == PK_TRI_YES && on_the_link(p)) {
        return (struct verdict){
            0.95, "network.wpad_inject/answers-all",
            "A neighbour says to be the proxy server, and also to be a machine that does not exist"
        };
    }
    if (p->known == PK_TRI_YES) {
        return harmless;
    }
    if (!leads) {
        /* Nobody can be led by a script that cannot be read; but such an offer is odd enough. */
        return p->sha256 == NULL && p->source == SOURCE_DHCP && p->server_known == PK_TRI_NO
                ? (struct verdict){ 0.7, "network.wpad_inject/unknown-server",
                      "A server that is not this network's names a proxy script" }
                : harmless;
    }
    if (p->source == SOURCE_DHCP && p->server_known == PK_TRI_NO) {
        return (struct verdict){ 0.95, "network.wpad_inject/unknown-server",
            "A server that is not this network's hands out a proxy script" };
    }
    if (by_neighbour(p)) {
        return (struct verdict){ p->known == PK_TRI_NO ? 0.93 : 0.85,
            "network.wpad_inject/neighbour",
            "A neighbour on this network hands out a proxy script" };
    }
    if (p->known == PK_TRI_NO) {
        return (struct verdict){ p->proxy_on_link == PK_TRI_YES ? 0.9 : 0.82,
            "network.wpad_inject/new", "This network hands out a proxy script that it never had" };
    }
    return harmless;
}

static json_t *evidence_of(const struct pk_obs_proxy *p, const char *seen)
{
    json_t *proxies = json_array();
    json_t *out;

    for (size_t i = 0; i < p->proxies.count; i++) {
        (void)json_array_append_new(proxies, json_string(p->proxies.items[i]));
    }
    out = json_pack("{s:s, s:s, s:s, s:s*, s:o, s:s*, s:I}", "seen", seen, "offered_by",
            pk_proxy_source_names[p->source], "script", p->url, "server", p->server, "leads_to",
            proxies, "sha256", p->sha256, "status", (json_int_t)p->status);
    if (p->server_known != PK_TRI_UNKNOWN) {
        (void)json_object_set_new(
                out, "server_is_known", json_boolean(p->server_known == PK_TRI_YES));
    }
    if (p->on_link != PK_TRI_UNKNOWN) {
        (void)json_object_set_new(
                out, "script_is_on_this_link", json_boolean(p->on_link == PK_TRI_YES));
    }
    if (p->answers_all != PK_TRI_UNKNOWN) {
        (void)json_object_set_new(
                out, "answers_to_made_up_names", json_boolean(p->answers_all == PK_TRI_YES));
    }
    return out;
}

int pk_judge_proxy(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_proxy *p = o->proxy;
    struct verdict verdict = { .confidence = 0 };
    int rc;

    if (o->network == NULL || p->captive == PK_TRI_YES) {
        return PK_OK;
    }
    if (p->source == SOURCE_NONE) {
        return pk_findings_clear(out, INJECT, o->network, o->at_ms);
    }
    if (p->url != NULL && p->allowed != PK_TRI_YES) {
        verdict = judge_offer(p);
    }
    rc = verdict.confidence > 0
            ? pk_findings_add(out, arena, INJECT, o->network, verdict.confidence, verdict.rule,
                      evidence_of(p, verdict.seen), o->at_ms)
            : pk_findings_clear(out, INJECT, o->network, o->at_ms);
    if (rc == PK_OK) {
        pk_findings_part(out, pk_proxy_source_names[p->source]);
    }
    return rc;
}
