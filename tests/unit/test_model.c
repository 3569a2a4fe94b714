/* The classifier: its file, its answers and its reasons. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/crypt.h"
#include "check.h"
#include "defense/malware/features_table.h"
#include "defense/malware/model.h"
#include "defense/malware/model_bits.h"

#define HEAD 12UL

static struct pk_model *android(void)
{
    struct pk_model *model = NULL;

    assert_int_equal(pk_model_create(pk_model_android_file(), &model, NULL), 0);
    return model;
}

static size_t place(const struct pk_model *model, const char *name)
{
    size_t at = pk_model_feature_find(model, pk_slice_str(name));

    assert_true(at != SIZE_MAX);
    return at;
}

/* The features that the reader of apps fills are those that the model was trained on. */
static void test_same_features(void **state)
{
    struct pk_model *model = android();

    (void)state;
    assert_int_equal(pk_model_feature_count(model), pk_features_count);
    for (size_t i = 0; i < pk_features_count; i++) {
        assert_string_equal(pk_model_feature(model, i)->name, pk_features_names[i]);
        assert_true(strlen(pk_model_feature(model, i)->text) > 4);
    }
    assert_null(pk_model_feature(model, pk_features_count));
    assert_int_equal(pk_model_feature_find(model, pk_slice_str("SEND_SM")), SIZE_MAX);
    pk_model_destroy(model);
}

static double log_odds(double p)
{
    return log(p / (1 - p));
}

/* Vectors that look like apps: every feature with the chance of its neighbours in the list. */
static void make_vector(unsigned seed, struct pk_model_vector *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < pk_features_count; i++) {
        seed = seed * 1103515245U + 12345U;
        out->values[i] = (seed >> 16) % 7 < (i * 5 / pk_features_count == 0 ? 4 : 1);
    }
}

/* The reasons are the whole difference between this app's opinion and the average app's. */
static void test_explain(void **state)
{
    struct pk_model *model = android();

    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        struct pk_model_part parts[PK_MODEL_FEATURES_MAX];
        struct pk_model_opinion opinion;
        struct pk_model_vector vector;
        double sum = pk_model_bias(model);
        size_t count;

        make_vector(seed, &vector);
        pk_model_judge(model, &vector, &opinion);
        count = pk_model_explain(model, &vector, parts, PK_MODEL_FEATURES_MAX);
        for (size_t i = 0; i < count; i++) {
            sum += parts[i].weight;
            assert_true(i == 0 || fabs(parts[i].weight) <= fabs(parts[i - 1].weight));
        }
        assert_true(fabs(sum - log_odds(opinion.probability)) < 1e-3);
        assert_int_equal(pk_model_explain(model, &vector, parts, 3), 3);
    }
    pk_model_destroy(model);
}

/* An app of 2011 that sends messages, and one that shows a web page. */
static void test_judge(void **state)
{
    static const char *const sender[] = { "SEND_SMS", "RECEIVE_SMS", "READ_PHONE_STATE",
        "android.telephony.SmsManager", "TelephonyManager.getDeviceId",
        "TelephonyManager.getSubscriberId", "TelephonyManager.getLine1Number", "INTERNET",
        "android.intent.action.BOOT_COMPLETED", "RECEIVE_BOOT_COMPLETED", "abortBroadcast",
        "HttpPost.init", "HttpUriRequest", "Binder", "IBinder", "android.os.IBinder", "onBind",
        "Landroid.content.Context.registerReceiver", "android.content.pm.PackageInfo" };
    static const char *const page[] = { "INTERNET", "ACCESS_NETWORK_STATE",
        "Ljava.lang.Object.getClass", "mount" };
    struct pk_model *model = android();
    struct pk_model_part best;
    struct pk_model_opinion opinion;
    struct pk_model_vector vector = { 0 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(page); i++) {
        vector.values[place(model, page[i])] = PK_MODEL_YES;
    }
    pk_model_judge(model, &vector, &opinion);
    assert_true(opinion.probability < pk_model_thresholds(model).suspicious && opinion.familiar);
    assert_int_equal(opinion.verdict, PK_MODEL_HARMLESS);
    memset(&vector, 0, sizeof(vector));
    for (size_t i = 0; i < PK_COUNT(sender); i++) {
        vector.values[place(model, sender[i])] = PK_MODEL_YES;
    }
    pk_model_judge(model, &vector, &opinion);
    assert_true(opinion.probability > 0.9 && opinion.familiar);
    assert_true(opinion.verdict != PK_MODEL_HARMLESS);
    assert_int_equal(pk_model_explain(model, &vector, &best, 1), 1);
    assert_true(best.weight > 0);
    pk_model_destroy(model);
}

/* What is not known counts neither way: less is known, less is said. */
static void test_unknown(void **state)
{
    struct pk_model *model = android();
    struct pk_model_opinion all;
    struct pk_model_opinion opinion;
    struct pk_model_vector vector;
    struct pk_model_part part;

    (void)state;
    memset(&vector, PK_MODEL_UNKNOWN, sizeof(vector));
    pk_model_judge(model, &vector, &opinion);
    assert_false(opinion.familiar);
    assert_true(fabs(opinion.unknown - 1) < 0.01);
    assert_true(fabs(log_odds(opinion.probability) - pk_model_bias(model)) < 0.2);
    assert_true(fabs(opinion.distance) < 1e-6); /* all apps look like that */
    assert_int_equal(pk_model_explain(model, &vector, &part, 1), 0);
    make_vector(5, &vector);
    pk_model_judge(model, &vector, &all);
    vector.values[place(model, "SET_PROCESS_LIMIT")] = PK_MODEL_UNKNOWN; /* hardly asked for */
    pk_model_judge(model, &vector, &opinion);
    assert_true(fabs(opinion.probability - all.probability) < 0.01);
    assert_true(opinion.unknown > 0 && opinion.unknown < 0.01);
    pk_model_destroy(model);
}

/* Everything at once is like no app. */
static void test_guard(void **state)
{
    struct pk_model *model = android();
    struct pk_model_opinion opinion;
    struct pk_model_vector vector;

    (void)state;
    memset(&vector, PK_MODEL_YES, sizeof(vector));
    pk_model_judge(model, &vector, &opinion);
    assert_true(opinion.distance > 1.5 && !opinion.familiar);
    pk_model_destroy(model);
}

static void seal(uint8_t *file, size_t len)
{
    pk_sha256(pk_slice_of(file, len - PK_SHA256_SIZE), file + len - PK_SHA256_SIZE);
}

static void put32(uint8_t *p, size_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The first bytes of the file's body, with a header and a digest that hold. */
static int read_cut(size_t body)
{
    struct pk_slice file = pk_model_android_file();
    size_t len = HEAD + body + PK_SHA256_SIZE;
    uint8_t *copy = malloc(len);
    struct pk_model *model = NULL;
    struct pk_error err = { 0 };
    int rc;

    assert_non_null(copy);
    memcpy(copy, file.ptr, HEAD + body);
    put32(copy + 8, body);
    seal(copy, len);
    rc = pk_model_create(pk_slice_of(copy, len), &model, &err);
    if (rc < 0) {
        assert_null(model); /* untouched */
        assert_true(err.text[0] != '\0');
    } else {
        pk_model_destroy(model);
    }
    free(copy);
    return rc;
}

static void test_cut(void **state)
{
    struct pk_slice file = pk_model_android_file();
    size_t body = file.len - HEAD - PK_SHA256_SIZE;

    (void)state;
    assert_int_equal(read_cut(body), 0);
    for (size_t n = 0; n < 3000; n += 7) {
        assert_true(read_cut(n) < 0);
    }
    for (size_t n = 1; n < 40; n++) {
        assert_true(read_cut(body - 101 * n) < 0);
        assert_true(read_cut(body - n) < 0);
        assert_true(read_cut(body / 41 * n) < 0);
    }
}

/* A file whose digest holds but whose bytes are others is refused, or answers within its bounds. */
static void test_changed(void **state)
{
    struct pk_slice file = pk_model_android_file();
    uint8_t *copy = pk_test_dup(file.ptr, file.len);
    struct pk_model *model = NULL;
    unsigned seed = 4;
    unsigned refused = 0;

    (void)state;
    copy[HEAD + 3] ^= 1;
    assert_int_equal(pk_model_create(pk_slice_of(copy, file.len), &model, NULL), PK_EMALF);
    copy[HEAD + 3] ^= 1;
    for (unsigned i = 0; i < 300; i++) {
        seed = seed * 1103515245U + 12345U;
        size_t at = HEAD + (seed >> 4) % (file.len - HEAD - PK_SHA256_SIZE);
        uint8_t before = copy[at];

        copy[at] = (uint8_t)(seed >> 12);
        seal(copy, file.len);
        if (pk_model_create(pk_slice_of(copy, file.len), &model, NULL) < 0) {
            refused++;
        } else {
            struct pk_model_part parts[8];
            struct pk_model_opinion opinion;
            struct pk_model_vector vector;

            make_vector(i, &vector);
            pk_model_judge(model, &vector, &opinion);
            (void)pk_model_explain(model, &vector, parts, 8);
            vector.values[i % pk_features_count] = PK_MODEL_UNKNOWN;
            pk_model_judge(model, &vector, &opinion);
            pk_model_destroy(model);
        }
        copy[at] = before;
    }
    assert_true(refused > 20);
    free(copy);
}

static void test_bits(void **state)
{
    char text[PK_MODEL_BITS_TEXT];
    struct pk_model_vector vector;
    struct pk_model_vector back;

    (void)state;
    for (unsigned seed = 0; seed < 20; seed++) {
        make_vector(seed, &vector);
        pk_model_bits_write(&vector, pk_features_count, text);
        assert_int_equal(strlen(text), (pk_features_count + 3) / 4);
        assert_int_equal(pk_model_bits_read(text, pk_features_count, &back), 0);
        assert_memory_equal(vector.values, back.values, pk_features_count);
    }
    text[3] = 'X';
    assert_int_equal(pk_model_bits_read(text, pk_features_count, &back), PK_EMALF);
    assert_int_equal(pk_model_bits_read("0", pk_features_count, &back), PK_EMALF);
}

/* Said, not demanded: sanitizers and other work on the machine slow it down. */
static void test_speed(void **state)
{
    enum {
        ROUNDS = 4000,
        VECTORS = 256,
    };
    static struct pk_model_vector vectors[VECTORS];
    struct pk_model *model = android();
    struct timespec from;
    struct timespec to;
    double sum = 0;

    (void)state;
    for (unsigned i = 0; i < VECTORS; i++) {
        make_vector(i, &vectors[i]);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct pk_model_opinion opinion;

        pk_model_judge(model, &vectors[i % VECTORS], &opinion);
        sum += opinion.probability;
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    (void)printf("# %.2f us for one judgement (%.1f)\n",
            ((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) /
                    ROUNDS,
            sum);
    pk_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_features),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
