/* me.h - the page of the person who carries a device, under /me: what is wrong and how to end it, and what is
 * held about the device (docs/employee.md).
 *
 * A one-time link opens a session of its own kind: a cookie that is good for one device and for these calls
 * alone, never for the administrators'. A session is looked up together with its device each time, so a
 * device that is revoked or erased has none from that moment on. */
#pragma once

#include "server/server.h"

#define PK_ME_COOKIE     "__Host-picket_me"
#define PK_ME_LINK_MS    (INT64_C(10) * 60000)
#define PK_ME_SESSION_MS (INT64_C(12) * 3600000)
#define PK_ME_BODY_MAX   (4UL * 1024)
#define PK_ME_ITEM_MAX   40

/* Languages of the page and of its texts: "en" "de" "fr" "es" "it", NULL-terminated. */
extern const char *const pk_me_languages[];

/* A link to the page of a device, good once and for PK_ME_LINK_MS. */
struct pk_me_link {
    const char *device;
    const char *
            by; /* NULL: the device itself asked; else who made it. Such a link opens a page without export,
                       * erasure and leaving: those are the person's alone */
    const char *item;   /* id of an incident that it leads to; NULL */
    const char *url;    /* set by pk_me_link_make(), in the arena */
    int64_t expires_ms; /* the same */
};
/* Inside the caller's transaction. PK_ENOENT: no such device; PK_EEXIST: it is revoked. */
PK_MUST_USE int pk_me_link_make(struct pk_server *server, struct pk_store *store,
        struct pk_me_link *link, struct pk_arena *arena, struct pk_error *err);

/* POST /v1/page: a device asks for a link. */
void pk_me_link_handler(struct pk_request *request, void *server);
/* POST /v1/me/leave: the device is taken off the server. */
void pk_me_leave_handler(struct pk_request *request, void *server);
/* Every route below /me/api leads here. */
void pk_me_dispatch(struct pk_request *request, void *server);

/* Set-Cookie value that sets the session, or ends it when secret is NULL. In the arena; NULL: memory is short. */
char *pk_me_cookie(struct pk_arena *arena, const char *secret);
