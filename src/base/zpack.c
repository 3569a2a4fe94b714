#include "base/zpack.h"

#include <stdlib.h>
#include <zstd.h>

/* Our own window need not be larger than a report. Of others 8 MiB are taken, as RFC 8878 (3.1.1.1.2)
 * asks of every decoder; a hostile frame could ask for 2 GiB. */
#define PACK_WINDOW_LOG   19
#define UNPACK_WINDOW_LOG 23

struct pk_zpack {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
};

struct pk_zpack *pk_zpack_create(struct pk_slice dictionary, int level)
{
    struct pk_zpack *z = calloc(1, sizeof(*z));
    size_t bad = 0;

    if (z == NULL) {
        return NULL;
    }
    z->pack = ZSTD_createCCtx();
    z->unpack = ZSTD_createDCtx();
    if (z->pack == NULL || z->unpack == NULL) {
        pk_zpack_destroy(z);
        return NULL;
    }
    bad |= ZSTD_isError(ZSTD_CCtx_setParameter(z->pack, ZSTD_c_compressionLevel, level));
    bad |= ZSTD_isError(ZSTD_CCtx_setParameter(z->pack, ZSTD_c_windowLog, PACK_WINDOW_LOG));
    bad |= ZSTD_isError(ZSTD_DCtx_setParameter(z->unpack, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG));
    if (dictionary.len > 0) {
        bad |= ZSTD_isError(ZSTD_CCtx_loadDictionary(z->pack, dictionary.ptr, dictionary.len));
        bad |= ZSTD_isError(ZSTD_DCtx_loadDictionary(z->unpack, dictionary.ptr, dictionary.len));
    }
    if (bad != 0) {
        pk_zpack_destroy(z);
        return NULL;
    }
    return z;
}

void pk_zpack_destroy(struct pk_zpack *z)
{
    if (z == NULL) {
        return;
    }
    (void)ZSTD_freeCCtx(z->pack);
    (void)ZSTD_freeDCtx(z->unpack);
    free(z);
}

int pk_zpack_pack(struct pk_zpack *z, struct pk_slice in, struct pk_buffer *out)
{
    size_t room = ZSTD_compressBound(in.len);
    void *to = pk_buffer_reserve(out, room);
    size_t n;

    if (to == NULL) {
        return out->rc;
    }
    n = ZSTD_compress2(z->pack, to, room, in.ptr, in.len);
    if (ZSTD_isError(n)) {
        return PK_ENOMEM;
    }
    out->len += n;
    out->ptr[out->len] = '\0';
    return PK_OK;
}

int pk_zpack_unpack(struct pk_zpack *z, struct pk_slice in, struct pk_buffer *out)
{
    ZSTD_inBuffer from = { .src = in.ptr, .size = in.len };
    size_t left = 1;

    (void)ZSTD_DCtx_reset(z->unpack, ZSTD_reset_session_only);
    while (left != 0) {
        size_t step = ZSTD_DStreamOutSize();
        ZSTD_outBuffer to;
        size_t room = out->max - out->len < step ? out->max - out->len : step;

        to = (ZSTD_outBuffer){ .dst = pk_buffer_reserve(out, room), .size = room };
        if (to.dst == NULL) {
            return out->rc;
        }
        left = ZSTD_decompressStream(z->unpack, &to, &from);
        if (ZSTD_isError(left)) {
            return PK_EMALF;
        }
        out->len += to.pos;
        out->ptr[out->len] = '\0';
        if (left != 0 && to.pos < to.size && from.pos == from.size) {
            return PK_EMALF; /* the frame is cut off */
        }
        if (left != 0 && out->len == out->max) {
            return PK_ELIMIT;
        }
    }
    return from.pos == from.size ? PK_OK : PK_EMALF;
}

uint32_t pk_zpack_dictionary_id(struct pk_slice dictionary)
{
    return dictionary.len > 0 ? ZSTD_getDictID_fromDict(dictionary.ptr, dictionary.len) : 0;
}

uint32_t pk_zpack_frame_dictionary(struct pk_slice frame)
{
    return frame.len > 0 ? ZSTD_getDictID_fromFrame(frame.ptr, frame.len) : 0;
}
