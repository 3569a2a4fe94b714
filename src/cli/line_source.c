#include "cli/line_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#define LINE_MAX_BYTES (64UL * 1024)
#define BLOCK          (256UL * 1024)
#define WINDOW_LOG_MAX 27 /* of a zstd frame: 128 MiB */

struct pk_line_source {
    FILE *file;
    ZSTD_DStream *zstd; /* NULL: plain */
    char *packed;       /* zstd: bytes as they lie in the file */
    ZSTD_inBuffer in;
    char *text; /* LINE_MAX_BYTES + BLOCK */
    size_t from, to;
    uint64_t at, size;
    bool ended;
    bool open; /* zstd: a frame has begun and not ended */
    bool full; /* zstd: there may be more without reading on */
};

int pk_line_source_open(const char *file, struct pk_line_source **out, struct pk_error *err)
{
    struct pk_line_source *s = calloc(1, sizeof(*s));
    size_t len = strlen(file);
    struct stat st;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->text = malloc(LINE_MAX_BYTES + BLOCK);
    s->file = fopen(file, "re");
    if (s->file == NULL || s->text == NULL) {
        int rc = s->file == NULL ? -errno : PK_ENOMEM;

        pk_line_source_close(s);
        return pk_error_set(err, rc, "cannot read '%s': %s", file, pk_code_text(rc));
    }
    s->size = fstat(fileno(s->file), &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (len > 4 && strcmp(file + len - 4, ".zst") == 0) {
        s->zstd = ZSTD_createDStream();
        s->packed = malloc(BLOCK);
        if (s->zstd == NULL || s->packed == NULL ||
                ZSTD_isError(
                        ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
            pk_line_source_close(s);
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
    }
    *out = s;
    return PK_OK;
}

void pk_line_source_close(struct pk_line_source *s)
{
    if (s == NULL) {
        return;
    }
    if (s->file != NULL) {
        (void)fclose(s->file);
    }
    (void)ZSTD_freeDStream(s->zstd);
    free(s->packed);
    free(s->text);
    free(s);
}

static int read_some(
        struct pk_line_source *s, char *into, size_t room, size_t *got, struct pk_error *err)
{
    *got = fread(into, 1, room, s->file);
    s->at += *got;
    return *got < room && ferror(s->file) != 0 ? pk_error_set(err, PK_EIO, "cannot read on")
                                               : PK_OK;
}

static int unpack_some(
        struct pk_line_source *s, char *into, size_t room, size_t *got, struct pk_error *err)
{
    ZSTD_outBuffer out = { .size = room };

    out.dst = into;
    *got = 0;
    while (out.pos == 0) {
        size_t n;

        /* What was unpacked and had no room may still be inside when all of the file was read. */
        if (s->in.pos == s->in.size && !s->full) {
            int rc = read_some(s, s->packed, BLOCK, &n, err);

            if (rc == PK_OK && n == 0 && s->open) {
                return pk_error_set(err, PK_ETRUNC, "damaged: it ends too early");
            }
            if (rc < 0 || n == 0) {
                return rc;
            }
            s->in = (ZSTD_inBuffer){ s->packed, n, 0 };
        }
        n = ZSTD_decompressStream(s->zstd, &out, &s->in);
        if (ZSTD_isError(n)) {
            return pk_error_set(err, PK_EMALF, "damaged: %s", ZSTD_getErrorName(n));
        }
        s->open = n != 0;
        s->full = out.pos == out.size && s->open;
    }
    *got = out.pos;
    return PK_OK;
}

static int fill(struct pk_line_source *s, struct pk_error *err)
{
    size_t got;
    int rc;

    memmove(s->text, s->text + s->from, s->to - s->from);
    s->to -= s->from;
    s->from = 0;
    if (s->to >= LINE_MAX_BYTES) {
        return pk_error_set(err, PK_ELIMIT, "a line is longer than %lu bytes", LINE_MAX_BYTES);
    }
    rc = s->zstd != NULL ? unpack_some(s, s->text + s->to, BLOCK, &got, err)
                         : read_some(s, s->text + s->to, BLOCK, &got, err);
    if (rc == PK_OK) {
        s->to += got;
        s->ended = got == 0;
    }
    return rc;
}

int pk_line_source_next(
        struct pk_line_source *s, struct pk_slice *line, bool *more, struct pk_error *err)
{
    for (;;) {
        char *end = memchr(s->text + s->from, '\n', s->to - s->from);
        int rc;

        if (end != NULL || (s->ended && s->to > s->from)) {
            size_t len = end != NULL ? (size_t)(end - s->text) - s->from : s->to - s->from;

            *line = pk_slice_of(s->text + s->from, len);
            s->from += len + (end != NULL ? 1 : 0);
            *more = true;
            return PK_OK;
        }
        if (s->ended) {
            *more = false;
            return PK_OK;
        }
        rc = fill(s, err);
        if (rc < 0) {
            return rc;
        }
    }
}

uint64_t pk_line_source_at(const struct pk_line_source *s)
{
    return s->at;
}

uint64_t pk_line_source_size(const struct pk_line_source *s)
{
    return s->size;
}
