#include "respond/siem/cef.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "respond/siem/text.h"

/* Sizes of the dictionary, in characters. */
#define VERSION_MAX 31
#define CLASS_MAX   1023
#define NAME_LEN    512
#define SHORT_MAX   63
#define ID_MAX      40
#define HOST_MAX    100
#define DEVICE_MAX  255
#define TEXT_MAX    1023
#define CUSTOM_MAX  4000

struct line {
    struct pk_buffer *out;
    size_t end;  /* out->len may not pass it */
    bool filled; /* an extension stands already */
};

/* How one character is written; NULL: as it is. */
typedef const char *(*escape)(uint32_t c);

static const char *header_escape(uint32_t c)
{
    return c == '\\' ? "\\\\" : c == '|' ? "\\|" : c == '\n' || c == '\r' || c == '\t' ? " " : NULL;
}

static const char *value_escape(uint32_t c)
{
    return c == '\\'    ? "\\\\"
            : c == '='  ? "\\="
            : c == '\n' ? "\\n"
            : c == '\r' ? "\\r"
            : c == '\t' ? " "
                        : NULL;
}

static void put_escaped(
        struct pk_buffer *out, struct pk_slice text, size_t characters_max, escape e)
{
    const uint8_t *p = text.ptr;
    const uint8_t *end = text.ptr + text.len;
    size_t start = out->len;
    size_t kept = out->len; /* end of the last character that is no space */

    for (size_t n = 0; p < end && n < characters_max;) {
        uint32_t c = pk_text_next(&p, end);
        const char *special = e(c);
        char bytes[4];

        if (special == NULL && pk_text_is_control(c)) {
            continue;
        }
        if (out->len == start && (c == ' ' || (special != NULL && special[0] == ' '))) {
            continue;
        }
        n++;
        if (special != NULL) {
            (void)pk_buffer_puts(out, special);
        } else {
            (void)pk_buffer_put(out, bytes, pk_text_put(c, bytes));
        }
        if (c != ' ' && !(special != NULL && special[0] == ' ')) {
            kept = out->len;
        }
    }
    if (out->rc == PK_OK && out->ptr != NULL) {
        out->len = kept;
        out->ptr[kept] = '\0';
    }
}

void pk_cef_header(struct pk_buffer *out, struct pk_slice text, size_t characters_max)
{
    put_escaped(out, text, characters_max, header_escape);
}

void pk_cef_value(struct pk_buffer *out, struct pk_slice text, size_t characters_max)
{
    put_escaped(out, text, characters_max, value_escape);
}

int pk_cef_severity(enum pk_severity severity)
{
    switch (severity) {
    case PK_SEVERITY_INFO:
        return 0;
    case PK_SEVERITY_LOW:
        return 3;
    case PK_SEVERITY_MEDIUM:
        return 5;
    case PK_SEVERITY_HIGH:
        return 8;
    case PK_SEVERITY_CRITICAL:
        return 10;
    }
    return 0;
}

/* Words that are not written as they stand in an id. */
static const char *known_word(const char *word)
{
    static const char *const words[][2] = {
        { "2g", "2G" },
        { "ap", "AP" },
        { "arp", "ARP" },
        { "c2", "C2" },
        { "ca", "CA" },
        { "dhcp", "DHCP" },
        { "dns", "DNS" },
        { "icmp", "ICMP" },
        { "ndp", "NDP" },
        { "os", "OS" },
        { "ra", "RA" },
        { "selinux", "SELinux" },
        { "sim", "SIM" },
        { "sms", "SMS" },
        { "ssl", "SSL" },
        { "tls", "TLS" },
        { "usb", "USB" },
        { "wifi", "Wi-Fi" },
        { "wpad", "WPAD" },
    };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcmp(words[i][0], word) == 0) {
            return words[i][1];
        }
    }
    return NULL;
}

char *pk_cef_name(const char *threat, char *out, size_t size)
{
    const char *p = strchr(threat, '.');
    char word[64];
    size_t used = 0;

    p = p != NULL ? p + 1 : threat;
    out[0] = '\0';
    while (*p != '\0' && used < size) {
        size_t len = strcspn(p, "_");
        const char *known;

        (void)snprintf(word, sizeof(word), "%.*s", (int)len, p);
        known = known_word(word);
        if (known == NULL && used == 0) {
            word[0] = (char)toupper((unsigned char)word[0]);
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "" : " ",
                known != NULL ? known : word);
        p += len + (p[len] == '_' ? 1 : 0);
    }
    return out;
}

/* ---- the extension ------------------------------------------------------------------------- */

/* "key=value", left out as a whole when empty or when it does not fit. */
static void add(struct line *l, const char *key, const char *value, size_t characters_max)
{
    size_t start = l->out->len;
    size_t before;

    if (value == NULL || value[0] == '\0') {
        return;
    }
    (void)pk_buffer_printf(l->out, "%s%s=", l->filled ? " " : "", key);
    before = l->out->len;
    pk_cef_value(l->out, pk_slice_str(value), characters_max);
    if (l->out->rc == PK_OK && (l->out->len == before || l->out->len > l->end)) {
        l->out->len = start;
        l->out->ptr[start] = '\0';
        return;
    }
    l->filled = true;
}

static void add_int(struct line *l, const char *key, int64_t value)
{
    char text[24];

    add(l, key, pk_event_number(text, value), sizeof(text));
}

/* A custom key and its label, both or none. */
static void add_custom(struct line *l, const char *key, const char *label, const char *value)
{
    size_t start = l->out->len;
    bool filled = l->filled;
    char name[32];
    size_t with_label;

    if (value == NULL || value[0] == '\0') {
        return;
    }
    (void)snprintf(name, sizeof(name), "%sLabel", key);
    add(l, name, label, TEXT_MAX);
    with_label = l->out->len;
    add(l, key, value, CUSTOM_MAX);
    if (l->out->rc == PK_OK && (with_label == start || l->out->len == with_label)) {
        l->out->len = start;
        l->out->ptr[start] = '\0';
        l->filled = filled;
    }
}

/* The last one: as many of its characters as there is room for. */
static void add_message(struct line *l, const char *text)
{
    size_t room = l->out->len < l->end ? l->end - l->out->len : 0;
    size_t start = l->out->len;
    size_t low = 0;
    size_t high = TEXT_MAX;

    /* Escapes and multi-byte characters make the written length depend on the text: find the
     * largest cut that fits by halving. */
    if (text[0] == '\0' || room < 16) {
        return;
    }
    while (low < high) {
        size_t middle = (low + high + 1) / 2;

        (void)pk_buffer_puts(l->out, l->filled ? " msg=" : "msg=");
        pk_cef_value(l->out, pk_slice_str(text), middle);
        if (l->out->rc != PK_OK) {
            return;
        }
        if (l->out->len <= l->end) {
            low = middle;
        } else {
            high = middle - 1;
        }
        l->out->len = start;
        l->out->ptr[start] = '\0';
    }
    if (low > 0) {
        add(l, "msg", text, low);
    }
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* The dictionary's device event category: what kind of thing is attacked. */
static const char *category(const struct pk_threat *threat)
{
    if (strcmp(threat->id, "network.phishing_site") == 0) {
        return "web";
    }
    switch (threat->vector) {
    case PK_VECTOR_NETWORK:
        return "network";
    case PK_VECTOR_MALWARE:
        return "app";
    case PK_VECTOR_PHYSICAL:
    case PK_VECTOR_VULNERABILITY:
    case PK_VECTOR_BEHAVIOR:
        return "device";
    }
    return "device";
}

/* What Picket did at this event. */
static const char *act_of(const char *type)
{
    const char *last = strrchr(type, '.');

    last = last != NULL ? last + 1 : type;
    return strcmp(last, "opened") == 0 || strcmp(last, "reopened") == 0 ? "alerted" : last;
}

static void techniques(const json_t *list, struct pk_buffer *out)
{
    size_t i;
    const json_t *item;

    json_array_foreach (list, i, item) {
        if (json_is_string(item)) {
            (void)pk_buffer_printf(out, "%s%s", out->len > 0 ? "," : "", json_string_value(item));
        }
    }
}

static void add_device(struct line *l, const json_t *event, const struct pk_origin *origin)
{
    const json_t *device = json_object_get(event, "device");

    add(l, "deviceExternalId", text_of(device, "id"), DEVICE_MAX);
    add(l, "shost", text_of(device, "name"), 1023);
    add(l, "dvchost", origin->host, HOST_MAX);
}

static void add_incident(struct line *l, const json_t *event, const char *console_url)
{
    const json_t *confidence = json_object_get(event, "confidence");
    const char *incident = text_of(event, "incident");
    char link[768];

    add_custom(l, "cs4", "subject", text_of(event, "subject"));
    add_custom(l, "cs5", "incidentState", text_of(event, "state"));
    if (incident != NULL && console_url != NULL) {
        (void)snprintf(link, sizeof(link), "%s%s#/incidents/%s", console_url,
                console_url[0] != '\0' && console_url[strlen(console_url) - 1] == '/' ? "" : "/",
                incident);
        incident = link;
    }
    add_custom(l, "cs6", "incident", incident);
    if (json_is_true(json_object_get(event, "simulated"))) {
        add_custom(l, "flexString1", "simulated", "true");
    }
    if (json_is_number(confidence)) {
        double percent = json_number_value(confidence) * 100.0 + 0.5;
        char text[24];

        add_custom(l, "cn2", "confidencePercent",
                pk_event_number(text,
                        percent < 0             ? 0
                                : percent > 100 ? 100
                                                : (int64_t)percent));
    }
}

static void add_risk(struct line *l, const json_t *event)
{
    const json_t *risk = json_object_get(event, "risk");
    const json_t *score = json_object_get(risk, "score");
    struct pk_buffer attack = pk_buffer_of(CUSTOM_MAX);
    char text[24];

    add_custom(l, "cs1", "osVersion", text_of(json_object_get(event, "device"), "os"));
    add_custom(l, "cs2", "riskLevel", text_of(risk, "level"));
    techniques(json_object_get(event, "attack"), &attack);
    add_custom(l, "cs3", "mitreTechnique", attack.ptr);
    pk_buffer_finish(&attack);
    if (json_is_integer(score)) {
        add_custom(l, "cn1", "riskScore", pk_event_number(text, json_integer_value(score)));
    }
}

/* The same for the same event whatever the target and however often it is sent: given, or a hash of
 * what makes the event the one it is. */
static void event_id(const json_t *event, char out[PK_SHA256_HEX])
{
    const char *given = text_of(event, "id");
    const char *incident = text_of(event, "incident");
    char all[256];

    if (given != NULL && given[0] != '\0') {
        (void)snprintf(out, PK_SHA256_HEX, "%s", given);
        return;
    }
    (void)snprintf(all, sizeof(all), "%s %s %s %s", incident != NULL ? incident : "",
            text_of(event, "type"), text_of(event, "at"), text_of(event, "threat"));
    pk_sha256_hex(pk_slice_str(all), out);
    out[32] = '\0';
}

/* The evidence in one sentence, or the title with its subject. */
static void message(const json_t *event, char *out, size_t size)
{
    const char *subject = text_of(event, "subject");
    const char *title = text_of(event, "title");

    if (text_of(event, "seen") != NULL) {
        (void)snprintf(out, size, "%s", text_of(event, "seen"));
    } else if (title != NULL) {
        pk_threat_text(title, subject != NULL ? subject : "", out, size);
    } else {
        out[0] = '\0';
    }
}

static void add_extension(struct line *l, const json_t *event, const struct pk_threat *threat,
        int64_t at_ms, const struct pk_origin *origin, const char *console_url)
{
    const json_t *count = json_object_get(event, "count");
    const char *opened = text_of(event, "opened_at");
    int64_t start_ms = at_ms;
    char id[PK_SHA256_HEX];
    char text[4 * TEXT_MAX + 1];

    if (opened != NULL && pk_time_parse(opened, &start_ms) < 0) {
        start_ms = at_ms;
    }
    add_int(l, "rt", at_ms);
    event_id(event, id);
    add(l, "externalId", id, ID_MAX);
    add_device(l, event, origin);
    add(l, "cat", category(threat), TEXT_MAX);
    add(l, "act", act_of(text_of(event, "type")), SHORT_MAX);
    add(l, "outcome", "success", SHORT_MAX);
    add(l, "reason", text_of(event, "rule"), TEXT_MAX);
    add_int(l, "start", start_ms);
    add_int(l, "cnt", json_is_integer(count) ? json_integer_value(count) : 1);
    add_risk(l, event);
    add_incident(l, event, console_url);
    message(event, text, sizeof(text));
    add_message(l, text);
}

/* ---- the line ------------------------------------------------------------------------------ */

static int needed(const json_t *event, const char *key, struct pk_error *err)
{
    const char *value = text_of(event, key);

    if (value == NULL || value[0] == '\0') {
        return pk_error_set(err, PK_EMISSING, "the event has no '%s'", key);
    }
    return PK_OK;
}

static int check(const json_t *event, const struct pk_threat **threat, enum pk_severity *severity,
        int64_t *at_ms, struct pk_error *err)
{
    static const char *const keys[] = { "at", "type", "threat", "severity" };

    for (size_t i = 0; i < PK_COUNT(keys); i++) {
        int rc = needed(event, keys[i], err);

        if (rc < 0) {
            return rc;
        }
    }
    *threat = pk_threat_find(text_of(event, "threat"));
    if (*threat == NULL) {
        return pk_error_set(err, PK_EUNKNOWN, "the threat is not in the catalogue");
    }
    if (pk_severity_parse(text_of(event, "severity"), severity) < 0) {
        return pk_error_set(err, PK_EUNKNOWN, "the event's 'severity' is none of the known");
    }
    if (pk_time_parse(text_of(event, "at"), at_ms) < 0) {
        return pk_error_set(err, PK_EMALF, "the event's 'at' is not a time");
    }
    return PK_OK;
}

int pk_cef_format(const json_t *event, const struct pk_origin *origin, const char *console_url,
        size_t max, struct pk_buffer *out, struct pk_error *err)
{
    const struct pk_threat *threat;
    enum pk_severity severity;
    struct line line = { .out = out, .end = out->len + max };
    size_t start = out->len;
    int64_t at_ms;
    char name[NAME_LEN];
    int rc = check(event, &threat, &severity, &at_ms, err);

    if (rc < 0) {
        return rc;
    }
    (void)pk_buffer_puts(out, "CEF:0|Picket|Picket MTD|");
    pk_cef_header(out, pk_slice_str(origin->version), VERSION_MAX);
    (void)pk_buffer_putc(out, '|');
    pk_cef_header(out, pk_slice_str(threat->id), CLASS_MAX);
    (void)pk_buffer_putc(out, '|');
    pk_cef_header(out, pk_slice_str(pk_cef_name(threat->id, name, sizeof(name))), NAME_LEN);
    (void)pk_buffer_printf(out, "|%d|", pk_cef_severity(severity));
    if (out->rc == PK_OK) {
        add_extension(&line, event, threat, at_ms, origin, console_url);
    }
    if (out->rc < 0) {
        return pk_error_set(err, out->rc, "a CEF line does not fit into its buffer");
    }
    if (out->len - start > max) {
        return pk_error_set(err, PK_ELIMIT, "a CEF line does not fit into %zu bytes", max);
    }
    return PK_OK;
}
