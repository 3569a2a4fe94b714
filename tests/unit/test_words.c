/* The words for employees: every language complete, found by the names that devices give, filled safely. */
#include <stdlib.h>

#include "check.h"
#include "model/threat_words.h"
#include "model/words.h"

static void test_languages(void **state)
{
    static const struct {
        const char *wanted;
        const char *code;
        bool known;
    } rows[] = {
        { NULL, "en", false },
        { "", "en", false },
        { "C", "en", false },
        { "C.UTF-8", "en", false },
        { "POSIX", "en", false },
        { "en_GB.UTF-8", "en", true },
        { "de", "de", true },
        { "DE", "de", true },
        { "de-AT", "de", true },
        { "de_CH.UTF-8@euro", "de", true },
        { "de@euro", "de", true },
        { "fr_CA.UTF-8", "fr", true },
        { "deu", "en", false },
        { "d", "en", false },
        { "-de", "en", false },
        { "xx-de", "en", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *known = pk_language_known(rows[i].wanted);

        assert_string_equal(pk_language_of(rows[i].wanted), rows[i].code);
        assert_int_equal(known != NULL, rows[i].known);
    }
    assert_string_equal(pk_language_code(0), "en");
}

static void test_locale(void **state)
{
    (void)state;
    (void)unsetenv("LC_ALL");
    (void)unsetenv("LC_MESSAGES");
    (void)setenv("LANG", "de_DE.UTF-8", 1);
    assert_string_equal(pk_language_of_locale(), "de");
    (void)setenv("LC_MESSAGES", "en_US.UTF-8", 1);
    assert_string_equal(pk_language_of_locale(), "en");
    (void)setenv("LC_MESSAGES", "", 1);
    assert_string_equal(pk_language_of_locale(), "de");
    (void)setenv("LC_ALL", "C", 1);
    assert_string_equal(pk_language_of_locale(), "en");
}

static void test_complete(void **state)
{
    (void)state;
    for (size_t l = 0; l < pk_language_count(); l++) {
        const char *code = pk_language_code(l);

        for (size_t i = 0; i < pk_threat_count(); i++) {
            const struct pk_threat *t = pk_threat_at(i);
            const struct pk_threat_words *w = pk_threat_words(t, code);

            assert_non_null(w);
            assert_true(w->title[0] != '\0' && w->why[0] != '\0');
            assert_int_equal(w->next_count, t->next_count);
            assert_int_equal(
                    strstr(w->title, "{subject}") != NULL, strstr(t->title, "{subject}") != NULL);
            assert_int_equal(l == 0, strcmp(w->title, t->title) == 0);
        }
        for (size_t i = 0; i < pk_word_key_count(); i++) {
            const char *word = pk_word(code, pk_word_key(i));

            assert_true(word[0] != '\0');
            assert_ptr_not_equal(word, pk_word_key(i));
            if (i > 0) {
                assert_true(strcmp(pk_word_key(i - 1), pk_word_key(i)) < 0);
            }
        }
    }
}

/* What is told with care may not say in a notification why. */
static void test_careful(void **state)
{
    const struct pk_threat *stalker = pk_threat_find("malware.stalkerware");
    size_t count = 0;

    (void)state;
    assert_non_null(stalker);
    assert_true(stalker->careful);
    for (size_t i = 0; i < pk_threat_count(); i++) {
        count += pk_threat_at(i)->careful;
        assert_true(!pk_threat_at(i)->careful || pk_threat_at(i)->urgency != PK_URGENCY_NOW);
    }
    assert_int_equal(count, 1);
    for (size_t l = 0; l < pk_language_count(); l++) {
        static const char *const quiet[] = { "careful.title", "careful.why", "careful.step",
            "letter.subject_careful" };

        for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
            const char *word = pk_word(pk_language_code(l), quiet[i]);

            assert_null(strstr(word, "{"));
            assert_null(strcasestr(word, "app "));
            assert_null(strcasestr(word, "stalk"));
            assert_null(strcasestr(word, "spy"));
        }
    }
}

static void test_unknown(void **state)
{
    const struct pk_threat other = { .id = "network.of_tomorrow" };
    const char *key = "no.such.key";

    (void)state;
    assert_null(pk_threat_words(&other, "de"));
    assert_ptr_equal(pk_word("de", key), key);
}

static void test_fill(void **state)
{
    static const struct pk_word_part parts[] = { { "n", "3" }, { "name", "{n}" }, { "no", NULL } };
    static const struct {
        const char *text;
        size_t size;
        const char *out;
    } rows[] = {
        { "{n} things", 64, "3 things" },
        { "of {name}", 64, "of {n}" }, /* values are not filled again */
        { "{n}{n}", 64, "33" },
        { "{no}x", 64, "x" },
        { "{other} {n", 64, "{other} {n" },
        { "{", 64, "{" },
        { "", 64, "" },
        { "abc{n}", 4, "abc" },
        { "ab\xc3\xa4", 4, "ab" }, /* no half characters */
        { "ab\xc3\xa4{n}", 4, "ab" },
        { "x", 1, "" },
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *heap = malloc(rows[i].size);

        assert_non_null(heap);
        pk_word_fill(rows[i].text, parts, 3, heap, rows[i].size);
        assert_string_equal(heap, rows[i].out);
        free(heap);
    }
    pk_word_fill("x", parts, 3, NULL, 0);
    pk_word_number(pk_word("en", "status.fix"), "n", 12, out, sizeof(out));
    assert_string_equal(out, "12 things to fix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_careful),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_fill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
