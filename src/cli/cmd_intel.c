/* picket intel - what is known about apps, hosts and files. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/intel.h"

#define DEFAULT_LIMIT 50
#define DEFAULT_URL   "https://localhost:8443"

static const char usage[] =
        "usage: picket intel VERB [OPTIONS]\n"
        "\n"
        "  import FILE|DIR...  take feeds over: STIX 2, MISP, CSV, YAML, plain lists; .xz and .zst "
        "too\n"
        "  lookup VALUE...     is it known? - reads values from standard input\n"
        "  show                the sets of this machine: counts, sources, dates\n"
        "  list                indicators\n"
        "  export              indicators of the local set as CSV or STIX 2.1\n"
        "  remove SOURCE       forget all of one source\n"
        "  trust APP...        remember app files as genuine: name, icon and signer\n"
        "  push                give the local set to a server\n"
        "\n"
        "Options:\n"
        "  --set FILE       instead of the local set (PICKET_INTEL)\n"
        "  --json           for programs\n"
        "  --verbose        import: name every value that is left out\n"
        "  --replace        import: sources that come anew lose what they had\n"
        "  --source NAME    import: all files are of this source; list, export: only of it\n"
        "  --licence TEXT, --reference URL   import: of that source\n"
        "  --date DATE      import: of the lists, for entries that tell none (today)\n"
        "  --kind KIND      import: of plain lists; lookup, list, export: only this kind\n"
        "  --category WORD  import: of all; list: only this one\n"
        "  --family TEXT    list, export: only families with this in their name\n"
        "  --limit N        list: at most so many (50)\n"
        "  --format csv|stix, --out FILE     export\n"
        "  --url, --ca, --token              push: as for other commands of a server\n"
        "\n"
        "Exit status: 0 fine, 1 lookup found something bad, 2 wrong usage, 3 could not do it.\n";

enum {
    OPT_SET = 256,
    OPT_JSON,
    OPT_VERBOSE,
    OPT_REPLACE,
    OPT_SOURCE,
    OPT_LICENCE,
    OPT_REFERENCE,
    OPT_DATE,
    OPT_KIND,
    OPT_CATEGORY,
    OPT_FAMILY,
    OPT_LIMIT,
    OPT_FORMAT,
    OPT_OUT,
    OPT_URL,
    OPT_CA,
    OPT_TOKEN,
    OPT_HELP,
};

/* clang-format off */
static const struct option long_options[] = {
    { "set", required_argument, NULL, OPT_SET },
    { "json", no_argument, NULL, OPT_JSON },
    { "verbose", no_argument, NULL, OPT_VERBOSE },
    { "replace", no_argument, NULL, OPT_REPLACE },
    { "source", required_argument, NULL, OPT_SOURCE },
    { "licence", required_argument, NULL, OPT_LICENCE },
    { "reference", required_argument, NULL, OPT_REFERENCE },
    { "date", required_argument, NULL, OPT_DATE },
    { "kind", required_argument, NULL, OPT_KIND },
    { "category", required_argument, NULL, OPT_CATEGORY },
    { "family", required_argument, NULL, OPT_FAMILY },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "format", required_argument, NULL, OPT_FORMAT },
    { "out", required_argument, NULL, OPT_OUT },
    { "url", required_argument, NULL, OPT_URL },
    { "ca", required_argument, NULL, OPT_CA },
    { "token", required_argument, NULL, OPT_TOKEN },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static const struct verb {
    const char *name;
    int (*run)(struct pk_intel_cli *cli, struct pk_error *err);
    int min, max; /* arguments */
} verbs[] = {
    { "import", pk_intel_cli_import, 1, 100000 },
    { "lookup", pk_intel_cli_lookup, 1, 100000 },
    { "show", pk_intel_cli_show, 0, 0 },
    { "list", pk_intel_cli_list, 0, 0 },
    { "export", pk_intel_cli_export, 0, 0 },
    { "remove", pk_intel_cli_remove, 1, 1 },
    { "trust", pk_intel_cli_trust, 1, 100000 },
    { "push", pk_intel_cli_push, 0, 0 },
};
/* clang-format on */

static const char *from_environment(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool take_limit(struct pk_intel_cli *cli, const char *text)
{
    char *end;

    errno = 0;
    cli->limit = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && cli->limit > 0;
}

/* Words from a fixed list. */
static bool take_word(struct pk_intel_cli *cli, int option, const char *value)
{
    if (option == OPT_KIND) {
        cli->kind = pk_intel_kind_of(value);
        return cli->kind >= 0;
    }
    if (option == OPT_CATEGORY) {
        cli->category = pk_intel_category_of(value);
        return cli->category > 0;
    }
    cli->format = value;
    return strcmp(value, "csv") == 0 || strcmp(value, "stix") == 0;
}

static bool take_option(struct pk_intel_cli *cli, int option, const char *value)
{
    const struct {
        int option;
        const char **to;
    } texts[] = {
        { OPT_SET, &cli->set },
        { OPT_SOURCE, &cli->source },
        { OPT_LICENCE, &cli->licence },
        { OPT_REFERENCE, &cli->reference },
        { OPT_DATE, &cli->date },
        { OPT_FAMILY, &cli->family },
        { OPT_OUT, &cli->out },
        { OPT_URL, &cli->server.url },
        { OPT_CA, &cli->server.ca },
        { OPT_TOKEN, &cli->server.token },
    };

    for (size_t i = 0; i < PK_COUNT(texts); i++) {
        if (texts[i].option == option) {
            *texts[i].to = value;
            return true;
        }
    }
    if (option == OPT_JSON) {
        cli->json = true;
        return true;
    }
    if (option == OPT_VERBOSE || option == OPT_REPLACE) {
        *(option == OPT_VERBOSE ? &cli->verbose : &cli->replace) = true;
        return true;
    }
    return option == OPT_LIMIT ? take_limit(cli, value) : take_word(cli, option, value);
}

static const struct verb *verb_of(const char *name)
{
    for (size_t i = 0; i < PK_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int wrong(const char *text, const char *what)
{
    (void)fprintf(stderr, "picket intel: %s%s\npicket intel --help tells more.\n", text, what);
    return PK_EXIT_USAGE;
}

int pk_cmd_intel(int argc, char **argv)
{
    struct pk_intel_cli cli = { .kind = -1, .limit = DEFAULT_LIMIT };
    const struct verb *verb;
    struct pk_error err = { 0 };
    int option;
    int rc;

    cli.server.url = from_environment("PICKET_URL");
    cli.server.ca = from_environment("PICKET_CA");
    cli.server.token = from_environment("PICKET_TOKEN");
    opterr = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_HELP) {
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        }
        if (option == '?') {
            return wrong("this is no option: ", argv[optind - 1]);
        }
        if (!take_option(&cli, option, optarg)) {
            return wrong("this is no value for its option: ", optarg);
        }
    }
    if (optind >= argc) {
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    verb = verb_of(argv[optind]);
    if (verb == NULL) {
        return wrong("there is no verb ", argv[optind]);
    }
    cli.args = argv + optind + 1;
    cli.count = argc - optind - 1;
    if (cli.count < verb->min || cli.count > verb->max) {
        return wrong("wrong number of arguments for ", verb->name);
    }
    cli.server.url = cli.server.url != NULL ? cli.server.url : DEFAULT_URL;
    rc = verb->run(&cli, &err);
    if (rc < 0) {
        (void)fprintf(stderr, "picket intel %s: ", verb->name);
        (void)fprintf(stderr, "%s\n", err.text);
        return PK_EXIT_FAILED;
    }
    return rc;
}
