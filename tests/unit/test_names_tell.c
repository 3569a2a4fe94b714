/* Harmful names merged into few observations, and what of that outlives the agent. */
#include <stdio.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/names_tell.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "check.h"
#include "defense/defense.h"

struct seen {
    struct pk_loop *loop;
    unsigned count;
    unsigned news;
    int64_t counts[80];
    int what;
    char domain[260];
    char wire[4000];
    char subject[120];
};

static void on_observation(void *ctx, const struct pk_observation *obs, bool news)
{
    struct seen *seen = ctx;
    struct pk_arena *arena = pk_arena_create(65536);
    json_t *wire = pk_observation_encode(obs, true);
    char *text = pk_json_text(wire);

    assert_non_null(text);
    assert_true(seen->count < PK_COUNT(seen->counts));
    seen->counts[seen->count++] = obs->name->count;
    seen->news += news;
    seen->what = obs->name->what;
    (void)snprintf(seen->wire, sizeof(seen->wire), "%s", text);
    (void)snprintf(seen->domain, sizeof(seen->domain), "%s",
            obs->name->domain != NULL ? obs->name->domain : "");
    (void)snprintf(seen->subject, sizeof(seen->subject), "%s", pk_name_subject(obs->name, arena));
    free(text);
    json_decref(wire);
    pk_arena_destroy(arena);
    if (obs->name->count == 0) {
        pk_loop_stop(seen->loop);
    }
}

static struct pk_names_tell *create(struct seen *seen, const char *path)
{
    const struct pk_names_tell_hooks hooks = { .observation = on_observation, .ctx = seen };
    struct pk_names_tell *tell = NULL;

    assert_int_equal(pk_names_tell_create(seen->loop, path, &hooks, &tell, NULL), PK_OK);
    return tell;
}

static struct pk_name_decision listed(enum pk_name_what what, const char *family)
{
    return (struct pk_name_decision){ .action = PK_NAME_BLOCK,
        .what = what,
        .hit = { .indicator = "evil.example",
                .source = "feed",
                .family = family,
                .reference = "https://feed.example/x",
                .date = "2026-01-02" } };
}

static void test_merge(void **state)
{
    struct seen seen = { 0 };
    struct pk_names_tell *tell;
    struct pk_name_decision d = listed(PK_NAME_PHISHING, "Camp");

    (void)state;
    assert_int_equal(pk_loop_create(&seen.loop, NULL), PK_OK);
    tell = create(&seen, NULL);
    for (int i = 0; i < 100; i++) {
        pk_names_tell_note(tell, "www.evil.example", &d, PK_NAME_BLOCKED, false);
    }
    assert_int_equal(seen.count, 1); /* a hundred questions, one observation */
    assert_int_equal(seen.counts[0], 1);
    assert_string_equal(seen.domain, "");
    assert_null(strstr(seen.wire, "evil.example")); /* what leaves does not hold the name */
    assert_non_null(strstr(seen.wire, "\"family\":\"Camp\""));
    assert_string_equal(seen.subject, "a phishing site (Camp)");
    pk_names_tell_note(tell, "www.evil.example", &d, PK_NAME_CONTINUED, false);
    assert_int_equal(seen.count, 2);                       /* something else happened */
    assert_int_equal(seen.news, 1);                        /* to the same name */
    d.hit.reference = "https://feed.example/evil.example"; /* spells the name out */
    pk_names_tell_note(tell, "b.evil.example", &d, PK_NAME_BLOCKED, false);
    assert_int_equal(seen.news, 2);
    assert_null(strstr(seen.wire, "evil.example"));
    pk_names_tell_note(tell, "c.evil.example", &d, PK_NAME_BLOCKED, true); /* policy: tell_name */
    assert_string_equal(seen.domain, "c.evil.example");
    assert_string_equal(seen.subject, "c.evil.example");
    assert_null(strstr(seen.wire, "\"seen\""));
    pk_names_tell_destroy(tell);
    pk_loop_destroy(seen.loop);
}

static void test_flood(void **state)
{
    struct seen seen = { 0 };
    struct pk_names_tell *tell;
    struct pk_name_decision d = listed(PK_NAME_CONTROL, NULL);

    (void)state;
    assert_int_equal(pk_loop_create(&seen.loop, NULL), PK_OK);
    tell = create(&seen, NULL);
    for (int i = 0; i < 5000; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "n%d.evil.example", i);
        pk_names_tell_note(tell, name, &d, PK_NAME_BLOCKED, false);
    }
    assert_int_equal(seen.count, PK_NAMES_NEW_MAX);
    assert_string_equal(seen.subject, "a host that controls harmful apps");
    pk_names_tell_destroy(tell);
    pk_loop_destroy(seen.loop);
}

/* A phishing site of two hours ago is over, a control host of yesterday is not. */
static void test_over(void **state)
{
    struct seen seen = { 0 };
    struct pk_names_tell *tell;
    struct pk_name_decision d = listed(PK_NAME_CONTROL, "Fam");
    struct pk_buffer kept = pk_buffer_of(65536);
    char folder[] = "/tmp/names-XXXXXX";
    char path[64];
    char text[512];
    int64_t now_ms = pk_clock_ms();

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/open.json", folder);
    (void)snprintf(text, sizeof(text),
            "[{\"what\":\"phishing\",\"by\":\"list\",\"source\":\"feed\",\"family\":\"Camp\","
            "\"domain\":\"\",\"last_ms\":%lld},"
            "{\"what\":\"control\",\"by\":\"list\",\"source\":\"feed\",\"family\":\"Fam\","
            "\"domain\":\"\",\"last_ms\":%lld}]",
            (long long)(now_ms - 2 * PK_HOUR_MS), (long long)(now_ms - PK_DAY_MS));
    assert_int_equal(pk_file_write(path, pk_slice_str(text), 0600, NULL), PK_OK);
    assert_int_equal(pk_loop_create(&seen.loop, NULL), PK_OK);
    tell = create(&seen, path);
    assert_int_equal(pk_loop_run(seen.loop, NULL), PK_OK); /* until it says "over" */
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.counts[0], 0);
    assert_int_equal(seen.what, PK_NAME_PHISHING);
    assert_string_equal(seen.subject, "a phishing site (Camp)");
    pk_names_tell_note(tell, "secret.evil.example", &d, PK_NAME_BLOCKED, false);
    pk_names_tell_destroy(tell);
    pk_loop_destroy(seen.loop);
    assert_int_equal(pk_file_read(path, &kept, NULL), PK_OK);
    assert_null(strstr(kept.ptr, "evil")); /* no name on disk */
    assert_null(strstr(kept.ptr, "phishing"));
    assert_non_null(strstr(kept.ptr, "control"));
    pk_buffer_finish(&kept);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* The same judge on both sides: what begins here ends here. */
static void test_judge(void **state)
{
    static const struct {
        struct pk_obs_name body;
        const char *threat;
        const char *subject;
        bool cleared;
        bool alerts;
    } rows[] = {
        { { .what = PK_NAME_PHISHING, .family = "Camp", .count = 3, .seen = "x.example" },
                "network.phishing_site", "a phishing site (Camp)", false, true },
        { { .what = PK_NAME_PHISHING, .family = "Camp" }, "network.phishing_site",
                "a phishing site (Camp)", true, false },
        { { .what = PK_NAME_PHISHING,
                  .by = PK_NAME_BY_MODEL,
                  .family = "Bank",
                  .score = 95,
                  .count = 1 },
                "network.phishing_site", "a look-alike of Bank", false, false },
        { { .what = PK_NAME_CONTROL, .count = 1 }, "network.c2_traffic",
                "a host that controls harmful apps", false, true },
        { { .what = PK_NAME_MALWARE, .count = 1, .domain = "x.example" }, "network.c2_traffic",
                "x.example", false, true },
        { { .what = PK_NAME_DENIED, .count = 1 }, NULL, NULL, false, false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(65536);
        struct pk_obs_name body = rows[i].body;
        struct pk_observation o = { .kind = PK_OBS_NAME, .name = &body, .at_ms = 5 };
        struct pk_findings found = { .count = 0 };

        assert_int_equal(pk_defense_judge(&o, arena, &found), PK_OK);
        assert_int_equal(found.count, rows[i].threat != NULL);
        if (rows[i].threat != NULL) {
            assert_string_equal(found.items[0].threat->id, rows[i].threat);
            assert_string_equal(found.items[0].subject, rows[i].subject);
            assert_int_equal(found.items[0].cleared, rows[i].cleared);
            assert_int_equal(found.items[0].confidence >= 0.8, rows[i].alerts);
        }
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_judge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
