#include "crowd/table.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BITS  12
#define CHUNK       (UINT32_C(1) << CHUNK_BITS) /* records */
#define NUMBER_BITS 26
#define NUMBER_MASK ((UINT32_C(1) << NUMBER_BITS) - 1)
#define FIRST_SLOTS 1024

uint64_t pk_crowd_mix(uint64_t a, uint64_t b)
{
    /* Two rounds of the finaliser of MurmurHash3 (public domain, Appleby). */
    uint64_t x = a ^ (b * UINT64_C(0x9e3779b97f4a7c15));

    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= (x >> 33) + b;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    x ^= x >> 33;
    return x != 0 ? x : 1;
}

void pk_table_init(struct pk_table *table, size_t record_size)
{
    memset(table, 0, sizeof(*table));
    table->size = (uint32_t)record_size;
}

void pk_table_clear(struct pk_table *table)
{
    uint32_t size = table->size;

    for (uint32_t i = 0; i < table->made; i += CHUNK) {
        free(table->chunks[i >> CHUNK_BITS]);
    }
    free((void *)table->chunks);
    free(table->index);
    pk_table_init(table, size);
}

static uint8_t *record(const struct pk_table *table, uint32_t number)
{
    return table->chunks[number >> CHUNK_BITS] + (size_t)(number & (CHUNK - 1)) * table->size;
}

static uint64_t key_of(const uint8_t *bytes)
{
    uint64_t key;

    memcpy(&key, bytes, sizeof(key));
    return key;
}

static uint32_t tag_of(uint64_t key)
{
    return (uint32_t)(key >> 58) << NUMBER_BITS;
}

/* The slot that holds the key, or the free one where it would stand. */
static uint32_t slot_of(const struct pk_table *table, uint64_t key)
{
    uint32_t at = (uint32_t)key & table->mask;
    uint32_t tag = tag_of(key);

    while (table->index[at] != 0) {
        uint32_t e = table->index[at];

        if ((e & ~NUMBER_MASK) == tag && key_of(record(table, (e & NUMBER_MASK) - 1)) == key) {
            break;
        }
        at = (at + 1) & table->mask;
    }
    return at;
}

void *pk_table_find(const struct pk_table *table, uint64_t key)
{
    uint32_t at;

    if (table->index == NULL) {
        return NULL;
    }
    at = slot_of(table, key);
    return table->index[at] != 0 ? record(table, (table->index[at] & NUMBER_MASK) - 1) : NULL;
}

/* A larger index; records stay where they are. */
static int grow(struct pk_table *table)
{
    uint32_t slots = table->index == NULL ? FIRST_SLOTS : (table->mask + 1) * 2;
    uint32_t *fresh = calloc(slots, sizeof(*fresh));
    uint32_t *old = table->index;
    uint32_t old_slots = old == NULL ? 0 : table->mask + 1;

    if (fresh == NULL) {
        return -1;
    }
    table->index = fresh;
    table->mask = slots - 1;
    for (uint32_t i = 0; i < old_slots; i++) {
        if (old[i] != 0) {
            uint32_t at = (uint32_t)key_of(record(table, (old[i] & NUMBER_MASK) - 1)) & table->mask;

            while (fresh[at] != 0) {
                at = (at + 1) & table->mask;
            }
            fresh[at] = old[i];
        }
    }
    free(old);
    return 0;
}

static int more_records(struct pk_table *table)
{
    size_t chunk = table->made >> CHUNK_BITS;

    if (chunk == table->chunk_room) {
        size_t room = chunk == 0 ? 16 : chunk * 2;
        uint8_t **wider = (uint8_t **)realloc((void *)table->chunks, room * sizeof(*wider));

        if (wider == NULL) {
            return -1;
        }
        table->chunks = wider;
        table->chunk_room = room;
    }
    table->chunks[chunk] = calloc(CHUNK, table->size);
    return table->chunks[chunk] != NULL ? 0 : -1;
}

/* A record number that nobody uses, +1; 0: none. */
static uint32_t take_number(struct pk_table *table)
{
    uint32_t number = table->free;

    if (number != 0) {
        uint8_t *bytes = record(table, number - 1);

        memcpy(&table->free, bytes + sizeof(uint64_t), sizeof(table->free));
        memset(bytes, 0, table->size);
        return number;
    }
    if (table->made >= PK_TABLE_MAX ||
            ((table->made & (CHUNK - 1)) == 0 && more_records(table) < 0)) {
        return 0;
    }
    return ++table->made;
}

void *pk_table_put(struct pk_table *table, uint64_t key)
{
    uint32_t at;
    uint32_t number;
    uint8_t *bytes;

    if (table->index == NULL || table->count >= (table->mask + 1) / 4 * 3) {
        if (grow(table) < 0 && (table->index == NULL || table->count >= table->mask)) {
            return NULL;
        }
    }
    at = slot_of(table, key);
    if (table->index[at] != 0) {
        return record(table, (table->index[at] & NUMBER_MASK) - 1);
    }
    number = take_number(table);
    if (number == 0) {
        return NULL;
    }
    bytes = record(table, number - 1);
    memcpy(bytes, &key, sizeof(key));
    table->index[at] = tag_of(key) | number;
    table->count++;
    return bytes;
}

/* Closes the gap at `at`, so that no search ends too early (Knuth, volume 3, 6.4, algorithm R). */
static void close_gap(struct pk_table *table, uint32_t at)
{
    uint32_t next = (at + 1) & table->mask;

    while (table->index[next] != 0) {
        uint64_t key = key_of(record(table, (table->index[next] & NUMBER_MASK) - 1));
        uint32_t home = (uint32_t)key & table->mask;

        if (((next - home) & table->mask) >= ((next - at) & table->mask)) {
            table->index[at] = table->index[next];
            at = next;
        }
        next = (next + 1) & table->mask;
    }
    table->index[at] = 0;
}

void pk_table_drop(struct pk_table *table, uint64_t key)
{
    uint32_t at;
    uint32_t number;
    uint8_t *bytes;

    if (table->index == NULL) {
        return;
    }
    at = slot_of(table, key);
    if (table->index[at] == 0) {
        return;
    }
    number = table->index[at] & NUMBER_MASK;
    bytes = record(table, number - 1);
    memset(bytes, 0, table->size);
    close_gap(table, at);
    memcpy(bytes + sizeof(uint64_t), &table->free, sizeof(table->free));
    table->free = number;
    table->count--;
}

void *pk_table_at(const struct pk_table *table, uint32_t number)
{
    uint8_t *bytes = record(table, number);

    return key_of(bytes) != 0 ? bytes : NULL;
}

void pk_table_prefetch(const struct pk_table *table, uint64_t key)
{
    if (table->index != NULL) {
        __builtin_prefetch(&table->index[(uint32_t)key & table->mask]);
    }
}

void pk_table_prefetch_record(const struct pk_table *table, uint64_t key)
{
    uint32_t e;

    if (table->index == NULL) {
        return;
    }
    e = table->index[(uint32_t)key & table->mask];
    if (e != 0 && (e & ~NUMBER_MASK) == tag_of(key)) {
        const uint8_t *bytes = record(table, (e & NUMBER_MASK) - 1);

        for (uint32_t i = 0; i < table->size && i < 256; i += 64) {
            __builtin_prefetch(bytes + i);
        }
    }
}

size_t pk_table_bytes(const struct pk_table *table)
{
    size_t chunks = ((size_t)table->made + CHUNK - 1) >> CHUNK_BITS;

    return (table->index != NULL ? ((size_t)table->mask + 1) * sizeof(uint32_t) : 0) +
            chunks * CHUNK * table->size + table->chunk_room * sizeof(uint8_t *);
}

size_t pk_table_pieces(const struct pk_table *table)
{
    return ((size_t)table->made + CHUNK - 1) >> CHUNK_BITS;
}

const void *pk_table_piece(const struct pk_table *table, size_t piece, size_t *bytes)
{
    size_t left = table->made - piece * CHUNK;

    *bytes = (left < CHUNK ? left : CHUNK) * table->size;
    return table->chunks[piece];
}

/* The list of free records visits each dead one once. */
static int check_free(const struct pk_table *table)
{
    uint32_t dead = table->made - table->count;
    uint32_t at = table->free;

    while (at != 0) {
        const uint8_t *bytes;

        if (at > table->made || dead == 0) {
            return -2;
        }
        bytes = record(table, at - 1);
        if (key_of(bytes) != 0) {
            return -2;
        }
        memcpy(&at, bytes + sizeof(uint64_t), sizeof(at));
        dead--;
    }
    return dead == 0 ? 0 : -2;
}

static int index_all(struct pk_table *table)
{
    for (uint32_t i = 0; i < table->made; i++) {
        uint64_t key = key_of(record(table, i));
        uint32_t at;

        if (key == 0) {
            continue;
        }
        at = slot_of(table, key);
        if (table->index[at] != 0) {
            return -2; /* twice the same */
        }
        table->index[at] = tag_of(key) | (i + 1);
        table->count++;
    }
    return 0;
}

int pk_table_restore(struct pk_table *table, const uint8_t *bytes, uint32_t made, uint32_t free)
{
    uint32_t slots = FIRST_SLOTS;
    int rc;

    if (made == 0) {
        return free == 0 ? 0 : -2;
    }
    while (made >= slots / 4 * 3) {
        slots *= 2;
    }
    table->index = calloc(slots, sizeof(*table->index));
    if (table->index == NULL) {
        return -1;
    }
    table->mask = slots - 1;
    while (table->made < made) {
        uint32_t n = made - table->made < CHUNK ? made - table->made : CHUNK;

        if (more_records(table) < 0) {
            return -1;
        }
        memcpy(table->chunks[table->made >> CHUNK_BITS], bytes + (size_t)table->made * table->size,
                (size_t)n * table->size);
        table->made += n;
    }
    table->free = free;
    rc = index_all(table);
    return rc < 0 ? rc : check_free(table);
}
