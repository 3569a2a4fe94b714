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
