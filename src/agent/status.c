#include "agent/status.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/identity.h"
#include "agent/judge.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "base/clock.h"

static const char *const card_names[] = { "device", "apps", "network", "updates" };
static const char *const card_titles[] = { "Device", "Apps", "Network", "Updates" };

enum card {
    CARD_DEVICE,
    CARD_APPS,
    CARD_NETWORK,
    CARD_UPDATES,
};

static enum card card_of(enum pk_vector vector)
{
    switch (vector) {
    case PK_VECTOR_MALWARE:
        return CARD_APPS;
    case PK_VECTOR_NETWORK:
        return CARD_NETWORK;
    case PK_VECTOR_VULNERABILITY:
        return CARD_UPDATES;
    case PK_VECTOR_PHYSICAL:
    case PK_VECTOR_BEHAVIOR:
        break;
    }
    return CARD_DEVICE;
}

static json_t *time_or_null(int64_t at_ms)
{
    char text[PK_TIME_TEXT];

    return at_ms > 0 ? json_string(pk_time_format(at_ms, text)) : json_null();
}

static json_t *finding_row(const struct pk_open *row)
{
    char title[256];
    json_t *next = json_array();
    char step[256];

    pk_threat_text(row->threat->title, row->name, title, sizeof(title));
    for (size_t i = 0; i < row->threat->next_count; i++) {
        pk_threat_text(row->threat->next[i], row->name, step, sizeof(step));
        (void)json_array_append_new(next, json_string(step));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:s, s:o, s:o, s:b}", "threat",
            row->threat->id, "card", card_names[card_of(row->threat->vector)], "severity",
            pk_severity_name(row->threat->severity), "subject", row->name, "confidence",
            row->confidence, "title", title, "seen", row->seen, "next", next, "since",
            time_or_null(row->since_ms), "told", row->told);
}

struct tally {
    int cards[PK_COUNT(card_names)];
    int to_fix;
    bool urgent;
};

static json_t *put_findings(const struct pk_agent_judge *judge, struct tally *tally)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pk_agent_judge_count(judge); i++) {
        const struct pk_open *row = pk_agent_judge_at(judge, i);

        if (!row->open) {
            continue;
        }
        (void)json_array_append_new(list, finding_row(row));
        if (row->threat->severity > PK_SEVERITY_INFO) {
            tally->cards[card_of(row->threat->vector)]++;
            tally->to_fix++;
            tally->urgent |= row->threat->urgency == PK_URGENCY_NOW &&
                    row->threat->severity >= PK_SEVERITY_HIGH;
        }
    }
    return list;
}

static json_t *put_cards(const struct tally *tally)
{
    json_t *cards = json_object();

    for (size_t i = 0; i < PK_COUNT(card_names); i++) {
        bool blind = i == CARD_APPS; /* apps are not sensed on Linux */

        (void)json_object_set_new(cards, card_names[i],
                json_pack("{s:s, s:i}", "state",
                        blind                         ? "not checked"
                                : tally->cards[i] > 0 ? "fix"
                                                      : "good",
                        "to_fix", tally->cards[i]));
    }
    return cards;
}

static json_t *put_sensors(const struct pk_array *sensors)
{
    static const char *const states[] = { "on", "limited", "off" };
    const struct pk_sensor *items = sensors->items;
    json_t *list = json_array();

    for (size_t i = 0; i < sensors->count; i++) {
        (void)json_array_append_new(list,
                json_pack("{s:s, s:s, s:s*}", "name", items[i].name, "state",
                        states[items[i].state], "why", items[i].why));
    }
    return list;
}

static json_t *put_server(const struct pk_status_input *in)
{
    const struct pk_uplink_state *u = in->uplink;
    const char *state = "alone";

    if (in->identity == NULL || u == NULL || in->spool == NULL) {
        return json_pack("{s:s}", "state", state);
    }
    state = !pk_identity_enrolled(in->identity) ? "not enrolled"
            : u->connected                      ? "connected"
                                                : "offline";
    return json_pack("{s:s, s:s?, s:s?, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I}}",
            "state", state, "url", pk_identity_url(in->identity), "device",
            pk_identity_device(in->identity), "certificate_until",
            time_or_null(pk_identity_not_after(in->identity)), "last_contact_at",
            time_or_null(u->last_ok_ms), "last_report_at", time_or_null(u->last_report_ms),
            "last_error", u->last_error, "waiting_to_be_sent", (json_int_t)in->spool->pending,
            "acknowledged", (json_int_t)in->spool->acked, "given_up",
            (json_int_t)in->spool->dropped, "traffic", "reports", (json_int_t)u->reports,
            "bytes_in", (json_int_t)u->bytes_in, "bytes_out", (json_int_t)u->bytes_out);
}

json_t *pk_status_json(const struct pk_status_input *in)
{
    struct tally tally = { 0 };
    json_t *findings = put_findings(in->judge, &tally);
    char words[48] = "You are protected";

    if (tally.urgent) {
        (void)snprintf(words, sizeof(words), "Act now");
    } else if (tally.to_fix > 0) {
        (void)snprintf(words, sizeof(words), "%d thing%s to fix", tally.to_fix,
                tally.to_fix == 1 ? "" : "s");
    }
    return json_pack(
            "{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:{s:s?, s:s?}, s:o, s:o, s:{s:s, s:i, s:o}}",
            "state",
            tally.urgent               ? "act"
                    : tally.to_fix > 0 ? "fix"
                                       : "protected",
            "words", words, "to_fix", tally.to_fix, "cards", put_cards(&tally), "findings",
            findings, "sensors", put_sensors(&in->sensors), "server", put_server(in), "network",
            "id", in->network, "name",
            in->network != NULL ? pk_agent_judge_name(in->judge, in->network) : NULL, "crowd",
            in->crowd != NULL ? in->crowd : json_null(), "checked_at", time_or_null(in->checked_ms),
            "agent", "version", PK_VERSION, "pid", (int)getpid(), "started_at",
            time_or_null(in->started_ms));
}

bool pk_status_is_bad(const json_t *status)
{
    return json_integer_value(json_object_get(status, "to_fix")) > 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "-";
}

/* "2026-11-23T01:02:03.456Z" -> "2026-11-23 01:02:03 UTC" */
static void put_time(struct pk_buffer *out, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || strlen(text) < 19) {
        (void)pk_buffer_puts(out, "never");
    } else {
        (void)pk_buffer_printf(out, "%.10s %.8s UTC", text, text + 11);
    }
}

static void print_cards(const json_t *cards, struct pk_buffer *out)
{
    for (size_t i = 0; i < PK_COUNT(card_names); i++) {
        const json_t *card = json_object_get(cards, card_names[i]);
        const char *state = text_of(card, "state");
        json_int_t n = json_integer_value(json_object_get(card, "to_fix"));

        if (strcmp(state, "not checked") == 0) {
            (void)pk_buffer_printf(
                    out, "  %-9s not checked on this platform yet\n", card_titles[i]);
        } else if (n > 0) {
            (void)pk_buffer_printf(out, "  %-9s %lld to fix\n", card_titles[i], (long long)n);
        } else {
            (void)pk_buffer_printf(out, "  %-9s nothing found\n", card_titles[i]);
        }
    }
}

static void print_findings(const json_t *findings, struct pk_buffer *out)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        const json_t *next = json_object_get(f, "next");
        bool info = strcmp(text_of(f, "severity"), "info") == 0;

        (void)pk_buffer_printf(out, "\n  %s %s\n", info ? "i" : "!", text_of(f, "title"));
        if (text_of(f, "seen")[0] != '\0') {
            (void)pk_buffer_printf(out, "    %s (%.0f %% sure, %s)\n", text_of(f, "seen"),
                    100 * json_number_value(json_object_get(f, "confidence")),
                    text_of(f, "threat"));
        }
        for (size_t k = 0; k < json_array_size(next); k++) {
            (void)pk_buffer_printf(
                    out, "    %zu. %s\n", k + 1, json_string_value(json_array_get(next, k)));
        }
    }
}

/* How much of what other devices met is known here, and how old that is. */
static void print_crowd(const json_t *crowd, struct pk_buffer *out)
{
    if (json_is_object(crowd)) {
        (void)pk_buffer_printf(out, "  Others    %lld bad networks known, list of ",
                (long long)json_integer_value(json_object_get(crowd, "networks")));
        put_time(out, crowd, "made");
        (void)pk_buffer_puts(out,
                json_is_true(json_object_get(crowd, "good")) ? "\n" : ", too old to say more\n");
    }
}

static void print_server(const json_t *server, struct pk_buffer *out)
{
    const char *state = text_of(server, "state");

    if (strcmp(state, "alone") == 0) {
        (void)pk_buffer_puts(out, "  Server    none: this device judges alone\n");
        return;
    }
    if (strcmp(state, "not enrolled") == 0) {
        (void)pk_buffer_puts(out, "  Server    not enrolled: picket-agent enroll LINK\n");
        return;
    }
    (void)pk_buffer_printf(out, "  Server    %s, %s; last contact ", text_of(server, "url"), state);
    put_time(out, server, "last_contact_at");
    (void)pk_buffer_printf(out, "; %lld waiting to be sent\n",
            (long long)json_integer_value(json_object_get(server, "waiting_to_be_sent")));
    if (text_of(server, "last_error")[0] != '\0' && strcmp(state, "connected") != 0) {
        (void)pk_buffer_printf(out, "            %s\n", text_of(server, "last_error"));
    }
}

void pk_status_print(const json_t *status, bool colour, struct pk_buffer *out)
{
    const json_t *sensors = json_object_get(status, "sensors");
    const char *state = text_of(status, "state");
    const char *on = !colour                  ? ""
            : strcmp(state, "act") == 0       ? "\033[1;31m"
            : strcmp(state, "protected") == 0 ? "\033[1;32m"
                                              : "\033[1;33m";

    (void)pk_buffer_printf(
            out, "%s%s%s\n\n", on, text_of(status, "words"), colour ? "\033[0m" : "");
    print_cards(json_object_get(status, "cards"), out);
    print_findings(json_object_get(status, "findings"), out);
    (void)pk_buffer_printf(out, "\n  Joined    %s\n",
            json_is_string(json_object_get(json_object_get(status, "network"), "name"))
                    ? text_of(json_object_get(status, "network"), "name")
                    : "no network");
    print_crowd(json_object_get(status, "crowd"), out);
    print_server(json_object_get(status, "server"), out);
    (void)pk_buffer_puts(out, "  Checked   ");
    put_time(out, status, "checked_at");
    (void)pk_buffer_putc(out, '\n');
    for (size_t i = 0; i < json_array_size(sensors); i++) {
        const json_t *s = json_array_get(sensors, i);

        if (strcmp(text_of(s, "state"), "on") != 0) {
            (void)pk_buffer_printf(out, "  Sensor    %s is %s: %s\n", text_of(s, "name"),
                    text_of(s, "state"), text_of(s, "why"));
        }
    }
}
