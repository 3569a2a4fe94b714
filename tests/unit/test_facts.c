/* The facts about an app, part by part: versions, hosts, pictures, native libraries. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "defense/malware/facts.h"
#include "defense/malware/facts_image.h"
#include "defense/malware/facts_names.h"
#include "defense/malware/facts_version.h"

static void test_versions(void **state)
{
    /* Each row is older than the next; "=" before one: equal to the one before. */
    static const char *const rows[] = { "0.9.8za", "1.0.0", "=1.0", "1.0.1", "1.0.1a", "1.0.1f",
        "1.0.1g", "1.0.1z", "1.0.1za", "1.0.2", "1.2", "=1.2.0", "1.2.2.2", "1.2.11", "1.9", "1.10",
        "2.0-alpha1", "2.0-beta9", "2.0-rc1", "=2.0-RC1", "2.0", "=2.0.Final", "=2.0.0-android",
        "=2.0+build7", "=02.00", "4.1.41.Final", "4.1.42.Final", "=4.1.42", "6.9.3-9", "6.9.3-10",
        "20220924", "20230227", "99999999999999999999" };

    (void)state;
    for (size_t i = 1; i < PK_COUNT(rows); i++) {
        const char *a = rows[i - 1] + (rows[i - 1][0] == '=' ? 1 : 0);
        bool same = rows[i][0] == '=';
        const char *b = rows[i] + (same ? 1 : 0);

        if (pk_facts_version_compare(a, b) != (same ? 0 : -1) ||
                pk_facts_version_compare(b, a) != (same ? 0 : 1)) {
            fail_msg("'%s' and '%s': %d", a, b, pk_facts_version_compare(a, b));
        }
        assert_int_equal(pk_facts_version_compare(b, b), 0);
    }
}

static void test_version_length(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        { "1.0.2k  26 Jan 2017", 6 },
        { "1.2.11 Copyright", 6 },
        { "4.9.0", 5 },
        { "2.0.", 3 },
        { "RSA method", 0 },
        { "1", 0 },
        { "", 0 },
        { "1.", 0 },
        { "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_facts_version_length(pk_slice_str(rows[i].text)), rows[i].len);
    }
}

/* The hosts of one text, joined; "!" behind those of cleartext. */
static const char *hosts_of(struct pk_arena *arena, const char *text, size_t len, char how)
{
    struct pk_facts_hosts *hosts = pk_facts_hosts_create(arena);
    uint8_t *heap = malloc(
            len > 0 ? len : 1); /* exact, so that the sanitizer sees one byte too many */
    struct pk_app_report report = { 0 };
    struct pk_app_subject app = { .report = &report, .arena = arena, .work = arena };
    const struct pk_app_host *rows;
    const char *out = "";

    assert_non_null(hosts);
    assert_non_null(heap);
    memcpy(heap, text, len);
    if (how == 'b') {
        pk_facts_hosts_bare(hosts, pk_slice_of(heap, len), PK_FACTS_PLACE_CODE);
    } else if (how == 'w') {
        pk_facts_hosts_urls16(hosts, pk_slice_of(heap, len), PK_FACTS_PLACE_RESOURCES);
    } else {
        pk_facts_hosts_urls(hosts, pk_slice_of(heap, len), PK_FACTS_PLACE_CODE);
    }
    free(heap);
    assert_int_equal(pk_facts_hosts_report(hosts, &app), PK_OK);
    rows = report.hosts.items;
    for (size_t i = 0; i < report.hosts.count; i++) {
        out = pk_arena_printf(arena, "%s%s%s%s", out, i > 0 ? " " : "", rows[i].name,
                rows[i].cleartext ? "!" : "");
    }
    return out;
}

static void test_urls(void **state)
{
    static const struct {
        const char *text;
        const char *hosts;
    } rows[] = {
        { "http://Evil.Example-C2.com/gate.php", "evil.example-c2.com!" },
        { "go to https://a.b.co.uk:8443/x now, or ws://c.io", "a.b.co.uk c.io" },
        { "http://user:pass@host.net/", "host.net!" },
        { "http://1.2.3.4:80/ http://127.0.0.1/ http://0.0.0.0 http://300.1.1.1/", "1.2.3.4!" },
        { "https://%s.foo.com/ https://a.%s/ https://a.${b}.com/", "" },
        { "https://foo.com%s", "foo.com" },
        { "http://schemas.android.com/apk/res/android", "" },
        { "http://www.w3.org/2000/svg http://xmlpull.org/v1/", "" },
        { "http://example.com/ http://www.example.org/ http://localhost/ http://a.test/", "" },
        { "http://javax.xml.XMLConstants/feature/secure-processing", "" },
        { "content://com.foo.bar/x file://a.b/c jdbc:mysql://db.host.com", "" },
        { "http://www.apple.com/DTDs/PropertyList-1.0.dtd http://ocsp.apple.com/x", "" },
        { "://", "" },
        { "http://", "" },
        { "http://a", "" },
        { "http://-a.com http://a..com http://a-.com", "" },
        { "https://a.com. https://A.com", "a.com" },
        { "https://x.com\" http://x.com'", "x.com!" },
        { "http://xn--80ak6aa92e.xn--p1ai/", "xn--80ak6aa92e.xn--p1ai!" },
    };
    struct pk_arena *arena = pk_arena_create(4UL * 1024 * 1024);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_string_equal(
                hosts_of(arena, rows[i].text, strlen(rows[i].text), 'u'), rows[i].hosts);
    }
    pk_arena_destroy(arena);
}

static void test_wide_urls(void **state)
{
    static const char text[] =
            "x\0h\0t\0t\0p\0:\0/\0/\0a\0.\0r\0u\0/\0q\0\0\0h\0t\0t\0p\0s\0:\0/\0/\0b\0.\0c\0n";
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);

    (void)state;
    assert_string_equal(hosts_of(arena, text + 2, sizeof(text) - 2, 'w'), "a.ru! b.cn");
    assert_string_equal(
            hosts_of(arena, text + 2, sizeof(text) - 3, 'w'), "a.ru!"); /* half a character */
    assert_string_equal(hosts_of(arena, text + 2, 19, 'w'), "");
    pk_arena_destroy(arena);
}

static void test_bare_names(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        { "evil-host.xyz", true },
        { "c2.evil.ru:8080", true },
        { "www.thing.io", true },
        { "45.77.12.3", true },
        { "45.77.12.3:443", true },
        { "user.name", false },
        { "os.arch", false },
        { "com.foo.bar", false },
        { "org.apache.com", false },
        { "2.5.29.15", false },
        { "1.3.132.0.10", false },
        { "1.2.3.4", false },
        { "192.168.0.1", false },
        { "libfoo.so", false },
        { "classes.dex", false },
        { "a.b", false },
        { "file.name.ru.", false },
        { "Evil.ru", true }, /* the caller's prefilter takes lower case only */
        { "schemas.android.com", false },
        { "foo_bar.com", false },
        { "host.com:", false },
        { "host.com:abc", false },
    };
    struct pk_arena *arena = pk_arena_create(4UL * 1024 * 1024);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const char *found = hosts_of(arena, rows[i].text, strlen(rows[i].text), 'b');

        if ((found[0] != '\0') != rows[i].is) {
            fail_msg("'%s' gives '%s'", rows[i].text, found);
        }
    }
    pk_arena_destroy(arena);
}

/* More hosts than are kept, and names that share one place of the table: it ends, and 500 are reported. */
static void test_many_hosts(void **state)
{
    struct pk_arena *arena = pk_arena_create(16UL * 1024 * 1024);
    struct pk_facts_hosts *hosts = pk_facts_hosts_create(arena);
    struct pk_app_report report = { 0 };
    struct pk_app_subject app = { .report = &report, .arena = arena, .work = arena };
    char text[64];

    (void)state;
    pk_facts_hosts_urls(hosts, pk_slice_str("http://1.2.3.4/ https://h5.net"), PK_FACTS_PLACE_CODE);
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof(text), "https://h%d.net/", i);

        pk_facts_hosts_urls(hosts, pk_slice_of(text, (size_t)n), PK_FACTS_PLACE_RESOURCES);
    }
    assert_int_equal(pk_facts_hosts_report(hosts, &app), PK_OK);
    assert_int_equal(report.hosts.count, PK_FACTS_HOSTS_MAX);
    assert_string_equal(((const struct pk_app_host *)report.hosts.items)[0].name, "1.2.3.4");
    assert_string_equal(((const struct pk_app_host *)report.hosts.items)[1].name, "h5.net");
    pk_arena_destroy(arena);
}

/* --- native libraries */

static const struct pk_facts_version *find_version(
        const struct pk_app_notes *notes, const char *name)
{
    for (size_t i = 0; i < notes->versions.count; i++) {
        if (strcmp(pk_facts_libraries[notes->versions.items[i].row].name, name) == 0) {
            return &notes->versions.items[i];
        }
    }
    return NULL;
}

static struct pk_app_notes *notes_of(struct pk_arena *arena, const char *bytes, size_t len)
{
    struct pk_app_notes *notes = pk_app_notes_create(arena);
    uint8_t *heap = malloc(len);

    assert_non_null(notes);
    memcpy(heap, bytes, len);
    pk_app_notes_library(notes, "lib/x/liba.so", pk_slice_of(heap, len));
    free(heap);
    return notes;
}

static void test_banners(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *version; /* NULL: none */
    } rows[] = {
        { "OpenSSL 1.0.2k  26 Jan 2017", "OpenSSL", "1.0.2k" },
        { "OpenSSL 1.1.1 (compatible; BoringSSL)", "OpenSSL", NULL },
        { "OpenSSL RSA method", "OpenSSL", NULL },
        { " deflate 1.2.11 Copyright 1995-2017 Jean-loup Gailly", "zlib", "1.2.11" },
        { "\nlibpng version 1.6.34\nCopyright", "libpng", "1.6.34" },
        { "libcurl/7.64.0", "curl", "7.64.0" },
        { "expat_2.2.5", "Expat", "2.2.5" },
        { "1.0.6, 6-Sept-2010", "bzip2", "1.0.6" },
        { "FFmpeg version n4.2.2", "FFmpeg", "4.2.2" },
    };
    struct pk_arena *arena = pk_arena_create(16UL * 1024 * 1024);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char bytes[200];
        int n = snprintf(bytes, sizeof(bytes), "%c%s%c", 0, rows[i].text, 0);
        const struct pk_facts_version *v = find_version(
                notes_of(arena, bytes, (size_t)n), rows[i].name);

        assert_int_equal(v != NULL, rows[i].version != NULL);
        if (v != NULL) {
            assert_string_equal(v->version, rows[i].version);
        }
    }
    pk_arena_destroy(arena);
}

/* A library of nothing but banners takes neither time nor the memory of the other judges. */
static void test_many_banners(void **state)
{
    struct pk_arena *arena = pk_arena_create(64UL * 1024);
    struct pk_app_notes *notes;
    char *bytes = malloc(4UL * 1024 * 1024);
    size_t len = 0;

    (void)state;
    assert_non_null(bytes);
    for (unsigned i = 0; len < 4UL * 1024 * 1024 - 64; i++) {
        len += (size_t)snprintf(bytes + len, 64, "libcurl/%u.1", i) + 1;
    }
    notes = pk_app_notes_create(arena);
    assert_non_null(notes);
    pk_app_notes_library(notes, "lib/x/liba.so", pk_slice_of(bytes, len));
    assert_int_equal(notes->versions.count, 64);
    assert_non_null(pk_arena_alloc(arena, 1, 8192));
    free(bytes);
    pk_arena_destroy(arena);
}

static void test_sqlite(void **state)
{
    static const char whole[] =
            "SQLite format 3\0"
            "3.31.1\0"
            "2020-01-27 19:55:54 3bfa9cc97da10598521b342961df8f5f68c7388fa117345eeb516eaa837bb4d6";
    static const char alone[] = "libfoo\0"
                                "3.31.1\0bar";
    static const char two[] =
            "SQLite format 3\0"
            "3.31.1\0"
            "3.8.2\0"
            "2020-01-27 19:55:54 3bfa9cc97da10598521b342961df8f5f68c7388fa117345eeb516eaa837bb4d6";
    struct pk_arena *arena = pk_arena_create(4UL * 1024 * 1024);
    const struct pk_facts_version *v;

    (void)state;
    v = find_version(notes_of(arena, whole, sizeof(whole)), "SQLite");
    assert_non_null(v);
    assert_string_equal(v->version, "3.31.1");
    assert_null(find_version(notes_of(arena, alone, sizeof(alone)), "SQLite"));
    assert_null(find_version(notes_of(arena, two, sizeof(two)), "SQLite"));
    pk_arena_destroy(arena);
}

/* Every hole of the table has a version that has it and one that has not. */
static void test_holes(void **state)
{
    (void)state;
    assert_true(pk_facts_library_count > 30);
    for (size_t i = 0; i < pk_facts_library_count; i++) {
        for (size_t c = 0; c < pk_facts_libraries[i].cve_count; c++) {
            const struct pk_facts_cve *cve = &pk_facts_libraries[i].cves[c];

            if (cve->from != NULL && pk_facts_version_compare(cve->from, cve->fixed) >= 0) {
                fail_msg("%s: from %s, fixed %s", cve->id, cve->from, cve->fixed);
            }
        }
    }
}

/* --- pictures */

/* A drawing of four soft spots, elsewhere for each seed. */
static void draw(uint8_t *rgba, uint32_t side, unsigned seed, int shift)
{
    double spots[4][3];
    unsigned random = seed * 2654435761U;

    for (size_t i = 0; i < 12; i++) {
        random = random * 1664525U + 1013904223U;
        spots[i / 3][i % 3] = (double)(random >> 8) / (double)(1U << 24);
    }
    for (uint32_t y = 0; y < side; y++) {
        for (uint32_t x = 0; x < side; x++) {
            double u = (double)x / side;
            double v = (double)y / side;
            double t = 0;

            for (size_t i = 0; i < 4; i++) {
                double dx = u - spots[i][0];
                double dy = v - spots[i][1];

                t += (i % 2 == 0 ? 2.5 : -2.5) * exp(-(dx * dx + dy * dy) * (8 + spots[i][2] * 60));
            }
            int tone = (int)(127 + t * 40) + shift;
            uint8_t *p = rgba + 4 * ((size_t)y * side + x);

            tone = tone < 0 ? 0 : tone > 255 ? 255 : tone;
            p[0] = (uint8_t)tone;
            p[1] = (uint8_t)(tone * 9 / 10);
            p[2] = (uint8_t)(tone / 2);
            p[3] = 255;
        }
    }
}

static struct pk_facts_image hash(uint32_t side, unsigned seed, int shift)
{
    uint8_t *rgba = malloc((size_t)side * side * 4);
    struct pk_facts_image out = { 0 };

    assert_non_null(rgba);
    draw(rgba, side, seed, shift);
    assert_true(pk_facts_image_hash_pixels(rgba, side, side, &out));
    free(rgba);
    return out;
}

static int distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

static void test_pictures(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++) {
        struct pk_facts_image a = hash(72, seed, 0);
        struct pk_facts_image large = hash(192, seed, 0);
        struct pk_facts_image light = hash(96, seed, 25);

        assert_in_range(distance(a.phash, large.phash), 0, 10);
        assert_in_range(distance(a.phash, light.phash), 0, 10);
        assert_in_range(distance(a.dhash, large.dhash), 0, 10);
        for (unsigned other = seed + 1; other <= 12; other++) {
            assert_in_range(distance(a.phash, hash(72, other, 0).phash), 11, 64);
        }
    }
}

static void test_flat_picture(void **state)
{
    uint8_t rgba[16 * 16 * 4];
    struct pk_facts_image out = { .phash = 7 };

    (void)state;
    memset(rgba, 200, sizeof(rgba));
    assert_false(pk_facts_image_hash_pixels(rgba, 16, 16, &out));
    assert_int_equal(out.phash, 7);
}

static void test_bad_pictures(void **state)
{
    static const char *const rows[] = { "", "\x89PNG", "\x89PNG\r\n\x1a\n0000000000000000",
        "RIFF\x10\0\0\0WEBPVP8 ", "RIFFxxxxWEBPVP8Lxxxxxxxxxxxx", "GIF89a0000000000000000" };
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    struct pk_facts_image out = { .phash = 7 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_false(pk_facts_image_hash(pk_slice_str(rows[i]), arena, &out));
        assert_int_equal(out.phash, 7);
    }
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_version_length),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_wide_urls),
        cmocka_unit_test(test_bare_names),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_banners),
        cmocka_unit_test(test_many_banners),
        cmocka_unit_test(test_sqlite),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_flat_picture),
        cmocka_unit_test(test_bad_pictures),
    };

    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
