#include "agent/alert.h"

#include <stdio.h>
#include <string.h>

#include "model/threat_words.h"
#include "model/words.h"

#define WIDTH       76
#define BODY_WANTS  140 /* characters */
#define NUMBERS_MAX 1000000

/* The person may not be alone: nothing here says what it is about, and nothing urges. */
static void tell_carefully(struct pk_alert *a)
{
    a->careful = true;
    a->reminder = 0;
    a->merged = 0;
    a->subject[0] = '\0';
    a->next_count = 1;
    (void)snprintf(a->level, sizeof(a->level), "info");
    (void)snprintf(a->title, sizeof(a->title), "%s", pk_word(a->language, "careful.title"));
    (void)snprintf(a->why, sizeof(a->why), "%s", pk_word(a->language, "careful.why"));
    (void)snprintf(a->next[0], PK_ALERT_LINE, "%s", pk_word(a->language, "careful.step"));
}

static void mark_test(const char *language, const char *key, char text[PK_ALERT_LINE])
{
    char plain[PK_ALERT_LINE];
    const struct pk_word_part part = { "text", plain };

    (void)snprintf(plain, sizeof(plain), "%s", text);
    pk_word_fill(pk_word(language, key), &part, 1, text, PK_ALERT_LINE);
}

void pk_alert_of_threat(const struct pk_threat *threat, const char *name, const char *language,
        bool simulated, struct pk_alert *out)
{
    const struct pk_threat_words *words = pk_threat_words(threat, language);

    *out = (struct pk_alert){ .language = pk_language_of(language) };
    (void)snprintf(out->threat, sizeof(out->threat), "%s", threat->id);
    pk_threat_text("{subject}", name, out->subject, sizeof(out->subject));
    (void)snprintf(out->level, sizeof(out->level), "%s", pk_urgency_name(threat->urgency));
    pk_threat_text(words->title, name, out->title, sizeof(out->title));
    pk_threat_text(words->why, name, out->why, sizeof(out->why));
    for (size_t i = 0; i < words->next_count && i < PK_ALERT_STEPS; i++) {
        pk_threat_text(words->next[i], name, out->next[out->next_count++], PK_ALERT_LINE);
    }
    if (threat->careful) {
        tell_carefully(out);
    }
    if (simulated) {
        mark_test(language, "alert.test", out->title);
        mark_test(language, "alert.test_why", out->why);
    }
}

/* The server's own text may not steer the terminal either. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = ' ';
        }
    }
}

static int take_text(const json_t *command, const char *key, const char *name, char *out,
        size_t size, struct pk_error *err)
{
    const char *text = json_string_value(json_object_get(command, key));

    if (text == NULL || text[0] == '\0') {
        return pk_error_set(err, PK_EMALF, "an alert without \"%s\"", key);
    }
    pk_threat_text(text, name, out, size);
    clean(out);
    return PK_OK;
}

static bool is_level(const char *text)
{
    return strcmp(text, "now") == 0 || strcmp(text, "today") == 0 || strcmp(text, "info") == 0;
}

/* A number of the server's, as text or as number; "" for anything else. */
static void take_id(const json_t *command, const char *key, char out[PK_ALERT_ID])
{
    const json_t *value = json_object_get(command, key);
    const char *text = json_string_value(value);

    out[0] = '\0';
    if (json_is_integer(value) && json_integer_value(value) > 0) {
        (void)snprintf(out, PK_ALERT_ID, "%lld", (long long)json_integer_value(value));
    } else if (text != NULL && strlen(text) < PK_ALERT_ID &&
            text[strspn(text, "0123456789")] == '\0') {
        (void)snprintf(out, PK_ALERT_ID, "%s", text);
    }
}

static int take_number(const json_t *command, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(command, key));

    return value < 0 ? 0 : value > NUMBERS_MAX ? NUMBERS_MAX : (int)value;
}

/* It is shown to be opened: only what a browser opens over TLS, and nothing that could steer a terminal. */
static void take_link(const json_t *command, char out[PK_ALERT_LINK])
{
    const char *text = json_string_value(json_object_get(command, "link"));

    out[0] = '\0';
    if (text == NULL || strncmp(text, "https://", 8) != 0 || strlen(text) >= PK_ALERT_LINK) {
        return;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c) != NULL) {
            return; /* not in a URI (RFC 3986) */
        }
    }
    (void)snprintf(out, PK_ALERT_LINK, "%s", text);
}

static void take_extras(const json_t *command, struct pk_alert *a)
{
    const struct pk_threat *threat = pk_threat_find(a->threat);

    take_id(command, "alert", a->id);
    take_id(command, "replaces", a->replaces);
    take_link(command, a->link);
    a->reminder = take_number(command, "reminder");
    a->merged = take_number(command, "merged");
    a->paused = json_is_true(json_object_get(command, "paused"));
    if (threat != NULL && threat->careful) {
        tell_carefully(a);
        if (json_is_true(json_object_get(command, "simulated"))) {
            mark_test(a->language, "alert.test", a->title);
        }
    }
}

int pk_alert_of_command(const json_t *command, const char *name, const char *language,
        struct pk_alert *out, struct pk_error *err)
{
    struct pk_alert a = { .language = pk_language_of(language) };
    const json_t *next = json_object_get(command, "next");
    int rc = take_text(command, "title", name, a.title, sizeof(a.title), err);

    if (rc == PK_OK) {
        rc = take_text(command, "why", name, a.why, sizeof(a.why), err);
    }
    if (rc == PK_OK) {
        rc = take_text(command, "threat", name, a.threat, sizeof(a.threat), err);
    }
    if (rc == PK_OK) {
        rc = take_text(command, "level", name, a.level, sizeof(a.level), err);
    }
    if (rc == PK_OK && !is_level(a.level)) {
        rc = pk_error_set(err, PK_EMALF, "an alert of unknown level");
    }
    if (rc < 0) {
        return rc;
    }
    pk_threat_text("{subject}", name, a.subject, sizeof(a.subject));
    for (size_t i = 0; i < json_array_size(next) && a.next_count < PK_ALERT_STEPS; i++) {
        const char *step = json_string_value(json_array_get(next, i));

        if (step != NULL) {
            pk_threat_text(step, name, a.next[a.next_count], PK_ALERT_LINE);
            clean(a.next[a.next_count++]);
        }
    }
    take_extras(command, &a);
    *out = a;
    return PK_OK;
}

json_t *pk_alert_fields(const struct pk_alert *alert)
{
    json_t *next = json_array();
    json_t *out;

    for (size_t i = 0; i < alert->next_count; i++) {
        (void)json_array_append_new(next, json_string(alert->next[i]));
    }
    out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s*, s:s*}", "threat", alert->threat,
            "subject", alert->subject, "level", alert->level, "title", alert->title, "why",
            alert->why, "next", next, "alert", alert->id[0] != '\0' ? alert->id : NULL, "link",
            alert->link[0] != '\0' ? alert->link : NULL);
    if (out != NULL && alert->reminder > 0) {
        (void)json_object_set_new(out, "reminder", json_integer(alert->reminder));
    }
    if (out != NULL && alert->merged > 0) {
        (void)json_object_set_new(out, "merged", json_integer(alert->merged));
    }
    return out;
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

/* Wraps text at WIDTH; the first line begins with lead, the others with as many spaces. */
static void put_wrapped(struct pk_buffer *out, const char *lead, const char *text)
{
    size_t indent = strlen(lead);
    size_t column = indent;

    (void)pk_buffer_puts(out, lead);
    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        size_t wide = characters(text, word);

        if (column > indent && column + 1 + wide > WIDTH) {
            (void)pk_buffer_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            (void)pk_buffer_putc(out, ' ');
            column++;
        }
        (void)pk_buffer_put(out, text, word);
        column += wide;
        text += word;
        text += strspn(text, " ");
    }
    (void)pk_buffer_putc(out, '\n');
}

static const char *colour_of(const struct pk_alert *alert)
{
    if (strcmp(alert->level, "now") == 0) {
        return "\033[1;31m";
    }
    return strcmp(alert->level, "today") == 0 ? "\033[1;33m" : "\033[1m";
}

static const char *heading_of(const struct pk_alert *alert)
{
    if (strcmp(alert->level, "now") == 0) {
        return pk_word(alert->language, "alert.now");
    }
    return pk_word(
            alert->language, strcmp(alert->level, "today") == 0 ? "alert.today" : "alert.info");
}

/* "Reminder 2: TO DO TODAY" */
static void put_heading(const struct pk_alert *alert, struct pk_buffer *out)
{
    char number[16];
    char text[200];
    const struct pk_word_part parts[] = { { "n", number }, { "text", heading_of(alert) } };

    (void)snprintf(number, sizeof(number), "%d", alert->reminder);
    pk_word_fill(
            alert->reminder > 0 ? pk_word(alert->language, "alert.reminder") : heading_of(alert),
            parts, PK_COUNT(parts), text, sizeof(text));
    (void)pk_buffer_puts(out, text);
}

/* What stands below the steps. */
static void put_closing(const struct pk_alert *alert, struct pk_buffer *out)
{
    const struct pk_word_part link = { "link", alert->link };
    char text[PK_ALERT_LINE];

    if (alert->merged > 0) {
        pk_word_number(
                pk_word(alert->language, alert->merged == 1 ? "alert.merged_one" : "alert.merged"),
                "n", alert->merged, text, sizeof(text));
        put_wrapped(out, "  ", text);
    }
    if (alert->link[0] != '\0') {
        pk_word_fill(pk_word(alert->language, "alert.open"), &link, 1, text, sizeof(text));
        put_wrapped(out, "  ", text);
    }
    if (!alert->careful) {
        put_wrapped(out, "  ",
                pk_word(alert->language,
                        alert->paused ? "alert.work_paused" : "alert.nothing_blocked"));
    }
    (void)pk_buffer_putc(out, '\n');
}

void pk_alert_block(const struct pk_alert *alert, bool colour, struct pk_buffer *out)
{
    (void)pk_buffer_printf(out, "\n%s  ", colour ? colour_of(alert) : "");
    put_heading(alert, out);
    (void)pk_buffer_printf(out, "%s\n", colour ? "\033[0m" : "");
    if (colour) {
        (void)pk_buffer_puts(out, "\033[1m");
    }
    put_wrapped(out, "  ", alert->title);
    if (colour) {
        (void)pk_buffer_puts(out, "\033[0m");
    }
    put_wrapped(out, "  ", alert->why);
    for (size_t i = 0; i < alert->next_count; i++) {
        char lead[16];

        (void)snprintf(lead, sizeof(lead), "    %zu. ", i + 1);
        put_wrapped(out, lead, alert->next[i]);
    }
    put_closing(alert, out);
}

void pk_alert_body(const struct pk_alert *alert, char *out, size_t size)
{
    const char *step = alert->next_count > 0 ? alert->next[0] : "";
    size_t both = characters(alert->why, strlen(alert->why)) + 1 + characters(step, strlen(step));

    if (both <= BODY_WANTS || step[0] == '\0') {
        (void)snprintf(out, size, "%s%s%s", alert->why, step[0] != '\0' ? " " : "", step);
    } else {
        (void)snprintf(out, size, "%s", step); /* the title says what; how to end it matters most */
    }
}
