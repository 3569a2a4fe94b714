#include "agent/crowd_heard.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "base/le.h"
#include "base/reader.h"

static const uint8_t magic[8] = { 'P', 'K', 'H', 'E', 'A', 'R', 'D', 1 };

void pk_heard_finish(struct pk_heard_list *list)
{
    free(list->items);
    *list = (struct pk_heard_list){ 0 };
}

static struct pk_heard *find(
        const struct pk_heard_list *list, enum pk_crowd_kind kind, uint64_t print40)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].print40 == print40 && list->items[i].kind == kind) {
            return &list->items[i];
        }
    }
    return NULL;
}

static void drop_oldest(struct pk_heard_list *list)
{
    list->count--;
    memmove(list->items, list->items + 1, list->count * sizeof(list->items[0]));
}

int pk_heard_put(struct pk_heard_list *list, const struct pk_heard *heard)
{
    struct pk_heard *row = find(list, (enum pk_crowd_kind)heard->kind, heard->print40);

    if (row != NULL) {
        *row = *heard;
        return PK_OK;
    }
    if (list->count == PK_HEARD_MAX) {
        drop_oldest(list);
    }
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 16;
        struct pk_heard *grown = reallocarray(list->items, cap, sizeof(*grown));

        if (grown == NULL) {
            return PK_ENOMEM;
        }
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->count++] = *heard;
    return PK_OK;
}

const struct pk_heard *pk_heard_find(
        const struct pk_heard_list *list, enum pk_crowd_kind kind, uint64_t print, int64_t now_s)
{
    const struct pk_heard *row = find(list, kind, pk_print_40(print));

    return row != NULL && row->until_s > now_s ? row : NULL;
}

void pk_heard_sweep(struct pk_heard_list *list, int64_t now_s,
        bool (*keep)(void *ctx, const struct pk_heard *heard), void *ctx)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].until_s > now_s && keep(ctx, &list->items[i])) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* ---- the file ------------------------------------------------------------------------------------ */

static void put_row(const struct pk_heard *h, uint8_t at[PK_HEARD_ROW])
{
    pk_put_le64(at, h->print40 | (uint64_t)h->kind << 40 | (uint64_t)h->bad << 48);
    pk_put_le64(at + 8, h->seq);
    pk_put_le64(at + 16, (uint64_t)h->heard_s);
    pk_put_le64(at + 24, (uint64_t)h->until_s);
    pk_put_le32(at + 32, h->since_h);
    pk_put_le16(at + 36, h->devices);
    pk_put_le16(at + 38, h->groups);
    at[40] = h->score;
    at[41] = h->cause;
    pk_put_le16(at + 42, 0);
}

int pk_heard_write(const struct pk_heard_list *list, struct pk_buffer *out)
{
    uint8_t head[PK_HEARD_HEAD];
    uint8_t digest[PK_SHA256_SIZE];

    memcpy(head, magic, sizeof(magic));
    pk_put_le32(head + 8, list->epoch);
    pk_put_le32(head + 12, (uint32_t)list->count);
    pk_put_le64(head + 16, list->seq);
    (void)pk_buffer_put(out, head, sizeof(head));
    for (size_t i = 0; i < list->count; i++) {
        uint8_t row[PK_HEARD_ROW];

        put_row(&list->items[i], row);
        (void)pk_buffer_put(out, row, sizeof(row));
    }
    if (out->rc < 0) {
        return out->rc;
    }
    pk_sha256(pk_buffer_slice(out), digest);
    return pk_buffer_put(out, digest, sizeof(digest));
}

static int read_row(struct pk_reader *r, struct pk_heard *h)
{
    uint64_t what = pk_read_le64(r);

    h->print40 = what & ((UINT64_C(1) << 40) - 1);
    h->kind = (uint8_t)(what >> 40);
    h->bad = (what >> 48) == 1;
    h->seq = pk_read_le64(r);
    h->heard_s = (int64_t)pk_read_le64(r);
    h->until_s = (int64_t)pk_read_le64(r);
    h->since_h = pk_read_le32(r);
    h->devices = pk_read_le16(r);
    h->groups = pk_read_le16(r);
    h->score = pk_read_u8(r);
    h->cause = pk_read_u8(r);
    if (r->rc < 0) {
        return r->rc;
    }
    return h->kind >= PK_CROWD_KINDS || what >> 49 != 0 || h->cause > PK_PREFIX_NO_CAUSE ||
                    pk_read_le16(r) != 0 || h->heard_s < 0 || h->until_s < 0
            ? PK_EMALF
            : r->rc;
}

/* What stands before the digest. */
static int read_body(struct pk_slice in, struct pk_heard_list *out)
{
    struct pk_reader r = pk_reader_of(in);
    struct pk_slice said = pk_read_slice(&r, sizeof(magic));
    uint32_t count;
    int rc;

    out->epoch = pk_read_le32(&r);
    count = pk_read_le32(&r);
    out->seq = pk_read_le64(&r);
    if (r.rc < 0) {
        return r.rc;
    }
    if (memcmp(said.ptr, magic, sizeof(magic)) != 0 || out->seq >> 48 != 0) {
        return PK_EMALF;
    }
    if (count > PK_HEARD_MAX) {
        return PK_ELIMIT;
    }
    if (pk_reader_left(&r) != (size_t)count * PK_HEARD_ROW) {
        return pk_reader_left(&r) < (size_t)count * PK_HEARD_ROW ? PK_ETRUNC : PK_EMALF;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct pk_heard row = { 0 };

        rc = read_row(&r, &row);
        rc = rc < 0 ? rc : pk_heard_put(out, &row);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_heard_read(struct pk_slice bytes, struct pk_heard_list *out)
{
    struct pk_heard_list list = { 0 };
    uint8_t digest[PK_SHA256_SIZE];
    size_t body = bytes.len - PK_SHA256_SIZE;
    int rc;

    if (bytes.len < PK_HEARD_HEAD + PK_SHA256_SIZE) {
        return PK_ETRUNC;
    }
    pk_sha256(pk_slice_of(bytes.ptr, body), digest);
    if (memcmp(digest, bytes.ptr + body, sizeof(digest)) != 0) {
        return PK_EMALF;
    }
    rc = read_body(pk_slice_of(bytes.ptr, body), &list);
    if (rc < 0) {
        pk_heard_finish(&list);
        return rc;
    }
    *out = list;
    return PK_OK;
}
