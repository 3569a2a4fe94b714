/* alert.h - what the person is told: what, why it matters, what to do next; in this order, with the
 * name that the person knows in place of "{subject}". */
#pragma once

#include <jansson.h>

#include "base/buffer.h"
#include "model/threat.h"

#define PK_ALERT_STEPS 3
#define PK_ALERT_NAME  128
#define PK_ALERT_LINE  400
#define PK_ALERT_ID    24
#define PK_ALERT_LINK  360

struct pk_alert {
    char threat[64];
    char subject[PK_ALERT_NAME]; /* the name people know */
    char level[8];               /* "now" "today" "info" */
    const char *language;        /* of the texts and of what stands around them; of words.h */
    char title[PK_ALERT_LINE];
    char why[PK_ALERT_LINE];
    char next[PK_ALERT_STEPS][PK_ALERT_LINE];
    size_t next_count;
    char id[PK_ALERT_ID];       /* the server's number of it; "" */
    char replaces[PK_ALERT_ID]; /* the number of the one whose place it takes; "" */
    char link[PK_ALERT_LINK];   /* to its place on the employee's page; "" */
    int reminder;               /* which one; 0: told for the first time */
    int merged;                 /* further things that it stands for */
    bool paused;                /* work access waits for it */
    bool careful;               /* told without naming it, see threat.h */
};

/* Of the catalogue's texts in that language (NULL: English). A careful threat says what careful.* of words.h
 * says, and neither title nor subject. simulated: begins with "Test:". */
void pk_alert_of_threat(const struct pk_threat *threat, const char *name, const char *language,
        bool simulated, struct pk_alert *out);

/* Of a server's command ("title" "why" "next" "level" "threat"; optional "alert" "link" "reminder" "merged"
 * "replaces" "paused"; others are ignored); texts may hold {subject}. PK_EMALF with the reason when something is
 * missing. Control characters become spaces: it goes to a terminal. What the catalogue marks as careful is told
 * that way whatever the command says. */
PK_MUST_USE int pk_alert_of_command(const json_t *command, const char *name, const char *language,
        struct pk_alert *out, struct pk_error *err);

/* The event's fields. The caller owns the result. */
json_t *pk_alert_fields(const struct pk_alert *alert);

/* A block for a terminal; colour by the level when wanted. */
void pk_alert_block(const struct pk_alert *alert, bool colour, struct pk_buffer *out);

/* why and next as the text of a notification, at most 140 characters where the words allow it. */
void pk_alert_body(const struct pk_alert *alert, char *out, size_t size);
