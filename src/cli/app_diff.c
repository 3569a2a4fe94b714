/* picket app diff BEFORE AFTER - two files as two versions of an app. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app_local.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/scan_open.h"
#include "defense/reputation/diff.h"
#include "scan/know.h"
#include "scan/pool.h"

#define ARENA_MAX  (128UL * 1024 * 1024)
#define TIMEOUT_MS 60000

static const char usage[] =
        "usage: picket app diff [OPTIONS] BEFORE AFTER\n"
        "Compares two versions of an app: rights, maker, trackers, hosts, findings, what it is "
        "built\n"
        "for. Two files are read here, each in a process that may do nothing but compute; two "
        "SHA-256\n"
        "are apps that the server has.\n"
        "  --json        one JSON object\n"
        "  --force       even when the packages differ\n"
        "  --intel FILE  a set of indicators besides the built-in and the local one\n"
        "  --no-intel    neither of these\n"
        "  --lists FILE  the organisation's lists, exceptions and rules\n"
        "Exit status: 0 nothing got worse, 1 something did, 2 wrong usage or not the same app,\n"
        "3 a file could not be read.\n";

enum {
    OPT_JSON = 256,
    OPT_FORCE,
    OPT_INTEL,
    OPT_NO_INTEL,
    OPT_LISTS,
    OPT_HELP,
};

struct call {
    struct pk_scan_know_options know;
    const char *intel[2];
    const char *files[2];
    bool json, force, help;
};

struct side {
    struct pk_scan_job job;
    struct pk_app_report report;
};

static bool take_option(struct call *call, int option, const char *text)
{
    switch (option) {
    case OPT_JSON:
        call->json = true;
        return true;
    case OPT_FORCE:
        call->force = true;
        return true;
    case OPT_INTEL:
        call->intel[0] = text;
        return true;
    case OPT_NO_INTEL:
        call->know.bare = true;
        return true;
    case OPT_LISTS:
        call->know.lists = text;
        return true;
    case OPT_HELP:
        call->help = true;
        return true;
    default:
        return false;
    }
}

static bool parse(int argc, char **argv, struct call *call)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, OPT_JSON },
        { "force", no_argument, NULL, OPT_FORCE },
        { "intel", required_argument, NULL, OPT_INTEL },
        { "no-intel", no_argument, NULL, OPT_NO_INTEL },
        { "lists", required_argument, NULL, OPT_LISTS },
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
    if (!call->help && argc - optind != 2) {
        (void)fputs(usage, stderr);
        return false;
    }
    call->files[0] = argv[optind];
    call->files[1] = call->help ? NULL : argv[optind + 1];
    call->know.intel = call->intel;
    return true;
}

static int submit(
        struct pk_scan_pool *pool, struct side *side, const char *file, struct pk_error *err)
{
    int rc;

    side->job = (struct pk_scan_job){ .fd = -1, .idsig_fd = -1, .name = file, .ctx = side };
    rc = pk_scan_open(file, &side->job.fd, err);
    if (rc == PK_OK) {
        side->job.idsig_fd = pk_scan_open_idsig(file);
        rc = pk_scan_pool_submit(pool, &side->job, err);
    }
    return rc;
}

/* Reads both at a time. */
static int read_both(
        const struct call *call, struct pk_arena *arena, struct side sides[2], struct pk_error *err)
{
    const struct pk_scan_pool_options options = { .slots = 2, .timeout_ms = TIMEOUT_MS };
    struct pk_scan_pool *pool = NULL;
    int rc = pk_scan_pool_create(&options, &pool, err);

    for (int i = 0; i < 2; i++) {
        rc = rc < 0 ? rc : submit(pool, &sides[i], call->files[i], err);
    }
    for (int i = 0; i < 2 && rc == PK_OK; i++) {
        struct pk_app_report report;
        struct pk_scan_job job;

        rc = pk_scan_pool_wait(pool, -1, arena, &job, &report, NULL, err);
        if (rc == PK_OK) {
            ((struct side *)job.ctx)->report = report;
        }
    }
    pk_scan_pool_destroy(pool);
    for (int i = 0; i < 2; i++) {
        if (sides[i].job.fd >= 0) {
            (void)close(sides[i].job.fd);
        }
        if (sides[i].job.idsig_fd >= 0) {
            (void)close(sides[i].job.idsig_fd);
        }
    }
    return rc;
}

static int judge_both(
        const struct call *call, struct pk_arena *arena, struct side sides[2], struct pk_error *err)
{
    struct pk_scan_know *know = NULL;
    int rc = pk_scan_know_create(&call->know, &know, err);

    for (int i = 0; i < 2 && rc == PK_OK; i++) {
        rc = pk_scan_know_judge(know, &sides[i].report, arena);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "out of memory");
        }
    }
    pk_scan_know_destroy(know);
    return rc;
}

static void put_side(const struct pk_app_diff_side *side)
{
    (void)pk_print_text(stdout, side->version_name != NULL ? side->version_name : "?", 40);
    (void)printf(" (%lld)", (long long)side->version_code);
}

static void put_change(const struct pk_app_change *change)
{
    (void)fputs("  - ", stdout);
    (void)pk_print_text(stdout, change->text, SIZE_MAX);
    if (change->before != NULL || change->after != NULL) {
        (void)fputs(": ", stdout);
        (void)pk_print_text(stdout, change->before != NULL ? change->before : "not known", 200);
        (void)fputs(" -> ", stdout);
        (void)pk_print_text(stdout, change->after != NULL ? change->after : "not known", 200);
    }
    (void)fputc('\n', stdout);
}

static void put_changes(const struct pk_app_diff *diff, bool worse)
{
    const struct pk_app_change *items = diff->changes.items;
    bool any = false;

    for (size_t i = 0; i < diff->changes.count; i++) {
        if (items[i].worse == worse) {
            if (!any) {
                (void)puts(worse ? "\nworse" : "\nchanged");
            }
            any = true;
            put_change(&items[i]);
        }
    }
}

static void view(const struct pk_app_diff *diff)
{
    static const char *const words[] = { "SAME", "CHANGED", "WORSE" };

    (void)printf("%s  ", words[diff->result]);
    (void)pk_print_text(stdout, diff->package != NULL ? diff->package : "?", 200);
    (void)fputc(' ', stdout);
    put_side(diff->before);
    (void)fputs(" -> ", stdout);
    put_side(diff->after);
    (void)fputc('\n', stdout);
    put_changes(diff, true);
    put_changes(diff, false);
    if (diff->left_out > 0) {
        (void)printf("  and %lld more\n", (long long)diff->left_out);
    }
}

static int print(const struct call *call, const struct pk_app_diff *diff, struct pk_error *err)
{
    json_t *json;

    if (!call->json) {
        view(diff);
    } else {
        json = pk_schema_encode(&pk_app_diff_schema, diff, false);
        if (json == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        pk_print_json(stdout, json);
        json_decref(json);
    }
    return fflush(stdout) != 0 ? pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno))
                               : PK_OK;
}

/* enum pk_exit, or < 0 with *err. */
static int run(const struct call *call, struct pk_arena *arena, struct pk_error *err)
{
    struct side sides[2] = { { .job = { .fd = -1, .idsig_fd = -1 } },
        { .job = { .fd = -1, .idsig_fd = -1 } } };
    struct pk_app_diff diff;
    int rc = read_both(call, arena, sides, err);

    rc = rc < 0 ? rc : judge_both(call, arena, sides, err);
    if (rc < 0) {
        return rc;
    }
    if (!call->force && !pk_app_diff_same_app(&sides[0].report, &sides[1].report)) {
        (void)fputs("picket app diff: these are not two versions of one app: ", stderr);
        for (int i = 0; i < 2; i++) {
            const char *package = sides[i].report.package;

            (void)pk_print_text(stderr, package != NULL ? package : "no package", 200);
            (void)fputs(i == 0 ? ", " : "; --force compares them all the same\n", stderr);
        }
        return PK_EXIT_USAGE;
    }
    rc = pk_app_diff(&sides[0].report, &sides[1].report, arena, &diff);
    if (rc < 0) {
        return pk_error_set(err, rc, "out of memory");
    }
    rc = print(call, &diff, err);
    return rc < 0 ? rc : diff.result == PK_APP_DIFF_WORSE ? PK_EXIT_NEWS : PK_EXIT_FINE;
}

int pk_app_local_diff(int argc, char **argv)
{
    struct pk_arena *arena;
    struct pk_error err = { .text = "out of memory" };
    struct call call = { 0 };
    int rc;

    if (!parse(argc, argv, &call)) {
        return PK_EXIT_USAGE;
    }
    if (call.help) {
        (void)fputs(usage, stdout);
        return PK_EXIT_FINE;
    }
    arena = pk_arena_create(ARENA_MAX);
    rc = arena == NULL ? PK_ENOMEM : run(&call, arena, &err);
    pk_arena_destroy(arena);
    if (rc < 0) {
        (void)fputs("picket app diff: ", stderr);
        (void)pk_print_text(stderr, err.text, SIZE_MAX);
        (void)fputc('\n', stderr);
        return PK_EXIT_FAILED;
    }
    return rc;
}
