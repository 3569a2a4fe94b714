#include "defense/defense.h"

#define PORTAL    "network.captive_portal"
#define GIVE_UP_S 600

enum {
    STATE_UNKNOWN,
    STATE_NONE,
    STATE_CAPTIVE
}; /* pk_portal_state_names */

int pk_judge_portal(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_portal *p = o->portal;

    if (o->network == NULL || p->state == STATE_UNKNOWN) {
        return PK_OK;
    }
    if (p->state == STATE_NONE) {
        return pk_findings_clear(out, PORTAL, o->network, o->at_ms);
    }
    /* Longer than anybody signs in: still no threat, but nothing to wait for either. */
    return pk_findings_add(out, arena, PORTAL, o->network, 1.0,
            p->held_s >= GIVE_UP_S ? "network.captive_portal/unusable"
                                   : "network.captive_portal/announced",
            json_pack("{s:s, s:s*, s:I, s:I}", "seen",
                    p->held_s >= GIVE_UP_S
                            ? "The network wants a sign-in and has let nothing through for long"
                            : "The network wants a sign-in before it lets through",
                    "portal_host", p->host, "test_page_status", (json_int_t)p->status,
                    "waited_seconds", (json_int_t)p->held_s),
            o->at_ms);
}
