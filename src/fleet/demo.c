/* The demonstration: a fleet that lives through a week in two minutes, so that every page of the
 * console shows life. What a phone says is dated when it happened; what it is told, it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/latency.h"
#include "fleet/options.h"
#include "fleet/player.h"

#define TICK_MS 20
/* For the last answers. */
#define DRAIN_MS (30 * PK_SECOND_MS)

struct demo {
    const struct pk_fleet_options *options;
    struct pk_fleet fleet;
    struct pk_world world;
    struct pk_player *players;
    int64_t told_ms;
};

static void describe(struct pk_fleet_device *device, void *ctx)
{
    const struct demo *d = ctx;
    struct pk_phone phone;

    pk_phone_make((uint64_t)d->options->seed, device->index, pk_clock_ms(), &phone);
    (void)snprintf(device->name, sizeof(device->name), "%s", phone.name);
    device->platform = phone.posture.platform;
}

static void tell(struct demo *d, int64_t virtual_ms, bool last)
{
    static const char bar[] = "##############################";
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t done = (virtual_ms - d->world.start_ms) * (int64_t)(sizeof(bar) - 1) /
            (d->world.end_ms - d->world.start_ms);
    char at[PK_TIME_TEXT];

    if (!isatty(STDERR_FILENO) || (now_ms < d->told_ms && !last)) {
        return;
    }
    d->told_ms = now_ms + 250;
    (void)fprintf(stderr, "\r%.16s  [%-30.*s]  %lld observations, %lld alerts%s",
            pk_time_format(virtual_ms, at), (int)done, bar, (long long)d->world.observations,
            (long long)d->world.alerts, last ? "\n" : " ");
}

static bool all_done(const struct demo *d)
{
    for (size_t i = 0; i < d->fleet.count; i++) {
        if (!pk_player_done(&d->players[i])) {
            return false;
        }
    }
    return true;
}

static int play(struct demo *d, struct pk_error *err)
{
    double began = pk_latency_now();
    double whole = (double)d->options->seconds * 1000.0;
    int rc = PK_OK;

    while (rc == PK_OK && !*d->options->stop) {
        double part = (pk_latency_now() - began) / whole;
        int64_t virtual_ms = part >= 1.0 ? d->world.end_ms
                                         : d->world.start_ms +
                        (int64_t)((double)(d->world.end_ms - d->world.start_ms) * part);

        for (size_t i = 0; i < d->fleet.count && rc == PK_OK; i++) {
            rc = pk_player_turn(&d->players[i], virtual_ms, err);
        }
        if (rc == PK_OK) {
            rc = pk_net_poll(d->fleet.net, TICK_MS, err);
        }
        tell(d, virtual_ms, false);
        if (part >= 1.0 && (all_done(d) || part * whole > whole + (double)DRAIN_MS)) {
            break;
        }
    }
    tell(d, d->world.end_ms, true);
    return rc;
}

static int prepare(struct demo *d, struct pk_error *err)
{
    int64_t end_ms = pk_clock_ms();
    int rc;

    d->world.seed = (uint64_t)d->options->seed;
    d->world.end_ms = end_ms;
    d->world.start_ms = (end_ms / PK_DAY_MS - d->options->days) * PK_DAY_MS;
    rc = pk_world_make(&d->world, &d->fleet, err);
    if (rc < 0) {
        return rc;
    }
    d->players = calloc(d->fleet.count, sizeof(*d->players));
    if (d->players == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < d->fleet.count && rc == PK_OK; i++) {
        rc = pk_player_init(&d->players[i], &d->world, &d->fleet.devices[i], err);
    }
    return rc;
}

int pk_fleet_demo(const struct pk_fleet_options *options)
{
    struct demo d = { .options = options };
    struct pk_error err = { 0 };
    int rc;

    d.fleet.stop = options->stop;
    d.fleet.progress = isatty(STDERR_FILENO);
    rc = pk_fleet_open(
            &d.fleet, options->url, options->state, (size_t)options->devices, describe, &d, &err);
    if (rc == PK_OK) {
        rc = prepare(&d, &err);
    }
    if (rc == PK_OK) {
        rc = play(&d, &err);
    }
    if (rc == PK_OK && options->state != NULL) {
        rc = pk_fleet_save(&d.fleet, options->state, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket-fleet: %s\n", err.text);
    } else {
        (void)printf("{\"devices\":%zu,\"observations\":%lld,\"reports\":%lld,\"alerts\":%lld,"
                     "\"refused\":%lld}\n",
                d.fleet.count, (long long)d.world.observations, (long long)d.world.reports,
                (long long)d.world.alerts, (long long)d.world.refused);
    }
    for (size_t i = 0; d.players != NULL && i < d.fleet.count; i++) {
        pk_player_finish(&d.players[i]);
    }
    free(d.players);
    pk_world_finish(&d.world);
    pk_fleet_close(&d.fleet);
    return rc < 0 ? 3 : 0;
}
