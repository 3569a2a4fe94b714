/* import.h - other people's feeds into a builder: STIX 2, MISP events and warning lists, tables, YAML,
 * plain lists, packed or not, told by their content. A row that makes no sense is counted and named; the rest goes on.
 * Feeds are hostile input: each reader has its limits. One thread. */
#pragma once

#include "intel/builder.h"

struct pk_intel_import;

struct pk_intel_import_settings {
    const char *source;    /* all files are of this feed; NULL: told by the path */
    const char *licence;   /* of that feed; NULL */
    const char *reference; /* NULL */
    const char *date;      /* of the lists, for entries that tell none: "YYYY-MM-DD"; NULL */
    int category;          /* enum pk_intel_category; 0: as the feed says */
    int kind;              /* of plain lists; -1: by name and content */
    int64_t now_ms;        /* what has expired by then is left out; 0: nothing has */
    void *to;              /* for skipped() */
    /* A row that was left out (value: borrowed, not clean for a terminal; line 0: none). NULL is fine. */
    void (*skipped)(void *to, const char *file, size_t line, const char *why, const char *value);
};

/* What became of one file. */
struct pk_intel_file_result {
    const char *format; /* "stix", "misp", ...; NULL: not read */
    size_t rows;        /* values taken */
    size_t skipped;     /* values left out */
    char source[128];   /* "" */
    char why[128];      /* nothing was taken as a whole; "" */
};

/* Why values were left out. */
struct pk_intel_skip {
    const char *why; /* static text */
    size_t count;
    char first[160]; /* "file:line" of the first one */
};

#define PK_INTEL_FILE_MAX \
    (64UL * 1024 * 1024) /* of one feed, as it lies there: 20 times the largest known */
#define PK_INTEL_UNPACKED_MAX (256UL * 1024 * 1024) /* unpacked */
#define PK_INTEL_JSON_MAX \
    (32UL * 1024 * 1024) /* of JSON, unpacked: a tree takes up to 20 times its text */
#define PK_INTEL_FEED_ROWS_MAX \
    (4UL * 1024 * 1024)         /* values of one feed: 50 times the largest known */
#define PK_INTEL_SKIPS_MAX 64UL /* different reasons */

/* builder and settings are borrowed. NULL: out of memory. */
struct pk_intel_import *pk_intel_import_create(
        struct pk_intel_builder *builder, const struct pk_intel_import_settings *settings);
void pk_intel_import_destroy(struct pk_intel_import *run); /* NULL is fine */

/* A feed in memory; path is what it is called, and tells feed, family and kind of plain lists. A feed that cannot be
 * used is no error: result->why says it. Errors end the whole import: out of memory, set full. */
PK_MUST_USE int pk_intel_import_bytes(struct pk_intel_import *run, const char *path,
        struct pk_slice bytes, struct pk_intel_file_result *result, struct pk_error *err);

/* Reasons so far; true: index was below their number. */
bool pk_intel_import_skip_at(
        const struct pk_intel_import *run, size_t index, struct pk_intel_skip *out);
