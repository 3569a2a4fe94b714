#include "formats/android/axml.h"

#include "formats/limits.h"

enum chunk_type {
    CHUNK_NULL = 0x0000,
    CHUNK_POOL = 0x0001,
    CHUNK_XML = 0x0003,
    CHUNK_NODE_FIRST = 0x0100,
    CHUNK_START_NAMESPACE = 0x0100,
    CHUNK_END_NAMESPACE = 0x0101,
    CHUNK_START_ELEMENT = 0x0102,
    CHUNK_END_ELEMENT = 0x0103,
    CHUNK_TEXT = 0x0104,
    CHUNK_NODE_LAST = 0x017f,
    CHUNK_RESOURCE_MAP = 0x0180,
};

#define CHUNK_HEADER     8UL
#define NODE_HEADER      16UL /* with line and comment */
#define ATTRIBUTE_STRIDE 20UL
#define FILE_HEADER_MAX  64UL /* real ones have 8 bytes */
#define NAMESPACES_ODD   8UL  /* real manifests have one to three */

struct chunk {
    uint32_t type;
    size_t at;
    size_t header;
    size_t size; /* inside the document */
};

static uint32_t le16(const struct pk_axml *doc, size_t at)
{
    const uint8_t *p = doc->in.ptr + at;

    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const struct pk_axml *doc, size_t at)
{
    return le16(doc, at) | le16(doc, at + 2) << 16;
}

/* --- texts */

static void say_pool(struct pk_axml *doc)
{
    static const struct {
        unsigned odd;
        enum pk_anomaly_id id;
        const char *what;
    } rows[] = {
        { PK_RESPOOL_COUNT, PK_ANOMALY_AXML_STRING_COUNT, "offsets" },
        { PK_RESPOOL_BOUNDS, PK_ANOMALY_AXML_STRING_COUNT, "range of the strings" },
        { PK_RESPOOL_STRING, PK_ANOMALY_AXML_STRING_RANGE, "a string outside the pool" },
        { PK_RESPOOL_NUL, PK_ANOMALY_AXML_BAD_STRING, "no NUL at a string's end, or one inside" },
        { PK_RESPOOL_TEXT, PK_ANOMALY_AXML_BAD_STRING, "invalid UTF-8 or UTF-16" },
        { PK_RESPOOL_END, PK_ANOMALY_AXML_BAD_STRING, "no NUL at the pool's end" },
        { PK_RESPOOL_LONG, PK_ANOMALY_AXML_BAD_STRING, "a name of more than 64 KiB" },
    };
    unsigned news = doc->pool.odd & ~doc->said;

    for (size_t i = 0; news != 0 && i < PK_COUNT(rows); i++) {
        if ((news & rows[i].odd) != 0) {
            pk_anomaly_add(doc->anomalies, rows[i].id, "%s; %zu strings claimed, room for %zu",
                    rows[i].what, doc->pool.claimed, doc->pool.count);
        }
    }
    doc->said |= news;
}

const char *pk_axml_text(struct pk_axml *doc, uint32_t index)
{
    const char *text = "";
    int rc;

    if (index == PK_RESPOOL_NONE) {
        return "";
    }
    if (!doc->has_pool || index >= doc->pool.count) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_STRING_RANGE, "string %u of %zu", index,
                doc->pool.count);
        return "";
    }
    if (doc->texts[index] != NULL) {
        return doc->texts[index];
    }
    if (doc->text_bytes >= PK_AXML_TEXT_MAX) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_LIMIT_MANIFEST, "more than %lu bytes of text",
                PK_AXML_TEXT_MAX);
        return "";
    }
    rc = pk_respool_text(&doc->pool, index, doc->arena, &text);
    if (rc == PK_ENOMEM) {
        doc->rc = PK_ENOMEM;
    }
    doc->text_bytes += strlen(text);
    doc->texts[index] = text;
    say_pool(doc);
    return text;
}

/* --- chunks */

static bool is_known(uint32_t type)
{
    return type == CHUNK_POOL || type == CHUNK_RESOURCE_MAP ||
            (type >= CHUNK_NODE_FIRST && type <= CHUNK_TEXT);
}

static bool is_node(uint32_t type)
{
    return type >= CHUNK_NODE_FIRST && type <= CHUNK_NODE_LAST;
}

static size_t header_min(uint32_t type)
{
    return is_node(type) ? NODE_HEADER : CHUNK_HEADER;
}

/* Bytes behind the header that an event needs. */
static size_t body_min(uint32_t type)
{
    return type == CHUNK_START_ELEMENT ? 20 : type == CHUNK_TEXT ? 12 : is_node(type) ? 8 : 0;
}

/* True when a chunk that makes sense begins here. */
static bool is_sound(const struct pk_axml *doc, size_t at, struct chunk *out)
{
    size_t left = doc->end - at;

    if (left < CHUNK_HEADER) {
        return false;
    }
    *out = (struct chunk){
        .type = le16(doc, at),
        .at = at,
        .header = le16(doc, at + 2),
        .size = le32(doc, at + 4),
    };
    return out->header >= header_min(out->type) && out->size <= left &&
            out->size >= out->header + (is_known(out->type) ? body_min(out->type) : 0);
}

/* A node whose claimed size makes no sense, measured by what it must hold. */
static bool measure_node(const struct pk_axml *doc, size_t at, struct chunk *out)
{
    size_t left = doc->end - at;
    size_t size;

    if (left < CHUNK_HEADER || !is_known(le16(doc, at)) || !is_node(le16(doc, at)) ||
            le16(doc, at + 2) != NODE_HEADER) {
        return false;
    }
    size = NODE_HEADER + body_min(le16(doc, at));
    if (size > left) {
        return false;
    }
    if (le16(doc, at) == CHUNK_START_ELEMENT) {
        size += (size_t)le16(doc, at + NODE_HEADER + 12) * le16(doc, at + NODE_HEADER + 10);
    }
    *out = (struct chunk){ le16(doc, at), at, NODE_HEADER, size };
    return size <= left;
}

/* Where bytes that are no chunk end: at the next chunk of a known type that makes sense. */
static bool resync(struct pk_axml *doc, struct chunk *out)
{
    size_t from = doc->pos;

    for (size_t at = from + 1; doc->end - at >= CHUNK_HEADER && at < doc->end; at++) {
        if (is_known(le16(doc, at)) && is_sound(doc, at, out) &&
                (!is_node(out->type) || out->header == NODE_HEADER)) {
            pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_DUMMY_DATA, "%zu bytes at offset %zu",
                    at - from, from);
            return true;
        }
    }
    return false;
}

/* When the claimed end comes too early (elements open, or none seen), what is there is read on. */
static bool read_on(struct pk_axml *doc)
{
    if (doc->end == doc->in.len || (doc->elements > 0 && doc->depth == 0)) {
        return false;
    }
    doc->end = doc->in.len;
    return true;
}

/* The chunk at pos; false at the end of the document. */
static bool take_chunk(struct pk_axml *doc, struct chunk *out)
{
    if (is_sound(doc, doc->pos, out) || (read_on(doc) && is_sound(doc, doc->pos, out))) {
        doc->pos += out->size;
        return true;
    }
    if (doc->end - doc->pos < CHUNK_HEADER) {
        return false;
    }
    if (measure_node(doc, doc->pos, out)) {
        uint32_t claimed = le32(doc, doc->pos + 4);

        pk_anomaly_add(doc->anomalies,
                claimed == 0 ? PK_ANOMALY_AXML_ZERO_SIZE_CHUNK : PK_ANOMALY_AXML_CHUNK_SIZE,
                "chunk 0x%04x at offset %zu claims %u bytes", out->type, out->at, claimed);
        doc->pos += out->size;
        return true;
    }
    if (resync(doc, out)) {
        doc->pos = out->at + out->size;
        return true;
    }
    if (doc->depth > 0 || doc->elements == 0) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_MALFORMED,
                "no chunk at offset %zu with %zu elements open", doc->pos, doc->depth);
    } else {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_DUMMY_DATA, "%zu bytes at offset %zu",
                doc->end - doc->pos, doc->pos);
    }
    doc->pos = doc->end;
    return false;
}

static void open_pool(struct pk_axml *doc, const struct chunk *chunk)
{
    struct pk_respool pool;

    if (pk_respool_open(pk_slice_of(doc->in.ptr + chunk->at, chunk->size), &pool) < 0) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_MALFORMED,
                "string pool of %zu bytes at offset %zu", chunk->size, chunk->at);
        return;
    }
    doc->texts = pk_arena_alloc(doc->arena, pool.count, sizeof(*doc->texts));
    if (doc->texts == NULL && pool.count > 0) {
        doc->rc = PK_ENOMEM;
        return;
    }
    doc->pool = pool;
    doc->has_pool = true;
    doc->said = 0;
    say_pool(doc);
}

/* The tables before the tree. As on the platform the last one counts, and one that stands between the
 * elements is skipped. */
static void take_table(struct pk_axml *doc, const struct chunk *chunk)
{
    if (doc->elements > 0 && (chunk->type != CHUNK_POOL || doc->has_pool)) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_UNKNOWN_CHUNK,
                "table 0x%04x between the elements, offset %zu", chunk->type, chunk->at);
        return;
    }
    if (chunk->type == CHUNK_POOL) {
        open_pool(doc, chunk);
    } else {
        doc->ids = pk_slice_of(
                doc->in.ptr + chunk->at + chunk->header, (chunk->size - chunk->header) & ~3UL);
    }
}

/* --- events */

static void check_stride(struct pk_axml *doc, const struct chunk *chunk, size_t start)
{
    if (start != ATTRIBUTE_STRIDE || doc->attribute_size != ATTRIBUTE_STRIDE) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_ATTRIBUTE_SIZE,
                "start %zu and size %zu of the attributes at offset %zu", start,
                doc->attribute_size, chunk->at);
    }
}

static void start_element(struct pk_axml *doc, const struct chunk *chunk)
{
    size_t body = chunk->at + chunk->header;
    size_t end = chunk->at + chunk->size;
    size_t start = le16(doc, body + 8);
    size_t fit = 0;

    doc->elements++;
    doc->depth++;
    if (doc->depth == PK_AXML_DEPTH_MAX + 1) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_LIMIT_NESTING, "%zu elements open at offset %zu",
                doc->depth, chunk->at);
    }
    doc->attribute_size = le16(doc, body + 10);
    doc->attribute_count = le16(doc, body + 12);
    doc->attributes = body + start;
    if (doc->attribute_count == 0) {
        return;
    }
    check_stride(doc, chunk, start);
    /* A stride below 20 makes attributes overlap; they are counted as if they did not, so that a
     * small file cannot ask for millions of them. */
    if (doc->attributes <= end) {
        size_t stride = doc->attribute_size < ATTRIBUTE_STRIDE ? ATTRIBUTE_STRIDE
                                                               : doc->attribute_size;

        fit = (end - doc->attributes + stride - ATTRIBUTE_STRIDE) / stride;
    }
    if (doc->attribute_count > fit) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_MALFORMED,
                "%zu attributes at offset %zu, room for %zu", doc->attribute_count, chunk->at, fit);
        doc->attribute_count = fit;
    }
}

static void check_namespaces(struct pk_axml *doc)
{
    doc->namespaces++;
    if (doc->namespaces == NAMESPACES_ODD + 1) {
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_NAMESPACE, "more than %lu namespaces",
                NAMESPACES_ODD);
    }
}

/* Sets the fields of one node's event; PK_AXML_END when it is none. */
static enum pk_axml_event take_node(struct pk_axml *doc, const struct chunk *chunk)
{
    size_t body = chunk->at + chunk->header;

    doc->line = le32(doc, chunk->at + CHUNK_HEADER);
    doc->ns = le32(doc, body);
    doc->name = le32(doc, body + 4);
    switch (chunk->type) {
    case CHUNK_START_ELEMENT:
        start_element(doc, chunk);
        return PK_AXML_START_ELEMENT;
    case CHUNK_END_ELEMENT:
        return PK_AXML_END_ELEMENT;
    case CHUNK_START_NAMESPACE:
    case CHUNK_END_NAMESPACE:
        doc->name = le32(doc, body);
        doc->ns = le32(doc, body + 4);
        if (chunk->type == CHUNK_END_NAMESPACE) {
            return PK_AXML_END_NAMESPACE;
        }
        check_namespaces(doc);
        return PK_AXML_START_NAMESPACE;
    default:
        doc->name = doc->ns;
        doc->ns = PK_RESPOOL_NONE;
        pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_TEXT_CHUNK, "text at offset %zu", chunk->at);
        return PK_AXML_TEXT;
    }
}

int pk_axml_next(struct pk_axml *doc)
{
    struct chunk chunk;

    if (doc->last == PK_AXML_END_ELEMENT && doc->depth > 0) {
        doc->depth--;
    }
    doc->attribute_count = 0;
    for (;;) {
        if (doc->rc < 0) {
            return doc->rc;
        }
        if (!take_chunk(doc, &chunk)) {
            doc->last = PK_AXML_END;
            return PK_AXML_END;
        }
        if (chunk.type == CHUNK_POOL || chunk.type == CHUNK_RESOURCE_MAP) {
            take_table(doc, &chunk);
        } else if (is_known(chunk.type)) {
            doc->last = take_node(doc, &chunk);
            return (int)doc->last;
        } else {
            pk_anomaly_add(doc->anomalies, PK_ANOMALY_AXML_UNKNOWN_CHUNK,
                    "chunk 0x%04x of %zu bytes at offset %zu", chunk.type, chunk.size, chunk.at);
        }
    }
}

/* --- opening */

bool pk_axml_magic(struct pk_slice bytes)
{
    /* Only the header's size is asked: the platform does not look at the first chunk's type. */
    return bytes.len >= CHUNK_HEADER && bytes.ptr[3] == 0 && bytes.ptr[2] >= CHUNK_HEADER &&
            bytes.ptr[2] <= FILE_HEADER_MAX && bytes.ptr[2] % 4 == 0 && bytes.ptr[1] < 2 &&
            bytes.ptr[0] != '<';
}

/* The source form: '<' behind a byte order mark and white space. */
static bool is_plain(struct pk_slice bytes)
{
    size_t at = bytes.len >= 3 && memcmp(bytes.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (at < bytes.len &&
            (bytes.ptr[at] == ' ' || (bytes.ptr[at] >= '\t' && bytes.ptr[at] <= '\r'))) {
        at++;
    }
    return at < bytes.len && bytes.ptr[at] == '<';
}

int pk_axml_open(struct pk_slice file, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_axml *out, struct pk_error *err)
{
    struct pk_axml doc = {
        .in = file,
        .arena = arena,
        .anomalies = anomalies,
        .ns = PK_RESPOOL_NONE,
        .name = PK_RESPOOL_NONE,
    };
    size_t header;
    size_t size;

    if (file.len < CHUNK_HEADER) {
        return pk_error_set(err, PK_ETRUNC, "binary XML of %zu bytes", file.len);
    }
    if (is_plain(file)) {
        pk_anomaly_add(anomalies, PK_ANOMALY_AXML_PLAIN_TEXT, "it begins with '<'");
        return pk_error_set(err, PK_EMALF, "plain XML instead of the binary form");
    }
    if (!pk_axml_magic(file)) {
        return pk_error_set(err, PK_EMALF, "not binary XML");
    }
    header = le16(&doc, 2);
    size = le32(&doc, 4);
    if (le16(&doc, 0) != CHUNK_XML) {
        pk_anomaly_add(
                anomalies, PK_ANOMALY_AXML_MAGIC, "first chunk of type 0x%04x", le16(&doc, 0));
    }
    if (size != file.len) {
        pk_anomaly_add(
                anomalies, PK_ANOMALY_AXML_WRONG_SIZE, "claims %zu bytes, has %zu", size, file.len);
    }
    if (header > FILE_HEADER_MAX || header > file.len) {
        pk_anomaly_add(anomalies, PK_ANOMALY_AXML_CHUNK_SIZE, "header of %zu bytes", header);
        header = CHUNK_HEADER;
    }
    doc.end = size < file.len ? size : file.len;
    doc.end = doc.end < header ? file.len : doc.end;
    doc.pos = header;
    *out = doc;
    return PK_OK;
}

/* --- attributes */

struct pk_axml_attribute pk_axml_attribute(const struct pk_axml *doc, size_t i)
{
    size_t at = doc->attributes + i * doc->attribute_size;
    struct pk_axml_attribute a = {
        .ns = le32(doc, at),
        .name = le32(doc, at + 4),
        .raw = le32(doc, at + 8),
        .type = doc->in.ptr[at + 15],
        .data = le32(doc, at + 16),
    };

    if (a.name < doc->ids.len / 4) {
        const uint8_t *p = doc->ids.ptr + (size_t)a.name * 4;

        a.id = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    return a;
}

bool pk_axml_find(const struct pk_axml *doc, uint32_t id, struct pk_axml_attribute *out)
{
    for (size_t i = 0; i < doc->attribute_count; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(doc, i);

        if (a.id == id) {
            *out = a;
            return true;
        }
    }
    return false;
}

bool pk_axml_find_name(
        struct pk_axml *doc, const char *uri, const char *name, struct pk_axml_attribute *out)
{
    for (size_t i = 0; i < doc->attribute_count; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(doc, i);

        if ((uri == NULL) != (a.ns == PK_RESPOOL_NONE) ||
                strcmp(pk_axml_text(doc, a.name), name) != 0) {
            continue;
        }
        if (uri == NULL || strcmp(pk_axml_text(doc, a.ns), uri) == 0) {
            *out = a;
            return true;
        }
    }
    return false;
}
