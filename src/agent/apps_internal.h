/* apps_internal.h - what the files of agent/apps_* share. A file that was looked at is a JSON object:
 *
 *   {"dev","ino","size","mtime","ctime","profile","sha256","package","version","version_code","label","signer",
 *    "verdict","threat","rule","confidence","evidence"}
 *
 * without "package" when it is no app, without "threat" when nothing is wrong. All of them stand in one
 * object by their paths, which is kept on disk and never leaves the device. */
#pragma once

#include <limits.h>

#include "agent/apps.h"

#define PK_AGENT_DIRS_MAX  256  /* folders that are watched */
#define PK_AGENT_FILES_MAX 2000 /* app files that are known at a time */

/* A look at the folders, on a thread beside the loop. */
struct pk_apps_walk {
    const struct pk_app_settings *settings;
    json_t *before;                /* files that are known; read only */
    json_t *files;                 /* out: files that are there */
    char *dirs[PK_AGENT_DIRS_MAX]; /* out: folders to watch */
    size_t dir_count;
    size_t seen; /* entries of folders */
    int cancel_fd;
    bool cut; /* there was more than may be looked at */
    char trouble[200];
};

void pk_apps_walk_run(struct pk_apps_walk *walk);
void pk_apps_walk_finish(struct pk_apps_walk *walk);

/* apps_read.c: what a file is; a new reference, NULL: it cannot be read now. One reader for all files of a
 * walk, made with the first. */
struct pk_apps_reader;
struct pk_apps_reader *pk_apps_reader_create(const struct pk_app_settings *settings);
void pk_apps_reader_destroy(struct pk_apps_reader *reader); /* NULL is fine */
json_t *pk_apps_reader_read(
        struct pk_apps_reader *reader, int fd, const char *name, struct pk_error *err);

/* apps_tell.c: what changed from one state of files to another, told by the hooks. */
void pk_apps_tell_changes(const struct pk_agent_apps_hooks *hooks,
        const struct pk_app_settings *settings, json_t *before, json_t *now, int64_t at_ms);
/* The whole list. */
void pk_apps_tell_all(const struct pk_agent_apps_hooks *hooks,
        const struct pk_app_settings *settings, json_t *now, int64_t at_ms);
bool pk_apps_may_tell(const struct pk_app_settings *settings, const json_t *file);

/* apps_send.c: one upload, on a thread beside the loop. */
struct pk_apps_upload {
    char sha256[65];
    char *path;
    json_t *file; /* as it was known: it must still be the same */
    const char *url;
    void *tls; /* SSL_CTX, taken over */
    int cancel_fd;
    int status; /* out: of the answer; 0: none */
    struct pk_error err;
};
void pk_apps_upload_run(struct pk_apps_upload *upload);

/* Is this open file still what the object says? Fills in the keys that say so when to is not NULL. */
bool pk_apps_same_file(const json_t *file, int fd);
void pk_apps_note_file(json_t *file, int fd);
