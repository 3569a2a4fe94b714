/* filter.h - "surely not known" for names, in about nine bits a name: a binary fuse filter (Graf and Lemire,
 * "Binary Fuse Filters: Fast and Smaller Than Xor Filters", 2022) over the domains of the sets. It never
 * misses a name that it was built from; of other names it takes one in 256 for known. So a "yes" is
 * always checked in the sets themselves, and nearly all names of a day never touch their pages.
 *
 * Built once and read by any thread. Kept in a file between starts, with the digests of the sets that it
 * was built from; such a file is checked, not trusted. */
#pragma once

#include "base/buffer.h"
#include "intel/set.h"

struct pk_intel_filter;

/* Of all domains of the sets (NULL ends them), and of the hosts of URLs without a path. PK_ENOMEM. */
PK_MUST_USE int pk_intel_filter_build(
        const struct pk_intel_set *const *sets, struct pk_intel_filter **out, struct pk_error *err);
/* Reads what pk_intel_filter_write() wrote. PK_ETRUNC, PK_EMALF; PK_ENOENT: it is of other sets. */
PK_MUST_USE int pk_intel_filter_open(struct pk_slice bytes, const struct pk_intel_set *const *sets,
        struct pk_intel_filter **out, struct pk_error *err);
int pk_intel_filter_write(const struct pk_intel_filter *filter, struct pk_buffer *out);
void pk_intel_filter_destroy(struct pk_intel_filter *filter); /* NULL is fine */

/* A name in lower case without a last dot: false when neither it nor a parent is known. */
bool pk_intel_filter_maybe(const struct pk_intel_filter *filter, const char *name);

size_t pk_intel_filter_count(const struct pk_intel_filter *filter); /* names */
size_t pk_intel_filter_size(const struct pk_intel_filter *filter);  /* bytes */
