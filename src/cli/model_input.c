#include "cli/model_input.h"

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XZ_MEMORY_MAX (256UL * 1024 * 1024)
#define PACKED_SIZE   (64UL * 1024)

static const uint8_t xz_magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

struct pk_model_input {
    FILE *file;
    bool is_stdin;
    bool is_xz;
    bool ended; /* the decoder has seen its end */
    lzma_stream xz;
    uint8_t packed[PACKED_SIZE]; /* what was read; for plain files only the first bytes */
    size_t len, pos;
};

static size_t fill(struct pk_model_input *in)
{
    in->pos = 0;
    in->len = fread(in->packed, 1, sizeof(in->packed), in->file);
    return in->len;
}

int pk_model_input_open(const char *path, struct pk_model_input **out, struct pk_error *err)
{
    struct pk_model_input *in = calloc(1, sizeof(*in));

    if (in == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    in->is_stdin = strcmp(path, "-") == 0;
    in->file = in->is_stdin ? stdin : fopen(path, "rbe");
    if (in->file == NULL) {
        int code = -errno;

        free(in);
        return pk_error_set(err, code, "'%s': %s", path, pk_code_text(code));
    }
    if (fill(in) >= sizeof(xz_magic) && memcmp(in->packed, xz_magic, sizeof(xz_magic)) == 0) {
        in->is_xz = true;
        if (lzma_stream_decoder(&in->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK) {
            pk_model_input_close(in);
            return pk_error_set(err, PK_ENOMEM, "'%s': no memory to unpack it", path);
        }
    }
    *out = in;
    return PK_OK;
}

void pk_model_input_close(struct pk_model_input *input)
{
    if (input == NULL) {
        return;
    }
    if (input->is_xz) {
        lzma_end(&input->xz);
    }
    if (!input->is_stdin) {
        (void)fclose(input->file);
    }
    free(input);
}

static ssize_t unpack(struct pk_model_input *in, void *out, size_t size, struct pk_error *err)
{
    in->xz.next_out = out;
    in->xz.avail_out = size;
    while (!in->ended && in->xz.avail_out == size) {
        lzma_ret rc;

        if (in->pos == in->len) {
            (void)fill(in);
        }
        in->xz.next_in = in->packed + in->pos;
        in->xz.avail_in = in->len - in->pos;
        rc = lzma_code(&in->xz, in->len == 0 ? LZMA_FINISH : LZMA_RUN);
        in->pos = in->len - in->xz.avail_in;
        in->ended = rc == LZMA_STREAM_END;
        if (rc != LZMA_OK && rc != LZMA_STREAM_END) {
            return pk_error_set(err, rc == LZMA_BUF_ERROR ? PK_ETRUNC : PK_EMALF,
                    rc == LZMA_BUF_ERROR ? "the xz data end too early" : "the xz data are damaged");
        }
    }
    return (ssize_t)(size - in->xz.avail_out);
}

ssize_t pk_model_input_read(void *ctx, void *out, size_t size, struct pk_error *err)
{
    struct pk_model_input *in = ctx;
    size_t n;

    if (in->is_xz) {
        ssize_t got = unpack(in, out, size, err);

        if (got >= 0 && ferror(in->file) == 0) {
            return got;
        }
        return got < 0 ? got : pk_error_set(err, PK_EIO, "it cannot be read");
    }
    if (in->pos == in->len) {
        (void)fill(in);
    }
    if (ferror(in->file) != 0) {
        return pk_error_set(err, PK_EIO, "it cannot be read");
    }
    n = in->len - in->pos < size ? in->len - in->pos : size;
    memcpy(out, in->packed + in->pos, n);
    in->pos += n;
    return (ssize_t)n;
}
