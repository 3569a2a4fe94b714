/* plist.h - property lists in all their spellings: binary, XML, OpenStep. One tree for all.
 *
 * Sources: CoreFoundation's CFBinaryPList.c and CFOldStylePList.c (grammar), Apple's
 * PropertyList-1.0.dtd; libplist as the second reading in the tests. Depth, counts and shared
 * references are bounded: a bplist whose objects refer to each other is refused, and one that repeats
 * the same objects is refused where a reader of its tree would meet too many (limits.h). */
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
    /* DICT: UTF-8, in the file's order. A key stands once: of two values the one that the platform
     * takes is kept, and the anomaly says so. */
    const struct pk_slice *keys;
};

enum pk_plist_spelling {
    PK_PLIST_BINARY,
    PK_PLIST_XML,
    PK_PLIST_OPENSTEP,
};

/* Tells the spelling by the first bytes and reads. *out lives in the arena (strings of it may point
 * into bytes). PK_ETRUNC, PK_EMALF with the offset (plist.malformed says the same), PK_ELIMIT
 * (limit.nesting, limit.plist), PK_ENOMEM. spelling may be NULL. */
PK_MUST_USE int pk_plist_parse(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out,
        enum pk_plist_spelling *spelling, struct pk_error *err);

/* True when the first bytes are those of a binary or XML list. OpenStep's have no mark. */
bool pk_plist_magic(struct pk_slice bytes);

/* True when the bytes may be an OpenStep list: they begin as a dictionary, a list, or a line of a
 * .strings file, in UTF-8 or UTF-16. Looks at the first few kilobytes only. */
bool pk_plist_maybe_openstep(struct pk_slice bytes);

/* The value of a key, or NULL (also when dict is NULL or no dictionary). */
const struct pk_plist *pk_plist_get(const struct pk_plist *dict, const char *key);
/* The same when it is of this type, else NULL. */
const struct pk_plist *pk_plist_get_as(
        const struct pk_plist *dict, const char *key, enum pk_plist_type type);
/* The string of a key as clean text in the arena, or NULL. */
const char *pk_plist_text(const struct pk_plist *dict, const char *key, struct pk_arena *arena);
/* A DATE as RFC 3339 in the arena; "" when it is NULL, none or outside the years 1 to 9999; NULL when
 * memory is short. */
const char *pk_plist_date_text(const struct pk_plist *value, struct pk_arena *arena);

/* How many values the tree has, at most max: for a look before writing it out. */
size_t pk_plist_count(const struct pk_plist *value, size_t max);

/* The same values, whatever the order of the keys. */
bool pk_plist_eq(const struct pk_plist *a, const struct pk_plist *b);

/* As JSON: data as base64, dates as RFC 3339, UIDs as {"UID": n}, NUL in text as U+FFFD, numbers that
 * JSON lacks as text ("nan", "inf", "18446744073709551615"). The caller owns it; NULL when memory is short. */
json_t *pk_plist_to_json(const struct pk_plist *value);
/* The same with at most depth levels of arrays and objects: what lies deeper stands as the text "...". */
json_t *pk_plist_to_json_within(const struct pk_plist *value, size_t depth);
