/* The file in which others tell of mobile networks: read as it grows, whatever stands in it. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/sense.h"
#include "base/clock.h"
#include "check.h"
#include "defense/defense.h"

#define STEPS_MAX 16

struct world {
    struct pk_loop *loop;
    struct pk_sense *sense;
    struct pk_timer timer;
    char folder[64];
    char file[96];
    FILE *out;
    size_t step;
    int cells;
    int fakes;
    bool cell_on; /* the sensor */
    char last[4096];
};

static void on_observation(const struct pk_observation *obs, void *ctx)
{
    struct world *w = ctx;
    struct pk_arena *arena = pk_arena_create(256UL * 1024);
    struct pk_findings found = { .count = 0 };
    struct pk_observation numbered = *obs;
    json_t *encoded;
    char *text;

    numbered.seq = 1;
    encoded = pk_observation_encode(&numbered, true);
    text = pk_json_text(encoded);
    if (obs->kind == PK_OBS_AGENT) {
        w->cell_on = strstr(text, "\"name\":\"cell\",\"state\":\"on\"") != NULL;
    }
    if (obs->kind == PK_OBS_CELL) {
        w->cells++;
        assert_null(strstr(text, "262011234567890"));
        assert_null(obs->network);
        (void)snprintf(w->last, sizeof(w->last), "%s", text);
        assert_int_equal(pk_defense_judge(obs, arena, &found), PK_OK);
        for (size_t i = 0; i < found.count; i++) {
            w->fakes += !found.items[i].cleared &&
                    strcmp(found.items[i].threat->id, "network.cell_fake_station") == 0;
        }
    }
    free(text);
    json_decref(encoded);
    pk_arena_destroy(arena);
}

static void say(struct world *w, const char *text)
{
    assert_true(fputs(text, w->out) >= 0);
    assert_int_equal(fflush(w->out), 0);
}

#define CALM "{\"radio\":\"4g\",\"plmn\":\"26201\",\"area\":1,\"cell\":5,\"authenticated\":true}\n"
#define ATTACK                                                                     \
    "{\"kind\":\"cell\",\"cell\":{\"radio\":\"4g\",\"plmn\":\"26201\",\"area\":9," \
    "\"cell\":666,\"identity\":\"imsi\",\"authenticated\":false,\"home\":true,"    \
    "\"ended\":\"reject\",\"frames\":[\"answered 262011234567890\"]}}\n"

/* One thing is written at each step; what it led to is looked at in the next. */
static void step(void *ctx)
{
    struct world *w = ctx;
    char now[PK_TIME_TEXT];
    char line[512];

    switch (w->step++) {
    case 0: /* the file is not there yet */
        assert_int_equal(w->cells, 0);
        w->out = fopen(w->file, "we");
        assert_non_null(w->out);
        say(w, CALM);
        break;
    case 1:
        assert_int_equal(w->cells, 1);
        assert_true(w->cell_on);
        say(w, CALM CALM CALM); /* nothing new */
        break;
    case 2:
        assert_int_equal(w->cells, 1);
        say(w, "rubbish\n{\"kind\":\"tls\"}\n[]\n{\"radio\":\"6g\"}\n\n{\"radio\":\"4g\"");
        break;
    case 3:
        assert_int_equal(w->cells, 1);
        say(w, "}\n"); /* now it is whole */
        break;
    case 4:
        assert_int_equal(w->cells, 2);
        say(w, ATTACK);
        break;
    case 5:
        assert_int_equal(w->cells, 3);
        assert_int_equal(w->fakes, 1);
        assert_non_null(strstr(w->last, "answered #"));
        /* A row of Rayhunter's. */
        (void)snprintf(line, sizeof(line),
                "{\"packet_timestamp\":\"%s\",\"skipped_message_reason\":null,\"events\":[{"
                "\"event_type\":\"High\",\"message\":\"Disconnected after Identity Request without "
                "Auth Accept on home network!\"}]}\n",
                pk_time_format(pk_clock_ms(), now));
        say(w, line);
        break;
    case 6:
        assert_int_equal(w->cells, 4);
        assert_int_equal(w->fakes, 2);
        for (int i = 0; i < 40000; i++) { /* a line that has no end, and what comes after it */
            (void)fputs("xxxxx", w->out);
        }
        say(w, "\n" CALM);
        break;
    case 7:
        break;
    case 8:
        assert_int_equal(w->cells, 5);
        (void)fclose(w->out);
        w->out = fopen(w->file, "we"); /* begun anew */
        say(w, "{\"radio\":\"2g\",\"plmn\":\"26201\",\"area\":1,\"cell\":7}\n");
        break;
    default:
        assert_int_equal(w->cells, 6);
        pk_loop_stop(w->loop);
        return;
    }
    pk_loop_arm(w->loop, &w->timer, 250);
}

static void begin(struct world *w, const char *written)
{
    struct pk_sense_settings settings = { .cell_file = w->file, .place = "u33dc" };
    struct pk_error err;

    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/picket-cell-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->file, sizeof(w->file), "%s/cell.jsonl", w->folder);
    if (written != NULL) {
        FILE *f = fopen(w->file, "we");

        assert_non_null(f);
        assert_true(fputs(written, f) >= 0);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(pk_loop_create(&w->loop, &err), PK_OK);
    assert_int_equal(
            pk_sense_create(w->loop, &settings, on_observation, w, &w->sense, &err), PK_OK);
}

static void end(struct world *w)
{
    pk_sense_destroy(w->sense);
    pk_loop_destroy(w->loop);
    if (w->out != NULL) {
        (void)fclose(w->out);
    }
    (void)unlink(w->file);
    (void)rmdir(w->folder);
}

static void test_grows(void **state)
{
    struct world w = { .step = 0 };
    struct pk_error err;

    (void)state;
    begin(&w, NULL);
    pk_timer_init(&w.timer, step, &w);
    pk_loop_arm(w.loop, &w.timer, 50);
    assert_int_equal(pk_loop_run(w.loop, &err), PK_OK);
    assert_non_null(strstr(w.last, "u33dc"));
    end(&w);
}

static void stop(void *ctx)
{
    struct world *w = ctx;

    pk_loop_stop(w->loop);
}

/* What was written long before the agent began is no news. */
static void test_backlog(void **state)
{
    struct world w = { .step = 0 };
    struct pk_error err;

    (void)state;
    begin(&w,
            "{\"at\":\"2025-01-01T00:00:00Z\",\"kind\":\"cell\",\"cell\":{\"radio\":\"4g\","
            "\"cipher\":\"null\"}}\n"
            "{\"packet_timestamp\":\"2025-01-01T00:00:00Z\",\"events\":[{\"event_type\":\"High\","
            "\"message\":\"Detected 2G downgrade\"}]}\n");
    pk_timer_init(&w.timer, stop, &w);
    pk_loop_arm(w.loop, &w.timer, 300);
    assert_int_equal(pk_loop_run(w.loop, &err), PK_OK);
    assert_int_equal(w.cells, 0);
    assert_true(w.cell_on);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_backlog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
