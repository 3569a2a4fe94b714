/* picket intel import - other people's feeds into the local set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/schema.h"
#include "cli/intel.h"
#include "cli/intel_walk.h"
#include "cli/print.h"
#include "intel/import.h"

#define SHOWN_MAX 160 /* characters of a foreign text on a line */

struct run {
    const struct pk_intel_cli *cli;
    struct pk_intel_builder *builder;
    struct pk_intel_import *import;
    struct pk_intel_walk walk;
    json_t *files; /* of the answer */
    size_t used, refused, unreadable;
    size_t rows, skipped;
    int64_t begun_ms;
};

/* A row that was left out, named on standard error when that was asked for. */
static void tell_skipped(
        void *to, const char *file, size_t line, const char *why, const char *value)
{
    const struct run *run = to;

    if (!run->cli->verbose) {
        return;
    }
    (void)pk_print_text(stderr, file, SHOWN_MAX * 4UL);
    if (line > 0) {
        (void)fprintf(stderr, ":%zu", line);
    }
    (void)fprintf(stderr, ": %s: ", why);
    (void)pk_print_text(stderr, value, SHOWN_MAX);
    (void)fputc('\n', stderr);
}

static void show_progress(const struct run *run, size_t done)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(
                stderr, "\r\033[K%zu of %zu files, %zu values", done, run->walk.count, run->rows);
        (void)fflush(stderr);
    }
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fputs("\r\033[K", stderr);
    }
}

static int note_file(struct run *run, const char *path, const struct pk_intel_file_result *result)
{
    json_t *name = json_string(path); /* NULL: it is no UTF-8 */
    json_t *row = json_pack("{s:o, s:I, s:I}", "file", name != NULL ? name : json_string("?"),
            "rows", (json_int_t)result->rows, "skipped", (json_int_t)result->skipped);

    if (result->format != NULL) {
        (void)json_object_set_new(row, "format", json_string(result->format));
    }
    if (result->source[0] != '\0') {
        (void)json_object_set_new(row, "source", json_string(result->source));
    }
    if (result->why[0] != '\0') {
        (void)json_object_set_new(row, "not_used", json_string(result->why));
    }
    return json_array_append_new(run->files, row) == 0 ? PK_OK : PK_ENOMEM;
}

static int import_file(struct run *run, const char *path, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_INTEL_FILE_MAX);
    struct pk_intel_file_result result = { 0 };
    struct pk_error bad = { 0 };
    int rc = pk_file_read(path, &bytes, &bad);

    if (rc == PK_OK) {
        rc = pk_intel_import_bytes(run->import, path, pk_buffer_slice(&bytes), &result, err);
    } else if (rc != PK_ENOMEM) {
        (void)snprintf(result.why, sizeof(result.why), "%.120s", pk_code_text(rc));
        run->unreadable++;
        rc = PK_OK;
        (void)fprintf(stderr, "picket intel: %s\n", bad.text);
    }
    pk_buffer_finish(&bytes);
    if (rc < 0) {
        return rc;
    }
    run->rows += result.rows;
    run->skipped += result.skipped;
    run->used += result.why[0] == '\0' ? 1 : 0;
    run->refused += result.why[0] != '\0' ? 1 : 0;
    if (result.why[0] != '\0' && run->cli->verbose) {
        (void)pk_print_text(stderr, path, SHOWN_MAX * 4UL);
        (void)fputs(": not used: ", stderr);
        (void)pk_print_text(stderr, result.why, SHOWN_MAX);
        (void)fputc('\n', stderr);
    }
    return note_file(run, path, &result) == PK_OK ? PK_OK
                                                  : pk_error_set(err, PK_ENOMEM, "out of memory");
}

/* The old set stays, with --replace without the sources that this import brings anew. */
static int add_old(struct run *run, const struct pk_intel_change *change)
{
    if (change->old == NULL) {
        return PK_OK;
    }
    return run->cli->replace ? pk_intel_builder_add_missing(run->builder, change->old)
                             : pk_intel_builder_add_set(run->builder, change->old, NULL);
}

static json_t *sources_json(const struct pk_intel_set *set)
{
    json_t *sources = json_array();
    struct pk_intel_source s;

    for (size_t i = 0; pk_intel_source_at(set, i, &s); i++) {
        json_t *row = json_pack("{s:s, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I}", "name", s.name,
                "licence", s.licence, "date", s.date, "reference", s.reference, "indicators",
                (json_int_t)s.indicators, "warnings", (json_int_t)s.warnings, "signers",
                (json_int_t)s.signers, "apps", (json_int_t)s.apps);

        (void)json_array_append_new(sources, row);
    }
    return sources;
}

static json_t *kinds_json(const struct pk_intel_info *info)
{
    json_t *kinds = json_object();

    for (int k = 0; k < PK_INTEL_KIND_COUNT; k++) {
        if (info->kinds[k] > 0) {
            (void)json_object_set_new(
                    kinds, pk_intel_kind_name(k), json_integer((json_int_t)info->kinds[k]));
        }
    }
    return kinds;
}

static json_t *skips_json(const struct run *run)
{
    json_t *skips = json_array();
    struct pk_intel_skip s;

    for (size_t i = 0; pk_intel_import_skip_at(run->import, i, &s); i++) {
        json_t *row = json_pack("{s:s, s:I}", "why", s.why, "count", (json_int_t)s.count);
        json_t *first = json_string(s.first);

        if (first != NULL) {
            (void)json_object_set_new(row, "first", first);
        }
        (void)json_array_append_new(skips, row);
    }
    return skips;
}

/* The kernel's high-water mark of this program; that of getrusage() begins with the caller's. */
static double peak_mib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    while (status != NULL && kib == 0 && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return (double)kib / 1024.0;
}

/* Built whatever the form of the answer: the text is printed from it. */
static json_t *answer_of(
        struct run *run, const struct pk_intel_change *change, const struct pk_intel_set *set)
{
    struct pk_intel_info info;

    pk_intel_set_info(set, &info);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, "
                     "s:o, s:o, s:f, s:f}",
            "set", change->path, "version", info.version, "files", (json_int_t)run->used,
            "files_not_used", (json_int_t)run->refused, "values_read", (json_int_t)run->rows,
            "values_skipped", (json_int_t)run->skipped, "indicators", (json_int_t)info.indicators,
            "different", (json_int_t)info.values, "marked", (json_int_t)info.marked, "warnings",
            (json_int_t)info.warnings, "signers", (json_int_t)pk_intel_signer_count(set), "apps",
            (json_int_t)pk_intel_app_count(set), "set_bytes", (json_int_t)info.bytes, "kinds",
            kinds_json(&info), "sources", sources_json(set), "skipped", skips_json(run), "inputs",
            json_incref(run->files), "seconds",
            (double)(pk_clock_monotonic_ms() - run->begun_ms) / 1000.0, "peak_rss_mib", peak_mib());
}

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void print_answer(const json_t *a)
{
    static const struct pk_column columns[] = {
        { "SOURCE", "name" },
        { "INDICATORS", "indicators" },
        { "WARNINGS", "warnings" },
        { "SIGNERS", "signers" },
        { "AS OF", "date" },
        { "LICENCE", "licence" },
        { NULL, NULL },
    };
    const char *kind;
    const json_t *value;
    size_t index;

    (void)printf("%lld indicators (%lld different values) of %lld files:\n",
            (long long)number(a, "indicators"), (long long)number(a, "different"),
            (long long)number(a, "files"));
    json_object_foreach (json_object_get(a, "kinds"), kind, value) {
        (void)printf("  %-10s %8lld\n", kind, (long long)json_integer_value(value));
    }
    (void)printf("%lld stand on warning lists and do not decide alone; %lld warnings, "
                 "%lld known-good certificates, %lld reference apps\n\n",
            (long long)number(a, "marked"), (long long)number(a, "warnings"),
            (long long)number(a, "signers"), (long long)number(a, "apps"));
    pk_print_table(stdout, columns, json_object_get(a, "sources"));
    if (number(a, "values_skipped") > 0) {
        (void)printf("\n%lld values left out (--verbose names each):\n",
                (long long)number(a, "values_skipped"));
    }
    json_array_foreach (json_object_get(a, "skipped"), index, value) {
        const char *first = json_string_value(json_object_get(value, "first"));

        (void)printf("  %8lld  %s, first in ", (long long)number(value, "count"),
                json_string_value(json_object_get(value, "why")));
        (void)pk_print_text(stdout, first != NULL ? first : "?", SHOWN_MAX);
        (void)putchar('\n');
    }
    if (number(a, "files_not_used") > 0) {
        (void)printf("\n%lld files not used:\n", (long long)number(a, "files_not_used"));
    }
    json_array_foreach (json_object_get(a, "inputs"), index, value) {
        const char *why = json_string_value(json_object_get(value, "not_used"));

        if (why != NULL) {
            (void)fputs("  ", stdout);
            (void)pk_print_text(
                    stdout, json_string_value(json_object_get(value, "file")), SHOWN_MAX);
            (void)fputs(": ", stdout);
            (void)pk_print_text(stdout, why, SHOWN_MAX);
            (void)putchar('\n');
        }
    }
    (void)printf("\n%.1f s, peak %.0f MiB; %s: %.1f MiB, version %s\n",
            json_real_value(json_object_get(a, "seconds")),
            json_real_value(json_object_get(a, "peak_rss_mib")),
            json_string_value(json_object_get(a, "set")),
            (double)number(a, "set_bytes") / 1048576.0,
            json_string_value(json_object_get(a, "version")));
}

static int import_all(struct run *run, struct pk_intel_change *change, struct pk_error *err)
{
    struct pk_intel_set *set = NULL;
    json_t *answer;
    int rc = PK_OK;

    for (size_t i = 0; i < run->walk.count && rc == PK_OK; i++) {
        show_progress(run, i);
        rc = import_file(run, run->walk.paths[i], err);
    }
    end_progress();
    if (rc < 0) {
        return rc;
    }
    if (run->used == 0) {
        return pk_error_set(err, PK_EMALF,
                "none of the %zu files is a feed; the set stays as it was", run->walk.count);
    }
    rc = add_old(run, change);
    if (rc < 0) {
        return pk_error_set(err, rc, "cannot take over the old set: %s", pk_code_text(rc));
    }
    rc = pk_intel_change_commit(change, run->builder, &set, err);
    if (rc < 0) {
        return rc;
    }
    answer = answer_of(run, change, set);
    pk_intel_set_destroy(set);
    if (answer == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (run->cli->json) {
        pk_print_json(stdout, answer);
    } else {
        print_answer(answer);
    }
    json_decref(answer);
    return run->unreadable > 0 ? PK_EXIT_FAILED : PK_EXIT_FINE;
}

int pk_intel_cli_import(struct pk_intel_cli *cli, struct pk_error *err)
{
    struct run run = { .cli = cli, .begun_ms = pk_clock_monotonic_ms() };
    char today[PK_TIME_TEXT];
    struct pk_intel_import_settings settings = {
        .source = cli->source,
        .licence = cli->licence,
        .reference = cli->reference,
        .date = cli->date != NULL ? cli->date : today,
        .category = cli->category,
        .kind = cli->kind,
        .now_ms = pk_clock_ms(),
        .to = &run,
        .skipped = tell_skipped,
    };
    struct pk_intel_change change = { .lock = -1 };
    int rc = PK_OK;

    (void)pk_time_format(settings.now_ms, today);
    for (int i = 0; i < cli->count && rc == PK_OK; i++) {
        rc = pk_intel_walk_add(&run.walk, cli->args[i], err);
    }
    if (rc == PK_OK) {
        rc = pk_intel_change_begin(cli, &change, err);
    }
    if (rc == PK_OK) {
        run.builder = pk_intel_builder_create();
        run.import = pk_intel_import_create(run.builder, &settings);
        run.files = json_array();
        rc = run.builder != NULL && run.import != NULL && run.files != NULL
                ? import_all(&run, &change, err)
                : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_intel_change_end(&change);
    pk_intel_import_destroy(run.import);
    pk_intel_builder_destroy(run.builder);
    json_decref(run.files);
    pk_intel_walk_finish(&run.walk);
    return rc;
}
