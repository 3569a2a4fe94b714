/* foresight.h - what will probably happen to a device, with the reasons. A prediction warns and sorts work; by
 * itself it never takes anything away from anybody (policy.c refuses such rules). */
#pragma once

#include "base/schema.h"
#include "model/situation.h"

struct pk_foresight_reason {
    const char *reason; /* a sentence with numbers; names no place and no network */
    double share;       /* of the chance: what p7 loses without it, in percentage points */
    const char *lowers; /* what would lower it; NULL: nothing that anybody can do */
};
#define PK_FORESIGHT_REASONS_MAX 5

/* Where the device is now. */
struct pk_foresight_zone {
    int standing; /* enum pk_zone_standing */
    double p;     /* chance that joining here means an attack */
    int64_t attacks; /* confirmed in the neighbourhood lately; 0 also when fewer than k devices are known */
    int64_t joins;   /* safe ones beside them */
    const char *why; /* a sentence; NULL */
};

struct pk_foresight {
    int64_t at_ms;
    int outlook;                    /* enum pk_outlook */
    double p7, p30;                 /* 0..1; -1 when the outlook is unknown */
    struct pk_array reasons;        /* struct pk_foresight_reason, largest share first */
    struct pk_foresight_zone *zone; /* NULL: unknown */
};

extern const struct pk_schema pk_foresight_schema;
