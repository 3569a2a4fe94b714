/* digest.h - gathers notices into letters, and looks after those that are only told when they last. */
#pragma once

#include "store/store.h"

/* Notices of one digest that are shown; the rest is counted. */
#define PK_DIGEST_ITEMS 100

/* What is due by the clock goes into the outbox: one letter an address and one call a webhook for each rule of the
 * document "communication" whose hour, day (from 06:00 UTC) or week (from Monday) is over; and each notice of a rule
 * "lasting" 24 hours after it was written, when its incident is still open. In a transaction of its own, so
 * that a notice is in exactly one digest. mail: there is a relay. hooks: names of the webhooks. *added (NULL is fine)
 * says how many rows are new. */
PK_MUST_USE int pk_digest_step(struct pk_store *store, bool mail, const struct pk_strings *hooks,
        int64_t now_ms, int64_t *added, struct pk_error *err);
