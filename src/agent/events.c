#include "agent/events.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/schema.h"

#define LINE_MAX_BYTES (256UL * 1024)

struct pk_events {
    int fd;
    bool json;
};

struct pk_events *pk_events_create(int fd, bool json)
{
    struct pk_events *events = calloc(1, sizeof(*events));

    if (events != NULL) {
        events->fd = fd;
        events->json = json;
    }
    return events;
}

void pk_events_destroy(struct pk_events *events)
{
    free(events);
}

bool pk_events_json(const struct pk_events *events)
{
    return events->json;
}

/* A reader that went away is no reason to stop watching. */
static void put(const struct pk_events *events, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(events->fd, text, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

void pk_events_write(struct pk_events *events, const char *text)
{
    put(events, text, strlen(text));
}

static void emit_json(struct pk_events *events, int64_t at_ms, const char *event, json_t *fields)
{
    char at[PK_TIME_TEXT];
    json_t *line = json_object();
    char *text;

    (void)json_object_set_new(line, "at", json_string(pk_time_format(at_ms, at)));
    (void)json_object_set_new(line, "event", json_string(event));
    if (fields != NULL) {
        (void)json_object_update(line, fields);
    }
    text = pk_json_text(line);
    json_decref(line);
    if (text != NULL) {
        struct pk_buffer out = pk_buffer_of(LINE_MAX_BYTES);

        if (pk_buffer_puts(&out, text) == PK_OK && pk_buffer_putc(&out, '\n') == PK_OK) {
            put(events, out.ptr, out.len);
        }
        pk_buffer_finish(&out);
    }
    free(text);
}

static void emit_text(struct pk_events *events, int64_t at_ms, const char *event, const char *text)
{
    struct pk_buffer out = pk_buffer_of(LINE_MAX_BYTES);
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL) {
        return;
    }
    (void)pk_buffer_printf(&out, "%02d:%02d:%02d  %-8s ", tm.tm_hour, tm.tm_min, tm.tm_sec, event);
    for (const char *p = text; *p != '\0'; p++) { /* names of networks are foreign */
        (void)pk_buffer_putc(&out, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
    }
    if (pk_buffer_putc(&out, '\n') == PK_OK) {
        put(events, out.ptr, out.len);
    }
    pk_buffer_finish(&out);
}

void pk_events_emit(struct pk_events *events, int64_t at_ms, const char *event, json_t *fields,
        const char *text)
{
    if (events->json) {
        emit_json(events, at_ms, event, fields);
    } else if (text != NULL) {
        emit_text(events, at_ms, event, text);
    }
    json_decref(fields);
}
