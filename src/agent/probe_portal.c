#include "agent/probe_portal.h"

#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "agent/http_message.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/schema.h"

#define ANSWER_MAX       (16UL * 1024)
#define API_TYPE         "application/captive+json"
#define UNRESTRICTED     "urn:ietf:params:capport:unrestricted"
#define NETWORK_REQUIRED 511 /* RFC 6585: Network Authentication Required */

enum state {
    STATE_UNKNOWN,
    STATE_NONE,
    STATE_CAPTIVE
};
enum via {
    VIA_NONE,
    VIA_API,
    VIA_HTTP
};

struct exchange {
    SSL *ssl; /* NULL: plain */
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
    return head->status == 204 || head->status / 100 == 3 ||
            (head->content_length >= 0 && !head->chunked &&
                    in->len - head->body >= (uint64_t)head->content_length);
}

/* Reads until the answer is whole, the other side closes, or enough was read. */
static int read_answer(const struct exchange *x, struct pk_buffer *in, struct pk_http_head *head)
{
    while (in->len < ANSWER_MAX) {
        char bytes[2048];
        int got = receive_some(x, bytes, sizeof(bytes));

        if (got < 0) {
            break; /* what was said until now may be enough */
        }
        if (got == 0 || pk_buffer_put(in, bytes, (size_t)got) < 0 || is_complete(in, head)) {
            break;
        }
    }
    return pk_http_head_parse(pk_buffer_slice(in), head);
}

static int talk(const struct exchange *x, const struct pk_http_url *url, const char *accept,
        struct pk_buffer *in, struct pk_http_head *head)
{
    struct pk_buffer out = pk_buffer_of(PK_HTTP_PATH_MAX + 1024);
    int rc = pk_http_request(url, accept, &out);

    if (rc == PK_OK) {
        rc = send_all(x, pk_buffer_slice(&out));
    }
    pk_buffer_finish(&out);
    return rc < 0 ? rc : read_answer(x, in, head);
}

/* Only a server that proves its name may speak for the network (RFC 8908 section 4.1). */
static int shake(const struct pk_probe_env *env, const struct pk_http_url *url, struct exchange *x,
        SSL_CTX **context)
{
    struct pk_tls_seen seen;
    int rc = pk_tls_context(&env->roots, context, NULL);

    if (rc < 0) {
        return rc;
    }
    pk_tls_shake(*context, url->host, x->fd, x->deadline, env->arena, &seen, &x->ssl);
    return seen.outcome == PK_TLS_OK ? PK_OK : PK_ECRYPTO;
}

static int get(const struct pk_probe_env *env, const struct pk_http_url *url, const char *accept,
        struct pk_buffer *in, struct pk_http_head *head)
{
    struct exchange x = { .fd = -1, .deadline = &env->deadline };
    struct pk_address address;
    SSL_CTX *context = NULL;
    int rc = pk_dns_resolve(
            env->servers, env->server_count, url->host, url->port, &env->deadline, &address);

    if (rc == PK_OK) {
        rc = pk_net_connect(&address, &env->deadline, &x.fd, NULL);
    }
    if (rc == PK_OK && url->tls) {
        rc = shake(env, url, &x, &context);
    }
    if (rc == PK_OK) {
        rc = talk(&x, url, accept, in, head);
    }
    SSL_free(x.ssl);
    SSL_CTX_free(context);
    if (x.fd >= 0) {
        (void)close(x.fd);
    }
    return rc;
}

static int64_t seconds_of(const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);

    if (!json_is_number(value) || json_number_value(value) <= 0 || json_number_value(value) > 1e6) {
        return 0;
    }
    return (int64_t)(json_number_value(value) * 1000);
}

static bool read_api(struct pk_slice body, const struct pk_http_url *url, struct pk_arena *arena,
        struct pk_portal_result *out)
{
    json_t *json = NULL;
    const json_t *captive;
    const char *page;
    struct pk_http_url page_url;

    if (pk_json_parse((const char *)body.ptr, body.len, &json, NULL) < 0) {
        return false;
    }
    captive = json_object_get(json, "captive");
    if (json_is_boolean(captive)) {
        out->obs.via = VIA_API;
        out->obs.state = json_is_true(captive) ? STATE_CAPTIVE : STATE_NONE;
        page = json_string_value(json_object_get(json, "user-portal-url"));
        out->obs.host = pk_arena_strdup(arena,
                page != NULL && pk_http_url_parse(page, &page_url) == PK_OK ? page_url.host
                                                                            : url->host);
        out->again_ms = json_is_true(captive) ? 0 : seconds_of(json, "seconds-remaining");
    }
    json_decref(json);
    return out->obs.via == VIA_API;
}

static bool ask_api(const struct pk_probe_env *env, const char *api, struct pk_portal_result *out)
{
    struct pk_buffer in = pk_buffer_of(ANSWER_MAX + 2048);
    struct pk_http_head head;
    struct pk_http_url url;
    bool said = false;

    /* Only half of the time: the plain probe must have its turn, too. */
    struct pk_probe_env half = *env;

    half.deadline.at_ms -= pk_deadline_left_ms(&env->deadline) / 2;
    if (pk_http_url_parse(api, &url) == PK_OK && url.tls &&
            get(&half, &url, API_TYPE, &in, &head) == PK_OK && head.status == 200 &&
            strcmp(head.content_type, API_TYPE) == 0 && !head.chunked) {
        out->obs.status = head.status;
        said = read_api(pk_slice_of(in.ptr + head.body, in.len - head.body), &url, env->arena, out);
    }
    pk_buffer_finish(&in);
    return said;
}

static void ask_http(
        const struct pk_probe_env *env, const char *probe_url, struct pk_portal_result *out)
{
    struct pk_buffer in = pk_buffer_of(ANSWER_MAX + 2048);
    struct pk_http_head head;
    struct pk_http_url url;

    if (pk_http_url_parse(probe_url, &url) == PK_OK && get(env, &url, "*/*", &in, &head) == PK_OK) {
        out->obs.via = VIA_HTTP;
        out->obs.status = head.status;
        if (head.status == 204) {
            out->obs.state = STATE_NONE;
        } else if (head.status < 400 || head.status == NETWORK_REQUIRED) {
            out->obs.state = STATE_CAPTIVE;
            out->obs.host = pk_arena_strdup(
                    env->arena, head.location_host[0] != '\0' ? head.location_host : url.host);
        } /* another error is the site's own trouble: unknown */
    }
    pk_buffer_finish(&in);
}

struct pk_portal_result *pk_probe_portal(
        const struct pk_probe_env *env, const char *api, const char *probe_url)
{
    struct pk_portal_result *out = pk_arena_alloc(env->arena, 1, sizeof(*out));

    if (out == NULL) {
        return NULL;
    }
    if (api == NULL || *api == '\0' || strcmp(api, UNRESTRICTED) == 0 || !ask_api(env, api, out)) {
        ask_http(env, probe_url, out);
    }
    return out;
}
