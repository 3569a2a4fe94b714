/* tls.h - the server's own certificate, issued by our CA for the names it is reached by. */
#pragma once

#include "base/schema.h"
#include "server/ca.h"

#define PK_TLS_DAYS       397 /* the most that browsers take */
#define PK_TLS_RENEW_DAYS 30

struct pk_tls {
    char *certificate_pem; /* with the CA's behind it */
    char *key_pem;
};

/* Loads server.pem and server.key from the folder; makes new ones when they are absent, end within
 * PK_TLS_RENEW_DAYS, come from another CA or name others than names + localhost + this machine +
 * 127.0.0.1 + ::1. The caller ends *out with pk_tls_finish(). */
PK_MUST_USE int pk_tls_open(const struct pk_ca *ca, const char *state_dir,
        const struct pk_strings *names, int64_t now_ms, struct pk_tls *out, struct pk_error *err);
void pk_tls_finish(struct pk_tls *tls);

/* Host name or address, as a certificate may name it. */
bool pk_tls_is_name(const char *name);
