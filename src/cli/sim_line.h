/* sim_line.h - one line of a simulated world (obs.jsonl: {"i","t","k","d","tn",...}) as a sighting.
 *
 * The form: i line number, t seconds since 1970, k kind (enr, net, cell, app, os, inc), d device, tn tenant;
 * the other keys stand beside their reading in sim_line.c. Identifiers are hashed; what the form leaves out, and what a
 * device behind a VPN or with a resolver of its own says of the network, is "not known". */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "crowd/sighting.h"

struct pk_sim_line {
    int64_t index; /* i */
    struct pk_sighting sighting;
    char device[40];
};

/* PK_EMALF with the reason; PK_EUNKNOWN: a kind that is not known. */
PK_MUST_USE int pk_sim_line_read(
        struct pk_slice text, struct pk_sim_line *out, struct pk_error *err);
/* Does the text look like such a line? */
bool pk_sim_line_fits(struct pk_slice text);
