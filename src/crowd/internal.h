/* internal.h - the crowd's tables, shared by the files of this room. */
#pragma once

#include <math.h>
#include <string.h>

#include "crowd/crowd.h"
#include "crowd/table.h"
#include "crowd/terms.h"

#define PK_CROWD_LAYOUT \
    1 /* of records at rest: grows when a meaning changes and the size does not */
#define PK_DAY_S     86400
#define PK_HOUR_S    3600
#define PK_HALF_DAYS 45.0F /* counts halve in so many days */

/* A value that occurs often, and how often: Misra and Gries 1982. Counts are in sixteenths. */
struct pk_slot {
    uint16_t value;
    uint16_t count;
};
#define PK_COUNT_ONE 16.0F
#define PK_COUNT_MAX 60000.0F /* then all of a profile are halved */

/* Where an attribute's slots begin, by enum pk_crowd_attribute; the next one's begin is its end. */
#define PK_POINT_SLOTS   20
#define PK_PROFILE_SLOTS 31
extern const uint8_t pk_point_layout[PK_ATTR_COUNT + 1];
extern const uint8_t pk_profile_layout[PK_ATTR_COUNT + 1];

/* What one access point is like. */
struct pk_point {
    uint64_t key;
    float n;
    uint32_t first, last;
    uint16_t day;        /* counts are decayed up to this day */
    uint16_t clean;      /* visits on which all check hosts proved themselves, sixteenths */
    uint32_t run_device; /* who met it last, folded */
    uint16_t run;        /* how often that was another one than before */
    struct pk_slot slots[PK_POINT_SLOTS];
};

/* What a name is like at a place, and everywhere. */
struct pk_profile {
    uint64_t key;
    float n;
    uint32_t first, last;
    uint16_t day;
    uint16_t cells[4];              /* places where it was seen */
    uint16_t flags[3];              /* visits with them, sixteenths */
    uint16_t clean[PK_SIGHT_HOSTS]; /* visits on which the host proved itself */
    struct pk_slot slots[PK_PROFILE_SLOTS];
};

struct pk_world_value {
    uint64_t key;
    float count;
    uint16_t day;
};

struct pk_known_key { /* a key that stands in for others under a name: a portal's, a filter's */
    uint64_t key;
    float weight;
    uint32_t first;
};

struct pk_campaign { /* a trait of a confirmed attack */
    uint64_t key;
    uint32_t at;
    uint32_t thing; /* folded: whose trait it is */
};

/* The attackers' own profile. */
#define PK_BAD_SLOTS 24
struct pk_bad_profile {
    float n[PK_ATTR_COUNT];
    struct {
        uint16_t value;
        float count;
    } slots[PK_ATTR_COUNT][PK_BAD_SLOTS];
};

struct pk_voice {
    uint64_t key; /* device */
    uint32_t tenant;
    uint32_t cohort;
    uint32_t enrolled;
    uint32_t seen;      /* first sighting */
    float a, b;         /* record: Beta */
    float joins, moves; /* halved every 28 days, for the footprint */
    float claims;       /* different things it spoke against, halved every 28 days */
    uint32_t counted;   /* when they were */
    uint32_t city;
    uint64_t home[3]; /* networks it comes back to (Misra and Gries) */
    uint8_t home_count[3];
    uint8_t attestation;
    uint8_t lives; /* bits: posture, app, mast were seen */
    uint8_t ios, unknown_sources, root;
    uint64_t files[4];  /* what it was seen with: a Bloom filter */
    uint64_t places[4]; /* networks that it was on with nothing odd before today, the same */
    uint64_t today[4];
    uint32_t today_day;
    uint32_t told[6]; /* last things it spoke against, folded: for claims */
};
#define PK_LIVES_POSTURE 1
#define PK_LIVES_APP     2
#define PK_LIVES_MAST    4

#define PK_ITEMS_BAD   20
#define PK_ITEMS_CLEAN 16
struct pk_item {
    uint64_t device; /* 0: free */
    float l;         /* log-odds of its own sighting */
    float w;         /* what its voice weighed */
    uint32_t at, tenant, cohort;
    uint16_t count; /* sightings */
    uint8_t hard;   /* attested by hardware */
    uint8_t own;    /* proves itself: forged certificates */
    uint8_t familiar;
};

/* Why somebody spoke against it: the largest terms of the worst sighting so far. */
#define PK_WHY_TERMS 3
struct pk_why {
    float weight, a, b;
    uint16_t term;  /* weight 0: none */
    uint16_t spare; /* no byte of a record is left to chance: they are saved as they lie */
};

struct pk_suspect {
    uint64_t key;
    struct pk_crowd_key thing;
    uint32_t since, last, checked;
    uint32_t low_since; /* log-odds are below the limit of clearing since then; 0: not */
    uint8_t bad;        /* announced */
    uint8_t cause;
    float past;    /* clean weight before the first claim */
    float clean_n; /* clean visits since */
    struct pk_item against[PK_ITEMS_BAD];
    struct pk_item for_it[PK_ITEMS_CLEAN];
    float why_score; /* of that sighting */
    struct pk_why why[PK_WHY_TERMS];
};

struct pk_mast_place {
    uint64_t key; /* PLMN and place */
    float n;
    float radio[4];   /* 2g 3g 4g 5g */
    float neighbours; /* sum */
    uint16_t day;
    struct pk_slot area[6], arfcn[8];
};

struct pk_mast_known {
    uint64_t key; /* PLMN, cell and place */
    float n;
    uint32_t first, last;
};

struct pk_package {
    uint64_t key;
    uint64_t permissions; /* all that versions of the main signer ask for */
    float n;
    float risk; /* sum */
    uint32_t first, last;
    uint32_t newest; /* version */
    struct {
        uint32_t signer;
        float n;
    } signers[6];
};

struct pk_signer {
    uint64_t key;
    float n;
    float quiet; /* of it, where nothing spoke against the file */
    float risky; /* weight of r > .4 */
    float risk;  /* sum */
    float incidents;
    uint64_t packages; /* one bit each: linear counting */
    uint64_t files;
    uint32_t first, last;
};

struct pk_file_known {
    uint64_t key;
    float n;
    float quiet; /* of them, where nothing spoke against it */
    float base;  /* its score without anybody's incidents: mean, fading */
    float old;   /* of those, when the file was known for 5 days and more */
    float incidents;
    uint32_t first, last;
};

struct pk_zone_count {
    uint64_t key;
    uint32_t place;
    uint32_t day;
    float joins, bad;
    uint64_t devices; /* linear counting */
};

enum pk_room {
    PK_ROOM_POINTS,
    PK_ROOM_SITES,
    PK_ROOM_NETWORKS,
    PK_ROOM_WORLD,
    PK_ROOM_KEYS,
    PK_ROOM_CAMPAIGNS,
    PK_ROOM_VOICES,
    PK_ROOM_SUSPECTS,
    PK_ROOM_MAST_PLACES,
    PK_ROOM_MASTS,
    PK_ROOM_PACKAGES,
    PK_ROOM_SIGNERS,
    PK_ROOM_FILES,
    PK_ROOM_ZONES,
    PK_ROOM_COUNT,
};

struct pk_crowd {
    struct pk_crowd_settings settings;
    const struct pk_crowd_weights *weights;
    struct pk_table rooms[PK_ROOM_COUNT];
    struct pk_bad_profile bad;
    float world_n[PK_ATTR_COUNT];
    uint32_t world_day[PK_ATTR_COUNT];
    int64_t begun_s, now_s, night_s;
    uint64_t sightings;
    float *told; /* for training: where the features of the sighting are copied to; NULL */
};

/* ---- slots.c ------------------------------------------------------------------------------------- */

uint16_t pk_slot_value(uint64_t value); /* never 0 */
/* Count of the value (in visits); 0: not among them. */
float pk_slot_count(const struct pk_slot *slots, size_t n, uint16_t value);
float pk_slot_top(const struct pk_slot *slots, size_t n, float *sum);
/* dice: 0..1, by which fractions are rounded. false: a count is at its limit. */
bool pk_slot_add(struct pk_slot *slots, size_t n, uint16_t value, float weight, float dice);
void pk_slots_fade(struct pk_slot *slots, size_t n, float factor);
/* A count in sixteenths. */
void pk_count_add(uint16_t *count, float weight, float dice);
/* 2^(-days/45) */
float pk_fade(uint32_t days);

/* ---- voice.c ------------------------------------------------------------------------------------- */

struct pk_voice *pk_voice_of(struct pk_crowd *crowd, const struct pk_sighting *s);
float pk_voice_weight(const struct pk_crowd *crowd, const struct pk_voice *voice, int64_t now_s,
        struct pk_crowd_voice *why);
void pk_voice_joined(struct pk_voice *voice, const struct pk_sighting *s);
/* Bloom filters of 256 bits: "surely not", or perhaps. */
bool pk_voice_perhaps(const uint64_t bits[4], uint64_t key);
void pk_voice_visited(struct pk_voice *voice, uint64_t network, int64_t now_s);
void pk_voice_note(uint64_t bits[4], uint64_t key);
/* Its share of a voice against things with a good past: honest devices are rarely that unlucky. */
float pk_voice_budget(const struct pk_crowd *crowd, const struct pk_voice *voice, int64_t now_s);
#define PK_PAST_SETTLED 2.0F /* clean visits that make a good past */
/* It speaks against a thing: different ones are counted. */
void pk_voice_claims(struct pk_voice *voice, uint64_t thing, int64_t now_s);

/* ---- suspect.c ----------------------------------------------------------------------------------- */

struct pk_standing {
    float log_odds;
    float against; /* HARD + SOFT */
    float in_favour;
    uint32_t devices, groups, hard_groups, own_groups, familiar;
    uint32_t since;
};

uint64_t pk_suspect_key(const struct pk_crowd_key *thing);
struct pk_suspect *pk_suspect_of(struct pk_crowd *crowd, const struct pk_crowd_key *thing);
/* The suspect, made when there is none. NULL: memory. */
struct pk_suspect *pk_suspect_make(
        struct pk_crowd *crowd, const struct pk_crowd_key *thing, float past, int64_t now_s);
struct pk_claim {
    uint64_t device;
    float l, w;
    uint32_t tenant, cohort;
    bool hard, own;
    bool familiar; /* the device was there before, on another day, with nothing odd */
};
void pk_suspect_against(struct pk_suspect *e, const struct pk_claim *claim, int64_t now_s);
void pk_suspect_for(struct pk_suspect *e, const struct pk_claim *claim, int64_t now_s);
void pk_suspect_weigh(const struct pk_crowd *crowd, const struct pk_suspect *e, int64_t now_s,
        struct pk_standing *out);
/* Is it bad, by its kind's rule? */
bool pk_suspect_bad(
        const struct pk_crowd *crowd, const struct pk_suspect *e, const struct pk_standing *st);
/* Settles what is announced, and tells of changes. */
void pk_suspect_settle(struct pk_crowd *crowd, struct pk_suspect *e, int64_t now_s);
void pk_suspects_night(struct pk_crowd *crowd, int64_t now_s);

/* ---- said.c -------------------------------------------------------------------------------------- */

/* The sighting of this opinion speaks against its thing: its suspects remember why. */
void pk_why_remember(
        struct pk_crowd *crowd, const struct pk_sighting *s, const struct pk_crowd_opinion *o);
void pk_why_tell(const struct pk_suspect *e, struct pk_crowd_opinion *out);

uint64_t pk_maker_of(
        uint64_t mac); /* network_view.c; one number for all addresses that are made up */

/* ---- sweep.c ------------------------------------------------------------------------------------- */

void pk_crowd_sweep_night(struct pk_crowd *crowd, int64_t now_s);
/* Makes room when the tables hold more than they may; cheap when they do not. */
void pk_crowd_sweep_full(struct pk_crowd *crowd, int64_t now_s);
#define PK_SWEEP_EACH 4096 /* sightings */

/* ---- the three judges ---------------------------------------------------------------------------- */

struct pk_judging {
    const struct pk_sighting *s;
    struct pk_voice *voice;
    float w;    /* of the voice */
    float dice; /* 0..1, drawn from the sighting */
    struct pk_crowd_opinion *out;
};
int pk_network_take(struct pk_crowd *crowd, struct pk_judging *j);
int pk_mast_take(struct pk_crowd *crowd, struct pk_judging *j);
int pk_app_take(struct pk_crowd *crowd, struct pk_judging *j);
int pk_incident_take(struct pk_crowd *crowd, struct pk_judging *j);
void pk_zone_take(struct pk_crowd *crowd, const struct pk_sighting *s, float weight, bool bad);

/* Adds a reason, keeping the largest. */
void pk_opinion_reason(
        struct pk_crowd_opinion *out, uint16_t term, float weight, double a, double b);

static inline float pk_minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float pk_maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float pk_clipf(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static inline float pk_sigmoid(float x)
{
    return 1.0F / (1.0F + expf(-x));
}
