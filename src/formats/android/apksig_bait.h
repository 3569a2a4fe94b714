/* apksig_bait.h - certificates that no platform looks at, put there for tools that do. Only apksig*.c files
 * include this. */
#pragma once

#include "formats/android/apksig_run.h"

/* META-INF/NAME.RSA and the like: where a JAR signature stands. */
bool pk_apksig_is_signature_file(struct pk_slice name);

/* Says bait. looked_at: enum pk_apksig_scheme bits of the blocks and files that some platform of the range
 * looks at. */
void pk_apksig_bait_judge(struct pk_apksig_run *run, unsigned looked_at);
