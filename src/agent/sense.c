#include "agent/sense.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/sense_round.h"
#include "agent/watch_packets.h"
#include "base/arena.h"
#include "base/clock.h"

#define SETTINGS_BYTES (64UL * 1024)
#define FILES_MS       150  /* several files are written one after another */
#define ROOTS_MS       1000 /* rebuilding a trust store writes hundreds of files */
#define WATCH_MS       5000
#define YOUNG_MS       (3 * PK_MINUTE_MS)

#define DPKG_FILE "/var/lib/dpkg/status"
#define ROOTS_DIR "/etc/ssl/certs"

enum {
    FILE_RESOLV,
    FILE_LEASE,
    FILE_WIFI,
    FILE_PACKAGES,
    FILE_ROOTS
};

/* --- timers ------------------------------------------------------------------------------- */

static void on_gateway_timer(void *ctx)
{
    struct pk_sense *sense = ctx;

    pk_gateway_tick(sense->gateway, pk_clock_monotonic_ms());
    if (!pk_gateway_asking(sense->gateway)) { /* nobody answered: there is nothing to report */
        pk_sense_checked(sense, PK_PROBE_GATEWAY);
    }
}

static void on_announce_timer(void *ctx)
{
    pk_sense_announce(ctx);
}

static void on_files_timer(void *ctx)
{
    struct pk_sense *sense = ctx;

    if (sense->on_network) {
        pk_sense_refresh(sense);
    }
}

static void on_roots_timer(void *ctx)
{
    pk_sense_round(ctx, PK_PROBE_TLS, true);
}

static void on_captive_timer(void *ctx)
{
    pk_sense_round(ctx, PK_PROBE_PORTAL, false);
}

static void on_watch_timer(void *ctx)
{
    struct pk_sense *sense = ctx;
    unsigned probes = sense->watched & ~(unsigned)(PK_PROBE_GATEWAY | PK_PROBE_POSTURE);

    if (sense->watched == 0) {
        return;
    }
    /* While the table flaps between two routers, on_neighbour() picks the moment. */
    if (!pk_sense_check_diverted(sense) &&
            (!pk_gateway_odd(sense->gateway) || pk_gateway_diverted(sense->gateway))) {
        pk_sense_round(sense, probes & PK_PROBE_WEB, false);
    }
    pk_sense_parts_check(sense, probes & ~PK_PROBE_WEB, false);
    pk_loop_arm(sense->loop, &sense->watch_timer, WATCH_MS);
}

static void on_dns_timer(void *ctx)
{
    struct pk_sense *sense = ctx;

    int64_t now = pk_clock_monotonic_ms();
    bool young = now - sense->announced_ms < YOUNG_MS;

    /* Nothing calls for it: a few questions only, and pages while the network is young. */
    sense->few = sense->watched == 0 && !sense->attacked;
    pk_sense_round(sense,
            young || !sense->few ? PK_PROBE_DNS | PK_PROBE_HTTP | PK_PROBE_PROXY
                                 : (unsigned)PK_PROBE_DNS,
            false);
    sense->few = false;
    pk_loop_arm(sense->loop, &sense->dns_timer, pk_sense_dns_gap(sense, now));
}

static void on_tls_timer(void *ctx)
{
    struct pk_sense *sense = ctx;

    pk_sense_round(sense, PK_PROBE_WEB & ~(unsigned)(PK_PROBE_DNS | PK_PROBE_TLS), true);
    pk_sense_tls_turn(sense, true);
    pk_loop_arm(sense->loop, &sense->tls_timer, sense->set.tls_every_ms);
}

static void on_posture_timer(void *ctx)
{
    struct pk_sense *sense = ctx;

    pk_sense_round(sense, PK_PROBE_POSTURE, true);
    pk_loop_arm(sense->loop, &sense->posture_timer, sense->set.posture_every_ms);
}

static void on_file(void *ctx, unsigned id)
{
    struct pk_sense *sense = ctx;

    if (id == FILE_PACKAGES) { /* a big upgrade writes it for minutes */
        pk_loop_arm(sense->loop, &sense->posture_timer, PK_MINUTE_MS);
    } else if (id == FILE_ROOTS) {
        pk_loop_arm(sense->loop, &sense->roots_timer, ROOTS_MS);
    } else {
        pk_loop_arm(sense->loop, &sense->files_timer, FILES_MS);
    }
}

static void init_timers(struct pk_sense *sense)
{
    pk_timer_init(&sense->gateway_timer, on_gateway_timer, sense);
    pk_timer_init(&sense->announce_timer, on_announce_timer, sense);
    pk_timer_init(&sense->files_timer, on_files_timer, sense);
    pk_timer_init(&sense->roots_timer, on_roots_timer, sense);
    pk_timer_init(&sense->watch_timer, on_watch_timer, sense);
    pk_timer_init(&sense->dns_timer, on_dns_timer, sense);
    pk_timer_init(&sense->tls_timer, on_tls_timer, sense);
    pk_timer_init(&sense->posture_timer, on_posture_timer, sense);
    pk_timer_init(&sense->captive_timer, on_captive_timer, sense);
}

static void init_sensors(struct pk_sense *sense)
{
    static const char *const names[PK_SENSE_SENSORS] = { "arp", "dns", "tls", "portal", "posture",
        "wifi", "ndp", "dhcp", "http", "proxy", "cell" };

    for (size_t i = 0; i < PK_SENSE_SENSORS; i++) {
        sense->sensors[i].name = names[i];
    }
    if (sense->set.wifi_file == NULL || access(sense->set.wifi_file, R_OK) < 0) {
        sense->sensors[SENSOR_WIFI].state = SENSOR_LIMITED;
        sense->sensors[SENSOR_WIFI].why = "no report of the Wi-Fi card";
    }
}

int pk_sense_create(struct pk_loop *loop, const struct pk_sense_settings *settings,
        void (*sink)(const struct pk_observation *obs, void *ctx), void *ctx, struct pk_sense **out,
        struct pk_error *err)
{
    struct pk_sense *sense = calloc(1, sizeof(*sense));
    int rc;

    if (sense == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    sense->loop = loop;
    sense->sink = sink;
    sense->ctx = ctx;
    init_timers(sense);
    sense->arena = pk_arena_create(SETTINGS_BYTES);
    sense->gateway = pk_gateway_create(&pk_sense_gateway_ops, sense);
    if (sense->arena == NULL || sense->gateway == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    } else {
        rc = pk_sense_take_settings(sense, settings, err);
    }
    if (rc == PK_OK) {
        rc = pk_known_open(settings->state_dir, &sense->known, err);
    }
    if (rc == PK_OK) {
        rc = pk_sense_set_trust(sense, NULL, err);
    }
    if (rc == PK_OK) {
        rc = pk_sense_tls_create(sense, settings->state_dir, err);
    }
    if (rc == PK_OK) {
        rc = pk_sense_parts_create(sense, err);
    }
    if (rc < 0) {
        pk_sense_destroy(sense);
        return rc;
    }
    init_sensors(sense);
    *out = sense;
    return PK_OK;
}

void pk_sense_release(struct pk_sense *sense)
{
    if (sense->dead && sense->jobs == 0) {
        pk_sense_http_finish(sense);
        pk_sense_proxy_finish(sense);
        pk_arena_destroy(sense->arena);
        pk_arena_destroy(sense->trust_arena);
        free(sense);
    }
}

void pk_sense_destroy(struct pk_sense *sense)
{
    if (sense == NULL) {
        return;
    }
    struct pk_timer *timers[] = { &sense->gateway_timer, &sense->announce_timer,
        &sense->files_timer, &sense->roots_timer, &sense->watch_timer, &sense->dns_timer,
        &sense->tls_timer, &sense->posture_timer, &sense->captive_timer };

    for (size_t i = 0; i < PK_COUNT(timers); i++) {
        pk_loop_disarm(sense->loop, timers[i]);
    }
    sense->check = 0;
    pk_sense_forget_round(sense);
    pk_sense_parts_destroy(sense);
    pk_sense_tls_destroy(sense);
    pk_known_close(sense->known);
    sense->known = NULL;
    pk_link_watch_destroy(sense->link);
    pk_file_watch_destroy(sense->files);
    pk_arp_watch_destroy(sense->arp);
    pk_packet_watch_destroy(sense->echo);
    pk_gateway_destroy(sense->gateway);
    sense->dead = true;
    pk_sense_release(sense);
}

/* A file that cannot be watched is read at each change of the link all the same. */
static int watch_files(struct pk_sense *sense, struct pk_error *err)
{
    const char *roots = sense->set.ca_dir != NULL ? sense->set.ca_dir : ROOTS_DIR;
    int rc = pk_file_watch_create(sense->loop, on_file, sense, &sense->files, err);

    if (rc < 0) {
        return rc;
    }
    (void)!pk_file_watch_add(sense->files, sense->set.resolv_file, FILE_RESOLV, NULL);
    (void)!pk_file_watch_add(sense->files, DPKG_FILE, FILE_PACKAGES, NULL);
    if (sense->set.lease_file != NULL) {
        (void)!pk_file_watch_add(sense->files, sense->set.lease_file, FILE_LEASE, NULL);
    }
    if (sense->set.wifi_file != NULL) {
        (void)!pk_file_watch_add(sense->files, sense->set.wifi_file, FILE_WIFI, NULL);
    }
    if (sense->set.ca_file != NULL) {
        (void)!pk_file_watch_add(sense->files, sense->set.ca_file, FILE_ROOTS, NULL);
    } else {
        (void)!pk_file_watch_folder(sense->files, roots, FILE_ROOTS, NULL);
    }
    return PK_OK;
}

int pk_sense_start(struct pk_sense *sense, struct pk_error *err)
{
    static const struct pk_link_handlers handlers = { .changed = pk_sense_on_link,
        .neighbour = pk_sense_on_neighbour,
        .neighbour6 = pk_sense_parts_neighbour6 };
    int rc = watch_files(sense, err);

    if (rc == PK_OK) {
        rc = pk_link_watch_create(sense->loop, sense->set.interface, sense->set.settle_ms,
                &handlers, sense, &sense->link, err);
    }
    if (rc == PK_OK) {
        pk_loop_arm(sense->loop, &sense->posture_timer, 0);
    }
    return rc;
}

int pk_sense_check(struct pk_sense *sense, unsigned probes, void (*done)(void *ctx), void *ctx,
        struct pk_error *err)
{
    if (sense->check != 0) {
        return pk_error_set(err, PK_EBUSY, "a check is under way");
    }
    sense->check = probes & PK_PROBE_ALL;
    sense->check_done = done;
    sense->check_ctx = ctx;
    if ((probes & PK_PROBE_GATEWAY) != 0 &&
            (!sense->on_network || !pk_gateway_check(sense->gateway, pk_clock_monotonic_ms()))) {
        pk_sense_checked(sense, PK_PROBE_GATEWAY);
    }
    pk_sense_round(sense, probes & (PK_PROBE_WEB | PK_PROBE_POSTURE), true);
    pk_sense_parts_check(sense,
            probes & PK_PROBE_ALL &
                    ~(PK_PROBE_WEB | (unsigned)PK_PROBE_POSTURE | (unsigned)PK_PROBE_GATEWAY),
            true);
    return PK_OK;
}

void pk_sense_watch(struct pk_sense *sense, unsigned probes)
{
    bool begins = sense->watched == 0 && probes != 0;

    sense->watched = probes;
    if (begins) {
        pk_loop_arm(sense->loop, &sense->watch_timer, WATCH_MS);
    } else if (probes == 0) {
        pk_loop_disarm(sense->loop, &sense->watch_timer);
    }
}

struct pk_array pk_sense_sensors(struct pk_sense *sense)
{
    return (struct pk_array){ .items = sense->sensors, .count = PK_SENSE_SENSORS };
}

const char *pk_sense_network(const struct pk_sense *sense)
{
    return sense->network[0] != '\0' ? sense->network : NULL;
}
