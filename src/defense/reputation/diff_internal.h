/* diff_internal.h - a comparison under way. Only the diff*.c files include it. */
#pragma once

#include "defense/reputation/diff.h"

struct pk_diff {
    const struct pk_app_report *before;
    const struct pk_app_report *after;
    struct pk_arena *arena;
    struct pk_app_change *items;
    size_t count;
    int64_t left_out;
    int rc; /* sticky */
};

/* A copy of a value; NULL stays NULL. */
const char *pk_diff_keep(struct pk_diff *d, const char *text);
const char *pk_diff_print(struct pk_diff *d, const char *format, ...) PK_PRINTF(2, 3);
/* Adds a change whose texts live long enough. */
void pk_diff_add(struct pk_diff *d, const struct pk_app_change *change);

/* Something new or gone of a kind, with the rule for what is worse. */
struct pk_diff_list {
    const char *what;
    const char *text_new;                                      /* "Asks for %s" */
    const char *text_gone;                                     /* "No longer asks for %s" */
    bool (*worse)(const struct pk_diff *d, const char *value); /* of what is new; NULL: never */
};
void pk_diff_lists(struct pk_diff *d, const struct pk_diff_list *list,
        const struct pk_strings *before, const struct pk_strings *after);

/* From one state to another. */
void pk_diff_state(struct pk_diff *d, const char *what, const char *text, const char *before,
        const char *after, bool worse);

void pk_diff_identity(
        struct pk_diff *d); /* diff_identity.c: maker, version, standards of building */
void pk_diff_content(struct pk_diff *d); /* diff_content.c: rights, code, hosts, findings */
