/* settings.h - programs that are called when something happens, as picketd's settings name them under `webhooks:`.
 *
 *     webhooks:
 *       - name: ops
 *         url: https://hooks.example.org/picket
 *         secret_file: /etc/picket/ops.secret
 *         events: [incident.opened, incident.resolved]
 *
 * Constants and plain data; any thread. */
#pragma once

#include "base/schema.h"

#define PK_HOOKS_MAX 32

struct pk_hook_settings {
    const char *name;
    const char *url;
    const char *secret_file; /* key of the signature; NULL: not signed */
    struct pk_strings
            events; /* types or patterns like "incident.*"; none: only what alert rules send */
    const char *ca; /* PEM; NULL: the system's roots */
    int64_t timeout_s;
};

extern const struct pk_schema pk_hook_schema;

/* Names are unique, and only this machine is called without TLS. *err has the path below "webhooks". */
PK_MUST_USE int pk_hook_check(
        const struct pk_hook_settings *hooks, size_t count, struct pk_error *err);

/* Does this hook want events of this type? */
bool pk_hook_wants(const struct pk_hook_settings *hook, const char *type);
