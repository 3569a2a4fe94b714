#include "respond/hook/settings.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "respond/url.h"

/* clang-format off */
static const struct pk_field fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_hook_settings, name), .min = 1, .max = 64,
      .help = "of the webhook, as alert rules and the console call it" },
    { "url", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_hook_settings, url), .min = 1, .max = 1024,
      .help = "https://... that events are posted to" },
    { "secret_file", PK_TYPE_STRING, 0, offsetof(struct pk_hook_settings, secret_file), .min = 1,
      .max = 1024, .help = "file with the key that signs what is posted" },
    { "events", PK_TYPE_STRINGS, 0, offsetof(struct pk_hook_settings, events), .min = 1, .max = 64,
      .count_max = 32, .help = "types of events or patterns like \"incident.*\"; none: alert rules alone" },
    { "ca", PK_TYPE_STRING, 0, offsetof(struct pk_hook_settings, ca), .min = 1, .max = 1024,
      .help = "PEM file; without it the system's roots are trusted" },
    { "timeout_s", PK_TYPE_INT, 0, offsetof(struct pk_hook_settings, timeout_s), .min = 1, .max = 120,
      .def = "15", .help = "seconds for one call" },
};
/* clang-format on */
const struct pk_schema pk_hook_schema = PK_SCHEMA(struct pk_hook_settings, fields, "webhook");

static int fault(struct pk_error *err, size_t i, const char *key, const char *why)
{
    int rc = pk_error_set(err, PK_EINVAL, "%s", why);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "webhooks[%zu].%s", i, key);
    }
    return rc;
}

int pk_hook_check(const struct pk_hook_settings *hooks, size_t count, struct pk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(hooks[k].name, hooks[i].name) == 0) {
                return fault(err, i, "name", "another webhook has this name");
            }
        }
        if (!pk_url_ok(hooks[i].url, "https") &&
                !(pk_url_ok(hooks[i].url, "http") && pk_url_is_loopback(hooks[i].url))) {
            return fault(
                    err, i, "url", "https://HOST/... is wanted here (http for this machine only)");
        }
    }
    return PK_OK;
}

bool pk_hook_wants(const struct pk_hook_settings *hook, const char *type)
{
    for (size_t i = 0; i < hook->events.count; i++) {
        if (fnmatch(hook->events.items[i], type, 0) == 0) {
            return true;
        }
    }
    return false;
}
