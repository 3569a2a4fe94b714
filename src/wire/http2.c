#include "wire/http2.h"

#include <string.h>

#include "base/reader.h"

#define FRAME_HEAD 9
#define BODY_LEN   1024 /* of a question that is posted */
#define TEXT_MAX   1024 /* of a host or path */

/* RFC 9113 section 6 */
enum frame_type {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PUSH_PROMISE = 5,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
};
#define FLAG_END_STREAM  0x1
#define FLAG_ACK         0x1
#define FLAG_END_HEADERS 0x4
#define FLAG_PADDED      0x8

#define SETTING_ENABLE_PUSH 2
#define PING_BYTES          8

/* Indices of the static table: RFC 7541 appendix A. */
enum header_index {
    HEADER_AUTHORITY = 1,
    HEADER_METHOD_POST = 3,
    HEADER_PATH = 4,
    HEADER_SCHEME_HTTPS = 7,
    HEADER_ACCEPT = 19,
    HEADER_CONTENT_LENGTH = 28,
    HEADER_CONTENT_TYPE = 31,
};
#define INDEXED 0x80

static void put_frame_head(struct pk_buffer *out, size_t len, int type, int flags, uint32_t stream)
{
    const uint8_t head[FRAME_HEAD] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
        (uint8_t)type, (uint8_t)flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
        (uint8_t)(stream >> 8), (uint8_t)stream };

    (void)pk_buffer_put(out, head, sizeof(head));
}

/* An integer behind a prefix of so many bits: RFC 7541 section 5.1. */
static void put_int(struct pk_buffer *out, unsigned first, unsigned bits, size_t value)
{
    size_t most = (1U << bits) - 1;

    if (value < most) {
        (void)pk_buffer_putc(out, (char)(first | value));
        return;
    }
    (void)pk_buffer_putc(out, (char)(first | most));
    for (value -= most; value >= 128; value /= 128) {
        (void)pk_buffer_putc(out, (char)(0x80 | (value & 0x7f)));
    }
    (void)pk_buffer_putc(out, (char)value);
}

/* A value for a name of the static table, never indexed, not compressed. */
static void put_header(struct pk_buffer *out, enum header_index name, const char *value)
{
    size_t len = strlen(value);

    put_int(out, 0, 4, (size_t)name);
    put_int(out, 0, 7, len);
    (void)pk_buffer_put(out, value, len);
}

int pk_http2_init(struct pk_http2 *h)
{
    static const uint8_t no_push[] = { 0, SETTING_ENABLE_PUSH, 0, 0, 0, 0 };

    memset(h, 0, sizeof(*h));
    h->in = pk_buffer_of(FRAME_HEAD + PK_HTTP2_FRAME_MAX);
    h->out = pk_buffer_of(PK_HTTP2_STREAMS_MAX * (BODY_LEN + 2UL * TEXT_MAX));
    (void)pk_buffer_puts(&h->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame_head(&h->out, sizeof(no_push), FRAME_SETTINGS, 0, 0);
    return pk_buffer_put(&h->out, no_push, sizeof(no_push));
}

void pk_http2_finish(struct pk_http2 *h)
{
    pk_buffer_finish(&h->in);
    pk_buffer_finish(&h->out);
    for (size_t i = 0; i < h->count; i++) {
        pk_buffer_finish(&h->streams[i].body);
    }
    h->count = 0;
}

static void put_headers(struct pk_buffer *out, const char *host, const char *path, const char *type,
        size_t body_len)
{
    char length[24];
    size_t at = sizeof(length) - 1;

    length[at] = '\0';
    do {
        length[--at] = (char)('0' + body_len % 10);
        body_len /= 10;
    } while (body_len > 0);
    (void)pk_buffer_putc(out, (char)(INDEXED | HEADER_METHOD_POST));
    (void)pk_buffer_putc(out, (char)(INDEXED | HEADER_SCHEME_HTTPS));
    put_header(out, HEADER_AUTHORITY, host);
    put_header(out, HEADER_PATH, path);
    put_header(out, HEADER_ACCEPT, type);
    put_header(out, HEADER_CONTENT_TYPE, type);
    put_header(out, HEADER_CONTENT_LENGTH, length + at);
}

int pk_http2_post(struct pk_http2 *h, const char *host, const char *path, const char *type,
        struct pk_slice body)
{
    struct pk_buffer headers = pk_buffer_of(4UL * TEXT_MAX);
    uint32_t stream = (uint32_t)(2 * h->count + 1); /* a client's are odd */
    int rc;

    if (h->count == PK_HTTP2_STREAMS_MAX || body.len > BODY_LEN || strlen(host) > TEXT_MAX ||
            strlen(path) > TEXT_MAX || strlen(type) > 64) {
        return PK_ELIMIT;
    }
    put_headers(&headers, host, path, type, body.len);
    rc = headers.rc;
    if (rc == PK_OK) {
        put_frame_head(&h->out, headers.len, FRAME_HEADERS, FLAG_END_HEADERS, stream);
        (void)pk_buffer_put(&h->out, headers.ptr, headers.len);
        put_frame_head(&h->out, body.len, FRAME_DATA, FLAG_END_STREAM, stream);
        rc = pk_buffer_put(&h->out, body.ptr, body.len);
    }
    pk_buffer_finish(&headers);
    if (rc == PK_OK) {
        h->streams[h->count++] = (struct pk_http2_stream){ .body = pk_buffer_of(
                                                                   PK_HTTP2_BODY_MAX) };
    }
    return rc;
}

struct frame {
    unsigned type;
    unsigned flags;
    uint32_t stream;
    struct pk_slice payload;
};

static struct pk_http2_stream *stream_of(struct pk_http2 *h, uint32_t number)
{
    return number % 2 == 1 && number / 2 < h->count ? &h->streams[number / 2] : NULL;
}

static int take_data(struct pk_http2_stream *stream, const struct frame *frame)
{
    struct pk_slice data = frame->payload;

    if ((frame->flags & FLAG_PADDED) != 0) {
        size_t padding = data.len > 0 ? data.ptr[0] : 0;

        if (data.len < 1 + padding) {
            return PK_EMALF;
        }
        data = pk_slice_of(data.ptr + 1, data.len - 1 - padding);
    }
    if (stream->done || data.len == 0) { /* an answer is not continued behind its end */
        return stream->done ? PK_EMALF : PK_OK;
    }
    return pk_buffer_put(&stream->body, data.ptr, data.len);
}

static int take_stream_frame(struct pk_http2 *h, const struct frame *frame)
{
    struct pk_http2_stream *stream = stream_of(h, frame->stream);
    int rc = PK_OK;

    if (stream == NULL) {
        return PK_EMALF;
    }
    if (frame->type == FRAME_RST_STREAM) {
        stream->failed = !stream->done;
        stream->done = true;
        return PK_OK;
    }
    if (frame->type == FRAME_DATA) {
        rc = take_data(stream, frame);
    }
    stream->done = stream->done || (rc == PK_OK && (frame->flags & FLAG_END_STREAM) != 0);
    return rc;
}

static int take_frame(struct pk_http2 *h, const struct frame *frame)
{
    if (++h->frames > PK_HTTP2_FRAMES_MAX) {
        return PK_ELIMIT;
    }
    switch (frame->type) {
    case FRAME_DATA:
    case FRAME_HEADERS:
    case FRAME_RST_STREAM:
        return take_stream_frame(h, frame);
    case FRAME_SETTINGS:
        if ((frame->flags & FLAG_ACK) == 0) {
            put_frame_head(&h->out, 0, FRAME_SETTINGS, FLAG_ACK, 0);
        }
        return h->out.rc;
    case FRAME_PING:
        if (frame->payload.len != PING_BYTES) {
            return PK_EMALF;
        }
        if ((frame->flags & FLAG_ACK) == 0) {
            put_frame_head(&h->out, PING_BYTES, FRAME_PING, FLAG_ACK, 0);
            (void)pk_buffer_put(&h->out, frame->payload.ptr, PING_BYTES);
        }
        return h->out.rc;
    case FRAME_GOAWAY:
        h->ending = true;
        return PK_OK;
    case FRAME_PUSH_PROMISE: /* we said that we want none */
        return PK_EMALF;
    default: /* priorities, windows, continued headers, and what is not known: section 4.1 */
        return PK_OK;
    }
}

/* PK_ETRUNC: not whole yet. */
static int read_frame(struct pk_slice in, struct frame *out, size_t *used)
{
    struct pk_reader r = pk_reader_of(in);
    size_t len = (size_t)pk_read_u8(&r) << 16;
    uint32_t stream;

    len |= pk_read_be16(&r);
    out->type = pk_read_u8(&r);
    out->flags = pk_read_u8(&r);
    stream = pk_read_be32(&r);
    if (r.rc == PK_OK && len > PK_HTTP2_FRAME_MAX) {
        return PK_ELIMIT;
    }
    out->stream = stream & 0x7fffffffU;
    out->payload = pk_read_slice(&r, len);
    *used = r.pos;
    return r.rc;
}

int pk_http2_feed(struct pk_http2 *h, struct pk_slice in)
{
    while (in.len > 0) {
        size_t room = h->in.max - h->in.len;
        size_t part = in.len < room ? in.len : room;
        size_t at = 0;
        int rc = pk_buffer_put(&h->in, in.ptr, part);

        while (rc == PK_OK) {
            struct pk_slice rest = pk_slice_of(h->in.ptr + at, h->in.len - at);
            struct frame frame;
            size_t used;

            rc = read_frame(rest, &frame, &used);
            if (rc == PK_OK) {
                rc = take_frame(h, &frame);
                at += used;
            }
        }
        if (rc != PK_ETRUNC) {
            return rc;
        }
        memmove(h->in.ptr, h->in.ptr + at, h->in.len - at);
        h->in.len -= at;
        in = pk_slice_of(in.ptr + part, in.len - part);
    }
    return PK_OK;
}
