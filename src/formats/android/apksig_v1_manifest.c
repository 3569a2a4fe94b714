/* META-INF/MANIFEST.MF: which entries have a section. */
#include <stdio.h>

#include "formats/android/apksig_v1_internal.h"
#include "formats/android/jar_manifest.h"

/* Names without entry, to tell those that stand there twice: each one was said, so there are only as
 * many as a report holds. */
struct missing {
    struct pk_slice names[PK_APKSIG_ISSUES_MAX];
    size_t count;
};

/* True when the name was missed before. */
static bool miss(struct pk_v1 *v, struct missing *missing, struct pk_slice name)
{
    char *copy;

    for (size_t i = 0; i < missing->count; i++) {
        if (pk_slice_eq(missing->names[i], name)) {
            return true;
        }
    }
    if (missing->count < PK_COUNT(missing->names)) {
        copy = pk_arena_strndup(v->ctx->arena, (const char *)name.ptr, name.len);
        if (copy == NULL) {
            v->ctx->rc = PK_ENOMEM;
            return false;
        }
        missing->names[missing->count++] = pk_slice_of(copy, name.len);
    }
    return false;
}

static void index_section(
        struct pk_v1 *v, struct missing *missing, struct pk_slice section, size_t number)
{
    const struct pk_zip_entry *entry;
    struct pk_v1_section *at;
    struct pk_slice name;
    char text[48];
    int rc = pk_jar_section_name(section, &v->joined, &name);

    if (rc == PK_ENOMEM) {
        v->ctx->rc = rc;
        return;
    }
    if (rc < 0) {
        (void)snprintf(text, sizeof(text), "section %zu", number);
        pk_v1_error(v, PK_ISSUE_JAR_SIG_UNNNAMED_MANIFEST_SECTION, (struct pk_slice){ 0 }, text);
        return;
    }
    entry = pk_zip_find_name(v->zip, name);
    /* apksig leaves folders out of the archive's entries. */
    if (entry == NULL || (name.len > 0 && name.ptr[name.len - 1] == '/')) {
        pk_v1_error(v,
                miss(v, missing, name) ? PK_ISSUE_JAR_SIG_DUPLICATE_MANIFEST_SECTION
                                       : PK_ISSUE_JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST,
                name, "");
        return;
    }
    at = &v->sections[entry - v->zip->entries];
    if (at->size > 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_DUPLICATE_MANIFEST_SECTION, name, "");
    }
    *at = (struct pk_v1_section){ .start = (uint32_t)(section.ptr - v->manifest.bytes.ptr),
        .size = (uint32_t)section.len };
}

void pk_v1_index_manifest(struct pk_v1 *v)
{
    struct pk_jar_lines lines = pk_jar_lines_of(v->manifest.bytes);
    struct missing missing = { .count = 0 };
    struct pk_slice section;

    v->manifest_digests.of = v->manifest.bytes;
    if (pk_jar_next_section(&lines, &section)) {
        v->main_digests.of = section;
    }
    for (size_t number = 1; pk_v1_goes_on(v) && pk_jar_next_section(&lines, &section); number++) {
        index_section(v, &missing, section, number);
        if (v->errors >= PK_APKSIG_ISSUES_MAX) {
            return; /* nobody will hear of more */
        }
    }
}
