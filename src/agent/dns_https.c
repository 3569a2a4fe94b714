#include "agent/dns_https.h"

#include <string.h>

#include "agent/http_answer.h"
#include "base/buffer.h"
#include "wire/http2.h"

#define TYPE       "application/dns-message"
#define READ_BYTES 2048
#define ID         0 /* all ask alike, so that caches may answer: RFC 8484 section 4.1 */
#define OK_STATUS  200

int pk_dns_https_prepare(SSL_CTX *context)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";

    return SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) == 0 ? PK_OK
                                                                                   : PK_ECRYPTO;
}

static int build(const struct pk_dns_question *q, uint8_t query[PK_DNS_QUERY_MAX], size_t *len)
{
    int rc = pk_dns_build(ID, q->name, q->type, query, len);

    if (rc == PK_OK) {
        pk_dns_want_authentic(query);
    }
    return rc;
}

static void take_answer(struct pk_dns_question *q, const struct pk_buffer *body)
{
    q->rc = pk_dns_parse(pk_buffer_slice(body), ID, q->name, q->type, &q->answer);
}

/* --- HTTP/2 ------------------------------------------------------------------------------- */

static int send_out(
        const struct pk_dns_stream *stream, struct pk_http2 *h, const struct pk_deadline *deadline)
{
    int rc = PK_OK;

    if (h->out.len > 0) {
        rc = pk_dns_stream_write(stream, pk_buffer_slice(&h->out), deadline);
        pk_buffer_clear(&h->out);
    }
    return rc;
}

static bool all_done(const struct pk_http2 *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (!h->streams[i].done) {
            return false;
        }
    }
    return true;
}

static int talk2(
        const struct pk_dns_stream *stream, struct pk_http2 *h, const struct pk_deadline *deadline)
{
    int rc = send_out(stream, h, deadline);

    while (rc == PK_OK && !all_done(h)) {
        char bytes[READ_BYTES];
        int got = pk_dns_stream_read(stream, bytes, sizeof(bytes), deadline);

        if (got <= 0) {
            return got < 0 ? got : PK_EPEER;
        }
        rc = pk_http2_feed(h, pk_slice_of(bytes, (size_t)got));
        if (rc == PK_OK) {
            rc = send_out(stream, h, deadline);
        }
    }
    return rc;
}

static void ask2(const struct pk_dns_stream *stream, const char *host,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    size_t stream_of[PK_HTTP2_STREAMS_MAX];
    struct pk_http2 h; /* some 4 kB */
    int rc = pk_http2_init(&h);

    for (size_t i = 0; i < count; i++) {
        stream_of[i] = SIZE_MAX;
        questions[i].rc = PK_EPEER; /* until there is an answer */
    }
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        uint8_t query[PK_DNS_QUERY_MAX];
        size_t len;

        if (build(&questions[i], query, &len) == PK_OK) {
            stream_of[i] = h.count;
            rc = pk_http2_post(&h, host, PK_DNS_HTTPS_PATH, TYPE, pk_slice_of(query, len));
        }
    }
    if (rc == PK_OK) {
        (void)!talk2(stream, &h, deadline); /* some may be answered all the same */
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = stream_of[i];

        if (at < h.count && h.streams[at].done && !h.streams[at].failed) {
            take_answer(&questions[i], &h.streams[at].body);
        }
    }
    pk_http2_finish(&h);
}

/* --- HTTP/1.1 ----------------------------------------------------------------------------- */

static int post1(const struct pk_dns_stream *stream, const char *host,
        const struct pk_dns_question *q, const struct pk_deadline *deadline)
{
    struct pk_buffer out = pk_buffer_of(2048);
    uint8_t query[PK_DNS_QUERY_MAX];
    size_t len;
    int rc = build(q, query, &len);

    if (rc < 0) {
        return rc;
    }
    (void)pk_buffer_printf(&out,
            "POST " PK_DNS_HTTPS_PATH " HTTP/1.1\r\nHost: %s\r\nAccept: " TYPE
            "\r\nContent-Type: " TYPE "\r\nContent-Length: %zu\r\n\r\n",
            host, len);
    rc = pk_buffer_put(&out, query, len);
    if (rc == PK_OK) {
        rc = pk_dns_stream_write(stream, pk_buffer_slice(&out), deadline);
    }
    pk_buffer_finish(&out);
    return rc;
}

static int read1(const struct pk_dns_stream *stream, struct pk_http_answer *answer,
        const struct pk_deadline *deadline)
{
    int rc = PK_OK;

    while (rc == PK_OK && !answer->done) {
        char bytes[READ_BYTES];
        size_t used;
        int got = pk_dns_stream_read(stream, bytes, sizeof(bytes), deadline);

        if (got <= 0) {
            return got < 0 ? got : PK_EPEER;
        }
        rc = pk_http_answer_feed(answer, pk_slice_of(bytes, (size_t)got), &used, NULL);
        if (rc == PK_OK && answer->done && used < (size_t)got) {
            return PK_EMALF; /* more than was asked for */
        }
    }
    return rc;
}

static void ask1(const struct pk_dns_stream *stream, const char *host,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    bool open = true;

    for (size_t i = 0; i < count; i++) {
        struct pk_http_answer answer;

        if (!open) {
            questions[i].rc = PK_EPEER;
            continue;
        }
        pk_http_answer_init(&answer, PK_HTTP2_BODY_MAX);
        questions[i].rc = post1(stream, host, &questions[i], deadline);
        if (questions[i].rc == PK_OK) {
            questions[i].rc = read1(stream, &answer, deadline);
        }
        open = questions[i].rc == PK_OK && answer.keep_alive;
        if (questions[i].rc == PK_OK) {
            questions[i].rc = PK_EPEER;
            if (answer.status == OK_STATUS) {
                take_answer(&questions[i], &answer.body);
            }
        }
        pk_http_answer_finish(&answer);
    }
}

void pk_dns_https_ask(const struct pk_dns_stream *stream, const char *host,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    const unsigned char *chosen = NULL;
    unsigned len = 0;

    count = count < PK_HTTP2_STREAMS_MAX ? count : PK_HTTP2_STREAMS_MAX;
    SSL_get0_alpn_selected(stream->ssl, &chosen, &len);
    if (len == 2 && memcmp(chosen, "h2", 2) == 0) {
        ask2(stream, host, questions, count, deadline);
    } else {
        ask1(stream, host, questions, count, deadline);
    }
}
