/* http.h - HTTPS in and out of picketd, so that nobody else sees libmicrohttpd.
 *
 * A handler runs on one of the HTTP threads with the whole body at hand. It answers exactly once
 * with one of the pk_reply functions, before it returns or, after pk_request_suspend(), later from
 * any thread. Strings that a request gives live as long as the request. */
#pragma once

#include "base/arena.h"
#include "base/schema.h"

struct pk_http;
struct pk_request;

enum pk_method {
    PK_GET,
    PK_POST,
    PK_PUT,
    PK_DELETE,
};

typedef void (*pk_handler)(struct pk_request *request, void *context);

/* In the order in which tables of routes are written.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct pk_route {
    enum pk_method method;
    const char *path; /* "/api/v1/devices/{id}/revoke": one {name} matches one segment */
    pk_handler handler;
    size_t body_max;  /* bytes; 0: no body is accepted. More: 413 */
    const char *type; /* wanted Content-Type of a body, NULL: any. Another: 415 */
    /* Called when the head is there; when it replies, the body is not read. NULL: none. It must not
     * suspend. */
    pk_handler gate;
    /* The body goes to a file without a name instead of memory: see pk_request_body_file(). Its
     * deadline is by progress, not in all. */
    bool spool;
};

struct pk_http_settings {
    const char *address;         /* "0.0.0.0", "::", ... */
    int port;                    /* 0: the system picks one, see pk_http_port() */
    const char *certificate_pem; /* texts, not files */
    const char *key_pem;
    const char *client_ca_pem; /* devices' certificates are asked for and checked against it */
    unsigned threads;
    unsigned connections_max;
    unsigned connections_per_address_max;
    unsigned idle_timeout_s;
    const char *spool_dir; /* where spooled bodies go; NULL: no route spools */
    size_t spool_max;      /* bytes of all spooled bodies together; more: 503 */
};

/* Starts listening. Routes (borrowed) must outlive the server. Paths that match no route go to
 * fallback when it is not NULL (GET only; the console's files), else 404; a path that matches with
 * another method is 405 with Allow. */
PK_MUST_USE int pk_http_start(const struct pk_http_settings *settings,
        const struct pk_route *routes, size_t count, pk_handler fallback, void *context,
        struct pk_http **out, struct pk_error *err);
/* Stops taking connections, answers every suspended request with 503, waits for handlers. */
void pk_http_stop(struct pk_http *http);
int pk_http_port(const struct pk_http *http);
unsigned pk_http_connections(const struct pk_http *http);

enum pk_method pk_request_method(const struct pk_request *request);
const char *pk_request_path(const struct pk_request *request);
const char *pk_request_param(const struct pk_request *request, const char *name); /* {name} */
const char *pk_request_query(const struct pk_request *request, const char *name); /* NULL: none */
/* Calls each for every query parameter; stops when it returns < 0 and returns that. */
int pk_request_query_each(struct pk_request *request,
        int (*each)(const char *name, const char *value, void *ctx), void *ctx);
const char *pk_request_header(const struct pk_request *request, const char *name);
const char *pk_request_cookie(const struct pk_request *request, const char *name);
struct pk_slice pk_request_body(const struct pk_request *request);
/* The spooled body, open for reading and writing at its begin, or -1. It lives as long as the request; a
 * suspended request keeps it until it is replied to. */
int pk_request_body_file(const struct pk_request *request);
const char *pk_request_address(const struct pk_request *request); /* of the peer, as text */
struct pk_arena *pk_request_arena(struct pk_request *request);
/* The peer's certificate, verified against client_ca_pem for client use and time, as DER (lives as
 * long as the connection). PK_ENOENT: none was shown; PK_ECRYPTO: it does not verify, *err says
 * why. The answer is kept per connection. */
PK_MUST_USE int pk_request_certificate(
        struct pk_request *request, struct pk_slice *der, struct pk_error *err);

/* A few words kept with the connection, e.g. whom its certificate names; at most PK_NOTE_MAX - 1
 * bytes. "" before the first. */
#define PK_NOTE_MAX 128
void pk_request_set_note(struct pk_request *request, const char *note);
const char *pk_request_note(const struct pk_request *request);

/* Headers of the answer; before the reply. Name is a literal, value is copied; the same name again
 * takes the place of the first. */
void pk_reply_header(struct pk_request *request, const char *name, const char *value);
/* body is taken over (json_decref'ed); NULL with 204. */
void pk_reply_json(struct pk_request *request, int status, json_t *body);
/* bytes: malloc'ed, taken over. */
void pk_reply_bytes(
        struct pk_request *request, int status, const char *type, void *bytes, size_t len);
void pk_reply_text(struct pk_request *request, int status, const char *type, const char *text);
/* RFC 9457; name is the last part of urn:picket:error:NAME; path may be NULL. */
void pk_reply_problem(struct pk_request *request, int status, const char *name, const char *detail,
        const char *path);
/* The problem that fits a decoding error: 400 bad_request or unknown_key, 413, 503 ... */
void pk_reply_error(struct pk_request *request, const struct pk_error *err);

/* Parses the body as one JSON object and decodes it; on failure it has replied and returns < 0. */
PK_MUST_USE int pk_request_decode(
        struct pk_request *request, const struct pk_schema *schema, void *out);

/* Takes the request out of the HTTP thread's hands: the handler returns without an answer, someone
 * else replies later. */
void pk_request_suspend(struct pk_request *request);
