/* rules_file.h - a user's YARA rules, compiled once by picket-scan-yara for all processes of a pool. The asking side
 * links no YARA. */
#pragma once

#include "base/error.h"

/* paths: rule files, and folders with *.yar and *.yara; ends with NULL. program: picket-scan-yara. *fd is the
 * caller's. PK_EINVAL: they do not compile, *err has the compiler's words ("file:line: text"). */
PK_MUST_USE int pk_rules_file_make(
        const char *program, const char *const *paths, int *fd, struct pk_error *err);
