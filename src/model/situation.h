/* situation.h - what is known of one device at one moment: what its policy decides from. */
#pragma once

#include "model/incident.h"
#include "model/risk.h"

enum pk_ownership {
    PK_OWNERSHIP_UNKNOWN,
    PK_OWNERSHIP_COMPANY,
    PK_OWNERSHIP_PERSON, /* brought along (BYOD) */
};
extern const char *const pk_ownership_names[]; /* "unknown" "company" "personal", NULL-terminated */

/* The chance of an attack within 7 days, as people are told: a band, never a number to argue about. Cuts of
 * risk/foresight.h. Ordered: a higher value is worse. */
enum pk_outlook {
    PK_OUTLOOK_UNKNOWN, /* enrolled less than 3 days ago, or nothing is computed */
    PK_OUTLOOK_LOW,
    PK_OUTLOOK_RAISED,
    PK_OUTLOOK_HIGH,
};
extern const char *const pk_outlook_names[];

/* What joining here means, before anything has happened (risk/zone.h: green < .3 %, red > 2 % or the crowd
 * believes the network to be bad). Ordered. */
enum pk_zone_standing {
    PK_ZONE_STANDING_UNKNOWN, /* on no network, or at no known place */
    PK_ZONE_STANDING_GREEN,
    PK_ZONE_STANDING_AMBER,
    PK_ZONE_STANDING_RED,
};
extern const char *const pk_zone_standing_names[];

/* What is kept from a device, or done for it, while a policy wants it. Bits are 1 << value. */
enum pk_measure {
    PK_MEASURE_BLOCK_MAIL,   /* no mail of the organisation */
    PK_MEASURE_BLOCK_VPN,    /* not into the organisation's network */
    PK_MEASURE_BLOCK_ACCESS, /* no sign-on to the organisation's applications */
};
#define PK_MEASURE_COUNT 3
extern const char *const pk_measure_names[]; /* "block_mail" ... */

struct pk_situation {
    const char *group;
    int ownership;                       /* enum pk_ownership */
    int platform;                        /* enum pk_platform */
    int risk_level;                      /* enum pk_risk_level */
    int outlook;                         /* enum pk_outlook */
    int zone;                            /* enum pk_zone_standing */
    const struct pk_incident *incidents; /* open and mitigated ones */
    size_t incident_count;
};
