/* plist_binary.c - "bplist00": objects, a table of their offsets, and a trailer that says where it is.
 *
 * Objects refer to each other by their number, so what looks small may be a circle or a tree of 2^1000
 * leaves. Each object is read once, by an explicit stack, and remembers how many values a reader of its
 * tree would meet; children are shared, never copied deeply. */
#include <stdlib.h>

#include "formats/apple/plist_tree.h"

#define HEADER_SIZE  8  /* "bplist00" */
#define TRAILER_SIZE 32 /* 6 unused, 2 sizes, 3 numbers of 8 bytes */

enum object_state {
    OBJECT_NEW,
    OBJECT_OPEN, /* its children are being read */
    OBJECT_DONE,
};

struct object {
    struct pk_plist value;
    enum object_state state;
    uint32_t depth; /* levels below and with it */
    uint64_t nodes; /* values of its tree, itself included */
    uint64_t bytes; /* of text and data in its tree */
};

/* A container whose children are being read. */
struct open_object {
    size_t index;
    struct pk_slice refs; /* count references, of a dictionary 2*count: keys first */
    size_t count;
    size_t next;
    bool dict;
};

struct bplist {
    struct pk_slice file;
    struct pk_slice objects; /* the file up to the offset table: offsets count from its start */
    struct pk_slice table;
    size_t offset_size;
    size_t ref_size;
    size_t count;
    size_t root;
    uint64_t refs_read;  /* in all containers */
    uint64_t bytes_read; /* of text and data; objects may overlap */
    struct object *memo;
    struct open_object stack[PK_PLIST_DEPTH_MAX];
    size_t depth;
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_error *err;
};

/* Big-endian of any width; CoreFoundation, too, keeps the low 64 bits of wider ones. */
static uint64_t be_number(const uint8_t *p, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static int too_many(struct bplist *b, const char *what, unsigned long max)
{
    pk_anomaly_add(b->anomalies, PK_ANOMALY_LIMIT_PLIST, "more than %lu %s", max, what);
    return pk_error_set(b->err, PK_ELIMIT, "more than %lu %s", max, what);
}

static int too_deep(struct bplist *b)
{
    pk_anomaly_add(b->anomalies, PK_ANOMALY_LIMIT_NESTING, "property list: more than %lu levels",
            PK_PLIST_DEPTH_MAX);
    return pk_error_set(b->err, PK_ELIMIT, "more than %lu levels", PK_PLIST_DEPTH_MAX);
}

static int read_trailer(struct bplist *b)
{
    const uint8_t *t = b->file.ptr + b->file.len - TRAILER_SIZE;
    size_t at = b->file.len - TRAILER_SIZE;
    uint64_t count = be_number(t + 8, 8);
    uint64_t root = be_number(t + 16, 8);
    uint64_t table = be_number(t + 24, 8);

    b->offset_size = t[6];
    b->ref_size = t[7];
    if (b->offset_size == 0 || b->ref_size == 0) {
        return pk_plist_fail(b->err, PK_EMALF, at + 6, "the trailer names a size of 0");
    }
    if (root >= count) {
        return pk_plist_fail(b->err, PK_EMALF, at + 16,
                "the trailer names object %llu of %llu as the root", (unsigned long long)root,
                (unsigned long long)count);
    }
    if (table <= HEADER_SIZE || table >= at || count > (at - table) / b->offset_size) {
        return pk_plist_fail(b->err, PK_EMALF, at + 24,
                "the table of %llu objects at %llu is not in the file", (unsigned long long)count,
                (unsigned long long)table);
    }
    if (count > PK_PLIST_NODES_MAX) {
        return too_many(b, "objects", PK_PLIST_NODES_MAX);
    }
    b->count = (size_t)count;
    b->root = (size_t)root;
    b->objects = pk_slice_of(b->file.ptr, (size_t)table);
    b->table = pk_slice_of(b->file.ptr + table, b->count * b->offset_size);
    return PK_OK;
}

/* The rest of the objects' bytes from the marker of object index on. */
static int object_bytes(struct bplist *b, size_t index, struct pk_slice *out)
{
    uint64_t at = be_number(b->table.ptr + index * b->offset_size, b->offset_size);

    if (at < HEADER_SIZE || at >= b->objects.len) {
        return pk_plist_fail(b->err, PK_EMALF,
                (size_t)(b->table.ptr - b->file.ptr) + index * b->offset_size,
                "object %zu lies outside of the objects, at %llu", index, (unsigned long long)at);
    }
    *out = pk_slice_of(b->objects.ptr + at, b->objects.len - (size_t)at);
    return PK_OK;
}

static int truncated(struct bplist *b, struct pk_slice in, const char *what)
{
    return pk_plist_fail(b->err, PK_ETRUNC, (size_t)(in.ptr - b->file.ptr),
            "%s reaches beyond the objects", what);
}

/* The length behind a marker, and where what it measures begins. */
static int object_length(
        struct bplist *b, struct pk_slice in, uint64_t *length, struct pk_slice *body)
{
    unsigned low = in.ptr[0] & 0xf;
    size_t size;

    if (low != 0xf) {
        *length = low;
        *body = pk_slice_of(in.ptr + 1, in.len - 1);
        return PK_OK;
    }
    if (in.len < 2) {
        return truncated(b, in, "a length");
    }
    if (in.ptr[1] >> 4 != 1 || (in.ptr[1] & 0xf) > 4) {
        return pk_plist_fail(b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr) + 1,
                "a length of the kind 0x%02x", in.ptr[1]);
    }
    size = (size_t)1 << (in.ptr[1] & 0xf);
    if (in.len - 2 < size) {
        return truncated(b, in, "a length");
    }
    *length = be_number(in.ptr + 2, size);
    *body = pk_slice_of(in.ptr + 2 + size, in.len - 2 - size);
    return PK_OK;
}

static int read_int(struct bplist *b, struct pk_slice in, struct pk_plist *out)
{
    size_t size = (size_t)1 << (in.ptr[0] & 0xf);
    uint64_t value;

    if (size > 16) {
        return pk_plist_fail(
                b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr), "an integer of %zu bytes", size);
    }
    if (in.len - 1 < size) {
        return truncated(b, in, "an integer");
    }
    value = be_number(in.ptr + 1, size);
    /* Of 8 bytes it is signed, shorter ones are not; 16 bytes carry the unsigned ones. */
    *out = (struct pk_plist){ .type = PK_PLIST_INT,
        .integer = (int64_t)value,
        .is_unsigned = size == 16 && value > INT64_MAX && (in.ptr[1] & 0x80) == 0 };
    return PK_OK;
}

static int read_real(
        struct bplist *b, struct pk_slice in, enum pk_plist_type type, struct pk_plist *out)
{
    size_t size = (size_t)1 << (in.ptr[0] & 0xf);
    uint64_t bits;
    uint32_t narrow;
    float single;

    *out = (struct pk_plist){ .type = type };
    if (size != 8 && (size != 4 || type == PK_PLIST_DATE)) {
        return pk_plist_fail(b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr),
                "a real or date of %zu bytes", size);
    }
    if (in.len - 1 < size) {
        return truncated(b, in, "a real or date");
    }
    bits = be_number(in.ptr + 1, size);
    if (size == 8) {
        memcpy(&out->real, &bits, sizeof(out->real));
    } else {
        narrow = (uint32_t)bits;
        memcpy(&single, &narrow, sizeof(single));
        out->real = single;
    }
    return PK_OK;
}

static int read_uid(struct bplist *b, struct pk_slice in, struct pk_plist *out)
{
    size_t size = (in.ptr[0] & 0xfU) + 1;
    uint64_t value;

    if (in.len - 1 < size) {
        return truncated(b, in, "a UID");
    }
    value = be_number(in.ptr + 1, size);
    if (value > UINT32_MAX) {
        return pk_plist_fail(
                b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr), "a UID of more than 32 bits");
    }
    *out = (struct pk_plist){ .type = PK_PLIST_UID, .integer = (int64_t)value };
    return PK_OK;
}

/* Data and text. */
static int read_bytes(struct bplist *b, struct pk_slice in, struct pk_plist *out)
{
    unsigned kind = in.ptr[0] >> 4;
    struct pk_slice body;
    uint64_t length;
    int rc = object_length(b, in, &length, &body);

    if (rc < 0) {
        return rc;
    }
    if (length > body.len / (kind == 6 ? 2 : 1)) {
        return truncated(b, in, kind == 4 ? "data" : "a string");
    }
    b->bytes_read += length;
    if (b->bytes_read > PK_PLIST_BYTES_MAX) {
        return too_many(b, "bytes of text and data", PK_PLIST_BYTES_MAX);
    }
    *out = (struct pk_plist){ .type = kind == 4 ? PK_PLIST_DATA : PK_PLIST_STRING };
    out->data = pk_slice_of(body.ptr, (size_t)length);
    if (kind == 6) {
        rc = pk_plist_from_utf16(
                pk_slice_of(body.ptr, (size_t)length * 2), true, b->arena, &out->data);
        return rc < 0 ? pk_error_set(b->err, rc, "out of memory") : PK_OK;
    }
    /* "ASCII", but writers put UTF-8 here, too. */
    if (kind != 4 && !pk_plist_is_utf8(out->data)) {
        return pk_plist_fail(b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr),
                "a string that is neither ASCII nor UTF-8");
    }
    return PK_OK;
}

static int read_simple(struct bplist *b, struct pk_slice in, struct pk_plist *out)
{
    switch (in.ptr[0]) {
    case 0x00:
        *out = (struct pk_plist){ .type = PK_PLIST_NULL };
        return PK_OK;
    case 0x08:
    case 0x09:
        *out = (struct pk_plist){ .type = PK_PLIST_BOOL, .boolean = in.ptr[0] == 0x09 };
        return PK_OK;
    default:
        return pk_plist_fail(b->err, PK_EMALF, (size_t)(in.ptr - b->file.ptr),
                "an object of the kind 0x%02x", in.ptr[0]);
    }
}

static int open_container(struct bplist *b, size_t index, struct pk_slice in, bool dict)
{
    struct pk_slice body;
    uint64_t count;
    int rc = object_length(b, in, &count, &body);

    if (rc < 0) {
        return rc;
    }
    if (count > body.len / b->ref_size / (dict ? 2 : 1)) {
        return truncated(b, in, dict ? "a dictionary" : "an array");
    }
    /* Containers may overlap in the file, so their sum is not bounded by its size. */
    b->refs_read += count;
    if (b->refs_read > PK_PLIST_NODES_MAX) {
        return too_many(b, "values", PK_PLIST_NODES_MAX);
    }
    if (b->depth == PK_PLIST_DEPTH_MAX) {
        return too_deep(b);
    }
    b->stack[b->depth++] = (struct open_object){
        .index = index,
        .refs = pk_slice_of(body.ptr, (size_t)count * (dict ? 2 : 1) * b->ref_size),
        .count = (size_t)count,
        .dict = dict,
    };
    b->memo[index].state = OBJECT_OPEN;
    return PK_OK;
}

/* Reads the object: leaves are done with that, containers go onto the stack. */
static int visit(struct bplist *b, size_t index)
{
    struct object *object = &b->memo[index];
    struct pk_plist *value = &object->value;
    struct pk_slice in;
    int rc = object_bytes(b, index, &in);

    if (rc < 0) {
        return rc;
    }
    switch (in.ptr[0] >> 4) {
    case 0x1:
        rc = read_int(b, in, value);
        break;
    case 0x2:
        rc = read_real(b, in, PK_PLIST_REAL, value);
        break;
    case 0x3:
        rc = read_real(b, in, PK_PLIST_DATE, value);
        break;
    case 0x4: /* data */
    case 0x5: /* ASCII */
    case 0x6: /* UTF-16 */
    case 0x7: /* UTF-8, of lists newer than 00 */
        rc = read_bytes(b, in, value);
        break;
    case 0x8:
        rc = read_uid(b, in, value);
        break;
    case 0xa: /* array */
    case 0xb: /* ordered set */
    case 0xc: /* set */
        return open_container(b, index, in, false);
    case 0xd:
        return open_container(b, index, in, true);
    default:
        rc = read_simple(b, in, value);
        break;
    }
    object->state = OBJECT_DONE;
    object->nodes = 1;
    object->bytes = value->data.len;
    return rc;
}

/* The object that the i-th reference names. */
static int referred(struct bplist *b, const struct open_object *open, size_t i, struct object **out)
{
    const uint8_t *p = open->refs.ptr + i * b->ref_size;
    uint64_t index = be_number(p, b->ref_size);

    if (index >= b->count) {
        return pk_plist_fail(b->err, PK_EMALF, (size_t)(p - b->file.ptr),
                "object %zu refers to object %llu of %zu", open->index, (unsigned long long)index,
                b->count);
    }
    *out = &b->memo[index];
    return PK_OK;
}

/* What a reader of the tree meets below this container. */
static int weigh(struct bplist *b, struct object *object, const struct object *child)
{
    object->nodes += child->nodes;
    object->bytes += child->bytes;
    if (child->depth + 1 > object->depth) {
        object->depth = child->depth + 1;
    }
    if (object->nodes > PK_PLIST_NODES_MAX) {
        return too_many(b, "values", PK_PLIST_NODES_MAX);
    }
    if (object->bytes > PK_PLIST_BYTES_MAX) {
        return too_many(b, "bytes of text and data", PK_PLIST_BYTES_MAX);
    }
    return object->depth > PK_PLIST_DEPTH_MAX ? too_deep(b) : PK_OK;
}

static int fill(struct bplist *b, const struct open_object *open, struct object *object,
        struct pk_slice *keys, struct pk_plist *items)
{
    struct object *child = NULL;
    int rc;

    for (size_t i = 0; i < open->count; i++) {
        if (keys != NULL) {
            rc = referred(b, open, i, &child);
            if (rc < 0) {
                return rc;
            }
            if (child->value.type != PK_PLIST_STRING) {
                return pk_plist_fail(b->err, PK_EMALF,
                        (size_t)(open->refs.ptr - b->file.ptr) + i * b->ref_size,
                        "a key that is not a string");
            }
            keys[i] = child->value.data;
            object->bytes += child->bytes;
        }
        rc = referred(b, open, i + (keys != NULL ? open->count : 0), &child);
        if (rc == PK_OK) {
            rc = weigh(b, object, child);
        }
        if (rc < 0) {
            return rc;
        }
        items[i] = child->value;
    }
    return PK_OK;
}

/* All children are read: the container becomes a value. */
static int close_container(struct bplist *b)
{
    const struct open_object *open = &b->stack[--b->depth];
    struct object *object = &b->memo[open->index];
    struct pk_slice *keys = NULL;
    struct pk_plist *items = NULL;
    size_t count = open->count;
    int rc = PK_OK;

    object->nodes = 1;
    object->depth = 1;
    if (count > 0) {
        items = pk_arena_alloc(b->arena, count, sizeof(*items));
        keys = open->dict ? pk_arena_alloc(b->arena, count, sizeof(*keys)) : NULL;
        if (items == NULL || (open->dict && keys == NULL)) {
            return pk_error_set(b->err, PK_ENOMEM, "out of memory");
        }
        rc = fill(b, open, object, keys, items);
    }
    if (rc == PK_OK && keys != NULL) {
        rc = pk_plist_unique(keys, items, &count, false, b->anomalies);
    }
    object->value = (struct pk_plist){ .type = open->dict ? PK_PLIST_DICT : PK_PLIST_ARRAY,
        .count = count,
        .items = items,
        .keys = keys };
    object->state = OBJECT_DONE;
    return rc;
}

static int walk(struct bplist *b)
{
    int rc = visit(b, b->root);

    while (rc == PK_OK && b->depth > 0) {
        struct open_object *top = &b->stack[b->depth - 1];
        struct object *child = NULL;

        if (top->next == top->count * (top->dict ? 2 : 1)) {
            rc = close_container(b);
            continue;
        }
        rc = referred(b, top, top->next++, &child);
        if (rc < 0 || child->state == OBJECT_DONE) {
            continue;
        }
        if (child->state == OBJECT_OPEN) {
            return pk_plist_fail(b->err, PK_EMALF, (size_t)(top->refs.ptr - b->file.ptr),
                    "object %zu contains itself", (size_t)(child - b->memo));
        }
        rc = visit(b, (size_t)(child - b->memo));
    }
    return rc;
}

int pk_plist_binary(struct pk_slice bytes, struct pk_arena *arena, struct pk_anomalies *anomalies,
        const struct pk_plist **out, struct pk_error *err)
{
    struct bplist b = { .file = bytes, .arena = arena, .anomalies = anomalies, .err = err };
    struct pk_plist *root = NULL;
    int rc;

    if (bytes.len < HEADER_SIZE + TRAILER_SIZE) {
        return pk_plist_fail(err, PK_ETRUNC, bytes.len, "too short for a binary property list");
    }
    /* CoreFoundation looks at 7 bytes only; "bplist15" and later are other formats. */
    if (memcmp(bytes.ptr, "bplist0", 7) != 0) {
        return pk_plist_fail(err, PK_EMALF, 6, "a version that is not 0x");
    }
    rc = read_trailer(&b);
    if (rc < 0) {
        return rc;
    }
    b.memo = calloc(b.count, sizeof(*b.memo));
    if (b.memo == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = walk(&b);
    if (rc == PK_OK) {
        root = pk_arena_alloc(arena, 1, sizeof(*root));
        rc = root != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        *root = b.memo[b.root].value;
        *out = root;
    }
    free(b.memo);
    return rc;
}
