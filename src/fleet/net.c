#include "fleet/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/answer.h"

#define ANSWER_MAX  (1024UL * 1024)
#define REQUEST_MAX (1024UL * 1024)
#define EVENTS      256
#define SWEEP_MS    100

enum state {
    CLOSED,
    CONNECTING,
    SHAKING,
    READY, /* connected; nothing under way */
    WRITING,
    READING,
};

struct pk_line {
    struct pk_net *net;
    struct pk_line *next;
    X509 *certificate;
    EVP_PKEY *key;
    void *ctx;
    enum state state;
    int fd;
    SSL *ssl;
    uint32_t interest;
    struct pk_buffer out; /* the request */
    size_t sent;
    struct pk_buffer in; /* the answer so far */
    pk_line_done done;   /* NULL: nothing under way */
    int64_t deadline_ms;
    char error[96];
};

struct pk_net {
    char host[256];
    struct sockaddr_storage address;
    socklen_t address_len;
    SSL_CTX *ctx;
    int epoll;
    struct pk_line *lines;
    int64_t sweep_ms;
};

static void drive(struct pk_line *l);

/* "localhost" has two addresses and the server may listen on one: the first that takes a connection,
 * or the first of all when none does. */
static void choose_address(struct pk_net *net, const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool good = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;

        if (fd >= 0) {
            (void)close(fd);
        }
        if (good || a == list) {
            memcpy(&net->address, a->ai_addr, a->ai_addrlen);
            net->address_len = a->ai_addrlen;
        }
        if (good) {
            return;
        }
    }
}

int pk_net_create(const char *host, int port, struct pk_net **out, struct pk_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    struct pk_net *net = calloc(1, sizeof(*net));
    char text[8];
    int rc;

    if (net == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(net->host, sizeof(net->host), "%s", host);
    (void)snprintf(text, sizeof(text), "%d", port);
    net->epoll = epoll_create1(EPOLL_CLOEXEC);
    net->ctx = SSL_CTX_new(TLS_client_method());
    rc = getaddrinfo(host, text, &hints, &list);
    if (rc != 0 || net->epoll < 0 || net->ctx == NULL) {
        rc = pk_error_set(err, PK_ENOENT, "'%s': %s", host,
                rc != 0 ? gai_strerror(rc) : "no descriptors or memory left");
        pk_net_destroy(net);
        return rc;
    }
    choose_address(net, list);
    freeaddrinfo(list);
    (void)SSL_CTX_set_min_proto_version(net->ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(net->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(net->ctx, SSL_SESS_CACHE_OFF);
    *out = net;
    return PK_OK;
}

void pk_net_destroy(struct pk_net *net)
{
    if (net == NULL) {
        return;
    }
    while (net->lines != NULL) {
        struct pk_line *l = net->lines;

        net->lines = l->next;
        pk_line_close(l);
        pk_buffer_finish(&l->out);
        pk_buffer_finish(&l->in);
        free(l);
    }
    SSL_CTX_free(net->ctx);
    if (net->epoll >= 0) {
        (void)close(net->epoll);
    }
    free(net);
}

const char *pk_net_host(const struct pk_net *net)
{
    return net->host;
}

int pk_net_trust(struct pk_net *net, X509 *ca, struct pk_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(net->ctx);

    if (X509_STORE_add_cert(store, ca) != 1) {
        return pk_error_set(err, PK_ECRYPTO, "the CA certificate cannot be used");
    }
    SSL_CTX_set_verify(net->ctx, SSL_VERIFY_PEER, NULL);
    return PK_OK;
}

/* ---- a line -------------------------------------------------------------------------------- */

struct pk_line *pk_line_create(struct pk_net *net, X509 *certificate, EVP_PKEY *key, void *ctx)
{
    struct pk_line *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        return NULL;
    }
    l->net = net;
    l->certificate = certificate;
    l->key = key;
    l->ctx = ctx;
    l->fd = -1;
    l->out = pk_buffer_of(REQUEST_MAX);
    l->in = pk_buffer_of(ANSWER_MAX);
    l->next = net->lines;
    net->lines = l;
    return l;
}

void pk_line_identity(struct pk_line *line, X509 *certificate, EVP_PKEY *key)
{
    pk_line_close(line);
    line->certificate = certificate;
    line->key = key;
}

bool pk_line_busy(const struct pk_line *line)
{
    return line->done != NULL;
}

bool pk_line_open(const struct pk_line *line)
{
    return line->state >= READY;
}

void pk_line_close(struct pk_line *line)
{
    SSL_free(line->ssl);
    line->ssl = NULL;
    if (line->fd >= 0) {
        (void)close(line->fd); /* leaves epoll by itself */
        line->fd = -1;
    }
    line->state = CLOSED;
    line->interest = 0;
}

/* Ends what is under way. The callback may start the next. */
static void finish(struct pk_line *l, int status, struct pk_slice body, const char *error)
{
    struct pk_answer answer = { .status = status, .body = body, .error = error };
    pk_line_done done = l->done;

    l->done = NULL;
    if (done != NULL) {
        done(l, &answer, l->ctx);
    }
}

static void fail(struct pk_line *l, const char *error)
{
    (void)snprintf(l->error, sizeof(l->error), "%s", error);
    ERR_clear_error();
    pk_line_close(l);
    finish(l, 0, pk_slice_of(NULL, 0), l->error);
}

static void want(struct pk_line *l, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = l };

    if (l->interest != events) {
        (void)epoll_ctl(l->net->epoll, l->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, l->fd, &e);
        l->interest = events;
    }
}

static void start(struct pk_line *l)
{
    int one = 1;

    l->fd = socket(l->net->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        fail(l, pk_code_text(-errno));
        return;
    }
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(l->fd, (const struct sockaddr *)&l->net->address, l->net->address_len) != 0 &&
            errno != EINPROGRESS) {
        fail(l, pk_code_text(-errno));
        return;
    }
    l->state = CONNECTING;
    want(l, EPOLLOUT);
}

void pk_line_send(
        struct pk_line *line, struct pk_slice request, int64_t timeout_ms, pk_line_done done)
{
    pk_buffer_clear(&line->out);
    pk_buffer_clear(&line->in);
    (void)pk_buffer_put(&line->out, request.ptr, request.len);
    line->sent = 0;
    line->done = done;
    line->deadline_ms = pk_clock_monotonic_ms() + timeout_ms;
    if (line->state == READY) {
        line->state = WRITING;
        want(line, EPOLLOUT); /* driven by the next poll: no callback from here */
    }
    /* A closed one is started by the next poll's sweep, which is due at once. */
    line->net->sweep_ms = line->state == CLOSED ? 0 : line->net->sweep_ms;
}

/* ---- progress ------------------------------------------------------------------------------ */

static bool begin_tls(struct pk_line *l)
{
    unsigned char bytes[16];
    const char *host = l->net->host;

    l->ssl = SSL_new(l->net->ctx);
    if (l->ssl == NULL || SSL_set_fd(l->ssl, l->fd) != 1) {
        return false;
    }
    if (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1) {
        (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->ssl), host);
    } else {
        (void)SSL_set1_host(l->ssl, host);
        (void)SSL_set_tlsext_host_name(l->ssl, host);
    }
    if (l->certificate != NULL &&
            (SSL_use_certificate(l->ssl, l->certificate) != 1 ||
                    SSL_use_PrivateKey(l->ssl, l->key) != 1)) {
        return false;
    }
    l->state = SHAKING;
    return true;
}

static const char *tls_reason(const struct pk_line *l)
{
    long verdict = SSL_get_verify_result(l->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    return verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
            : reason != NULL    ? reason
                                : "closed by the server";
}

/* After a call of OpenSSL that did not succeed: waits, or fails. Returns true to go on waiting. */
static bool blocked(struct pk_line *l, int result)
{
    switch (SSL_get_error(l->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        want(l, EPOLLIN);
        return true;
    case SSL_ERROR_WANT_WRITE:
        want(l, EPOLLOUT);
        return true;
    default:
        fail(l, tls_reason(l));
        return false;
    }
}

/* Each step returns true when the next state can be tried at once. */
static bool step_connect(struct pk_line *l)
{
    int error = 0;
    socklen_t len = sizeof(error);

    (void)getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        fail(l, pk_code_text(-error));
        return false;
    }
    if (!begin_tls(l)) {
        fail(l, "no TLS session");
        return false;
    }
    return true;
}

static bool step_shake(struct pk_line *l)
{
    int result = SSL_connect(l->ssl);

    if (result != 1) {
        (void)blocked(l, result);
        return false;
    }
    l->state = l->done != NULL ? WRITING : READY;
    want(l, EPOLLIN);
    return l->state == WRITING;
}

static bool step_write(struct pk_line *l)
{
    while (l->sent < l->out.len) {
        size_t n = 0;
        int result = SSL_write_ex(l->ssl, l->out.ptr + l->sent, l->out.len - l->sent, &n);

        if (result != 1) {
            (void)blocked(l, result);
            return false;
        }
        l->sent += n;
    }
    l->state = READING;
    want(l, EPOLLIN);
    return true;
}

static bool step_read(struct pk_line *l)
{
    struct pk_http_answer answer;
    size_t n = 0;
    char *room = pk_buffer_reserve(&l->in, 4096);
    int result;

    if (room == NULL) {
        fail(l, "the answer is too long");
        return false;
    }
    result = SSL_read_ex(l->ssl, room, 4096, &n);
    if (result != 1) {
        (void)blocked(l, result);
        return false;
    }
    l->in.len += n;
    switch (pk_http_answer_parse(pk_buffer_slice(&l->in), &answer)) {
    case PK_OK:
        break;
    case PK_EAGAIN:
        return true;
    default:
        fail(l, "the answer is not HTTP");
        return false;
    }
    if (answer.close) {
        pk_line_close(l);
    } else {
        l->state = READY;
        want(l, EPOLLIN);
    }
    finish(l, answer.status, answer.body, NULL);
    return false; /* the next request is driven by epoll */
}

/* Something on a line that is not asked for: the server closes it, or sends session tickets. */
static void step_idle(struct pk_line *l)
{
    char byte;
    size_t n;
    int result = SSL_read_ex(l->ssl, &byte, 1, &n);

    if (result == 1 || SSL_get_error(l->ssl, result) != SSL_ERROR_WANT_READ) {
        ERR_clear_error();
        pk_line_close(l);
    }
}

static void drive(struct pk_line *l)
{
    bool more = true;

    while (more) {
        ERR_clear_error();
        switch (l->state) {
        case CONNECTING:
            more = step_connect(l);
            break;
        case SHAKING:
            more = step_shake(l);
            break;
        case WRITING:
            more = step_write(l);
            break;
        case READING:
            more = step_read(l);
            break;
        case READY:
            step_idle(l);
            more = false;
            break;
        case CLOSED:
            more = false;
            break;
        }
    }
}

/* Starts closed lines that have a request, ends those that took too long. */
static void sweep(struct pk_net *net)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (now_ms < net->sweep_ms) {
        return;
    }
    net->sweep_ms = now_ms + SWEEP_MS;
    for (struct pk_line *l = net->lines; l != NULL; l = l->next) {
        if (l->done == NULL) {
            continue;
        }
        if (l->state == CLOSED) {
            start(l);
        } else if (now_ms > l->deadline_ms) {
            fail(l, "timed out");
        }
    }
}

int pk_net_poll(struct pk_net *net, int64_t timeout_ms, struct pk_error *err)
{
    struct epoll_event events[EVENTS];
    int n;

    sweep(net);
    n = epoll_wait(net->epoll, events, EVENTS, timeout_ms > SWEEP_MS ? SWEEP_MS : (int)timeout_ms);
    if (n < 0 && errno != EINTR) {
        return pk_error_set(err, -errno, "epoll: %s", pk_code_text(-errno));
    }
    for (int i = 0; i < n; i++) {
        drive(events[i].data.ptr);
    }
    sweep(net);
    return PK_OK;
}

void pk_http_request(struct pk_buffer *out, const char *method, const char *path, const char *host,
        const char *type, const char *encoding, const char *more, struct pk_slice body)
{
    (void)pk_buffer_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: picket-fleet/%s\r\n",
            method, path, host, PK_VERSION);
    if (type != NULL) {
        (void)pk_buffer_printf(out, "Content-Type: %s\r\n", type);
    }
    if (encoding != NULL) {
        (void)pk_buffer_printf(out, "Content-Encoding: %s\r\n", encoding);
    }
    if (body.len > 0) {
        (void)pk_buffer_printf(out, "Content-Length: %zu\r\n", body.len);
    }
    (void)pk_buffer_printf(out, "%s\r\n", more != NULL ? more : "");
    (void)pk_buffer_put(out, body.ptr, body.len);
}
