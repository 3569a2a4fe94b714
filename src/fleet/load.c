/* Load: every device reports, waits for the acknowledgement, notes it, and reports on. When the
 * server goes away a device comes again with the same report until it is acknowledged, as the real
 * agent does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/facts.h"
#include "fleet/fleet.h"
#include "fleet/latency.h"
#include "fleet/options.h"
#include "fleet/phone.h"

#define TIMEOUT_MS (30 * PK_SECOND_MS)
#define RETRY_MS   150
/* What is under way when the time is up may still end. */
#define DRAIN_MS (20 * PK_SECOND_MS)

struct load;

struct reporter {
    struct load *load;
    struct pk_fleet_device *device;
    struct pk_buffer request;
    int64_t first; /* sequence numbers of the report under way */
    int64_t last;
    double sent_at;
    int64_t again_ms; /* when to come again; 0: not waiting */
    bool under_way;
};

struct load {
    const struct pk_fleet_options *options;
    struct pk_fleet fleet;
    struct reporter *reporters;
    FILE *acks;
    struct pk_latency latency;
    int64_t reports;
    int64_t observations;
    int64_t duplicates;
    int64_t retries;
    int64_t by_status[600]; /* answers that are no 200; [0]: none came */
    size_t open;            /* reports that are not acknowledged */
    int fault;
};

/* A mix as an agent sends it over a few days: mostly checks that find nothing. */
static json_t *observation(const struct reporter *r, int64_t seq, int64_t at_ms)
{
    static const struct pk_fact_router router = { "10.20.0.1", "02:77:20:00:00:01", "10.20.0.1" };
    char network[PK_NETWORK_ID];
    struct pk_fact fact = { .seq = seq, .at_ms = at_ms, .network = network };

    (void)snprintf(network, sizeof(network), "net-%016zx", r->device->index % 50 + 1);
    switch (seq % 10) {
    case 1:
        return pk_fact_joined(&fact, &router, 1, 5, "02:77:20:00:01:01", NULL);
    case 2:
        return pk_fact_portal(&fact, false, NULL);
    case 3:
    case 8:
        return pk_fact_gateway(&fact, &router, NULL, false);
    case 4:
    case 9:
        return pk_fact_dns(&fact, &router, NULL);
    case 0:
        return pk_fact_left(&fact, 1);
    default:
        return pk_fact_tls(&fact, seq % 2 == 0 ? "check-1.example" : "check-2.example", NULL);
    }
}

static void answered(struct pk_line *line, const struct pk_answer *answer, void *ctx);

static void send(struct reporter *r)
{
    r->sent_at = pk_latency_now();
    r->again_ms = 0;
    r->under_way = true;
    pk_line_send(r->device->line, pk_buffer_slice(&r->request), TIMEOUT_MS, answered);
}

static void report(struct reporter *r)
{
    json_t *list = json_array();
    int64_t now_ms = pk_clock_ms();
    struct pk_error err = { 0 };

    r->first = r->device->next_seq;
    r->last = r->first + r->load->options->batch - 1;
    for (int64_t seq = r->first; seq <= r->last; seq++) {
        (void)json_array_append_new(list, observation(r, seq, now_ms - (r->last - seq)));
    }
    pk_buffer_clear(&r->request);
    if (pk_fleet_report(&r->load->fleet, list, NULL, &r->request, &err) < 0) {
        (void)fprintf(stderr, "picket-fleet: %s\n", err.text);
        r->load->fault = 1;
    } else {
        r->load->open++;
        send(r);
    }
    json_decref(list);
}

/* The server may be killed a microsecond later: what it acknowledged is written down before anything
 * else is sent. */
static void acknowledged(struct reporter *r, const struct pk_answer *answer)
{
    struct load *l = r->load;
    struct pk_fleet_ack ack;

    if (pk_fleet_ack_parse(&l->fleet, answer->body, &ack) < 0 || ack.acked < r->last) {
        (void)fprintf(stderr, "picket-fleet: a 200 that does not acknowledge %s %lld: %.*s\n",
                r->device->identity.id, (long long)r->last, (int)answer->body.len,
                (const char *)answer->body.ptr);
        l->fault = 1;
    }
    if (l->acks != NULL) {
        (void)fprintf(l->acks, "%s %lld %lld\n", r->device->identity.id, (long long)r->first,
                (long long)r->last);
        (void)fflush(l->acks);
    }
    l->reports++;
    l->observations += r->last - r->first + 1;
    l->duplicates += ack.duplicates;
    json_decref(ack.answer);
    pk_latency_add(&l->latency, pk_latency_now() - r->sent_at);
    r->device->next_seq = r->last + 1;
    l->open--;
}

static void answered(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct reporter *r;
    struct load *l;

    (void)line;
    r = device->owner;
    l = r->load;
    r->under_way = false;
    if (answer->status == 200) {
        acknowledged(r, answer);
        return;
    }
    l->by_status[answer->status >= 0 && answer->status < 600 ? answer->status : 0]++;
    l->retries++;
    r->again_ms = pk_clock_monotonic_ms() + RETRY_MS;
}

/* Starts as many new reports as the rate allows, and those that come again. */
static void turn(struct load *l, double began, size_t *next, bool more)
{
    const struct pk_fleet_options *o = l->options;
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t allowed = INT64_MAX;

    if (o->rate > 0) {
        allowed = (int64_t)((pk_latency_now() - began) / 1000.0 * (double)o->rate) - l->reports -
                (int64_t)l->open;
    }
    for (size_t i = 0; i < l->fleet.count; i++) {
        struct reporter *r = &l->reporters[(*next + i) % l->fleet.count];

        if (r->under_way || r->again_ms > now_ms) {
            continue;
        }
        if (r->again_ms != 0) {
            send(r);
        } else if (more && allowed > 0) {
            allowed--;
            report(r);
            if (allowed == 0) {
                *next = (*next + i + 1) % l->fleet.count;
            }
        }
    }
}

static int run(struct load *l, struct pk_error *err)
{
    double began = pk_latency_now();
    double end = began + (double)l->options->seconds * 1000.0;
    size_t next = 0;
    int rc = PK_OK;

    while (rc == PK_OK && !l->fault) {
        double now = pk_latency_now();
        bool more = now < end && !*l->options->stop;

        if ((!more && l->open == 0) || now > end + (double)DRAIN_MS) {
            break;
        }
        turn(l, began, &next, more);
        rc = pk_net_poll(l->fleet.net, 5, err);
    }
    return rc;
}

static void print(struct load *l, double seconds)
{
    json_t *others = json_object();
    json_t *out;
    char *text;

    for (int status = 0; status < 600; status++) {
        char name[24];

        if (l->by_status[status] > 0) {
            (void)snprintf(name, sizeof(name), status == 0 ? "none" : "%d", status);
            (void)json_object_set_new(others, name, json_integer(l->by_status[status]));
        }
    }
    out = json_pack("{s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:o}", "devices",
            (json_int_t)l->fleet.count, "seconds", seconds, "reports", (json_int_t)l->reports,
            "observations", (json_int_t)l->observations, "duplicates", (json_int_t)l->duplicates,
            "retries", (json_int_t)l->retries, "open", (json_int_t)l->open, "other_answers", others,
            "observations_per_s", (double)l->observations / seconds, "latency_ms",
            pk_latency_json(&l->latency));
    text = json_dumps(out, JSON_COMPACT | JSON_REAL_PRECISION(6));
    (void)printf("%s\n", text != NULL ? text : "{}");
    free(text);
    json_decref(out);
}

static void describe(struct pk_fleet_device *device, void *ctx)
{
    (void)ctx;
    (void)snprintf(device->name, sizeof(device->name), "load-%zu", device->index + 1);
    device->platform = PK_PLATFORM_ANDROID;
}

static int prepare(struct load *l, struct pk_error *err)
{
    l->reporters = calloc(l->fleet.count, sizeof(*l->reporters));
    if (l->reporters == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < l->fleet.count; i++) {
        l->reporters[i] = (struct reporter){
            .load = l,
            .device = &l->fleet.devices[i],
            .request = pk_buffer_of(1024UL * 1024),
        };
        l->fleet.devices[i].owner = &l->reporters[i];
    }
    if (l->options->acks != NULL) {
        l->acks = fopen(l->options->acks, "a");
        if (l->acks == NULL) {
            return pk_error_set(err, -errno, "'%s': %s", l->options->acks, pk_code_text(-errno));
        }
    }
    return PK_OK;
}

static void finish(struct load *l)
{
    for (size_t i = 0; l->reporters != NULL && i < l->fleet.count; i++) {
        pk_buffer_finish(&l->reporters[i].request);
    }
    free(l->reporters);
    if (l->acks != NULL) {
        (void)fclose(l->acks);
    }
    pk_latency_finish(&l->latency);
    pk_fleet_close(&l->fleet);
}

int pk_fleet_load(const struct pk_fleet_options *options)
{
    struct load l = { .options = options };
    struct pk_error err = { 0 };
    double began;
    int rc;

    l.fleet.stop = options->stop;
    rc = pk_fleet_open(
            &l.fleet, options->url, options->state, (size_t)options->devices, describe, NULL, &err);
    if (rc == PK_OK) {
        rc = prepare(&l, &err);
    }
    began = pk_latency_now();
    if (rc == PK_OK) {
        (void)fprintf(stderr, "picket-fleet: %zu devices begin\n", l.fleet.count);
        rc = run(&l, &err);
        print(&l, (pk_latency_now() - began) / 1000.0);
    }
    if (rc == PK_OK && options->state != NULL) {
        rc = pk_fleet_save(&l.fleet, options->state, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket-fleet: %s\n", err.text);
    }
    rc = rc < 0 || l.fault ? 3 : l.open > 0 ? 1 : 0;
    finish(&l);
    return rc;
}
