/* diff.h - what changed between two texts, line by line. Pure. */
#pragma once

#include "base/buffer.h"

#define PK_DIFF_LINES_MAX 4000 /* of one text; larger ones are shown as wholly changed */

/* Appends the lines of both texts, each with ' ' (both), '-' (before) or '+' (after) in front and a line feed
 * behind; unchanged runs longer than 2 * context lines are cut to "@ N" with N the line number in after where
 * it goes on. Counts may be NULL. PK_ENOMEM. */
PK_MUST_USE int pk_diff_lines(const char *before, const char *after, int context,
        struct pk_buffer *out, int64_t *added, int64_t *removed);
