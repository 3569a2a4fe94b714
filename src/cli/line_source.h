/* line_source.h - the lines of a file of any size, plain or zstd-compressed (name ends in ".zst"), one after the
 * other in bounded memory. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_line_source;

PK_MUST_USE int pk_line_source_open(
        const char *file, struct pk_line_source **out, struct pk_error *err);
void pk_line_source_close(struct pk_line_source *source); /* NULL is fine */

/* The next line without its end, valid until the next call; *more false at the end. PK_ELIMIT: a line of more than
 * 64 KiB; PK_EMALF, PK_ETRUNC: damaged; errno. */
PK_MUST_USE int pk_line_source_next(
        struct pk_line_source *source, struct pk_slice *line, bool *more, struct pk_error *err);
/* Bytes of the file read so far, and its size (0: not known). */
uint64_t pk_line_source_at(const struct pk_line_source *source);
uint64_t pk_line_source_size(const struct pk_line_source *source);
