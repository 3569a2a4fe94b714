/* Idle devices: each holds a GET /v1/wait. When all do, each reports an attack by a second
 * connection; measured is the time from sending that report to the arrival of the alert on the
 * waiting connection: check, journal, COMMIT, judgement, incident, policy, push. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/facts.h"
#include "fleet/fleet.h"
#include "fleet/latency.h"
#include "fleet/options.h"
#include "fleet/phone.h"

#define WAIT_S     1500
#define TIMEOUT_MS ((WAIT_S + 60) * PK_SECOND_MS)
#define REPORT_MS  (60 * PK_SECOND_MS)
/* Handshakes under way at the same time. */
#define OPENING 64
/* How long to wait for the last alerts. */
#define PATIENCE_MS (120 * PK_SECOND_MS)

struct room;

struct waiter {
    struct room *room;
    struct pk_fleet_device *device;
    struct pk_line *reporting; /* the second connection */
    double reported_at;        /* 0: not yet */
    double arrived_at;
    bool waiting;
    bool ready; /* the second connection is open */
    bool sent;
};

struct room {
    const struct pk_fleet_options *options;
    struct pk_fleet fleet;
    struct waiter *waiters;
    size_t waiting;
    size_t ready;
    size_t opening;
    size_t alerted;
    size_t acked;
    size_t failures;
    struct pk_latency push; /* report sent -> alert there */
    struct pk_latency ack;  /* report sent -> acknowledged */
};

static void alerted(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct waiter *w = device->owner;

    (void)line;
    w->waiting = false;
    if (answer->status == 200 && w->reported_at > 0 &&
            memmem(answer->body.ptr, answer->body.len, "network.tls_untrusted_ca", 24) != NULL) {
        w->arrived_at = pk_latency_now();
        pk_latency_add(&w->room->push, w->arrived_at - w->reported_at);
        w->room->alerted++;
        return;
    }
    if (w->room->failures++ < 3) {
        (void)fprintf(stderr, "picket-fleet: a wait ended with %d %s\n", answer->status,
                answer->error != NULL ? answer->error : "");
    }
}

static void wait_for_alert(struct waiter *w)
{
    struct pk_buffer request = pk_buffer_of(4096);
    char path[64];

    (void)snprintf(path, sizeof(path), "/v1/wait?timeout=%d", WAIT_S);
    pk_http_request(&request, "GET", path, pk_net_host(w->room->fleet.net), NULL, NULL, NULL,
            pk_slice_of(NULL, 0));
    pk_line_send(w->device->line, pk_buffer_slice(&request), TIMEOUT_MS, alerted);
    pk_buffer_finish(&request);
    w->waiting = true;
}

/* ---- the second connection ------------------------------------------------------------------- */

static void opened(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct waiter *w = ctx;

    (void)line;
    w->room->opening--;
    w->ready = true;
    w->room->ready++;
    if (answer->status != 200 && w->room->failures++ < 3) {
        (void)fprintf(stderr, "picket-fleet: a ledger answered %d %s\n", answer->status,
                answer->error != NULL ? answer->error : "");
    }
}

/* A small question opens it, so that the handshake is not part of the measurement. */
static void open_second(struct waiter *w)
{
    struct pk_buffer request = pk_buffer_of(4096);

    pk_http_request(&request, "GET", "/v1/ledger", pk_net_host(w->room->fleet.net), NULL, NULL,
            NULL, pk_slice_of(NULL, 0));
    pk_line_send(w->reporting, pk_buffer_slice(&request), REPORT_MS, opened);
    pk_buffer_finish(&request);
    w->room->opening++;
}

static void reported(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct waiter *w = ctx;

    (void)line;
    if (answer->status == 200) {
        pk_latency_add(&w->room->ack, pk_latency_now() - w->reported_at);
        w->room->acked++;
    } else if (w->room->failures++ < 3) {
        (void)fprintf(stderr, "picket-fleet: a report answered %d %s %.*s\n", answer->status,
                answer->error != NULL ? answer->error : "", (int)answer->body.len,
                (const char *)answer->body.ptr);
    }
}

static int report_attack(struct waiter *w, const struct pk_array *chain, struct pk_error *err)
{
    static const struct pk_fact_router router = { "10.9.0.1", "02:77:09:00:00:01", "10.9.0.1" };
    struct pk_buffer request = pk_buffer_of(1024UL * 1024);
    struct pk_fact fact = { .at_ms = pk_clock_ms(), .network = "net-00000000000000aa" };
    json_t *list = json_array();
    int rc;

    fact.seq = w->device->next_seq++;
    (void)json_array_append_new(
            list, pk_fact_joined(&fact, &router, 1, 5, "02:77:09:00:00:02", NULL));
    fact.seq = w->device->next_seq++;
    (void)json_array_append_new(list, pk_fact_tls(&fact, "check-1.example", chain));
    rc = pk_fleet_report(&w->room->fleet, list, NULL, &request, err);
    json_decref(list);
    if (rc == PK_OK) {
        w->reported_at = pk_latency_now();
        pk_line_send(w->reporting, pk_buffer_slice(&request), REPORT_MS, reported);
    }
    pk_buffer_finish(&request);
    w->sent = true;
    return rc;
}

/* ---- the course of it ------------------------------------------------------------------------ */

static int poll_ms(struct room *room, int64_t ms, struct pk_error *err)
{
    double end = pk_latency_now() + (double)ms;
    int rc = PK_OK;

    do {
        rc = pk_net_poll(room->fleet.net, 10, err);
    } while (rc == PK_OK && pk_latency_now() < end && !*room->options->stop);
    return rc;
}

/* Lines that shake hands at the moment. */
static size_t shaking(const struct room *room, size_t upto)
{
    size_t n = 0;

    for (size_t i = 0; i < upto; i++) {
        n += !pk_line_open(room->fleet.devices[i].line);
    }
    return n;
}

static int all_wait(struct room *room, struct pk_error *err)
{
    size_t next = 0;
    int rc = PK_OK;

    while (rc == PK_OK && !*room->options->stop &&
            (next < room->fleet.count || shaking(room, next) > 0)) {
        size_t free_places = OPENING - shaking(room, next);

        for (; free_places > 0 && free_places <= OPENING && next < room->fleet.count;
                free_places--) {
            wait_for_alert(&room->waiters[next++]);
        }
        rc = pk_net_poll(room->fleet.net, 10, err);
        if (room->failures > 100) {
            return pk_error_set(err, PK_EPEER, "too many waits end early");
        }
    }
    /* The requests are out, but the server may still read the last ones. */
    return rc < 0 ? rc : poll_ms(room, 1000, err);
}

static int open_all(struct room *room, struct pk_error *err)
{
    size_t next = 0;
    int rc = PK_OK;

    while (rc == PK_OK && room->ready < room->fleet.count && !*room->options->stop) {
        while (room->opening < OPENING && next < room->fleet.count) {
            open_second(&room->waiters[next++]);
        }
        rc = pk_net_poll(room->fleet.net, 10, err);
    }
    return rc;
}

static int attack_all(struct room *room, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_array chain;
    double began = pk_latency_now();
    size_t next = 0;
    int rc = arena != NULL ? pk_fact_forged_chain("check-1.example", "Interceptor CA",
                                     pk_clock_ms(), arena, &chain)
                           : PK_ENOMEM;

    while (rc == PK_OK && room->alerted < room->fleet.count && !*room->options->stop) {
        double now = pk_latency_now();
        size_t due = room->fleet.count;

        if (room->options->rate > 0) {
            due = (size_t)((now - began) / 1000.0 * (double)room->options->rate) + 1;
        }
        while (rc == PK_OK && next < due && next < room->fleet.count) {
            rc = report_attack(&room->waiters[next++], &chain, err);
        }
        if (rc == PK_OK) {
            rc = pk_net_poll(room->fleet.net, 5, err);
        }
        if (now > began + (double)PATIENCE_MS) {
            break;
        }
    }
    pk_arena_destroy(arena);
    return rc;
}

/* One line that a script can wait for. */
static void say(const char *what, json_t *more)
{
    char *text;

    (void)json_object_set_new(more, "event", json_string(what));
    text = json_dumps(more, JSON_COMPACT | JSON_REAL_PRECISION(6));
    (void)printf("%s\n", text != NULL ? text : "{}");
    (void)fflush(stdout);
    free(text);
    json_decref(more);
}

/* Between the steps a script may measure: a line on standard input goes on. */
static void pause_for_script(const struct room *room)
{
    char line[8];

    if (room->options->steps) {
        (void)!fgets(line, sizeof(line), stdin);
    }
}

static size_t count_waiting(const struct room *room)
{
    size_t n = 0;

    for (size_t i = 0; i < room->fleet.count; i++) {
        n += room->waiters[i].waiting && pk_line_open(room->fleet.devices[i].line);
    }
    return n;
}

static int run(struct room *room, struct pk_error *err)
{
    double began = pk_latency_now();
    int rc = all_wait(room, err);

    if (rc < 0) {
        return rc;
    }
    say("waiting",
            json_pack("{s:I, s:f}", "connections", (json_int_t)count_waiting(room), "seconds",
                    (pk_latency_now() - began) / 1000.0));
    pause_for_script(room);
    rc = open_all(room, err);
    if (rc < 0) {
        return rc;
    }
    say("ready", json_pack("{s:I}", "reporting_connections", (json_int_t)room->ready));
    pause_for_script(room);
    began = pk_latency_now();
    rc = attack_all(room, err);
    say("pushed",
            json_pack("{s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "devices",
                    (json_int_t)room->fleet.count, "acknowledged", (json_int_t)room->acked,
                    "alerted", (json_int_t)room->alerted, "failures", (json_int_t)room->failures,
                    "seconds", (pk_latency_now() - began) / 1000.0, "push_ms",
                    pk_latency_json(&room->push), "ack_ms", pk_latency_json(&room->ack)));
    return rc;
}

static int prepare(struct room *room, struct pk_error *err)
{
    room->waiters = calloc(room->fleet.count, sizeof(*room->waiters));
    if (room->waiters == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < room->fleet.count; i++) {
        struct pk_fleet_device *d = &room->fleet.devices[i];
        struct waiter *w = &room->waiters[i];

        *w = (struct waiter){ .room = room, .device = d };
        w->reporting = pk_line_create(room->fleet.net, d->identity.certificate, d->identity.key, w);
        if (w->reporting == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        d->owner = w;
    }
    return PK_OK;
}

int pk_fleet_wait(const struct pk_fleet_options *options)
{
    struct room room = { .options = options };
    char name[] = "idle";
    struct pk_error err = { 0 };
    int rc;

    pk_fleet_raise_limit();
    room.fleet.stop = options->stop;
    room.fleet.progress = true;
    rc = pk_fleet_open(&room.fleet, options->url, options->state, (size_t)options->devices,
            pk_fleet_describe_idle, name, &err);
    if (rc == PK_OK) {
        rc = prepare(&room, &err);
    }
    if (rc == PK_OK) {
        rc = run(&room, &err);
    }
    if (rc == PK_OK && options->state != NULL) {
        rc = pk_fleet_save(&room.fleet, options->state, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket-fleet: %s\n", err.text);
    }
    rc = rc < 0 ? 3 : room.alerted < room.fleet.count ? 1 : 0;
    free(room.waiters);
    pk_latency_finish(&room.push);
    pk_latency_finish(&room.ack);
    pk_fleet_close(&room.fleet);
    return rc;
}
