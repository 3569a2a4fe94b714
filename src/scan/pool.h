/* pool.h - sandboxed readers and the one who asks them.
 *
 * Each slot of a pool is a `picket-scan` process that holds nothing of value: no files, no network, no
 * database. For each file it forks a reader that gets one descriptor, drops what little was left
 * (seccomp, landlock, rlimits; failure is fatal), reads, writes one report and ends. So no file can
 * influence the reading of another. A reader that dies or is not done in time is a `malformed` report
 * with the reason; the next file goes on. The answer is hostile until decoded.
 *
 * docs/scan.md has the wire format between the two and what each may do. One thread a pool, or one a slot. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/app_report.h"

struct pk_scan_pool;

struct pk_scan_pool_options {
    const char *program; /* picket-scan; NULL: beside the running program, then the installed one */
    unsigned slots;      /* 0: one a processor that this process may use */
    unsigned timeout_ms; /* of one file; 0: 10,000 */
    size_t memory_max;   /* address space a reader may fill; 0: 512 MiB */
    /* The user's YARA rules: files and folders, ends with NULL; NULL: none. Compiled once, now. */
    const char *const *yara;
};

/* What one file cost, as the kernel counted it. */
struct pk_scan_cost {
    double wall_ms;
    double cpu_ms;
    size_t rss_peak; /* bytes */
};

struct pk_scan_job {
    int fd;       /* the file, open for reading; borrowed until the job is done */
    int idsig_fd; /* its v4 signature, or -1 */
    int min_sdk, max_sdk;
    const char *stamp_cert; /* NULL: any */
    bool thorough;          /* the search for leaks may take several times as long */
    bool structure_only;    /* leave the judges of content out */
    const char *name;       /* for the report's `file`; borrowed */
    void *ctx;
};

/* PK_EACCES when the sandbox does not come up here: nothing is read without it. PK_EINVAL: the YARA rules do not
 * compile, *err says where and why. */
PK_MUST_USE int pk_scan_pool_create(const struct pk_scan_pool_options *options,
        struct pk_scan_pool **out, struct pk_error *err);
void pk_scan_pool_destroy(struct pk_scan_pool *pool); /* ends the processes; NULL is fine */
unsigned pk_scan_pool_slots(const struct pk_scan_pool *pool);

/* Gives the job to a free slot. PK_EBUSY when there is none: wait first. PK_EINVAL: not a regular file, or
 * stamp_cert is no SHA-256. Processes beyond the first start with their first job. */
PK_MUST_USE int pk_scan_pool_submit(
        struct pk_scan_pool *pool, const struct pk_scan_job *job, struct pk_error *err);

/* Waits for any job, at most wait_ms (-1: as long as it takes; jobs are bounded by themselves).
 * PK_OK: *job is the one submitted, *report lives in the arena. PK_ETIMEDOUT: none was done yet.
 * PK_ENOENT: none is under way. PK_ENOMEM (no room for the report), PK_EACCES, PK_EIO and other errno
 * values (its process could not be started or replaced): *job has ended without a report. */
PK_MUST_USE int pk_scan_pool_wait(struct pk_scan_pool *pool, int wait_ms, struct pk_arena *arena,
        struct pk_scan_job *job, struct pk_app_report *report, struct pk_scan_cost *cost,
        struct pk_error *err);
