/* The set of known things: normal forms, look-ups, warning lists, signers, damaged bytes. */
#include <stdio.h>

#include "check.h"
#include "intel/builder.h"

#define CERT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CERT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_1 "5e52438f28275dc2a7e83b989e726f86ba53c915b44f126507763850197646f6"
#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NOW    INT64_C(1790000000000)

struct made {
    struct pk_intel_builder *b;
    unsigned feed, other, warn;
};

static struct made begin(void)
{
    struct made m = { .b = pk_intel_builder_create() };

    assert_non_null(m.b);
    assert_int_equal(pk_intel_builder_source(
                             m.b, "feed", "https://feed.example/", "MIT", "2024-01-02", &m.feed),
            PK_OK);
    assert_int_equal(pk_intel_builder_source(m.b, "other", NULL, NULL, NULL, &m.other), PK_OK);
    assert_int_equal(pk_intel_builder_source(m.b, "warn", NULL, "CC0-1.0", NULL, &m.warn), PK_OK);
    return m;
}

static int add(struct made *m, int kind, const char *value, const char *family, unsigned source)
{
    struct pk_intel_entry e = {
        .kind = (enum pk_intel_kind)kind,
        .value = value,
        .family = family,
        .date = "2023/5/7 10:00",
        .category = PK_INTEL_CAT_SPYWARE,
        .weight = PK_APP_WEIGHT_MALICIOUS,
        .source = source,
    };

    return pk_intel_builder_add(m->b, &e);
}

static void warn(struct made *m, int kind, const char *value, int role)
{
    struct pk_intel_entry e = {
        .kind = (enum pk_intel_kind)kind,
        .class_ = (enum pk_intel_class)role,
        .value = value,
        .family = "A list",
        .source = m->warn,
    };

    assert_int_equal(pk_intel_builder_add(m->b, &e), PK_OK);
}

static struct pk_buffer finish(struct made *m)
{
    struct pk_buffer out = pk_buffer_of(64UL << 20);
    struct pk_error err = { 0 };

    assert_int_equal(pk_intel_builder_finish(m->b, NOW, &out, &err), PK_OK);
    pk_intel_builder_destroy(m->b);
    return out;
}

/* A set with a bit of everything; the caller frees *bytes. */
static struct pk_intel_set *sample(struct pk_buffer *bytes)
{
    struct made m = begin();
    struct pk_intel_app app = {
        .package = "org.good", .label = "Good", .cert = CERT_A, .phash = 7
    };
    struct pk_intel_set *set = NULL;
    struct pk_error err = { 0 };

    assert_int_equal(add(&m, PK_INTEL_SHA256, HASH_1, "Spy", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_SHA256, HASH_1, NULL, m.other), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_SHA256, EMPTY, "Oops", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "evil[.]com", "Spy", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "appspot.com", "Oops", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "bad.appspot.com", "Bad", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "blog.vendor.com", "Oops", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_IP, "198.51.100.7", "Spy", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_IP, "203.0.113.0/24", "Net", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_IP, "10.0.0.1", "Oops", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_IP, "2001:db8:1::/48", "Six", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_IP, "192.0.2.77", "Hosted", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_URL, "hxxp://Evil.com:80/A?b", "Spy", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_PACKAGE, "com.Spy.App", "Spy", m.feed), PK_OK);
    assert_int_equal(add(&m, PK_INTEL_FILE_PATH, "/private/var/tmp/l/", "Ios", m.feed), PK_OK);
    assert_int_equal(
            add(&m, PK_INTEL_SIGNER, "7F5C0D54A813BA9B87A91420CA2C3DE5E7948F09", "Spy", m.feed),
            PK_OK);
    warn(&m, PK_INTEL_SHA256, EMPTY, PK_INTEL_WARN);
    warn(&m, PK_INTEL_DOMAIN, "appspot.com", PK_INTEL_WARN);
    warn(&m, PK_INTEL_DOMAIN, "vendor.com", PK_INTEL_WARN_BELOW);
    warn(&m, PK_INTEL_IP, "10.0.0.0/8", PK_INTEL_WARN);
    warn(&m, PK_INTEL_IP, "192.0.2.0/24", PK_INTEL_WARN_SHARED);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "org.good", CERT_A, m.feed), PK_OK);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "org.good", CERT_B, m.feed), PK_OK);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "org.good", CERT_B, m.other), PK_OK);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "org.best", CERT_B, m.feed), PK_OK);
    assert_int_equal(pk_intel_builder_add_app(m.b, &app), PK_OK);
    *bytes = finish(&m);
    assert_int_equal(pk_intel_set_open(pk_buffer_slice(bytes), &set, &err), PK_OK);
    return set;
}

static void test_normalise(void **state)
{
    static const struct {
        int kind;
        const char *in;
        const char *out; /* NULL: refused */
    } rows[] = {
        { PK_INTEL_DOMAIN, " *.Evil.COM. ", "evil.com" },
        { PK_INTEL_DOMAIN, "evil[.]com:8080", "evil.com" },
        { PK_INTEL_DOMAIN, "xn--dcolar-bva.com", "xn--dcolar-bva.com" },
        { PK_INTEL_DOMAIN, "localhost", NULL },
        { PK_INTEL_DOMAIN, "a..b", NULL },
        { PK_INTEL_DOMAIN, "1.2.3.4", NULL },
        { PK_INTEL_DOMAIN, "www\\.[a-z]{2}\\.top$", NULL },
        { PK_INTEL_IP, "1.2.3.4:443", "1.2.3.4" },
        { PK_INTEL_IP, "10.1.2.3/8", "10.0.0.0/8" },
        { PK_INTEL_IP, "1.2.3.4/33", NULL },
        { PK_INTEL_IP, "01.2.3.4", NULL },
        { PK_INTEL_IP, "[2001:DB8::1]:443", "2001:db8::1" },
        { PK_INTEL_IP, "2001:db8::1/32", "2001:db8::/32" },
        { PK_INTEL_URL, "hxxps://EVIL[.]com/A#x", "https://evil.com/A" },
        { PK_INTEL_URL, "http://evil.com/", "http://evil.com" },
        { PK_INTEL_URL, "evil.com/x", "evil.com/x" },
        { PK_INTEL_URL, "http://", NULL },
        { PK_INTEL_SHA1, "7F:5C:0D:54:A8:13:BA:9B:87:A9:14:20:CA:2C:3D:E5:E7:94:8F:09",
                "7f5c0d54a813ba9b87a91420ca2c3de5e7948f09" },
        { PK_INTEL_SHA256, "7f5c", NULL },
        { PK_INTEL_MD5, "3::", NULL },
        { PK_INTEL_EMAIL, "A@B.c", "a@b.c" },
        { PK_INTEL_EMAIL, "a@b@c", NULL },
        { PK_INTEL_PACKAGE, "com.Spy.App", "com.Spy.App" },
        { PK_INTEL_PACKAGE, "com spy", NULL },
        { PK_INTEL_PACKAGE, "..", NULL },
        { PK_INTEL_PROFILE, "76DAB334-7E17-475D-A5D6-0794EB5818A5",
                "76dab334-7e17-475d-a5d6-0794eb5818a5" },
        { PK_INTEL_FILE_PATH, "x", NULL },
        { PK_INTEL_PROCESS, "Backup\x01Agent", NULL },
        { PK_INTEL_PROCESS, "\xff", NULL },
        { 99, "x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char out[PK_INTEL_VALUE_MAX];
        char again[PK_INTEL_VALUE_MAX];
        bool ok = pk_intel_normalise(rows[i].kind, rows[i].in, strlen(rows[i].in), out);

        if (ok != (rows[i].out != NULL)) {
            fail_msg("row %zu '%s': %d", i, rows[i].in, (int)ok);
        }
        if (ok) {
            assert_string_equal(out, rows[i].out);
            assert_true(pk_intel_normalise(rows[i].kind, out, strlen(out), again));
            assert_string_equal(again, out);
        }
    }
}

static void test_guess(void **state)
{
    static const struct {
        const char *in;
        int kind;
    } rows[] = {
        { HASH_1, PK_INTEL_SHA256 },
        { "d41d8cd98f00b204e9800998ecf8427e", PK_INTEL_MD5 },
        { "hxxps://a[.]b/c", PK_INTEL_URL },
        { "a.example/c", PK_INTEL_URL },
        { "evil.example:6220", PK_INTEL_DOMAIN },
        { "com.sbbqcfnvd.skgkkvba", PK_INTEL_PACKAGE },
        { "com.example.net", PK_INTEL_DOMAIN },
        { "1.2.3.4:81", PK_INTEL_IP },
        { "a@b.c", PK_INTEL_EMAIL },
        { "/data/local/tmp/x", PK_INTEL_FILE_PATH },
        { "76DAB334-7E17-475D-A5D6-0794EB5818A5", PK_INTEL_PROFILE },
        { "hello", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_intel_guess(rows[i].in, strlen(rows[i].in)), rows[i].kind);
    }
}

static void test_find(void **state)
{
    static const struct {
        int kind;
        const char *value;
        const char *indicator; /* NULL: none */
        const char *family;
        int weight;
        bool marked;
    } rows[] = {
        { PK_INTEL_SHA256, HASH_1, HASH_1, "Spy", PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_SHA256, EMPTY, EMPTY, "Oops", PK_APP_WEIGHT_NONE, true },
        { PK_INTEL_SHA256, CERT_A, NULL, NULL, 0, false },
        { PK_INTEL_MD5, "d41d8cd98f00b204e9800998ecf8427e", NULL, NULL, 0, false },
        { PK_INTEL_DOMAIN, "a.b.EVIL.com", "evil.com", "Spy", PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_DOMAIN, "notevil.com", NULL, NULL, 0, false },
        { PK_INTEL_DOMAIN, "evil.com.example", NULL, NULL, 0, false },
        { PK_INTEL_DOMAIN, "good.appspot.com", "appspot.com", "Oops", PK_APP_WEIGHT_NONE, true },
        { PK_INTEL_DOMAIN, "x.bad.appspot.com", "bad.appspot.com", "Bad", PK_APP_WEIGHT_MALICIOUS,
                false },
        { PK_INTEL_DOMAIN, "blog.vendor.com", "blog.vendor.com", "Oops", PK_APP_WEIGHT_NONE, true },
        { PK_INTEL_IP, "198.51.100.7:80", "198.51.100.7", "Spy", PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_IP, "203.0.113.200", "203.0.113.0/24", "Net", PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_IP, "203.0.114.1", NULL, NULL, 0, false },
        { PK_INTEL_IP, "10.0.0.1", "10.0.0.1", "Oops", PK_APP_WEIGHT_NONE, true },
        { PK_INTEL_IP, "2001:db8:1:2::3", "2001:db8:1::/48", "Six", PK_APP_WEIGHT_MALICIOUS,
                false },
        { PK_INTEL_IP, "192.0.2.77", "192.0.2.77", "Hosted", PK_APP_WEIGHT_SUSPICIOUS, false },
        { PK_INTEL_URL, "https://evil.com/A?b", "http://evil.com/A?b", "Spy",
                PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_URL, "https://evil.com/a?b", NULL, NULL, 0, false },
        { PK_INTEL_PACKAGE, "com.Spy.App", "com.Spy.App", "Spy", PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_PACKAGE, "com.spy.app", NULL, NULL, 0, false },
        { PK_INTEL_FILE_PATH, "/private/var/tmp/l/x/y", "/private/var/tmp/l/", "Ios",
                PK_APP_WEIGHT_MALICIOUS, false },
        { PK_INTEL_FILE_PATH, "/private/var/tmp/lx", NULL, NULL, 0, false },
        { PK_INTEL_SIGNER, "7f5c0d54a813ba9b87a91420ca2c3de5e7948f09",
                "7f5c0d54a813ba9b87a91420ca2c3de5e7948f09", "Spy", PK_APP_WEIGHT_MALICIOUS, false },
    };
    struct pk_buffer bytes;
    struct pk_intel_set *set = sample(&bytes);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_intel_hit hit = { 0 };
        bool found = pk_intel_find(set, (enum pk_intel_kind)rows[i].kind, rows[i].value, &hit);

        if (found != (rows[i].indicator != NULL)) {
            fail_msg("row %zu '%s': %d", i, rows[i].value, (int)found);
        }
        if (!found) {
            continue;
        }
        assert_string_equal(hit.indicator, rows[i].indicator);
        assert_string_equal(hit.value, rows[i].value);
        assert_string_equal(hit.family, rows[i].family);
        assert_string_equal(hit.source, "feed");
        assert_string_equal(hit.reference, "https://feed.example/");
        assert_string_equal(hit.licence, "MIT");
        assert_string_equal(hit.date, "2023-05-07");
        assert_string_equal(hit.category, "spyware");
        assert_int_equal(hit.weight, rows[i].weight);
        assert_int_equal(hit.marked != NULL, rows[i].marked);
        if (rows[i].marked) {
            assert_string_equal(hit.marked, "A list");
        }
    }
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
}

static void test_sources(void **state)
{
    struct pk_buffer bytes;
    struct pk_intel_set *set = sample(&bytes);
    const struct pk_intel_set *sets[] = { set, NULL };
    const struct pk_intel_set *which = NULL;
    struct pk_intel_source source;
    struct pk_intel_info info;
    struct pk_intel_hit hit;

    (void)state;
    assert_true(pk_intel_find_in(sets, PK_INTEL_SHA256, HASH_1, &hit, &which));
    assert_ptr_equal(which, set);
    assert_string_equal(hit.source, "feed"); /* it tells the family */
    assert_true(pk_intel_next(set, &hit));
    assert_string_equal(hit.source, "other");
    assert_null(hit.family);
    assert_null(hit.reference);
    assert_false(pk_intel_next(set, &hit));
    assert_int_equal(pk_intel_source_count(set), 4); /* and "local" */
    assert_true(pk_intel_source_at(set, 0, &source));
    assert_string_equal(source.name, "feed");
    assert_string_equal(source.date, "2024-01-02");
    assert_int_equal(source.indicators, 15);
    assert_int_equal(source.signers, 3);
    assert_true(pk_intel_source_at(set, 2, &source));
    assert_int_equal(source.warnings, 5);
    assert_false(pk_intel_source_at(set, 4, &source));
    pk_intel_set_info(set, &info);
    assert_int_equal(info.indicators, 16);
    assert_int_equal(info.values, 15);
    assert_int_equal(info.marked, 4);
    assert_int_equal(info.warnings, 5);
    assert_int_equal(info.kinds[PK_INTEL_IP], 5);
    assert_int_equal(info.created_ms, NOW);
    assert_true(pk_intel_warned(set, PK_INTEL_DOMAIN, "a.vendor.com", &hit));
    assert_true(hit.good);
    assert_false(pk_intel_warned(set, PK_INTEL_DOMAIN, "a.appspot.com", &hit));
    assert_false(pk_intel_warned(set, PK_INTEL_IP, "192.0.2.1", &hit)); /* only shared */
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
}

static void test_signers(void **state)
{
    struct pk_buffer bytes;
    struct pk_intel_set *set = sample(&bytes);
    struct pk_intel_signer signer;
    struct pk_intel_app app;
    size_t first = 99;

    (void)state;
    assert_int_equal(pk_intel_signers(set, "org.good", &first), 2);
    assert_true(pk_intel_signer_at(set, first, &signer));
    assert_string_equal(signer.cert, CERT_A);
    assert_true(pk_intel_signer_at(set, first + 1, &signer));
    assert_string_equal(signer.cert, CERT_B);
    assert_int_equal(pk_intel_signers(set, "org.goo", &first), 0);
    assert_int_equal(pk_intel_signers(set, "zzz", &first), 0);
    assert_true(pk_intel_signer_known(set, CERT_B));
    assert_false(pk_intel_signer_known(set, HASH_1));
    assert_int_equal(pk_intel_app_count(set), 1);
    assert_true(pk_intel_app_at(set, 0, &app));
    assert_string_equal(app.label, "Good");
    assert_string_equal(app.source, "local");
    assert_int_equal(app.phash, 7);
    assert_false(pk_intel_app_at(set, 1, &app));
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
}

/* A set taken over by another builder says the same; without a source, only that is gone. */
static void test_merge(void **state)
{
    struct pk_buffer bytes;
    struct pk_buffer again = pk_buffer_of(1UL << 20);
    struct pk_intel_set *set = sample(&bytes);
    struct pk_intel_builder *b = pk_intel_builder_create();
    struct pk_intel_set *copy = NULL;
    struct pk_intel_hit hit;
    struct pk_error err = { 0 };

    (void)state;
    assert_int_equal(pk_intel_builder_add_set(b, set, "warn"), PK_OK);
    assert_int_equal(pk_intel_builder_finish(b, NOW, &again, &err), PK_OK);
    pk_intel_builder_destroy(b);
    assert_int_equal(pk_intel_set_open(pk_buffer_slice(&again), &copy, &err), PK_OK);
    assert_int_equal(pk_intel_source_count(copy), 3);
    assert_true(pk_intel_find(copy, PK_INTEL_SHA256, EMPTY, &hit));
    assert_int_equal(hit.weight, PK_APP_WEIGHT_MALICIOUS); /* nobody warns any more */
    assert_int_equal(pk_intel_signer_count(copy), 3);
    assert_int_equal(pk_intel_app_count(copy), 1);
    pk_intel_set_destroy(copy);
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
    pk_buffer_finish(&again);
}

static void test_bad_values(void **state)
{
    struct made m = begin();

    (void)state;
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "nodot", NULL, m.feed), PK_EMALF);
    assert_int_equal(add(&m, PK_INTEL_DOMAIN, "evil.com", NULL, 99), PK_EINVAL);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "org.good", "abcd", m.feed), PK_EMALF);
    assert_int_equal(pk_intel_builder_add_signer(m.b, "", CERT_A, m.feed), PK_EMALF);
    pk_intel_builder_destroy(m.b);
}

/* Every byte that changes is noticed by the strict check, and reading the changed set without it stays within
 * its borders (the sanitizers watch). */
static void test_damaged(void **state)
{
    struct pk_buffer bytes;
    struct pk_intel_set *set = sample(&bytes);
    struct pk_error err = { 0 };
    uint8_t *copy = pk_test_dup(bytes.ptr, bytes.len);

    (void)state;
    pk_intel_set_destroy(set);
    for (size_t i = 0; i < bytes.len; i++) {
        if (i >= 8 && i < 16) {
            continue; /* the time of building is no content */
        }
        copy[i] ^= 0x81;
        set = NULL;
        assert_true(pk_intel_set_open(pk_slice_of(copy, bytes.len), &set, &err) < 0);
        assert_null(set);
        copy[i] ^= 0x81;
    }
    free(copy);
    for (size_t len = 0; len < bytes.len; len++) {
        copy = pk_test_dup(bytes.ptr, len);
        assert_true(pk_intel_set_open(pk_slice_of(copy, len), &set, &err) < 0);
        free(copy);
    }
    pk_buffer_finish(&bytes);
}

/* Many values: each is found again, near misses are not. */
static void test_many(void **state)
{
    struct made m = begin();
    struct pk_buffer bytes;
    struct pk_intel_set *set = NULL;
    struct pk_intel_hit hit;
    struct pk_error err = { 0 };
    char name[64];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof(name), "host%d.example", i);
        assert_int_equal(add(&m, PK_INTEL_DOMAIN, name, "F", m.feed), PK_OK);
    }
    bytes = finish(&m);
    assert_int_equal(pk_intel_set_open(pk_buffer_slice(&bytes), &set, &err), PK_OK);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof(name), "www.host%d.example", i);
        assert_true(pk_intel_find(set, PK_INTEL_DOMAIN, name, &hit));
        (void)snprintf(name, sizeof(name), "host%d.example.org", i);
        assert_false(pk_intel_find(set, PK_INTEL_DOMAIN, name, &hit));
    }
    pk_intel_set_destroy(set);
    pk_buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_signers),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests_name("intel", tests, NULL, NULL);
}
