/* unpack.h - reports out of the journal, packed with whatever dictionary was ours at the time. The
 * dictionaries stand in the journal itself, so that a newer program reads what an older one wrote.
 * For this room. */
#pragma once

#include "base/buffer.h"
#include "store/db.h"

struct pk_unpacker;

/* Keeps this program's dictionary in the journal, once. */
PK_MUST_USE int pk_unpacker_keep(struct pk_db *db, struct pk_error *err);

/* NULL: memory is short. The database outlives it. */
struct pk_unpacker *pk_unpacker_create(struct pk_db *db);
void pk_unpacker_destroy(struct pk_unpacker *unpacker);

/* The content, borrowed until the next call. PK_EMALF, PK_ELIMIT: nothing can ever read it; other
 * codes are the database's and may pass. */
PK_MUST_USE int pk_unpacker_run(struct pk_unpacker *unpacker, struct pk_slice packed,
        struct pk_slice *out, struct pk_error *err);
