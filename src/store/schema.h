/* schema.h - the tables, and how an older database becomes a newer one. */
#pragma once

#include "store/db.h"

/* Brings the tables of one part ("store", "journal") to version `count`, one transaction a step;
 * safe when several open at once. The text of a step is for both engines, with {text} {blob}
 * {real} {key} {serial} for types whose names differ. A newer version is refused: PK_EINVAL. */
PK_MUST_USE int pk_schema_migrate(struct pk_db *db, const char *part, const char *const *steps,
        size_t count, struct pk_error *err);

extern const char *const pk_store_steps[];
extern const size_t pk_store_step_count;
