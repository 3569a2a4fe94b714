/* picket device - what is protected, and what belongs to the people who carry it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/group.h"

#define PAGES_MAX 10000 /* of an export: a server that never ends is none of ours */

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "NAME", "name" },
        { "PLATFORM", "platform" },
        { "SYSTEM", "os.version" },
        { "STATUS", "status" },
        { "RISK", "risk.score" },
        { "LEVEL", "risk.level" },
        { "OUTLOOK", "outlook" },
        { "P7", "p7" },
        { "OPEN", "open_incidents" },
        { "LAST SEEN", "last_seen_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/devices", columns, err);
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_show(cli, "/devices", err);
}

/* "/devices/ID/act", to be freed; NULL: memory is short. */
static char *path_of(const char *prefix, const char *id, const char *act)
{
    char *escaped = pk_rest_escape(id);
    char *path = NULL;

    if (escaped != NULL && asprintf(&path, "%s/%s%s", prefix, escaped, act) < 0) {
        path = NULL;
    }
    free(escaped);
    return path;
}

/* Why it stands where it stands, as sentences. */
static void print_why(const json_t *all)
{
    const json_t *risk = json_object_get(all, "risk");
    const json_t *foresight = json_object_get(all, "foresight");
    const json_t *zone = json_object_get(foresight, "zone");
    const json_t *p7 = json_object_get(foresight, "p7");
    const json_t *row;
    size_t i;

    (void)printf("risk %lld (%s)\n", (long long)json_integer_value(json_object_get(risk, "score")),
            json_string_value(json_object_get(risk, "level")));
    json_array_foreach (json_object_get(risk, "parts"), i, row) {
        const char *lowers = json_string_value(json_object_get(row, "lowers"));

        (void)printf("  %5.1f  ", json_number_value(json_object_get(row, "points")));
        (void)pk_print_text(stdout, json_string_value(json_object_get(row, "reason")), 400);
        if (lowers != NULL) {
            (void)fputs("\n         -> ", stdout);
            (void)pk_print_text(stdout, lowers, 400);
            (void)printf(" (-%.1f)", json_number_value(json_object_get(row, "gain")));
        }
        (void)putchar('\n');
    }
    if (!json_is_number(p7)) {
        (void)puts("attacked within 7 days: not known yet");
    } else {
        (void)printf("attacked within 7 days: %.1f %% (%s), within 30 days: %.1f %%\n",
                100 * json_number_value(p7),
                json_string_value(json_object_get(foresight, "outlook")),
                100 * json_number_value(json_object_get(foresight, "p30")));
    }
    json_array_foreach (json_object_get(foresight, "reasons"), i, row) {
        const char *lowers = json_string_value(json_object_get(row, "lowers"));

        (void)printf("  %+5.1f  ", json_number_value(json_object_get(row, "share")));
        (void)pk_print_text(stdout, json_string_value(json_object_get(row, "reason")), 300);
        if (lowers != NULL) {
            (void)fputs("\n         -> ", stdout);
            (void)pk_print_text(stdout, lowers, 300);
        }
        (void)putchar('\n');
    }
    if (json_is_object(zone)) {
        (void)printf("where it is: %s", json_string_value(json_object_get(zone, "standing")));
        if (json_is_string(json_object_get(zone, "why"))) {
            (void)fputs(", ", stdout);
            (void)pk_print_text(stdout, json_string_value(json_object_get(zone, "why")), 300);
        }
        (void)putchar('\n');
    }
}

static int risk(struct pk_cli *cli, struct pk_error *err)
{
    char *path = path_of("/devices", cli->args[0], "/risk");
    json_t *all = NULL;
    int rc = path != NULL ? pk_rest_call(cli->rest, "GET", path, NULL, NULL, 0, &all, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    free(path);
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, all);
    } else if (rc == PK_OK) {
        print_why(all);
    }
    json_decref(all);
    return rc;
}

static int revoke(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_act(cli, "/devices", "/revoke", "revoked", err);
}

/* ---- a person's own ------------------------------------------------------------------------------- */

static int fetch_all(struct pk_cli *cli, const char *path, json_t **out, struct pk_error *err)
{
    json_t *all = NULL;
    int rc = pk_rest_call(cli->rest, "GET", path, NULL, NULL, 30, &all, err);

    for (int n = 0; rc == PK_OK && json_is_integer(json_object_get(all, "next")); n++) {
        char after[24];
        struct pk_rest_param params[] = { { "after", after }, { NULL, NULL } };
        json_t *page = NULL;

        (void)snprintf(after, sizeof(after), "%lld",
                (long long)json_integer_value(json_object_get(all, "next")));
        rc = n < PAGES_MAX ? pk_rest_call(cli->rest, "GET", path, params, NULL, 30, &page, err)
                           : pk_error_set(err, PK_ELIMIT, "the export does not end");
        if (rc == PK_OK) {
            (void)json_array_extend(
                    json_object_get(all, "reports"), json_object_get(page, "reports"));
            (void)json_object_set(all, "next", json_object_get(page, "next"));
        }
        json_decref(page);
    }
    if (rc < 0) {
        json_decref(all);
        return rc;
    }
    (void)json_object_del(all, "next");
    *out = all;
    return PK_OK;
}

static int export(struct pk_cli *cli, struct pk_error *err)
{
    char *path = path_of("/devices", cli->args[0], "/export");
    json_t *all = NULL;
    char *text = NULL;
    int rc = path != NULL ? fetch_all(cli, path, &all, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        text = json_dumps(all, JSON_INDENT(1));
        rc = text != NULL ? pk_file_write(cli->args[1], pk_slice_str(text), 0600, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        (void)printf("'%s': %zu reports\n", cli->args[1],
                json_array_size(json_object_get(all, "reports")));
    }
    free(text);
    free(path);
    json_decref(all);
    return rc;
}

static int erase(struct pk_cli *cli, struct pk_error *err)
{
    char *path = path_of("/devices", cli->args[0], "/erase");
    json_t *erasure = NULL;
    int rc = path != NULL ? pk_rest_call(cli->rest, "POST", path, NULL, NULL, 0, &erasure, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    free(path);
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, erasure);
    } else if (rc == PK_OK) {
        (void)puts("being erased");
    }
    json_decref(erasure);
    return rc;
}

static int erasures(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "DEVICE", "device.name" },
        { "STATE", "state" },
        { "ASKED", "asked_at" },
        { "BY", "asked_by" },
        { "DONE", "done_at" },
        { NULL, NULL },
    };
    json_t *list = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/erasures", NULL, NULL, 0, &list, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, list);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, json_object_get(list, "items"));
    }
    json_decref(list);
    return rc;
}

static int keep(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/erasures", err);
}

/* ---- drills ----------------------------------------------------------------------------------------- */

#define LOOK_MS  300 /* between two looks at how far it has come */
#define SPARE_MS INT64_C(60000)

static const char *station_words(const char *station)
{
    static const char *const words[][2] = {
        { "asked", "the device is asked to simulate it" },
        { "fetched", "the device has the question" },
        { "found", "the device reported it, an incident is open" },
        { "decided", "the policy says: tell the person" },
        { "held", "the policy says: do not tell the person now" },
        { "alerted", "the alert is on the device" },
        { "seen", "the person's screen showed it" },
        { "soc", "the SOC has the line" },
        { "ended", "it is over" },
        { "closed", "the notification is taken back" },
    };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcmp(words[i][0], station) == 0) {
            return words[i][1];
        }
    }
    return station;
}

#define STATIONS_MAX 64
#define STATION_KEY  160

/* Stations that were printed already: times of the device and of the server mix, so that a new one need not
 * be the last. */
struct shown {
    char keys[STATIONS_MAX][STATION_KEY];
    size_t count;
};

static bool is_new(struct shown *shown, const char *name, const char *at, const char *detail)
{
    char key[STATION_KEY];

    (void)snprintf(key, sizeof(key), "%s %s %s", name, at, detail != NULL ? detail : "");
    for (size_t i = 0; i < shown->count; i++) {
        if (strcmp(shown->keys[i], key) == 0) {
            return false;
        }
    }
    if (shown->count < STATIONS_MAX) {
        memcpy(shown->keys[shown->count++], key, sizeof(key));
    }
    return true;
}

static int64_t ms_of(const char *at)
{
    int64_t ms = 0;

    return at != NULL && pk_time_parse(at, &ms) == PK_OK ? ms : 0;
}

/* Prints what is new since the last look; says whether the last station is reached. */
static bool print_stations(const struct pk_cli *cli, const json_t *drill, struct shown *shown)
{
    const json_t *stations = json_object_get(drill, "stations");
    const char *first = json_string_value(json_object_get(json_array_get(stations, 0), "at"));
    int64_t asked_ms = ms_of(first);
    bool ended = false;
    bool closed = false;
    bool alerted = false;
    const json_t *row;
    size_t i;

    json_array_foreach (stations, i, row) {
        const char *name = json_string_value(json_object_get(row, "station"));
        const char *at = json_string_value(json_object_get(row, "at"));
        const char *detail = json_string_value(json_object_get(row, "detail"));

        ended |= strcmp(name, "ended") == 0;
        closed |= strcmp(name, "closed") == 0;
        alerted |= strcmp(name, "alerted") == 0;
        if (cli->json || !is_new(shown, name, at, detail)) {
            continue;
        }
        (void)printf("%8.1f s  %s", (double)(ms_of(at) - asked_ms) / 1000, station_words(name));
        if (detail != NULL) {
            (void)fputs(" (", stdout);
            (void)pk_print_text(stdout, detail, 200);
            (void)putchar(')');
        }
        (void)putchar('\n');
    }
    (void)fflush(stdout);
    return ended && (closed || !alerted);
}

static int follow(struct pk_cli *cli, const char *path, int64_t minutes, struct pk_error *err)
{
    int64_t until_ms = pk_clock_monotonic_ms() + minutes * INT64_C(60000) + SPARE_MS;
    struct shown shown = { .count = 0 };
    bool over = false;
    json_t *drill = NULL;
    int rc = PK_OK;

    while (rc == PK_OK && !over && pk_clock_monotonic_ms() < until_ms) {
        const struct timespec nap = { .tv_nsec = LOOK_MS * 1000000L };

        json_decref(drill);
        drill = NULL;
        rc = pk_rest_call(cli->rest, "GET", path, NULL, NULL, 0, &drill, err);
        over = rc == PK_OK && print_stations(cli, drill, &shown);
        if (rc == PK_OK && !over) {
            (void)nanosleep(&nap, NULL);
        }
    }
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, drill);
    }
    json_decref(drill);
    if (rc == PK_OK && !over) {
        (void)fputs("picket device: the drill did not come to its end in time\n", stderr);
        return PK_EXIT_NEWS;
    }
    return rc;
}

static int simulate(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = json_pack("{s:s*}", "threat", cli->threat);
    char *path = path_of("/devices", cli->args[0], "/simulate");
    json_t *asked = NULL;
    int64_t minutes;
    int rc = body != NULL && path != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && cli->minutes > 0) {
        (void)json_object_set_new(body, "minutes", json_integer(cli->minutes));
    }
    if (rc == PK_OK) {
        rc = pk_rest_call(cli->rest, "POST", path, NULL, body, 0, &asked, err);
    }
    json_decref(body);
    free(path);
    if (rc < 0) {
        return rc;
    }
    minutes = json_integer_value(json_object_get(asked, "minutes"));
    path = path_of("/drills", json_string_value(json_object_get(asked, "id")), "");
    rc = path != NULL ? follow(cli, path, minutes, err)
                      : pk_error_set(err, PK_ENOMEM, "out of memory");
    free(path);
    json_decref(asked);
    return rc;
}

int pk_cmd_device(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list,
                "filters: status platform level outlook zone access group q" },
        { "show", "ID", 0, 0, show, "one device with its risk, posture and incidents" },
        { "risk", "ID", 0, 0, risk, "why its risk and its chance of an attack are what they are" },
        { "revoke", "ID", PK_OPT_REASON, PK_OPT_REASON, revoke, "refuse its certificate" },
        { "export", "ID FILE", 0, 0, export, "everything that is held about it, for its person" },
        { "erase", "ID", 0, 0, erase, "refuse it and erase everything about it" },
        { "simulate", "ID", PK_OPT_DRILL, 0, simulate,
                "walk a simulated threat through the whole circle, and follow it" },
        { "erasures", NULL, 0, 0, erasures, "who wants to be erased, and who was" },
        { "keep", "ERASURE", 0, 0, keep, "no to an erasure that a person asked for" },
        { NULL },
    };
    static const struct pk_group group = { "device", verbs };

    return pk_group_run(&group, argc, argv);
}
