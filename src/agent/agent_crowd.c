#include <stdio.h>

#include "agent/agent_internal.h"
#include "agent/crowd.h"
#include "agent/events.h"
#include "agent/notify.h"
#include "agent/places_watch.h"
#include "agent/settings.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "model/words.h"

static void on_event(void *ctx, json_t *fields, const char *text)
{
    struct pk_agent *a = ctx;

    pk_events_emit(a->events, pk_clock_ms(), "crowd", fields, text);
}

int pk_agent_start_crowd(struct pk_agent *a, struct pk_error *err)
{
    const struct pk_agent_crowd_hooks hooks = {
        .findings = pk_agent_take_findings, .trouble = pk_agent_trouble, .event = on_event, .ctx = a
    };

    a->places = pk_agent_places_create(a->loop, a->options.settings, pk_agent_places_hint, a);
    if (a->places == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return pk_agent_crowd_create(a->loop, a->options.settings, a->identity, &hooks, &a->crowd, err);
}

/* Nothing has happened, and perhaps nothing will: no sound, no finding, nothing to do in the list. */
void pk_agent_places_hint(void *ctx)
{
    struct pk_agent *a = ctx;
    struct pk_alert alert = {
        .threat = "behavior.risky_networks", .level = "info", .language = a->language
    };

    (void)snprintf(
            alert.title, sizeof(alert.title), "%s", pk_word(a->language, "status.next_place"));
    (void)snprintf(
            alert.why, sizeof(alert.why), "%s", pk_word(a->language, "status.next_place_why"));
    pk_events_emit(
            a->events, pk_clock_ms(), "places", json_pack("{s:s}", "what", "hint"), alert.why);
    if (a->options.settings->notify->desktop && pk_notify_possible()) {
        pk_notify_send(a->notify, &alert, "next place");
    }
}

void pk_agent_crowd_place_hook(void *ctx, char out[])
{
    const struct pk_agent *a = ctx;

    pk_agent_crowd_place(a->crowd, out, PK_UPLINK_PLACE);
}

bool pk_agent_crowd_words_hook(void *ctx, const json_t *words)
{
    const struct pk_agent *a = ctx;

    return pk_agent_crowd_words(a->crowd, words);
}
