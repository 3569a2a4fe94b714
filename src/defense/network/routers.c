#include "defense/defense.h"

int pk_judge_routers(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    (void)o;
    (void)arena;
    (void)out;
    return PK_OK;
}
