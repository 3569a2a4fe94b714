/* trust_store.h - what the server says the organisation trusts: kept in the state folder, so that it also
 * holds offline and from the first second after a start. Loop thread. */
#pragma once

#include <jansson.h>

#include "model/trust.h"

struct pk_trust_store;

#define PK_TRUST_STORE_VERSION 13 /* bytes, NUL included */

/* Reads STATE_DIR/trust.json. A file that cannot be understood counts as none, and the server is asked
 * anew: *trouble (static text) says so, else NULL. */
PK_MUST_USE int pk_trust_store_open(const char *state_dir, struct pk_trust_store **out,
        const char **trouble, struct pk_error *err);
void pk_trust_store_close(struct pk_trust_store *store); /* NULL is fine */

/* What the server is told that we have; "none" at first. Also a version that we could not take: it would
 * only come again. */
const char *pk_trust_store_version(const struct pk_trust_store *store);
/* What it says; NULL: nothing. Valid until the next pk_trust_store_take(). */
const struct pk_trust *pk_trust_store_now(const struct pk_trust_store *store);

/* From the server's answer: checked, written to the file, in force. What cannot be understood changes
 * nothing; what only cannot be written (a full disk) is in force until the agent ends. */
PK_MUST_USE int pk_trust_store_take(struct pk_trust_store *store, const char *version,
        const json_t *trust, struct pk_error *err);
