/* todo.h - what an administrator should do next, most urgent first: sentences with a number and the
 * console page where it is done. Pure. */
#pragma once

#include "store/store.h"

/* [{"text","link"}], link beginning with "/"; targets: struct pk_target_state. siem_count: receivers
 * in the settings. The caller owns it. */
json_t *pk_todo(
        const struct pk_overview *overview, const struct pk_array *targets, size_t siem_count);
