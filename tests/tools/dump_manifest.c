/* Prints what the manifest reader sees, one fact a line, for comparisons with other readers:
 *
 *   dump_manifest xmltree FILE.xml...    elements, attributes, namespaces, root, package, findings
 *   dump_manifest badging FILE...        facts of an APK's (or a bare) manifest, apksig's levels
 *
 * Each file begins with "file PATH"; one that cannot be read has a line "error SENTENCE". */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "formats/android/arsc.h"
#include "formats/android/axml.h"
#include "formats/android/manifest.h"
#include "formats/limits.h"
#include "formats/zip.h"

static void print_findings(const struct pk_anomalies *list)
{
    for (size_t i = 0; i < list->count; i++) {
        (void)printf("finding %s %zu %s\n", pk_anomaly_kind(list->items[i].id)->id,
                list->items[i].count, list->items[i].evidence);
    }
}

static int dump_tree(struct pk_slice xml, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_anomalies anomalies;
    struct pk_axml doc;
    size_t attributes = 0;
    size_t namespaces = 0;
    int event;
    int rc = pk_anomalies_init(&anomalies, arena);

    if (rc == PK_OK) {
        rc = pk_axml_open(xml, arena, &anomalies, &doc, err);
    }
    if (rc < 0) {
        return rc;
    }
    while ((event = pk_axml_next(&doc)) > PK_AXML_END) {
        struct pk_axml_attribute package;

        if (event == PK_AXML_START_NAMESPACE) {
            namespaces++;
        } else if (event == PK_AXML_START_ELEMENT) {
            attributes += doc.attribute_count;
            if (doc.elements == 1) {
                (void)printf("root %s\n", pk_axml_text(&doc, doc.name));
                if (pk_axml_find_name(&doc, NULL, "package", &package)) {
                    (void)printf("package %s\n", pk_axml_text(&doc, package.data));
                }
            }
        }
    }
    (void)printf("elements %zu\nattributes %zu\nnamespaces %zu\ndepth %zu\n", doc.elements,
            attributes, namespaces, doc.depth);
    print_findings(&anomalies);
    return event < 0 ? event : PK_OK;
}

static void print_list(const char *key, const struct pk_strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        (void)printf("%s %s\n", key, list->items[i]);
    }
}

static void print_component(const struct pk_component *c)
{
    static const char *const kinds[] = { "activity", "service", "receiver", "provider" };
    const struct pk_intent_filter *filters = c->filters.items;

    (void)printf("component %s %s exported=%d enabled=%d", kinds[c->kind], c->name,
            (int)c->exported, c->enabled);
    (void)printf(" permission=%s target=%s authorities=%s\n",
            c->permission != NULL ? c->permission : "-", c->target != NULL ? c->target : "-",
            c->authorities != NULL ? c->authorities : "-");
    for (size_t i = 0; i < c->filters.count; i++) {
        print_list("  action", &filters[i].actions);
        print_list("  category", &filters[i].categories);
        print_list("  scheme", &filters[i].schemes);
        print_list("  host", &filters[i].hosts);
    }
}

static void print_manifest(const struct pk_manifest *m)
{
    const struct pk_component *components = m->components.items;
    const struct pk_metadata_item *metadata = m->metadata.items;

    (void)printf("package %s\nversion_code %lld\nversion_name %s\n", m->package,
            (long long)m->version_code, m->version_name);
    (void)printf("split %s\n", m->split != NULL ? m->split : "");
    (void)printf("min_sdk %lld %s\n", (long long)m->min_sdk,
            m->min_sdk_codename != NULL ? m->min_sdk_codename : "");
    (void)printf("target_sdk %lld %s\n", (long long)m->target_sdk,
            m->target_sdk_codename != NULL ? m->target_sdk_codename : "");
    (void)printf("label %s\nicon %s\n", m->label, m->icon);
    (void)printf("debuggable %d\ntest_only %d\n", m->debuggable, m->test_only);
    (void)printf("launchable %s\n", m->launchable);
    print_list("launcher", &m->launchers);
    print_list("permission", &m->permissions);
    print_list("implied", &m->implied_permissions);
    print_list("defines", &m->defined_permissions);
    print_list("feature", &m->features);
    print_list("library", &m->libraries);
    for (size_t i = 0; i < m->components.count; i++) {
        print_component(&components[i]);
    }
    for (size_t i = 0; i < m->metadata.count; i++) {
        (void)printf("metadata %s=%s\n", metadata[i].name, metadata[i].value);
    }
}

static void print_apksig(struct pk_slice xml, struct pk_arena *arena)
{
    static const struct {
        const char *name;
        int (*get)(struct pk_slice, struct pk_arena *, int *, struct pk_error *);
    } rows[] = {
        { "apksig_min", pk_manifest_apksig_min_sdk },
        { "apksig_target", pk_manifest_apksig_target_sdk },
        { "apksig_sandbox", pk_manifest_apksig_sandbox },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_error err = { 0 };
        int value;

        if (rows[i].get(xml, arena, &value, &err) < 0) {
            (void)printf("%s error %s\n", rows[i].name, err.text);
        } else {
            (void)printf("%s %d\n", rows[i].name, value);
        }
    }
}

static int read_entry(
        struct pk_zip *zip, const char *name, struct pk_zip_bytes *out, struct pk_error *err)
{
    const struct pk_zip_entry *entry = pk_zip_find(zip, name);

    return entry == NULL ? pk_error_set(err, PK_ENOENT, "no %s", name)
                         : pk_zip_read(zip, entry, out, err);
}

static int dump_badging(struct pk_slice file, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_zip_bytes xml = { .bytes = file };
    struct pk_zip_bytes table = { .owned = NULL };
    struct pk_arsc *arsc = NULL;
    struct pk_anomalies anomalies;
    struct pk_manifest m;
    struct pk_zip zip;
    int rc = pk_anomalies_init(&anomalies, arena);

    if (rc == PK_OK && pk_zip_open(file, arena, NULL, &zip, err) == PK_OK) {
        rc = read_entry(&zip, "AndroidManifest.xml", &xml, err);
        if (read_entry(&zip, "resources.arsc", &table, err) == PK_OK &&
                pk_arsc_open(table.bytes, arena, &anomalies, &arsc, err) == PK_OK) {
            (void)printf("arsc_types %zu\narsc_strings %zu\n", pk_arsc_type_count(arsc),
                    pk_arsc_string_count(arsc));
        }
    }
    if (rc == PK_OK) {
        print_apksig(xml.bytes, arena);
        rc = pk_manifest_parse(xml.bytes, arsc, arena, &anomalies, &m, err);
        if (rc == PK_OK) {
            print_manifest(&m);
        }
    }
    print_findings(&anomalies);
    pk_zip_release(&xml);
    pk_zip_release(&table);
    return rc;
}

int main(int argc, char **argv)
{
    bool tree = argc > 2 && strcmp(argv[1], "xmltree") == 0;

    if (argc < 3 || (!tree && strcmp(argv[1], "badging") != 0)) {
        (void)fputs("usage: dump_manifest xmltree|badging FILE...\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        struct pk_buffer bytes = pk_buffer_of(PK_ZIP_ENTRY_MAX);
        struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
        struct pk_error err = { 0 };
        int rc = pk_file_read(argv[i], &bytes, &err);

        (void)printf("file %s\n", argv[i]);
        if (rc == PK_OK && arena != NULL) {
            rc = (tree ? dump_tree : dump_badging)(pk_buffer_slice(&bytes), arena, &err);
        }
        if (rc < 0) {
            (void)printf("error %s\n", err.text);
        }
        pk_arena_destroy(arena);
        pk_buffer_finish(&bytes);
    }
    return 0;
}
