/* https.h - one connection of the agent to picketd: HTTP/1.1 over TLS 1.2 or 1.3, one request at a
 * time, kept alive between requests. Non-blocking: the owner polls the descriptor and steps; for
 * commands in the foreground pk_https_call() does that and blocks.
 *
 * Own code because an agent's memory counts: libcurl alone maps several MiB. One thread at a time.
 * The program ignores SIGPIPE. */
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "agent/http_answer.h"

struct pk_https;

#define PK_HTTPS_ADDRESSES 4
#define PK_HTTPS_HOST      254 /* bytes of a host name, NUL included */

struct pk_https_addresses {
    size_t count;
    struct {
        struct sockaddr_storage at;
        socklen_t len;
    } items[PK_HTTPS_ADDRESSES];
};

/* "https://host[:port][/]" -> its parts; a path, user or query is refused. IPv6 in brackets. */
PK_MUST_USE int pk_https_url(
        const char *url, char host[PK_HTTPS_HOST], int *port, struct pk_error *err);

/* Asks the system's resolver; blocks for seconds when names do not resolve. Any thread. */
PK_MUST_USE int pk_https_lookup(
        const char *host, int port, struct pk_https_addresses *out, struct pk_error *err);

struct pk_https_request {
    const char *method;
    const char *target;  /* "/v1/report" */
    const char *headers; /* further lines, each ending in CRLF; NULL: none */
    struct pk_slice body;
    int body_fd;        /* with body_size: sent instead of body, from its begin; borrowed */
    int64_t body_size;  /* 0: no file */
    int64_t timeout_ms; /* for everything from the first byte out to the last one in */
    size_t body_max;    /* of the answer */
};

/* host: for SNI, the certificate's name and the Host header. The context is shared (a reference is
 * taken) and says which CA and whether the peer is verified at all. */
PK_MUST_USE int pk_https_create(
        const char *host, int port, SSL_CTX *tls, struct pk_https **out, struct pk_error *err);
void pk_https_destroy(struct pk_https *c); /* NULL is fine */

/* Begins a request; everything is copied. Connects first when the connection is not open. */
PK_MUST_USE int pk_https_start(struct pk_https *c, const struct pk_https_addresses *to,
        const struct pk_https_request *request, int64_t now_ms, struct pk_error *err);
/* PK_EAGAIN: call again when the descriptor is ready or the deadline has come. PK_OK: answered.
 * Else the request has failed and the connection is closed. now_ms is monotonic. */
PK_MUST_USE int pk_https_step(struct pk_https *c, int64_t now_ms, struct pk_error *err);

int pk_https_fd(const struct pk_https *c);          /* -1: closed; can change with each step */
uint32_t pk_https_events(const struct pk_https *c); /* EPOLLIN, EPOLLOUT: what it waits for */
int64_t pk_https_deadline(const struct pk_https *c);
bool pk_https_is_open(const struct pk_https *c); /* kept alive, no request under way */

/* Valid after PK_OK until the next start, trim or destroy. */
const struct pk_http_answer *pk_https_answer(const struct pk_https *c);
void pk_https_trim(struct pk_https *c);  /* gives the buffers of the last request back */
void pk_https_close(struct pk_https *c); /* at once */

/* TLS bytes of all connections so far. */
void pk_https_traffic(const struct pk_https *c, uint64_t *in, uint64_t *out);

/* Start, and step until the end. */
PK_MUST_USE int pk_https_call(struct pk_https *c, const struct pk_https_addresses *to,
        const struct pk_https_request *request, struct pk_error *err);
