/* plist_openstep.c - property lists as NeXT wrote them, and .strings files, which are the inside of a
 * dictionary. Grammar and leniency are those of CoreFoundation's CFOldStylePList.c. */
#include "base/buffer.h"
#include "formats/apple/plist_tree.h"

#define LOOK_MAX 4096 /* characters that tell whether it may be a list; comments stand in front */

struct openstep {
    struct pk_slice in;
    size_t pos;
    bool strings; /* the top is the inside of a dictionary */
    struct pk_plist_builder b;
};

/* Characters from 0x80 on as "\200" and later spell them. */
static const uint16_t nextstep[128] = {
    0x00a0,
    0x00c0,
    0x00c1,
    0x00c2,
    0x00c3,
    0x00c4,
    0x00c5,
    0x00c7,
    0x00c8,
    0x00c9,
    0x00ca,
    0x00cb,
    0x00cc,
    0x00cd,
    0x00ce,
    0x00cf,
    0x00d0,
    0x00d1,
    0x00d2,
    0x00d3,
    0x00d4,
    0x00d5,
    0x00d6,
    0x00d9,
    0x00da,
    0x00db,
    0x00dc,
    0x00dd,
    0x00de,
    0x00b5,
    0x00d7,
    0x00f7,
    0x00a9,
    0x00a1,
    0x00a2,
    0x00a3,
    0x2044,
    0x00a5,
    0x0192,
    0x00a7,
    0x00a4,
    0x2019,
    0x201c,
    0x00ab,
    0x2039,
    0x203a,
    0xfb01,
    0xfb02,
    0x00ae,
    0x2013,
    0x2020,
    0x2021,
    0x00b7,
    0x00a6,
    0x00b6,
    0x2022,
    0x201a,
    0x201e,
    0x201d,
    0x00bb,
    0x2026,
    0x2030,
    0x00ac,
    0x00bf,
    0x00b9,
    0x02cb,
    0x00b4,
    0x02c6,
    0x02dc,
    0x00af,
    0x02d8,
    0x02d9,
    0x00a8,
    0x00b2,
    0x02da,
    0x00b8,
    0x00b3,
    0x02dd,
    0x02db,
    0x02c7,
    0x2014,
    0x00b1,
    0x00bc,
    0x00bd,
    0x00be,
    0x00e0,
    0x00e1,
    0x00e2,
    0x00e3,
    0x00e4,
    0x00e5,
    0x00e7,
    0x00e8,
    0x00e9,
    0x00ea,
    0x00eb,
    0x00ec,
    0x00c6,
    0x00ed,
    0x00aa,
    0x00ee,
    0x00ef,
    0x00f0,
    0x00f1,
    0x0141,
    0x00d8,
    0x0152,
    0x00ba,
    0x00f2,
    0x00f3,
    0x00f4,
    0x00f5,
    0x00f6,
    0x00e6,
    0x00f9,
    0x00fa,
    0x00fb,
    0x0131,
    0x00fc,
    0x00fd,
    0x0142,
    0x00f8,
    0x0153,
    0x00df,
    0x00fe,
    0x00ff,
    0xfffd,
    0xfffd,
};

static int fail(struct openstep *o, int code, const char *what)
{
    return pk_plist_fail(o->b.err, code, o->pos, "%s", what);
}

static int peek(const struct openstep *o, size_t ahead)
{
    return ahead < o->in.len - o->pos ? o->in.ptr[o->pos + ahead] : -1;
}

/* U+2028 and U+2029, the line and paragraph separators. */
static bool at_separator(const struct openstep *o)
{
    return peek(o, 0) == 0xe2 && peek(o, 1) == 0x80 && (peek(o, 2) | 1) == 0xa9;
}

/* Passes white space and comments; a comment that does not end goes to the end. */
static void skip_space(struct openstep *o)
{
    for (;;) {
        int c = peek(o, 0);

        if (c == ' ' || (c >= 9 && c <= 13)) {
            o->pos++;
        } else if (at_separator(o)) {
            o->pos += 3;
        } else if (c == '/' && peek(o, 1) == '/') {
            while (peek(o, 0) >= 0 && peek(o, 0) != '\n' && peek(o, 0) != '\r' &&
                    !at_separator(o)) {
                o->pos++;
            }
        } else if (c == '/' && peek(o, 1) == '*') {
            const uint8_t *from = o->in.ptr + o->pos + 2;
            const uint8_t *end = memmem(from, o->in.len - o->pos - 2, "*/", 2);

            o->pos = end != NULL ? (size_t)(end - o->in.ptr) + 2 : o->in.len;
        } else {
            return;
        }
    }
}

static bool is_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
            c == '$' || c == '/' || c == ':' || c == '.' || c == '-';
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to four hexadecimal digits. */
static uint32_t hex_unit(struct openstep *o)
{
    uint32_t unit = 0;

    for (int i = 0; i < 4 && peek(o, 0) >= 0 && hex_digit(peek(o, 0)) >= 0; i++) {
        unit = unit << 4 | (uint32_t)hex_digit(peek(o, 0));
        o->pos++;
    }
    return unit;
}

/* Behind "\U": one UTF-16 unit, or two when the next escape is its other half. */
static uint32_t unicode_escape(struct openstep *o)
{
    uint32_t unit = hex_unit(o);

    if (unit >= 0xd800 && unit < 0xdc00 && peek(o, 0) == '\\' && peek(o, 1) == 'U') {
        size_t before = o->pos;
        uint32_t low;

        o->pos += 2;
        low = hex_unit(o);
        if (low >= 0xdc00 && low < 0xe000) {
            return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
        o->pos = before;
    }
    return unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit;
}

/* Behind a backslash, which is not the last byte. */
static uint32_t escape(struct openstep *o)
{
    static const char letters[] = "abfnrtv";
    static const char meant[] = "\a\b\f\n\r\t\v";
    int c = peek(o, 0);
    const char *letter;
    uint32_t value = 0;

    if (c >= '0' && c <= '7') {
        for (int i = 0; i < 3 && peek(o, 0) >= '0' && peek(o, 0) <= '7'; i++) {
            value = (value << 3 | (uint32_t)(peek(o, 0) - '0')) & 0xff;
            o->pos++;
        }
        return value < 0x80 ? value : nextstep[value - 0x80];
    }
    o->pos++;
    if (c == 'U') {
        return unicode_escape(o);
    }
    letter = c != 0 ? strchr(letters, c) : NULL;
    return letter != NULL ? (uint32_t)meant[letter - letters] : (uint32_t)c;
}

/* A quoted string with escapes, from behind its quote to behind the other one. */
static int unescape(struct openstep *o, int quote, struct pk_buffer *out)
{
    while (peek(o, 0) >= 0 && peek(o, 0) != quote) {
        uint8_t utf8[4];
        int rc;

        if (peek(o, 0) != '\\') {
            rc = pk_buffer_putc(out, (char)peek(o, 0));
            o->pos++;
        } else if (peek(o, 1) < 0x80 && peek(o, 1) >= 0) {
            o->pos++;
            rc = pk_buffer_put(out, utf8, pk_plist_put_utf8(escape(o), utf8));
        } else { /* a backslash before a character of several bytes: it alone goes */
            o->pos++;
            rc = PK_OK;
        }
        if (rc < 0) {
            return pk_error_set(o->b.err, PK_ENOMEM, "out of memory");
        }
    }
    if (peek(o, 0) < 0) {
        return fail(o, PK_ETRUNC, "a quoted string does not end");
    }
    o->pos++;
    return PK_OK;
}

static int quoted(struct openstep *o, struct pk_slice *out)
{
    int quote = peek(o, 0);
    size_t from = ++o->pos;
    struct pk_buffer text;
    uint8_t *copy;
    int rc;

    while (peek(o, 0) >= 0 && peek(o, 0) != quote && peek(o, 0) != '\\') {
        o->pos++;
    }
    if (peek(o, 0) == quote) {
        *out = pk_slice_of(o->in.ptr + from, o->pos++ - from);
        return PK_OK;
    }
    o->pos = from;
    text = pk_buffer_of(o->in.len + 1);
    rc = unescape(o, quote, &text);
    if (rc == PK_OK) {
        copy = pk_arena_alloc(o->b.arena, text.len + 1, 1);
        if (copy == NULL) {
            rc = pk_error_set(o->b.err, PK_ENOMEM, "out of memory");
        } else if (text.len > 0) {
            memcpy(copy, text.ptr, text.len);
        }
        *out = pk_slice_of(copy, text.len);
    }
    pk_buffer_finish(&text);
    return rc;
}

/* PK_ENOENT: no string begins here. */
static int string(struct openstep *o, struct pk_slice *out)
{
    size_t from = o->pos;

    if (peek(o, 0) == '"' || peek(o, 0) == '\'') {
        return quoted(o, out);
    }
    while (is_bare(peek(o, 0))) {
        o->pos++;
    }
    *out = pk_slice_of(o->in.ptr + from, o->pos - from);
    return out->len > 0 ? PK_OK : PK_ENOENT;
}

/* <0fbd77 1c2735ae> from behind the bracket. */
static int data(struct openstep *o, struct pk_plist *out)
{
    const uint8_t *from = o->in.ptr + o->pos;
    const uint8_t *end = memchr(from, '>', o->in.len - o->pos);
    uint8_t *bytes;
    size_t used = 0;

    if (end == NULL) {
        return fail(o, PK_ETRUNC, "data do not end");
    }
    bytes = pk_arena_alloc(o->b.arena, (size_t)(end - from) / 2 + 1, 1);
    if (bytes == NULL) {
        return pk_error_set(o->b.err, PK_ENOMEM, "out of memory");
    }
    while (peek(o, 0) != '>') {
        int c = peek(o, 0);

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            o->pos++;
            continue;
        }
        if (hex_digit(c) < 0 || hex_digit(peek(o, 1)) < 0) {
            return fail(o, PK_EMALF, "data that are not pairs of hexadecimal digits");
        }
        bytes[used++] = (uint8_t)(hex_digit(c) << 4 | hex_digit(peek(o, 1)));
        o->pos += 2;
    }
    o->pos++;
    *out = (struct pk_plist){ .type = PK_PLIST_DATA, .data = pk_slice_of(bytes, used) };
    return PK_OK;
}

/* One value, or the beginning of a container. PK_ENOENT: none begins here. */
static int object(struct openstep *o)
{
    struct pk_plist value = { .type = PK_PLIST_STRING };
    size_t at = o->pos;
    int rc;

    switch (peek(o, 0)) {
    case '{':
        o->pos++;
        return pk_plist_builder_open(&o->b, PK_PLIST_DICT, at);
    case '(':
        o->pos++;
        return pk_plist_builder_open(&o->b, PK_PLIST_ARRAY, at);
    case '<':
        o->pos++;
        rc = data(o, &value);
        break;
    default:
        rc = string(o, &value.data);
        break;
    }
    return rc < 0 ? rc : pk_plist_builder_value(&o->b, &value, at);
}

/* Behind a value that is complete: "," in an array, ";" in a dictionary. */
static int after_value(struct openstep *o)
{
    struct pk_plist_frame *top = pk_plist_builder_top(&o->b);

    skip_space(o);
    if (top == NULL) {
        return PK_OK;
    }
    if (top->type == PK_PLIST_ARRAY) {
        if (peek(o, 0) == ',') {
            o->pos++;
            return PK_OK;
        }
        return peek(o, 0) == ')'
                ? PK_OK
                : fail(o, peek(o, 0) < 0 ? PK_ETRUNC : PK_EMALF, "an array without ',' or ')'");
    }
    if (peek(o, 0) != ';') {
        return fail(o, peek(o, 0) < 0 ? PK_ETRUNC : PK_EMALF, "a dictionary without ';'");
    }
    o->pos++;
    return PK_OK;
}

static int close_with(struct openstep *o, int bracket)
{
    int rc;

    if (peek(o, 0) != bracket) {
        return fail(o, peek(o, 0) < 0 ? PK_ETRUNC : PK_EMALF,
                bracket == '}' ? "a dictionary that does not end" : "an array that does not end");
    }
    o->pos++;
    rc = pk_plist_builder_close(&o->b, false, o->pos - 1);
    return rc < 0 ? rc : after_value(o);
}

/* In a dictionary: a key with what follows it up to its value, or the end. */
static int entry(struct openstep *o)
{
    struct pk_plist same = { .type = PK_PLIST_STRING };
    size_t at = o->pos;
    int rc = string(o, &same.data);

    if (rc == PK_ENOENT) {
        if (!o->strings || o->b.depth > 1) {
            return close_with(o, '}');
        }
        return pk_plist_builder_close(&o->b, false, at);
    }
    if (rc == PK_OK) {
        rc = pk_plist_builder_key(&o->b, same.data, at);
    }
    if (rc < 0) {
        return rc;
    }
    skip_space(o);
    if (peek(o, 0) == '=') {
        o->pos++;
        return PK_OK; /* the value is read next */
    }
    if (peek(o, 0) != ';') {
        return fail(o, peek(o, 0) < 0 ? PK_ETRUNC : PK_EMALF, "a key without '=' or ';'");
    }
    rc = pk_plist_builder_value(&o->b, &same, at);
    return rc < 0 ? rc : after_value(o);
}

static int step(struct openstep *o)
{
    struct pk_plist_frame *top = pk_plist_builder_top(&o->b);
    size_t depth = o->b.depth;
    int rc;

    skip_space(o);
    if (top != NULL && top->type == PK_PLIST_DICT && !top->has_key) {
        return entry(o);
    }
    rc = object(o);
    if (rc == PK_ENOENT) {
        return top != NULL && top->type == PK_PLIST_ARRAY
                ? close_with(o, ')')
                : fail(o, peek(o, 0) < 0 ? PK_ETRUNC : PK_EMALF, "no value where one is expected");
    }
    return rc < 0 || o->b.depth > depth ? rc : after_value(o);
}

static int run(struct openstep *o)
{
    int rc = PK_OK;

    while (rc == PK_OK && o->b.root == NULL) {
        rc = step(o);
    }
    skip_space(o);
    return rc;
}

/* Again from the start, as the inside of a dictionary. */
static int run_strings(struct openstep *o)
{
    int rc;

    o->pos = 0;
    o->strings = true;
    o->b.root = NULL;
    rc = pk_plist_builder_open(&o->b, PK_PLIST_DICT, 0);
    return rc < 0 ? rc : run(o);
}

int pk_plist_openstep(struct pk_slice text, struct pk_arena *arena, struct pk_anomalies *anomalies,
        const struct pk_plist **out, struct pk_error *err)
{
    struct openstep o = { .in = text, .b = { .arena = arena, .anomalies = anomalies, .err = err } };
    int rc;

    skip_space(&o);
    /* Nothing but white space is an empty dictionary. */
    rc = o.pos == text.len ? run_strings(&o) : run(&o);
    if (rc == PK_OK && o.pos < text.len && !o.strings) {
        rc = o.b.root->type == PK_PLIST_STRING
                ? run_strings(&o)
                : fail(&o, PK_EMALF, "something stands behind the list");
    }
    if (rc == PK_OK && o.pos < text.len) {
        pk_anomaly_add(
                anomalies, PK_ANOMALY_PLIST_TRAILING, "%zu bytes at %zu", text.len - o.pos, o.pos);
    }
    if (rc == PK_OK) {
        *out = o.b.root;
    }
    pk_plist_builder_finish(&o.b);
    return rc;
}

/* The beginning as one byte a character, whatever the encoding; what is not ASCII becomes 'x'. */
static size_t narrow(struct pk_slice in, uint8_t *out, size_t max)
{
    size_t step = 1;
    size_t low = 0;
    size_t used = 0;

    if (in.len >= 2 && ((in.ptr[0] == 0xff && in.ptr[1] == 0xfe) || in.ptr[1] == 0)) {
        step = 2;
    } else if (in.len >= 2 && ((in.ptr[0] == 0xfe && in.ptr[1] == 0xff) || in.ptr[0] == 0)) {
        step = 2;
        low = 1;
    }
    for (size_t i = 0; i + step <= in.len && used < max; i += step) {
        bool ascii = in.ptr[i + low] < 0x80 && (step == 1 || in.ptr[i + 1 - low] == 0);

        out[used++] = ascii ? in.ptr[i + low] : 'x';
    }
    return used;
}

/* Passes a quoted or bare word. */
static void skip_word(struct openstep *o)
{
    int quote = peek(o, 0);

    if (quote != '"' && quote != '\'') {
        while (is_bare(peek(o, 0))) {
            o->pos++;
        }
        return;
    }
    o->pos++;
    while (peek(o, 0) >= 0 && peek(o, 0) != quote) {
        o->pos += peek(o, 0) == '\\' && peek(o, 1) >= 0 ? 2 : 1;
    }
    o->pos += peek(o, 0) == quote ? 1 : 0;
}

bool pk_plist_maybe_openstep(struct pk_slice bytes)
{
    uint8_t text[LOOK_MAX] = { 0 };
    struct openstep o = { .in = { .ptr = text } };
    bool mark = bytes.len >= 3 && memcmp(bytes.ptr, "\xef\xbb\xbf", 3) == 0;
    bool utf16 = bytes.len >= 2 &&
            (memcmp(bytes.ptr, "\xff\xfe", 2) == 0 || memcmp(bytes.ptr, "\xfe\xff", 2) == 0);
    size_t start;

    o.in.len = narrow(bytes, text, sizeof(text));
    o.pos = mark ? 3 : utf16 ? 1 : 0;
    start = o.pos;
    skip_space(&o);
    if (peek(&o, 0) == '{' || peek(&o, 0) == '(') {
        return true;
    }
    if (peek(&o, 0) < 0) { /* nothing but a long comment so far */
        return o.in.len == sizeof(text) && o.pos > start;
    }
    start = o.pos;
    skip_word(&o);
    if (o.pos == start) {
        return false;
    }
    skip_space(&o);
    return peek(&o, 0) == '=' || peek(&o, 0) == ';';
}
