/* facts.h - a device's situation as a log of what changed, so that a draft can be rehearsed on real history.
 *
 * One fact is one changed part of the situation with its time on the device's clock. All facts of one step have
 * the same time. pk_facts_diff() says what changed, pk_facts_apply() puts a situation together again. Pure. */
#pragma once

#include "policy/guard.h"

enum pk_fact_kind {
    PK_FACT_DEVICE,    /* group, ownership, platform */
    PK_FACT_RISK,      /* level */
    PK_FACT_FORESIGHT, /* outlook, zone */
    PK_FACT_INCIDENT,  /* subject is its id; body NULL: it is over, or dismissed */
};

struct pk_fact {
    int64_t at_ms;
    int kind;            /* enum pk_fact_kind */
    const char *subject; /* "" but for incidents */
    const char *body;    /* JSON text; "" */
};

/* A situation that can be changed; everything in the arena. */
struct pk_facts;
PK_MUST_USE int pk_facts_create(struct pk_arena *arena, struct pk_facts **out);
/* PK_EMALF, PK_ENOENT (a threat that the catalogue no longer has): the fact is passed by. */
PK_MUST_USE int pk_facts_apply(struct pk_facts *facts, const struct pk_fact *fact);
void pk_facts_situation(const struct pk_facts *facts, struct pk_situation *out);

/* Calls fn for each fact that leads from before to after. before NULL: from nothing. */
PK_MUST_USE int pk_facts_diff(const struct pk_situation *before, const struct pk_situation *after,
        int64_t at_ms, struct pk_arena *arena, int (*fn)(const struct pk_fact *fact, void *ctx),
        void *ctx);
