/* set_internal.h - the inside of a set, for the files that read it. */
#pragma once

#include "base/crypt.h"
#include "intel/layout.h"
#include "intel/set.h"

struct pk_intel_set {
    struct pk_slice bytes;
    struct pk_slice section[PK_SEC_COUNT];
    size_t count[PK_SEC_COUNT]; /* entries of each */
    uint64_t seed;
    uint64_t nets[2][3]; /* of indicators, of warnings */
    uint32_t bits;
    uint32_t kinds;
    uint32_t warned;
    bool mapped;
};

/* A set whose frame is checked and nothing else; bytes may change while it is looked at (builder). */
PK_MUST_USE int pk_intel_set_view(
        struct pk_slice bytes, struct pk_intel_set **out, struct pk_error *err);

/* Over everything but the magic and the time of building. */
void pk_intel_set_digest(struct pk_slice bytes, uint8_t out[PK_SHA256_SIZE]);

/* index < count of rows. */
static inline const uint8_t *pk_set_row(const struct pk_intel_set *set, size_t index)
{
    return set->section[PK_SEC_ROWS].ptr + index * PK_ROW_SIZE;
}

/* The text at an offset; "" for one beyond the end. The last byte of the section is a NUL. */
static inline const char *pk_set_string(const struct pk_intel_set *set, uint32_t offset)
{
    struct pk_slice strings = set->section[PK_SEC_STRINGS];

    return (const char *)strings.ptr + (offset < strings.len ? offset : 0);
}

/* The same; NULL for "no text". */
static inline const char *pk_set_text(const struct pk_intel_set *set, uint32_t offset)
{
    const char *text = pk_set_string(set, offset);

    return text[0] != '\0' ? text : NULL;
}

const char *pk_set_source_name(const struct pk_intel_set *set, size_t source); /* "" when absent */

/* Everything of a row but the value that was asked for and the warning list. */
void pk_set_hit(const struct pk_intel_set *set, size_t index, struct pk_intel_hit *out);

/* Is it a package or certificate that the set knows as good? *signer (NULL is fine): what it knows. */
bool pk_set_is_good(const struct pk_intel_set *set, int kind, const char *value,
        struct pk_intel_signer *signer);

/* What a warning says about an indicator: 0 nothing, else the row of the warning, from 1. *shared: it only
 * says that many use the place. */
size_t pk_set_warning(const struct pk_intel_set *set, int kind, const char *value, bool *shared);
