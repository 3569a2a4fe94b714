/* journal.h - reports, durable before they are acknowledged.
 *
 * One writer thread commits what has gathered (at most PK_JOURNAL_BATCH reports or
 * PK_JOURNAL_WAIT_MS) in one transaction with synchronous=FULL, then calls everyone back. It is the
 * only place that knows how far each device has been acknowledged, so a report that comes twice is
 * stored once. Appending is for any thread; a reader belongs to one thread. */
#pragma once

#include "base/arena.h"
#include "model/observation.h"

#define PK_PARTITIONS      16 /* a device always lands in the same one */
#define PK_JOURNAL_BATCH   512
#define PK_JOURNAL_WAIT_MS 5
#define PK_JOURNAL_QUEUE   8192                 /* reports that may wait for the writer */
#define PK_JOURNAL_BYTES   (64UL * 1024 * 1024) /* and what they may weigh, packed */

struct pk_journal;
struct pk_journal_reader;

/* A report on its way. Made by the ingest, passed from hand to hand; the arena owns everything. */
struct pk_entry {
    struct pk_arena *arena;
    const char *device;
    int partition;  /* of the device; set by append */
    int64_t offset; /* in its partition, from 1 without gaps; set by the writer */
    int64_t received_ms;
    int64_t after_seq; /* observations up to this one were known before: skip them */
    int64_t last_seq;
    struct pk_slice packed;  /* the body as it came, zstd with the report dictionary */
    struct pk_report report; /* decoded */
};

void pk_entry_destroy(struct pk_entry *entry);

enum pk_append_result {
    PK_APPEND_STORED,    /* durable now; the entry has its offset */
    PK_APPEND_DUPLICATE, /* nothing new in it; acknowledged all the same */
    PK_APPEND_FAILED,    /* not stored: rc says why (PK_ENOSPC ...); not acknowledged */
};

/* Called by the writer thread, once for each append, in order of storing. acked_seq: all of this
 * device's observations up to it are durable. The callee owns the entry from here. */
typedef void (*pk_append_done)(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx);

/* url as in db.h; its own file or database. */
PK_MUST_USE int pk_journal_open(const char *url, struct pk_journal **out, struct pk_error *err);
/* Commits what waits, ends the writer. */
void pk_journal_close(struct pk_journal *journal);

/* Hands the entry over. PK_EBUSY (entry stays the caller's) when too many wait already. */
PK_MUST_USE int pk_journal_append(
        struct pk_journal *journal, struct pk_entry *entry, pk_append_done done, void *ctx);

/* Newest offset of a partition (0: empty), and reports stored since opening. Any thread. */
int64_t pk_journal_newest(struct pk_journal *journal, int partition);
uint64_t pk_journal_stored(struct pk_journal *journal);

/* Partition of a device id: FNV-1a modulo PK_PARTITIONS, fixed for ever. */
int pk_journal_partition(const char *device);

PK_MUST_USE int pk_journal_reader_open(
        const char *url, struct pk_journal_reader **out, struct pk_error *err);
void pk_journal_reader_close(struct pk_journal_reader *reader);
/* The next entry with offset > after, unpacked and decoded; *out NULL when there is none yet. One
 * that can never be read again (damaged on the disk) comes without observations and is said in the
 * log: the partition goes on. */
PK_MUST_USE int pk_journal_read(struct pk_journal_reader *reader, int partition, int64_t after,
        struct pk_entry **out, struct pk_error *err);
/* The same for the entries of one device alone; reads over those of others. */
PK_MUST_USE int pk_journal_read_of(struct pk_journal_reader *reader, const char *device,
        int64_t after, struct pk_entry **out, struct pk_error *err);
/* Deletes everything of a device, up to this offset of its partition, in short transactions; offsets are not
 * given again. Nobody may still work on these entries, and the device may send no more. */
PK_MUST_USE int pk_journal_erase(
        struct pk_journal_reader *reader, const char *device, int64_t upto, struct pk_error *err);
/* Overwrites what the log of changes still holds of deleted rows, and the places that they had (SQLite;
 * elsewhere it does what the engine has for it). PK_EBUSY: somebody reads or writes; try again. */
PK_MUST_USE int pk_journal_scrub(struct pk_journal_reader *reader, struct pk_error *err);
/* Deletes entries received before then that every partition's progress has passed. */
PK_MUST_USE int pk_journal_trim(struct pk_journal_reader *reader, int64_t before_ms,
        const int64_t progress[PK_PARTITIONS], struct pk_error *err);

struct pk_journal_count {
    int64_t reports;
    int64_t observations; /* new ones: what came twice counts once */
};
/* What the rows of a device add up to, as far as they are not trimmed. Reads a whole partition: for
 * tests and checks. */
PK_MUST_USE int pk_journal_count(struct pk_journal_reader *reader, const char *device,
        struct pk_journal_count *out, struct pk_error *err);
/* What the device has sent since its first report; one look-up. Zeros when it never did. */
PK_MUST_USE int pk_journal_totals(struct pk_journal_reader *reader, const char *device,
        struct pk_journal_count *out, struct pk_error *err);
