/* What becomes of a name: the filter in front of the lists, the lists, the organisation's rules. */
#include <stdio.h>

#include "agent/name_decide.h"
#include "agent/name_lists.h"
#include "base/arena.h"
#include "intel/filter.h"
#include "name_world.h"

#define BAD(value, category)                                                          \
    {                                                                                 \
        PK_INTEL_INDICATOR, PK_INTEL_DOMAIN, value, category, PK_APP_WEIGHT_MALICIOUS \
    }

static const struct name_entry world[] = {
    BAD("phish.example", "phishing"),
    BAD("c2.example", "banker"),
    BAD("drop.example", "malware"),
    BAD("known-good.example", "malware"),
    BAD("deep.host.shared.example", "malware"),
    BAD("half.example", "malware"),
    { PK_INTEL_WARN, PK_INTEL_DOMAIN, "known-good.example", NULL, PK_APP_WEIGHT_NONE },
    { PK_INTEL_WARN, PK_INTEL_DOMAIN, "fine.half.example", NULL, PK_APP_WEIGHT_NONE },
    { PK_INTEL_INDICATOR, PK_INTEL_DOMAIN, "watch.example", "watchware", PK_APP_WEIGHT_UNWANTED },
    { PK_INTEL_INDICATOR, PK_INTEL_DOMAIN, "trail.example", "malware", PK_APP_WEIGHT_SUSPICIOUS },
    { PK_INTEL_INDICATOR, PK_INTEL_URL, "https://pages.example/steal/login", "phishing",
            PK_APP_WEIGHT_MALICIOUS },
    { PK_INTEL_INDICATOR, PK_INTEL_URL, "http://whole.example/", "phishing",
            PK_APP_WEIGHT_MALICIOUS },
    { PK_INTEL_INDICATOR, PK_INTEL_URL, "http://port.example:8080/", "phishing",
            PK_APP_WEIGHT_MALICIOUS },
};

static bool model(const char *name, struct pk_name_opinion *out)
{
    *out = (struct pk_name_opinion){ .score = 80, .warn_from = 70, .brand = "Bank" };
    return strstr(name, "paypa1") != NULL || strstr(name, "phish") != NULL;
}

static bool modest_model(const char *name, struct pk_name_opinion *out)
{
    *out = (struct pk_name_opinion){ .score = 60, .warn_from = 70 };
    return name[0] != '\0';
}

struct row {
    const char *name;
    int action;
    int what;
    int by;
};

static void check_rows(const struct pk_name_rules *rules, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pk_name_decision d;

        pk_name_decide(rules, rows[i].name, &d);
        if ((int)d.action != rows[i].action || (int)d.what != rows[i].what ||
                (int)d.by != rows[i].by) {
            print_error("%s: action %d what %d by %d\n", rows[i].name, d.action, d.what, d.by);
            fail();
        }
    }
}

static void test_table(void **state)
{
    static const struct row rows[] = {
        { "phish.example", PK_NAME_BLOCK, PK_NAME_PHISHING, PK_NAME_BY_LIST },
        { "www.login.phish.example", PK_NAME_BLOCK, PK_NAME_PHISHING, PK_NAME_BY_LIST },
        { "notphish.example", PK_NAME_WARN, PK_NAME_PHISHING, PK_NAME_BY_MODEL },
        { "c2.example", PK_NAME_WARN, PK_NAME_CONTROL, PK_NAME_BY_LIST },
        { "drop.example", PK_NAME_WARN, PK_NAME_MALWARE, PK_NAME_BY_LIST },
        { "trail.example", PK_NAME_WARN, PK_NAME_MALWARE, PK_NAME_BY_LIST },
        { "known-good.example", PK_NAME_PASS, 0, 0 }, /* a warning list vouches for it */
        { "half.example", PK_NAME_WARN, PK_NAME_MALWARE, PK_NAME_BY_LIST },
        { "fine.half.example", PK_NAME_PASS, 0, 0 },   /* and for this one alone */
        { "host.shared.example", PK_NAME_PASS, 0, 0 }, /* above what is listed */
        { "shared.example", PK_NAME_PASS, 0, 0 },
        { "deep.host.shared.example", PK_NAME_WARN, PK_NAME_MALWARE, PK_NAME_BY_LIST },
        { "watch.example", PK_NAME_PASS, 0, 0 }, /* unwanted is not harmful */
        { "pages.example", PK_NAME_PASS, 0, 0 }, /* one page of a shared host */
        { "whole.example", PK_NAME_BLOCK, PK_NAME_PHISHING, PK_NAME_BY_LIST },
        { "www.whole.example", PK_NAME_PASS, 0, 0 },
        { "port.example", PK_NAME_PASS, 0, 0 },
        { "example", PK_NAME_PASS, 0, 0 },
        { "", PK_NAME_PASS, 0, 0 },
        { "closed.example", PK_NAME_BLOCK, PK_NAME_DENIED, PK_NAME_BY_POLICY },
        { "a.closed.example", PK_NAME_BLOCK, PK_NAME_DENIED, PK_NAME_BY_POLICY },
        { "open.closed.example", PK_NAME_PASS, 0, 0 }, /* allowed goes before denied */
        { "ok.phish.example", PK_NAME_PASS, 0, 0 },
        { "paypa1.example", PK_NAME_WARN, PK_NAME_PHISHING, PK_NAME_BY_MODEL },
    };
    static const struct row off[] = {
        { "phish.example", PK_NAME_PASS, PK_NAME_PHISHING, PK_NAME_BY_LIST },
        { "c2.example", PK_NAME_PASS, PK_NAME_CONTROL, PK_NAME_BY_LIST },
        { "paypa1.example", PK_NAME_PASS, 0, 0 },
        { "closed.example", PK_NAME_BLOCK, PK_NAME_DENIED, PK_NAME_BY_POLICY },
    };
    const char *allow[] = { "open.closed.example", "ok.phish.example" };
    const char *deny[] = { "closed.example" };
    struct pk_trust_names trust = { .phishing = PK_BLOCK_ON,
        .control = PK_BLOCK_WARN,
        .lookalikes = true,
        .allow = { .items = allow, .count = 2 },
        .deny = { .items = deny, .count = 1 } };
    struct pk_buffer bytes;
    struct pk_intel_set *set = name_world(world, PK_COUNT(world), &bytes);
    const struct pk_intel_set *sets[] = { set, NULL };
    struct pk_name_lists *lists = NULL;
    struct pk_name_rules rules = { .trust = &trust, .model = model };
    struct pk_name_decision d;

    (void)state;
    assert_int_equal(pk_name_lists_of(sets, &lists, NULL), PK_OK);
    rules.lists = lists;
    check_rows(&rules, rows, PK_COUNT(rows));
    pk_name_decide(&rules, "www.phish.example", &d);
    assert_string_equal(d.hit.indicator, "phish.example");
    assert_string_equal(d.hit.source, "feed");
    rules.model = modest_model;
    pk_name_decide(&rules, "paypa1.example", &d);
    assert_int_equal(d.action, PK_NAME_PASS); /* below its own border */
    rules.model = model;
    trust.lookalikes = false;
    pk_name_decide(&rules, "paypa1.example", &d);
    assert_int_equal(d.action, PK_NAME_PASS);
    trust.lookalikes = true;
    trust.phishing = trust.control = PK_BLOCK_OFF;
    check_rows(&rules, off, PK_COUNT(off));
    rules.trust = NULL;
    pk_name_decide(&rules, "phish.example", &d);
    assert_int_equal(d.action, PK_NAME_PASS);
    rules.trust = &trust;
    rules.lists = NULL;
    pk_name_decide(&rules, "phish.example", &d);
    assert_int_equal(d.action, PK_NAME_PASS);
    pk_name_lists_close(lists);
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
}

/* --- the filter --------------------------------------------------------------------------- */

#define MANY 20000

static struct pk_intel_set *many(char letter, size_t count, struct pk_buffer *bytes)
{
    struct name_entry *rows = calloc(count > 0 ? count : 1, sizeof(*rows));
    char(*texts)[40] = calloc(count > 0 ? count : 1, sizeof(*texts));
    struct pk_intel_set *set;

    assert_non_null(rows);
    assert_non_null(texts);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%c%zu.example", letter, i);
        rows[i] = (struct name_entry){ PK_INTEL_INDICATOR, PK_INTEL_DOMAIN, texts[i], "malware",
            PK_APP_WEIGHT_MALICIOUS };
    }
    set = name_world(rows, count, bytes);
    free(rows);
    free(texts);
    return set;
}

static void test_filter(void **state)
{
    static const size_t counts[] = { 0, 1, 2, 3, 10, 100, 1000, MANY };

    (void)state;
    for (size_t c = 0; c < PK_COUNT(counts); c++) {
        struct pk_buffer bytes;
        struct pk_intel_set *set = many('x', counts[c], &bytes);
        const struct pk_intel_set *sets[] = { set, NULL };
        struct pk_intel_filter *filter = NULL;
        size_t wrong = 0;
        char name[64];

        assert_int_equal(pk_intel_filter_build(sets, &filter, NULL), PK_OK);
        assert_int_equal(pk_intel_filter_count(filter), counts[c]);
        for (size_t i = 0; i < counts[c]; i++) { /* none is missed, with what lies below it */
            (void)snprintf(name, sizeof(name), "x%zu.example", i);
            assert_true(pk_intel_filter_maybe(filter, name));
            (void)snprintf(name, sizeof(name), "a.b.x%zu.example", i);
            assert_true(pk_intel_filter_maybe(filter, name));
        }
        for (size_t i = 0; i < 100000; i++) {
            (void)snprintf(name, sizeof(name), "y%zu-test", i);
            assert_false(pk_intel_filter_maybe(filter, name)); /* no dot: never */
            (void)snprintf(name, sizeof(name), "y%zu.test", i);
            wrong += pk_intel_filter_maybe(filter, name);
        }
        /* One in 256 is 390; four standard deviations are 79. */
        assert_true(counts[c] < 100 ? wrong < 600 : wrong > 311 && wrong < 470);
        if (counts[c] == MANY) { /* bits a name */
            assert_true(8 * pk_intel_filter_size(filter) < 11UL * MANY);
        }
        pk_intel_filter_destroy(filter);
        pk_intel_set_destroy(set);
        pk_buffer_finish(&bytes);
    }
}

static void test_filter_file(void **state)
{
    struct pk_buffer bytes;
    struct pk_buffer other_bytes;
    struct pk_intel_set *set = many('x', 500, &bytes);
    struct pk_intel_set *other = many('z', 500, &other_bytes);
    const struct pk_intel_set *sets[] = { set, NULL };
    const struct pk_intel_set *others[] = { other, NULL };
    const struct pk_intel_set *both[] = { set, other, NULL };
    struct pk_intel_filter *filter = NULL;
    struct pk_intel_filter *again = NULL;
    struct pk_buffer file = pk_buffer_of(1UL << 20);
    uint8_t *heap;

    (void)state;
    assert_int_equal(pk_intel_filter_build(sets, &filter, NULL), PK_OK);
    assert_int_equal(pk_intel_filter_write(filter, &file), PK_OK);
    assert_int_equal(file.len, pk_intel_filter_size(filter));
    assert_int_equal(pk_intel_filter_open(pk_buffer_slice(&file), sets, &again, NULL), PK_OK);
    assert_true(pk_intel_filter_maybe(again, "x499.example"));
    pk_intel_filter_destroy(again);
    again = NULL;
    assert_int_equal(pk_intel_filter_open(pk_buffer_slice(&file), others, &again, NULL), PK_ENOENT);
    assert_int_equal(pk_intel_filter_open(pk_buffer_slice(&file), both, &again, NULL), PK_ENOENT);
    heap = pk_test_dup(file.ptr, file.len);
    for (size_t i = 0; i < file.len; i++) { /* a bit anywhere: a name would be missed */
        heap[i] ^= 4;
        assert_true(pk_intel_filter_open(pk_slice_of(heap, file.len), sets, &again, NULL) < 0);
        heap[i] ^= 4;
    }
    free(heap);
    for (size_t len = 0; len < file.len; len += len < 100 ? 1 : 97) {
        heap = pk_test_dup(file.ptr, len);
        assert_true(pk_intel_filter_open(pk_slice_of(heap, len), sets, &again, NULL) < 0);
        free(heap);
    }
    assert_null(again);
    pk_intel_filter_destroy(filter);
    pk_buffer_finish(&file);
    pk_intel_set_destroy(set);
    pk_intel_set_destroy(other);
    pk_buffer_finish(&bytes);
    pk_buffer_finish(&other_bytes);
}

/* "off" arrives: it is no silence, which would mean "block". */
static void test_modes_travel(void **state)
{
    for (int mode = PK_BLOCK_OFF; mode <= PK_BLOCK_ON; mode++) {
        struct pk_trust_names names = { .phishing = mode, .control = mode, .lookalikes = mode > 0 };
        const struct pk_trust trust = { .names = &names };
        struct pk_arena *arena = pk_arena_create(65536);
        json_t *text = pk_schema_encode(&pk_trust_schema, &trust, true);
        struct pk_trust again;

        (void)state;
        assert_int_equal(pk_schema_decode(&pk_trust_schema, text, arena, &again, NULL), PK_OK);
        assert_int_equal(again.names->phishing, mode);
        assert_int_equal(again.names->control, mode);
        assert_int_equal(again.names->lookalikes, mode > 0);
        json_decref(text);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_modes_travel),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_filter_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
