/* stix_pattern.h - patterns of STIX 2: what of them stands for itself.
 *
 *   [domain-name:value = 'a.example' OR ipv4-addr:value = '192.0.2.1']
 *
 * Every "=" and "IN" that alone makes the pattern true is told. A pattern that needs several things at once
 * is only used where one of them identifies a file by itself (a hash); the rest is said to be "combined". */
#pragma once

#include "base/error.h"
#include "intel/kind.h"

#define PK_STIX_PATTERN_MAX (64UL * 1024) /* bytes of a pattern */
#define PK_STIX_TERMS_MAX   1024UL        /* comparisons in it */

struct pk_stix_term {
    int kind; /* enum pk_intel_kind; -1: of a property that is not used */
    char path[96];
    char value[PK_INTEL_VALUE_MAX];
};

/* Calls take for each value; its result < 0 ends. combined: how many terms were left out since they hold only
 * together with others. PK_EMALF: not a pattern; PK_ELIMIT. */
PK_MUST_USE int pk_stix_pattern(const char *pattern, size_t len,
        int (*take)(void *to, const struct pk_stix_term *term), void *to, size_t *combined);
