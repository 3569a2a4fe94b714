/* name_lists.h - the lists that names are held against: the sets of indicators behind their compact filter.
 * Reading is safe from any thread; opening may take a while (tens of ms when the filter must be built). */
#pragma once

#include "intel/set.h"

struct pk_name_lists;

/* intel: a set in place of the usual one, NULL; keep: file for the filter, NULL. Without any set the lists
 * are empty. A set that cannot be read is an error. */
PK_MUST_USE int pk_name_lists_open(
        const char *intel, const char *keep, struct pk_name_lists **out, struct pk_error *err);
void pk_name_lists_close(struct pk_name_lists *lists); /* NULL is fine */

/* Lists over sets of the caller's, which stay his (NULL ends them). For tests and replay. */
PK_MUST_USE int pk_name_lists_of(
        const struct pk_intel_set *const *sets, struct pk_name_lists **out, struct pk_error *err);

/* Is a name (lower case, no last dot) or a domain above it listed as harmful, and on no list of what raises
 * false alarms? A page of a host (URL with a path) says nothing about the host. */
bool pk_name_lists_find(
        const struct pk_name_lists *lists, const char *name, struct pk_intel_hit *out);

size_t pk_name_lists_count(const struct pk_name_lists *lists);       /* names */
size_t pk_name_lists_filter_size(const struct pk_name_lists *lists); /* bytes */
