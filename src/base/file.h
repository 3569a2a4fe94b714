/* file.h - whole files, safely. */
#pragma once

#include <sys/types.h>

#include "base/buffer.h"

/* Appends the file's bytes to out (its max is the limit). PK_ELIMIT when the file is larger. */
PK_MUST_USE int pk_file_read(const char *path, struct pk_buffer *out, struct pk_error *err);

/* Replaces the file as a whole: written beside it, fsync'ed, renamed, the folder fsync'ed. */
PK_MUST_USE int pk_file_write(
        const char *path, struct pk_slice bytes, mode_t mode, struct pk_error *err);

/* Makes the folder and its parents; those that exist are fine. The last one gets mode. */
PK_MUST_USE int pk_file_mkdirs(const char *path, mode_t mode, struct pk_error *err);
