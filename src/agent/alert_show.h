/* alert_show.h - the ways an alert reaches the person: event, terminal, desktop; as the settings say. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

struct pk_alert;
struct pk_events;
struct pk_notify;
struct pk_notify_settings;

/* subject: the server's name of the thing. */
void pk_alert_show(struct pk_notify *notify, struct pk_events *events,
        const struct pk_notify_settings *settings, const struct pk_alert *alert,
        const char *subject, int64_t at_ms);

/* Takes it back: nothing is heard, the event "alert" with "closed" tells programs. alert may be NULL. */
void pk_alert_close(struct pk_notify *notify, struct pk_events *events, const char *alert,
        const char *threat, const char *subject, int64_t at_ms);
