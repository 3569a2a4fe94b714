/* texts.h - the organisation's own words for threats that are in force, and those before them: who reads them when
 * others are loaded goes on with them. One thread at a time loads; what comes out may be read by all. */
#pragma once

#include "model/text_overrides.h"
#include "store/store.h"

struct pk_texts;

#define PK_TEXTS_DOCUMENT "texts" /* of the store, every version kept */

struct pk_texts *pk_texts_create(void);        /* NULL: memory is short */
void pk_texts_destroy(struct pk_texts *texts); /* NULL is fine */

/* Reads the newest version of the store; *out (NULL: there is none) is in force until the next call and can be read for an
 * hour beyond that. Entries that today's catalogue does not take are left out and logged. On failure nothing
 * changes. */
PK_MUST_USE int pk_texts_load(struct pk_texts *texts, struct pk_store *store, int64_t now_ms,
        const struct pk_text_overrides **out, struct pk_error *err);
