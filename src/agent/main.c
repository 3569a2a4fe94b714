/* picket-agent: options and wiring. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/crowd.h"
#include "agent/est.h"
#include "agent/frugal.h"
#include "agent/hello.h"
#include "agent/mine.h"
#include "agent/names.h"
#include "agent/places_watch.h"
#include "agent/rights.h"
#include "agent/settings.h"
#include "agent/spool.h"
#include "agent/status.h"
#include "base/clock.h"
#include "base/event.h"

#define SETTINGS_MEMORY (1024UL * 1024)
#define ANSWER_MAX      (1024UL * 1024)
#define CHECK_MS        (60 * PK_SECOND_MS)
#define STATUS_MS       (5 * PK_SECOND_MS)

enum exit_status {
    EXIT_FINE = 0,
    EXIT_BAD_NEWS = 1,
    EXIT_USAGE = 2,
    EXIT_FAILED = 3,
};

struct options {
    const char *command;
    const char *arguments[3];
    int argument_count;
    const char *config;
    const char *ca;
    const char *ca_pin;
    const char *name;
    bool json;
    bool offline;
    bool yes;
    bool open;
    bool check_config;
    int64_t last; /* -1: not given */
};

static const char usage[] =
        "usage: picket-agent COMMAND [OPTION]...\n"
        "\n"
        "  run                   watch over this device until told to stop\n"
        "  enroll URL [TOKEN]    join a server; the console's link alone is enough\n"
        "  status                how this device fares\n"
        "  check                 all checks now\n"
        "  ledger                what was sent to the server, who looked, what each field means\n"
        "  export FILE           everything that the server holds about this device\n"
        "  erase                 ask the server to erase it\n"
        "  page                  your own page: what is wrong, how to end it, what is known about "
        "you\n"
        "  leave                 take this device off its server\n"
        "  names on|off|status   block harmful names on this device; names allow NAME goes on "
        "anyway\n"
        "  network check SSID [BSSID]\n"
        "                        was it bad for others? Before joining, and without asking "
        "anybody\n"
        "  places [forget]       how much is kept here of where this device usually goes\n"
        "\n"
        "  --config FILE         settings (default " PK_AGENT_CONFIG ")\n"
        "  --json                for programs\n"
        "  --offline             run: judge alone; ledger: what lies here; talk to no server\n"
        "  --last N              ledger: the last N reports in clear (default 1)\n"
        "  --yes                 erase, leave: do not ask back\n"
        "  --open                page: in the browser\n"
        "  --ca FILE             enroll: the server's CA certificate\n"
        "  --ca-pin HEX          enroll: SHA-256 of the server's CA certificate\n"
        "  --name NAME           enroll: what the server calls the device (default: the host "
        "name;\n"
        "                        \"\": nothing)\n"
        "  --check-config        check the settings, show and explain them all\n"
        "  --help, --version\n"
        "\n"
        "Exit status: 0 fine, 1 bad news found, 2 wrong usage, 3 could not do it.\n";

static int fail(const struct pk_error *err)
{
    (void)fprintf(stderr, "picket-agent: %s\n", err->text);
    return EXIT_FAILED;
}

static int wrong_usage(const char *why, const char *what)
{
    (void)fprintf(stderr, "picket-agent: %s%s%s%s\n%s", why, what != NULL ? " '" : "",
            what != NULL ? what : "", what != NULL ? "'" : "", usage);
    return EXIT_USAGE;
}

static int print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    if (text == NULL || puts(text) < 0) {
        free(text);
        return EXIT_FAILED;
    }
    free(text);
    return EXIT_FINE;
}

/* What a running agent needs beyond its user. */
static unsigned rights_for(const struct pk_agent_settings *settings)
{
    return (unsigned)PK_RIGHT_PACKETS |
            (settings->names->listen != NULL ? (unsigned)PK_RIGHT_PORT : 0U) |
            (settings->apps->folders.count > 0
                            ? (unsigned)PK_RIGHT_READ | (unsigned)PK_RIGHT_SANDBOX
                            : 0U);
}

static int run(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_agent_options options = {
        .settings = settings, .offline = o->offline, .json = o->json
    };
    struct pk_agent *agent = NULL;
    struct pk_error err;
    int rc = pk_rights_keep(rights_for(settings), &err);

    if (rc == PK_OK) {
        rc = pk_agent_create(&options, &agent, &err);
    }
    if (rc == PK_OK) {
        rc = pk_agent_run(agent, &err);
    }
    pk_agent_destroy(agent);
    return rc < 0 ? fail(&err) : EXIT_FINE;
}

static int enroll(const struct options *o, const struct pk_agent_settings *settings)
{
    struct pk_enrolment with;
    struct pk_identity *id = NULL;
    struct pk_spool *spool = NULL;
    struct pk_error err;
    int rc;

    if (o->argument_count < 1) {
        return wrong_usage("enroll needs the link that the console shows", NULL);
    }
    rc = pk_enrolment_parse(o->arguments[0], o->arguments[1], o->ca_pin, o->ca, &with, &err);
    if (rc < 0) {
        return wrong_usage(err.text, NULL);
    }
    with.name = o->name;
    rc = pk_identity_load(settings->state_dir, &id, &err);
    if (rc == PK_OK) { /* a running agent must not find itself with another identity */
        rc = pk_spool_open(
                settings->state_dir, (size_t)settings->report->spool_bytes, &spool, &err);
    }
    if (rc == PK_OK) {
        rc = pk_est_enroll(id, &with, &err);
    }
    if (rc == PK_OK && pk_hello(id, spool, &err) < 0) {
        (void)fprintf(
                stderr, "picket-agent: enrolled, but the first report failed: %s\n", err.text);
    }
    if (rc == PK_OK && o->json) {
        json_t *out = json_pack(
                "{s:s, s:s}", "device", pk_identity_device(id), "server", pk_identity_url(id));

        (void)print_json(out);
        json_decref(out);
    } else if (rc == PK_OK) {
        (void)printf(
                "Enrolled with %s as device %s.\n", pk_identity_url(id), pk_identity_device(id));
    }
    pk_spool_close(spool);
    pk_identity_destroy(id);
    return rc < 0 ? fail(&err) : EXIT_FINE;
}

static int show_status(const struct options *o, const json_t *status)
{
    struct pk_buffer page = pk_buffer_of(ANSWER_MAX);
    int result = pk_status_is_bad(status) ? EXIT_BAD_NEWS : EXIT_FINE;

    if (o->json) {
        return print_json(status) == EXIT_FINE ? result : EXIT_FAILED;
    }
    pk_status_print(status, isatty(STDOUT_FILENO) == 1, &page);
    if (page.rc < 0 || fputs(page.ptr, stdout) < 0) {
        result = EXIT_FAILED;
    }
    pk_buffer_finish(&page);
    return result;
}

/* Asks the running agent. PK_ENOENT: there is none. */
static int ask(const struct options *o, const struct pk_agent_settings *settings, const char *line,
        int64_t timeout_ms, int *result, struct pk_error *err)
{
    struct pk_buffer answer = pk_buffer_of(ANSWER_MAX);
    json_t *status = NULL;
    int rc = pk_control_ask(settings->state_dir, line, timeout_ms, &answer, err);

    if (rc == PK_OK) {
        rc = pk_json_parse(answer.ptr, answer.len, &status, err);
    }
    if (rc == PK_OK) {
        *result = show_status(o, status);
    }
    json_decref(status);
    pk_buffer_finish(&answer);
    return rc;
}

static int check_alone(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_agent_options options = { .settings = settings, .once = true };
    struct pk_agent *agent = NULL;
    struct pk_error err;
    int result = EXIT_FAILED;
    int rc = pk_rights_keep(rights_for(settings), &err);

    if (rc == PK_OK) {
        rc = pk_agent_create(&options, &agent, &err);
    }

    if (rc == PK_OK) {
        rc = pk_agent_run(agent, &err);
    }
    if (rc == PK_OK) {
        json_t *status = pk_agent_status(agent);

        result = show_status(o, status);
        json_decref(status);
    }
    pk_agent_destroy(agent);
    return rc < 0 ? fail(&err) : result;
}

static int check(const struct options *o, const struct pk_agent_settings *settings)
{
    struct pk_error err;
    int result = EXIT_FAILED;
    int rc = ask(o, settings, "check", CHECK_MS, &result, &err);

    if (rc == PK_ENOENT) {
        return check_alone(o, settings);
    }
    return rc < 0 ? fail(&err) : result;
}

static int status(const struct options *o, const struct pk_agent_settings *settings)
{
    struct pk_error err;
    int result = EXIT_FAILED;
    int rc = ask(o, settings, "status", STATUS_MS, &result, &err);

    if (rc == PK_ENOENT) {
        (void)fprintf(stderr, "picket-agent: %s; 'picket-agent check' looks once\n", err.text);
        return EXIT_FAILED;
    }
    return rc < 0 ? fail(&err) : result;
}

static struct pk_mine_options mine_options(const struct options *o)
{
    return (struct pk_mine_options){ .file = o->arguments[0],
        .last = o->last,
        .json = o->json,
        .offline = o->offline,
        .yes = o->yes,
        .open = o->open };
}

static int ledger(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_mine_options options = mine_options(o);

    return pk_mine_ledger_command(settings, &options);
}

static int export(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_mine_options options = mine_options(o);

    return o->argument_count == 1 ? pk_mine_export_command(settings, &options)
                                  : wrong_usage("export needs a file", NULL);
}

static int erase(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_mine_options options = mine_options(o);

    return pk_mine_erase_command(settings, &options);
}

static int page(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_mine_options options = mine_options(o);

    return pk_page_command(settings, &options);
}

static int leave(const struct options *o, const struct pk_agent_settings *settings)
{
    const struct pk_mine_options options = mine_options(o);

    return pk_leave_command(settings, &options);
}

static int names(const struct options *o, const struct pk_agent_settings *settings)
{
    return pk_names_command(settings, o->arguments[0], o->arguments[1], o->json);
}

static int network(const struct options *o, const struct pk_agent_settings *settings)
{
    return pk_network_command(settings, o->arguments[0], o->arguments[1], o->arguments[2], o->json);
}

static int places(const struct options *o, const struct pk_agent_settings *settings)
{
    return pk_places_command(settings, o->arguments[0], o->json);
}

static int explain(const struct pk_agent_settings *settings)
{
    struct pk_buffer page = pk_buffer_of(ANSWER_MAX);
    int result;

    pk_agent_settings_explain(settings, &page);
    result = page.rc == PK_OK && fputs(page.ptr, stdout) >= 0 ? EXIT_FINE : EXIT_FAILED;
    pk_buffer_finish(&page);
    return result;
}

/* Decimal digits, at most four. */
static bool read_count(const char *text, int64_t *out)
{
    size_t len = strspn(text, "0123456789");

    if (len == 0 || len > 4 || text[len] != '\0') {
        return false;
    }
    *out = strtoll(text, NULL, 10);
    return true;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    enum {
        CONFIG = 256,
        JSON,
        OFFLINE,
        LAST,
        YES,
        OPEN,
        CA,
        CA_PIN,
        NAME,
        CHECK_CONFIG,
        HELP,
        VERSION
    };
    static const struct option names[] = {
        { "config", required_argument, NULL, CONFIG },
        { "json", no_argument, NULL, JSON },
        { "offline", no_argument, NULL, OFFLINE },
        { "last", required_argument, NULL, LAST },
        { "yes", no_argument, NULL, YES },
        { "open", no_argument, NULL, OPEN },
        { "ca", required_argument, NULL, CA },
        { "ca-pin", required_argument, NULL, CA_PIN },
        { "name", required_argument, NULL, NAME },
        { "check-config", no_argument, NULL, CHECK_CONFIG },
        { "help", no_argument, NULL, HELP },
        { "version", no_argument, NULL, VERSION },
        { NULL, 0, NULL, 0 },
    };
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case CONFIG:
            o->config = optarg;
            break;
        case JSON:
            o->json = true;
            break;
        case OFFLINE:
            o->offline = true;
            break;
        case LAST:
            if (!read_count(optarg, &o->last)) {
                return wrong_usage("--last needs a number, not", optarg);
            }
            break;
        case YES:
            o->yes = true;
            break;
        case OPEN:
            o->open = true;
            break;
        case CA:
            o->ca = optarg;
            break;
        case CA_PIN:
            o->ca_pin = optarg;
            break;
        case NAME:
            o->name = optarg;
            break;
        case CHECK_CONFIG:
            o->check_config = true;
            break;
        case HELP:
            return fputs(usage, stdout) < 0 ? EXIT_FAILED : EXIT_FINE;
        case VERSION:
            return puts("picket-agent " PK_VERSION) < 0 ? EXIT_FAILED : EXIT_FINE;
        default:
            (void)fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    o->command = optind < argc ? argv[optind++] : NULL;
    while (optind < argc && o->argument_count < (int)PK_COUNT(o->arguments)) {
        o->arguments[o->argument_count++] = argv[optind++];
    }
    return optind < argc ? wrong_usage("too many arguments:", argv[optind]) : -1;
}

static int dispatch(const struct options *o, const struct pk_agent_settings *settings)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *o, const struct pk_agent_settings *settings);
        int arguments_max;
    } commands[] = {
        { "run", run, 0 },
        { "enroll", enroll, 2 },
        { "status", status, 0 },
        { "check", check, 0 },
        { "ledger", ledger, 0 },
        { "export", export, 1 },
        { "erase", erase, 0 },
        { "page", page, 1 },
        { "leave", leave, 0 },
        { "names", names, 2 },
        { "network", network, 3 },
        { "places", places, 1 },
    };

    for (size_t i = 0; i < PK_COUNT(commands); i++) {
        if (strcmp(commands[i].name, o->command) != 0) {
            continue;
        }
        if (o->argument_count > commands[i].arguments_max) {
            return wrong_usage("too many arguments:", o->arguments[commands[i].arguments_max]);
        }
        return commands[i].run(o, settings);
    }
    return wrong_usage("unknown command", o->command);
}

int main(int argc, char **argv)
{
    struct options o = { .last = -1 };
    struct pk_agent_settings settings;
    struct pk_arena *arena;
    struct pk_error err;
    int result = parse(argc, argv, &o);

    if (result >= 0) {
        return result;
    }
    pk_frugal_begin();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0); /* the device's key is in memory */
    arena = pk_arena_create(SETTINGS_MEMORY);
    if (arena == NULL) {
        return EXIT_FAILED;
    }
    if (pk_agent_settings_load(o.config, arena, &settings, &err) < 0) {
        result = fail(&err);
        result = err.code == PK_ENOENT ? result : EXIT_USAGE;
    } else if (o.check_config) {
        result = explain(&settings);
    } else if (o.command == NULL) {
        result = wrong_usage("a command is needed", NULL);
    } else {
        result = dispatch(&o, &settings);
    }
    pk_arena_destroy(arena);
    return result;
}
