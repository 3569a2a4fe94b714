/* plist_tree.h - what the readers of the three spellings share: the tree that grows, its limits, and
 * text of foreign encodings. Private to plist*.c. */
#pragma once

#include "formats/apple/plist.h"
#include "formats/limits.h"

struct pk_plist_frame {
    enum pk_plist_type type; /* ARRAY or DICT */
    size_t first;            /* its entries are the slots from here on */
    bool has_key;            /* DICT: a key waits for its value */
    struct pk_slice key;
};

struct pk_plist_slot {
    struct pk_slice key;
    struct pk_plist value;
};

/* Grows a tree from values as they come. End it with pk_plist_builder_finish(). */
struct pk_plist_builder {
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_error *err;
    struct pk_plist_frame frames[PK_PLIST_DEPTH_MAX];
    size_t depth;
    struct pk_plist_slot *slots; /* of the open containers, the innermost last */
    size_t slot_count;
    size_t slot_cap;
    size_t nodes;
    const struct pk_plist *root; /* the outermost value, once it is complete */
};

void pk_plist_builder_finish(struct pk_plist_builder *b);

/* NULL at the top. */
struct pk_plist_frame *pk_plist_builder_top(struct pk_plist_builder *b);
PK_MUST_USE int pk_plist_builder_key(struct pk_plist_builder *b, struct pk_slice key, size_t at);
PK_MUST_USE int pk_plist_builder_value(
        struct pk_plist_builder *b, const struct pk_plist *value, size_t at);
PK_MUST_USE int pk_plist_builder_open(
        struct pk_plist_builder *b, enum pk_plist_type type, size_t at);
/* Makes the innermost container a value of what encloses it. {CF$UID: n} is how text spells a UID;
 * uids says whether it is meant. */
PK_MUST_USE int pk_plist_builder_close(struct pk_plist_builder *b, bool uids, size_t at);

/* Drops values of keys that stand more than once. keys and items are of *count. PK_ENOMEM. */
PK_MUST_USE int pk_plist_unique(struct pk_slice *keys, struct pk_plist *items, size_t *count,
        bool keep_last, struct pk_anomalies *anomalies);

/* The places of a dictionary's entries in the order of their keys; at least one. The caller frees; NULL
 * when memory is short. */
size_t *pk_plist_sorted(const struct pk_plist *dict);

/* Fills *err with the sentence and the offset and returns code. */
int pk_plist_fail(struct pk_error *err, int code, size_t at, const char *format, ...)
        PK_PRINTF(4, 5);
#ifdef __clang_analyzer__
/* See error.h. NOLINTNEXTLINE(readability-identifier-naming) */
#define pk_plist_fail(err, code, at, ...) \
    ((void)(pk_plist_fail)((err), (code), (at), __VA_ARGS__), (code))
#endif

bool pk_plist_is_utf8(struct pk_slice text);
/* At most 4 bytes; returns how many. rune is no surrogate and below 0x110000. */
size_t pk_plist_put_utf8(uint32_t rune, uint8_t out[4]);
/* UTF-16 to UTF-8 in the arena; surrogates that stand alone become U+FFFD, an odd last byte is left
 * out. PK_ENOMEM. */
PK_MUST_USE int pk_plist_from_utf16(
        struct pk_slice in, bool big_endian, struct pk_arena *arena, struct pk_slice *out);
/* Text of a list as UTF-8 without a byte order mark, by that mark, the zeros of UTF-16 or the XML
 * declaration; borrowed from bytes where nothing changes. PK_EMALF: an encoding that we do not know, or
 * bytes that are not of it. */
PK_MUST_USE int pk_plist_decode_text(
        struct pk_slice bytes, struct pk_arena *arena, struct pk_slice *out, struct pk_error *err);

/* The readers of one spelling each. text is what pk_plist_decode_text() gave. */
PK_MUST_USE int pk_plist_binary(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out, struct pk_error *err);
PK_MUST_USE int pk_plist_xml(struct pk_slice text, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out, struct pk_error *err);
PK_MUST_USE int pk_plist_openstep(struct pk_slice text, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out, struct pk_error *err);
