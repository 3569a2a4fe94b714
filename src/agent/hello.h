/* hello.h - the first words of a device that was just enrolled: they prove that the certificate is
 * taken, and the answer brings the key that names networks, before any network is named. */
#pragma once

#include "base/error.h"

struct pk_identity;
struct pk_spool;

/* Blocks for seconds. What could not be said stays in the spool. */
PK_MUST_USE int pk_hello(struct pk_identity *id, struct pk_spool *spool, struct pk_error *err);
