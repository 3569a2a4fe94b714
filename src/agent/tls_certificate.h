/* tls_certificate.h - certificates as facts: names, fingerprints, dates, PEM. Any thread may call. */
#pragma once

#include <openssl/x509.h>
#include <stdbool.h>

#include "model/observation.h"

struct pk_arena;

/* Names are cut at PK_TLS_SUBJECT_MAX bytes (tls_client.h), dates outside 1970 to 9999 are 0, a PEM of
 * more than 8 kB is left out. False: memory is short. */
bool pk_tls_describe(X509 *cert, bool with_pem, struct pk_arena *arena, struct pk_certificate *out);
/* The first PK_TLS_CHAIN_MAX of them, with their PEM. */
void pk_tls_describe_chain(
        const STACK_OF(X509) * chain, struct pk_arena *arena, struct pk_array *out);
