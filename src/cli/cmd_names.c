/* picket names - the judge of names by their letters. It is built in: no server is asked, nothing is looked up. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/names_measure.h"
#include "cli/print.h"
#include "defense/network/names.h"

static const char usage[] =
        "usage: picket names score [--json] NAME|URL...\n"
        "       picket names measure [--hosts] [--json] [--harmful FILE] [--harmless FILE] "
        "[--labelled FILE] ...\n"
        "How much names and URLs look like phishing, by their letters alone. Nothing is resolved "
        "or visited; known bad names\n"
        "are in `picket intel lookup`.\n"
        "  --harmful FILE, --harmless FILE  names or URLs: CSV with a column url, JSON list, or "
        "one a line; .xz, .zst\n"
        "  --labelled FILE  CSV with the columns url and label (1: harmful)\n"
        "  --hosts          judge host names alone, as on a device\n"
        "  --json           as JSON\n"
        "Exit status: 0 none looks harmful (measure: done), 1 some do, 2 wrong usage, 3 could not "
        "do it.\n";

static json_t *view(const char *text, const struct pk_name_looks *looks)
{
    json_t *reasons = json_array();

    for (size_t i = 0; i < looks->reason_count; i++) {
        (void)json_array_append_new(reasons, json_string(looks->reasons[i]));
    }
    return json_pack("{s:s, s:i, s:b, s:s*, s:o}", "name", text, "score", looks->score, "harmful",
            looks->score >= PK_NAME_HARMFUL, "brand", looks->brand, "reasons", reasons);
}

static void show(const char *text, const struct pk_name_looks *looks)
{
    (void)printf("%3d  ", looks->score);
    (void)pk_print_text(stdout, text, 200);
    (void)printf("%s%s%s\n", looks->score >= PK_NAME_HARMFUL ? "  looks harmful" : "",
            looks->brand != NULL ? ", imitates " : "", looks->brand != NULL ? looks->brand : "");
    for (size_t i = 0; i < looks->reason_count; i++) {
        (void)printf("     - %s\n", looks->reasons[i]);
    }
}

static int score(int argc, char **argv, bool json)
{
    int result = PK_EXIT_FINE;

    for (int i = 0; i < argc; i++) {
        struct pk_name_looks looks;

        if (strpbrk(argv[i], "/?#:@") != NULL) {
            pk_url_judge(argv[i], &looks);
        } else {
            pk_name_judge(argv[i], &looks);
        }
        if (looks.score < 0) {
            (void)fprintf(stderr, "picket names: '");
            (void)pk_print_text(stderr, argv[i], 200);
            (void)fprintf(stderr, "' is no host name and no URL with one\n");
            return PK_EXIT_USAGE;
        }
        result = looks.score >= PK_NAME_HARMFUL ? PK_EXIT_NEWS : result;
        if (json) {
            json_t *one = view(argv[i], &looks);

            pk_print_json(stdout, one);
            json_decref(one);
        } else {
            show(argv[i], &looks);
        }
    }
    return result;
}

struct wishes {
    bool json;
    bool hosts;
    struct {
        const char *path;
        enum pk_names_label label;
    } files[64];
    size_t count;
};

static int measure(const struct wishes *w)
{
    struct pk_names_measure *m = pk_names_measure_create(w->hosts);
    struct pk_error err = { 0 };
    json_t *result;
    int rc = m != NULL ? PK_OK : pk_error_set(&err, PK_ENOMEM, "out of memory");

    for (size_t i = 0; i < w->count && rc == PK_OK; i++) {
        rc = pk_names_measure_file(m, w->files[i].path, w->files[i].label, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket names: %s\n", err.text);
        pk_names_measure_destroy(m);
        return PK_EXIT_FAILED;
    }
    result = pk_names_measure_result(m);
    if (w->json) {
        pk_print_json(stdout, result);
    } else {
        pk_print_tree(stdout, result);
    }
    json_decref(result);
    pk_names_measure_destroy(m);
    return PK_EXIT_FINE;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct wishes *w)
{
    enum {
        HARMLESS = 256,
        HARMFUL,
        LABELLED,
        HOSTS,
        JSON,
        HELP
    };
    static const struct option options[] = { { "harmless", required_argument, NULL, HARMLESS },
        { "harmful", required_argument, NULL, HARMFUL },
        { "labelled", required_argument, NULL, LABELLED }, { "hosts", no_argument, NULL, HOSTS },
        { "json", no_argument, NULL, JSON }, { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 } };
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case HARMLESS:
        case HARMFUL:
        case LABELLED:
            if (w->count == PK_COUNT(w->files)) {
                (void)fprintf(stderr, "picket names: at most %zu files\n", PK_COUNT(w->files));
                return PK_EXIT_USAGE;
            }
            w->files[w->count].path = optarg;
            w->files[w->count++].label = (enum pk_names_label)(option - HARMLESS);
            break;
        case HOSTS:
            w->hosts = true;
            break;
        case JSON:
            w->json = true;
            break;
        case HELP:
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        default:
            (void)fputs(usage, stderr);
            return PK_EXIT_USAGE;
        }
    }
    return -1;
}

int pk_cmd_names(int argc, char **argv)
{
    struct wishes wishes = { .count = 0 };
    int rc = parse(argc, argv, &wishes);
    const char *verb = rc < 0 && optind < argc ? argv[optind] : "";

    if (rc >= 0) {
        return rc;
    }
    if (strcmp(verb, "score") == 0 && optind + 1 < argc) {
        return score(argc - optind - 1, argv + optind + 1, wishes.json);
    }
    if (strcmp(verb, "measure") == 0 && wishes.count > 0 && optind + 1 == argc) {
        return measure(&wishes);
    }
    (void)fputs(usage, stderr);
    return PK_EXIT_USAGE;
}
