/* commands.h - what a device is told: the pending alerts and questions of the outbox as commands of the wire, and
 * the device's word that it has them. */
#pragma once

#include "server/server.h"

/* The commands that the device has not acknowledged yet, oldest first; an array that the caller
 * owns. */
PK_MUST_USE int pk_commands_pending(struct pk_store *store, const char *device,
        struct pk_arena *arena, json_t **out, struct pk_error *err);

/* ids separated by commas, as ?seen= carries them; NULL or "": nothing. Ids that are not commands of
 * this device are ignored: they may be gone. PK_EMALF when it is not a list of numbers. */
PK_MUST_USE int pk_commands_seen(struct pk_store *store, const char *device, const char *ids,
        int64_t now_ms, struct pk_error *err);
