/* fit.h - a report made to fit its table before it is sent. The one who asked decodes strictly and would
 * refuse the whole report for one text too long; that must not be how a strange file hides. */
#pragma once

#include "base/schema.h"

struct pk_fit {
    struct pk_arena *arena;
    size_t list_max; /* items of a list, on top of what the table says; SIZE_MAX: the table's alone */
    size_t cut;      /* values that were changed so far */
    int rc;          /* PK_ENOMEM, sticky */
};

/* Walks object by its table: lists are cut, numbers clamped, texts made printable and cut, trees
 * of JSON pruned at the depth that the decoder takes (with a list_max: dropped when they are large). */
void pk_fit(struct pk_fit *fit, const struct pk_schema *schema, void *object);
