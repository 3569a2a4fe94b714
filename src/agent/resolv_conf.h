/* resolv_conf.h - the system's list of resolvers (resolv.conf(5)) with the agent's own resolver before it.
 * The network's resolvers stay in the list behind it: when the agent is gone, however it went, the system
 * finds nobody on the loopback address at once and asks them. What is changed is marked by comments, so
 * that the file alone is enough to undo it. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

/* "The next line is ours." */
#define PK_RESOLV_OWN "#picket: own"
/* "This line was there before: ..." */
#define PK_RESOLV_WAS "#picket: was "

#define PK_RESOLV_BYTES (64UL * 1024)

/* Does the text name the agent's own resolver, whatever its address? */
bool pk_resolv_conf_is_ours(struct pk_slice text);

/* Puts the address before all others. Of those two stay, since the C library reads three; a third is kept
 * as a comment, and so is "options rotate", which would pass the first one over. PK_ELIMIT, PK_ENOMEM. */
int pk_resolv_conf_install(struct pk_slice text, const char *address, struct pk_buffer *out);
/* The text as it was before. Of any other text: the text itself. */
int pk_resolv_conf_restore(struct pk_slice text, struct pk_buffer *out);
