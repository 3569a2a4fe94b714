/* The shared library: include/picket/scan.h over pool.h. What it returns lives in memory of its own, so a
 * report outlives its scanner. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "picket/scan.h"

#include "scan/know.h"
#include "scan/pool.h"

/* One report in the asking process: answers have at most 8 MiB of JSON and 300,000 values. */
#define REPORT_MAX (128UL * 1024 * 1024)

struct picket_scanner {
    struct pk_scan_pool *pool;
    struct pk_scan_know *know;
    int min_sdk;
    int max_sdk;
};

struct picket_report {
    struct pk_arena *arena;
    struct pk_app_report report;
    char *json;
};

/* What the caller did when the header it was compiled with is older or newer than we are. */
static int take_options(
        const struct picket_scan_options *in, struct picket_scan_options *out, struct pk_error *err)
{
    const unsigned char *bytes = (const unsigned char *)in;

    *out = (struct picket_scan_options){ .size = sizeof(*out) };
    if (in == NULL) {
        return PK_OK;
    }
    if (in->size < sizeof(in->size)) {
        return pk_error_set(err, PK_EINVAL, "size of struct picket_scan_options is not set");
    }
    for (size_t i = sizeof(*out); i < in->size; i++) {
        if (bytes[i] != 0) {
            return pk_error_set(err, PK_EINVAL, "an option that this libpicket does not know");
        }
    }
    memcpy(out, in, in->size < sizeof(*out) ? in->size : sizeof(*out));
    return PK_OK;
}

static void tell(char **error, const struct pk_error *err)
{
    if (error != NULL) {
        *error = strdup(err->text);
    }
}

struct picket_scanner *picket_scanner_new(const struct picket_scan_options *options, char **error)
{
    struct picket_scanner *scanner = calloc(1, sizeof(*scanner));
    struct picket_scan_options o;
    struct pk_error err = { .text = "out of memory" };
    int rc = scanner == NULL ? PK_ENOMEM : take_options(options, &o, &err);

    if (rc == PK_OK) {
        const struct pk_scan_pool_options pool = {
            .program = o.program,
            .slots = o.processes,
            .timeout_ms = o.timeout_ms,
            .memory_max = o.memory_max,
        };

        const char *const intel[] = { o.intel, NULL };
        const struct pk_scan_know_options know = {
            .bare = o.no_intel != 0,
            .intel = intel,
            .lists = o.lists,
        };

        scanner->min_sdk = o.min_sdk;
        scanner->max_sdk = o.max_sdk;
        rc = pk_scan_know_create(&know, &scanner->know, &err);
        rc = rc < 0 ? rc : pk_scan_pool_create(&pool, &scanner->pool, &err);
    }
    if (rc < 0) {
        tell(error, &err);
        picket_scanner_free(scanner);
        return NULL;
    }
    return scanner;
}

void picket_scanner_free(struct picket_scanner *scanner)
{
    if (scanner != NULL) {
        pk_scan_pool_destroy(scanner->pool);
        pk_scan_know_destroy(scanner->know);
        free(scanner);
    }
}

void picket_report_free(struct picket_report *report)
{
    if (report != NULL) {
        pk_arena_destroy(report->arena);
        free(report->json);
        free(report);
    }
}

static int submit(struct picket_scanner *scanner, int fd, int idsig_fd, const char *name,
        struct pk_error *err)
{
    const struct pk_scan_job job = {
        .fd = fd,
        .idsig_fd = idsig_fd,
        .min_sdk = scanner->min_sdk,
        .max_sdk = scanner->max_sdk,
        .name = name,
    };

    return pk_scan_pool_submit(scanner->pool, &job, err);
}

/* The next report that is ready. *job is set even when there is no memory for the report. */
static int take(struct picket_scanner *scanner, struct pk_scan_job *job, struct picket_report **out,
        struct pk_error *err)
{
    struct picket_report *report = calloc(1, sizeof(*report));
    json_t *json = NULL;
    int rc = PK_ENOMEM;

    if (report == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    report->arena = pk_arena_create(REPORT_MAX);
    if (report->arena != NULL) {
        rc = pk_scan_pool_wait(scanner->pool, -1, report->arena, job, &report->report, NULL, err);
    }
    rc = rc < 0 ? rc : pk_scan_know_judge(scanner->know, &report->report, report->arena);
    if (rc == PK_OK) {
        json = pk_app_report_json(&report->report);
        report->json = json != NULL ? pk_json_text(json) : NULL;
        json_decref(json);
        rc = report->json != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc < 0) {
        picket_report_free(report);
        return rc;
    }
    *out = report;
    return PK_OK;
}

static struct picket_report *scan(
        struct picket_scanner *scanner, int fd, int idsig_fd, const char *name, char **error)
{
    struct pk_error err = { .text = "out of memory" };
    struct picket_report *report = NULL;
    struct pk_scan_job job;
    int rc = submit(scanner, fd, idsig_fd, name, &err);

    rc = rc < 0 ? rc : take(scanner, &job, &report, &err);
    if (rc < 0) {
        tell(error, &err);
    }
    return report;
}

struct picket_report *picket_scan_fd(
        struct picket_scanner *scanner, int fd, const char *name, char **error)
{
    return scan(scanner, fd, -1, name, error);
}

/* O_NONBLOCK: a FIFO is refused later, and must not be waited for here. */
static int open_file(const char *path, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int rc = fd < 0 ? -errno : PK_OK;

    return rc < 0 ? pk_error_set(err, rc, "cannot open '%s': %s", path, pk_code_text(rc)) : fd;
}

/* The v4 signature that lies beside an APK; -1 when there is none that could be one. */
static int open_idsig(const char *path)
{
    struct stat info;
    char *name = NULL;
    int fd;

    if (asprintf(&name, "%s.idsig", path) < 0) {
        return -1; /* name is not to be looked at */
    }
    fd = open_file(name, NULL);
    free(name);
    if (fd >= 0 && (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))) {
        (void)close(fd);
        fd = -1;
    }
    return fd < 0 ? -1 : fd;
}

static void close_both(int fd, int idsig_fd)
{
    (void)close(fd);
    if (idsig_fd >= 0) {
        (void)close(idsig_fd);
    }
}

struct picket_report *picket_scan_path(
        struct picket_scanner *scanner, const char *path, char **error)
{
    struct picket_report *report = NULL;
    struct pk_error err = { .text = "" };
    int fd = open_file(path, &err);

    if (fd < 0) {
        tell(error, &err);
        return NULL;
    }
    int idsig_fd = open_idsig(path);
    report = scan(scanner, fd, idsig_fd, path, error);
    close_both(fd, idsig_fd);
    return report;
}

/* --- many files */

struct run {
    struct picket_scanner *scanner;
    int (*done)(void *, const char *, const struct picket_report *, const char *);
    void *ctx;
    unsigned under_way;
    bool ended; /* done() had enough */
};

static void tell_done(
        struct run *run, const char *path, const struct picket_report *report, const char *error)
{
    if (!run->ended && run->done(run->ctx, path, report, error) != 0) {
        run->ended = true;
    }
}

static int hear(struct run *run, struct pk_error *err)
{
    struct picket_report *report = NULL;
    struct pk_scan_job job = { .fd = -1 };
    int rc = take(run->scanner, &job, &report, err);

    if (job.fd >= 0) {
        close_both(job.fd, job.idsig_fd);
        run->under_way--;
    }
    if (rc == PK_OK) {
        tell_done(run, job.name, report, NULL);
        picket_report_free(report);
    }
    return rc;
}

/* Gives the open file to a reader, after waiting for one when all are busy. PK_EAGAIN: done() had enough. */
static int give(struct run *run, int fd, int idsig_fd, const char *path, struct pk_error *err)
{
    int rc = submit(run->scanner, fd, idsig_fd, path, err);

    while (rc == PK_EBUSY) {
        rc = hear(run, err);
        if (rc == PK_OK) {
            rc = run->ended ? PK_EAGAIN : submit(run->scanner, fd, idsig_fd, path, err);
        }
    }
    return rc;
}

/* What is wrong with the file alone does not end the run. */
static int add(struct run *run, const char *path, struct pk_error *err)
{
    int fd = open_file(path, err);
    int idsig_fd = fd < 0 ? -1 : open_idsig(path);
    int rc = fd < 0 ? PK_EINVAL : give(run, fd, idsig_fd, path, err);

    if (rc == PK_OK) {
        run->under_way++;
        return PK_OK;
    }
    if (fd >= 0) {
        close_both(fd, idsig_fd);
    }
    if (rc == PK_EINVAL) {
        tell_done(run, path, NULL, err->text);
    }
    return rc == PK_EINVAL || rc == PK_EAGAIN ? PK_OK : rc;
}

int picket_scan_paths(struct picket_scanner *scanner, const char *const *paths, size_t count,
        int (*done)(
                void *ctx, const char *path, const struct picket_report *report, const char *error),
        void *ctx, char **error)
{
    struct run run = { .scanner = scanner, .done = done, .ctx = ctx };
    struct pk_error err = { .text = "out of memory" };
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK && !run.ended; i++) {
        rc = add(&run, paths[i], &err);
    }
    /* Those under way are waited for in any case: their descriptors are ours. */
    while (run.under_way > 0) {
        unsigned before = run.under_way;
        int heard = hear(&run, &err);

        rc = rc < 0 ? rc : heard;
        if (run.under_way == before) {
            break; /* the pool itself is broken */
        }
    }
    if (rc < 0) {
        tell(error, &err);
    }
    return rc < 0 ? -1 : 0;
}

/* --- what a report says */

static const char *text(const char *value)
{
    return value != NULL ? value : "";
}

enum picket_verdict picket_report_verdict(const struct picket_report *report)
{
    static const enum picket_verdict verdicts[] = {
        [PK_VERDICT_CLEAN] = PICKET_CLEAN,
        [PK_VERDICT_UNWANTED] = PICKET_UNWANTED,
        [PK_VERDICT_SUSPICIOUS] = PICKET_SUSPICIOUS,
        [PK_VERDICT_MALICIOUS] = PICKET_MALICIOUS,
        [PK_VERDICT_MALFORMED] = PICKET_MALFORMED,
    };

    return verdicts[report->report.verdict];
}

const char *picket_report_kind(const struct picket_report *report)
{
    return pk_app_kind_name(report->report.kind);
}

const char *picket_report_sha256(const struct picket_report *report)
{
    return text(report->report.sha256);
}

const char *picket_report_package(const struct picket_report *report)
{
    return text(report->report.package);
}

int picket_report_signature_verified(const struct picket_report *report)
{
    return report->report.signature != NULL && report->report.signature->verified;
}

size_t picket_report_finding_count(const struct picket_report *report)
{
    return report->report.findings.count;
}

const char *picket_report_finding_id(const struct picket_report *report, size_t index)
{
    const struct pk_app_finding *findings = report->report.findings.items;

    return index < report->report.findings.count ? findings[index].id : "";
}

const char *picket_report_json(const struct picket_report *report)
{
    return report->json;
}
