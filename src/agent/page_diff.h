/* page_diff.h - what was changed in a check page on its way, in kinds that say what the change is good for.
 * Compares counts and hosts of the whole pages, so that several changes in one page are seen. Pure; the
 * page is hostile. */
#pragma once

#include "base/schema.h"

struct pk_arena;

#define PK_PAGE_TEXT_MAX  300 /* bytes of what was added that are kept */
#define PK_PAGE_HOSTS_MAX 8
#define PK_PAGE_KINDS     11

/* "script", "frame", "form", "link", "insecure", "handler", "refresh", "account", "text", "replaced",
 * "removed"; NULL-terminated. */
extern const char *const pk_page_change_names[];

enum pk_page_change {
    PK_PAGE_SCRIPT,   /* more script elements or javascript: addresses */
    PK_PAGE_FRAME,    /* frames, objects */
    PK_PAGE_FORM,     /* forms, or they lead elsewhere */
    PK_PAGE_LINK,     /* leads to hosts that it did not lead to */
    PK_PAGE_INSECURE, /* links that were https are http */
    PK_PAGE_HANDLER,  /* onclick= and the like */
    PK_PAGE_REFRESH,  /* <meta refresh>, <base> */
    PK_PAGE_ACCOUNT,  /* another bank account or wallet */
    PK_PAGE_TEXT,     /* anything else */
    PK_PAGE_REPLACED, /* another page altogether */
    PK_PAGE_REMOVED,  /* it is less than it was, and nothing was added */
};

struct pk_page_diff {
    unsigned changes;        /* bits 1 << enum pk_page_change; 0: the same */
    struct pk_strings names; /* the same as words */
    const char *added;       /* what stands there now, printable, cut; NULL: nothing */
    struct pk_strings hosts; /* that it leads to now and did not */
};

/* PK_ENOMEM; out lives in the arena. */
PK_MUST_USE int pk_page_compare(struct pk_slice before, struct pk_slice now, struct pk_arena *arena,
        struct pk_page_diff *out);

/* Title, forms and hosts of a page that has nothing to be compared with: a line for people. */
const char *pk_page_summary(struct pk_slice page, struct pk_arena *arena);
