/* table.h - the journal's tables, and what the writer keeps of them in memory. For this room. */
#pragma once

#include <stdbool.h>

#include "journal/journal.h"
#include "store/db.h"

/* A row's key: the partition above, the offset in it below. */
#define PK_JOURNAL_OFFSET_BITS 40
#define PK_JOURNAL_OFFSET_MAX  ((INT64_C(1) << PK_JOURNAL_OFFSET_BITS) - 1)

static inline int64_t pk_journal_key(int partition, int64_t offset)
{
    return ((int64_t)partition << PK_JOURNAL_OFFSET_BITS) | offset;
}

/* The newest observation of each device: a hash table of device ids. */
struct pk_seq {
    struct pk_seq *next;
    int64_t last;
    char device[];
};

struct pk_seqs {
    struct pk_seq **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

/* The device's place, made with last = 0 when new; it stays where it is. NULL: memory is short. */
struct pk_seq *pk_seqs_at(struct pk_seqs *seqs, const char *device);
void pk_seqs_finish(struct pk_seqs *seqs);

uint32_t pk_journal_hash(const char *device); /* FNV-1a */

/* Opens the database and makes the tables. */
PK_MUST_USE int pk_journal_table_open(const char *url, struct pk_db **out, struct pk_error *err);
/* Reads the newest offset of each partition and the newest observation of each device. */
PK_MUST_USE int pk_journal_table_load(struct pk_db *db, int64_t newest[PK_PARTITIONS],
        struct pk_seqs *seqs, struct pk_error *err);
/* Writes a planned entry; observations: how many of it are new. */
PK_MUST_USE int pk_journal_table_add(
        struct pk_db *db, const struct pk_entry *entry, int64_t observations, struct pk_error *err);
