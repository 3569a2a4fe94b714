#include "agent/dns_stream.h"

#include <openssl/rand.h>
#include <poll.h>
#include <string.h>

#include "agent/tls_client.h"
#include "base/buffer.h"

#define MESSAGE_MAX 4096 /* an answer with a few addresses has some 100 bytes */
#define READ_BYTES  2048

int pk_dns_stream_write(const struct pk_dns_stream *stream, struct pk_slice bytes,
        const struct pk_deadline *deadline)
{
    if (stream->ssl != NULL) {
        return pk_tls_write(stream->ssl, stream->fd, bytes.ptr, bytes.len, deadline);
    }
    while (bytes.len > 0) {
        ssize_t len = send(stream->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (len < 0) {
            int rc = errno == EAGAIN ? pk_net_wait(stream->fd, POLLOUT, deadline) : -errno;

            if (rc < 0) {
                return rc;
            }
            continue;
        }
        bytes = pk_slice_of(bytes.ptr + len, bytes.len - (size_t)len);
    }
    return PK_OK;
}

int pk_dns_stream_read(const struct pk_dns_stream *stream, void *bytes, size_t len,
        const struct pk_deadline *deadline)
{
    if (stream->ssl != NULL) {
        return pk_tls_read(stream->ssl, stream->fd, bytes, len, deadline);
    }
    for (;;) {
        ssize_t got = recv(stream->fd, bytes, len, 0);
        int rc;

        if (got >= 0) {
            return (int)got;
        }
        rc = errno == EAGAIN ? pk_net_wait(stream->fd, POLLIN, deadline) : -errno;
        if (rc < 0) {
            return rc;
        }
    }
}

/* Ids are the index and a random rest: an answer finds its question, and none can be guessed. */
static uint16_t id_of(uint16_t random, size_t index)
{
    return (uint16_t)(random ^ index);
}

static int write_questions(const struct pk_dns_stream *stream, struct pk_dns_question *questions,
        size_t count, uint16_t random, bool authentic, const struct pk_deadline *deadline)
{
    struct pk_buffer out = pk_buffer_of(PK_DNS_QUESTIONS_MAX * (PK_DNS_QUERY_MAX + 2UL));
    int rc;

    for (size_t i = 0; i < count; i++) {
        uint8_t query[PK_DNS_QUERY_MAX];
        size_t len;

        questions[i].rc = pk_dns_build(
                id_of(random, i), questions[i].name, questions[i].type, query, &len);
        if (questions[i].rc < 0) {
            continue;
        }
        questions[i].rc = PK_ETIMEDOUT;
        if (authentic) {
            pk_dns_want_authentic(query);
        }
        (void)pk_buffer_putc(&out, (char)(len >> 8));
        (void)pk_buffer_putc(&out, (char)len);
        (void)pk_buffer_put(&out, query, len);
    }
    rc = out.rc;
    if (rc == PK_OK && out.len > 0) {
        rc = pk_dns_stream_write(stream, pk_buffer_slice(&out), deadline);
    }
    pk_buffer_finish(&out);
    return rc;
}

static void take_message(struct pk_dns_question *questions, size_t count, uint16_t random,
        struct pk_slice message, size_t *waiting)
{
    size_t index;

    if (message.len < 2) {
        return;
    }
    index = (size_t)(((unsigned)message.ptr[0] << 8 | message.ptr[1]) ^ random);
    if (index >= count || questions[index].rc != PK_ETIMEDOUT ||
            pk_dns_parse(message, id_of(random, index), questions[index].name,
                    questions[index].type, &questions[index].answer) < 0) {
        return;
    }
    questions[index].rc = PK_OK;
    (*waiting)--;
}

int pk_dns_stream_take(struct pk_dns_question *questions, size_t count, uint16_t random,
        struct pk_buffer *in, size_t *waiting)
{
    const uint8_t *bytes = (const uint8_t *)in->ptr;
    size_t at = 0;

    while (in->len - at >= 2) {
        size_t len = (size_t)bytes[at] << 8 | bytes[at + 1];

        if (len > MESSAGE_MAX) {
            return PK_ELIMIT;
        }
        if (in->len - at - 2 < len) {
            break;
        }
        take_message(questions, count, random, pk_slice_of(bytes + at + 2, len), waiting);
        at += 2 + len;
    }
    if (at > 0) {
        memmove(in->ptr, in->ptr + at, in->len - at);
        in->len -= at;
    }
    return PK_OK;
}

static int read_answers(const struct pk_dns_stream *stream, struct pk_dns_question *questions,
        size_t count, uint16_t random, const struct pk_deadline *deadline)
{
    struct pk_buffer in = pk_buffer_of(MESSAGE_MAX + 2 + READ_BYTES);
    size_t waiting = 0;
    int rc = PK_OK;

    for (size_t i = 0; i < count; i++) {
        waiting += questions[i].rc == PK_ETIMEDOUT;
    }
    while (rc == PK_OK && waiting > 0) {
        char bytes[READ_BYTES];
        int got = pk_dns_stream_read(stream, bytes, sizeof(bytes), deadline);

        if (got <= 0) {
            rc = got < 0 ? got : PK_EPEER;
            break;
        }
        rc = pk_buffer_put(&in, bytes, (size_t)got);
        if (rc == PK_OK) {
            rc = pk_dns_stream_take(questions, count, random, &in, &waiting);
        }
    }
    pk_buffer_finish(&in);
    return rc;
}

void pk_dns_stream_ask(const struct pk_dns_stream *stream, struct pk_dns_question *questions,
        size_t count, bool authentic, const struct pk_deadline *deadline)
{
    uint16_t random;
    int rc;

    count = count < PK_DNS_QUESTIONS_MAX ? count : PK_DNS_QUESTIONS_MAX;
    rc = RAND_bytes((unsigned char *)&random, sizeof(random)) == 1 ? PK_OK : PK_ECRYPTO;
    if (rc == PK_OK) {
        rc = write_questions(stream, questions, count, random, authentic, deadline);
    }
    if (rc == PK_OK) {
        rc = read_answers(stream, questions, count, random, deadline);
    }
    for (size_t i = 0; i < count && rc < 0; i++) {
        if (questions[i].rc == PK_ETIMEDOUT) {
            questions[i].rc = rc;
        }
    }
}
