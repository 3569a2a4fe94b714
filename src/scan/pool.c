#include "scan/pool.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "scan/answer.h"
#include "scan/rules_file.h"
#include "scan/slot.h"

#define TIMEOUT_MS 10000U
#define MEMORY_MAX (512UL * 1024 * 1024)
#define SLOTS_MAX  256U
#define START_MS   10000 /* for a process to say that its sandbox stands; a busy machine is slow */
#define GRACE_MS   5000  /* for a process to say that it stopped its reader */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

struct place {
    struct pk_slot slot;
    bool busy;
    struct pk_scan_job job;
    struct pk_scan_request request;
    int answer_fd;
    unsigned deaths;  /* of processes over this job */
    int64_t until_ms; /* when even its process is taken for dead */
};

struct pk_scan_pool {
    char program[PATH_MAX];
    int rules_fd; /* -1: none */
    unsigned timeout_ms;
    size_t memory_max;
    uint64_t last_id;
    unsigned count;
    struct place *places;
};

/* --- set-up */

static unsigned processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

/* Beside the running program (a build folder), from there to the installed place (a tree that was
 * moved), and where it was installed. */
static int find_program(const char *wish, char out[PATH_MAX])
{
    static const char *const beside[] = { "picket-scan", PK_SCAN_FROM_BIN "/picket-scan" };
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (wish != NULL) {
        return snprintf(out, PATH_MAX, "%s", wish) < PATH_MAX ? PK_OK : PK_ELIMIT;
    }
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < PK_COUNT(beside); i++) {
        slash[1] = '\0';
        if (snprintf(out, PATH_MAX, "%s%s", self, beside[i]) < PATH_MAX && is_program(out)) {
            return PK_OK;
        }
    }
    (void)snprintf(out, PATH_MAX, "%s", PK_SCAN_INSTALLED "/picket-scan");
    return PK_OK;
}

static struct pk_scan_pool *allocate(const struct pk_scan_pool_options *options)
{
    unsigned count = options->slots > 0 ? options->slots : processors();
    struct pk_scan_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL) {
        return NULL;
    }
    pool->rules_fd = -1;
    pool->count = count < SLOTS_MAX ? count : SLOTS_MAX;
    pool->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    pool->timeout_ms = pool->timeout_ms < INT_MAX / 2 ? pool->timeout_ms : INT_MAX / 2;
    pool->memory_max = options->memory_max > 0 ? options->memory_max : MEMORY_MAX;
    pool->places = calloc(pool->count, sizeof(*pool->places));
    if (pool->places == NULL) {
        free(pool);
        return NULL;
    }
    for (unsigned i = 0; i < pool->count; i++) {
        pk_slot_init(&pool->places[i].slot);
        pool->places[i].answer_fd = -1;
    }
    return pool;
}

/* picket-scan-yara lies beside picket-scan. */
static int take_rules(struct pk_scan_pool *pool, const char *const *paths, struct pk_error *err)
{
    size_t len = strlen(pool->program);

    if (len + sizeof("-yara") > sizeof(pool->program)) {
        return pk_error_set(err, PK_ELIMIT, "the path of picket-scan-yara is too long");
    }
    memcpy(pool->program + len, "-yara", sizeof("-yara"));
    return pk_rules_file_make(pool->program, paths, &pool->rules_fd, err);
}

int pk_scan_pool_create(
        const struct pk_scan_pool_options *options, struct pk_scan_pool **out, struct pk_error *err)
{
    static const struct pk_scan_pool_options usual = { 0 };
    struct pk_scan_pool *pool = allocate(options != NULL ? options : &usual);
    int rc;

    if (pool == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = find_program(options != NULL ? options->program : NULL, pool->program);
    if (rc < 0) {
        rc = pk_error_set(err, rc, "the path of picket-scan is too long");
    }
    if (rc == PK_OK && options != NULL && options->yara != NULL && options->yara[0] != NULL) {
        rc = take_rules(pool, options->yara, err);
    }
    /* One shows whether the sandbox stands here; the others start with their first file. */
    rc = rc < 0 ? rc : pk_slot_start(&pool->places[0].slot, pool->program, pool->rules_fd, err);
    rc = rc < 0 ? rc : pk_slot_await(&pool->places[0].slot, START_MS, err);
    if (rc < 0) {
        pk_scan_pool_destroy(pool);
        return rc;
    }
    *out = pool;
    return PK_OK;
}

static void free_place(struct place *place)
{
    if (place->answer_fd >= 0) {
        (void)close(place->answer_fd);
    }
    place->answer_fd = -1;
    place->busy = false;
}

void pk_scan_pool_destroy(struct pk_scan_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (unsigned i = 0; i < pool->count; i++) {
        pk_slot_hang_up(&pool->places[i].slot); /* all at once, so that they end together */
    }
    for (unsigned i = 0; i < pool->count; i++) {
        pk_slot_stop(&pool->places[i].slot);
        free_place(&pool->places[i]);
    }
    if (pool->rules_fd >= 0) {
        (void)close(pool->rules_fd);
    }
    free(pool->places);
    free(pool);
}

unsigned pk_scan_pool_slots(const struct pk_scan_pool *pool)
{
    return pool->count;
}

/* --- asking */

/* Only regular files: anything else could make a reader wait, or change under it by design. */
static int file_size(int fd, uint64_t *size, struct pk_error *err)
{
    struct stat info;

    if (fstat(fd, &info) < 0) {
        int rc = -errno;

        return pk_error_set(err, rc, "%s", pk_code_text(rc));
    }
    if (!S_ISREG(info.st_mode)) {
        return pk_error_set(err, PK_EINVAL, "not a regular file");
    }
    *size = (uint64_t)info.st_size;
    return PK_OK;
}

static int make_request(const struct pk_scan_pool *pool, const struct pk_scan_job *job,
        struct pk_scan_request *out, struct pk_error *err)
{
    struct pk_scan_request request = {
        .memory_max = pool->memory_max,
        .timeout_ms = pool->timeout_ms,
        .min_sdk = job->min_sdk,
        .max_sdk = job->max_sdk,
        .has_idsig = job->idsig_fd >= 0,
        .has_stamp_cert = job->stamp_cert != NULL,
        .structure_only = job->structure_only,
        .thorough = job->thorough,
    };
    int rc = file_size(job->fd, &request.size, err);

    if (rc == PK_OK && request.has_idsig) {
        rc = file_size(job->idsig_fd, &request.idsig_size, err);
    }
    if (rc == PK_OK && request.has_stamp_cert &&
            pk_unhex(job->stamp_cert, request.stamp_cert, sizeof(request.stamp_cert)) < 0) {
        rc = pk_error_set(err, PK_EINVAL, "a SHA-256 has 64 hexadecimal digits");
    }
    if (rc == PK_OK) {
        *out = request;
    }
    return rc;
}

/* A place that is free, better one whose process runs. */
static struct place *choose(struct pk_scan_pool *pool)
{
    struct place *chosen = NULL;

    for (unsigned i = 0; i < pool->count; i++) {
        struct place *place = &pool->places[i];

        if (!place->busy &&
                (chosen == NULL || (chosen->slot.pidfd < 0 && place->slot.pidfd >= 0))) {
            chosen = place;
        }
    }
    return chosen;
}

static int make_answer(void)
{
    int fd = memfd_create("picket-answer", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("picket-answer", MFD_CLOEXEC); /* before Linux 6.3 */
    }
    return fd < 0 ? -errno : fd;
}

/* Gives the place's job to its process. One that ended while nobody looked is replaced, once. */
static int ask(const struct pk_scan_pool *pool, struct place *place, struct pk_error *err)
{
    const int fds[PK_SLOT_FDS_MAX] = { place->job.fd, place->answer_fd, place->job.idsig_fd };
    size_t count = place->request.has_idsig ? 3 : 2;
    int rc = PK_EPEER;

    for (int tries = 0; tries < 2 && rc == PK_EPEER; tries++) {
        if (tries > 0) {
            pk_slot_stop(&place->slot);
        }
        rc = place->slot.pidfd < 0 ? pk_slot_start(&place->slot, pool->program, pool->rules_fd, err)
                                   : PK_OK;
        if (rc < 0) {
            return rc;
        }
        rc = pk_slot_ask(&place->slot, &place->request, fds, count);
    }
    place->until_ms = pk_clock_monotonic_ms() + pool->timeout_ms + GRACE_MS;
    return rc < 0 ? pk_error_set(err, PK_EIO, "cannot ask picket-scan: %s", pk_code_text(rc)) : rc;
}

int pk_scan_pool_submit(
        struct pk_scan_pool *pool, const struct pk_scan_job *job, struct pk_error *err)
{
    struct place *place = choose(pool);
    struct pk_scan_request request;
    int rc;

    if (place == NULL) {
        return pk_error_set(err, PK_EBUSY, "all readers are busy");
    }
    rc = make_request(pool, job, &request, err);
    if (rc < 0) {
        return rc;
    }
    place->answer_fd = make_answer();
    if (place->answer_fd < 0) {
        return pk_error_set(err, place->answer_fd, "no memory file for the answer: %s",
                pk_code_text(place->answer_fd));
    }
    request.id = ++pool->last_id;
    place->job = *job;
    place->request = request;
    place->deaths = 0;
    rc = ask(pool, place, err);
    if (rc < 0) {
        free_place(place);
        return rc;
    }
    place->busy = true;
    return PK_OK;
}

/* --- hearing */

/* The reader is dead, so its answer does not change any more. */
static int load_answer(int fd, struct pk_buffer *out, struct pk_error *err)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *to;

    if (size < 0 || (uint64_t)size > PK_SCAN_ANSWER_MAX) {
        return pk_error_set(err, PK_ELIMIT, "it is too long");
    }
    to = pk_buffer_reserve(out, (size_t)size);
    if (size > 0 && to == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (size > 0 && pread(fd, to, (size_t)size, 0) != size) {
        return pk_error_set(err, PK_EIO, "it cannot be read");
    }
    out->len = (size_t)size;
    return PK_OK;
}

static int take_answer(const struct place *place, struct pk_arena *arena,
        struct pk_app_report *report, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_SCAN_ANSWER_MAX + 1);
    int rc = load_answer(place->answer_fd, &text, err);

    rc = rc < 0 ? rc : pk_scan_answer_decode(pk_buffer_slice(&text), arena, report, err);
    pk_buffer_finish(&text);
    return rc;
}

/* The report of a job that has ended, whatever way. */
static int finish(const struct pk_scan_pool *pool, struct place *place,
        const struct pk_scan_status *status, struct pk_arena *arena, struct pk_app_report *report,
        struct pk_error *err)
{
    struct pk_error why = { 0 };
    int rc = PK_EPEER;

    if (status->state == PK_SCAN_ANSWERED) {
        rc = take_answer(place, arena, report, &why);
    }
    if (rc < 0) {
        const struct pk_scan_failure failure = {
            .state = status->state,
            .code = status->code,
            .why = why.text,
            .fd = place->job.fd,
            .size = place->request.size,
            .timeout_ms = pool->timeout_ms,
            .memory_max = pool->memory_max,
        };

        rc = pk_scan_answer_replace(&failure, arena, report, err);
    }
    if (rc == PK_OK) {
        report->file = place->job.name != NULL ? pk_scan_answer_name(place->job.name, arena) : NULL;
        report->ms = (double)status->wall_us / 1000.0;
    }
    free_place(place);
    return rc;
}

/* The process is gone, not its reader. No file can do that, so somebody else did (an administrator, the
 * kernel when memory is short): the job is given to a new one, once. */
static int again(const struct pk_scan_pool *pool, struct place *place,
        struct pk_scan_status *status, struct pk_error *err)
{
    int rc;

    pk_slot_stop(&place->slot);
    if (place->deaths++ > 0) {
        *status = (struct pk_scan_status){ .state = PK_SCAN_DIED };
        return PK_OK;
    }
    (void)close(place->answer_fd); /* its reader may still be dying with a hold on it */
    place->answer_fd = make_answer();
    rc = place->answer_fd < 0 ? pk_error_set(err, place->answer_fd, "no memory file for the answer")
                              : ask(pool, place, err);
    if (rc < 0) {
        free_place(place);
        return rc;
    }
    return PK_EAGAIN;
}

/* What has become of the place's job. PK_EAGAIN: nothing yet. */
static int look(const struct pk_scan_pool *pool, struct place *place, bool readable,
        struct pk_scan_status *status, struct pk_error *err)
{
    int rc = readable ? pk_slot_hear(&place->slot, status) : PK_EAGAIN;

    if (rc == PK_OK && status->state == PK_SCAN_READY) {
        return PK_EAGAIN;
    }
    if (rc == PK_OK && status->state == PK_SCAN_NO_SANDBOX) {
        pk_slot_stop(&place->slot);
        free_place(place);
        return pk_slot_no_sandbox(status, err);
    }
    if (rc == PK_OK && status->state == PK_SCAN_NO_READER) {
        free_place(place);
        return pk_error_set(
                err, PK_EIO, "picket-scan cannot start a reader: %s", pk_code_text(-status->code));
    }
    if (rc == PK_EPEER || (rc == PK_OK && status->id != place->request.id)) {
        return again(pool, place, status, err);
    }
    if (rc == PK_EAGAIN && pk_clock_monotonic_ms() >= place->until_ms) {
        pk_slot_stop(&place->slot);
        *status = (struct pk_scan_status){ .state = PK_SCAN_TIMEOUT };
        return PK_OK;
    }
    return rc;
}

/* Waits until one of the busy places has something to say or until_ms. *count: how many are busy. */
static int poll_places(
        const struct pk_scan_pool *pool, struct pollfd *fds, int64_t until_ms, unsigned *count)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    int n;

    *count = 0;
    for (unsigned i = 0; i < pool->count; i++) {
        const struct place *place = &pool->places[i];

        fds[i] = (struct pollfd){ .fd = place->busy ? place->slot.socket : -1, .events = POLLIN };
        *count += place->busy ? 1 : 0;
        until_ms = place->busy && place->until_ms < until_ms ? place->until_ms : until_ms;
    }
    if (*count == 0) {
        return PK_OK;
    }
    until_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    n = poll(fds, pool->count, (int)(until_ms < INT_MAX ? until_ms : INT_MAX));
    return n < 0 && errno != EINTR ? -errno : PK_OK;
}

int pk_scan_pool_wait(struct pk_scan_pool *pool, int wait_ms, struct pk_arena *arena,
        struct pk_scan_job *job, struct pk_app_report *report, struct pk_scan_cost *cost,
        struct pk_error *err)
{
    int64_t until_ms = wait_ms < 0 ? INT64_MAX : pk_clock_monotonic_ms() + wait_ms;
    struct pollfd fds[SLOTS_MAX];
    unsigned count;

    for (;;) {
        int rc = poll_places(pool, fds, until_ms, &count);

        if (rc < 0 || count == 0) {
            return pk_error_set(err, rc < 0 ? rc : PK_ENOENT, "%s",
                    rc < 0 ? pk_code_text(rc) : "no file is being read");
        }
        for (unsigned i = 0; i < pool->count; i++) {
            struct pk_scan_status status = { .state = PK_SCAN_READY };
            struct place *place = &pool->places[i];

            rc = place->busy ? look(pool, place, fds[i].revents != 0, &status, err) : PK_EAGAIN;
            if (rc == PK_EAGAIN) {
                continue;
            }
            *job = place->job;
            if (rc < 0) {
                return rc;
            }
            if (cost != NULL) {
                *cost = (struct pk_scan_cost){
                    .wall_ms = (double)status.wall_us / 1000.0,
                    .cpu_ms = (double)status.cpu_us / 1000.0,
                    .rss_peak = status.rss,
                };
            }
            return finish(pool, place, &status, arena, report, err);
        }
        if (pk_clock_monotonic_ms() >= until_ms) {
            return pk_error_set(err, PK_ETIMEDOUT, "no reader is done yet");
        }
    }
}
