/* enrol.h - enrolment of many devices at once by EST (docs/protocol.md). */
#pragma once

#include "fleet/fleet.h"

/* Fetches the CA, checks it against the link, trusts it; then enrols every device that has no
 * certificate yet. */
PK_MUST_USE int pk_enrol(struct pk_fleet *fleet, struct pk_error *err);
