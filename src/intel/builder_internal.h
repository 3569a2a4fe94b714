/* builder_internal.h - the inside of a builder, for the two files that it is made of. */
#pragma once

#include "intel/builder.h"
#include "intel/layout.h"

struct pk_build_row {
    uint32_t hash;
    uint32_t value;
    uint32_t family;
    uint32_t reference;
    uint32_t date;
    uint16_t source;
    uint8_t kind;
    uint8_t category;
    uint8_t weight;
    uint8_t flags;
};

struct pk_build_source {
    uint32_t name;
    uint32_t reference;
    uint32_t licence;
    uint32_t date;
    uint32_t indicators;
    uint32_t warnings;
    uint32_t signers;
    uint32_t apps;
};

struct pk_build_signer {
    uint32_t package;
    uint32_t cert;
    uint16_t source;
};

struct pk_build_app {
    uint64_t phash;
    uint64_t dhash;
    uint32_t package;
    uint32_t label;
    uint32_t cert;
    uint16_t source;
};

struct pk_intel_builder {
    struct pk_buffer pool; /* strings */
    uint32_t *table;       /* their places, by hash; 0: free */
    size_t table_size;     /* a power of two */
    size_t strings;
    uint64_t seed; /* of the table: random */
    struct pk_build_row *rows;
    size_t row_count, row_cap;
    struct pk_build_source *sources;
    size_t source_count, source_cap;
    struct pk_build_signer *signers;
    size_t signer_count, signer_cap;
    struct pk_build_app *apps;
    size_t app_count, app_cap;
};

static inline const char *pk_build_text(const struct pk_intel_builder *b, uint32_t offset)
{
    return b->pool.ptr + offset;
}
