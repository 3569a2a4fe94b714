/* watch_files.h - tells when one of a few files was written, replaced or removed (inotify(7)).
 * Folder and file are both watched: the folder sees a rename, the file itself is seen where it is a
 * bind mount. Loop thread only. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct pk_loop;
struct pk_file_watch;

#define PK_FILE_WATCH_MAX 8

PK_MUST_USE int pk_file_watch_create(struct pk_loop *loop, void (*fn)(void *ctx, unsigned id),
        void *ctx, struct pk_file_watch **out, struct pk_error *err);
void pk_file_watch_destroy(struct pk_file_watch *watch);

/* id is what fn gets. A file that is not there yet is waited for, its folder must be there. */
PK_MUST_USE int pk_file_watch_add(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err);
/* The same for a file that somebody keeps open and adds to: told at each write. */
PK_MUST_USE int pk_file_watch_growing(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err);
/* Everything that is written, moved or removed in the folder. */
PK_MUST_USE int pk_file_watch_folder(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err);
