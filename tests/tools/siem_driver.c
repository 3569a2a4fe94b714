/* Puts events into an outbox and lets the dispatcher deliver them: what tests/integration/siem.py
 * steers. Reads commands from standard input, answers each with one line:
 *
 *   add N        N events for every target, each with the next number in its id ("e-1", "e-2" ...)
 *   raw JSON     this payload for every target, as it is
 *   drain MS     waits until nothing is pending, at most so long: "pending N"
 *   states       one JSON array of the targets' states
 *   failed ID    state and error of an action
 *   sent         how many deliveries the incident's time line shows
 *   quit */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "respond/dispatch.h"
#include "respond/siem/target.h"
#include "store/store.h"

struct config {
    struct pk_array siem;
};

static const struct pk_field config_fields[] = {
    { "siem", PK_TYPE_OBJECTS, PK_REQUIRED, offsetof(struct config, siem), .sub = &pk_siem_schema,
            .count_max = PK_SIEM_TARGETS_MAX },
};
static const struct pk_schema config_schema = PK_SCHEMA(struct config, config_fields, "config");

struct driver {
    struct config config;
    struct pk_store *store;
    struct pk_dispatch *dispatch;
    int64_t next;
};

static void die(const char *what, const struct pk_error *err)
{
    (void)fprintf(stderr, "siem_driver: %s: %s %s\n", what, err->path, err->text);
    exit(3);
}

static const struct pk_siem_settings *target(const struct driver *d, size_t i)
{
    return &((const struct pk_siem_settings *)d->config.siem.items)[i];
}

static void add_row(struct driver *d, const char *to, json_t *payload)
{
    struct pk_error err = { 0 };
    struct pk_action action = {
        .kind = PK_ACTION_SIEM,
        .target = to,
        .device = "d-1",
        .incident = "i-1",
        .state = PK_ACTION_PENDING,
        .created_ms = pk_clock_ms(),
        .payload = payload,
    };

    if (pk_action_add(d->store, &action, &err) < 0) {
        die("adding a row", &err);
    }
}

/* The incident whose time line shows what was sent. */
static void make_incident(struct driver *d)
{
    struct pk_error err = { 0 };
    struct pk_device device = {
        .id = "d-1", .name = "phone", .group = "default", .cert_serial = "01"
    };
    struct pk_incident incident = {
        .id = "i-1",
        .device = "d-1",
        .threat = pk_threat_find("network.arp_spoof"),
        .subject = "net-0123456789abcdef",
        .rule = "network.arp_spoof/two-holders",
        .opened_ms = pk_clock_ms(),
        .updated_ms = pk_clock_ms(),
        .evidence = json_object(),
    };
    int rc = pk_device_add(d->store, &device, &err);

    if (rc == PK_OK) {
        rc = pk_incident_put(d->store, &incident, &err);
    }
    if (rc < 0 && rc != PK_EEXIST) {
        die("making an incident", &err);
    }
    json_decref(incident.evidence);
}

static void tell_sent(struct driver *d)
{
    struct pk_arena *arena = pk_arena_create(16UL * 1024 * 1024);
    struct pk_error err = { 0 };
    struct pk_array rows;

    if (arena == NULL || pk_timeline_of(d->store, "i-1", arena, &rows, &err) < 0) {
        die("time line", &err);
    }
    (void)printf("sent %zu\n", rows.count);
    pk_arena_destroy(arena);
}

/* Hostile on purpose: what a phone's name or a network's words could hold. */
static json_t *event(int64_t number)
{
    static const char *const threats[] = { "network.arp_spoof", "network.tls_untrusted_ca",
        "physical.no_encryption", "vulnerability.os_outdated" };
    static const char *const severities[] = { "critical", "high", "medium", "low", "info" };
    static const char *const types[] = { "incident.opened", "incident.resolved",
        "incident.reopened", "incident.dismissed" };
    char at[PK_TIME_TEXT];
    char id[40];
    char seen[256];

    (void)snprintf(id, sizeof(id), "e-%lld", (long long)number);
    (void)snprintf(seen, sizeof(seen),
            /* NOLINTNEXTLINE(misc-misleading-bidirectional): to see it removed is the test */
            "seen %lld times | back\\slash = sign\nCEF:0|Evil|Forged|1|x|y|0|act=none \xE2\x80\xAE "
            "\xC3\xA9\xF0\x9F\x94\x92 \033[31m end",
            (long long)number);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:f, s:s, s:[s], s:s, s:s, "
                     "s:{s:i, s:s}, s:s}",
            "id", id, "at", pk_time_format(pk_clock_ms(), at), "type",
            types[number % (int64_t)PK_COUNT(types)], "severity",
            severities[number % (int64_t)PK_COUNT(severities)], "threat",
            threats[number % (int64_t)PK_COUNT(threats)], "title", "A title", "device", "id", "d-1",
            "name", "Anna's phone = |x| \\ y", "subject", "net-0123456789abcdef", "confidence",
            0.95, "rule", "network.arp_spoof/two-holders", "attack", "T1638", "incident", "i-1",
            "state", "open", "risk", "score", 71, "level", "high", "seen", seen);
}

static void add(struct driver *d, long count)
{
    struct pk_error err = { 0 };

    if (pk_store_begin(d->store, &err) < 0) {
        die("begin", &err);
    }
    for (long i = 0; i < count; i++, d->next++) {
        json_t *payload = event(d->next);

        for (size_t k = 0; k < d->config.siem.count; k++) {
            add_row(d, target(d, k)->name, payload);
        }
        json_decref(payload);
    }
    if (pk_store_commit(d->store, &err) < 0) {
        die("commit", &err);
    }
    pk_dispatch_wake(d->dispatch);
    (void)printf("added %ld\n", count);
}

static void raw(struct driver *d, const char *text)
{
    struct pk_error err = { 0 };
    json_t *payload;

    if (pk_json_parse(text, strlen(text), &payload, &err) < 0) {
        die("raw", &err);
    }
    for (size_t k = 0; k < d->config.siem.count; k++) {
        add_row(d, target(d, k)->name, payload);
    }
    json_decref(payload);
    pk_dispatch_wake(d->dispatch);
    (void)printf("added 1\n");
}

static json_t *states(struct driver *d, int64_t *pending)
{
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    struct pk_error err = { 0 };
    struct pk_array list;
    json_t *out = json_array();

    *pending = 0;
    if (arena == NULL || pk_target_states(d->store, arena, &list, &err) < 0) {
        die("states", &err);
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct pk_target_state *s = &((const struct pk_target_state *)list.items)[i];

        *pending += s->pending;
        (void)json_array_append_new(out,
                json_pack("{s:s, s:I, s:I, s:s?}", "target", s->target, "pending",
                        (json_int_t)s->pending, "last_ok_ms", (json_int_t)s->last_ok_ms,
                        "last_error", s->last_error));
    }
    pk_arena_destroy(arena);
    return out;
}

static void drain(struct driver *d, int64_t ms)
{
    int64_t until = pk_clock_monotonic_ms() + ms;
    int64_t pending;

    do {
        json_decref(states(d, &pending));
        if (pending > 0) {
            (void)usleep(50000);
        }
    } while (pending > 0 && pk_clock_monotonic_ms() < until);
    (void)printf("pending %lld\n", (long long)pending);
}

static void tell_states(struct driver *d)
{
    int64_t pending;
    json_t *list = states(d, &pending);
    char *text = pk_json_text(list);

    (void)printf("%s\n", text);
    free(text);
    json_decref(list);
}

static void tell_action(struct driver *d, int64_t id)
{
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    struct pk_error err = { 0 };
    struct pk_action action;

    if (arena == NULL || pk_action_get(d->store, id, arena, &action, &err) < 0) {
        die("action", &err);
    }
    (void)printf("%s %s\n", pk_action_state_names[action.state],
            action.last_error != NULL ? action.last_error : "-");
    pk_arena_destroy(arena);
}

static bool obey(struct driver *d, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "add ", 4) == 0) {
        add(d, strtol(line + 4, NULL, 10));
    } else if (strncmp(line, "raw ", 4) == 0) {
        raw(d, line + 4);
    } else if (strncmp(line, "drain ", 6) == 0) {
        drain(d, strtol(line + 6, NULL, 10));
    } else if (strcmp(line, "states") == 0) {
        tell_states(d);
    } else if (strncmp(line, "failed ", 7) == 0) {
        tell_action(d, strtol(line + 7, NULL, 10));
    } else if (strcmp(line, "sent") == 0) {
        tell_sent(d);
    } else {
        return false;
    }
    (void)fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    struct pk_channel channels[PK_SIEM_TARGETS_MAX];
    struct driver d = { .next = 1 };
    struct pk_dispatch_settings settings = { .retry_min_ms = 200, .retry_max_ms = 1000 };
    struct pk_error err = { 0 };
    char line[8192];

    if (argc < 3 || arena == NULL) {
        (void)fprintf(stderr, "usage: siem_driver CONFIG.yaml STORE-URL [FIRST]\n");
        return 2;
    }
    if (argc > 3) {
        d.next = strtol(argv[3], NULL, 10);
    }
    if (pk_yaml_load(argv[1], &config_schema, arena, &d.config, &err) < 0 ||
            pk_siem_check(d.config.siem.items, d.config.siem.count, &err) < 0) {
        die("settings", &err);
    }
    if (pk_store_open(argv[2], &d.store, &err) < 0) {
        die("store", &err);
    }
    make_incident(&d);
    settings.store_url = argv[2];
    for (size_t i = 0; i < d.config.siem.count; i++) {
        channels[i] = pk_siem_channel(target(&d, i));
    }
    settings.channels = channels;
    settings.count = d.config.siem.count;
    settings.origin = (struct pk_origin){ .host = "picket1", .version = PK_VERSION };
    if (pk_dispatch_start(&settings, &d.dispatch, &err) < 0) {
        die("start", &err);
    }
    while (fgets(line, sizeof(line), stdin) != NULL && obey(&d, line)) {
    }
    pk_dispatch_stop(d.dispatch);
    pk_store_close(d.store);
    pk_arena_destroy(arena);
    return 0;
}
