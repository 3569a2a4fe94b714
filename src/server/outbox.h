/* outbox.h - the ways out that the settings name: what the console lists, and what the dispatcher serves. */
#pragma once

#include "respond/channel.h"
#include "respond/dispatch.h"
#include "server/server.h"

/* Writes the channels that the settings name, at most PK_CHANNELS_MAX; returns how many. They borrow the settings. */
size_t pk_outbox_channels(
        const struct pk_settings *settings, struct pk_channel out[PK_CHANNELS_MAX]);

/* Puts what the pipeline has to know of them into *out: relay, webhooks, targets of the SOC. Lists are in the arena.
 * PK_ENOMEM. */
struct pk_pipeline;
PK_MUST_USE int pk_outbox_tell_pipeline(const struct pk_settings *settings, struct pk_arena *arena,
        struct pk_pipeline *out, struct pk_error *err);

/* Starts the dispatcher. host: name of this node. Lives until pk_dispatch_stop(). */
PK_MUST_USE int pk_outbox_start(
        struct pk_server *server, const char *host, struct pk_dispatch **out, struct pk_error *err);
