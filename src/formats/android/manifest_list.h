/* manifest_list.h - lists of one manifest that grow in its arena, bounded together. Private to
 * manifest*.c. */
#pragma once

#include "base/arena.h"
#include "base/schema.h" /* struct pk_strings, struct pk_array */
#include "formats/anomaly.h"

struct pk_manifest_lists {
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    size_t items; /* kept in all of them: at most PK_MANIFEST_ITEMS_MAX */
    int rc;       /* PK_ENOMEM, sticky */
};

/* Room for one more item, not zeroed, or NULL when the limit (an anomaly) or memory is reached. */
void *pk_manifest_add(struct pk_manifest_lists *lists, struct pk_array *to, size_t size);
/* The same for a text; NULL is left out. */
void pk_manifest_add_text(struct pk_manifest_lists *lists, struct pk_strings *to, const char *text);
