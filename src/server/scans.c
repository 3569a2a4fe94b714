#include "server/scans.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "scan/pool.h"
#include "server/server.h"

#define QUEUE_MAX   64                   /* uploads that wait for a free reader */
#define REPORT_MAX  (64UL * 1024 * 1024) /* a decoded report; the wire allows less */
#define THREADS_MAX 64                   /* as settings.c allows */

struct ask {
    struct ask *next;
    struct pk_request *request; /* of an upload that is answered with the report; else NULL */
    int fd;                     /* of a file of the server's own; else -1 */
    pk_scan_done done;
    void *ctx;
    char *name;
    int min_sdk;
    int max_sdk;
};

struct pk_scans {
    struct pk_server *server;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct ask *first; /* oldest first */
    struct ask **last;
    size_t waiting;
    bool ends;
    bool started;
    size_t thread_count;
    pthread_t threads[THREADS_MAX];
};

static void ask_destroy(struct ask *ask)
{
    if (ask->fd >= 0) {
        (void)close(ask->fd);
    }
    free(ask->name);
    free(ask);
}

/* The next upload, or NULL when the server stops. */
static struct ask *take(struct pk_scans *scans)
{
    struct ask *ask;

    pthread_mutex_lock(&scans->lock);
    while (scans->first == NULL && !scans->ends) {
        pthread_cond_wait(&scans->wake, &scans->lock);
    }
    ask = scans->ends ? NULL : scans->first;
    if (ask != NULL) {
        scans->first = ask->next;
        scans->last = scans->first == NULL ? &scans->first : scans->last;
        scans->waiting--;
    }
    pthread_mutex_unlock(&scans->lock);
    return ask;
}

static int read_file(struct pk_scan_pool *pool, const struct ask *ask, struct pk_arena *arena,
        struct pk_app_report *report, struct pk_error *err)
{
    struct pk_scan_job job = {
        .fd = ask->request != NULL ? pk_request_body_file(ask->request) : ask->fd,
        .idsig_fd = -1,
        .thorough = ask->request == NULL, /* analysed once for all devices */
        .min_sdk = ask->min_sdk,
        .max_sdk = ask->max_sdk,
        .name = ask->name,
    };
    struct pk_scan_job done;
    struct pk_scan_cost cost;
    int rc = pk_scan_pool_submit(pool, &job, err);

    return rc < 0 ? rc : pk_scan_pool_wait(pool, -1, arena, &done, report, &cost, err);
}

/* It could not be read now. */
static void give_up(struct ask *ask, const char *why)
{
    struct pk_error err = { 0 };

    if (ask->request != NULL) {
        pk_reply_problem(ask->request, 503, "unavailable", why, NULL);
    } else {
        (void)pk_error_set(&err, PK_EAGAIN, "%s", why);
        ask->done(NULL, NULL, &err, ask->ctx);
    }
}

static void reply_report(struct ask *ask, const struct pk_app_report *report)
{
    json_t *body = pk_app_report_json(report);

    if (body != NULL) {
        pk_reply_json(ask->request, 200, body);
    } else {
        give_up(ask, "memory is short");
    }
}

static void answer(struct pk_scan_pool *pool, struct ask *ask)
{
    struct pk_arena *arena = pk_arena_create(REPORT_MAX);
    struct pk_app_report report = { 0 };
    struct pk_error err = { 0 };
    int rc = arena != NULL ? read_file(pool, ask, arena, &report, &err) : PK_ENOMEM;

    if (rc < 0) {
        pk_event(PK_ERROR, "scan.failed", { "why", err.text });
        give_up(ask, "the file could not be read now");
    } else if (ask->request != NULL) {
        reply_report(ask, &report);
    } else {
        ask->done(&report, arena, NULL, ask->ctx);
    }
    pk_arena_destroy(arena);
}

/* A reader with the organisation's rules. */
static int make_pool(const struct pk_scans *scans, struct pk_scan_pool **out, struct pk_error *err)
{
    const struct pk_scan_settings *settings = scans->server->settings.scan;
    const char *yara[PK_SCAN_YARA_MAX + 1] = { NULL };
    const struct pk_scan_pool_options options = {
        .slots = 1,
        .timeout_ms = (unsigned)settings->timeout_s * 1000,
        .yara = yara,
    };

    for (size_t i = 0; i < settings->yara.count && i < PK_SCAN_YARA_MAX; i++) {
        yara[i] = settings->yara.items[i];
    }
    return pk_scan_pool_create(&options, out, err);
}

static void *work(void *arg)
{
    struct pk_scans *scans = arg;
    struct pk_scan_pool *pool = NULL;
    struct ask *ask;

    while ((ask = take(scans)) != NULL) {
        struct pk_error err = { 0 };

        if (pool == NULL && make_pool(scans, &pool, &err) < 0) {
            pk_event(PK_ERROR, "scan.no_sandbox", { "why", err.text });
            give_up(ask, "the sandbox for app files does not start on the server");
        } else {
            answer(pool, ask);
        }
        ask_destroy(ask);
    }
    pk_scan_pool_destroy(pool);
    return NULL;
}

/* Under the lock. */
static int start(struct pk_scans *scans)
{
    size_t wanted = (size_t)scans->server->settings.scan->processes;

    while (scans->thread_count < wanted && scans->thread_count < THREADS_MAX) {
        int rc = pthread_create(&scans->threads[scans->thread_count], NULL, work, scans);

        if (rc != 0) {
            return scans->thread_count > 0 ? PK_OK : -rc;
        }
        scans->thread_count++;
    }
    return PK_OK;
}

int pk_scans_create(struct pk_server *server, struct pk_scans **out, struct pk_error *err)
{
    struct pk_scans *scans = calloc(1, sizeof(*scans));

    if (scans == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    scans->server = server;
    scans->last = &scans->first;
    pthread_mutex_init(&scans->lock, NULL);
    pthread_cond_init(&scans->wake, NULL);
    *out = scans;
    if (server->settings.scan->yara.count > 0) {
        struct pk_scan_pool *trial = NULL;
        int rc = make_pool(scans, &trial, err);

        /* Rules that do not compile are told at the start, not with the first file. */
        pk_scan_pool_destroy(trial);
        return rc;
    }
    return PK_OK;
}

void pk_scans_stop(struct pk_scans *scans)
{
    struct ask *left;

    if (scans == NULL) {
        return;
    }
    pthread_mutex_lock(&scans->lock);
    scans->ends = true;
    left = scans->first;
    scans->first = NULL;
    scans->last = &scans->first;
    scans->waiting = 0;
    pthread_cond_broadcast(&scans->wake);
    pthread_mutex_unlock(&scans->lock);
    while (left != NULL) {
        struct ask *next = left->next;

        give_up(left, "the server stops");
        ask_destroy(left);
        left = next;
    }
    for (size_t i = 0; i < scans->thread_count; i++) {
        (void)pthread_join(scans->threads[i], NULL);
    }
    scans->thread_count = 0;
}

void pk_scans_destroy(struct pk_scans *scans)
{
    if (scans == NULL) {
        return;
    }
    pthread_cond_destroy(&scans->wake);
    pthread_mutex_destroy(&scans->lock);
    free(scans);
}

/* Under the lock: behind the last one that is as urgent. */
static void enqueue(struct pk_scans *scans, struct ask *item)
{
    struct ask **at = scans->last;

    if (item->request != NULL) {
        for (at = &scans->first; *at != NULL && (*at)->request != NULL; at = &(*at)->next) {
        }
    }
    item->next = *at;
    *at = item;
    if (item->next == NULL) {
        scans->last = &item->next;
    }
    scans->waiting++;
    pthread_cond_signal(&scans->wake);
}

int pk_scans_read(
        struct pk_scans *scans, int fd, const struct pk_scan_ask *ask, pk_scan_done done, void *ctx)
{
    struct ask *item = calloc(1, sizeof(*item));
    bool taken = false;

    if (item == NULL) {
        (void)close(fd);
        return PK_EAGAIN;
    }
    *item = (struct ask){ .fd = fd,
        .done = done,
        .ctx = ctx,
        .name = strdup(ask->name),
        .min_sdk = ask->min_sdk,
        .max_sdk = ask->max_sdk };
    pthread_mutex_lock(&scans->lock);
    if (item->name != NULL && !scans->ends && scans->waiting < QUEUE_MAX && start(scans) == PK_OK) {
        enqueue(scans, item);
        taken = true;
    }
    pthread_mutex_unlock(&scans->lock);
    if (!taken) {
        ask_destroy(item);
    }
    return taken ? PK_OK : PK_EAGAIN;
}

void pk_scans_submit(
        struct pk_scans *scans, struct pk_request *request, const struct pk_scan_ask *ask)
{
    struct ask *item = calloc(1, sizeof(*item));
    bool taken = false;

    if (item != NULL) {
        *item = (struct ask){ .request = request,
            .fd = -1,
            .name = strdup(ask->name),
            .min_sdk = ask->min_sdk,
            .max_sdk = ask->max_sdk };
    }
    pthread_mutex_lock(&scans->lock);
    if (item != NULL && item->name != NULL && !scans->ends && scans->waiting < QUEUE_MAX &&
            start(scans) == PK_OK) {
        pk_request_suspend(request); /* before a thread can see it */
        enqueue(scans, item);
        taken = true;
    }
    pthread_mutex_unlock(&scans->lock);
    if (!taken) {
        if (item != NULL) {
            ask_destroy(item);
        }
        pk_reply_header(request, "Retry-After", "10");
        pk_reply_problem(request, 503, "unavailable", "too many files wait to be read", NULL);
    }
}
