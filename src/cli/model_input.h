/* model_input.h - the bytes of a table: a file, standard input as "-", either of them packed with xz. */
#pragma once

#include "base/error.h"
#include "cli/model_table.h"

struct pk_model_input;

/* PK_ENOENT, PK_EACCES ...; *err names the file. */
PK_MUST_USE int pk_model_input_open(
        const char *path, struct pk_model_input **out, struct pk_error *err);
void pk_model_input_close(struct pk_model_input *input); /* NULL is fine */

/* A pk_model_table_source; ctx is the input. */
ssize_t pk_model_input_read(void *ctx, void *out, size_t size, struct pk_error *err);
