#include "model/mistake.h"

#include <stddef.h>

const char *const pk_mistake_scope_names[] = { "all", "group", "device", NULL };
