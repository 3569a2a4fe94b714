/* http_internal.h - what the files of the HTTP layer share. Nobody else includes it. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "server/http.h"
#include "server/http_same.h"

#define PK_HTTP_PARAMS_MAX  4  /* {name} segments of a route */
#define PK_HTTP_QUERY_MAX   64 /* query parameters */
#define PK_HTTP_HEADERS_MAX 64 /* header lines of a request */
#define PK_HTTP_REPLY_MAX   12 /* header lines of an answer */

/* What a connection does, for the deadlines that libmicrohttpd does not have: its own time-out
 * starts again with each byte, so one byte a minute would hold a connection for ever. */
enum pk_conn_phase {
    PK_CONN_HEADERS, /* handshake, between requests, header lines */
    PK_CONN_BODY,
    PK_CONN_BUSY, /* ours: handler or suspended */
    PK_CONN_REPLY,
};

enum pk_conn_peer {
    PK_CONN_UNCHECKED,
    PK_CONN_NO_CERTIFICATE,
    PK_CONN_BAD_CERTIFICATE,
    PK_CONN_VERIFIED,
};

struct pk_conn {
    struct pk_conn *next; /* under conns_lock */
    struct pk_conn *prev;
    int fd;
    atomic_int phase;
    atomic_llong since_ms; /* of the phase, monotonic */
    enum pk_conn_peer peer;
    struct pk_slice der; /* of the peer's certificate: memory of the TLS session */
    char why[200];       /* why it does not verify */
    char address[64];
    char note[PK_NOTE_MAX];
};

struct pk_http_pair {
    const char *name;
    const char *value;
};

struct pk_http_answer {
    int status;
    const char *type; /* a literal */
    void *bytes;      /* malloc'ed */
    size_t len;
    struct pk_same *same; /* instead of all others */
    size_t header_count;
    struct {
        const char *name;
        char *value; /* malloc'ed */
    } headers[PK_HTTP_REPLY_MAX];
};

enum pk_request_stage {
    PK_REQUEST_NEW,
    PK_REQUEST_BODY,
    PK_REQUEST_HANDED,   /* the handler has it */
    PK_REQUEST_ANSWERED, /* an answer is set, not queued yet */
    PK_REQUEST_QUEUED,
};

/* A body that is kept in a file. */
struct pk_spool {
    int fd;      /* -1: none */
    size_t size; /* bytes so far, counted in http->spooled */
    int rc;      /* why it cannot be kept: PK_ENOSPC ...; sticky */
};

struct pk_request {
    struct pk_http *http;
    struct MHD_Connection *connection;
    struct pk_conn *conn;
    struct pk_arena *arena;
    const struct pk_route *route; /* NULL: the fallback */
    enum pk_method method;
    const char *bad; /* what is wrong with the request's target, NULL: nothing */
    const char *path;
    size_t param_count;
    struct pk_http_pair params[PK_HTTP_PARAMS_MAX];
    size_t query_count;
    struct pk_http_pair *query;
    struct pk_buffer body;
    struct pk_spool spool;
    size_t swallowed; /* bytes beyond body_max that were thrown away */
    enum pk_request_stage stage;
    struct pk_http_answer answer;
    bool suspended; /* written by the handler's thread before it hands the request on */
    /* The rest under http->lock. */
    bool abandoned;          /* the server stops: whoever replies now replies to nobody */
    struct pk_request *next; /* of the suspended ones */
    struct pk_request *prev;
    atomic_int refs; /* one of libmicrohttpd, one of who will reply to a suspended request */
};

struct pk_http {
    struct MHD_Daemon *daemon;
    const struct pk_route *routes;
    size_t route_count;
    pk_handler fallback;
    void *context;
    int port;
    unsigned idle_timeout_s;
    atomic_uint connection_count;
    atomic_uint request_count;
    const char *spool_dir;
    size_t spool_max;
    atomic_size_t spooled; /* bytes of all spooled bodies */
    pthread_mutex_t lock;  /* taken before libmicrohttpd's own locks */
    bool stopping;
    struct pk_request *suspended;
    pthread_mutex_t conns_lock; /* taken inside libmicrohttpd's locks */
    struct pk_conn *conns;
    pthread_t reaper;
    bool reaper_runs;
    pthread_cond_t reaper_wake; /* with conns_lock */
    bool reaper_ends;
};

/* http_target.c */
/* Splits and decodes "/path?query" into request->path and ->query, or sets ->bad. */
void pk_http_target(struct pk_request *request, const char *target);

/* http_route.c */
/* Finds the route; fills params. NULL: none. *allow: bit set of the methods that the path has. */
const struct pk_route *pk_http_route(struct pk_request *request, unsigned *allow);
/* "GET, HEAD, POST" into out. */
void pk_http_allow(unsigned allow, char out[64]);

/* http_conn.c */
void pk_http_on_connection(void *cls, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code);
void pk_conn_enter(struct pk_conn *conn, enum pk_conn_phase phase);
PK_MUST_USE int pk_http_reaper_start(struct pk_http *http, struct pk_error *err);
void pk_http_reaper_stop(struct pk_http *http);

/* http_spool.c */
void pk_spool_open(struct pk_request *request); /* the head was accepted */
void pk_spool_take(struct pk_request *request, const char *bytes, size_t len);
/* At the body's end: false when it could not be kept; it has been replied. */
bool pk_spool_ready(struct pk_request *request);
void pk_spool_finish(struct pk_request *request);

/* http_reply.c */
void pk_http_answer_finish(struct pk_http_answer *answer);
/* Gives the answer to libmicrohttpd; on its thread. */
enum MHD_Result pk_http_queue(struct pk_request *request);

/* http.c */
void pk_request_unref(struct pk_request *request);
