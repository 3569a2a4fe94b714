/* hazard_reasons.h - a prediction as sentences: what raises or lowers the chance of an attack, by how much, and
 * what would lower it.
 *
 * Terms that overlap are one reason together, so a reason's part is what the model really adds for all that it
 * says. No network and no place is named, and no day is: counts only (docs/hazard.md). Pure. */
#pragma once

#include "base/arena.h"
#include "risk/hazard.h"

#define PK_HAZARD_REASONS_MAX 5

/* What a reason says; a and b are the numbers that its sentence needs, in any language. */
enum pk_hazard_reason_kind {
    PK_HAZARD_ATTACKED,        /* a: days of the last 31 with an attack, b: days since the last */
    PK_HAZARD_WARNED,          /* a: joins of networks thought bad in the last month */
    PK_HAZARD_UNHARMED,        /* a: days without an attack, at most 31 */
    PK_HAZARD_USUAL_ATTACKED,  /* a: networks that it joins often and that are attacked now */
    PK_HAZARD_USUAL_PAST,      /* a: the same, attacked in the last weeks */
    PK_HAZARD_OPEN_OFTEN,      /* a: open joins a week, b: times those of a typical device */
    PK_HAZARD_OPEN_MORE,       /* a: open joins in the last week, b: times its own usual */
    PK_HAZARD_OPEN_SELDOM,     /* a: open joins in a month, b: share of a typical device's */
    PK_HAZARD_MOVES,           /* a: changes of place a week, b: times those of a typical device */
    PK_HAZARD_PLACES_WORSE,    /* a: attacks a join where it joins, b: times a typical device's */
    PK_HAZARD_PLACES_CALMER,   /* a: the same, b: share of a typical device's */
    PK_HAZARD_WAVE,            /* a: times as many attacks these days as in the weeks before */
    PK_HAZARD_BAD_APP,         /* a: bad apps in the last months */
    PK_HAZARD_SIDELOADED,      /* a: apps from outside the official stores in the last month */
    PK_HAZARD_UNKNOWN_SOURCES, /* apps from anywhere may be installed */
    PK_HAZARD_PATCH_OLD,       /* a: days since the newest security update; 255: that or more */
    PK_HAZARD_PATCH_LATE,      /* a: the most days that it ever went without one */
    PK_HAZARD_PATCH_NEW,       /* a: days */
    PK_HAZARD_ROOTED,
    PK_HAZARD_HOOKED,
    PK_HAZARD_DEVELOPER,
    PK_HAZARD_NO_PASSCODE,
    PK_HAZARD_IOS,      /* apps come from one store */
    PK_HAZARD_ORDINARY, /* nothing stands out: the only reason then */
    PK_HAZARD_REASON_KINDS,
};
extern const char *const pk_hazard_reason_names[]; /* for programs: "open_often" */

/* What a person can do about it. */
enum pk_hazard_remedy {
    PK_HAZARD_NO_REMEDY, /* time alone */
    PK_HAZARD_AVOID_OPEN,
    PK_HAZARD_AVOID_USUAL,
    PK_HAZARD_OFFICIAL_STORES,
    PK_HAZARD_FORBID_UNKNOWN,
    PK_HAZARD_UPDATE,
    PK_HAZARD_RESTORE_SYSTEM,
    PK_HAZARD_END_DEVELOPER,
    PK_HAZARD_SET_PASSCODE,
    PK_HAZARD_REMEDIES,
};
extern const char *const pk_hazard_remedy_names[]; /* "none" "avoid_open" ... */
/* The remedy that a text of `lower` below stands for, also when more follows it; PK_HAZARD_NO_REMEDY: none. For those
 * who say it in another language. */
enum pk_hazard_remedy pk_hazard_remedy_of(const char *lower);

struct pk_hazard_reason {
    enum pk_hazard_reason_kind kind;
    enum pk_hazard_remedy remedy;
    double a, b;
    double log_odds; /* what it adds to the model's score; below 0: it speaks against an attack */
    double factor;   /* the same as a factor of the odds: exp(log_odds) */
    double points;   /* percentage points of the 7 days that it adds */
    double lower_points; /* percentage points that the remedy takes away in time, for all reasons that it
                            helps with; it stands with the first of them. 0: without remedy */
    const char *text;  /* English, one sentence without its full stop; in the arena */
    const char *lower; /* English, an imperative; NULL: nothing lowers it but time. Static */
};

struct pk_hazard_reasons {
    struct pk_hazard_reason
            items[PK_HAZARD_REASONS_MAX]; /* what raises, largest first; then what lowers */
    size_t count;
};

/* Why the prediction of now is what it is. PK_ENOENT: unknown or too young, as pk_hazard_predict; PK_ENOMEM. */
PK_MUST_USE int pk_hazard_reasons(const struct pk_hazard *hazard, uint64_t device, int64_t now_s,
        struct pk_arena *arena, struct pk_hazard_reasons *out);

/* One line about the whole: "9.4 % in 7 days, 2.1 times a typical device of this fleet". In the arena; NULL when
 * memory is short. */
const char *pk_hazard_headline(const struct pk_hazard *hazard,
        const struct pk_hazard_prediction *prediction, struct pk_arena *arena);
