/* est.h - enrolment and renewal of the device's certificate: EST (RFC 7030) as docs/protocol.md
 * narrows it. The calls block for seconds: in the foreground, or in a job of the loop. */
#pragma once

#include "agent/identity.h"

struct pk_enrolment {
    char url[300];  /* https://host:port */
    char token[65]; /* hex digits */
    char pin[65];   /* SHA-256 of the CA certificate in hex; "": ca_file vouches */
    const char *ca_file;
    const char *name; /* that the server shows; NULL: the host name, "": none. Borrowed */
};

/* The link "https://HOST:PORT/enroll#TOKEN.PIN", or URL and token apart with a pin or a CA file
 * (each may be NULL; what is given apart wins). PK_EMALF with the reason. */
PK_MUST_USE int pk_enrolment_parse(const char *url, const char *token, const char *pin,
        const char *ca_file, struct pk_enrolment *out, struct pk_error *err);

/* Fetches and checks the CA, makes a key, gets it certified, checks the answer, writes it all and
 * reloads id. An earlier identity is replaced only when everything holds.
 * PK_ECRYPTO: not the CA that was promised; PK_EACCES: the token is wrong or spent. */
PK_MUST_USE int pk_est_enroll(
        struct pk_identity *id, const struct pk_enrolment *with, struct pk_error *err);

/* A new key and certificate for the same device, asked for with the old ones, written to the state
 * folder; id itself stays as it is until pk_identity_reload(). url: NULL for the enrolment's. */
PK_MUST_USE int pk_est_renew(const struct pk_identity *id, const char *url, struct pk_error *err);
