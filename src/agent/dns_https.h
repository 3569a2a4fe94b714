/* dns_https.h - DNS over HTTPS (RFC 8484): one POST a question, over HTTP/2 when the server speaks it
 * (all at once), else over HTTP/1.1 (one after another). Blocking, any thread. */
#pragma once

#include "agent/dns_stream.h"

#define PK_DNS_HTTPS_PATH "/dns-query"

/* Offers both versions to servers of this context. */
PK_MUST_USE int pk_dns_https_prepare(SSL_CTX *context);

/* Over a session that shook hands with host. What is not answered is marked with why. */
void pk_dns_https_ask(const struct pk_dns_stream *stream, const char *host,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline);
