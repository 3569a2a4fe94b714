/* The judge of the reader: when it speaks, and when it keeps silent. */
#include <stdio.h>

#include "defense/malware/app.h"
#include "dex_builder.h"

static const uint16_t go[] = { 0x000e };

struct made {
    struct pk_arena *arena;
    struct dex_made bytes;
    struct pk_dex dex;
    struct pk_manifest manifest;
    struct pk_component receiver;
    struct pk_intent_filter filter;
    struct pk_app_report report;
    struct pk_app_opinion opinion;
    struct pk_app_subject app;
};

static const char *wants[] = { "android.permission.SEND_SMS", "android.permission.RECEIVE_SMS",
    "android.permission.READ_SMS", "android.permission.WRITE_SMS",
    "android.permission.READ_PHONE_STATE", "android.permission.INTERNET",
    "android.permission.RECEIVE_BOOT_COMPLETED", "android.permission.INSTALL_PACKAGES",
    "android.permission.ACCESS_NETWORK_STATE", "android.permission.WRITE_EXTERNAL_STORAGE",
    "com.other.permission.CAMERA", "android.permission.READ_EXTERNAL_STORAGE" };
static const char *implied[] = { "android.permission.READ_EXTERNAL_STORAGE" };
static const char *actions[] = { "android.intent.action.BOOT_COMPLETED" };

/* An app that asks for what senders of messages ask for; its code is one empty method. */
static void make(const char *version, struct made *out)
{
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { version, &body, 1, 0, 0, false };
    size_t offset = 0;

    memset(out, 0, sizeof(*out));
    out->arena = pk_arena_create(1024UL * 1024);
    out->bytes = dex_build(&spec);
    assert_int_equal(pk_dex_open(pk_slice_of(out->bytes.bytes, out->bytes.len), &offset, "t", NULL,
                             &out->dex, NULL),
            0);
    out->filter.actions = (struct pk_strings){ actions, PK_COUNT(actions) };
    out->receiver = (struct pk_component){
        .kind = PK_COMPONENT_RECEIVER, .name = "a.R", .filters = { &out->filter, 1 }
    };
    out->manifest = (struct pk_manifest){ .package = "a",
        .min_sdk = 4,
        .permissions = { wants, PK_COUNT(wants) },
        .implied_permissions = { implied, PK_COUNT(implied) },
        .components = { &out->receiver, 1 } };
    out->app = (struct pk_app_subject){ .kind = PK_APP_APK,
        .manifest = &out->manifest,
        .dex = &out->dex,
        .dex_count = 1,
        .report = &out->report,
        .work = out->arena,
        .arena = out->arena };
}

static void finish(struct made *made)
{
    pk_arena_destroy(made->arena);
    free(made->bytes.bytes);
}

static bool has_part(const struct pk_app_model *model, const char *feature)
{
    const struct pk_app_model_part *parts = model->parts.items;

    for (size_t i = 0; i < model->parts.count; i++) {
        if (strcmp(parts[i].feature, feature) == 0) {
            return true;
        }
    }
    return false;
}

static void test_speaks(void **state)
{
    struct made made;
    const struct pk_app_model *model;

    (void)state;
    make("035", &made);
    assert_int_equal(pk_app_classify(&made.app, &made.opinion), 0);
    model = made.report.model;
    assert_non_null(model);
    assert_true(model->familiar && model->distance < 1);
    assert_int_equal(model->verdict, PK_APP_WEIGHT_MALICIOUS);
    assert_true(model->probability > 0.9 && has_part(model, "SEND_SMS"));
    assert_int_equal(made.opinion.count, 1);
    assert_string_equal(made.opinion.items[0].id, "malware.trojan");
    assert_string_equal(made.opinion.items[0].rule, "model/android");
    assert_int_equal(made.opinion.items[0].weight, PK_APP_WEIGHT_SUSPICIOUS);
    assert_non_null(strstr(made.opinion.items[0].evidence, "can send text messages"));
    finish(&made);
}

/* The same features, but an app of a time that it does not know; or not all of it; or no app. */
static void test_silent(void **state)
{
    struct made made;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        make(i == 0 ? "037" : "035", &made);
        made.manifest.target_sdk = i == 1 ? 30 : 0;
        made.manifest.compile_sdk = i == 2 ? 28 : 0;
        made.manifest.target_sdk_codename = i == 3 ? "Tiramisu" : NULL;
        made.app.code_cut = i == 4;
        made.app.manifest = i == 5 ? NULL : &made.manifest;
        made.manifest.min_sdk = i == 6 ? 21 : 0;
        assert_int_equal(pk_app_classify(&made.app, &made.opinion), 0);
        assert_non_null(made.report.model);
        assert_false(made.report.model->familiar);
        assert_int_equal(made.opinion.count, 0);
        finish(&made);
    }
    make("035", &made);
    made.app.dex_count = 0;
    assert_int_equal(pk_app_classify(&made.app, &made.opinion), 0);
    assert_null(made.report.model);
    made.app.dex_count = 1;
    made.app.kind = PK_APP_ELF;
    assert_int_equal(pk_app_classify(&made.app, &made.opinion), 0);
    assert_null(made.report.model);
    finish(&made);
}

/* Few permissions: nothing is said, and the reasons stand in the report all the same. */
static void test_harmless(void **state)
{
    struct made made;

    (void)state;
    make("035", &made);
    made.manifest.permissions = (struct pk_strings){ &wants[5], 1 };
    made.manifest.implied_permissions = (struct pk_strings){ 0 };
    made.manifest.components = (struct pk_array){ 0 };
    assert_int_equal(pk_app_classify(&made.app, &made.opinion), 0);
    assert_int_equal(made.opinion.count, 0);
    assert_true(made.report.model->familiar && made.report.model->parts.count > 4);
    assert_int_equal(made.report.model->verdict, PK_APP_WEIGHT_NONE);
    finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speaks),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
