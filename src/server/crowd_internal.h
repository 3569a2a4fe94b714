/* crowd_internal.h - what the files of the server's crowd share. Everything without a word about threads is
 * the crowd's own thread's alone. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "crowd/visit.h"
#include "journal/journal.h"
#include "risk/hazard.h"
#include "server/crowd.h"
#include "server/crowd_devices.h"
#include "server/crowd_foresee.h"
#include "server/crowd_habits.h"
#include "server/crowd_warned.h"

/* ---- crowd_feed.c: the journal as one stream --------------------------------------------------------- */

struct pk_crowd_feed {
    struct pk_journal_reader *reader;
    struct pk_entry *heads[PK_PARTITIONS]; /* read, not given out */
    int64_t read[PK_PARTITIONS];           /* offset of the newest that was read */
    int64_t limit[PK_PARTITIONS];          /* entries behind are not given out yet */
};

/* The entry that was received first of all up to the limits; *out NULL: there is none. */
PK_MUST_USE int pk_crowd_feed_next(
        struct pk_crowd_feed *feed, struct pk_entry **out, struct pk_error *err);
/* The next one of a partition that is not behind upto, whatever its limit; *out NULL: there is none. */
PK_MUST_USE int pk_crowd_feed_upto(struct pk_crowd_feed *feed, int partition, int64_t upto,
        struct pk_entry **out, struct pk_error *err);
/* Goes on behind these offsets; the limits stay. */
void pk_crowd_feed_seek(struct pk_crowd_feed *feed, const int64_t offsets[PK_PARTITIONS]);
void pk_crowd_feed_finish(struct pk_crowd_feed *feed);

/* ---- crowd_log.c: a line for everything that is taken -------------------------------------------------- */

enum pk_crowd_line_kind {
    PK_LINE_ENTRIES, /* "e PARTITION OFFSET": all up to there were taken */
    PK_LINE_SKIPPED, /* "x PARTITION OFFSET": passed by, of devices that are gone */
    PK_LINE_DEVICE,  /* "d ID TENANT ENROLLED ASN ATTESTATION IOS": whom the next ones are of */
    PK_LINE_TICK,    /* "t SECONDS" */
    PK_LINE_HEARD,   /* "h KIND A B TENANT LOG_ODDS TRUST SECONDS" */
    PK_LINE_FORGET,  /* "f ID" */
    PK_LINE_WARNED,  /* "w ID NETWORK SECONDS": it asked before joining and was warned */
    PK_LINE_APP,     /* "a ..." or "m ...": crowd/visit_apps.h */
};

struct pk_crowd_line {
    enum pk_crowd_line_kind kind;
    int partition;
    int64_t upto; /* offset */
    struct pk_crowd_device device;
    struct pk_sighting app;
    struct pk_crowd_key key;
    uint32_t tenant;
    float log_odds, trust;
    int64_t at_s;
};

/* Exactly: what is read back is what was written, to the last bit of a number. */
void pk_crowd_line_write(const struct pk_crowd_line *line, struct pk_buffer *out);
/* Reads the line that *text begins with and moves on behind it. PK_ENOENT: the end. PK_EMALF. */
PK_MUST_USE int pk_crowd_line_read(
        const char **text, struct pk_crowd_line *out, struct pk_error *err);

/* ---- crowd_effects.c: what follows, gathered until it is committed ------------------------------------- */

struct pk_crowd_effect {
    bool is_change;
    struct pk_crowd_change change;
    struct pk_crowd_key key; /* below: a finding about it */
    const char *device;
    struct pk_finding finding;
};

struct pk_crowd_effects {
    struct pk_arena *arena;
    struct pk_crowd_effect *items;
    size_t count;
    size_t room;
};

#define PK_CROWD_SAID 1024 /* 2^10: the hash's highest bits */
struct pk_crowd_said {
    uint64_t key; /* of a device and a network that it was warned of */
    int64_t at_s;
};

/* ---- everything together ----------------------------------------------------------------------------------- */

struct pk_crowd_server {
    struct pk_server *server;
    const struct pk_crowd_server_settings *settings;
    pthread_rwlock_t lock; /* of crowd and hazard: the thread writes, all may read */
    struct pk_crowd *crowd;
    struct pk_hazard *hazard; /* what will happen to devices; learns the same in the same order */
    struct pk_crowd_warned warned;   /* the thread's own */
    struct pk_foresee foresee;       /* the thread's own */
    struct pk_habits habits;         /* the thread's own */
    struct pk_visits *visits;        /* the thread's own */
    struct pk_crowd_devices devices; /* the thread's own */
    pthread_t thread;
    bool runs;
    /* Under wake_lock: */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    struct pk_crowd_said said[PK_CROWD_SAID];
    int64_t worked[PK_PARTITIONS]; /* by the workers */
    bool more;                     /* some of it is new */
    bool told;                     /* there may be new words */
    bool ends;
    /* The thread's own: */
    struct pk_crowd_feed feed;
    int64_t taken[PK_PARTITIONS]; /* offset of the newest entry that the crowd holds */
    struct pk_buffer lines;       /* taken and not written yet; ends with the line of `open` */
    struct pk_crowd_line open;    /* the last line, while it can still grow */
    bool has_open;
    int64_t lines_ms; /* monotonic: when the oldest of them was taken */
    struct pk_crowd_effects effects;
    int64_t seq;                  /* of the newest row of the log */
    int64_t word;                 /* id of the newest word that was taken */
    bool words_taken;             /* some wait to be dropped */
    bool replays;                 /* what follows was announced already */
    bool lost;                    /* the log cannot be replayed: its order is given up */
    bool anew;                    /* the journal up to base is still to be learnt again */
    bool attacked;                /* something bad was among what was taken of the entry */
    int64_t base[PK_PARTITIONS];  /* where the log begins */
    const struct pk_entry *entry; /* that is being taken */
    int64_t ticked_s;
    int64_t saved_mono_ms; /* monotonic: newest try of a checkpoint */
    int64_t saved_seq;     /* that the newest checkpoint holds */
    /* For everybody: */
    atomic_bool live, begun, stuck;
    atomic_ullong entries, sightings;
    atomic_llong shown_taken[PK_PARTITIONS];
    atomic_llong needs[PK_PARTITIONS];
    atomic_llong checkpoint_ms, checkpoint_took_ms, save_failures;
    atomic_ullong checkpoint_bytes;
};

/* crowd.c */
bool pk_crowd_ending(struct pk_crowd_server *c);
/* Nothing of what was taken waits for anything but its place in the order. */
void pk_crowd_show_taken(struct pk_crowd_server *c);
/* Waits a second, or until the end. */
void pk_crowd_pause(struct pk_crowd_server *c);
void pk_crowd_take_line(struct pk_crowd_server *c, const struct pk_crowd_line *line);
/* Entry is taken over. */
PK_MUST_USE int pk_crowd_take_entry(
        struct pk_crowd_server *c, struct pk_entry *entry, bool skip, struct pk_error *err);

/* crowd_zone.c: what it means to be on this network. false: nothing can be said. The caller has the lock, or is the
 * thread. */
bool pk_crowd_zone_of(const struct pk_crowd_server *c, const struct pk_visit_where *at,
        int64_t now_s, struct pk_arena *arena, struct pk_foresight_zone *out);

/* crowd_effects.c */
void pk_crowd_changed(void *server, const struct pk_crowd_change *change);
/* What the opinion means for the device of the sighting. */
void pk_crowd_conclude(struct pk_crowd_server *c, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion);
/* Writes lines and effects in one transaction and tells of them; tries until it works. PK_OK, or the server
 * ends and they are left to the next start. */
PK_MUST_USE int pk_crowd_flush(struct pk_crowd_server *c);
void pk_crowd_effects_clear(struct pk_crowd_effects *effects);
void pk_crowd_effects_finish(struct pk_crowd_effects *effects);

/* crowd_state.c: the checkpoint. Load makes everything that the thread holds anew; without a checkpoint (or with
 * a damaged one) an empty crowd, and the offsets are 0. */
PK_MUST_USE int pk_crowd_load_state(struct pk_crowd_server *c, struct pk_error *err);
PK_MUST_USE int pk_crowd_save_state(struct pk_crowd_server *c, struct pk_error *err);
/* From the checkpoint to the end of the log, and what was announced made equal to what is thought. */
PK_MUST_USE int pk_crowd_replay(struct pk_crowd_server *c, struct pk_error *err);
