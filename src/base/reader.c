#include "base/reader.h"

#include "base/error.h"

struct pk_slice pk_read_slice(struct pk_reader *r, size_t n)
{
    if (r->rc == PK_OK && n > r->in.len - r->pos) {
        r->rc = PK_ETRUNC;
    }
    if (r->rc < 0) {
        return (struct pk_slice){ 0 };
    }
    r->pos += n;
    return (struct pk_slice){ .ptr = r->in.ptr + (r->pos - n), .len = n };
}

void pk_read_skip(struct pk_reader *r, size_t n)
{
    (void)pk_read_slice(r, n);
}

static uint64_t read_be(struct pk_reader *r, size_t n)
{
    struct pk_slice s = pk_read_slice(r, n);
    uint64_t value = 0;

    for (size_t i = 0; i < s.len; i++) {
        value = value << 8 | s.ptr[i];
    }
    return value;
}

static uint64_t read_le(struct pk_reader *r, size_t n)
{
    struct pk_slice s = pk_read_slice(r, n);
    uint64_t value = 0;

    for (size_t i = s.len; i > 0; i--) {
        value = value << 8 | s.ptr[i - 1];
    }
    return value;
}

uint8_t pk_read_u8(struct pk_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t pk_read_be16(struct pk_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t pk_read_be32(struct pk_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t pk_read_be64(struct pk_reader *r)
{
    return read_be(r, 8);
}

uint16_t pk_read_le16(struct pk_reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t pk_read_le32(struct pk_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t pk_read_le64(struct pk_reader *r)
{
    return read_le(r, 8);
}
