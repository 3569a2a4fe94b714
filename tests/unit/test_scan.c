/* The wire between a pool and its processes, answers decoded or replaced, reports made to fit. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "formats/anomaly.h"
#include "scan/answer.h"
#include "scan/fit.h"
#include "scan/protocol.h"

static void test_request(void **state)
{
    const struct pk_scan_request in = {
        .id = 0x1122334455667788,
        .size = 1ULL << 40,
        .idsig_size = 7,
        .memory_max = 512UL << 20,
        .timeout_ms = 10000,
        .min_sdk = -1,
        .max_sdk = 0x7fffffff,
        .has_idsig = true,
        .has_stamp_cert = true,
        .structure_only = true,
        .thorough = true,
        .stamp_cert = { 1, 2, [31] = 0xff },
    };
    struct pk_scan_request out = { 0 };
    uint8_t bytes[PK_SCAN_REQUEST_SIZE];

    (void)state;
    pk_scan_request_encode(&in, bytes);
    assert_int_equal(pk_scan_request_decode(pk_slice_of(bytes, sizeof(bytes)), &out), PK_OK);
    assert_int_equal(out.id, in.id);
    assert_int_equal(out.size, in.size);
    assert_int_equal(out.idsig_size, in.idsig_size);
    assert_int_equal(out.memory_max, in.memory_max);
    assert_int_equal(out.timeout_ms, in.timeout_ms);
    assert_int_equal(out.min_sdk, in.min_sdk);
    assert_int_equal(out.max_sdk, in.max_sdk);
    assert_true(out.has_idsig && out.has_stamp_cert && out.structure_only && out.thorough);
    assert_memory_equal(out.stamp_cert, in.stamp_cert, sizeof(in.stamp_cert));
}

/* One byte changed in a good message, or another length. */
struct damage {
    size_t at;
    uint8_t byte;
    size_t len;
    int rc;
};

static void test_request_bad(void **state)
{
    static const struct damage rows[] = {
        { 0, 'X', PK_SCAN_REQUEST_SIZE, PK_EMALF },      /* magic */
        { 4, 2, PK_SCAN_REQUEST_SIZE, PK_EMALF },        /* version */
        { 52, 16, PK_SCAN_REQUEST_SIZE, PK_EMALF },      /* a flag of the future */
        { 40, 0, PK_SCAN_REQUEST_SIZE, PK_EMALF },       /* no time at all */
        { 32, 0, PK_SCAN_REQUEST_SIZE, PK_EMALF },       /* no memory at all */
        { 0, 'P', PK_SCAN_REQUEST_SIZE - 1, PK_ETRUNC }, /* short */
        { 0, 'P', PK_SCAN_REQUEST_SIZE + 1, PK_EMALF },  /* long */
        { 0, 'P', 0, PK_ETRUNC },
    };
    const struct pk_scan_request in = { .id = 1, .timeout_ms = 1, .memory_max = 1 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_scan_request out = { .id = 0x7777 };
        uint8_t bytes[PK_SCAN_REQUEST_SIZE + 1] = { 0 };

        pk_scan_request_encode(&in, bytes);
        bytes[rows[i].at] = rows[i].byte;
        uint8_t *heap = pk_test_dup(bytes, rows[i].len);
        assert_int_equal(pk_scan_request_decode(pk_slice_of(heap, rows[i].len), &out), rows[i].rc);
        assert_int_equal(out.id, 0x7777);
        free(heap);
    }
}

static void test_status(void **state)
{
    static const struct damage rows[] = {
        { 0, 'P', PK_SCAN_STATUS_SIZE, PK_OK },
        { 3, 'J', PK_SCAN_STATUS_SIZE, PK_EMALF },                    /* a request's magic */
        { 16, PK_SCAN_STATE_COUNT, PK_SCAN_STATUS_SIZE, PK_EMALF },   /* state */
        { 20, PK_SANDBOX_STEP_COUNT, PK_SCAN_STATUS_SIZE, PK_EMALF }, /* step */
        { 28, 1, PK_SCAN_STATUS_SIZE, PK_EMALF },                     /* reserved */
        { 0, 'P', PK_SCAN_STATUS_SIZE - 1, PK_ETRUNC },
        { 0, 'P', PK_SCAN_STATUS_SIZE + 1, PK_EMALF },
    };
    const struct pk_scan_status in = { .id = 9,
        .state = PK_SCAN_DIED,
        .step = PK_SANDBOX_NONE,
        .code = -11,
        .wall_us = 1,
        .cpu_us = 2,
        .rss = UINT64_MAX };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_scan_status out = { .id = 0x7777 };
        uint8_t bytes[PK_SCAN_STATUS_SIZE + 1] = { 0 };

        pk_scan_status_encode(&in, bytes);
        bytes[rows[i].at] = rows[i].byte;
        uint8_t *heap = pk_test_dup(bytes, rows[i].len);
        assert_int_equal(pk_scan_status_decode(pk_slice_of(heap, rows[i].len), &out), rows[i].rc);
        assert_int_equal(out.id, rows[i].rc == PK_OK ? 9 : 0x7777);
        if (rows[i].rc == PK_OK) {
            assert_int_equal(out.code, -11);
            assert_int_equal(out.rss, UINT64_MAX);
        }
        free(heap);
    }
}

#define REPORT(more)                                                                        \
    "{\"size\":3,\"kind\":\"apk\",\"debuggable\":false,\"permissions\":[],\"findings\":[]," \
    "\"score\":0,\"verdict\":\"clean\",\"reasons\":[]" more "}"

static void test_answer(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        { REPORT(""), PK_OK }, { REPORT(",\"package\":\"a.b\""), PK_OK }, { "", PK_ELIMIT },
        { "{}", PK_EMISSING }, { "[]", PK_ETYPE }, { "\xff", PK_EMALF },
        { REPORT(",\"size\":4"), PK_EMALF }, /* twice */
        { REPORT(",\"escape\":1"), PK_EUNKNOWN }, { REPORT(",\"package\":\"\\u0007\""), PK_EMALF },
        { REPORT(",\"ms\":-1"), PK_EBOUNDS },
        { REPORT("") "x", PK_EMALF }, /* not consumed to the last byte */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_app_report report;
        size_t len = strlen(rows[i].text);
        uint8_t *heap = pk_test_dup(rows[i].text, len);

        assert_int_equal(
                pk_scan_answer_decode(pk_slice_of(heap, len), arena, &report, NULL), rows[i].rc);
        free(heap);
        pk_arena_destroy(arena);
    }
}

/* What would cost the asking process far more memory than it has bytes is refused unparsed. */
static void test_answer_modest(void **state)
{
    struct pk_arena *arena = pk_arena_create(1UL << 20);
    struct pk_app_report report;
    size_t len = PK_SCAN_ANSWER_MAX;
    char *text = malloc(len + 1);

    (void)state;
    assert_non_null(text);
    memset(text, '[', len + 1);
    assert_int_equal(
            pk_scan_answer_decode(pk_slice_of(text, len), arena, &report, NULL), PK_ELIMIT);
    assert_int_equal(
            pk_scan_answer_decode(pk_slice_of(text, len + 1), arena, &report, NULL), PK_ELIMIT);
    memset(text, ',', len);
    assert_int_equal(
            pk_scan_answer_decode(pk_slice_of(text, len), arena, &report, NULL), PK_ELIMIT);
    memset(text, '"', len); /* in a string brackets do not count, and an odd end is no overrun */
    text[len - 1] = '\\';
    assert_int_equal(pk_scan_answer_decode(pk_slice_of(text, len), arena, &report, NULL), PK_EMALF);
    free(text);
    pk_arena_destroy(arena);
}

static void test_replace(void **state)
{
    static const struct {
        struct pk_scan_failure failure;
        enum pk_anomaly_id id;
        const char *reason;
    } rows[] = {
        { { .state = PK_SCAN_DIED, .code = SIGSEGV }, PK_ANOMALY_SCAN_DIED,
                "the reader died on it (SIGSEGV)" },
        { { .state = PK_SCAN_DIED, .code = 0 }, PK_ANOMALY_SCAN_DIED,
                "the process that watches the reader ended" },
        { { .state = PK_SCAN_DIED, .code = 99 }, PK_ANOMALY_SCAN_DIED,
                "the reader died on it (signal 99)" },
        { { .state = PK_SCAN_FAILED, .code = 1 }, PK_ANOMALY_SCAN_DIED,
                "the reader ended without an answer (status 1)" },
        { { .state = PK_SCAN_FAILED, .code = 42 }, PK_ANOMALY_SCAN_DIED,
                "the file cannot be mapped into memory" },
        { { .state = PK_SCAN_FAILED, .code = 43 }, PK_ANOMALY_SCAN_DIED,
                "the reader's own sandbox did not come up" },
        { { .state = PK_SCAN_TIMEOUT, .timeout_ms = 2500 }, PK_ANOMALY_SCAN_TIMEOUT,
                "the reader was not done in 2.5 s" },
        { { .state = PK_SCAN_MEMORY, .memory_max = 512UL << 20 }, PK_ANOMALY_LIMIT_ARENA,
                "the reader needs more than 512 MiB for it" },
        { { .state = PK_SCAN_TOO_LONG }, PK_ANOMALY_SCAN_DIED,
                "the reader's answer would be too long" },
        { { .state = PK_SCAN_ANSWERED, .why = "it is empty" }, PK_ANOMALY_SCAN_DIED,
                "the reader's answer is not a report: it is empty" },
    };
    int fd = memfd_create("file", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(write(fd, "abc", 3), 3);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const struct pk_anomaly_kind *kind = pk_anomaly_kind(rows[i].id);
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_scan_failure failure = rows[i].failure;
        struct pk_app_report report;

        failure.fd = fd;
        failure.size = 3;
        assert_int_equal(pk_scan_answer_replace(&failure, arena, &report, NULL), PK_OK);
        assert_int_equal(report.verdict, PK_VERDICT_MALFORMED);
        assert_string_equal(report.reasons.items[0], rows[i].reason);
        assert_string_equal(
                report.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        /* The row written in answer.c is the catalogue's. */
        const struct pk_app_finding *finding = report.findings.items;
        assert_string_equal(finding->id, kind->id);
        assert_string_equal(finding->title, kind->title);
        assert_int_equal(finding->severity, kind->weight);
        assert_string_equal(finding->attack.items[0], kind->attack[0]);
        assert_int_equal(finding->attack.count, 1);
        assert_null(kind->attack[1]);
        /* And what it says can itself be encoded and read. */
        json_t *json = pk_schema_encode(&pk_app_report_schema, &report, false);
        assert_int_equal(
                pk_schema_decode(&pk_app_report_schema, json, arena, &report, NULL), PK_OK);
        json_decref(json);
        pk_arena_destroy(arena);
    }
    (void)close(fd);
}

/* A file that shrank meanwhile has no hash, rather than one of something else. */
static void test_replace_shrunk(void **state)
{
    struct pk_arena *arena = pk_arena_create(1UL << 20);
    int fd = memfd_create("file", MFD_CLOEXEC);
    const struct pk_scan_failure failure = { .state = PK_SCAN_DIED, .fd = fd, .size = 3 };
    struct pk_app_report report;

    (void)state;
    assert_int_equal(pk_scan_answer_replace(&failure, arena, &report, NULL), PK_OK);
    assert_null(report.sha256);
    assert_int_equal(report.size, 3);
    (void)close(fd);
    pk_arena_destroy(arena);
}

static void test_name(void **state)
{
    struct pk_arena *arena = pk_arena_create(4096);

    (void)state;
    assert_string_equal(pk_scan_answer_name("a/b.apk", arena), "a/b.apk");
    assert_string_equal(pk_scan_answer_name("\xc3\xa4.apk", arena), "\xc3\xa4.apk");
    assert_string_equal(pk_scan_answer_name("\xe4%s.apk", arena), "\\xe4%s.apk");
    assert_string_equal(pk_scan_answer_name("\xff\xff", arena), "\\xff\\xff");
    assert_string_equal(pk_scan_answer_name("", arena), "");
    pk_arena_destroy(arena);
}

static bool decodes(struct pk_app_report *report, struct pk_arena *arena)
{
    struct pk_app_report back;
    json_t *json = pk_schema_encode(&pk_app_report_schema, report, false);
    int rc = pk_schema_decode(&pk_app_report_schema, json, arena, &back, NULL);

    json_decref(json);
    return rc == PK_OK;
}

static void test_fit(void **state)
{
    struct pk_arena *arena = pk_arena_create(64UL << 20);
    struct pk_fit fit = { .arena = arena, .list_max = SIZE_MAX };
    size_t count = 10000; /* permissions: the table takes 8192 */
    const char **many = pk_arena_alloc(arena, count, sizeof(*many));
    char *text = pk_arena_alloc(arena, 1, 5001);
    json_t *deep = json_object();
    struct pk_app_finding finding = {
        .id = "a", .title = "t", .evidence = "e\x1b", .rule = "r", .count = -5
    };
    struct pk_app_report report = {
        .label = text,
        .package = "\xff\xfe",
        .version_name = "tab\tand\nline",
        .entries = 1 << 20,
        .permissions = { .items = many, .count = count },
        .findings = { .items = &finding, .count = 1 },
        .plist = deep,
    };

    (void)state;
    memset(text, 'x', 5000);
    for (size_t i = 0; i < count; i++) {
        many[i] = "p";
    }
    for (int i = 0; i < 40; i++) { /* the decoder takes 8 levels */
        json_t *inner = json_pack("{s:[i,i]}", "k", 1, 2);

        assert_int_equal(json_object_set_new(deep, "d", inner), 0);
        deep = inner;
    }
    assert_false(decodes(&report, arena));
    finding.severity = 77; /* encoded without a look it would be read beyond the names */
    pk_fit(&fit, &pk_app_report_schema, &report);
    assert_int_equal(fit.rc, PK_OK);
    /* label, package, entries, permissions, severity, evidence, count, twice in plist */
    assert_int_equal(fit.cut, 9);
    assert_int_equal(report.permissions.count, 8192);
    assert_string_equal(report.version_name, "tab\tand\nline");
    assert_true(decodes(&report, arena));
    fit.cut = 0;
    pk_fit(&fit, &pk_app_report_schema, &report);
    assert_int_equal(fit.cut, 0);
    fit.list_max = 4;
    pk_fit(&fit, &pk_app_report_schema, &report);
    assert_int_equal(report.permissions.count, 4);
    json_decref(report.plist);
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_bad),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_answer_modest),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_shrunk),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
