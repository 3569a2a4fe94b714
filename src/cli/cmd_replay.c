/* picket replay - recorded observations through the real pipeline, on the clock of the scene. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/zpack.h"
#include "cli/capture_read.h"
#include "cli/command.h"
#include "cli/crowd_replay.h"
#include "cli/rayhunter_read.h"
#include "cli/replay_crowd.h"
#include "pipeline/pipeline.h"

#define SCENE_MAX  (256UL * 1024 * 1024)
#define LINE_ARENA (4UL * 1024 * 1024)
#define SIEM_NAME  "soc"

struct replay {
    struct pk_store *store;
    struct pk_pipeline pipeline;
    FILE *out;
    int64_t at_ms; /* of the observation at hand: the clock of the scene */
    int64_t lines;
    int64_t threats;                    /* findings above info */
    struct pk_replay_preds_files preds; /* all NULL: no predictions are asked for */
    const char *terms;
    bool believing;
    struct pk_replay_crowd *crowd;
};

static void print(struct replay *r, const char *event, json_t *body)
{
    json_t *line = json_object();
    char at[PK_TIME_TEXT];
    char *text;

    (void)json_object_set_new(line, "at", json_string(pk_time_format(r->at_ms, at)));
    (void)json_object_set_new(line, "event", json_string(event));
    (void)json_object_update(line, body);
    text = pk_json_text(line);
    if (text != NULL) {
        (void)fprintf(r->out, "%s\n", text);
    }
    free(text);
    json_decref(line);
    json_decref(body);
}

static void on_finding(const char *device, const struct pk_finding *finding, void *ctx)
{
    struct replay *r = ctx;
    json_t *body = pk_finding_encode(finding);

    if (!finding->cleared && finding->threat->severity > PK_SEVERITY_INFO) {
        r->threats++;
    }
    (void)json_object_set_new(body, "device", json_string(device));
    if (!finding->cleared) {
        print(r, "finding", body);
    } else {
        json_decref(body); /* "nothing is wrong" is said by the incident that ends */
    }
}

static void on_incident(
        const struct pk_incident *incident, enum pk_incident_change change, void *ctx)
{
    static const char *const words[] = { "none", "opened", "updated", "resolved", "reopened",
        "dismissed" };

    print(ctx, "incident",
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:I}", "change", words[change],
                    "id", incident->id, "device", incident->device, "threat", incident->threat->id,
                    "subject", incident->subject, "severity", pk_severity_name(incident->severity),
                    "state", pk_incident_state_names[incident->state], "confidence",
                    incident->confidence, "count", (json_int_t)incident->count));
}

static void on_risk(const char *device, const struct pk_risk *risk, void *ctx)
{
    json_t *body = pk_schema_encode(&pk_risk_schema, risk, false);

    (void)json_object_del(body, "at");
    (void)json_object_set_new(body, "device", json_string(device));
    print(ctx, "risk", body);
}

static void on_action(const struct pk_action *action, void *ctx)
{
    print(ctx, "action",
            json_pack("{s:s, s:s, s:s, s:s*, s:O}", "kind", pk_action_kind_names[action->kind],
                    "target", action->target, "device", action->device, "incident",
                    action->incident, "payload", action->payload));
}

static void on_opinion(void *ctx, const char *event, json_t *body, bool bad)
{
    struct replay *r = ctx;

    r->threats += bad;
    print(r, event, body);
}

/* A device is enrolled by its first line. */
static int enrol(struct replay *r, const char *device, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_device known;
    struct pk_device fresh = {
        .id = device,
        .name = device,
        .group = "default",
        .model = "",
        .os_name = "",
        .os_version = "",
        .kernel = "",
        .agent = "",
        .enrolled_ms = r->at_ms,
        .cert_serial = device,
    };
    int rc = pk_device_get(r->store, device, arena, &known, err);

    return rc == PK_ENOENT ? pk_device_add(r->store, &fresh, err) : rc;
}

static int apply(struct replay *r, const char *device, struct pk_observation *o,
        struct pk_arena *arena, struct pk_error *err)
{
    static const struct pk_pipeline_watch empty;
    struct pk_pipeline_watch watch = empty;
    struct pk_pipeline_news news = { 0 };
    struct pk_entry entry = {
        .arena = arena,
        .device = device,
        .received_ms = o->at_ms,
        .after_seq = o->seq - 1,
        .last_seq = o->seq,
        .report = { .v = 1, .observations = { .items = o, .count = 1 } },
    };
    int rc = pk_store_begin(r->store, err);

    if (rc < 0) {
        return rc;
    }
    watch = (struct pk_pipeline_watch){ on_finding, on_incident, on_risk, on_action, r };
    rc = enrol(r, device, arena, err);
    if (rc == PK_OK) {
        rc = pk_pipeline_apply(&r->pipeline, r->store, &entry, &watch, &news, err);
    }
    if (rc < 0) {
        pk_store_rollback(r->store);
        return rc;
    }
    return pk_store_commit(r->store, err);
}

/* One line: an observation with "device" beside it; "seq" may be left out. */
static int line(struct replay *r, const char *text, size_t len, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(LINE_ARENA);
    struct pk_observation o;
    json_t *in = NULL;
    const char *device;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_json_parse(text, len, &in, err);

    if (rc < 0) {
        goto out;
    }
    device = json_string_value(json_object_get(in, "device"));
    if (device == NULL || strlen(device) >= PK_ID_TEXT) {
        rc = pk_error_set(
                err, PK_EMISSING, "'device' must be there, at most %d bytes", PK_ID_TEXT - 1);
        goto out;
    }
    device = pk_arena_strdup(arena, device);
    (void)json_object_del(in, "device");
    if (json_object_get(in, "enrolled") != NULL) {
        rc = pk_replay_crowd_enrol(r->crowd, device, json_object_get(in, "enrolled"), err);
        goto out;
    }
    if (json_object_get(in, "seq") == NULL) {
        (void)json_object_set_new(in, "seq", json_integer(r->lines));
    }
    rc = pk_observation_decode(in, arena, &o, err);
    if (rc == PK_OK) {
        r->at_ms = o.at_ms;
        rc = apply(r, device, &o, arena, err);
    }
    if (rc == PK_OK) {
        rc = pk_replay_crowd_take(r->crowd, device, &o, err);
    }
out:
    json_decref(in);
    pk_arena_destroy(arena);
    return rc;
}

static int unpack(const char *file, struct pk_buffer *text, struct pk_error *err)
{
    struct pk_buffer packed = pk_buffer_of(SCENE_MAX);
    struct pk_zpack *z = pk_zpack_create(pk_slice_of(NULL, 0), 3);
    int rc = z == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                       : pk_file_read(file, &packed, err);

    if (rc == PK_OK) {
        rc = pk_zpack_unpack(z, pk_buffer_slice(&packed), text);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "'%s': %s", file, pk_code_text(rc));
        }
    }
    pk_zpack_destroy(z);
    pk_buffer_finish(&packed);
    return rc;
}

/* What a capture holds: said, and kept from the pipeline. */
static bool is_summary(struct replay *r, const char *file, const char *text, size_t len)
{
    static const char head[] = "{\"capture\":";
    json_t *all = NULL;
    json_t *body;

    if (len < sizeof(head) - 1 || memcmp(text, head, sizeof(head) - 1) != 0 ||
            pk_json_parse(text, len, &all, NULL) < 0) {
        return false;
    }
    body = json_incref(json_object_get(all, "capture"));
    if (json_string_value(json_object_get(body, "last")) != NULL) {
        (void)!pk_time_parse(json_string_value(json_object_get(body, "last")), &r->at_ms);
    }
    (void)json_object_set_new(body, "file", json_string(file));
    if (json_object_get(body, "error") != NULL) {
        (void)fprintf(stderr, "picket replay: '%s': %s; what came before it was judged\n", file,
                json_string_value(json_object_get(body, "error")));
    }
    print(r, "capture", body);
    json_decref(all);
    return true;
}

static int load_scene(const char *file, struct pk_buffer *text, struct pk_error *err)
{
    size_t len = strlen(file);
    int rc;

    if (len > 4 && strcmp(file + len - 4, ".zst") == 0) {
        return unpack(file, text, err);
    }
    if (pk_capture_is(file)) {
        return pk_capture_read(file, text, err);
    }
    rc = pk_file_read(file, text, err);
    return rc == PK_OK && pk_rayhunter_is(pk_buffer_slice(text))
            ? pk_rayhunter_read(file, text, err)
            : rc;
}

static bool predicts(const struct replay *r)
{
    return r->terms != NULL || r->preds.preds != NULL || r->preds.inputs != NULL ||
            r->preds.joins != NULL || r->preds.explain > 0;
}

static void tell_hazard(const struct pk_hazard_count *c)
{
    static const char *const maps[] = { "as shipped", "shifted", "shaped" };

    (void)fprintf(stderr,
            "picket replay: risk of %llu devices in %llu bytes each; %.0f closed weeks, %.0f with "
            "an "
            "attack; the "
            "model is used %s (shift %.2f)\n",
            (unsigned long long)c->devices, (unsigned long long)c->device_bytes, c->rows7,
            c->events7, maps[c->using7], c->shift7);
}

/* A whole simulated world: through the crowd alone. */
static int world(struct replay *r, const char *file, struct pk_error *err)
{
    struct pk_crowd_replay crowd = { .out = r->out,
        .preds = predicts(r) && r->terms == NULL ? &r->preds : NULL,
        .terms = r->terms,
        .believing = r->believing,
        .progress = isatty(2) != 0 };
    int rc = pk_crowd_replay_run(file, &crowd, err);

    if (rc == PK_OK) {
        r->threats += crowd.bad;
        (void)fprintf(stderr,
                "picket replay: %lld lines, %lld judged bad; the crowd knows %llu access points in "
                "%.1f MB\n",
                (long long)crowd.lines, (long long)crowd.bad,
                (unsigned long long)crowd.counts.points, (double)crowd.counts.bytes / 1e6);
        if (predicts(r)) {
            tell_hazard(&crowd.hazard);
        }
    }
    return rc;
}

static int scene(struct replay *r, const char *file, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(SCENE_MAX);
    int rc = load_scene(file, &text, err);
    int number = 0;

    for (size_t at = 0; rc == PK_OK && at < text.len;) {
        const char *from = text.ptr + at;
        const char *end = memchr(from, '\n', text.len - at);
        size_t n = end != NULL ? (size_t)(end - from) : text.len - at;

        number++;
        at += n + 1;
        if (n == 0 || from[0] == '#' || is_summary(r, file, from, n)) {
            continue;
        }
        if (r->lines == 0 && from[0] != '{') {
            rc = pk_error_set(err, PK_EMALF,
                    "'%s' holds neither recorded observations (JSON lines) nor a capture (pcap, "
                    "pcapng)",
                    file);
            break;
        }
        r->lines++;
        rc = line(r, from, n, err);
        if (rc < 0 && err != NULL) {
            struct pk_error why = *err;

            (void)pk_error_set(err, rc, "%s:%d: %s%s%s", file, number, why.path,
                    why.path[0] != '\0' ? ": " : "", why.text);
        }
    }
    rc = rc < 0 ? rc : pk_replay_crowd_end(r->crowd, err);
    pk_buffer_finish(&text);
    return rc;
}

static int open_policy(const char *file, struct pk_policy **out, struct pk_error *err)
{
    struct pk_slice text = pk_policy_default_text();

    return file != NULL
            ? pk_policy_load(file, out, err)
            : pk_policy_parse("default.yaml", (const char *)text.ptr, text.len, out, err);
}

static const char usage[] =
        "usage: picket replay [--config POLICY] [--out FILE] SCENE|CAPTURE|WORLD...\n"
        "Recorded observations (JSON lines, .jsonl or .jsonl.zst) or packets (.pcap, .pcapng) "
        "through\n"
        "the real pipeline on their own clock, in a temporary store. Prints findings, incidents, "
        "risk and\n"
        "actions as JSON lines. Each line of a scene is an observation with \"device\" beside it;\n"
        "a capture is opened in a sandbox and judged as one device called \"capture\". Reports of\n"
        "Rayhunter (its analysis files, or what rayhunter-check --json writes) are read, too.\n"
        "The devices of a scene are a crowd, too: what it thinks bad or odd is an event "
        "\"opinion\".\n"
        "  --opinions     of a scene: every opinion, also where nothing is odd\n"
        "A simulated world (obs.jsonl: many devices, {\"i\",\"t\",\"k\",\"d\",...} a line) goes "
        "through "
        "the crowd\n"
        "alone; what it judges bad is printed as {\"i\",\"pre\",\"post\",\"s\",\"why\"}.\n"
        "  --preds FILE   of a world: predictions for 7 and 30 days, {\"d\",\"t\",\"h\",\"p\"} at "
        "each "
        "midnight\n"
        "  --preds-from N the first midnight with predictions for 7 days; default 42 (30 days: 14 "
        "earlier)\n"
        "  --preds-shipped  by the shipped weights alone, without what closed windows teach\n"
        "  --risk-inputs FILE, --join-risk FILE  of a world: what the model sees, and the risk of "
        "each\n"
        "                 public join before it\n"
        "  --explain N    of a world: N devices, from the most risky to the calmest, with the "
        "reasons of\n"
        "                 their chance of an attack, on standard error\n"
        "  --no-trust     of a world: every device is believed, to see what trust is worth\n"
        "  --terms FILE   of a world: the terms of all scores, for tools/train-crowd.py\n"
        "  --config FILE  the policy (YAML); default: the one that Picket carries\n"
        "  --out FILE     write there instead of standard output\n"
        "Exit status: 0 nothing found, 1 threats found, 2 wrong usage, 3 could not do it.\n";

int pk_cmd_replay(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
        { "out", required_argument, NULL, 'o' }, { "json", no_argument, NULL, 'j' },
        { "no-trust", no_argument, NULL, 'n' }, { "preds", required_argument, NULL, 'p' },
        { "preds-from", required_argument, NULL, 'f' }, { "preds-shipped", no_argument, NULL, 's' },
        { "risk-inputs", required_argument, NULL, 'i' },
        { "join-risk", required_argument, NULL, 'r' }, { "terms", required_argument, NULL, 't' },
        { "explain", required_argument, NULL, 'e' }, { "opinions", no_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    static const char *const siem[] = { SIEM_NAME };
    struct replay r = { .out = stdout };
    struct pk_policy *policy = NULL;
    struct pk_error err = { 0 };
    const char *config = NULL;
    bool every = false;
    const char *out = NULL;
    int rc;
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'o':
            out = optarg;
            break;
        case 'w':
            every = true;
            break;
        case 'e':
            r.preds.explain = (int)strtol(optarg, NULL, 10);
            if (r.preds.explain < 1) {
                (void)fputs(usage, stderr);
                return PK_EXIT_USAGE;
            }
            break;
        case 'n':
            r.believing = true;
            break;
        case 'p':
            r.preds.preds = optarg;
            break;
        case 'i':
            r.preds.inputs = optarg;
            break;
        case 'r':
            r.preds.joins = optarg;
            break;
        case 't':
            r.terms = optarg;
            break;
        case 's':
            r.preds.no_online = true;
            break;
        case 'f':
            r.preds.from_days = (int)strtol(optarg, NULL, 10);
            if (r.preds.from_days < 1) {
                (void)fputs(usage, stderr);
                return PK_EXIT_USAGE;
            }
            break;
        case 'j': /* the only form there is */
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        default:
            (void)fputs(usage, stderr);
            return PK_EXIT_USAGE;
        }
    }
    if (optind == argc || (predicts(&r) && optind + 1 != argc)) { /* one file for one world */
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    rc = open_policy(config, &policy, &err);
    if (rc == PK_OK) {
        rc = pk_store_open("sqlite::memory:", &r.store, &err);
    }
    if (rc == PK_OK && out != NULL) {
        r.out = fopen(out, "we");
        rc = r.out == NULL
                ? pk_error_set(&err, -errno, "cannot write '%s': %s", out, pk_code_text(-errno))
                : PK_OK;
    }
    rc = rc < 0 ? rc : pk_replay_crowd_create(every, on_opinion, &r, &r.crowd, &err);
    r.pipeline = (struct pk_pipeline){ .policy = policy, .siem_targets = siem, .siem_count = 1 };
    for (int i = optind; i < argc && rc == PK_OK; i++) {
        rc = pk_crowd_replay_fits(argv[i]) ? world(&r, argv[i], &err) : scene(&r, argv[i], &err);
    }
    if (rc == PK_OK && r.out != NULL && fflush(r.out) != 0) {
        rc = pk_error_set(&err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket replay: %s\n", err.text);
    }
    if (r.out != NULL && r.out != stdout) {
        (void)fclose(r.out);
    }
    pk_replay_crowd_destroy(r.crowd);
    pk_store_close(r.store);
    pk_policy_destroy(policy);
    return rc < 0 ? PK_EXIT_FAILED : r.threats > 0 ? PK_EXIT_NEWS : PK_EXIT_FINE;
}
