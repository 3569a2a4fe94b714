/* The search for leaks: its decoder, its table, and what the manifest has to do with it. The flow shapes
 * themselves are tests/integration/leaks.py. */
#include "data.h"
#include "defense/malware/app.h"
#include "defense/malware/leak_insn.h"
#include "defense/malware/leak_rules.h"
#include "formats/android/dex_opcode.h"

/* ---- instructions ----------------------------------------------------------------------------------- */

static struct pk_leak_insn decode(const uint16_t *units, size_t count)
{
    struct pk_leak_insn insn;

    assert_true(pk_leak_decode((const uint8_t *)units, count, 0, &insn));
    return insn;
}

static void test_operands(void **state)
{
    static const struct {
        uint16_t units[5];
        struct pk_leak_insn insn;
    } rows[] = {
        { { 0x2101 }, { .op = PK_LEAK_OP_MOVE, .width = 1, .a = 1, .b = 2 } },
        { { 0x0502, 0x1234 }, { .op = PK_LEAK_OP_MOVE, .width = 2, .a = 5, .b = 0x1234 } },
        { { 0x0003, 0x0100, 0x0200 },
                { .op = PK_LEAK_OP_MOVE, .width = 3, .a = 0x100, .b = 0x200 } },
        { { 0xf312 }, { .op = PK_LEAK_OP_INT, .width = 1, .a = 3, .value = -1 } },
        { { 0x0313, 0xfffe }, { .op = PK_LEAK_OP_INT, .width = 2, .a = 3, .value = -2 } },
        { { 0x0115, 0x7f07 }, { .op = PK_LEAK_OP_INT, .width = 2, .a = 1, .value = 0x7f070000 } },
        { { 0x021b, 0x0001, 0x0002 },
                { .op = PK_LEAK_OP_STRING, .width = 3, .a = 2, .value = 0, .index = 0x20001 } },
        { { 0xfe28 }, { .op = PK_LEAK_OP_GOTO, .width = 1, .a = 0xfe, .value = -2 } },
        { { 0x0044, 0x0201 }, { .op = PK_LEAK_OP_AGET, .width = 2, .a = 0, .b = 1, .c = 2 } },
        { { 0x2154, 0x0007 },
                { .op = PK_LEAK_OP_IGET, .width = 2, .a = 1, .b = 2, .index = 7, .value = 7 } },
        { { 0x0338, 0xffff }, { .op = PK_LEAK_OP_IF_EQZ, .width = 2, .a = 3, .value = -1 } },
        { { 0x01d8, 0xff02 }, { .op = PK_LEAK_OP_UNARY, .width = 2, .a = 1, .b = 2, .value = -1 } },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_leak_insn insn = decode(rows[i].units, 5);

        assert_int_equal(insn.op, rows[i].insn.op);
        assert_int_equal(insn.width, rows[i].insn.width);
        assert_int_equal(insn.a, rows[i].insn.a);
        assert_int_equal(insn.b, rows[i].insn.b);
        assert_int_equal(insn.c, rows[i].insn.c);
        assert_int_equal(insn.index, rows[i].insn.index);
        assert_int_equal(insn.value, rows[i].insn.value);
    }
}

static void test_arguments(void **state)
{
    static const uint16_t plain[] = { 0x536e, 0x0009, 0x4321 };
    static const uint16_t range[] = { 0x0374, 0x0009, 0x0100 };
    struct pk_leak_insn insn = decode(plain, 3);

    (void)state;
    assert_int_equal(insn.op, PK_LEAK_OP_INVOKE);
    assert_int_equal(insn.arg_count, 5);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pk_leak_arg(&insn, i), i + 1);
    }
    assert_int_equal(pk_leak_arg(&insn, 4), 3);
    insn = decode(range, 3);
    assert_int_equal(insn.arg_count, 3);
    assert_int_equal(insn.index, 9);
    assert_int_equal(pk_leak_arg(&insn, 2), 0x102);
}

/* Every opcode has the width of the platform's table, and none reads beyond the body. */
static void test_widths(void **state)
{
    (void)state;
    for (unsigned op = 0; op < 256; op++) {
        unsigned width = pk_dex_opcodes[op] & PK_DEX_WIDTH_MASK;

        for (unsigned units = 1; units <= 5; units++) {
            uint16_t code[5] = { (uint16_t)op };
            uint8_t *heap = pk_test_dup(code, 2UL * units);
            struct pk_leak_insn insn;

            assert_int_equal(pk_leak_decode(heap, units, 0, &insn), width <= units);
            assert_int_equal(insn.width, width);
            assert_in_range(pk_leak_width(heap, units), 1, units);
            free(heap);
        }
    }
}

static void test_switch(void **state)
{
    static const uint16_t packed[] = { 0x002b, 0x0003, 0x0000, 0x0100, 0x0002, 0x0000, 0x0000,
        0x0001, 0x0000, 0x7fff, 0x7fff };
    uint8_t *heap = pk_test_dup(packed, sizeof(packed));
    struct pk_leak_insn insn;

    (void)state;
    assert_true(pk_leak_decode(heap, 11, 0, &insn));
    assert_int_equal(pk_leak_switch_count(heap, 11, 0, &insn), 2);
    assert_int_equal(pk_leak_switch_target(heap, 11, 0, &insn, 0), 1);
    assert_int_equal(pk_leak_switch_target(heap, 11, 0, &insn, 1), 11); /* not in the body */
    assert_int_equal(pk_leak_switch_count(heap, 10, 0, &insn), 0);      /* its data are cut */
    insn.value = -4;
    assert_int_equal(pk_leak_switch_count(heap, 11, 0, &insn), 0);
    free(heap);
}

static void test_compute(void **state)
{
    static const struct {
        uint8_t opcode;
        uint32_t left, right, out;
        bool known;
    } rows[] = {
        { 0x90, 2, 3, 5, true }, { 0xb1, 2, 3, UINT32_MAX, true },
        { 0xd9, 2, 3, 1, true }, /* rsub-int/lit8 */
        { 0xdb, (uint32_t)-9, 2, (uint32_t)-4, true }, { 0x93, 1, 0, 0, false },
        { 0x93, 0x80000000U, UINT32_MAX, 0, false }, { 0x7b, 1, 1, 0, false },
        { 0xa6, 1, 1, 0, false }, /* floats */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint32_t out = 0;

        assert_int_equal(
                pk_leak_compute(rows[i].opcode, rows[i].left, rows[i].right, &out), rows[i].known);
        assert_int_equal(out, rows[i].out);
    }
}

/* ---- the table -------------------------------------------------------------------------------------- */

static const struct pk_leak_rule *rule_of(const char *cls, const char *name)
{
    return pk_leak_method_rule(pk_leak_class_find(pk_slice_str(cls)), pk_slice_str(name));
}

static void test_rules(void **state)
{
    (void)state;
    assert_null(pk_leak_class_find(pk_slice_str("Ljava/lang/Nothing;")));
    assert_null(pk_leak_class_find((struct pk_slice){ 0 }));
    assert_int_equal(
            rule_of("Landroid/telephony/TelephonyManager;", "getDeviceId")->does, PK_LEAK_SOURCE);
    assert_null(rule_of("Landroid/telephony/TelephonyManager;", "getDevice"));
    /* of a superclass of the platform, but for constructors */
    assert_int_equal(rule_of("Landroid/app/ListActivity;", "sendBroadcast")->does, PK_LEAK_SINK);
    assert_null(rule_of("Landroid/widget/EditText;", "<init>"));
    assert_int_equal(
            pk_leak_made_by(pk_leak_class_find(pk_slice_str("Landroid/app/ListActivity;"))),
            PK_LEAK_MANIFEST);
    for (size_t i = 1; i < pk_leak_class_count; i++) {
        assert_true(strcmp(pk_leak_classes[i - 1].name, pk_leak_classes[i].name) < 0);
        assert_true(pk_leak_classes[i].above < (int)pk_leak_class_count);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_true(pk_leak_is_callback(pk_slice_str("onClick")));
    assert_true(pk_leak_is_callback(pk_slice_str("run")));
    assert_false(pk_leak_is_callback(pk_slice_str("once")));
    assert_false(pk_leak_is_callback(pk_slice_str("on")));
    assert_true(pk_leak_is_mutator(pk_slice_str("setData")));
    assert_false(pk_leak_is_mutator(pk_slice_str("getData")));
    assert_true(pk_leak_uri_data(pk_slice_str("content://sms/inbox")) >= 0);
    assert_int_equal(pk_leak_uri_data(pk_slice_str("content://org.example/sms")), -1);
    assert_true(pk_leak_data[pk_leak_typed_data()].typed);
}

/* ---- what the manifest declares --------------------------------------------------------------------- */

/* Leaks of the sample with an activity of this name, enabled or not; NULL: without a manifest. */
static size_t leaks_with(const char *activity, bool enabled, const char **limit)
{
    struct pk_buffer bytes = pk_test_file("../fuzz/corpus/leaks/direct.dex");
    struct pk_arena *arena = pk_arena_create(16UL * 1024 * 1024);
    struct pk_component component = { .name = activity, .enabled = enabled };
    struct pk_manifest manifest = { .package = "sample", .components = { &component, 1 } };
    struct pk_app_report report = { .kind = PK_APP_APK };
    struct pk_app_opinion opinion = { .items = NULL };
    struct pk_dex dex;
    struct pk_app_subject app = {
        .file = pk_buffer_slice(&bytes),
        .kind = PK_APP_APK,
        .manifest = activity != NULL ? &manifest : NULL,
        .dex = &dex,
        .dex_count = 1,
        .report = &report,
        .work = arena,
        .arena = arena,
    };
    size_t offset = 0;

    assert_int_equal(pk_dex_open(app.file, &offset, "t", NULL, &dex, NULL), 0);
    assert_int_equal(pk_app_leaks(&app, &opinion), 0);
    assert_int_equal(opinion.count, report.leaks.count);
    if (opinion.count > 0) {
        assert_string_equal(opinion.items[0].id, "malware.leaky_app");
        assert_string_equal(opinion.items[0].rule, "leaks/device_id.sms");
        assert_int_equal(opinion.items[0].weight, PK_APP_WEIGHT_NONE);
        assert_int_equal(opinion.items[0].attack.count, 2);
    }
    if (limit != NULL) {
        *limit = report.leaks_limit;
    }
    pk_arena_destroy(arena);
    pk_buffer_finish(&bytes);
    return report.leaks.count;
}

static void test_manifest(void **state)
{
    const char *limit = "";

    (void)state;
    assert_int_equal(leaks_with("sample.Main", true, &limit), 1);
    assert_null(limit);
    assert_int_equal(leaks_with("sample.Main", false, NULL), 0);
    assert_int_equal(leaks_with("sample.Other", true, NULL), 0);
    assert_int_equal(leaks_with(NULL, false, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_compute),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_manifest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
