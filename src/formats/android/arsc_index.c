#include "formats/android/arsc_index.h"

#include "formats/limits.h"

enum chunk_type {
    CHUNK_NULL = 0x0000,
    CHUNK_POOL = 0x0001,
    CHUNK_TABLE = 0x0002,
    CHUNK_PACKAGE = 0x0200,
    CHUNK_TYPE = 0x0201,
    CHUNK_TYPE_SPEC = 0x0202,
    CHUNK_LAST = 0x0206, /* library, overlayable, its policy, staged ids */
};

#define CHUNK_HEADER   8UL
#define TABLE_HEADER   12UL
#define PACKAGE_HEADER 284UL /* without typeIdOffset, as older builders wrote it */
#define TYPE_HEADER    20UL  /* before the configuration */
#define NAME_UNITS     128UL

struct chunk {
    uint32_t type;
    size_t at;
    size_t header;
    size_t size;
};

struct build {
    struct pk_arsc *arsc;
    bool has_strings;
    size_t type_room;
    size_t package_room;
    int rc;
};

static uint32_t le16(const struct build *b, size_t at)
{
    const uint8_t *p = b->arsc->in.ptr + at;

    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const struct build *b, size_t at)
{
    return le16(b, at) | le16(b, at + 2) << 16;
}

/* The chunk at *at inside a parent that ends at end; false when nothing sensible is there. */
static bool take_chunk(struct build *b, size_t *at, size_t end, struct chunk *out)
{
    size_t left = end - *at;

    if (left < CHUNK_HEADER) {
        return false;
    }
    *out = (struct chunk){ le16(b, *at), *at, le16(b, *at + 2), le32(b, *at + 4) };
    if (out->header < CHUNK_HEADER || out->size < out->header || out->header > left) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "chunk 0x%04x at offset %zu: header of %zu and size of %zu bytes", out->type, *at,
                out->header, out->size);
        return false;
    }
    if (out->size > left) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_CHUNK_OVERSIZED,
                "chunk 0x%04x at offset %zu claims %zu bytes of %zu", out->type, *at, out->size,
                left);
        out->size = left;
    }
    *at += out->size;
    return true;
}

/* --- arrays in the arena that double; what they held before is left behind */

static void *more(struct build *b, const void *old, size_t count, size_t *room, size_t size)
{
    size_t n = *room == 0 ? 16 : *room * 2;
    void *items = pk_arena_alloc(b->arsc->arena, n, size);

    if (items == NULL) {
        b->rc = PK_ENOMEM;
        return NULL;
    }
    if (count > 0) {
        memcpy(items, old, count * size);
    }
    *room = n;
    return items;
}

static struct arsc_type *add_type(struct build *b)
{
    struct pk_arsc *arsc = b->arsc;
    struct arsc_type *items;

    if (arsc->type_count >= PK_ARSC_TYPES_MAX) {
        pk_anomaly_add(arsc->anomalies, PK_ANOMALY_LIMIT_RESOURCES, "more than %lu type chunks",
                PK_ARSC_TYPES_MAX);
        return NULL;
    }
    if (arsc->type_count == b->type_room) {
        items = more(b, arsc->types, arsc->type_count, &b->type_room, sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        arsc->types = items;
    }
    return &arsc->types[arsc->type_count];
}

static struct arsc_package *add_package(struct build *b)
{
    struct pk_arsc *arsc = b->arsc;
    struct arsc_package *items;

    if (arsc->package_count >= PK_ARSC_PACKAGES_MAX) {
        pk_anomaly_add(arsc->anomalies, PK_ANOMALY_LIMIT_RESOURCES, "more than %lu packages",
                PK_ARSC_PACKAGES_MAX);
        return NULL;
    }
    if (arsc->package_count == b->package_room) {
        items = more(b, arsc->packages, arsc->package_count, &b->package_room, sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        arsc->packages = items;
    }
    return &arsc->packages[arsc->package_count++];
}

/* --- types */

/* How many offsets there is room for; says when that is less than claimed. */
static size_t fit_offsets(const struct build *b, const struct chunk *c, size_t claimed, int flags)
{
    size_t stride = (flags & (ARSC_SPARSE | ARSC_OFFSET16)) == ARSC_OFFSET16 ? 2 : 4;
    size_t room = (c->size - c->header) / stride;

    if (claimed > room) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "%zu entries at offset %zu, room for %zu", claimed, c->at, room);
        return room;
    }
    return claimed;
}

static void take_type(struct build *b, const struct chunk *c, uint32_t package)
{
    struct arsc_package *p = &b->arsc->packages[package];
    struct arsc_type *t;
    uint32_t index;
    uint8_t id;

    if (c->header < TYPE_HEADER + 4 || b->arsc->in.ptr[c->at + 8] == 0) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "type chunk at offset %zu: header of %zu bytes, id %u", c->at, c->header,
                c->header > 8 ? b->arsc->in.ptr[c->at + 8] : 0U);
        return;
    }
    t = add_type(b);
    if (t == NULL) {
        return;
    }
    id = b->arsc->in.ptr[c->at + 8];
    *t = (struct arsc_type){
        .config = pk_resconfig_read(
                pk_slice_of(b->arsc->in.ptr + c->at + TYPE_HEADER, c->header - TYPE_HEADER)),
        .at = c->at,
        .header = c->header,
        .size = c->size,
        .entries = le32(b, c->at + 16),
        .next = ARSC_NONE,
        .package = package,
        .id = id,
        .flags = b->arsc->in.ptr[c->at + 9],
    };
    b->arsc->has_default |= !pk_resconfig_has_locale(&t->config);
    t->count = fit_offsets(b, c, le32(b, c->at + 12), t->flags);
    index = (uint32_t)b->arsc->type_count++;
    if (p->first[id] == ARSC_NONE) {
        p->first[id] = index;
    } else {
        b->arsc->types[p->last[id]].next = index;
    }
    p->last[id] = index;
}

/* --- packages */

static struct pk_respool open_names(const struct build *b, const struct chunk *c, size_t offset)
{
    struct pk_respool pool = { 0 };
    size_t at = c->at + offset;
    size_t size;

    if (offset < CHUNK_HEADER || offset > c->size || c->size - offset < CHUNK_HEADER) {
        return pool;
    }
    size = le32(b, at + 4);
    if (size > c->size - offset) {
        size = c->size - offset;
    }
    if (pk_respool_open(pk_slice_of(b->arsc->in.ptr + at, size), &pool) < 0) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "names of a package at offset %zu", at);
    }
    return pool;
}

/* The package's name stands in the header as UTF-16, padded with NUL. */
static const char *package_name(struct build *b, const struct chunk *c)
{
    char text[NAME_UNITS + 1];
    size_t n = 0;

    for (size_t i = 0; i < NAME_UNITS; i++) {
        uint32_t unit = le16(b, c->at + 12 + i * 2);

        if (unit == 0) {
            break;
        }
        text[n++] = unit >= 0x20 && unit < 0x7f ? (char)unit : '?';
    }
    return pk_arena_strndup(b->arsc->arena, text, n);
}

static bool is_known(uint32_t type)
{
    return type == CHUNK_POOL || (type >= CHUNK_PACKAGE && type <= CHUNK_LAST);
}

static void say_unknown(const struct build *b, const struct chunk *c)
{
    pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_UNKNOWN_CHUNK,
            "chunk 0x%04x of %zu bytes at offset %zu", c->type, c->size, c->at);
}

static void take_package(struct build *b, const struct chunk *c)
{
    struct arsc_package *p;
    uint32_t index = (uint32_t)b->arsc->package_count;
    struct chunk inner;
    size_t at = c->at + c->header;
    size_t end = c->at + c->size;

    if (c->header < PACKAGE_HEADER) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "package at offset %zu: header of %zu bytes", c->at, c->header);
        return;
    }
    p = add_package(b);
    if (p == NULL) {
        return;
    }
    p->id = le32(b, c->at + 8);
    p->name = package_name(b, c);
    p->type_names = open_names(b, c, le32(b, c->at + 268));
    p->keys = open_names(b, c, le32(b, c->at + 276));
    p->type_offset = c->header >= PACKAGE_HEADER + 4 ? le32(b, c->at + PACKAGE_HEADER) : 0;
    memset(p->first, 0xff, sizeof(p->first));
    if (p->name == NULL) {
        b->rc = PK_ENOMEM;
    }
    while (b->rc == PK_OK && take_chunk(b, &at, end, &inner)) {
        if (inner.type == CHUNK_TYPE) {
            take_type(b, &inner, index);
        } else if (!is_known(inner.type)) {
            say_unknown(b, &inner);
        }
    }
}

/* --- the table */

static void take_strings(struct build *b, const struct chunk *c)
{
    struct pk_respool pool;

    if (b->has_strings) {
        return; /* the platform takes the first one */
    }
    if (pk_respool_open(pk_slice_of(b->arsc->in.ptr + c->at, c->size), &pool) < 0) {
        pk_anomaly_add(b->arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "string pool of %zu bytes at offset %zu", c->size, c->at);
        return;
    }
    b->arsc->work->strings = pool;
    b->has_strings = true;
}

static int build_index(struct build *b, size_t at, size_t end, struct pk_error *err)
{
    struct chunk c;

    while (b->rc == PK_OK && take_chunk(b, &at, end, &c)) {
        if (c.type == CHUNK_POOL) {
            take_strings(b, &c);
        } else if (c.type == CHUNK_PACKAGE) {
            take_package(b, &c);
        } else {
            say_unknown(b, &c);
        }
    }
    if (b->rc < 0) {
        return pk_error_set(err, b->rc, "out of memory");
    }
    return PK_OK;
}

int pk_arsc_open(struct pk_slice table, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_arsc **out, struct pk_error *err)
{
    struct pk_arsc *arsc = pk_arena_alloc(arena, 1, sizeof(*arsc));
    struct arsc_work *work = pk_arena_alloc(arena, 1, sizeof(*work));
    struct build b = { .arsc = arsc };
    size_t header;
    size_t size;
    int rc;

    if (arsc == NULL || work == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *arsc = (struct pk_arsc){
        .in = table,
        .arena = arena,
        .anomalies = anomalies,
        .work = work,
    };
    if (table.len < TABLE_HEADER) {
        return pk_error_set(err, PK_ETRUNC, "resource table of %zu bytes", table.len);
    }
    header = le16(&b, 2);
    size = le32(&b, 4);
    if (le16(&b, 0) != CHUNK_TABLE || header < TABLE_HEADER || header > table.len) {
        pk_anomaly_add(anomalies, PK_ANOMALY_ARSC_MALFORMED,
                "first chunk of type 0x%04x, header of %zu bytes", le16(&b, 0), header);
        return pk_error_set(err, PK_EMALF, "not a resource table");
    }
    if (size > table.len) {
        pk_anomaly_add(anomalies, PK_ANOMALY_ARSC_CHUNK_OVERSIZED,
                "the table claims %zu bytes of %zu", size, table.len);
    }
    rc = build_index(&b, header, size >= header && size < table.len ? size : table.len, err);
    if (rc == PK_OK) {
        *out = arsc;
    }
    return rc;
}
