/* scan_walk.h - from arguments to the list of files to scan: files as they are named, folders with all
 * that looks like an app in them, in the order of their names. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_scan_list {
    char **paths; /* "-": standard input */
    size_t count;
    size_t cap;
    bool walked; /* a folder was among the arguments */
};

/* Adds what arg names. all: of a folder every file, not only what looks like an app. What cannot be
 * read is said through complain(ctx, sentence) and skipped. PK_ENOMEM. */
PK_MUST_USE int pk_scan_walk(struct pk_scan_list *list, const char *arg, bool all,
        void (*complain)(void *ctx, const char *sentence), void *ctx);
void pk_scan_list_finish(struct pk_scan_list *list);
