/* plist_text.c - encodings of property lists. */
#include <strings.h>

#include "base/utf8.h"
#include "formats/apple/plist_tree.h"

#define REPLACEMENT 0xfffdU

bool pk_plist_is_utf8(struct pk_slice text)
{
    for (size_t i = 0; i < text.len;) {
        size_t n = text.ptr[i] < 0x80 ? 1 : pk_utf8_next(text.ptr + i, text.len - i, NULL);

        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

size_t pk_plist_put_utf8(uint32_t rune, uint8_t out[4])
{
    if (rune < 0x80) {
        out[0] = (uint8_t)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (uint8_t)(0xc0 | rune >> 6);
        out[1] = (uint8_t)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (uint8_t)(0xe0 | rune >> 12);
        out[1] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (rune & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | rune >> 18);
    out[1] = (uint8_t)(0x80 | (rune >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (rune & 0x3f));
    return 4;
}

static uint32_t unit_at(struct pk_slice in, size_t i, bool big_endian)
{
    uint32_t a = in.ptr[2 * i];
    uint32_t b = in.ptr[2 * i + 1];

    return big_endian ? a << 8 | b : b << 8 | a;
}

/* The character at unit *i, which moves on. */
static uint32_t utf16_next(struct pk_slice in, size_t units, size_t *i, bool big_endian)
{
    uint32_t unit = unit_at(in, (*i)++, big_endian);

    if (unit < 0xd800 || unit > 0xdfff) {
        return unit;
    }
    if (unit < 0xdc00 && *i < units) {
        uint32_t low = unit_at(in, *i, big_endian);

        if (low >= 0xdc00 && low <= 0xdfff) {
            (*i)++;
            return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return REPLACEMENT;
}

int pk_plist_from_utf16(
        struct pk_slice in, bool big_endian, struct pk_arena *arena, struct pk_slice *out)
{
    size_t units = in.len / 2;
    size_t len = 0;
    size_t used = 0;
    uint8_t scratch[4];
    uint8_t *text;

    for (size_t i = 0; i < units;) {
        len += pk_plist_put_utf8(utf16_next(in, units, &i, big_endian), scratch);
    }
    text = pk_arena_alloc(arena, 1, len > 0 ? len : 1);
    if (text == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < units;) {
        size_t n = pk_plist_put_utf8(utf16_next(in, units, &i, big_endian), scratch);

        memcpy(text + used, scratch, n);
        used += n;
    }
    *out = pk_slice_of(text, used);
    return PK_OK;
}

static int from_utf32(
        struct pk_slice in, bool big_endian, struct pk_arena *arena, struct pk_slice *out)
{
    uint8_t *text = pk_arena_alloc(arena, in.len / 4 + 1, 4);
    size_t used = 0;

    if (text == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i + 4 <= in.len; i += 4) {
        const uint8_t *p = in.ptr + i;
        uint32_t rune = big_endian
                ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];

        if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) {
            rune = REPLACEMENT;
        }
        used += pk_plist_put_utf8(rune, text + used);
    }
    *out = pk_slice_of(text, used);
    return PK_OK;
}

static int from_latin1(struct pk_slice in, struct pk_arena *arena, struct pk_slice *out)
{
    uint8_t *text = pk_arena_alloc(arena, in.len + 1, 2);
    size_t used = 0;

    if (text == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < in.len; i++) {
        used += pk_plist_put_utf8(in.ptr[i], text + used);
    }
    *out = pk_slice_of(text, used);
    return PK_OK;
}

static struct pk_slice after(struct pk_slice s, size_t n)
{
    return pk_slice_of(s.ptr + n, s.len - n);
}

static bool begins(struct pk_slice s, const char *mark, size_t len)
{
    return s.len >= len && memcmp(s.ptr, mark, len) == 0;
}

/* What stands in encoding="..." of an XML declaration; empty when there is none. */
static struct pk_slice declared(struct pk_slice text)
{
    static const char word[] = "encoding";
    const uint8_t *end;
    struct pk_slice none = { 0 };

    if (!begins(text, "<?xml", 5)) {
        return none;
    }
    end = memchr(text.ptr, '>', text.len < 512 ? text.len : 512);
    for (const uint8_t *p = text.ptr; end != NULL && p + sizeof(word) < end; p++) {
        const uint8_t *q = p + sizeof(word) - 1;
        const uint8_t *close;

        if (memcmp(p, word, sizeof(word) - 1) != 0) {
            continue;
        }
        while (q < end && (*q == ' ' || *q == '=')) {
            q++;
        }
        if (q == end || (*q != '"' && *q != '\'')) {
            return none;
        }
        close = memchr(q + 1, *q, (size_t)(end - q) - 1);
        return close != NULL ? pk_slice_of(q + 1, (size_t)(close - q) - 1) : none;
    }
    return none;
}

static bool is_name(struct pk_slice name, const char *known)
{
    return name.len == strlen(known) && strncasecmp((const char *)name.ptr, known, name.len) == 0;
}

/* Bytes of one byte a character, without a mark. */
static int decode_narrow(
        struct pk_slice bytes, struct pk_arena *arena, struct pk_slice *out, struct pk_error *err)
{
    struct pk_slice name = declared(bytes);
    char label[32] = "";

    if (is_name(name, "ISO-8859-1") || is_name(name, "latin1")) {
        return from_latin1(bytes, arena, out);
    }
    /* A declaration that can be read as it stands is not UTF-16, whatever it says. */
    if (name.len > 0 && !is_name(name, "UTF-8") && !is_name(name, "US-ASCII") &&
            !is_name(name, "ASCII") && !is_name(name, "UTF8") && !is_name(name, "UTF-16")) {
        memcpy(label, name.ptr, name.len < sizeof(label) ? name.len : sizeof(label) - 1);
        return pk_plist_fail(err, PK_EMALF, 0, "encoding '%s' is not known", label);
    }
    if (!pk_plist_is_utf8(bytes)) {
        return pk_plist_fail(err, PK_EMALF, 0, "text that is not UTF-8");
    }
    *out = bytes;
    return PK_OK;
}

int pk_plist_decode_text(
        struct pk_slice bytes, struct pk_arena *arena, struct pk_slice *out, struct pk_error *err)
{
    int rc;

    if (begins(bytes, "\0\0\xfe\xff", 4) || begins(bytes, "\xff\xfe\0\0", 4)) {
        rc = from_utf32(after(bytes, 4), bytes.ptr[0] == 0, arena, out);
    } else if (begins(bytes, "\xef\xbb\xbf", 3)) {
        return decode_narrow(after(bytes, 3), arena, out, err);
    } else if (begins(bytes, "\xfe\xff", 2) || begins(bytes, "\xff\xfe", 2)) {
        rc = pk_plist_from_utf16(after(bytes, 2), bytes.ptr[0] == 0xfe, arena, out);
    } else if (bytes.len >= 2 && (bytes.ptr[0] == 0) != (bytes.ptr[1] == 0)) {
        rc = pk_plist_from_utf16(bytes, bytes.ptr[0] == 0, arena, out);
    } else {
        return decode_narrow(bytes, arena, out, err);
    }
    return rc < 0 ? pk_error_set(err, rc, "out of memory") : PK_OK;
}
