/* picket intel export - indicators for others, as CSV or STIX 2.1. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/schema.h"
#include "cli/intel.h"
#include "cli/print.h"

#define EXPORT_MAX (1024UL * 1024 * 1024)
#define OBJECT_MAX (64UL * 1024)

static bool is_wanted(const struct pk_intel_cli *cli, const struct pk_intel_hit *hit)
{
    return !hit->good && (cli->kind < 0 || cli->kind == (int)hit->kind) &&
            (cli->source == NULL || strcmp(cli->source, hit->source) == 0) &&
            (cli->family == NULL ||
                    (hit->family != NULL && strcasestr(hit->family, cli->family) != NULL));
}

/* A cell; spreadsheets take one that begins with = + - @ for a formula, so those are quoted with a blank. */
static void put_cell(struct pk_buffer *out, const char *text, char end)
{
    text = text != NULL ? text : "";
    if (strpbrk(text, ",\"\n\r") == NULL && strchr("=+-@", text[0]) == NULL) {
        (void)pk_buffer_puts(out, text);
    } else if (text[0] != '\0') {
        (void)pk_buffer_puts(out, strchr("=+-@", text[0]) != NULL ? "\" " : "\"");
        for (; *text != '\0'; text++) {
            (void)pk_buffer_puts(out, *text == '"' ? "\"" : "");
            (void)pk_buffer_putc(out, *text);
        }
        (void)pk_buffer_putc(out, '"');
    }
    (void)pk_buffer_putc(out, end);
}

static void put_csv(struct pk_buffer *out, const struct pk_intel_hit *hit)
{
    put_cell(out, pk_intel_kind_name((int)hit->kind), ',');
    put_cell(out, hit->indicator, ',');
    put_cell(out, hit->family, ',');
    put_cell(out, hit->category, ',');
    put_cell(out, hit->date, ',');
    put_cell(out, hit->source, ',');
    put_cell(out, hit->licence, ',');
    put_cell(out, hit->reference, '\n');
}

/* The property of STIX that the kind stands for. Those of apps and profiles are MVT's. */
static const char *property_of(const struct pk_intel_hit *hit)
{
    size_t len = strlen(hit->indicator);

    switch (hit->kind) {
    case PK_INTEL_MD5:
        return "file:hashes.MD5";
    case PK_INTEL_SHA1:
        return "file:hashes.'SHA-1'";
    case PK_INTEL_SHA256:
        return "file:hashes.'SHA-256'";
    case PK_INTEL_SIGNER:
        return len == 32 ? "app:cert.md5" : len == 40 ? "app:cert.sha1" : "app:cert.sha256";
    case PK_INTEL_TLS_CERT:
        return len == 32    ? "x509-certificate:hashes.MD5"
                : len == 40 ? "x509-certificate:hashes.'SHA-1'"
                            : "x509-certificate:hashes.'SHA-256'";
    case PK_INTEL_PACKAGE:
        return "app:id";
    case PK_INTEL_DOMAIN:
        return "domain-name:value";
    case PK_INTEL_IP:
        return strchr(hit->indicator, ':') != NULL ? "ipv6-addr:value" : "ipv4-addr:value";
    case PK_INTEL_URL:
        return "url:value";
    case PK_INTEL_EMAIL:
        return "email-addr:value";
    case PK_INTEL_FILE_NAME:
        return "file:name";
    case PK_INTEL_FILE_PATH:
        return "file:path";
    case PK_INTEL_PROCESS:
        return "process:name";
    case PK_INTEL_PROFILE:
        return "configuration-profile:id";
    case PK_INTEL_PROPERTY:
        return "android-property:name";
    case PK_INTEL_JA3:
        return "network-traffic:extensions.'tls-ext'.ja3";
    case PK_INTEL_KIND_COUNT:
        break;
    }
    return "file:name";
}

/* An id that depends on what it names: exporting twice gives the same objects. */
static char *id_of(const char *type, const char *what, char out[96])
{
    uint8_t h[PK_SHA256_SIZE];

    pk_sha256(pk_slice_str(what), h);
    h[6] = (uint8_t)((h[6] & 0x0f) | 0x50);
    h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
    (void)snprintf(out, 96,
            "%s--%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", type, h[0],
            h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14],
            h[15]);
    return out;
}

struct bundle {
    struct pk_buffer *out;
    json_t *malware; /* name -> id of those that are written */
    char now[PK_TIME_TEXT];
    bool first;
};

static void put_object(struct bundle *b, json_t *object)
{
    char *text = object != NULL ? pk_json_text(object) : NULL;

    if (text != NULL) {
        (void)pk_buffer_puts(b->out, b->first ? "\n" : ",\n");
        (void)pk_buffer_puts(b->out, text);
        b->first = false;
    }
    free(text);
    json_decref(object);
}

static const char *malware_types(const char *category)
{
    static const struct {
        const char *category;
        const char *type;
    } rows[] = { { "spyware", "spyware" }, { "stalkerware", "spyware" },
        { "ransomware", "ransomware" }, { "adware", "adware" }, { "dropper", "dropper" },
        { "remote_control", "remote-access-trojan" }, { "banker", "trojan" },
        { "trojan", "trojan" } };

    for (size_t i = 0; category != NULL && i < PK_COUNT(rows); i++) {
        if (strcmp(category, rows[i].category) == 0) {
            return rows[i].type;
        }
    }
    return "unknown";
}

/* The id of the family's object, which is written the first time. */
static const char *malware_id(struct bundle *b, const struct pk_intel_hit *hit)
{
    const char *known = json_string_value(json_object_get(b->malware, hit->family));
    char id[96];

    if (known != NULL) {
        return known;
    }
    put_object(b,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:[s]}", "type", "malware",
                    "spec_version", "2.1", "id", id_of("malware", hit->family, id), "created",
                    b->now, "modified", b->now, "name", hit->family, "is_family", 1,
                    "malware_types", malware_types(hit->category)));
    (void)json_object_set_new(b->malware, hit->family, json_string(id));
    return json_string_value(json_object_get(b->malware, hit->family));
}

static void put_stix(struct bundle *b, const struct pk_intel_hit *hit)
{
    struct pk_buffer text = pk_buffer_of(OBJECT_MAX);
    struct pk_buffer what = pk_buffer_of(OBJECT_MAX);
    const char *malware = hit->family != NULL ? malware_id(b, hit) : NULL;
    char from[PK_TIME_TEXT];
    char id[96];
    char link[96];
    json_t *o;

    (void)pk_buffer_printf(&text, "[%s='", property_of(hit));
    for (const char *p = hit->indicator; *p != '\0'; p++) {
        (void)pk_buffer_puts(&text, *p == '\'' || *p == '\\' ? "\\" : "");
        (void)pk_buffer_putc(&text, *p);
    }
    (void)pk_buffer_puts(&text, "']");
    (void)pk_buffer_printf(&what, "%s %s", hit->source, text.ptr);
    (void)snprintf(from, sizeof(from), "%sT00:00:00.000Z", hit->date != NULL ? hit->date : "");
    o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[{s:s, s:s?, s:s?}]}", "type",
            "indicator", "spec_version", "2.1", "id", id_of("indicator", what.ptr, id), "created",
            b->now, "modified", b->now, "pattern", text.ptr, "pattern_type", "stix", "valid_from",
            hit->date != NULL ? from : b->now, "indicator_types", "malicious-activity",
            "external_references", "source_name", hit->source, "description", hit->licence, "url",
            hit->reference);
    put_object(b, o);
    if (malware != NULL) {
        (void)pk_buffer_puts(&what, malware);
        put_object(b,
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "relationship",
                        "spec_version", "2.1", "id", id_of("relationship", what.ptr, link),
                        "created", b->now, "modified", b->now, "relationship_type", "indicates",
                        "source_ref", id, "target_ref", malware));
    }
    pk_buffer_finish(&text);
    pk_buffer_finish(&what);
}

static void export_set(
        const struct pk_intel_cli *cli, const struct pk_intel_set *set, struct bundle *b, bool csv)
{
    struct pk_intel_hit hit;

    for (size_t i = 0; pk_intel_row_at(set, i, &hit); i++) {
        if (!is_wanted(cli, &hit)) {
            continue;
        }
        if (csv) {
            put_csv(b->out, &hit);
        } else {
            put_stix(b, &hit);
        }
    }
}

static int write_out(const struct pk_intel_cli *cli, struct pk_slice bytes, struct pk_error *err)
{
    if (cli->out != NULL) {
        return pk_file_write(cli->out, bytes, 0644, err);
    }
    if (fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len || fflush(stdout) != 0) {
        return pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    return PK_OK;
}

int pk_intel_cli_export(struct pk_intel_cli *cli, struct pk_error *err)
{
    bool csv = cli->format == NULL || strcmp(cli->format, "csv") == 0;
    struct pk_buffer out = pk_buffer_of(EXPORT_MAX);
    struct bundle b = { .out = &out, .malware = json_object(), .first = true };
    struct pk_intel_set *set = NULL;
    char path[PATH_MAX];
    char id[96];
    int rc = pk_intel_cli_path(cli, path, err);

    rc = rc < 0 ? rc : pk_intel_set_load(path, &set, err);

    (void)pk_time_format(pk_clock_ms(), b.now);
    if (rc == PK_OK) {
        if (csv) {
            (void)pk_buffer_puts(
                    &out, "kind,indicator,family,category,date,source,licence,reference\n");
        } else {
            (void)pk_buffer_printf(&out, "{\"type\":\"bundle\",\"id\":\"%s\",\"objects\":[",
                    id_of("bundle", b.now, id));
        }
        export_set(cli, set, &b, csv);
        if (!csv) {
            (void)pk_buffer_puts(&out, "\n]}\n");
        }
        rc = out.rc < 0 ? pk_error_set(err, out.rc, "too much to export: %s", pk_code_text(out.rc))
                        : write_out(cli, pk_buffer_slice(&out), err);
        pk_intel_set_destroy(set);
    }
    json_decref(b.malware);
    pk_buffer_finish(&out);
    return rc < 0 ? rc : PK_EXIT_FINE;
}
