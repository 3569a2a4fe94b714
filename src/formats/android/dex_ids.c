#include "base/buffer.h"
#include "formats/android/dex.h"
#include "formats/android/dex_bytes.h"
#include "formats/limits.h"

/* The length in UTF-16 units before the bytes is skipped: the platform goes by the NUL, too, and checks
 * the length only when it verifies. */
struct pk_slice pk_dex_string_within(const struct pk_dex *dex, uint32_t index, size_t max)
{
    const uint8_t *end = dex->file.ptr + dex->file.len;
    const uint8_t *text;
    const uint8_t *nul;
    uint32_t offset;
    uint32_t units;

    if (index >= dex->string_count) {
        return (struct pk_slice){ 0 };
    }
    offset = pk_dex_le32(dex->file.ptr + dex->string_ids + 4 * (size_t)index);
    if (offset >= dex->file.len) {
        return (struct pk_slice){ 0 };
    }
    text = pk_dex_uleb(dex->file.ptr + offset, end, &units);
    if (text == NULL) {
        return (struct pk_slice){ 0 };
    }
    if (max > (size_t)(end - text)) {
        max = (size_t)(end - text);
    }
    nul = memchr(text, '\0', max);
    return nul != NULL ? pk_slice_of(text, (size_t)(nul - text)) : (struct pk_slice){ 0 };
}

struct pk_slice pk_dex_string(const struct pk_dex *dex, uint32_t index)
{
    return pk_dex_string_within(dex, index, PK_DEX_STRING_MAX);
}

static uint32_t type_string(const struct pk_dex *dex, uint32_t type)
{
    return type < dex->type_count ? pk_dex_le32(dex->file.ptr + dex->type_ids + 4 * (size_t)type)
                                  : PK_DEX_NO_INDEX;
}

struct pk_slice pk_dex_type(const struct pk_dex *dex, uint32_t index)
{
    return pk_dex_string(dex, type_string(dex, index));
}

struct pk_slice pk_dex_type_within(const struct pk_dex *dex, uint32_t index, size_t max)
{
    return pk_dex_string_within(dex, type_string(dex, index), max);
}

bool pk_dex_method(const struct pk_dex *dex, uint32_t index, struct pk_dex_method *out)
{
    const uint8_t *p;

    if (index >= dex->method_count) {
        return false;
    }
    p = dex->file.ptr + dex->method_ids + 8 * (size_t)index;
    *out = (struct pk_dex_method){
        .class_type = pk_dex_le16(p),
        .proto = pk_dex_le16(p + 2),
        .name = pk_dex_le32(p + 4),
    };
    return true;
}

bool pk_dex_field(const struct pk_dex *dex, uint32_t index, struct pk_dex_field *out)
{
    const uint8_t *p;

    if (index >= dex->field_count) {
        return false;
    }
    p = dex->file.ptr + dex->field_ids + 8 * (size_t)index;
    *out = (struct pk_dex_field){
        .class_type = pk_dex_le16(p),
        .type = pk_dex_le16(p + 2),
        .name = pk_dex_le32(p + 4),
    };
    return true;
}

bool pk_dex_proto(const struct pk_dex *dex, uint32_t index, struct pk_dex_proto *out)
{
    const uint8_t *p;
    uint32_t parameters;
    uint32_t count = 0;

    if (index >= dex->proto_count) {
        return false;
    }
    p = dex->file.ptr + dex->proto_ids + 12 * (size_t)index;
    parameters = pk_dex_le32(p + 8);
    if (parameters != 0) {
        if (!pk_dex_has(dex, parameters, 4)) {
            return false;
        }
        count = pk_dex_le32(dex->file.ptr + parameters);
        if (!pk_dex_has(dex, parameters + 4ULL, 2ULL * count)) {
            return false;
        }
    }
    *out = (struct pk_dex_proto){
        .shorty = pk_dex_le32(p),
        .return_type = pk_dex_le32(p + 4),
        .parameter_count = count,
        .parameters = parameters != 0 ? parameters + 4 : 0,
    };
    return true;
}

uint32_t pk_dex_parameter(
        const struct pk_dex *dex, const struct pk_dex_proto *proto, uint32_t index)
{
    return index < proto->parameter_count
            ? pk_dex_le16(dex->file.ptr + proto->parameters + 2 * (size_t)index)
            : PK_DEX_NO_INDEX;
}

/* Appends the string; out->rc tells when there is none or no room. The search for its end stops where
 * the room does, so that the work is bounded by the text. */
static void put_string(struct pk_buffer *out, const struct pk_dex *dex, uint32_t index)
{
    struct pk_slice text = pk_dex_string_within(dex, index, out->max - out->len);

    if (text.ptr == NULL) {
        out->rc = PK_EMALF;
        return;
    }
    (void)pk_buffer_put(out, text.ptr, text.len);
}

static void put_method(struct pk_buffer *out, const struct pk_dex *dex, uint32_t index)
{
    struct pk_dex_method method;
    struct pk_dex_proto proto;

    if (!pk_dex_method(dex, index, &method) || !pk_dex_proto(dex, method.proto, &proto)) {
        out->rc = PK_EMALF;
        return;
    }
    put_string(out, dex, type_string(dex, method.class_type));
    (void)pk_buffer_puts(out, "->");
    put_string(out, dex, method.name);
    (void)pk_buffer_putc(out, '(');
    for (uint32_t i = 0; i < proto.parameter_count && out->rc == PK_OK; i++) {
        put_string(out, dex, type_string(dex, pk_dex_parameter(dex, &proto, i)));
    }
    (void)pk_buffer_putc(out, ')');
    put_string(out, dex, type_string(dex, proto.return_type));
}

const char *pk_dex_method_text(const struct pk_dex *dex, uint32_t index, struct pk_arena *arena)
{
    struct pk_buffer text = pk_buffer_of(PK_DEX_TEXT_MAX);
    const char *result = NULL;

    put_method(&text, dex, index);
    if (text.rc == PK_OK) {
        result = pk_arena_strndup(arena, text.ptr, text.len);
    }
    pk_buffer_finish(&text);
    return result;
}
