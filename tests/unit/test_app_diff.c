/* Two versions of an app: what is worse, what has merely changed, what is the same. */
#include <stdio.h>

#include "check.h"
#include "defense/reputation/diff.h"

#define ARENA_MAX (4UL << 20)
#define A64       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* The earlier version as JSON; a row says what is otherwise in the later one. */
static const char base[] =
        "{'file': 'a.apk', 'sha256': '" A64
        "', 'size': 1000, 'kind': 'apk', 'package': 'com.x', 'label': 'X',"
        "'version_name': '1', 'version_code': 10, 'min_sdk': 21, 'target_sdk': 34, 'debuggable': "
        "false,"
        "'permissions': ['android.permission.INTERNET', 'android.permission.CAMERA'],"
        "'components': {'activities': 1, 'services': 0, 'receivers': 0, 'providers': 0, "
        "'exported': ['com.x.Main']},"
        "'signature': {'verified': true, 'schemes': ['v2'], 'stamp': 'absent', 'errors': [], "
        "'warnings': [],"
        "  'signers': [{'sha256': '" A64
        "', 'subject': 'CN=x', 'key': 'RSA 2048', 'lineage': []}]},"
        "'techniques': ['T1512'], 'hosts': [{'name': 'a.example', 'cleartext': false}], "
        "'cleartext': false,"
        "'backup': false, 'sdks': [{'id': 'a', 'name': 'Ads', 'kind': 'advertising', 'tracker': "
        "true}],"
        "'libraries': [{'name': 'zlib', 'version': '1.2', 'native': true, 'cves': ['CVE-2018-1']}],"
        "'leaks': [{'data': 'location', 'to': 'log', 'source': 's', 'sink': 't'}],"
        "'findings': [{'id': 'net.x', 'severity': 'low', 'title': 'X', 'evidence': '', 'attack': "
        "['T1512'],"
        "  'rule': 'rules/x'}], 'verdict': 'clean', 'score': 0.1, 'reasons': ['r']}";

/* JSON with ' for ". */
static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    struct pk_error err = { 0 };
    json_t *out = NULL;

    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    if (pk_json_parse(copy, strlen(copy), &out, &err) != PK_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    free(copy);
    return out;
}

static void decode(const char *change, struct pk_arena *arena, struct pk_app_report *out)
{
    struct pk_error err = { 0 };
    json_t *json = parse(base);
    json_t *more = parse(change);

    assert_int_equal(json_object_update(json, more), 0);
    if (pk_schema_decode(&pk_app_report_schema, json, arena, out, &err) != PK_OK) {
        fail_msg("%s: %s %s", change, err.path, err.text);
    }
    json_decref(more);
    json_decref(json);
}

/* What the diff says must be fit to be sent. */
static void encodes(const struct pk_app_diff *diff)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    json_t *json = pk_schema_encode(&pk_app_diff_schema, diff, false);
    struct pk_app_diff again;
    struct pk_error err = { 0 };

    if (pk_schema_decode(&pk_app_diff_schema, json, arena, &again, &err) != PK_OK) {
        fail_msg("%s: %s", err.path, err.text);
    }
    assert_int_equal(again.changes.count, diff->changes.count);
    json_decref(json);
    pk_arena_destroy(arena);
}

#define SIGNED(cert, lineage, verified)                                                           \
    "'signature': {'verified': " verified ", 'schemes': ['v3'], 'stamp': 'absent', 'errors': []," \
    "'warnings': [], 'signers': [{'sha256': '" cert "', 'subject': 'CN=x', 'key': 'RSA 2048',"    \
    "'lineage': [" lineage "]}]}"
#define FINDING(id, severity, verdict)                                                        \
    "'findings': [{'id': '" id "', 'severity': '" severity "', 'title': 'Y', 'evidence': ''," \
    "'attack': ['T1582'], 'rule': 'rules/y', 'verdict': '" verdict "'}]"

static void changes(void **state)
{
    static const struct {
        const char *change; /* the later version's keys */
        int result;
        const char *what; /* of a change that must be there; NULL: none may be */
        const char *text; /* stands in it */
    } rows[] = {
        { "{}", PK_APP_DIFF_SAME, NULL, NULL },
        { "{'version_code': 11, 'version_name': '2'}", PK_APP_DIFF_CHANGED, "version_code",
                "later" },
        { "{'version_code': 9}", PK_APP_DIFF_WORSE, "version_code", "step back" },
        { "{'label': 'Y'}", PK_APP_DIFF_CHANGED, "label", NULL },
        { "{'package': 'com.y'}", PK_APP_DIFF_WORSE, "package", NULL },
        { "{" SIGNED(B64, "", "true") "}", PK_APP_DIFF_WORSE, "signer", "Somebody else" },
        { "{" SIGNED(B64, "'" A64 "'", "true") "}", PK_APP_DIFF_CHANGED, "signer",
                "former key agrees" },
        /* A rotation that nobody can check is none. */
        { "{" SIGNED(B64, "'" A64 "'", "false") "}", PK_APP_DIFF_WORSE, "signer", "Somebody else" },
        { "{" SIGNED(A64, "", "false") "}", PK_APP_DIFF_WORSE, "signature", "does not hold" },
        { "{'target_sdk': 28}", PK_APP_DIFF_WORSE, "target_sdk", "older" },
        { "{'target_sdk': 35}", PK_APP_DIFF_CHANGED, "target_sdk", "newer" },
        { "{'min_sdk': 19}", PK_APP_DIFF_CHANGED, "min_sdk", NULL },
        { "{'debuggable': true}", PK_APP_DIFF_WORSE, "debuggable", NULL },
        { "{'cleartext': true}", PK_APP_DIFF_WORSE, "cleartext", NULL },
        { "{'cleartext': null}", PK_APP_DIFF_SAME, NULL, NULL },
        { "{'backup': true}", PK_APP_DIFF_WORSE, "backup", NULL },
        { "{'size': 5000000}", PK_APP_DIFF_CHANGED, "size", "Larger" },
        { "{'size': 1001}", PK_APP_DIFF_SAME, NULL, NULL },
        { "{'permissions': ['android.permission.CAMERA', 'android.permission.INTERNET',"
          "'android.permission.READ_SMS']}",
                PK_APP_DIFF_WORSE, "permission", "Asks for android.permission.READ_SMS" },
        { "{'permissions': ['android.permission.CAMERA', 'android.permission.INTERNET',"
          "'android.permission.VIBRATE', 'android.permission.VIBRATE']}",
                PK_APP_DIFF_CHANGED, "permission", "VIBRATE" },
        { "{'permissions': ['android.permission.INTERNET']}", PK_APP_DIFF_CHANGED, "permission",
                "No longer asks for android.permission.CAMERA" },
        { "{'components': {'activities': 1, 'services': 0, 'receivers': 0, 'providers': 0, "
          "'exported':"
          "['com.x.Main', 'com.x.Open']}}",
                PK_APP_DIFF_CHANGED, "exported", "com.x.Open" },
        { "{'sdks': []}", PK_APP_DIFF_CHANGED, "tracker", "No longer" },
        { "{'sdks': [{'id': 'a', 'name': 'Ads', 'kind': 'advertising', 'tracker': true},"
          "{'id': 'b', 'name': 'Eyes', 'kind': 'analytics', 'tracker': true}]}",
                PK_APP_DIFF_WORSE, "tracker", "Eyes" },
        { "{'sdks': [{'id': 'a', 'name': 'Ads', 'kind': 'advertising', 'tracker': true},"
          "{'id': 'b', 'name': 'Push', 'kind': 'push', 'tracker': false}]}",
                PK_APP_DIFF_CHANGED, "sdk", "Push" },
        { "{'sdks': [{'id': 'a', 'name': 'Ads', 'kind': 'advertising', 'tracker': true},"
          "{'id': 'b', 'name': 'Desk', 'kind': 'remote', 'tracker': false}]}",
                PK_APP_DIFF_WORSE, "sdk", "Desk" },
        { "{'packers': ['Bangcle']}", PK_APP_DIFF_WORSE, "packer", "Bangcle" },
        { "{'hosts': [{'name': 'a.example', 'cleartext': false}, {'name': 'b.example', "
          "'cleartext': false}]}",
                PK_APP_DIFF_CHANGED, "host", "b.example" },
        { "{'hosts': [{'name': 'a.example', 'cleartext': true}]}", PK_APP_DIFF_WORSE,
                "cleartext_host", "http://a.example" },
        { "{'libraries': [{'name': 'zlib', 'version': '1.3', 'native': true}]}",
                PK_APP_DIFF_CHANGED, "cve", "CVE-2018-1 is closed" },
        { "{'libraries': [{'name': 'zlib', 'version': '1.2', 'native': true, 'cves': ['CVE-2018-1',"
          "'CVE-2022-2']}]}",
                PK_APP_DIFF_WORSE, "cve", "CVE-2022-2" },
        { "{'leaks': [{'data': 'contacts', 'to': 'network', 'source': 's', 'sink': 't'}]}",
                PK_APP_DIFF_WORSE, "leak", "contacts to network" },
        { "{'techniques': ['T1512', 'T1582']}", PK_APP_DIFF_CHANGED, "technique", "T1582" },
        { "{" FINDING("sms.y", "medium", "none") "}", PK_APP_DIFF_WORSE, "finding",
                "Found: sms.y (rules/y): Y" },
        { "{" FINDING("sms.y", "low", "none") "}", PK_APP_DIFF_CHANGED, "finding",
                "No longer found: net.x" },
        { "{" FINDING("sms.y", "low", "suspicious") ", 'techniques': ['T1512', 'T1582']}",
                PK_APP_DIFF_WORSE, "technique", "T1582" },
        { "{'verdict': 'suspicious', 'score': 0.6}", PK_APP_DIFF_WORSE, "verdict", NULL },
        { "{'score': 0.3}", PK_APP_DIFF_CHANGED, "score", "higher" },
        { "{'hits': [{'kind': 'domain', 'value': 'x.example', 'source': 'feed'}]}",
                PK_APP_DIFF_WORSE, "hit", "domain x.example (feed)" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_app_report before;
        struct pk_app_report after;
        struct pk_app_diff diff;
        const struct pk_app_change *items;
        bool found = false;

        decode("{}", arena, &before);
        decode(rows[i].change, arena, &after);
        after.sha256 = B64;
        assert_int_equal(pk_app_diff(&before, &after, arena, &diff), PK_OK);
        items = diff.changes.items;
        for (size_t n = 0; n < diff.changes.count; n++) {
            found = found ||
                    (rows[i].what != NULL && strcmp(items[n].what, rows[i].what) == 0 &&
                            (rows[i].text == NULL || strstr(items[n].text, rows[i].text) != NULL));
            assert_true(n == 0 || items[n - 1].worse || !items[n].worse);
        }
        if (diff.result != rows[i].result || (rows[i].what != NULL) != found) {
            fail_msg("%s: %s, %zu changes", rows[i].change, pk_app_diff_result_name(diff.result),
                    diff.changes.count);
        }
        encodes(&diff);
        pk_arena_destroy(arena);
    }
}

/* Lists as long as a report may have them: bounded, and what is worse is kept. */
static void long_lists(void **state)
{
    struct pk_arena *arena = pk_arena_create(16UL << 20);
    struct pk_app_report before;
    struct pk_app_report after;
    struct pk_app_diff diff;
    static const char *names[8192];

    (void)state;
    decode("{}", arena, &before);
    decode("{}", arena, &after);
    after.sha256 = B64;
    for (size_t i = 0; i < PK_COUNT(names); i++) {
        names[i] = pk_arena_printf(arena, "com.x.C%zu", (i * 7919) % PK_COUNT(names));
    }
    names[0] = "android.permission.SEND_SMS";
    after.permissions = (struct pk_strings){ names, PK_COUNT(names) };
    after.components->exported = (struct pk_strings){ names + 1, PK_COUNT(names) - 1 };
    after.debuggable = true;
    assert_int_equal(pk_app_diff(&before, &after, arena, &diff), PK_OK);
    const struct pk_app_change *items = diff.changes.items;
    assert_int_equal(diff.changes.count, PK_APP_CHANGES_MAX);
    assert_true(diff.left_out > 10000);
    assert_true(items[0].worse && items[1].worse && !items[2].worse);
    encodes(&diff);
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes),
        cmocka_unit_test(long_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
