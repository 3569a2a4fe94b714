#include "formats/android/respool.h"

#include "base/reader.h"
#include "formats/limits.h"

#define HEADER_SIZE 28UL
#define FLAG_UTF8   0x100U
#define RUNE_BAD    0xfffdU

/* aapt wrote the lengths of UTF-8 strings beyond 32767 bytes cut to 15 bits; the platform tries the
 * longer ones until one ends with NUL. Longer than 64 times that nobody has seen. */
#define CUT_TRIES_MAX 64UL

/* Nothing that is asked for by name or shown to people is longer; a pool may point a million offsets
 * at the same megabyte. */
#define TEXT_MAX (64UL * 1024)

/* The bytes of one string where they stand. */
struct stored {
    struct pk_slice bytes;
    bool utf8;
};

static uint32_t le16_at(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32_at(const uint8_t *p)
{
    return le16_at(p) | le16_at(p + 2) << 16;
}

static bool is_terminated(const struct pk_respool *pool)
{
    const uint8_t *end = pool->chunk.ptr + pool->end;
    size_t len = pool->end - pool->begin;

    if (pool->utf8) {
        return len >= 1 && end[-1] == 0;
    }
    len &= ~(size_t)1;
    end = pool->chunk.ptr + pool->begin + len;
    return len >= 2 && end[-1] == 0 && end[-2] == 0;
}

/* The range of the strings, and how many offsets there is room for. */
static void measure(
        struct pk_respool *pool, size_t header, size_t begin, size_t styles, size_t styles_begin)
{
    size_t size = pool->chunk.len;
    size_t room;

    if (begin > size || (begin < header && pool->claimed > 0)) {
        pool->odd |= PK_RESPOOL_BOUNDS;
    }
    pool->begin = begin < size ? begin : size;
    pool->end = size;
    if (styles > 0) {
        if (styles_begin > begin && styles_begin <= size) {
            pool->end = styles_begin;
        } else {
            pool->odd |= PK_RESPOOL_BOUNDS;
        }
    }
    room = (size - header) / 4;
    pool->count = pool->claimed < room ? pool->claimed : room;
    if (pool->count > PK_RESPOOL_STRINGS_MAX) {
        pool->count = PK_RESPOOL_STRINGS_MAX;
    }
    if (pool->count != pool->claimed) {
        pool->odd |= PK_RESPOOL_COUNT;
    }
    /* Every builder puts the offsets of strings and styles right before the strings. */
    if (pool->claimed > 0 && begin >= header && begin <= size &&
            (begin - header) / 4 != pool->claimed + styles) {
        pool->odd |= PK_RESPOOL_COUNT;
    }
}

int pk_respool_open(struct pk_slice chunk, struct pk_respool *out)
{
    struct pk_reader r = pk_reader_of(chunk);
    struct pk_respool pool = { .chunk = chunk };
    size_t header;
    size_t styles;
    uint32_t flags;
    size_t begin;
    size_t styles_begin;

    pk_read_skip(&r, 2);
    header = pk_read_le16(&r);
    pk_read_skip(&r, 4);
    pool.claimed = pk_read_le32(&r);
    styles = pk_read_le32(&r);
    flags = pk_read_le32(&r);
    begin = pk_read_le32(&r);
    styles_begin = pk_read_le32(&r);
    if (r.rc < 0) {
        return r.rc;
    }
    if (header < HEADER_SIZE || header > chunk.len) {
        pool.odd |= PK_RESPOOL_BOUNDS;
        header = HEADER_SIZE;
    }
    pool.utf8 = (flags & FLAG_UTF8) != 0;
    pool.offsets = header;
    measure(&pool, header, begin, styles, styles_begin);
    if (pool.count > 0 && !is_terminated(&pool)) {
        pool.odd |= PK_RESPOOL_END;
    }
    *out = pool;
    return PK_OK;
}

/* A length of one or two units; false when it is not there. */
static bool take_length8(const struct pk_respool *pool, size_t *at, size_t *len)
{
    const uint8_t *p = pool->chunk.ptr;

    if (*at >= pool->end) {
        return false;
    }
    *len = p[(*at)++];
    if ((*len & 0x80) != 0) {
        if (*at >= pool->end) {
            return false;
        }
        *len = (*len & 0x7f) << 8 | p[(*at)++];
    }
    return true;
}

static bool take_length16(const struct pk_respool *pool, size_t *at, size_t *len)
{
    const uint8_t *p = pool->chunk.ptr;

    if (pool->end - *at < 2) {
        return false;
    }
    *len = le16_at(p + *at);
    *at += 2;
    if ((*len & 0x8000) != 0) {
        if (pool->end - *at < 2) {
            return false;
        }
        *len = (*len & 0x7fff) << 16 | le16_at(p + *at);
        *at += 2;
    }
    return true;
}

/* Where the string that begins at `at` really ends, given the 15 bits of its length. */
static size_t end_of_utf8(struct pk_respool *pool, size_t at, size_t len)
{
    size_t room = pool->end - at;

    for (size_t i = 0; i < CUT_TRIES_MAX && (i << 15 | len) < room; i++) {
        if (pool->chunk.ptr[at + (i << 15 | len)] == 0) {
            return i << 15 | len;
        }
    }
    pool->odd |= PK_RESPOOL_NUL;
    if (len > room) {
        pool->odd |= PK_RESPOOL_STRING;
        return room;
    }
    return len;
}

static size_t end_of_utf16(struct pk_respool *pool, size_t at, size_t units)
{
    size_t room = (pool->end - at) / 2;

    if (units > room) {
        pool->odd |= PK_RESPOOL_STRING;
        return room * 2;
    }
    if (units == room || le16_at(pool->chunk.ptr + at + units * 2) != 0) {
        pool->odd |= PK_RESPOOL_NUL;
    }
    return units * 2;
}

static bool find_string(struct pk_respool *pool, uint32_t index, struct stored *out)
{
    size_t offset;
    size_t at;
    size_t len;

    if (index >= pool->count) {
        return false;
    }
    offset = le32_at(pool->chunk.ptr + pool->offsets + (size_t)index * 4);
    if (offset >= pool->end - pool->begin) {
        pool->odd |= PK_RESPOOL_STRING;
        return false;
    }
    /* The platform counts offsets of UTF-16 strings in whole units. */
    at = pool->begin + (pool->utf8 ? offset : offset & ~(size_t)1);
    if (pool->utf8) {
        bool whole = take_length8(pool, &at, &len); /* in UTF-16 units */

        whole = whole && take_length8(pool, &at, &len);
        if (!whole) {
            pool->odd |= PK_RESPOOL_STRING;
            return false;
        }
        len = end_of_utf8(pool, at, len);
    } else {
        if (!take_length16(pool, &at, &len)) {
            pool->odd |= PK_RESPOOL_STRING;
            return false;
        }
        len = end_of_utf16(pool, at, len);
    }
    *out = (struct stored){ .bytes = { pool->chunk.ptr + at, len }, .utf8 = pool->utf8 };
    return true;
}

/* --- decoding: every rune is written as UTF-8, a lone surrogate or a bad sequence as U+FFFD */

static size_t put_rune(char *out, uint32_t rune)
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xc0 | rune >> 6);
        out[1] = (char)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xe0 | rune >> 12);
        out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
        out[2] = (char)(0x80 | (rune & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | rune >> 18);
    out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
    out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
    out[3] = (char)(0x80 | (rune & 0x3f));
    return 4;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

static uint32_t join(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static uint32_t next_utf16(struct pk_slice *in, bool *bad)
{
    uint32_t unit = le16_at(in->ptr);
    size_t used = 2;

    if (is_high(unit) && in->len >= 4 && is_low(le16_at(in->ptr + 2))) {
        unit = join(unit, le16_at(in->ptr + 2));
        used = 4;
    } else if (is_high(unit) || is_low(unit)) {
        unit = RUNE_BAD;
        *bad = true;
    }
    in->ptr += used;
    in->len -= used;
    return unit;
}

/* One sequence of one to four bytes, surrogates included; 0 when it is none. */
static size_t sequence(struct pk_slice in, uint32_t *rune)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t first = in.ptr[0];
    size_t len = first < 0x80  ? 1
            : first >> 5 == 6  ? 2
            : first >> 4 == 14 ? 3
            : first >> 3 == 30 ? 4
                               : 0;

    if (len == 0 || len > in.len) {
        return 0;
    }
    *rune = len == 1 ? first : first & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((in.ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
        *rune = *rune << 6 | (in.ptr[i] & 0x3fU);
    }
    return *rune >= least[len] && *rune <= 0x10ffff ? len : 0;
}

/* aapt2 writes what Java calls modified UTF-8: two surrogates, three bytes each. */
static uint32_t next_utf8(struct pk_slice *in, bool *bad)
{
    uint32_t rune;
    uint32_t low;
    size_t used = sequence(*in, &rune);

    if (used == 3 && is_high(rune) && in->len >= 6 &&
            sequence((struct pk_slice){ in->ptr + 3, in->len - 3 }, &low) == 3 && is_low(low)) {
        rune = join(rune, low);
        used = 6;
    } else if (used == 0 || is_high(rune) || is_low(rune)) {
        rune = RUNE_BAD;
        used = used == 0 ? 1 : used;
        *bad = true;
    }
    in->ptr += used;
    in->len -= used;
    return rune;
}

/* Writes the text without its NUL when out is not NULL; the number of bytes it takes. */
static size_t decode(const struct stored *s, char *out, unsigned *odd)
{
    struct pk_slice in = s->bytes;
    size_t used = 0;
    bool bad = false;
    char spare[4];

    while (in.len >= (s->utf8 ? 1U : 2U)) {
        uint32_t rune = s->utf8 ? next_utf8(&in, &bad) : next_utf16(&in, &bad);

        if (rune == 0) {
            *odd |= PK_RESPOOL_NUL;
            break;
        }
        used += put_rune(out != NULL ? out + used : spare, rune);
    }
    if (bad) {
        *odd |= PK_RESPOOL_TEXT;
    }
    return used;
}

int pk_respool_text(
        struct pk_respool *pool, uint32_t index, struct pk_arena *arena, const char **out)
{
    struct stored s;
    char *text;
    size_t len;

    if (!find_string(pool, index, &s)) {
        return PK_ENOENT;
    }
    if (s.bytes.len > TEXT_MAX) {
        s.bytes.len = TEXT_MAX;
        pool->odd |= PK_RESPOOL_LONG;
    }
    len = decode(&s, NULL, &pool->odd);
    text = pk_arena_alloc(arena, 1, len + 1);
    if (text == NULL) {
        return PK_ENOMEM;
    }
    decode(&s, text, &pool->odd);
    *out = text;
    return PK_OK;
}
