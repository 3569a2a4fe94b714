/* table.h - many records of one size, found by a 64-bit key: an index of four bytes a key over dense chunks
 * of records, so that memory follows the number of keys and a record never moves while it lives.
 *
 * A record begins with its key (uint64_t, never 0); the rest is the caller's and starts as zeros. Keys are
 * hashes already (pk_crowd_mix). One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pk_table {
    uint32_t *index; /* 6 bits of the key, 26 bits of record number + 1; 0: free */
    uint8_t **chunks;
    size_t chunk_room;
    uint32_t mask;  /* slots of the index - 1 */
    uint32_t count; /* records that live */
    uint32_t made;  /* records that ever were, in the chunks */
    uint32_t free;  /* first of the freed ones + 1, a list through their first bytes; 0: none */
    uint32_t size;  /* of a record */
};

#define PK_TABLE_MAX ((UINT32_C(1) << 26) - 2)

/* From two words one key that looks random and is never 0. */
uint64_t pk_crowd_mix(uint64_t a, uint64_t b);

void pk_table_init(struct pk_table *table, size_t record_size);
void pk_table_clear(struct pk_table *table);

/* The record, or NULL. */
void *pk_table_find(const struct pk_table *table, uint64_t key);
/* The record, new ones zeroed but for the key. NULL: memory is short, or there are PK_TABLE_MAX. */
void *pk_table_put(struct pk_table *table, uint64_t key);
void pk_table_drop(struct pk_table *table, uint64_t key);

/* The record of a number below made; NULL when it was dropped. For walks. */
void *pk_table_at(const struct pk_table *table, uint32_t number);

/* Brings what find will touch towards the cache. */
void pk_table_prefetch(const struct pk_table *table, uint64_t key);
void pk_table_prefetch_record(const struct pk_table *table, uint64_t key);

size_t pk_table_bytes(const struct pk_table *table);

/* For checkpoints: all records that were ever made, dead ones too, in their order and in pieces. */
size_t pk_table_pieces(const struct pk_table *table);
const void *pk_table_piece(const struct pk_table *table, size_t piece, size_t *bytes);
/* Fills an empty table with made records of bytes as they were saved; free as it was. -1: memory; -2: the
 * bytes contradict themselves. */
int pk_table_restore(struct pk_table *table, const uint8_t *bytes, uint32_t made, uint32_t free);
