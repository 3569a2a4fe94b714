#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/http_internal.h"

struct pk_same {
    atomic_uint refs;
    struct MHD_Response *response;
};

void pk_http_answer_finish(struct pk_http_answer *answer)
{
    free(answer->bytes);
    pk_same_unref(answer->same);
    for (size_t i = 0; i < answer->header_count; i++) {
        free(answer->headers[i].value);
    }
    *answer = (struct pk_http_answer){ 0 };
}

void pk_reply_header(struct pk_request *request, const char *name, const char *value)
{
    struct pk_http_answer *answer = &request->answer;
    char *copy = strdup(value);

    for (size_t i = 0; i < answer->header_count && copy != NULL; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) {
            free(answer->headers[i].value);
            answer->headers[i].value = copy;
            return;
        }
    }
    if (copy == NULL || answer->header_count == PK_HTTP_REPLY_MAX) {
        free(copy);
        pk_event(PK_ERROR, "http.header_lost", { "name", name });
        return;
    }
    answer->headers[answer->header_count].name = name;
    answer->headers[answer->header_count++].value = copy;
}

/* The answer is complete: the thread of the connection takes it, now or after its suspension. */
static void finish(struct pk_request *request)
{
    struct pk_http *http = request->http;

    if (!request->suspended) {
        request->stage = PK_REQUEST_ANSWERED;
        return;
    }
    pthread_mutex_lock(&http->lock);
    if (!request->abandoned) {
        if (request->prev != NULL) {
            request->prev->next = request->next;
        } else {
            http->suspended = request->next;
        }
        if (request->next != NULL) {
            request->next->prev = request->prev;
        }
        request->stage = PK_REQUEST_ANSWERED;
        MHD_resume_connection(request->connection);
    }
    pthread_mutex_unlock(&http->lock);
    pk_request_unref(request);
}

void pk_reply_bytes(
        struct pk_request *request, int status, const char *type, void *bytes, size_t len)
{
    request->answer.status = status;
    request->answer.type = type;
    request->answer.bytes = bytes;
    request->answer.len = len;
    finish(request);
}

void pk_reply_same(struct pk_request *request, struct pk_same *same)
{
    request->answer.status = 200;
    request->answer.same = pk_same_ref(same);
    finish(request);
}

void pk_reply_text(struct pk_request *request, int status, const char *type, const char *text)
{
    char *copy = strdup(text);

    pk_reply_bytes(
            request, copy != NULL ? status : 503, type, copy, copy != NULL ? strlen(text) : 0);
}

static void reply_json_as(struct pk_request *request, int status, const char *type, json_t *body)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

    json_decref(body);
    if (text == NULL && status != 204) {
        status = 503;
    }
    pk_reply_bytes(request, status, type, text, text != NULL ? strlen(text) : 0);
}

void pk_reply_json(struct pk_request *request, int status, json_t *body)
{
    reply_json_as(request, status, "application/json", body);
}

static const char *title(int status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Not signed in";
    case 403:
        return "Not allowed";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Too large";
    case 415:
        return "Unsupported media type";
    case 429:
        return "Too many requests";
    case 431:
        return "Header too large";
    default:
        return status >= 500 ? "Not available now" : "Refused";
    }
}

void pk_reply_problem(struct pk_request *request, int status, const char *name, const char *detail,
        const char *path)
{
    char type[80];
    json_t *body;

    (void)snprintf(type, sizeof(type), "urn:picket:error:%s", name);
    body = json_pack("{s:s, s:s, s:i, s:s*, s:s*}", "type", type, "title", title(status), "status",
            status, "detail", detail, "instance", request->path[0] != '\0' ? request->path : NULL);
    if (body != NULL && path != NULL && path[0] != '\0') {
        (void)json_object_set_new(body, "path", json_string(path));
    }
    reply_json_as(request, status, "application/problem+json", body);
}

static void reply_later(struct pk_request *request, const char *name, const char *seconds,
        const char *detail, const struct pk_error *err)
{
    pk_event(PK_ERROR, "http.failed", { "path", request->path }, { "why", err->text });
    pk_reply_header(request, "Retry-After", seconds);
    pk_reply_problem(request, 503, name, detail, NULL);
}

void pk_reply_error(struct pk_request *request, const struct pk_error *err)
{
    switch (err->code) {
    case PK_EUNKNOWN:
        pk_reply_problem(request, 400, "unknown_key", err->text, err->path);
        return;
    case PK_EMALF:
    case PK_ETYPE:
    case PK_EBOUNDS:
    case PK_EMISSING:
    case PK_ETRUNC:
    case PK_EINVAL:
        pk_reply_problem(request, 400, "bad_request", err->text, err->path);
        return;
    case PK_ELIMIT: /* of one value, or of the whole */
        if (err->path[0] != '\0') {
            pk_reply_problem(request, 400, "bad_request", err->text, err->path);
        } else {
            pk_reply_problem(request, 413, "too_large", err->text, NULL);
        }
        return;
    case PK_ENOENT:
        pk_reply_problem(request, 404, "not_found", err->text, err->path);
        return;
    case PK_EEXIST:
        pk_reply_problem(request, 409, "conflict", err->text, err->path);
        return;
    case PK_EACCES:
        pk_reply_problem(request, 403, "forbidden", err->text, NULL);
        return;
    case PK_ENOSPC:
        reply_later(request, "storage_full", "60", "the disk of the server is full", err);
        return;
    default:
        reply_later(request, "unavailable", "5", "the server cannot do this right now", err);
        return;
    }
}

static bool has_header(const struct pk_http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* For refusals of this layer itself: whoever opens one in a browser gets text and nothing else. */
static enum MHD_Result add_strict_headers(struct MHD_Response *response)
{
    enum MHD_Result rc = MHD_add_response_header(
            response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");

    rc &= MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    rc &= MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    return rc;
}

/* What every answer has. */
static enum MHD_Result add_common_headers(struct MHD_Response *response, const char *type)
{
    enum MHD_Result rc = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");

    if (type != NULL) {
        rc &= MHD_add_response_header(response, "Content-Type", type);
    }
    return rc;
}

struct pk_same *pk_same_create(const char *type, struct pk_slice bytes)
{
    struct pk_same *same = calloc(1, sizeof(*same));

    if (same == NULL) {
        return NULL;
    }
    atomic_init(&same->refs, 1);
    same->response = MHD_create_response_from_buffer(
            bytes.len, (void *)bytes.ptr, MHD_RESPMEM_MUST_COPY);
    if (same->response == NULL || add_common_headers(same->response, type) != MHD_YES ||
            MHD_add_response_header(same->response, "Cache-Control", "no-store") != MHD_YES) {
        pk_same_unref(same);
        return NULL;
    }
    return same;
}

struct pk_same *pk_same_ref(struct pk_same *same)
{
    (void)atomic_fetch_add(&same->refs, 1);
    return same;
}

void pk_same_unref(struct pk_same *same)
{
    if (same == NULL || atomic_fetch_sub(&same->refs, 1) != 1) {
        return;
    }
    if (same->response != NULL) {
        MHD_destroy_response(same->response); /* those who still send it hold it themselves */
    }
    free(same);
}

/* On its way: from here the connection's reply counts, not the handler. */
static void enter_reply(struct pk_request *request)
{
    request->stage = PK_REQUEST_QUEUED;
    pk_conn_enter(request->conn, PK_CONN_REPLY);
}

static enum MHD_Result queue_same(struct pk_request *request)
{
    enter_reply(request);
    return MHD_queue_response(
            request->connection, (unsigned)request->answer.status, request->answer.same->response);
}

enum MHD_Result pk_http_queue(struct pk_request *request)
{
    struct pk_http_answer *answer = &request->answer;
    struct MHD_Response *response;
    enum MHD_Result rc;

    if (answer->same != NULL) {
        return queue_same(request);
    }
    response = MHD_create_response_from_buffer(answer->len,
            answer->bytes != NULL ? answer->bytes : (void *)"",
            answer->bytes != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    answer->bytes = NULL; /* the response owns them */
    rc = add_common_headers(response, answer->status != 204 ? answer->type : NULL);
    if (!has_header(answer, "Cache-Control")) {
        rc &= MHD_add_response_header(response, "Cache-Control", "no-store");
    }
    if (answer->status >= 400 && !has_header(answer, "Content-Security-Policy")) {
        rc &= add_strict_headers(response);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        rc &= MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    }
    enter_reply(request);
    if (rc == MHD_YES) {
        rc = MHD_queue_response(request->connection, (unsigned)answer->status, response);
    }
    MHD_destroy_response(response);
    return rc;
}
