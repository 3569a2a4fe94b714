/* plist.h - property lists in all their spellings: binary, XML, OpenStep. One tree for all.
 *
 * Sources: CoreFoundation's CFBinaryPList.c and CFOldStylePList.c (grammar), Apple's
 * PropertyList-1.0.dtd; libplist as the second reading in the tests. Depth, counts and shared references are
 * bounded: a bplist whose objects refer to each other is refused at the limit, not followed. */
#pragma once

#include <stdint.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/anomaly.h"

enum pk_plist_type {
    PK_PLIST_NULL,
    PK_PLIST_BOOL,
    PK_PLIST_INT,
    PK_PLIST_REAL,
    PK_PLIST_DATE,
    PK_PLIST_DATA,
    PK_PLIST_STRING,
    PK_PLIST_UID,
    PK_PLIST_ARRAY,
    PK_PLIST_DICT,
};

struct pk_plist {
    enum pk_plist_type type;
    bool boolean;
    bool is_unsigned; /* of an INT above INT64_MAX: its bits are in integer */
    int64_t integer;
    double real;          /* REAL; DATE: seconds since 2001-01-01T00:00:00Z */
    struct pk_slice data; /* DATA; STRING: UTF-8 */
    size_t count;         /* ARRAY, DICT */
    const struct pk_plist *items;
    const struct pk_slice *keys; /* DICT: UTF-8, in the file's order */
};

enum pk_plist_spelling {
    PK_PLIST_BINARY,
    PK_PLIST_XML,
    PK_PLIST_OPENSTEP,
};

/* Tells the spelling by the first bytes and reads. *out lives in the arena (strings of it may point into
 * bytes). PK_ETRUNC, PK_EMALF with the offset, PK_ELIMIT, PK_ENOMEM. */
PK_MUST_USE int pk_plist_parse(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out,
        enum pk_plist_spelling *spelling, struct pk_error *err);

/* The value of a key, or NULL (also when dict is NULL or no dictionary). */
const struct pk_plist *pk_plist_get(const struct pk_plist *dict, const char *key);
/* The string of a key as clean text in the arena, or NULL. */
const char *pk_plist_text(const struct pk_plist *dict, const char *key, struct pk_arena *arena);

/* As JSON: data as base64, dates as RFC 3339, UIDs as {"UID": n}. The caller owns it; NULL when memory
 * is short. */
json_t *pk_plist_to_json(const struct pk_plist *value);
