#include "base/clock.h"
#include "database.h"
#include "model/observation.h"
#include "store/store.h"

#define NOW INT64_C(1795000000000)

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(256 * 1024 * 1024);
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

/* ---- devices ---- */

static struct pk_device sample_device(const char *id)
{
    return (struct pk_device){ .id = id,
        .name = "Ünal's phone",
        .group = "default",
        .platform = PK_PLATFORM_LINUX,
        .model = "Model 7",
        .os_name = "Debian",
        .os_version = "12",
        .kernel = "6.1",
        .agent = "0.1.0",
        .enrolled_ms = NOW - PK_DAY_MS,
        .cert_serial = "0a0b",
        .cert_not_after_ms = NOW + 90 * PK_DAY_MS };
}

static void add_device(struct bench *b, const char *id)
{
    struct pk_device device = sample_device(id);

    assert_ok(pk_device_add(b->store, &device, &err));
}

static void test_device_round_trip(void **state)
{
    struct bench *b = *state;
    struct pk_device device = sample_device("d-1");
    struct pk_device got;

    assert_ok(pk_device_add(b->store, &device, &err));
    assert_ok(pk_device_get(b->store, "d-1", b->arena, &got, &err));
    assert_string_equal(got.name, "Ünal's phone");
    assert_null(got.patch);
    assert_null(got.risk);
    assert_null(got.revoked_by);
    assert_int_equal(got.seen_ms, 0);

    got.seen_ms = NOW;
    got.acked_seq = 41;
    got.patch = "2026-11-01";
    got.risk_score = 62;
    got.risk_level = PK_RISK_HIGH;
    got.risk = json_pack("{s:i, s:s}", "score", 62, "level", "high");
    got.posture = json_pack("{s:b}", "disk_encrypted", 1);
    assert_ok(pk_device_put_state(b->store, &got, &err));
    json_decref(got.risk);
    json_decref(got.posture);
    assert_ok(pk_device_put_seen(b->store, "d-1", NOW + 5, 42, &err));
    got.cert_serial = "ff";
    got.cert_serial_old = "0a0b";
    got.cert_overlap_ms = NOW + PK_DAY_MS;
    assert_ok(pk_device_put_certificate(b->store, &got, &err));
    assert_ok(pk_device_revoke(b->store, "d-1", NOW + 9, "eve", "lost", &err));

    assert_ok(pk_device_get(b->store, "d-1", b->arena, &got, &err));
    assert_int_equal(got.seen_ms, NOW + 5);
    assert_int_equal(got.acked_seq, 42);
    assert_string_equal(got.patch, "2026-11-01");
    assert_int_equal(json_integer_value(json_object_get(got.risk, "score")), 62);
    assert_true(json_is_true(json_object_get(got.posture, "disk_encrypted")));
    assert_null(got.network);
    assert_string_equal(got.cert_serial, "ff");
    assert_string_equal(got.cert_serial_old, "0a0b");
    assert_int_equal(got.revoked_ms, NOW + 9);
    assert_string_equal(got.revoked_by, "eve");
    assert_string_equal(got.revoked_why, "lost");
}

static void test_device_unknown_and_twice(void **state)
{
    struct bench *b = *state;
    struct pk_device device = sample_device("d-1");
    struct pk_device got = { .id = "untouched" };

    assert_int_equal(pk_device_get(b->store, "nobody", b->arena, &got, &err), PK_ENOENT);
    assert_string_equal(got.id, "untouched");
    assert_int_equal(pk_device_put_state(b->store, &device, &err), PK_ENOENT);
    assert_int_equal(pk_device_put_seen(b->store, "nobody", 1, 1, &err), PK_ENOENT);
    assert_int_equal(pk_device_put_certificate(b->store, &device, &err), PK_ENOENT);
    assert_int_equal(pk_device_revoke(b->store, "nobody", 1, "a", "b", &err), PK_ENOENT);
    assert_ok(pk_device_add(b->store, &device, &err));
    assert_int_equal(pk_device_add(b->store, &device, &err), PK_EEXIST);
}

static int count_devices(const struct pk_device *device, void *ctx)
{
    int *count = ctx;

    return ++*count == 450 ? PK_EAGAIN : PK_OK;
}

static void test_device_each(void **state)
{
    struct bench *b = *state;
    int count = 0;

    assert_ok(pk_store_begin(b->store, &err));
    for (int i = 0; i < 600; i++) {
        char id[PK_ID_TEXT];

        (void)snprintf(id, sizeof(id), "d-%d", i);
        add_device(b, id);
    }
    assert_ok(pk_store_commit(b->store, &err));
    assert_int_equal(pk_device_each(b->store, count_devices, &count, &err), PK_EAGAIN);
    assert_int_equal(count, 450);
    assert_ok(pk_device_each(b->store, count_devices, &count, &err));
    assert_int_equal(count, 1050);
}

static void test_rollback_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct pk_action action = { .kind = PK_ACTION_SIEM, .target = "soc" };
    struct pk_array none;
    struct pk_device got;
    int64_t newest;

    assert_ok(pk_store_begin(b->store, &err));
    add_device(b, "d-1");
    assert_ok(pk_action_add(b->store, &action, &err));
    assert_ok(pk_event_add(
            b->store, &(struct pk_event_row){ .at_ms = NOW, .type = "device.enrolled" }, &err));
    assert_ok(pk_progress_put(b->store, 3, 17, &err));
    pk_store_rollback(b->store);

    assert_int_equal(pk_device_get(b->store, "d-1", b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_action_pending(b->store, PK_ACTION_SIEM, "soc", 0, 10, b->arena, &none, &err));
    assert_int_equal(none.count, 0);
    assert_ok(pk_event_newest(b->store, &newest, &err));
    assert_int_equal(newest, 0);
    assert_ok(pk_progress_get(b->store, 3, &newest, &err));
    assert_int_equal(newest, 0);
}

/* ---- incidents ---- */

static struct pk_incident sample_incident(const char *id, const char *device)
{
    struct pk_incident i = {
        .threat = pk_threat_find("network.arp_spoof"),
        .subject = "net-0123456789abcdef",
        .severity = PK_SEVERITY_HIGH,
        .confidence = 0.875,
        .count = 3,
        .opened_ms = NOW,
        .updated_ms = NOW,
        .rule = "network.arp_spoof/two-holders",
    };

    (void)snprintf(i.id, sizeof(i.id), "%s", id);
    (void)snprintf(i.device, sizeof(i.device), "%s", device);
    return i;
}

static void test_incident_round_trip(void **state)
{
    struct bench *b = *state;
    struct pk_incident in = sample_incident("i-1", "d-1");
    struct pk_incident_row row;
    struct pk_incident got;
    struct pk_array open;

    add_device(b, "d-1");
    in.evidence = json_pack("{s:{s:s}}", "before", "mac", "02:00:00:00:00:01");
    assert_ok(pk_incident_put(b->store, &in, &err));
    json_decref(in.evidence);
    assert_ok(pk_incident_get(b->store, "i-1", b->arena, &row, &err));
    assert_string_equal(row.device_name, "Ünal's phone");
    assert_ptr_equal(row.incident.threat, in.threat);
    assert_true(row.incident.confidence == 0.875);
    assert_non_null(json_object_get(row.incident.evidence, "before"));
    assert_null(row.incident.reason);

    in = sample_incident("i-2", "d-1"); /* a newer one of the same thing */
    in.opened_ms = NOW + 1000;
    in.state = PK_INCIDENT_RESOLVED;
    assert_ok(pk_incident_put(b->store, &in, &err));
    assert_ok(pk_incident_find(
            b->store, "d-1", "network.arp_spoof", in.subject, b->arena, &got, &err));
    assert_string_equal(got.id, "i-2");
    assert_int_equal(
            pk_incident_find(b->store, "d-1", "network.arp_spoof", "other", b->arena, &got, &err),
            PK_ENOENT);

    assert_ok(pk_incident_open_of(b->store, "d-1", NULL, b->arena, &open, &err));
    assert_int_equal(open.count, 1);
    assert_ok(pk_incident_open_of(b->store, "d-1", in.subject, b->arena, &open, &err));
    assert_int_equal(open.count, 1);
    assert_string_equal(((struct pk_incident *)open.items)[0].id, "i-1");
    assert_ok(pk_incident_open_of(b->store, "d-1", "other", b->arena, &open, &err));
    assert_int_equal(open.count, 0);

    in = row.incident;
    in.state = PK_INCIDENT_DISMISSED;
    in.reason = "our own test";
    in.ended_ms = NOW + 7;
    assert_ok(pk_incident_put(b->store, &in, &err));
    assert_ok(pk_incident_get(b->store, "i-1", b->arena, &row, &err));
    assert_int_equal(row.incident.state, PK_INCIDENT_DISMISSED);
    assert_string_equal(row.incident.reason, "our own test");
    assert_ok(pk_incident_open_of(b->store, "d-1", NULL, b->arena, &open, &err));
    assert_int_equal(open.count, 0);
}

static void test_timeline(void **state)
{
    struct bench *b = *state;
    struct pk_incident in = sample_incident("i-1", "d-1");
    struct pk_array rows;

    add_device(b, "d-1");
    assert_ok(pk_incident_put(b->store, &in, &err));
    assert_ok(pk_timeline_add(b->store, "i-1",
            &(struct pk_timeline_row){ NOW + 2, "told", "policy default", NULL }, &err));
    assert_ok(pk_timeline_add(
            b->store, "i-1", &(struct pk_timeline_row){ NOW, "detected", "agent", "0.95" }, &err));
    assert_ok(pk_timeline_add(
            b->store, "i-1", &(struct pk_timeline_row){ NOW + 2, "sent", "soc", "CEF" }, &err));
    assert_int_equal(pk_timeline_add(b->store, "no such incident",
                             &(struct pk_timeline_row){ NOW, "seen", "agent", NULL }, &err),
            PK_EINVAL);
    assert_ok(pk_timeline_of(b->store, "i-1", b->arena, &rows, &err));
    assert_int_equal(rows.count, 3);
    assert_string_equal(((struct pk_timeline_row *)rows.items)[0].what, "detected");
    assert_string_equal(((struct pk_timeline_row *)rows.items)[1].what, "told");
    assert_null(((struct pk_timeline_row *)rows.items)[1].detail);
    assert_string_equal(((struct pk_timeline_row *)rows.items)[2].by, "soc");
}

/* ---- actions ---- */

static void test_actions(void **state)
{
    struct bench *b = *state;
    struct pk_array list;
    struct pk_action got;
    int64_t ids[4];
    int64_t count;

    for (int i = 0; i < 4; i++) {
        struct pk_action action = {
            .kind = PK_ACTION_ALERT, .target = "d-1", .device = "d-1", .created_ms = NOW + i
        };

        action.payload = json_pack("{s:i}", "n", i);
        assert_ok(pk_action_add(b->store, &action, &err));
        json_decref(action.payload);
        ids[i] = action.id;
        assert_true(i == 0 || ids[i] > ids[i - 1]);
    }
    assert_ok(
            pk_action_pending(b->store, PK_ACTION_ALERT, "d-1", ids[0], 2, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(((struct pk_action *)list.items)[0].id, ids[1]);
    assert_int_equal(((struct pk_action *)list.items)[1].id, ids[2]);
    assert_int_equal(
            json_integer_value(json_object_get(((struct pk_action *)list.items)[0].payload, "n")),
            1);

    assert_ok(pk_action_delivered(b->store, PK_ACTION_ALERT, "d-1", ids[1], NOW + 50, &err));
    assert_ok(pk_action_pending(b->store, PK_ACTION_ALERT, "d-1", 0, 10, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(((struct pk_action *)list.items)[0].id, ids[2]);

    assert_ok(pk_action_mark(
            b->store, ids[2], PK_ACTION_PENDING, NOW + 60, "connection refused", &err));
    assert_ok(pk_action_mark(b->store, ids[2], PK_ACTION_FAILED, NOW + 61, "given up", &err));
    assert_ok(pk_action_get(b->store, ids[2], b->arena, &got, &err));
    assert_int_equal(got.attempts, 2);
    assert_int_equal(got.state, PK_ACTION_FAILED);
    assert_string_equal(got.last_error, "given up");
    assert_int_equal(got.done_ms, NOW + 61);
    assert_ok(pk_action_mark(b->store, ids[1], PK_ACTION_SHOWN, NOW + 70, NULL, &err));
    assert_ok(pk_action_get(b->store, ids[1], b->arena, &got, &err));
    assert_int_equal(got.state, PK_ACTION_SHOWN);
    assert_int_equal(got.attempts, 0);
    assert_int_equal(pk_action_mark(b->store, 999, PK_ACTION_SHOWN, NOW, NULL, &err), PK_ENOENT);

    assert_ok(pk_action_of_device(b->store, "d-1", 3, b->arena, &list, &err));
    assert_int_equal(list.count, 3);
    assert_int_equal(((struct pk_action *)list.items)[0].id, ids[3]);
    assert_ok(pk_action_count_since(b->store, PK_ACTION_ALERT, "d-1", NOW + 1, &count, &err));
    assert_int_equal(count, 3);
}

static void test_targets(void **state)
{
    struct bench *b = *state;
    struct pk_action to_soc = { .kind = PK_ACTION_SIEM, .target = "soc" };
    struct pk_action alert = { .kind = PK_ACTION_ALERT, .target = "d-1", .device = "d-1" };
    struct pk_target_state *t;
    struct pk_array list;

    assert_ok(pk_action_add(b->store, &to_soc, &err));
    assert_ok(pk_action_add(b->store, &to_soc, &err));
    assert_ok(pk_action_add(b->store, &alert, &err));
    assert_ok(pk_target_note(b->store, PK_ACTION_SIEM, "archive", NOW, NULL, &err));
    assert_ok(pk_target_note(b->store, PK_ACTION_SIEM, "archive", NOW + 9, "refused", &err));
    assert_ok(pk_target_states(b->store, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
    t = list.items;
    assert_string_equal(t[0].target, "archive");
    assert_int_equal(t[0].pending, 0);
    assert_int_equal(t[0].last_ok_ms, NOW);
    assert_string_equal(t[0].last_error, "refused");
    assert_string_equal(t[1].target, "soc");
    assert_int_equal(t[1].pending, 2);
    assert_null(t[1].last_error);
    assert_ok(pk_target_note(b->store, PK_ACTION_SIEM, "archive", NOW + 10, NULL, &err));
    assert_ok(pk_target_states(b->store, b->arena, &list, &err));
    t = list.items;
    assert_int_equal(t[0].last_ok_ms, NOW + 10);
    assert_null(t[0].last_error);
}

/* ---- events, audit, progress, meta ---- */

static void test_events(void **state)
{
    struct bench *b = *state;
    struct pk_event_row *rows;
    struct pk_array list;
    int64_t newest;

    for (int i = 0; i < 5; i++) {
        struct pk_event_row row = { .at_ms = NOW + i, .type = "device.seen", .device = "d-1" };

        assert_ok(pk_event_add(b->store, &row, &err));
    }
    assert_ok(pk_audit_add(b->store,
            &(struct pk_audit_row){
                    .at_ms = NOW, .actor = "eve", .act = "token.create", .target = "t-1" },
            &err));
    assert_ok(pk_event_after(b->store, 0, 4, b->arena, &list, &err));
    assert_int_equal(list.count, 4);
    rows = list.items;
    assert_null(rows[0].incident);
    assert_ok(pk_event_after(b->store, rows[3].id, 10, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
    assert_true(((struct pk_event_row *)list.items)[0].id > rows[3].id);
    rows = list.items;
    assert_string_equal(rows[1].type, "audit");
    assert_string_equal(json_string_value(json_object_get(rows[1].detail, "act")), "token.create");
    assert_ok(pk_event_newest(b->store, &newest, &err));
    assert_int_equal(newest, rows[1].id);
    assert_ok(pk_event_after(b->store, newest, 10, b->arena, &list, &err));
    assert_int_equal(list.count, 0);
}

static void test_audit_list(void **state)
{
    struct bench *b = *state;
    const char *who[] = { "eve" };
    const struct pk_filter filter = { "actor", { who, 1 } };
    struct pk_query query = { .limit = 2, .filters = &filter, .filter_count = 1 };
    struct pk_audit_row *rows;
    struct pk_page page;

    for (int i = 0; i < 6; i++) {
        struct pk_audit_row row = { .at_ms = NOW + i,
            .actor = i % 2 == 0 ? "eve" : "bob",
            .act = "incident.dismiss",
            .target = "i-1" };

        row.detail = json_pack("{s:i}", "n", i);
        assert_ok(pk_audit_add(b->store, &row, &err));
        json_decref(row.detail);
    }
    assert_ok(pk_audit_list(b->store, &query, b->arena, &page, &err));
    assert_int_equal(page.total, 3);
    assert_int_equal(page.count, 2);
    rows = page.items;
    assert_int_equal(rows[0].at_ms, NOW + 4);
    assert_int_equal(json_integer_value(json_object_get(rows[1].detail, "n")), 2);
    query.cursor = page.next;
    assert_ok(pk_audit_list(b->store, &query, b->arena, &page, &err));
    assert_int_equal(page.count, 1);
    assert_null(page.next);
}

static void test_progress_and_meta(void **state)
{
    struct bench *b = *state;
    const char *text = "x";
    int64_t at = -1;

    assert_ok(pk_progress_get(b->store, 7, &at, &err));
    assert_int_equal(at, 0);
    assert_ok(pk_progress_put(b->store, 7, 12, &err));
    assert_ok(pk_progress_put(b->store, 7, INT64_C(5000000000), &err));
    assert_ok(pk_progress_get(b->store, 7, &at, &err));
    assert_int_equal(at, INT64_C(5000000000));

    assert_ok(pk_meta_get(b->store, "network_key", b->arena, &text, &err));
    assert_null(text);
    assert_ok(pk_meta_put(b->store, "network_key", "aa", &err));
    assert_ok(pk_meta_put(b->store, "network_key", "bb", &err));
    assert_ok(pk_meta_get(b->store, "network_key", b->arena, &text, &err));
    assert_string_equal(text, "bb");
}

/* ---- enrolment and tokens ---- */

static void test_ledger_counts(void **state)
{
    struct bench *b = *state;
    struct pk_ledger_counts more = { .reports = 1 };
    struct pk_ledger_counts all;

    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        more.by_kind[kind] = kind + 1;
    }
    assert_ok(pk_ledger_counts_get(b->store, "dev-1", &all, &err));
    assert_int_equal(all.reports, 0);
    for (int i = 0; i < 3; i++) {
        assert_ok(pk_ledger_counts_add(b->store, "dev-1", &more, &err));
    }
    assert_ok(pk_ledger_counts_add(b->store, "dev-2", &more, &err));
    assert_ok(pk_ledger_counts_get(b->store, "dev-1", &all, &err));
    assert_int_equal(all.reports, 3);
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        assert_int_equal(all.by_kind[kind], 3 * (kind + 1));
    }
}

static void test_enrollment(void **state)
{
    struct bench *b = *state;
    struct pk_enrollment e = { .id = "e-1",
        .secret_sha256 = "abc",
        .label = "Sales",
        .group = "sales",
        .uses = 2,
        .uses_left = 2,
        .created_ms = NOW,
        .expires_ms = NOW + 900000,
        .created_by = "eve" };
    struct pk_query query = { .limit = 10 };
    struct pk_enrollment got;
    struct pk_page page;

    assert_ok(pk_enrollment_add(b->store, &e, &err));
    assert_int_equal(pk_enrollment_take(b->store, "xyz", NOW, b->arena, &got, &err), PK_ENOENT);
    assert_int_equal(
            pk_enrollment_take(b->store, "abc", e.expires_ms, b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_enrollment_take(b->store, "abc", NOW, b->arena, &got, &err));
    assert_int_equal(got.uses_left, 1);
    assert_string_equal(got.group, "sales");
    assert_ok(pk_enrollment_take(b->store, "abc", NOW, b->arena, &got, &err));
    assert_int_equal(pk_enrollment_take(b->store, "abc", NOW, b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_enrollment_list(b->store, &query, b->arena, &page, &err));
    assert_int_equal(page.count, 1);
    assert_int_equal(((struct pk_enrollment *)page.items)[0].uses_left, 0);
    assert_ok(pk_enrollment_remove(b->store, "e-1", &err));
    assert_int_equal(pk_enrollment_remove(b->store, "e-1", &err), PK_ENOENT);
}

static void add_token(struct bench *b, const char *id, int kind, int64_t expires_ms)
{
    struct pk_token token = { .id = id,
        .kind = kind,
        .secret_sha256 = id,
        .name = "eve",
        .role = PK_ROLE_OWNER,
        .created_ms = NOW,
        .expires_ms = expires_ms };

    assert_ok(pk_token_add(b->store, &token, &err));
}

static void test_tokens(void **state)
{
    struct bench *b = *state;
    struct pk_query query = { .limit = 10 };
    struct pk_token got;
    struct pk_page page;

    add_token(b, "api", PK_TOKEN_API, 0);
    add_token(b, "link", PK_TOKEN_SIGNIN, NOW + 100);
    add_token(b, "late", PK_TOKEN_SESSION, NOW + 100);
    assert_ok(pk_token_use(b->store, PK_TOKEN_API, "api", NOW, b->arena, &got, &err));
    assert_int_equal(got.role, PK_ROLE_OWNER);
    assert_int_equal(got.used_ms, NOW);
    assert_ok(pk_token_use(b->store, PK_TOKEN_API, "api", NOW + 59000, b->arena, &got, &err));
    assert_int_equal(got.used_ms, NOW);
    assert_ok(pk_token_use(b->store, PK_TOKEN_API, "api", NOW + 60000, b->arena, &got, &err));
    assert_int_equal(got.used_ms, NOW + 60000);
    /* of another kind, expired, unknown */
    assert_int_equal(
            pk_token_use(b->store, PK_TOKEN_SESSION, "api", NOW, b->arena, &got, &err), PK_ENOENT);
    assert_int_equal(
            pk_token_use(b->store, PK_TOKEN_SESSION, "late", NOW + 100, b->arena, &got, &err),
            PK_ENOENT);
    assert_int_equal(
            pk_token_take(b->store, PK_TOKEN_SIGNIN, "?", NOW, b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_token_take(b->store, PK_TOKEN_SIGNIN, "link", NOW, b->arena, &got, &err));
    assert_int_equal(
            pk_token_take(b->store, PK_TOKEN_SIGNIN, "link", NOW, b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_token_list(b->store, PK_TOKEN_API, &query, b->arena, &page, &err));
    assert_int_equal(page.total, 1);
    assert_string_equal(((struct pk_token *)page.items)[0].id, "api");
    assert_int_equal(pk_token_remove(b->store, PK_TOKEN_SIGNIN, "api", &err), PK_ENOENT);
    assert_ok(pk_token_remove(b->store, PK_TOKEN_API, "api", &err));
}

/* ---- overview ---- */

static void test_overview(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *id;
        int64_t seen_ms;
        int level;
    } devices[] = {
        { "a", NOW, PK_RISK_LOW },
        { "b", NOW - PK_DEVICE_SILENT_MS - 1, PK_RISK_HIGH },
        { "c", 0, PK_RISK_LOW },
        { "d", NOW, PK_RISK_CRITICAL },
    };
    struct pk_overview o;
    struct pk_incident i;

    for (size_t n = 0; n < PK_COUNT(devices); n++) {
        struct pk_device device = sample_device(devices[n].id);

        device.seen_ms = devices[n].seen_ms;
        device.risk_level = devices[n].level;
        assert_ok(pk_device_add(b->store, &device, &err));
    }
    assert_ok(pk_device_revoke(b->store, "d", NOW, "eve", "lost", &err));
    i = sample_incident("i-1", "a");
    assert_ok(pk_incident_put(b->store, &i, &err));
    i = sample_incident("i-2", "b");
    i.opened_ms = NOW - 2 * PK_DAY_MS;
    assert_ok(pk_incident_put(b->store, &i, &err));
    i = sample_incident("i-3", "b");
    i.state = PK_INCIDENT_RESOLVED;
    i.opened_ms = NOW - 2 * PK_DAY_MS;
    i.ended_ms = NOW - 10;
    assert_ok(pk_incident_put(b->store, &i, &err));

    assert_ok(pk_store_overview(b->store, NOW, b->arena, &o, &err));
    assert_int_equal(o.devices, 4);
    assert_int_equal(o.active, 1);
    assert_int_equal(o.silent, 1);
    assert_int_equal(o.never, 1);
    assert_int_equal(o.revoked, 1);
    assert_int_equal(o.levels[PK_RISK_LOW], 2);
    assert_int_equal(o.levels[PK_RISK_HIGH], 1);
    assert_int_equal(o.levels[PK_RISK_CRITICAL], 0);
    assert_int_equal(o.open, 2);
    assert_int_equal(o.by_severity[PK_SEVERITY_HIGH], 2);
    assert_int_equal(o.opened_24h, 1);
    assert_int_equal(o.resolved_24h, 1);
    assert_int_equal(o.days[13].opened, 1);
    assert_int_equal(o.days[13].resolved, 1);
    assert_int_equal(o.days[11].opened, 2);
    assert_int_equal(o.days[11].devices, 1);
    assert_string_equal(o.days[13].day, "2026-11-18");
    assert_int_equal(o.threats.count, 1);
    assert_int_equal(((struct pk_count *)o.threats.items)[0].count, 2);
    assert_int_equal(((struct pk_count *)o.threats.items)[0].devices, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_device_round_trip),
        TEST(test_device_unknown_and_twice),
        TEST(test_device_each),
        TEST(test_rollback_leaves_nothing),
        TEST(test_incident_round_trip),
        TEST(test_timeline),
        TEST(test_actions),
        TEST(test_targets),
        TEST(test_events),
        TEST(test_audit_list),
        TEST(test_progress_and_meta),
        TEST(test_ledger_counts),
        TEST(test_enrollment),
        TEST(test_tokens),
        TEST(test_overview),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
