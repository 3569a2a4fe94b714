#include "crowd/filter16.h"

#include "base/le.h"
#include "base/reader.h"
#include "base/sign.h"

static const uint8_t magic[8] = { 'P', 'K', 'C', 'R', 'O', 'W', 'D', 1 };

int pk_filter16_write(const struct pk_filter16 *filter, struct pk_buffer *out)
{
    const struct pk_fuse *fuse = &filter->fuse;
    uint8_t head[PK_FILTER16_HEAD] = { 0 };

    memcpy(head, magic, sizeof(magic));
    pk_put_le32(head + 8, filter->epoch);
    head[12] = filter->class;
    head[13] = (uint8_t)fuse->width;
    pk_put_le16(head + 14, filter->shard);
    pk_put_le32(head + 16, fuse->count);
    pk_put_le32(head + 20, fuse->segment);
    pk_put_le32(head + 24, fuse->segments);
    pk_put_le64(head + 32, fuse->seed);
    pk_put_le64(head + 40, filter->base);
    pk_put_le64(head + 48, (uint64_t)filter->made_s);
    pk_put_le64(head + 56, (uint64_t)filter->until_s);
    (void)pk_buffer_put(out, head, sizeof(head));
    return pk_buffer_put(out, fuse->prints, pk_fuse_size(fuse));
}

static void read_head(struct pk_reader *r, struct pk_filter16 *f, uint32_t *zero)
{
    f->epoch = pk_read_le32(r);
    f->class = pk_read_u8(r);
    f->fuse.width = pk_read_u8(r);
    f->shard = pk_read_le16(r);
    f->fuse.count = pk_read_le32(r);
    f->fuse.segment = pk_read_le32(r);
    f->fuse.segments = pk_read_le32(r);
    *zero = pk_read_le32(r);
    f->fuse.seed = pk_read_le64(r);
    f->base = pk_read_le64(r);
    f->made_s = (int64_t)pk_read_le64(r);
    f->until_s = (int64_t)pk_read_le64(r);
}

int pk_filter16_read(struct pk_slice bytes, struct pk_filter16 *out)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_slice said = pk_read_slice(&r, sizeof(magic));
    struct pk_filter16 f = { 0 };
    uint32_t zero = 0;
    size_t size;

    read_head(&r, &f, &zero);
    if (r.rc < 0) {
        return r.rc;
    }
    size = pk_fuse_size(&f.fuse);
    if (memcmp(said.ptr, magic, sizeof(magic)) != 0 || zero != 0 || size == 0 ||
            f.class >= PK_SHARE_CLASSES || f.base >> 48 != 0 || f.made_s < 0 ||
            f.until_s < f.made_s) {
        return PK_EMALF;
    }
    if (size > PK_FILTER16_MAX) {
        return PK_ELIMIT;
    }
    if (pk_reader_left(&r) != size + PK_SIGN_SIZE) {
        return pk_reader_left(&r) < size + PK_SIGN_SIZE ? PK_ETRUNC : PK_EMALF;
    }
    f.fuse.prints = pk_read_slice(&r, size).ptr;
    *out = f;
    return PK_OK;
}
