/* hazard_state.h - what hazard.c, hazard_terms.c and hazard_save.c share. Within src/risk. */
#pragma once

#include "risk/calibrate.h"
#include "risk/hazard.h"
#include "risk/table.h"

#define DAY_S 86400LL

/* Counters that halve in 7, 21 and 60 days, all at once whenever the device is heard of. */
enum counter {
    PUB7,
    PUB30, /* "30" counters halve in 21 days */
    HIT30,
    INC30,
    RATE30, /* sum of the rates of where it joined */
    SITE_APP30,
    BAD_APP30,
    CELLS30,
    PUB90,  /* "90" counters in 60 */
    AWAY90, /* joins that are neither at home nor of a network with own users */
    HIT90,
    BAD_APP90,
    COUNTERS,
};

#define USUAL        6
#define USUAL_UNIT   256.0 /* steps a doubling */
#define USUAL_FADE   6     /* steps a day: halves in 42.7 days */
#define USUAL_NOUGHT 1024  /* a weight of 1; below 1 the weight is less */

enum state_flag {
    STATE_IOS = 1,
    STATE_ROOT = 2,
    STATE_HOOK = 4,
    STATE_DEVELOPER = 8,
    STATE_OPEN = 16, /* no passcode */
    STATE_UNKNOWN_SOURCES = 32,
    STATE_NOTED7 = 64, /* index7 holds the score of a window that is open */
    STATE_NOTED30 = 128,
};

/* A device. Its usual networks are numbers that are made of the network and the place and cannot be turned back;
 * no time, no order, and they are asked only whether attacks were seen there. */
struct state {
    uint64_t id;
    float c[COUNTERS];
    uint32_t last_s;
    uint32_t enrolled_s;
    uint32_t city;           /* of the last join */
    uint32_t events, heeded; /* bit n: one n days before event_day */
    uint32_t usual[USUAL];
    uint16_t usual_weight[USUAL]; /* log2 of the faded visits */
    uint16_t first_day, event_day, usual_day;
    uint16_t index7, index30; /* bins of the score when their windows began */
    uint16_t place;           /* of the last join, folded: to count changes */
    uint8_t flags;            /* enum state_flag */
    uint8_t patch_days;       /* at most 255 */
    uint8_t patch_most;       /* the largest that it ever was */
    uint8_t record;           /* of its voice, 0..255 */
};
_Static_assert(sizeof(struct state) <= 160, "a device is small");

struct pk_hazard {
    const struct pk_hazard_weights *weights;
    bool no_online;
    struct pk_rows devices;
    struct pk_zones *zones;
    struct pk_calibrate *seven, *thirty;
    double slow; /* the shift of 7 days, averaged over SLOW_DAYS: waves pass within 30 days */
    double mean[PK_HAZARD_TERMS]; /* of the fleet's rows; begins with the training worlds' */
    double mean_rows;
    int64_t day; /* the last midnight that was worked on, as a day since 1970; 0: none */
};

/* hazard_terms.c */
void pk_hazard_state_inputs(const struct pk_hazard *h, const struct state *s, int64_t now_s,
        double out[PK_HAZARD_TERMS]);
/* The logit of the chance over all ways, as the weights say it. */
double pk_hazard_state_score(const struct pk_hazard_weights *w, enum pk_hazard_horizon horizon,
        const double x[PK_HAZARD_TERMS]);
/* How many days' worth a counter of this half-life can hold after so many days: what makes counters of new and old
 * devices comparable. */
double pk_hazard_days_worth(double days, double half);
void pk_hazard_state_explain(const struct pk_hazard *h, const double x[PK_HAZARD_TERMS],
        struct pk_hazard_prediction *out);
/* hazard.c: the calibrated chance of a score. */
double pk_hazard_p7(const struct pk_hazard *h, double score);
/* Counters as they are so much later. */
void pk_hazard_state_fade(float c[COUNTERS], int64_t seconds);
