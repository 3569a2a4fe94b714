#include "base/schema.h"
#include "base/yaml.h"
#include "check.h"
#include "model/observation.h"

struct inner {
    const char *word;
};

struct outer {
    int64_t number;
    double ratio;
    int colour;
    enum pk_tri known;
    bool flag;
    int64_t at_ms;
    const char *text;
    const char *hidden;
    struct pk_strings list;
    struct inner *one;
    struct pk_array many;
    json_t *any;
};

static const char *const colours[] = { "red", "green", NULL };
static const struct pk_field inner_fields[] = {
    { "word", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct inner, word), .min = 1, .max = 4 },
};
static const struct pk_schema inner_schema = PK_SCHEMA(struct inner, inner_fields, "inner");
/* clang-format off */
static const struct pk_field outer_fields[] = {
    { "number", PK_TYPE_INT, PK_REQUIRED, offsetof(struct outer, number), .min = -5, .max = 10 },
    { "ratio", PK_TYPE_REAL, 0, offsetof(struct outer, ratio), .min = 0, .max = 1, .def = "0.5" },
    { "colour", PK_TYPE_ENUM, 0, offsetof(struct outer, colour), .names = colours,
      .def = "green" },
    { "known", PK_TYPE_TRI, 0, offsetof(struct outer, known) },
    { "flag", PK_TYPE_BOOL, 0, offsetof(struct outer, flag) },
    { "at", PK_TYPE_TIME, 0, offsetof(struct outer, at_ms) },
    { "text", PK_TYPE_STRING, 0, offsetof(struct outer, text), .max = 8 },
    { "hidden", PK_TYPE_STRING, 0, offsetof(struct outer, hidden), .max = 8,
      .privacy = PK_PRIVACY_NEVER },
    { "list", PK_TYPE_STRINGS, 0, offsetof(struct outer, list), .max = 3, .count_max = 2 },
    { "one", PK_TYPE_OBJECT, 0, offsetof(struct outer, one), .sub = &inner_schema },
    { "many", PK_TYPE_OBJECTS, 0, offsetof(struct outer, many), .sub = &inner_schema,
      .count_max = 2 },
    { "any", PK_TYPE_JSON, 0, offsetof(struct outer, any) },
};
/* clang-format on */
static const struct pk_schema outer_schema = PK_SCHEMA(struct outer, outer_fields, "outer");

static int decode(const char *text, struct pk_arena *arena, struct outer *out, struct pk_error *err)
{
    json_t *in = NULL;
    int rc = pk_json_parse(text, strlen(text), &in, err);

    if (rc == PK_OK) {
        rc = pk_schema_decode(&outer_schema, in, arena, out, err);
    }
    json_decref(in);
    return rc;
}

static void test_good(void **state)
{
    static const char text[] =
            "{\"number\":7,\"ratio\":0.25,\"colour\":\"green\",\"known\":false,\"flag\":true,"
            "\"at\":\"2026-11-23T01:02:03.456Z\",\"text\":\"h\xc3\xa9\",\"hidden\":\"s\","
            "\"list\":[\"a\",\"b\"],\"one\":{\"word\":\"x\"},\"many\":[{\"word\":\"y\"}],"
            "\"any\":{\"k\":[1]}}";
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_error err;
    struct outer out;
    json_t *back;
    char *written;

    (void)state;
    assert_int_equal(decode(text, arena, &out, &err), PK_OK);
    assert_int_equal(out.number, 7);
    assert_int_equal(out.known, PK_TRI_NO);
    assert_int_equal(out.at_ms, INT64_C(1795395723456));
    assert_string_equal(out.list.items[1], "b");
    assert_string_equal(((struct inner *)out.many.items)[0].word, "y");
    back = pk_schema_encode(&outer_schema, &out, false);
    written = pk_json_text(back);
    assert_string_equal(written, text);
    free(written);
    json_decref(back);
    back = pk_schema_encode(&outer_schema, &out, true);
    assert_null(json_object_get(back, "hidden"));
    assert_non_null(json_object_get(back, "text"));
    json_decref(back);
    pk_arena_destroy(arena);
}

static void test_defaults(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_error err;
    struct outer out;

    (void)state;
    assert_int_equal(decode("{\"number\":1,\"text\":null}", arena, &out, &err), PK_OK);
    assert_true(out.ratio > 0.49 && out.ratio < 0.51);
    assert_int_equal(out.colour, 1);
    assert_null(out.text);
    pk_arena_destroy(arena);
}

static void test_bad(void **state)
{
    static const struct {
        const char *in;
        int rc;
        const char *path;
    } rows[] = {
        { "{}", PK_EMISSING, "number" },
        { "{\"number\":null}", PK_ETYPE, "number" },
        { "[]", PK_ETYPE, "" },
        { "{\"number\":\"1\"}", PK_ETYPE, "number" },
        { "{\"number\":1.5}", PK_ETYPE, "number" },
        { "{\"number\":11}", PK_EBOUNDS, "number" },
        { "{\"number\":1,\"extra\":1}", PK_EUNKNOWN, "extra" },
        { "{\"number\":1,\"number\":1}", PK_EMALF, "" },
        { "{\"number\":1,\"ratio\":2}", PK_EBOUNDS, "ratio" },
        { "{\"number\":1,\"colour\":\"blue\"}", PK_EBOUNDS, "colour" },
        { "{\"number\":1,\"known\":\"yes\"}", PK_ETYPE, "known" },
        { "{\"number\":1,\"flag\":1}", PK_ETYPE, "flag" },
        { "{\"number\":1,\"at\":\"today\"}", PK_EMALF, "at" },
        { "{\"number\":1,\"text\":\"123456789\"}", PK_ELIMIT, "text" },
        { "{\"number\":1,\"text\":\"a\\u0007\"}", PK_EMALF, "text" },
        { "{\"number\":1,\"text\":\"\xff\"}", PK_EMALF, "" },
        { "{\"number\":1,\"list\":[\"a\",\"b\",\"c\"]}", PK_ELIMIT, "list" },
        { "{\"number\":1,\"list\":[\"a\",7]}", PK_ETYPE, "list[1]" },
        { "{\"number\":1,\"one\":{\"word\":\"\"}}", PK_EBOUNDS, "one.word" },
        { "{\"number\":1,\"many\":[{\"word\":\"a\"},{\"wrd\":\"b\"}]}", PK_EMISSING,
                "many[1].word" },
        { "{\"number\":1,\"any\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"
          "}",
                PK_ELIMIT, "any" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 16);
        struct pk_error err = { 0 };
        struct outer out;

        assert_int_equal(decode(rows[i].in, arena, &out, &err), rows[i].rc);
        assert_string_equal(err.path, rows[i].path);
        assert_true(err.text[0] != '\0');
        pk_arena_destroy(arena);
    }
}

static void test_yaml(void **state)
{
    static const struct {
        const char *in;
        int rc;
        const char *text;
    } rows[] = {
        { "number: 3\nlist: [a, \"b\"]\nmany:\n  - word: hi\n", PK_OK, "" },
        { "number: 3\nmany:\n  - word: hi\n    wurd: 1\n", PK_EUNKNOWN,
                "t:4: many[0].wurd: unknown key" },
        { "number: 3\n\ncolour: blue\n", PK_EBOUNDS, "t:3: colour: must be one of: red, green" },
        { "number: 3\nnumber: 4\n", PK_EEXIST, "t:2: this key stands here twice" },
        { "number: &a 3\nany: {k: *a}\n", PK_EMALF, "t:2: aliases are not allowed" },
        { "number: 3\n---\nnumber: 4\n", PK_EMALF, "t:2: only one document is allowed" },
        { "number: [\n", PK_EMALF, "t:2: did not find expected node content" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 16);
        struct pk_error err = { 0 };
        struct outer out;

        assert_int_equal(pk_yaml_decode("t", rows[i].in, strlen(rows[i].in), &outer_schema, arena,
                                 &out, &err),
                rows[i].rc);
        assert_string_equal(err.text, rows[i].text);
        pk_arena_destroy(arena);
    }
}

static int report(const char *text, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_report out;
    json_t *in = NULL;
    int rc = pk_json_parse(text, strlen(text), &in, err);

    if (rc == PK_OK) {
        rc = pk_report_decode(in, arena, &out, err);
    }
    json_decref(in);
    pk_arena_destroy(arena);
    return rc;
}

static void test_report(void **state)
{
    struct pk_error err = { 0 };

    (void)state;
    assert_int_equal(report("{\"v\":1,\"observations\":[{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\","
                            "\"kind\":\"portal\",\"portal\":{\"state\":\"none\"}}]}",
                             &err),
            PK_OK);
    assert_int_equal(report("{\"v\":1,\"observations\":[]}", &err), PK_EBOUNDS);
    assert_int_equal(report("{\"v\":1,\"observations\":[{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\","
                            "\"kind\":\"tls\",\"portal\":{\"state\":\"none\"}}]}",
                             &err),
            PK_EMISSING);
    assert_string_equal(err.path, "observations[0].tls");
    assert_int_equal(report("{\"v\":1,\"observations\":[{\"seq\":2,\"at\":\"2026-11-23T00:00:00Z\","
                            "\"kind\":\"portal\",\"portal\":{\"state\":\"none\"}},"
                            "{\"seq\":2,\"at\":\"2026-11-23T00:00:00Z\","
                            "\"kind\":\"portal\",\"portal\":{\"state\":\"none\"}}]}",
                             &err),
            PK_EBOUNDS);
    assert_string_equal(err.path, "observations[1].seq");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
