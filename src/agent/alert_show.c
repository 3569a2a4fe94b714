#include "agent/alert_show.h"

#include <unistd.h>

#include "agent/alert.h"
#include "agent/events.h"
#include "agent/notify.h"
#include "agent/settings.h"

#define BLOCK_MAX 8192

void pk_alert_show(struct pk_notify *notify, struct pk_events *events,
        const struct pk_notify_settings *settings, const struct pk_alert *alert,
        const char *subject, int64_t at_ms)
{
    if (pk_events_json(events)) {
        pk_events_emit(events, at_ms, "alert", pk_alert_fields(alert), NULL);
    } else if (settings->terminal) {
        struct pk_buffer block = pk_buffer_of(BLOCK_MAX);

        pk_alert_block(alert, isatty(STDOUT_FILENO) == 1, &block);
        if (block.rc == PK_OK) {
            pk_events_write(events, block.ptr);
        }
        pk_buffer_finish(&block);
    }
    if (settings->desktop && pk_notify_possible()) {
        pk_notify_send(notify, alert, subject);
    }
}

void pk_alert_close(struct pk_notify *notify, struct pk_events *events, const char *alert,
        const char *threat, const char *subject, int64_t at_ms)
{
    bool shown = pk_notify_close(notify, alert, threat, subject);

    if (pk_events_json(events)) {
        pk_events_emit(events, at_ms, "alert",
                json_pack("{s:s*, s:s, s:s, s:b, s:b}", "alert", alert, "threat", threat, "subject",
                        subject, "closed", true, "notification", shown),
                NULL);
    }
}
