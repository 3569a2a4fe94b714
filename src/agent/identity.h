/* identity.h - who this device is for its server: key, certificate and the server's CA, kept in the
 * state folder (device.pem: key and certificate in one file, so that a renewal replaces both at
 * once; ca.pem; server.json: URL, device id, the deployment's network key).
 * One thread at a time; jobs may read it while nobody changes it. */
#pragma once

#include <openssl/ssl.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_identity;

#define PK_NETWORK_KEY_SIZE 32

/* Reads what is there. A device that was never enrolled has an identity, too: an empty one with a
 * random network key of its own. The folder is made (0700) when it is missing. */
PK_MUST_USE int pk_identity_load(
        const char *state_dir, struct pk_identity **out, struct pk_error *err);
void pk_identity_destroy(struct pk_identity *id); /* NULL is fine */
/* Reads device.pem and ca.pem again, after a renewal. */
PK_MUST_USE int pk_identity_reload(struct pk_identity *id, struct pk_error *err);

bool pk_identity_enrolled(const struct pk_identity *id);
const char *pk_identity_device(const struct pk_identity *id); /* device id; NULL: not enrolled */
const char *pk_identity_url(const struct pk_identity *id);    /* of the server; NULL */
const char *pk_identity_ca_file(const struct pk_identity *id);
int64_t pk_identity_not_after(const struct pk_identity *id); /* ms; 0: not enrolled */
/* When two thirds of the certificate's life are over; 0: not enrolled. */
int64_t pk_identity_renew_at(const struct pk_identity *id);

/* Names networks (pk_network_id): the deployment's key, or this device's own before it is known.
 * Borrowed. */
struct pk_slice pk_identity_network_key(const struct pk_identity *id);
/* Takes the deployment's key from the server's settings (64 hex digits). *changed says whether it
 * is another one than before. */
PK_MUST_USE int pk_identity_set_network_key(
        struct pk_identity *id, const char *hex, bool *changed, struct pk_error *err);

/* A context that trusts our CA alone and shows our certificate. The caller owns it. */
PK_MUST_USE int pk_identity_tls(const struct pk_identity *id, SSL_CTX **out, struct pk_error *err);

/* Becomes a device that was never enrolled: key, certificate, CA and server are gone, the network key is a new one of
 * its own. The old certificate is of no use to anybody: the server refuses it. */
PK_MUST_USE int pk_identity_forget(struct pk_identity *id, struct pk_error *err);

/* Replaces who we are: CA first, then key with certificate in one step, then the server's URL (NULL
 * keeps CA and URL: a renewal). Does not change *id: reload it. */
PK_MUST_USE int pk_identity_write(const struct pk_identity *id, const char *url, X509 *ca,
        EVP_PKEY *key, X509 *cert, struct pk_error *err);
