#include "agent/name_lists.h"

#include <stdlib.h>

#include "base/file.h"
#include "intel/filter.h"
#include "intel/places.h"

#define FILTER_MAX (64UL * 1024 * 1024)

struct pk_name_lists {
    struct pk_intel_set *own[PK_INTEL_SETS_MAX]; /* to be closed */
    const struct pk_intel_set *sets[PK_INTEL_SETS_MAX + 1];
    struct pk_intel_filter *filter;
};

static void take_sets(struct pk_name_lists *lists, const struct pk_intel_set *const *sets)
{
    for (size_t i = 0; i < PK_INTEL_SETS_MAX && sets != NULL && sets[i] != NULL; i++) {
        lists->sets[i] = sets[i];
    }
}

static void close_sets(struct pk_name_lists *lists)
{
    for (size_t i = 0; i < PK_INTEL_SETS_MAX; i++) {
        pk_intel_set_destroy(lists->own[i]);
        lists->own[i] = NULL;
    }
    memset(lists->sets, 0, sizeof(lists->sets));
}

static int load_sets(struct pk_name_lists *lists, const char *intel, struct pk_error *err)
{
    int rc = pk_intel_load_all(intel, lists->own, err);

    if (rc == PK_OK) {
        take_sets(lists, (const struct pk_intel_set *const *)lists->own);
    }
    return rc;
}

static bool open_kept(struct pk_name_lists *lists, const char *keep)
{
    struct pk_buffer bytes = pk_buffer_of(FILTER_MAX);
    bool opened = keep != NULL && pk_file_read(keep, &bytes, NULL) == PK_OK &&
            pk_intel_filter_open(pk_buffer_slice(&bytes), lists->sets, &lists->filter, NULL) ==
                    PK_OK;

    pk_buffer_finish(&bytes);
    return opened;
}

/* A filter that cannot be kept is built again at the next start. */
static void keep_filter(const struct pk_name_lists *lists, const char *keep)
{
    struct pk_buffer bytes = pk_buffer_of(FILTER_MAX);

    if (keep != NULL && pk_intel_filter_write(lists->filter, &bytes) == PK_OK) {
        (void)!pk_file_write(keep, pk_buffer_slice(&bytes), 0600, NULL);
    }
    pk_buffer_finish(&bytes);
}

static int fill(
        struct pk_name_lists *lists, const char *intel, const char *keep, struct pk_error *err)
{
    int rc = load_sets(lists, intel, err);

    if (rc < 0 || open_kept(lists, keep)) {
        return rc;
    }
    rc = pk_intel_filter_build(lists->sets, &lists->filter, err);
    if (rc < 0) {
        return rc;
    }
    keep_filter(lists, keep);
    close_sets(lists); /* mapped anew, the pages that building has read are nobody's load */
    return load_sets(lists, intel, err);
}

int pk_name_lists_open(
        const char *intel, const char *keep, struct pk_name_lists **out, struct pk_error *err)
{
    struct pk_name_lists *lists = calloc(1, sizeof(*lists));
    int rc = lists != NULL ? fill(lists, intel, keep, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc < 0) {
        pk_name_lists_close(lists);
        return rc;
    }
    *out = lists;
    return PK_OK;
}

int pk_name_lists_of(
        const struct pk_intel_set *const *sets, struct pk_name_lists **out, struct pk_error *err)
{
    struct pk_name_lists *lists = calloc(1, sizeof(*lists));
    int rc = PK_ENOMEM;

    if (lists != NULL) {
        take_sets(lists, sets);
        rc = pk_intel_filter_build(lists->sets, &lists->filter, err);
    }
    if (rc < 0) {
        pk_name_lists_close(lists);
        return pk_error_set(err, rc, "out of memory");
    }
    *out = lists;
    return PK_OK;
}

void pk_name_lists_close(struct pk_name_lists *lists)
{
    if (lists != NULL) {
        pk_intel_filter_destroy(lists->filter);
        close_sets(lists);
        free(lists);
    }
}

/* Somebody vouches for this very name, or for all below a domain that it lies in. */
static bool is_warned(const struct pk_name_lists *lists, const char *name)
{
    struct pk_intel_hit hit;

    for (size_t i = 0; lists->sets[i] != NULL; i++) {
        if (pk_intel_warned(lists->sets[i], PK_INTEL_DOMAIN, name, &hit)) {
            return true;
        }
    }
    return false;
}

bool pk_name_lists_find(
        const struct pk_name_lists *lists, const char *name, struct pk_intel_hit *out)
{
    struct pk_intel_hit hit;
    bool found;

    if (!pk_intel_filter_maybe(lists->filter, name)) {
        return false;
    }
    found = pk_intel_find_in(lists->sets, PK_INTEL_DOMAIN, name, &hit, NULL) ||
            pk_intel_find_in(lists->sets, PK_INTEL_URL, name, &hit, NULL);
    if (!found || hit.marked != NULL || hit.weight < PK_APP_WEIGHT_SUSPICIOUS ||
            is_warned(lists, name)) {
        return false;
    }
    *out = hit;
    return true;
}

size_t pk_name_lists_count(const struct pk_name_lists *lists)
{
    return pk_intel_filter_count(lists->filter);
}

size_t pk_name_lists_filter_size(const struct pk_name_lists *lists)
{
    return pk_intel_filter_size(lists->filter);
}
