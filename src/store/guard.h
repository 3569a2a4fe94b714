/* guard.h - where each device's policy stands, and the facts that it was worked out from. */
#pragma once

#include "store/store.h"

/* *state: JSON of pk_guard_save(), released with the arena. PK_ENOENT. */
PK_MUST_USE int pk_guard_row_get(struct pk_store *store, const char *device, struct pk_arena *arena,
        json_t **state, struct pk_error *err);
/* policy: version that it was worked out with. */
PK_MUST_USE int pk_guard_row_put(struct pk_store *store, const char *device, int64_t policy,
        const json_t *state, struct pk_error *err);

struct pk_fact_row {
    int64_t at_ms;
    int kind;
    const char *subject;
    const char *body;
};
PK_MUST_USE int pk_fact_add(struct pk_store *store, const char *device,
        const struct pk_fact_row *row, struct pk_error *err);
/* All facts of one device, oldest first. items: struct pk_fact_row. */
PK_MUST_USE int pk_facts_of(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

struct pk_due_row {
    const char *device;
    int64_t due_ms; /* on its own clock */
    int64_t lag_ms;
};
/* Devices whose policy has to look again, the longest waiting first. items: struct pk_due_row. */
PK_MUST_USE int pk_due_list(struct pk_store *store, int64_t now_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* When the next one falls due on our clock; 0: none. */
PK_MUST_USE int pk_due_next(struct pk_store *store, int64_t *at_ms, struct pk_error *err);

struct pk_guarded_row {
    const char *device;
    int64_t lag_ms;
};
/* Devices with facts, behind the one of that id; for going through all. items: struct pk_guarded_row. */
PK_MUST_USE int pk_guarded_after(struct pk_store *store, const char *after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* How many devices follow which version of the policy. */
struct pk_deployed_row {
    int64_t policy;
    int64_t devices;
};
PK_MUST_USE int pk_deployed(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Devices that do not follow this version yet, a few at a time. items: const char *. */
PK_MUST_USE int pk_undeployed(struct pk_store *store, int64_t policy, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
