/* CEF in RFC 5424 syslog: most collectors, Microsoft Sentinel's forwarder, ArcSight, QRadar, ESM. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "respond/siem/cef.h"
#include "respond/siem/syslog5424.h"
#include "respond/siem/target.h"
#include "respond/siem/transport.h"

/* Header and length around a line; generous. */
#define HEADER_MAX 512
/* Silence after the last write that counts as received. */
#define CONFIRM_MS 1000

struct syslog_target {
    const struct pk_siem_settings *settings;
    struct pk_origin origin;
    struct pk_transport *transport;
    struct pk_buffer message;
    struct pk_buffer frame;
};

static void destroy(void *self)
{
    struct syslog_target *s = self;

    if (s != NULL) {
        pk_transport_destroy(s->transport);
        pk_buffer_finish(&s->message);
        pk_buffer_finish(&s->frame);
        free(s);
    }
}

static int create(const struct pk_siem_settings *settings, const struct pk_origin *origin,
        int stop_fd, void **out, struct pk_error *err)
{
    struct syslog_target *s = calloc(1, sizeof(*s));
    size_t most = pk_siem_line_max(settings);
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->settings = settings;
    s->origin = *origin;
    /* Room for tries that turn out too long and are taken back: six bytes a character at most. */
    s->message = pk_buffer_of(8 * most + 64UL * 1024);
    s->frame = pk_buffer_of(most + HEADER_MAX);
    rc = pk_transport_create(settings, stop_fd, &s->transport, err);
    if (rc < 0) {
        destroy(s);
        return rc;
    }
    *out = s;
    return PK_OK;
}

/* The whole message into s->message, without its frame. */
static int format(struct syslog_target *s, const json_t *event, struct pk_error *err)
{
    const char *at = json_string_value(json_object_get(event, "at"));
    const char *severity_name = json_string_value(json_object_get(event, "severity"));
    enum pk_severity severity = PK_SEVERITY_INFO;
    struct pk_syslog_header header = {
        .facility = (int)s->settings->facility,
        .host = s->origin.host,
        .app = "picketd",
        .pid = getpid(),
        .message_id = json_string_value(json_object_get(event, "type")),
    };
    size_t most = pk_siem_line_max(s->settings);

    if (at == NULL || pk_time_parse(at, &header.at_ms) < 0) {
        return pk_error_set(err, PK_EMALF, "the event's 'at' is not a time");
    }
    if (severity_name == NULL || pk_severity_parse(severity_name, &severity) < 0) {
        return pk_error_set(err, PK_EUNKNOWN, "the event's 'severity' is none of the known");
    }
    header.severity = pk_syslog_severity(pk_cef_severity(severity));
    pk_buffer_clear(&s->message);
    pk_syslog_header(&s->message, &header);
    if (s->message.rc < 0 || s->message.len >= most) {
        return pk_error_set(err, PK_ELIMIT, "the header does not fit into %zu bytes", most);
    }
    return pk_cef_format(
            event, &s->origin, s->settings->console_url, most - s->message.len, &s->message, err);
}

static int send_one(struct syslog_target *s, struct pk_error *err)
{
    if (s->settings->transport == PK_SIEM_UDP) {
        return pk_transport_write(s->transport, pk_buffer_slice(&s->message), err);
    }
    pk_buffer_clear(&s->frame);
    pk_syslog_frame(
            &s->frame, pk_buffer_slice(&s->message), s->settings->framing == PK_SIEM_OCTETS);
    if (s->frame.rc < 0) {
        return pk_error_set(err, s->frame.rc, "a frame does not fit into its buffer");
    }
    return pk_transport_write(s->transport, pk_buffer_slice(&s->frame), err);
}

/* A connection that is up and in which the receiver has not hung up since the last time. */
static int ready(struct syslog_target *s, struct pk_error *err)
{
    if (pk_transport_connected(s->transport) && pk_transport_watch(s->transport, 0, NULL) < 0) {
        pk_transport_close(s->transport);
    }
    return pk_transport_connect(s->transport, err);
}

static int send_all(void *self, struct pk_siem_event *events, size_t count, struct pk_error *err)
{
    struct syslog_target *s = self;
    bool any = false;
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        events[i].rc = format(s, events[i].event, &events[i].error);
        if (events[i].rc < 0) {
            continue;
        }
        rc = any ? PK_OK : ready(s, err);
        if (rc == PK_OK) {
            rc = send_one(s, err);
            any = true;
        }
    }
    if (rc == PK_OK && any) {
        rc = pk_transport_watch(s->transport, CONFIRM_MS, err);
    }
    return rc;
}

const struct pk_siem_ops pk_siem_syslog = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

const struct pk_siem_ops *pk_siem_ops_of(int format)
{
    switch ((enum pk_siem_format)format) {
    case PK_SIEM_CEF:
        return &pk_siem_syslog;
    }
    return NULL;
}
