/* picket model - the classifier by itself: what it is, rows of a table through it, and what it sees of files. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/model_features.h"
#include "cli/model_score.h"
#include "cli/print.h"

#define TOP_FEATURES 20

static const char usage[] =
        "usage: picket model list [--json]\n"
        "       picket model show [NAME] [--json]\n"
        "       picket model score --csv FILE [--model NAME] [OPTIONS]\n"
        "       picket model features FILE...\n"
        "The classifier of apps. score reads a table with one column a feature and prints\n"
        "row,score,verdict; FILE may be '-' and packed with xz. features prints such a table for\n"
        "APK and DEX files, which are read in the sandbox.\n"
        "  --model NAME       a model that Picket carries, or a model file (android)\n"
        "  --csv FILE         the table; columns that are no feature are passed over\n"
        "  --label COLUMN     that says what is malware: tells what the scores are worth, too\n"
        "  --part NAME        only rows whose column 'part' says so\n"
        "  --train-part NAME  rows whose vector stands in this part count as seen in training\n"
        "  --train-csv FILE   ... and those whose vector stands in this table\n"
        "  --metrics          with --label: that alone\n"
        "  --json             as JSON; of score the counts and the figures\n"
        "Exit status: 0 done, 2 wrong usage, 3 could not do it.\n";

enum {
    OPT_JSON = 256,
    OPT_MODEL,
    OPT_CSV,
    OPT_LABEL,
    OPT_PART,
    OPT_TRAIN_PART,
    OPT_TRAIN_CSV,
    OPT_METRICS,
    OPT_HELP,
};

struct call {
    struct pk_model_score score;
    const char *name;
    bool help;
};

static bool take_option(struct call *call, int option, const char *text)
{
    switch (option) {
    case OPT_JSON:
        call->score.json = true;
        return true;
    case OPT_MODEL:
        call->name = text;
        return true;
    case OPT_CSV:
        call->score.csv = text;
        return true;
    case OPT_LABEL:
        call->score.label = text;
        return true;
    case OPT_PART:
        call->score.part = text;
        return true;
    case OPT_TRAIN_PART:
        call->score.train_part = text;
        return true;
    case OPT_TRAIN_CSV:
        call->score.train_csv = text;
        return true;
    case OPT_METRICS:
        call->score.metrics_only = true;
        return true;
    case OPT_HELP:
        call->help = true;
        return true;
    default:
        (void)fputs("picket model --help tells more.\n", stderr);
        return false;
    }
}

static bool parse(int argc, char **argv, struct call *call)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, OPT_JSON },
        { "model", required_argument, NULL, OPT_MODEL },
        { "csv", required_argument, NULL, OPT_CSV },
        { "label", required_argument, NULL, OPT_LABEL },
        { "part", required_argument, NULL, OPT_PART },
        { "train-part", required_argument, NULL, OPT_TRAIN_PART },
        { "train-csv", required_argument, NULL, OPT_TRAIN_CSV },
        { "metrics", no_argument, NULL, OPT_METRICS },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(call, option, optarg)) {
            return false;
        }
    }
    return true;
}

/* A carried model by its name, any other by its file. */
static int load(const char *name, struct pk_model **out, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_MODEL_FILE_MAX);
    int rc;

    if (strcmp(name, "android") == 0) {
        return pk_model_create_android(out, err);
    }
    if (strchr(name, '/') == NULL && strchr(name, '.') == NULL) {
        return pk_error_set(err, PK_ENOENT,
                "there is no model '%s'; Picket carries 'android', and a file needs its path",
                name);
    }
    rc = pk_file_read(name, &bytes, err);
    if (rc == PK_OK) {
        rc = pk_model_create(pk_buffer_slice(&bytes), out, err);
        if (rc < 0) {
            pk_error_prefix(err, "'%s'", name);
        }
    }
    pk_buffer_finish(&bytes);
    return rc;
}

static json_t *summary(const struct pk_model *model)
{
    struct pk_model_thresholds t = pk_model_thresholds(model);

    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:f}", "name", pk_model_name(model), "version",
            pk_model_version(model), "features", (json_int_t)pk_model_feature_count(model), "trees",
            (json_int_t)pk_model_trees(model), "nodes", (json_int_t)pk_model_nodes(model),
            "suspicious_from", t.suspicious, "malicious_from", t.malicious);
}

static int list(struct call *call, const struct pk_model *model)
{
    static const struct pk_column columns[] = {
        { "NAME", "name" },
        { "VERSION", "version" },
        { "FEATURES", "features" },
        { "TREES", "trees" },
        { "NODES", "nodes" },
        { NULL, NULL },
    };
    json_t *all = json_pack("{s:[o], s:i}", "items", summary(model), "total", 1);

    if (call->score.json) {
        pk_print_json(stdout, all);
    } else {
        pk_print_table(stdout, columns, json_object_get(all, "items"));
    }
    json_decref(all);
    return PK_EXIT_FINE;
}

/* The features that move opinions most. */
static json_t *top(const struct pk_model *model)
{
    bool taken[PK_MODEL_FEATURES_MAX + 1] = { false };
    json_t *out = json_array();

    for (size_t n = 0; n < TOP_FEATURES && n < pk_model_feature_count(model); n++) {
        size_t best = SIZE_MAX;

        for (size_t i = 0; i < pk_model_feature_count(model); i++) {
            if (!taken[i] &&
                    (best == SIZE_MAX ||
                            pk_model_importance(model, i) > pk_model_importance(model, best))) {
                best = i;
            }
        }
        taken[best] = true;
        (void)json_array_append_new(out,
                json_pack("{s:s, s:s, s:f}", "feature", pk_model_feature(model, best)->name, "text",
                        pk_model_feature(model, best)->text, "importance",
                        pk_model_importance(model, best)));
    }
    return out;
}

static int show(struct call *call, const struct pk_model *model)
{
    static const struct pk_column columns[] = {
        { "FEATURE", "feature" },
        { "IN WORDS", "text" },
        { "IMPORTANCE", "importance" },
        { NULL, NULL },
    };
    json_t *card = json_loads(pk_model_card(model), JSON_REJECT_DUPLICATES, NULL);
    json_t *o = summary(model);
    json_t *best = top(model);

    if (card == NULL || !json_is_object(card)) {
        (void)fputs("picket model: the model's card is no JSON object\n", stderr);
        json_decref(card);
        json_decref(o);
        json_decref(best);
        return PK_EXIT_FAILED;
    }
    (void)json_object_update_missing(o, card);
    if (call->score.json) {
        (void)json_object_set(o, "top", best);
        pk_print_json(stdout, o);
    } else {
        pk_print_tree(stdout, o);
        (void)putchar('\n');
        pk_print_table(stdout, columns, best);
    }
    json_decref(card);
    json_decref(best);
    json_decref(o);
    return PK_EXIT_FINE;
}

static int complain(const struct pk_error *err)
{
    (void)fputs("picket model: ", stderr);
    (void)pk_print_text(stderr, err->text, SIZE_MAX);
    (void)fputc('\n', stderr);
    return PK_EXIT_FAILED;
}

static int wrong(const char *why)
{
    (void)fprintf(stderr, "picket model: %s\n%s", why, usage);
    return PK_EXIT_USAGE;
}

static int score(struct call *call, const struct pk_model *model)
{
    struct pk_error err = { 0 };

    call->score.model = model;
    return pk_model_score(&call->score, stdout, stderr, &err) < 0 ? complain(&err) : PK_EXIT_FINE;
}

static int features(const struct pk_model *model, char *const *files, size_t count)
{
    struct pk_error err = { 0 };
    size_t failed = 0;

    if (pk_model_features(model, files, count, stdout, stderr, &failed, &err) < 0) {
        return complain(&err);
    }
    return failed > 0 ? PK_EXIT_FAILED : PK_EXIT_FINE;
}

/* What is wrong with the call, or NULL. */
static const char *check(const struct call *call, const char *verb, int rest)
{
    if (strcmp(verb, "score") == 0) {
        if (rest > 0 || call->score.csv == NULL) {
            return "score wants --csv FILE";
        }
        return call->score.metrics_only && call->score.label == NULL ? "--metrics wants --label"
                                                                     : NULL;
    }
    if (call->score.csv != NULL || call->score.label != NULL || call->score.metrics_only ||
            call->score.part != NULL || call->score.train_part != NULL ||
            call->score.train_csv != NULL) {
        return "this option belongs to score";
    }
    if (strcmp(verb, "features") == 0) {
        return rest == 0 ? "features wants files" : NULL;
    }
    return rest > (strcmp(verb, "show") == 0 ? 1 : 0) ? "too many arguments" : NULL;
}

static int run(struct call *call, const char *verb, int argc, char **argv)
{
    struct pk_model *model = NULL;
    struct pk_error err = { 0 };
    int rc;

    if (strcmp(verb, "show") == 0 && argc == 1) {
        call->name = argv[0];
    }
    if (load(call->name, &model, &err) < 0) {
        return complain(&err);
    }
    rc = strcmp(verb, "list") == 0       ? list(call, model)
            : strcmp(verb, "show") == 0  ? show(call, model)
            : strcmp(verb, "score") == 0 ? score(call, model)
                                         : features(model, argv, (size_t)argc);
    pk_model_destroy(model);
    return rc;
}

int pk_cmd_model(int argc, char **argv)
{
    static const char *const verbs[] = { "list", "show", "score", "features" };
    struct call call = { .name = "android" };
    const char *why;

    if (!parse(argc, argv, &call)) {
        return PK_EXIT_USAGE;
    }
    if (call.help) {
        (void)fputs(usage, stdout);
        return PK_EXIT_FINE;
    }
    for (size_t i = 0; optind < argc && i < PK_COUNT(verbs); i++) {
        if (strcmp(argv[optind], verbs[i]) == 0) {
            why = check(&call, verbs[i], argc - optind - 1);
            return why != NULL ? wrong(why)
                               : run(&call, verbs[i], argc - optind - 1, argv + optind + 1);
        }
    }
    (void)fputs(usage, stderr);
    return PK_EXIT_USAGE;
}
