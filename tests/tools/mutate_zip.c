#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/reader.h"
#include "mutate.h"

#define END_SIZE    22
#define HEADER_SIZE 46
#define LOCAL_SIZE  30
#define CONTENT_MAX (8UL << 20)

static uint32_t le(const uint8_t *p, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value |= (uint32_t)p[i] << 8 * i;
    }
    return value;
}

static void put_le(char *p, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        p[i] = (char)(value >> 8 * i);
    }
}

static int read_entry(struct pk_slice file, size_t *at, struct mutate_entry *out)
{
    const uint8_t *h = file.ptr + *at;

    if (*at + HEADER_SIZE > file.len || le(h, 4) != 0x02014b50) {
        return PK_EMALF;
    }
    size_t name = le(h + 28, 2);
    *out = (struct mutate_entry){
        .header = *at,
        .local = le(h + 42, 4),
        .packed = le(h + 20, 4),
        .size = le(h + 24, 4),
        .method = le(h + 10, 2),
        .name = { h + HEADER_SIZE, name },
    };
    *at += HEADER_SIZE + name + le(h + 30, 2) + le(h + 32, 2);
    if (*at > file.len || out->local + LOCAL_SIZE > file.len) {
        return PK_EMALF;
    }
    const uint8_t *l = file.ptr + out->local;
    out->data = out->local + LOCAL_SIZE + le(l + 26, 2) + le(l + 28, 2);
    return out->data <= file.len && out->packed <= file.len - out->data ? PK_OK : PK_EMALF;
}

int mutate_zip_read(struct pk_slice file, struct mutate_zip *out)
{
    struct mutate_zip zip = { 0 };
    int rc = PK_OK;

    for (size_t back = END_SIZE; back <= file.len && back < END_SIZE + 65536; back++) {
        if (le(file.ptr + file.len - back, 4) == 0x06054b50) {
            zip.end = file.len - back;
            break;
        }
    }
    if (zip.end == 0) {
        return PK_EMALF;
    }
    zip.count = le(file.ptr + zip.end + 10, 2);
    zip.directory = le(file.ptr + zip.end + 16, 4);
    zip.entries = calloc(zip.count + 1, sizeof(*zip.entries));
    size_t at = zip.directory;
    for (size_t i = 0; i < zip.count && rc == PK_OK; i++) {
        rc = zip.entries == NULL ? PK_ENOMEM : read_entry(file, &at, &zip.entries[i]);
    }
    if (rc < 0 || zip.count == 0) {
        free(zip.entries);
        return rc < 0 ? rc : PK_EMALF;
    }
    *out = zip;
    return PK_OK;
}

void mutate_zip_finish(struct mutate_zip *zip)
{
    free(zip->entries);
    *zip = (struct mutate_zip){ 0 };
}

static void swap_headers(
        struct mutate_random *random, struct pk_buffer *file, const struct mutate_zip *zip)
{
    char *a = file->ptr + zip->entries[mutate_below(random, zip->count)].header;
    char *b = file->ptr + zip->entries[mutate_below(random, zip->count)].header;
    size_t from = 8 + mutate_below(random, 34); /* flags ... place of the local header */
    size_t len = 1 + mutate_below(random, HEADER_SIZE - from);

    for (size_t i = from; i < from + len; i++) {
        char c = a[i];

        a[i] = b[i];
        b[i] = c;
    }
}

/* Two names of the same length swapped, or one given to another entry: duplicates. */
static void copy_name(
        struct mutate_random *random, struct pk_buffer *file, const struct mutate_zip *zip)
{
    const struct mutate_entry *a = &zip->entries[mutate_below(random, zip->count)];
    const struct mutate_entry *b = &zip->entries[mutate_below(random, zip->count)];
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;

    memmove(file->ptr + b->header + HEADER_SIZE, file->ptr + a->header + HEADER_SIZE, len);
    put_le(file->ptr + b->header + 28, (uint32_t)len, mutate_below(random, 4) == 0 ? 2 : 0);
}

void mutate_zip_structure(
        struct mutate_random *random, struct pk_buffer *file, const struct mutate_zip *zip)
{
    const struct mutate_entry *entry = &zip->entries[mutate_below(random, zip->count)];
    const struct mutate_entry *last = entry;
    const struct pk_slice none = { 0 };

    for (size_t i = 0; i < zip->count; i++) {
        last = zip->entries[i].data > last->data ? &zip->entries[i] : last;
    }
    switch (mutate_below(random, 8)) {
    case 0:
        mutate_bytes(random, file, zip->end, zip->end + END_SIZE, none);
        break;
    case 1:
        mutate_bytes(random, file, entry->header, entry->header + HEADER_SIZE, none);
        break;
    case 2:
        mutate_bytes(random, file, entry->local, entry->local + LOCAL_SIZE, none);
        break;
    case 3:
        swap_headers(random, file, zip);
        break;
    case 4:
        copy_name(random, file, zip);
        break;
    default: /* most often the signing block, where there is one */
        if (last->data + last->packed < zip->directory) {
            mutate_bytes(random, file, last->data + last->packed, zip->directory, none);
        } else {
            mutate_bytes(random, file, zip->directory, zip->end, none);
        }
        break;
    }
}

/* --- content */

static int unpack(struct pk_slice file, const struct mutate_entry *entry, struct pk_buffer *out)
{
    struct libdeflate_decompressor *d;
    char *to;
    size_t got = 0;

    if (entry->method == 0) {
        return pk_buffer_put(out, file.ptr + entry->data, entry->packed);
    }
    if (entry->method != 8 || entry->size > CONTENT_MAX) {
        return PK_EMALF;
    }
    d = libdeflate_alloc_decompressor();
    to = pk_buffer_reserve(out, entry->size);
    if (d == NULL || to == NULL) {
        libdeflate_free_decompressor(d);
        return PK_ENOMEM;
    }
    int rc = libdeflate_deflate_decompress(
            d, file.ptr + entry->data, entry->packed, to, entry->size, &got);
    libdeflate_free_decompressor(d);
    out->len = got;
    return rc == LIBDEFLATE_SUCCESS ? PK_OK : PK_EMALF;
}

/* What readers look into: manifest, resources, code, signatures, and Apple's. */
static bool is_read(struct pk_slice name)
{
    static const char *const marks[] = { "AndroidManifest.xml", "resources.arsc", ".dex",
        "META-INF/", ".so", ".plist", ".mobileprovision", "_CodeSignature", ".apk", "embedded" };

    for (size_t i = 0; i < PK_COUNT(marks); i++) {
        if (memmem(name.ptr, name.len, marks[i], strlen(marks[i])) != NULL) {
            return true;
        }
    }
    return false;
}

static size_t choose(struct mutate_random *random, const struct mutate_zip *zip)
{
    size_t i = mutate_below(random, zip->count);

    for (int tries = 0; tries < 8 && !is_read(zip->entries[i].name); tries++) {
        i = mutate_below(random, zip->count);
    }
    return i;
}

/* The changed content as it is stored: packed again or not. */
static int pack(struct mutate_random *random, const struct pk_buffer *content,
        struct pk_buffer *out, unsigned *method)
{
    struct libdeflate_compressor *c;
    size_t bound;
    char *to;

    *method = mutate_below(random, 4) == 0 ? 8 : 0;
    if (*method == 0) {
        return pk_buffer_put(out, content->ptr, content->len);
    }
    c = libdeflate_alloc_compressor(1);
    if (c == NULL) {
        return PK_ENOMEM;
    }
    bound = libdeflate_deflate_compress_bound(c, content->len);
    to = pk_buffer_reserve(out, bound);
    if (to != NULL) {
        out->len = libdeflate_deflate_compress(c, content->ptr, content->len, to, bound);
    }
    libdeflate_free_compressor(c);
    return to != NULL ? PK_OK : PK_ENOMEM;
}

struct changed {
    size_t index;
    struct pk_slice packed;
    size_t size;
    uint32_t crc;
    unsigned method;
};

static void fix_header(char *h, size_t from, const struct changed *changed)
{
    put_le(h + from, changed->method, 2);
    put_le(h + from + 6, changed->crc, 4);
    put_le(h + from + 10, (uint32_t)changed->packed.len, 4);
    put_le(h + from + 14, (uint32_t)changed->size, 4);
}

/* The archive anew: entries in the directory's order, what lay between them gone, the signing block kept. */
static int assemble(
        struct pk_buffer *file, const struct mutate_zip *zip, const struct changed *changed)
{
    struct pk_buffer out = pk_buffer_of(MUTATE_MAX);
    struct pk_buffer directory = pk_buffer_of(MUTATE_MAX);
    size_t tail = 0;

    for (size_t i = 0; i < zip->count; i++) {
        const struct mutate_entry *e = &zip->entries[i];
        bool this = i == changed->index;
        size_t header = i + 1 < zip->count ? zip->entries[i + 1].header : zip->end;
        size_t local = out.len;

        tail = e->data + e->packed > tail ? e->data + e->packed : tail;
        (void)pk_buffer_put(&out, file->ptr + e->local, e->data - e->local);
        if (this && out.rc == PK_OK) {
            fix_header(out.ptr + local, 8, changed);
        }
        (void)pk_buffer_put(&out, this ? changed->packed.ptr : (uint8_t *)file->ptr + e->data,
                this ? changed->packed.len : e->packed);
        size_t at = directory.len;
        (void)pk_buffer_put(&directory, file->ptr + e->header, header - e->header);
        if (directory.rc == PK_OK) {
            put_le(directory.ptr + at + 42, (uint32_t)local, 4);
        }
        if (this && directory.rc == PK_OK) {
            fix_header(directory.ptr + at, 10, changed);
        }
    }
    if (tail < zip->directory) {
        (void)pk_buffer_put(&out, file->ptr + tail, zip->directory - tail);
    }
    size_t place = out.len;
    (void)pk_buffer_put(&out, directory.ptr, directory.len);
    size_t end = out.len;
    (void)pk_buffer_put(&out, file->ptr + zip->end, file->len - zip->end);
    int rc = directory.rc < 0 ? directory.rc : out.rc;
    if (rc == PK_OK) {
        put_le(out.ptr + end + 12, (uint32_t)directory.len, 4);
        put_le(out.ptr + end + 16, (uint32_t)place, 4);
        pk_buffer_finish(file);
        *file = out;
    } else {
        pk_buffer_finish(&out);
    }
    pk_buffer_finish(&directory);
    return rc;
}

int mutate_zip_content(struct mutate_random *random, struct pk_buffer *file,
        const struct mutate_zip *zip, struct pk_slice other)
{
    struct changed changed = { .index = choose(random, zip) };
    struct pk_buffer content = pk_buffer_of(MUTATE_MAX);
    struct pk_buffer packed = pk_buffer_of(MUTATE_MAX);
    int rc = unpack(pk_buffer_slice(file), &zip->entries[changed.index], &content);

    for (size_t n = 1 + mutate_below(random, 3); n > 0 && rc == PK_OK; n--) {
        /* Headers and tables come first in these formats. */
        size_t head = mutate_below(random, 2) == 0 && content.len > 256 ? 256 : 0;

        mutate_bytes(random, &content, 0, head, other);
    }
    rc = rc < 0 ? rc : pack(random, &content, &packed, &changed.method);
    if (rc == PK_OK) {
        changed.packed = pk_buffer_slice(&packed);
        changed.size = content.len;
        changed.crc = (uint32_t)crc32(0, (const uint8_t *)content.ptr, (unsigned)content.len);
        rc = assemble(file, zip, &changed);
    }
    pk_buffer_finish(&content);
    pk_buffer_finish(&packed);
    return rc;
}
