/* unpack.h - .xz and .zst by content, with a cap on what comes out. */
#pragma once

#include "base/buffer.h"

/* Appends the unpacked bytes to out (its max is the limit). *packed: there was something to unpack; else
 * out stays as it is. PK_ELIMIT, PK_EMALF, PK_ENOMEM. */
PK_MUST_USE int pk_intel_unpack(
        struct pk_slice in, struct pk_buffer *out, bool *packed, struct pk_error *err);
