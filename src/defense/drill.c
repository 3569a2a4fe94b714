#include "base/error.h"
#include "defense/defense.h"

#define RULE "drill/asked"

/* A drill is judged like everything else, so that what it shows is the way of a real finding; the mark goes
 * with it. What tells nobody, and what could frighten, is not rehearsed. */
int pk_judge_drill(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_drill *drill = o->drill;
    const struct pk_threat *threat = pk_threat_find(drill->threat);
    bool ends = drill->state == PK_DRILL_ENDED;
    int rc;

    if (threat == NULL || threat->careful || threat->severity == PK_SEVERITY_INFO ||
            strcmp(drill->subject, PK_DRILL_SUBJECT) != 0) {
        return PK_OK; /* of another version of the catalogue, or none of ours */
    }
    rc = ends ? pk_findings_clear(out, drill->threat, PK_DRILL_SUBJECT, o->at_ms)
              : pk_findings_add(out, arena, drill->threat, PK_DRILL_SUBJECT, 1, RULE,
                        json_pack("{s:s, s:s}", "seen", "Simulated: nothing happened", "ask",
                                drill->ask),
                        o->at_ms);
    if (rc == PK_OK) {
        out->items[out->count - 1].simulated = true;
    }
    return rc;
}
