/* retention.h - taking out of the store what was kept long enough. Each call removes at most limit rows of one
 * class in one transaction, so that reports wait for a moment at most. What is open, pending or on a
 * device now is never removed, however old it is. */
#pragma once

#include "store/store.h"

enum pk_keep {
    PK_KEEP_INCIDENTS, /* resolved and dismissed ones that nobody waits to be told of, with their time lines */
    PK_KEEP_EVENTS,  /* the stream of the API */
    PK_KEEP_ACTIONS, /* alerts and messages that were delivered or given up */
    PK_KEEP_AUDIT,  /* who did what, erasures that are done, links and sessions that have expired */
    PK_KEEP_APPS,   /* apps that are gone from a device */
    PK_KEEP_LEDGER, /* what a device sent, by day; the sums stay */
    PK_KEEP_COUNT,
};
extern const char *const pk_keep_names[]; /* by class, as in the settings; NULL at the end */

/* *count: rows (of the class's own table) that are gone; as many as limit: there may be more. */
PK_MUST_USE int pk_store_purge(struct pk_store *store, enum pk_keep keep, int64_t before_ms,
        int64_t limit, int64_t *count, struct pk_error *err);

/* The newest event that was purged, 0: none. A reader that asks for what comes behind an older one has
 * missed something. */
PK_MUST_USE int pk_store_purged_event(struct pk_store *store, int64_t *out, struct pk_error *err);
