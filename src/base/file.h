/* file.h - whole files, safely. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

/* Appends the file's bytes to out (its max is the limit). PK_ELIMIT when the file is larger. */
PK_MUST_USE int pk_file_read(const char *path, struct pk_buffer *out, struct pk_error *err);

/* Replaces the file as a whole: written beside it, fsync'ed, renamed, the folder fsync'ed. */
PK_MUST_USE int pk_file_write(
        const char *path, struct pk_slice bytes, mode_t mode, struct pk_error *err);

/* Makes the folder and its parents; those that exist are fine. The last one gets mode. */
PK_MUST_USE int pk_file_mkdirs(const char *path, mode_t mode, struct pk_error *err);

/* A file that replaces another piece by piece: written beside it; what was there before stays whole until
 * pk_file_commit() has everything on the disk. One of commit and abandon ends it. */
struct pk_file_new;
PK_MUST_USE int pk_file_begin(
        const char *path, mode_t mode, struct pk_file_new **out, struct pk_error *err);
/* Gathers small pieces. PK_ENOSPC ...: sticky, commit fails with it too. */
PK_MUST_USE int pk_file_put(struct pk_file_new *file, const void *bytes, size_t len);
/* fsync, rename, fsync of the folder. On failure what was there before is untouched. */
PK_MUST_USE int pk_file_commit(struct pk_file_new *file, struct pk_error *err);
void pk_file_abandon(struct pk_file_new *file); /* NULL is fine */
uint64_t pk_file_written(const struct pk_file_new *file);

/* A whole file as memory that may only be read. Pages come when they are touched; the file must not be
 * shortened meanwhile (files that pk_file_commit() makes never are). PK_ENOENT. An empty file is an empty
 * slice. */
PK_MUST_USE int pk_file_map(const char *path, struct pk_slice *out, struct pk_error *err);
void pk_file_unmap(struct pk_slice bytes);
