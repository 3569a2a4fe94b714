/* tls.h - the TLS side of a way to a receiver: TLS 1.2 or newer, the receiver's certificate is
 * always verified and must carry the name that was configured (RFC 5425, 5.2). */
#pragma once

#include <openssl/ssl.h>

#include "respond/siem/settings.h"

/* A client session on fd, ready for SSL_connect(). The caller frees *out. */
PK_MUST_USE int pk_siem_tls_new(
        const struct pk_siem_settings *settings, int fd, SSL **out, struct pk_error *err);
