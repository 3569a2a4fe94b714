#include "respond/mail/settings.h"

#include <stdio.h>
#include <string.h>

#include "respond/communication.h"
#include "respond/url.h"

static const char *const starttls_names[] = { "required", "off", NULL };

/* clang-format off */
static const struct pk_field fields[] = {
    { "relay", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_mail_settings, relay), .min = 1, .max = 255,
      .help = "smtp://HOST:PORT or smtps://HOST:PORT" },
    { "starttls", PK_TYPE_ENUM, 0, offsetof(struct pk_mail_settings, starttls), .names = starttls_names,
      .def = "required", .help = "off sends in clear: for a relay on this machine" },
    { "user", PK_TYPE_STRING, 0, offsetof(struct pk_mail_settings, user), .min = 1, .max = 255,
      .help = "name at the relay; left out: nobody signs in" },
    { "password_file", PK_TYPE_STRING, 0, offsetof(struct pk_mail_settings, password_file), .min = 1,
      .max = 1024, .help = "file with the password of user" },
    { "from", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_mail_settings, from), .min = 3,
      .max = PK_MAIL_ADDRESS_MAX, .help = "address that letters come from" },
    { "name", PK_TYPE_STRING, 0, offsetof(struct pk_mail_settings, name), .min = 1, .max = 64,
      .def = "Picket", .help = "name shown beside it" },
    { "reply_to", PK_TYPE_STRING, 0, offsetof(struct pk_mail_settings, reply_to), .min = 3,
      .max = PK_MAIL_ADDRESS_MAX, .help = "address for answers" },
    { "ca", PK_TYPE_STRING, 0, offsetof(struct pk_mail_settings, ca), .min = 1, .max = 1024,
      .help = "PEM file; without it the system's roots are trusted" },
    { "timeout_s", PK_TYPE_INT, 0, offsetof(struct pk_mail_settings, timeout_s), .min = 1, .max = 600,
      .def = "60", .help = "seconds for handing over one letter" },
};
/* clang-format on */
const struct pk_schema pk_mail_schema = PK_SCHEMA(struct pk_mail_settings, fields, "mail");

static int fault(struct pk_error *err, const char *key, const char *why)
{
    int rc = pk_error_set(err, PK_EINVAL, "%s", why);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "mail.%s", key);
    }
    return rc;
}

/* No path: libcurl would take it for the name that we say hello with. */
static bool is_relay(const char *relay)
{
    return (pk_url_ok(relay, "smtp") || pk_url_ok(relay, "smtps")) &&
            strchr(strstr(relay, "://") + 3, '/') == NULL && strchr(relay, '?') == NULL;
}

int pk_mail_check(const struct pk_mail_settings *settings, struct pk_error *err)
{
    if (settings == NULL) {
        return PK_OK;
    }
    if (!is_relay(settings->relay)) {
        return fault(err, "relay", "smtp://HOST:PORT or smtps://HOST:PORT is wanted here");
    }
    if (!pk_mail_address_ok(settings->from)) {
        return fault(err, "from", "a mail address is wanted here");
    }
    if (settings->reply_to != NULL && !pk_mail_address_ok(settings->reply_to)) {
        return fault(err, "reply_to", "a mail address is wanted here");
    }
    if (settings->user != NULL && settings->password_file == NULL) {
        return fault(err, "user", "needs password_file, too");
    }
    if (settings->user == NULL && settings->password_file != NULL) {
        return fault(err, "password_file", "needs user, too");
    }
    if (settings->starttls == PK_STARTTLS_OFF && strncmp(settings->relay, "smtp:", 5) == 0) {
        if (settings->user != NULL) {
            return fault(err, "starttls", "a password travels over TLS only");
        }
        if (!pk_url_is_loopback(settings->relay)) {
            return fault(err, "starttls", "off is for a relay on this machine only");
        }
    }
    return PK_OK;
}
