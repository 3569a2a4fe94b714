/* siphash.h - SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash. Who does not have the key
 * cannot aim at a value, and cannot tell what was hashed. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

#define PK_SIPHASH_KEY 16 /* bytes */

uint64_t pk_siphash(const uint8_t key[PK_SIPHASH_KEY], struct pk_slice in);
