/* What apksig reads out of a manifest. It has a reader of its own (AndroidBinXmlParser), stricter
 * here and blinder there than the platform's: its verdicts can only be reproduced by reading with
 * the same rules. Where it throws, we say PK_EMALF. */
#include <stdio.h>

#include "base/reader.h"
#include "formats/android/manifest.h"

enum {
    CHUNK_POOL = 0x0001,
    CHUNK_XML = 0x0003,
    CHUNK_START_ELEMENT = 0x0102,
    CHUNK_END_ELEMENT = 0x0103,
    CHUNK_RESOURCE_MAP = 0x0180,

    TYPE_STRING = 0x03,
    TYPE_INT_DEC = 0x10,
    TYPE_INT_HEX = 0x11,

    ATTR_MIN_SDK = 0x0101020c,
    ATTR_TARGET_SDK = 0x01010270,
    ATTR_TARGET_SANDBOX = 0x0101054c,

    ATTRIBUTE_MIN = 20,
};

#define NO_INDEX UINT32_MAX

struct chunk {
    uint16_t type;
    struct pk_slice header;
    struct pk_slice body;
};

struct pool {
    struct pk_slice body; /* behind the header: the offsets first */
    struct pk_slice strings;
    uint32_t count;
    bool utf8;
};

struct parser {
    struct pk_reader in;
    struct pool pool;
    bool has_pool;
    struct pk_slice ids;
    bool has_ids;
    int depth;
    bool ended; /* the last event was the end of an element */

    struct pk_slice name; /* of the element, as bytes of the pool */
    bool has_ns;          /* with text in it */
    struct pk_slice attributes;
    size_t attribute_size;
    size_t attribute_count;
};

enum event {
    EVENT_END,
    EVENT_START_ELEMENT,
    EVENT_END_ELEMENT,
};

struct attribute {
    uint32_t id;
    uint8_t type;
    uint32_t data;
};

static struct pk_slice cut(struct pk_slice in, size_t from, size_t to)
{
    return pk_slice_of(in.ptr + from, to - from);
}

static uint32_t le32_at(struct pk_slice in, size_t at)
{
    struct pk_reader r = pk_reader_of(in);

    r.pos = at;
    return pk_read_le32(&r);
}

/* PK_OK, PK_ENOENT at the end, PK_EMALF. A last chunk that does not fit is the end, too. */
static int take_chunk(struct pk_reader *in, struct chunk *out)
{
    struct pk_reader r = *in;
    uint16_t type = pk_read_le16(&r);
    size_t header = pk_read_le16(&r);
    size_t size = pk_read_le32(&r);
    struct pk_slice all = { in->in.ptr + in->pos, size };

    /* Java compares size - 8 as a signed 64 bit number, so a size below 8 gets past this. */
    if (r.rc < 0 || (size > 8 && size - 8 > pk_reader_left(&r))) {
        in->pos = in->in.len;
        return PK_ENOENT;
    }
    if (header < 8 || header > size) {
        return PK_EMALF;
    }
    *out = (struct chunk){ type, cut(all, 0, header), cut(all, header, size) };
    in->pos += size;
    return PK_OK;
}

static int open_pool(const struct chunk *chunk, struct pool *out)
{
    struct pk_reader r = pk_reader_of(chunk->header);
    struct pool pool = { .body = chunk->body };
    uint32_t styles;
    uint32_t flags;
    size_t begin;
    size_t end;

    pk_read_skip(&r, 8);
    pool.count = pk_read_le32(&r);
    styles = pk_read_le32(&r);
    flags = pk_read_le32(&r);
    begin = pk_read_le32(&r);
    end = pk_read_le32(&r);
    if (r.rc < 0 || pool.count > INT32_MAX || styles > INT32_MAX) {
        return PK_EMALF;
    }
    pool.utf8 = (flags & 0x100) != 0;
    if (pool.count > 0) {
        if (styles == 0) {
            end = chunk->header.len + chunk->body.len;
        }
        if (begin < chunk->header.len || end < begin || end > chunk->header.len + chunk->body.len) {
            return PK_EMALF;
        }
        pool.strings = cut(chunk->body, begin - chunk->header.len, end - chunk->header.len);
    }
    *out = pool;
    return PK_OK;
}

static size_t read_length8(struct pk_reader *r)
{
    size_t n = pk_read_u8(r);

    return (n & 0x80) != 0 ? (n & 0x7f) << 8 | pk_read_u8(r) : n;
}

/* The bytes of a string, UTF-8 or UTF-16LE as the pool has it; it must end with NUL. */
static int pool_string(const struct pool *pool, uint32_t index, struct pk_slice *out)
{
    struct pk_reader r = pk_reader_of(pool->strings);
    size_t unit = pool->utf8 ? 1 : 2;
    size_t len;
    struct pk_slice bytes;
    struct pk_slice end;

    if (index >= pool->count || pool->body.len < 4 || index > (pool->body.len - 4) / 4) {
        return PK_EMALF;
    }
    pk_read_skip(&r, le32_at(pool->body, (size_t)index * 4));
    if (pool->utf8) {
        (void)read_length8(&r); /* in UTF-16 units */
        len = read_length8(&r);
    } else {
        len = pk_read_le16(&r);
        if ((len & 0x8000) != 0) {
            len = (len & 0x7fff) << 16 | pk_read_le16(&r);
        }
    }
    bytes = pk_read_slice(&r, len * unit);
    end = pk_read_slice(&r, unit);
    if (r.rc < 0 || end.ptr[0] != 0 || end.ptr[unit - 1] != 0) {
        return PK_EMALF;
    }
    *out = bytes;
    return PK_OK;
}

/* The first unit of a string that is in ASCII; ' ' when it is empty, 0xff for everything else. */
static uint8_t first_char(const struct pool *pool, struct pk_slice s)
{
    if (s.len < (pool->utf8 ? 1U : 2U)) {
        return ' ';
    }
    return !pool->utf8 && s.ptr[1] != 0 ? 0xff : s.ptr[0];
}

static bool name_is(const struct parser *p, const char *text)
{
    size_t unit = p->pool.utf8 ? 1 : 2;
    size_t len = strlen(text);

    if (p->name.len != len * unit) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (p->name.ptr[i * unit] != (uint8_t)text[i] ||
                (unit == 2 && p->name.ptr[i * unit + 1] != 0)) {
            return false;
        }
    }
    return true;
}

static int parser_open(struct pk_slice xml, struct parser *out)
{
    struct pk_reader r = pk_reader_of(xml);
    struct chunk chunk;
    int rc;

    for (;;) {
        rc = take_chunk(&r, &chunk);
        if (rc < 0) {
            return PK_EMALF;
        }
        if (chunk.type == CHUNK_XML) {
            *out = (struct parser){ .in = pk_reader_of(chunk.body) };
            return PK_OK;
        }
    }
}

/* Name and namespace, which both events begin with. */
static int take_names(struct parser *p, struct pk_reader *r)
{
    uint32_t ns = pk_read_le32(r);
    uint32_t name = pk_read_le32(r);
    struct pk_slice uri = { 0 };

    if (r->rc < 0 || !p->has_pool || pool_string(&p->pool, name, &p->name) < 0 ||
            (ns != NO_INDEX && pool_string(&p->pool, ns, &uri) < 0)) {
        return PK_EMALF;
    }
    p->has_ns = uri.len > 0;
    return PK_OK;
}

static int start_element(struct parser *p, struct pk_slice body)
{
    struct pk_reader r = pk_reader_of(body);
    size_t start;

    if (body.len < 20 || take_names(p, &r) < 0) {
        return PK_EMALF;
    }
    start = pk_read_le16(&r);
    p->attribute_size = pk_read_le16(&r);
    p->attribute_count = pk_read_le16(&r);
    if (start > body.len || p->attribute_size * p->attribute_count > body.len - start) {
        return PK_EMALF;
    }
    p->attributes = cut(body, start, start + p->attribute_size * p->attribute_count);
    p->depth++;
    return EVENT_START_ELEMENT;
}

static int end_element(struct parser *p, struct pk_slice body)
{
    struct pk_reader r = pk_reader_of(body);

    if (take_names(p, &r) < 0) {
        return PK_EMALF;
    }
    p->ended = true;
    return EVENT_END_ELEMENT;
}

/* enum event or PK_EMALF. */
static int parser_next(struct parser *p)
{
    struct chunk chunk;
    int rc;

    if (p->ended) {
        p->depth--;
        p->ended = false;
    }
    for (;;) {
        rc = take_chunk(&p->in, &chunk);
        if (rc < 0) {
            return rc == PK_ENOENT ? (int)EVENT_END : rc;
        }
        switch (chunk.type) {
        case CHUNK_START_ELEMENT:
            return start_element(p, chunk.body);
        case CHUNK_END_ELEMENT:
            return end_element(p, chunk.body);
        case CHUNK_POOL:
            if (p->has_pool || open_pool(&chunk, &p->pool) < 0) {
                return PK_EMALF;
            }
            p->has_pool = true;
            break;
        case CHUNK_RESOURCE_MAP:
            if (p->has_ids) {
                return PK_EMALF;
            }
            p->ids = chunk.body;
            p->has_ids = true;
            break;
        default:
            break;
        }
    }
}

/* Finds the first attribute with this id: PK_OK, PK_ENOENT, PK_EMALF. */
static int find_attribute(const struct parser *p, uint32_t id, struct attribute *out)
{
    if (p->attribute_count > 0 && p->attribute_size < ATTRIBUTE_MIN) {
        return PK_EMALF; /* apksig reads beyond the attribute and throws */
    }
    for (size_t i = 0; i < p->attribute_count; i++) {
        struct pk_slice a = cut(
                p->attributes, i * p->attribute_size, i * p->attribute_size + ATTRIBUTE_MIN);
        uint32_t name = le32_at(a, 4);

        if (name < p->ids.len / 4 && le32_at(p->ids, (size_t)name * 4) == id) {
            *out = (struct attribute){ .id = id, .type = a.ptr[15], .data = le32_at(a, 16) };
            return PK_OK;
        }
    }
    return PK_ENOENT;
}

/* A codename's first letter stands for the level before the one that it was released as. */
static int codename_level(const struct parser *p, uint32_t index, int *out, struct pk_error *err)
{
    static const struct {
        char letter;
        int level;
    } known[] = {
        { 'C', 2 },
        { 'D', 3 },
        { 'E', 4 },
        { 'F', 7 },
        { 'G', 8 },
        { 'H', 10 },
        { 'I', 13 },
        { 'J', 15 },
        { 'K', 18 },
        { 'L', 20 },
        { 'M', 22 },
        { 'N', 23 },
        { 'O', 25 },
    };
    struct pk_slice text;
    uint8_t letter;

    if (pool_string(&p->pool, index, &text) < 0) {
        return pk_error_set(err, PK_EMALF, "minSdkVersion: string %u cannot be read", index);
    }
    letter = first_char(&p->pool, text);
    if (letter < 'A' || letter > 'Z') {
        return pk_error_set(err, PK_EMALF, "unsupported codename in minSdkVersion");
    }
    *out = 1;
    for (size_t i = 0; i < PK_COUNT(known) && known[i].letter <= letter; i++) {
        *out = known[i].level + (letter - known[i].letter);
    }
    return PK_OK;
}

static int min_sdk_of(const struct parser *p, int *out, struct pk_error *err)
{
    struct attribute a;
    int rc = find_attribute(p, ATTR_MIN_SDK, &a);

    *out = 1;
    if (rc == PK_ENOENT) {
        return PK_OK;
    }
    if (rc < 0) {
        return pk_error_set(err, PK_EMALF, "attributes of uses-sdk are too short");
    }
    switch (a.type) {
    case TYPE_INT_DEC:
    case TYPE_INT_HEX:
        *out = (int)a.data;
        return PK_OK;
    case TYPE_STRING:
        return codename_level(p, a.data, out, err);
    default:
        return pk_error_set(err, PK_EMALF, "minSdkVersion is of type 0x%02x", a.type);
    }
}

int pk_manifest_apksig_min_sdk(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err)
{
    struct parser p;
    int result = 1;
    int level;
    int event;

    (void)arena;
    if (parser_open(xml, &p) < 0) {
        return pk_error_set(err, PK_EMALF, "malformed AndroidManifest.xml: no XML chunk");
    }
    for (event = parser_next(&p); event > EVENT_END; event = parser_next(&p)) {
        if (event != EVENT_START_ELEMENT || p.depth != 2 || p.has_ns || !name_is(&p, "uses-sdk")) {
            continue;
        }
        event = min_sdk_of(&p, &level, err);
        if (event < 0) {
            return event;
        }
        result = level > result ? level : result;
    }
    if (event < 0) {
        return pk_error_set(
                err, PK_EMALF, "malformed AndroidManifest.xml near offset %zu", p.in.pos);
    }
    *out = result;
    return PK_OK;
}

/* The number of an attribute on any element of this name; false where apksig gives up. */
static bool number_of(struct pk_slice xml, const char *element, uint32_t id, int *out)
{
    struct parser p;
    struct attribute a;
    int event;
    int rc;

    if (parser_open(xml, &p) < 0) {
        return false;
    }
    for (event = parser_next(&p); event > EVENT_END; event = parser_next(&p)) {
        if (event != EVENT_START_ELEMENT || !name_is(&p, element)) {
            continue;
        }
        rc = find_attribute(&p, id, &a);
        if (rc == PK_OK && (a.type == TYPE_INT_DEC || a.type == TYPE_INT_HEX)) {
            *out = (int)a.data;
            return true;
        }
        if (rc != PK_ENOENT) {
            return false;
        }
    }
    return false;
}

int pk_manifest_apksig_target_sdk(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err)
{
    if (number_of(xml, "uses-sdk", ATTR_TARGET_SDK, out)) {
        return PK_OK;
    }
    /* Not there, or not a number: what the minimum is, and 1 when that is not known, either. */
    if (pk_manifest_apksig_min_sdk(xml, arena, out, NULL) < 0) {
        *out = 1;
    }
    (void)err;
    return PK_OK;
}

int pk_manifest_apksig_sandbox(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err)
{
    (void)arena;
    (void)err;
    if (!number_of(xml, "manifest", ATTR_TARGET_SANDBOX, out)) {
        *out = 1;
    }
    return PK_OK;
}
