/* axml_builder.h - small binary XML documents for tests, correct unless a test spoils them. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "check.h"

#define AXB_NONE 0xffffffffU

/* Attributes that the builder knows: the pool begins with their names, as the resource map wants. */
enum axb_attr {
    AXB_LABEL,
    AXB_ICON,
    AXB_NAME,
    AXB_PERMISSION,
    AXB_ENABLED,
    AXB_DEBUGGABLE,
    AXB_EXPORTED,
    AXB_AUTHORITIES,
    AXB_PRIORITY,
    AXB_VALUE,
    AXB_RESOURCE,
    AXB_SCHEME,
    AXB_TARGET_ACTIVITY,
    AXB_MIN_SDK,
    AXB_VERSION_CODE,
    AXB_VERSION_NAME,
    AXB_TARGET_SDK,
    AXB_TEST_ONLY,
    AXB_REQUIRED,
    AXB_TARGET_SANDBOX,
    AXB_VERSION_CODE_MAJOR,
    AXB_KNOWN, /* how many */
};

struct axb {
    bool utf8;
    bool no_map;        /* leave the resource map out */
    bool empty_names;   /* the names of the known attributes are "" */
    bool no_nul;        /* strings without the NUL behind them */
    uint32_t add_count; /* to the claimed number of strings */
    uint16_t stride;    /* of attributes; 0: 20 */
    uint16_t start;     /* of attributes; 0: 20 */
    const char *strings[128];
    size_t count;
    uint8_t body[32768]; /* the nodes */
    size_t len;
    size_t node; /* where the last one begins */
    uint8_t out[65536];
    size_t out_len;
    size_t body_at; /* of the nodes in out */
};

static const struct {
    const char *name;
    uint32_t id;
} axb_known[AXB_KNOWN] = {
    [AXB_LABEL] = { "label", 0x01010001 },
    [AXB_ICON] = { "icon", 0x01010002 },
    [AXB_NAME] = { "name", 0x01010003 },
    [AXB_PERMISSION] = { "permission", 0x01010006 },
    [AXB_ENABLED] = { "enabled", 0x0101000e },
    [AXB_DEBUGGABLE] = { "debuggable", 0x0101000f },
    [AXB_EXPORTED] = { "exported", 0x01010010 },
    [AXB_AUTHORITIES] = { "authorities", 0x01010018 },
    [AXB_PRIORITY] = { "priority", 0x0101001c },
    [AXB_VALUE] = { "value", 0x01010024 },
    [AXB_RESOURCE] = { "resource", 0x01010025 },
    [AXB_SCHEME] = { "scheme", 0x01010027 },
    [AXB_TARGET_ACTIVITY] = { "targetActivity", 0x01010202 },
    [AXB_MIN_SDK] = { "minSdkVersion", 0x0101020c },
    [AXB_VERSION_CODE] = { "versionCode", 0x0101021b },
    [AXB_VERSION_NAME] = { "versionName", 0x0101021c },
    [AXB_TARGET_SDK] = { "targetSdkVersion", 0x01010270 },
    [AXB_TEST_ONLY] = { "testOnly", 0x01010272 },
    [AXB_REQUIRED] = { "required", 0x0101028e },
    [AXB_TARGET_SANDBOX] = { "targetSandboxVersion", 0x0101054c },
    [AXB_VERSION_CODE_MAJOR] = { "versionCodeMajor", 0x01010576 },
};

static inline void axb_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void axb_put32(uint8_t *p, uint32_t v)
{
    axb_put16(p, v);
    axb_put16(p + 2, v >> 16);
}

static inline uint32_t axb_string(struct axb *b, const char *text)
{
    if (b->count == 0) {
        for (size_t i = 0; i < AXB_KNOWN; i++) {
            b->strings[b->count++] = axb_known[i].name;
        }
    }
    for (size_t i = AXB_KNOWN; i < b->count; i++) {
        if (strcmp(b->strings[i], text) == 0) {
            return (uint32_t)i;
        }
    }
    assert_true(b->count < 128);
    b->strings[b->count] = text;
    return (uint32_t)b->count++;
}

static inline void axb_raw(struct axb *b, const void *bytes, size_t len)
{
    assert_true(b->len + len <= sizeof(b->body));
    memcpy(b->body + b->len, bytes, len);
    b->len += len;
}

static inline void axb_u32(struct axb *b, uint32_t v)
{
    uint8_t bytes[4];

    axb_put32(bytes, v);
    axb_raw(b, bytes, 4);
}

static inline void axb_node(struct axb *b, uint32_t type, uint32_t size)
{
    b->node = b->len;
    axb_u32(b, type | 16U << 16);
    axb_u32(b, size);
    axb_u32(b, 1); /* line */
    axb_u32(b, AXB_NONE);
}

static inline void axb_namespace(struct axb *b, bool end, const char *prefix, const char *uri)
{
    axb_node(b, end ? 0x101 : 0x100, 24);
    axb_u32(b, axb_string(b, prefix));
    axb_u32(b, axb_string(b, uri));
}

static inline void axb_text(struct axb *b, const char *text)
{
    axb_node(b, 0x104, 28);
    axb_u32(b, axb_string(b, text));
    axb_u32(b, 8);
    axb_u32(b, 0);
}

static inline void axb_start(struct axb *b, const char *name)
{
    uint32_t start = b->start != 0 ? b->start : 20;
    uint32_t stride = b->stride != 0 ? b->stride : 20;

    axb_node(b, 0x102, 16 + start);
    axb_u32(b, AXB_NONE);
    axb_u32(b, axb_string(b, name));
    axb_u32(b, start | stride << 16);
    axb_u32(b, 0); /* count, index of the id */
    axb_u32(b, 0);
    for (uint32_t i = 20; i < start; i += 4) {
        axb_u32(b, 0xabababab);
    }
}

/* Of the element that was started last; ns and name are strings. */
static inline void axb_attribute(
        struct axb *b, uint32_t ns, uint32_t name, uint32_t raw, uint32_t type, uint32_t data)
{
    uint8_t *node = b->body + b->node;
    uint32_t stride = b->stride != 0 ? b->stride : 20;

    axb_u32(b, ns);
    axb_u32(b, name);
    axb_u32(b, raw);
    axb_u32(b, 8 | type << 24);
    axb_u32(b, data);
    for (uint32_t i = 20; i < stride; i += 4) {
        axb_u32(b, 0xcdcdcdcd);
    }
    node[28]++;
    axb_put32(node + 4, (uint32_t)(b->len - b->node));
}

static inline void axb_value(struct axb *b, enum axb_attr attr, uint32_t type, uint32_t data)
{
    axb_attribute(b, axb_string(b, "http://schemas.android.com/apk/res/android"), attr, AXB_NONE,
            type, data);
}

static inline void axb_int(struct axb *b, enum axb_attr attr, uint32_t value)
{
    axb_value(b, attr, 0x10, value);
}

static inline void axb_bool(struct axb *b, enum axb_attr attr, bool value)
{
    axb_value(b, attr, 0x12, value ? AXB_NONE : 0);
}

static inline void axb_ref(struct axb *b, enum axb_attr attr, uint32_t id)
{
    axb_value(b, attr, 0x01, id);
}

static inline void axb_str(struct axb *b, enum axb_attr attr, const char *text)
{
    uint32_t index = axb_string(b, text);

    axb_attribute(b, axb_string(b, "http://schemas.android.com/apk/res/android"), attr, index, 0x03,
            index);
}

/* Without a namespace, as "package" is. */
static inline void axb_plain(struct axb *b, const char *name, const char *text)
{
    uint32_t index = axb_string(b, text);

    axb_attribute(b, AXB_NONE, axb_string(b, name), index, 0x03, index);
}

static inline void axb_end(struct axb *b, const char *name)
{
    axb_node(b, 0x103, 24);
    axb_u32(b, AXB_NONE);
    axb_u32(b, axb_string(b, name));
}

/* <name android:name="text"/> */
static inline void axb_named(struct axb *b, const char *name, const char *text)
{
    axb_start(b, name);
    axb_str(b, AXB_NAME, text);
    axb_end(b, name);
}

/* --- putting it together */

static inline size_t axb_put_string(const struct axb *b, uint8_t *out, const char *text)
{
    size_t len = strlen(text);
    size_t at = 0;

    assert_true(len < 128);
    if (b->utf8) {
        out[at++] = (uint8_t)len;
        out[at++] = (uint8_t)len;
        memcpy(out + at, text, len);
        at += len;
    } else {
        axb_put16(out, (uint32_t)len);
        for (at = 2; at < 2 + 2 * len; at += 2) {
            axb_put16(out + at, (uint8_t)text[at / 2 - 1]);
        }
    }
    for (int i = 0; !b->no_nul && i < (b->utf8 ? 1 : 2); i++) {
        out[at++] = 0;
    }
    return at;
}

/* A string pool's chunk; the number of its bytes. */
static inline size_t axb_put_pool(const struct axb *b, uint8_t *out)
{
    size_t data = 28 + 4 * b->count;
    size_t at = data;

    for (size_t i = 0; i < b->count; i++) {
        bool empty = b->empty_names && i < AXB_KNOWN;

        axb_put32(out + 28 + 4 * i, (uint32_t)(at - data));
        at += axb_put_string(b, out + at, empty ? "" : b->strings[i]);
    }
    while (at % 4 != 0) {
        out[at++] = 0;
    }
    axb_put32(out, 0x0001 | 28U << 16);
    axb_put32(out + 4, (uint32_t)at);
    axb_put32(out + 8, (uint32_t)b->count + b->add_count);
    axb_put32(out + 12, 0);
    axb_put32(out + 16, b->utf8 ? 0x100 : 0);
    axb_put32(out + 20, (uint32_t)data);
    axb_put32(out + 24, 0);
    return at;
}

static inline struct pk_slice axb_finish(struct axb *b)
{
    size_t at = 8;

    (void)axb_string(b, "package");
    at += axb_put_pool(b, b->out + at);
    if (!b->no_map) {
        axb_put32(b->out + at, 0x0180 | 8U << 16);
        axb_put32(b->out + at + 4, 8 + 4 * AXB_KNOWN);
        for (size_t i = 0; i < AXB_KNOWN; i++) {
            axb_put32(b->out + at + 8 + 4 * i, axb_known[i].id);
        }
        at += 8 + 4 * AXB_KNOWN;
    }
    b->body_at = at;
    assert_true(at + b->len <= sizeof(b->out));
    memcpy(b->out + at, b->body, b->len);
    b->out_len = at + b->len;
    axb_put32(b->out, 0x0003 | 8U << 16);
    axb_put32(b->out + 4, (uint32_t)b->out_len);
    return pk_slice_of(b->out, b->out_len);
}
