/* fuzz_roots.c - a bundle of certificates as PEM, or one as DER: as a stranger's server shows it, or as it
 * lies in a store. Facts of it stay within their limits, and asking who borrows a name ends. */
#include <stdint.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "agent/roots.h"
#include "agent/roots_read.h"
#include "agent/tls_certificate.h"
#include "base/arena.h"
#include "base/crypt.h"

#define ARENA_MAX (1UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pk_roots *roots;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void look_at(void *ctx, struct pk_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_certificate facts;

    (void)ctx;
    if (cert != NULL && arena != NULL && pk_tls_describe(cert, true, arena, &facts)) {
        require(strlen(facts.sha256) == PK_SHA256_HEX - 1);
        require(facts.subject == NULL || strlen(facts.subject) <= PK_TLS_SUBJECT_MAX);
        require(facts.issuer == NULL || strlen(facts.issuer) <= PK_TLS_SUBJECT_MAX);
        require(facts.pem == NULL || strlen(facts.pem) <= 8192);
        require(facts.not_before_ms >= 0 && facts.not_after_ms >= 0);
        require(pk_roots_origin(roots, facts.sha256) == PK_TLS_TRUST_INSTALLED);
        if (facts.subject != NULL && facts.spki_sha256 != NULL) {
            pk_roots_vouched(roots, facts.subject, facts.spki_sha256);
            require(!pk_roots_lookalike(roots, facts.subject, facts.spki_sha256));
        }
    }
    pk_arena_destroy(arena);
    X509_free(cert);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pk_roots_places nowhere = { .store = { .dir = "/nonexistent" },
        .system_dir = "/nonexistent",
        .system_list = "/nonexistent" };

    if (roots == NULL && pk_roots_open(&nowhere, &roots, NULL) < 0) {
        return 0;
    }
    look_at(NULL, pk_slice_of(data, size));
    pk_roots_each(pk_slice_of(data, size), look_at, NULL);
    return 0;
}
