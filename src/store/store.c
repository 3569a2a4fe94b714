#include "store/store.h"

#include <stdlib.h>

#include "store/room.h"
#include "store/schema.h"

int pk_store_open(const char *url, struct pk_store **out, struct pk_error *err)
{
    struct pk_store *store = calloc(1, sizeof(*store));
    int rc;

    if (store == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_db_open(url, &store->db, err);
    if (rc == PK_OK) {
        rc = pk_schema_migrate(store->db, "store", pk_store_steps, pk_store_step_count, err);
    }
    if (rc < 0) {
        pk_store_close(store);
        return rc;
    }
    *out = store;
    return PK_OK;
}

void pk_store_close(struct pk_store *store)
{
    if (store != NULL) {
        pk_db_close(store->db);
        free(store);
    }
}

struct pk_db *pk_store_db(struct pk_store *store)
{
    return store->db;
}

int pk_store_begin(struct pk_store *store, struct pk_error *err)
{
    return pk_db_begin(store->db, err);
}

int pk_store_commit(struct pk_store *store, struct pk_error *err)
{
    return pk_db_commit(store->db, err);
}

void pk_store_rollback(struct pk_store *store)
{
    pk_db_rollback(store->db);
}
