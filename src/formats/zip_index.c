/* Names to entries. SipHash-1-3 with a key that whoever made the file cannot know keeps the probes
 * short, whatever the names are. */
#include <sys/auxv.h>

#include "formats/zip_internal.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static struct sip sip_begin(const uint64_t key[2])
{
    return (struct sip){
        .v0 = key[0] ^ 0x736f6d6570736575U,
        .v1 = key[1] ^ 0x646f72616e646f6dU,
        .v2 = key[0] ^ 0x6c7967656e657261U,
        .v3 = key[1] ^ 0x7465646279746573U,
    };
}

static inline void sip_block(struct sip *s, const uint8_t *p)
{
    uint64_t m;

    memcpy(&m, p, sizeof(m)); /* byte order does not matter: nobody sees the hash */
    s->v3 ^= m;
    sip_round(s);
    s->v0 ^= m;
}

/* s has taken whole blocks; rest are the len % 8 bytes behind them. */
static uint64_t sip_finish(struct sip s, const uint8_t *rest, size_t len)
{
    uint8_t last[8] = { 0 };

    memcpy(last, rest, len % 8);
    last[7] = (uint8_t)len;
    sip_block(&s, last);
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static uint64_t hash_name(const struct pk_zip_index *index, struct pk_slice name)
{
    struct sip s = sip_begin(index->key);
    size_t i = 0;

    for (; i + 8 <= name.len; i += 8) {
        sip_block(&s, name.ptr + i);
    }
    return sip_finish(s, name.ptr + i, name.len);
}

/* The slot of the name, or the empty one where it would stand. */
static struct pk_zip_slot *find_slot(const struct pk_zip_index *index,
        const struct pk_zip_entry *entries, struct pk_slice name, uint64_t hash)
{
    for (size_t i = hash & index->mask;; i = (i + 1) & index->mask) {
        struct pk_zip_slot *slot = &index->slots[i];

        if (slot->index == 0 ||
                (slot->tag == (uint32_t)(hash >> 32) &&
                        pk_slice_eq(entries[slot->index - 1].name, name))) {
            return slot;
        }
    }
}

/* The kernel gives every program 16 random bytes; asking for more needs no system call that the
 * sandbox would have to allow. */
static void make_key(uint64_t key[2])
{
    const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */

    if (random != NULL) {
        memcpy(key, random, 2 * sizeof(key[0]));
    }
}

static void insert(struct pk_zip *zip, struct pk_zip_index *index, size_t i)
{
    struct pk_slice name = zip->entries[i].name;
    uint64_t hash = hash_name(index, name);
    struct pk_zip_slot *slot = find_slot(index, zip->entries, name, hash);

    if (slot->index == 0) {
        *slot = (struct pk_zip_slot){ .tag = (uint32_t)(hash >> 32), .index = (uint32_t)i + 1 };
    } else {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_DUPLICATE_ENTRY,
                "'%s' stands in the directory as entry %u and as entry %zu",
                pk_zip_say(zip, PK_ANOMALY_ZIP_DUPLICATE_ENTRY, name), slot->index, i + 1);
    }
}

/* Is a folder that leads to the name an entry of its own? The folders that it shares with the name
 * before it were looked up then; the first of its own that is a file is enough. */
static void check_folders(struct pk_zip *zip, struct pk_zip_index *index, size_t i)
{
    struct pk_slice name = zip->entries[i].name;
    struct pk_slice last = i > 0 ? zip->entries[i - 1].name : (struct pk_slice){ 0 };
    struct sip s = sip_begin(index->key);
    size_t hashed = 0; /* whole blocks */
    size_t p = 0;
    unsigned depth = 0;

    while (p < name.len && p < last.len && name.ptr[p] == last.ptr[p]) {
        p++;
    }
    while (p < name.len) {
        const uint8_t *slash = memchr(name.ptr + p, '/', name.len - p);

        if (slash == NULL) {
            return;
        }
        if (depth++ == PK_ZIP_FOLDERS_MAX) {
            pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_NESTING,
                    "'%s' stands in too many folders",
                    pk_zip_say(zip, PK_ANOMALY_LIMIT_NESTING, name));
            return;
        }
        size_t len = (size_t)(slash - name.ptr);
        for (; hashed + 8 <= len; hashed += 8) {
            sip_block(&s, name.ptr + hashed);
        }
        struct pk_slice folder = pk_slice_of(name.ptr, len);
        const struct pk_zip_slot *slot = find_slot(
                index, zip->entries, folder, sip_finish(s, name.ptr + hashed, len));
        if (len > 0 && slot->index != 0) {
            pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_PATH_COLLISION,
                    "'%s' is an entry and the folder of '%s'",
                    pk_zip_say(zip, PK_ANOMALY_ZIP_PATH_COLLISION, folder),
                    pk_zip_say(zip, PK_ANOMALY_ZIP_PATH_COLLISION, name));
            return;
        }
        p = len + 1;
    }
}

int pk_zip_index_names(struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_zip_index *index = zip->index;
    size_t slots = 16;

    while (slots < 2 * zip->count) {
        slots *= 2;
    }
    index->slots = pk_arena_alloc(arena, slots, sizeof(*index->slots));
    index->charged = pk_arena_alloc(arena, zip->count + 1, 1);
    if (index->slots == NULL || index->charged == NULL) {
        return pk_error_set(err, PK_ENOMEM, "no memory for the names of %zu entries", zip->count);
    }
    index->mask = slots - 1;
    make_key(index->key);
    for (size_t i = 0; i < zip->count; i++) {
        insert(zip, index, i);
    }
    for (size_t i = 0; i < zip->count; i++) {
        check_folders(zip, index, i);
    }
    return PK_OK;
}

const struct pk_zip_entry *pk_zip_find_name(const struct pk_zip *zip, struct pk_slice name)
{
    const struct pk_zip_index *index = zip->index;
    const struct pk_zip_slot *slot = find_slot(index, zip->entries, name, hash_name(index, name));

    return slot->index != 0 ? &zip->entries[slot->index - 1] : NULL;
}

const struct pk_zip_entry *pk_zip_find(const struct pk_zip *zip, const char *name)
{
    return pk_zip_find_name(zip, pk_slice_str(name));
}
