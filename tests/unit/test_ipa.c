/* Apps in archives, and profiles: the sample of tests/data/apple holds, and after each change that an
 * attacker would make exactly what was changed does not. */
#include "check.h"
#include "data.h"
#include "formats/apple/ipa.h"
#include "formats/limits.h"
#include "zip_build.h"

#define FILES_MAX 32
#define ROOT      "Payload/Test.app/"

/* The sample's files, to be changed and packed again. */
struct bundle {
    struct zip_item items[FILES_MAX];
    size_t count;
};

static struct bundle unpack(void)
{
    struct pk_buffer file = pk_test_file("apple/test.ipa");
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct bundle b = { .count = 0 };
    struct pk_zip zip;

    assert_int_equal(pk_zip_open(pk_buffer_slice(&file), arena, NULL, &zip, NULL), PK_OK);
    assert_true(zip.count < FILES_MAX);
    for (size_t i = 0; i < zip.count; i++) {
        struct pk_zip_bytes bytes;
        char *name = strndup((const char *)zip.entries[i].name.ptr, zip.entries[i].name.len);

        assert_int_equal(pk_zip_read(&zip, &zip.entries[i], &bytes, NULL), PK_OK);
        b.items[b.count++] = (struct zip_item){ .name = name,
            .text = (const char *)pk_test_dup(bytes.bytes.ptr, bytes.bytes.len),
            .text_len = bytes.bytes.len };
        pk_zip_release(&bytes);
    }
    pk_arena_destroy(arena);
    pk_buffer_finish(&file);
    return b;
}

static struct zip_item *item(struct bundle *b, const char *name)
{
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->items[i].name, name) == 0) {
            return &b->items[i];
        }
    }
    fail_msg("no '%s' in the sample", name);
    return NULL;
}

/* mark: what stands there, instead of a place. */
static void change(struct bundle *b, const char *name, size_t at, const char *mark)
{
    struct zip_item *found = item(b, name);

    if (mark != NULL) {
        const char *place = memmem(found->text, found->text_len, mark, strlen(mark));

        assert_non_null(place);
        at = (size_t)(place - found->text);
    }
    assert_true(at < found->text_len);
    ((char *)found->text)[at] ^= 1;
}

static void remove_item(struct bundle *b, const char *name)
{
    struct zip_item *found = item(b, name);

    free((char *)found->name);
    free((char *)found->text);
    *found = b->items[--b->count];
}

static void add_item(struct bundle *b, const char *name, const char *text)
{
    b->items[b->count++] = (struct zip_item){ .name = strdup(name),
        .text = (const char *)pk_test_dup(text, strlen(text)),
        .text_len = strlen(text) };
} /* NOLINT(clang-analyzer-unix.Malloc): read_bundle() frees it */

struct reading {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_slice archive;
    struct pk_zip zip;
    struct pk_ipa ipa;
    struct pk_error err;
    int rc;
};

/* Packs and reads; the bundle is used up. */
static struct reading read_bundle(struct bundle *b)
{
    struct zip_plan plan = { .items = b->items, .count = b->count };
    struct reading r = { .arena = pk_arena_create(PK_SCAN_ARENA_MAX), .archive = zip_build(&plan) };

    for (size_t i = 0; i < b->count; i++) {
        free((char *)b->items[i].name);
        free((char *)b->items[i].text);
    }
    assert_int_equal(pk_anomalies_init(&r.anomalies, r.arena), PK_OK);
    assert_int_equal(pk_zip_open(r.archive, r.arena, &r.anomalies, &r.zip, &r.err), PK_OK);
    r.rc = pk_ipa_parse(&r.zip, r.arena, &r.anomalies, &r.ipa, &r.err);
    return r;
}

static void finish(struct reading *r)
{
    pk_arena_destroy(r->arena);
    free((void *)r->archive.ptr);
}

static const struct pk_ipa_part *part(const struct pk_array *list, size_t i)
{
    assert_true(i < list->count);
    return (const struct pk_ipa_part *)list->items + i;
}

static void the_app_is_read_and_holds(void **state)
{
    struct bundle b = unpack();
    struct reading r = read_bundle(&b);
    const struct pk_ipa *ipa = &r.ipa;

    assert_int_equal(r.rc, PK_OK);
    assert_true(pk_ipa_is(&r.zip));
    assert_true(ipa->payload);
    assert_string_equal(ipa->folder, ROOT);
    assert_string_equal(ipa->bundle_id, "org.example.app");
    assert_string_equal(ipa->name, "Test app");
    assert_string_equal(ipa->executable, "Test");
    assert_string_equal(ipa->version, "1.2.3");
    assert_string_equal(ipa->build, "45");
    assert_string_equal(ipa->minimum_os, "13.0");
    assert_int_equal(ipa->platforms.count, 1);
    assert_string_equal(ipa->platforms.items[0], "iPhoneOS");
    assert_int_equal(ipa->url_schemes.count, 2);
    assert_string_equal(ipa->url_schemes.items[1], "testapp2");
    assert_int_equal(ipa->macho->slices.count, 2);
    assert_true(ipa->profile_fits);
    assert_true(ipa->seal.present && ipa->seal.holds);
    assert_int_equal(ipa->seal.listed, 6);
    assert_int_equal(ipa->seal.checked, 6);
    assert_true(ipa->has_signature && ipa->verified);
    assert_false(ipa->apple);
    assert_string_equal(ipa->problem, "");
    assert_int_equal(ipa->frameworks.count, 2);
    assert_string_equal(part(&ipa->frameworks, 0)->path, "Frameworks/libextra.dylib");
    assert_string_equal(part(&ipa->frameworks, 1)->bundle_id, "org.example.part");
    assert_string_equal(part(&ipa->frameworks, 1)->executable, "Frameworks/Part.framework/Part");
    assert_int_equal(ipa->plugins.count, 1);
    assert_string_equal(part(&ipa->plugins, 0)->extension_point, "com.apple.share-services");
    assert_string_equal(part(&ipa->plugins, 0)->team_id, "ABCDE12345");
    assert_int_equal(part(&ipa->plugins, 0)->cdhashes.count, 4);
    assert_int_equal(r.anomalies.count, 0);
    finish(&r);
}

static void changed_files_are_found(void **state)
{
    static const struct {
        const char *file;
        size_t at;
        const char *problem;
        const char *mark;
    } rows[] = {
        { "picture.bin", 17, "'picture.bin' was changed" },
        { "en.lproj/Localizable.strings", 3, "'en.lproj/Localizable.strings' was changed" },
        { "Info.plist", 0, "armv7: Info.plist: not as signed", "1.2.3" },
        { "_CodeSignature/CodeResources", 300, "armv7: the resources' list: not as signed" },
        { "Test", 4096 + 1500, "armv7: page 0 of 1 is not as signed" },
        { "Frameworks/libextra.dylib", 1500, "'Frameworks/libextra.dylib' was changed" },
        { "Frameworks/Part.framework/Part", 1500,
                "'Frameworks/Part.framework' page 0 of 1 is not as signed" },
        { "Frameworks/Part.framework/data.txt", 1,
                "'Frameworks/Part.framework' 'data.txt' was changed" },
        { "PlugIns/Share.appex/Info.plist", 60, "'PlugIns/Share.appex' Info.plist: not as signed" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct bundle b = unpack();
        struct reading r;
        char name[200];

        (void)snprintf(name, sizeof(name), ROOT "%s", rows[i].file);
        change(&b, name, rows[i].at, rows[i].mark);
        r = read_bundle(&b);
        assert_int_equal(r.rc, PK_OK);
        assert_false(r.ipa.verified);
        assert_string_equal(r.ipa.problem, rows[i].problem);
        assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_MACHO_CODE_DIRECTORY));
        finish(&r);
    }
}

static void missing_and_added_files_are_found(void **state)
{
    struct bundle b = unpack();
    struct reading r;

    remove_item(&b, ROOT "picture.bin");
    r = read_bundle(&b);
    assert_int_equal(r.ipa.seal.missing, 1);
    assert_string_equal(r.ipa.problem, "'picture.bin' is missing");
    finish(&r);

    b = unpack();
    remove_item(&b, ROOT "en.lproj/Localizable.strings"); /* optional: translations may go */
    r = read_bundle(&b);
    assert_true(r.ipa.verified);
    finish(&r);

    b = unpack();
    add_item(&b, ROOT "evil.js", "run()");
    add_item(&b, ROOT "en.lproj/locversion.plist", "left out by a rule");
    add_item(&b, ROOT ".DS_Store", "left out by a rule");
    add_item(&b, ROOT "SC_Info/Test.sinf", "the store adds it");
    add_item(&b, "iTunesMetadata.plist", "beside the app");
    r = read_bundle(&b);
    assert_int_equal(r.ipa.seal.unlisted, 1);
    assert_string_equal(r.ipa.problem, "'evil.js' is not listed");
    finish(&r);

    b = unpack();
    add_item(&b, ROOT "Frameworks/Part.framework/evil.js", "run()");
    r = read_bundle(&b);
    assert_string_equal(r.ipa.problem, "'Frameworks/Part.framework' 'evil.js' is not listed");
    finish(&r);

    b = unpack();
    remove_item(&b, ROOT "_CodeSignature/CodeResources");
    r = read_bundle(&b);
    assert_false(r.ipa.seal.present);
    assert_false(r.ipa.verified);
    assert_string_equal(r.ipa.problem, "nothing seals the files beside the executable");
    finish(&r);
}

static void another_framework_is_found(void **state)
{
    struct bundle b = unpack();
    struct zip_item *mine = item(&b, ROOT "Frameworks/Part.framework/Part");
    struct zip_item *other = item(&b, ROOT "Frameworks/libextra.dylib");
    struct reading r;

    /* Well signed code of the same developer, but not what the app was signed with. */
    free((char *)mine->text);
    mine->text = (const char *)pk_test_dup(other->text, other->text_len);
    mine->text_len = other->text_len;
    r = read_bundle(&b);
    assert_false(r.ipa.verified);
    assert_non_null(strstr(r.ipa.problem, "Frameworks/Part.framework"));
    finish(&r);

    b = unpack();
    remove_item(&b, ROOT "PlugIns/Share.appex/Share");
    r = read_bundle(&b);
    assert_string_equal(part(&r.ipa.plugins, 0)->problem, "no readable executable");
    assert_false(r.ipa.verified);
    finish(&r);
}

static void what_is_no_app_is_said(void **state)
{
    struct bundle b = unpack();
    struct reading r;

    remove_item(&b, ROOT "Info.plist");
    r = read_bundle(&b);
    assert_int_equal(r.rc, PK_ENOENT);
    assert_false(pk_ipa_is(&r.zip));
    finish(&r);

    b = unpack();
    remove_item(&b, ROOT "Test");
    r = read_bundle(&b);
    assert_int_equal(r.rc, PK_OK);
    assert_null(r.ipa.macho);
    assert_false(r.ipa.has_signature);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_IPA_MALFORMED));
    finish(&r);

    b = unpack();
    add_item(&b, "Payload/Other.app/Info.plist", "{}");
    r = read_bundle(&b);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_IPA_MALFORMED));
    finish(&r);

    b = unpack();
    /* "bplisu00" is a word. NOLINTNEXTLINE(clang-analyzer-unix.Malloc): read_bundle() frees */
    change(&b, ROOT "Info.plist", 5, NULL);
    r = read_bundle(&b);
    assert_int_equal(r.rc, PK_OK);
    assert_null(r.ipa.info);
    assert_string_equal(r.ipa.bundle_id, "");
    finish(&r);
}

/* An app at the top of the archive, as simulators get it. */
static void an_app_at_the_top_is_read(void **state)
{
    struct bundle b = unpack();
    struct reading r;

    for (size_t i = 0; i < b.count; i++) { /* the name moves to the front of its block */
        char *name = (char *)b.items[i].name;

        memmove(name, name + strlen("Payload/"), strlen(name + strlen("Payload/")) + 1);
    }
    r = read_bundle(&b);
    assert_int_equal(r.rc, PK_OK);
    assert_false(r.ipa.payload);
    assert_true(r.ipa.verified);
    finish(&r);
}

static void profiles_are_read(void **state)
{
    struct pk_buffer file = pk_test_file("apple/test.mobileprovision");
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_provision p;
    struct pk_error err;
    uint8_t *name;

    assert_int_equal(pk_provision_parse(pk_buffer_slice(&file), arena, NULL, &p, &err), PK_OK);
    assert_string_equal(p.name, "Test profile");
    assert_string_equal(p.uuid, "00000000-1111-2222-3333-444444444444");
    assert_string_equal(p.team_id, "ABCDE12345");
    assert_string_equal(p.team_name, "Picket tests");
    assert_string_equal(p.app_id, "ABCDE12345.*");
    assert_string_equal(p.created, "2024-01-02T03:04:05.000Z");
    assert_string_equal(p.expires, "2025-01-02T03:04:05.000Z");
    assert_false(p.all_devices);
    assert_int_equal(p.device_count, 2);
    assert_true(p.get_task_allow);
    assert_int_equal(p.platforms.count, 2);
    assert_string_equal(p.platforms.items[1], "xrOS");
    assert_int_equal(p.certs.count, 1);
    assert_true(p.cms_verified);
    assert_false(p.chain_to_apple);
    assert_string_equal(p.problem, "");

    name = memmem(file.ptr, file.len, "Test profile", 12);
    assert_non_null(name);
    name[0] = 'B'; /* one letter of what is signed */
    assert_int_equal(pk_provision_parse(pk_buffer_slice(&file), arena, NULL, &p, &err), PK_OK);
    assert_string_equal(p.name, "Best profile");
    assert_false(p.cms_verified);
    assert_true(p.problem[0] != '\0');
    pk_arena_destroy(arena);
    pk_buffer_finish(&file);
}

static void what_is_no_profile_is_refused(void **state)
{
    struct pk_buffer file = pk_test_file("apple/test.mobileprovision");
    struct pk_provision p = { .name = NULL };
    struct pk_error err;

    for (size_t len = 0; len < file.len - 1; len += 53) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        uint8_t *heap = pk_test_dup(file.ptr, len);

        assert_true(pk_provision_parse(pk_slice_of(heap, len), arena, NULL, &p, &err) < 0);
        assert_null(p.name);
        free(heap);
        pk_arena_destroy(arena);
    }
    pk_buffer_finish(&file);
}

/* Memory that ends anywhere: an error or an app, never half of one. */
static void short_memory_fails_cleanly(void **state)
{
    struct pk_buffer file = pk_test_file("apple/test.ipa");
    size_t failures = 0;

    for (size_t max = 4000; max < 600000; max += max < 200000 ? 1777 : 20011) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_anomalies anomalies;
        struct pk_ipa ipa = { .folder = NULL };
        struct pk_zip zip;
        struct pk_error err;
        int rc = pk_anomalies_init(&anomalies, arena);

        if (rc == PK_OK) {
            rc = pk_zip_open(pk_buffer_slice(&file), arena, &anomalies, &zip, &err);
        }
        if (rc == PK_OK) {
            rc = pk_ipa_parse(&zip, arena, &anomalies, &ipa, &err);
        }
        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        assert_int_equal(ipa.folder != NULL, rc == PK_OK);
        failures += rc == PK_ENOMEM ? 1 : 0;
        pk_arena_destroy(arena);
    }
    assert_true(failures > 20);
    pk_buffer_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_app_is_read_and_holds),
        cmocka_unit_test(changed_files_are_found),
        cmocka_unit_test(missing_and_added_files_are_found),
        cmocka_unit_test(another_framework_is_found),
        cmocka_unit_test(what_is_no_app_is_said),
        cmocka_unit_test(an_app_at_the_top_is_read),
        cmocka_unit_test(profiles_are_read),
        cmocka_unit_test(what_is_no_profile_is_refused),
        cmocka_unit_test(short_memory_fails_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
