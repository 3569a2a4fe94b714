/* The engine of the behaviour rules against code that was made to keep it busy, and its parts: search by
 * name, lists of calls. With the rules of tests/rules; what each atom means is tests/integration/rules.py. */
#include <time.h>

#include "defense/malware/app.h"
#include "dex_world.h"
#include "formats/android/dex_find.h"
#include "formats/limits.h"

/* Generous: sanitized builds on a busy machine. Without bounds these files would take hours. */
#define SECONDS_MAX 20.0
#define RECEIVER    "Landroid/content/BroadcastReceiver;"
#define NOBODY      UINT32_MAX

struct judged {
    struct pk_arena *arena;
    struct pk_app_report report;
    struct pk_app_opinion opinion;
    struct pk_anomalies anomalies;
    double seconds;
};

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The same DEX so many times, as files of one app. */
static void judge(struct judged *j, struct dex_made made, size_t times)
{
    struct pk_dex *dex;
    struct pk_app_subject app = { .kind = PK_APP_DEX, .report = &j->report };
    double began;

    memset(j, 0, sizeof(*j));
    app.report = &j->report;
    j->arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    assert_non_null(j->arena);
    assert_int_equal(pk_anomalies_init(&j->anomalies, j->arena), 0);
    dex = pk_arena_alloc(j->arena, times, sizeof(*dex));
    assert_non_null(dex);
    for (size_t i = 0; i < times; i++) {
        size_t offset = 0;

        assert_int_equal(pk_dex_open(pk_slice_of(made.bytes, made.len), &offset, "t", &j->anomalies,
                                 &dex[i], NULL),
                0);
    }
    app.dex = dex;
    app.dex_count = times;
    app.work = j->arena;
    app.arena = j->arena;
    began = now();
    assert_int_equal(pk_app_rules(&app, &j->opinion), PK_OK);
    j->seconds = now() - began;
    assert_true(j->seconds < SECONDS_MAX);
    free(made.bytes);
}

static const struct pk_app_finding *finding(const struct judged *j, const char *id)
{
    for (size_t i = 0; i < j->opinion.count; i++) {
        if (strcmp(j->opinion.items[i].id, id) == 0) {
            return &j->opinion.items[i];
        }
    }
    return NULL;
}

static uint32_t api(struct dex_world *w, const char *class, const char *method)
{
    return dex_world_reference(w, dex_world_text(w, class), dex_world_text(w, method));
}

static uint32_t send_text(struct dex_world *w)
{
    return api(w, "Landroid/telephony/SmsManager;", "sendTextMessage");
}

/* Calls that the rules of tests/rules look for, in an order that they do not. */
static void call_much(struct dex_world *w)
{
    static const char *const names[] = { "d", "b", "f", "e", "a", "c" };

    for (size_t i = 0; i < PK_COUNT(names); i++) {
        dex_world_call(w, api(w, "Lx/Api;", names[i]));
        dex_world_call(w, api(w, "Lx/Seq;", names[i]));
    }
}

/* --- names and calls */

static void test_find(void **state)
{
    struct dex_world *w = dex_world_create();
    uint32_t object = dex_world_text(w, "Ljava/lang/Object;");
    uint32_t a = dex_world_text(w, "La/A;");
    uint32_t go = dex_world_text(w, "go");
    struct dex_made made;
    struct pk_dex_range range;
    struct pk_dex_class cls;
    struct pk_dex dex;
    size_t offset = 0;

    (void)state;
    dex_world_class(w, a, object, dex_world_text(w, "La/Face;"));
    dex_world_method(w, dex_world_reference(w, a, go));
    dex_world_call(w, dex_world_reference(w, a, dex_world_text(w, "gone")));
    dex_world_call(w, send_text(w));
    for (int i = 0; i < 100; i++) {
        (void)dex_world_textf(w, "text %d", i);
    }
    (void)dex_world_text(w, "zero \xc0\x80 inside");
    (void)dex_world_text(w, "zero");
    made = dex_world_finish(w);
    assert_int_equal(
            pk_dex_open(pk_slice_of(made.bytes, made.len), &offset, "t", NULL, &dex, NULL), 0);
    for (uint32_t i = 0; i < dex.string_count; i++) {
        struct pk_slice text = pk_dex_string(&dex, i);

        /* c0 80 sorts as U+0000; the builder sorts bytes, so that one is not looked for. */
        if (memchr(text.ptr, 0xc0, text.len) == NULL) {
            assert_int_equal(pk_dex_find_string(&dex, text), i);
        }
    }
    assert_int_equal(pk_dex_find_string(&dex, pk_slice_str("text")), PK_DEX_NO_INDEX);
    assert_int_equal(pk_dex_find_string(&dex, pk_slice_str("text 1000")), PK_DEX_NO_INDEX);
    assert_int_equal(pk_dex_find_string(&dex, pk_slice_str("")), PK_DEX_NO_INDEX);
    assert_int_equal(pk_dex_find_type(&dex, pk_slice_str("go")), PK_DEX_NO_INDEX);
    for (uint32_t i = 0; i < dex.type_count; i++) {
        assert_int_equal(pk_dex_find_type(&dex, pk_dex_type(&dex, i)), i);
        assert_int_equal(pk_dex_type_from(&dex, pk_dex_type(&dex, i)), i);
    }
    assert_int_equal(pk_dex_type_from(&dex, pk_slice_str("zzz")), dex.type_count);
    assert_true(pk_dex_type_begins(
            &dex, pk_dex_type_from(&dex, pk_slice_str("La/")), pk_slice_str("La/")));
    assert_false(pk_dex_type_begins(&dex, dex.type_count, pk_slice_str("")));
    range = pk_dex_find_methods(&dex, pk_dex_find_type(&dex, pk_slice_str("La/A;")),
            pk_dex_find_string(&dex, pk_slice_str("gone")));
    assert_int_equal(range.end - range.first, 1);
    range = pk_dex_find_methods(&dex, 0, dex.string_count);
    assert_int_equal(range.end, range.first);
    assert_true(pk_dex_class_at(&dex, 0, &cls));
    assert_false(pk_dex_class_at(&dex, 1, &cls));
    assert_int_equal(
            pk_dex_interface(&dex, 0, 0), pk_dex_find_type(&dex, pk_slice_str("La/Face;")));
    assert_int_equal(pk_dex_interface(&dex, 0, 1), PK_DEX_NO_INDEX);
    assert_int_equal(pk_dex_interface(&dex, 1, 0), PK_DEX_NO_INDEX);
    free(made.bytes);
}

static void test_calls(void **state)
{
    struct dex_world *w = dex_world_create();
    uint32_t object = dex_world_text(w, "Ljava/lang/Object;");
    uint32_t a = dex_world_text(w, "La/A;");
    uint32_t go = dex_world_reference(w, a, dex_world_text(w, "go"));
    uint32_t other = dex_world_reference(w, a, dex_world_text(w, "other"));
    struct pk_dex_calls calls = { .max = 1000000 };
    struct pk_dex_calls none = { .max = 0 };
    struct pk_dex_totals totals;
    struct dex_made made;
    struct pk_dex dex;
    const uint32_t *callees;
    size_t offset = 0;
    size_t count;

    (void)state;
    dex_world_class(w, a, object, NOBODY);
    dex_world_method(w, go);
    for (int i = 0; i < 3000; i++) {
        dex_world_call(w, i % 3 == 0 ? go : other);
    }
    dex_world_method(w, other);
    made = dex_world_finish(w);
    assert_int_equal(
            pk_dex_open(pk_slice_of(made.bytes, made.len), &offset, "t", NULL, &dex, NULL), 0);
    pk_dex_walk_calls(&dex, NULL, &totals, &calls);
    assert_int_equal(calls.body_count, 2);
    assert_int_equal(calls.callee_count, 3000);
    assert_int_equal(totals.invokes, 3000);
    assert_false(calls.cut);
    callees = pk_dex_calls_of(&calls, 0, &count);
    assert_int_equal(count, 3000);
    assert_int_equal(callees[0], calls.bodies[0].method);
    assert_int_equal(callees[1], calls.bodies[1].method);
    (void)pk_dex_calls_of(&calls, 1, &count);
    assert_int_equal(count, 0);
    pk_dex_calls_finish(&calls);
    calls.max = 1500; /* fewer than there are: what is recorded is whole */
    pk_dex_walk_calls(&dex, NULL, &totals, &calls);
    assert_true(calls.cut);
    assert_int_equal(totals.invokes, 3000);
    assert_int_equal(calls.callee_count, 1024);
    assert_int_equal(calls.bodies[calls.body_count].first, 1024);
    pk_dex_calls_finish(&calls);
    pk_dex_walk_calls(&dex, NULL, NULL, &none);
    assert_true(none.cut);
    assert_int_equal(none.body_count, 0);
    free(made.bytes);
}

/* --- hostile code */

/* A receiver whose sixty thousand methods all call forty others, and one of them the platform. */
static void test_everything_calls_everything(void **state)
{
    enum {
        METHODS = 60000,
        CALLS = 40
    };
    struct dex_world *w = dex_world_create();
    uint32_t class = dex_world_text(w, "La/R;");
    uint32_t *references = calloc(METHODS, sizeof(*references));
    uint32_t seed = 1;
    struct judged j;

    (void)state;
    assert_non_null(references);
    dex_world_class(w, class, dex_world_text(w, RECEIVER), NOBODY);
    references[0] = dex_world_reference(w, class, dex_world_text(w, "onReceive"));
    for (int i = 1; i < METHODS; i++) {
        references[i] = dex_world_reference(w, class, dex_world_textf(w, "m%d", i));
    }
    for (int i = 0; i < METHODS; i++) {
        dex_world_method(w, references[i]);
        for (int c = 0; c < CALLS; c++) {
            seed = seed * 1664525U + 1013904223U;
            dex_world_call(w, references[(seed >> 8) % METHODS]);
        }
        if (i % 1000 == 999) {
            call_much(w);
        }
    }
    free(references);
    judge(&j, dex_world_finish(w), 1);
    print_message("# %d methods, %d calls: %.2f s\n", METHODS, METHODS * CALLS, j.seconds);
    assert_non_null(finding(&j, "t.reach"));
    pk_arena_destroy(j.arena);
}

/* Each class extends the one before, overrides its method, and is made and called by all. */
static void test_long_chain_of_classes(void **state)
{
    enum {
        CLASSES = 20000
    };
    struct dex_world *w = dex_world_create();
    uint32_t super = dex_world_text(w, RECEIVER);
    uint32_t run = dex_world_text(w, "onReceive");
    uint32_t init = dex_world_text(w, "<init>");
    uint32_t abort_broadcast = dex_world_text(w, "abortBroadcast");
    struct judged j;

    (void)state;
    for (int i = 0; i < CLASSES; i++) {
        uint32_t class = dex_world_textf(w, "La/C%d;", i);

        dex_world_class(w, class, super, NOBODY);
        dex_world_method(w, dex_world_reference(w, class, run));
        dex_world_call(w, dex_world_reference(w, super, run));
        dex_world_call(w, dex_world_reference(w, super, init));
        dex_world_call(w, dex_world_reference(w, class, abort_broadcast));
        if (i % 100 == 0) {
            call_much(w);
        }
        super = class;
    }
    judge(&j, dex_world_finish(w), 1);
    print_message("# a chain of %d classes: %.2f s\n", CLASSES, j.seconds);
    assert_non_null(pk_anomaly_find(&j.anomalies, PK_ANOMALY_LIMIT_BEHAVIOUR));
    pk_arena_destroy(j.arena);
}

/* Two hundred files that all define the same classes. */
static void test_many_files(void **state)
{
    struct dex_world *w = dex_world_create();
    uint32_t super = dex_world_text(w, RECEIVER);
    uint32_t run = dex_world_text(w, "onReceive");
    struct judged j;

    (void)state;
    for (int i = 0; i < 500; i++) {
        uint32_t class = dex_world_textf(w, "La/C%d;", i);

        dex_world_class(w, class, super, NOBODY);
        dex_world_method(w, dex_world_reference(w, class, run));
        for (int c = 0; c < 20; c++) {
            dex_world_call(w,
                    dex_world_reference(w, dex_world_textf(w, "La/C%d;", (i * 7 + c) % 500), run));
        }
        call_much(w);
    }
    judge(&j, dex_world_finish(w), 200);
    print_message("# 200 files with the same 500 classes: %.2f s\n", j.seconds);
    pk_arena_destroy(j.arena);
}

/* Strings that are all the same megabyte, out of order, without an end that anybody would reach. */
static void test_overlapping_strings(void **state)
{
    enum {
        STRINGS = 60000,
        LENGTH = 1000000
    };
    struct dex_world *w = dex_world_create();
    char *filler = malloc(LENGTH + 1);
    struct dex_made made;
    uint32_t ids;
    uint32_t text = 0;
    struct judged j;

    (void)state;
    assert_non_null(filler);
    memset(filler, '/', LENGTH);
    memcpy(filler + 1000, "/system/xbi", 11); /* nearly a needle, many times */
    filler[LENGTH] = '\0';
    (void)dex_world_text(w, filler);
    for (int i = 0; i < STRINGS; i++) {
        (void)dex_world_textf(w, "%05d", i);
    }
    dex_world_class(w, dex_world_text(w, "La/A;"), dex_world_text(w, RECEIVER), NOBODY);
    made = dex_world_finish(w);
    free(filler);
    memcpy(&ids, made.bytes + 60, sizeof(ids));
    memcpy(&text, made.bytes + ids, sizeof(text)); /* '/' comes before all digits */
    for (uint32_t i = 0; i < STRINGS; i++) {
        dex_put32(made.bytes + ids + 4 * i, text + 3 + (STRINGS - i) % 1000);
    }
    judge(&j, made, 1);
    print_message("# %d strings in one megabyte: %.2f s\n", STRINGS, j.seconds);
    assert_non_null(pk_anomaly_find(&j.anomalies, PK_ANOMALY_LIMIT_BEHAVIOUR));
    pk_arena_destroy(j.arena);
}

/* Every prefix of a file that means much, and every byte of its tables changed. */
static void test_damaged(void **state)
{
    struct dex_world *w = dex_world_create();
    uint32_t class = dex_world_text(w, "La/R;");
    uint32_t on_receive = dex_world_reference(w, class, dex_world_text(w, "onReceive"));
    uint32_t helper = dex_world_reference(w, class, dex_world_text(w, "helper"));
    struct dex_made made;
    struct judged j;

    (void)state;
    dex_world_class(
            w, class, dex_world_text(w, RECEIVER), dex_world_text(w, "Ljava/lang/Runnable;"));
    dex_world_method(w, on_receive);
    dex_world_call(w, helper);
    dex_world_call(w, dex_world_reference(w, class, dex_world_text(w, "abortBroadcast")));
    dex_world_method(w, helper);
    dex_world_call(w, send_text(w));
    call_much(w);
    dex_world_call(w, on_receive);
    made = dex_world_finish(w);
    for (size_t i = 0x70; i < made.len; i++) {
        struct dex_made changed = made;

        changed.bytes = pk_test_dup(made.bytes, made.len);
        changed.bytes[i] ^= i % 2 == 0 ? 0xff : 0x01;
        judge(&j, changed, 1 + i % 2);
        pk_arena_destroy(j.arena);
    }
    judge(&j, made, 1);
    assert_null(pk_anomaly_find(&j.anomalies, PK_ANOMALY_LIMIT_BEHAVIOUR));
    assert_non_null(finding(&j, "t.reach"));
    assert_non_null(finding(&j, "t.abort"));
    assert_non_null(finding(&j, "t.calls"));
    pk_arena_destroy(j.arena);
}

/* Wherever memory ends: no findings that are not true, no crash. */
static void test_short_memory(void **state)
{
    (void)state;
    for (size_t max = 0; max < 64UL * 1024; max += 1024) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_app_report report = { 0 };
        struct pk_app_opinion opinion = { 0 };
        struct pk_app_subject app = {
            .kind = PK_APP_ELF, .report = &report, .work = arena, .arena = arena
        };
        int rc = pk_app_rules(&app, &opinion);

        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        assert_int_equal(opinion.count, 0);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_everything_calls_everything),
        cmocka_unit_test(test_long_chain_of_classes),
        cmocka_unit_test(test_many_files),
        cmocka_unit_test(test_overlapping_strings),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_short_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
