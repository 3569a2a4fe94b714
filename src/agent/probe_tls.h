/* probe_tls.h - does a host whose certificate everybody can verify still prove itself? The name is
 * resolved by the network's own servers: the way an app would go.
 *
 * Always a full handshake: a resumed session proves only that the other side knows the old session, and
 * an interceptor that arrives later would hide behind it. And always to its end: a chain alone can be
 * copied, only the signature over this handshake (RFC 8446, section 4.4.3) proves the key. */
#pragma once

#include "agent/probe_env.h"

struct pk_tls_target {
    const char *host;
    const char *own_ca; /* file with the only roots that may vouch for it; NULL: the system's */
    const char *version_before; /* the newest that it ever spoke; NULL: not known */
    uint16_t port;
    bool own; /* of the organisation */
};

struct pk_tls_result {
    struct pk_obs_tls obs; /* all but captive, trust, root_known and lookalike */
    /* Not OK, but the shown chain proves itself up to its last certificate. */
    bool holds_together;
};

/* NULL when memory is short or the check was cancelled. fallback is YES when a first message that
 * offers everything found no answer and one that offers TLS 1.2 did, right after it: one such pair
 * may be chance. */
struct pk_tls_result *pk_probe_tls(
        const struct pk_probe_env *env, const struct pk_tls_target *target);
