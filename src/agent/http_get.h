/* http_get.h - one GET over HTTP or HTTPS within a probe's deadline. The name is resolved by the network's
 * own servers, the way an app would go. Blocking: for jobs beside the loop. */
#pragma once

#include "agent/http_message.h"
#include "agent/probe_env.h"

#define PK_HTTP_BODY_MAX (64UL * 1024)

struct pk_http_ask {
    const char *accept; /* NULL: anything */
    const char *agent;  /* User-Agent; NULL: our own */
    size_t body_max;    /* 0: PK_HTTP_BODY_MAX */
};

struct pk_http_got {
    struct pk_http_head head;
    struct pk_slice body; /* unpacked, in env->arena, with a NUL behind it */
    bool whole;           /* and complete; else body is empty */
    struct pk_address address;
};

/* PK_OK when a head came. Over TLS only from a host that proves its name by env->roots: else
 * PK_ECRYPTO. */
PK_MUST_USE int pk_http_get(const struct pk_probe_env *env, const struct pk_http_url *url,
        const struct pk_http_ask *ask, struct pk_http_got *out);

/* Does the host prove its name over TLS? YES; NO: something else answers, or nothing does; UNKNOWN: the
 * question could not be asked. */
enum pk_tri pk_https_proves(const struct pk_probe_env *env, const char *host, uint16_t port);
