/* Readers of feeds: patterns of STIX, rows of tables, packed files, what a path tells. */
#include <lzma.h>
#include <stdio.h>

#include "check.h"
#include "intel/csv.h"
#include "intel/import.h"
#include "intel/stix_pattern.h"
#include "intel/unpack.h"

struct terms {
    char text[1024];
    int stop_at; /* < 0 is given back with this one */
    int count;
};

static int take(void *to, const struct pk_stix_term *term)
{
    struct terms *terms = to;
    size_t len = strlen(terms->text);

    terms->count++;
    (void)snprintf(terms->text + len, sizeof(terms->text) - len, "%s=%s;",
            pk_intel_kind_name(term->kind), term->value);
    return terms->count == terms->stop_at ? PK_ENOMEM : PK_OK;
}

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern;
        int rc;
        const char *terms;
        size_t combined;
    } rows[] = {
        { "[domain-name:value='a.b']", PK_OK, "domain=a.b;", 0 },
        { " [ domain-name:value = 'a.b' ] ", PK_OK, "domain=a.b;", 0 },
        { "[ipv4-addr:value='1.2.3.4' OR url:value='x']", PK_OK, "ip=1.2.3.4;url=x;", 0 },
        { "[ipv4-addr:value IN ('1.2.3.4','5.6.7.8')]", PK_OK, "ip=1.2.3.4;ip=5.6.7.8;", 0 },
        { "[file:hashes.'SHA-256'='aa']", PK_OK, "sha256=aa;", 0 },
        { "[file:hashes.sha256='aa']", PK_OK, "sha256=aa;", 0 },
        { "[file:hashes.MD5='aa' AND file:name='x']", PK_OK, "md5=aa;", 1 },
        { "[(file:name='x' OR file:name='y') AND file:size > 5]", PK_OK, "", 2 },
        { "[url:value='a'] AND [url:value='b']", PK_OK, "", 2 },
        { "[url:value='a'] FOLLOWEDBY [file:hashes.MD5='b']", PK_OK, "", 2 },
        { "[url:value='a'] OR [url:value='b']", PK_OK, "url=a;url=b;", 0 },
        { "([url:value='a']) WITHIN 5 SECONDS REPEATS 2 TIMES", PK_OK, "url=a;", 0 },
        { "[url:value LIKE 'a%']", PK_OK, "", 1 },
        { "[url:value != 'a']", PK_OK, "", 1 },
        { "[url:value NOT IN ('a','b')]", PK_OK, "", 2 },
        { "[url:value='a\\'b\\\\']", PK_OK, "url=a'b\\;", 0 },
        { "[mutex:name='m']", PK_OK, "=m;", 0 },
        { "[network-traffic:dst_ref.value='1.2.3.4']", PK_OK, "ip=1.2.3.4;", 0 },
        { "[network-traffic:protocols[0]='tcp']", PK_OK, "=tcp;", 0 },
        { "[app:cert.sha1='aa']", PK_OK, "signer=aa;", 0 },
        { "[a:b = t'2020-01-01T00:00:00Z']", PK_OK, "", 0 },
        { "", PK_EMALF, "", 0 },
        { "domain-name:value='a'", PK_EMALF, "", 0 },
        { "[", PK_EMALF, "", 0 },
        { "[domain-name:value='a", PK_EMALF, "", 0 },
        { "[domain-name:value='a'", PK_EMALF, "", 0 },
        { "[domain-name:value=]", PK_EMALF, "", 0 },
        { "[domain-name:value IN 'a']", PK_EMALF, "", 0 },
        { "[frob]", PK_EMALF, "", 0 },
        { "]", PK_EMALF, "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct terms terms = { 0 };
        size_t combined = 0;
        size_t len = strlen(rows[i].pattern);
        uint8_t *heap = pk_test_dup(rows[i].pattern, len);
        int rc = pk_stix_pattern((const char *)heap, len, take, &terms, &combined);

        if (rc != rows[i].rc || strcmp(terms.text, rows[i].terms) != 0 ||
                combined != rows[i].combined) {
            fail_msg("'%s': %d '%s' %zu", rows[i].pattern, rc, terms.text, combined);
        }
        free(heap);
    }
}

static void test_pattern_limits(void **state)
{
    struct terms terms = { .stop_at = 1 };
    struct pk_buffer big = pk_buffer_of(1UL << 20);
    size_t combined;

    (void)state;
    assert_int_equal(pk_stix_pattern("[url:value='a']", 15, take, &terms, &combined), PK_ENOMEM);
    terms.stop_at = 0;
    (void)pk_buffer_puts(&big, "[url:value IN ('a'");
    for (size_t i = 0; i < PK_STIX_TERMS_MAX; i++) {
        (void)pk_buffer_puts(&big, ",'b'");
    }
    (void)pk_buffer_puts(&big, ")]");
    assert_int_equal(pk_stix_pattern(big.ptr, big.len, take, &terms, &combined), PK_ELIMIT);
    while (big.len <= PK_STIX_PATTERN_MAX) {
        (void)pk_buffer_puts(&big, " ");
    }
    assert_int_equal(pk_stix_pattern(big.ptr, big.len, take, &terms, &combined), PK_ELIMIT);
    pk_buffer_finish(&big);
}

static void test_csv(void **state)
{
    static const char text[] = "a,\"b \"\"c\"\"\",\r\n\n\"two\nlines\",x\nopen,\"never\nlast,row";
    uint8_t *heap = pk_test_dup(text, sizeof(text) - 1);
    struct pk_csv *csv = malloc(sizeof(*csv));

    (void)state;
    assert_non_null(csv);
    pk_csv_init(csv, pk_slice_of(heap, sizeof(text) - 1), ',');
    assert_int_equal(pk_csv_next(csv), PK_OK);
    assert_int_equal(csv->count, 3);
    assert_string_equal(csv->cell[1], "b \"c\"");
    assert_string_equal(csv->cell[2], "");
    assert_int_equal(pk_csv_next(csv), PK_OK);
    assert_int_equal(csv->line, 3);
    assert_string_equal(csv->cell[0], "two lines");
    assert_int_equal(pk_csv_next(csv), PK_EMALF);
    assert_int_equal(csv->line, 5);
    assert_int_equal(pk_csv_next(csv), PK_OK);
    assert_int_equal(csv->line, 6);
    assert_string_equal(csv->cell[1], "row");
    assert_int_equal(pk_csv_next(csv), PK_ENOENT);
    free(csv);
    free(heap);
}

static void test_csv_limits(void **state)
{
    struct pk_buffer text = pk_buffer_of(1UL << 20);
    struct pk_csv *csv = malloc(sizeof(*csv));

    (void)state;
    assert_non_null(csv);
    for (size_t i = 0; i < PK_CSV_CELLS_MAX + 1; i++) {
        (void)pk_buffer_puts(&text, "x,");
    }
    (void)pk_buffer_puts(&text, "\n");
    for (size_t i = 0; i < PK_CSV_ROW_MAX + 1; i++) {
        (void)pk_buffer_puts(&text, "y");
    }
    (void)pk_buffer_puts(&text, "\nlast\n");
    pk_csv_init(csv, pk_buffer_slice(&text), ',');
    assert_int_equal(pk_csv_next(csv), PK_ELIMIT);
    assert_int_equal(pk_csv_next(csv), PK_ELIMIT);
    assert_int_equal(pk_csv_next(csv), PK_OK);
    assert_string_equal(csv->cell[0], "last");
    assert_int_equal(csv->line, 3);
    assert_int_equal(pk_csv_next(csv), PK_ENOENT);
    free(csv);
    pk_buffer_finish(&text);
}

/* A small file that unpacks to more than is granted. */
static void test_bomb(void **state)
{
    size_t size = 8UL << 20;
    uint8_t *zeros = calloc(1, size);
    uint8_t *packed = malloc(1UL << 20);
    struct pk_buffer out = pk_buffer_of(1UL << 20);
    struct pk_error err = { 0 };
    bool was_packed = false;
    size_t len = 0;

    (void)state;
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(lzma_easy_buffer_encode(
                             6, LZMA_CHECK_CRC32, NULL, zeros, size, packed, &len, 1UL << 20),
            LZMA_OK);
    assert_int_equal(pk_intel_unpack(pk_slice_of(packed, len), &out, &was_packed, &err), PK_ELIMIT);
    assert_true(was_packed);
    assert_true(out.len <= out.max);
    pk_buffer_finish(&out);
    for (size_t cut = 6; cut < len; cut += 7) { /* cut short anywhere */
        uint8_t *heap = pk_test_dup(packed, cut);

        out = pk_buffer_of(16UL << 20);
        assert_true(pk_intel_unpack(pk_slice_of(heap, cut), &out, &was_packed, &err) < 0);
        pk_buffer_finish(&out);
        free(heap);
    }
    free(zeros);
    free(packed);
}

/* What the path says about a plain list: feed, family, date. */
static void test_paths(void **state)
{
    static const struct {
        const char *path;
        const char *source;
        const char *family; /* NULL: none */
        const char *date;   /* NULL: none */
        const char *category;
    } rows[] = {
        { "zimperium/2025-10-ClayRat__apks.csv", "zimperium-ioc", "ClayRat", "2025-10-01",
                "malware" },
        { "zimperium/2026-Banking-Heist__godfather.csv", "zimperium-ioc", "godfather", NULL,
                "malware" },
        { "zimperium/2023-Banking-Heist/Hook.csv", "zimperium-ioc", "Hook", NULL, "malware" },
        { "mvt-indicators/2023-04-11_quadream/sha256.txt", "mvt-indicators", "quadream",
                "2023-04-11", "spyware" },
        { "mvt-indicators/candiru__domains.txt", "mvt-indicators", "candiru", NULL, "spyware" },
        { "eset-android/kamran__samples.sha256", "eset-malware-ioc", "kamran", NULL, "malware" },
        { "amnesty/2021-07-18_nso__v3_domains.txt", "amnesty-investigations", "nso", "2021-07-18",
                "spyware" },
        { "feeds/mine.txt", "feeds", NULL, NULL, "malware" },
        { "mine.txt", "mine.txt", NULL, NULL, "malware" },
    };
    static const char hash[] = "5e52438f28275dc2a7e83b989e726f86ba53c915b44f126507763850197646f6\n";

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_intel_import_settings settings = { .kind = -1 };
        struct pk_intel_builder *b = pk_intel_builder_create();
        struct pk_intel_import *run = pk_intel_import_create(b, &settings);
        struct pk_buffer bytes = pk_buffer_of(1UL << 20);
        struct pk_intel_set *set = NULL;
        struct pk_intel_file_result result;
        struct pk_intel_hit hit = { 0 };
        struct pk_error err = { 0 };

        assert_int_equal(
                pk_intel_import_bytes(run, rows[i].path, pk_slice_str(hash), &result, &err), PK_OK);
        assert_int_equal(result.rows, 1);
        assert_int_equal(pk_intel_builder_finish(b, 1, &bytes, &err), PK_OK);
        assert_int_equal(pk_intel_set_open(pk_buffer_slice(&bytes), &set, &err), PK_OK);
        assert_true(pk_intel_row_at(set, 0, &hit));
        if (strcmp(hit.source, rows[i].source) != 0 ||
                (hit.family == NULL) != (rows[i].family == NULL) ||
                (hit.date == NULL) != (rows[i].date == NULL)) {
            fail_msg("'%s': %s %s %s", rows[i].path, hit.source, hit.family, hit.date);
        }
        if (hit.family != NULL) {
            assert_string_equal(hit.family, rows[i].family);
        }
        if (hit.date != NULL) {
            assert_string_equal(hit.date, rows[i].date);
        }
        assert_string_equal(hit.category, rows[i].category);
        pk_intel_set_destroy(set);
        pk_buffer_finish(&bytes);
        pk_intel_import_destroy(run);
        pk_intel_builder_destroy(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_pattern_limits),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_limits),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_paths),
    };

    return cmocka_run_group_tests_name("intel_feeds", tests, NULL, NULL);
}
