#include "crowd/prefix.h"

#include "base/le.h"
#include "base/reader.h"
#include "base/sign.h"
#include "crowd/kanon.h"

unsigned pk_prefix_bits(size_t bad)
{
    return pk_kanon_prefix_bits(bad, PK_PREFIX_CROWD, PK_PREFIX_BITS_MAX);
}

uint32_t pk_prefix_of(uint64_t print, unsigned bits)
{
    uint32_t high = (uint32_t)(print >> 32);

    return bits == 0 ? 0 : high & (UINT32_MAX << (32 - bits));
}

static void put(const struct pk_prefix_thing *t, uint8_t at[PK_PREFIX_THING])
{
    pk_put_le64(at, t->print);
    pk_put_le32(at + 8, t->since_h);
    pk_put_le16(at + 12, t->devices);
    pk_put_le16(at + 14, t->groups);
    pk_put_le16(at + 16, t->ttl_hours);
    at[18] = t->score;
    at[19] = (uint8_t)((unsigned)t->kind | (unsigned)t->cause << 4);
}

static bool belongs(const struct pk_prefix_head *head, const struct pk_prefix_thing *t)
{
    return (unsigned)t->kind < PK_CROWD_KINDS && t->cause <= PK_PREFIX_NO_CAUSE &&
            (unsigned)pk_share_class_of(t->kind) == head->class &&
            pk_prefix_of(t->print, head->bits) == head->prefix;
}

int pk_prefix_write(const struct pk_prefix_head *head, const struct pk_prefix_thing *things,
        struct pk_buffer *out)
{
    uint8_t bytes[PK_PREFIX_HEAD] = { 'K', 'P', 1, head->class };

    if (head->count > PK_PREFIX_MAX || head->bits > PK_PREFIX_BITS_MAX) {
        return PK_EBOUNDS;
    }
    for (size_t i = 0; i < head->count; i++) {
        if (!belongs(head, &things[i])) {
            return PK_EBOUNDS;
        }
    }
    pk_put_le32(bytes + 4, head->epoch);
    pk_put_le64(bytes + 8, head->seq);
    pk_put_le64(bytes + 16, (uint64_t)head->made_s);
    bytes[24] = head->bits;
    pk_put_le16(bytes + 26, head->count);
    pk_put_le32(bytes + 28, head->prefix);
    (void)pk_buffer_put(out, bytes, sizeof(bytes));
    for (size_t i = 0; i < head->count; i++) {
        uint8_t one[PK_PREFIX_THING];

        put(&things[i], one);
        (void)pk_buffer_put(out, one, sizeof(one));
    }
    return out->rc;
}

static int read_head(struct pk_reader *r, struct pk_prefix_head *h)
{
    struct pk_slice magic = pk_read_slice(r, 3);
    size_t size;
    uint8_t zero;

    h->class = pk_read_u8(r);
    h->epoch = pk_read_le32(r);
    h->seq = pk_read_le64(r);
    h->made_s = (int64_t)pk_read_le64(r);
    h->bits = pk_read_u8(r);
    zero = pk_read_u8(r);
    h->count = pk_read_le16(r);
    h->prefix = pk_read_le32(r);
    if (r->rc < 0) {
        return r->rc;
    }
    if (memcmp(magic.ptr, "KP\1", 3) != 0 || h->class >= PK_SHARE_CLASSES || zero != 0 ||
            h->seq >> 48 != 0 || h->made_s < 0 || h->bits > PK_PREFIX_BITS_MAX ||
            pk_prefix_of((uint64_t)h->prefix << 32, h->bits) != h->prefix) {
        return PK_EMALF;
    }
    if (h->count > PK_PREFIX_MAX) {
        return PK_ELIMIT;
    }
    size = (size_t)h->count * PK_PREFIX_THING + PK_SIGN_SIZE;
    return pk_reader_left(r) == size ? PK_OK : pk_reader_left(r) < size ? PK_ETRUNC : PK_EMALF;
}

static void read_one(struct pk_reader *r, struct pk_prefix_thing *t)
{
    uint8_t what;

    t->print = pk_read_le64(r);
    t->since_h = pk_read_le32(r);
    t->devices = pk_read_le16(r);
    t->groups = pk_read_le16(r);
    t->ttl_hours = pk_read_le16(r);
    t->score = pk_read_u8(r);
    what = pk_read_u8(r);
    t->kind = (enum pk_crowd_kind)(what & 0xf);
    t->cause = what >> 4;
}

static int read_all(struct pk_reader r, const struct pk_prefix_head *head,
        void (*each)(void *ctx, const struct pk_prefix_thing *thing), void *ctx)
{
    for (size_t i = 0; i < head->count; i++) {
        struct pk_prefix_thing t;

        read_one(&r, &t);
        if (!belongs(head, &t)) {
            return PK_EMALF;
        }
        if (each != NULL) {
            each(ctx, &t);
        }
    }
    return r.rc;
}

int pk_prefix_read(struct pk_slice bytes, struct pk_prefix_head *head,
        void (*each)(void *ctx, const struct pk_prefix_thing *thing), void *ctx)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_prefix_head h = { 0 };
    int rc = read_head(&r, &h);

    if (rc == PK_OK) {
        rc = read_all(r, &h, NULL, NULL); /* all or nothing */
    }
    if (rc == PK_OK) {
        rc = read_all(r, &h, each, ctx);
        *head = h;
    }
    return rc;
}
