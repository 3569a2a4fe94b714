/* program.h - what picket-scan and picket-scan-yara have in common. */
#pragma once

#include <stdbool.h>

#include "scan/byte_rules.h"

/* False, said on standard error: somebody started it by hand. */
bool pk_scan_is_asked(int argc);
/* Prepares, closes the sandbox, serves until nobody asks any more. rules may be NULL. The result is the exit
 * status. */
int pk_scan_program(const struct pk_byte_rules *rules);
