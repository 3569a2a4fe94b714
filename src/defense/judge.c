#include "defense/defense.h"

int pk_defense_judge(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    int rc;

    switch ((enum pk_observation_kind)o->kind) {
    case PK_OBS_POSTURE:
        rc = pk_judge_posture(o, arena, out);
        return rc < 0 ? rc : pk_judge_patch(o, arena, out);
    case PK_OBS_NETWORK:
        return pk_judge_network(o, arena, out);
    case PK_OBS_GATEWAY:
        return pk_judge_gateway(o, arena, out);
    case PK_OBS_DNS:
        return pk_judge_dns(o, arena, out);
    case PK_OBS_TLS:
        return pk_judge_tls(o, arena, out);
    case PK_OBS_PORTAL:
        return pk_judge_portal(o, arena, out);
    case PK_OBS_LEASE:
        return pk_judge_lease(o, arena, out);
    case PK_OBS_ROUTERS:
        return pk_judge_routers(o, arena, out);
    case PK_OBS_REDIRECT:
        return pk_judge_redirect(o, arena, out);
    case PK_OBS_HTTP:
        return pk_judge_http(o, arena, out);
    case PK_OBS_PROXY:
        return pk_judge_proxy(o, arena, out);
    case PK_OBS_WIFI:
        return pk_judge_wifi(o, arena, out);
    case PK_OBS_CELL:
        return pk_judge_cell(o, arena, out);
    case PK_OBS_NAME:
        return pk_judge_name(o, arena, out);
    case PK_OBS_DRILL:
        return pk_judge_drill(o, arena, out);
    case PK_OBS_AGENT:
    case PK_OBS_CHOICE:
    case PK_OBS_APPS: /* judged by what the store knows of them: pipeline/apps.c */
        return PK_OK;
    }
    return PK_OK;
}
