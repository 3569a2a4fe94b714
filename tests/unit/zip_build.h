/* zip_build.h - archives made for a test, right in every field unless the test says otherwise. */
#pragma once

#include <libdeflate.h>

#include "base/buffer.h"
#include "check.h"

/* One entry to be written. Zero is a stored entry; what is set below the line lies. */
struct zip_item {
    const char *name;
    size_t name_len; /* 0: strlen */
    const char *text;
    size_t text_len; /* 0: strlen */
    bool deflate;
    /* --- */
    const char *local_name; /* of the same length */
    const char *extra;      /* of the local header */
    uint16_t extra_len;
    uint16_t flags, local_flags;   /* added */
    uint16_t method, local_method; /* when set_method */
    bool set_method;
    uint32_t plain_size, packed_size; /* of the directory, when not 0 */
    bool set_local_sizes;
    uint32_t local_plain, local_packed;
    uint32_t crc_xor;      /* of directory and local header */
    uint32_t local_offset; /* when set_local_offset */
    bool set_local_offset;
    const char *packed_tail; /* behind the stream, counted as packed */
    /* filled by zip_build() */
    size_t at; /* of the local header */
};

struct zip_plan {
    struct zip_item *items;
    size_t count;
    const char *prefix;   /* before the first entry, offsets follow */
    size_t prefix_len;    /* 0: strlen */
    const char *gap;      /* between directory and end record */
    const char *leftover; /* in the directory, behind its last record */
    const char *comment;
    size_t comment_len; /* 0: strlen */
    int shift;          /* added to the directory's offset in the end record */
    int count_add;      /* added to both counts of the end record */
};

static inline void zip_put(struct pk_buffer *b, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        assert_int_equal(pk_buffer_putc(b, (char)(value >> 8 * i)), PK_OK);
    }
}

static inline void zip_bytes(struct pk_buffer *b, const void *p, size_t len)
{
    if (len > 0) {
        assert_int_equal(pk_buffer_put(b, p, len), PK_OK);
    }
}

static inline size_t zip_len(const char *text, size_t len)
{
    return text == NULL ? 0 : len > 0 ? len : strlen(text);
}

/* Raw DEFLATE. The caller frees. */
static inline uint8_t *zip_deflate(const void *in, size_t len, size_t *out_len)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t bound = libdeflate_deflate_compress_bound(c, len);
    uint8_t *out = malloc(bound);

    assert_non_null(out);
    *out_len = libdeflate_deflate_compress(c, in, len, out, bound);
    assert_true(*out_len > 0);
    libdeflate_free_compressor(c);
    return out;
}

/* What local header and directory share. */
static inline void zip_common(struct pk_buffer *b, uint16_t flags, uint16_t method, uint32_t crc,
        uint32_t packed, uint32_t plain, size_t name_len, size_t extra_len)
{
    zip_put(b, 20, 2);
    zip_put(b, flags, 2);
    zip_put(b, method, 2);
    zip_put(b, 0x52410000, 4); /* time and date */
    zip_put(b, crc, 4);
    zip_put(b, packed, 4);
    zip_put(b, plain, 4);
    zip_put(b, (uint32_t)name_len, 2);
    zip_put(b, (uint32_t)extra_len, 2);
}

static inline void zip_item_put(struct zip_item *item, struct pk_buffer *b, struct pk_buffer *dir)
{
    size_t name_len = zip_len(item->name, item->name_len);
    size_t plain = zip_len(item->text, item->text_len);
    uint32_t crc = libdeflate_crc32(0, item->text, plain) ^ item->crc_xor;
    uint16_t method = item->set_method ? item->method : item->deflate ? 8 : 0;
    uint16_t local_method = item->set_method ? item->local_method : method;
    size_t packed = plain;
    uint8_t *owned = item->deflate ? zip_deflate(item->text, plain, &packed) : NULL;

    item->at = b->len;
    size_t tail = zip_len(item->packed_tail, 0);
    uint32_t dir_packed = item->packed_size ? item->packed_size : (uint32_t)(packed + tail);
    uint32_t dir_plain = item->plain_size ? item->plain_size : (uint32_t)plain;
    zip_put(b, 0x04034b50, 4);
    zip_common(b, item->local_flags, local_method, crc,
            item->set_local_sizes ? item->local_packed : dir_packed,
            item->set_local_sizes ? item->local_plain : dir_plain, name_len, item->extra_len);
    zip_bytes(b, item->local_name != NULL ? item->local_name : item->name, name_len);
    zip_bytes(b, item->extra, item->extra_len);
    zip_bytes(b, owned != NULL ? (const void *)owned : item->text, packed);
    zip_bytes(b, item->packed_tail, tail);
    free(owned);
    zip_put(dir, 0x02014b50, 4);
    zip_put(dir, 20, 2);
    zip_common(dir, item->flags, method, crc, dir_packed, dir_plain, name_len, 0);
    zip_put(dir, 0, 2); /* comment */
    zip_put(dir, 0, 4); /* disk, internal attributes */
    zip_put(dir, 0, 4); /* external attributes */
    zip_put(dir, item->set_local_offset ? item->local_offset : (uint32_t)item->at, 4);
    zip_bytes(dir, item->name, name_len);
}

/* The whole archive in an exact heap block; the caller frees its ptr. */
static inline struct pk_slice zip_build(const struct zip_plan *plan)
{
    struct pk_buffer b = pk_buffer_of(64UL * 1024 * 1024);
    struct pk_buffer dir = pk_buffer_of(16UL * 1024 * 1024);
    size_t comment = zip_len(plan->comment, plan->comment_len);
    size_t at;
    uint8_t *out;

    zip_bytes(&b, plan->prefix, zip_len(plan->prefix, plan->prefix_len));
    for (size_t i = 0; i < plan->count; i++) {
        zip_item_put(&plan->items[i], &b, &dir);
    }
    zip_bytes(&dir, plan->leftover, zip_len(plan->leftover, 0));
    at = b.len;
    zip_bytes(&b, dir.ptr, dir.len);
    zip_bytes(&b, plan->gap, zip_len(plan->gap, 0));
    zip_put(&b, 0x06054b50, 4);
    zip_put(&b, 0, 4);
    zip_put(&b, (uint32_t)((int)plan->count + plan->count_add), 2);
    zip_put(&b, (uint32_t)((int)plan->count + plan->count_add), 2);
    zip_put(&b, (uint32_t)dir.len, 4);
    zip_put(&b, (uint32_t)((int)at + plan->shift), 4);
    zip_put(&b, (uint32_t)comment, 2);
    zip_bytes(&b, plan->comment, comment);
    out = pk_test_dup(b.ptr, b.len);
    struct pk_slice file = pk_slice_of(out, b.len);
    pk_buffer_finish(&b);
    pk_buffer_finish(&dir);
    return file;
}
