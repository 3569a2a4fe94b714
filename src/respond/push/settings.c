#include "respond/push/settings.h"

#include <stdio.h>
#include <string.h>

#include "respond/url.h"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:"

/* clang-format off */
static const struct pk_field apns_fields[] = {
    { "key_file", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_apns_settings, key_file), .min = 1,
      .max = 1024, .help = "PEM file (.p8) with the key of Apple's developer account" },
    { "key_id", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_apns_settings, key_id), .min = 1, .max = 32,
      .help = "its id" },
    { "team_id", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_apns_settings, team_id), .min = 1,
      .max = 32, .help = "id of the team" },
    { "topic", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_apns_settings, topic), .min = 1, .max = 255,
      .help = "bundle id of the app" },
    { "url", PK_TYPE_STRING, 0, offsetof(struct pk_apns_settings, url), .min = 1, .max = 255,
      .def = "https://api.push.apple.com", .help = "address of the service" },
    { "ca", PK_TYPE_STRING, 0, offsetof(struct pk_apns_settings, ca), .min = 1, .max = 1024,
      .help = "PEM file; without it the system's roots are trusted" },
    { "timeout_s", PK_TYPE_INT, 0, offsetof(struct pk_apns_settings, timeout_s), .min = 1, .max = 120,
      .def = "20", .help = "seconds for one call" },
};
static const struct pk_schema apns_schema = PK_SCHEMA(struct pk_apns_settings, apns_fields, "apns");

static const struct pk_field fcm_fields[] = {
    { "service_account_file", PK_TYPE_STRING, PK_REQUIRED,
      offsetof(struct pk_fcm_settings, service_account_file), .min = 1, .max = 1024,
      .help = "JSON file of a service account that may send" },
    { "project", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_fcm_settings, project), .min = 1,
      .max = 64, .help = "id of the project" },
    { "url", PK_TYPE_STRING, 0, offsetof(struct pk_fcm_settings, url), .min = 1, .max = 255,
      .def = "https://fcm.googleapis.com", .help = "address of the service" },
    { "token_url", PK_TYPE_STRING, 0, offsetof(struct pk_fcm_settings, token_url), .min = 1, .max = 255,
      .help = "address that gives out access tokens; left out: the service account's own" },
    { "ca", PK_TYPE_STRING, 0, offsetof(struct pk_fcm_settings, ca), .min = 1, .max = 1024,
      .help = "PEM file; without it the system's roots are trusted" },
    { "timeout_s", PK_TYPE_INT, 0, offsetof(struct pk_fcm_settings, timeout_s), .min = 1, .max = 120,
      .def = "20", .help = "seconds for one call" },
};
static const struct pk_schema fcm_schema = PK_SCHEMA(struct pk_fcm_settings, fcm_fields, "fcm");

static const struct pk_field fields[] = {
    { "apns", PK_TYPE_OBJECT, 0, offsetof(struct pk_push_settings, apns), .sub = &apns_schema,
      .help = "Apple's service" },
    { "fcm", PK_TYPE_OBJECT, 0, offsetof(struct pk_push_settings, fcm), .sub = &fcm_schema,
      .help = "Google's service" },
};
/* clang-format on */
const struct pk_schema pk_push_schema = PK_SCHEMA(struct pk_push_settings, fields, "push");

static int fault(struct pk_error *err, const char *key, const char *why)
{
    int rc = pk_error_set(err, PK_EINVAL, "%s", why);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "push.%s", key);
    }
    return rc;
}

/* Stands in headers, tokens and paths. */
static bool is_word(const char *text)
{
    return strspn(text, WORD) == strlen(text);
}

int pk_push_check(const struct pk_push_settings *settings, struct pk_error *err)
{
    static const char address[] = "https://HOST is wanted here";
    static const char letters[] = "letters, digits, dots and dashes are wanted here";
    const struct pk_apns_settings *a = settings != NULL ? settings->apns : NULL;
    const struct pk_fcm_settings *f = settings != NULL ? settings->fcm : NULL;

    if (a != NULL && !pk_url_ok(a->url, "https")) {
        return fault(err, "apns.url", address);
    }
    if (a != NULL && (!is_word(a->key_id) || !is_word(a->team_id) || !is_word(a->topic))) {
        return fault(err, "apns", letters);
    }
    if (f != NULL && !pk_url_ok(f->url, "https")) {
        return fault(err, "fcm.url", address);
    }
    if (f != NULL && f->token_url != NULL && !pk_url_ok(f->token_url, "https")) {
        return fault(err, "fcm.token_url", address);
    }
    if (f != NULL && !is_word(f->project)) {
        return fault(err, "fcm.project", letters);
    }
    return PK_OK;
}
