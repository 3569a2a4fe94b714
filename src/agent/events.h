/* events.h - what the agent tells on standard output: one JSON object a line for programs, or one
 * readable line for people. Names and keys are fixed; see docs/man/picket-agent.1. Loop thread. */
#pragma once

#include <stdint.h>
#include <jansson.h>
#include <stdbool.h>

struct pk_events;

/* fd stays the caller's. NULL when memory is short. */
struct pk_events *pk_events_create(int fd, bool json);
void pk_events_destroy(struct pk_events *events); /* NULL is fine */

bool pk_events_json(const struct pk_events *events);

/* Writes {"at":...,"event":event, ...fields}; takes fields over (NULL: none). For people the line
 * is time, event and text; text NULL: people need not know. */
void pk_events_emit(struct pk_events *events, int64_t at_ms, const char *event, json_t *fields,
        const char *text);

/* Writes to the same place, unchanged. Foreign text must have been cleaned. */
void pk_events_write(struct pk_events *events, const char *text);
