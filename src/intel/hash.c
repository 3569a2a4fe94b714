/* The hash of a key. Its seed comes from the content of the set (builder), so that a feed cannot aim
 * at one entry of the directory. */
#include <string.h>

#include "intel/layout.h"

#define MIX_A UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */
#define MIX_B UINT64_C(0xd6e8feb86659fd93)

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * MIX_A;
    return h ^ h >> 29;
}

/* Up to 8 bytes as a number; the compiler makes one load of the full case. */
static uint64_t word_of(const uint8_t *p, size_t n)
{
    uint64_t word = 0;

    if (n >= 8) {
        return pk_get64(p);
    }
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

uint32_t pk_intel_hash(uint64_t seed, int kind, const void *key, size_t len)
{
    const uint8_t *p = key;
    uint64_t h = mix(seed, ((uint64_t)len << 8) | (uint64_t)kind);

    for (; len > 8; p += 8, len -= 8) {
        h = mix(h, word_of(p, 8));
    }
    h = mix(h, word_of(p, len)) * MIX_B;
    h ^= h >> 32;
    h *= MIX_A;
    return (uint32_t)(h >> 32);
}

const char *pk_intel_key(int kind, const char *value)
{
    const char *scheme = kind == PK_INTEL_URL ? strstr(value, "://") : NULL;

    return scheme != NULL ? scheme + 3 : value;
}

uint32_t pk_intel_hash_value(uint64_t seed, int kind, const char *value)
{
    const char *key = pk_intel_key(kind, value);
    struct pk_intel_net net = { 0 };

    if (kind == PK_INTEL_IP) {
        (void)pk_intel_net_parse(value, strlen(value), &net);
        return pk_intel_hash(seed, kind, &net, sizeof(net));
    }
    return pk_intel_hash(seed, kind, key, strlen(key));
}
