/* event.h - what the program says about itself: a dotted, stable name and fields. One call makes
 * the log line and counts. Foreign values are fields, escaped by the writer, never the format.
 * Any thread may call. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum pk_level {
    PK_DEBUG,
    PK_INFO,
    PK_WARN,
    PK_ERROR,
};

struct pk_event_field {
    const char *key;
    const char *value; /* NULL is written as "-" */
};

/* The two below read like functions and are called like them. */
/* NOLINTBEGIN(readability-identifier-naming) */
/* Called like pk_event(PK_WARN, "ingest.refused", { "device", id }, { "why", err.text }); */
#define pk_event(level, name, ...) \
    pk_event_write((level), (name), (const struct pk_event_field[]){ __VA_ARGS__, { NULL, NULL } })
/* Without fields. */
#define pk_event0(level, name) \
    pk_event_write((level), (name), (const struct pk_event_field[]){ { NULL, NULL } })
/* NOLINTEND(readability-identifier-naming) */

/* fields end with a NULL key. */
void pk_event_write(enum pk_level level, const char *name, const struct pk_event_field *fields);

enum pk_event_format {
    PK_EVENT_TEXT, /* 2026-11-23T01:02:03.456Z WARN ingest.refused device=... why="..." */
    PK_EVENT_JSON, /* one object a line */
};

/* Set once at start. fd is not closed. Default: text on standard error from PK_INFO up. */
void pk_event_setup(int fd, enum pk_event_format format, enum pk_level from);

/* Writes how often each event name was seen since start, as OpenMetrics text
 * (picket_events_total{event="..."} N). */
void pk_event_metrics(struct pk_buffer *out);

/* A number as text, for a field's value: storage of the caller's statement. */
#define PK_NUM(n) pk_event_number((char[24]){ 0 }, (int64_t)(n))
const char *pk_event_number(char out[24], int64_t n);
