/* guard.h - what a policy does over time for one device: grace before it acts, reminders, escalation, hold after
 * the end, quiet hours, and a week's budget of alerts.
 *
 * A guard is a small state machine that lives on the device's own clock. Its only inputs are the policy, the
 * situation and the time; pk_guard_step() works out everything that fell due since the last step, at the moment it
 * fell due, and then what the new situation means. A step without news before the due time changes nothing, so
 * the same history gives the same acts however often it is asked - in picketd, in a rehearsal and in tests
 * (docs/policy.md). Pure. */
#pragma once

#include "policy/policy.h"

struct pk_guard;

enum pk_act_kind {
    PK_ACT_TELL,   /* the user, of this incident */
    PK_ACT_REMIND, /* ... again: nothing has been done about it */
    PK_ACT_MERGE, /* the user knows already of something like it on the same thing: counted there */
    PK_ACT_HOLD,  /* an alert waits: budget used up or quiet hours */
    PK_ACT_CLOSE, /* the alert's cause is gone: take it back, silently */
    PK_ACT_ON,    /* a measure begins */
    PK_ACT_OFF,   /* ... ends */
    PK_ACT_ADMINS, /* tell the administrators: a step of an escalation, or a rule about the device */
    PK_ACT_SIEM,   /* tell the SOC: the same */
};
extern const char *const pk_act_kind_names[];

struct pk_act {
    enum pk_act_kind kind;
    bool would; /* the rule only detects: nothing is to be done, only noted */
    int64_t at_ms;
    const char *rule;
    const char *incident;           /* id; "" for what is about the device as a whole */
    const struct pk_threat *threat; /* NULL: the same */
    const char *subject;
    const char *into; /* PK_ACT_MERGE: id of the incident whose alert stands for it */
    int64_t count;    /* TELL, REMIND: things merged into it so far; REMIND: which one */
    int measure;      /* ON, OFF: enum pk_measure */
    const char *why;  /* a sentence for the time line; never NULL */
};

/* A new guard that has seen nothing; or one from what pk_guard_save() gave. Everything of it lives in the arena.
 * PK_EMALF: not one of ours, begin anew. */
PK_MUST_USE int pk_guard_create(struct pk_arena *arena, struct pk_guard **out);
PK_MUST_USE int pk_guard_load(
        const json_t *state, struct pk_arena *arena, struct pk_guard **out, struct pk_error *err);
/* The caller owns the result. */
json_t *pk_guard_save(const struct pk_guard *guard);

/* Goes to now_ms (times before the last step count as the last step's) with the situation that holds from then
 * on; what fell due before is worked out with the situation of before, which the guard remembers. Calls fn for each act in
 * order. */
PK_MUST_USE int pk_guard_step(struct pk_guard *guard, const struct pk_policy *policy,
        const struct pk_situation *situation, int64_t now_ms,
        int (*fn)(const struct pk_act *act, void *ctx), void *ctx);
/* The situation of the last step: open incidents alone. Borrowed until the next step. */
void pk_guard_situation(const struct pk_guard *guard, struct pk_situation *out);
/* Only the time passes. */
PK_MUST_USE int pk_guard_wait(struct pk_guard *guard, const struct pk_policy *policy,
        int64_t now_ms, int (*fn)(const struct pk_act *act, void *ctx), void *ctx);

/* When it has to be asked again without news; 0: never. */
int64_t pk_guard_due(const struct pk_guard *guard);
int64_t pk_guard_now(const struct pk_guard *guard);       /* of the last step */
unsigned pk_guard_measures(const struct pk_guard *guard); /* bits: in force */
