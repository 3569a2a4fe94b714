/* A simulated threat on its way through the policy: to the person, to the SOC, and taken back. It has a guard of its
 * own that ends with it, so that budgets, measures and rehearsals never know of it. */
#include "base/clock.h"
#include "pipeline/channels.h"
#include "pipeline/circle.h"

#define LOOK_MS 1 /* what a rule without a grace wants follows at once */

struct drill {
    struct pk_circle *circle;
    bool told;
};

/* The person is told, or why not; nothing is blocked and nobody else is asked. */
static int on_act(const struct pk_act *act, void *ctx)
{
    struct drill *drill = ctx;

    if (act->kind != PK_ACT_TELL && act->kind != PK_ACT_HOLD) {
        return PK_OK;
    }
    drill->told |= act->kind == PK_ACT_TELL && !act->would;
    return pk_circle_on_act(act, drill->circle);
}

static int begin(struct pk_circle *c, const struct pk_incident *incident,
        const struct pk_situation *situation, int64_t at_ms)
{
    struct drill drill = { .circle = c };
    struct pk_guard *guard;
    int rc = pk_guard_create(c->arena, &guard);

    if (rc < 0) {
        return pk_error_set(c->err, rc, "out of memory");
    }
    rc = pk_guard_step(guard, c->pipeline->policy, situation, at_ms, on_act, &drill);
    if (rc == PK_OK) {
        rc = pk_guard_wait(guard, c->pipeline->policy, at_ms + LOOK_MS, on_act, &drill);
    }
    if (rc == PK_OK && !drill.told) {
        rc = pk_circle_timeline(c, incident, at_ms, "held", "drill",
                "the policy tells nobody of such a threat now");
    }
    return rc;
}

static int end(struct pk_circle *c, const struct pk_incident *incident, int64_t at_ms)
{
    struct pk_act act = { .kind = PK_ACT_CLOSE,
        .at_ms = at_ms,
        .rule = "drill",
        .incident = incident->id,
        .threat = incident->threat,
        .subject = incident->subject,
        .into = "",
        .why = "the drill is over" };

    return pk_circle_on_act(&act, c);
}

/* The device plays it until its time is over: the one of this number ends now. */
static int stop(struct pk_circle *c, const struct pk_incident *incident, int64_t at_ms)
{
    const char *ask = json_string_value(json_object_get(incident->evidence, "ask"));
    int rc;

    if (ask == NULL) {
        return PK_OK;
    }
    rc = pk_circle_act(c, PK_ACTION_ASK, c->device.id, incident, at_ms,
            json_pack("{s:s, s:s, s:s, s:s}", "type", "simulate_end", "ask", ask, "threat",
                    incident->threat->id, "subject", incident->subject));
    c->news->commands = true;
    return rc < 0 ? rc : pk_circle_wake(c, at_ms);
}

int pk_circle_drill(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change)
{
    struct pk_circle_change told = { .incident = *incident, .change = change };
    struct pk_situation situation = { .group = c->device.group != NULL ? c->device.group : "",
        .ownership = c->device.ownership,
        .platform = c->device.platform,
        .risk_level = c->device.risk_level,
        .outlook = c->device.outlook,
        .zone = c->device.zone,
        .incidents = incident,
        .incident_count = incident->state == PK_INCIDENT_OPEN };
    int64_t at_ms = incident->updated_ms;
    int rc = pk_circle_tell(c, &situation, &told, at_ms);

    if (rc == PK_OK && (change == PK_CHANGE_OPENED || change == PK_CHANGE_REOPENED)) {
        rc = begin(c, incident, &situation, at_ms);
    } else if (rc == PK_OK && (change == PK_CHANGE_RESOLVED || change == PK_CHANGE_DISMISSED)) {
        rc = end(c, incident, at_ms);
    }
    return rc == PK_OK && change == PK_CHANGE_DISMISSED ? stop(c, incident, at_ms) : rc;
}
