/* seen.h - which of the server's commands were done: a command comes again until it is acknowledged
 * and must not be done twice. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

#define PK_SEEN_MAX 32
#define PK_SEEN_ID  41 /* bytes of an id with its NUL */

struct pk_seen {
    char ids[PK_SEEN_MAX][PK_SEEN_ID]; /* newest last */
    size_t count;
    size_t unsaid; /* how many of the last ones the server has not heard of */
};

/* Letters, digits, dot, dash, underscore: it goes into a URL as it is. NULL is none. */
bool pk_seen_is_id(const char *text);

/* True when the id is new. It is acknowledged (again) either way. */
bool pk_seen_note(struct pk_seen *seen, const char *id);

/* Appends the ids to acknowledge, separated by commas. False: there are none. */
bool pk_seen_list(const struct pk_seen *seen, struct pk_buffer *out);
/* The server has heard of them. */
void pk_seen_said(struct pk_seen *seen);
