#include "agent/places_watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/place_file.h"
#include "agent/places.h"
#include "agent/settings.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "model/situation.h"

#define FILE_NAME "places"
#define LOOK_MS   PK_MINUTE_MS
#define SOON_MS   (5 * PK_SECOND_MS) /* the server hears of the network first */

struct pk_agent_places {
    struct pk_loop *loop;
    const struct pk_agent_settings *settings;
    void (*hint)(void *ctx);
    void *ctx;
    struct pk_uplink *uplink; /* NULL: alone */
    struct pk_places *places;
    struct pk_timer timer;
    bool kept; /* the file was written or read: if it is gone, somebody wants us to forget */
    char path[PATH_MAX];
};

static void path_of(const struct pk_agent_settings *settings, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/" FILE_NAME, settings->state_dir);
}

static bool load(const char *path, struct pk_places *places)
{
    struct pk_buffer bytes = pk_buffer_of(PK_PLACES_BYTES);
    bool there = pk_file_read(path, &bytes, NULL) == PK_OK &&
            pk_places_read(places, pk_buffer_slice(&bytes)) == PK_OK;

    pk_buffer_finish(&bytes);
    return there;
}

static void save(struct pk_agent_places *a)
{
    struct pk_buffer bytes = pk_buffer_of(PK_PLACES_BYTES);
    struct pk_error err = { 0 };
    int rc = pk_places_write(a->places, &bytes);

    rc = rc < 0 ? rc : pk_file_write(a->path, pk_buffer_slice(&bytes), 0600, &err);
    a->kept = a->kept || rc == PK_OK;
    if (rc < 0) {
        pk_event(PK_WARN, "places.unsaved", { "why", pk_code_text(rc) });
    }
    pk_buffer_finish(&bytes);
}

static void forget_when_told(struct pk_agent_places *a)
{
    struct pk_places *fresh;

    if (!a->kept || access(a->path, F_OK) == 0) {
        return;
    }
    fresh = pk_places_create();
    if (fresh != NULL) {
        pk_places_destroy(a->places);
        a->places = fresh;
        a->kept = false;
    }
}

/* ---- asking --------------------------------------------------------------------------------------- */

static void warn(struct pk_agent_places *a)
{
    if (pk_places_warns(a->places, pk_clock_ms())) {
        save(a);
        a->hint(a->ctx);
    }
}

static void taken(void *ctx, int status, struct pk_slice body)
{
    struct pk_agent_places *a = ctx;
    struct pk_error err = { 0 };

    if (status != 200) {
        return; /* an older server, or none now: in some hours again */
    }
    if (pk_places_answer(a->places, body, pk_clock_ms(), &err) < 0) {
        pk_event(PK_WARN, "places.answer", { "why", err.text });
        return;
    }
    save(a);
    warn(a);
}

static void ask(struct pk_agent_places *a)
{
    struct pk_buffer question = pk_buffer_of(PK_UPLINK_BODY);

    if (a->uplink != NULL && pk_uplink_is_free(a->uplink) &&
            pk_places_question(a->places, pk_clock_ms(), &question) == PK_OK) {
        save(a);
        (void)!pk_uplink_ask(a->uplink, "/v1/zones", question.ptr, PK_PLACES_BYTES, taken, a);
    }
    pk_buffer_finish(&question);
}

static void on_timer(void *ctx)
{
    struct pk_agent_places *a = ctx;
    char text[PK_PLACE_TEXT];

    forget_when_told(a);
    if (pk_places_at(a->places, pk_place_now(a->settings->place_file, a->settings->place, text))) {
        save(a);
        warn(a);
    }
    ask(a);
    pk_loop_arm(a->loop, &a->timer, LOOK_MS);
}

/* ---- life ----------------------------------------------------------------------------------------- */

struct pk_agent_places *pk_agent_places_create(struct pk_loop *loop,
        const struct pk_agent_settings *settings, void (*hint)(void *ctx), void *ctx)
{
    struct pk_agent_places *a = calloc(1, sizeof(*a));

    if (a == NULL) {
        return NULL;
    }
    a->loop = loop;
    a->settings = settings;
    a->hint = hint;
    a->ctx = ctx;
    a->places = pk_places_create();
    if (a->places == NULL) {
        free(a);
        return NULL;
    }
    path_of(settings, a->path);
    a->kept = load(a->path, a->places);
    pk_timer_init(&a->timer, on_timer, a);
    pk_loop_arm(loop, &a->timer, SOON_MS);
    return a;
}

void pk_agent_places_destroy(struct pk_agent_places *places)
{
    if (places != NULL) {
        pk_loop_disarm(places->loop, &places->timer);
        pk_places_destroy(places->places);
        free(places);
    }
}

void pk_agent_places_start(struct pk_agent_places *places, struct pk_uplink *uplink)
{
    places->uplink = uplink;
}

void pk_agent_places_look(struct pk_agent_places *places)
{
    pk_loop_arm_sooner(places->loop, &places->timer, SOON_MS);
}

json_t *pk_agent_places_status(const struct pk_agent_places *places)
{
    return pk_places_status(places->places);
}

/* ---- commands ------------------------------------------------------------------------------------- */

int pk_places_light_here(const struct pk_agent_settings *settings, double *p)
{
    struct pk_places *places = pk_places_create();
    char path[PATH_MAX];
    char text[PK_PLACE_TEXT];
    int light = PK_ZONE_STANDING_UNKNOWN;

    path_of(settings, path);
    if (places != NULL && load(path, places)) {
        light = pk_places_light(places, pk_place_now(settings->place_file, settings->place, text),
                pk_clock_ms(), p);
    }
    pk_places_destroy(places);
    return light;
}

static int show(const char *path, bool json)
{
    struct pk_places *places = pk_places_create();
    json_t *status;

    if (places == NULL) {
        return 3;
    }
    (void)load(path, places);
    status = pk_places_status(places);
    if (json) {
        char *text = json_dumps(status, JSON_COMPACT);

        (void)puts(text != NULL ? text : "{}");
        free(text);
    } else {
        (void)printf("%lld ways between places are kept on this device, and nowhere else.\n",
                (long long)json_integer_value(json_object_get(status, "pairs")));
    }
    json_decref(status);
    pk_places_destroy(places);
    return 0;
}

int pk_places_command(const struct pk_agent_settings *settings, const char *verb, bool json)
{
    char path[PATH_MAX];

    path_of(settings, path);
    if (verb == NULL) {
        return show(path, json);
    }
    if (strcmp(verb, "forget") != 0) {
        (void)fprintf(stderr, "picket-agent: usage: places [forget]\n");
        return 2;
    }
    if (unlink(path) < 0 && errno != ENOENT) {
        (void)fprintf(stderr, "picket-agent: cannot remove '%s': %s\n", path, pk_code_text(-errno));
        return 3;
    }
    if (!json) {
        (void)puts("Forgotten. A running agent forgets within a minute.");
    }
    return 0;
}
