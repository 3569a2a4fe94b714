#include "agent/drill.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/loop.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/schema.h"
#include "model/observation.h"
#include "model/threat.h"

#define MINUTES_DEFAULT 5
#define FILE_MAX        4096
#define ASK_MAX         21

struct one {
    char ask[ASK_MAX]; /* "": free */
    const struct pk_threat *threat;
    int64_t until_ms;
};

struct pk_agent_drill {
    struct pk_loop *loop;
    void (*observe)(void *ctx, const struct pk_observation *obs);
    void *ctx;
    struct pk_timer timer;
    struct one items[PK_DRILLS_MAX];
    char path[PATH_MAX];
};

static void say(struct pk_agent_drill *drill, const struct one *one, int state)
{
    struct pk_obs_drill body = {
        .ask = one->ask, .threat = one->threat->id, .subject = PK_DRILL_SUBJECT, .state = state
    };
    struct pk_observation obs = { .at_ms = pk_clock_ms(), .kind = PK_OBS_DRILL, .drill = &body };

    drill->observe(drill->ctx, &obs);
}

static void save(struct pk_agent_drill *drill)
{
    json_t *list = json_array();
    struct pk_error err;
    char *text;

    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        const struct one *one = &drill->items[i];
        char until[PK_TIME_TEXT];

        if (one->ask[0] != '\0') {
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:s, s:s}", "ask", one->ask, "threat", one->threat->id,
                            "until", pk_time_format(one->until_ms, until)));
        }
    }
    text = pk_json_text(list);
    if (text != NULL && pk_file_write(drill->path, pk_slice_str(text), 0600, &err) < 0) {
        pk_event(PK_WARN, "drill.not_saved", { "why", err.text });
    }
    free(text);
    json_decref(list);
}

static void arm(struct pk_agent_drill *drill)
{
    int64_t first_ms = INT64_MAX;
    int64_t now_ms = pk_clock_ms();

    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        if (drill->items[i].ask[0] != '\0' && drill->items[i].until_ms < first_ms) {
            first_ms = drill->items[i].until_ms;
        }
    }
    if (first_ms == INT64_MAX) {
        pk_loop_disarm(drill->loop, &drill->timer);
    } else {
        pk_loop_arm(drill->loop, &drill->timer, first_ms > now_ms ? first_ms - now_ms : 0);
    }
}

static void end_one(struct pk_agent_drill *drill, size_t at)
{
    struct one over = drill->items[at];

    drill->items[at] = (struct one){ 0 };
    save(drill);
    say(drill, &over, PK_DRILL_ENDED);
}

static void on_due(void *ctx)
{
    struct pk_agent_drill *drill = ctx;
    int64_t now_ms = pk_clock_ms();

    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        const struct one *one = &drill->items[i];

        if (one->ask[0] != '\0' && one->until_ms <= now_ms) {
            end_one(drill, i);
        }
    }
    arm(drill);
}

void pk_agent_drill_end(struct pk_agent_drill *drill, const char *ask)
{
    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        const struct one *one = &drill->items[i];

        if (one->ask[0] != '\0' && strcmp(one->ask, ask) == 0) {
            end_one(drill, i);
        }
    }
    arm(drill);
}

struct pk_agent_drill *pk_agent_drill_create(struct pk_loop *loop, const char *state_dir,
        void (*observe)(void *ctx, const struct pk_observation *obs), void *ctx)
{
    struct pk_agent_drill *drill = calloc(1, sizeof(*drill));

    if (drill != NULL) {
        drill->loop = loop;
        drill->observe = observe;
        drill->ctx = ctx;
        (void)snprintf(drill->path, sizeof(drill->path), "%s/drill.json", state_dir);
        pk_timer_init(&drill->timer, on_due, drill);
    }
    return drill;
}

void pk_agent_drill_destroy(struct pk_agent_drill *drill)
{
    if (drill != NULL) {
        pk_loop_disarm(drill->loop, &drill->timer);
        free(drill);
    }
}

static bool may_rehearse(const struct pk_threat *threat)
{
    return threat != NULL && !threat->careful && threat->severity > PK_SEVERITY_INFO;
}

static struct one *free_slot(struct pk_agent_drill *drill)
{
    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        if (drill->items[i].ask[0] == '\0') {
            return &drill->items[i];
        }
    }
    return NULL;
}

static bool is_number(const char *text)
{
    return text != NULL && text[0] != '\0' && strlen(text) < ASK_MAX &&
            text[strspn(text, "0123456789")] == '\0';
}

static void resume_one(struct pk_agent_drill *drill, const json_t *saved, int64_t now_ms)
{
    const char *ask = json_string_value(json_object_get(saved, "ask"));
    const char *threat_id = json_string_value(json_object_get(saved, "threat"));
    const char *until = json_string_value(json_object_get(saved, "until"));
    const struct pk_threat *threat = threat_id != NULL ? pk_threat_find(threat_id) : NULL;
    struct one *slot = free_slot(drill);
    int64_t until_ms = 0;

    if (slot == NULL || !is_number(ask) || !may_rehearse(threat) || until == NULL ||
            pk_time_parse(until, &until_ms) < 0) {
        return;
    }
    *slot = (struct one){ .threat = threat, .until_ms = until_ms };
    (void)snprintf(slot->ask, sizeof(slot->ask), "%s", ask);
    if (until_ms > now_ms + PK_DRILL_MINUTES_MAX * PK_MINUTE_MS) {
        slot->until_ms = now_ms; /* the clock went back */
    }
}

void pk_agent_drill_resume(struct pk_agent_drill *drill)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    json_t *saved = NULL;

    if (pk_file_read(drill->path, &text, NULL) == PK_OK && text.len > 0 &&
            pk_json_parse(text.ptr, text.len, &saved, NULL) == PK_OK) {
        for (size_t i = 0; i < json_array_size(saved); i++) {
            resume_one(drill, json_array_get(saved, i), pk_clock_ms());
        }
    }
    json_decref(saved);
    pk_buffer_finish(&text);
    arm(drill);
}

int pk_agent_drill_start(struct pk_agent_drill *drill, const json_t *command, struct pk_error *err)
{
    const char *ask = json_string_value(json_object_get(command, "id"));
    const char *threat_id = json_string_value(json_object_get(command, "threat"));
    const struct pk_threat *threat = threat_id != NULL ? pk_threat_find(threat_id) : NULL;
    json_int_t minutes = json_integer_value(json_object_get(command, "minutes"));
    struct one *slot = free_slot(drill);

    if (!is_number(ask)) {
        return pk_error_set(err, PK_EMALF, "a drill without a number");
    }
    if (!may_rehearse(threat)) {
        return pk_error_set(err, PK_ENOENT, "a drill of something that is not rehearsed");
    }
    for (size_t i = 0; i < PK_DRILLS_MAX; i++) {
        if (strcmp(drill->items[i].ask, ask) == 0 || drill->items[i].threat == threat) {
            return PK_OK; /* it runs already */
        }
    }
    if (slot == NULL) {
        return pk_error_set(err, PK_ELIMIT, "%d drills run already", PK_DRILLS_MAX);
    }
    minutes = minutes < 1 ? MINUTES_DEFAULT : minutes;
    minutes = minutes > PK_DRILL_MINUTES_MAX ? PK_DRILL_MINUTES_MAX : minutes;
    *slot = (struct one){ .threat = threat, .until_ms = pk_clock_ms() + minutes * PK_MINUTE_MS };
    (void)snprintf(slot->ask, sizeof(slot->ask), "%s", ask);
    save(drill);
    say(drill, slot, PK_DRILL_STARTED);
    arm(drill);
    return PK_OK;
}
