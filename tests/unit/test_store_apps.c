/* Apps, files, copies, exceptions and what people give the server: on both engines. */
#include "base/clock.h"
#include "database.h"
#include "store/apps.h"

#define NOW INT64_C(1795000000000)

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;
static const char hash_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char hash_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(256UL * 1024 * 1024);
    assert_non_null(b->arena);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    pk_store_close(b->store);
    pk_arena_destroy(b->arena);
    test_database_end(&b->database);
    free(b);
    return 0;
}

static void add_device(struct bench *b, const char *id, int64_t seen_ms)
{
    struct pk_device device = { .id = id, .name = id, .group = "g", .seen_ms = seen_ms };

    assert_ok(pk_device_add(b->store, &device, &err));
}

static struct pk_app_file sample_file(const char *sha256, const char *app)
{
    return (struct pk_app_file){ .sha256 = sha256,
        .app = app,
        .package = "com.example",
        .version = "1.0",
        .version_code = 1,
        .state = PK_FILE_WANTED,
        .first_ms = NOW,
        .last_ms = NOW,
        .judgement = 1 };
}

static struct pk_device_app sample_copy(const char *device, const char *sha256, const char *app)
{
    return (struct pk_device_app){ .device = device,
        .package = "com.example",
        .sha256 = sha256,
        .app = app,
        .version = "1.0",
        .installer = "",
        .since_ms = NOW,
        .version_ms = NOW };
}

static void add_app(struct bench *b, struct pk_app_row *row)
{
    bool fresh = false;

    *row = (struct pk_app_row){
        .package = "com.example", .label = "Example", .first_ms = NOW, .last_ms = NOW
    };
    pk_app_id(row->package, "s", row->id);
    assert_ok(pk_app_add(b->store, row, &fresh, &err));
    assert_true(fresh);
    assert_ok(pk_app_add(b->store, row, &fresh, &err));
    assert_false(fresh);
}

static void test_app_id(void **state)
{
    char one[PK_ID_TEXT];
    char two[PK_ID_TEXT];

    (void)state;
    pk_app_id("a", "bc", one);
    pk_app_id("a", "bc", two);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 24);
    pk_app_id("ab", "c", two);
    assert_string_not_equal(one, two);
    pk_app_id("a", NULL, one);
    pk_app_id("a", "", two);
    assert_string_equal(one, two);
}

/* The row says what its files and copies say, the worst of what is there. */
static void test_app_refresh(void **state)
{
    struct bench *b = *state;
    struct pk_app_row app;
    struct pk_app_row got;
    struct pk_app_file file;
    struct pk_device_app copy;
    bool fresh = false;

    add_device(b, "d-1", NOW);
    add_app(b, &app);
    file = sample_file(hash_a, app.id);
    file.standing = PK_STANDING_MALICIOUS;
    file.score = 0.9;
    file.threat = "malware.banker";
    assert_ok(pk_app_file_add(b->store, &file, &fresh, &err));
    file = sample_file(hash_b, app.id);
    file.version = "2.0";
    file.version_code = 2;
    file.standing = PK_STANDING_CLEAN;
    file.label = "Example Two";
    assert_ok(pk_app_file_add(b->store, &file, &fresh, &err));

    assert_ok(pk_app_refresh(b->store, app.id, &err));
    assert_ok(pk_app_get(b->store, app.id, b->arena, &got, &err));
    assert_string_equal(got.version, "2.0");
    assert_string_equal(got.label, "Example Two");
    assert_int_equal(got.versions, 2);
    assert_int_equal(got.standing, PK_STANDING_MALICIOUS); /* nobody has any: all count */

    assert_ok(pk_app_file_count_device(b->store, hash_b, 1, NOW + 5, &err));
    assert_ok(pk_app_refresh(b->store, app.id, &err));
    assert_ok(pk_app_get(b->store, app.id, b->arena, &got, &err));
    assert_int_equal(got.standing, PK_STANDING_CLEAN);
    assert_null(got.threat);

    copy = sample_copy("d-1", hash_b, app.id);
    copy.standing = PK_STANDING_UNWANTED;
    copy.threat = "malware.unwanted";
    assert_ok(pk_device_app_put(b->store, &copy, &err));
    assert_ok(pk_app_refresh(b->store, app.id, &err));
    assert_ok(pk_app_recount(b->store, app.id, &err));
    assert_ok(pk_app_get(b->store, app.id, b->arena, &got, &err));
    assert_int_equal(got.standing, PK_STANDING_UNWANTED);
    assert_string_equal(got.threat, "malware.unwanted");
    assert_int_equal(got.devices, 1);
    assert_ok(pk_app_drop_empty(b->store, app.id, &err));
    assert_ok(pk_app_get(b->store, app.id, b->arena, &got, &err));
    assert_int_equal(pk_app_count_device(b->store, "none", 1, NOW, &err), PK_ENOENT);
}

static void test_file_round_trip(void **state)
{
    struct bench *b = *state;
    struct pk_app_file file = sample_file(hash_a, "app-1");
    struct pk_app_file got;
    struct pk_array some;
    int64_t behind = 0;
    bool fresh = false;

    assert_ok(pk_app_file_add(b->store, &file, &fresh, &err));
    assert_true(fresh);
    assert_ok(pk_app_file_add(b->store, &file, &fresh, &err));
    assert_false(fresh);
    assert_ok(pk_app_file_get(b->store, hash_a, b->arena, &got, &err));
    assert_null(got.error);
    assert_null(got.asked_device);
    got.state = PK_FILE_ASKED;
    got.asked_ms = NOW;
    got.asked_device = "d-1";
    got.reasons = json_pack("[s, s]", "one", "two");
    got.push = true;
    got.knowledge = 4;
    assert_ok(pk_app_file_put(b->store, &got, &err));
    json_decref(got.reasons);
    assert_ok(pk_app_file_get(b->store, hash_a, b->arena, &got, &err));
    assert_int_equal(json_array_size(got.reasons), 2);
    assert_true(got.push);
    assert_ok(pk_app_file_waiting(b->store, PK_FILE_ASKED, NOW + 1, 9, b->arena, &some, &err));
    assert_int_equal(some.count, 1);
    assert_ok(pk_app_file_waiting(b->store, PK_FILE_ASKED, NOW, 9, b->arena, &some, &err));
    assert_int_equal(some.count, 0);
    assert_ok(pk_app_file_stale(b->store, 5, 9, b->arena, &some, &err));
    assert_int_equal(some.count, 1);
    assert_ok(pk_app_file_count_stale(b->store, 4, &behind, &err));
    assert_int_equal(behind, 0);
    assert_ok(pk_app_file_to_push(b->store, 9, b->arena, &some, &err));
    assert_int_equal(some.count, 1);
    assert_int_equal(pk_app_file_get(b->store, hash_b, b->arena, &got, &err), PK_ENOENT);
}

static void test_report(void **state)
{
    struct bench *b = *state;
    struct pk_app_report report = { .file = "x",
        .sha256 = hash_a,
        .size = 7,
        .kind = PK_APP_APK,
        .package = "com.example",
        .label = "Example" };
    struct pk_app_report got;
    json_t *json = pk_app_report_json(&report);

    assert_non_null(json);
    assert_ok(pk_app_report_put(b->store, hash_a, json, &err));
    assert_ok(pk_app_report_put(b->store, hash_a, json, &err)); /* again: replaced */
    json_decref(json);
    assert_ok(pk_app_report_get(b->store, hash_a, b->arena, &got, &err));
    assert_string_equal(got.package, "com.example");
    assert_int_equal(got.size, 7);
    assert_int_equal(pk_app_report_get(b->store, hash_b, b->arena, &got, &err), PK_ENOENT);
}

/* The one that was seen last, has the file, is not busy, not revoked, and was not asked lately. */
static void test_whom_to_ask(void **state)
{
    struct bench *b = *state;
    struct pk_app_ask ask = { .sha256 = hash_a, .device = "d-3", .at_ms = NOW };
    struct pk_action action = { .kind = PK_ACTION_ASK, .target = "d-3", .device = "d-3" };
    char whom[PK_ID_TEXT] = "untouched";

    for (int i = 1; i <= 4; i++) {
        char id[] = "d-0";
        struct pk_device_app copy = sample_copy(id, hash_a, "app-1");

        id[2] = (char)('0' + i);
        add_device(b, id, NOW + i);
        copy.gone_ms = i == 4 ? NOW : 0;
        assert_ok(pk_device_app_put(b->store, &copy, &err));
    }
    assert_ok(pk_app_ask_whom(b->store, hash_a, NOW, 1, whom, &err));
    assert_string_equal(whom, "d-3");
    assert_ok(pk_action_add(b->store, &action, &err));
    ask.action = action.id;
    assert_ok(pk_app_ask_put(b->store, &ask, &err));
    assert_ok(pk_app_ask_whom(b->store, hash_a, NOW, 1, whom, &err));
    assert_string_equal(whom, "d-2");
    assert_ok(pk_device_revoke(b->store, "d-2", NOW, "eve", "lost", &err));
    assert_ok(pk_app_ask_whom(b->store, hash_a, NOW, 1, whom, &err));
    assert_string_equal(whom, "d-1");
    assert_ok(pk_app_ask_whom(b->store, hash_a, NOW + 1, 2, whom, &err));
    assert_string_equal(whom, "d-3"); /* long enough ago, and not too busy */
    assert_ok(pk_app_ask_end(b->store, hash_a, NOW + 2, &err));
    assert_ok(pk_action_get(b->store, action.id, b->arena, &action, &err));
    assert_int_equal(action.state, PK_ACTION_FAILED);
    assert_int_equal(pk_app_ask_whom(b->store, hash_b, NOW, 1, whom, &err), PK_ENOENT);
}

static void test_copies(void **state)
{
    struct bench *b = *state;
    struct pk_device_app copy = sample_copy("d-1", hash_a, "app-1");
    struct pk_array rows;
    const struct pk_device_app *items;

    add_device(b, "d-1", NOW);
    for (int c = 'a'; c <= 'e'; c++) {
        char package[] = "com.?";

        package[4] = (char)c;
        copy.package = package;
        copy.judgement = c - 'a';
        assert_ok(pk_device_app_put(b->store, &copy, &err));
    }
    assert_ok(pk_device_app_range(b->store, "d-1", NULL, NULL, b->arena, &rows, &err));
    assert_int_equal(rows.count, 5);
    assert_ok(pk_device_app_range(b->store, "d-1", "com.b", "com.d", b->arena, &rows, &err));
    items = rows.items;
    assert_int_equal(rows.count, 2);
    assert_string_equal(items[0].package, "com.c");
    assert_string_equal(items[0].installer, "");
    copy.package = "com.c";
    copy.gone_ms = NOW + 1;
    copy.installer = NULL;
    assert_ok(pk_device_app_put(b->store, &copy, &err));
    assert_ok(pk_device_app_range(b->store, "d-1", "com.b", "com.d", b->arena, &rows, &err));
    assert_int_equal(rows.count, 1);
    assert_ok(pk_device_app_package(b->store, "d-1", "com.c", b->arena, &rows, &err));
    items = rows.items;
    assert_int_equal(rows.count, 1);
    assert_null(items[0].installer);
    assert_ok(pk_device_app_stale(b->store, hash_a, 3, 9, b->arena, &rows, &err));
    assert_int_equal(rows.count, 2); /* a and b; c is gone */
    assert_ok(pk_device_app_move(b->store, hash_a, "app-2", &err));
    assert_ok(pk_device_app_package(b->store, "d-1", "com.a", b->arena, &rows, &err));
    items = rows.items;
    assert_string_equal(items[0].app, "app-2");
    copy.sha256 = "";
    copy.gone_ms = 0;
    assert_ok(pk_device_app_put(b->store, &copy, &err));
    assert_ok(pk_device_app_unhashed(b->store, "", "", 9, b->arena, &rows, &err));
    assert_int_equal(rows.count, 1);
    assert_ok(pk_device_app_unhashed(b->store, "d-1", "com.c", 9, b->arena, &rows, &err));
    assert_int_equal(rows.count, 0);
}

static void test_exceptions(void **state)
{
    struct bench *b = *state;
    struct pk_exception_row row = { .id = "e-1",
        .reason = "why",
        .scope = PK_EXCEPTION_DEVICE,
        .target = "d-1",
        .sha256 = hash_a,
        .created_ms = NOW,
        .created_by = "eve",
        .expires_ms = NOW + 10 };
    struct pk_exception_row got;
    struct pk_array live;

    assert_ok(pk_exception_add(b->store, &row, &err));
    row.id = "e-2";
    row.expires_ms = 0;
    assert_ok(pk_exception_add(b->store, &row, &err));
    assert_ok(pk_exception_live(b->store, NOW + 9, b->arena, &live, &err));
    assert_int_equal(live.count, 2);
    assert_ok(pk_exception_live(b->store, NOW + 10, b->arena, &live, &err));
    assert_int_equal(live.count, 1);
    assert_ok(pk_exception_get(b->store, "e-1", b->arena, &got, &err));
    assert_string_equal(got.sha256, hash_a);
    assert_null(got.package);
    assert_ok(pk_exception_remove(b->store, "e-1", &err));
    assert_int_equal(pk_exception_remove(b->store, "e-1", &err), PK_ENOENT);
}

static void test_documents_and_blobs(void **state)
{
    struct bench *b = *state;
    struct pk_document document = { .at_ms = NOW, .who = "eve", .text = "one" };
    struct pk_document got;
    size_t size = 2500UL * 1024; /* three parts */
    uint8_t *bytes = malloc(size);
    uint8_t *back = NULL;
    size_t len = 0;
    int64_t version = 0;

    assert_int_equal(pk_document_get(b->store, "rules", b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_document_put(b->store, "rules", &document, &version, &err));
    document.text = "two";
    assert_ok(pk_document_put(b->store, "rules", &document, &version, &err));
    assert_int_equal(version, 2);
    assert_ok(pk_document_get(b->store, "rules", b->arena, &got, &err));
    assert_string_equal(got.text, "two");

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_ok(pk_blob_get(b->store, "set", size, &back, &len, &err));
    assert_null(back);
    assert_ok(pk_blob_put(b->store, "set", pk_slice_of(bytes, size), &err));
    assert_ok(pk_blob_get(b->store, "set", size, &back, &len, &err));
    assert_int_equal(len, size);
    assert_memory_equal(back, bytes, size);
    free(back);
    assert_int_equal(pk_blob_get(b->store, "set", size - 1, &back, &len, &err), PK_ELIMIT);
    assert_ok(pk_blob_put(b->store, "set", pk_slice_of(bytes, 3), &err)); /* replaces all of it */
    assert_ok(pk_blob_get(b->store, "set", size, &back, &len, &err));
    assert_int_equal(len, 3);
    free(back);
    assert_ok(pk_blob_put(b->store, "set", (struct pk_slice){ 0 }, &err));
    assert_ok(pk_blob_get(b->store, "set", size, &back, &len, &err));
    assert_null(back);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_app_id),
        TEST(test_app_refresh),
        TEST(test_file_round_trip),
        TEST(test_report),
        TEST(test_whom_to_ask),
        TEST(test_copies),
        TEST(test_exceptions),
        TEST(test_documents_and_blobs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
