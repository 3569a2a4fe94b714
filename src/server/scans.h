/* scans.h - app files that people upload: read in the sandbox by a few threads, each with a pool of one
 * process, so that the bytes of attackers never enter picketd. Any thread may call. */
#pragma once

#include "model/app_report.h"
#include "server/http.h"
#include "server/settings.h"

struct pk_scans;
struct pk_server;

/* Threads and processes start with the first file. */
PK_MUST_USE int pk_scans_create(
        struct pk_server *server, struct pk_scans **out, struct pk_error *err);
/* Answers what waits with 503 and ends the threads, after the files that are being read; before
 * pk_http_stop(). NULL is fine. */
void pk_scans_stop(struct pk_scans *scans);
void pk_scans_destroy(struct pk_scans *scans); /* after pk_http_stop(); NULL is fine */

struct pk_scan_ask {
    const char *name; /* for the report; copied */
    int min_sdk;
    int max_sdk;
};

/* Suspends the request, whose body is spooled, and answers it with the report. When that is not
 * possible the request has been answered already. */
void pk_scans_submit(
        struct pk_scans *scans, struct pk_request *request, const struct pk_scan_ask *ask);

/* Called on one of the threads. report lives until it returns, with its arena; NULL: the file could not
 * be read now, *err says why. */
typedef void (*pk_scan_done)(struct pk_app_report *report, struct pk_arena *arena,
        const struct pk_error *err, void *ctx);

/* The same for a file that the server holds: fd is taken over. Those of people go first. PK_EAGAIN: too
 * many wait, or the server stops; then fd is closed and done is not called. */
PK_MUST_USE int pk_scans_read(struct pk_scans *scans, int fd, const struct pk_scan_ask *ask,
        pk_scan_done done, void *ctx);
