#include <stdio.h>
#include <strings.h>

#include "server/http_internal.h"

enum pk_method pk_request_method(const struct pk_request *request)
{
    return request->method;
}

const char *pk_request_path(const struct pk_request *request)
{
    return request->path;
}

const char *pk_request_param(const struct pk_request *request, const char *name)
{
    for (size_t i = 0; i < request->param_count; i++) {
        if (strcmp(request->params[i].name, name) == 0) {
            return request->params[i].value;
        }
    }
    return NULL;
}

const char *pk_request_query(const struct pk_request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, name) == 0) {
            return request->query[i].value;
        }
    }
    return NULL;
}

int pk_request_query_each(struct pk_request *request,
        int (*each)(const char *name, const char *value, void *ctx), void *ctx)
{
    for (size_t i = 0; i < request->query_count; i++) {
        int rc = each(request->query[i].name, request->query[i].value, ctx);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

const char *pk_request_header(const struct pk_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *pk_request_cookie(const struct pk_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

struct pk_slice pk_request_body(const struct pk_request *request)
{
    return pk_buffer_slice(&request->body);
}

int pk_request_body_file(const struct pk_request *request)
{
    return request->spool.fd;
}

const char *pk_request_address(const struct pk_request *request)
{
    return request->conn->address;
}

struct pk_arena *pk_request_arena(struct pk_request *request)
{
    return request->arena;
}

void pk_request_set_note(struct pk_request *request, const char *note)
{
    (void)snprintf(request->conn->note, sizeof(request->conn->note), "%s", note);
}

const char *pk_request_note(const struct pk_request *request)
{
    return request->conn->note;
}

int pk_request_decode(struct pk_request *request, const struct pk_schema *schema, void *out)
{
    const char *encoding = pk_request_header(request, "Content-Encoding");
    struct pk_slice body = pk_request_body(request);
    struct pk_error err = { 0 };
    json_t *json = NULL;
    int rc;

    if (encoding != NULL && strcasecmp(encoding, "identity") != 0) {
        pk_reply_problem(request, 415, "unsupported_media",
                "this body may not have a Content-Encoding", NULL);
        return PK_EINVAL;
    }
    rc = pk_json_parse((const char *)body.ptr, body.len, &json, &err);
    if (rc == PK_OK) {
        rc = pk_arena_defer(request->arena, pk_json_release, json);
    }
    if (rc == PK_OK) {
        rc = pk_schema_decode(schema, json, request->arena, out, &err);
    }
    if (rc < 0) {
        err.code = rc;
        pk_reply_error(request, &err);
    }
    return rc;
}

void pk_request_suspend(struct pk_request *request)
{
    struct pk_http *http = request->http;

    /* First, so that an answer that comes at once finds a connection to resume. */
    MHD_suspend_connection(request->connection);
    atomic_fetch_add(&request->refs, 1);
    request->suspended = true;
    pthread_mutex_lock(&http->lock);
    request->prev = NULL;
    request->next = http->suspended;
    if (request->next != NULL) {
        request->next->prev = request;
    }
    http->suspended = request;
    pthread_mutex_unlock(&http->lock);
}
