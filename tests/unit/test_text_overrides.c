/* Own words for threats: what is taken and what is refused, and what is read then. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "check.h"
#include "model/text_overrides.h"
#include "model/words.h"

#define ARP "\"threat\":\"network.arp_spoof\""

static int parse(
        const char *texts, size_t *dropped, struct pk_text_overrides **out, struct pk_error *err)
{
    char text[4096];

    (void)snprintf(text, sizeof(text), "{\"version\":1,\"texts\":[%s]}", texts);
    return pk_text_overrides_parse(text, strlen(text), dropped, out, err);
}

static void test_read(void **state)
{
    const struct pk_threat *arp = pk_threat_find("network.arp_spoof");
    const struct pk_threat *other = pk_threat_find("behavior.ignores_warnings");
    struct pk_text_overrides *texts = NULL;
    const struct pk_threat_words *w;

    (void)state;
    assert_int_equal(
            parse("{" ARP
                  ",\"language\":\"de\",\"title\":\"Eigenes\",\"next\":[\"4711 anrufen.\"]},"
                  "{" ARP ",\"language\":\"en\",\"why\":\"Own why.\"}",
                    NULL, &texts, NULL),
            PK_OK);
    assert_int_equal(pk_text_overrides_count(texts), 2);
    w = pk_text_overrides_words(texts, arp, "de-AT");
    assert_string_equal(w->title, "Eigenes");
    assert_string_equal(w->why, pk_threat_words(arp, "de")->why);
    assert_int_equal(w->next_count, 1);
    assert_string_equal(w->next[0], "4711 anrufen.");
    w = pk_text_overrides_words(texts, arp, NULL); /* English */
    assert_string_equal(w->title, arp->title);
    assert_string_equal(w->why, "Own why.");
    assert_int_equal(w->next_count, arp->next_count);
    assert_ptr_equal(pk_text_overrides_words(texts, arp, "fr"), pk_threat_words(arp, "fr"));
    assert_ptr_equal(pk_text_overrides_words(texts, other, "de"), pk_threat_words(other, "de"));
    assert_ptr_equal(pk_text_overrides_words(NULL, arp, "de"), pk_threat_words(arp, "de"));
    assert_null(pk_text_overrides_find(texts, arp, "it"));
    assert_int_equal(pk_text_overrides_count(NULL), 0);
    assert_int_equal(pk_text_overrides_version(NULL), 0);
    pk_text_overrides_destroy(texts);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *path;
    } rows[] = {
        { "{\"threat\":\"x.y\",\"language\":\"de\",\"title\":\"a\"}", "texts[0].threat" },
        { "{" ARP ",\"language\":\"xx\",\"title\":\"a\"}", "texts[0].language" },
        { "{" ARP ",\"language\":\"de-AT\",\"title\":\"a\"}", "texts[0].language" },
        { "{" ARP ",\"language\":\"de\"}", "texts[0]" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\" a\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a\\nb\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a\\u202eb\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a {n}\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a {subject}\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"{subject\"}", "texts[0].title" },
        { "{" ARP ",\"language\":\"de\",\"why\":\"a \\\"{subject}\\\"\"}", "texts[0].why" },
        { "{" ARP ",\"language\":\"de\",\"next\":[\"a\",\"b\\t\"]}", "texts[0].next" },
        { "{" ARP ",\"language\":\"de\",\"next\":[\"a\",\"b\",\"c\",\"d\"]}", "texts[0].next" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a\"},{" ARP
          ",\"language\":\"de\",\"why\":\"b\"}",
                "texts[1].threat" },
        { "{" ARP ",\"language\":\"de\",\"title\":\"a\",\"frob\":1}", "texts[0].frob" },
    };
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_text_overrides *texts = NULL;
        struct pk_error err = { 0 };

        assert_true(parse(rows[i].text, NULL, &texts, &err) < 0);
        assert_null(texts);
        assert_string_equal(err.path, rows[i].path);
        assert_true(err.text[0] != '\0');
    }
}

/* Characters, not bytes: 80 and 81, and 140 together. */
static void test_lengths(void **state)
{
    static const struct {
        size_t title;
        size_t why;
        const char *path; /* NULL: good */
    } rows[] = { { 80, 60, NULL }, { 81, 10, "texts[0].title" }, { 80, 61, "texts[0].why" },
        { 1, 139, NULL }, { 1, 140, "texts[0].why" } };
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_text_overrides *texts = NULL;
        struct pk_error err = { 0 };
        struct pk_buffer text = pk_buffer_of(1024);
        int rc;

        (void)pk_buffer_puts(&text, "{" ARP ",\"language\":\"de\",\"title\":\"");
        for (size_t n = 0; n < rows[i].title; n++) {
            (void)pk_buffer_puts(&text, "ü");
        }
        (void)pk_buffer_puts(&text, "\",\"why\":\"");
        for (size_t n = 0; n < rows[i].why; n++) {
            (void)pk_buffer_puts(&text, "ß");
        }
        (void)pk_buffer_puts(&text, "\"}");
        assert_int_equal(text.rc, PK_OK);
        rc = parse(text.ptr, NULL, &texts, &err);
        pk_buffer_finish(&text);
        assert_int_equal(rc == PK_OK, rows[i].path == NULL);
        assert_string_equal(err.path, rows[i].path != NULL ? rows[i].path : "");
        pk_text_overrides_destroy(texts);
    }
}

/* An older document keeps what is still good. */
static void test_dropped(void **state)
{
    struct pk_text_overrides *texts = NULL;
    size_t dropped = 0;

    (void)state;
    assert_int_equal(parse("{\"threat\":\"x.y\",\"language\":\"de\",\"title\":\"a\"},"
                           "{" ARP ",\"language\":\"de\",\"title\":\"b\"}",
                             &dropped, &texts, NULL),
            PK_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(pk_text_overrides_count(texts), 1);
    assert_string_equal(pk_text_overrides_at(texts, 0)->title, "b");
    pk_text_overrides_destroy(texts);
}

/* The catalogue's own words pass as own words: the limits are the same. All at once are too many. */
static void test_catalogue(void **state)
{
    struct pk_text_override *all = calloc(
            PK_TEXT_OVERRIDES_MAX + 1, sizeof(struct pk_text_override));
    struct pk_array array = { .items = all };
    struct pk_text_overrides *texts = NULL;
    size_t count;

    (void)state;
    assert_non_null(all);
    for (size_t l = 0; l < pk_language_count(); l++) {
        count = 0;
        for (size_t t = pk_threat_count(); t > 0 && count < PK_TEXT_OVERRIDES_MAX; t--) {
            const struct pk_threat *threat = pk_threat_at(t - 1);
            const struct pk_threat_words *w = pk_threat_words(threat, pk_language_code(l));

            all[count++] = (struct pk_text_override){ .threat = threat->id,
                .language = pk_language_code(l),
                .title = w->title,
                .why = w->why,
                .next = { (const char **)w->next, w->next_count } };
        }
        array.count = count;
        assert_int_equal(pk_text_overrides_create(&array, NULL, &texts, NULL), PK_OK);
        for (size_t i = 1; i < count; i++) {
            assert_true(strcmp(pk_text_overrides_at(texts, i - 1)->threat,
                                pk_text_overrides_at(texts, i)->threat) < 0);
        }
        pk_text_overrides_destroy(texts);
        texts = NULL;
    }
    array.count = PK_TEXT_OVERRIDES_MAX + 1;
    assert_int_equal(pk_text_overrides_create(&array, NULL, &texts, NULL), PK_ELIMIT);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
