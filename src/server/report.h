/* report.h - the facts of a report, from the store, and reports by plan. */
#pragma once

#include "server/server.h"

/* {"server","group","at","devices","levels","incidents","score","threats","actions","days","groups"} of what the store
 * shows (store/scope.h); group narrows that further, "": no. The caller owns *out. */
PK_MUST_USE int pk_report_facts(struct pk_server *server, struct pk_store *store, const char *group,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err);

/* Writes the letters of the plans that are due into the outbox, each plan in a transaction of its own. *added says how
 * many letters. */
PK_MUST_USE int pk_report_plans_step(struct pk_server *server, struct pk_store *store,
        int64_t now_ms, int64_t *added, struct pk_error *err);
