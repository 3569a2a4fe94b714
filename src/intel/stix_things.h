/* stix_things.h - what a partner's STIX 2.1 bundle says about things of the crowd: access points, app files,
 * signers. The rest of the bundle (domains, addresses ...) belongs to `picket intel import`. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "intel/kind.h"

enum pk_stix_thing_kind {
    PK_STIX_POINT,  /* mac-addr:value */
    PK_STIX_APP,    /* file:hashes.'SHA-256' */
    PK_STIX_SIGNER, /* x509-certificate:hashes.'SHA-256' */
};

struct pk_stix_thing {
    int kind;
    char value[PK_INTEL_VALUE_MAX];
    int confidence;   /* percent; 75 when the bundle does not say */
    int64_t until_ms; /* 0: not said */
};

struct pk_stix_counts {
    size_t indicators;
    size_t things;
    size_t revoked; /* or expired */
    size_t others; /* patterns about other things, or that hold only together with something else */
    size_t bad;    /* that cannot be read */
};

#define PK_STIX_THINGS_MAX 20000UL

/* Calls take for each; its result < 0 ends. PK_EMALF: not a bundle; PK_ELIMIT: more than PK_STIX_THINGS_MAX. */
PK_MUST_USE int pk_stix_things(const json_t *bundle, int64_t now_ms,
        int (*take)(void *ctx, const struct pk_stix_thing *thing), void *ctx,
        struct pk_stix_counts *counts, struct pk_error *err);
