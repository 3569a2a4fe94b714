/* crowd.h - the memory of all devices together: sightings in, opinions out.
 *
 * Pure and deterministic: time comes with the sightings, nothing is allocated on the way once the tables
 * are as large as they may become, and the same sightings in the same order give the same opinions on
 * every machine. One writer; nobody else may call while it works.
 *
 * A device's own evidence always counts in full for itself, and only as trusted evidence for others.
 * docs/crowd.md explains states, formulas and figures. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "crowd/opinion.h"
#include "crowd/sighting.h"

struct pk_crowd;
struct pk_crowd_weights; /* terms.h */

/* The verdict on a thing changed, for all devices. Learnt of it: bad turns true; withdrawn: false. */
struct pk_crowd_change {
    struct pk_crowd_key key;
    bool bad;
    float log_odds;
    int64_t at_s;
    uint32_t devices, groups;
    uint8_t cause; /* enum pk_sight_attack or 0xff: the strongest evidence's own words, for texts */
};

struct pk_crowd_settings {
    /* Defence against poisoners; false only to show what it is worth (the ablation of the figures). */
    bool trusting;
    /* Reasons also in opinions in which nothing is odd; otherwise those have none, which is quicker. */
    bool explaining;
    uint64_t memory_max;                    /* bytes of all tables; 0: 1 GiB */
    const struct pk_crowd_weights *weights; /* NULL: the shipped ones */
    void (*changed)(void *ctx, const struct pk_crowd_change *change); /* may be NULL */
    void *ctx;
};

/* settings NULL: defaults. PK_ENOMEM. */
PK_MUST_USE int pk_crowd_create(
        const struct pk_crowd_settings *settings, struct pk_crowd **out, struct pk_error *err);
void pk_crowd_destroy(struct pk_crowd *crowd); /* NULL is fine */

/* Judges the sighting by what is known, then learns from it. Sightings that nothing is said of (enrolment,
 * posture) give an empty opinion. PK_ENOMEM: a table cannot grow; it was judged, but not learnt. */
PK_MUST_USE int pk_crowd_take(
        struct pk_crowd *crowd, const struct pk_sighting *sighting, struct pk_crowd_opinion *out);

/* What is thought of a thing now; learns nothing. false: it is not known at all. */
bool pk_crowd_ask(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_opinion *out);

/* Lets time pass without sightings: verdicts age out, nightly checks run. */
void pk_crowd_tick(struct pk_crowd *crowd, int64_t now_s);

/* Things that are bad now, in no order. */
void pk_crowd_each_bad(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_opinion *opinion), void *ctx);

/* Everything that it knows of one device is gone: its trust and what it said of suspects. Counts in profiles
 * are sums that belong to nobody. */
void pk_crowd_forget(struct pk_crowd *crowd, uint64_t device);

/* A word from another organisation's server (exchange): counts as one voice of that tenant, with so much trust
 * (0..1). clean: it says that the thing is not bad. */
PK_MUST_USE int pk_crowd_hear(struct pk_crowd *crowd, const struct pk_crowd_key *key,
        uint32_t tenant, float log_odds, float trust, int64_t at_s);

/* ---- what is known of a thing beside the verdict ------------------------------------------------ */

/* A network's profile at one level, as people look at it. */
struct pk_crowd_value {
    uint64_t value;
    float count; /* decayed weight of visits */
};
enum pk_crowd_attribute {
    PK_ATTR_GATEWAY,
    PK_ATTR_GATEWAY_MAKER,
    PK_ATTR_RESOLVER,
    PK_ATTR_LEASE,
    PK_ATTR_EGRESS,
    PK_ATTR_PORTAL,
    PK_ATTR_SECURITY,
    PK_ATTR_POINT_MAKER,
    PK_ATTR_COUNT,
};
extern const char *const pk_crowd_attribute_names[];

struct pk_crowd_network {
    float weight; /* decayed visits */
    float clean;  /* of them, with all check hosts intact */
    int64_t first_s, last_s;
    struct pk_crowd_value values[PK_ATTR_COUNT][4]; /* by count, largest first; 0 count: none */
};
/* key of kind POINT or SITE; with b 0 the whole network. false: not known. */
bool pk_crowd_network(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_network *out);

/* What a profile keeps for a value as a sighting has it (an ASN ...; of makers the whole hardware address): 16
 * bits of a hash. */
uint64_t pk_crowd_attribute_value(enum pk_crowd_attribute attribute, uint64_t raw);

/* One voice about a thing that somebody spoke against, of the few that are kept. Whose it is stays inside. */
struct pk_crowd_testimony {
    int64_t at_s;
    float log_odds; /* of its own sighting */
    float trust;    /* what it weighed, 0..1 */
    bool against;   /* false: all was well when it met it */
    bool attested;  /* by hardware */
};
void pk_crowd_each_testimony(const struct pk_crowd *crowd, const struct pk_crowd_key *key,
        void (*fn)(void *ctx, const struct pk_crowd_testimony *said), void *ctx);

struct pk_crowd_app {
    uint32_t devices; /* that were seen with the file */
    uint32_t package_devices;
    uint32_t signer_packages;
    uint32_t signer_devices;
    int64_t first_s, last_s; /* of the file */
    bool signer_main;        /* it is the signer that most have the package from */
    float signer_share;      /* of the package's devices that have this signer */
};
bool pk_crowd_app(const struct pk_crowd *crowd, uint64_t package, uint64_t file, uint64_t signer,
        struct pk_crowd_app *out);

/* Zones: trust-weighted joins and attacks of one place, halved every 14 days. */
struct pk_crowd_zone {
    uint32_t place;
    float joins, bad;
    uint32_t devices; /* about how many different ones; capped */
};
void pk_crowd_each_zone(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_zone *zone), void *ctx);

/* What the voice of a device weighs now, 0..1, and why. false: not known. */
struct pk_crowd_voice {
    float weight;
    float attestation, age, record, footprint, life, budget; /* its factors */
};
bool pk_crowd_voice(
        const struct pk_crowd *crowd, uint64_t device, int64_t now_s, struct pk_crowd_voice *out);

struct pk_crowd_counts {
    uint64_t sightings;
    uint64_t points, sites, networks, masts, apps, packages, signers, devices, suspects, bad;
    uint64_t bytes;       /* of all tables */
    uint64_t point_bytes; /* of the three tables of network profiles */
    int64_t newest_s;
};
void pk_crowd_count(const struct pk_crowd *crowd, struct pk_crowd_counts *out);

/* ---- at rest ------------------------------------------------------------------------------------- */

/* Everything, so that a crowd that was loaded goes on exactly as the one that was saved. tag: the caller's
 * own (how far its input has come). The bytes go to write in pieces and end with a checksum; a negative
 * answer of write ends it and is returned. */
typedef int (*pk_crowd_write)(void *ctx, const void *bytes, size_t len);
PK_MUST_USE int pk_crowd_save(const struct pk_crowd *crowd, struct pk_slice tag,
        pk_crowd_write write, void *ctx, struct pk_error *err);
/* bytes: what save wrote, for instance a mapped file; copied. tag: appended to. PK_EMALF, PK_ETRUNC: damaged or
 * of another version: begin anew. PK_ENOMEM. */
PK_MUST_USE int pk_crowd_load(struct pk_slice bytes, const struct pk_crowd_settings *settings,
        struct pk_crowd **out, struct pk_buffer *tag, struct pk_error *err);
