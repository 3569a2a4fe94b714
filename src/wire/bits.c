#include "wire/bits.h"

#define ADDITIONS_MAX 64

struct pk_bits pk_bits_of(struct pk_slice in)
{
    return (struct pk_bits){ .in = in, .end = in.len * 8 };
}

struct pk_bits pk_bits_cut(struct pk_bits *from, size_t bits)
{
    struct pk_bits part = *from;

    pk_bits_skip(from, bits);
    part.rc = from->rc;
    part.end = from->rc == PK_OK ? from->pos : part.pos;
    return part;
}

uint64_t pk_bits_read(struct pk_bits *b, unsigned n)
{
    uint64_t value = 0;

    if (b->rc == PK_OK && (n > 64 || n > b->end - b->pos)) {
        b->rc = PK_ETRUNC;
    }
    if (b->rc < 0) {
        return 0;
    }
    for (unsigned i = 0; i < n; i++, b->pos++) {
        value = value << 1 | (b->in.ptr[b->pos / 8] >> (7 - b->pos % 8) & 1U);
    }
    return value;
}

bool pk_bits_flag(struct pk_bits *b)
{
    return pk_bits_read(b, 1) != 0;
}

void pk_bits_skip(struct pk_bits *b, size_t n)
{
    if (b->rc == PK_OK && n > b->end - b->pos) {
        b->rc = PK_ETRUNC;
    }
    if (b->rc == PK_OK) {
        b->pos += n;
    }
}

size_t pk_bits_length(struct pk_bits *b)
{
    if (!pk_bits_flag(b)) {
        return pk_bits_read(b, 7);
    }
    if (!pk_bits_flag(b)) {
        return pk_bits_read(b, 14);
    }
    if (b->rc == PK_OK) {
        b->rc = PK_ELIMIT;
    }
    return 0;
}

bool pk_bits_octets(struct pk_bits *b, size_t n, uint8_t *out, size_t size)
{
    if (n > size) {
        pk_bits_skip(b, n * 8);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)pk_bits_read(b, 8);
    }
    return b->rc == PK_OK;
}

void pk_bits_skip_additions(struct pk_bits *b)
{
    size_t count = 0;
    uint64_t map;

    if (!pk_bits_flag(b)) {
        count = pk_bits_read(b, 6) + 1;
    } else if (b->rc == PK_OK) {
        b->rc = PK_ELIMIT; /* more than 64 additions */
    }
    map = pk_bits_read(b, (unsigned)count);
    for (size_t i = 0; i < count && i < ADDITIONS_MAX && b->rc == PK_OK; i++) {
        if (map >> (count - 1 - i) & 1U) {
            pk_bits_skip(b, pk_bits_length(b) * 8);
        }
    }
}
