/* "Send this by another way" (RFC 792, RFC 4861 section 8): an honest one comes from the router that
 * the packet went to, and names another router of the same link (RFC 1122 section 3.2.2.2). One that
 * comes from elsewhere, or names a machine that is no router, leads traffic through a stranger. */
#include "defense/defense.h"

#define REDIRECT "network.icmp_redirect"

int pk_judge_redirect(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_redirect *r = o->redirect;
    double confidence = 0.95;
    const char *rule;
    const char *seen;
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (r->count == 0 || (r->from_router == PK_TRI_YES && r->target_router == PK_TRI_YES)) {
        rc = pk_findings_clear(out, REDIRECT, o->network, o->at_ms);
        pk_findings_part(out, r->ipv6 ? "ipv6" : "ipv4");
        return rc;
    }
    if (r->target_router == PK_TRI_YES && r->ours == PK_TRI_YES) {
        return PK_OK; /* sloppy equipment: whoever says so, the other way is a router of ours */
    }
    if (r->from_router == PK_TRI_NO) {
        rule = REDIRECT "/not-the-router";
        seen = "A machine that is not the router tells this device to send its traffic elsewhere";
    } else if (r->from_router == PK_TRI_YES && r->target_on_link == PK_TRI_YES &&
            r->target_router == PK_TRI_NO) {
        rule = REDIRECT "/to-a-host";
        seen = "This device is told to send its traffic by a machine that is no router";
        confidence = 0.85;
    } else {
        return PK_OK; /* who sent it, or what stands there, is not known */
    }
    rc = pk_findings_add(out, arena, REDIRECT, o->network, confidence, rule,
            json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:I, s:b}", "seen", seen, "claims_to_be",
                    r->from, "sent_by", r->from_mac, "other_way", r->target,
                    "other_way_hardware_address", r->target_mac, "in_the_last_minute",
                    (json_int_t)r->count, "quotes_our_packet", r->ours == PK_TRI_YES),
            o->at_ms);
    pk_findings_part(out, r->ipv6 ? "ipv6" : "ipv4");
    return rc;
}
