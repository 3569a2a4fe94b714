/* limits.h - how often somebody may do something: token buckets by name, in a table of fixed size.
 * When it is full, the bucket that has the most left is forgotten: whoever is held back stays held
 * back. Any thread. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

struct pk_limits;

/* per_minute refill, burst at most that many at once; slots is rounded up. NULL: memory is short. */
struct pk_limits *pk_limits_create(int64_t per_minute, int64_t burst, unsigned slots);
void pk_limits_destroy(struct pk_limits *limits);

/* Takes one. Otherwise false and after how many seconds (at least 1) there is one again. */
bool pk_limits_take(struct pk_limits *limits, const char *who, int64_t now_ms, int *retry_s);
/* Whether there is one, without taking it. */
bool pk_limits_has(struct pk_limits *limits, const char *who, int64_t now_ms, int *retry_s);

/* What stands for an address: itself, or of IPv6 the /64, which one host owns as a whole. */
#define PK_LIMITS_ADDRESS 64
void pk_limits_address(const char *address, char out[PK_LIMITS_ADDRESS]);
