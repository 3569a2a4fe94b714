/* ca.h - the deployment's own certificate authority: made at the first start, 10 years, P-256. Its
 * key never leaves the state folder (mode 0600). Signing is for any thread. */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "server/x509.h"

#define PK_CA_DEVICE_DAYS 90
#define PK_CA_RSA_MIN     2048
#define PK_CA_RSA_MAX     8192 /* a larger one only costs time */

struct pk_ca;

/* Loads ca.pem and ca.key from the folder, makes both when neither is there. */
PK_MUST_USE int pk_ca_open(
        const char *state_dir, int64_t now_ms, struct pk_ca **out, struct pk_error *err);
void pk_ca_close(struct pk_ca *ca);

X509 *pk_ca_certificate(const struct pk_ca *ca); /* borrowed */
EVP_PKEY *pk_ca_key(const struct pk_ca *ca);     /* borrowed */
const char *pk_ca_pem(const struct pk_ca *ca);
const char *pk_ca_pin(const struct pk_ca *ca); /* SHA-256 of the certificate's DER, hex */

/* A certificate request as its holder sent it; checked: one DER object, its signature holds, a key
 * that we take (P-256, P-384, RSA >= 2048). PK_EMALF, PK_ECRYPTO. Returns its key. */
PK_MUST_USE int pk_ca_check_request(struct pk_slice der, EVP_PKEY **out, struct pk_error *err);

struct pk_issued {
    char serial[PK_SERIAL_TEXT];
    int64_t not_after_ms;
    X509 *certificate; /* the caller's */
};
/* A device's certificate: CN and SAN URI name the device, client authentication only. */
PK_MUST_USE int pk_ca_issue(const struct pk_ca *ca, EVP_PKEY *key, const char *device,
        int64_t now_ms, struct pk_issued *out, struct pk_error *err);

/* The certificates as a certs-only PKCS#7 in base64 on one line (RFC 7030 4.1.3; strongSwan's pki
 * does not take line breaks). malloc'ed; NULL when memory is short. */
char *pk_ca_pkcs7(X509 *certificate);

/* Whom a verified device certificate names: the UUID of its only SAN, "URI:urn:uuid:...", and its
 * serial. PK_EMALF: it is not one of ours. */
PK_MUST_USE int pk_ca_device_of(struct pk_slice der, char device[37], char serial[PK_SERIAL_TEXT]);
