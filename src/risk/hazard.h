/* hazard.h - will this device be attacked or compromised within 7 or 30 days?
 *
 * A discrete-time hazard model with competing ways of attack (network, app, exploit) over counters of the
 * device's own past, which fade and fit in 160 bytes. Sightings and the crowd's opinions of them go in, in
 * order; probabilities come out, with the terms that make them. Its own closed windows correct the level and the
 * shape (docs/hazard.md). A prediction warns and sorts work; it never quarantines.
 *
 * Pure and deterministic: time comes with the sightings. One writer; nobody else may call while it works. */
#pragma once

#include "crowd/opinion.h"
#include "crowd/sighting.h"
#include "risk/zone.h"

#define PK_HAZARD_ENROLLED_MIN_S (3 * 86400LL) /* younger devices: "unknown" */

/* Terms of the model, in the order of data/hazard/weights.txt; docs/hazard.md says what each one is. */
#define PK_HAZARD_TERMS_EACH(X) \
    X(ios, PLATFORM)            \
    X(pub_rate, VISITS)         \
    X(away_rate, VISITS)        \
    X(cells30, VISITS)          \
    X(zone_rate, PLACES)        \
    X(city, PLACES)             \
    X(wave, PLACES)             \
    X(usual_now, PLACES)        \
    X(usual_any, PLACES)        \
    X(usual_lasts, PLACES)      \
    X(days3, ATTACKS)           \
    X(hit90, ATTACKS)           \
    X(inc30, ATTACKS)           \
    X(site_app, APPS)           \
    X(bad_app30, APPS)          \
    X(bad_app90, APPS)          \
    X(unknown_src, APPS)        \
    X(patch_age, STATE)         \
    X(patch_most, STATE)        \
    X(root, STATE)              \
    X(hook, STATE)              \
    X(dev, STATE)               \
    X(nopass, STATE)

enum pk_hazard_term {
#define X(name, family) PK_HAZARD_##name,
    PK_HAZARD_TERMS_EACH(X)
#undef X
    PK_HAZARD_TERMS,
};

/* What terms are about: they overlap inside a family, so people are shown families. */
enum pk_hazard_family {
    PK_HAZARD_VISITS,   /* how often it joins networks that are open to all */
    PK_HAZARD_PLACES,   /* how often attacks happen where it joins */
    PK_HAZARD_ATTACKS,  /* what has already happened to it */
    PK_HAZARD_APPS,     /* where its apps come from */
    PK_HAZARD_STATE,    /* patches, root, screen lock */
    PK_HAZARD_PLATFORM, /* kind of system, how long it is known */
    PK_HAZARD_FAMILIES,
};
extern const char *const pk_hazard_term_names[];   /* "pub7" */
extern const char *const pk_hazard_family_names[]; /* "visits" */

/* Attacks come by different ways, and what makes one likely says nothing about the others: each way has its own
 * logistic, and the chance of an attack is that one of them happens: p = 1 - product of (1 - p of the way). */
enum pk_hazard_way {
    PK_HAZARD_BY_NETWORK, /* and by false masts */
    PK_HAZARD_BY_APP,
    PK_HAZARD_BY_EXPLOIT,
    PK_HAZARD_WAYS,
};
extern const char *const pk_hazard_way_names[]; /* "network" "app" "exploit" */

enum pk_hazard_horizon {
    PK_HAZARD_SEVEN, /* days */
    PK_HAZARD_THIRTY,
    PK_HAZARD_HORIZONS,
};

struct pk_hazard_weights {
    double bias[PK_HAZARD_HORIZONS][PK_HAZARD_WAYS];
    double w[PK_HAZARD_HORIZONS][PK_HAZARD_WAYS][PK_HAZARD_TERMS];
    double mean[PK_HAZARD_TERMS]; /* of the training worlds: typical until the fleet says better */
};
extern const struct pk_hazard_weights pk_hazard_shipped; /* data/hazard/weights.txt */

struct pk_hazard;

struct pk_hazard_settings {
    const struct pk_hazard_weights *weights; /* NULL: shipped; borrowed */
    bool no_online;       /* the shipped weights alone: to show what calibration is worth */
    uint32_t devices_max; /* 0: 4 million */
};

PK_MUST_USE int pk_hazard_create(
        const struct pk_hazard_settings *settings, struct pk_hazard **out, struct pk_error *err);
void pk_hazard_destroy(struct pk_hazard *hazard); /* NULL is fine */

/* What the voice of the sighting's device is worth (pk_crowd_voice): its weight counts in zones, and only devices
 * with a record above .6 that are known for 14 days teach the calibration. */
struct pk_hazard_voice {
    float weight; /* 0..1 */
    float record; /* 0..1: how well its word held */
    float visits; /* faded visits of the network before this one (pk_crowd_network); 0: new to the crowd */
};

/* Learns a sighting and what the crowd made of it. PK_ENOMEM: there is no room for another device. */
PK_MUST_USE int pk_hazard_take(struct pk_hazard *hazard, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion, const struct pk_hazard_voice *voice);

/* The device was warned of a network and did not join: half an event, or good warnings would teach that warned
 * devices are safe. false: the device is not known. */
bool pk_hazard_heeded(struct pk_hazard *hazard, uint64_t device, int64_t at_s);

/* Lets time pass: at each midnight (UTC) windows close, calibration is solved and index days are noted. take()
 * does so by itself; call it before asking for a prediction. */
void pk_hazard_tick(struct pk_hazard *hazard, int64_t now_s);

struct pk_hazard_prediction {
    double p7, p30;
    double score; /* logit of the model before calibration: base + sum of terms */
    double base;  /* the score of a device that is average in every term, in this fleet */
    double terms[PK_HAZARD_TERMS];       /* what each adds to base */
    double families[PK_HAZARD_FAMILIES]; /* the same, summed */
    double ways[PK_HAZARD_WAYS]; /* share of each way in the chance of 7 days; they sum to 1 */
};
/* false: not known, or enrolled less than 3 days ago: the answer is "unknown". */
bool pk_hazard_predict(const struct pk_hazard *hazard, uint64_t device, int64_t now_s,
        struct pk_hazard_prediction *out);

/* The inputs of the model, to train on. false as above. */
bool pk_hazard_inputs(const struct pk_hazard *hazard, uint64_t device, int64_t now_s,
        double out[PK_HAZARD_TERMS]);

/* All devices that it knows, in the order of their first sighting. */
void pk_hazard_each(const struct pk_hazard *hazard,
        void (*fn)(void *ctx, uint64_t device, int64_t enrolled_s), void *ctx);

/* Everything of one device is gone; zones are sums that belong to nobody. */
void pk_hazard_forget(struct pk_hazard *hazard, uint64_t device);

const struct pk_zones *pk_hazard_zones(const struct pk_hazard *hazard);

struct pk_hazard_count {
    uint64_t devices;
    uint64_t device_bytes; /* of one */
    uint64_t bytes;        /* of all */
    double rows7, events7; /* closed windows that the calibration stands on, faded */
    double shift7, shift30;
    double loss7[3]; /* log loss of the newest closed rows: shipped, shifted, shaped; 0: none */
    int using7;      /* which of the three is in use */
};
void pk_hazard_count(const struct pk_hazard *hazard, struct pk_hazard_count *out);

/* Everything, appended; the end is a checksum. Load takes bytes that save wrote on this kind of machine.
 * PK_ETRUNC, PK_EMALF: damaged or of another version: begin anew. */
PK_MUST_USE int pk_hazard_save(
        const struct pk_hazard *hazard, struct pk_buffer *out, struct pk_error *err);
PK_MUST_USE int pk_hazard_load(struct pk_slice bytes, const struct pk_hazard_settings *settings,
        struct pk_hazard **out, struct pk_error *err);
