/* fuse.h - binary fuse filter: "surely not in the set" for 64-bit keys, in 9 (width 8) or 18 (width 16)
 * bits a key. Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", 2022; three
 * places a key. It never misses a key that it was built from; of others it takes one in 256 (65,536)
 * for known.
 *
 * Files differ by who keeps them: they write shape and prints themselves. Built once, read by any
 * thread. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_fuse {
    uint64_t seed;
    uint32_t count;    /* keys */
    uint32_t segment;  /* entries, a power of two */
    uint32_t segments; /* where a key's first entry can lie; two more follow */
    unsigned width;    /* bits of an entry: 8 or 16 (little-endian) */
    const uint8_t *prints;
    uint8_t *owned; /* prints that pk_fuse_finish() frees; NULL: borrowed */
};

/* A good mix of 64 bits (the finisher of MurmurHash3). */
uint64_t pk_fuse_mix(uint64_t h);

/* Sorts the keys and leaves each once: *count becomes less. PK_ENOMEM; PK_ELIMIT: too many keys. */
PK_MUST_USE int pk_fuse_build(
        uint64_t *keys, size_t *count, unsigned width, struct pk_fuse *out, struct pk_error *err);
void pk_fuse_finish(struct pk_fuse *fuse);

bool pk_fuse_has(const struct pk_fuse *fuse, uint64_t key);

/* Bytes of prints; 0: no filter has such a shape. For readers of files, before anything else. */
size_t pk_fuse_size(const struct pk_fuse *fuse);
