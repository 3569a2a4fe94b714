/* roles.h - the roles that can be given to somebody: all but none. */
#pragma once

#include "base/schema.h"
#include "store/store.h"

struct pk_call;

extern const char *const pk_role_choices[]; /* NULL-terminated, for schema rows; "admin" is another
                                              * name of "owner" */

/* The role of an index into pk_role_choices. */
enum pk_role pk_role_chosen(int choice);

/* May the caller give this role (an index into pk_role_choices) for these groups to somebody? PK_EACCES: it is more
 * than they have themselves; PK_EINVAL, with the path: no such groups can be. */
PK_MUST_USE int pk_role_grant(
        struct pk_call *call, int choice, const struct pk_strings *groups, struct pk_error *err);
