/* opinion.h - what the crowd thinks of a thing, and why. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/schema.h"

enum pk_crowd_kind {
    PK_CROWD_POINT,  /* a: network, b: access point (BSSID) */
    PK_CROWD_SITE,   /* a: network, b: place */
    PK_CROWD_MAST,   /* a: PLMN and cell, b: place */
    PK_CROWD_APP,    /* a: file */
    PK_CROWD_SIGNER, /* a: signer */
    PK_CROWD_KINDS,
};
extern const char *const pk_crowd_kind_names[]; /* "point" "site" "mast" "app" "signer" */

struct pk_crowd_key {
    uint64_t a, b;
    enum pk_crowd_kind kind;
};

#define PK_CROWD_REASONS 4

/* One term of a judgement, with the numbers that its sentence needs. */
struct pk_crowd_reason {
    uint16_t term; /* of terms.h */
    float weight;  /* log-odds; below 0 it speaks against */
    double a, b;   /* what they mean stands beside the term */
};

struct pk_crowd_opinion {
    struct pk_crowd_key key; /* the thing that it is about (or the worst of them) */
    bool before;             /* bad by what was known before this sighting: others can be warned */
    bool after;              /* bad with this sighting in hand: for its own device alone */
    bool hard;               /* the sighting's own evidence is not novelty alone */
    bool imitates;           /* an access point never seen before, under a name that is known */
    float score;             /* log-odds of this sighting by itself */
    float log_odds;          /* of the thing, from all that speak of it; -INFINITY: nobody does */
    uint32_t devices;        /* that speak against it now */
    uint32_t groups;         /* independent ones of them: by tenant and by enrolment cohort */
    uint32_t clean;          /* clean visits by trusted devices since the first of them */
    int64_t since_s;         /* the first of them; 0: none */
    struct pk_crowd_reason reasons[PK_CROWD_REASONS]; /* by |weight|, largest first */
    size_t reason_count;
};

/* The reason as a sentence for people. In the arena; NULL when memory is short. */
const char *pk_crowd_reason_text(const struct pk_crowd_reason *reason, struct pk_arena *arena);
/* A short name for programs: "tls.forged". Static. */
const char *pk_crowd_term_name(uint16_t term);
