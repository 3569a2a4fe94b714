/* ledger.h - GET /v1/ledger: what this server holds about the device that asks. The counts are kept
 * with the reports' effects, in the same transaction, so they are exact. */
#pragma once

#include "journal/journal.h"
#include "server/server.h"

/* Counts the entry's new observations. Inside the caller's transaction. */
PK_MUST_USE int pk_ledger_add(
        struct pk_store *store, const struct pk_entry *entry, struct pk_error *err);

/* What is held about a device: the answer of the handler below. The caller owns *out. PK_ENOENT: no such device. */
PK_MUST_USE int pk_ledger_make(struct pk_server *server, struct pk_store *store, const char *device,
        struct pk_arena *arena, json_t **out, struct pk_error *err);

/* GET /v1/ledger */
void pk_ledger_handler(struct pk_request *request, void *server);
