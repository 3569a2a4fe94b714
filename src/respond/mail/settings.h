/* settings.h - the mail relay, as picketd's settings name it under `mail:`.
 *
 *     mail:
 *       relay: smtp://mail.example.org:587
 *       user: picket
 *       password_file: /etc/picket/mail.password
 *       from: picket@example.org
 *
 * Constants and plain data; any thread. */
#pragma once

#include "base/schema.h"

enum pk_mail_starttls {
    PK_STARTTLS_REQUIRED,
    PK_STARTTLS_OFF, /* in clear: for a relay on this machine */
};

struct pk_mail_settings {
    const char *relay; /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
    int starttls;      /* enum pk_mail_starttls; not for smtps */
    const char *user;  /* NULL: nobody signs in */
    const char *password_file;
    const char *from;     /* address of the letters */
    const char *name;     /* shown beside it */
    const char *reply_to; /* where people may write to; NULL: nowhere */
    const char *ca;       /* PEM; NULL: the system's roots */
    int64_t timeout_s;    /* of one letter */
};

extern const struct pk_schema pk_mail_schema;

/* What a table cannot say: a relay is a URL without a path, addresses are addresses, a password travels only over TLS.
 * *err has the path below "mail". settings NULL is fine. */
PK_MUST_USE int pk_mail_check(const struct pk_mail_settings *settings, struct pk_error *err);
