#include "model/situation.h"

const char *const pk_ownership_names[] = { "unknown", "company", "personal", NULL };
const char *const pk_outlook_names[] = { "unknown", "low", "raised", "high", NULL };
const char *const pk_zone_standing_names[] = { "unknown", "green", "amber", "red", NULL };
const char *const pk_measure_names[] = { "block_mail", "block_vpn", "block_access", NULL };
