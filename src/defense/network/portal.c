#include "defense/defense.h"

#define PORTAL "network.captive_portal"

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
    return pk_findings_add(out, arena, PORTAL, o->network, 1.0, "network.captive_portal/announced",
            json_pack("{s:s, s:s*, s:I}", "seen",
                    "The network wants a sign-in before it lets through", "portal_host", p->host,
                    "test_page_status", (json_int_t)p->status),
            o->at_ms);
}
