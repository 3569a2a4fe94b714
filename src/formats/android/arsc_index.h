/* arsc_index.h - where the chunks of a resource table stand. Private to arsc*.c. */
#pragma once

#include "formats/android/arsc.h"
#include "formats/android/respool.h"

#define ARSC_NONE UINT32_MAX

enum {
    ARSC_SPARSE = 0x01,
    ARSC_OFFSET16 = 0x02,
};

/* One ResTable_type: the entries of one type for one configuration. Checked: header and table of
 * offsets lie inside the chunk, the chunk inside the file. */
struct arsc_type {
    struct pk_resconfig config;
    size_t at;      /* of the chunk */
    size_t header;  /* bytes */
    size_t size;    /* of the chunk */
    size_t count;   /* entries in the table of offsets */
    size_t entries; /* where they begin, from the chunk's begin */
    uint32_t next;  /* of the same type and package */
    uint32_t package;
    uint8_t id;
    uint8_t flags;
};

struct arsc_package {
    uint32_t id;
    const char *name;
    struct pk_respool type_names;
    struct pk_respool keys;
    uint32_t type_offset;
    uint32_t first[256]; /* by type id: index of the first struct arsc_type */
    uint32_t last[256];
};

/* What lookups change. */
struct arsc_work {
    struct pk_respool strings; /* the values */
    unsigned said;             /* what of strings.odd has been said */
    size_t steps;
    size_t text_bytes; /* decoded for answers */
};

struct pk_arsc {
    struct pk_slice in;
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct arsc_package *packages;
    size_t package_count;
    struct arsc_type *types;
    size_t type_count;
    bool has_default; /* something is there for every locale */
    struct arsc_work *work;
};
