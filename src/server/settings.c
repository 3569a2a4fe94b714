#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/file.h"
#include "base/yaml.h"
#include "server/tls.h"

#define AT(type, member) offsetof(struct type, member)

static const char *const log_formats[] = { "text", "json", NULL };
static const char *const crowd_enrolled[] = { "nothing", "software", "hardware", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };

/* clang-format off */
static const struct pk_field listen_fields[] = {
    { "address", PK_TYPE_STRING, 0, AT(pk_listen, address), .min = 1, .max = 64, .def = "0.0.0.0",
      .help = "address to listen on; \"::\" takes IPv4 and IPv6" },
    { "port", PK_TYPE_INT, 0, AT(pk_listen, port), .min = 0, .max = 65535, .def = "8443",
      .help = "port of the console, the REST interface and the devices; 0: the system picks one" },
};
static const struct pk_schema listen_schema = PK_SCHEMA(struct pk_listen, listen_fields, "listen");

static const struct pk_field limit_fields[] = {
    { "connections", PK_TYPE_INT, 0, AT(pk_limit_settings, connections), .min = 16, .max = 1000000,
      .def = "20000", .help = "connections at the same time" },
    { "connections_per_address", PK_TYPE_INT, 0, AT(pk_limit_settings, connections_per_address),
      .min = 0, .max = 1000000, .def = "0", .help = "of these from one address; 0: no own limit" },
    { "idle_timeout_s", PK_TYPE_INT, 0, AT(pk_limit_settings, idle_timeout_s), .min = 2,
      .max = 3600, .def = "75", .help = "seconds until a connection without a request is closed" },
    { "reports_per_minute", PK_TYPE_INT, 0, AT(pk_limit_settings, reports_per_minute), .min = 1,
      .max = 1000000, .def = "60", .help = "reports of one device" },
    { "enrolment_tries_per_minute", PK_TYPE_INT, 0,
      AT(pk_limit_settings, enrolment_tries_per_minute), .min = 1, .max = 1000000, .def = "10",
      .help = "wrong enrolment tokens from one address" },
    { "api_per_minute", PK_TYPE_INT, 0, AT(pk_limit_settings, api_per_minute), .min = 10,
      .max = 10000000, .def = "3000", .help = "calls of the REST interface from one address" },
};
static const struct pk_schema limit_schema =
    PK_SCHEMA(struct pk_limit_settings, limit_fields, "limits");

static const struct pk_field scan_fields[] = {
    { "processes", PK_TYPE_INT, 0, AT(pk_scan_settings, processes), .min = 1, .max = 64, .def = "2",
      .help = "app files that are read at the same time, each in its own sandboxed process" },
    { "upload_max_mb", PK_TYPE_INT, 0, AT(pk_scan_settings, upload_max_mb), .min = 1, .max = 4096,
      .def = "512", .help = "largest app file that can be uploaded, in MiB" },
    { "timeout_s", PK_TYPE_INT, 0, AT(pk_scan_settings, timeout_s), .min = 1, .max = 600,
      .def = "10", .help = "seconds that reading one file may take" },
    { "yara", PK_TYPE_STRINGS, 0, AT(pk_scan_settings, yara), .min = 1, .max = 4096,
      .count_max = PK_SCAN_YARA_MAX,
      .help = "your own YARA rules for app files: files, and folders with *.yar and *.yara" },
};
static const struct pk_schema scan_schema = PK_SCHEMA(struct pk_scan_settings, scan_fields, "scan");

static const struct pk_field app_fields[] = {
    { "ask", PK_TYPE_BOOL, 0, AT(pk_app_settings, ask), .def = "true",
      .help = "ask a device that has it for an app file that nobody has read yet" },
    { "ask_again_s", PK_TYPE_INT, 0, AT(pk_app_settings, ask_again_s), .min = 1, .max = 604800,
      .def = "600", .help = "seconds until another device is asked for the file" },
    { "asks_open", PK_TYPE_INT, 0, AT(pk_app_settings, asks_open), .min = 1, .max = 100, .def = "2",
      .help = "app files that one device is asked for at the same time" },
};
static const struct pk_schema app_schema = PK_SCHEMA(struct pk_app_settings, app_fields, "apps");

static const struct pk_field network_fields[] = {
    { "keep_days", PK_TYPE_INT, 0, AT(pk_network_settings, keep_days), .min = 1, .max = 3650,
      .def = "180", .help = "days after which a network that no device met any more is forgotten" },
    { "min_devices", PK_TYPE_INT, 0, AT(pk_network_settings, min_devices), .min = 1, .max = 1000,
      .def = "2", .help = "networks that fewer devices met are homes: only counted, never listed" },
};
static const struct pk_schema network_schema =
    PK_SCHEMA(struct pk_network_settings, network_fields, "networks");

static const struct pk_field crowd_fields[] = {
    { "enabled", PK_TYPE_BOOL, 0, AT(pk_crowd_server_settings, enabled), .def = "true",
      .help = "learn from all devices together which networks, masts and apps are dangerous" },
    { "enrolled", PK_TYPE_ENUM, 0, AT(pk_crowd_server_settings, enrolled),
      .names = crowd_enrolled, .def = "hardware",
      .help = "how far an enrolled device is believed to be a real one: as if by nothing, by software"
              " or by its hardware" },
    { "memory_max_mb", PK_TYPE_INT, 0, AT(pk_crowd_server_settings, memory_max_mb), .min = 16,
      .max = 1048576, .def = "1024", .help = "memory of what is learnt, in MiB" },
    { "checkpoint_s", PK_TYPE_INT, 0, AT(pk_crowd_server_settings, checkpoint_s), .min = 1,
      .max = 86400, .def = "300", .help = "seconds until what is learnt is written down as a whole" },
    { "min_devices", PK_TYPE_INT, 0, AT(pk_crowd_server_settings, min_devices), .min = 1,
      .max = 1000, .def = "5",
      .help = "numbers of devices below this are not told to other devices and groups" },
};
static const struct pk_schema crowd_schema =
    PK_SCHEMA(struct pk_crowd_server_settings, crowd_fields, "crowd");

static const struct pk_field exchange_fields[] = {
    { "hub", PK_TYPE_BOOL, 0, AT(pk_exchange_settings, hub),
      .help = "other organisations' servers may join this one, by invitation" },
    { "name", PK_TYPE_STRING, 0, AT(pk_exchange_settings, name), .min = 1, .max = 64,
      .help = "what the others call this organisation; left out: the server's name" },
    { "min_devices", PK_TYPE_INT, 0, AT(pk_exchange_settings, min_devices), .min = 10,
      .max = 1000000, .def = "10", .help = "k: what fewer devices saw is not told, nor how many" },
    { "trust", PK_TYPE_REAL, 0, AT(pk_exchange_settings, trust), .min = 0, .max = 1, .def = "0.8",
      .help = "how much a hub's word counts: 0 nothing, 1 as much as the hub says itself" },
    { "prevalence", PK_TYPE_BOOL, 0, AT(pk_exchange_settings, prevalence), .def = "true",
      .help = "tell, in steps, how many devices have an app, from min_devices up" },
    { "epoch_hours", PK_TYPE_INT, 0, AT(pk_exchange_settings, epoch_hours), .min = 1, .max = 8784,
      .def = "168", .help = "hub: after this time things get new shared names" },
    { "newcomer_days", PK_TYPE_INT, 0, AT(pk_exchange_settings, newcomer_days), .min = 1,
      .max = 365, .def = "14",
      .help = "hub: until a member that nobody vouches for counts in full" },
    { "words_max", PK_TYPE_INT, 0, AT(pk_exchange_settings, words_max), .min = 10, .max = 1000000,
      .def = "20000", .help = "hub: things that one member may speak of at a time" },
};
static const struct pk_schema exchange_schema =
    PK_SCHEMA(struct pk_exchange_settings, exchange_fields, "exchange");

const char *const pk_sso_roles[] = { "none", "viewer", "responder", "policy", "privacy", "owner",
    NULL };
static const char *const sso_methods[] = { "client_secret_basic", "client_secret_post", NULL };

static const struct pk_field sso_map_fields[] = {
    { "group", PK_TYPE_STRING, PK_REQUIRED, AT(pk_sso_map, group), .min = 1, .max = 256,
      .help = "group as the identity provider names it" },
    { "role", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_sso_map, role), .names = pk_sso_roles,
      .help = "what its members may do" },
    { "groups", PK_TYPE_STRINGS, 0, AT(pk_sso_map, groups), .min = 1, .max = 64, .count_max = 16,
      .help = "groups of devices that they see; none: all" },
};
static const struct pk_schema sso_map_schema = PK_SCHEMA(struct pk_sso_map, sso_map_fields, "role_map");

static const struct pk_field sso_fields[] = {
    { "name", PK_TYPE_STRING, 0, AT(pk_sso_settings, name), .min = 1, .max = 64,
      .def = "single sign-on", .help = "of the provider, for the button" },
    { "issuer", PK_TYPE_STRING, PK_REQUIRED, AT(pk_sso_settings, issuer), .min = 9, .max = 512,
      .help = "URL of the OpenID provider, exactly as it calls itself" },
    { "client_id", PK_TYPE_STRING, PK_REQUIRED, AT(pk_sso_settings, client_id), .min = 1,
      .max = 256, .help = "what the provider calls this server" },
    { "client_secret_file", PK_TYPE_STRING, 0, AT(pk_sso_settings, client_secret_file), .min = 1,
      .max = 4096, .help = "file with the client's secret; absent: a public client (PKCE alone)" },
    { "auth_method", PK_TYPE_ENUM, 0, AT(pk_sso_settings, auth_method), .names = sso_methods,
      .def = "client_secret_basic", .help = "how the secret is shown to the provider" },
    { "scopes", PK_TYPE_STRINGS, 0, AT(pk_sso_settings, scopes), .min = 1, .max = 128,
      .count_max = 16, .help = "asked for besides openid; absent: profile and email" },
    { "groups_claim", PK_TYPE_STRING, 0, AT(pk_sso_settings, groups_claim), .min = 1, .max = 128,
      .def = "groups", .help = "where the ID token tells groups; dots lead into objects" },
    { "role_map", PK_TYPE_OBJECTS, 0, AT(pk_sso_settings, role_map), .sub = &sso_map_schema,
      .count_max = PK_SSO_MAPS_MAX, .help = "roles by groups of the provider; the first that fits" },
    { "default_role", PK_TYPE_ENUM, 0, AT(pk_sso_settings, default_role), .names = pk_sso_roles,
      .def = "none", .help = "of those who are in none of these groups; none: not let in" },
    { "ca", PK_TYPE_STRING, 0, AT(pk_sso_settings, ca), .min = 1, .max = 4096,
      .help = "PEM file with the roots that the provider's certificate is checked against; absent: the system's" },
    { "algorithms", PK_TYPE_STRINGS, 0, AT(pk_sso_settings, algorithms), .min = 5, .max = 5,
      .count_max = 4, .help = "signatures that are taken: RS256 PS256 ES256 EdDSA; absent: all four" },
};
static const struct pk_schema sso_schema = PK_SCHEMA(struct pk_sso_settings, sso_fields, "sso");

static const struct pk_field log_fields[] = {
    { "format", PK_TYPE_ENUM, 0, AT(pk_log_settings, format), .names = log_formats, .def = "text",
      .help = "how log lines look" },
    { "level", PK_TYPE_ENUM, 0, AT(pk_log_settings, level), .names = log_levels, .def = "info",
      .help = "least important level that is written" },
};
static const struct pk_schema log_schema = PK_SCHEMA(struct pk_log_settings, log_fields, "log");

static const struct pk_field settings_fields[] = {
    { "name", PK_TYPE_STRING, 0, AT(pk_settings, name), .min = 1, .max = 64, .def = "Picket",
      .help = "what the console calls this server" },
    { "state_dir", PK_TYPE_STRING, 0, AT(pk_settings, state_dir), .min = 1, .max = 1000,
      .def = "/var/lib/picket", .help = "folder of the CA, the certificates and the store" },
    { "console_dir", PK_TYPE_STRING, 0, AT(pk_settings, console_dir), .min = 1, .max = 1000,
      .help = "folder of the built console; left out: the installed one" },
    { "listen", PK_TYPE_OBJECT, 0, AT(pk_settings, listen), .sub = &listen_schema,
      .help = "where to listen" },
    { "names", PK_TYPE_STRINGS, 0, AT(pk_settings, names), .min = 1, .max = 253, .count_max = 16,
      .help = "host names and addresses of this server; the first one stands in links" },
    { "store", PK_TYPE_STRING, PK_SECRET, AT(pk_settings, store), .min = 1, .max = 1000,
      .help = "sqlite:FILE or postgresql://...; left out: SQLite in the state folder" },
    { "journal", PK_TYPE_STRING, PK_SECRET, AT(pk_settings, journal), .min = 1, .max = 1000,
      .help = "the same for the journal of reports" },
    { "threads", PK_TYPE_INT, 0, AT(pk_settings, threads), .min = 0, .max = 64, .def = "0",
      .help = "threads that answer requests; 0: one a processor" },
    { "workers", PK_TYPE_INT, 0, AT(pk_settings, workers), .min = 0, .max = 16, .def = "0",
      .help = "threads that judge reports; 0: one a processor" },
    { "limits", PK_TYPE_OBJECT, 0, AT(pk_settings, limits), .sub = &limit_schema,
      .help = "how much anybody may ask for" },
    { "scan", PK_TYPE_OBJECT, 0, AT(pk_settings, scan), .sub = &scan_schema,
      .help = "reading app files" },
    { "apps", PK_TYPE_OBJECT, 0, AT(pk_settings, apps), .sub = &app_schema,
      .help = "apps of devices" },
    { "networks", PK_TYPE_OBJECT, 0, AT(pk_settings, networks), .sub = &network_schema,
      .help = "networks that devices met" },
    { "crowd", PK_TYPE_OBJECT, 0, AT(pk_settings, crowd), .sub = &crowd_schema,
      .help = "what all devices together know" },
    { "retention", PK_TYPE_OBJECT, 0, AT(pk_settings, retention), .sub = &pk_retention_schema,
      .help = "how long what is kept" },
    { "privacy", PK_TYPE_OBJECT, 0, AT(pk_settings, privacy), .sub = &pk_privacy_schema,
      .help = "what others are shown, and what the person may do alone" },
    { "sso", PK_TYPE_OBJECT, 0, AT(pk_settings, sso), .sub = &sso_schema,
      .help = "sign-in by an OpenID provider" },
    { "exchange", PK_TYPE_OBJECT, 0, AT(pk_settings, exchange), .sub = &exchange_schema,
      .help = "what is told to and heard from other organisations" },
    { "demo", PK_TYPE_BOOL, 0, AT(pk_settings, demo), .help = "the console says: simulated" },
    { "log", PK_TYPE_OBJECT, 0, AT(pk_settings, log), .sub = &log_schema, .help = "log lines" },
    { "policy", PK_TYPE_STRING, 0, AT(pk_settings, policy), .min = 1, .max = 1000,
      .help = "policy file; left out: the built-in policy" },
    { "siem", PK_TYPE_OBJECTS, 0, AT(pk_settings, siem), .count_max = PK_SIEM_TARGETS_MAX,
      .sub = &pk_siem_schema,
      .help = "receivers of security events" },
    { "mail", PK_TYPE_OBJECT, 0, AT(pk_settings, mail), .sub = &pk_mail_schema,
      .help = "the relay that letters go through; left out: there are no letters" },
    { "webhooks", PK_TYPE_OBJECTS, 0, AT(pk_settings, webhooks), .count_max = PK_HOOKS_MAX,
      .sub = &pk_hook_schema, .help = "programs that are called when something happens" },
    { "push", PK_TYPE_OBJECT, 0, AT(pk_settings, push), .sub = &pk_push_schema,
      .help = "services that wake phones" },
};
/* clang-format on */
const struct pk_schema pk_settings_schema = PK_SCHEMA(
        struct pk_settings, settings_fields, "settings");

/* A group that is left out is a group of defaults. */
static void *group_of_defaults(const struct pk_schema *schema, struct pk_arena *arena)
{
    void *group = pk_arena_alloc(arena, 1, schema->size);
    json_t *empty = json_object();

    if (group != NULL && pk_schema_decode(schema, empty, arena, group, NULL) < 0) {
        group = NULL;
    }
    json_decref(empty);
    return group;
}

static int complete(struct pk_settings *s, struct pk_arena *arena, struct pk_error *err)
{
    if (s->listen == NULL) {
        s->listen = group_of_defaults(&listen_schema, arena);
    }
    if (s->limits == NULL) {
        s->limits = group_of_defaults(&limit_schema, arena);
    }
    if (s->scan == NULL) {
        s->scan = group_of_defaults(&scan_schema, arena);
    }
    if (s->apps == NULL) {
        s->apps = group_of_defaults(&app_schema, arena);
    }
    if (s->networks == NULL) {
        s->networks = group_of_defaults(&network_schema, arena);
    }
    if (s->crowd == NULL) {
        s->crowd = group_of_defaults(&crowd_schema, arena);
    }
    if (s->retention == NULL) {
        s->retention = group_of_defaults(&pk_retention_schema, arena);
    }
    if (s->privacy == NULL) {
        s->privacy = group_of_defaults(&pk_privacy_schema, arena);
    }
    if (s->exchange == NULL) {
        s->exchange = group_of_defaults(&exchange_schema, arena);
    }
    if (s->log == NULL) {
        s->log = group_of_defaults(&log_schema, arena);
    }
    if (s->store == NULL) {
        s->store = pk_arena_printf(arena, "sqlite:%s/picket.db", s->state_dir);
    }
    if (s->journal == NULL) {
        s->journal = pk_arena_printf(arena, "sqlite:%s/journal.db", s->state_dir);
    }
    if (s->listen == NULL || s->limits == NULL || s->log == NULL || s->scan == NULL ||
            s->apps == NULL || s->networks == NULL || s->crowd == NULL || s->exchange == NULL ||
            s->retention == NULL || s->privacy == NULL || s->store == NULL || s->journal == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return PK_OK;
}

static int fail(struct pk_error *err, const char *path, const char *text)
{
    int rc = pk_error_set(err, PK_EMALF, "%s", text);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "%s", path);
    }
    return rc;
}

/* What a row cannot say. */
static int fail_sso(struct pk_error *err, const char *path, const char *text)
{
    (void)pk_error_set(err, PK_EBOUNDS, "%s", text);
    (void)snprintf(err->path, sizeof(err->path), "sso.%s", path);
    return PK_EBOUNDS;
}

static int check_sso(const struct pk_sso_settings *sso, struct pk_error *err)
{
    static const char *const algorithms[] = { "RS256", "PS256", "ES256", "EdDSA" };

    if (strncmp(sso->issuer, "https://", 8) != 0 || strpbrk(sso->issuer, "?# \t\n") != NULL) {
        return fail_sso(err, "issuer", "must be an https URL without a query");
    }
    for (size_t i = 0; i < sso->algorithms.count; i++) {
        bool known = false;

        for (size_t k = 0; k < PK_COUNT(algorithms); k++) {
            known = known || strcmp(sso->algorithms.items[i], algorithms[k]) == 0;
        }
        if (!known) {
            return fail_sso(err, "algorithms", "must be among RS256, PS256, ES256 and EdDSA");
        }
    }
    return PK_OK;
}

static int check(const struct pk_settings *s, struct pk_error *err)
{
    char path[40];
    int rc;

    for (size_t i = 0; i < s->names.count; i++) {
        if (!pk_tls_is_name(s->names.items[i])) {
            (void)snprintf(path, sizeof(path), "names[%zu]", i);
            return fail(err, path, "a host name or an address is wanted here");
        }
    }
    if (s->sso != NULL) {
        rc = check_sso(s->sso, err);
        if (rc < 0) {
            return rc;
        }
    }
    rc = pk_siem_check(s->siem.items, s->siem.count, err);
    if (rc == PK_OK) {
        rc = pk_mail_check(s->mail, err);
    }
    if (rc == PK_OK) {
        rc = pk_hook_check(s->webhooks.items, s->webhooks.count, err);
    }
    return rc == PK_OK ? pk_push_check(s->push, err) : rc;
}

int pk_settings_decode(const char *name, const char *text, size_t len, struct pk_arena *arena,
        struct pk_settings *out, struct pk_error *err)
{
    struct pk_error why = { 0 };
    struct pk_yaml *yaml = NULL;
    struct pk_settings made;
    char sentence[sizeof(why.text)];
    int rc = pk_yaml_parse(text, len, &yaml, &why);

    if (rc == PK_OK) {
        rc = pk_schema_decode(&pk_settings_schema, pk_yaml_root(yaml), arena, &made, &why);
    }
    if (rc == PK_OK) {
        rc = complete(&made, arena, &why);
    }
    if (rc == PK_OK) {
        rc = check(&made, &why);
    }
    if (rc == PK_OK) {
        *out = made;
    } else if (err != NULL) {
        if (yaml != NULL) {
            why.line = pk_yaml_line(yaml, why.path);
        }
        *err = why;
        (void)snprintf(sentence, sizeof(sentence), "%s", why.text);
        (void)snprintf(err->text, sizeof(err->text), "%.100s:%d: %s%s%.150s", name, why.line,
                why.path, why.path[0] != '\0' ? ": " : "", sentence);
    }
    pk_yaml_destroy(yaml);
    return rc;
}

int pk_settings_load(
        const char *file, struct pk_arena *arena, struct pk_settings *out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_YAML_FILE_MAX);
    int rc = PK_OK;

    if (file != NULL) {
        rc = pk_file_read(file, &text, err);
    }
    if (rc == PK_OK) {
        rc = pk_settings_decode(file != NULL ? file : "defaults", text.ptr != NULL ? text.ptr : "",
                text.len, arena, out, err);
    }
    pk_buffer_finish(&text);
    return rc;
}

static void explain_value(const struct pk_field *f, const json_t *v, struct pk_buffer *out)
{
    char *text;

    if ((f->flags & PK_SECRET) != 0 && json_is_string(v) &&
            strncmp(json_string_value(v), "sqlite:", 7) != 0) {
        (void)pk_buffer_puts(out, "(set)"); /* may hold a password */
        return;
    }
    text = v != NULL ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15))
                     : NULL;
    (void)pk_buffer_puts(out, text != NULL ? text : "-");
    free(text);
}

static void explain(const struct pk_schema *schema, const json_t *values, const char *prefix,
        struct pk_buffer *out)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        const json_t *v = json_object_get(values, f->name);
        char path[80];

        (void)snprintf(path, sizeof(path), "%s%s", prefix, f->name);
        if (f->type == PK_TYPE_OBJECT) {
            (void)snprintf(path, sizeof(path), "%s%s.", prefix, f->name);
            explain(f->sub, v, path, out);
            continue;
        }
        if (f->type == PK_TYPE_OBJECTS && json_array_size(v) > 0) {
            for (size_t k = 0; k < json_array_size(v); k++) {
                (void)snprintf(path, sizeof(path), "%s%s[%zu].", prefix, f->name, k);
                explain(f->sub, json_array_get(v, k), path, out);
            }
            continue;
        }
        (void)pk_buffer_printf(out, "%s: ", path);
        explain_value(f, v, out);
        (void)pk_buffer_printf(out, "  # %s\n", f->help);
    }
}

void pk_settings_explain(const struct pk_settings *settings, struct pk_buffer *out)
{
    json_t *values = pk_schema_encode(&pk_settings_schema, settings, false);

    explain(&pk_settings_schema, values, "", out);
    json_decref(values);
}
