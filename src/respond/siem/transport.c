#include "respond/siem/transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "respond/siem/tls.h"

struct pk_transport {
    const struct pk_siem_settings *settings;
    int stop_fd;
    int fd; /* -1: not connected */
    SSL *ssl;
};

int pk_transport_create(const struct pk_siem_settings *settings, int stop_fd,
        struct pk_transport **out, struct pk_error *err)
{
    struct pk_transport *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    t->settings = settings;
    t->stop_fd = stop_fd;
    t->fd = -1;
    *out = t;
    return PK_OK;
}

void pk_transport_destroy(struct pk_transport *transport)
{
    if (transport != NULL) {
        pk_transport_close(transport);
        free(transport);
    }
}

void pk_transport_close(struct pk_transport *transport)
{
    if (transport->ssl != NULL) {
        SSL_free(transport->ssl);
        transport->ssl = NULL;
    }
    if (transport->fd >= 0) {
        (void)close(transport->fd);
        transport->fd = -1;
    }
}

bool pk_transport_connected(const struct pk_transport *transport)
{
    return transport->fd >= 0;
}

/* PK_OK: one of the events is there. PK_ETIMEDOUT at the deadline, -ECANCELED when we stop. */
static int wait_for(const struct pk_transport *t, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd fds[2] = {
            { .fd = t->fd, .events = events },
            { .fd = t->stop_fd, .events = POLLIN },
        };
        int64_t left = deadline_ms - pk_clock_monotonic_ms();
        int n = poll(fds, 2, left > 0 ? (int)left : 0);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0 && fds[1].revents != 0) {
            return -ECANCELED;
        }
        if (n > 0 && fds[0].revents != 0) {
            return PK_OK;
        }
        if (n == 0 && left <= 0) {
            return PK_ETIMEDOUT;
        }
    }
}

static int64_t deadline(const struct pk_transport *t)
{
    return pk_clock_monotonic_ms() + t->settings->timeout_s * PK_SECOND_MS;
}

/* Closes and says why. */
static int broken(struct pk_transport *t, int rc, const char *what, struct pk_error *err)
{
    pk_transport_close(t);
    return pk_error_set(err, rc, "%s:%d: %s: %s", t->settings->host, pk_siem_port(t->settings),
            what, rc == PK_EPEER ? "closed by the receiver" : pk_code_text(rc));
}

/* ---- connecting ---------------------------------------------------------------------------- */

static int connect_one(struct pk_transport *t, const struct addrinfo *a)
{
    int one = 1;
    int error = 0;
    socklen_t len = sizeof(error);
    int rc;

    t->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (t->fd < 0) {
        return -errno;
    }
    if (connect(t->fd, a->ai_addr, a->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) {
            return -errno;
        }
        rc = wait_for(t, POLLOUT, deadline(t));
        if (rc < 0) {
            return rc;
        }
        if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            return -errno;
        }
    }
    if (error == 0 && t->settings->transport != PK_SIEM_UDP) {
        /* A receiver that lost power must be noticed between two incidents. */
        (void)setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    return -error;
}

static int connect_any(struct pk_transport *t, struct pk_error *err)
{
    struct addrinfo hints = { .ai_socktype = t->settings->transport == PK_SIEM_UDP ? SOCK_DGRAM
                                                                                   : SOCK_STREAM };
    struct addrinfo *list;
    char port[8];
    int rc;

    (void)snprintf(port, sizeof(port), "%d", pk_siem_port(t->settings));
    rc = getaddrinfo(t->settings->host, port, &hints, &list);
    if (rc != 0) {
        return pk_error_set(err, PK_ENOENT, "'%s': %s", t->settings->host, gai_strerror(rc));
    }
    rc = PK_ENOENT;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        rc = connect_one(t, a);
        if (rc == PK_OK) {
            break;
        }
        pk_transport_close(t);
        if (rc == -ECANCELED) {
            break;
        }
    }
    freeaddrinfo(list);
    return rc == PK_OK ? PK_OK : broken(t, rc, "cannot connect", err);
}

/* What OpenSSL wants to wait for; 0: it is a real failure. */
static short wanted(const SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

/* The words of OpenSSL or of its verifier; closes. */
static int tls_broken(struct pk_transport *t, int result, const char *what, struct pk_error *err)
{
    long verdict = SSL_get_verify_result(t->ssl);
    int kind = SSL_get_error(t->ssl, result);
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    if (verdict != X509_V_OK) {
        reason = X509_verify_cert_error_string(verdict);
    } else if (kind == SSL_ERROR_ZERO_RETURN || reason == NULL) {
        reason = "closed by the receiver";
    }
    pk_transport_close(t);
    return pk_error_set(err, verdict != X509_V_OK ? PK_ECRYPTO : PK_EPEER, "%s:%d: %s: %s",
            t->settings->host, pk_siem_port(t->settings), what, reason);
}

static int handshake(struct pk_transport *t, struct pk_error *err)
{
    int64_t until = deadline(t);
    int rc = pk_siem_tls_new(t->settings, t->fd, &t->ssl, err);

    if (rc < 0) {
        pk_transport_close(t);
        return rc;
    }
    for (;;) {
        int result;
        short events;

        ERR_clear_error();
        result = SSL_connect(t->ssl);
        if (result == 1) {
            return PK_OK;
        }
        events = wanted(t->ssl, result);
        if (events == 0) {
            return tls_broken(t, result, "TLS handshake", err);
        }
        rc = wait_for(t, events, until);
        if (rc < 0) {
            return broken(t, rc, "TLS handshake", err);
        }
    }
}

int pk_transport_connect(struct pk_transport *transport, struct pk_error *err)
{
    int rc;

    if (transport->fd >= 0) {
        return PK_OK;
    }
    rc = connect_any(transport, err);
    if (rc == PK_OK && transport->settings->transport == PK_SIEM_TLS) {
        rc = handshake(transport, err);
    }
    return rc;
}

/* ---- writing ------------------------------------------------------------------------------- */

static int write_tls(struct pk_transport *t, struct pk_slice bytes, struct pk_error *err)
{
    int64_t until = deadline(t);
    size_t done = 0;

    while (done < bytes.len) {
        size_t n = 0;
        int result;
        short events;
        int rc;

        ERR_clear_error();
        result = SSL_write_ex(t->ssl, bytes.ptr + done, bytes.len - done, &n);
        if (result == 1) {
            done += n;
            continue;
        }
        events = wanted(t->ssl, result);
        if (events == 0) {
            return tls_broken(t, result, "writing", err);
        }
        rc = wait_for(t, events, until);
        if (rc < 0) {
            return broken(t, rc, "writing", err);
        }
    }
    return PK_OK;
}

static int write_plain(struct pk_transport *t, struct pk_slice bytes, struct pk_error *err)
{
    int64_t until = deadline(t);
    size_t done = 0;

    while (done < bytes.len) {
        ssize_t n = send(t->fd, bytes.ptr + done, bytes.len - done, MSG_NOSIGNAL);
        int rc;

        if (n >= 0) {
            done += (size_t)n;
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            return broken(t, -errno, "writing", err);
        }
        rc = wait_for(t, POLLOUT, until);
        if (rc < 0) {
            return broken(t, rc, "writing", err);
        }
    }
    return PK_OK;
}

int pk_transport_write(struct pk_transport *transport, struct pk_slice bytes, struct pk_error *err)
{
    return transport->ssl != NULL ? write_tls(transport, bytes, err)
                                  : write_plain(transport, bytes, err);
}

/* ---- watching ------------------------------------------------------------------------------ */

/* Takes what the receiver says (it should say nothing). PK_EAGAIN: nothing more is there. */
static int take_tls(struct pk_transport *t, struct pk_error *err)
{
    char bytes[512];
    size_t n;
    int result;

    do {
        ERR_clear_error();
        result = SSL_read_ex(t->ssl, bytes, sizeof(bytes), &n);
    } while (result == 1);
    return wanted(t->ssl, result) != 0 ? PK_EAGAIN : tls_broken(t, result, "after writing", err);
}

static int take_plain(struct pk_transport *t, struct pk_error *err)
{
    char bytes[512];
    ssize_t n;

    do {
        n = recv(t->fd, bytes, sizeof(bytes), 0);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n == 0 && t->settings->transport != PK_SIEM_UDP) {
        return broken(t, PK_EPEER, "after writing", err);
    }
    /* UDP: an ICMP "port unreachable" arrives here as ECONNREFUSED. */
    return n == 0 || errno == EAGAIN || errno == EWOULDBLOCK
            ? PK_EAGAIN
            : broken(t, -errno, "after writing", err);
}

int pk_transport_watch(struct pk_transport *transport, int64_t wait_ms, struct pk_error *err)
{
    int64_t until = pk_clock_monotonic_ms() + wait_ms;

    if (transport->fd < 0) {
        return pk_error_set(err, PK_EPEER, "not connected");
    }
    for (;;) {
        int rc = transport->ssl != NULL ? take_tls(transport, err) : take_plain(transport, err);

        if (rc != PK_EAGAIN) {
            return rc;
        }
        rc = wait_for(transport, POLLIN, until);
        if (rc == PK_ETIMEDOUT) {
            return PK_OK;
        }
        if (rc < 0) {
            return broken(transport, rc, "after writing", err);
        }
    }
}
