#include "agent/probe_tls.h"

#include <unistd.h>

#include "base/arena.h"

static void copy_seen(const struct pk_tls_seen *seen, struct pk_obs_tls *out)
{
    out->outcome = seen->outcome;
    out->error = seen->error;
    out->version = seen->version;
    out->chain = seen->chain;
}

static void shake(const struct pk_probe_env *env, const struct pk_tls_target *target, int fd,
        struct pk_obs_tls *out)
{
    struct pk_tls_roots own = { .file = target->own_ca };
    struct pk_tls_seen seen;
    struct pk_error err;
    SSL_CTX *context;
    SSL *ssl = NULL;

    if (pk_tls_context(target->own_ca != NULL ? &own : &env->roots, &context, &err) < 0) {
        out->outcome = PK_TLS_UNREACHABLE; /* our own trouble is no news about the host */
        out->error = pk_arena_strdup(env->arena, err.text);
        return;
    }
    pk_tls_shake(context, target->host, fd, &env->deadline, env->arena, &seen, &ssl);
    copy_seen(&seen, out);
    if (ssl != NULL && target->own_ca != NULL && seen.outcome == PK_TLS_UNTRUSTED &&
            pk_tls_verifies(ssl, &env->roots, target->host)) {
        out->outcome = PK_TLS_PIN;
    }
    if (ssl != NULL) {
        (void)SSL_shutdown(ssl);
        SSL_free(ssl);
    }
    SSL_CTX_free(context);
}

struct pk_obs_tls *pk_probe_tls(const struct pk_probe_env *env, const struct pk_tls_target *target)
{
    struct pk_obs_tls *out = pk_arena_alloc(env->arena, 1, sizeof(*out));
    struct pk_address address;
    struct pk_error err;
    char text[PK_ADDRESS_TEXT];
    int fd;
    int rc;

    if (out == NULL) {
        return NULL;
    }
    out->host = target->host;
    out->port = target->port;
    out->outcome = PK_TLS_UNREACHABLE;
    rc = pk_dns_resolve(
            env->servers, env->server_count, target->host, target->port, &env->deadline, &address);
    if (rc < 0) {
        out->error = rc == PK_ENOENT ? "the name does not resolve" : "no name server answers";
        return rc == -ECANCELED ? NULL : out;
    }
    out->address = pk_arena_strdup(env->arena, pk_address_text(&address, text));
    rc = pk_net_connect(&address, &env->deadline, &fd, &err);
    if (rc < 0) {
        out->error = pk_arena_strdup(env->arena, err.text);
        return rc == -ECANCELED ? NULL : out;
    }
    shake(env, target, fd, out);
    (void)close(fd);
    return out;
}
