/* roles.h - the roles that can be given to somebody: all but none. */
#pragma once

#include "store/store.h"

extern const char *const pk_role_choices[]; /* NULL-terminated, for schema rows */

/* The role of an index into pk_role_choices. */
enum pk_role pk_role_chosen(int choice);
