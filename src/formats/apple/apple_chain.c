/* apple_chain.c - does a chain of certificates lead to Apple? Without a clock: whether a certificate was
 * valid at some time is for those who know the time. */
#include "base/crypt.h"
#include "formats/apple/codesign_parts.h"

#define OID_BASIC_CONSTRAINTS "2.5.29.19"
#define SPKI_MAX              600 /* bytes of the longest key below */

/* The roots that Apple publishes at apple.com/certificateauthority: the SHA-256 of each, and its key,
 * because signatures seldom carry the root itself (profiles carry another one). */
static const struct {
    const char *sha256;
    const char *spki; /* base64 */
} roots[] = {
    { /* Apple Root CA */
            "b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024",
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5JGpCR+R2x5HUOsF7V55hC3rNqJXTFXs"
            "ixmJ3vlLbPUHqyIwAugYPvhQCdN/QaiY+dHKZpwkaxHQo7vkGyrDH5WeegykR4tb1BY3M8vED03O"
            "FGnRyRly9V0O1X9fm/IlA7pVj01dDfFkNSMVSxVZHbOU9/acns9QusFYUGePCLQg98usLCBvcLY/"
            "ATCMt0PPD5098ytJKBrI/s61uQ7ZXhzWyz21Oq30Dw4AkguxIRYudNU8DdtiFqujcZJHU1XBry9B"
            "s/j743DN5qNMRX4fTGtQlkGJxHRiCxCDQYczioGxMFjsWgQyjGizjx3eZXP/Z15lvEnYdp8zFGWh"
            "d5TJLQIDAQAB" },
    { /* Apple Root CA - G2 */
            "c2b9b042dd57830e7d117dac55ac8ae19407d38e41d88f3215bc3a890444a050",
            "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA2BESSEjaKYpJxRzH7G4zbf5N++Ac3qxe"
            "4janJPl/UGtMzrkwVCfls9btJeYwtgU3XhQiEcXoqhvS+7LSCZU4pO8qSYxdPnFmAzj7FvWFiORa"
            "kgwEMvLIQPtSX5/2wPHjukWgUNUSi/Ld3pGGI/D1tnIuAdoL9i45CF8ZoWNBCxynlMGGxFMvdvYK"
            "1wzRgz8aUxnzV9Unf/wTuPiSjfzTKEM8tWgAJV0nYtPdVd1EIJCDNZPFv7gZ+2vj3AhC5q9t+p5A"
            "yk6FhXhJsdfDwTA5Mqt+X6rTi2+fLRohaHBns6PxmEFtkXz419uo518hGowzvzF0t7jR9OAi9L9y"
            "NN/3gU1xfVGh4rPw0ygWc2/NzK03fU7rrUDhP4H99z0KPqLxvTGWKVncwhmAjFt0xizTEFMmHRRP"
            "xNSBZjyHZzMnFAjptHeENFKPifhomBe/w7uqE5MfXVQvqMd8+w0UvhU9JDTymtx1QWYitAHWC6+Q"
            "ngzqYvibWTwI4pY05GPevDfU6wyIA0MLUK+gNN1QTRX7WiTYDPoMY54fA7Hh7uGqQ/RmZSg3AjHv"
            "Acce0cyfbcpUOkDbzs9PRotKZZpqxmhs18yZG0ewcsN3j8T3YZx0H879a6HCnJSCq5Si570burlw"
            "OZUXxSnzOVg09cSkxntguWZDUD9uYfwO+YaqYAxDS5UCAwEAAQ==" },
    { /* Apple Root CA - G3 */
            "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179",
            "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEmOkvPUBypO2TInKBExzdEJXxxaNOcdwUFtkO5aYFKndk"
            "e19OONO7HES1f/UftjJiXcnphFtPME8RWgD9WFgMpfUPLE0HRxN12peXl28xXO0rnXsgO9i5VNle"
            "maQ6UQox" },
};

/* May it sign certificates? SEQUENCE { cA BOOLEAN DEFAULT FALSE, ... } */
static bool is_authority(const struct pk_cert *cert)
{
    struct pk_slice in;
    struct pk_der sequence;
    struct pk_der authority;

    if (pk_cert_extension(cert, OID_BASIC_CONSTRAINTS, &in) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &sequence) < 0) {
        return false;
    }
    in = sequence.value;
    return pk_der_expect(&in, PK_DER_BOOLEAN, &authority) == PK_OK && authority.value.len == 1 &&
            authority.value.ptr[0] != 0;
}

static bool signed_by_root(const struct pk_cert *cert, size_t root, struct pk_arena *arena)
{
    /* What a root's key signed is Apple's, however the issuer's name is spelled. */
    struct pk_cert issuer = { .subject_name = cert->issuer_name };
    uint8_t *spki = pk_arena_alloc(arena, 1, SPKI_MAX); /* the key may borrow from it */
    size_t len = 0;

    return spki != NULL &&
            pk_unbase64(pk_slice_str(roots[root].spki), spki, SPKI_MAX, &len) == PK_OK &&
            pk_key_parse(pk_slice_of(spki, len), arena, &issuer.key) == PK_OK &&
            pk_cert_signed_by(cert, &issuer);
}

static bool is_apples(const struct pk_cert *cert, struct pk_arena *arena)
{
    for (size_t i = 0; i < PK_COUNT(roots); i++) {
        if (strcmp(cert->sha256, roots[i].sha256) == 0 || signed_by_root(cert, i, arena)) {
            return true;
        }
    }
    return false;
}

bool pk_apple_chain(const struct pk_cert *certs, size_t count, struct pk_arena *arena)
{
    for (size_t i = 1; i < count; i++) {
        if (!is_authority(&certs[i]) || !pk_cert_signed_by(&certs[i - 1], &certs[i])) {
            return false;
        }
    }
    return count > 0 && is_apples(&certs[count - 1], arena);
}
