/* utf8.h - UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed sequence at p, of which left (at least 1) bytes are there; 0 when there is
 * none. *rune (NULL is fine) is its value; untouched at 0. */
size_t pk_utf8_next(const uint8_t *p, size_t left, uint32_t *rune);
