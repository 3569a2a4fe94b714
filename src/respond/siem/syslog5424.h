/* syslog5424.h - the frame around a message: RFC 5424 header, RFC 6587 / RFC 5425 framing. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

struct pk_syslog_header {
    int facility;           /* 0..23 */
    int severity;           /* 0..7 */
    int64_t at_ms;          /* of the event */
    const char *host;       /* printable ASCII without spaces is kept; NULL or empty: "-" */
    const char *app;        /* APP-NAME */
    int64_t pid;            /* 0: "-" */
    const char *message_id; /* MSGID */
};

/* 10, 9: critical; 8, 7: error; 6..4: warning; 3..1: notice; 0: informational. */
int pk_syslog_severity(int cef_severity);

/* Appends "<PRI>1 TIME HOST APP PROCID MSGID - " (no structured data, no byte order mark: receivers
 * of CEF stumble over it). */
void pk_syslog_header(struct pk_buffer *out, const struct pk_syslog_header *header);

/* Appends one frame: octet counting, or a line feed at the end with those inside made spaces. */
void pk_syslog_frame(struct pk_buffer *out, struct pk_slice message, bool count_octets);
