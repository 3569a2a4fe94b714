/* trust_push.h - the policy's trust on its way to the devices: in `settings` of the answers to those that
 * say which version they have and have another one. */
#pragma once

#include "policy/policy.h"
#include "server/server.h"

/* The header by which a device says what it has: a version, or "none". */
#define PK_TRUST_HEADER "Picket-Trust"

/* "" when the device does not say. */
void pk_trust_known(struct pk_request *request, char out[PK_TRUST_VERSION]);

/* {"trust_version", "trust"} when the policy in force says something else than known; NULL: nothing to
 * tell. The caller owns it. */
json_t *pk_trust_push(const struct pk_server *server, const char *known);
