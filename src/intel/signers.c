/* Known-good certificates: by package, and backwards by certificate. */
#include <string.h>

#include "intel/set_internal.h"

size_t pk_intel_signer_count(const struct pk_intel_set *set)
{
    return set->count[PK_SEC_SIGNERS];
}

bool pk_intel_signer_at(const struct pk_intel_set *set, size_t index, struct pk_intel_signer *out)
{
    const uint8_t *p;

    if (index >= set->count[PK_SEC_SIGNERS]) {
        return false;
    }
    p = set->section[PK_SEC_SIGNERS].ptr + index * PK_SIGNER_SIZE;
    *out = (struct pk_intel_signer){
        .package = pk_set_string(set, pk_get32(p)),
        .cert = pk_set_string(set, pk_get32(p + 4)),
        .source = pk_set_source_name(set, pk_get16(p + 8)),
    };
    return true;
}

static const char *package_at(const struct pk_intel_set *set, size_t index)
{
    struct pk_intel_signer signer = { .package = "" };

    (void)pk_intel_signer_at(set, index, &signer);
    return signer.package;
}

size_t pk_intel_signers(const struct pk_intel_set *set, const char *package, size_t *first)
{
    size_t low = 0;
    size_t high = set->count[PK_SEC_SIGNERS];
    size_t n = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(package_at(set, middle), package) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low + n < set->count[PK_SEC_SIGNERS] && strcmp(package_at(set, low + n), package) == 0) {
        n++;
    }
    if (n > 0) {
        *first = low;
    }
    return n;
}

/* The certificate that is number index in the order of certificates. */
static const char *cert_at(const struct pk_intel_set *set, size_t index)
{
    struct pk_intel_signer signer = { .cert = "" };

    (void)pk_intel_signer_at(
            set, pk_get32(set->section[PK_SEC_CERTS].ptr + index * PK_CERT_SIZE), &signer);
    return signer.cert;
}

/* The number of a signer with this certificate; SIZE_MAX: none. */
static size_t find_cert(const struct pk_intel_set *set, const char *cert)
{
    size_t low = 0;
    size_t high = set->count[PK_SEC_CERTS];

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(cert_at(set, middle), cert);

        if (order == 0) {
            return pk_get32(set->section[PK_SEC_CERTS].ptr + middle * PK_CERT_SIZE);
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

bool pk_intel_signer_known(const struct pk_intel_set *set, const char *cert)
{
    return find_cert(set, cert) != SIZE_MAX;
}

bool pk_set_is_good(
        const struct pk_intel_set *set, int kind, const char *value, struct pk_intel_signer *signer)
{
    struct pk_intel_signer none;
    size_t at = SIZE_MAX;

    if (kind == PK_INTEL_PACKAGE) {
        (void)pk_intel_signers(set, value, &at);
    } else if (kind == PK_INTEL_SIGNER) {
        at = find_cert(set, value);
    }
    return at != SIZE_MAX && pk_intel_signer_at(set, at, signer != NULL ? signer : &none);
}
