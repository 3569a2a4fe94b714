/* settings.h - the services that wake phones, as picketd's settings name them under `push:`.
 *
 *     push:
 *       apns: {key_file: AuthKey_K1.p8, key_id: K123456789, team_id: T123456789, topic: org.example.picket}
 *       fcm: {service_account_file: account.json, project: picket-example}
 *
 * Constants and plain data; any thread. */
#pragma once

#include "base/schema.h"

struct pk_apns_settings {
    const char *key_file; /* PEM of a P-256 key (.p8) */
    const char *key_id;
    const char *team_id;
    const char *topic; /* bundle id of the app */
    const char *url;   /* of the service */
    const char *ca;    /* PEM; NULL: the system's roots */
    int64_t timeout_s;
};

struct pk_fcm_settings {
    const char *service_account_file; /* JSON, as the console of the service gives it out */
    const char *project;
    const char *url;
    const char *token_url; /* NULL: the service account's own */
    const char *ca;        /* PEM; NULL: the system's roots */
    int64_t timeout_s;
};

struct pk_push_settings {
    struct pk_apns_settings *apns; /* NULL: not used */
    struct pk_fcm_settings *fcm;
};

extern const struct pk_schema pk_push_schema;

/* Addresses are https. *err has the path below "push". settings NULL is fine. */
PK_MUST_USE int pk_push_check(const struct pk_push_settings *settings, struct pk_error *err);
