/* visit_internal.h - what is kept of a device between reports. Inside of visit*.c. */
#pragma once

#include "crowd/visit.h"

#define VISIT_POINTS 8 /* access points of which it is kept what was told */
#define VISIT_MASTS  4
#define VISIT_FACTS  5 /* router, name server, lease, portal, security */

enum visit_evidence { /* what of an access point was told */
    EV_PROVEN = 1,    /* a check host proved itself */
    EV_FORGED = 2,
    EV_INSPECTED = 4,
    EV_PORTAL = 8,
    EV_GATEWAY = 16,
    EV_STRIPPED = 32,
    EV_DNS = 64,
};

struct visit_told {
    uint64_t network, point;
    uint32_t since_s;            /* the first of this window; 0: the place is free */
    uint16_t facts[VISIT_FACTS]; /* folded; 0: not known */
    uint8_t evidence;            /* enum visit_evidence */
    uint8_t forged;              /* classes of hosts, one bit each */
    uint8_t incidents;           /* one bit an enum pk_sight_attack */
    uint8_t further;
};

struct visit_mast {
    uint64_t key;
    uint32_t since_s;
    uint8_t flags; /* enum pk_sight_identity, and 4: null cipher */
};

struct visit_check {
    uint32_t host; /* hash of its name */
    uint32_t key;
    uint8_t valid; /* enum pk_sight_valid */
    bool told;
};

/* The visit that a device is on. */
struct visit_now {
    uint64_t network, point, gateway;
    uint32_t resolver, lease, portal;
    uint32_t place, city;
    uint32_t at_s;    /* of its newest observation */
    uint32_t flags_s; /* of the newest that set a flag */
    int16_t dbm;
    uint8_t security;
    uint8_t flags; /* enum pk_sight_flag */
    uint8_t check_count;
    uint8_t incidents; /* judged, one bit an enum pk_sight_attack */
    uint8_t sure[2];   /* confidence of PK_SIGHT_INTERCEPTION and _STRIPPING, 0-100 */
    bool open;
    bool news; /* something came in since it was looked at last */
    struct visit_check checks[PK_SIGHT_HOSTS];
};

struct visit_seat {
    uint64_t device;
    uint32_t seen_s;
    uint32_t enrolment; /* digest */
    uint32_t posture;   /* digest; 0: none was told */
    uint32_t posture_s;
    uint32_t budget_s; /* begin of the window */
    uint16_t budget;   /* told in it */
    bool extra_ca;     /* an authority was added: a check showed it */
    struct visit_now now;
    struct visit_told told[VISIT_POINTS];
    struct visit_mast masts[VISIT_MASTS];
};

struct pk_visits {
    struct pk_visits_settings settings;
    struct visit_seat *seats;
    size_t count, cap;
    uint32_t *index; /* seat + 1, open addressing; a power of two, at most half full */
    size_t index_cap;
    size_t hand; /* where room is looked for next */
};

/* The device's seat, an empty one when it had none. NULL: memory is short. */
struct visit_seat *visit_seat_of(struct pk_visits *visits, uint64_t device);

/* 32 bits of some numbers, for "is it the same?"; never 0. */
uint32_t visit_digest(const uint64_t *values, size_t count);

/* Observations into the facts of a visit. `found`: what the judges say of the observation. */
void visit_note_joined(struct visit_now *now, const struct pk_observation *o);
void visit_note_network(struct visit_now *now, const struct pk_observation *o);
void visit_note_gateway(
        struct visit_now *now, const struct pk_observation *o, const struct pk_findings *found);
void visit_note_lease(struct visit_now *now, const struct pk_observation *o);
void visit_note_portal(struct visit_now *now, const struct pk_observation *o);
void visit_note_wifi(struct visit_now *now, const struct pk_observation *o);
/* Where the certificate goes: INTACT, INSPECTED, FORGED, or -1: says nothing. */
int visit_valid_of(const struct pk_obs_tls *tls, const struct pk_findings *found, bool judged);
void visit_note_check(struct visit_now *now, const struct pk_obs_tls *tls, int valid);
void visit_note_findings(struct visit_now *now, const struct pk_findings *found);
/* Something would be lost if the observation were noted before the visit is told. */
bool visit_takes_back(const struct visit_now *now, const struct pk_observation *o, int valid);
bool visit_mast_of(const struct pk_obs_cell *cell, struct pk_sight_mast *out);
void visit_posture_of(const struct pk_obs_posture *in, int64_t at_s, struct pk_sight_posture *out);
