/* crowd_heard.h - what the server said of single things: pushed deltas, and answers of the second stage. By
 * fingerprint, kept in one file of the state folder that is replaced as a whole. Loop thread. */
#pragma once

#include "base/buffer.h"
#include "crowd/delta.h"
#include "crowd/prefix.h"

#define PK_HEARD_MAX  20000 /* things; then what is oldest gives way */
#define PK_HEARD_HEAD 24
#define PK_HEARD_ROW  44
#define PK_HEARD_FILE (PK_HEARD_HEAD + (size_t)PK_HEARD_MAX * PK_HEARD_ROW + 32)

struct pk_heard {
    uint64_t seq;
    uint64_t print40;
    int64_t heard_s;
    int64_t until_s;  /* when it has faded */
    uint32_t since_h; /* hours since 1970 that it is bad; 0: not told */
    uint16_t devices; /* 0: not told */
    uint16_t groups;
    uint8_t score;
    uint8_t cause; /* enum pk_sight_attack, or PK_PREFIX_NO_CAUSE */
    uint8_t kind;  /* enum pk_crowd_kind */
    bool bad;      /* false: withdrawn, or the filter's "maybe" was none */
};

struct pk_heard_list {
    uint32_t epoch;
    uint64_t seq; /* everything up to here was heard */
    struct pk_heard *items;
    size_t count;
    size_t cap;
};

void pk_heard_finish(struct pk_heard_list *list);

/* In the place of what was said of the same thing before. PK_ENOMEM. */
PK_MUST_USE int pk_heard_put(struct pk_heard_list *list, const struct pk_heard *heard);
/* NULL: nothing was said, or it has faded. Valid until the next put. */
const struct pk_heard *pk_heard_find(
        const struct pk_heard_list *list, enum pk_crowd_kind kind, uint64_t print, int64_t now_s);
/* Drops what keep says no to, and what has faded. */
void pk_heard_sweep(struct pk_heard_list *list, int64_t now_s,
        bool (*keep)(void *ctx, const struct pk_heard *heard), void *ctx);

/* Little-endian; ends with a SHA-256 over all before it. */
PK_MUST_USE int pk_heard_write(const struct pk_heard_list *list, struct pk_buffer *out);
/* PK_ETRUNC, PK_EMALF, PK_ELIMIT: nothing was read. PK_ENOMEM. */
PK_MUST_USE int pk_heard_read(struct pk_slice bytes, struct pk_heard_list *out);
