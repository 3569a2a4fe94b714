/* est.h - enrolment over secure transport (RFC 7030, RFC 8951): a device shows a one-time token and
 * gets a certificate; later it renews by the one it has. docs/protocol.md is the contract. */
#pragma once

#include "server/server.h"

#define PK_EST_BODY_MAX   16384
#define PK_EST_OVERLAP_MS (INT64_C(24) * 3600 * 1000)

void pk_est_cacerts(struct pk_request *request, void *server);
void pk_est_csrattrs(struct pk_request *request, void *server);
void pk_est_enroll(struct pk_request *request, void *server);
void pk_est_reenroll(struct pk_request *request, void *server);
