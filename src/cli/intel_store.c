/* The local set as a file: found, locked, replaced. */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/intel.h"
#include "intel/builder.h"

int pk_intel_cli_path(const struct pk_intel_cli *cli, char out[PATH_MAX], struct pk_error *err)
{
    if (cli->set != NULL) {
        if (snprintf(out, PATH_MAX, "%s", cli->set) >= PATH_MAX) {
            return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", cli->set);
        }
        return PK_OK;
    }
    if (pk_intel_local_path(out)[0] == '\0') {
        return pk_error_set(err, PK_ENOENT, "no place for the set: give --set FILE");
    }
    return PK_OK;
}

/* Writers that were killed leave "intel.set.XXXXXX" behind. Whoever holds the lock is the only writer. */
static void sweep(const char *path)
{
    char folder[PATH_MAX];
    char name[PATH_MAX];
    char pattern[NAME_MAX + 16];
    const char *base;
    DIR *dir;
    struct dirent *entry;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    (void)snprintf(name, sizeof(name), "%s", path);
    /* NOLINTBEGIN(concurrency-mt-unsafe): glibc's work in the copies alone; one thread */
    base = basename(name);
    dir = opendir(dirname(folder));
    if (dir == NULL || strpbrk(base, "*?[\\") != NULL ||
            snprintf(pattern, sizeof(pattern), "%s.??????", base) >= (int)sizeof(pattern)) {
        if (dir != NULL) {
            (void)closedir(dir);
        }
        return;
    }
    for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (fnmatch(pattern, entry->d_name, 0) == 0) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    /* NOLINTEND(concurrency-mt-unsafe) */
    (void)closedir(dir);
}

int pk_intel_change_begin(
        const struct pk_intel_cli *cli, struct pk_intel_change *change, struct pk_error *err)
{
    char name[PATH_MAX + 8];
    char folder[PATH_MAX];
    int rc;

    *change = (struct pk_intel_change){ .lock = -1 };
    rc = pk_intel_cli_path(cli, change->path, err);
    if (rc < 0) {
        return rc;
    }
    (void)snprintf(folder, sizeof(folder), "%s", change->path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's dirname() works in the copy alone */
    rc = pk_file_mkdirs(dirname(folder), 0755, err);
    if (rc < 0) {
        return rc;
    }
    (void)snprintf(name, sizeof(name), "%s.lock", change->path);
    change->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (change->lock < 0 || flock(change->lock, LOCK_EX) != 0) {
        rc = pk_error_set(err, -errno, "cannot lock '%s': %s", name, pk_code_text(-errno));
        pk_intel_change_end(change);
        return rc;
    }
    sweep(change->path);
    rc = pk_intel_set_load(change->path, &change->old, err);
    if (rc == PK_OK) {
        rc = pk_intel_set_check(change->old, err);
    } else if (rc == PK_ENOENT) {
        rc = PK_OK;
    }
    if (rc < 0) {
        pk_error_prefix(err, "'%s': ", change->path);
        pk_intel_change_end(change);
    }
    return rc;
}

int pk_intel_change_commit(struct pk_intel_change *change, struct pk_intel_builder *b,
        struct pk_intel_set **made, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_INTEL_SET_MAX);
    int rc = pk_intel_builder_finish(b, pk_clock_ms(), &bytes, err);

    if (rc == PK_OK) {
        rc = pk_file_write(change->path, pk_buffer_slice(&bytes), 0644, err);
    }
    pk_buffer_finish(&bytes);
    if (rc == PK_OK && made != NULL) {
        rc = pk_intel_set_load(change->path, made, err);
    }
    return rc;
}

void pk_intel_change_end(struct pk_intel_change *change)
{
    pk_intel_set_destroy(change->old);
    change->old = NULL;
    if (change->lock >= 0) {
        (void)close(change->lock); /* and the lock with it */
        change->lock = -1;
    }
}

int pk_intel_cli_sets(const struct pk_intel_cli *cli, struct pk_intel_set *sets[PK_INTEL_SETS_MAX],
        struct pk_error *err)
{
    return pk_intel_load_all(cli->set, sets, err);
}

void pk_intel_cli_close(struct pk_intel_set *sets[PK_INTEL_SETS_MAX])
{
    for (size_t i = 0; i < PK_INTEL_SETS_MAX; i++) {
        pk_intel_set_destroy(sets[i]);
        sets[i] = NULL;
    }
}
