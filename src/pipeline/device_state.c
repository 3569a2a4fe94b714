#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "model/words.h"
#include "pipeline/circle.h"
#include "risk/fuse.h"
#include "store/alerts.h"

static int short_of_memory(struct pk_circle *c)
{
    return pk_error_set(c->err, PK_ENOMEM, "out of memory");
}

static json_t *keep(struct pk_circle *c, json_t *value)
{
    return value != NULL && pk_arena_defer(c->arena, pk_json_release, value) == PK_OK ? value
                                                                                      : NULL;
}

/* The body of the observation's kind as JSON, with its time. */
static json_t *body_at(struct pk_circle *c, const struct pk_observation *o)
{
    json_t *all = keep(c, pk_observation_encode(o, true));
    json_t *body = keep(c, json_copy(json_object_get(all, pk_observation_kind_names[o->kind])));
    char at[PK_TIME_TEXT];

    if (body != NULL) {
        (void)json_object_set_new(body, "at", json_string(pk_time_format(o->at_ms, at)));
    }
    return body;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static int note_posture(struct pk_circle *c, const struct pk_observation *o)
{
    const struct pk_obs_posture *p = o->posture;

    c->device.posture = body_at(c, o);
    if (c->device.posture == NULL) {
        return short_of_memory(c);
    }
    c->device.platform = p->platform;
    c->device.model = or_empty(p->model);
    c->device.os_name = or_empty(p->os_name);
    c->device.os_version = or_empty(p->os_version);
    c->device.kernel = or_empty(p->kernel);
    c->device.patch = p->patch;
    c->risk_stale = true;
    return PK_OK;
}

static int note_network(struct pk_circle *c, const struct pk_observation *o)
{
    if (o->net->event == PK_NETWORK_LEFT) {
        c->device.network = NULL;
        return PK_OK;
    }
    c->device.network = body_at(c, o);
    if (c->device.network == NULL) {
        return short_of_memory(c);
    }
    (void)json_object_del(c->device.network, "event");
    if (o->network != NULL) {
        (void)json_object_set_new(c->device.network, "id", json_string(o->network));
    }
    return PK_OK;
}

static int note_portal(struct pk_circle *c, const struct pk_observation *o)
{
    const char *state = pk_portal_state_names[o->portal->state];
    const char *before = json_string_value(json_object_get(c->device.network, "portal"));
    json_t *network;

    if (c->device.network == NULL || (before != NULL && strcmp(before, state) == 0)) {
        return PK_OK;
    }
    network = keep(c, json_copy(c->device.network));
    if (network == NULL) {
        return short_of_memory(c);
    }
    (void)json_object_set_new(network, "portal", json_string(state));
    c->device.network = network;
    c->row_stale = true;
    return PK_OK;
}

/* What the person said last stands in the alert's row; that it was shown is no answer. */
static int note_answer(struct pk_circle *c, int64_t action, const struct pk_observation *o)
{
    struct pk_alert_row row;
    int rc = pk_alert_of_action(c->store, action, c->arena, &row, NULL);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : pk_error_set(c->err, rc, "an alert cannot be read");
    }
    row.shown_ms = row.shown_ms == 0 ? o->at_ms : row.shown_ms;
    if (o->choice->choice + 1 > row.answer) {
        row.answer = o->choice->choice + 1;
        row.answered_ms = o->at_ms;
    }
    return pk_alert_put(c->store, &row, c->err);
}

/* The person saw an alert, or did something about it. */
static int note_choice(struct pk_circle *c, const struct pk_observation *o)
{
    static const char *const words[] = { "shown", "closed", "acted upon", "ignored",
        "called a mistake" };
    struct pk_action action;
    struct pk_incident incident = { 0 };
    char *end;
    int64_t id = o->choice->alert != NULL ? strtoll(o->choice->alert, &end, 10) : 0;
    int rc;

    if (id <= 0) {
        return PK_OK;
    }
    rc = pk_action_get(c->store, id, c->arena, &action, c->err);
    if (rc == PK_ENOENT ||
            (rc == PK_OK &&
                    (action.kind != PK_ACTION_ALERT || strcmp(action.target, c->device.id) != 0))) {
        return PK_OK; /* not this device's alert: nothing to say about it */
    }
    if (rc == PK_OK) {
        rc = pk_action_mark(c->store, id, PK_ACTION_SHOWN, o->at_ms, NULL, c->err);
    }
    if (rc == PK_OK) {
        rc = note_answer(c, id, o);
    }
    if (rc == PK_OK && action.incident != NULL) {
        (void)snprintf(incident.id, sizeof(incident.id), "%s", action.incident);
        rc = pk_circle_timeline(c, &incident, o->at_ms, "seen", "user", words[o->choice->choice]);
    }
    return rc < 0 ? rc : pk_circle_event(c, "alert.shown", action.incident, o->at_ms, NULL);
}

int pk_circle_note(struct pk_circle *c, const struct pk_observation *o)
{
    switch ((enum pk_observation_kind)o->kind) {
    case PK_OBS_POSTURE:
        c->row_stale = true;
        return note_posture(c, o);
    case PK_OBS_NETWORK:
        c->row_stale = true;
        return note_network(c, o);
    case PK_OBS_PORTAL:
        return note_portal(c, o);
    case PK_OBS_CHOICE:
        return note_choice(c, o);
    case PK_OBS_AGENT:
        c->device.agent = o->agent->version;
        /* Until the person chooses another one on the page, it is the agent's. */
        if (o->agent->language != NULL && or_empty(c->device.language)[0] == '\0') {
            const char *known = pk_language_known(o->agent->language);

            c->device.language = known != NULL ? known : "";
        }
        c->row_stale = true;
        return PK_OK;
    case PK_OBS_GATEWAY:
    case PK_OBS_DNS:
    case PK_OBS_TLS:
    case PK_OBS_LEASE:
    case PK_OBS_ROUTERS:
    case PK_OBS_REDIRECT:
    case PK_OBS_HTTP:
    case PK_OBS_PROXY:
    case PK_OBS_WIFI:
    case PK_OBS_CELL:
    case PK_OBS_NAME:
    case PK_OBS_APPS:
    case PK_OBS_DRILL:
        return PK_OK;
    }
    return PK_OK;
}

static enum pk_tri tri(const json_t *posture, const char *key)
{
    const json_t *v = json_object_get(posture, key);

    return json_is_true(v) ? PK_TRI_YES : json_is_false(v) ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static enum pk_tri opposite(enum pk_tri value)
{
    return value == PK_TRI_YES ? PK_TRI_NO : value == PK_TRI_NO ? PK_TRI_YES : PK_TRI_UNKNOWN;
}

static bool is_live(const struct pk_circle *c, const char *threat)
{
    for (size_t i = 0; i < c->live_count; i++) {
        if (c->live[i].state == PK_INCIDENT_OPEN && !c->live[i].simulated &&
                strcmp(c->live[i].threat->id, threat) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_hook_sign(const json_t *posture)
{
    const json_t *sign;
    size_t i;

    json_array_foreach (json_object_get(posture, "root_signs"), i, sign) {
        const char *text = json_string_value(sign);

        if (text != NULL &&
                (strcasestr(text, "frida") != NULL || strcasestr(text, "xposed") != NULL ||
                        strcasestr(text, "hook") != NULL)) {
            return true;
        }
    }
    return false;
}

static struct pk_exposure exposure(const struct pk_circle *c, int64_t now_ms)
{
    const struct pk_device *device = &c->device;
    const json_t *p = device->posture;
    const char *at = json_string_value(json_object_get(p, "at"));
    int64_t patch_ms;
    int64_t at_ms = 0;

    if (at != NULL && pk_time_parse(at, &at_ms) < 0) {
        at_ms = 0;
    }
    return (struct pk_exposure){
        .patch_days = device->patch != NULL && pk_date_parse(device->patch, &patch_ms) == PK_OK
                ? (now_ms - patch_ms) / PK_DAY_MS
                : -1,
        .no_encryption = opposite(tri(p, "disk_encrypted")),
        .no_screen_lock = opposite(tri(p, "screen_lock")),
        .developer_mode = tri(p, "developer_mode"),
        .unknown_sources = is_live(c, "physical.unknown_sources") ? PK_TRI_YES : PK_TRI_UNKNOWN,
        .root_signs = json_array_size(json_object_get(p, "root_signs")) > 0,
        .hook_signs = has_hook_sign(p),
        .epss = -1, /* no list of vulnerabilities is loaded */
        .at_ms = at_ms,
    };
}

static int64_t foreseen_ms(const struct pk_device *device)
{
    const char *at = json_string_value(json_object_get(device->foresight, "at"));
    int64_t at_ms;

    return at != NULL && pk_time_parse(at, &at_ms) == PK_OK ? at_ms : 0;
}

int pk_circle_risk(struct pk_circle *c, int64_t now_ms)
{
    struct pk_risk_input input = {
        .incidents = c->live,
        .count = c->live_count,
        .exposure = exposure(c, now_ms),
        .p7 = c->device.outlook != PK_OUTLOOK_UNKNOWN ? c->device.p7 : -1,
        .p7_ms = foreseen_ms(&c->device),
        .now_ms = now_ms,
    };
    struct pk_risk before;
    struct pk_risk fresh;
    bool had = c->device.risk != NULL &&
            pk_schema_decode(&pk_risk_schema, c->device.risk, c->arena, &before, NULL) == PK_OK;

    if (pk_risk_fuse(&input, c->arena, &fresh) < 0) {
        return short_of_memory(c);
    }
    if (!pk_risk_settles(had ? &before : NULL, &fresh)) {
        return PK_OK;
    }
    c->device.risk = keep(c, pk_schema_encode(&pk_risk_schema, &fresh, false));
    if (c->device.risk == NULL) {
        return short_of_memory(c);
    }
    c->row_stale = true;
    c->device.risk_score = fresh.score;
    c->device.risk_level = fresh.level;
    if (c->watch->risk != NULL) {
        c->watch->risk(c->device.id, &fresh, c->watch->ctx);
    }
    if (had && before.level == fresh.level) {
        return PK_OK;
    }
    return pk_circle_event(c, "device.risk", NULL, now_ms,
            json_pack("{s:I, s:s}", "score", (json_int_t)fresh.score, "level",
                    pk_risk_level_names[fresh.level]));
}
