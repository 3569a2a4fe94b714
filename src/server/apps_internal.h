/* apps_internal.h - what the files of server/apps_* share. */
#pragma once

#include <limits.h>

#include "base/crypt.h"
#include "server/apps.h"

#define PK_READING_MAX 16 /* files that are given to the readers at a time */

struct pk_apps {
    struct pk_server *server;
    pthread_t thread;
    bool runs;
    pthread_mutex_t learning;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock: */
    bool woken;
    bool relearn;
    bool ends;
    char reading[PK_READING_MAX][PK_SHA256_HEX]; /* "": free */
    /* the thread's own: how far copies without a hash are judged by which knowledge */
    struct pk_apps_place place;
    int64_t place_number;
    bool place_done;
    int64_t read_again_ms; /* the readers do not start: not before then */
};

/* Runs work in a transaction of this thread's store. */
PK_MUST_USE int pk_apps_transaction(struct pk_apps *apps,
        int (*work)(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err),
        void *ctx, struct pk_error *err);

/* apps_ask.c: asks for files; *next_ms: when it wants to be called again at the latest. */
PK_MUST_USE int pk_apps_ask(struct pk_apps *apps, int64_t *next_ms, struct pk_error *err);
/* apps_read.c: gives files that have come to the readers. */
PK_MUST_USE int pk_apps_read(struct pk_apps *apps, struct pk_error *err);
/* apps_push.c: brings one file's judgement to all its copies, transaction by transaction. */
PK_MUST_USE int pk_apps_push_file(struct pk_apps *apps, const char *sha256, struct pk_error *err);
/* All that wait for it. */
PK_MUST_USE int pk_apps_push_waiting(struct pk_apps *apps, struct pk_error *err);
/* Judges some files again whose judgement is old. *left: there are more. */
PK_MUST_USE int pk_apps_judge_stale(struct pk_apps *apps, bool *left, struct pk_error *err);

/* apps_doubt.c: marks files that are to be judged again because of what others or the time said. *left: there
 * may be more. */
PK_MUST_USE int pk_apps_doubt(struct pk_apps *apps, bool *left, struct pk_error *err);

/* The same for copies without a hash, once for each state of knowledge. */
PK_MUST_USE int pk_apps_judge_copies(struct pk_apps *apps, bool *left, struct pk_error *err);

void pk_apps_path(const struct pk_server *server, const char *sha256, char out[PATH_MAX]);
bool pk_apps_is_ending(struct pk_apps *apps);
