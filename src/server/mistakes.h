/* mistakes.h - what an entry of the memory for false positives means for the incidents that are there: all that fit
 * are dismissed when it begins, and come back when it ends. */
#pragma once

#include "server/server.h"
#include "store/mistakes.h"

/* In small transactions of its own (call it outside of one). ended: false: dismiss, true: readmit. */
PK_MUST_USE int pk_mistakes_sweep(struct pk_server *server, struct pk_store *store,
        const struct pk_mistake *mistake, bool ended, int64_t now_ms, struct pk_error *err);

/* Readmits what entries dismissed that have expired since *since_ms (not by hand: then it is done already), and
 * moves it on to now_ms. */
PK_MUST_USE int pk_mistakes_expire(struct pk_server *server, struct pk_store *store, int64_t now_ms,
        int64_t *since_ms, struct pk_error *err);
