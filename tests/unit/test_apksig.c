/* Every expectation of the AOSP apksig test suite that tests/data/apksig has, and what it does not cover. */
#include <stdio.h>

#include "apksig_bench.h"
#include "base/buffer.h"
#include "formats/limits.h"

#define ROWS_MIN      200 /* the table has 214; fewer would be a damaged one */
#define RSA_2048_CERT "fb5dbd3c669af9fc236c6991e6387b7f11ff0590997f22d0f5c74ff40e04fca8"
#define EC_P256_CERT  "6a8b96e278e58f62cfe3584022cec1d0527fcb85a9e5d2e1694eb0405be5b599"
#define V2_RSA        "apks/v2-only-with-rsa-pkcs1-sha256-2048.apk"

enum column {
    FILE_NAME,
    CHECK,
    MIN_SDK,
    MAX_SDK,
    STAMP_CERT,
    EXPECT,
    DETAIL,
    COLUMNS
};

struct row {
    const char *column[COLUMNS];
};

static const char *stamp_name(enum pk_apksig_stamp stamp)
{
    switch (stamp) {
    case PK_STAMP_ABSENT:
        return "STAMP_MISSING";
    case PK_STAMP_NOT_VERIFIED:
        return "STAMP_NOT_VERIFIED";
    case PK_STAMP_FAILED:
        return "STAMP_VERIFICATION_FAILED";
    case PK_STAMP_CERT_MISMATCH:
        return "CERT_DIGEST_MISMATCH";
    case PK_STAMP_VERIFIED:
        return "STAMP_VERIFIED";
    case PK_STAMP_ERROR:
        return "VERIFICATION_ERROR";
    }
    return "";
}

static bool has_any(const struct apksig_bench *b, const char *name)
{
    return apksig_has_issue(b, name, true) || apksig_has_issue(b, name, false);
}

/* Is the result what the row says? */
static bool fits(const struct apksig_bench *b, const struct row *row)
{
    const struct pk_apksig_result *r = &b->result;
    const char *expect = row->column[EXPECT];
    const char *detail = row->column[DETAIL];
    bool stamp = strcmp(row->column[CHECK], "sourcestamp") == 0;

    if (strcmp(expect, "format-error") == 0) {
        return !b->opened || (r->format_error && !r->verified);
    }
    if (b->rc < 0) {
        return false;
    }
    if (strcmp(expect, "verified") == 0 || strcmp(expect, "stamp-verified") == 0) {
        return stamp || expect[0] == 's' ? r->stamp == PK_STAMP_VERIFIED : r->verified;
    }
    if (strcmp(expect, "no-exception") == 0) {
        return !r->format_error;
    }
    if (strcmp(expect, "rejected") == 0) {
        return !r->verified && apksig_has_issue(b, detail, true);
    }
    if (strcmp(expect, "warning") == 0) {
        return r->verified && apksig_has_issue(b, detail, false);
    }
    if (strcmp(expect, "stamp-issue") == 0) {
        return has_any(b, detail);
    }
    if (strcmp(expect, "stamp-status") == 0) {
        return strcmp(stamp_name(r->stamp), detail) == 0;
    }
    if (strcmp(expect, "stamp-timestamp") == 0) {
        return r->stamp_time == strtoll(detail, NULL, 10);
    }
    if (strcmp(expect, "signer-count") == 0) {
        return r->verified && r->signers.count == (size_t)strtoll(detail, NULL, 10);
    }
    if (strcmp(expect, "signer-cert-sha256") == 0) {
        const struct pk_apksig_signer *signers = r->signers.items;

        return r->signers.count > 0 && strcmp(signers[0].cert.sha256, detail) == 0;
    }
    if (strcmp(expect, "v31-target-api") == 0) {
        return r->rotation_min_sdk == strtoll(detail, NULL, 10);
    }
    return false; /* a kind of row that this test does not know */
}

static const char *expected_cert(const char *name)
{
    if (strcmp(name, "RSA_2048_CERT_SHA256_DIGEST") == 0) {
        return RSA_2048_CERT;
    }
    return strcmp(name, "EC_P256_CERT_SHA256_DIGEST") == 0 ? EC_P256_CERT : NULL;
}

static bool check_row(const struct row *row)
{
    const struct apksig_ask ask = {
        .min_sdk = (int)strtol(row->column[MIN_SDK], NULL, 10),
        .max_sdk = (int)strtol(row->column[MAX_SDK], NULL, 10),
        .stamp_cert = expected_cert(row->column[STAMP_CERT]),
    };
    struct apksig_bench b;
    struct pk_slice file;
    char name[256];
    bool good;

    (void)snprintf(name, sizeof(name), "apks/%s", row->column[FILE_NAME]);
    file = apksig_load(name);
    apksig_bench_open(&b, file, ask, 0);
    good = fits(&b, row);
    if (!good) {
        print_error("%s %s %s-%s: expected %s %s\n", row->column[FILE_NAME], row->column[CHECK],
                row->column[MIN_SDK], row->column[MAX_SDK], row->column[EXPECT],
                row->column[DETAIL]);
    }
    apksig_bench_close(&b);
    free((void *)file.ptr);
    return good;
}

static void the_table_of_apksig(void **state)
{
    struct pk_slice table = apksig_load("expected_from_tests.tsv");
    char *text = malloc(table.len + 1);
    char *next = text;
    size_t rows = 0;
    size_t wrong = 0;
    char *line;

    (void)state;
    assert_non_null(text);
    memcpy(text, table.ptr, table.len);
    text[table.len] = '\0';
    (void)strsep(&next, "\n"); /* the names of the columns */
    while ((line = strsep(&next, "\n")) != NULL) {
        struct row row;

        for (size_t i = 0; i < COLUMNS; i++) {
            row.column[i] = strsep(&line, "\t");
            if (row.column[i] == NULL) {
                row.column[i] = "";
            }
        }
        if (row.column[FILE_NAME][0] != '\0') {
            rows++;
            wrong += !check_row(&row);
        }
    }
    free(text);
    free((void *)table.ptr);
    assert_true(rows >= ROWS_MIN);
    assert_int_equal(wrong, 0);
}

/* --- signers */

static void signers_of_the_newest_scheme(void **state)
{
    struct pk_slice file = apksig_load("apks/v31-rsa-2048_2-tgt-10000-dev-release.apk");
    const struct pk_apksig_signer *signers;
    const struct pk_apksig_signer *all;
    struct apksig_bench b;

    (void)state;
    apksig_bench_open(&b, file, (struct apksig_ask){ 0 }, 0);
    assert_true(b.result.verified);
    assert_int_equal(
            b.result.schemes & (PK_APKSIG_V3 | PK_APKSIG_V31), PK_APKSIG_V3 | PK_APKSIG_V31);
    signers = b.result.signers.items;
    assert_int_equal(b.result.signers.count, 1);
    assert_int_equal(signers[0].scheme, PK_APKSIG_V31);
    assert_int_equal(signers[0].lineage.count, 2);
    all = b.result.all_signers.items;
    assert_true(b.result.all_signers.count >= 2);
    for (size_t i = 0; i < b.result.all_signers.count; i++) {
        if (all[i].scheme == PK_APKSIG_V3) {
            assert_string_equal(all[i].cert.sha256, RSA_2048_CERT);
            assert_string_not_equal(signers[0].cert.sha256, RSA_2048_CERT);
            assert_true(all[i].min_sdk <= 28 && all[i].max_sdk > 28);
        }
    }
    apksig_bench_close(&b);
    /* Platforms before Android 13 do not see v3.1. */
    apksig_bench_open(&b, file, (struct apksig_ask){ .max_sdk = 32 }, 0);
    assert_true(b.result.verified);
    signers = b.result.signers.items;
    assert_int_equal(signers[0].scheme, PK_APKSIG_V3);
    assert_string_equal(signers[0].cert.sha256, RSA_2048_CERT);
    apksig_bench_close(&b);
    free((void *)file.ptr);
}

/* --- v4 */

static void assert_idsig(
        struct pk_slice file, struct pk_slice idsig, bool verified, bool v4, const char *issue)
{
    struct apksig_bench b;

    apksig_bench_open(&b, file, (struct apksig_ask){ .min_sdk = 24, .idsig = idsig }, 0);
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(b.result.verified, verified);
    assert_int_equal((b.result.schemes & PK_APKSIG_V4) != 0, v4);
    assert_true(issue == NULL || apksig_has_issue(&b, issue, true));
    apksig_bench_close(&b);
}

/* The file beside the APK: v4 is judged for itself, v2 and v3 carry the verdict. */
static void idsig_files(void **state)
{
    struct pk_slice file = apksig_load("apks/v31-rsa-2048_2-tgt-10000-dev-release.apk");
    struct pk_slice other = apksig_load(V2_RSA);
    struct pk_slice idsig = apksig_load("support/v31-rsa-2048_2-tgt-10000-dev-release.apk.idsig");
    uint8_t *bytes = (uint8_t *)idsig.ptr;

    (void)state;
    assert_idsig(file, idsig, true, true, NULL);
    assert_idsig(other, idsig, true, false, "V4_SIG_DID_NOT_VERIFY");
    bytes[idsig.len - 1] ^= 1; /* the tree */
    assert_idsig(file, idsig, true, false, "V4_SIG_APK_TREE_DID_NOT_VERIFY");
    bytes[idsig.len - 1] ^= 1;
    assert_idsig(
            file, pk_slice_of(bytes, idsig.len - 1), true, true, NULL); /* it may be left out */
    bytes[0] = 3;
    assert_idsig(file, idsig, false, false, "V4_SIG_VERSION_NOT_CURRENT");
    bytes[0] = 2;
    assert_idsig(file, pk_slice_of(bytes, 40), false, false, "V4_SIG_MALFORMED_SIGNERS");
    assert_idsig(file, pk_slice_of(bytes, 0), false, false, "V4_SIG_MALFORMED_SIGNERS");
    bytes[30] ^= 1; /* the root */
    assert_idsig(file, idsig, true, false, "V4_SIG_DID_NOT_VERIFY");
    free(bytes);
    free((void *)file.ptr);
    free((void *)other.ptr);
}

/* --- the signing block */

static void assert_pair(uint32_t id, struct pk_slice value, bool first, bool verified, int anomaly)
{
    static const enum pk_anomaly_id ids[] = { PK_ANOMALY_APK_DUPLICATE_SIGNING_BLOCK,
        PK_ANOMALY_APK_SIGNING_BLOCK_PAYLOAD };
    struct pk_slice plain = apksig_load(V2_RSA);
    struct pk_slice file = apksig_add_pair(plain, id, value, first);
    struct apksig_bench b;

    apksig_bench_open(&b, file, (struct apksig_ask){ .min_sdk = 24 }, 0);
    assert_int_equal(b.result.verified, verified);
    for (size_t i = 0; i < PK_COUNT(ids); i++) {
        assert_int_equal(apksig_has_anomaly(&b, ids[i]), (int)ids[i] == anomaly);
    }
    apksig_bench_close(&b);
    free((void *)file.ptr);
    free((void *)plain.ptr);
}

static void pairs_of_the_signing_block(void **state)
{
    static uint8_t zeros[5000];
    static uint8_t ones[5000];

    (void)state;
    memset(ones, 1, sizeof(ones));
    /* The first pair of a number counts. */
    assert_pair(0x7109871a, pk_slice_of(ones, 100), false, true,
            PK_ANOMALY_APK_DUPLICATE_SIGNING_BLOCK);
    assert_pair(0x7109871a, pk_slice_of(ones, 100), true, false,
            PK_ANOMALY_APK_DUPLICATE_SIGNING_BLOCK);
    assert_pair(0x12345678, pk_slice_of(ones, sizeof(ones)), false, true,
            PK_ANOMALY_APK_SIGNING_BLOCK_PAYLOAD);
    assert_pair(0x12345678, pk_slice_of(ones, 100), true, true, -1);
    assert_pair(0x42726577, pk_slice_of(zeros, sizeof(zeros)), true, true, -1);
    assert_pair(
            0x42726577, pk_slice_of(ones, 100), true, true, PK_ANOMALY_APK_SIGNING_BLOCK_PAYLOAD);
    assert_pair(0x2146444e, pk_slice_of(ones, sizeof(ones)), true, true, -1);
    assert_pair(0x504b4453, pk_slice_of(ones, sizeof(ones)), true, true, -1);
}

static void put_le32(uint8_t **p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        *(*p)++ = (uint8_t)(value >> (8 * i));
    }
}

/* One signer with more signatures of unknown kinds than are kept: the warnings do not crowd out the error. */
static void many_warnings(void **state)
{
    enum {
        COUNT = 300,
        LIST = COUNT * 12
    };
    static uint8_t value[24 + LIST];
    struct pk_slice plain = apksig_load(V2_RSA);
    struct pk_slice file;
    struct apksig_bench b;
    uint8_t *p = value;

    (void)state;
    put_le32(&p, 20 - 4 + 4 + LIST); /* signers, one signer: */
    put_le32(&p, 20 - 4 + LIST);
    put_le32(&p, 0); /* signed data */
    put_le32(&p, LIST);
    for (uint32_t i = 0; i < COUNT; i++) {
        put_le32(&p, 8);
        put_le32(&p, 0x77770000 + i);
        put_le32(&p, 0);
    }
    put_le32(&p, 4); /* public key */
    put_le32(&p, 0);
    file = apksig_add_pair(plain, 0x7109871a, pk_slice_of(value, sizeof(value)), true);
    apksig_bench_open(&b, file, (struct apksig_ask){ .min_sdk = 24 }, 0);
    assert_int_equal(b.rc, PK_OK);
    assert_false(b.result.verified);
    assert_true(apksig_has_issue(&b, "V2_SIG_UNKNOWN_SIG_ALGORITHM", false));
    assert_true(apksig_has_issue(&b, "V2_SIG_MALFORMED_SIGNATURE", true));
    assert_true(apksig_has_anomaly(&b, PK_ANOMALY_LIMIT_SIGNATURES));
    apksig_bench_close(&b);
    free((void *)file.ptr);
    free((void *)plain.ptr);
}

/* --- what others say of it */

static void anomalies_of_verdicts(void **state)
{
    static const struct {
        const char *file;
        int min_sdk;
        enum pk_anomaly_id id;
    } rows[] = {
        { "apks/golden-aligned-in.apk", 0, PK_ANOMALY_APK_UNSIGNED },
        { "apks/v1-only-with-rsa-pkcs1-sha256-1.2.840.113549.1.1.1-2048.apk", 0,
                PK_ANOMALY_APK_V1_ONLY },
        { "apks/v2-only-apk-sig-block-size-mismatch.apk", 24, PK_ANOMALY_APK_UNSIGNED },
        { "apks/v31-block-stripped-v3-attr-value-33.apk", 0, PK_ANOMALY_APK_SIGNATURE_STRIPPED },
        { "apks/v2-only-with-rsa-pss-sha256-2048-sig-does-not-verify.apk", 24,
                PK_ANOMALY_APK_SIGNATURE_INVALID },
        { "apks/stamp-valid-timestamp-value-modified.apk", 0, PK_ANOMALY_APK_STAMP_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_slice file = apksig_load(rows[i].file);
        struct apksig_bench b;

        apksig_bench_open(&b, file, (struct apksig_ask){ .min_sdk = rows[i].min_sdk }, 0);
        if (!apksig_has_anomaly(&b, rows[i].id)) {
            fail_msg("%s: no %s", rows[i].file, pk_anomaly_kind(rows[i].id)->id);
        }
        apksig_bench_close(&b);
        free((void *)file.ptr);
    }
}

static void issues_have_names_and_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_ISSUE_COUNT; i++) {
        const char *text = pk_apksig_issue_text((enum pk_apksig_issue)i);

        assert_non_null(strchr(pk_apksig_issue_name((enum pk_apksig_issue)i), '_'));
        assert_true(strlen(text) > 10 && text[strlen(text) - 1] == '.');
    }
    assert_string_equal(
            pk_apksig_issue_name(PK_ISSUE_V2_SIG_DID_NOT_VERIFY), "V2_SIG_DID_NOT_VERIFY");
}

/* --- short memory */

/* Less and less memory: an answer, or that there is too little; never a wrong answer. */
static void little_memory(void **state)
{
    static const char *const files[] = { "apks/v31-rsa-2048_2-tgt-10000-dev-release.apk",
        "apks/stamp-lineage-valid.apk", "apks/two-signers.apk" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(files); i++) {
        struct pk_slice file = apksig_load(files[i]);
        size_t answers = 0;
        size_t refusals = 0;

        for (size_t max = 1024; max < 512UL * 1024; max += 1536) {
            struct apksig_bench b;

            apksig_bench_open(&b, file, (struct apksig_ask){ 0 }, max);
            if (b.rc == PK_OK && b.manifest.bytes.ptr != NULL) {
                assert_true(b.result.verified);
                answers++;
            } else {
                refusals++;
            }
            apksig_bench_close(&b);
        }
        assert_true(answers > 0 && refusals > 0);
        free((void *)file.ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_apksig),
        cmocka_unit_test(signers_of_the_newest_scheme),
        cmocka_unit_test(idsig_files),
        cmocka_unit_test(pairs_of_the_signing_block),
        cmocka_unit_test(many_warnings),
        cmocka_unit_test(anomalies_of_verdicts),
        cmocka_unit_test(issues_have_names_and_sentences),
        cmocka_unit_test(little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
