/* plans.h - reports that are sent by mail again and again. */
#pragma once

#include "store/store.h"

enum pk_plan_every {
    PK_PLAN_DAILY,
    PK_PLAN_WEEKLY,  /* on Mondays */
    PK_PLAN_MONTHLY, /* on the first */
};
extern const char *const pk_plan_every_names[]; /* NULL-terminated */

#define PK_PLANS_MAX 200

struct pk_plan {
    const char *id;
    const char *kind;  /* of report */
    const char *group; /* "": all */
    int every;         /* enum pk_plan_every */
    json_t *recipients;
    int64_t created_ms;
    const char *created_by;
    int64_t next_ms;
    int64_t last_ms;   /* 0: never */
    const char *error; /* of the newest try; NULL */
};

PK_MUST_USE int pk_plan_add(
        struct pk_store *store, const struct pk_plan *plan, struct pk_error *err);
/* Oldest first. items: struct pk_plan. due_ms > 0: only those that are due by then. */
PK_MUST_USE int pk_plan_list(struct pk_store *store, int64_t due_ms, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_plan_remove(struct pk_store *store, const char *id, struct pk_error *err);
/* It was sent (error NULL) or could not be; either way it comes again at next_ms. */
PK_MUST_USE int pk_plan_done(struct pk_store *store, const char *id, int64_t at_ms, int64_t next_ms,
        const char *error, struct pk_error *err);

/* The first moment after now at which such a plan is due: six in the morning UTC. Pure. */
int64_t pk_plan_next(enum pk_plan_every every, int64_t now_ms);
