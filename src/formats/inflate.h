/* inflate.h - raw DEFLATE (RFC 1951): whole entries by libdeflate, large ones piece by piece by zlib.
 * One thread at a time. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct pk_inflater;

/* NULL when memory is short. */
struct pk_inflater *pk_inflater_create(void);
void pk_inflater_destroy(struct pk_inflater *inflater); /* NULL is fine */

/* Inflates into exactly out_len bytes. *used (may be NULL) says how many packed bytes the stream
 * took. PK_EMALF: broken, or more or fewer bytes come out. */
PK_MUST_USE int pk_inflate_whole(struct pk_inflater *inflater, struct pk_slice packed, uint8_t *out,
        size_t out_len, size_t *used);

/* Inflates in pieces; never hands out more than out_len bytes in all. A negative result of the sink
 * ends it and is returned; a NULL sink only checks. PK_EMALF as above; PK_ENOMEM. */
typedef int (*pk_inflate_sink)(void *ctx, struct pk_slice piece);
PK_MUST_USE int pk_inflate_stream(struct pk_inflater *inflater, struct pk_slice packed,
        uint64_t out_len, pk_inflate_sink sink, void *ctx, size_t *used);

/* The first bytes, at most out_len; returns how many there are, 0 when the stream is broken before
 * that. What follows is not read. */
size_t pk_inflate_head(
        struct pk_inflater *inflater, struct pk_slice packed, uint8_t *out, size_t out_len);
