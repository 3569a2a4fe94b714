/* console.h - the built console, in memory: read once at start, so that no request ever names a
 * file of the machine. Constant after create; any thread. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_CONSOLE_FILES_MAX 256
#define PK_CONSOLE_BYTES_MAX (32UL * 1024 * 1024)

struct pk_console;

struct pk_console_file {
    char *path; /* as browsers ask: "/app-0123456789.js" */
    const char *type;
    char *etag;     /* with its quotes */
    bool immutable; /* its name changes with its content */
    char *bytes;
    size_t len;
};

/* Reads the folder and its sub-folders (regular files; names that begin with a dot are left out).
 * dir NULL or absent: an empty console. PK_ELIMIT: it is larger than the limits above. */
PK_MUST_USE int pk_console_create(const char *dir, struct pk_console **out, struct pk_error *err);
void pk_console_destroy(struct pk_console *console);

/* The file of exactly this path, NULL: none. */
const struct pk_console_file *pk_console_find(const struct pk_console *console, const char *path);
