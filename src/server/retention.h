/* retention.h - what was kept long enough goes, and who wants to be forgotten is. One thread, in small
 * transactions with pauses, so that reports never wait long for it. */
#pragma once

#include "journal/journal.h"
#include "server/server.h"

struct pk_retention;

/* After the workers were started: nothing is trimmed that somebody has not worked in. */
PK_MUST_USE int pk_retention_start(
        struct pk_server *server, struct pk_retention **out, struct pk_error *err);
void pk_retention_stop(struct pk_retention *retention); /* ends the thread; NULL is fine */

/* There is something to do: an erasure has begun. Any thread; NULL is fine. */
void pk_retention_wake(struct pk_retention *retention);

/* How far everyone who reads the journal has come for good: the least of all. */
void pk_retention_progress(struct pk_server *server, int64_t out[PK_PARTITIONS]);
