#include "crowd/delta.h"

#include "base/le.h"
#include "base/reader.h"
#include "base/sign.h"

#define VERSION  1
#define MORE     1U
#define WITHDRAW 0x80U
#define KIND     0x0fU
#define STEP     (UINT64_C(1) << 24)
#define SEQ_END  (UINT64_C(1) << 48)

static void put(const struct pk_delta *d, uint8_t at[PK_DELTA_SIZE])
{
    at[0] = (uint8_t)((unsigned)d->kind | (d->bad ? 0 : WITHDRAW));
    pk_put_le32(at + 1, (uint32_t)d->print40);
    at[5] = (uint8_t)(d->print40 >> 32);
    at[6] = d->score;
    pk_put_le16(at + 7, d->ttl_hours);
    pk_put_le16(at + 9, (uint16_t)d->seq);
    at[11] = (uint8_t)(d->seq >> 16);
}

static bool fits(const struct pk_delta_head *head, const struct pk_delta *deltas)
{
    uint64_t before = head->base;

    for (size_t i = 0; i < head->count; i++) {
        const struct pk_delta *d = &deltas[i];

        if (d->seq <= before || d->seq - before >= STEP || d->seq >= SEQ_END ||
                (unsigned)d->kind >= PK_CROWD_KINDS || d->print40 >> 40 != 0) {
            return false;
        }
        before = d->seq;
    }
    return head->count <= PK_DELTA_MAX && head->base < SEQ_END;
}

int pk_delta_write(
        const struct pk_delta_head *head, const struct pk_delta *deltas, struct pk_buffer *out)
{
    uint8_t bytes[PK_DELTA_HEAD] = { 'K', 'D', VERSION, head->more ? MORE : 0 };

    if (!fits(head, deltas)) {
        return PK_EBOUNDS;
    }
    pk_put_le32(bytes + 4, head->epoch);
    pk_put_le32(bytes + 8, (uint32_t)head->base);
    pk_put_le16(bytes + 12, (uint16_t)(head->base >> 32));
    pk_put_le16(bytes + 14, head->count);
    (void)pk_buffer_put(out, bytes, sizeof(bytes));
    for (size_t i = 0; i < head->count; i++) {
        uint8_t one[PK_DELTA_SIZE];

        put(&deltas[i], one);
        (void)pk_buffer_put(out, one, sizeof(one));
    }
    return out->rc;
}

static int read_head(struct pk_reader *r, struct pk_delta_head *head)
{
    struct pk_slice magic = pk_read_slice(r, 3);
    uint8_t flags = pk_read_u8(r);
    uint32_t low;

    head->epoch = pk_read_le32(r);
    low = pk_read_le32(r);
    head->base = low | (uint64_t)pk_read_le16(r) << 32;
    head->count = pk_read_le16(r);
    head->more = flags == MORE;
    head->last = head->base;
    if (r->rc < 0) {
        return r->rc;
    }
    if (memcmp(magic.ptr, "KD\1", 3) != 0 || flags > MORE) {
        return PK_EMALF;
    }
    if (head->count > PK_DELTA_MAX) {
        return PK_ELIMIT;
    }
    if (pk_reader_left(r) != (size_t)head->count * PK_DELTA_SIZE + PK_SIGN_SIZE) {
        return pk_reader_left(r) < (size_t)head->count * PK_DELTA_SIZE + PK_SIGN_SIZE ? PK_ETRUNC
                                                                                      : PK_EMALF;
    }
    return PK_OK;
}

/* The number after before whose low bits these are. */
static uint64_t number_after(uint64_t before, uint32_t low)
{
    uint64_t step = (low - before) & (STEP - 1);

    return step == 0 ? 0 : before + step;
}

static int read_one(struct pk_reader *r, uint64_t before, struct pk_delta *d)
{
    uint8_t what = pk_read_u8(r);
    uint32_t low = pk_read_le32(r);

    d->print40 = low | (uint64_t)pk_read_u8(r) << 32;
    d->score = pk_read_u8(r);
    d->ttl_hours = pk_read_le16(r);
    low = pk_read_le16(r);
    d->seq = number_after(before, low | (uint32_t)pk_read_u8(r) << 16);
    d->kind = (enum pk_crowd_kind)(what & KIND);
    d->bad = (what & WITHDRAW) == 0;
    if (r->rc < 0) {
        return r->rc;
    }
    return (what & ~(WITHDRAW | KIND)) != 0 || (what & KIND) >= PK_CROWD_KINDS || d->seq == 0 ||
                    d->seq >= SEQ_END
            ? PK_EMALF
            : PK_OK;
}

static int read_all(struct pk_reader r, struct pk_delta_head *head,
        void (*each)(void *ctx, const struct pk_delta *delta), void *ctx)
{
    head->last = head->base;
    for (size_t i = 0; i < head->count; i++) {
        struct pk_delta d;
        int rc = read_one(&r, head->last, &d);

        if (rc < 0) {
            return rc;
        }
        head->last = d.seq;
        if (each != NULL) {
            each(ctx, &d);
        }
    }
    return PK_OK;
}

int pk_delta_read(struct pk_slice bytes, struct pk_delta_head *head,
        void (*each)(void *ctx, const struct pk_delta *delta), void *ctx)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_delta_head h = { 0 };
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
