#include "agent/alert.h"

#include <stdio.h>
#include <string.h>

#define WIDTH      76
#define BODY_WANTS 140

void pk_alert_of_threat(const struct pk_threat *threat, const char *name, struct pk_alert *out)
{
    *out = (struct pk_alert){ 0 };
    (void)snprintf(out->threat, sizeof(out->threat), "%s", threat->id);
    pk_threat_text("{subject}", name, out->subject, sizeof(out->subject));
    (void)snprintf(out->level, sizeof(out->level), "%s", pk_urgency_name(threat->urgency));
    pk_threat_text(threat->title, name, out->title, sizeof(out->title));
    pk_threat_text(threat->why, name, out->why, sizeof(out->why));
    for (size_t i = 0; i < threat->next_count && i < PK_ALERT_STEPS; i++) {
        pk_threat_text(threat->next[i], name, out->next[out->next_count++], PK_ALERT_LINE);
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

int pk_alert_of_command(
        const json_t *command, const char *name, struct pk_alert *out, struct pk_error *err)
{
    struct pk_alert a = { 0 };
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
    *out = a;
    return PK_OK;
}

json_t *pk_alert_fields(const struct pk_alert *alert)
{
    json_t *next = json_array();

    for (size_t i = 0; i < alert->next_count; i++) {
        (void)json_array_append_new(next, json_string(alert->next[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "threat", alert->threat, "subject",
            alert->subject, "level", alert->level, "title", alert->title, "why", alert->why, "next",
            next);
}

/* Wraps text at WIDTH; the first line begins with lead, the others with as many spaces. */
static void put_wrapped(struct pk_buffer *out, const char *lead, const char *text)
{
    size_t indent = strlen(lead);
    size_t column = indent;

    (void)pk_buffer_puts(out, lead);
    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (column > indent && column + 1 + word > WIDTH) {
            (void)pk_buffer_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            (void)pk_buffer_putc(out, ' ');
            column++;
        }
        (void)pk_buffer_put(out, text, word);
        column += word;
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
        return "ACT NOW";
    }
    return strcmp(alert->level, "today") == 0 ? "TO DO TODAY" : "GOOD TO KNOW";
}

void pk_alert_block(const struct pk_alert *alert, bool colour, struct pk_buffer *out)
{
    (void)pk_buffer_printf(out, "\n%s  %s%s\n", colour ? colour_of(alert) : "", heading_of(alert),
            colour ? "\033[0m" : "");
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
    (void)pk_buffer_puts(out, "  Nothing else is blocked.\n\n");
}

void pk_alert_body(const struct pk_alert *alert, char *out, size_t size)
{
    const char *step = alert->next_count > 0 ? alert->next[0] : "";
    size_t both = strlen(alert->why) + 1 + strlen(step);

    if (both <= BODY_WANTS || step[0] == '\0') {
        (void)snprintf(out, size, "%s%s%s", alert->why, step[0] != '\0' ? " " : "", step);
    } else {
        (void)snprintf(out, size, "%s", step); /* the title says what; how to end it matters most */
    }
}
