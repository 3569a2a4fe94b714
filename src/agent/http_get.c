#include "agent/http_get.h"

#include <poll.h>
#include <unistd.h>

#include "agent/http_body.h"
#include "base/arena.h"

#define HEAD_MAX    (8UL * 1024)
#define REQUEST_MAX (PK_HTTP_PATH_MAX + 1024)

struct exchange {
    SSL *ssl; /* NULL: plain */
    SSL_CTX *context;
    int fd;
    const struct pk_deadline *deadline;
};

static int send_all(const struct exchange *x, struct pk_slice bytes)
{
    if (x->ssl != NULL) {
        return pk_tls_write(x->ssl, x->fd, bytes.ptr, bytes.len, x->deadline);
    }
    while (bytes.len > 0) {
        ssize_t len = send(x->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (len < 0) {
            int rc = errno == EAGAIN ? pk_net_wait(x->fd, POLLOUT, x->deadline) : -errno;

            if (rc < 0) {
                return rc;
            }
            continue;
        }
        bytes = pk_slice_of(bytes.ptr + len, bytes.len - (size_t)len);
    }
    return PK_OK;
}

static int receive_some(const struct exchange *x, void *bytes, size_t len)
{
    if (x->ssl != NULL) {
        return pk_tls_read(x->ssl, x->fd, bytes, len, x->deadline);
    }
    for (;;) {
        ssize_t got = recv(x->fd, bytes, len, 0);
        int rc;

        if (got >= 0) {
            return (int)got;
        }
        rc = errno == EAGAIN ? pk_net_wait(x->fd, POLLIN, x->deadline) : -errno;
        if (rc < 0) {
            return rc;
        }
    }
}

static bool is_complete(const struct pk_buffer *in, struct pk_http_head *head)
{
    if (pk_http_head_parse(pk_buffer_slice(in), head) < 0) {
        return false;
    }
    return head->status == 204 || head->status == 304 ||
            (head->content_length >= 0 && !head->chunked &&
                    in->len - head->body >= (uint64_t)head->content_length) ||
            /* A redirect's words are of no interest, but whether there is one is. */
            (head->status / 100 == 3 && head->has_location);
}

/* Reads until the answer is whole, the other side closes, or enough was read. */
static int read_answer(
        const struct exchange *x, struct pk_buffer *in, bool *ended, struct pk_http_head *head)
{
    *ended = false;
    for (;;) {
        char bytes[4096];
        int got = receive_some(x, bytes, sizeof(bytes));

        if (got <= 0) {
            *ended = got == 0;
            break; /* what was said until now may be enough */
        }
        if (pk_buffer_put(in, bytes, (size_t)got) < 0 || is_complete(in, head)) {
            break;
        }
    }
    return pk_http_head_parse(pk_buffer_slice(in), head);
}

static void keep_body(const struct pk_http_head *head, const struct pk_buffer *in, bool ended,
        size_t max, struct pk_arena *arena, struct pk_http_got *out)
{
    struct pk_buffer body = pk_buffer_of(max);
    char *kept;

    if (pk_http_body(head, pk_buffer_slice(in), ended, &body) == PK_OK) {
        kept = pk_arena_alloc(arena, body.len + 1, 1);
        if (kept != NULL && body.len > 0) {
            memcpy(kept, body.ptr, body.len);
        }
        out->whole = kept != NULL;
        out->body = pk_slice_of(kept, kept != NULL ? body.len : 0);
    }
    pk_buffer_finish(&body);
}

static int talk(const struct pk_probe_env *env, const struct exchange *x,
        const struct pk_http_url *url, const struct pk_http_ask *ask, struct pk_http_got *out)
{
    size_t max = ask->body_max > 0 ? ask->body_max : PK_HTTP_BODY_MAX;
    struct pk_buffer request = pk_buffer_of(REQUEST_MAX);
    struct pk_buffer in = pk_buffer_of(HEAD_MAX + max);
    bool ended;
    int rc = pk_http_request(url, ask->accept != NULL ? ask->accept : "*/*", ask->agent, &request);

    if (rc == PK_OK) {
        rc = send_all(x, pk_buffer_slice(&request));
    }
    if (rc == PK_OK) {
        rc = read_answer(x, &in, &ended, &out->head);
    }
    if (rc == PK_OK) {
        keep_body(&out->head, &in, ended, max, env->arena, out);
    }
    pk_buffer_finish(&request);
    pk_buffer_finish(&in);
    return rc;
}

/* A connection to the host; over TLS only when it proves its name. */
static int reach(const struct pk_probe_env *env, const char *host, uint16_t port, bool tls,
        struct exchange *x, struct pk_address *address)
{
    struct pk_tls_seen seen;
    int rc = pk_dns_resolve(env->servers, env->server_count, host, port, &env->deadline, address);

    *x = (struct exchange){ .fd = -1, .deadline = &env->deadline };
    if (rc == PK_OK) {
        rc = pk_net_connect(address, &env->deadline, &x->fd, NULL);
    }
    if (rc < 0 || !tls) {
        return rc;
    }
    rc = pk_tls_context(&env->roots, &x->context, NULL);
    if (rc < 0) {
        return rc;
    }
    pk_tls_shake(x->context, host, x->fd, x->deadline, env->arena, &seen, &x->ssl);
    return seen.outcome == PK_TLS_OK ? PK_OK : PK_ECRYPTO;
}

static void hang_up(struct exchange *x)
{
    SSL_free(x->ssl);
    SSL_CTX_free(x->context);
    if (x->fd >= 0) {
        (void)close(x->fd);
    }
}

int pk_http_get(const struct pk_probe_env *env, const struct pk_http_url *url,
        const struct pk_http_ask *ask, struct pk_http_got *out)
{
    struct pk_http_got got = { .whole = false };
    struct exchange x;
    int rc = reach(env, url->host, url->port, url->tls, &x, &got.address);

    if (rc == PK_OK) {
        rc = talk(env, &x, url, ask, &got);
    }
    hang_up(&x);
    if (rc == PK_OK) {
        *out = got;
    }
    return rc;
}

enum pk_tri pk_https_proves(const struct pk_probe_env *env, const char *host, uint16_t port)
{
    struct pk_address address;
    struct exchange x;
    int rc;

    if (pk_deadline_left_ms(&env->deadline) == 0) {
        return PK_TRI_UNKNOWN;
    }
    rc = reach(env, host, port, true, &x, &address);
    hang_up(&x);
    return rc == PK_OK                            ? PK_TRI_YES
            : rc == -ECANCELED || rc == PK_ENOMEM ? PK_TRI_UNKNOWN
                                                  : PK_TRI_NO;
}
