#include "model/observation.h"

#include <stdio.h>

#include "base/crypt.h"
#include "model/observation_schemas.h"

const char *const pk_observation_kind_names[] = { "agent", "posture", "network", "gateway", "dns",
    "tls", "portal", "choice", "apps", "lease", "routers", "redirect", "http", "proxy", "wifi",
    "cell", "name", "drill", NULL };
const char *const pk_platform_names[] = { "linux", "android", "ios", NULL };
const char *const pk_app_profile_names[] = { "device", "work", "personal", NULL };
static const char *const apps_events[] = { "all", "changed", NULL };
static const char *const sensor_states[] = { "on", "limited", "off", NULL };
static const char *const agent_events[] = { "started", "stopping", "sensors", NULL };
static const char *const choices[] = { "shown", "closed", "acted", "ignored", "mistake", NULL };

#define AT(s, m) offsetof(struct s, m)
#define COLLECT  .privacy = PK_PRIVACY_COLLECT

/* clang-format off */
static const struct pk_field sensor_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_sensor, name), .max = 32, COLLECT,
      .help = "one of the agent's senses" },
    { "state", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_sensor, state), .names = sensor_states, COLLECT,
      .help = "whether it works here" },
    { "why", PK_TYPE_STRING, 0, AT(pk_sensor, why), .max = 160, COLLECT,
      .help = "what it lacks" },
};
static const struct pk_schema sensor_schema = PK_SCHEMA(struct pk_sensor, sensor_fields, "sensor");

static const struct pk_field agent_fields[] = {
    { "event", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_agent, event), .names = agent_events, COLLECT,
      .help = "the agent started, stops, or its senses changed" },
    { "version", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_agent, version), .max = 32, COLLECT,
      .help = "version of the agent" },
    { "language", PK_TYPE_STRING, 0, AT(pk_obs_agent, language), .min = 2, .max = 8, COLLECT,
      .help = "language that alerts are read in" },
    { "sensors", PK_TYPE_OBJECTS, 0, AT(pk_obs_agent, sensors), .count_max = 32,
      .sub = &sensor_schema, COLLECT, .help = "its senses and what they lack" },
};
static const struct pk_schema agent_schema = PK_SCHEMA(struct pk_obs_agent, agent_fields, "agent");

static const struct pk_field posture_fields[] = {
    { "platform", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_posture, platform),
      .names = pk_platform_names, COLLECT, .help = "kind of operating system" },
    { "model", PK_TYPE_STRING, 0, AT(pk_obs_posture, model), .max = 128, COLLECT,
      .help = "maker and model of the device" },
    { "os_name", PK_TYPE_STRING, 0, AT(pk_obs_posture, os_name), .max = 64, COLLECT,
      .help = "name of the operating system" },
    { "os_version", PK_TYPE_STRING, 0, AT(pk_obs_posture, os_version), .max = 64, COLLECT,
      .help = "version of the operating system" },
    { "kernel", PK_TYPE_STRING, 0, AT(pk_obs_posture, kernel), .max = 96, COLLECT,
      .help = "version of the kernel" },
    { "patch", PK_TYPE_STRING, 0, AT(pk_obs_posture, patch), .min = 10, .max = 10, COLLECT,
      .help = "date of the newest security update that is installed" },
    { "updates_waiting", PK_TYPE_INT, 0, AT(pk_obs_posture, updates_waiting), .min = -1,
      .max = 100000, .def = "-1", COLLECT, .help = "security updates that are not installed yet" },
    { "disk_encrypted", PK_TYPE_TRI, 0, AT(pk_obs_posture, disk_encrypted), COLLECT,
      .help = "whether the storage is encrypted" },
    { "screen_lock", PK_TYPE_TRI, 0, AT(pk_obs_posture, screen_lock), COLLECT,
      .help = "whether the screen locks with a secret" },
    { "developer_mode", PK_TYPE_TRI, 0, AT(pk_obs_posture, developer_mode), COLLECT,
      .help = "whether debugging is switched on" },
    { "root_signs", PK_TYPE_STRINGS, 0, AT(pk_obs_posture, root_signs), .max = 96,
      .count_max = 16, COLLECT, .help = "signs that the system's own protection is off" },
};
static const struct pk_schema posture_schema =
    PK_SCHEMA(struct pk_obs_posture, posture_fields, "posture");

static const struct pk_field choice_fields[] = {
    { "threat", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_choice, threat), .max = 64, COLLECT,
      .help = "which alert" },
    { "choice", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_choice, choice), .names = choices, COLLECT,
      .help = "what you did with it" },
    { "alert", PK_TYPE_STRING, 0, AT(pk_obs_choice, alert), .max = 64, COLLECT,
      .help = "number of the alert" },
};
static const struct pk_schema choice_schema =
    PK_SCHEMA(struct pk_obs_choice, choice_fields, "choice");

static const char *const drill_states[] = { "started", "ended", NULL };
static const struct pk_field drill_fields[] = {
    { "ask", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_drill, ask), .min = 1, .max = 20, COLLECT,
      .help = "number of the administrator's question" },
    { "threat", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_drill, threat), .min = 1, .max = 64, COLLECT,
      .help = "which threat is only simulated" },
    { "subject", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_drill, subject), .min = 1, .max = 64, COLLECT,
      .help = "the made-up thing that it is about" },
    { "state", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_drill, state), .names = drill_states, COLLECT,
      .help = "whether the drill starts or ends" },
};
static const struct pk_schema drill_schema = PK_SCHEMA(struct pk_obs_drill, drill_fields, "drill");

static const struct pk_field app_fields[] = {
    { "package", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_item, package), .min = 1,
      .max = PK_APP_PACKAGE_MAX, COLLECT, .help = "name of the app's package" },
    { "version", PK_TYPE_STRING, 0, AT(pk_app_item, version), .max = PK_APP_VERSION_MAX, COLLECT,
      .help = "its version" },
    { "version_code", PK_TYPE_INT, 0, AT(pk_app_item, version_code), .min = 0,
      .max = 9007199254740991.0, COLLECT, .help = "its version as a number" },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_app_item, sha256), .min = 64, .max = 64, COLLECT,
      .help = "fingerprint of the app's file" },
    { "signer", PK_TYPE_STRING, 0, AT(pk_app_item, signer), .min = 64, .max = 64, COLLECT,
      .help = "fingerprint of its maker's certificate" },
    { "installer", PK_TYPE_STRING, 0, AT(pk_app_item, installer), .max = PK_APP_PACKAGE_MAX, COLLECT,
      .help = "which store installed it; empty: by hand" },
    { "system", PK_TYPE_TRI, 0, AT(pk_app_item, system), COLLECT,
      .help = "whether it came with the system" },
    { "profile", PK_TYPE_ENUM, 0, AT(pk_app_item, profile), .names = pk_app_profile_names, COLLECT,
      .def = "device", .help = "whether it stands on the work or the personal side" },
    { "label", PK_TYPE_STRING, 0, AT(pk_app_item, label), .max = PK_APP_LABEL_MAX, COLLECT,
      .help = "its name as you see it; of a personal app only when it is harmful" },
    { "size", PK_TYPE_INT, 0, AT(pk_app_item, size), .min = 0, .max = 9007199254740991.0, COLLECT,
      .help = "size of the app's file" },
};
static const struct pk_schema app_schema = PK_SCHEMA(struct pk_app_item, app_fields, "app");

static const struct pk_field apps_fields[] = {
    { "event", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_apps, event), .names = apps_events, COLLECT,
      .help = "a part of the whole list, or what changed" },
    { "after", PK_TYPE_STRING, 0, AT(pk_obs_apps, after), .min = 1, .max = PK_APP_PACKAGE_MAX,
      COLLECT, .help = "the part begins behind this package" },
    { "upto", PK_TYPE_STRING, 0, AT(pk_obs_apps, upto), .min = 1, .max = PK_APP_PACKAGE_MAX,
      COLLECT, .help = "and ends with this one" },
    { "items", PK_TYPE_OBJECTS, 0, AT(pk_obs_apps, items), .count_max = PK_APPS_MAX,
      .sub = &app_schema, COLLECT, .help = "the apps" },
    { "removed", PK_TYPE_STRINGS, 0, AT(pk_obs_apps, removed), .min = 1,
      .max = PK_APP_PACKAGE_MAX, .count_max = PK_APPS_MAX, COLLECT,
      .help = "packages that are gone" },
};
static const struct pk_schema apps_schema = PK_SCHEMA(struct pk_obs_apps, apps_fields, "apps");

static const struct pk_field observation_fields[] = {
    { "seq", PK_TYPE_INT, PK_REQUIRED, AT(pk_observation, seq), .min = 1, .max = 9007199254740991.0,
      COLLECT, .help = "running number" },
    { "at", PK_TYPE_TIME, PK_REQUIRED, AT(pk_observation, at_ms), COLLECT, .help = "when" },
    { "kind", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_observation, kind),
      .names = pk_observation_kind_names, COLLECT, .help = "what about" },
    { "on", PK_TYPE_STRING, 0, AT(pk_observation, network), .min = 20, .max = 20,
      .privacy = PK_PRIVACY_BLIND, .help = "the network, as a keyed hash of its name" },
    { "agent", PK_TYPE_OBJECT, 0, AT(pk_observation, agent), .sub = &agent_schema },
    { "posture", PK_TYPE_OBJECT, 0, AT(pk_observation, posture), .sub = &posture_schema },
    { "network", PK_TYPE_OBJECT, 0, AT(pk_observation, net), .sub = &pk_obs_network_schema },
    { "gateway", PK_TYPE_OBJECT, 0, AT(pk_observation, gateway), .sub = &pk_obs_gateway_schema },
    { "dns", PK_TYPE_OBJECT, 0, AT(pk_observation, dns), .sub = &pk_obs_dns_schema },
    { "tls", PK_TYPE_OBJECT, 0, AT(pk_observation, tls), .sub = &pk_obs_tls_schema },
    { "portal", PK_TYPE_OBJECT, 0, AT(pk_observation, portal), .sub = &pk_obs_portal_schema },
    { "choice", PK_TYPE_OBJECT, 0, AT(pk_observation, choice), .sub = &choice_schema },
    { "apps", PK_TYPE_OBJECT, 0, AT(pk_observation, apps), .sub = &apps_schema },
    { "lease", PK_TYPE_OBJECT, 0, AT(pk_observation, lease), .sub = &pk_obs_lease_schema },
    { "routers", PK_TYPE_OBJECT, 0, AT(pk_observation, routers), .sub = &pk_obs_routers_schema },
    { "redirect", PK_TYPE_OBJECT, 0, AT(pk_observation, redirect), .sub = &pk_obs_redirect_schema },
    { "http", PK_TYPE_OBJECT, 0, AT(pk_observation, http), .sub = &pk_obs_http_schema },
    { "proxy", PK_TYPE_OBJECT, 0, AT(pk_observation, proxy), .sub = &pk_obs_proxy_schema },
    { "wifi", PK_TYPE_OBJECT, 0, AT(pk_observation, wifi), .sub = &pk_obs_wifi_schema },
    { "cell", PK_TYPE_OBJECT, 0, AT(pk_observation, cell), .sub = &pk_obs_cell_schema },
    { "name", PK_TYPE_OBJECT, 0, AT(pk_observation, name), .sub = &pk_obs_name_schema },
    { "drill", PK_TYPE_OBJECT, 0, AT(pk_observation, drill), .sub = &drill_schema },
};
const struct pk_schema pk_observation_schema =
    PK_SCHEMA(struct pk_observation, observation_fields, "observation");

static const struct pk_field report_fields[] = {
    { "v", PK_TYPE_INT, PK_REQUIRED, AT(pk_report, v), .min = 1, .max = 1,
      .help = "version of the protocol" },
    { "observations", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_report, observations),
      .count_max = PK_REPORT_MAX, .sub = &pk_observation_schema, .help = "what was seen" },
};
const struct pk_schema pk_report_schema = PK_SCHEMA(struct pk_report, report_fields, "report");
/* clang-format on */

/* The bodies in the order of the kinds. */
static void bodies(const struct pk_observation *o, const void *out[PK_OBS_KIND_COUNT])
{
    const void *all[PK_OBS_KIND_COUNT] = { o->agent, o->posture, o->net, o->gateway, o->dns, o->tls,
        o->portal, o->choice, o->apps, o->lease, o->routers, o->redirect, o->http, o->proxy,
        o->wifi, o->cell, o->name, o->drill };

    memcpy(out, all, sizeof(all));
}

/* "net-" and 16 lower-case hex digits: nothing that reads like a name may take its place. */
static bool is_network_id(const char *text)
{
    return strncmp(text, "net-", 4) == 0 && strspn(text + 4, "0123456789abcdef") == 16;
}

static int fail_at(
        struct pk_error *err, int code, const char *prefix, const char *key, const char *text)
{
    int rc = pk_error_set(err, code, "%s", text);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "%s%s", prefix, key);
    }
    return rc;
}

static bool is_sha256(const char *text)
{
    return text == NULL || strspn(text, "0123456789abcdef") == 64;
}

static int compare_items(const struct pk_app_item *a, const struct pk_app_item *b)
{
    int rc = strcmp(a->package, b->package);

    return rc != 0 ? rc
                   : strcmp(a->sha256 != NULL ? a->sha256 : "", b->sha256 != NULL ? b->sha256 : "");
}

/* What the table of apps cannot say: fingerprints are hexadecimal, items stand in order, a part of the
 * whole holds nothing beyond its ends. */
static int check_apps(const struct pk_obs_apps *apps, const char *prefix, struct pk_error *err)
{
    const struct pk_app_item *items = apps->items.items;
    bool all = apps->event == PK_APPS_ALL;

    if (all ? apps->removed.count > 0 : apps->after != NULL || apps->upto != NULL) {
        return fail_at(err, PK_EUNKNOWN, prefix, all ? "apps.removed" : "apps.after",
                "does not belong to this event");
    }
    for (size_t i = 0; i < apps->items.count; i++) {
        if (!is_sha256(items[i].sha256) || !is_sha256(items[i].signer)) {
            return fail_at(
                    err, PK_EMALF, prefix, "apps.items", "64 lower-case hex digits are wanted");
        }
        if (i > 0 && compare_items(&items[i - 1], &items[i]) >= 0) {
            return fail_at(err, PK_EMALF, prefix, "apps.items",
                    "must stand in the order of packages and files, each once");
        }
        if ((apps->after != NULL && strcmp(items[i].package, apps->after) <= 0) ||
                (apps->upto != NULL && strcmp(items[i].package, apps->upto) > 0)) {
            return fail_at(err, PK_EBOUNDS, prefix, "apps.items", "lies outside of after and upto");
        }
    }
    return PK_OK;
}

static int check(const struct pk_observation *o, const char *prefix, struct pk_error *err)
{
    const void *all[PK_OBS_KIND_COUNT];

    if (o->network != NULL && !is_network_id(o->network)) {
        return fail_at(err, PK_EMALF, prefix, "on", "'net-' and 16 hex digits are wanted here");
    }
    bodies(o, all);
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        bool wanted = kind == o->kind;

        if ((all[kind] != NULL) != wanted) {
            return fail_at(err, wanted ? PK_EMISSING : PK_EUNKNOWN, prefix,
                    pk_observation_kind_names[kind],
                    wanted ? "this key is missing" : "does not belong to this kind");
        }
    }
    return o->apps != NULL ? check_apps(o->apps, prefix, err) : PK_OK;
}

int pk_observation_decode(
        const json_t *in, struct pk_arena *arena, struct pk_observation *out, struct pk_error *err)
{
    int rc = pk_schema_decode(&pk_observation_schema, in, arena, out, err);

    return rc < 0 ? rc : check(out, "", err);
}

int pk_report_decode(
        const json_t *in, struct pk_arena *arena, struct pk_report *out, struct pk_error *err)
{
    const struct pk_observation *items;
    int64_t before = 0;
    size_t apps = 0;
    int rc = pk_schema_decode(&pk_report_schema, in, arena, out, err);

    if (rc == PK_OK) {
        rc = pk_schema_check_wire(&pk_report_schema, in, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = out->observations.items;
    if (out->observations.count == 0) {
        rc = pk_error_set(err, PK_EBOUNDS, "at least one observation is wanted");
        if (err != NULL) {
            (void)snprintf(err->path, sizeof(err->path), "observations");
        }
        return rc;
    }
    for (size_t i = 0; i < out->observations.count; i++) {
        char prefix[40];

        (void)snprintf(prefix, sizeof(prefix), "observations[%zu].", i);
        rc = check(&items[i], prefix, err);
        if (rc == PK_OK && items[i].seq <= before) {
            rc = pk_error_set(err, PK_EBOUNDS, "must be greater than the one before");
            if (err != NULL) {
                (void)snprintf(err->path, sizeof(err->path), "%sseq", prefix);
            }
        }
        apps += items[i].apps != NULL ? items[i].apps->items.count + items[i].apps->removed.count
                                      : 0;
        if (rc == PK_OK && apps > PK_REPORT_APPS_MAX) {
            rc = fail_at(err, PK_EBOUNDS, prefix, "apps", "too many apps in one report");
        }
        if (rc < 0) {
            return rc;
        }
        before = items[i].seq;
    }
    return PK_OK;
}

json_t *pk_observation_encode(const struct pk_observation *in, bool wire)
{
    return pk_schema_encode(&pk_observation_schema, in, wire);
}

void pk_network_id(struct pk_slice key, const char *identity, char out[PK_NETWORK_ID])
{
    static const uint8_t no_key[1];
    uint8_t digest[PK_SHA256_SIZE];
    char hex[2 * 8 + 1];

    if (key.len == 0) {
        key = pk_slice_of(no_key, sizeof(no_key));
    }
    pk_hmac_sha256(key, pk_slice_str(identity), digest);
    pk_hex(pk_slice_of(digest, 8), hex);
    (void)snprintf(out, PK_NETWORK_ID, "net-%s", hex);
}
