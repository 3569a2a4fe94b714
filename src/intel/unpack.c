#include "intel/unpack.h"

#include <lzma.h>

#include "base/zpack.h"

#define LZMA_MEMORY_MAX (128UL * 1024 * 1024) /* xz -9 needs 65 MiB */
#define STEP            (256UL * 1024)

static int unpack_xz(struct pk_slice in, struct pk_buffer *out, struct pk_error *err)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_ret ret = lzma_stream_decoder(&stream, LZMA_MEMORY_MAX, LZMA_CONCATENATED);
    int rc = ret == LZMA_OK ? PK_OK : PK_ENOMEM;

    stream.next_in = in.ptr;
    stream.avail_in = in.len;
    while (rc == PK_OK && ret == LZMA_OK) {
        size_t left = out->max - out->len;
        size_t room = left < STEP ? left : STEP;
        uint8_t *to = room > 0 ? pk_buffer_reserve(out, room) : NULL;

        if (to == NULL) {
            rc = room == 0 ? PK_ELIMIT : PK_ENOMEM;
            break;
        }
        stream.next_out = to;
        stream.avail_out = room;
        ret = lzma_code(&stream, LZMA_FINISH);
        out->len += room - stream.avail_out;
        out->ptr[out->len] = '\0';
    }
    lzma_end(&stream);
    if (rc == PK_OK && ret != LZMA_STREAM_END) {
        rc = ret == LZMA_MEMLIMIT_ERROR ? PK_ELIMIT : ret == LZMA_MEM_ERROR ? PK_ENOMEM : PK_EMALF;
    }
    return rc < 0 ? pk_error_set(err, rc, "cannot unpack .xz: %s", pk_code_text(rc)) : PK_OK;
}

static int unpack_zstd(struct pk_slice in, struct pk_buffer *out, struct pk_error *err)
{
    struct pk_zpack *z = pk_zpack_create((struct pk_slice){ 0 }, 3);
    int rc = z != NULL ? pk_zpack_unpack(z, in, out) : PK_ENOMEM;

    pk_zpack_destroy(z);
    return rc < 0 ? pk_error_set(err, rc, "cannot unpack .zst: %s", pk_code_text(rc)) : PK_OK;
}

int pk_intel_unpack(struct pk_slice in, struct pk_buffer *out, bool *packed, struct pk_error *err)
{
    static const uint8_t xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
    static const uint8_t zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };

    *packed = true;
    if (in.len >= sizeof(xz) && memcmp(in.ptr, xz, sizeof(xz)) == 0) {
        return unpack_xz(in, out, err);
    }
    if (in.len >= sizeof(zstd) && memcmp(in.ptr, zstd, sizeof(zstd)) == 0) {
        return unpack_zstd(in, out, err);
    }
    *packed = false;
    return PK_OK;
}
