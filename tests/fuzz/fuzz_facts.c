/* The facts about an app. An archive is judged as an APK: manifest, table, code, libraries, files. Of other bytes the
 * first says which part sees the rest. Whatever comes, the report can be read by who asked. The corpus is made by
 * tests/tools/facts_corpus.py. */
#include <stdint.h>
#include <stdlib.h>

#include "defense/malware/facts.h"
#include "defense/malware/facts_version.h"
#include "formats/android/arsc.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct pk_app_report *report, struct pk_arena *arena)
{
    struct pk_app_report taken;
    struct pk_error err = { 0 };
    json_t *json;

    report->sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    report->verdict = PK_VERDICT_CLEAN;
    json = pk_app_report_json(report);
    if (json == NULL || pk_schema_decode(&pk_app_report_schema, json, arena, &taken, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", err.path, err.text);
        abort();
    }
    json_decref(json);
}

static void judge(struct pk_app_subject *app)
{
    struct pk_app_opinion opinion = { 0 };

    if (pk_app_facts(app, &opinion) == PK_OK) {
        app->report->findings = (struct pk_array){ opinion.items, opinion.count };
        check(app->report, app->arena);
    }
}

static void note_libraries(struct pk_app_subject *app)
{
    for (size_t i = 0; i < app->zip->count && i < 64; i++) {
        const struct pk_zip_entry *entry = &app->zip->entries[i];
        struct pk_zip_bytes bytes = { 0 };

        if (entry->name.len > 4 && memcmp(entry->name.ptr, "lib/", 4) == 0 &&
                pk_zip_read(app->zip, entry, &bytes, NULL) == PK_OK) {
            pk_app_notes_library(app->notes, "lib/a.so", bytes.bytes);
            pk_zip_release(&bytes);
        }
    }
}

static void judge_apk(struct pk_slice file, struct pk_arena *arena)
{
    struct pk_app_report report = { .kind = PK_APP_APK };
    struct pk_app_subject app = {
        .file = file, .kind = PK_APP_APK, .report = &report, .work = arena, .arena = arena
    };
    struct pk_zip_bytes table = { 0 };
    struct pk_zip_bytes xml = { 0 };
    struct pk_zip_bytes code = { 0 };
    const struct pk_zip_entry *entry;
    struct pk_manifest manifest;
    struct pk_arsc *arsc = NULL;
    struct pk_zip zip;
    struct pk_dex dex;
    size_t offset = 0;

    if (pk_zip_open(file, arena, NULL, &zip, NULL) < 0) {
        return;
    }
    app.zip = &zip;
    entry = pk_zip_find(&zip, "resources.arsc");
    if (entry != NULL && pk_zip_read(&zip, entry, &table, NULL) == PK_OK &&
            pk_arsc_open(table.bytes, arena, NULL, &arsc, NULL) == PK_OK) {
        app.resources = arsc;
        app.table = table.bytes;
    }
    entry = pk_zip_find(&zip, "AndroidManifest.xml");
    if (entry != NULL && pk_zip_read(&zip, entry, &xml, NULL) == PK_OK &&
            pk_manifest_parse(xml.bytes, arsc, arena, NULL, &manifest, NULL) == PK_OK) {
        app.manifest = &manifest;
    }
    entry = pk_zip_find(&zip, "classes.dex");
    if (entry != NULL && pk_zip_read(&zip, entry, &code, NULL) == PK_OK &&
            pk_dex_open(code.bytes, &offset, "classes.dex", NULL, &dex, NULL) == PK_OK) {
        app.dex = &dex;
        app.dex_count = 1;
    }
    app.notes = pk_app_notes_create(arena);
    note_libraries(&app);
    judge(&app);
    pk_zip_release(&table);
    pk_zip_release(&xml);
    pk_zip_release(&code);
}

static void judge_dex(struct pk_slice file, struct pk_arena *arena)
{
    static const struct pk_component component = { .name = "com.a.B", .enabled = true };
    struct pk_manifest manifest = { .package = "com.a",
        .version_name = "",
        .label = "",
        .icon = "",
        .application_name = "com.stub.StubApp",
        .has_application = true,
        .components = { (void *)&component, 1 } };
    struct pk_app_report report = { .kind = PK_APP_DEX };
    struct pk_app_reflection reflection;
    struct pk_dex_visitor visitor;
    struct pk_dex dex;
    size_t offset = 0;

    if (pk_dex_open(file, &offset, "fuzz.dex", NULL, &dex, NULL) == PK_OK) {
        struct pk_app_subject app = { .file = file,
            .kind = PK_APP_DEX,
            .dex = &dex,
            .dex_count = 1,
            .manifest = &manifest,
            .report = &report,
            .work = arena,
            .arena = arena };

        if (pk_app_reflection_watch(&dex, &reflection, &visitor)) {
            pk_dex_walk(&dex, &visitor, NULL);
            app.reflection = reflection.count;
        }
        judge(&app);
    }
}

/* Two versions, one a line: the order is one, whoever comes first. */
static void compare(struct pk_slice text, struct pk_arena *arena)
{
    const uint8_t *end = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;
    size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
    const char *a = pk_arena_strndup(arena, (const char *)text.ptr, len);
    const char *b = end != NULL ? pk_arena_strndup(arena, (const char *)end + 1, text.len - len - 1)
                                : "1.0";

    if (a == NULL || b == NULL) {
        return;
    }
    if (pk_facts_version_compare(a, b) != -pk_facts_version_compare(b, a) ||
            pk_facts_version_compare(a, a) != 0) {
        abort();
    }
}

static void judge_texts(uint8_t mode, struct pk_slice rest, struct pk_arena *arena)
{
    struct pk_app_report report = { .kind = PK_APP_ELF };
    struct pk_app_subject app = {
        .file = rest, .kind = PK_APP_ELF, .report = &report, .work = arena, .arena = arena
    };

    app.notes = pk_app_notes_create(arena);
    if (app.notes == NULL) {
        return;
    }
    switch (mode) {
    case 'u':
        pk_facts_hosts_urls(app.notes->hosts, rest, PK_FACTS_PLACE_CODE);
        break;
    case 'w':
        pk_facts_hosts_urls16(app.notes->hosts, rest, PK_FACTS_PLACE_RESOURCES);
        break;
    case 'b':
        pk_facts_hosts_bare(app.notes->hosts, rest, PK_FACTS_PLACE_CODE);
        break;
    default:
        break; /* the whole file is a library */
    }
    judge(&app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(64UL * 1024 * 1024);
    uint8_t *copy = malloc(size > 0 ? size : 1); /* one byte too many is seen */
    struct pk_slice file = pk_slice_of(copy, size);

    if (arena == NULL || copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (size > 4 && memcmp(copy, "PK\3\4", 4) == 0) {
        judge_apk(file, arena);
    } else if (pk_dex_magic(file)) {
        judge_dex(file, arena);
    } else if (size > 1 && copy[0] == 'v') {
        compare(pk_slice_of(copy + 1, size - 1), arena);
    } else if (size > 1) {
        uint8_t mode = copy[0];
        bool text = mode == 'u' || mode == 'w' || mode == 'b';

        judge_texts(mode, text ? pk_slice_of(copy + 1, size - 1) : file, arena);
    }
    pk_arena_destroy(arena);
    free(copy);
    return 0;
}
