#include "intel/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NOLINTBEGIN(concurrency-mt-unsafe): programs ask once, before any thread */
static const char *raw_variable(const char *name)
{
    return getenv(name);
}
/* NOLINTEND(concurrency-mt-unsafe) */

static const char *variable(const char *name)
{
    const char *value = raw_variable(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

char *pk_intel_local_path(char out[PATH_MAX])
{
    const char *given = variable("PICKET_INTEL");
    const char *data = variable("XDG_DATA_HOME");
    const char *home = variable("HOME");
    int n = -1;

    if (given != NULL) {
        n = snprintf(out, PATH_MAX, "%s", given);
    } else if (geteuid() == 0) {
        n = snprintf(out, PATH_MAX, "/var/lib/picket/intel.set");
    } else if (data != NULL) {
        n = snprintf(out, PATH_MAX, "%s/picket/intel.set", data);
    } else if (home != NULL) {
        n = snprintf(out, PATH_MAX, "%s/.local/share/picket/intel.set", home);
    }
    if (n < 0 || n >= PATH_MAX) {
        out[0] = '\0';
    }
    return out;
}

char *pk_intel_builtin_path(char out[PATH_MAX])
{
    /* From the folder of the program: a build folder, an installed bin, an installed libexec/picket. */
    static const char *const beside[] = { "../data/intel/builtin.set",
        "../share/picket/intel/builtin.set", "../../share/picket/intel/builtin.set" };
    const char *given = raw_variable("PICKET_INTEL_BUILTIN");
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (given != NULL) {
        (void)snprintf(out, PATH_MAX, "%s", strlen(given) < PATH_MAX ? given : "");
        return out;
    }
    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < PK_COUNT(beside); i++) {
        slash[1] = '\0';
        if (snprintf(out, PATH_MAX, "%s%s", self, beside[i]) < PATH_MAX && access(out, R_OK) == 0) {
            return out;
        }
    }
    (void)snprintf(out, PATH_MAX, "%s", PK_INTEL_INSTALLED);
    if (access(out, R_OK) != 0) {
        out[0] = '\0';
    }
    return out;
}

int pk_intel_load_all(
        const char *path, struct pk_intel_set *sets[PK_INTEL_SETS_MAX], struct pk_error *err)
{
    char local[PATH_MAX];
    char builtin[PATH_MAX];
    const char *paths[] = { path != NULL ? path : pk_intel_local_path(local),
        pk_intel_builtin_path(builtin) };
    size_t count = 0;

    memset(sets, 0, PK_INTEL_SETS_MAX * sizeof(struct pk_intel_set *));
    for (size_t i = 0; i < PK_COUNT(paths); i++) {
        int rc = paths[i][0] != '\0' ? pk_intel_set_load(paths[i], &sets[count], err) : PK_ENOENT;

        /* A home that is somebody else's (su, setpriv): there is no place of one's own. */
        if (rc == PK_EACCES && path == NULL && access(paths[i], F_OK) != 0) {
            rc = PK_ENOENT;
        }
        if (rc == PK_OK) {
            count++;
        } else if (rc != PK_ENOENT || (i == 0 && path != NULL)) {
            while (count > 0) {
                pk_intel_set_destroy(sets[--count]);
                sets[count] = NULL;
            }
            return rc;
        }
    }
    return PK_OK;
}
