/* tls_client.h - a TLS handshake that goes on when the certificate is bad, and remembers why it
 * was. For probes: nothing secret is ever sent over such a connection. Blocking, any thread. */
#pragma once

#include <openssl/ssl.h>

#include "agent/net.h"
#include "model/observation.h"

struct pk_arena;

/* Whom to trust. Both NULL: OpenSSL's own places, the system's. */
struct pk_tls_roots {
    const char *file;
    const char *dir;
};

#define PK_TLS_CHAIN_MAX   8
#define PK_TLS_SUBJECT_MAX 512

struct pk_tls_seen {
    int outcome;           /* enum pk_tls_outcome; never PK_TLS_PIN, PK_TLS_UNREACHABLE */
    const char *error;     /* NULL when ok */
    const char *version;   /* "TLSv1.3"; NULL: no handshake */
    const char *cipher;    /* suite, OpenSSL's name; NULL: no handshake */
    bool weak;             /* the suite is broken, or its key exchange is (RFC 9325, section 4) */
    bool lasting_key;      /* the key exchange has no forward secrecy */
    enum pk_tri name_fits; /* the leaf names the host */
    struct pk_array chain; /* struct pk_certificate, each with its PEM */
};

/* A context that offers all versions, so that a forced downgrade shows. The caller frees it with
 * SSL_CTX_free(). */
PK_MUST_USE int pk_tls_context(
        const struct pk_tls_roots *roots, SSL_CTX **out, struct pk_error *err);

/* Shakes hands with host over the connected fd. *seen is always filled, from the arena; *out gets
 * the session when the handshake came to its end (the caller frees it), whatever the outcome. */
void pk_tls_shake(SSL_CTX *context, const char *host, int fd, const struct pk_deadline *deadline,
        struct pk_arena *arena, struct pk_tls_seen *seen, SSL **out);
/* The same with a first message that offers at most this version (TLS1_2_VERSION ...; 0: all). */
void pk_tls_shake_max(SSL_CTX *context, const char *host, int fd,
        const struct pk_deadline *deadline, struct pk_arena *arena, int version_max,
        struct pk_tls_seen *seen, SSL **out);

/* Does this chain (as shown by the peer of ssl) lead to those roots, for host? Then *verified (NULL
 * is fine) gets it, up to the root. */
bool pk_tls_verifies(SSL *ssl, const struct pk_tls_roots *roots, const char *host,
        struct pk_arena *arena, struct pk_array *verified);
/* Would the shown chain verify for host if its last certificate, other than the leaf, were trusted? */
bool pk_tls_holds_together(SSL *ssl, const char *host);

/* Whole write, and one read (0: end), over a session of pk_tls_shake(). Negative codes. */
PK_MUST_USE int pk_tls_write(
        SSL *ssl, int fd, const void *bytes, size_t len, const struct pk_deadline *deadline);
PK_MUST_USE int pk_tls_read(
        SSL *ssl, int fd, void *bytes, size_t len, const struct pk_deadline *deadline);
