#include "respond/siem/settings.h"

#include <stdio.h>
#include <string.h>

/* RFC 5426 3.2 wants 2048 octets received everywhere; rsyslog cuts at 8 KiB unless told. */
#define LINE_MAX_UDP    2048
#define LINE_MAX_STREAM 8000

static const char *const format_names[] = { "cef", NULL };
static const char *const transport_names[] = { "udp", "tcp", "tls", NULL };
static const char *const framing_names[] = { "octets", "lf", NULL };

/* clang-format off */
static const struct pk_field fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_siem_settings, name),
      .min = 1, .max = 64, .help = "of the target, as the console shows it" },
    { "format", PK_TYPE_ENUM, 0, offsetof(struct pk_siem_settings, format), .names = format_names,
      .def = "cef", .help = "what is sent: CEF:0 in RFC 5424 syslog" },
    { "transport", PK_TYPE_ENUM, 0, offsetof(struct pk_siem_settings, transport),
      .names = transport_names, .def = "tls", .help = "udp loses messages silently; prefer tls" },
    { "host", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_siem_settings, host),
      .min = 1, .max = 255, .help = "name or address of the receiver" },
    { "port", PK_TYPE_INT, 0, offsetof(struct pk_siem_settings, port), .min = 0, .max = 65535,
      .def = "0", .help = "0: 514 for udp and tcp, 6514 for tls" },
    { "framing", PK_TYPE_ENUM, 0, offsetof(struct pk_siem_settings, framing),
      .names = framing_names, .def = "octets", .help = "lf only for receivers that cannot count" },
    { "facility", PK_TYPE_INT, 0, offsetof(struct pk_siem_settings, facility),
      .min = 0, .max = 23, .def = "16", .help = "of syslog; 16 is local0" },
    { "ca", PK_TYPE_STRING, 0, offsetof(struct pk_siem_settings, ca),
      .min = 1, .max = 1024, .help = "PEM file; without it the system's roots are trusted" },
    { "cert", PK_TYPE_STRING, 0, offsetof(struct pk_siem_settings, cert),
      .min = 1, .max = 1024, .help = "PEM file of our client certificate and its chain" },
    { "key", PK_TYPE_STRING, 0, offsetof(struct pk_siem_settings, key),
      .min = 1, .max = 1024, .help = "PEM file of its key" },
    { "server_name", PK_TYPE_STRING, 0, offsetof(struct pk_siem_settings, server_name),
      .min = 1, .max = 255, .help = "name in the receiver's certificate when it is not host" },
    { "console_url", PK_TYPE_STRING, 0, offsetof(struct pk_siem_settings, console_url),
      .min = 1, .max = 512, .help = "so that each line leads to its incident in the console" },
    { "line_max", PK_TYPE_INT, 0, offsetof(struct pk_siem_settings, line_max),
      .min = 0, .max = 65000, .def = "0", .help = "bytes of a message; 0: 2048 for udp, else 8000" },
    { "timeout_s", PK_TYPE_INT, 0, offsetof(struct pk_siem_settings, timeout_s),
      .min = 1, .max = 120, .def = "10", .help = "for connecting and for each write" },
};
/* clang-format on */

const struct pk_schema pk_siem_schema = PK_SCHEMA(struct pk_siem_settings, fields, "siem target");

static int fault(struct pk_error *err, size_t i, const char *key, const char *why)
{
    int rc = pk_error_set(err, PK_EINVAL, "%s", why);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "siem[%zu].%s", i, key);
    }
    return rc;
}

int pk_siem_check(const struct pk_siem_settings *targets, size_t count, struct pk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct pk_siem_settings *t = &targets[i];

        for (size_t k = 0; k < i; k++) {
            if (strcmp(targets[k].name, t->name) == 0) {
                return fault(err, i, "name", "another target has this name");
            }
        }
        if (t->transport == PK_SIEM_TLS && t->framing != PK_SIEM_OCTETS) {
            return fault(err, i, "framing", "syslog over TLS counts octets (RFC 5425)");
        }
        if (t->cert != NULL && t->key == NULL) {
            return fault(err, i, "cert", "needs key, too");
        }
        if (t->key != NULL && t->cert == NULL) {
            return fault(err, i, "key", "needs cert, too");
        }
        if (t->line_max != 0 && t->line_max < 480) {
            return fault(err, i, "line_max", "must be at least 480 (RFC 5424)");
        }
    }
    return PK_OK;
}

int pk_siem_port(const struct pk_siem_settings *settings)
{
    if (settings->port != 0) {
        return (int)settings->port;
    }
    return settings->transport == PK_SIEM_TLS ? 6514 : 514;
}

size_t pk_siem_line_max(const struct pk_siem_settings *settings)
{
    if (settings->line_max != 0) {
        return (size_t)settings->line_max;
    }
    return settings->transport == PK_SIEM_UDP ? LINE_MAX_UDP : LINE_MAX_STREAM;
}
