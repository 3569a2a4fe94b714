/* picket intel lookup, show, list - what is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/intel.h"
#include "cli/print.h"

#define LINE_MAX_BYTES 4096

static json_t *hit_json(const struct pk_intel_hit *hit)
{
    json_t *row = json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s?, s:s?, s:s, s:s?, s:s, s:s?}", "kind",
            pk_intel_kind_name((int)hit->kind), "indicator", hit->indicator, "family", hit->family,
            "category", hit->category, "source", hit->source, "reference", hit->reference, "date",
            hit->date, "date_of", hit->dated ? "entry" : "list", "licence", hit->licence, "verdict",
            pk_app_weight_name((int)hit->weight), "marked", hit->marked);
    json_t *value = json_string(hit->value);

    if (row != NULL && value != NULL) {
        (void)json_object_set_new(row, "value", value);
    }
    return row;
}

static void print_line(const char *key, const char *text)
{
    if (text != NULL) {
        (void)printf("  %-10s ", key);
        (void)pk_print_text(stdout, text, 400);
        (void)putchar('\n');
    }
}

static void print_hit(const struct pk_intel_hit *hit)
{
    (void)pk_print_text(stdout, hit->value, 400);
    (void)printf(": %s", pk_app_weight_name((int)hit->weight));
    if (hit->marked != NULL) {
        (void)fputs(" (does not decide alone)", stdout);
    }
    (void)putchar('\n');
    print_line("indicator", hit->indicator);
    print_line("kind", pk_intel_kind_name((int)hit->kind));
    print_line("family", hit->family);
    print_line("category", hit->category);
    print_line("source", hit->source);
    print_line(hit->dated ? "date" : "list of", hit->date);
    print_line("reference", hit->reference);
    print_line("licence", hit->licence);
    print_line("listed", hit->marked);
}

struct answer {
    const struct pk_intel_cli *cli;
    struct pk_intel_set *const *sets;
    json_t *hits; /* with --json */
    json_t *good;
    size_t asked, found, bad;
};

static void tell(struct answer *a, const struct pk_intel_hit *hit)
{
    a->found++;
    a->bad += hit->weight > PK_APP_WEIGHT_NONE ? 1 : 0;
    if (a->cli->json) {
        (void)json_array_append_new(a->hits, hit_json(hit));
    } else {
        print_hit(hit);
    }
}

/* Every source that knows the value, the best one first. */
static void look_up_as(struct answer *a, enum pk_intel_kind kind, const char *value)
{
    const struct pk_intel_set *which = NULL;
    struct pk_intel_hit hit;

    if (!pk_intel_find_in((const struct pk_intel_set *const *)a->sets, kind, value, &hit, &which)) {
        return;
    }
    tell(a, &hit);
    while (pk_intel_next(which, &hit)) {
        tell(a, &hit);
    }
    for (size_t i = 0; a->sets[i] != NULL; i++) {
        if (a->sets[i] != which && pk_intel_find(a->sets[i], kind, value, &hit)) {
            tell(a, &hit);
        }
    }
}

/* What is known as good about a package or a certificate. */
static void tell_signer(const struct answer *a, const struct pk_intel_signer *signer)
{
    if (a->cli->json) {
        (void)json_array_append_new(a->good,
                json_pack("{s:s, s:s, s:s}", "package", signer->package, "cert", signer->cert,
                        "source", signer->source));
    } else {
        (void)printf(
                "%s: known-good signer %s (%s)\n", signer->package, signer->cert, signer->source);
    }
}

static void tell_signers(const struct answer *a, const char *value)
{
    char cert[PK_INTEL_VALUE_MAX];
    bool is_cert = pk_intel_normalise(PK_INTEL_SHA256, value, strlen(value), cert);

    for (size_t i = 0; a->sets[i] != NULL; i++) {
        struct pk_intel_signer signer;
        size_t first = 0;
        size_t n = pk_intel_signers(a->sets[i], value, &first);

        for (size_t k = 0; k < n && pk_intel_signer_at(a->sets[i], first + k, &signer); k++) {
            tell_signer(a, &signer);
        }
        for (size_t k = 0; is_cert && pk_intel_signer_at(a->sets[i], k, &signer); k++) {
            if (strcmp(signer.cert, cert) == 0) {
                tell_signer(a, &signer);
            }
        }
    }
}

/* A bare word may be of several kinds: each that it can be is tried. A URL is also asked for by its host. */
static void look_up(struct answer *a, const char *value)
{
    char normal[PK_INTEL_VALUE_MAX];
    size_t before = a->found;
    size_t len = strlen(value);
    bool url = pk_intel_guess(value, len) == PK_INTEL_URL;

    a->asked++;
    for (int kind = 0; kind < PK_INTEL_KIND_COUNT; kind++) {
        if ((a->cli->kind < 0 || a->cli->kind == kind) &&
                pk_intel_normalise(kind, value, len, normal)) {
            look_up_as(a, (enum pk_intel_kind)kind, value);
        }
    }
    if (url && a->cli->kind < 0) {
        const char *host = strstr(value, "://");
        char name[256];

        host = host != NULL ? host + 3 : value;
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, "/?#"), host);
        look_up_as(a, PK_INTEL_DOMAIN, name);
        look_up_as(a, PK_INTEL_IP, name);
    }
    tell_signers(a, value);
    if (before == a->found && !a->cli->json) {
        (void)pk_print_text(stdout, value, 400);
        (void)fputs(": not known\n", stdout);
    }
}

static void look_up_lines(struct answer *a)
{
    char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0') {
            look_up(a, line);
        }
    }
}

int pk_intel_cli_lookup(struct pk_intel_cli *cli, struct pk_error *err)
{
    struct pk_intel_set *sets[PK_INTEL_SETS_MAX];
    struct answer a = { .cli = cli, .sets = sets, .hits = json_array(), .good = json_array() };
    int rc = pk_intel_cli_sets(cli, sets, err);

    if (rc < 0) {
        json_decref(a.hits);
        json_decref(a.good);
        return rc;
    }
    if (sets[0] == NULL) {
        json_decref(a.hits);
        json_decref(a.good);
        return pk_error_set(err, PK_ENOENT, "no set is here: picket intel import FILE makes one");
    }
    for (int i = 0; i < cli->count; i++) {
        if (strcmp(cli->args[i], "-") == 0) {
            look_up_lines(&a);
        } else {
            look_up(&a, cli->args[i]);
        }
    }
    if (cli->json) {
        json_t *o = json_pack("{s:I, s:I, s:O, s:O}", "asked", (json_int_t)a.asked, "found",
                (json_int_t)a.found, "hits", a.hits, "good_signers", a.good);

        pk_print_json(stdout, o);
        json_decref(o);
    }
    json_decref(a.hits);
    json_decref(a.good);
    pk_intel_cli_close(sets);
    return a.bad > 0 ? PK_EXIT_NEWS : PK_EXIT_FINE;
}

static json_t *set_json(const struct pk_intel_set *set)
{
    struct pk_intel_info info;
    struct pk_intel_source s;
    char at[PK_TIME_TEXT];
    json_t *sources = json_array();
    json_t *kinds = json_object();

    pk_intel_set_info(set, &info);
    for (size_t i = 0; pk_intel_source_at(set, i, &s); i++) {
        (void)json_array_append_new(sources,
                json_pack("{s:s, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I}", "name", s.name, "licence",
                        s.licence, "date", s.date, "reference", s.reference, "indicators",
                        (json_int_t)s.indicators, "warnings", (json_int_t)s.warnings, "signers",
                        (json_int_t)s.signers, "apps", (json_int_t)s.apps));
    }
    for (int k = 0; k < PK_INTEL_KIND_COUNT; k++) {
        if (info.kinds[k] > 0) {
            (void)json_object_set_new(
                    kinds, pk_intel_kind_name(k), json_integer((json_int_t)info.kinds[k]));
        }
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "version",
            info.version, "built_at", pk_time_format(info.created_ms, at), "indicators",
            (json_int_t)info.indicators, "different", (json_int_t)info.values, "marked",
            (json_int_t)info.marked, "warnings", (json_int_t)info.warnings, "signers",
            (json_int_t)pk_intel_signer_count(set), "apps", (json_int_t)pk_intel_app_count(set),
            "bytes", (json_int_t)info.bytes, "kinds", kinds, "sources", sources);
}

static void print_set(const char *name, const json_t *set)
{
    static const struct pk_column columns[] = {
        { "SOURCE", "name" },
        { "INDICATORS", "indicators" },
        { "WARNINGS", "warnings" },
        { "SIGNERS", "signers" },
        { "APPS", "apps" },
        { "AS OF", "date" },
        { "LICENCE", "licence" },
        { NULL, NULL },
    };
    const char *kind;
    const json_t *value;

    (void)printf("%s: version %s of %s, %lld bytes\n", name,
            json_string_value(json_object_get(set, "version")),
            json_string_value(json_object_get(set, "built_at")),
            (long long)json_integer_value(json_object_get(set, "bytes")));
    json_object_foreach (json_object_get(set, "kinds"), kind, value) {
        (void)printf("  %-10s %8lld\n", kind, (long long)json_integer_value(value));
    }
    (void)printf("  %lld of %lld indicators stand on a warning list\n\n",
            (long long)json_integer_value(json_object_get(set, "marked")),
            (long long)json_integer_value(json_object_get(set, "indicators")));
    pk_print_table(stdout, columns, json_object_get(set, "sources"));
}

int pk_intel_cli_show(struct pk_intel_cli *cli, struct pk_error *err)
{
    char paths[2][PATH_MAX];
    json_t *all = json_array();
    size_t shown = 0;
    int rc = pk_intel_cli_path(cli, paths[0], err);

    (void)pk_intel_builtin_path(paths[1]);
    for (size_t i = 0; rc == PK_OK && i < PK_COUNT(paths); i++) {
        struct pk_intel_set *set = NULL;
        json_t *o;

        if (paths[i][0] == '\0') {
            continue;
        }
        rc = pk_intel_set_load(paths[i], &set, err);
        if (rc == PK_ENOENT && !(i == 0 && cli->set != NULL)) {
            rc = PK_OK;
            continue;
        }
        if (rc == PK_OK) {
            rc = pk_intel_set_check(set, err);
        }
        if (rc < 0) {
            pk_intel_set_destroy(set);
            break;
        }
        o = set_json(set);
        (void)json_object_set_new(o, "set", json_string(paths[i]));
        if (!cli->json) {
            (void)fputs(shown > 0 ? "\n" : "", stdout);
            print_set(paths[i], o);
        }
        (void)json_array_append_new(all, o);
        shown++;
        pk_intel_set_destroy(set);
    }
    if (rc == PK_OK && shown == 0) {
        rc = pk_error_set(err, PK_ENOENT, "no set is here: picket intel import FILE makes one");
    }
    if (rc == PK_OK && cli->json) {
        json_t *o = json_pack("{s:O}", "sets", all);

        pk_print_json(stdout, o);
        json_decref(o);
    }
    json_decref(all);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static bool wanted(const struct pk_intel_cli *cli, const struct pk_intel_hit *hit)
{
    return !hit->good && (cli->kind < 0 || cli->kind == (int)hit->kind) &&
            (cli->source == NULL || strcmp(cli->source, hit->source) == 0) &&
            (cli->family == NULL ||
                    (hit->family != NULL && strcasestr(hit->family, cli->family) != NULL)) &&
            (cli->category == 0 ||
                    (hit->category != NULL &&
                            strcmp(hit->category, pk_intel_category_name(cli->category)) == 0));
}

int pk_intel_cli_list(struct pk_intel_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "KIND", "kind" },
        { "INDICATOR", "indicator" },
        { "FAMILY", "family" },
        { "CATEGORY", "category" },
        { "SOURCE", "source" },
        { "DATE", "date" },
        { NULL, NULL },
    };
    struct pk_intel_set *sets[PK_INTEL_SETS_MAX];
    json_t *rows = json_array();
    json_t *o;
    size_t total = 0;
    int rc = pk_intel_cli_sets(cli, sets, err);

    for (size_t i = 0; rc == PK_OK && sets[i] != NULL; i++) {
        struct pk_intel_hit hit;

        for (size_t k = 0; pk_intel_row_at(sets[i], k, &hit); k++) {
            if (!wanted(cli, &hit)) {
                continue;
            }
            if (total++ < (size_t)cli->limit) {
                (void)json_array_append_new(rows, hit_json(&hit));
            }
        }
    }
    if (rc == PK_OK && cli->json) {
        o = json_pack("{s:O, s:I}", "items", rows, "total", (json_int_t)total);
        pk_print_json(stdout, o);
        json_decref(o);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, rows);
        if (total > json_array_size(rows)) {
            (void)printf("%zu of %zu; --limit N shows more\n", json_array_size(rows), total);
        }
    }
    json_decref(rows);
    if (rc == PK_OK) {
        pk_intel_cli_close(sets);
    }
    return rc < 0 ? rc : PK_EXIT_FINE;
}
