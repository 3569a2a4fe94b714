#include "store/push.h"

#include "store/room.h"

const char *const pk_push_service_names[] = { "apns", "fcm", NULL };

int pk_push_put(struct pk_store *store, const char *device, const struct pk_push_token *token,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO push_tokens (device, service, token, at_ms) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (device) DO UPDATE SET service = excluded.service,"
            " token = excluded.token, at_ms = excluded.at_ms",
            err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, token->service);
    pk_put_text(&put, token->token);
    pk_put_int(&put, token->at_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_token(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_push_token *t = out;

    (void)err;
    t->service = (int)pk_get_int(get);
    t->token = pk_get_word(get);
    t->at_ms = pk_get_int(get);
    return PK_OK;
}

int pk_push_get(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_push_token *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT service, token, at_ms FROM push_tokens WHERE device = ?1", err);

    pk_put_text(&put, device);
    return pk_put_get(&put, arena, read_token, out, "push token", err);
}

int pk_push_remove(struct pk_store *store, const char *device, const char *token, int64_t until_ms,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM push_tokens WHERE device = ?1 AND token = ?2 AND at_ms <= ?3", err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_text(&put, token);
    pk_put_int(&put, until_ms > 0 ? until_ms : INT64_MAX);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_push_forget(struct pk_store *store, const char *device, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM push_tokens WHERE device = ?1", err);
    int64_t n;

    pk_put_text(&put, device);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* One that waits already brings the device here just as well. */
static int count_pending(
        struct pk_store *store, const char *device, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(*) FROM actions WHERE device = ?1 AND kind = ?2 AND state = 0", err);
    int rc;

    pk_put_text(&put, device);
    pk_put_int(&put, PK_ACTION_PUSH);
    rc = pk_put_step(&put);
    if (rc < 0) {
        return rc;
    }
    *out = pk_column_int(put.stmt, 0);
    pk_stmt_reset(put.stmt);
    return PK_OK;
}

int pk_push_wake(struct pk_store *store, const char *device, int64_t at_ms, struct pk_arena *arena,
        bool *added, struct pk_error *err)
{
    struct pk_push_token token;
    struct pk_action action = { .kind = PK_ACTION_PUSH, .device = device, .created_ms = at_ms };
    struct pk_error none = { 0 };
    int64_t pending = 0;
    int rc = pk_push_get(store, device, arena, &token, &none);

    if (added != NULL) {
        *added = false;
    }
    if (rc < 0) {
        if (err != NULL && rc != PK_ENOENT) {
            *err = none;
        }
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    rc = count_pending(store, device, &pending, err);
    if (rc < 0 || pending > 0 || token.service < PK_PUSH_APNS || token.service > PK_PUSH_FCM) {
        return rc;
    }
    action.target = pk_push_service_names[token.service];
    action.payload = json_pack("{s:s}", "k", "sync");
    rc = action.payload == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                                : pk_action_add(store, &action, err);
    json_decref(action.payload);
    if (added != NULL) {
        *added = rc == PK_OK;
    }
    return rc;
}
