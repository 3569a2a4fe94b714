/* exchange_trust.h - how a hub weighs its members, and what it makes of their words. Pure.
 *
 * A member's record is a Beta distribution like a device's in the crowd: others who confirm it make it better,
 * others who contradict it make it worse, and a false accusation costs four times what a confirmed one earns.
 * Weight = r^4 x age, r = a/(a+b). A member that joined yesterday and for whom nobody vouches starts at a sixth of
 * full weight and cannot make a verdict alone, nor can two of its kind. */
#pragma once

#include "crowd/exchange_word.h"

#define PK_EXCHANGE_RECORD_A  8.0 /* as a device of the crowd starts */
#define PK_EXCHANGE_RECORD_B  1.0
#define PK_EXCHANGE_BAD_LO    0.8F /* of all members together: above, a thing is called bad */
#define PK_EXCHANGE_VOICE_MIN 0.2F /* weight from which a member counts as one of two */

struct pk_exchange_record {
    double a, b;
    int64_t joined_s;
    bool vouched; /* the hub's people know the organisation: no waiting */
};

/* 0..1. newcomer_days: until a member that nobody vouches for counts in full. */
float pk_exchange_weight(const struct pk_exchange_record *record, int64_t now_s, int newcomer_days);

/* What one member says of one thing now. */
struct pk_exchange_claim {
    struct pk_exchange_word word;
    int64_t told_s;
    float weight;  /* of the member */
    bool skip;     /* the one who asks: its own words are no news to it */
    uint32_t mark; /* the caller's own */
};

#define PK_EXCHANGE_CLAIMS_MAX 64U /* members that speak of one thing; the weightiest ones */

/* One word out of all: each member counts once and at most so much, bad and clean against each other. false:
 * nothing worth saying is left. id, kind and epoch come from the claims. */
bool pk_exchange_combine(const struct pk_exchange_claim *claims, size_t count, int64_t now_s,
        struct pk_exchange_word *out);

enum pk_exchange_ruling {
    PK_EXCHANGE_OPEN, /* nobody else knows enough */
    PK_EXCHANGE_CONFIRMED,
    PK_EXCHANGE_CONTRADICTED,
    PK_EXCHANGE_OUTVOTED, /* called clean what others found bad: it may just not have been hit */
};
extern const char *const pk_exchange_ruling_names[];

/* What the other claims say of claim at. */
enum pk_exchange_ruling pk_exchange_rule(
        const struct pk_exchange_claim *claims, size_t count, size_t at, int64_t now_s);
/* Puts the ruling on the record; before: what it had been for the same claim (its effect is taken back). */
void pk_exchange_learn(struct pk_exchange_record *record, enum pk_exchange_ruling before,
        enum pk_exchange_ruling now);
