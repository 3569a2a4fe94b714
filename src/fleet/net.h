/* net.h - thousands of HTTPS connections in one thread: epoll, OpenSSL and as much HTTP/1.1 as
 * picketd speaks with its devices (one request at a time on a connection, Content-Length answers).
 * libcurl keeps a TLS context for every client certificate; with 5,000 of them that is too heavy.
 * Everything belongs to one thread. */
#pragma once

#include <openssl/ssl.h>

#include "base/buffer.h"

struct pk_net;
struct pk_line; /* a connection that comes and goes; one device's */

/* Resolves host once. No certificate is trusted before pk_net_trust(). */
PK_MUST_USE int pk_net_create(
        const char *host, int port, struct pk_net **out, struct pk_error *err);
void pk_net_destroy(struct pk_net *net); /* ends its lines, too; no callbacks */
const char *pk_net_host(const struct pk_net *net);

/* From now on the server must show a certificate for host that leads to ca. */
PK_MUST_USE int pk_net_trust(struct pk_net *net, X509 *ca, struct pk_error *err);

/* Works off what is there, waiting at most so long for it. */
PK_MUST_USE int pk_net_poll(struct pk_net *net, int64_t timeout_ms, struct pk_error *err);

/* status: of HTTP, or 0 when there was no answer (error then says why, e.g. "connection refused").
 * body lives until the callback returns. The callback may send the next request on the line. */
struct pk_answer {
    int status;
    struct pk_slice body;
    const char *error;
};
typedef void (*pk_line_done)(struct pk_line *line, const struct pk_answer *answer, void *ctx);

/* certificate and key are borrowed (both or none). NULL when memory is short. */
struct pk_line *pk_line_create(struct pk_net *net, X509 *certificate, EVP_PKEY *key, void *ctx);
/* Changes whom it speaks for; closes. */
void pk_line_identity(struct pk_line *line, X509 *certificate, EVP_PKEY *key);

/* Sends a whole request (copied), connecting first when needed; done is called once, always from
 * pk_net_poll(). No other request may be under way. timeout_ms: from now to the end of the answer. */
void pk_line_send(
        struct pk_line *line, struct pk_slice request, int64_t timeout_ms, pk_line_done done);
bool pk_line_busy(const struct pk_line *line);
bool pk_line_open(const struct pk_line *line); /* the handshake is done */
void pk_line_close(struct pk_line *line);

/* Head and body of a request into out. type, encoding and more ("Name: value\r\n"...) may be NULL. */
void pk_http_request(struct pk_buffer *out, const char *method, const char *path, const char *host,
        const char *type, const char *encoding, const char *more, struct pk_slice body);
