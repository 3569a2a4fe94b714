/* slice.h - a borrowed run of bytes. It lives as long as what it was cut from. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

struct pk_slice {
    const uint8_t *ptr;
    size_t len;
};

static inline struct pk_slice pk_slice_of(const void *ptr, size_t len)
{
    return (struct pk_slice){ .ptr = ptr, .len = len };
}

static inline struct pk_slice pk_slice_str(const char *text)
{
    return (struct pk_slice){ .ptr = (const uint8_t *)text, .len = strlen(text) };
}

static inline bool pk_slice_eq(struct pk_slice a, struct pk_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
