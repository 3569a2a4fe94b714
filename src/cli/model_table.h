/* model_table.h - tables of comma-separated values as RFC 4180 has them, row by row, from bytes that somebody hands
 * over piece by piece. Quoted fields may hold commas, quotes and ends of lines; CR LF and LF end rows; a byte
 * order mark is skipped. Memory is bounded by the longest row. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"

#define PK_MODEL_TABLE_ROW_MAX    (1024UL * 1024) /* bytes of one row */
#define PK_MODEL_TABLE_FIELDS_MAX 20000UL         /* of one row */

struct pk_model_table;

/* Puts at most size bytes at out: how many, 0 at the end, or < 0 with *err. */
typedef ssize_t (*pk_model_table_source)(void *ctx, void *out, size_t size, struct pk_error *err);

/* NULL when memory is short. ctx is borrowed. */
struct pk_model_table *pk_model_table_create(pk_model_table_source source, void *ctx);
void pk_model_table_destroy(struct pk_model_table *csv); /* NULL is fine */

/* The next row: 1, 0 at the end, or < 0 (PK_EMALF, PK_ELIMIT, PK_ENOMEM, the source's) with *err, whose line is that where
 * the row begins. Fields live until the next call, and each is followed by a NUL that does not count; a NUL in the
 * input is PK_EMALF. Empty lines are passed over. */
PK_MUST_USE int pk_model_table_next(struct pk_model_table *csv, const struct pk_slice **fields,
        size_t *count, struct pk_error *err);
/* Line, from 1, in which the last row began. */
int pk_model_table_line(const struct pk_model_table *csv);
