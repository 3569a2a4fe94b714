/* intel_walk.h - the files below folders, in the order of their names. */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct pk_intel_walk {
    char **paths;
    size_t count;
    size_t cap;
};

#define PK_INTEL_FILES_MAX 100000UL
#define PK_INTEL_DEPTH_MAX 16

/* Adds a file, or what is below a folder: hidden names and links to folders are left out. */
PK_MUST_USE int pk_intel_walk_add(
        struct pk_intel_walk *walk, const char *path, struct pk_error *err);
void pk_intel_walk_finish(struct pk_intel_walk *walk);
