#include "base/event.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 4096
#define NAMES_MAX      256

static struct {
    pthread_mutex_t lock;
    int fd;
    enum pk_event_format format;
    enum pk_level from;
    size_t count;
    struct {
        const char *name; /* a literal of the program */
        uint64_t seen;
    } names[NAMES_MAX];
} log_state = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO, .from = PK_INFO };

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };

void pk_event_setup(int fd, enum pk_event_format format, enum pk_level from)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.fd = fd;
    log_state.format = format;
    log_state.from = from;
    pthread_mutex_unlock(&log_state.lock);
}

const char *pk_event_number(char out[24], int64_t n)
{
    (void)snprintf(out, 24, "%lld", (long long)n);
    return out;
}

/* A line that is cut is better than none: errors of the bounded buffer are ignored. */
static void put_quoted(struct pk_buffer *b, const char *value)
{
    (void)pk_buffer_putc(b, '"');
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            (void)pk_buffer_putc(b, '\\');
            (void)pk_buffer_putc(b, (char)*p);
        } else if (*p < 0x20 || *p == 0x7f) {
            (void)pk_buffer_printf(b, "\\u%04x", *p);
        } else {
            (void)pk_buffer_putc(b, (char)*p);
        }
    }
    (void)pk_buffer_putc(b, '"');
}

static bool is_plain(const char *value)
{
    return value[0] != '\0' &&
            strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-") ==
            strlen(value);
}

static void put_text(struct pk_buffer *b, const char *time, enum pk_level level, const char *name,
        const struct pk_event_field *fields)
{
    (void)pk_buffer_printf(b, "%s %-5s %s", time, level_names[level], name);
    for (; fields->key != NULL; fields++) {
        const char *value = fields->value != NULL ? fields->value : "-";

        (void)pk_buffer_printf(b, " %s=", fields->key);
        if (is_plain(value)) {
            (void)pk_buffer_puts(b, value);
        } else {
            put_quoted(b, value);
        }
    }
}

static void put_json(struct pk_buffer *b, const char *time, enum pk_level level, const char *name,
        const struct pk_event_field *fields)
{
    (void)pk_buffer_printf(
            b, "{\"at\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time, level_names[level], name);
    for (; fields->key != NULL; fields++) {
        (void)pk_buffer_printf(b, ",\"%s\":", fields->key);
        put_quoted(b, fields->value != NULL ? fields->value : "");
    }
    (void)pk_buffer_putc(b, '}');
}

static void count(const char *name)
{
    size_t i = 0;

    while (i < log_state.count && strcmp(log_state.names[i].name, name) != 0) {
        i++;
    }
    if (i == log_state.count && i < NAMES_MAX) {
        log_state.names[i].name = name;
        log_state.count++;
    }
    if (i < NAMES_MAX) {
        log_state.names[i].seen++;
    }
}

void pk_event_write(enum pk_level level, const char *name, const struct pk_event_field *fields)
{
    struct pk_buffer line = pk_buffer_of(LINE_MAX_BYTES);
    char time[PK_TIME_TEXT];

    pthread_mutex_lock(&log_state.lock);
    count(name);
    if (level >= log_state.from) {
        (void)pk_time_format(pk_clock_ms(), time);
        if (log_state.format == PK_EVENT_JSON) {
            put_json(&line, time, level, name, fields);
        } else {
            put_text(&line, time, level, name, fields);
        }
        line.max++;
        line.rc = PK_OK;
        (void)pk_buffer_putc(&line, '\n');
        if (line.ptr != NULL && write(log_state.fd, line.ptr, line.len) < 0) {
            /* nowhere left to say it */
        }
    }
    pthread_mutex_unlock(&log_state.lock);
    pk_buffer_finish(&line);
}

void pk_event_metrics(struct pk_buffer *out)
{
    pthread_mutex_lock(&log_state.lock);
    (void)pk_buffer_puts(out,
            "# TYPE picket_events counter\n"
            "# HELP picket_events Log events by name.\n");
    for (size_t i = 0; i < log_state.count; i++) {
        (void)pk_buffer_printf(out, "picket_events_total{event=\"%s\"} %llu\n",
                log_state.names[i].name, (unsigned long long)log_state.names[i].seen);
    }
    pthread_mutex_unlock(&log_state.lock);
}
