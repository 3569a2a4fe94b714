/* view_foresight.h - what will probably happen, as JSON for people and programs. Pure; the caller owns what comes
 * back; NULL when memory is short. */
#pragma once

#include "model/foresight.h"
#include "store/store.h"

/* {"at","outlook","p7","p30","reasons","zone"} of what the store has; null without any. */
json_t *pk_view_foresight(const json_t *stored);
/* The same of one that was just computed. */
json_t *pk_view_foresight_now(const struct pk_foresight *foresight);
/* {"standing","p","attacks","joins","why"}; NULL: null. */
json_t *pk_view_foresight_zone(const struct pk_foresight_zone *zone);
/* {"score","level","at","parts"} */
json_t *pk_view_risk(const struct pk_device *device);
