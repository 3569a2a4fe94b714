/* apple_chain.c - does a chain of certificates lead to Apple? Without a clock: whether a certificate was
 * valid at some time is for those who know the time. */
#include "formats/apple/codesign_parts.h"

#define OID_BASIC_CONSTRAINTS "2.5.29.19"

/* SHA-256 of certificates that Apple publishes at apple.com/certificateauthority: its roots, and the
 * issuers of developers' certificates, because not every signature carries the root. */
static const char *const anchors[] = {
    /* Apple Root CA */
    "b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024",
    /* Apple Root CA - G2 */
    "c2b9b042dd57830e7d117dac55ac8ae19407d38e41d88f3215bc3a890444a050",
    /* Apple Root CA - G3 */
    "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179",
    /* Apple Root Certificate Authority, until 2025 */
    "0d83b611b648a1a75eb8558400795375cad92e264ed8e9d7a757c1f5ee2bb22d",
    /* Worldwide Developer Relations, until 2023 */
    "ce057691d730f89ca25e916f7335f4c8a15713dcd273a658c024023f8eb809c2",
    /* - G2 */
    "9ed4b3b88c6a339cf1387895bda9ca6ea31a6b5ce9edf7511845923b0c8ac94c",
    /* - G3 */
    "dcf21878c77f4198e4b4614f03d696d89c66c66008d4244e1b99161aac91601f",
    /* - G4 */
    "ea4757885538dd8cb59ff4556f676087d83c85e70902c122e42c0808b5bce14c",
    /* - G5 */
    "53fd008278e5a595fe1e908ae9c5e5675f26243264a5a6438c023e3ce2870760",
    /* - G6 */
    "bdd4ed6e74691f0c2bfd01be0296197af1379e0418e2d300efa9c3bef642ca30",
    /* - G7 */
    "0f570d7502373a2102e2106faaa8fa4844944a07ee676198484f4d6ce15bea47",
    /* - G8 */
    "29901badea37c9f300ce9869956beeb001d7e71bffb2e2d9533e132a4e87e6bd",
    /* Developer ID */
    "7afc9d01a62f03a2de9637936d4afe68090d2de18d03f29c88cfb0b1ba63587f",
    /* Developer ID - G2 */
    "f16cd3c54c7f83cea4bf1a3e6a0819c8aaa8e4a1528fd144715f350643d2df3a",
};

static bool is_anchor(const struct pk_cert *cert)
{
    for (size_t i = 0; i < PK_COUNT(anchors); i++) {
        if (strcmp(cert->sha256, anchors[i]) == 0) {
            return true;
        }
    }
    return false;
}

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

bool pk_apple_chain(const struct pk_cert *certs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (!is_authority(&certs[i]) || !pk_cert_signed_by(&certs[i - 1], &certs[i]))) {
            return false;
        }
        if (is_anchor(&certs[i])) {
            return true;
        }
    }
    return false;
}
