/* ledger.h - GET /v1/ledger: what this server holds about the device that asks. The counts are kept
 * with the reports' effects, in the same transaction, so they are exact. */
#pragma once

#include "journal/journal.h"
#include "server/server.h"

/* Counts the entry's new observations. Inside the caller's transaction. */
PK_MUST_USE int pk_ledger_add(
        struct pk_store *store, const struct pk_entry *entry, struct pk_error *err);

void pk_ledger_handler(struct pk_request *request, void *server);
