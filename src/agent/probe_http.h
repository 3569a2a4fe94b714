/* probe_http.h - does a check page over plain HTTP come as it must? When it does not, it is asked for in other
 * ways before anything is said: as another program, past caches, over TLS. */
#pragma once

#include "agent/probe_env.h"

enum pk_http_role { /* pk_http_role_names */
    PK_HTTP_REDIRECT,
    PK_HTTP_CONTENT,
};

/* One form of the page that counts as good. */
struct pk_page_known {
    const char *sha256;
    const char *stamp; /* of its own marks, pk_page_stamp(); "": none or not known */
    int64_t length;
};

#define PK_PAGE_STAMP 17
struct pk_http_head;
/* What the page says of its version: a short hash of Last-Modified, else ETag; "" without them. */
void pk_page_stamp(const struct pk_http_head *head, char out[PK_PAGE_STAMP]);

struct pk_http_check {
    const char *url;
    enum pk_http_role role;
    bool set;                          /* what must come stands in the settings */
    enum pk_tri https_before;          /* role redirect */
    const struct pk_page_known *known; /* role content; newest first, at most PK_KNOWN_VALUES_MAX */
    size_t known_count;
    struct pk_slice before; /* a body that is among the known ones; empty: none is kept */
    const char *redirect;   /* a page that must lead to https; NULL: none */
    const char *proves;     /* a host that can prove its name on port 443; NULL: none */
};

struct pk_http_found {
    struct pk_obs_http obs;
    struct pk_slice body;
    char stamp[PK_PAGE_STAMP];
    struct pk_address address; /* of the first host that was asked; family 0: no answer */
    const char *end_host;      /* where the redirects ended; NULL: they did not */
    bool odd;                  /* it is not as it must be */
    bool away;                 /* it leads to another host without TLS, as portals do */
    bool good;                 /* it is */
};

/* NULL when memory is short or cancelled. captive, elsewhere, also and learnt_on are the caller's. */
struct pk_http_found *pk_probe_http(
        const struct pk_probe_env *env, const struct pk_http_check *check);
