/* probe_posture.h - the state of the device itself, read from the files of a Linux system. What
 * cannot be known is left unknown. Blocking (it reads files only); any thread. */
#pragma once

#include "model/observation.h"

/* root: where the system's files begin, "" for this one (tests pass a folder). NULL when memory is
 * short. */
struct pk_obs_posture *pk_probe_posture(const char *root, struct pk_arena *arena);
