#include "respond/siem/syslog5424.h"

#include "base/clock.h"
#include "base/event.h"

#define HOST_LEN 255
#define APP_LEN  48
#define ID_LEN   32

int pk_syslog_severity(int cef_severity)
{
    return cef_severity >= 9    ? 2
            : cef_severity >= 7 ? 3
            : cef_severity >= 4 ? 4
            : cef_severity >= 1 ? 5
                                : 6;
}

/* A header field is printable US-ASCII without spaces; "-" stands for nothing (RFC 5424, 6). */
static void field(struct pk_buffer *out, const char *text, size_t max)
{
    size_t written = 0;

    (void)pk_buffer_putc(out, ' ');
    for (const char *p = text != NULL ? text : ""; *p != '\0' && written < max; p++) {
        if (*p > ' ' && *p < 0x7F) {
            (void)pk_buffer_putc(out, *p);
            written++;
        }
    }
    if (written == 0) {
        (void)pk_buffer_putc(out, '-');
    }
}

void pk_syslog_header(struct pk_buffer *out, const struct pk_syslog_header *header)
{
    char at[PK_TIME_TEXT];
    char pid[24];

    (void)pk_buffer_printf(out, "<%d>1 %s", header->facility * 8 + header->severity,
            pk_time_format(header->at_ms, at));
    field(out, header->host, HOST_LEN);
    field(out, header->app, APP_LEN);
    field(out, header->pid > 0 ? pk_event_number(pid, header->pid) : NULL, sizeof(pid));
    field(out, header->message_id, ID_LEN);
    (void)pk_buffer_puts(out, " - ");
}

void pk_syslog_frame(struct pk_buffer *out, struct pk_slice message, bool count_octets)
{
    if (count_octets) {
        (void)pk_buffer_printf(out, "%zu ", message.len);
        (void)pk_buffer_put(out, message.ptr, message.len);
        return;
    }
    for (size_t i = 0; i < message.len; i++) {
        (void)pk_buffer_putc(out, message.ptr[i] == '\n' ? ' ' : (char)message.ptr[i]);
    }
    (void)pk_buffer_putc(out, '\n');
}
