/* fuzz_app_lists.c - the document of lists, exceptions and rules, in YAML and JSON. What was accepted must survive its own
 * encoding, and its rules must be answerable for an app with one of everything and for one with nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"

#define ARENA_MAX (32UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char app[] =
        "{\"kind\": \"apk\", \"size\": 1000, \"sha256\": "
        "\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\", \"package\": "
        "\"com.x\","
        "\"label\": \"Ex\\u0430mple\", \"version_name\": \"1.2\", \"version_code\": 12, "
        "\"target_sdk\": 28,"
        "\"debuggable\": true, \"permissions\": [\"android.permission.SEND_SMS\"], \"techniques\": "
        "[\"T1582\"],"
        "\"components\": {\"activities\": 1, \"services\": 0, \"receivers\": 0, \"providers\": 0,"
        "\"exported\": [\"com.x.A\"]}, \"sdks\": [{\"id\": \"a.b\", \"name\": \"A\", \"kind\": "
        "\"remote\","
        "\"tracker\": true}], \"hosts\": [{\"name\": \"c2.example.ru\", \"cleartext\": true}],"
        "\"leaks\": [{\"data\": \"location\", \"to\": \"sms\", \"source\": \"s\", \"sink\": "
        "\"t\"}],"
        "\"libraries\": [{\"name\": \"zlib\", \"version\": \"1\", \"native\": true, \"cves\": "
        "[\"CVE-2018-1\"]}],"
        "\"packers\": [\"P\"], \"signature\": {\"verified\": true, \"schemes\": [\"v2\"], "
        "\"stamp\": \"absent\","
        "\"errors\": [], \"warnings\": [], \"signers\": [{\"sha256\": "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"subject\": "
        "\"CN=x\","
        "\"key\": \"RSA 2048\", \"lineage\": []}]}, \"findings\": [], \"verdict\": \"clean\", "
        "\"score\": 0.2,"
        "\"reasons\": [\"r\"]}";

static void judge(const struct pk_app_lists *lists, const char *report_text)
{
    static const struct pk_app_situation situation = { .now_ms = 1, .installer = "", .group = "g" };
    const struct pk_app_knowledge knowledge = { .lists = lists };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_report report = { .kind = PK_APP_UNKNOWN, .sha256 = "" };
    json_t *json = NULL;

    if (report_text != NULL &&
            (pk_json_parse(report_text, sizeof(app) - 1, &json, NULL) < 0 ||
                    pk_schema_decode(&pk_app_report_schema, json, arena, &report, NULL) < 0)) {
        abort();
    }
    json_decref(json);
    if (pk_reputation_judge(&report, &knowledge, &situation, arena) == PK_OK) {
        json = pk_schema_encode(&pk_app_report_schema, &report, false);
        /* Whatever the document says, the report can still be sent. */
        if (pk_schema_decode(&pk_app_report_schema, json, arena, &report, NULL) < 0) {
            abort();
        }
        json_decref(json);
    }
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_lists lists = { 0 };
    struct pk_app_lists again = { 0 };
    struct pk_error err = { 0 };
    int rc;

    if (arena == NULL) {
        abort();
    }
    rc = pk_app_lists_decode("fuzz", (const char *)data, size, arena, &lists, &err);
    if (rc < 0 && (err.text[0] == '\0' || lists.version != 0)) {
        abort(); /* a failure says why and leaves the output alone */
    }
    if (rc == PK_OK) {
        json_t *json = pk_schema_encode(&pk_app_lists_schema, &lists, false);
        char *text = json != NULL ? pk_json_text(json) : NULL;

        rc = text == NULL ? PK_ENOMEM
                          : pk_app_lists_decode("again", text, strlen(text), arena, &again, &err);
        if ((rc < 0 && rc != PK_ENOMEM && rc != PK_ELIMIT) ||
                (rc == PK_OK && again.unwanted.count != lists.unwanted.count)) {
            abort();
        }
        free(text);
        json_decref(json);
        judge(&lists, app);
        judge(&lists, NULL);
    }
    pk_arena_destroy(arena);
    return 0;
}
