#include "base/siphash.h"

#include "base/le.h"

struct state {
    uint64_t v[4];
};

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void rounds(struct state *s, int count)
{
    uint64_t *v = s->v;

    while (count-- > 0) {
        v[0] += v[1];
        v[1] = turn(v[1], 13) ^ v[0];
        v[0] = turn(v[0], 32);
        v[2] += v[3];
        v[3] = turn(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = turn(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = turn(v[1], 17) ^ v[2];
        v[2] = turn(v[2], 32);
    }
}

static void take(struct state *s, uint64_t word)
{
    s->v[3] ^= word;
    rounds(s, 2);
    s->v[0] ^= word;
}

uint64_t pk_siphash(const uint8_t key[PK_SIPHASH_KEY], struct pk_slice in)
{
    uint64_t k0 = pk_get_le64(key);
    uint64_t k1 = pk_get_le64(key + 8);
    struct state s = { { k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
            k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) } };
    size_t whole = in.len & ~(size_t)7;
    uint64_t last = (uint64_t)in.len << 56;

    for (size_t i = 0; i < whole; i += 8) {
        take(&s, pk_get_le64(in.ptr + i));
    }
    for (size_t i = whole; i < in.len; i++) {
        last |= (uint64_t)in.ptr[i] << (8 * (i - whole));
    }
    take(&s, last);
    s.v[2] ^= 0xff;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
