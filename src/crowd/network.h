/* network.h - what one join looks like beside what is known: the facts from which its terms are drawn. */
#pragma once

#include "crowd/internal.h"

struct pk_network_view {
    const struct pk_sight_network *net;
    struct pk_point *point;     /* NULL: not known, as the others */
    struct pk_profile *site;    /* name and place */
    struct pk_profile *network; /* name */
    uint64_t point_key, site_key, network_key;
    uint32_t have;                  /* attributes that are known, bits */
    uint16_t values[PK_ATTR_COUNT]; /* as slots hold them */
    float world[PK_ATTR_COUNT];     /* p of the value in the world */
    float surprise[PK_ATTR_COUNT];  /* L */
    float n_point, n_site, n_network;
    bool point_new, novel;
    /* certificates */
    unsigned n0, n1, n2;
    unsigned known0;    /* forged with a key that this name is known for */
    bool one_key;       /* all forged ones show the same */
    bool portal_like;   /* what a portal does before one signed in */
    float was_clean;    /* clean visits of a host that is forged now */
    bool rare_resolver; /* new at this access point, and hardly anybody has it elsewhere */
    bool lan;           /* the network's own inside is odd: router, name server, change */
    bool proves;        /* certificates that no portal explains */
};

void pk_network_look(
        struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_network_view *v);
/* phi: PK_N_COUNT terms; returns whether there is more than novelty. */
bool pk_network_terms(
        struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_network_view *v, float *phi);
/* Learns with the given weight. */
int pk_network_learn(struct pk_crowd *crowd, const struct pk_judging *j, struct pk_network_view *v,
        float weight);
