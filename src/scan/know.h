/* know.h - what a scan on this machine judges by beyond the files' content: the indicators that came with
 * Picket, those that were imported here, and what the caller brings along. */
#pragma once

#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"

#define PK_SCAN_SETS_MAX 16UL /* files of --intel */

struct pk_scan_know_options {
    bool bare;                /* neither the built-in set nor the local one */
    const char *const *intel; /* set files besides, ends with NULL; NULL: none */
    const char *lists;        /* the organisation's lists and rules; NULL: none */
};

struct pk_scan_know;

/* Opens what there is. *err names the file. */
PK_MUST_USE int pk_scan_know_create(const struct pk_scan_know_options *options,
        struct pk_scan_know **out, struct pk_error *err);
void pk_scan_know_destroy(struct pk_scan_know *know); /* NULL is fine */

/* Draws the verdict again with what is known; of a file that lies here, so nothing is known of where it came
 * from. PK_ENOMEM. */
PK_MUST_USE int pk_scan_know_judge(
        const struct pk_scan_know *know, struct pk_app_report *report, struct pk_arena *arena);
