/* roots_read.h - the certificates in a bundle, a file, a folder, a system's package. What cannot be read or
 * is no certificate is skipped. Any thread may call. */
#pragma once

#include "base/slice.h"

#define PK_ROOTS_MAX      4096 /* certificates of a bundle; a full store has 150 */
#define PK_ROOTS_FILE_MAX (4UL * 1024 * 1024)

typedef void pk_roots_fn(void *ctx, struct pk_slice der);

/* PEM, also with text around it. */
void pk_roots_each(struct pk_slice pem, pk_roots_fn *fn, void *ctx);
void pk_roots_of_file(const char *path, pk_roots_fn *fn, void *ctx);
/* Each of its files once: links with hashed names (c_rehash) are second names. */
void pk_roots_of_folder(const char *dir, pk_roots_fn *fn, void *ctx);
/* The files below dir that the package manager's list names; without such a list, the folder. */
void pk_roots_of_system(const char *dir, const char *list_file, pk_roots_fn *fn, void *ctx);
