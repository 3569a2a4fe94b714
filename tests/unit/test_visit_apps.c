/* From an app on a device to what the crowd learns, and the line in which it waits. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "crowd/key.h"
#include "crowd/visit_apps.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SIGNER "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static void sources(void **state)
{
    static const struct {
        const char *installer;
        bool system;
        enum pk_sight_source source;
        bool public, hand;
    } rows[] = {
        { "com.android.vending", false, PK_SIGHT_FROM_PLAY, true, false },
        { "com.android.vending", true, PK_SIGHT_FROM_PLAY, true, false }, /* updated since */
        { "com.apple.AppStore", false, PK_SIGHT_FROM_APPSTORE, true, false },
        { "org.fdroid.fdroid", false, PK_SIGHT_FROM_FDROID, true, false },
        { "com.amazon.venezia", false, PK_SIGHT_FROM_AMAZON, true, false },
        { "com.sec.android.app.samsungapps", false, PK_SIGHT_FROM_OEM, true, false },
        { "com.microsoft.windowsintune.companyportal", false, PK_SIGHT_FROM_MDM, false, false },
        { "com.aurora.store", false, PK_SIGHT_FROM_THIRD, false, false },
        { "com.android.chrome", false, PK_SIGHT_FROM_BROWSER, false, true },
        { "com.google.android.packageinstaller", false, PK_SIGHT_FROM_SIDELOAD, false, true },
        { "", false, PK_SIGHT_FROM_SIDELOAD, false, true },
        { NULL, false, PK_SIGHT_FROM_UNKNOWN, false, false },
        { NULL, true, PK_SIGHT_FROM_OEM, true, false },
        { "", true, PK_SIGHT_FROM_OEM, true, false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        enum pk_sight_source source = pk_visit_source(rows[i].installer, rows[i].system);

        if (source != rows[i].source || pk_visit_source_is_public(source) != rows[i].public ||
                pk_visit_source_is_hand(source) != rows[i].hand) {
            fail_msg("row %zu: %s", i, pk_sight_source_names[source]);
        }
    }
    assert_string_equal(pk_sight_source_names[PK_SIGHT_FROM_UNKNOWN], "unknown");
    assert_null(pk_sight_source_names[PK_SIGHT_FROM_UNKNOWN + 1]);
}

/* Bits stand in the crowd's memory: they never move. */
static void permissions(void **state)
{
    const char *names[] = { "android.permission.READ_SMS", "android.permission.CAMERA",
        "android.permission.CAMERA", "READ_SMS", "com.example.permission.CAMERA",
        "android.permission.INTERNET", "" };
    const struct pk_strings all = { names, PK_COUNT(names) };
    const char *last[] = { "android.permission.BIND_VPN_SERVICE" };
    const struct pk_strings one = { last, 1 };
    const struct pk_strings none = { NULL, 0 };

    (void)state;
    assert_int_equal(pk_visit_permissions(&all), (UINT64_C(1) << 24) | (UINT64_C(1) << 8));
    assert_int_equal(pk_visit_permissions(&one), UINT64_C(1) << 54);
    assert_int_equal(pk_visit_permissions(&none), 0);
}

static void sightings(void **state)
{
    struct pk_visit_app app = { .package = "com.example.app",
        .sha256 = DIGEST,
        .signer = SIGNER,
        .installer = "",
        .version_code = INT64_C(1) << 40,
        .permissions = 5,
        .risk = 130 };
    struct pk_sight_app out = { .version = 7 };

    (void)state;
    assert_true(pk_visit_app(&app, &out));
    assert_int_equal(out.package, pk_crowd_hash("com.example.app"));
    assert_int_equal(out.file, UINT64_C(0x0011223344556677));
    assert_int_equal(out.signer, UINT64_C(0xffeeddccbbaa9988));
    assert_int_equal(out.version, UINT32_MAX);
    assert_int_equal(out.source, PK_SIGHT_FROM_SIDELOAD);
    assert_int_equal(out.risk, 100);
    assert_int_equal(out.permissions, 5);
    app.risk = -1; /* nobody has read it */
    app.signer = "";
    app.version_code = -4;
    assert_true(pk_visit_app(&app, &out));
    assert_int_equal(out.risk, 0);
    assert_int_equal(out.signer, 0);
    assert_int_equal(out.version, 0);
    out.version = 7;
    app.sha256 = "";
    assert_false(pk_visit_app(&app, &out));
    app.sha256 = DIGEST "0";
    assert_false(pk_visit_app(&app, &out));
    app.sha256 = DIGEST;
    app.package = "";
    assert_false(pk_visit_app(&app, &out));
    assert_int_equal(out.version, 7);
}

static void lines(void **state)
{
    struct pk_sighting all[] = {
        { .kind = PK_SIGHTING_APP,
                .at_s = 1,
                .app = { .package = 1, .file = 2, .source = PK_SIGHT_FROM_MDM } },
        { .kind = PK_SIGHTING_APP,
                .at_s = INT64_MAX,
                .tenant = UINT32_MAX,
                .app = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX,
                        PK_SIGHT_FROM_UNKNOWN, 100 } },
        { .kind = PK_SIGHTING_INCIDENT,
                .at_s = 1700000000,
                .incident = { .file = 5,
                        .package = 6,
                        .attack = PK_SIGHT_MALWARE,
                        .confidence = 97 } },
    };
    static const char *const ids[] = { "1", "123456789012345678901234567890123456789",
        "0f9a6c44-30c2-4b5e-9a53-1f6f54f1f4a5" };
    struct pk_buffer text = pk_buffer_of(4096);
    const char *at;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(all); i++) {
        pk_visit_app_write(&all[i], ids[i], &text);
    }
    assert_int_equal(text.rc, PK_OK);
    at = text.ptr;
    for (size_t i = 0; i < PK_COUNT(all); i++) {
        struct pk_sighting out;
        char id[PK_VISIT_DEVICE_TEXT];

        assert_int_equal(pk_visit_app_read(&at, &out, id), PK_OK);
        assert_string_equal(id, ids[i]);
        assert_int_equal(out.kind, all[i].kind);
        assert_int_equal(out.at_s, all[i].at_s);
        assert_int_equal(out.device, pk_crowd_hash(ids[i]));
        assert_int_equal(out.tenant, all[i].tenant);
        if (out.kind == PK_SIGHTING_APP) {
            assert_memory_equal(&out.app, &all[i].app, sizeof(out.app));
        } else {
            assert_int_equal(out.incident.file, all[i].incident.file);
            assert_int_equal(out.incident.package, all[i].incident.package);
            assert_int_equal(out.incident.attack, PK_SIGHT_MALWARE);
            assert_int_equal(out.incident.confidence, 97);
        }
    }
    assert_string_equal(at, "");
    pk_buffer_finish(&text);
}

static void lines_bad(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "a",
        "a\n",
        "b 1 0 1 1 1 1 1 1 1 1\n",
        "a 1 0 1 1 1 1 1 1 1\n",
        "a 1 0 1 1 1 1 1 1 1 1",
        "a 1 0 1 1 1 1 1 1 1 1 \n",
        "a  1 0 1 1 1 1 1 1 1 1\n",
        "a 1 0 1 1 1 1 1 1 10 1\n",                  /* a source that there is not */
        "a 1 0 1 1 1 1 1 1 1 101\n",                 /* more than all risk */
        "a 1 4294967296 1 1 1 1 1 1 1 1\n",          /* too large */
        "a 1 0 1 11111111111111111 1 1 1 1 1 1\n",   /* the same */
        "a 1 0 9223372036854775808 1 1 1 1 1 1 1\n", /* the same */
        "a 1 0 -1 1 1 1 1 1 1 1\n",
        "a 1 0 +1 1 1 1 1 1 1 1\n",
        "a 1 0 1 0x1 1 1 1 1 1 1\n",
        "m 1 0 1 1 1\n",
        "m 1 0 1 1 1 101\n",
        "m 1 0 1 1 1 1 1\n",
        "a 1111111111111111111111111111111111111111111111 0 1 1 1 1 1 1 1 1\n",
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        char *heap = strdup(bad[i]);
        const char *at = heap;
        struct pk_sighting out = { .device = 4711 };
        char id[PK_VISIT_DEVICE_TEXT] = "x";

        if (pk_visit_app_read(&at, &out, id) != PK_EMALF || at != heap || out.device != 4711 ||
                strcmp(id, "x") != 0) {
            fail_msg("row %zu is taken", i);
        }
        free(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),
        cmocka_unit_test(permissions),
        cmocka_unit_test(sightings),
        cmocka_unit_test(lines),
        cmocka_unit_test(lines_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
