#include "crowd/opinion.h"

const char *const pk_crowd_kind_names[] = { "point", "site", "mast", "app", "signer", NULL };
