#include "store/retention.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/room.h"

#define EVENTS_PURGED "events_purged" /* of the table meta */

const char *const pk_keep_names[] = { "incidents", "events", "actions", "audit", "apps", "ledger",
    NULL };

/* ?1: before; ?2: limit. The last statement's rows are counted. */
struct purge {
    const char *statements[4];
};

/* A person's "this is none" lasts as long as the app that it was said of. */
#define OLD_INCIDENTS                                                                         \
    "(SELECT i.id FROM incidents i WHERE i.ended_ms > 0 AND i.ended_ms < ?1 AND i.state >= 2" \
    " AND i.updated_ms < ?1"                                                                  \
    " AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.incident = i.id AND a.state = 0"        \
    "  AND a.device = i.device)"                                                              \
    " AND NOT (i.state = 3 AND EXISTS (SELECT 1 FROM device_apps x WHERE x.device = i.device" \
    "  AND x.subject = i.subject AND x.gone_ms = 0))"                                         \
    " ORDER BY i.ended_ms LIMIT ?2)"
/* Events and audit are written in the order of time: only their begin is looked at. */
#define OLD_FIRST(table)                                                         \
    "(SELECT o.id FROM (SELECT id, at_ms FROM " table " ORDER BY id LIMIT ?2) o" \
    " WHERE o.at_ms < ?1)"

/* Of each thing that a policy decides from its newest state before ?1 stays: the begin of what can be rehearsed. */
#define OLD_FACTS                                                                              \
    "DELETE FROM policy_facts WHERE id IN (SELECT f.id FROM policy_facts f WHERE f.at_ms < ?1" \
    " AND (EXISTS (SELECT 1 FROM policy_facts n WHERE n.device = f.device AND n.kind = f.kind" \
    "   AND n.subject = f.subject AND n.id > f.id AND n.at_ms < ?1)"                           \
    "  OR (f.body = '' AND NOT EXISTS (SELECT 1 FROM policy_facts o WHERE o.device = f.device" \
    "   AND o.kind = f.kind AND o.subject = f.subject AND o.id < f.id))) ORDER BY f.id LIMIT ?2)"

static const struct purge purges[PK_KEEP_COUNT] = {
    [PK_KEEP_INCIDENTS] = { {
            "DELETE FROM timeline WHERE incident IN " OLD_INCIDENTS,
            "DELETE FROM incidents WHERE id IN " OLD_INCIDENTS,
    } },
    [PK_KEEP_EVENTS] = { {
            "DELETE FROM events WHERE id IN " OLD_FIRST("events"),
    } },
    [PK_KEEP_ACTIONS] = { {
            "DELETE FROM alerts WHERE id IN (SELECT a.id FROM alerts a WHERE a.closed_ms > 0"
            " AND a.closed_ms < ?1 ORDER BY a.id LIMIT ?2)",
            OLD_FACTS,
            "DELETE FROM actions WHERE id IN (SELECT a.id FROM actions a WHERE a.state <> 0"
            " AND a.done_ms < ?1 ORDER BY a.done_ms LIMIT ?2)",
    } },
    [PK_KEEP_AUDIT] = { {
            "DELETE FROM tokens WHERE id IN (SELECT t.id FROM tokens t WHERE t.expires_ms > 0"
            " AND t.expires_ms < ?1 LIMIT ?2)",
            "DELETE FROM erasures WHERE id IN (SELECT e.id FROM erasures e WHERE e.done_ms > 0"
            " AND e.done_ms < ?1 LIMIT ?2)",
            "DELETE FROM audit WHERE id IN " OLD_FIRST("audit"),
    } },
    [PK_KEEP_APPS] = { {
            "DELETE FROM app_asks WHERE (sha256, device) IN (SELECT q.sha256, q.device FROM "
            "app_asks q"
            " WHERE q.done_ms > 0 AND q.done_ms < ?1 LIMIT ?2)",
            "DELETE FROM device_apps WHERE (device, package, sha256) IN (SELECT x.device, "
            "x.package,"
            " x.sha256 FROM device_apps x WHERE x.gone_ms > 0 AND x.gone_ms < ?1"
            " AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.device = x.device"
            "  AND i.subject = x.subject AND i.state < 2)"
            " ORDER BY x.gone_ms LIMIT ?2)",
    } },
    [PK_KEEP_LEDGER] = { {
            "DELETE FROM ledger_days WHERE (device, day) IN (SELECT l.device, l.day FROM "
            "ledger_days l"
            " WHERE l.day < ?1 ORDER BY l.day LIMIT ?2)",
    } },
};

static int note_events(
        struct pk_store *store, int64_t before_ms, int64_t limit, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT coalesce(max(o.id), 0) FROM (SELECT id, at_ms FROM events ORDER BY id LIMIT "
            "?2) o"
            " WHERE o.at_ms < ?1",
            err);
    char text[24];
    int64_t newest;
    int rc;

    pk_put_int(&put, before_ms);
    pk_put_int(&put, limit);
    rc = pk_put_step(&put);
    if (rc <= 0) {
        return rc;
    }
    newest = pk_column_int(put.stmt, 0);
    pk_stmt_reset(put.stmt);
    if (newest == 0) {
        return PK_OK;
    }
    (void)snprintf(text, sizeof(text), "%lld", (long long)newest);
    return pk_meta_put(store, EVENTS_PURGED, text, err);
}

int pk_store_purged_event(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT value FROM meta WHERE key = ?1", err);
    int rc;

    *out = 0;
    pk_put_text(&put, EVENTS_PURGED);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = strtoll(pk_column_text(put.stmt, 0), NULL, 10);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

int pk_store_purge(struct pk_store *store, enum pk_keep keep, int64_t before_ms, int64_t limit,
        int64_t *count, struct pk_error *err)
{
    int64_t before = keep == PK_KEEP_LEDGER ? before_ms / PK_DAY_MS : before_ms;
    const struct purge *purge = &purges[keep];
    int64_t n = 0;
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    if (keep == PK_KEEP_EVENTS) {
        rc = note_events(store, before_ms, limit, err);
    }
    for (size_t i = 0;
            i < PK_COUNT(purge->statements) && purge->statements[i] != NULL && rc == PK_OK; i++) {
        struct pk_put put = pk_put_start(store, purge->statements[i], err);

        pk_put_int(&put, before);
        pk_put_int(&put, limit);
        n = pk_put_run(&put);
        rc = n < 0 ? (int)n : PK_OK;
    }
    rc = pk_store_leave(store, mine, rc, err);
    if (rc == PK_OK) {
        *count = n;
    }
    return rc;
}
