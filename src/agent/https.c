#include "agent/https.h"

#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

#define CONNECT_MS  (10 * PK_SECOND_MS) /* TCP and TLS with one address */
#define REQUEST_MAX (512UL * 1024)
#define READ_STEP   4096
#define FILE_STEP   (32UL * 1024)

enum phase {
    CLOSED,
    CONNECTING,
    HANDSHAKE,
    SENDING,
    RECEIVING,
    IDLE, /* open, kept alive */
};

struct pk_https {
    char host[PK_HTTPS_HOST];
    int port;
    SSL_CTX *tls;
    SSL *ssl;
    int fd;
    enum phase phase;
    uint32_t events;
    int64_t deadline_ms;         /* of the request */
    int64_t connect_deadline_ms; /* of this address */
    struct pk_https_addresses to;
    size_t to_next;
    bool reused; /* the request went out on a connection that was already open */
    struct pk_buffer out;
    size_t sent;
    int file; /* a body that is read as it is sent; with file_size */
    int64_t file_size;
    int64_t file_at;
    size_t body_max;
    struct pk_http_answer *answer; /* NULL between requests after trim */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

int pk_https_url(const char *url, char host[PK_HTTPS_HOST], int *port, struct pk_error *err)
{
    const char *from = url + 8;
    const char *end;
    char *rest = NULL;
    long number = 443;

    if (strncmp(url, "https://", 8) != 0) {
        return pk_error_set(err, PK_EMALF, "'%s' does not begin with https://", url);
    }
    if (*from == '[') {
        from++;
        end = strchr(from, ']');
        rest = end != NULL ? (char *)end + 1 : NULL;
    } else {
        end = from + strcspn(from, ":/?#@");
        rest = (char *)end;
    }
    if (end == NULL || end == from || end - from >= PK_HTTPS_HOST) {
        return pk_error_set(err, PK_EMALF, "'%s' names no host", url);
    }
    if (*rest == ':') {
        number = strtol(rest + 1, &rest, 10);
    }
    if (number < 1 || number > 65535 || (*rest != '\0' && strcmp(rest, "/") != 0)) {
        return pk_error_set(err, PK_EMALF, "'%s' is not https://host:port", url);
    }
    memcpy(host, from, (size_t)(end - from));
    host[end - from] = '\0';
    *port = (int)number;
    return PK_OK;
}

int pk_https_lookup(
        const char *host, int port, struct pk_https_addresses *out, struct pk_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *list = NULL;
    char service[8];
    int rc;

    (void)snprintf(service, sizeof(service), "%d", port);
    rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0) {
        return pk_error_set(err, PK_ENOENT, "'%s' was not found: %s", host, gai_strerror(rc));
    }
    out->count = 0;
    for (struct addrinfo *a = list; a != NULL && out->count < PK_HTTPS_ADDRESSES; a = a->ai_next) {
        memcpy(&out->items[out->count].at, a->ai_addr, a->ai_addrlen);
        out->items[out->count++].len = a->ai_addrlen;
    }
    freeaddrinfo(list);
    return PK_OK;
}

int pk_https_create(
        const char *host, int port, SSL_CTX *tls, struct pk_https **out, struct pk_error *err)
{
    struct pk_https *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(c->host, sizeof(c->host), "%s", host);
    c->port = port;
    c->fd = -1;
    (void)SSL_CTX_up_ref(tls);
    c->tls = tls;
    *out = c;
    return PK_OK;
}

void pk_https_trim(struct pk_https *c)
{
    pk_buffer_finish(&c->out);
    if (c->answer != NULL) {
        pk_http_answer_finish(c->answer);
        free(c->answer);
        c->answer = NULL;
    }
}

static void count_traffic(struct pk_https *c)
{
    if (c->ssl != NULL) {
        c->bytes_in += BIO_number_read(SSL_get_rbio(c->ssl));
        c->bytes_out += BIO_number_written(SSL_get_wbio(c->ssl));
    }
}

void pk_https_close(struct pk_https *c)
{
    if (c->ssl != NULL) {
        if (c->phase == IDLE) {
            (void)SSL_shutdown(c->ssl); /* a courtesy: the other side need not wait */
        }
        count_traffic(c);
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    if (c->fd >= 0) {
        (void)close(c->fd);
        c->fd = -1;
    }
    c->phase = CLOSED;
    c->events = 0;
    ERR_clear_error();
}

void pk_https_destroy(struct pk_https *c)
{
    if (c == NULL) {
        return;
    }
    pk_https_close(c);
    pk_https_trim(c);
    SSL_CTX_free(c->tls);
    free(c);
}

int pk_https_fd(const struct pk_https *c)
{
    return c->fd;
}

uint32_t pk_https_events(const struct pk_https *c)
{
    return c->events;
}

int64_t pk_https_deadline(const struct pk_https *c)
{
    bool connecting = c->phase == CONNECTING || c->phase == HANDSHAKE;

    return connecting && c->connect_deadline_ms < c->deadline_ms ? c->connect_deadline_ms
                                                                 : c->deadline_ms;
}

bool pk_https_is_open(const struct pk_https *c)
{
    return c->phase == IDLE;
}

const struct pk_http_answer *pk_https_answer(const struct pk_https *c)
{
    return c->answer;
}

void pk_https_traffic(const struct pk_https *c, uint64_t *in, uint64_t *out)
{
    *in = c->bytes_in;
    *out = c->bytes_out;
    if (c->ssl != NULL) {
        *in += BIO_number_read(SSL_get_rbio(c->ssl));
        *out += BIO_number_written(SSL_get_wbio(c->ssl));
    }
}

/* What TLS has to say, in a sentence; the certificate's reason goes first. */
static int tls_failed(const struct pk_https *c, const char *doing, struct pk_error *err)
{
    long verdict = SSL_get_verify_result(c->ssl);
    unsigned long code = ERR_peek_last_error();
    const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;
    int saved = errno;

    if (verdict != X509_V_OK && SSL_get_verify_mode(c->ssl) != SSL_VERIFY_NONE) {
        return pk_error_set(err, PK_ECRYPTO, "the server's certificate does not hold: %s",
                X509_verify_cert_error_string(verdict));
    }
    if (why == NULL) {
        why = saved != 0 ? pk_code_text(-saved) : "the connection was closed";
    }
    return pk_error_set(err, PK_EIO, "%s: %s", doing, why);
}

/* Turns OpenSSL's wish into events. PK_EAGAIN, or PK_EIO when it is no wish. */
static int wish(struct pk_https *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        c->events = EPOLLIN;
        return PK_EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        c->events = EPOLLOUT;
        return PK_EAGAIN;
    default:
        return PK_EIO;
    }
}

static int begin_tls(struct pk_https *c, struct pk_error *err)
{
    X509_VERIFY_PARAM *param;

    ERR_clear_error();
    c->ssl = SSL_new(c->tls);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1) {
        return pk_error_set(err, PK_ENOMEM, "out of memory for TLS");
    }
    param = SSL_get0_param(c->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, c->host) != 1) {
        ERR_clear_error(); /* not an address: a name */
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (X509_VERIFY_PARAM_set1_host(param, c->host, 0) != 1 ||
                SSL_set_tlsext_host_name(c->ssl, c->host) != 1) {
            return pk_error_set(err, PK_EMALF, "'%s' is not a host name", c->host);
        }
    }
    SSL_set_connect_state(c->ssl);
    c->phase = HANDSHAKE;
    return PK_OK;
}

/* Tries the addresses in turn until one at least begins to connect. */
static int connect_next(struct pk_https *c, int64_t now_ms, struct pk_error *err)
{
    int rc = pk_error_set(err, PK_ENOENT, "'%s' has no address", c->host);

    while (c->to_next < c->to.count) {
        const struct sockaddr *at = (const struct sockaddr *)&c->to.items[c->to_next].at;
        socklen_t len = c->to.items[c->to_next++].len;
        int one = 1;

        pk_https_close(c);
        c->fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0) {
            rc = pk_error_set(err, -errno, "no socket: %s", pk_code_text(-errno));
            continue;
        }
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void)setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        if (connect(c->fd, at, len) == 0 || errno == EINPROGRESS) {
            c->phase = CONNECTING;
            c->events = EPOLLOUT;
            c->connect_deadline_ms = now_ms + CONNECT_MS;
            return PK_OK;
        }
        rc = pk_error_set(err, -errno, "no connection to '%s': %s", c->host, pk_code_text(-errno));
    }
    pk_https_close(c);
    return rc;
}

static int on_connecting(struct pk_https *c, struct pk_error *err)
{
    struct pollfd ready = { .fd = c->fd, .events = POLLOUT };
    socklen_t len = sizeof(int);
    int failure = 0;

    if (poll(&ready, 1, 0) == 0) {
        return PK_EAGAIN;
    }
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        return pk_error_set(
                err, -failure, "no connection to '%s': %s", c->host, pk_code_text(-failure));
    }
    return begin_tls(c, err);
}

static int on_handshake(struct pk_https *c, struct pk_error *err)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        c->phase = SENDING;
        return PK_OK;
    }
    return wish(c, result) == PK_EAGAIN ? PK_EAGAIN : tls_failed(c, "TLS", err);
}

/* The next piece of the file into the empty buffer. */
static int refill(struct pk_https *c, struct pk_error *err)
{
    int64_t left = c->file_size - c->file_at;
    size_t want = left < (int64_t)FILE_STEP ? (size_t)left : FILE_STEP;
    ssize_t got;
    void *to;

    pk_buffer_clear(&c->out);
    c->sent = 0;
    to = pk_buffer_reserve(&c->out, want);
    got = to != NULL ? pread(c->file, to, want, (off_t)c->file_at) : -1;
    if (got <= 0) { /* a file that was cut meanwhile, too */
        return pk_error_set(err, PK_EIO, "the file cannot be read");
    }
    c->out.len += (size_t)got;
    c->file_at += got;
    return PK_OK;
}

static int on_sending(struct pk_https *c, struct pk_error *err)
{
    while (c->sent < c->out.len || c->file_at < c->file_size) {
        size_t done = 0;
        int result;

        if (c->sent == c->out.len) {
            int rc = refill(c, err);

            if (rc < 0) {
                return rc;
            }
        }
        ERR_clear_error();
        errno = 0;
        result = SSL_write_ex(c->ssl, c->out.ptr + c->sent, c->out.len - c->sent, &done);
        if (result != 1) {
            return wish(c, result) == PK_EAGAIN ? PK_EAGAIN : tls_failed(c, "sending", err);
        }
        c->sent += done;
    }
    c->phase = RECEIVING;
    return PK_OK;
}

static int on_receiving(struct pk_https *c, struct pk_error *err)
{
    uint8_t bytes[READ_STEP];

    assert(c->answer != NULL); /* made when the request began */
    while (!c->answer->done) {
        size_t got = 0;
        size_t used;
        int rc;

        ERR_clear_error();
        errno = 0;
        rc = SSL_read_ex(c->ssl, bytes, sizeof(bytes), &got);
        if (rc != 1) {
            return wish(c, rc) == PK_EAGAIN ? PK_EAGAIN : tls_failed(c, "receiving", err);
        }
        rc = pk_http_answer_feed(c->answer, pk_slice_of(bytes, got), &used, err);
        if (rc < 0) {
            return rc;
        }
        if (c->answer->done && used < got) {
            return pk_error_set(err, PK_EMALF, "answer refused: bytes after its end");
        }
    }
    c->phase = IDLE;
    c->events = EPOLLIN; /* its end */
    if (!c->answer->keep_alive) {
        pk_https_close(c);
    }
    return PK_OK;
}

/* A server may close a kept connection at any moment; when it had not begun to answer, the request
 * goes out once more. All our requests can be repeated without harm. */
static bool may_repeat(const struct pk_https *c)
{
    return c->reused && c->file_size == 0 && (c->phase == SENDING || c->phase == RECEIVING) &&
            c->answer != NULL && c->answer->head_seen == 0;
}

static int fresh_answer(struct pk_https *c, struct pk_error *err)
{
    if (c->answer != NULL) {
        pk_http_answer_finish(c->answer);
    } else {
        c->answer = malloc(sizeof(*c->answer));
    }
    if (c->answer == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_http_answer_init(c->answer, c->body_max);
    return PK_OK;
}

static int again(struct pk_https *c, int64_t now_ms, struct pk_error *err)
{
    int rc = fresh_answer(c, err);

    c->sent = 0;
    return rc < 0 ? rc : connect_next(c, now_ms, err);
}

static int step_once(struct pk_https *c, struct pk_error *err)
{
    switch (c->phase) {
    case CONNECTING:
        return on_connecting(c, err);
    case HANDSHAKE:
        return on_handshake(c, err);
    case SENDING:
        return on_sending(c, err);
    case RECEIVING:
        return on_receiving(c, err);
    case CLOSED:
    case IDLE:
        break;
    }
    return pk_error_set(err, PK_EINVAL, "no request is under way");
}

int pk_https_step(struct pk_https *c, int64_t now_ms, struct pk_error *err)
{
    int rc = PK_OK;

    while (rc == PK_OK && (c->answer == NULL || !c->answer->done)) {
        rc = step_once(c, err);
        if (rc == PK_EAGAIN && now_ms >= pk_https_deadline(c)) {
            rc = pk_error_set(err, PK_ETIMEDOUT, "'%s' did not answer in time", c->host);
        }
        if (rc < 0 && rc != PK_EAGAIN) {
            bool reconnect = (c->phase == CONNECTING && c->to_next < c->to.count) ||
                    (rc != PK_ETIMEDOUT && may_repeat(c));

            pk_https_close(c);
            if (reconnect && now_ms < c->deadline_ms) {
                c->reused = false;
                rc = again(c, now_ms, err);
            }
        }
    }
    return rc;
}

static int put_request(struct pk_https *c, const struct pk_https_request *r, struct pk_error *err)
{
    bool v6 = strchr(c->host, ':') != NULL;

    pk_buffer_finish(&c->out);
    c->out = pk_buffer_of(REQUEST_MAX);
    (void)pk_buffer_printf(&c->out, "%s %s HTTP/1.1\r\nHost: %s%s%s:%d\r\n", r->method, r->target,
            v6 ? "[" : "", c->host, v6 ? "]" : "", c->port);
    if (r->body.len > 0 || strcmp(r->method, "GET") != 0) {
        (void)pk_buffer_printf(&c->out, "Content-Length: %lld\r\n",
                r->body_size > 0 ? (long long)r->body_size : (long long)r->body.len);
    }
    (void)pk_buffer_printf(&c->out, "%s\r\n", r->headers != NULL ? r->headers : "");
    c->file = r->body_fd;
    c->file_size = r->body_size;
    c->file_at = 0;
    if (r->body.len > 0) {
        (void)pk_buffer_put(&c->out, r->body.ptr, r->body.len);
    }
    if (c->out.rc < 0) {
        return pk_error_set(err, c->out.rc, "the request: %s", pk_code_text(c->out.rc));
    }
    return PK_OK;
}

int pk_https_start(struct pk_https *c, const struct pk_https_addresses *to,
        const struct pk_https_request *request, int64_t now_ms, struct pk_error *err)
{
    int rc = put_request(c, request, err);

    c->body_max = request->body_max;
    if (rc == PK_OK) {
        rc = fresh_answer(c, err);
    }
    if (rc < 0) {
        return rc;
    }
    c->to = *to;
    c->to_next = 0;
    c->sent = 0;
    c->deadline_ms = now_ms + request->timeout_ms;
    c->reused = c->phase == IDLE;
    if (c->reused) {
        c->phase = SENDING;
        return PK_OK;
    }
    return connect_next(c, now_ms, err);
}

int pk_https_call(struct pk_https *c, const struct pk_https_addresses *to,
        const struct pk_https_request *request, struct pk_error *err)
{
    int rc = pk_https_start(c, to, request, pk_clock_monotonic_ms(), err);

    if (rc < 0) {
        return rc;
    }
    while ((rc = pk_https_step(c, pk_clock_monotonic_ms(), err)) == PK_EAGAIN) {
        struct pollfd ready = { .fd = c->fd, .events = c->events == EPOLLOUT ? POLLOUT : POLLIN };
        int64_t left = pk_https_deadline(c) - pk_clock_monotonic_ms();

        if (poll(&ready, 1, left > 0 ? (int)left : 0) < 0 && errno != EINTR) {
            return pk_error_set(err, -errno, "poll: %s", pk_code_text(-errno));
        }
    }
    return rc;
}
