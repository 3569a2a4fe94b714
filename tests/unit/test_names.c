/* The judge of names says what the trained model says (scores written by tools/train-names.py), and gives its reasons. */
#include <stdio.h>

#include "check.h"
#include "data.h"
#include "defense/network/names.h"

static void compare(const char *file, void (*judge)(const char *text, struct pk_name_looks *out))
{
    char path[512];
    char line[2048];
    size_t count = 0;
    FILE *in;

    (void)snprintf(path, sizeof(path), "%s/names/%s", pk_test_data_dir(), file);
    in = fopen(path, "re");
    assert_non_null(in);
    while (fgets(line, sizeof(line), in) != NULL) {
        char *tab = strrchr(line, '\t');
        struct pk_name_looks opinion;
        long expected;

        assert_non_null(tab);
        *tab = '\0';
        expected = strtol(tab + 1, NULL, 10);
        judge(line, &opinion);
        if (labs(expected - opinion.score) > 1) {
            fail_msg("%s: %d instead of %ld", line, opinion.score, expected);
        }
        count++;
    }
    (void)fclose(in);
    assert_true(count > 100);
}

static void test_hosts(void **state)
{
    (void)state;
    compare("host.tsv", pk_name_judge);
}

static void test_urls(void **state)
{
    (void)state;
    compare("url.tsv", pk_url_judge);
}

static void test_brands(void **state)
{
    static const struct {
        const char *name;
        const char *brand;
    } rows[] = { { "paypal.com", NULL }, { "www.paypal.com.", NULL },
        { "paypa1-login.top", "paypal" }, { "arnazon.shop", "amazon" },
        { "login.paypal.com.evil.xyz", "paypal" }, { "netflxi.com", "netflix" },
        { "nettflix.com", "netflix" }, { "amazon.co.jp", NULL }, { "example.org", NULL } };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_name_looks opinion;

        pk_name_judge(rows[i].name, &opinion);
        if (rows[i].brand == NULL) {
            assert_null(opinion.brand);
        } else {
            assert_non_null(opinion.brand);
            assert_string_equal(opinion.brand, rows[i].brand);
            assert_true(opinion.reason_count > 0);
        }
    }
}

static void test_no_names(void **state)
{
    static const char *const rows[] = { "", ".", "localhost", "a..b", "b\303\274cher.de", "[::1]",
        ".com", "http://", "a b.com" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_name_looks opinion;

        pk_name_judge(rows[i], &opinion);
        assert_int_equal(opinion.score, -1);
        assert_int_equal(opinion.reason_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_brands),
        cmocka_unit_test(test_no_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
