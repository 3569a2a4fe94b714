#include "cli/intel_walk.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int keep(struct pk_intel_walk *walk, const char *path, struct pk_error *err)
{
    if (walk->count == PK_INTEL_FILES_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %lu files", PK_INTEL_FILES_MAX);
    }
    if (walk->count == walk->cap) {
        size_t cap = walk->cap == 0 ? 64 : walk->cap * 2;
        char **paths = reallocarray(walk->paths, cap, sizeof(*paths));

        if (paths == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        walk->paths = paths;
        walk->cap = cap;
    }
    walk->paths[walk->count] = strdup(path);
    return walk->paths[walk->count++] != NULL ? PK_OK
                                              : pk_error_set(err, PK_ENOMEM, "out of memory");
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int add_at(struct pk_intel_walk *walk, const char *path, int depth, struct pk_error *err);

/* NOLINTNEXTLINE(misc-no-recursion): PK_INTEL_DEPTH_MAX levels */
static int add_folder(struct pk_intel_walk *walk, const char *path, int depth, struct pk_error *err)
{
    struct dirent **entries = NULL;
    int count;
    int rc = PK_OK;

    if (depth == PK_INTEL_DEPTH_MAX) {
        return pk_error_set(err, PK_ELIMIT, "'%s': folders too deep within each other", path);
    }
    count = scandir(path, &entries, visible, alphasort);
    if (count < 0) {
        return pk_error_set(err, -errno, "cannot read '%s': %s", path, pk_code_text(-errno));
    }
    for (int i = 0; i < count; i++) {
        char below[PATH_MAX];
        struct stat st;

        if (rc == PK_OK &&
                snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name) <
                        (int)sizeof(below) &&
                lstat(below, &st) == 0 &&
                !(S_ISLNK(st.st_mode) && stat(below, &st) == 0 && S_ISDIR(st.st_mode))) {
            rc = add_at(walk, below, depth + 1, err);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return rc;
}

/* NOLINTNEXTLINE(misc-no-recursion): PK_INTEL_DEPTH_MAX levels */
static int add_at(struct pk_intel_walk *walk, const char *path, int depth, struct pk_error *err)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return pk_error_set(err, -errno, "cannot read '%s': %s", path, pk_code_text(-errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return add_folder(walk, path, depth, err);
    }
    if (!S_ISREG(st.st_mode)) {
        return depth > 0 ? PK_OK : pk_error_set(err, PK_EINVAL, "'%s' is no file", path);
    }
    return keep(walk, path, err);
}

int pk_intel_walk_add(struct pk_intel_walk *walk, const char *path, struct pk_error *err)
{
    return add_at(walk, path, 0, err);
}

void pk_intel_walk_finish(struct pk_intel_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        free(walk->paths[i]);
    }
    free((void *)walk->paths);
    *walk = (struct pk_intel_walk){ 0 };
}
