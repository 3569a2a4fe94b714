/* risk.h - what a device's incidents and exposure add up to, with the reasons. */
#pragma once

#include "base/schema.h"
#include "model/threat.h"

enum pk_risk_level {
    PK_RISK_LOW,      /* below 25 */
    PK_RISK_GUARDED,  /* below 50 */
    PK_RISK_HIGH,     /* below 75 */
    PK_RISK_CRITICAL, /* 75 and more, and evidence of attack, never exposure alone */
};

extern const char *const pk_risk_level_names[]; /* NULL-terminated */

struct pk_risk_part {
    int vector;           /* enum pk_vector */
    double points;        /* what the score loses without it */
    const char *reason;   /* a sentence with numbers */
    const char *incident; /* id, or NULL for exposure */
    const char *lowers;   /* what the person or administrator can do */
    double gain;   /* points that this takes away; 0: nothing can be done, or nothing is known */
    int64_t at_ms; /* when the fact was seen last; 0: not known */
};

#define PK_RISK_PARTS_MAX 5

struct pk_risk {
    int64_t score; /* 0..100 */
    int level;     /* enum pk_risk_level */
    int64_t at_ms;
    struct pk_array parts; /* struct pk_risk_part, most points first, at most PK_RISK_PARTS_MAX */
};

extern const struct pk_schema pk_risk_schema;
