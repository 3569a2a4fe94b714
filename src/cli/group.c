#include "cli/group.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_URL "https://localhost:8443"

enum {
    OPT_URL = 256,
    OPT_CA,
    OPT_TOKEN,
    OPT_JSON,
    OPT_HELP,
    OPT_FILTER,
    OPT_SORT,
    OPT_LIMIT,
    OPT_ALL,
    OPT_REASON,
    OPT_ROLE,
    OPT_TTL,
    OPT_LABEL,
    OPT_GROUP,
    OPT_USES,
    OPT_AFTER,
    OPT_FOLLOW,
    OPT_SHA256,
    OPT_PACKAGE,
    OPT_SIGNER,
    OPT_TEAM,
    OPT_THREAT,
    OPT_RULE,
    OPT_DEVICE,
    OPT_NETWORK,
    OPT_BSSID,
    OPT_PLACE,
    OPT_MAST,
    OPT_APP,
    OPT_DAYS,
    OPT_MINUTES,
    OPT_SUBJECT,
    OPT_LANGUAGE,
    OPT_TITLE,
    OPT_WHY,
    OPT_STEP,
    OPT_EVERY,
    OPT_TO,
};

/* clang-format off */
static const struct option long_options[] = {
    { "url", required_argument, NULL, OPT_URL },
    { "ca", required_argument, NULL, OPT_CA },
    { "token", required_argument, NULL, OPT_TOKEN },
    { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, OPT_HELP },
    { "filter", required_argument, NULL, OPT_FILTER },
    { "sort", required_argument, NULL, OPT_SORT },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "all", no_argument, NULL, OPT_ALL },
    { "reason", required_argument, NULL, OPT_REASON },
    { "role", required_argument, NULL, OPT_ROLE },
    { "ttl", required_argument, NULL, OPT_TTL },
    { "label", required_argument, NULL, OPT_LABEL },
    { "group", required_argument, NULL, OPT_GROUP },
    { "uses", required_argument, NULL, OPT_USES },
    { "after", required_argument, NULL, OPT_AFTER },
    { "follow", no_argument, NULL, OPT_FOLLOW },
    { "sha256", required_argument, NULL, OPT_SHA256 },
    { "package", required_argument, NULL, OPT_PACKAGE },
    { "signer", required_argument, NULL, OPT_SIGNER },
    { "team", required_argument, NULL, OPT_TEAM },
    { "threat", required_argument, NULL, OPT_THREAT },
    { "rule", required_argument, NULL, OPT_RULE },
    { "device", required_argument, NULL, OPT_DEVICE },
    { "network", required_argument, NULL, OPT_NETWORK },
    { "bssid", required_argument, NULL, OPT_BSSID },
    { "place", required_argument, NULL, OPT_PLACE },
    { "mast", required_argument, NULL, OPT_MAST },
    { "app", required_argument, NULL, OPT_APP },
    { "days", required_argument, NULL, OPT_DAYS },
    { "minutes", required_argument, NULL, OPT_MINUTES },
    { "subject", required_argument, NULL, OPT_SUBJECT },
    { "language", required_argument, NULL, OPT_LANGUAGE },
    { "title", required_argument, NULL, OPT_TITLE },
    { "why", required_argument, NULL, OPT_WHY },
    { "step", required_argument, NULL, OPT_STEP },
    { "every", required_argument, NULL, OPT_EVERY },
    { "to", required_argument, NULL, OPT_TO },
    { NULL, 0, NULL, 0 },
};

/* Which verbs take an option; 0: all. */
static const struct { int option; unsigned of; const char *help; } meanings[] = {
    { OPT_DAYS, PK_OPT_DAYS, "--days N                        how far back" },
    { OPT_FILTER, PK_OPT_LIST, "--filter FIELD:VALUE|VALUE,...  only these" },
    { OPT_SORT, PK_OPT_LIST, "--sort FIELD                    - before it: descending" },
    { OPT_LIMIT, PK_OPT_LIST, "--limit N                       at most so many (50)" },
    { OPT_ALL, PK_OPT_LIST, "--all                           all of them" },
    { OPT_REASON, PK_OPT_REASON, "--reason TEXT                   why; it is kept" },
    { OPT_ROLE, PK_OPT_ROLE, "--role viewer|responder|policy|privacy|owner" },
    { OPT_TTL, PK_OPT_TTL | PK_OPT_MISTAKE, "--ttl SECONDS                   how long it works" },
    { OPT_LABEL, PK_OPT_ENROL, "--label TEXT                    for whom it is" },
    { OPT_GROUP, PK_OPT_ENROL | PK_OPT_EXCEPT | PK_OPT_GROUP | PK_OPT_MISTAKE | PK_OPT_PLAN,
      "--group NAME                    of devices" },
    { OPT_USES, PK_OPT_ENROL, "--uses N                        how many devices (1)" },
    { OPT_DEVICE, PK_OPT_EXCEPT | PK_OPT_MISTAKE, "--device ID                     on this device only" },
    { OPT_SHA256, PK_OPT_EXCEPT, "--sha256 HEX                    this file only" },
    { OPT_PACKAGE, PK_OPT_EXCEPT, "--package NAME                  with one of the next two" },
    { OPT_NETWORK, PK_OPT_ABOUT, "--network ID                    net- and 16 hex digits" },
    { OPT_BSSID, PK_OPT_ABOUT, "--bssid ADDRESS                 its access point" },
    { OPT_PLACE, PK_OPT_ABOUT, "--place GEOHASH                 5 letters: a square of about 5 km" },
    { OPT_MAST, PK_OPT_ABOUT, "--mast PLMN:CELL                of a mobile network, with --place" },
    { OPT_APP, PK_OPT_ABOUT, "--app HEX                       SHA-256 of the file" },
    { OPT_SIGNER, PK_OPT_EXCEPT | PK_OPT_ABOUT, "--signer HEX                    SHA-256 of the certificate" },
    { OPT_TEAM, PK_OPT_EXCEPT, "--team ID                       Apple's team" },
    { OPT_THREAT, PK_OPT_EXCEPT | PK_OPT_DRILL | PK_OPT_MISTAKE,
      "--threat ID                     only findings of this kind" },
    { OPT_SUBJECT, PK_OPT_MISTAKE, "--subject TEXT                  only about this: a network's id, an app ..." },
    { OPT_MINUTES, PK_OPT_DRILL, "--minutes N                     how long it lasts (5)" },
    { OPT_LANGUAGE, PK_OPT_TEXT, "--language CODE                 en, de, es, fr, it" },
    { OPT_TITLE, PK_OPT_WORDS, "--title TEXT                    what happened (80 characters)" },
    { OPT_WHY, PK_OPT_WORDS, "--why TEXT                      what it means (with the title 140)" },
    { OPT_STEP, PK_OPT_WORDS, "--step TEXT                     what ends it; up to three times (100)" },
    { OPT_EVERY, PK_OPT_PLAN, "--every daily|weekly|monthly    how often, at 06:00 UTC" },
    { OPT_TO, PK_OPT_PLAN, "--to ADDRESS,...                who gets it" },
    { OPT_RULE, PK_OPT_EXCEPT | PK_OPT_MISTAKE, "--rule RULE                     only findings of this rule" },
    { OPT_AFTER, PK_OPT_FOLLOW, "--after CURSOR|now              where to begin (0)" },
    { OPT_FOLLOW, PK_OPT_FOLLOW, "--follow                        wait for more" },
    { OPT_URL, 0, "--url URL      of the server (PICKET_URL; " DEFAULT_URL ")" },
    { OPT_CA, 0, "--ca FILE      certificates to trust (PICKET_CA; the system's)" },
    { OPT_TOKEN, 0, "--token TOKEN  API token (better PICKET_TOKEN: others see arguments)" },
    { OPT_JSON, 0, "--json         for programs" },
};
/* clang-format on */

static void help_options(FILE *to, unsigned used)
{
    (void)fputs("\nOptions:\n", to);
    for (size_t i = 0; i < PK_COUNT(meanings); i++) {
        if (meanings[i].of == 0 || (meanings[i].of & used) != 0) {
            (void)fprintf(to, "  %s\n", meanings[i].help);
        }
    }
    (void)fputs("\nExit status: 0 fine, 1 bad news found, 2 wrong usage, 3 could not do it.\n", to);
}

static void help(FILE *to, const struct pk_group *group)
{
    unsigned used = 0;

    (void)fprintf(to, "usage: picket %s VERB [OPTIONS]\n\n", group->name);
    for (const struct pk_verb *v = group->verbs; v->name != NULL; v++) {
        (void)fprintf(to, "  %-12s %-6s %s\n", v->name, v->args != NULL ? v->args : "", v->what);
        used |= v->options;
    }
    help_options(to, used);
}

/* Of one verb, with its own options alone. The completion reads these pages, too. */
static void help_verb(FILE *to, const struct pk_group *group, const struct pk_verb *verb)
{
    (void)fprintf(to, "usage: picket %s%s%s%s%s [OPTIONS]\n%s\n", group->name,
            verb->name[0] != '\0' ? " " : "", verb->name, verb->args != NULL ? " " : "",
            verb->args != NULL ? verb->args : "", verb->what);
    help_options(to, verb->options);
}

static int wrong(const struct pk_group *group, const char *text, const char *what)
{
    (void)fprintf(stderr, "picket %s: %s%s\npicket %s --help tells more.\n", group->name, text,
            what, group->name);
    return PK_EXIT_USAGE;
}

static const struct pk_verb *verb_of(const struct pk_group *group, const char *name)
{
    for (const struct pk_verb *v = group->verbs; v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0) {
            return v;
        }
    }
    return NULL;
}

static bool parse_number(const char *text, long *out)
{
    char *end;

    errno = 0;
    *out = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out > 0;
}

static unsigned option_class(int option)
{
    for (size_t i = 0; i < PK_COUNT(meanings); i++) {
        if (meanings[i].option == option) {
            return meanings[i].of;
        }
    }
    return 0;
}

/* Which app an exception is about, or what the crowd is asked about. */
static void take_target(struct pk_cli *cli, int option, const char *value)
{
    switch (option) {
    case OPT_NETWORK:
        cli->network = value;
        break;
    case OPT_BSSID:
        cli->bssid = value;
        break;
    case OPT_PLACE:
        cli->place = value;
        break;
    case OPT_MAST:
        cli->mast = value;
        break;
    case OPT_APP:
        cli->app = value;
        break;
    case OPT_SHA256:
        cli->sha256 = value;
        break;
    case OPT_PACKAGE:
        cli->package = value;
        break;
    case OPT_SIGNER:
        cli->signer = value;
        break;
    case OPT_TEAM:
        cli->team = value;
        break;
    case OPT_THREAT:
        cli->threat = value;
        break;
    case OPT_RULE:
        cli->rule = value;
        break;
    case OPT_SUBJECT:
        cli->subject = value;
        break;
    default:
        cli->device = value;
        break;
    }
}

/* What getopt gave. false: its number is none. */
static bool take_option(
        struct pk_cli *cli, struct pk_rest_settings *settings, int option, const char *value)
{
    switch (option) {
    case OPT_URL:
        settings->url = value;
        return true;
    case OPT_CA:
        settings->ca = value;
        return true;
    case OPT_TOKEN:
        settings->token = value;
        return true;
    case OPT_JSON:
        cli->json = true;
        return true;
    case OPT_FILTER:
        cli->filter = value;
        return true;
    case OPT_SORT:
        cli->sort = value;
        return true;
    case OPT_LIMIT:
        return parse_number(value, &cli->limit);
    case OPT_ALL:
        cli->all = true;
        return true;
    case OPT_REASON:
        cli->reason = value;
        return true;
    case OPT_ROLE:
        cli->role = value;
        return true;
    case OPT_TTL:
        return parse_number(value, &cli->ttl_s);
    case OPT_LABEL:
        cli->label = value;
        return true;
    case OPT_GROUP:
        cli->group = value;
        return true;
    case OPT_MINUTES:
        return parse_number(value, &cli->minutes);
    case OPT_LANGUAGE:
        cli->language = value;
        return true;
    case OPT_TITLE:
        cli->title = value;
        return true;
    case OPT_WHY:
        cli->why = value;
        return true;
    case OPT_STEP:
        if (cli->step_count == PK_COUNT(cli->steps)) {
            return false;
        }
        cli->steps[cli->step_count++] = value;
        return true;
    case OPT_EVERY:
        cli->every = value;
        return true;
    case OPT_TO:
        cli->to = value;
        return true;
    case OPT_USES:
        return parse_number(value, &cli->uses);
    case OPT_DAYS:
        return parse_number(value, &cli->days);
    case OPT_AFTER:
        cli->after = value;
        return true;
    case OPT_FOLLOW:
        cli->follow = true;
        return true;
    default:
        take_target(cli, option, value);
        return true;
    }
}

static const char *from_environment(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Words of the verb's args: each is an argument. */
static int arguments_of(const struct pk_verb *verb)
{
    int count = verb->args != NULL;

    for (const char *c = verb->args; c != NULL && *c != '\0'; c++) {
        count += *c == ' ';
    }
    return count;
}

static const char *missing(const struct pk_verb *verb, const struct pk_cli *cli)
{
    if ((verb->needed & PK_OPT_REASON) != 0 && cli->reason == NULL) {
        return "--reason";
    }
    return (verb->needed & PK_OPT_ROLE) != 0 && cli->role == NULL ? "--role" : NULL;
}

static int execute(const struct pk_group *group, const struct pk_verb *verb, struct pk_cli *cli,
        const struct pk_rest_settings *settings)
{
    struct pk_error err = { 0 };
    int rc = pk_rest_create(settings, &cli->rest, &err);

    if (rc == PK_OK) {
        rc = verb->run(cli, &err);
    }
    pk_rest_destroy(cli->rest);
    if (rc < 0) {
        (void)fprintf(stderr, "picket %s %s: %s\n", group->name, verb->name, err.text);
        return PK_EXIT_FAILED;
    }
    return rc;
}

int pk_group_run(const struct pk_group *group, int argc, char **argv)
{
    struct pk_rest_settings settings = {
        .url = from_environment("PICKET_URL"),
        .ca = from_environment("PICKET_CA"),
        .token = from_environment("PICKET_TOKEN"),
    };
    struct pk_cli cli = { .limit = 50 };
    const struct pk_verb *verb = argc >= 2 ? verb_of(group, argv[1]) : NULL;
    int option;

    /* A group of one verb without a name is a command by itself: `picket health`. */
    if (verb == NULL) {
        verb = verb_of(group, "");
    } else {
        argc--;
        argv++;
    }
    opterr = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_HELP) {
            if (verb != NULL) {
                help_verb(stdout, group, verb);
            } else {
                help(stdout, group);
            }
            return PK_EXIT_FINE;
        }
        if (option == '?' ||
                (verb != NULL && option_class(option) != 0 &&
                        (option_class(option) & verb->options) == 0)) {
            return wrong(group, "this is no option here: ", argv[optind - 1]);
        }
        if (!take_option(&cli, &settings, option, optarg)) {
            return wrong(group, "a number above 0 is wanted: ", optarg);
        }
    }
    if (verb == NULL && optind < argc) {
        return wrong(group, "there is no verb ", argv[optind]);
    }
    if (verb == NULL) {
        help(stderr, group);
        return PK_EXIT_USAGE;
    }
    if (argc - optind != arguments_of(verb)) {
        return wrong(group, "wanted are the arguments: ", verb->args != NULL ? verb->args : "none");
    }
    for (int i = 0; optind + i < argc && i < (int)PK_COUNT(cli.args); i++) {
        cli.args[i] = argv[optind + i];
    }
    if (missing(verb, &cli) != NULL) {
        return wrong(group, "needed is ", missing(verb, &cli));
    }
    settings.url = settings.url != NULL ? settings.url : DEFAULT_URL;
    return execute(group, verb, &cli, &settings);
}
