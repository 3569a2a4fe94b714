#include "agent/status.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/identity.h"
#include "agent/judge.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "model/threat_words.h"
#include "model/words.h"

static const char *const card_names[] = { "device", "apps", "network", "updates" };
static const char *const card_keys[] = { "status.card.device", "status.card.apps",
    "status.card.network", "status.card.updates" };

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

/* The person asked in the open: what is told with care is not named here either, the help is. */
static json_t *careful_steps(const char *language)
{
    return json_pack("[s, s, s]", pk_word(language, "careful.step"),
            pk_word(language, "careful.plan"), pk_word(language, "careful.help"));
}

static json_t *steps_of(const struct pk_open *row, const struct pk_threat_words *words)
{
    json_t *next = json_array();
    char step[400];

    for (size_t i = 0; i < words->next_count; i++) {
        pk_threat_text(words->next[i], row->name, step, sizeof(step));
        (void)json_array_append_new(next, json_string(step));
    }
    return next;
}

static json_t *finding_row(const struct pk_open *row, const char *language)
{
    const struct pk_threat_words *words = pk_threat_words(row->threat, language);
    bool careful = row->threat->careful;
    char title[400];
    char tested[420];
    const struct pk_word_part part = { "text", title };

    pk_threat_text(careful ? pk_word(language, "careful.title") : words->title, row->name, title,
            sizeof(title));
    pk_word_fill(row->simulated ? pk_word(language, "alert.test") : "{text}", &part, 1, tested,
            sizeof(tested));
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:s, s:o, s:o, s:b, s:b}", "threat",
            row->threat->id, "card", card_names[card_of(row->threat->vector)], "severity",
            pk_severity_name(row->threat->severity), "subject", careful ? "" : row->name,
            "confidence", row->confidence, "title", tested, "seen", careful ? "" : row->seen,
            "next", careful ? careful_steps(language) : steps_of(row, words), "since",
            time_or_null(row->since_ms), "told", row->told, "simulated", row->simulated);
}

struct tally {
    int cards[PK_COUNT(card_names)];
    int to_fix;
    bool urgent;
};

static json_t *put_findings(
        const struct pk_agent_judge *judge, const char *language, struct tally *tally)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pk_agent_judge_count(judge); i++) {
        const struct pk_open *row = pk_agent_judge_at(judge, i);

        if (!row->open) {
            continue;
        }
        (void)json_array_append_new(list, finding_row(row, language));
        if (row->threat->severity > PK_SEVERITY_INFO && !row->simulated) {
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
    json_t *findings = put_findings(in->judge, in->language, &tally);
    char words[200];

    pk_word_number(pk_word(in->language,
                           tally.urgent                ? "status.act"
                                   : tally.to_fix > 1  ? "status.fix"
                                   : tally.to_fix == 1 ? "status.fix_one"
                                                       : "status.protected"),
            "n", tally.to_fix, words, sizeof(words));
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:{s:s?, s:s?}, s:o, s:o, s:o, "
                     "s:{s:s, s:i, s:o}}",
            "language", pk_language_of(in->language), "state",
            tally.urgent               ? "act"
                    : tally.to_fix > 0 ? "fix"
                                       : "protected",
            "words", words, "to_fix", tally.to_fix, "cards", put_cards(&tally), "findings",
            findings, "sensors", put_sensors(&in->sensors), "server", put_server(in), "network",
            "id", in->network, "name",
            in->network != NULL ? pk_agent_judge_name(in->judge, in->network) : NULL, "crowd",
            in->crowd != NULL ? in->crowd : json_null(), "places",
            in->places != NULL ? in->places : json_null(), "checked_at",
            time_or_null(in->checked_ms), "agent", "version", PK_VERSION, "pid", (int)getpid(),
            "started_at", time_or_null(in->started_ms));
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
#define TIME_WORDS 64
static const char *time_words(
        const json_t *object, const char *key, const char *language, char out[TIME_WORDS])
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || strlen(text) < 19) {
        (void)snprintf(out, TIME_WORDS, "%s", pk_word(language, "status.never"));
    } else {
        (void)snprintf(out, TIME_WORDS, "%.10s %.8s UTC", text, text + 11);
    }
    return out;
}

/* What is printed, in which language, and how wide its left column is. */
struct printing {
    struct pk_buffer *out;
    const char *language;
    int width;
};

static int width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static int column_width(const char *language)
{
    static const char *const keys[] = { "status.card.device", "status.card.apps",
        "status.card.network", "status.card.updates", "status.joined", "status.others",
        "status.server", "status.checked", "status.sensor" };
    int width = 9;

    for (size_t i = 0; i < PK_COUNT(keys); i++) {
        int one = width_of(pk_word(language, keys[i]));

        width = one > width ? one : width;
    }
    return width;
}

static const char *word(const struct printing *p, const char *key)
{
    return pk_word(p->language, key);
}

static void put_label(const struct printing *p, const char *key)
{
    const char *label = word(p, key);

    (void)pk_buffer_printf(p->out, "  %s%*s ", label, p->width - width_of(label), "");
}

static void put_number(const struct printing *p, const char *key, long long n)
{
    char text[200];

    pk_word_number(word(p, key), "n", n, text, sizeof(text));
    (void)pk_buffer_puts(p->out, text);
}

static void put_filled(
        const struct printing *p, const char *key, const char *name, const char *value)
{
    const struct pk_word_part part = { name, value };
    char text[400];

    pk_word_fill(word(p, key), &part, 1, text, sizeof(text));
    (void)pk_buffer_puts(p->out, text);
}

static void print_cards(const struct printing *p, const json_t *cards)
{
    for (size_t i = 0; i < PK_COUNT(card_names); i++) {
        const json_t *card = json_object_get(cards, card_names[i]);
        json_int_t n = json_integer_value(json_object_get(card, "to_fix"));

        put_label(p, card_keys[i]);
        if (strcmp(text_of(card, "state"), "not checked") == 0) {
            (void)pk_buffer_puts(p->out, word(p, "status.card_unchecked"));
        } else if (n > 0) {
            put_number(p, "status.card_fix", n);
        } else {
            (void)pk_buffer_puts(p->out, word(p, "status.card_good"));
        }
        (void)pk_buffer_putc(p->out, '\n');
    }
}

static void print_findings(const struct printing *p, const json_t *findings)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        const json_t *next = json_object_get(f, "next");
        bool info = strcmp(text_of(f, "severity"), "info") == 0 || text_of(f, "seen")[0] == '\0';

        (void)pk_buffer_printf(p->out, "\n  %s %s\n", info ? "i" : "!", text_of(f, "title"));
        if (text_of(f, "seen")[0] != '\0') {
            (void)pk_buffer_printf(p->out, "    %s (", text_of(f, "seen"));
            put_number(p, "status.sure",
                    (long long)(100 * json_number_value(json_object_get(f, "confidence")) + .5));
            (void)pk_buffer_printf(p->out, ", %s)\n", text_of(f, "threat"));
        }
        for (size_t k = 0; k < json_array_size(next); k++) {
            (void)pk_buffer_printf(
                    p->out, "    %zu. %s\n", k + 1, json_string_value(json_array_get(next, k)));
        }
    }
}

/* How much of what other devices met is known here, and how old that is. */
static void print_crowd(const struct printing *p, const json_t *crowd)
{
    char count[24];
    char time[TIME_WORDS];
    char text[400];
    const struct pk_word_part parts[] = { { "n", count }, { "time", time } };

    if (!json_is_object(crowd)) {
        return;
    }
    (void)snprintf(count, sizeof(count), "%lld",
            (long long)json_integer_value(json_object_get(crowd, "networks")));
    (void)time_words(crowd, "made", p->language, time);
    pk_word_fill(word(p, "status.others_known"), parts, PK_COUNT(parts), text, sizeof(text));
    put_label(p, "status.others");
    (void)pk_buffer_printf(p->out, "%s%s%s\n", text,
            json_is_true(json_object_get(crowd, "good")) ? "" : ", ",
            json_is_true(json_object_get(crowd, "good")) ? "" : word(p, "status.others_old"));
}

static void print_server(const struct printing *p, const json_t *server)
{
    const char *state = text_of(server, "state");
    bool connected = strcmp(state, "connected") == 0;
    char time[TIME_WORDS];

    put_label(p, "status.server");
    if (strcmp(state, "alone") == 0 || strcmp(state, "not enrolled") == 0) {
        (void)pk_buffer_printf(p->out, "%s\n",
                word(p,
                        strcmp(state, "alone") == 0 ? "status.server_alone"
                                                    : "status.server_not_enrolled"));
        return;
    }
    (void)pk_buffer_printf(p->out, "%s, %s; ", text_of(server, "url"),
            word(p, connected ? "status.server_connected" : "status.server_offline"));
    put_filled(p, "status.server_contact", "time",
            time_words(server, "last_contact_at", p->language, time));
    (void)pk_buffer_puts(p->out, "; ");
    put_number(p, "status.server_waiting",
            json_integer_value(json_object_get(server, "waiting_to_be_sent")));
    (void)pk_buffer_putc(p->out, '\n');
    if (text_of(server, "last_error")[0] != '\0' && !connected) {
        (void)pk_buffer_printf(p->out, "  %*s %s\n", p->width, "", text_of(server, "last_error"));
    }
}

static void print_sensors(const struct printing *p, const json_t *sensors)
{
    for (size_t i = 0; i < json_array_size(sensors); i++) {
        const json_t *s = json_array_get(sensors, i);
        const struct pk_word_part parts[] = { { "name", text_of(s, "name") },
            { "why", text_of(s, "why") } };
        char text[400];

        if (strcmp(text_of(s, "state"), "on") != 0) {
            pk_word_fill(word(p,
                                 strcmp(text_of(s, "state"), "off") == 0 ? "status.sensor_off"
                                                                         : "status.sensor_limited"),
                    parts, PK_COUNT(parts), text, sizeof(text));
            put_label(p, "status.sensor");
            (void)pk_buffer_printf(p->out, "%s\n", text);
        }
    }
}

void pk_status_print(const json_t *status, bool colour, struct pk_buffer *out)
{
    const char *state = text_of(status, "state");
    const char *language = json_string_value(json_object_get(status, "language"));
    const struct printing p = {
        .out = out, .language = pk_language_of(language), .width = column_width(language)
    };
    const json_t *network = json_object_get(status, "network");
    char time[TIME_WORDS];
    const char *on = !colour                  ? ""
            : strcmp(state, "act") == 0       ? "\033[1;31m"
            : strcmp(state, "protected") == 0 ? "\033[1;32m"
                                              : "\033[1;33m";

    (void)pk_buffer_printf(
            out, "%s%s%s\n\n", on, text_of(status, "words"), colour ? "\033[0m" : "");
    print_cards(&p, json_object_get(status, "cards"));
    print_findings(&p, json_object_get(status, "findings"));
    (void)pk_buffer_putc(out, '\n');
    put_label(&p, "status.joined");
    (void)pk_buffer_printf(out, "%s\n",
            json_is_string(json_object_get(network, "name")) ? text_of(network, "name")
                                                             : word(&p, "status.no_network"));
    print_crowd(&p, json_object_get(status, "crowd"));
    print_server(&p, json_object_get(status, "server"));
    put_label(&p, "status.checked");
    (void)pk_buffer_printf(out, "%s\n", time_words(status, "checked_at", p.language, time));
    print_sensors(&p, json_object_get(status, "sensors"));
}
