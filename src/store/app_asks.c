#include <stdio.h>

#include "store/apps.h"
#include "store/room.h"

int pk_app_ask_put(struct pk_store *store, const struct pk_app_ask *ask, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO app_asks (sha256, device, action, at_ms, done_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256, device) DO UPDATE SET"
            " action = excluded.action, at_ms = excluded.at_ms, done_ms = excluded.done_ms",
            err);
    int64_t n;

    pk_put_text(&put, ask->sha256);
    pk_put_text(&put, ask->device);
    pk_put_int(&put, ask->action);
    pk_put_int(&put, ask->at_ms);
    pk_put_int(&put, ask->done_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_ask(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_app_ask *a = out;

    (void)err;
    a->sha256 = pk_get_word(get);
    a->device = pk_get_word(get);
    a->action = pk_get_int(get);
    a->at_ms = pk_get_int(get);
    a->done_ms = pk_get_int(get);
    return PK_OK;
}

int pk_app_ask_get(struct pk_store *store, const char *sha256, const char *device,
        struct pk_arena *arena, struct pk_app_ask *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT sha256, device, action, at_ms, done_ms FROM app_asks"
            " WHERE sha256 = ?1 AND device = ?2",
            err);

    pk_put_text(&put, sha256);
    pk_put_text(&put, device);
    return pk_put_get(&put, arena, read_ask, out, "question for this file", err);
}

/* The commands first: they are found through the asks that are still open. */
int pk_app_ask_end(struct pk_store *store, const char *sha256, int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE actions SET state = 3, done_ms = ?1 WHERE state = 0 AND id IN"
            " (SELECT action FROM app_asks WHERE sha256 = ?2 AND done_ms = 0)",
            err);
    int64_t n;

    pk_put_int(&put, at_ms);
    pk_put_text(&put, sha256);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    put = pk_put_start(
            store, "UPDATE app_asks SET done_ms = ?1 WHERE sha256 = ?2 AND done_ms = 0", err);
    pk_put_int(&put, at_ms);
    pk_put_text(&put, sha256);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_app_ask_whom(struct pk_store *store, const char *sha256, int64_t since_ms, int64_t open_max,
        char out[PK_ID_TEXT], struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT x.device FROM device_apps x JOIN devices d ON d.id = x.device"
            " WHERE x.sha256 = ?1 AND x.gone_ms = 0 AND d.revoked_ms = 0"
            " AND NOT EXISTS (SELECT 1 FROM app_asks q WHERE q.sha256 = x.sha256"
            "  AND q.device = x.device AND q.at_ms >= ?2)"
            " AND (SELECT count(*) FROM app_asks q WHERE q.device = x.device AND q.done_ms = 0) < "
            "?3"
            " ORDER BY d.seen_ms DESC, x.device LIMIT 1",
            err);
    const char *device;
    int rc;

    pk_put_text(&put, sha256);
    pk_put_int(&put, since_ms);
    pk_put_int(&put, open_max);
    rc = pk_put_step(&put);
    if (rc <= 0) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOENT, "no device can be asked for it");
    }
    device = pk_column_text(put.stmt, 0);
    (void)snprintf(out, PK_ID_TEXT, "%s", device != NULL ? device : "");
    pk_stmt_reset(put.stmt);
    return PK_OK;
}
