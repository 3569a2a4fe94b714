#include "agent/probe_tls.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"

#define SECOND_TRY_MS 1500 /* of the probe's time, kept for the older greeting */

/* One byte of length, then the name (RFC 7301). */
static const unsigned char alpn[] = "\x08http/1.1";

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void copy_seen(const struct pk_tls_seen *seen, struct pk_obs_tls *out)
{
    const struct pk_certificate *chain = seen->chain.items;

    out->outcome = seen->outcome;
    out->error = seen->error;
    out->version = seen->version;
    out->cipher = seen->cipher;
    out->chain = seen->chain;
    out->name_fits = seen->name_fits;
    if (seen->outcome == PK_TLS_OK && seen->chain.count > 1) {
        out->root_sha256 = chain[seen->chain.count - 1].sha256;
    }
    if (seen->version != NULL) {
        /* All suites of TLS 1.3 have forward secrecy: a host that speaks it has no need of others. */
        bool secret_before = out->version_before != NULL &&
                strcmp(out->version_before, "TLSv1.3") == 0;

        out->weak = seen->weak || (seen->lasting_key && secret_before) ? PK_TRI_YES : PK_TRI_NO;
    }
}

static void look_closer(const struct pk_probe_env *env, const struct pk_tls_target *target,
        SSL *ssl, struct pk_tls_result *out)
{
    struct pk_obs_tls *obs = &out->obs;
    struct pk_array verified;

    if (obs->outcome != PK_TLS_UNTRUSTED) {
        return;
    }
    if (target->own_ca != NULL &&
            pk_tls_verifies(ssl, &env->roots, target->host, env->arena, &verified)) {
        obs->outcome = PK_TLS_PIN;
        obs->chain = verified;
    }
    out->holds_together = obs->outcome == PK_TLS_PIN || pk_tls_holds_together(ssl, target->host);
}

static void shake(const struct pk_probe_env *env, const struct pk_tls_target *target, int fd,
        int version_max, const struct pk_deadline *deadline, struct pk_tls_result *out)
{
    struct pk_tls_roots own = { .file = target->own_ca };
    struct pk_tls_seen seen;
    struct pk_error err;
    SSL_CTX *context;
    SSL *ssl = NULL;

    if (pk_tls_context(target->own_ca != NULL ? &own : &env->roots, &context, &err) < 0) {
        out->obs.outcome = PK_TLS_UNREACHABLE; /* our own trouble is no news about the host */
        out->obs.error = pk_arena_strdup(env->arena, err.text);
        return;
    }
    (void)SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1);
    pk_tls_shake_max(context, target->host, fd, deadline, env->arena, version_max, &seen, &ssl);
    copy_seen(&seen, &out->obs);
    if (ssl != NULL) {
        look_closer(env, target, ssl, out);
        (void)SSL_shutdown(ssl);
        SSL_free(ssl);
    }
    SSL_CTX_free(context);
}

/* Negative: no connection; *out says why. */
static int connect_and_shake(const struct pk_probe_env *env, const struct pk_tls_target *target,
        const struct pk_address *address, int version_max, const struct pk_deadline *deadline,
        struct pk_tls_result *out)
{
    struct pk_error err;
    int fd;
    int rc = pk_net_connect(address, deadline, &fd, &err);

    if (rc < 0) {
        out->obs.error = pk_arena_strdup(env->arena, err.text);
        return rc;
    }
    shake(env, target, fd, version_max, deadline, out);
    (void)close(fd);
    return PK_OK;
}

static bool may_fall_back(const struct pk_tls_target *target)
{
    return target->version_before != NULL && strcmp(target->version_before, "TLSv1.3") == 0;
}

/* The host knows TLS 1.3 and did not answer: would it answer somebody who is older? A genuine host
 * answers both or none. */
static void try_older(const struct pk_probe_env *env, const struct pk_tls_target *target,
        const struct pk_address *address, struct pk_tls_result *out)
{
    struct pk_tls_result older = { .obs = out->obs };

    if (connect_and_shake(env, target, address, TLS1_2_VERSION, &env->deadline, &older) == PK_OK &&
            older.obs.version != NULL) {
        *out = older;
        out->obs.fallback = PK_TRI_YES;
    }
}

struct pk_tls_result *pk_probe_tls(
        const struct pk_probe_env *env, const struct pk_tls_target *target)
{
    struct pk_tls_result *out = pk_arena_alloc(env->arena, 1, sizeof(*out));
    struct pk_deadline first = env->deadline;
    struct pk_address address;
    char text[PK_ADDRESS_TEXT];
    int rc;

    if (out == NULL) {
        return NULL;
    }
    out->obs = (struct pk_obs_tls){
        .host = target->host,
        .port = target->port,
        .outcome = PK_TLS_UNREACHABLE,
        .version_before = target->version_before,
        .own = target->own,
        .pinned = target->own_ca != NULL,
    };
    rc = pk_dns_resolve(
            env->servers, env->server_count, target->host, target->port, &env->deadline, &address);
    if (rc < 0) {
        out->obs.error = rc == PK_ENOENT ? "the name does not resolve" : "no name server answers";
        return rc == -ECANCELED ? NULL : out;
    }
    out->obs.address = pk_arena_strdup(env->arena, pk_address_text(&address, text));
    if (may_fall_back(target)) {
        first.at_ms -= smaller(SECOND_TRY_MS, pk_deadline_left_ms(&env->deadline) / 2);
    }
    rc = connect_and_shake(env, target, &address, 0, &first, out);
    if (rc == -ECANCELED) {
        return NULL;
    }
    if (rc == PK_OK && out->obs.version != NULL) {
        out->obs.fallback = PK_TRI_NO;
    } else if (rc == PK_OK && may_fall_back(target)) {
        try_older(env, target, &address, out);
    }
    return out;
}
