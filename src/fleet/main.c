/* picket-fleet: simulated devices that speak the real protocol. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options.h"

static volatile int stop_now;

static void on_signal(int number)
{
    (void)number;
    stop_now = 1;
}

static const char usage[] =
        "picket-fleet: simulated devices over the real device protocol\n"
        "\n"
        "  picket-fleet demo --url LINK [--devices 200] [--days 7] [--seconds 120] [--seed 1]\n"
        "      phones that live through a week in two minutes, attacks included\n"
        "  picket-fleet load --url LINK [--devices 200] [--seconds 10] [--rate 0] [--batch 20]\n"
        "                    [--acks FILE]\n"
        "      reports as fast as they are acknowledged (or RATE a second); one JSON line at the "
        "end\n"
        "  picket-fleet wait --url LINK [--devices 5000] [--rate 0] [--steps]\n"
        "      idle connections; then an attack on each, and the time until its alert is pushed\n"
        "\n"
        "  picket-fleet spread --url LINK [--devices 5000] [--seconds 600]\n"
        "      idle connections that hear the crowd; a JSON line for each of its words, with the "
        "times\n"
        "      at which they were there\n"
        "\n"
        "  LINK   as an enrolment shows it: https://HOST:PORT/enroll#TOKEN.PIN; the token needs a\n"
        "         use for each device\n"
        "  --state FILE  keeps the devices' keys (secret!), so that the next run is the same "
        "fleet\n"
        "  --help, --version\n";

/* What a mode starts with. */
static bool defaults(const char *mode, struct pk_fleet_options *o)
{
    *o = (struct pk_fleet_options){
        .devices = 200, .days = 7, .seconds = 120, .batch = 20, .seed = 1, .stop = &stop_now
    };
    if (strcmp(mode, "load") == 0) {
        o->seconds = 10;
    } else if (strcmp(mode, "wait") == 0) {
        o->devices = 5000;
    } else if (strcmp(mode, "spread") == 0) {
        o->devices = 5000;
        o->seconds = 600;
    } else if (strcmp(mode, "demo") != 0) {
        return false;
    }
    return true;
}

static bool number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    return *text != '\0' && *end == '\0' && *out >= low && *out <= high;
}

static bool option(int c, struct pk_fleet_options *o)
{
    switch (c) {
    case 'u':
        o->url = optarg;
        return true;
    case 'f':
        o->state = optarg;
        return true;
    case 'a':
        o->acks = optarg;
        return true;
    case 'n':
        return number(optarg, 1, 100000, &o->devices);
    case 'd':
        return number(optarg, 1, 28, &o->days);
    case 's':
        return number(optarg, 1, 86400, &o->seconds);
    case 'r':
        return number(optarg, 0, 1000000, &o->rate);
    case 'b':
        return number(optarg, 1, 512, &o->batch);
    case 'x':
        return number(optarg, 0, INT64_MAX, &o->seed);
    case 'p':
        o->steps = true;
        return true;
    default:
        return false;
    }
}

static int run(const char *mode, const struct pk_fleet_options *o)
{
    if (strcmp(mode, "demo") == 0) {
        return pk_fleet_demo(o);
    }
    if (strcmp(mode, "spread") == 0) {
        return pk_fleet_spread(o);
    }
    return strcmp(mode, "load") == 0 ? pk_fleet_load(o) : pk_fleet_wait(o);
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        { "url", required_argument, NULL, 'u' },
        { "state", required_argument, NULL, 'f' },
        { "acks", required_argument, NULL, 'a' },
        { "devices", required_argument, NULL, 'n' },
        { "days", required_argument, NULL, 'd' },
        { "seconds", required_argument, NULL, 's' },
        { "rate", required_argument, NULL, 'r' },
        { "batch", required_argument, NULL, 'b' },
        { "seed", required_argument, NULL, 'x' },
        { "steps", no_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    struct pk_fleet_options o;
    struct sigaction action = { .sa_handler = on_signal };
    int c;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void)printf("picket-fleet %s\n", PK_VERSION);
        return 0;
    }
    if (argc < 2 || !defaults(argv[1], &o)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    while ((c = getopt_long(argc - 1, argv + 1, "", long_options, NULL)) != -1) {
        if (!option(c, &o)) {
            (void)fputs("picket-fleet: an option or its value is wrong; see --help\n", stderr);
            return 2;
        }
    }
    if (o.url == NULL || optind != argc - 1) {
        (void)fputs("picket-fleet: --url LINK is needed; see --help\n", stderr);
        return 2;
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return run(argv[1], &o);
}
