/* crowd_text.h - what the crowd said of a thing, as evidence and in words. */
#pragma once

#include <jansson.h>

#include "agent/crowd_store.h"

/* What is bad is told: at least the confidence from which people are troubled, never certainty. */
double pk_crowd_text_sure(const struct pk_heard *heard);

/* {"seen", "source", "log_odds", "since", "heard_at", "until", "devices", "groups", "attack"}; the caller owns it.
 * NULL when memory is short. */
json_t *pk_crowd_text_evidence(const struct pk_crowd_verdict *verdict, int64_t now_s);
