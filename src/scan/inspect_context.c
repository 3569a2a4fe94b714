#include "scan/inspect_context.h"

#include <stdio.h>

void *pk_inspect_alloc(struct pk_inspect_context *ctx, size_t count, size_t size)
{
    void *ptr = pk_arena_alloc(ctx->arena, count, size);

    if (ptr == NULL) {
        ctx->rc = PK_ENOMEM;
    }
    return ptr;
}

/* Most names are plain ASCII: no escape, no cut. */
static bool is_plain(const uint8_t *bytes, size_t len, size_t max)
{
    if (len > max) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static const char *keep(struct pk_inspect_context *ctx, struct pk_slice bytes, size_t max)
{
    const char *text;

    if (bytes.len == 0) {
        return "";
    }
    text = is_plain(bytes.ptr, bytes.len, max)
            ? pk_arena_strndup(ctx->arena, (const char *)bytes.ptr, bytes.len)
            : pk_printable(ctx->arena, bytes.ptr, bytes.len, max);
    if (text == NULL) {
        ctx->rc = PK_ENOMEM;
        return "";
    }
    return text;
}

const char *pk_inspect_keep_bytes(struct pk_inspect_context *ctx, struct pk_slice bytes)
{
    return keep(ctx, bytes, PK_INSPECT_TEXT_MAX);
}

const char *pk_inspect_keep(struct pk_inspect_context *ctx, const char *text)
{
    return text == NULL ? "" : keep(ctx, pk_slice_str(text), PK_INSPECT_TEXT_MAX);
}

const char *pk_inspect_keep_cut(struct pk_inspect_context *ctx, const char *text, size_t max)
{
    return text == NULL ? "" : keep(ctx, pk_slice_str(text), max);
}

const char *pk_inspect_keep_some(struct pk_inspect_context *ctx, const char *text, size_t max)
{
    return text == NULL || text[0] == '\0' ? NULL : pk_inspect_keep_cut(ctx, text, max);
}

struct pk_strings pk_inspect_keep_list(
        struct pk_inspect_context *ctx, const struct pk_strings *from, size_t max)
{
    size_t count = from->count < max ? from->count : max;
    struct pk_strings out = { 0 };

    if (from->count > max) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_NAMES,
                "%zu names, of which %zu are reported", from->count, max);
    }
    out.items = count > 0 ? pk_inspect_alloc(ctx, count, sizeof(*out.items)) : NULL;
    for (size_t i = 0; out.items != NULL && i < count; i++) {
        pk_inspect_push(&out, pk_inspect_keep(ctx, from->items[i]));
    }
    return out;
}

void pk_inspect_push(struct pk_strings *list, const char *kept)
{
    list->items[list->count++] = kept;
}

void pk_inspect_refuse(struct pk_inspect_context *ctx, const char *format, ...)
{
    char text[2 * PK_EVIDENCE_MAX];
    va_list args;

    if (ctx->out->problem != NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ctx->out->problem = pk_inspect_keep(ctx, text);
}

bool pk_inspect_full(struct pk_inspect_context *ctx, int rc, const char *what)
{
    if (rc != PK_ENOMEM) {
        return false;
    }
    pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_ARENA, "while reading %s", what);
    return true;
}
