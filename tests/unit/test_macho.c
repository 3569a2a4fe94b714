/* Mach-O files and their signatures, made by tests/data/apple/make.py: read in every byte order and
 * size, and refused after any change. */
#include "check.h"
#include "data.h"
#include "formats/apple/codesign_parts.h"
#include "formats/apple/macho.h"
#include "formats/limits.h"

struct reading {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_macho macho;
    struct pk_error err;
    uint8_t *bytes; /* an exact block, so that reading beyond is seen */
    int rc;
};

static struct reading read_bytes(const void *bytes, size_t len)
{
    struct reading r = { .arena = pk_arena_create(PK_SCAN_ARENA_MAX) };
    struct pk_slice none = { 0 };

    assert_non_null(r.arena);
    assert_int_equal(pk_anomalies_init(&r.anomalies, r.arena), PK_OK);
    r.bytes = pk_test_dup(bytes, len);
    r.rc = pk_macho_parse(
            pk_slice_of(r.bytes, len), none, none, r.arena, &r.anomalies, &r.macho, &r.err);
    return r;
}

static struct reading read_sample(const char *name)
{
    char path[200];
    struct pk_buffer file;
    struct reading r;

    (void)snprintf(path, sizeof(path), "apple/%s", name);
    file = pk_test_file(path);
    r = read_bytes(file.ptr, file.len);
    pk_buffer_finish(&file);
    return r;
}

static void finish(struct reading *r)
{
    pk_arena_destroy(r->arena);
    free(r->bytes);
}

static const struct pk_macho_slice *slice(const struct reading *r, size_t i)
{
    assert_true(i < r->macho.slices.count);
    return (const struct pk_macho_slice *)r->macho.slices.items + i;
}

static bool has(const struct reading *r, enum pk_anomaly_id id)
{
    return pk_anomaly_find(&r->anomalies, id) != NULL;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void headers_and_commands_are_read(void **state)
{
    static const struct {
        const char *file;
        const char *arch;
        const char *type;
        const char *platform;
        const char *min_os;
        const char *sdk;
        int bits;
        bool big_endian, encrypted;
        const char *install_name;
    } rows[] = {
        { "signed-arm64", "arm64", "execute", "ios", "13.0", "17.4", 64, false, false, "" },
        { "sha384-arm64e", "arm64e", "execute", "ios", "13.0", "17.4", 64, false, false, "" },
        { "adhoc-x86_64", "x86_64", "execute", "macos", "10.15", "14.0", 64, false, false, "" },
        { "encrypted-armv7", "armv7", "execute", "ios", "13.0", "17.4", 32, false, true, "" },
        { "unsigned-ppc", "ppc", "execute", "", "", "", 32, true, false, "" },
        { "dylib-ppc64", "ppc64", "dylib", "", "", "", 64, true, false, "/lib/x.dylib" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_sample(rows[i].file);
        const struct pk_macho_slice *s = slice(&r, 0);

        assert_int_equal(r.rc, PK_OK);
        assert_false(r.macho.fat);
        assert_int_equal(r.macho.slices.count, 1);
        assert_string_equal(s->arch, rows[i].arch);
        assert_string_equal(pk_macho_type_name(s->file_type), rows[i].type);
        assert_string_equal(s->platform, rows[i].platform);
        assert_string_equal(s->min_os, rows[i].min_os);
        assert_string_equal(s->sdk, rows[i].sdk);
        assert_int_equal(s->bits, rows[i].bits);
        assert_int_equal(s->big_endian, rows[i].big_endian);
        assert_int_equal(s->encrypted, rows[i].encrypted);
        assert_int_equal(has(&r, PK_ANOMALY_IPA_ENCRYPTED), rows[i].encrypted);
        assert_string_equal(s->install_name, rows[i].install_name);
        assert_string_equal(s->uuid, "000102030405060708090a0b0c0d0e0f");
        assert_int_equal(s->libraries.count, 1);
        assert_string_equal(s->libraries.items[0], "/usr/lib/libSystem.B.dylib");
        assert_int_equal(s->rpaths.count, 1);
        assert_string_equal(s->rpaths.items[0], "@executable_path/Frameworks");
        assert_int_equal(s->imports.count, 3);
        assert_string_equal(s->imports.items[2], "_NSLog");
        assert_true(s->pie && s->stack_canary && s->arc);
        assert_false(has(&r, PK_ANOMALY_MACHO_MALFORMED));
        finish(&r);
    }
}

static void fat_files_are_read(void **state)
{
    struct reading r = read_sample("fat64");

    assert_int_equal(r.rc, PK_OK);
    assert_true(r.macho.fat);
    assert_int_equal(r.macho.slices.count, 2);
    assert_string_equal(slice(&r, 0)->arch, "x86_64");
    assert_string_equal(slice(&r, 1)->arch, "arm64");
    assert_true(has(&r, PK_ANOMALY_MACHO_UNSIGNED));
    finish(&r);
}

static void signatures_hold(void **state)
{
    static const struct {
        const char *file;
        const char *identifier;
        const char *team;
        const char *hash;
        size_t directories;
        bool cms;
        size_t entitlements;
    } rows[] = {
        { "signed-arm64", "org.example.tool", "ABCDE12345", "sha256", 2, true, 4 },
        { "sha384-arm64e", "org.example.tool", "ABCDE12345", "sha384", 1, true, 0 },
        { "adhoc-x86_64", "adhoc", "", "sha256", 1, false, 0 },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_sample(rows[i].file);
        const struct pk_codesign *sign = &slice(&r, 0)->sign;

        assert_true(sign->present && sign->pages_verified && sign->special_verified);
        assert_int_equal(sign->cms_present, rows[i].cms);
        assert_int_equal(sign->cms_verified, rows[i].cms);
        assert_true(pk_codesign_holds(sign));
        assert_false(sign->chain_to_apple); /* signed by our own root */
        assert_string_equal(sign->error, "");
        assert_string_equal(sign->identifier, rows[i].identifier);
        assert_string_equal(sign->team_id, rows[i].team);
        assert_string_equal(sign->hash, rows[i].hash);
        assert_int_equal(sign->cdhashes.count, rows[i].directories);
        assert_string_equal(sign->cdhash, sign->cdhashes.items[rows[i].directories - 1]);
        assert_int_equal(strlen(sign->cdhash), 40);
        assert_int_equal(sign->certs.count, rows[i].cms ? 2 : 0);
        assert_string_equal(sign->signing_time, rows[i].cms ? "2024-01-02T03:04:05Z" : "");
        assert_int_equal(
                sign->entitlements != NULL ? sign->entitlements->count : 0, rows[i].entitlements);
        assert_true(sign->entitlements_agree);
        assert_int_equal(r.anomalies.count, 0);
        finish(&r);
    }
}

static void requirements_are_told(void **state)
{
    struct reading r = read_sample("signed-arm64");

    assert_string_equal(slice(&r, 0)->sign.requirement,
            "identifier \"org.example.tool\" and anchor apple generic and "
            "certificate leaf[subject.OU] = ABCDE12345");
    finish(&r);
}

static void entitlements_that_differ_are_said(void **state)
{
    struct reading r = read_sample("entitlements-differ");
    const struct pk_codesign *sign = &slice(&r, 0)->sign;

    assert_true(pk_codesign_holds(sign)); /* both are sealed */
    assert_false(sign->entitlements_agree);
    assert_true(has(&r, PK_ANOMALY_MACHO_ENTITLEMENTS_DIFFER));
    assert_null(pk_plist_get(sign->entitlements, "com.apple.private.hidden"));
    finish(&r);
}

/* Every byte that is signed: after any change of it something does not hold. */
static void any_change_is_seen(void **state)
{
    struct pk_buffer file = pk_test_file("apple/signed-arm64");
    struct reading whole = read_bytes(file.ptr, file.len);
    size_t code = (size_t)slice(&whole, 0)->sign.code_limit;
    const uint8_t *super = slice(&whole, 0)->signature.ptr;
    size_t signed_size = (size_t)super[4] << 24 | (size_t)super[5] << 16 | (size_t)super[6] << 8 |
            super[7];
    size_t step = 61; /* of some thousand bytes; a prime, so that fields of all kinds are met */

    finish(&whole);
    for (size_t at = 0; at < code + signed_size; at += at < 400 ? 1 : step) {
        struct reading r;

        file.ptr[at] = (char)(file.ptr[at] ^ 0x10);
        r = read_bytes(file.ptr, file.len);
        if (r.rc == PK_OK) {
            const struct pk_codesign *sign = &slice(&r, 0)->sign;

            /* Unsigned parts of the CMS (certificates that are not the signer's) do not matter. */
            if (at < code && sign->present) {
                assert_false(sign->pages_verified);
                assert_true(sign->error[0] != '\0');
                assert_true(has(&r, PK_ANOMALY_MACHO_CODE_DIRECTORY));
            }
            if (at < code) {
                assert_false(pk_codesign_holds(sign));
            }
        }
        file.ptr[at] = (char)(file.ptr[at] ^ 0x10);
        finish(&r);
    }
    pk_buffer_finish(&file);
}

static void wipe(struct pk_buffer *file, const char *mark, size_t mark_len, size_t skip)
{
    uint8_t *found = memmem(file->ptr, file->len, mark, mark_len);

    assert_non_null(found);
    found[skip] ^= 1;
}

/* One part at a time: what exactly does not hold. */
static void each_part_is_checked_by_itself(void **state)
{
    static const struct {
        const char *mark; /* of the blob or text that is changed */
        size_t mark_len;
        size_t skip;
        bool pages, special, cms;
        const char *error;
    } rows[] = {
        { "\xfa\xde\x0c\x01", 4, 40, true, false, true, "the requirements: not as signed" },
        { "<key>get-task-allow", 19, 6, true, false, true, "the entitlements: not as signed" },
        { "\xfa\xde\x71\x72", 4, 30, true, false, true, "the DER entitlements: not as signed" },
        /* The second directory is the best one, but the first one is what is signed. */
        { "\xfa\xde\x0c\x02", 4, 60, true, true, false, NULL },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer file = pk_test_file("apple/signed-arm64");
        struct reading r;
        const struct pk_codesign *sign;

        wipe(&file, rows[i].mark, rows[i].mark_len, rows[i].skip);
        r = read_bytes(file.ptr, file.len);
        sign = &slice(&r, 0)->sign;
        assert_int_equal(r.rc, PK_OK);
        assert_int_equal(sign->pages_verified, rows[i].pages);
        assert_int_equal(sign->special_verified, rows[i].special);
        assert_int_equal(sign->cms_verified, rows[i].cms);
        assert_false(pk_codesign_holds(sign));
        if (rows[i].error != NULL) {
            assert_string_equal(sign->error, rows[i].error);
        }
        finish(&r);
        pk_buffer_finish(&file);
    }
}

/* A second directory that nobody signed, better than the signed one: the kernel would take it. */
static void an_unsigned_best_directory_is_seen(void **state)
{
    struct pk_buffer file = pk_test_file("apple/signed-arm64");
    uint8_t *first = memmem(file.ptr, file.len, "\xfa\xde\x0c\x02", 4);
    uint8_t *second = memmem(
            first + 4, file.len - (size_t)(first + 4 - (uint8_t *)file.ptr), "\xfa\xde\x0c\x02", 4);
    struct reading r;

    assert_non_null(second);
    second[15] ^= 1; /* its flags: pages and slots still hold */
    r = read_bytes(file.ptr, file.len);
    assert_true(slice(&r, 0)->sign.pages_verified);
    assert_true(slice(&r, 0)->sign.special_verified);
    assert_false(slice(&r, 0)->sign.cms_verified);
    assert_string_equal(slice(&r, 0)->sign.error, "the best code directory is not the signed one");
    finish(&r);
    pk_buffer_finish(&file);
}

/* Without its CMS a signature is ad hoc, and must say so. */
static void a_stripped_signature_is_seen(void **state)
{
    struct pk_buffer file = pk_test_file("apple/signed-arm64");
    uint8_t *wrapper = memmem(file.ptr, file.len, "\xfa\xde\x0b\x01", 4);
    struct reading r;

    assert_non_null(wrapper);
    put32(wrapper + 4, 8); /* an empty wrapper, as ad hoc signatures have */
    r = read_bytes(file.ptr, file.len);
    assert_false(slice(&r, 0)->sign.cms_present);
    assert_false(pk_codesign_holds(&slice(&r, 0)->sign));
    assert_string_equal(slice(&r, 0)->sign.error, "nobody signed it, and it does not say so");
    finish(&r);
    pk_buffer_finish(&file);
}

/* Info.plist and the list of resources, when they are at hand, must be the sealed ones. */
static void files_of_the_bundle_are_checked(void **state)
{
    struct pk_buffer file = pk_test_file("apple/signed-arm64");
    struct pk_slice other = pk_slice_of("not sealed", 10);
    struct pk_slice none = { 0 };
    struct reading r = read_bytes(file.ptr, file.len);

    assert_int_equal(pk_macho_parse(pk_slice_of(r.bytes, file.len), other, none, r.arena,
                             &r.anomalies, &r.macho, &r.err),
            PK_OK);
    assert_false(slice(&r, 0)->sign.special_verified);
    assert_string_equal(slice(&r, 0)->sign.error, "Info.plist: not sealed");
    finish(&r);
    pk_buffer_finish(&file);
}

/* A tool that is no bundle carries its list inside, and the signature seals it by itself. */
static void the_list_inside_a_tool_is_checked(void **state)
{
    struct pk_buffer file = pk_test_file("apple/tool-x86_64");
    struct reading r = read_bytes(file.ptr, file.len);

    assert_true(slice(&r, 0)->info_plist.len > 100);
    assert_memory_equal(slice(&r, 0)->info_plist.ptr, "<?xml", 5);
    assert_true(pk_codesign_holds(&slice(&r, 0)->sign));
    finish(&r);
    wipe(&file, "org.example.tool</string>", 25, 0); /* in the first page, too */
    r = read_bytes(file.ptr, file.len);
    assert_false(slice(&r, 0)->sign.pages_verified);
    assert_false(slice(&r, 0)->sign.special_verified);
    finish(&r);
    pk_buffer_finish(&file);
}

static void cut_files_end_in_an_error(void **state)
{
    static const char *const files[] = { "apple/signed-arm64", "apple/unsigned-ppc",
        "apple/fat64" };

    for (size_t i = 0; i < PK_COUNT(files); i++) {
        struct pk_buffer file = pk_test_file(files[i]);

        for (size_t len = 0; len < file.len; len += len < 600 ? 1 : 97) {
            struct reading r = read_bytes(file.ptr, len);

            if (r.rc < 0) {
                assert_int_equal(r.macho.slices.count, 0);
                assert_true(r.err.text[0] != '\0');
            } else {
                assert_true(has(&r, PK_ANOMALY_MACHO_MALFORMED) || len + 4096 > file.len);
            }
            finish(&r);
        }
        pk_buffer_finish(&file);
    }
}

/* Rows of a fat header that lie: each is said, and none is read twice. */
static void fat_headers_that_lie(void **state)
{
    struct pk_buffer thin = pk_test_file("apple/unsigned-ppc");
    size_t len = 4096 + thin.len;
    uint8_t *fat = calloc(1, len);
    struct reading r;

    assert_non_null(fat);
    memcpy(fat + 4096, thin.ptr, thin.len);
    put32(fat, 0xcafebabe);
    put32(fat + 4, 3);
    for (uint8_t *row = fat + 8; row < fat + 68; row += 20) {
        put32(row, 18);
        put32(row + 8, 4096);
        put32(row + 12, (uint32_t)thin.len);
    }
    put32(fat + 48 + 8, 0xfffffff0); /* the third lies outside */
    r = read_bytes(fat, len);
    assert_int_equal(r.rc, PK_OK);
    assert_int_equal(r.macho.slices.count, 1);
    assert_int_equal(pk_anomaly_find(&r.anomalies, PK_ANOMALY_MACHO_MALFORMED)->count, 2);
    finish(&r);
    put32(fat + 4, 0x34); /* a Java class of version 52 */
    assert_false(pk_macho_magic(pk_slice_of(fat, len)));
    r = read_bytes(fat, len);
    assert_int_equal(r.rc, PK_EMALF);
    finish(&r);
    put32(fat, 0xcafebabf); /* there are no such classes, but no such slices, either */
    r = read_bytes(fat, len);
    assert_int_equal(r.rc, PK_EMALF);
    finish(&r);
    free(fat);
    pk_buffer_finish(&thin);
}

/* Counts and sizes of load commands: no value of any field may hang or harm. */
static void load_commands_that_lie(void **state)
{
    static const uint8_t values[] = { 0, 1, 7, 8, 0x7f, 0x80, 0xff };
    struct pk_buffer file = pk_test_file("apple/encrypted-armv7");

    for (size_t at = 12; at < 420; at++) {
        char saved = file.ptr[at];

        for (size_t v = 0; v < PK_COUNT(values); v++) {
            struct reading r;

            file.ptr[at] = (char)values[v];
            r = read_bytes(file.ptr, file.len);
            assert_true(r.rc == PK_OK || r.rc == PK_ETRUNC);
            finish(&r);
        }
        file.ptr[at] = saved;
    }
    pk_buffer_finish(&file);
}

static void der_entitlements_are_read(void **state)
{
    /* [APPLICATION 16] { 1, [CONTEXT 16] { { "a", TRUE }, { "b", { "x", 300 } }, { "c", {} } } } */
    static const uint8_t good[] = { 0x70, 0x26, 0x02, 0x01, 0x01, 0xb0, 0x21, 0x30, 0x06, 0x0c,
        0x01, 'a', 0x01, 0x01, 0xff, 0x30, 0x0e, 0x0c, 0x01, 'b', 0x30, 0x09, 0x0c, 0x01, 'x', 0x02,
        0x04, 0x00, 0x00, 0x01, 0x2c, 0x30, 0x07, 0x0c, 0x01, 'c', 0xb0, 0x02, 0x05, 0x00 };
    struct pk_arena *arena = pk_arena_create(1 << 20);
    const struct pk_plist *root = NULL;
    struct pk_error err;
    uint8_t bytes[sizeof(good)];

    memcpy(bytes, good, sizeof(good));
    bytes[sizeof(good) - 3] = 0; /* an empty dictionary in the end */
    bytes[32] = 5;
    bytes[1] = 0x24;
    bytes[6] = 0x1f;
    assert_int_equal(
            pk_cs_der_entitlements(pk_slice_of(bytes, sizeof(good) - 2), arena, NULL, &root, &err),
            PK_OK);
    assert_int_equal(root->count, 3);
    assert_true(pk_plist_get_as(root, "a", PK_PLIST_BOOL)->boolean);
    assert_int_equal(pk_plist_get_as(root, "b", PK_PLIST_ARRAY)->items[1].integer, 300);
    assert_int_equal(pk_plist_get_as(root, "c", PK_PLIST_DICT)->count, 0);
    root = NULL;
    for (size_t len = 0; len < sizeof(good) - 2; len++) { /* cut anywhere */
        assert_true(pk_cs_der_entitlements(pk_slice_of(bytes, len), arena, NULL, &root, &err) < 0);
        assert_null(root);
    }
    pk_arena_destroy(arena);
}

/* Nesting beyond the limit, in the shortest encoding. */
static void deep_der_ends_in_a_limit(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    const struct pk_plist *root = NULL;
    struct pk_anomalies anomalies;
    struct pk_error err;
    uint8_t bytes[1000];
    size_t at = sizeof(bytes);
    size_t levels;

    assert_int_equal(pk_anomalies_init(&anomalies, arena), PK_OK);
    for (levels = 0; at > 20; levels++) { /* arrays in arrays, from the inside */
        size_t len = sizeof(bytes) - at;
        size_t head = len < 0x80 ? 2 : 4;

        at -= head;
        bytes[at] = 0x30;
        bytes[at + 1] = len < 0x80 ? (uint8_t)len : 0x82;
        if (head == 4) {
            bytes[at + 2] = (uint8_t)(len >> 8);
            bytes[at + 3] = (uint8_t)len;
        }
    }
    {
        size_t len = sizeof(bytes) - at + 3;
        uint8_t head[] = { 0xb0, 0x82, 0, 0, 0x30, 0x82, 0, 0, 0x0c, 0x01, 'k' };

        head[2] = (uint8_t)((len + 4) >> 8);
        head[3] = (uint8_t)(len + 4);
        head[6] = (uint8_t)(len >> 8);
        head[7] = (uint8_t)len;
        at -= sizeof(head);
        memcpy(bytes + at, head, sizeof(head));
    }
    assert_true(levels > PK_PLIST_DEPTH_MAX);
    assert_int_equal(pk_cs_der_entitlements(pk_slice_of(bytes + at, sizeof(bytes) - at), arena,
                             &anomalies, &root, &err),
            PK_ELIMIT);
    assert_non_null(pk_anomaly_find(&anomalies, PK_ANOMALY_LIMIT_NESTING));
    pk_arena_destroy(arena);
}

/* Our own root is none of Apple's; Apple's chain is followed in test_ipa's real files. */
static void other_roots_are_not_apples(void **state)
{
    struct reading r = read_sample("signed-arm64");
    const struct pk_codesign *sign = &slice(&r, 0)->sign;

    assert_false(pk_apple_chain(sign->certs.items, sign->certs.count, r.arena));
    assert_false(pk_apple_chain(sign->certs.items, 0, r.arena));
    finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_commands_are_read),
        cmocka_unit_test(fat_files_are_read),
        cmocka_unit_test(signatures_hold),
        cmocka_unit_test(requirements_are_told),
        cmocka_unit_test(entitlements_that_differ_are_said),
        cmocka_unit_test(any_change_is_seen),
        cmocka_unit_test(each_part_is_checked_by_itself),
        cmocka_unit_test(an_unsigned_best_directory_is_seen),
        cmocka_unit_test(a_stripped_signature_is_seen),
        cmocka_unit_test(files_of_the_bundle_are_checked),
        cmocka_unit_test(the_list_inside_a_tool_is_checked),
        cmocka_unit_test(cut_files_end_in_an_error),
        cmocka_unit_test(fat_headers_that_lie),
        cmocka_unit_test(load_commands_that_lie),
        cmocka_unit_test(der_entitlements_are_read),
        cmocka_unit_test(deep_der_ends_in_a_limit),
        cmocka_unit_test(other_roots_are_not_apples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
