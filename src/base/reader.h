/* reader.h - the only way through hostile bytes.
 *
 * The error is sticky and reads after it give 0, so a header is read top to bottom and judged once,
 * before its values are used (after Knot's wire_ctx.h). A nested chunk is a sub-slice that cannot
 * see past its end. */
#pragma once

#include "base/slice.h"

struct pk_reader {
    struct pk_slice in;
    size_t pos; /* pos <= in.len, always */
    int rc;     /* the first error, sticky: PK_ETRUNC, or what the caller sets */
};

static inline struct pk_reader pk_reader_of(struct pk_slice in)
{
    return (struct pk_reader){ .in = in };
}

static inline size_t pk_reader_left(const struct pk_reader *r)
{
    return r->in.len - r->pos;
}

uint8_t pk_read_u8(struct pk_reader *r);
uint16_t pk_read_be16(struct pk_reader *r);
uint32_t pk_read_be32(struct pk_reader *r);
uint64_t pk_read_be64(struct pk_reader *r);
uint16_t pk_read_le16(struct pk_reader *r);
uint32_t pk_read_le32(struct pk_reader *r);
uint64_t pk_read_le64(struct pk_reader *r);
struct pk_slice pk_read_slice(struct pk_reader *r, size_t n);
void pk_read_skip(struct pk_reader *r, size_t n);
