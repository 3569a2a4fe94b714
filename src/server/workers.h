/* workers.h - the pipeline's threads. Each owns some of the journal's partitions, so a device's
 * reports are worked in by one thread in their order. Reports come by hand from the journal's
 * writer; whatever does not (a restart, a full queue, a failure) is read from the journal. */
#pragma once

#include "journal/journal.h"
#include "pipeline/pipeline.h"
#include "server/server.h"

struct pk_workers;

struct pk_workers_settings {
    struct pk_server *server;
    const struct pk_pipeline *pipeline; /* borrowed */
    unsigned threads;
};

/* Reads how far each partition is and starts the threads, which first catch up. */
PK_MUST_USE int pk_workers_start(
        const struct pk_workers_settings *settings, struct pk_workers **out, struct pk_error *err);
/* Ends the threads after the batch they are in; what waits stays in the journal. NULL is fine. */
void pk_workers_stop(struct pk_workers *workers);

/* A report that is durable now: taken over. In order of offset in each partition. NULL workers: the
 * entry is destroyed (it will be read from the journal). Any thread; never blocks. */
void pk_workers_hand(struct pk_workers *workers, struct pk_entry *entry);

/* Journal entries that are not worked in yet. */
int64_t pk_workers_lag(struct pk_workers *workers);
/* The offset up to which each partition is worked in: nobody here needs what is before it. */
void pk_workers_progress(struct pk_workers *workers, int64_t out[PK_PARTITIONS]);
/* Reports worked in since start. */
uint64_t pk_workers_done(struct pk_workers *workers);
/* A sentence when the workers cannot go on right now, else NULL. Static text. */
const char *pk_workers_problem(struct pk_workers *workers);
