/* What is odd is said once an id, and the evidence can be printed anywhere. */
#include "check.h"
#include "formats/anomaly.h"

static void each_id_once_with_its_first_evidence(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_anomalies list;

    assert_int_equal(pk_anomalies_init(&list, arena), PK_OK);
    pk_anomaly_add(&list, PK_ANOMALY_ZIP_METHOD_BOGUS, "entry '%s': method %d", "a\nb", 30208);
    pk_anomaly_add(&list, PK_ANOMALY_APK_JANUS, "x");
    pk_anomaly_add(&list, PK_ANOMALY_ZIP_METHOD_BOGUS, "entry '%s': method %d", "c", 9);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].count, 2);
    assert_string_equal(list.items[0].evidence, "entry 'a\\x0ab': method 30208");
    assert_ptr_equal(pk_anomaly_find(&list, PK_ANOMALY_APK_JANUS), &list.items[1]);
    assert_null(pk_anomaly_find(&list, PK_ANOMALY_AXML_MAGIC));
    pk_anomaly_add(NULL, PK_ANOMALY_APK_JANUS, "nobody wants to know");
    pk_arena_destroy(arena);
}

static void the_catalogue_has_a_row_for_each_id(void **state)
{
    for (size_t i = 0; i < pk_anomaly_kind_count(); i++) {
        const struct pk_anomaly_kind *kind = pk_anomaly_kind((enum pk_anomaly_id)i);

        assert_non_null(strchr(kind->id, '.'));
        assert_true(strlen(kind->title) > 0);
        assert_non_null(kind->attack);
    }
    assert_string_equal(pk_anomaly_kind(PK_ANOMALY_APK_JANUS)->id, "apk.janus");
    assert_int_equal(pk_anomaly_kind(PK_ANOMALY_APK_JANUS)->weight, PK_WEIGHT_CRITICAL);
}

static void text_is_made_printable(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        size_t max;
        const char *out;
    } cases[] = {
        { "plain", 5, 100, "plain" },
        { "", 0, 100, "" },
        { "a\0b", 3, 100, "a\\x00b" },
        { "\xc3\xa9t\xc3\xa9", 5, 100, "\xc3\xa9t\xc3\xa9" },
        { "\xc0\x80", 2, 100, "\\xc0\\x80" },
        { "\xed\xa0\x80", 3, 100, "\\xed\\xa0\\x80" },
        /* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested */
        { "gpj.\xe2\x80\xae"
          "exe",
                10, 100, "gpj.\\u{202e}exe" },
        { "\xe2\x80", 2, 100, "\\xe2\\x80" },
        { "0123456789", 10, 10, "0123456789" },
        { "0123456789a", 11, 10, "0123456\xe2\x80\xa6" },
        { "0123456\xc3\xa9\xc3\xa9", 11, 10, "0123456\xe2\x80\xa6" },
        { "\n\n\n\n", 4, 9, "\\x0a\xe2\x80\xa6" },
    };

    for (size_t i = 0; i < PK_COUNT(cases); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 12);

        assert_string_equal(
                pk_printable(arena, cases[i].in, cases[i].len, cases[i].max), cases[i].out);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_id_once_with_its_first_evidence),
        cmocka_unit_test(the_catalogue_has_a_row_for_each_id),
        cmocka_unit_test(text_is_made_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
