/* tell.h - the thread that writes into the outbox what nobody's report brings: events for webhooks, digests, reports by
 * plan. */
#pragma once

#include "server/server.h"

struct pk_tell;

/* Before the first thread of the server (pk_server_on_events()). */
PK_MUST_USE int pk_tell_create(
        struct pk_server *server, struct pk_tell **out, struct pk_error *err);
PK_MUST_USE int pk_tell_start(struct pk_tell *tell, struct pk_error *err);
/* Something may be due now: a plan was changed. Any thread; NULL is fine. */
void pk_tell_wake(struct pk_tell *tell);
void pk_tell_stop(struct pk_tell *tell);    /* NULL and twice are fine */
void pk_tell_destroy(struct pk_tell *tell); /* NULL is fine */

/* The events behind the cursor as rows for the webhooks that want them; *more: there are others. For the thread and
 * tests. */
PK_MUST_USE int pk_tell_hooks(struct pk_store *store, const struct pk_settings *settings,
        int64_t now_ms, bool *more, int64_t *added, struct pk_error *err);
