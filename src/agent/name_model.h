/* name_model.h - the judge of names (defense/network/names.h) as the device's resolver asks it. */
#pragma once

#include "agent/name_decide.h"

/* For struct pk_name_rules. */
bool pk_name_model(const char *name, struct pk_name_opinion *out);
