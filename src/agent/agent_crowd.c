#include "agent/agent_internal.h"
#include "agent/crowd.h"
#include "agent/events.h"
#include "agent/uplink.h"
#include "base/clock.h"

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

    return pk_agent_crowd_create(a->loop, a->options.settings, a->identity, &hooks, &a->crowd, err);
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
