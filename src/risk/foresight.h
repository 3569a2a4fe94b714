/* foresight.h - a prediction and a place as people are told of them: a band, a light, sentences. Pure. */
#pragma once

#include "base/arena.h"
#include "model/foresight.h"
#include "risk/hazard.h"

/* Where the bands begin. On the simulated worlds about one device in ten is "high", and half are "low". A band is
 * left downwards only at PK_OUTLOOK_STAY of where it begins, so that nobody flickers between two. */
#define PK_OUTLOOK_RAISED_P7 0.04
#define PK_OUTLOOK_HIGH_P7   0.12
#define PK_OUTLOOK_STAY      0.85

/* enum pk_outlook. before: what was told last. p7 below 0: unknown. */
int pk_outlook_of(double p7, int before);

/* What will happen to the device, without reasons and zone. before: the outlook that was told last. A device that is
 * not known or too young gets "unknown". */
void pk_foresight_of(const struct pk_hazard *hazard, uint64_t device, int64_t now_s, int before,
        struct pk_foresight *out);
/* Why it is so, into *out. Texts live in the arena. PK_ENOMEM. */
PK_MUST_USE int pk_foresight_explain(const struct pk_hazard *hazard, uint64_t device,
        struct pk_arena *arena, struct pk_foresight *out);

#define PK_FORESIGHT_KNOWN_VISITS 5 /* faded visits that make a network a known one */

/* Below so many joins in the whole world the model's first guess would be all that speaks. */
#define PK_FORESIGHT_WORLD_JOINS 20

/* What joining this network here means. k: fewer devices at a place are not told of, not even as a sum. false:
 * nothing can be said: no known place and nothing against the network, or too few joins in the whole world. why is NULL when
 * memory is short. */
bool pk_foresight_zone_of(const struct pk_zones *zones, const struct pk_zone_question *question,
        unsigned k, struct pk_arena *arena, struct pk_foresight_zone *out);
/* The same of a place alone: of the average public join there. */
bool pk_foresight_place_of(const struct pk_zones *zones, uint32_t place, uint32_t city,
        int64_t now_s, unsigned k, struct pk_arena *arena, struct pk_foresight_zone *out);

/* As people see a network before joining. security: enum pk_sight_security. */
enum pk_zone_kind pk_zone_kind_of(uint8_t security);
