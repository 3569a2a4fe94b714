/* Taking over another set's content. */
#include <stdlib.h>
#include <string.h>

#include "intel/builder_internal.h"
#include "intel/set_internal.h"

static bool knows(const struct pk_intel_builder *b, const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pk_build_text(b, b->sources[i].name), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Numbers of the set's sources in the builder; UINT32_MAX: left out. missing: those that it has are. */
static int map_sources(struct pk_intel_builder *b, const struct pk_intel_set *set, const char *but,
        bool missing, unsigned *numbers)
{
    struct pk_intel_source source;
    size_t known = b->source_count;

    for (size_t i = 0; pk_intel_source_at(set, i, &source); i++) {
        int rc;

        numbers[i] = UINT32_MAX;
        if ((but != NULL && strcmp(source.name, but) == 0) ||
                (missing && knows(b, source.name, known)) ||
                source.indicators + source.warnings + source.signers + source.apps == 0) {
            continue;
        }
        rc = pk_intel_builder_source(
                b, source.name, source.reference, source.licence, source.date, &numbers[i]);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static enum pk_intel_class class_of(uint8_t flags)
{
    if ((flags & PK_ROW_WARN) == 0) {
        return PK_INTEL_INDICATOR;
    }
    if ((flags & PK_ROW_SHARED) != 0) {
        return PK_INTEL_WARN_SHARED;
    }
    return (flags & PK_ROW_BELOW) != 0 ? PK_INTEL_WARN_BELOW : PK_INTEL_WARN;
}

static int add_rows(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const unsigned *numbers)
{
    for (size_t i = 0; i < set->count[PK_SEC_ROWS]; i++) {
        const uint8_t *p = pk_set_row(set, i);
        size_t source = pk_get16(p + PK_ROW_SOURCE);
        struct pk_intel_entry entry = {
            .kind = p[PK_ROW_KIND],
            .class_ = class_of(p[PK_ROW_FLAGS]),
            .value = pk_set_string(set, pk_get32(p + PK_ROW_VALUE)),
            .family = pk_set_text(set, pk_get32(p + PK_ROW_FAMILY)),
            .reference = pk_set_text(set, pk_get32(p + PK_ROW_REFERENCE)),
            .date = pk_set_text(set, pk_get32(p + PK_ROW_DATE)),
            .category = p[PK_ROW_CATEGORY],
            .weight = p[PK_ROW_WEIGHT],
        };
        int rc;

        if (source >= set->count[PK_SEC_SOURCES] || numbers[source] == UINT32_MAX) {
            continue;
        }
        entry.source = numbers[source];
        rc = pk_intel_builder_add(b, &entry);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int add_signers(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const unsigned *numbers)
{
    struct pk_intel_signer signer;

    for (size_t i = 0; pk_intel_signer_at(set, i, &signer); i++) {
        size_t source = pk_get16(set->section[PK_SEC_SIGNERS].ptr + i * PK_SIGNER_SIZE + 8);
        int rc;

        if (source >= set->count[PK_SEC_SOURCES] || numbers[source] == UINT32_MAX) {
            continue;
        }
        rc = pk_intel_builder_add_signer(b, signer.package, signer.cert, numbers[source]);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int add_apps(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const unsigned *numbers)
{
    struct pk_intel_app app;

    for (size_t i = 0; pk_intel_app_at(set, i, &app); i++) {
        size_t source = pk_get16(set->section[PK_SEC_APPS].ptr + i * PK_APP_SIZE + 12);
        int rc;

        if (source >= set->count[PK_SEC_SOURCES] || numbers[source] == UINT32_MAX) {
            continue;
        }
        rc = pk_intel_builder_add_app(b, &app);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int merge(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const char *but, bool missing)
{
    unsigned *numbers = calloc(set->count[PK_SEC_SOURCES] + 1, sizeof(*numbers));
    int rc;

    if (numbers == NULL) {
        return PK_ENOMEM;
    }
    rc = map_sources(b, set, but, missing, numbers);
    rc = rc < 0 ? rc : add_rows(b, set, numbers);
    rc = rc < 0 ? rc : add_signers(b, set, numbers);
    rc = rc < 0 ? rc : add_apps(b, set, numbers);
    free(numbers);
    return rc;
}

int pk_intel_builder_add_set(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const char *but)
{
    return merge(b, set, but, false);
}

int pk_intel_builder_add_missing(struct pk_intel_builder *b, const struct pk_intel_set *set)
{
    return merge(b, set, NULL, true);
}
