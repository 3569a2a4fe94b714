#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent_internal.h"
#include "agent/alert_show.h"
#include "agent/apps.h"
#include "agent/control.h"
#include "agent/crowd.h"
#include "agent/drill.h"
#include "agent/events.h"
#include "agent/frugal.h"
#include "agent/identity.h"
#include "agent/judge.h"
#include "agent/ledger.h"
#include "agent/names.h"
#include "agent/notify.h"
#include "agent/places_watch.h"
#include "agent/sense.h"
#include "agent/settings.h"
#include "agent/spool.h"
#include "agent/status.h"
#include "agent/trust_sources.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"

#define SOON_MS       (1 * PK_SECOND_MS)  /* after the start the console should see the device */
#define STARTUP_MS    (20 * PK_SECOND_MS) /* ... which lasts this long */
#define SETTLE_MS     (2 * PK_SECOND_MS)  /* a network found this early is the one we start on */
#define GAP_MS        PK_MINUTE_MS        /* while something is open, at most one report of it */
#define TRIM_MS       (3 * PK_SECOND_MS)  /* of quiet, then unused memory goes back */
#define LAST_WORDS_MS (2 * PK_SECOND_MS)
#define TOLD_MAX      (64UL * 1024)
#define SENSORS_MAX   16

static void on_observation(const struct pk_observation *obs, void *ctx);
static int start_sense(struct pk_agent *a, struct pk_error *err);

void pk_agent_trouble(void *ctx, const char *what)
{
    struct pk_agent *a = ctx;

    pk_event(PK_WARN, "agent.trouble", { "what", what });
    pk_events_emit(a->events, pk_clock_ms(), "error", json_pack("{s:s}", "what", what), what);
}

/* What this agent itself has to say goes the same way as what the senses say. */
void pk_agent_say_choice(struct pk_agent *a, const char *threat, const char *alert_id)
{
    struct pk_obs_choice choice = { .threat = threat, .choice = 0 /* shown */, .alert = alert_id };
    struct pk_observation obs = {
        .at_ms = pk_clock_ms(), .kind = PK_OBS_CHOICE, .choice = &choice
    };

    on_observation(&obs, a);
}

void pk_agent_tell(struct pk_agent *a, int event)
{
    struct pk_array known = pk_sense_sensors(a->sense);
    struct pk_sensor sensors[SENSORS_MAX];
    char why[96];
    struct pk_obs_agent body = { .event = event, .version = PK_VERSION, .language = a->language };
    struct pk_observation obs = { .at_ms = pk_clock_ms(), .kind = PK_OBS_AGENT, .agent = &body };
    size_t count = known.count < SENSORS_MAX - 1 ? known.count : SENSORS_MAX - 1;

    if (count > 0) {
        memcpy(sensors, known.items, count * sizeof(sensors[0]));
    }
    if (a->dropped > 0) {
        (void)snprintf(why, sizeof(why), "%lld observations were given up for want of room",
                (long long)a->dropped);
        sensors[count++] = (struct pk_sensor){ .name = "spool", .state = 1, .why = why };
    }
    body.sensors = (struct pk_array){ .items = sensors, .count = count };
    on_observation(&obs, a);
}

void pk_agent_show(
        struct pk_agent *a, const struct pk_alert *alert, const char *subject, int64_t at_ms)
{
    pk_alert_show(a->notify, a->events, a->options.settings->notify, alert, subject, at_ms);
}

static void on_finding(void *ctx, const struct pk_finding *finding, const struct pk_open *open)
{
    struct pk_agent *a = ctx;
    json_t *fields = pk_finding_encode(finding);
    char text[400];

    a->device_news |= pk_agent_judge_keeps(finding->threat);
    if (a->options.once) {
        json_decref(fields);
        return;
    }
    (void)json_object_set_new(fields, "subject", json_string(open->name));
    (void)json_object_set_new(fields, "subject_id", json_string(open->subject));
    (void)snprintf(text, sizeof(text), "%s on %s (%s, %.0f %% sure): %s", finding->threat->id,
            open->name, pk_severity_name(finding->threat->severity), 100 * finding->confidence,
            open->seen);
    pk_events_emit(a->events, finding->at_ms, "finding", fields, text);
}

static void on_cleared(void *ctx, const struct pk_open *was, int64_t at_ms)
{
    struct pk_agent *a = ctx;
    char text[300];

    a->device_news |= pk_agent_judge_keeps(was->threat);
    if (a->options.once) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%s on %s is over, all good", was->threat->id, was->name);
    pk_events_emit(a->events, at_ms, "cleared",
            json_pack("{s:s, s:s, s:s}", "threat", was->threat->id, "subject", was->name,
                    "subject_id", was->subject),
            text);
    if (was->told) {
        pk_alert_close(a->notify, a->events, NULL, was->threat->id, was->subject, pk_clock_ms());
    }
}

static void on_alert(void *ctx, const struct pk_open *open, int64_t at_ms)
{
    struct pk_agent *a = ctx;
    struct pk_alert alert;

    a->device_news |= pk_agent_judge_keeps(open->threat);
    if (a->options.once) {
        return;
    }
    a->alerts++;
    pk_alert_of_threat(open->threat, open->name, a->language, open->simulated, &alert);
    pk_agent_show(a, &alert, open->subject, at_ms);
    pk_agent_say_choice(a, open->threat->id, NULL);
}

/* Network events for people and programs on this device; the real name stays here. */
static void tell_network(struct pk_agent *a, const struct pk_observation *obs)
{
    static const char *const changes[] = { "joined", "changed", "left" };
    const struct pk_obs_network *n = obs->net;
    json_t *fields = pk_observation_encode(obs, false);
    json_t *body = json_incref(json_object_get(fields, "network"));
    char text[300];

    json_decref(fields);
    (void)json_object_del(body, "event");
    (void)json_object_set_new(body, "change", json_string(changes[n->event]));
    (void)json_object_set_new(
            body, "id", obs->network != NULL ? json_string(obs->network) : json_null());
    (void)snprintf(text, sizeof(text), "%s %s%s%s", changes[n->event],
            n->name != NULL ? n->name : "a network", n->gateway != NULL ? ", router " : "",
            n->gateway != NULL ? n->gateway : "");
    pk_events_emit(a->events, obs->at_ms, "network", body, text);
}

/* Place and content of an observation without its number and time. */
static enum pk_repeat_kind judge_repeat(struct pk_agent *a, const struct pk_observation *obs)
{
    struct pk_observation bare = *obs;
    /* Its counters move all the time. The other probes tell news only, and each host's "all good"
     * is needed: an incident ends when the last one has said so. */
    bool probing = pk_agent_judge_probes(a->judge) != 0 && obs->kind == PK_OBS_GATEWAY;
    enum pk_repeat_kind kind = PK_REPEAT_NEW;
    char place[1200];
    json_t *wire;
    char *text;

    if (obs->kind == PK_OBS_AGENT || obs->kind == PK_OBS_CHOICE || obs->kind == PK_OBS_NETWORK ||
            obs->kind == PK_OBS_APPS || obs->kind == PK_OBS_NAME || obs->kind == PK_OBS_DRILL) {
        return PK_REPEAT_NEW;
    }
    bare.seq = 1;
    bare.at_ms = 0;
    (void)snprintf(place, sizeof(place), "%d %s %s", obs->kind,
            obs->network != NULL ? obs->network : "", pk_repeat_about(obs));
    wire = pk_observation_encode(&bare, true);
    text = wire != NULL ? pk_json_text(wire) : NULL;
    json_decref(wire);
    if (text != NULL) {
        kind = pk_repeat_judge(&a->repeat, pk_slice_str(place), pk_slice_str(text),
                probing ? GAP_MS : 0, pk_clock_monotonic_ms());
    }
    free(text);
    return kind;
}

static void tell_dropped(struct pk_agent *a)
{
    struct pk_spool_state state = pk_spool_state(a->spool);
    char text[120];

    if (state.dropped <= a->dropped) {
        return;
    }
    a->dropped = state.dropped;
    (void)snprintf(text, sizeof(text),
            "the spool is full: %lld observations were given up so far, the oldest first",
            (long long)state.dropped);
    pk_agent_trouble(a, text);
}

static void spool(struct pk_agent *a, const struct pk_observation *obs, bool news)
{
    enum pk_repeat_kind repeat = judge_repeat(a, obs);
    bool startup = pk_clock_ms() - a->started_ms < STARTUP_MS;
    struct pk_observation numbered = *obs;
    struct pk_error err;
    json_t *wire;
    char *text;

    if (repeat == PK_REPEAT_KNOWN && !news) {
        return;
    }
    numbered.seq = pk_spool_next(a->spool);
    wire = pk_observation_encode(&numbered, true);
    text = wire != NULL ? pk_json_text(wire) : NULL;
    json_decref(wire);
    if (text == NULL) {
        pk_agent_trouble(a, "out of memory");
    } else if (pk_spool_append(a->spool, pk_slice_str(text), news, &err) < 0) {
        pk_agent_trouble(a, err.text);
    } else {
        tell_dropped(a);
        pk_uplink_news(a->uplink,
                news                              ? 0
                        : repeat == PK_REPEAT_OLD ? -1
                        : startup                 ? SOON_MS
                                  : a->options.settings->report->min_delay_s * PK_SECOND_MS);
    }
    free(text);
}

void pk_agent_save_told(struct pk_agent *a)
{
    json_t *told = pk_agent_judge_save(a->judge);
    char *text = told != NULL ? pk_json_text(told) : NULL;
    struct pk_error err;

    a->device_news = false;
    if (text != NULL && pk_file_write(a->told_path, pk_slice_str(text), 0600, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
    free(text);
    json_decref(told);
}

static void load_told(struct pk_agent *a)
{
    struct pk_buffer text = pk_buffer_of(TOLD_MAX);
    json_t *told = NULL;

    if (pk_file_read(a->told_path, &text, NULL) == PK_OK && text.len > 0 &&
            pk_json_parse(text.ptr, text.len, &told, NULL) == PK_OK) {
        pk_agent_judge_load(a->judge, told);
    }
    json_decref(told);
    pk_buffer_finish(&text);
}

static void on_observation(const struct pk_observation *obs, void *ctx)
{
    struct pk_agent *a = ctx;
    struct pk_error err;
    bool news = false;

    if (obs->kind != PK_OBS_CHOICE && obs->kind != PK_OBS_AGENT && obs->kind != PK_OBS_NAME &&
            obs->kind != PK_OBS_DRILL) {
        a->checked_ms = obs->at_ms;
    }
    if (obs->kind == PK_OBS_NETWORK && !a->options.once) {
        tell_network(a, obs);
    }
    if (pk_agent_judge_take(a->judge, obs, &news, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
    if (a->spool != NULL && pk_identity_enrolled(a->identity)) {
        spool(a, obs, news);
        if (obs->kind == PK_OBS_NETWORK && obs->net->event != PK_NETWORK_LEFT &&
                pk_clock_ms() - a->started_ms > SETTLE_MS) {
            pk_uplink_moved(a->uplink);
        }
    }
    if (obs->kind == PK_OBS_NETWORK && a->crowd != NULL) {
        pk_agent_crowd_network(a->crowd, obs);
        pk_agent_places_look(a->places);
    }
    if (a->sense != NULL && news) {
        pk_sense_watch(a->sense, pk_agent_judge_probes(a->judge));
        pk_sense_attacked(a->sense, pk_agent_judge_attacked(a->judge));
    }
    if (a->device_news && !a->options.once) {
        pk_agent_save_told(a);
    }
    pk_loop_arm(a->loop, &a->trim, TRIM_MS);
}

/* Judged already, from the file; the observation only carries what the server may know. */
static void on_apps(void *ctx, const struct pk_observation *obs, bool news)
{
    struct pk_agent *a = ctx;

    if (a->spool != NULL && pk_identity_enrolled(a->identity)) {
        spool(a, obs, news);
    }
    pk_loop_arm(a->loop, &a->trim, TRIM_MS);
}

void pk_agent_take_findings(void *ctx, const struct pk_findings *findings)
{
    struct pk_agent *a = ctx;
    bool news;

    pk_agent_judge_findings(a->judge, findings, &news);
    if (a->device_news && !a->options.once) {
        pk_agent_save_told(a);
    }
}

static void on_quiet(void *ctx)
{
    (void)ctx;
    pk_frugal_rest();
}

/* The senses name networks by a key; with another key they begin anew. */
static void on_rekey(void *ctx)
{
    struct pk_agent *a = ctx;
    struct pk_error err;

    pk_sense_destroy(a->sense);
    a->sense = NULL;
    a->checking = false;
    if (a->crowd != NULL) {
        pk_agent_crowd_rekey(a->crowd);
    }
    if (start_sense(a, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
}

static void on_network_key(void *ctx, const char *hex)
{
    struct pk_agent *a = ctx;
    struct pk_error err;
    bool changed = false;

    if (pk_identity_set_network_key(a->identity, hex, &changed, &err) < 0) {
        pk_agent_trouble(a, err.text);
    } else if (changed) {
        pk_loop_arm(a->loop, &a->rekey, 0);
    }
}

static void on_reported(void *ctx, struct pk_slice report, size_t count, size_t bytes)
{
    struct pk_agent *a = ctx;
    struct pk_error err;
    int64_t now_ms = pk_clock_ms();

    if (pk_ledger_note(a->options.settings->state_dir, report, bytes, now_ms, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
    pk_events_emit(a->events, now_ms, "report",
            json_pack("{s:I, s:I, s:I}", "observations", (json_int_t)count, "bytes",
                    (json_int_t)bytes, "acked", (json_int_t)pk_spool_state(a->spool).acked),
            NULL);
}

void pk_agent_idle(void *ctx)
{
    struct pk_agent *a = ctx;

    pk_loop_arm_sooner(a->loop, &a->trim, TRIM_MS);
}

static void on_signal(void *ctx, int signo)
{
    struct pk_agent *a = ctx;

    (void)signo;
    pk_loop_stop(a->loop);
}

json_t *pk_agent_status(struct pk_agent *agent)
{
    struct pk_uplink_state uplink = { 0 };
    struct pk_spool_state spooled = { 0 };
    struct pk_status_input in = {
        .judge = agent->judge,
        .identity = agent->identity,
        .started_ms = agent->started_ms,
        .checked_ms = agent->checked_ms,
        .language = agent->language,
    };

    if (agent->sense != NULL) {
        in.sensors = pk_sense_sensors(agent->sense);
        in.network = pk_sense_network(agent->sense);
    }
    if (agent->uplink != NULL) {
        uplink = pk_uplink_state(agent->uplink);
        spooled = pk_spool_state(agent->spool);
        in.uplink = &uplink;
        in.spool = &spooled;
    }
    if (agent->crowd != NULL) {
        in.crowd = pk_agent_crowd_status(agent->crowd);
        in.places = pk_agent_places_status(agent->places);
    }
    return pk_status_json(&in);
}

/* "https://host:port" -> "host:port": our own server is a check host, too. */
static void name_own_server(struct pk_agent *a, struct pk_sense_settings *out)
{
    const char *url = a->options.settings->server->url;

    url = url != NULL ? url : pk_identity_url(a->identity);
    if (a->options.offline || url == NULL || !pk_identity_enrolled(a->identity)) {
        return;
    }
    (void)snprintf(a->own_server, sizeof(a->own_server), "%s", url + strlen("https://"));
    a->own_server[strcspn(a->own_server, "/")] = '\0';
    out->own_server = a->own_server;
    out->own_ca = a->options.settings->server->ca != NULL ? a->options.settings->server->ca
                                                          : pk_identity_ca_file(a->identity);
}

static void on_trust(void *ctx)
{
    struct pk_agent *a = ctx;
    struct pk_error err;

    if (a->sense != NULL && pk_trust_sources_apply(a->trust, a->sense, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
}

static void on_server_trust(void *ctx, const char *version, const json_t *trust)
{
    struct pk_agent *a = ctx;

    pk_trust_sources_take(a->trust, version, trust);
    pk_events_emit(a->events, pk_clock_ms(), "trust", json_pack("{s:s}", "version", version),
            "the server said what the organisation trusts");
}

static const char *trust_version(void *ctx)
{
    const struct pk_agent *a = ctx;

    return pk_trust_sources_version(a->trust);
}

static int start_sense(struct pk_agent *a, struct pk_error *err)
{
    struct pk_sense_settings settings;
    int rc;

    pk_agent_settings_sense(a->options.settings, &settings);
    settings.network_key = pk_identity_network_key(a->identity);
    name_own_server(a, &settings);
    rc = pk_sense_create(a->loop, &settings, on_observation, a, &a->sense, err);
    if (rc == PK_OK) {
        rc = pk_trust_sources_apply(a->trust, a->sense, err);
    }
    if (rc == PK_OK) {
        rc = pk_sense_start(a->sense, err);
    }
    if (rc == PK_OK) {
        pk_sense_watch(a->sense, pk_agent_judge_probes(a->judge));
    }
    return rc;
}

static int start_uplink(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_agent_settings *s = a->options.settings;
    const struct pk_uplink_hooks hooks = {
        .command = pk_agent_on_command,
        .network_key = on_network_key,
        .trust = on_server_trust,
        .trust_version = trust_version,
        .crowd_place = pk_agent_crowd_place_hook,
        .crowd = pk_agent_crowd_words_hook,
        .reported = on_reported,
        .trouble = pk_agent_trouble,
        .left = pk_agent_on_left,
        .idle = pk_agent_idle,
        .ctx = a,
    };
    int rc = pk_spool_open(s->state_dir, (size_t)s->report->spool_bytes, &a->spool, err);

    if (rc == PK_OK) {
        a->dropped = pk_spool_state(a->spool).dropped;
        rc = pk_uplink_create(a->loop, s, a->identity, a->spool, &hooks, &a->uplink, err);
    }
    return rc;
}

static int start_apps(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_agent_apps_hooks hooks = { .observation = on_apps,
        .findings = pk_agent_take_findings,
        .trouble = pk_agent_trouble,
        .ctx = a };

    return a->options.settings->apps->folders.count > 0
            ? pk_agent_apps_create(a->loop, a->options.settings, a->identity, &hooks, &a->apps, err)
            : PK_OK;
}

static void on_name(void *ctx, const struct pk_observation *obs, bool news)
{
    struct pk_agent *a = ctx;
    unsigned before = a->alerts;
    struct pk_alert alert;

    on_observation(obs, a);
    if (news && a->alerts == before && pk_names_alert(obs->name, a->language, &alert)) {
        pk_agent_show(a, &alert, obs->name->seen, obs->at_ms);
    }
}

static int start_names(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_names_hooks hooks = {
        .observation = on_name, .trouble = pk_agent_trouble, .sense = &a->sense, .ctx = a
    };

    return pk_agent_names_create(a->loop, a->options.settings, &hooks, &a->names, err);
}

static int open_trust(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_trust_file_hooks hooks = {
        .changed = on_trust, .trouble = pk_agent_trouble, .ctx = a
    };

    return pk_trust_sources_open(a->loop, a->options.settings, &hooks, &a->trust, err);
}

static void on_drill(void *ctx, const struct pk_observation *obs)
{
    on_observation(obs, ctx);
}

static int build(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_agent_settings *s = a->options.settings;
    const struct pk_judge_hooks hooks = {
        .finding = on_finding, .cleared = on_cleared, .alert = on_alert, .ctx = a
    };
    int rc;

    a->events = pk_events_create(STDOUT_FILENO, a->options.json);
    a->judge = pk_agent_judge_create(&hooks);
    if (a->events == NULL || a->judge == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_identity_load(s->state_dir, &a->identity, err);
    if (rc == PK_OK) {
        rc = pk_loop_create(&a->loop, err);
    }
    if (rc == PK_OK) {
        rc = open_trust(a, err);
    }
    if (rc < 0) {
        return rc;
    }
    a->language = pk_agent_settings_language(s);
    a->notify = pk_notify_create(a->loop);
    if (a->notify == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_timer_init(&a->trim, on_quiet, a);
    pk_timer_init(&a->rekey, on_rekey, a);
    (void)snprintf(a->told_path, sizeof(a->told_path), "%s/findings.json", s->state_dir);
    if (a->options.once) {
        return PK_OK;
    }
    load_told(a);
    if (!a->options.offline) {
        rc = start_uplink(a, err);
    }
    if (rc == PK_OK && !a->options.offline) {
        a->drill = pk_agent_drill_create(a->loop, s->state_dir, on_drill, a);
        rc = a->drill != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        rc = start_apps(a, err);
    }
    if (rc == PK_OK) {
        rc = pk_control_create(a->loop, s->state_dir, pk_agent_on_ask, a, &a->control, err);
    }
    if (rc == PK_OK) {
        rc = pk_agent_start_crowd(a, err);
    }
    return rc == PK_OK ? start_names(a, err) : rc;
}

int pk_agent_create(
        const struct pk_agent_options *options, struct pk_agent **out, struct pk_error *err)
{
    struct pk_agent *a = calloc(1, sizeof(*a));
    int rc;

    if (a == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    a->options = *options;
    a->options.offline |= options->once;
    a->started_ms = pk_clock_ms();
    rc = build(a, err);
    if (rc < 0) {
        pk_agent_destroy(a);
        return rc;
    }
    *out = a;
    return PK_OK;
}

void pk_agent_destroy(struct pk_agent *agent)
{
    if (agent == NULL) {
        return;
    }
    pk_agent_names_destroy(agent->names);
    pk_control_destroy(agent->control);
    pk_agent_apps_destroy(agent->apps);
    pk_sense_destroy(agent->sense);
    pk_trust_sources_close(agent->trust);
    pk_uplink_destroy(agent->uplink);
    pk_agent_crowd_destroy(agent->crowd);
    pk_agent_places_destroy(agent->places);
    pk_agent_drill_destroy(agent->drill);
    pk_loop_destroy(agent->loop);
    pk_notify_destroy(agent->notify); /* the loop's last jobs end in it */
    pk_spool_close(agent->spool);
    pk_agent_judge_destroy(agent->judge);
    pk_identity_destroy(agent->identity);
    pk_events_destroy(agent->events);
    free(agent);
}

static void tell_started(struct pk_agent *a)
{
    const char *device = pk_identity_device(a->identity);
    json_t *status = pk_agent_status(a);
    char text[200];

    (void)snprintf(text, sizeof(text), "Picket %s watches over this device%s", PK_VERSION,
            a->options.offline       ? " alone"
                    : device == NULL ? ", not enrolled with a server"
                                     : "");
    pk_events_emit(a->events, a->started_ms, "started",
            json_pack("{s:s, s:b, s:s?, s:O?}", "version", PK_VERSION, "offline",
                    a->options.offline, "device", device, "sensors",
                    json_object_get(status, "sensors")),
            text);
    json_decref(status);
}

int pk_agent_run(struct pk_agent *agent, struct pk_error *err)
{
    int rc = pk_loop_signal(agent->loop, SIGTERM, on_signal, agent, err);

    if (rc == PK_OK) {
        rc = pk_loop_signal(agent->loop, SIGINT, on_signal, agent, err);
    }
    if (rc == PK_OK) {
        rc = start_sense(agent, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (agent->options.once) {
        pk_agent_check_now(agent);
    } else {
        tell_started(agent);
        pk_agent_tell(agent, 0 /* started */);
    }
    if (agent->drill != NULL) {
        pk_agent_drill_resume(agent->drill);
    }
    if (agent->apps != NULL) {
        pk_agent_apps_start(agent->apps);
    }
    if (agent->uplink != NULL) {
        pk_agent_crowd_start(agent->crowd, agent->uplink);
        pk_agent_places_start(agent->places, agent->uplink);
        pk_uplink_start(agent->uplink);
    }
    rc = pk_loop_run(agent->loop, err);
    if (rc == PK_OK && agent->uplink != NULL) {
        pk_agent_tell(agent, 1 /* stopping */);
        pk_uplink_flush(agent->uplink, LAST_WORDS_MS);
    }
    return rc;
}
