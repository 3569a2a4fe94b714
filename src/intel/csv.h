/* csv.h - rows of comma, semicolon or tab separated text (RFC 4180 quotes; tab separated text has none). */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_CSV_CELLS_MAX 64UL
#define PK_CSV_ROW_MAX   (32UL * 1024) /* bytes of a row's cells: a report URL, a description */

struct pk_csv {
    struct pk_slice in;
    size_t pos;
    size_t line; /* of the row that was read last, from 1 */
    size_t next; /* of the next one */
    char separator;
    char cells[PK_CSV_ROW_MAX]; /* unquoted, NUL-terminated */
    const char *cell[PK_CSV_CELLS_MAX];
    size_t len[PK_CSV_CELLS_MAX];
    size_t count;
};

void pk_csv_init(struct pk_csv *csv, struct pk_slice in, char separator);
/* The next row that is not empty. PK_ENOENT: the end. PK_ELIMIT: too many cells or bytes, PK_EMALF: an open quote; that row
 * is passed over, reading can go on. */
PK_MUST_USE int pk_csv_next(struct pk_csv *csv);
