#include "formats/inflate.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define PIECE_MAX (64UL * 1024)

struct pk_inflater {
    struct libdeflate_decompressor *whole; /* made when first needed */
    z_stream stream;
    bool stream_ready;
    uint8_t *piece; /* PIECE_MAX bytes */
};

struct pk_inflater *pk_inflater_create(void)
{
    return calloc(1, sizeof(struct pk_inflater));
}

void pk_inflater_destroy(struct pk_inflater *inflater)
{
    if (inflater == NULL) {
        return;
    }
    if (inflater->whole != NULL) {
        libdeflate_free_decompressor(inflater->whole);
    }
    if (inflater->stream_ready) {
        (void)inflateEnd(&inflater->stream);
    }
    free(inflater->piece);
    free(inflater);
}

int pk_inflate_whole(struct pk_inflater *inflater, struct pk_slice packed, uint8_t *out,
        size_t out_len, size_t *used)
{
    size_t taken = 0;
    size_t made = 0;

    if (inflater->whole == NULL) {
        inflater->whole = libdeflate_alloc_decompressor();
        if (inflater->whole == NULL) {
            return PK_ENOMEM;
        }
    }
    if (libdeflate_deflate_decompress_ex(inflater->whole, packed.ptr, packed.len, out, out_len,
                &taken, &made) != LIBDEFLATE_SUCCESS ||
            made != out_len) {
        return PK_EMALF;
    }
    if (used != NULL) {
        *used = taken;
    }
    return PK_OK;
}

static int stream_begin(struct pk_inflater *inflater)
{
    if (inflater->stream_ready) {
        return inflateReset(&inflater->stream) == Z_OK ? PK_OK : PK_ENOMEM;
    }
    if (inflateInit2(&inflater->stream, -MAX_WBITS) != Z_OK) {
        return PK_ENOMEM;
    }
    inflater->stream_ready = true;
    return PK_OK;
}

int pk_inflate_stream(struct pk_inflater *inflater, struct pk_slice packed, uint64_t out_len,
        pk_inflate_sink sink, void *ctx, size_t *used)
{
    z_stream *z = &inflater->stream;
    size_t given = 0; /* packed bytes that zlib was shown */
    uint64_t made = 0;
    int status = Z_OK;
    int rc = stream_begin(inflater);

    if (rc == PK_OK && inflater->piece == NULL) {
        inflater->piece = malloc(PIECE_MAX);
        rc = inflater->piece == NULL ? PK_ENOMEM : PK_OK;
    }
    if (rc < 0) {
        return rc;
    }
    z->avail_in = 0;
    while (status != Z_STREAM_END) {
        if (z->avail_in == 0) {
            size_t left = packed.len - given;

            z->next_in = (z_const Bytef *)(packed.ptr + given);
            z->avail_in = left < UINT_MAX ? (uInt)left : UINT_MAX;
            given += z->avail_in;
        }
        z->next_out = inflater->piece;
        z->avail_out = PIECE_MAX;
        status = inflate(z, Z_NO_FLUSH);
        size_t n = PIECE_MAX - z->avail_out;
        /* Z_BUF_ERROR: no progress is possible, the stream ends early. */
        if ((status != Z_OK && status != Z_STREAM_END) || n > out_len - made) {
            return status == Z_MEM_ERROR ? PK_ENOMEM : PK_EMALF;
        }
        made += n;
        rc = sink != NULL && n > 0 ? sink(ctx, pk_slice_of(inflater->piece, n)) : PK_OK;
        if (rc < 0) {
            return rc;
        }
    }
    if (made != out_len) {
        return PK_EMALF;
    }
    if (used != NULL) {
        *used = given - z->avail_in;
    }
    return PK_OK;
}

size_t pk_inflate_head(
        struct pk_inflater *inflater, struct pk_slice packed, uint8_t *out, size_t out_len)
{
    z_stream *z = &inflater->stream;
    int status;

    if (out_len > UINT_MAX || stream_begin(inflater) < 0) {
        return 0;
    }
    z->next_in = (z_const Bytef *)packed.ptr;
    z->avail_in = packed.len < UINT_MAX ? (uInt)packed.len : UINT_MAX;
    z->next_out = out;
    z->avail_out = (uInt)out_len;
    status = inflate(z, Z_SYNC_FLUSH);
    return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR
            ? out_len - z->avail_out
            : 0;
}
