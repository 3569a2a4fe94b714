#include "dex_builder.h"

#include <libdeflate.h>
#include <openssl/evp.h>

#define NAMES 3

static const char *const names[NAMES] = { "LCls;", "V", "go" };

void dex_put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

static void put16(struct pk_buffer *b, uint32_t value)
{
    assert_int_equal(pk_buffer_putc(b, (char)value), 0);
    assert_int_equal(pk_buffer_putc(b, (char)(value >> 8)), 0);
}

static void put32(struct pk_buffer *b, uint32_t value)
{
    put16(b, value);
    put16(b, value >> 16);
}

static void put_uleb(struct pk_buffer *b, uint32_t value)
{
    for (; value >= 0x80; value >>= 7) {
        assert_int_equal(pk_buffer_putc(b, (char)(value | 0x80)), 0);
    }
    assert_int_equal(pk_buffer_putc(b, (char)value), 0);
}

static size_t align4(struct pk_buffer *b)
{
    while (b->len % 4 != 0) {
        assert_int_equal(pk_buffer_putc(b, 0), 0);
    }
    return b->len;
}

/* Count and offset of a table in the header. */
static void set_table(struct pk_buffer *b, size_t at, uint32_t count, size_t offset)
{
    dex_put32((uint8_t *)b->ptr + at, count);
    dex_put32((uint8_t *)b->ptr + at + 4, count > 0 ? (uint32_t)offset : 0);
}

void dex_seal(uint8_t *dex, size_t len)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size;

    assert_int_equal(EVP_Digest(dex + 32, len - 32, digest, &size, EVP_sha1(), NULL), 1);
    memcpy(dex + 12, digest, 20);
    dex_put32(dex + 8, libdeflate_adler32(1, dex + 12, len - 12));
}

static void put_ids(struct pk_buffer *b, uint32_t methods, size_t *string_ids)
{
    *string_ids = b->len;
    set_table(b, 56, NAMES, b->len);
    for (int i = 0; i < NAMES; i++) {
        put32(b, 0);
    }
    set_table(b, 64, 2, b->len);
    put32(b, 0);
    put32(b, 1);
    set_table(b, 72, 1, b->len);
    put32(b, 1);
    put32(b, 1);
    put32(b, 0);
    set_table(b, 80, 1, b->len);
    put16(b, 0);
    put16(b, 0);
    put32(b, 2);
    set_table(b, 88, methods, b->len);
    for (uint32_t i = 0; i < methods; i++) {
        put16(b, 0);
        put16(b, 0);
        put32(b, 2);
    }
}

static void put_code(struct pk_buffer *b, const struct dex_body *body)
{
    put16(b, 1);
    put16(b, 0);
    put16(b, 0);
    put16(b, body->tries);
    put32(b, 0);
    put32(b, body->count);
    for (uint32_t i = 0; i < body->count; i++) {
        put16(b, body->units[i]);
    }
    if (body->tries > 0) {
        (void)align4(b);
        for (uint32_t i = 0; i < 2U * body->tries; i++) {
            put32(b, 0);
        }
        put_uleb(b, 0);
    }
}

static void put_class_data(struct pk_buffer *b, const struct dex_spec *spec, struct dex_made *made)
{
    made->class_data = b->len;
    put_uleb(b, 1);
    put_uleb(b, 0);
    put_uleb(b, spec->body_count);
    put_uleb(b, 0);
    put_uleb(b, 0);
    put_uleb(b, 8);
    for (uint32_t i = 0; i < spec->body_count; i++) {
        put_uleb(b, i > 0);
        put_uleb(b, spec->bodies[i].access);
        put_uleb(b, (uint32_t)made->codes[i]);
    }
}

static void put_map(struct pk_buffer *b, const struct dex_spec *spec, struct dex_made *made)
{
    size_t sites = align4(b);

    for (uint32_t i = 0; i < spec->call_sites + 2 * spec->handles; i++) {
        put32(b, 0);
    }
    made->map = b->len;
    dex_put32((uint8_t *)b->ptr + 52, (uint32_t)b->len);
    put32(b, spec->directory ? 4 : 3);
    put32(b, 7);
    put32(b, spec->call_sites);
    put32(b, (uint32_t)sites);
    put32(b, 8);
    put32(b, spec->handles);
    put32(b, (uint32_t)sites + 4 * spec->call_sites);
    put32(b, 0x1000);
    put32(b, 1);
    put32(b, (uint32_t)made->map);
    if (spec->directory) {
        put32(b, 0x2006);
        put32(b, 2);
        put32(b, (uint32_t)b->len + 4);
        for (uint32_t i = 0; i < 10; i++) { /* one of a field, one of nothing */
            put32(b, i == 1);
        }
    }
}

struct dex_made dex_build(const struct dex_spec *spec)
{
    struct pk_buffer b = pk_buffer_of(1024UL * 1024);
    bool container = strcmp(spec->version, "041") >= 0;
    size_t header_size = container ? 0x78 : 0x70;
    struct dex_made made = { 0 };
    size_t string_ids;
    size_t data;

    assert_non_null(pk_buffer_reserve(&b, header_size));
    memset(b.ptr, 0, header_size);
    b.len = header_size;
    memcpy(b.ptr, "dex\n", 4);
    memcpy(b.ptr + 4, spec->version, 3);
    put_ids(&b, spec->body_count > 0 ? spec->body_count : 1, &string_ids);
    made.class_defs = b.len;
    set_table(&b, 96, 1, b.len);
    for (int i = 0; i < 8; i++) {
        put32(&b, i == 1 ? 1 : i == 2 || i == 4 ? 0xffffffffU : 0);
    }
    data = b.len;
    for (uint32_t i = 0; i < spec->body_count; i++) {
        if (!spec->bodies[i].bare) {
            made.codes[i] = align4(&b);
            put_code(&b, &spec->bodies[i]);
        }
    }
    for (int i = 0; i < NAMES; i++) {
        dex_put32((uint8_t *)b.ptr + string_ids + 4 * (size_t)i, (uint32_t)b.len);
        put_uleb(&b, (uint32_t)strlen(names[i]));
        assert_int_equal(pk_buffer_put(&b, names[i], strlen(names[i]) + 1), 0);
    }
    put_class_data(&b, spec, &made);
    dex_put32((uint8_t *)b.ptr + made.class_defs + 24, (uint32_t)made.class_data);
    put_map(&b, spec, &made);
    made.len = b.len;
    made.bytes = pk_test_dup(b.ptr, b.len);
    pk_buffer_finish(&b);
    dex_put32(made.bytes + 32, (uint32_t)made.len);
    dex_put32(made.bytes + 36, (uint32_t)header_size);
    dex_put32(made.bytes + 40, 0x12345678);
    dex_put32(made.bytes + 104, (uint32_t)(made.len - data));
    dex_put32(made.bytes + 108, (uint32_t)data);
    if (container) {
        dex_put32(made.bytes + 112, (uint32_t)made.len);
    }
    dex_seal(made.bytes, made.len);
    return made;
}
