/* crowd.h - the crowd in picketd: what all devices together know, learnt from the journal of reports.
 *
 * One thread is the crowd's only writer. It reads the journal for itself (beside the workers, who judge each
 * device alone), takes what it finds in one order, and writes that order down (crowd_log) in the same
 * transaction as what follows from it: findings for devices, changed verdicts. Now and then it saves the whole
 * as a checkpoint in the state folder. After a crash the checkpoint and the log give exactly the crowd that
 * there was, whatever order the journal's partitions would be read in now.
 *
 * All functions may be called by any thread, and with NULL (crowd.enabled: false): nothing is known then.
 * Readers share a lock that the writer takes for one sighting at a time. */
#pragma once

#include "crowd/crowd.h"
#include "crowd/visit.h"
#include "risk/hazard.h"
#include "server/server.h"
#include "store/crowd_rows.h"

struct pk_crowd_server;

/* Loads the checkpoint and starts the thread. *out NULL when the settings say so. */
PK_MUST_USE int pk_crowd_server_start(
        struct pk_server *server, struct pk_crowd_server **out, struct pk_error *err);
/* Commits what was taken, saves a checkpoint, ends the thread; afterwards everything is unknown. */
void pk_crowd_server_stop(struct pk_crowd_server *crowd);

/* The workers have worked a partition in up to here (committed): the crowd follows them, so that what it
 * concludes for a device comes after what the device's own report led to. Any thread; never blocks long. */
void pk_crowd_server_worked(struct pk_crowd_server *crowd, int partition, int64_t offset);

/* ---- asking: as in crowd/crowd.h, now ------------------------------------------------------------- */

/* opinion.before: it is bad for everybody. opinion.reasons: why. */
bool pk_crowd_server_ask(struct pk_crowd_server *crowd, const struct pk_crowd_key *key,
        struct pk_crowd_opinion *out);
/* fn must be quick, as the crowd learns nothing meanwhile, and must not ask in its turn: readers may wait for a writer
 * that waits for them. */
void pk_crowd_server_each_bad(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, const struct pk_crowd_opinion *opinion), void *ctx);
void pk_crowd_server_each_zone(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, const struct pk_crowd_zone *zone), void *ctx);
bool pk_crowd_server_network(struct pk_crowd_server *crowd, const struct pk_crowd_key *key,
        struct pk_crowd_network *out);
void pk_crowd_server_each_testimony(struct pk_crowd_server *crowd, const struct pk_crowd_key *key,
        void (*fn)(void *ctx, const struct pk_crowd_testimony *said), void *ctx);
bool pk_crowd_server_app(struct pk_crowd_server *crowd, uint64_t package, uint64_t file,
        uint64_t signer, struct pk_crowd_app *out);
/* device: as in its certificate. */
bool pk_crowd_server_voice(
        struct pk_crowd_server *crowd, const char *device, struct pk_crowd_voice *out);
void pk_crowd_server_count(struct pk_crowd_server *crowd, struct pk_crowd_counts *out);

/* What joining there would mean (point, place 0: not known); false: nothing can be said. why lives in the arena. */
bool pk_crowd_server_before(struct pk_crowd_server *crowd, const struct pk_visit_where *at,
        struct pk_arena *arena, struct pk_foresight_zone *out);
/* What will probably happen to a device (its id as in its certificate), computed now, with its reasons and without its
 * zone (the visits are the thread's own). before: its outlook as it was told. false: nothing is known of it. Texts live in the arena. */
bool pk_crowd_server_foresight(struct pk_crowd_server *crowd, const char *device, int before,
        struct pk_arena *arena, struct pk_foresight *out);
/* The average public join at a place (pk_crowd_place_of). */
bool pk_crowd_server_place(struct pk_crowd_server *crowd, uint32_t place, struct pk_arena *arena,
        struct pk_foresight_zone *out);
/* All places, whoever may see them. fn as in each_bad. */
void pk_crowd_server_each_place(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, uint32_t place, const struct pk_zone_risk *risk), void *ctx);
void pk_crowd_server_hazard(struct pk_crowd_server *crowd, struct pk_hazard_count *out);

/* The number that the crowd knows a device by. */
uint64_t pk_crowd_server_device(const char *device);

struct pk_crowd_server_status {
    bool enabled;
    bool live;             /* the log was replayed: answers are as new as the journal */
    bool begun;            /* anew, because no checkpoint could be read */
    bool stuck;            /* the store cannot be written: nothing is taken meanwhile */
    int64_t lag;           /* reports in the journal that it has not taken */
    uint64_t entries;      /* taken since start */
    uint64_t sightings;    /* of them, learnt since start */
    int64_t checkpoint_ms; /* of the newest; 0: none */
    uint64_t checkpoint_bytes;
    int64_t checkpoint_took_ms;
    int64_t save_failures; /* since the newest that worked */
};
void pk_crowd_server_status(struct pk_crowd_server *crowd, struct pk_crowd_server_status *out);

/* How far the checkpoint has come in each partition: the journal may be trimmed up to there. INT64_MAX when
 * nobody needs it. */
void pk_crowd_server_needs(struct pk_crowd_server *crowd, int64_t out[], size_t count);

/* ---- telling: durable with the caller's transaction, told after COMMIT and tell() -------------------- */

/* A word from another organisation's server; see pk_crowd_hear(). */
PK_MUST_USE int pk_crowd_server_hear(struct pk_store *store, const struct pk_crowd_key *key,
        uint32_t tenant, float log_odds, float trust, int64_t at_s, struct pk_error *err);
/* The device was revoked: it has no voice any more, and what it said of suspects is gone. */
PK_MUST_USE int pk_crowd_server_silence(
        struct pk_store *store, const char *device, struct pk_error *err);
/* The device asked about a network before joining, and is warned: unless it joins within the hour, it has heeded
 * that (half an event, or good warnings would teach that warned devices are safe). Once an hour of the same. Tells
 * by itself. */
PK_MUST_USE int pk_crowd_server_warns(struct pk_crowd_server *crowd, struct pk_store *store,
        const char *device, uint64_t network, struct pk_error *err);
/* The device is erased: its trust, what it said of suspects, and what was concluded for it. */
PK_MUST_USE int pk_crowd_server_forget(
        struct pk_store *store, const char *device, struct pk_error *err);
/* There are new words. */
void pk_crowd_server_tell(struct pk_crowd_server *crowd);

/* ---- changes -------------------------------------------------------------------------------------------
 * Every change of a verdict is a row of crowd_changes (store/crowd_rows.h), kept for 7 days, and as long as it
 * says what is bad now. pk_server_on_crowd() (server.h) calls after each commit that has some. */
#define PK_CROWD_CHANGES_KEEP_MS (INT64_C(7) * 86400 * 1000)
struct pk_crowd_key pk_crowd_key_of_thing(const struct pk_crowd_thing *thing);
struct pk_crowd_thing pk_crowd_thing_of_key(const struct pk_crowd_key *key);
