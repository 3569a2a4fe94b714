/* What was told of devices' futures, as far as it is needed to know whether it still holds. */
#include "store/room.h"

static int read_one(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_foresight_told *told = out;

    (void)err;
    told->id = pk_get_word(get);
    told->p7 = pk_get_real(get);
    told->outlook = (int)pk_get_int(get);
    told->zone = (int)pk_get_int(get);
    told->risk = (int)pk_get_int(get);
    return PK_OK;
}

int pk_device_foresights(struct pk_store *store, const char *after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT id, p7, outlook, zone, risk_score FROM devices WHERE id > ?1 ORDER BY id LIMIT "
            "?2",
            err);

    pk_put_text(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_one, sizeof(struct pk_foresight_told), out, err);
}

static int read_risk(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_risk_then *then = out;
    const json_t *body;
    int64_t level;

    (void)err;
    then->at_ms = pk_get_int(get);
    body = pk_get_json(get);
    level = json_integer_value(json_object_get(body, "level"));
    then->level = level >= PK_RISK_LOW && level <= PK_RISK_CRITICAL ? (int)level : PK_RISK_LOW;
    return PK_OK;
}

int pk_device_risks(struct pk_store *store, const char *device, int64_t since_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT at_ms, body FROM policy_facts WHERE device = ?1 AND kind = 1 AND at_ms >= ?2"
            " ORDER BY id LIMIT ?3",
            err);

    pk_put_text(&put, device);
    pk_put_int(&put, since_ms);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_risk, sizeof(struct pk_risk_then), out, err);
}
