/* block_page.h - the page that a browser gets in place of a harmful site: what was blocked and why, in plain
 * words. Reads the browser's request (RFC 9112; hostile, like its Host field) and writes the answer: HTML
 * with its own style, no script, nothing from elsewhere. Pure. */
#pragma once

#include "agent/name_decide.h"
#include "base/buffer.h"
#include "base/crypt.h"

#define PK_PAGE_REQUEST_MAX 8192U /* browsers send about 600 bytes; cookies of the site come, too */
#define PK_PAGE_HEADERS_MAX 100
#define PK_PAGE_FORM_MAX    256U /* body of "go on anyway" */
#define PK_PAGE_HOST_MAX    254
#define PK_PAGE_GO_ON       "/.picket/go-on"

struct pk_page_request {
    char host[PK_PAGE_HOST_MAX]; /* lower case, no port; "" when it is no name of a host */
    bool head;                   /* HEAD: the answer has no body */
    bool goes_on;                /* the form "go on anyway" was sent from our own page */
    char token[PK_SHA256_HEX];   /* of that form */
};

/* PK_ETRUNC: more must come. PK_EMALF, PK_ELIMIT: no request that is answered. */
PK_MUST_USE int pk_page_read(struct pk_slice in, struct pk_page_request *out);

enum pk_page_state {
    PK_PAGE_NOTHING, /* this name is not blocked */
    PK_PAGE_BLOCKED,
    PK_PAGE_WARNED,  /* blocked until the person goes on */
    PK_PAGE_GONE_ON, /* he has */
};

struct pk_page_facts {
    const char *language; /* of the page; NULL: English */
    enum pk_page_state state;
    struct pk_name_decision decision; /* BLOCKED, WARNED */
    char token[PK_SHA256_HEX];        /* WARNED: proves that the form comes from this page */
    bool tells_name;                  /* the organisation learns the name, too */
};

/* The whole answer. host: as in the request. */
void pk_page_write(
        const char *host, const struct pk_page_facts *facts, bool head, struct pk_buffer *out);
