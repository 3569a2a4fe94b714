/* A policy over time, on a fake clock: grace, escalation, hold, night, budget, merging, reminders; and that the same
 * history gives the same acts however often it is asked, saved and loaded, live and in a rehearsal. */
#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "policy/rehearse.h"

#define T0       (INT64_C(1795392000000) / PK_DAY_MS * PK_DAY_MS) /* midnight UTC */
#define ACTS_MAX 400

struct bench {
    struct pk_arena *arena;
    struct pk_policy *policy;
    struct pk_guard *guard;
    struct pk_incident live[16];
    struct pk_situation now;
    char acts[ACTS_MAX][120];
    size_t count;
};

static int note(const struct pk_act *act, void *ctx)
{
    struct bench *b = ctx;

    assert_true(b->count < ACTS_MAX);
    assert_non_null(act->why);
    (void)snprintf(b->acts[b->count++], sizeof(b->acts[0]), "%+lldm %s%s %s %s%s",
            (long long)((act->at_ms - T0) / PK_MINUTE_MS), act->would ? "would " : "",
            pk_act_kind_names[act->kind], act->rule, act->incident,
            act->kind == PK_ACT_ON || act->kind == PK_ACT_OFF ? pk_measure_names[act->measure]
                                                              : "");
    return PK_OK;
}

static struct bench *begin(const char *policy)
{
    struct pk_arena *arena = pk_arena_create(256UL << 20);
    struct bench *b = pk_arena_alloc(arena, 1, sizeof(*b));
    struct pk_error err = { 0 };

    b->arena = arena;
    if (pk_policy_parse("p", policy, strlen(policy), &b->policy, &err) < 0) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(pk_guard_create(arena, &b->guard), PK_OK);
    b->now = (struct pk_situation){ .group = "default", .incidents = b->live };
    return b;
}

static void finish(struct bench *b)
{
    pk_policy_destroy(b->policy);
    pk_arena_destroy(b->arena);
}

static void open_one(struct bench *b, const char *id, const char *threat, const char *subject)
{
    const struct pk_threat *t = pk_threat_find(threat);
    struct pk_incident *i = &b->live[b->now.incident_count++];

    assert_non_null(t);
    *i = (struct pk_incident){
        .threat = t, .subject = subject, .severity = t->severity, .confidence = 0.95
    };
    (void)snprintf(i->id, sizeof(i->id), "%s", id);
}

static void close_one(struct bench *b, const char *id)
{
    for (size_t i = 0; i < b->now.incident_count; i++) {
        if (strcmp(b->live[i].id, id) == 0) {
            memmove(&b->live[i], &b->live[i + 1],
                    (b->now.incident_count - i - 1) * sizeof(b->live[0]));
            b->now.incident_count--;
            return;
        }
    }
    fail_msg("no incident %s", id);
}

static void step(struct bench *b, int64_t minutes)
{
    assert_int_equal(
            pk_guard_step(b->guard, b->policy, &b->now, T0 + minutes * PK_MINUTE_MS, note, b),
            PK_OK);
}

static void expect(struct bench *b, const char *const *acts)
{
    size_t n = 0;

    while (acts[n] != NULL) {
        if (n >= b->count || strcmp(acts[n], b->acts[n]) != 0) {
            fail_msg("act %zu: wanted '%s', got '%s'", n, acts[n],
                    n < b->count ? b->acts[n] : "nothing");
        }
        n++;
    }
    if (b->count > n) {
        fail_msg("one too many: '%s'", b->acts[n]);
    }
}
#define EXPECT(b, ...) expect(b, (const char *const[]){ __VA_ARGS__, NULL })

#define HEAD "version: 1\nname: x\n"

static void test_grace_escalation_hold(void **state)
{
    struct bench *b = begin(HEAD "rules:\n"
                                 "  - name: a\n"
                                 "    when: {threats: [physical.no_passcode]}\n"
                                 "    do: [alert]\n"
                                 "    after: 30m\n"
                                 "    hold: 10m\n"
                                 "    escalate:\n"
                                 "      - {after: 2h, do: [block_mail]}\n"
                                 "      - {after: 3h, do: [tell_admins, alert]}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    step(b, 20); /* nothing yet */
    step(b, 300);
    close_one(b, "i1");
    step(b, 301);
    step(b, 400);
    EXPECT(b, "+30m tell a i1", "+150m on a i1block_mail", "+210m remind a i1", "+210m admins a i1",
            "+301m close a i1", "+311m off  block_mail");
    finish(b);
}

static void test_grace_ends_early(void **state)
{
    struct bench *b = begin(
            HEAD "rules:\n  - {name: a, when: {severity: medium}, do: [alert], after: 30m}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    close_one(b, "i1");
    step(b, 29);
    step(b, 500);
    assert_int_equal(b->count, 0);
    assert_int_equal(pk_guard_due(b->guard), 0);
    finish(b);
}

static void test_hold_bridges(void **state)
{
    struct bench *b = begin(
            HEAD "rules:\n  - {name: a, when: {severity: medium}, do: [block_vpn], hold: 10m}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    close_one(b, "i1");
    step(b, 5);
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 9);
    close_one(b, "i1");
    step(b, 20);
    step(b, 40);
    EXPECT(b, "+0m on a i1block_vpn", "+30m off  block_vpn");
    finish(b);
}

static void test_budget(void **state)
{
    struct bench *b = begin(HEAD "alerts: {per_week: 2, most: 3, urgent: high}\n"
                                 "rules:\n  - {name: a, when: {severity: low}, do: [alert]}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    open_one(b, "i2", "physical.usb_debugging", "device");
    step(b, 60);
    open_one(b, "i3", "physical.no_encryption", "device");
    step(b, 120); /* held */
    open_one(b, "i4", "network.arp_spoof", "net-1");
    step(b, 180); /* urgent */
    open_one(b, "i5", "network.arp_spoof", "net-2");
    step(b, 240); /* more than most */
    close_one(b, "i5");
    step(b, 300);
    step(b, 7 * 1440 + 10);
    EXPECT(b, "+0m tell a i1", "+60m tell a i2", "+120m hold a i3", "+180m tell a i4",
            "+240m hold a i5", "+10080m tell a i3");
    finish(b);
}

static void test_quiet(void **state)
{
    struct bench *b = begin(
            HEAD "alerts: {quiet: {from: \"22:00\", to: \"07:00\", utc_offset: \"+01:00\"}}\n"
                 "rules:\n  - {name: a, when: {severity: low}, do: [alert]}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 30); /* 01:30 there */
    open_one(b, "i2", "network.arp_spoof", "net-1");
    step(b, 60); /* is going on: told at night */
    step(b, 600);
    EXPECT(b, "+30m hold a i1", "+60m tell a i2", "+360m tell a i1");
    finish(b);
}

static void test_merge(void **state)
{
    struct bench *b = begin(
            HEAD "rules:\n  - {name: a, when: {severity: low}, do: [alert], remind: daily}\n");

    (void)state;
    open_one(b, "i1", "network.tls_untrusted_ca", "net-1");
    step(b, 0);
    open_one(b, "i2", "network.arp_spoof", "net-1"); /* the same network */
    step(b, 1);
    open_one(b, "i3", "network.arp_spoof", "net-2"); /* another */
    step(b, 2);
    close_one(b, "i1");
    step(b, 3); /* i2 goes on: nothing is taken back */
    close_one(b, "i2");
    step(b, 4);
    open_one(b, "i4", "network.arp_spoof", "net-1"); /* back within ten minutes */
    step(b, 8);
    step(b, 30); /* and it lasts */
    EXPECT(b, "+0m tell a i1", "+1m merge a i2", "+2m tell a i3", "+4m close a i1",
            "+8m merge a i4", "+10m tell a i4");
    finish(b);
}

static void test_reminders(void **state)
{
    struct bench *b = begin(
            HEAD "rules:\n  - {name: a, when: {severity: low}, do: [alert], remind: 3-daily}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    step(b, 7 * 1440);
    close_one(b, "i1");
    step(b, 7 * 1440 + 1);
    step(b, 30 * 1440);
    EXPECT(b, "+0m tell a i1", "+4320m remind a i1", "+8640m remind a i1", "+10081m close a i1");
    finish(b);
}

static void test_detect_and_groups(void **state)
{
    struct bench *b = begin(HEAD "rules:\n"
                                 "  - {name: a, when: {severity: low}, do: [alert], mode: detect}\n"
                                 "  - {name: b, when: {severity: low}, do: [block_mail]}\n"
                                 "groups:\n"
                                 "  - name: field\n"
                                 "    without: [b]\n"
                                 "    rules:\n"
                                 "      - {name: a, when: {severity: low}, do: [alert]}\n");

    (void)state;
    open_one(b, "i1", "physical.no_passcode", "device");
    step(b, 0);
    b->now.group = "field";
    step(b, 1);
    EXPECT(b, "+0m on b i1block_mail", "+0m would tell a i1", "+1m tell a i1",
            "+1m off  block_mail");
    finish(b);
}

static void test_about_device(void **state)
{
    struct bench *b = begin(HEAD "rules:\n"
                                 "  - name: hot\n"
                                 "    when: {about: device, risk: high}\n"
                                 "    do: [block_access, tell_admins]\n"
                                 "    after: 5m\n"
                                 "    hold: 1h\n");

    (void)state;
    b->now.risk_level = PK_RISK_HIGH;
    step(b, 0);
    step(b, 6);
    b->now.risk_level = PK_RISK_LOW;
    step(b, 7);
    step(b, 100);
    EXPECT(b, "+5m admins hot ", "+5m on hot block_access", "+67m off  block_access");
    finish(b);
}

/* ---- the same history, asked in many ways ------------------------------------------------------------- */

static const char busy[] = HEAD
        "alerts: {per_week: 3, most: 5, merge_hours: 12, quiet: {from: \"21:00\", to: \"06:00\"}}\n"
        "rules:\n"
        "  - {name: net, when: {threats: [\"network.*\"], severity: medium}, do: [alert, siem, "
        "block_vpn], hold: 20m}\n"
        "  - {name: door, when: {threats: [\"physical.*\"]}, do: [alert], after: 1h, remind: "
        "daily,\n"
        "     escalate: [{after: 2d, do: [block_mail, alert]}, {after: 4d, do: [tell_admins]}]}\n"
        "  - {name: hot, when: {about: device, risk: high}, do: [block_access], hold: 3h}\n"
        "  - {name: try, when: {severity: low}, do: [alert, block_vpn], mode: detect, remind: "
        "weekly}\n";

static const char *const threats[] = { "network.arp_spoof", "network.tls_untrusted_ca",
    "network.open_wifi", "physical.no_passcode", "physical.usb_debugging", "malware.adware",
    "network.evil_twin" };
static const char *const subjects[] = { "net-1", "net-2", "device" };

static unsigned random_of(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % n;
}

/* One change of the situation. */
static void change(struct bench *b, unsigned *seed, int number)
{
    if (b->now.incident_count > 0 && (random_of(seed, 2) == 0 || b->now.incident_count > 9)) {
        unsigned which = random_of(seed, (unsigned)b->now.incident_count);
        char id[PK_ID_TEXT];

        memcpy(id, b->live[which].id, sizeof(id));
        close_one(b, id);
    } else {
        char id[PK_ID_TEXT];

        (void)snprintf(id, sizeof(id), "n%d", number);
        open_one(b, id, threats[random_of(seed, PK_COUNT(threats))],
                subjects[random_of(seed, PK_COUNT(subjects))]);
    }
    if (random_of(seed, 4) == 0) {
        b->now.risk_level = (int)random_of(seed, 4);
    }
}

#define CHANGES 60

/* extra: steps in between without news; reload: save and load at each. */
static void live(struct bench *b, unsigned seed, bool extra, bool reload)
{
    unsigned more = seed * 77 + 5;
    int64_t minutes = 0;

    for (int i = 0; i < CHANGES; i++) {
        int64_t next = minutes + 1 + random_of(&seed, 600);

        while (extra && minutes < next - 1 && random_of(&more, 3) > 0) {
            minutes += 1 + random_of(&more, (unsigned)(next - minutes - 1));
            assert_int_equal(
                    pk_guard_wait(b->guard, b->policy, T0 + minutes * PK_MINUTE_MS, note, b),
                    PK_OK);
            step(b, minutes);
        }
        minutes = next;
        change(b, &seed, i);
        step(b, minutes);
        if (reload) {
            json_t *state = pk_guard_save(b->guard);

            assert_int_equal(pk_guard_load(state, b->arena, &b->guard, NULL), PK_OK);
            json_decref(state);
        }
    }
    assert_int_equal(pk_guard_wait(b->guard, b->policy, T0 + 40 * PK_DAY_MS, note, b), PK_OK);
}

static void test_same_however_asked(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct bench *plain = begin(busy);

        live(plain, seed, false, false);
        assert_true(plain->count > 5);
        for (int way = 0; way < 2; way++) {
            struct bench *other = begin(busy);

            live(other, seed, true, way == 1);
            for (size_t i = 0; i < plain->count || i < other->count; i++) {
                if (i >= plain->count || i >= other->count ||
                        strcmp(plain->acts[i], other->acts[i]) != 0) {
                    fail_msg("seed %u, act %zu: '%s' and '%s'", seed, i,
                            i < plain->count ? plain->acts[i] : "",
                            i < other->count ? other->acts[i] : "");
                }
            }
            finish(other);
        }
        finish(plain);
    }
}

/* Never more than the week's budget, in any seven days. */
static void test_never_above_budget(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct bench *b = begin(busy);
        int64_t at[ACTS_MAX];
        size_t n = 0;

        live(b, seed, false, false);
        for (size_t i = 0; i < b->count; i++) {
            if (strstr(b->acts[i], "m tell ") == NULL && strstr(b->acts[i], "m remind ") == NULL) {
                continue;
            }
            at[n++] = strtoll(b->acts[i], NULL, 10);
            if (n > 5) {
                assert_true(at[n - 1] - at[n - 6] >= (int64_t)7 * 1440);
            }
        }
        finish(b);
    }
}

/* ---- rehearsal ------------------------------------------------------------------------------------------ */

struct log {
    struct pk_arena *arena;
    struct pk_fact facts[1000];
    size_t count;
};

static int log_fact(const struct pk_fact *fact, void *ctx)
{
    struct log *log = ctx;

    assert_true(log->count < PK_COUNT(log->facts));
    log->facts[log->count] = *fact;
    log->facts[log->count++].subject = pk_arena_strdup(log->arena, fact->subject);
    return PK_OK;
}

static int64_t count_of(const struct bench *b, const char *what)
{
    int64_t n = 0;

    for (size_t i = 0; i < b->count; i++) {
        n += strstr(b->acts[i], what) != NULL;
    }
    return n;
}

/* What a rehearsal says is what happens. */
static void test_rehearsal_is_true(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct bench *b = begin(busy);
        struct log *log = pk_arena_alloc(b->arena, 1, sizeof(*log));
        struct pk_rehearse *r = NULL;
        struct pk_rehearsal sum;
        unsigned s = seed;
        int64_t minutes = 0;

        log->arena = b->arena;
        for (int i = 0; i < CHANGES; i++) {
            struct pk_situation before;

            minutes += 1 + random_of(&s, 600);
            change(b, &s, i);
            pk_guard_situation(b->guard, &before);
            assert_int_equal(pk_facts_diff(i == 0 ? NULL : &before, &b->now,
                                     T0 + minutes * PK_MINUTE_MS, b->arena, log_fact, log),
                    PK_OK);
            step(b, minutes);
        }
        assert_int_equal(pk_guard_wait(b->guard, b->policy, T0 + 40 * PK_DAY_MS, note, b), PK_OK);
        assert_int_equal(pk_rehearse_create(b->policy, T0, T0 + 40 * PK_DAY_MS, &r, NULL), PK_OK);
        assert_int_equal(
                pk_rehearse_device(r, log->facts, log->count, T0 + 40 * PK_DAY_MS, NULL), PK_OK);
        assert_int_equal(pk_rehearse_result(r, b->arena, &sum), PK_OK);
        assert_int_equal(sum.alerts + sum.silent, count_of(b, "m tell "));
        assert_int_equal(sum.reminders, count_of(b, "m remind "));
        assert_int_equal(sum.merged, count_of(b, "m merge "));
        assert_int_equal(sum.held, count_of(b, "m hold "));
        assert_int_equal(sum.closed, count_of(b, "m close "));
        assert_int_equal(sum.admins, count_of(b, "m admins "));
        assert_int_equal(sum.measure_begun[PK_MEASURE_BLOCK_VPN], count_of(b, "m on net"));
        assert_int_equal(sum.measure_begun[PK_MEASURE_BLOCK_ACCESS], count_of(b, "m on hot"));
        assert_true(sum.siem > 0);
        assert_true(sum.alerts_most <= 5);
        pk_rehearse_destroy(r);
        finish(b);
    }
}

/* A row that somebody damaged is refused or read as far as it goes, and never believed blindly. */
static void test_damaged_state(void **state)
{
    static const char *const bad[] = { "{}", "{\"v\":2}",
        "{\"v\":1,\"now\":1,\"due\":1,\"group\":\"g\",\"is\":[0,0,0,0]}",
        "{\"v\":1,\"now\":\"x\",\"due\":1,\"group\":\"g\",\"is\":[0,0,0,0,0]}" };
    struct pk_arena *arena = pk_arena_create(64UL << 20);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        struct pk_guard *guard = NULL;
        json_t *o = json_loads(bad[i], 0, NULL);

        assert_non_null(o);
        assert_int_equal(pk_guard_load(o, arena, &guard, NULL), PK_EMALF);
        json_decref(o);
    }
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grace_escalation_hold),
        cmocka_unit_test(test_grace_ends_early),
        cmocka_unit_test(test_hold_bridges),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_reminders),
        cmocka_unit_test(test_detect_and_groups),
        cmocka_unit_test(test_about_device),
        cmocka_unit_test(test_same_however_asked),
        cmocka_unit_test(test_never_above_budget),
        cmocka_unit_test(test_rehearsal_is_true),
        cmocka_unit_test(test_damaged_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
