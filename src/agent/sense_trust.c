/* The organisation's lists: kept as a copy of our own, replaced as a whole. */
#include <stdlib.h>

#include "agent/sense_round.h"
#include "base/arena.h"

#define TRUST_BYTES (1024UL * 1024)

/* A deep copy by way of the codec: lists change rarely. */
static int copy_trust(const struct pk_trust *in, struct pk_arena *arena, struct pk_trust *out,
        struct pk_error *err)
{
    json_t *text = in != NULL ? pk_schema_encode(&pk_trust_schema, in, false) : json_object();
    int rc = text == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : pk_schema_decode(&pk_trust_schema, text, arena, out, err);

    json_decref(text);
    return rc;
}

int pk_sense_set_trust(struct pk_sense *sense, const struct pk_trust *trust, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(TRUST_BYTES);
    struct pk_trust *copy = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*copy)) : NULL;
    int rc = copy == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : copy_trust(trust, arena, copy, err);

    if (rc < 0) {
        pk_arena_destroy(arena);
        return rc;
    }
    pk_arena_destroy(sense->trust_arena);
    sense->trust_arena = arena;
    sense->trust = copy;
    if (sense->announced) {
        pk_sense_parts_change(sense, PK_CHANGED_TRUST);
        pk_sense_round(sense, PK_PROBE_WEB, true);
    }
    return PK_OK;
}

const struct pk_trust *pk_sense_trust(const struct pk_sense *sense)
{
    return sense->trust;
}
