/* zone.h - how often joining a network ends in an attack: in the world, in a city, in a place, on one network.
 *
 * Counts fade: the world's halve in 56 days, a city's in 28, a place's in 14, a network's in 28 and (for what
 * goes on now) in 2. The smaller ones lean on the larger ones until they know enough of their own:
 *     g = (H + .1) / (N + 20);  city = (h + 200 g) / (n + 200);  weeks = (h + 40 city) / (n + 40)
 *     place = (h' + 30 weeks) / (n' + 30), h' and n' of the last days (half-life 3 days): attacks come in waves
 * A place speaks for itself only with ZONE_DEVICES_MIN different devices; before that its city does. Networks
 * have a row only after a first attack, so the table stays small. No device is kept, only sums.
 * Pure; one writer. docs/hazard.md shows what it is worth. */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"
#include "crowd/opinion.h"

#define PK_ZONE_DEVICES_MIN 20

struct pk_zones;

enum pk_zone_kind { /* of network, as people can see it before joining */
    PK_ZONE_OPEN,   /* open and OWE */
    PK_ZONE_SECRET, /* a shared password */
    PK_ZONE_NAMED,  /* each user has an own one (EAP) */
    PK_ZONE_KINDS,
};

struct pk_zone_join {
    int64_t at_s;
    uint64_t device;
    uint64_t network; /* 0: not known, counts for the place alone */
    uint32_t place, city;
    float weight; /* of the device's word, 0..1 */
    enum pk_zone_kind kind;
    bool public; /* open, OWE or with a portal: only these make a zone's rate */
    bool known;  /* the crowd knows the network from PK_ZONE_KNOWN devices or more */
    bool bad;
};

/* What is known of a place now. */
struct pk_zone_risk {
    double p;          /* chance that a public join is attacked */
    double joins, bad; /* of the place, faded */
    unsigned
            devices; /* about how many different ones in the last 28 to 56 days; 256: that or more */
    bool own;        /* the place speaks for itself; else p is its city's */
};

PK_MUST_USE int pk_zones_create(struct pk_zones **out, struct pk_error *err);
void pk_zones_destroy(struct pk_zones *zones); /* NULL is fine */

/* Learns one join. PK_ENOMEM: only the larger zones learnt it. */
PK_MUST_USE int pk_zones_take(struct pk_zones *zones, const struct pk_zone_join *join);

void pk_zones_risk(const struct pk_zones *zones, uint32_t place, uint32_t city, int64_t now_s,
        struct pk_zone_risk *out);
/* The rate for a device's history: the place's own from the first visit on, without the demand for many devices
 * (nobody is shown it). */
double pk_zones_rate(const struct pk_zones *zones, uint32_t place, uint32_t city, int64_t now_s);
/* How much more often public joins are bad these days than they were for weeks, as a factor: attacks come in
 * waves that everybody meets. */
double pk_zones_wave(const struct pk_zones *zones, int64_t now_s);
double pk_zones_city(const struct pk_zones *zones, uint32_t city, int64_t now_s);
/* All public joins and the bad ones among them, faded (56 days) and weighted. */
void pk_zones_world(const struct pk_zones *zones, int64_t now_s, double *joins, double *bad);
/* Places that have any public join, in the order of their first. */
void pk_zones_each(const struct pk_zones *zones, void (*fn)(void *ctx, uint32_t place), void *ctx);

/* A network at a place as a number that a device's state can hold; never 0. */
uint32_t pk_zone_site(uint64_t network, uint32_t place);
/* Share of joins of it that were bad: lately (2 days) and since the first attack (28 days), leaning on the
 * place. false: never attacked; both are then 0. */
bool pk_zones_site(
        const struct pk_zones *zones, uint32_t site, int64_t now_s, double *lately, double *ever);

/* Days that the attack on this network has lasted that still goes on (a bad join in the last two days); 0: none
 * does. What has lasted will last. */
double pk_zones_lasts(const struct pk_zones *zones, uint32_t site, int64_t now_s);

/* The chance that joining this network means an attack, before joining: what the crowd holds against it, but never
 * less than its place and kind give. log_odds: what the crowd thinks of it
 * (pk_crowd_ask); -INFINITY: nothing. */
struct pk_zone_question {
    int64_t now_s;
    uint32_t place, city;
    float log_odds;
    enum pk_zone_kind kind;
    bool known;
};
double pk_zones_ask(const struct pk_zones *zones, const struct pk_zone_question *question);

enum pk_zone_light {
    PK_ZONE_GREEN,
    PK_ZONE_AMBER,
    PK_ZONE_RED
}; /* < .3 %, .. 2 %, more or LO > 0 */
enum pk_zone_light pk_zone_light_of(double p, float log_odds);

struct pk_zones_count {
    size_t places, cities, sites;
    size_t bytes;
};
void pk_zones_count(const struct pk_zones *zones, struct pk_zones_count *out);

/* Everything, appended; and back. PK_ETRUNC, PK_EMALF: damaged. */
PK_MUST_USE int pk_zones_save(const struct pk_zones *zones, struct pk_buffer *out);
PK_MUST_USE int pk_zones_load(struct pk_reader *in, struct pk_zones **out, struct pk_error *err);
