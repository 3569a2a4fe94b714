#include "journal/journal.h"
#include "server/call.h"
#include "server/view.h"
#include "store/db.h"

static int64_t entries_of(struct pk_journal *journal)
{
    int64_t entries = 0;

    for (int p = 0; p < PK_PARTITIONS; p++) {
        entries += pk_journal_newest(journal, p);
    }
    return entries;
}

int pk_api_health_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_server *server = call->server;
    struct pk_strings problems = { 0 };
    struct pk_array targets = { 0 };
    int rc = pk_target_states(call->store, call->arena, &targets, err);

    if (rc < 0) {
        return rc;
    }
    pk_server_problems(server, call->arena, &problems);
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:o, s:s, s:{s:I, s:I}, s:I, s:I, s:o, s:o}", "status",
                    problems.count == 0 ? "ok" : "degraded", "version", PK_VERSION, "started_at",
                    pk_view_time(server->started_ms), "store",
                    pk_db_engine(pk_store_db(call->store)) == PK_ENGINE_SQLITE ? "sqlite"
                                                                               : "postgresql",
                    "journal", "entries", (json_int_t)entries_of(server->journal), "lag",
                    (json_int_t)pk_server_lag(server), "connections",
                    (json_int_t)pk_http_connections(server->http), "waiting",
                    (json_int_t)pk_server_waiting(server), "outbox", pk_view_targets(&targets),
                    "problems", pk_view_strings(problems.items, problems.count)));
}
