/* alert.h - what the person is told: what, why it matters, what to do next; in this order, with the
 * name that the person knows in place of "{subject}". */
#pragma once

#include <jansson.h>

#include "base/buffer.h"
#include "model/threat.h"

#define PK_ALERT_STEPS 3
#define PK_ALERT_NAME  128
#define PK_ALERT_LINE  400

struct pk_alert {
    char threat[64];
    char subject[PK_ALERT_NAME]; /* the name people know */
    char level[8];               /* "now" "today" "info" */
    char title[PK_ALERT_LINE];
    char why[PK_ALERT_LINE];
    char next[PK_ALERT_STEPS][PK_ALERT_LINE];
    size_t next_count;
};

/* Of the catalogue's texts. */
void pk_alert_of_threat(const struct pk_threat *threat, const char *name, struct pk_alert *out);

/* Of a server's command ("title" "why" "next" "level" "threat"); texts may hold {subject}. PK_EMALF
 * with the reason when something is missing. Control characters become spaces: it goes to a
 * terminal. */
PK_MUST_USE int pk_alert_of_command(
        const json_t *command, const char *name, struct pk_alert *out, struct pk_error *err);

/* The event's fields. The caller owns the result. */
json_t *pk_alert_fields(const struct pk_alert *alert);

/* A block for a terminal; colour by the level when wanted. */
void pk_alert_block(const struct pk_alert *alert, bool colour, struct pk_buffer *out);

/* why and next as the text of a notification, at most 140 characters where the words allow it. */
void pk_alert_body(const struct pk_alert *alert, char *out, size_t size);
