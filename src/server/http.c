#include "server/http.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/http_internal.h"

#define BACKLOG        4096
#define CONN_MEMORY    8192UL /* of a connection: header lines of a request and an answer */
#define REQUEST_MEMORY (8192UL * 1024) /* all that handling one request may allocate */
#define SWALLOW_MAX    (1024UL * 1024) /* of a chunked body that is too large, to answer 413 */
#define STOP_MAX_MS    3000            /* for answers that are under way */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

void pk_request_unref(struct pk_request *request)
{
    if (atomic_fetch_sub(&request->refs, 1) != 1) {
        return;
    }
    pk_http_answer_finish(&request->answer);
    pk_buffer_finish(&request->body);
    pk_spool_finish(request);
    pk_arena_destroy(request->arena);
    atomic_fetch_sub(&request->http->request_count, 1);
    free(request);
}

/* The request line is there: libmicrohttpd shows the target before it unescapes it. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct pk_conn *conn = info != NULL ? info->socket_context : NULL;
    struct pk_request *request = conn != NULL ? calloc(1, sizeof(*request)) : NULL;

    if (request == NULL) {
        return NULL;
    }
    request->arena = pk_arena_create(REQUEST_MEMORY);
    if (request->arena == NULL) {
        free(request);
        return NULL;
    }
    request->http = cls;
    request->spool.fd = -1;
    request->connection = connection;
    request->conn = conn;
    atomic_init(&request->refs, 1);
    atomic_fetch_add(&request->http->request_count, 1);
    pk_http_target(request, target);
    return request;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
        enum MHD_RequestTerminationCode how)
{
    struct pk_request *request = *context;

    (void)cls;
    (void)connection;
    (void)how;
    *context = NULL;
    if (request != NULL) {
        pk_conn_enter(request->conn, PK_CONN_HEADERS);
        pk_request_unref(request);
    }
}

static bool method_of(const char *name, enum pk_method *out)
{
    static const struct {
        const char *name;
        enum pk_method method;
    } rows[] = {
        { "GET", PK_GET },
        { "HEAD", PK_GET }, /* libmicrohttpd leaves the body of the answer out */
        { "POST", PK_POST },
        { "PUT", PK_PUT },
        { "DELETE", PK_DELETE },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *out = rows[i].method;
            return true;
        }
    }
    return false;
}

static bool is_type(const char *value, const char *wanted)
{
    size_t len = strlen(wanted);

    return value != NULL && strncasecmp(value, wanted, len) == 0 &&
            (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

/* What the head says of the body. Returns false when it has replied. */
static bool accept_body(struct pk_request *request, size_t body_max, const char *type)
{
    const char *length = pk_request_header(request, "Content-Length");
    const char *chunked = pk_request_header(request, "Transfer-Encoding");
    bool has_body = chunked != NULL || (length != NULL && strcmp(length, "0") != 0);

    request->body = pk_buffer_of(body_max);
    if (chunked != NULL && length != NULL) {
        pk_reply_problem(request, 400, "bad_request",
                "Content-Length and Transfer-Encoding exclude each other", NULL);
        return false;
    }
    if (length != NULL && strtoull(length, NULL, 10) > body_max) {
        char detail[80];

        (void)snprintf(detail, sizeof(detail), "at most %zu bytes are taken here", body_max);
        pk_reply_problem(request, 413, "too_large", detail, NULL);
        return false;
    }
    if (has_body && type != NULL && !is_type(pk_request_header(request, "Content-Type"), type)) {
        char detail[80];

        (void)snprintf(detail, sizeof(detail), "Content-Type must be %s", type);
        pk_reply_problem(request, 415, "unsupported_media", detail, NULL);
        return false;
    }
    return true;
}

static void refuse_method(struct pk_request *request, unsigned allow)
{
    char names[64];

    pk_http_allow(allow, names);
    pk_reply_header(request, "Allow", names);
    pk_reply_problem(request, 405, "method", "this path has other methods", NULL);
}

/* The head is complete: finds who handles it and whether its body may come. */
static void begin(struct pk_request *request, const char *method)
{
    bool known = method_of(method, &request->method);
    unsigned allow;

    if (request->bad != NULL) {
        pk_reply_problem(request, 400, "bad_request", request->bad, NULL);
        return;
    }
    if (MHD_get_connection_values(request->connection, MHD_HEADER_KIND, NULL, NULL) >
            PK_HTTP_HEADERS_MAX) {
        pk_reply_problem(request, 431, "too_large", "too many header lines", NULL);
        return;
    }
    request->route = pk_http_route(request, &allow);
    if (!known || (request->route == NULL && allow != 0)) {
        refuse_method(request, allow != 0 ? allow : 1U << PK_GET);
        return;
    }
    if (request->route == NULL) {
        if (request->http->fallback == NULL || request->method != PK_GET) {
            pk_reply_problem(request, 404, "not_found", "nothing is here", NULL);
        } else {
            (void)accept_body(request, 0, NULL);
        }
        return;
    }
    if (!accept_body(request, request->route->body_max, request->route->type)) {
        return;
    }
    if (request->route->gate != NULL) {
        request->route->gate(request, request->http->context);
    }
    if (request->route->spool && request->stage != PK_REQUEST_ANSWERED) {
        pk_spool_open(request);
    }
}

static void take_body(struct pk_request *request, const char *bytes, size_t len)
{
    if (request->spool.fd >= 0) {
        pk_spool_take(request, bytes, len);
        return;
    }
    if (request->swallowed > 0 || len > request->body.max - request->body.len) {
        request->swallowed += len;
        pk_buffer_finish(&request->body);
    } else if (pk_buffer_put(&request->body, bytes, len) < 0) {
        request->swallowed += len; /* memory is short; answered 413 is close enough */
    }
}

static void handle(struct pk_request *request)
{
    struct pk_http *http = request->http;

    if (!pk_spool_ready(request)) {
        return;
    }
    if (request->swallowed > 0) {
        pk_reply_problem(request, 413, "too_large", "the body is too large", NULL);
        return;
    }
    pk_conn_enter(request->conn, PK_CONN_BUSY);
    request->stage = PK_REQUEST_HANDED;
    if (request->route != NULL) {
        request->route->handler(request, http->context);
    } else {
        http->fallback(request, http->context);
    }
}

/* Nothing of request->answer is touched: someone may be filling it in for nobody. */
static enum MHD_Result queue_stopping(struct pk_request *request)
{
    static const char body[] =
            "{\"type\":\"urn:picket:error:unavailable\",\"title\":\"Not available "
            "now\",\"status\":503,\"detail\":\"the server stops\"}";
    struct MHD_Response *response = MHD_create_response_from_buffer(
            sizeof(body) - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc = MHD_YES;

    if (response == NULL) {
        return MHD_NO;
    }
    rc &= MHD_add_response_header(response, "Content-Type", "application/problem+json");
    rc &= MHD_add_response_header(response, "Retry-After", "5");
    rc &= MHD_add_response_header(response, "Connection", "close");
    if (rc == MHD_YES) {
        rc = MHD_queue_response(request->connection, 503, response);
    }
    MHD_destroy_response(response);
    return rc;
}

static bool is_stopping(struct pk_http *http)
{
    bool stopping;

    pthread_mutex_lock(&http->lock);
    stopping = http->stopping;
    pthread_mutex_unlock(&http->lock);
    return stopping;
}

/* libmicrohttpd calls once with the head, then for each piece of the body, once at its end, and
 * again after a suspension. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload, size_t *upload_len,
        void **context)
{
    struct pk_request *request = *context;
    bool has_body;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (request == NULL) {
        return MHD_NO;
    }
    if (request->stage == PK_REQUEST_NEW) {
        request->stage = PK_REQUEST_BODY;
        pk_conn_enter(request->conn, PK_CONN_BODY);
        begin(request, method);
        has_body = pk_request_header(request, "Content-Length") != NULL ||
                pk_request_header(request, "Transfer-Encoding") != NULL;
        /* Without a body the answer waits for the next call, so that the connection lives on. */
        return request->stage == PK_REQUEST_ANSWERED && has_body ? pk_http_queue(request) : MHD_YES;
    }
    if (*upload_len > 0) {
        take_body(request, upload, *upload_len);
        *upload_len = 0;
        return request->swallowed > SWALLOW_MAX ? MHD_NO : MHD_YES;
    }
    if (request->stage == PK_REQUEST_BODY) {
        if (is_stopping(request->http)) {
            return queue_stopping(request);
        }
        handle(request);
        if (request->suspended) {
            return MHD_YES;
        }
    }
    if (request->stage == PK_REQUEST_ANSWERED) {
        return pk_http_queue(request);
    }
    return request->abandoned ? queue_stopping(request) : MHD_NO;
}

static void on_library_log(void *cls, const char *format, va_list args)
{
    char line[256];

    (void)cls;
    (void)vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    pk_event(PK_DEBUG, "http.library", { "text", line });
}

/* Our own socket: a clear error, and no second server on the same port by SO_REUSEPORT. */
static int open_socket(const char *address, int port, int *out, struct pk_error *err)
{
    struct sockaddr_storage storage = { 0 };
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
    struct sockaddr_in *four = (struct sockaddr_in *)&storage;
    bool is_six = inet_pton(AF_INET6, address, &six->sin6_addr) == 1;
    socklen_t len = is_six ? sizeof(*six) : sizeof(*four);
    int on = 1;
    int off = 0;
    int fd;
    int saved;

    if (is_six) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
    } else if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
    } else {
        return pk_error_set(err, PK_EINVAL, "'%s' is not an address to listen on", address);
    }
    fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            (!is_six || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
            bind(fd, (struct sockaddr *)&storage, len) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return PK_OK;
    }
    saved = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return pk_error_set(
            err, -saved, "cannot listen on %s port %d: %s", address, port, pk_code_text(-saved));
}

static int port_of(int fd)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof(storage);

    memset(&storage, 0, sizeof(storage));
    if (getsockname(fd, (struct sockaddr *)&storage, &len) != 0) {
        return 0;
    }
    return ntohs(storage.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&storage)->sin6_port
                                               : ((struct sockaddr_in *)&storage)->sin_port);
}

static struct MHD_Daemon *start_daemon(
        struct pk_http *http, const struct pk_http_settings *settings, int fd)
{
    unsigned flags = MHD_USE_ERROR_LOG | MHD_USE_TLS | MHD_USE_EPOLL_INTERNAL_THREAD |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    struct MHD_OptionItem options[] = {
        { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_library_log, NULL },
        { MHD_OPTION_LISTEN_SOCKET, fd, NULL },
        { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
        { MHD_OPTION_THREAD_POOL_SIZE, settings->threads > 1 ? settings->threads : 0, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONN_MEMORY, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, settings->connections_max, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_s, NULL },
        { MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_per_address_max, NULL },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, http },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, http },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)pk_http_on_connection, http },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)settings->key_pem },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)settings->certificate_pem },
        { MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)settings->client_ca_pem },
        { MHD_OPTION_END, 0, NULL },
    };

    return MHD_start_daemon(
            flags, 0, NULL, NULL, on_request, http, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static void http_destroy(struct pk_http *http)
{
    pthread_mutex_destroy(&http->lock);
    pthread_mutex_destroy(&http->conns_lock);
    pthread_cond_destroy(&http->reaper_wake);
    free(http);
}

static struct pk_http *http_create(void)
{
    struct pk_http *http = calloc(1, sizeof(*http));
    pthread_condattr_t attr;

    if (http == NULL) {
        return NULL;
    }
    pthread_mutex_init(&http->lock, NULL);
    pthread_mutex_init(&http->conns_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&http->reaper_wake, &attr);
    pthread_condattr_destroy(&attr);
    return http;
}

int pk_http_start(const struct pk_http_settings *settings, const struct pk_route *routes,
        size_t count, pk_handler fallback, void *context, struct pk_http **out,
        struct pk_error *err)
{
    struct pk_http *http = http_create();
    int fd = -1;
    int rc;

    if (http == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    http->routes = routes;
    http->route_count = count;
    http->fallback = fallback;
    http->context = context;
    http->idle_timeout_s = settings->idle_timeout_s;
    http->spool_dir = settings->spool_dir;
    http->spool_max = settings->spool_max;
    rc = open_socket(settings->address, settings->port, &fd, err);
    if (rc < 0) {
        goto out;
    }
    http->port = port_of(fd);
    rc = pk_http_reaper_start(http, err);
    if (rc < 0) {
        (void)close(fd);
        goto out;
    }
    *out = http; /* before the first request: handlers may look at what the caller keeps */
    http->daemon = start_daemon(http, settings, fd); /* closes fd when it fails */
    if (http->daemon == NULL) {
        *out = NULL;
        pk_http_reaper_stop(http);
        rc = pk_error_set(err, PK_EIO, "the HTTPS server does not start");
        goto out;
    }
    return PK_OK;
out:
    http_destroy(http);
    return rc;
}

/* Gives every suspended request back to its thread, which answers 503. Who would have replied keeps
 * a reference and replies to nobody. */
static void abandon_suspended(struct pk_http *http)
{
    pthread_mutex_lock(&http->lock);
    http->stopping = true;
    while (http->suspended != NULL) {
        struct pk_request *request = http->suspended;

        http->suspended = request->next;
        request->abandoned = true;
        MHD_resume_connection(request->connection);
    }
    pthread_mutex_unlock(&http->lock);
}

void pk_http_stop(struct pk_http *http)
{
    int64_t until = pk_clock_monotonic_ms() + STOP_MAX_MS;
    int fd;

    if (http == NULL) {
        return;
    }
    fd = MHD_quiesce_daemon(http->daemon);
    do { /* a handler that runs right now may still suspend its request */
        abandon_suspended(http);
        (void)usleep(10000);
    } while (atomic_load(&http->request_count) > 0 && pk_clock_monotonic_ms() < until);
    abandon_suspended(http);
    MHD_stop_daemon(http->daemon);
    if (fd >= 0) {
        (void)close(fd);
    }
    pk_http_reaper_stop(http);
    if (atomic_load(&http->request_count) == 0) {
        http_destroy(http);
    } /* else somebody still holds a suspended request and will touch it: better kept than freed */
}

int pk_http_port(const struct pk_http *http)
{
    return http->port;
}

unsigned pk_http_connections(const struct pk_http *http)
{
    return atomic_load(&http->connection_count);
}
