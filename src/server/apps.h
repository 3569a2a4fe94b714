/* apps.h - what picketd does about apps beside the circle: asks devices for files, has them read, brings
 * verdicts to every copy, and judges again when indicators, lists or exceptions change. One thread of
 * its own; any thread may call. */
#pragma once

#include "pipeline/apps.h"
#include "server/server.h"

struct pk_apps;

/* Loads by what apps are judged, makes the folder for files, and starts the thread, which first goes on
 * with what the last process left. */
PK_MUST_USE int pk_apps_start(struct pk_server *server, struct pk_apps **out, struct pk_error *err);
void pk_apps_stop(struct pk_apps *apps);    /* ends the thread; NULL is fine */
void pk_apps_destroy(struct pk_apps *apps); /* after pk_scans_stop(); NULL is fine */

/* Committed rows want something: a file is wanted, has come, or is to be pushed. NULL is fine. */
void pk_apps_wake(struct pk_apps *apps);
/* What apps are judged by has changed (committed): reads it anew and judges everything again. */
void pk_apps_relearn(struct pk_apps *apps);

/* Keeps the bytes of an upload under their hash until they are read, over the end of the process. */
PK_MUST_USE int pk_apps_keep_file(
        struct pk_server *server, int fd, const char *sha256, struct pk_error *err);

/* They are not needed: the file is known. */
void pk_apps_drop_file(struct pk_server *server, const char *sha256);

/* The report of a file as it is judged now; JSON null when there is none. The caller owns it. */
PK_MUST_USE int pk_apps_report_now(struct pk_server *server, struct pk_store *store,
        const char *sha256, int64_t now_ms, struct pk_arena *arena, json_t **out,
        struct pk_error *err);
