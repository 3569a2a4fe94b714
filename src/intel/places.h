/* places.h - where the sets of this machine lie. */
#pragma once

#include <linux/limits.h>

#include "intel/set.h"

/* The set that `picket intel import` writes: $PICKET_INTEL; for root /var/lib/picket/intel.set; else
 * $XDG_DATA_HOME/picket/intel.set or ~/.local/share/picket/intel.set. Returns out; "" when no place is known. */
char *pk_intel_local_path(char out[PATH_MAX]);
/* The set that was built with the program: beside a build folder's bin, else where it was installed. $PICKET_INTEL_BUILTIN replaces it
 * (empty: none). "" when there is none. */
char *pk_intel_builtin_path(char out[PATH_MAX]);

#define PK_INTEL_SETS_MAX 3

/* Opens what there is: local set first, then the built-in one. sets ends with NULL, as pk_app_knowledge wants it. A set that cannot be read
 * is an error; one that is absent is not. path (NULL: the usual place) replaces the local one. End each with pk_intel_set_destroy(). */
PK_MUST_USE int pk_intel_load_all(
        const char *path, struct pk_intel_set *sets[PK_INTEL_SETS_MAX], struct pk_error *err);
