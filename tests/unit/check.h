/* check.h - what every unit test needs: cmocka with its prerequisites, and exact heap copies. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A copy in a heap block of exactly len bytes, so that the sanitizer sees one byte too many. The
 * caller frees. */
static inline uint8_t *pk_test_dup(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}
