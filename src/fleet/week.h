/* week.h - where one simulated phone goes and when its agent looks around. Pure: the same seed, the
 * same week. */
#pragma once

#include "fleet/places.h"
#include "fleet/random.h"

enum pk_moment_kind {
    PK_MOMENT_STARTED,
    PK_MOMENT_POSTURE,
    PK_MOMENT_UPDATED, /* installs updates, turns the encryption on; then posture */
    PK_MOMENT_JOINED,
    PK_MOMENT_CAPTIVE, /* a sign-in page is in front */
    PK_MOMENT_FREE,    /* it let the phone through */
    PK_MOMENT_LOOKED,  /* router, resolver and secure connections are checked */
    PK_MOMENT_LEFT,
};

struct pk_moment {
    int64_t at_ms;
    enum pk_moment_kind kind;
    int place; /* -1: none */
};

struct pk_week {
    struct pk_moment *moments; /* in order of time */
    size_t count;
    size_t room;
};

/* The week of the phone with this number, from start_ms (a midnight) to end_ms. PK_ENOMEM. */
PK_MUST_USE int pk_week_make(uint64_t seed, size_t index, int64_t start_ms, int64_t end_ms,
        const struct pk_incidence *troubles, size_t trouble_count, struct pk_week *out);
void pk_week_finish(struct pk_week *week);
