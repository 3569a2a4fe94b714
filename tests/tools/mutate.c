/* Reads mutated app files through the pool at full speed and counts what must not happen.
 *
 *   mutate [-p PROGRAM] [-n COUNT] [-f FIRST] [-s SEED] [-j SLOTS] [-o FOLDER] [-x] FILE|FOLDER...
 *
 * Mutation number N of a seed and a list of files is always the same, so an offender can be made again
 * with -f N -n 1; -x only writes the files. Offenders are kept in FOLDER. Ends with 1 when a reader died,
 * took longer than 10 s, needed more memory than it may have, or answered what is no report. */
#include "mutate.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "scan/pool.h"

#define SEEDS_MAX     4096
#define SEED_SIZE_MAX (4UL << 20)
#define FINDINGS_MAX  512
#define TELL_EVERY_MS 10000
#define SLOW_MS       1000.0
#define KEEP_MAX      200 /* offenders that are written; all are counted */

struct seed {
    char *path;
    struct pk_buffer bytes;
    struct mutate_zip zip; /* count 0: no archive */
};

enum count {
    COUNT_DONE,
    COUNT_DIED,
    COUNT_TIMEOUT,
    COUNT_MEMORY,
    COUNT_INVALID,
    COUNT_SLOW,
    COUNT_COUNT,
};

struct work {
    struct seed seeds[SEEDS_MAX];
    size_t seed_count;
    uint64_t seed;
    uint64_t first;
    uint64_t count;
    const char *folder;
    bool only_write;
    uint64_t counts[COUNT_COUNT];
    uint64_t verdicts[PK_VERDICT_MALFORMED + 1];
    uint64_t bytes;
    double cpu_ms;
    double wall_max_ms;
    size_t rss_max;
    char *findings[FINDINGS_MAX];
    size_t finding_count;
    unsigned kept;
};

static struct work work; /* nftw() passes no pointer on */

/* --- seeds */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct seed *)a)->path, ((const struct seed *)b)->path);
}

static bool is_wanted(const char *path)
{
    static const char *const ends[] = { ".apk", ".xapk", ".apks", ".ipa", ".dex", ".axml", ".arsc",
        ".plist", ".bplist", ".mobileprovision", ".so", ".dylib", ".node", ".macho", ".xml" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < PK_COUNT(ends); i++) {
        if (strcmp(dot, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int add_seed(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    struct seed *seed = &work.seeds[work.seed_count];

    (void)where;
    if (kind != FTW_F || info->st_size == 0 || (size_t)info->st_size > SEED_SIZE_MAX ||
            work.seed_count == SEEDS_MAX || !is_wanted(path)) {
        return 0;
    }
    *seed = (struct seed){ .path = strdup(path), .bytes = pk_buffer_of(SEED_SIZE_MAX) };
    if (seed->path == NULL || pk_file_read(path, &seed->bytes, NULL) < 0) {
        return 0;
    }
    if (mutate_zip_read(pk_buffer_slice(&seed->bytes), &seed->zip) < 0) {
        seed->zip.count = 0;
    }
    work.seed_count++;
    return 0;
}

static void load_seeds(char **paths, int count)
{
    for (int i = 0; i < count; i++) {
        size_t before = work.seed_count;

        if (nftw(paths[i], add_seed, 16, FTW_PHYS) != 0 || work.seed_count == before) {
            (void)printf("SKIPPED: '%s': not present, or no app file in it\n", paths[i]);
        }
    }
    qsort(work.seeds, work.seed_count, sizeof(work.seeds[0]), by_path);
}

/* --- mutation number N */

/* Small files are read in a millisecond, large ones in thirty: they get their turn, but not often. */
static const struct seed *choose_seed(struct mutate_random *random)
{
    const struct seed *seed = NULL;

    for (int tries = 0; tries < 4; tries++) {
        seed = &work.seeds[mutate_below(random, work.seed_count)];
        if (seed->bytes.len < 64UL << 10) {
            break;
        }
    }
    return seed;
}

static int make(uint64_t index, struct pk_buffer *file)
{
    struct mutate_random random = mutate_random_of(work.seed, index);
    const struct seed *seed = choose_seed(&random);
    const struct seed *other = &work.seeds[mutate_below(&random, work.seed_count)];
    struct pk_slice donor = pk_buffer_slice(&other->bytes);
    bool archive = seed->zip.count > 0;
    size_t kind = mutate_below(&random, 8);

    pk_buffer_clear(file);
    if (pk_buffer_put(file, seed->bytes.ptr, seed->bytes.len) < 0) {
        return file->rc;
    }
    if (archive && kind >= 4 && mutate_zip_content(&random, file, &seed->zip, donor) == PK_OK) {
        if (kind < 7) {
            return PK_OK;
        }
    } else if (archive && kind >= 2) {
        mutate_zip_structure(&random, file, &seed->zip);
        if (mutate_below(&random, 2) == 0 && file->len == seed->bytes.len) {
            mutate_zip_structure(&random, file, &seed->zip);
        }
        return PK_OK;
    }
    for (size_t n = 1 + mutate_below(&random, 4); n > 0; n--) {
        mutate_bytes(&random, file, 0, 0, donor);
    }
    return PK_OK;
}

/* --- results */

static void keep(uint64_t index, int fd, const char *what)
{
    struct pk_buffer bytes = pk_buffer_of(MUTATE_MAX);
    char path[4096];
    off_t size = lseek(fd, 0, SEEK_END);
    char *to = size > 0 ? pk_buffer_reserve(&bytes, (size_t)size) : NULL;
    struct pk_error err = { 0 };

    (void)snprintf(path, sizeof(path), "%s/%llu-%s", work.folder, (unsigned long long)index, what);
    if (to != NULL && pread(fd, to, (size_t)size, 0) == size) {
        bytes.len = (size_t)size;
    }
    if (work.kept++ < KEEP_MAX && pk_file_write(path, pk_buffer_slice(&bytes), 0644, &err) < 0) {
        (void)fprintf(stderr, "mutate: '%s': %s\n", path, err.text);
    }
    pk_buffer_finish(&bytes);
}

static void note_findings(const struct pk_app_report *report)
{
    const struct pk_app_finding *findings = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        size_t n = 0;

        while (n < work.finding_count && strcmp(work.findings[n], findings[i].id) != 0) {
            n++;
        }
        if (n == work.finding_count && n < FINDINGS_MAX) {
            work.findings[work.finding_count++] = strdup(findings[i].id);
        }
    }
}

/* What the pool said about a file whose reader gave no report of its own. */
static enum count judge(const struct pk_app_report *report, const struct pk_scan_cost *cost)
{
    const struct pk_app_finding *first = report->findings.items;
    const char *reason = report->reasons.count > 0 ? report->reasons.items[0] : "";

    if (report->findings.count == 0 || report->verdict != PK_VERDICT_MALFORMED ||
            strncmp(reason, "the reader", 10) != 0) {
        return cost->wall_ms > SLOW_MS ? COUNT_SLOW : COUNT_DONE;
    }
    return strcmp(first->id, "scan.timeout") == 0   ? COUNT_TIMEOUT
            : strcmp(first->id, "limit.arena") == 0 ? COUNT_MEMORY
            : strstr(reason, "answer is not") != NULL || strstr(reason, "too long") != NULL
            ? COUNT_INVALID
            : COUNT_DIED;
}

static void note(const struct pk_scan_job *job, const struct pk_app_report *report,
        const struct pk_scan_cost *cost)
{
    static const char *const names[] = { "done", "died", "timeout", "memory", "invalid", "slow" };
    uint64_t index = (uint64_t)(uintptr_t)job->ctx;
    enum count what = judge(report, cost);

    work.counts[what]++;
    work.verdicts[report->verdict]++;
    work.bytes += (uint64_t)report->size;
    work.cpu_ms += cost->cpu_ms;
    work.wall_max_ms = cost->wall_ms > work.wall_max_ms ? cost->wall_ms : work.wall_max_ms;
    work.rss_max = cost->rss_peak > work.rss_max ? cost->rss_peak : work.rss_max;
    note_findings(report);
    if (what != COUNT_DONE) {
        keep(index, job->fd, names[what]);
        (void)printf("%s: number %llu, %.0f ms, %zu MiB: %s\n", names[what],
                (unsigned long long)index, cost->wall_ms, cost->rss_peak >> 20,
                report->reasons.count > 0 ? report->reasons.items[0] : "");
        (void)fflush(stdout);
    }
    (void)close(job->fd);
}

static void tell(int64_t began_ms, uint64_t done)
{
    double s = (double)(pk_clock_monotonic_ms() - began_ms) / 1000.0;

    (void)printf("%llu files, %.0f/s, %.1f MiB/s, %.2f ms CPU each, at most %.0f ms and %zu MiB, "
                 "%zu kinds of finding\n",
            (unsigned long long)done, s > 0 ? (double)done / s : 0.0,
            s > 0 ? (double)work.bytes / s / 1048576.0 : 0.0,
            done > 0 ? work.cpu_ms / (double)done : 0.0, work.wall_max_ms, work.rss_max >> 20,
            work.finding_count);
    (void)fflush(stdout);
}

/* --- the run */

static int hear(struct pk_scan_pool *pool, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(64UL << 20);
    struct pk_app_report report;
    struct pk_scan_cost cost;
    struct pk_scan_job job;
    int rc = pk_scan_pool_wait(pool, -1, arena, &job, &report, &cost, err);

    if (rc == PK_OK) {
        note(&job, &report, &cost);
    }
    pk_arena_destroy(arena);
    return rc;
}

static int write_memfd(const struct pk_buffer *file)
{
    int fd = memfd_create("mutated", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, file->ptr, file->len) != (ssize_t)file->len) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int submit(struct pk_scan_pool *pool, uint64_t index, const struct pk_buffer *file,
        struct pk_error *err)
{
    int fd = write_memfd(file);
    void *ctx = (void *)(uintptr_t)index; /* NOLINT(performance-no-int-to-ptr) */
    const struct pk_scan_job job = { .fd = fd, .idsig_fd = -1, .ctx = ctx };
    int rc = PK_EBUSY;

    if (fd < 0) {
        return pk_error_set(err, PK_EIO, "no memory file");
    }
    if (work.only_write) {
        keep(index, fd, "mutated");
        (void)close(fd);
        return PK_OK;
    }
    while ((rc = pk_scan_pool_submit(pool, &job, err)) == PK_EBUSY) {
        rc = hear(pool, err);
        if (rc < 0) {
            return rc;
        }
    }
    return rc;
}

static int run(struct pk_scan_pool *pool, struct pk_error *err)
{
    struct pk_buffer file = pk_buffer_of(MUTATE_MAX);
    int64_t began_ms = pk_clock_monotonic_ms();
    int64_t told_ms = began_ms;
    int rc = PK_OK;

    for (uint64_t i = 0; i < work.count && rc == PK_OK; i++) {
        rc = make(work.first + i, &file);
        rc = rc < 0 ? rc : submit(pool, work.first + i, &file, err);
        if (pk_clock_monotonic_ms() - told_ms > TELL_EVERY_MS) {
            told_ms = pk_clock_monotonic_ms();
            tell(began_ms, i + 1);
        }
    }
    while (rc == PK_OK && !work.only_write) {
        rc = hear(pool, err);
    }
    tell(began_ms, work.count);
    pk_buffer_finish(&file);
    return rc == PK_ENOENT ? PK_OK : rc;
}

static bool tell_end(void)
{
    uint64_t bad = work.counts[COUNT_DIED] + work.counts[COUNT_TIMEOUT] +
            work.counts[COUNT_MEMORY] + work.counts[COUNT_INVALID];

    (void)printf("verdicts:");
    for (int i = 0; i <= PK_VERDICT_MALFORMED; i++) {
        (void)printf(" %s %llu", pk_app_verdict_name(i), (unsigned long long)work.verdicts[i]);
    }
    (void)printf("\n%llu died, %llu timed out, %llu over the memory limit, %llu invalid answers, "
                 "%llu slower than 1 s\n",
            (unsigned long long)work.counts[COUNT_DIED],
            (unsigned long long)work.counts[COUNT_TIMEOUT],
            (unsigned long long)work.counts[COUNT_MEMORY],
            (unsigned long long)work.counts[COUNT_INVALID],
            (unsigned long long)work.counts[COUNT_SLOW]);
    return bad == 0;
}

static int usage(void)
{
    (void)fprintf(stderr,
            "usage: mutate [-p PROGRAM] [-n COUNT] [-f FIRST] [-s SEED] [-j SLOTS] "
            "[-o FOLDER] [-x] FILE|FOLDER...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct pk_scan_pool_options options = { .slots = 2 };
    struct pk_scan_pool *pool = NULL;
    struct pk_error err = { 0 };
    int rc;
    int c;

    work.count = 1000;
    work.folder = ".";
    work.seed = 1;
    while ((c = getopt(argc, argv, "p:n:f:s:j:o:x")) != -1) {
        switch (c) {
        case 'p':
            options.program = optarg;
            break;
        case 'n':
            work.count = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            work.first = strtoull(optarg, NULL, 10);
            break;
        case 's':
            work.seed = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            options.slots = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'o':
            work.folder = optarg;
            break;
        case 'x':
            work.only_write = true;
            break;
        default:
            return usage();
        }
    }
    load_seeds(argv + optind, argc - optind);
    if (work.seed_count == 0 || pk_file_mkdirs(work.folder, 0755, &err) < 0) {
        (void)fprintf(
                stderr, "mutate: %s\n", work.seed_count == 0 ? "no file to begin with" : err.text);
        return usage();
    }
    (void)printf(
            "%zu files to begin with, seed %llu\n", work.seed_count, (unsigned long long)work.seed);
    rc = work.only_write ? PK_OK : pk_scan_pool_create(&options, &pool, &err);
    rc = rc < 0 ? rc : run(pool, &err);
    pk_scan_pool_destroy(pool);
    if (rc < 0) {
        (void)fprintf(stderr, "mutate: %s\n", err.text);
        return 3;
    }
    return tell_end() ? 0 : 1;
}
