/* random.h - numbers that look random and are the same for the same seed: a demonstration can be
 * shown twice. Never for secrets (crypt.h). splitmix64 (S. Vigna). */
#pragma once

#include <stdint.h>

struct pk_random {
    uint64_t state;
};

static inline uint64_t pk_random_next(struct pk_random *r)
{
    uint64_t z = (r->state += 0x9E3779B97F4A7C15U);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/* 0 .. n-1; n > 0. The bias is far below what a simulation shows. */
static inline int64_t pk_random_below(struct pk_random *r, int64_t n)
{
    return (int64_t)(pk_random_next(r) % (uint64_t)n);
}

/* low .. high, both included. */
static inline int64_t pk_random_between(struct pk_random *r, int64_t low, int64_t high)
{
    return low + pk_random_below(r, high - low + 1);
}

/* True in so many of a hundred cases. */
static inline int pk_random_percent(struct pk_random *r, int percent)
{
    return pk_random_below(r, 100) < percent;
}

/* A generator of its own for the thing with this number. */
static inline struct pk_random pk_random_of(uint64_t seed, uint64_t number)
{
    struct pk_random r = { .state = seed * 0xD1342543DE82EF95U + number };

    (void)pk_random_next(&r);
    return r;
}
