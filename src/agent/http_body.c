#include "agent/http_body.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/inflate.h"

#define CHUNKS_MAX   1024 /* a body of 64 kB in more pieces is a game */
#define GZIP_HEAD    10
#define GZIP_HCRC    0x02
#define GZIP_EXTRA   0x04
#define GZIP_NAME    0x08
#define GZIP_COMMENT 0x10

static int hex_of(uint8_t c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* "1a;extension" CR LF; *size gets the number. */
static int read_chunk_size(struct pk_slice *in, size_t *size)
{
    const uint8_t *end = in->len > 0 ? memchr(in->ptr, '\n', in->len) : NULL;
    size_t digits = 0;

    if (end == NULL) {
        return PK_ETRUNC;
    }
    *size = 0;
    while (hex_of(in->ptr[digits]) >= 0) {
        if (digits == 8) {
            return PK_ELIMIT;
        }
        *size = *size * 16 + (size_t)hex_of(in->ptr[digits++]);
    }
    in->len -= (size_t)(end - in->ptr) + 1;
    in->ptr = end + 1;
    return digits > 0 ? PK_OK : PK_EMALF;
}

static int join_chunks(struct pk_slice in, struct pk_buffer *out)
{
    for (int i = 0; i < CHUNKS_MAX; i++) {
        size_t size;
        int rc = read_chunk_size(&in, &size);

        if (rc < 0 || size == 0) {
            return rc; /* trailers say nothing about the body */
        }
        if (size > in.len || in.len - size < 2) {
            return PK_ETRUNC;
        }
        rc = pk_buffer_put(out, in.ptr, size);
        if (rc < 0) {
            return rc;
        }
        size += in.ptr[size] == '\r' ? 2 : 1;
        in = pk_slice_of(in.ptr + size, in.len - size);
    }
    return PK_ELIMIT;
}

static int skip_text(struct pk_slice *in)
{
    const uint8_t *end = in->len > 0 ? memchr(in->ptr, '\0', in->len) : NULL;

    if (end == NULL) {
        return PK_ETRUNC;
    }
    in->len -= (size_t)(end - in->ptr) + 1;
    in->ptr = end + 1;
    return PK_OK;
}

static int skip_gzip_head(struct pk_slice *in)
{
    uint8_t flags;
    int rc = PK_OK;

    if (in->len < GZIP_HEAD || in->ptr[0] != 0x1f || in->ptr[1] != 0x8b || in->ptr[2] != 8) {
        return PK_EMALF;
    }
    flags = in->ptr[3];
    *in = pk_slice_of(in->ptr + GZIP_HEAD, in->len - GZIP_HEAD);
    if ((flags & GZIP_EXTRA) != 0) {
        size_t len = in->len >= 2 ? 2 + (in->ptr[0] | (size_t)in->ptr[1] << 8) : SIZE_MAX;

        if (len > in->len) {
            return PK_ETRUNC;
        }
        *in = pk_slice_of(in->ptr + len, in->len - len);
    }
    if ((flags & GZIP_NAME) != 0) {
        rc = skip_text(in);
    }
    if ((flags & GZIP_COMMENT) != 0 && rc == PK_OK) {
        rc = skip_text(in);
    }
    if ((flags & GZIP_HCRC) != 0 && rc == PK_OK) {
        if (in->len < 2) {
            return PK_ETRUNC;
        }
        *in = pk_slice_of(in->ptr + 2, in->len - 2);
    }
    return rc;
}

static int unpack_gzip(struct pk_slice in, struct pk_buffer *out)
{
    struct pk_inflater *inflater;
    size_t max = out->max - out->len;
    uint8_t *to;
    size_t len;
    int rc = skip_gzip_head(&in);

    if (rc < 0) {
        return rc;
    }
    inflater = pk_inflater_create();
    to = malloc(max > 0 ? max : 1);
    len = inflater != NULL && to != NULL ? pk_inflate_head(inflater, in, to, max) : 0;
    rc = inflater == NULL || to == NULL ? PK_ENOMEM
            : len == max                ? PK_ELIMIT
                                        : pk_buffer_put(out, to, len);
    pk_inflater_destroy(inflater);
    free(to);
    return rc;
}

static int unpack(const struct pk_http_head *head, struct pk_slice body, struct pk_buffer *out)
{
    if (head->encoding[0] == '\0' || strcmp(head->encoding, "identity") == 0) {
        return pk_buffer_put(out, body.ptr, body.len);
    }
    return strcmp(head->encoding, "gzip") == 0 || strcmp(head->encoding, "x-gzip") == 0
            ? unpack_gzip(body, out)
            : PK_EMALF;
}

int pk_http_body(
        const struct pk_http_head *head, struct pk_slice in, bool ended, struct pk_buffer *out)
{
    struct pk_slice body = pk_slice_of(in.ptr + head->body, in.len - head->body);
    struct pk_buffer joined = pk_buffer_of(out->max);
    int rc = PK_OK;

    if (head->chunked) {
        rc = join_chunks(body, &joined);
        body = pk_buffer_slice(&joined);
    } else if (head->content_length >= 0) {
        if ((uint64_t)head->content_length > body.len) {
            rc = PK_ETRUNC;
        } else {
            body.len = (size_t)head->content_length;
        }
    } else if (!ended) {
        rc = PK_ETRUNC;
    }
    if (rc == PK_OK && body.len > 0) {
        rc = unpack(head, body, out);
    }
    pk_buffer_finish(&joined);
    return rc;
}
