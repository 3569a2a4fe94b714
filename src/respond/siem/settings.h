/* settings.h - one receiver of the SOC, as picketd's settings name it under `siem:`.
 *
 *     siem:
 *       - name: soc
 *         transport: tls
 *         host: siem.example.org
 *         ca: /etc/picket/siem-ca.pem
 *
 * Constants and plain data; any thread. */
#pragma once

#include "base/schema.h"

enum pk_siem_format {
    PK_SIEM_CEF, /* CEF:0 in RFC 5424 syslog */
};

enum pk_siem_transport {
    PK_SIEM_UDP,
    PK_SIEM_TCP,
    PK_SIEM_TLS,
};

enum pk_siem_framing {
    PK_SIEM_OCTETS, /* RFC 6587 3.4.1 and RFC 5425: "LEN SP MSG" */
    PK_SIEM_LF,     /* RFC 6587 3.4.2: for receivers that cannot count */
};

struct pk_siem_settings {
    const char *name; /* of the target: in the outbox, the console and the metrics */
    int format;       /* enum pk_siem_format */
    int transport;    /* enum pk_siem_transport */
    const char *host;
    int64_t port;            /* 0: 514 for UDP and TCP, 6514 for TLS */
    int framing;             /* enum pk_siem_framing; not for UDP */
    int64_t facility;        /* of syslog: 16 is local0 */
    const char *ca;          /* PEM; NULL: the system's roots */
    const char *cert;        /* PEM chain of our client certificate; NULL: none is shown */
    const char *key;         /* PEM */
    const char *server_name; /* that the receiver's certificate must carry; NULL: host */
    const char *console_url; /* of the console, so that a line leads to its incident; NULL */
    int64_t line_max;        /* bytes of a message; 0: 2048 for UDP, else 8000 */
    int64_t timeout_s;       /* for connecting and for each write */
};

#define PK_SIEM_TARGETS_MAX 32

/* Of one target; a list of them is a field of type PK_TYPE_OBJECTS. */
extern const struct pk_schema pk_siem_schema;

/* What a table cannot say: names are unique, a key comes with its certificate, TLS counts octets.
 * *err has the path below "siem". */
PK_MUST_USE int pk_siem_check(
        const struct pk_siem_settings *targets, size_t count, struct pk_error *err);

/* The port that is meant. */
int pk_siem_port(const struct pk_siem_settings *settings);
/* The longest message that the receiver is given. */
size_t pk_siem_line_max(const struct pk_siem_settings *settings);
