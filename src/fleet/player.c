#include "fleet/player.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define TIMEOUT_MS (30 * PK_SECOND_MS)
/* Reports of one phone: far apart enough for the server's limit of one a second. */
#define EVERY_MS 2200
#define LATER_MS 3000
#define MOST     120 /* observations in a report */

/* Choices of struct pk_obs_choice. */
enum {
    SHOWN,
    CLOSED,
    ACTED,
    IGNORED,
    MISTAKE,
};

/* The first Android phone behind the tenth one that lives its week; none: fleet->count. */
static size_t bad_phone(uint64_t seed, size_t count, int64_t at_ms)
{
    for (size_t i = 10; i < count; i++) {
        struct pk_phone phone;

        pk_phone_make(seed, i, at_ms, &phone);
        if (phone.posture.platform == PK_PLATFORM_ANDROID && i % 67 != 66) {
            return i;
        }
    }
    return count;
}

int pk_world_make(struct pk_world *world, struct pk_fleet *fleet, struct pk_error *err)
{
    world->fleet = fleet;
    pk_fleet_apps_make();
    world->bad_index = bad_phone(world->seed, fleet->count, world->start_ms);
    world->trouble_count = pk_places_troubles(world->start_ms, world->end_ms, world->troubles);
    world->arena = pk_arena_create(256UL * 1024);
    if (world->arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (pk_fact_forged_chain("check-1.example", "Free WiFi Security CA", world->start_ms,
                world->arena, &world->forged) < 0) {
        return pk_error_set(err, PK_ECRYPTO, "cannot make a certificate");
    }
    return PK_OK;
}

void pk_world_finish(struct pk_world *world)
{
    pk_arena_destroy(world->arena);
}

int pk_player_init(struct pk_player *player, struct pk_world *world, struct pk_fleet_device *device,
        struct pk_error *err)
{
    *player = (struct pk_player){
        .world = world,
        .device = device,
        .random = pk_random_of(world->seed ^ 0x706C6179U, device->index + 1),
        .pending = json_array(),
        .request = pk_buffer_of(1024UL * 1024),
    };
    player->earliest_ms = pk_clock_monotonic_ms() + pk_random_below(&player->random, EVERY_MS);
    device->owner = player;
    pk_phone_make(world->seed, device->index, world->start_ms, &player->phone);
    /* Some phones were enrolled and never started. */
    if (device->index % 67 == 66) {
        return PK_OK;
    }
    return pk_week_make(world->seed, device->index, world->start_ms, world->end_ms, world->troubles,
                   world->trouble_count, &player->week) == PK_OK
            ? PK_OK
            : pk_error_set(err, PK_ENOMEM, "out of memory");
}

void pk_player_finish(struct pk_player *player)
{
    json_decref(player->pending);
    pk_buffer_finish(&player->request);
    pk_week_finish(&player->week);
}

/* ---- what a moment is in observations --------------------------------------------------------- */

static void say(struct pk_player *p, json_t *observation)
{
    (void)json_array_append_new(p->pending, observation);
}

static struct pk_fact fact(struct pk_player *p, int64_t at_ms, const char *network)
{
    return (struct pk_fact){ .seq = p->device->next_seq++, .at_ms = at_ms, .network = network };
}

static void look(struct pk_player *p, int64_t at_ms, const char *network, int place,
        const struct pk_fact_router *router)
{
    const struct pk_world *w = p->world;
    enum pk_trouble trouble = p->on_twin
            ? PK_TROUBLE_TWIN
            : pk_places_trouble_at(w->troubles, w->trouble_count, place, at_ms);
    bool read_along = trouble == PK_TROUBLE_TLS || p->on_twin;
    bool rival = trouble == PK_TROUBLE_ARP || trouble == PK_TROUBLE_ROUTER;
    struct pk_fact f = fact(p, at_ms, network);

    say(p,
            pk_fact_gateway(&f, router,
                    !rival                              ? NULL
                            : trouble == PK_TROUBLE_ARP ? "66:6f:72:67:65:64"
                                                        : "3c:a6:2f:ee:00:01",
                    trouble == PK_TROUBLE_ARP));
    f = fact(p, at_ms + 300, network);
    say(p, pk_fact_dns(&f, router, trouble == PK_TROUBLE_DNS ? "203.0.113.66" : NULL));
    f = fact(p, at_ms + 600, network);
    say(p, pk_fact_tls(&f, "check-1.example", read_along ? &w->forged : NULL));
    f = fact(p, at_ms + 900, network);
    say(p, pk_fact_tls(&f, "check-2.example", p->on_twin ? &w->forged : NULL));
}

static void improve(struct pk_player *p, int64_t at_ms)
{
    if (p->phone.updates_midweek) {
        pk_phone_update(&p->phone, at_ms);
    }
    if (p->phone.encrypts_midweek) {
        p->phone.posture.disk_encrypted = PK_TRI_YES;
    }
}

static void tell_apps(struct pk_player *p, int64_t at_ms)
{
    struct pk_fact f;

    if (p->phone.posture.platform == PK_PLATFORM_LINUX) {
        return;
    }
    f = fact(p, at_ms, NULL);
    say(p, pk_fact_apps(&f, p->phone.posture.platform, p->world->seed, p->device->index));
}

/* One phone in the middle of the week. */
static void tell_bad_app(struct pk_player *p, int64_t at_ms)
{
    struct pk_fact f;

    if (p->device->index != p->world->bad_index || at_ms > p->world->end_ms) {
        return;
    }
    f = fact(p, at_ms, NULL);
    say(p, pk_fact_bad_app(&f));
}

static void tell(struct pk_player *p, const struct pk_moment *m)
{
    char network[PK_NETWORK_ID] = "";
    struct pk_place_text text;
    struct pk_fact_router router = { 0 };
    struct pk_place place = { 0 };
    struct pk_fact f;

    if (m->place >= 0) {
        pk_place_get(m->place, &place, &router, &text);
        pk_fact_network_id(p->world->fleet->network_key, place.name, network);
        if (m->kind == PK_MOMENT_JOINED) {
            p->on_twin = pk_places_trouble_at(p->world->troubles, p->world->trouble_count, m->place,
                                 m->at_ms) == PK_TROUBLE_TWIN;
        }
        if (p->on_twin) {
            pk_place_twin(m->place, &router, &text);
        }
    }
    if (m->kind == PK_MOMENT_LOOKED && m->place >= 0) {
        look(p, m->at_ms, network, m->place, &router);
        return;
    }
    if (m->kind == PK_MOMENT_UPDATED) {
        improve(p, m->at_ms);
    }
    f = fact(p, m->at_ms, m->place >= 0 ? network : NULL);
    switch (m->kind) {
    case PK_MOMENT_STARTED:
        say(p, pk_fact_started(&f, PK_VERSION));
        tell_apps(p, m->at_ms + PK_SECOND_MS);
        break;
    case PK_MOMENT_POSTURE:
        say(p, pk_fact_posture(&f, &p->phone.posture));
        break;
    case PK_MOMENT_UPDATED:
        say(p, pk_fact_posture(&f, &p->phone.posture));
        tell_bad_app(p, m->at_ms + PK_HOUR_MS);
        break;
    case PK_MOMENT_JOINED:
        say(p,
                pk_fact_joined(&f, &router, place.link, place.security,
                        place.kind == PK_PLACE_MOBILE ? NULL : text.bssid, place.geohash));
        break;
    case PK_MOMENT_CAPTIVE:
        say(p, pk_fact_portal(&f, true, place.portal));
        break;
    case PK_MOMENT_FREE:
        say(p, pk_fact_portal(&f, false, NULL));
        break;
    case PK_MOMENT_LEFT:
        p->on_twin = false;
        say(p, pk_fact_left(&f, place.link));
        break;
    case PK_MOMENT_LOOKED:
        break;
    }
}

/* The person reacts to what the phone showed. */
static void choose(struct pk_player *p, int64_t at_ms)
{
    while (p->choice_count > 0) {
        size_t i = --p->choice_count;
        int64_t dice = pk_random_below(&p->random, 100);
        struct pk_fact f = fact(p, at_ms, NULL);

        say(p, pk_fact_choice(&f, p->choices[i].threat, SHOWN, p->choices[i].alert));
        if (dice < 88) {
            f = fact(p, at_ms + 1000, NULL);
            say(p,
                    pk_fact_choice(&f, p->choices[i].threat,
                            dice < 45           ? ACTED
                                    : dice < 72 ? CLOSED
                                    : dice < 84 ? IGNORED
                                                : MISTAKE,
                            p->choices[i].alert));
        }
    }
}

/* ---- reports ---------------------------------------------------------------------------------- */

/* A question for a file: sent when the line is free. */
static void note_question(struct pk_player *p, const json_t *command)
{
    const char *type = json_string_value(json_object_get(command, "type"));
    const char *sha256 = json_string_value(json_object_get(command, "sha256"));
    const struct pk_fleet_app *app = type != NULL && sha256 != NULL && strcmp(type, "send_app") == 0
            ? pk_fleet_app_of(sha256)
            : NULL;

    if (app == NULL || p->send_count == PK_PLAYER_SENDS) {
        return;
    }
    for (size_t i = 0; i < p->send_count; i++) {
        if (p->sends[i] == app) {
            return; /* it comes again until it is acknowledged */
        }
    }
    p->sends[p->send_count++] = app;
}

static void note_alerts(struct pk_player *p, const json_t *answer)
{
    size_t i;
    const json_t *command;

    json_array_foreach (json_object_get(answer, "commands"), i, command) {
        const char *id = json_string_value(json_object_get(command, "id"));
        const char *threat = json_string_value(json_object_get(command, "threat"));

        note_question(p, command);
        if (id == NULL || threat == NULL || strlen(id) > 60 || strlen(threat) > 60 ||
                p->choice_count == PK_PLAYER_CHOICES || strtoll(id, NULL, 10) <= p->last_alert) {
            continue; /* it comes again until it is acknowledged */
        }
        p->last_alert = strtoll(id, NULL, 10);
        (void)snprintf(p->choices[p->choice_count].threat, 64, "%s", threat);
        (void)snprintf(p->choices[p->choice_count++].alert, 64, "%s", id);
        p->world->alerts++;
    }
}

static void answered(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct pk_player *p = device->owner;
    int64_t now_ms = pk_clock_monotonic_ms();
    struct pk_fleet_ack ack;

    (void)line;
    if (answer->status != 200 || pk_fleet_ack_parse(p->world->fleet, answer->body, &ack) < 0) {
        if (answer->status != 0 && answer->status != 429 && answer->status != 503 &&
                p->world->refused++ < 3) {
            (void)fprintf(stderr, "picket-fleet: %s: %d %.*s\n", device->name, answer->status,
                    (int)answer->body.len, (const char *)answer->body.ptr);
        }
        p->earliest_ms = now_ms + LATER_MS; /* the same report again */
        return;
    }
    p->world->observations += (int64_t)p->in_flight;
    p->world->reports++;
    p->in_flight = 0;
    p->earliest_ms = now_ms + EVERY_MS;
    note_alerts(p, ack.answer);
    (void)snprintf(p->seen, sizeof(p->seen), "%s", ack.seen);
    json_decref(ack.answer);
}

/* Taken, known already or refused: there is nothing more to be done about it. */
static void sent(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct pk_player *p = device->owner;

    (void)line;
    (void)answer;
    p->sending = false;
}

static void send_file(struct pk_player *p)
{
    const struct pk_fleet_app *app = p->sends[--p->send_count];
    struct pk_buffer request = pk_buffer_of(app->file.len + 1024);
    char path[80];

    (void)snprintf(path, sizeof(path), "/v1/app/%s", app->sha256);
    pk_http_request(&request, "POST", path, pk_net_host(p->world->fleet->net),
            "application/octet-stream", NULL, NULL, app->file);
    if (request.rc == PK_OK) {
        p->sending = true;
        pk_line_send(p->device->line, pk_buffer_slice(&request), TIMEOUT_MS, sent);
    }
    pk_buffer_finish(&request);
}

static int send(struct pk_player *p, struct pk_error *err)
{
    int rc = PK_OK;

    if (p->in_flight == 0) {
        pk_buffer_clear(&p->request);
        rc = pk_fleet_report(p->world->fleet, p->pending, p->seen, &p->request, err);
        p->in_flight = json_array_size(p->pending);
        (void)json_array_clear(p->pending);
    }
    if (rc == PK_OK) {
        pk_line_send(p->device->line, pk_buffer_slice(&p->request), TIMEOUT_MS, answered);
    }
    return rc;
}

/* The network's key comes with the first answer: until then only what is on no network is told. */
static bool may_tell(const struct pk_player *p)
{
    return p->next < p->week.count &&
            (p->world->fleet->network_key[0] != '\0' || p->week.moments[p->next].place < 0);
}

int pk_player_turn(struct pk_player *player, int64_t virtual_ms, struct pk_error *err)
{
    struct pk_player *p = player;

    if (pk_line_busy(p->device->line) || pk_clock_monotonic_ms() < p->earliest_ms) {
        return PK_OK;
    }
    if (p->in_flight > 0) {
        return send(p, err);
    }
    if (p->send_count > 0) {
        send_file(p);
        return PK_OK;
    }
    choose(p, virtual_ms);
    while (may_tell(p) && p->week.moments[p->next].at_ms <= virtual_ms &&
            json_array_size(p->pending) < MOST) {
        tell(p, &p->week.moments[p->next++]);
    }
    return json_array_size(p->pending) > 0 ? send(p, err) : PK_OK;
}

bool pk_player_done(const struct pk_player *player)
{
    return player->next == player->week.count && player->in_flight == 0 &&
            player->choice_count == 0 && player->send_count == 0 && !player->sending &&
            json_array_size(player->pending) == 0;
}
