/* The crowd's memory at rest: a header, the tag, the few numbers that are not in tables, every table's records
 * as they lie in memory, and a checksum over all of it. Of this machine's byte order and of this version alone:
 * what does not fit is built anew from the journal. */
#include <stdlib.h>

#include "crowd/internal.h"

#define MAGIC   "PKCROWD\1"
#define TAG_MAX (64UL * 1024 * 1024)

struct header {
    char magic[8];
    uint64_t layout; /* of the records: sizes */
    uint64_t tag;    /* bytes, filled up to eight */
    struct {
        uint32_t made, free;
    } rooms[PK_ROOM_COUNT];
    struct pk_bad_profile bad;
    float world_n[PK_ATTR_COUNT];
    uint32_t world_day[PK_ATTR_COUNT];
    int64_t begun_s, now_s, night_s;
    uint64_t sightings;
};

/* Two lanes of multiply and rotate over words of eight bytes, as xxHash does; against accidents alone. */
struct sum {
    uint64_t a, b;
};

static void add(struct sum *sum, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), p += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p, sizeof(word));
        sum->a = (sum->a ^ word) * UINT64_C(0x9e3779b185ebca87);
        sum->a = sum->a << 31 | sum->a >> 33;
        sum->b = (sum->b + word) * UINT64_C(0xc2b2ae3d27d4eb4f) + 1;
    }
    for (; len > 0; len--, p++) {
        sum->a = (sum->a ^ *p) * UINT64_C(0x100000001b3);
    }
}

static uint64_t end_of(const struct sum *sum)
{
    return pk_crowd_mix(sum->a, sum->b);
}

static uint64_t layout_of(const struct pk_crowd *crowd)
{
    uint64_t h = sizeof(struct header);

    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        h = pk_crowd_mix(h, crowd->rooms[i].size);
    }
    return pk_crowd_mix(h, ((uint64_t)PK_N_COUNT << 32) | PK_CROWD_LAYOUT);
}

struct sink {
    pk_crowd_write write;
    void *ctx;
    struct sum sum;
};

static int put(struct sink *sink, const void *bytes, size_t len)
{
    add(&sink->sum, bytes, len);
    return len != 0 ? sink->write(sink->ctx, bytes, len) : 0;
}

static int put_tables(const struct pk_crowd *crowd, struct sink *sink)
{
    int rc = 0;

    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        size_t pieces = pk_table_pieces(&crowd->rooms[i]);

        for (size_t k = 0; k < pieces && rc >= 0; k++) {
            size_t len;
            const void *bytes = pk_table_piece(&crowd->rooms[i], k, &len);

            rc = put(sink, bytes, len);
        }
    }
    return rc;
}

int pk_crowd_save(const struct pk_crowd *crowd, struct pk_slice tag, pk_crowd_write write,
        void *ctx, struct pk_error *err)
{
    struct sink sink = { .write = write, .ctx = ctx };
    struct header *h = calloc(1, sizeof(*h));
    uint64_t check;
    int rc;

    if (h == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    memcpy(h->magic, MAGIC, sizeof(h->magic));
    h->layout = layout_of(crowd);
    h->tag = tag.len;
    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        h->rooms[i].made = crowd->rooms[i].made;
        h->rooms[i].free = crowd->rooms[i].free;
    }
    h->bad = crowd->bad;
    memcpy(h->world_n, crowd->world_n, sizeof(h->world_n));
    memcpy(h->world_day, crowd->world_day, sizeof(h->world_day));
    h->begun_s = crowd->begun_s;
    h->now_s = crowd->now_s;
    h->night_s = crowd->night_s;
    h->sightings = crowd->sightings;
    rc = put(&sink, h, sizeof(*h));
    free(h);
    rc = rc < 0 ? rc : put(&sink, tag.ptr, tag.len);
    rc = rc < 0 ? rc : put_tables(crowd, &sink);
    check = end_of(&sink.sum);
    rc = rc < 0 ? rc : write(ctx, &check, sizeof(check));
    return rc < 0 ? pk_error_set(err, rc, "the crowd's memory cannot be written") : PK_OK;
}

/* The pieces were summed one by one when they were written; a sum over words is the same over pieces whose
 * sizes are multiples of eight, so each is summed by itself here, too. */
static int check_bytes(struct pk_slice bytes, const struct pk_crowd *crowd, const struct header *h)
{
    struct sum sum = { 0, 0 };
    size_t at = sizeof(*h);
    uint64_t said;

    add(&sum, h, sizeof(*h));
    if (h->tag > TAG_MAX || bytes.len - at < h->tag + sizeof(said)) {
        return PK_ETRUNC;
    }
    add(&sum, bytes.ptr + at, h->tag);
    at += h->tag;
    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        size_t size = (size_t)h->rooms[i].made * crowd->rooms[i].size;

        if (h->rooms[i].made > PK_TABLE_MAX || bytes.len - at < size + sizeof(said)) {
            return PK_ETRUNC;
        }
        /* Pieces hold 4096 records, so all but the last are multiples of eight; the last one ends the room. */
        add(&sum, bytes.ptr + at, size);
        at += size;
    }
    if (bytes.len - at != sizeof(said)) {
        return PK_EMALF;
    }
    memcpy(&said, bytes.ptr + at, sizeof(said));
    return said == end_of(&sum) ? PK_OK : PK_EMALF;
}

static int restore(struct pk_crowd *crowd, struct pk_slice bytes, const struct header *h)
{
    size_t at = sizeof(*h) + h->tag;

    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        int rc = pk_table_restore(
                &crowd->rooms[i], bytes.ptr + at, h->rooms[i].made, h->rooms[i].free);

        if (rc < 0) {
            return rc == -1 ? PK_ENOMEM : PK_EMALF;
        }
        at += (size_t)h->rooms[i].made * crowd->rooms[i].size;
    }
    crowd->bad = h->bad;
    memcpy(crowd->world_n, h->world_n, sizeof(crowd->world_n));
    memcpy(crowd->world_day, h->world_day, sizeof(crowd->world_day));
    crowd->begun_s = h->begun_s;
    crowd->now_s = h->now_s;
    crowd->night_s = h->night_s;
    crowd->sightings = h->sightings;
    return PK_OK;
}

int pk_crowd_load(struct pk_slice bytes, const struct pk_crowd_settings *settings,
        struct pk_crowd **out, struct pk_buffer *tag, struct pk_error *err)
{
    struct pk_crowd *crowd = NULL;
    struct header *h;
    int rc;

    if (bytes.len < sizeof(*h)) {
        return pk_error_set(err, PK_ETRUNC, "the crowd's memory ends too early");
    }
    h = malloc(sizeof(*h));
    if (h == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    memcpy(h, bytes.ptr, sizeof(*h));
    rc = pk_crowd_create(settings, &crowd, err);
    if (rc < 0) {
        free(h);
        return rc;
    }
    if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 || h->layout != layout_of(crowd)) {
        rc = pk_error_set(err, PK_EMALF, "the crowd's memory is of another version");
    } else {
        rc = check_bytes(bytes, crowd, h);
        rc = rc == PK_OK ? restore(crowd, bytes, h) : rc;
        rc = rc == PK_OK ? pk_buffer_put(tag, bytes.ptr + sizeof(*h), h->tag) : rc;
        if (rc < 0) {
            (void)pk_error_set(err, rc, "the crowd's memory is damaged");
        }
    }
    free(h);
    if (rc < 0) {
        pk_crowd_destroy(crowd);
        return rc;
    }
    *out = crowd;
    return PK_OK;
}
