/* What the organisation trusts: the policy's section, its version, several sources as one, and the copy that the agent keeps. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/trust_store.h"
#include "base/file.h"
#include "check.h"
#include "policy/policy.h"
#include "server/geohash.h"

#define HEAD "version: 1\nname: test\nrules: []\n"
#define CA   "abababababababababababababababababababababababababababababababab"

static struct pk_error err;

static struct pk_policy *parse(const char *text)
{
    struct pk_policy *policy = NULL;

    if (pk_policy_parse("test", text, strlen(text), &policy, &err) < 0) {
        fail_msg("%s", err.text);
    }
    return policy;
}

static void test_version(void **state)
{
    struct pk_policy *none = parse(HEAD);
    struct pk_policy *a = parse(
            HEAD "trust:\n  split_zones: [a.example]\n  inspection_cas: [\"" CA "\"]\n");
    struct pk_policy *same = parse("# other words\n" HEAD "trust: {inspection_cas: [\"" CA
                                   "\"], split_zones: [a.example]}\n");
    struct pk_policy *other = parse(HEAD "trust:\n  split_zones: [b.example]\n");

    (void)state;
    assert_string_equal(pk_policy_trust_version(none), PK_TRUST_NONE);
    assert_null(pk_policy_trust_text(none));
    assert_int_equal(pk_policy_trust(none)->networks.count, 0);
    assert_non_null(pk_policy_trust(none)->names);
    assert_int_equal(strlen(pk_policy_trust_version(a)), 12);
    assert_string_equal(pk_policy_trust_version(a), pk_policy_trust_version(same));
    assert_string_not_equal(pk_policy_trust_version(a), pk_policy_trust_version(other));
    assert_string_equal(pk_policy_trust_text(a),
            "{\"inspection_cas\":[\"" CA "\"],\"split_zones\":[\"a.example\"]}");
    pk_policy_destroy(none);
    pk_policy_destroy(a);
    pk_policy_destroy(same);
    pk_policy_destroy(other);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text;
        const char *path;
    } rows[] = {
        { "{inspection_cas: [\"" CA "ab\"]}", "trust.inspection_cas[0]" },
        { "{inspection_cas: [\"" CA "\", \":" CA "\"]}", "trust.inspection_cas[1]" },
        { "{pac_urls: [\"file:///etc/x\"]}", "trust.pac_urls[0]" },
        { "{pac_urls: [\"https:// a\"]}", "trust.pac_urls[0]" },
        { "{split_zones: [\".\"]}", "trust.split_zones[0]" },
        { "{hosts: [\"[::1\"]}", "trust.hosts[0]" },
        { "{hosts: [\"a.example:\"]}", "trust.hosts[0]" },
        { "{networks: [{name: a, bssids: [\"02-00-5e-10-00-01\"]}]}",
                "trust.networks[0].bssids[0]" },
        { "{networks: [{name: a}, {name: b}, {name: a}]}", "trust.networks[2].name" },
        { "{names: {deny: [\"a b\"]}}", "trust.names.deny[0]" },
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_policy *policy = NULL;

        (void)snprintf(text, sizeof(text), HEAD "trust: %s\n", rows[i].text);
        assert_true(pk_policy_parse("test", text, strlen(text), &policy, &err) < 0);
        assert_null(policy);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(err.line, 4);
    }
}

static void test_good_forms(void **state)
{
    (void)state;
    pk_policy_destroy(
            parse(HEAD "trust:\n"
                       "  inspection_cas: "
                       "[\"AB:AB:ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB\"]\n"
                       "  hosts: [mail.example, \"vpn.example:8443\", \"[2001:db8::1]:443\", "
                       "\"[2001:db8::1]\"]\n"
                       "  split_zones: [\".corp.example\", \"corp.example.\", _sites.example]\n"
                       "  pac_urls: [\"HTTP://wpad.example/wpad.dat\"]\n"));
}

static struct pk_trust *decode(struct pk_arena *arena, const char *text)
{
    struct pk_trust *trust = pk_arena_alloc(arena, 1, sizeof(*trust));
    json_t *in = json_loads(text, 0, NULL);

    assert_non_null(in);
    assert_non_null(trust);
    assert_int_equal(pk_schema_decode(&pk_trust_schema, in, arena, trust, &err), PK_OK);
    json_decref(in);
    return trust;
}

static void test_merge(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    const struct pk_trust *sources[] = {
        decode(arena,
                "{\"split_zones\":[\"a.example\",\"b.example\"],\"networks\":[{\"name\":\"Corp\","
                "\"security\":\"wpa2\"},"
                "{\"name\":\"Lab\"}],\"names\":{\"phishing\":\"off\"}}"),
        NULL,
        decode(arena,
                "{\"split_zones\":[\"b.example\",\"c.example\"],\"networks\":[{\"name\":\"Corp\","
                "\"security\":\"eap\"}],"
                "\"names\":{\"phishing\":\"warn\",\"lookalikes\":false}}"),
    };
    const struct pk_trust_network *corp;
    struct pk_trust all;

    (void)state;
    assert_int_equal(pk_trust_merge(sources, PK_COUNT(sources), arena, &all, &err), PK_OK);
    assert_int_equal(all.split_zones.count, 3);
    assert_int_equal(all.networks.count, 2); /* the last one of a name counts */
    corp = pk_trust_network(&all, "Corp");
    assert_int_equal(corp->security, 7);
    assert_int_equal(all.names->phishing, PK_BLOCK_WARN);
    assert_int_equal(all.split_zones.count, 3);
    assert_false(all.names->lookalikes); /* "no" survives where silence would mean "yes" */
    pk_arena_destroy(arena);
}

static void test_merge_too_many(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    const char *first[PK_TRUST_LIST_MAX];
    const char *last[PK_TRUST_LIST_MAX / 2];
    struct pk_trust a = { .split_zones = { first, PK_COUNT(first) } };
    struct pk_trust b = { .split_zones = { last, PK_COUNT(last) } };
    const struct pk_trust *sources[] = { &a, &b };
    struct pk_trust all;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(first); i++) {
        first[i] = pk_arena_printf(arena, "a%zu.example", i);
    }
    for (size_t i = 0; i < PK_COUNT(last); i++) {
        last[i] = pk_arena_printf(arena, "b%zu.example", i);
    }
    assert_int_equal(pk_trust_merge(sources, PK_COUNT(sources), arena, &all, &err), PK_OK);
    assert_int_equal(all.split_zones.count, PK_TRUST_LIST_MAX);
    assert_true(pk_trust_has_zone(&all.split_zones, "b0.example")); /* the last source counts */
    assert_true(pk_trust_has_zone(&all.split_zones, "a63.example"));
    assert_false(pk_trust_has_zone(&all.split_zones, "a0.example"));
    pk_arena_destroy(arena);
}

/* ---- the agent's copy ---- */

static struct pk_trust_store *open_store(const char *dir, bool trouble)
{
    struct pk_trust_store *store = NULL;
    const char *what = NULL;

    assert_int_equal(pk_trust_store_open(dir, &store, &what, &err), PK_OK);
    assert_int_equal(what != NULL, trouble);
    return store;
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(pk_file_write(path, pk_slice_str(text), 0600, &err), PK_OK);
}

static void test_kept(void **state)
{
    char dir[] = "/tmp/picket-trust-XXXXXX";
    char path[64];
    struct stat st;
    json_t *good = json_loads("{\"split_zones\":[\"a.example\"]}", 0, NULL);
    json_t *bad = json_loads("{\"inspection_cas\":[\"" CA "zz\"]}", 0, NULL);
    json_t *unknown = json_loads("{\"what_comes_later\":[1]}", 0, NULL);
    struct pk_trust_store *store;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/trust.json", dir);
    store = open_store(dir, false);
    assert_string_equal(pk_trust_store_version(store), "none");
    assert_null(pk_trust_store_now(store));
    assert_int_equal(pk_trust_store_take(store, "0123456789ab", good, &err), PK_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(pk_trust_store_take(store, "bad", bad, &err) < 0);
    assert_true(pk_trust_store_take(store, "unknown", unknown, &err) < 0);
    assert_true(pk_trust_store_take(store, "not a version", good, &err) < 0);
    assert_true(pk_trust_store_take(store, NULL, good, &err) < 0);
    assert_int_equal(pk_trust_store_now(store)->split_zones.count, 1); /* still the good one */
    assert_string_equal(pk_trust_store_version(store), "unknown");     /* not to be sent again */
    pk_trust_store_close(store);
    store = open_store(dir, false);
    assert_string_equal(pk_trust_store_version(store), "0123456789ab");
    assert_int_equal(pk_trust_store_now(store)->split_zones.count, 1);
    pk_trust_store_close(store);
    for (size_t i = 0; i < 4; i++) {
        static const char *const broken[] = { "", "[]", "{\"version\":\"a\",\"trust\":[]}",
            "{\"version\":7,\"trust\":{}}" };

        write_text(path, broken[i]);
        store = open_store(dir, true);
        assert_string_equal(pk_trust_store_version(store), "none");
        pk_trust_store_close(store);
    }
    (void)unlink(path);
    (void)rmdir(dir);
    json_decref(good);
    json_decref(bad);
    json_decref(unknown);
}

static void test_geohash(void **state)
{
    struct pk_square at;

    (void)state;
    assert_true(pk_geohash_square("u33db", &at));
    assert_true(at.south < 52.53 && at.north > 52.51 && at.west < 13.37 && at.east > 13.36);
    assert_true(pk_geohash_square("ezs42", &at)); /* the usual example: 42.6, -5.6 */
    assert_true(at.south < 42.605 && at.north > 42.583 && at.west < -5.581 && at.east > -5.625);
    assert_false(pk_geohash_square("", &at));
    assert_false(pk_geohash_square("u33da", &at)); /* has no letter a */
    assert_false(pk_geohash_square("U33DB", &at));
    assert_false(pk_geohash_square("0123456789bcd", &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_good_forms),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_too_many),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_geohash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
