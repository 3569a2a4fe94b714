#include "agent/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/https.h"
#include "agent/sense.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/yaml.h"
#include "model/observation.h"
#include "model/trust.h"
#include "model/words.h"

#define AT(s, m) offsetof(struct s, m)

/* clang-format off */
static const struct pk_field server_fields[] = {
    { "url", PK_TYPE_STRING, 0, AT(pk_server_settings, url), .min = 9, .max = 300,
      .help = "https://host:port of picketd, when it moved since the enrolment" },
    { "ca", PK_TYPE_STRING, 0, AT(pk_server_settings, ca), .min = 1, .max = 1024,
      .help = "PEM file with the CA that vouches for picketd in place of the enrolment's" },
};
static const struct pk_schema server_schema =
    PK_SCHEMA(struct pk_server_settings, server_fields, "server");

static const struct pk_field report_fields[] = {
    { "min_delay_s", PK_TYPE_INT, 0, AT(pk_report_settings, min_delay_s), .min = 0, .max = 3600,
      .def = "30", .help = "seconds that ordinary observations wait for company; findings go at once" },
    { "max_batch", PK_TYPE_INT, 0, AT(pk_report_settings, max_batch), .min = 1, .max = 512,
      .def = "100", .help = "observations in one report" },
    { "wait_s", PK_TYPE_INT, 0, AT(pk_report_settings, wait_s), .min = 10, .max = 1800,
      .def = "1500", .help = "seconds the connection for commands sleeps before it is renewed" },
    { "spool_bytes", PK_TYPE_INT, 0, AT(pk_report_settings, spool_bytes), .min = 65536,
      .max = 1073741824, .def = "4194304",
      .help = "room on disk for what the server does not have yet" },
};
static const struct pk_schema report_schema =
    PK_SCHEMA(struct pk_report_settings, report_fields, "report");

static const struct pk_field notify_fields[] = {
    { "desktop", PK_TYPE_BOOL, 0, AT(pk_notify_settings, desktop), .def = "true",
      .help = "show alerts as desktop notifications where there is a desktop" },
    { "terminal", PK_TYPE_BOOL, 0, AT(pk_notify_settings, terminal), .def = "true",
      .help = "write alerts to the agent's terminal" },
};
static const struct pk_schema notify_schema =
    PK_SCHEMA(struct pk_notify_settings, notify_fields, "notify");

static const char *const apps_reports[] = { "all", "work", "none", NULL };

static const struct pk_field folder_fields[] = {
    { "path", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_folder, path), .min = 1, .max = 1024,
      .help = "folder with app files, also below it; * stands for any name, ~/ for the home folder" },
    { "profile", PK_TYPE_ENUM, 0, AT(pk_app_folder, profile), .names = pk_app_profile_names,
      .def = "device", .help = "whose apps these are" },
};
static const struct pk_schema folder_schema =
    PK_SCHEMA(struct pk_app_folder, folder_fields, "folder");

static const struct pk_field apps_fields[] = {
    { "report", PK_TYPE_ENUM, 0, AT(pk_app_settings, report), .names = apps_reports, .def = "all",
      .help = "which apps the server learns of; those it does not are judged here alone" },
    { "send", PK_TYPE_BOOL, 0, AT(pk_app_settings, send), .def = "true",
      .help = "send an app file when the server asks for one that nobody has read yet" },
    { "file_max_mb", PK_TYPE_INT, 0, AT(pk_app_settings, file_max_mb), .min = 1, .max = 4096,
      .def = "512", .help = "larger files are left alone" },
    { "intel", PK_TYPE_STRING, 0, AT(pk_app_settings, intel), .min = 1, .max = 1024,
      .help = "set of indicators; default: where `picket intel` keeps it" },
    { "folders", PK_TYPE_OBJECTS, 0, AT(pk_app_settings, folders), .count_max = 32,
      .sub = &folder_schema, .help = "where app files lie" },
};
static const struct pk_schema apps_schema = PK_SCHEMA(struct pk_app_settings, apps_fields, "apps");

static const struct pk_field names_fields[] = {
    { "listen", PK_TYPE_STRING, 0, AT(pk_names_settings, listen), .min = 3, .max = 80,
      .help = "loopback address of the agent's own name server (127.0.0.153); default: there is none" },
    { "page", PK_TYPE_STRING, 0, AT(pk_names_settings, page), .min = 3, .max = 80,
      .help = "loopback address[:port] of the page that is shown for blocked names; default: port 80 there" },
    { "rate", PK_TYPE_INT, 0, AT(pk_names_settings, rate), .min = 10, .max = 1000000, .def = "2000",
      .help = "questions a second that it takes" },
};
static const struct pk_schema names_schema = PK_SCHEMA(struct pk_names_settings, names_fields, "names");

static const struct pk_field page_fields[] = {
    { "url", PK_TYPE_STRING, PK_REQUIRED, AT(pk_page, url), .min = 8, .max = 300,
      .help = "http://..." },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_page, sha256), .min = 64, .max = 64,
      .help = "fingerprint of its content; default: learnt on clean visits" },
};
static const struct pk_schema page_schema = PK_SCHEMA(struct pk_page, page_fields, "page");

static const struct pk_field settings_fields[] = {
    { "state_dir", PK_TYPE_STRING, 0, AT(pk_agent_settings, state_dir), .min = 1, .max = 1024,
      .def = PK_AGENT_STATE_DIR, .help = "folder for key, certificate, spool and ledger" },
    { "language", PK_TYPE_STRING, 0, AT(pk_agent_settings, language), .min = 2, .max = 8,
      .help = "language of what you read (en, de, es, fr, it); default: that of the locale" },
    { "server", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, server), .sub = &server_schema,
      .help = "where picketd is; normally known from the enrolment" },
    { "report", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, report), .sub = &report_schema,
      .help = "how observations travel" },
    { "notify", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, notify), .sub = &notify_schema,
      .help = "how you are told" },
    { "apps", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, apps), .sub = &apps_schema,
      .help = "app files on this device" },
    { "names", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, names), .sub = &names_schema,
      .help = "harmful names are blocked on this device; switched on by 'picket-agent names on'" },
    { "canaries", PK_TYPE_STRINGS, 0, AT(pk_agent_settings, canaries), .min = 1, .max = 260,
      .count_max = 16,
      .help = "hosts (host or host:port) whose certificates everybody can verify; default: built in" },
    { "probe_url", PK_TYPE_STRING, 0, AT(pk_agent_settings, probe_url), .min = 8, .max = 1024,
      .help = "http:// page that answers 204 with nothing, to notice sign-in pages" },
    { "probe_domain", PK_TYPE_STRING, 0, AT(pk_agent_settings, probe_domain), .min = 1, .max = 200,
      .help = "domain below which made-up names do not exist, to notice lying name servers" },
    { "resolver", PK_TYPE_STRING, 0, AT(pk_agent_settings, resolver), .min = 2, .max = 80,
      .help = "trusted name server (address[:port]) for a second opinion" },
    { "resolver_name", PK_TYPE_STRING, 0, AT(pk_agent_settings, resolver_name), .min = 1, .max = 253,
      .help = "its name in certificates: it is asked over TLS or HTTPS then, which nobody can forge" },
    { "redirects", PK_TYPE_STRINGS, 0, AT(pk_agent_settings, redirects), .min = 8, .max = 300,
      .count_max = 8, .help = "http:// pages that always lead to https, to notice who stops that" },
    { "pages", PK_TYPE_OBJECTS, 0, AT(pk_agent_settings, pages), .count_max = 8,
      .sub = &page_schema, .help = "http:// pages whose content is known, to notice who changes it" },
    { "place", PK_TYPE_STRING, 0, AT(pk_agent_settings, place), .min = 5, .max = 5,
      .help = "where the device stays, coarsely (geohash of 5 letters), when nothing else tells" },
    { "place_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, place_file), .min = 1, .max = 1024,
      .help = "file whose first 5 letters are the geohash of where the device is now" },
    { "trust", PK_TYPE_OBJECT, 0, AT(pk_agent_settings, trust), .sub = &pk_trust_schema,
      .help = "what your organisation trusts, when no server tells" },
    { "trust_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, trust_file), .min = 1, .max = 1024,
      .help = "the same in a file of its own, read again whenever it changes" },
    { "ca_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, ca_file), .min = 1, .max = 1024,
      .help = "PEM file with the roots that may vouch for the check hosts; default: the system's" },
    { "ca_dir", PK_TYPE_STRING, 0, AT(pk_agent_settings, ca_dir), .min = 1, .max = 1024,
      .help = "folder of such roots (hashed names)" },
    { "wifi_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, wifi_file), .min = 1, .max = 1024,
      .help = "the Wi-Fi card's report (tab-separated: connected bssid ssid freq signal security)" },
    { "cell_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, cell_file), .min = 1, .max = 1024,
      .help = "what a modem's helper or a Rayhunter says of mobile networks (JSON lines), read as it grows" },
    { "lease_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, lease_file), .min = 1, .max = 1024,
      .help = "the DHCP client's lease (key=value: dns serverid opt114 wpad)" },
    { "resolv_file", PK_TYPE_STRING, 0, AT(pk_agent_settings, resolv_file), .min = 1, .max = 1024,
      .help = "list of name servers; default /etc/resolv.conf" },
    { "interface", PK_TYPE_STRING, 0, AT(pk_agent_settings, interface), .min = 1, .max = 15,
      .help = "network interface to watch; default: the one with the default route" },
    { "recheck_minutes", PK_TYPE_INT, 0, AT(pk_agent_settings, recheck_minutes), .min = 1,
      .max = 1440, .def = "90", .help = "the check hosts are asked at least this often" },
    { "posture_hours", PK_TYPE_INT, 0, AT(pk_agent_settings, posture_hours), .min = 1, .max = 168,
      .def = "24", .help = "the state of the device is read at least this often" },
    { "probe_ms", PK_TYPE_INT, 0, AT(pk_agent_settings, probe_ms), .min = 100, .max = 60000,
      .def = "4000", .help = "how long one question to the network may take" },
};
/* clang-format on */
const struct pk_schema pk_agent_settings_schema = PK_SCHEMA(
        struct pk_agent_settings, settings_fields, "agent");

/* A section that is not there gets the defaults of its rows. */
static int fill_section(void **section, const struct pk_schema *schema, struct pk_arena *arena,
        struct pk_error *err)
{
    json_t *empty;
    int rc;

    if (*section != NULL) {
        return PK_OK;
    }
    *section = pk_arena_alloc(arena, 1, schema->size);
    empty = json_object();
    if (*section == NULL || empty == NULL) {
        json_decref(empty);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_schema_decode(schema, empty, arena, *section, err);
    json_decref(empty);
    return rc;
}

static int complete(struct pk_agent_settings *s, struct pk_arena *arena, struct pk_error *err)
{
    void *server = s->server;
    void *report = s->report;
    void *notify = s->notify;
    void *apps = s->apps;
    void *trust = s->trust;
    void *names = s->names;
    char host[PK_HTTPS_HOST];
    int port;
    int rc = fill_section(&server, &server_schema, arena, err);

    if (rc == PK_OK) {
        rc = fill_section(&report, &report_schema, arena, err);
    }
    if (rc == PK_OK) {
        rc = fill_section(&notify, &notify_schema, arena, err);
    }
    if (rc == PK_OK) {
        rc = fill_section(&apps, &apps_schema, arena, err);
    }
    if (rc == PK_OK) {
        rc = fill_section(&trust, &pk_trust_schema, arena, err);
    }
    if (rc == PK_OK) {
        rc = fill_section(&names, &names_schema, arena, err);
    }
    s->trust = trust;
    s->names = names;
    s->server = server;
    s->report = report;
    s->notify = notify;
    s->apps = apps;
    if (rc == PK_OK && s->server->url != NULL) {
        rc = pk_https_url(s->server->url, host, &port, err);
        if (rc < 0) {
            pk_error_prefix(err, "server.url");
        }
    }
    return rc;
}

int pk_agent_settings_decode(const char *name, const char *text, size_t len, struct pk_arena *arena,
        struct pk_agent_settings *out, struct pk_error *err)
{
    int rc = pk_yaml_decode(name, text, len, &pk_agent_settings_schema, arena, out, err);

    return rc < 0 ? rc : complete(out, arena, err);
}

int pk_agent_settings_load(const char *path, struct pk_arena *arena, struct pk_agent_settings *out,
        struct pk_error *err)
{
    int rc;

    if (path == NULL && access(PK_AGENT_CONFIG, F_OK) != 0) {
        return pk_agent_settings_decode("defaults", "", 0, arena, out, err);
    }
    rc = pk_yaml_load(
            path != NULL ? path : PK_AGENT_CONFIG, &pk_agent_settings_schema, arena, out, err);
    return rc < 0 ? rc : complete(out, arena, err);
}

const char *pk_agent_settings_language(const struct pk_agent_settings *in)
{
    return in->language != NULL ? pk_language_of(in->language) : pk_language_of_locale();
}

void pk_agent_settings_sense(const struct pk_agent_settings *in, struct pk_sense_settings *out)
{
    *out = (struct pk_sense_settings){
        .canaries = in->canaries,
        .probe_url = in->probe_url,
        .probe_domain = in->probe_domain,
        .resolver = in->resolver,
        .ca_file = in->ca_file,
        .ca_dir = in->ca_dir,
        .wifi_file = in->wifi_file,
        .cell_file = in->cell_file,
        .lease_file = in->lease_file,
        .resolv_file = in->resolv_file,
        .interface = in->interface,
        .resolver_name = in->resolver_name,
        .redirects = in->redirects,
        .pages = in->pages,
        .place = in->place,
        .place_file = in->place_file,
        .state_dir = in->state_dir,
        .probe_ms = in->probe_ms,
        .tls_every_ms = in->recheck_minutes * PK_MINUTE_MS,
        .posture_every_ms = in->posture_hours * PK_HOUR_MS,
    };
}

static void explain_value(const json_t *value, struct pk_buffer *out)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    (void)pk_buffer_puts(out, text != NULL ? text : "?");
    free(text);
}

/* Encoding leaves out zero and false; here they are settings like others. */
static bool flat_zero(const struct pk_field *f)
{
    return f->type == PK_TYPE_BOOL || f->type == PK_TYPE_INT;
}

static void explain_rows(
        const struct pk_schema *schema, const json_t *values, int depth, struct pk_buffer *out)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        const json_t *value = json_object_get(values, f->name);

        (void)pk_buffer_printf(out, "%*s# %s\n", 4 * depth, "", f->help);
        if (f->type == PK_TYPE_OBJECT) {
            (void)pk_buffer_printf(out, "%*s%s:\n", 4 * depth, "", f->name);
            explain_rows(f->sub, value, depth + 1, out);
            continue;
        }
        (void)pk_buffer_printf(out, "%*s%s%s: ", 4 * depth, "",
                value == NULL && !flat_zero(f) ? "# " : "", f->name);
        if (value != NULL) {
            explain_value(value, out);
        } else if (flat_zero(f)) {
            (void)pk_buffer_puts(out, f->type == PK_TYPE_BOOL ? "false" : "0");
        }
        (void)pk_buffer_putc(out, '\n');
    }
}

void pk_agent_settings_explain(const struct pk_agent_settings *in, struct pk_buffer *out)
{
    json_t *values = pk_schema_encode(&pk_agent_settings_schema, in, false);

    explain_rows(&pk_agent_settings_schema, values, 0, out);
    json_decref(values);
}
