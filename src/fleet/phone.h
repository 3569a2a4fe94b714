/* phone.h - believable phones: who carries them, what they are, how well they are kept. */
#pragma once

#include "fleet/random.h"
#include "model/observation.h"

struct pk_phone {
    char name[65];
    struct pk_obs_posture posture; /* strings are literals, or patch below */
    char patch[11];
    int64_t patch_ms;
    bool updates_midweek;  /* installs the waiting update in the middle of the week */
    bool encrypts_midweek; /* turns the encryption on */
};

/* The phone with this number of the fleet of this seed, as it is at that time. posture.patch points
 * into *out: do not copy the struct. */
void pk_phone_make(uint64_t seed, size_t index, int64_t at_ms, struct pk_phone *out);
/* Installs what waits: patch becomes recent. */
void pk_phone_update(struct pk_phone *phone, int64_t at_ms);
