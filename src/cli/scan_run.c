#include "cli/scan_run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/print.h"
#include "cli/scan_open.h"
#include "cli/scan_progress.h"
#include "formats/anomaly.h"

/* A report as the pool hands it over; the reader cuts it to far less. */
#define REPORT_ARENA_MAX (64UL * 1024 * 1024)
/* Files that may be done before one that takes its time: their output waits in memory. */
#define AHEAD_MAX      512
#define NAME_BYTES_MAX 4000UL
#define TICK_MS        100

/* One file of the list. */
struct item {
    char *text; /* its output; NULL: none yet, or nothing to say */
    bool done;
};

struct run {
    const struct pk_scan_settings *settings;
    const struct pk_scan_list *list;
    struct pk_scan_pool *pool;
    struct item *items;
    struct pk_scan_progress progress;
    struct pk_scan_tally *tally;
    size_t next;    /* to be submitted */
    size_t printed; /* items before this one are on standard output */
    size_t done;
    size_t bad;
    unsigned busy;
};

/* A file under way; lives from submit to its result. */
struct job {
    size_t index;
    char *name; /* for the report: clean text */
    int fd;
    int idsig_fd;
};

void pk_scan_complain(void *ctx, const char *sentence)
{
    (void)ctx;
    (void)fputs("picket scan: ", stderr);
    (void)pk_print_text(stderr, sentence, SIZE_MAX);
    (void)fputc('\n', stderr);
}

static void complain(struct run *r, const char *sentence)
{
    pk_scan_progress_clear(&r->progress);
    pk_scan_complain(NULL, sentence);
    r->tally->failed++;
}

static void free_job(struct job *job)
{
    if (job == NULL) {
        return;
    }
    if (job->fd >= 0) {
        (void)close(job->fd);
    }
    if (job->idsig_fd >= 0) {
        (void)close(job->idsig_fd);
    }
    free(job->name);
    free(job);
}

/* Names of files are bytes; reports are UTF-8 that can be shown. */
static char *clean_name(const char *path)
{
    struct pk_arena *arena = pk_arena_create(16 * NAME_BYTES_MAX);
    const char *clean = arena != NULL ? pk_printable(arena, path, strlen(path), NAME_BYTES_MAX)
                                      : NULL;
    char *copy = clean != NULL ? strdup(clean) : NULL;

    pk_arena_destroy(arena);
    return copy;
}

static struct job *make_job(size_t index, const char *path, struct pk_error *err)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        (void)pk_error_set(err, PK_ENOMEM, "out of memory");
        return NULL;
    }
    *job = (struct job){ .index = index, .name = clean_name(path), .fd = -1, .idsig_fd = -1 };
    if (job->name == NULL) {
        (void)pk_error_set(err, PK_ENOMEM, "out of memory");
    } else if (pk_scan_open(path, &job->fd, err) == PK_OK) {
        job->idsig_fd = pk_scan_open_idsig(path);
        return job;
    }
    free_job(job);
    return NULL;
}

/* Hands the next file to the pool; one that cannot be opened is said and passed over. */
static int submit(struct run *r, struct pk_error *err)
{
    size_t index = r->next++;
    const char *path = r->list->paths[index];
    struct pk_error why = { 0 };
    struct job *job = make_job(index, path, &why);
    struct pk_scan_job ask;
    int rc;

    if (job == NULL) {
        complain(r, why.text);
        r->items[index].done = true;
        r->done++;
        return PK_OK;
    }
    ask = (struct pk_scan_job){
        .fd = job->fd,
        .idsig_fd = job->idsig_fd,
        .min_sdk = r->settings->min_sdk,
        .max_sdk = r->settings->max_sdk,
        .stamp_cert = r->settings->stamp_cert,
        .structure_only = r->settings->structure_only,
        .thorough = r->settings->thorough,
        .name = job->name,
        .ctx = job,
    };
    rc = pk_scan_pool_submit(r->pool, &ask, err);
    if (rc < 0) {
        free_job(job);
        return rc;
    }
    r->busy++;
    return PK_OK;
}

static void put_json(FILE *to, const struct pk_app_report *report)
{
    json_t *json = pk_app_report_json(report);
    char *text = json != NULL ? pk_json_text(json) : NULL;

    if (text != NULL) {
        (void)fprintf(to, "%s\n", text);
    }
    free(text);
    json_decref(json);
}

static char *view(
        const struct run *r, const struct pk_app_report *report, const struct pk_scan_cost *cost)
{
    const struct pk_scan_settings *s = r->settings;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL) {
        return NULL;
    }
    if (s->form != NULL) {
        s->form->part(to, report, r->list->count == 1);
    } else if (s->json) {
        put_json(to, report);
    } else if (r->list->count == 1 && !r->list->walked) {
        pk_scan_view(to, &s->style, report, cost);
    } else {
        pk_scan_view_line(to, &s->style, report);
    }
    (void)fclose(to);
    return text;
}

static int take(struct run *r, struct job *job, const struct pk_app_report *report,
        const struct pk_scan_cost *cost, struct pk_error *err)
{
    struct item *item = &r->items[job->index];

    item->text = view(r, report, cost);
    item->done = true;
    r->done++;
    r->tally->scanned++;
    r->tally->verdicts[report->verdict]++;
    r->bad += report->verdict == PK_VERDICT_CLEAN ? 0 : 1;
    return item->text == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory") : PK_OK;
}

static int judge(const struct run *r, struct pk_app_report *report, struct pk_arena *arena,
        struct pk_error *err)
{
    int rc = r->settings->know != NULL ? pk_scan_know_judge(r->settings->know, report, arena)
                                       : PK_OK;

    return rc < 0 ? pk_error_set(err, rc, "out of memory") : PK_OK;
}

/* One result, or none within the tick. */
static int hear(struct run *r, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(REPORT_ARENA_MAX);
    struct pk_scan_cost cost = { 0 };
    struct pk_app_report report;
    struct pk_scan_job ask;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_scan_pool_wait(r->pool, TICK_MS, arena, &ask, &report, &cost, err);

    if (rc == PK_OK) {
        r->busy--;
        rc = judge(r, &report, arena, err);
        rc = rc < 0 ? rc : take(r, ask.ctx, &report, &cost, err);
        free_job(ask.ctx);
    } else if (rc == PK_ETIMEDOUT) {
        rc = PK_OK;
    }
    pk_arena_destroy(arena);
    return rc;
}

/* A document begins with what all its parts come to, so they wait. */
static int print_document(struct run *r, struct pk_error *err)
{
    char **parts = calloc(r->list->count, sizeof(*parts));

    if (parts == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < r->list->count; i++) {
        parts[i] = r->items[i].text;
    }
    r->settings->form->document(stdout, parts, r->list->count, r->tally);
    free(parts);
    if (fflush(stdout) != 0) {
        return pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    return PK_OK;
}

/* What is done without a gap goes out, in the order of the list. */
static int print(struct run *r, struct pk_error *err)
{
    for (; r->settings->form == NULL && r->printed < r->list->count && r->items[r->printed].done;
            r->printed++) {
        struct item *item = &r->items[r->printed];

        if (item->text != NULL) {
            pk_scan_progress_clear(&r->progress);
            (void)fputs(item->text, stdout);
        }
        free(item->text);
        item->text = NULL;
    }
    if (fflush(stdout) != 0) {
        return pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    pk_scan_progress_show(&r->progress, r->done, r->bad);
    return PK_OK;
}

static bool may_submit(const struct run *r)
{
    return r->next < r->list->count && r->busy < pk_scan_pool_slots(r->pool) &&
            (r->settings->form != NULL || r->next - r->printed < AHEAD_MAX);
}

static int loop(struct run *r, struct pk_error *err)
{
    int rc = PK_OK;

    while (rc == PK_OK && (r->next < r->list->count || r->busy > 0)) {
        while (rc == PK_OK && may_submit(r)) {
            rc = submit(r, err);
        }
        if (rc == PK_OK && r->busy > 0) {
            rc = hear(r, err);
        }
        if (rc == PK_OK) {
            rc = print(r, err);
        }
    }
    return rc;
}

int pk_scan_run(const struct pk_scan_settings *settings, const struct pk_scan_list *list,
        struct pk_scan_tally *tally, struct pk_error *err)
{
    const struct pk_scan_pool_options options = {
        .slots = settings->jobs,
        .timeout_ms = settings->timeout_ms,
        .yara = settings->yara,
    };
    struct run r = { .settings = settings, .list = list, .tally = tally };
    int64_t begun_ms = pk_clock_monotonic_ms();
    int rc;

    if (list->count == 0) {
        if (settings->form != NULL) {
            settings->form->document(stdout, NULL, 0, tally);
        }
        return PK_OK;
    }
    r.items = calloc(list->count, sizeof(*r.items));
    if (r.items == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_scan_pool_create(&options, &r.pool, err);
    if (rc == PK_OK) {
        r.progress = pk_scan_progress_begin(list->count);
        rc = loop(&r, err);
        pk_scan_progress_clear(&r.progress);
        rc = rc == PK_OK && settings->form != NULL ? print_document(&r, err) : rc;
    }
    pk_scan_pool_destroy(r.pool);
    for (size_t i = 0; i < list->count; i++) {
        free(r.items[i].text);
    }
    free(r.items);
    tally->seconds = (double)(pk_clock_monotonic_ms() - begun_ms) / 1000.0;
    return rc;
}
