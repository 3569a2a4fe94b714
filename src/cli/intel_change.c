/* picket intel remove, trust, push. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/intel.h"
#include "cli/print.h"
#include "defense/reputation/signers.h"
#include "intel/builder.h"
#include "scan/pool.h"

#define REPORT_ARENA (64UL * 1024 * 1024)
#define API_MAX_SDK  10000

static bool has_source(const struct pk_intel_set *set, const char *name)
{
    struct pk_intel_source source;

    for (size_t i = 0; set != NULL && pk_intel_source_at(set, i, &source); i++) {
        if (strcmp(source.name, name) == 0) {
            return true;
        }
    }
    return false;
}

int pk_intel_cli_remove(struct pk_intel_cli *cli, struct pk_error *err)
{
    struct pk_intel_change change;
    struct pk_intel_builder *b = pk_intel_builder_create();
    int rc = b != NULL ? pk_intel_change_begin(cli, &change, err)
                       : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc < 0) {
        pk_intel_builder_destroy(b);
        return rc;
    }
    if (!has_source(change.old, cli->args[0])) {
        rc = pk_error_set(err, PK_ENOENT, "'%s' has no source '%s'", change.path, cli->args[0]);
    }
    rc = rc < 0 ? rc : pk_intel_builder_add_set(b, change.old, cli->args[0]);
    rc = rc < 0 ? rc : pk_intel_change_commit(&change, b, NULL, err);
    pk_intel_change_end(&change);
    pk_intel_builder_destroy(b);
    if (rc == PK_OK) {
        (void)printf("removed %s\n", cli->args[0]);
    }
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static uint64_t hex64(const char *text)
{
    return text != NULL ? strtoull(text, NULL, 16) : 0;
}

/* What the sandboxed reader says about one file. */
static int read_app(struct pk_scan_pool *pool, const char *file, struct pk_arena *arena,
        struct pk_app_report *report, struct pk_error *err)
{
    struct pk_scan_job job = { .idsig_fd = -1, .max_sdk = API_MAX_SDK, .name = file };
    struct pk_scan_cost cost;
    int rc;

    job.fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (job.fd < 0) {
        return pk_error_set(err, -errno, "cannot read '%s': %s", file, pk_code_text(-errno));
    }
    rc = pk_scan_pool_submit(pool, &job, err);
    if (rc == PK_OK) {
        struct pk_scan_job done;

        rc = pk_scan_pool_wait(pool, -1, arena, &done, report, &cost, err);
    }
    (void)close(job.fd);
    return rc;
}

/* Only an app whose signature holds can stand for itself, and only by a key that nobody else has. */
static int may_trust(const struct pk_app_report *report, const char *file, struct pk_error *err)
{
    const char *public = pk_signers_public_key(report);

    if (report->package == NULL || !pk_signers_hold(report)) {
        return pk_error_set(
                err, PK_ECRYPTO, "'%s' has no signature that holds: it cannot be trusted", file);
    }
    if (public != NULL) {
        return pk_error_set(err, PK_ECRYPTO,
                "'%s' is signed with %s, which everybody has: it cannot be told from a copy", file,
                public);
    }
    if (report->verdict == PK_VERDICT_MALICIOUS || report->verdict == PK_VERDICT_SUSPICIOUS) {
        return pk_error_set(err, PK_EACCES, "'%s' is %s: it cannot be trusted", file,
                pk_app_verdict_name(report->verdict));
    }
    return PK_OK;
}

/* The keys that it was rotated from, too: earlier versions are as genuine. */
static int trust_signers(
        struct pk_intel_builder *b, unsigned source, const struct pk_app_report *report)
{
    const struct pk_app_signer *signers = report->signature->signers.items;
    int rc = PK_OK;

    for (size_t i = 0; i < report->signature->signers.count && rc == PK_OK; i++) {
        rc = pk_intel_builder_add_signer(b, report->package, signers[i].sha256, source);
        for (size_t n = 0; n < signers[i].lineage.count && rc == PK_OK; n++) {
            rc = pk_intel_builder_add_signer(
                    b, report->package, signers[i].lineage.items[n], source);
        }
    }
    return rc;
}

static int trust_app(struct pk_intel_builder *b, unsigned source,
        const struct pk_app_report *report, const char *file, struct pk_error *err)
{
    struct pk_intel_app app = { .package = report->package, .label = report->label };
    int rc = may_trust(report, file, err);

    if (rc < 0) {
        return rc;
    }
    app.cert = ((const struct pk_app_signer *)report->signature->signers.items)->sha256;
    if (report->icon != NULL) {
        app.phash = hex64(report->icon->phash);
        app.dhash = hex64(report->icon->dhash);
    }
    rc = pk_intel_builder_add_app(b, &app);
    rc = rc < 0 ? rc : trust_signers(b, source, report);
    if (rc < 0) {
        return pk_error_set(err, rc, "'%s': %s", file, pk_code_text(rc));
    }
    (void)pk_print_text(stdout, app.package, 255);
    (void)fputc(' ', stdout);
    (void)pk_print_text(stdout, app.label != NULL ? app.label : "", 60);
    (void)printf(" is signed by %s\n", app.cert);
    return PK_OK;
}

static int trust_all(const struct pk_intel_cli *cli, struct pk_intel_builder *b,
        struct pk_scan_pool *pool, struct pk_error *err)
{
    unsigned source = 0;
    int rc = pk_intel_builder_source(b, "local", NULL, NULL, NULL, &source);

    for (int i = 0; i < cli->count && rc == PK_OK; i++) {
        struct pk_arena *arena = pk_arena_create(REPORT_ARENA);
        struct pk_app_report report = { 0 };

        rc = arena != NULL ? read_app(pool, cli->args[i], arena, &report, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        rc = rc < 0 ? rc : trust_app(b, source, &report, cli->args[i], err);
        pk_arena_destroy(arena);
    }
    return rc;
}

int pk_intel_cli_trust(struct pk_intel_cli *cli, struct pk_error *err)
{
    struct pk_scan_pool_options options = { .slots = 1 };
    struct pk_scan_pool *pool = NULL;
    struct pk_intel_change change = { .lock = -1 };
    struct pk_intel_builder *b = pk_intel_builder_create();
    int rc = b != NULL ? pk_scan_pool_create(&options, &pool, err)
                       : pk_error_set(err, PK_ENOMEM, "out of memory");

    rc = rc < 0 ? rc : pk_intel_change_begin(cli, &change, err);
    if (rc == PK_OK && change.old != NULL) {
        rc = pk_intel_builder_add_set(b, change.old, NULL);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "cannot take over the old set: %s", pk_code_text(rc));
        }
    }
    rc = rc < 0 ? rc : trust_all(cli, b, pool, err);
    rc = rc < 0 ? rc : pk_intel_change_commit(&change, b, NULL, err);
    pk_intel_change_end(&change);
    pk_scan_pool_destroy(pool);
    pk_intel_builder_destroy(b);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_intel_cli_push(struct pk_intel_cli *cli, struct pk_error *err)
{
    char path[PATH_MAX];
    struct pk_intel_set *set = NULL;
    struct pk_rest *rest = NULL;
    json_t *answer = NULL;
    int rc = pk_intel_cli_path(cli, path, err);

    rc = rc < 0 ? rc : pk_intel_set_load(path, &set, err);
    rc = rc < 0 ? rc : pk_intel_set_check(set, err);
    rc = rc < 0 ? rc : pk_rest_create(&cli->server, &rest, err);
    rc = rc < 0 ? rc : pk_rest_put(rest, "/intel", pk_intel_set_bytes(set), &answer, err);
    if (rc == PK_OK) {
        if (cli->json && answer != NULL) {
            pk_print_json(stdout, answer);
        } else {
            struct pk_intel_info info;

            pk_intel_set_info(set, &info);
            (void)printf("pushed version %s: %zu indicators, %zu bytes\n", info.version,
                    info.indicators, info.bytes);
        }
    }
    json_decref(answer);
    pk_rest_destroy(rest);
    pk_intel_set_destroy(set);
    return rc < 0 ? rc : PK_EXIT_FINE;
}
