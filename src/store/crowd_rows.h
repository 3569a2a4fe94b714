/* crowd_rows.h - what the server's crowd keeps beside its memory: in which order it took what it learnt
 * from, what waits to be told to it, what it concluded for whom, and how its verdicts changed.
 *
 * A thing is a kind and two numbers, as crowd/opinion.h has them; this room only keeps them. */
#pragma once

#include "store/store.h"

struct pk_crowd_thing {
    int64_t a, b; /* as they are in the key, unsigned there */
    int kind;
};

/* ---- the order ----------------------------------------------------------------------------------- */

/* A line of the log: everything that was taken between two commits. */
struct pk_crowd_log_row {
    int64_t seq; /* from 1 without gaps */
    const char *text;
};
PK_MUST_USE int pk_crowd_log_add(
        struct pk_store *store, const struct pk_crowd_log_row *row, struct pk_error *err);
/* The next one behind after. PK_ENOENT: none. */
PK_MUST_USE int pk_crowd_log_next(struct pk_store *store, int64_t after, struct pk_arena *arena,
        struct pk_crowd_log_row *out, struct pk_error *err);
/* 0: none. */
PK_MUST_USE int pk_crowd_log_newest(struct pk_store *store, int64_t *out, struct pk_error *err);

/* Up to here the log was cut, because a checkpoint holds it. offsets: how far each of the journal's partitions
 * was taken then. All 0 before the first. */
PK_MUST_USE int pk_crowd_base_get(
        struct pk_store *store, int64_t *seq, int64_t *offsets, size_t count, struct pk_error *err);
/* Cuts the log and notes where; one transaction. */
PK_MUST_USE int pk_crowd_base_put(struct pk_store *store, int64_t seq, const int64_t *offsets,
        size_t count, struct pk_error *err);

/* ---- what waits to be told ------------------------------------------------------------------------- */

struct pk_crowd_word {
    int64_t id;
    const char *text; /* a line of the log */
};
PK_MUST_USE int pk_crowd_word_add(struct pk_store *store, const char *text, struct pk_error *err);
/* Oldest first. items: struct pk_crowd_word. */
PK_MUST_USE int pk_crowd_words_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_crowd_words_drop(struct pk_store *store, int64_t upto, struct pk_error *err);

/* ---- what was concluded of it for a device ------------------------------------------------------------- */

struct pk_crowd_finding_row {
    struct pk_crowd_thing thing;
    const char *device;
    const char *threat;
    const char *subject;
    const char *part;
    int64_t at_ms; /* newest */
};
PK_MUST_USE int pk_crowd_finding_put(
        struct pk_store *store, const struct pk_crowd_finding_row *row, struct pk_error *err);
/* At most limit of a thing. items: struct pk_crowd_finding_row. */
PK_MUST_USE int pk_crowd_findings_of(struct pk_store *store, const struct pk_crowd_thing *thing,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_crowd_finding_drop(
        struct pk_store *store, const struct pk_crowd_finding_row *row, struct pk_error *err);
/* Everything that was concluded for a device is forgotten (its incidents are not touched). */
PK_MUST_USE int pk_crowd_findings_forget(
        struct pk_store *store, const char *device, struct pk_error *err);

/* ---- verdicts and how they changed -------------------------------------------------------------------- */

struct pk_crowd_change_row {
    int64_t seq; /* ascending in the order of commits; set by add */
    struct pk_crowd_thing thing;
    bool bad;
    double log_odds;
    int64_t at_ms;
    int64_t devices;
    int64_t groups;
    int cause; /* enum pk_sight_attack, 0xff: not known */
};
/* Notes the change, and whether the thing is bad now. */
PK_MUST_USE int pk_crowd_change_add(
        struct pk_store *store, struct pk_crowd_change_row *row, struct pk_error *err);
/* Oldest first. items: struct pk_crowd_change_row. */
PK_MUST_USE int pk_crowd_changes_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Oldest and newest that are kept; 0: none. Who knows up to seq has missed none when seq + 1 >= oldest. */
PK_MUST_USE int pk_crowd_changes_span(
        struct pk_store *store, int64_t *oldest, int64_t *newest, struct pk_error *err);
/* Changes older than that are dropped; the newest one stays, so that its number is never given again. */
PK_MUST_USE int pk_crowd_changes_trim(
        struct pk_store *store, int64_t before_ms, struct pk_error *err);

/* What was announced to be bad: the newest change of each thing. Next ones behind `after` (by kind, a, b;
 * NULL: from the first). items: struct pk_crowd_change_row. */
PK_MUST_USE int pk_crowd_bad_after(struct pk_store *store, const struct pk_crowd_thing *after,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* What was announced of it, when that is that it is bad. PK_ENOENT: it is not. */
PK_MUST_USE int pk_crowd_bad_get(struct pk_store *store, const struct pk_crowd_thing *thing,
        struct pk_arena *arena, struct pk_crowd_change_row *out, struct pk_error *err);
/* Is it announced as bad? */
PK_MUST_USE int pk_crowd_bad_has(struct pk_store *store, const struct pk_crowd_thing *thing,
        bool *out, struct pk_error *err);
/* Those of one kind with this a. items: struct pk_crowd_change_row. */
PK_MUST_USE int pk_crowd_bad_of(struct pk_store *store, int kind, int64_t a, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
