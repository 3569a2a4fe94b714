/* alert_show.h - the ways an alert reaches the person: event, terminal, desktop; as the settings say. */
#pragma once

#include <stdint.h>

struct pk_alert;
struct pk_events;
struct pk_loop;
struct pk_notify_settings;

void pk_alert_show(struct pk_loop *loop, struct pk_events *events,
        const struct pk_notify_settings *settings, const struct pk_alert *alert, int64_t at_ms);
