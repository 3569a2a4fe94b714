/* target.h - a receiver of the SOC behind a struct of functions: a partner is one file.
 *
 * The dispatcher owns order, retries, back-off and the books; a target only knows how to hand over
 * a few events. All calls come from one thread. */
#pragma once

#include "respond/channel.h"
#include "respond/siem/settings.h"

struct pk_siem_event {
    const json_t *event;   /* as docs/protocol.md says, borrowed */
    int rc;                /* set by the target: < 0 when this event can never be sent */
    struct pk_error error; /* why */
};

struct pk_siem_ops {
    /* stop_fd becomes readable when the program ends: every wait ends early then. Reads no file and
     * opens no connection: that may fail and is tried again by send. */
    int (*create)(const struct pk_siem_settings *settings, const struct pk_origin *origin,
            int stop_fd, void **out, struct pk_error *err);
    /* Sends in order. Returns PK_OK when the receiver has them all, apart from those whose rc is
     * set. Otherwise < 0 and *err says why; the dispatcher then sends all of them again. */
    int (*send)(void *self, struct pk_siem_event *events, size_t count, struct pk_error *err);
    void (*destroy)(void *self);
};

/* CEF over syslog (syslog.c). */
extern const struct pk_siem_ops pk_siem_syslog;

/* The functions of a format. */
const struct pk_siem_ops *pk_siem_ops_of(int format);

/* A receiver as a channel of the dispatcher. settings is borrowed. */
struct pk_channel pk_siem_channel(const struct pk_siem_settings *settings);
