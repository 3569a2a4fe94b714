/* Reads files through a pool and prints one JSON object a line: what tests/integration/sandbox.py
 * steers. Each has the report, and what it cost: {"report":{...},"wall_ms":..,"cpu_ms":..,"rss":..}.
 *
 *   scan_driver [-p PROGRAM] [-j SLOTS] [-t TIMEOUT_MS] [-m MEMORY] [-k] [-l] [-w] [-c CALLS] FILE...
 *
 * -k  kill the process of every slot between two files (children of this one)
 * -l  switch Landlock off first, as a kernel without it would answer
 * -c  only the system calls named in the file from here on, one a line, as a service manager would
 * -w  wait for a line on standard input before the end, so that somebody can look at the processes */
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan/pool.h"

struct driver {
    struct pk_scan_pool *pool;
    bool kill_between;
    int failed;
};

static int print_result(const struct pk_app_report *report, const struct pk_scan_cost *cost)
{
    json_t *line = json_pack("{s:o,s:f,s:f,s:I}", "report", pk_app_report_json(report), "wall_ms",
            cost->wall_ms, "cpu_ms", cost->cpu_ms, "rss", (json_int_t)cost->rss_peak);
    char *text = line != NULL ? pk_json_text(line) : NULL;
    int rc = text != NULL && puts(text) >= 0 && fflush(stdout) == 0 ? PK_OK : PK_EIO;

    free(text);
    json_decref(line);
    return rc;
}

static int hear_one(struct driver *d, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(64UL << 20);
    struct pk_app_report report;
    struct pk_scan_cost cost;
    struct pk_scan_job job;
    int rc = pk_scan_pool_wait(d->pool, -1, arena, &job, &report, &cost, err);

    if (rc == PK_OK) {
        (void)close(job.fd);
        rc = print_result(&report, &cost);
    }
    pk_arena_destroy(arena);
    return rc;
}

static void kill_children(void)
{
    char path[64];
    char list[4096] = "";

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fgets(list, sizeof(list), file) != NULL) {
        for (char *at = list, *end = NULL; *at != '\0' && *at != '\n'; at = end) {
            long pid = strtol(at, &end, 10);

            if (end == at) {
                break;
            }
            (void)kill((pid_t)pid, SIGKILL);
        }
    }
    (void)fclose(file);
}

static int scan(struct driver *d, const char *path, struct pk_error *err)
{
    struct pk_scan_job job = {
        .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .idsig_fd = -1, .name = path
    };
    int rc;

    if (job.fd < 0) {
        return pk_error_set(err, -errno, "'%s': %s", path, pk_code_text(-errno));
    }
    while ((rc = pk_scan_pool_submit(d->pool, &job, err)) == PK_EBUSY) {
        rc = hear_one(d, err);
        if (rc < 0) {
            break;
        }
    }
    if (rc < 0) {
        (void)close(job.fd);
    }
    if (rc == PK_OK && d->kill_between) {
        rc = hear_one(d, err);
        kill_children();
    }
    return rc;
}

static int no_landlock(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx == NULL
            ? PK_ENOMEM
            : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0);

    rc = rc < 0 ? rc : seccomp_load(ctx);
    seccomp_release(ctx);
    return rc;
}

/* What a unit file's SystemCallFilter= does. */
static int only_calls(const char *path)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    FILE *file = fopen(path, "re");
    char line[128];
    int rc = ctx == NULL || file == NULL ? PK_ENOENT : PK_OK;

    while (rc == PK_OK && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        int call = seccomp_syscall_resolve_name(line);

        rc = call == __NR_SCMP_ERROR ? PK_OK : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
    }
    rc = rc < 0 ? rc : seccomp_load(ctx);
    if (file != NULL) {
        (void)fclose(file);
    }
    seccomp_release(ctx);
    return rc;
}

int main(int argc, char **argv)
{
    struct pk_scan_pool_options options = { 0 };
    struct driver d = { 0 };
    struct pk_error err = { 0 };
    bool wait_end = false;
    int rc = PK_OK;
    int c;

    while ((c = getopt(argc, argv, "p:j:t:m:c:klw")) != -1) {
        switch (c) {
        case 'p':
            options.program = optarg;
            break;
        case 'j':
            options.slots = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 't':
            options.timeout_ms = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'm':
            options.memory_max = strtoul(optarg, NULL, 10);
            break;
        case 'k':
            d.kill_between = true;
            break;
        case 'l':
            rc = no_landlock();
            break;
        case 'c':
            rc = only_calls(optarg);
            break;
        case 'w':
            wait_end = true;
            break;
        default:
            return 2;
        }
    }
    rc = rc < 0 ? rc : pk_scan_pool_create(&options, &d.pool, &err);
    if (rc < 0) {
        (void)fprintf(stderr, "scan_driver: %d: %s\n", rc, err.text);
        return 3;
    }
    for (int i = optind; i < argc && rc == PK_OK; i++) {
        rc = scan(&d, argv[i], &err);
        if (rc < 0) {
            (void)fprintf(stderr, "scan_driver: '%s': %s\n", argv[i], err.text);
            d.failed = 1;
            rc = rc == PK_EINVAL ? PK_OK : rc; /* not a regular file: the next one */
        }
    }
    while (rc == PK_OK) {
        rc = hear_one(&d, &err);
    }
    if (wait_end) {
        (void)getchar();
    }
    pk_scan_pool_destroy(d.pool);
    if (rc != PK_ENOENT) {
        (void)fprintf(stderr, "scan_driver: %d: %s\n", rc, err.text);
        return 3;
    }
    return d.failed;
}
