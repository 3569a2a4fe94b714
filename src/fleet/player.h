/* player.h - one phone of the demonstration: says what its week brings when its time comes, keeps a
 * report until it is acknowledged, answers the alerts that it gets. */
#pragma once

#include "fleet/apps.h"
#include "fleet/fleet.h"
#include "fleet/phone.h"
#include "fleet/week.h"

struct pk_world {
    uint64_t seed;
    int64_t start_ms;
    int64_t end_ms;
    struct pk_incidence troubles[PK_INCIDENCES_MAX];
    size_t trouble_count;
    size_t bad_index; /* the phone that gets a bad app; the number of phones: none */
    struct pk_fleet *fleet;
    struct pk_arena *arena;
    struct pk_array forged; /* the chain that the interceptor shows */
    int64_t observations;   /* acknowledged */
    int64_t reports;
    int64_t alerts;
    int64_t refused;
};

/* seed, start_ms and end_ms are set. */
PK_MUST_USE int pk_world_make(struct pk_world *world, struct pk_fleet *fleet, struct pk_error *err);
void pk_world_finish(struct pk_world *world);

#define PK_PLAYER_CHOICES 16
#define PK_PLAYER_SENDS   8

struct pk_player {
    struct pk_world *world;
    struct pk_fleet_device *device;
    struct pk_phone phone;
    struct pk_week week;
    struct pk_random random;
    size_t next;     /* moment to tell of */
    json_t *pending; /* observations that no report holds yet */
    size_t in_flight;
    struct pk_buffer request; /* the report under way or to be sent again */
    int64_t earliest_ms;      /* of the next report (monotonic) */
    char seen[512];           /* commands to acknowledge */
    int64_t last_alert;       /* newest one that came */
    struct {
        char threat[64];
        char alert[64];
    } choices[PK_PLAYER_CHOICES]; /* alerts that the person has not reacted to yet */
    size_t choice_count;
    const struct pk_fleet_app *sends[PK_PLAYER_SENDS]; /* files that the server asks for */
    size_t send_count;
    bool sending;
    bool on_twin; /* of the network that it joined */
    int64_t virtual_ms;
};

PK_MUST_USE int pk_player_init(struct pk_player *player, struct pk_world *world,
        struct pk_fleet_device *device, struct pk_error *err);
void pk_player_finish(struct pk_player *player);

/* The world's clock shows virtual_ms. */
PK_MUST_USE int pk_player_turn(struct pk_player *player, int64_t virtual_ms, struct pk_error *err);
bool pk_player_done(const struct pk_player *player);
