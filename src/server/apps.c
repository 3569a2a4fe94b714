#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "intel/set.h"
#include "server/apps_internal.h"

#define LOOK_MS      (10 * PK_MINUTE_MS) /* without any reason to */
#define RETRY_MS     1000                /* after a failure of the store */
#define BUILTIN_KEY  "app_builtin"       /* of the store's meta table */
#define REPORT_BYTES (128UL * 1024 * 1024)

int pk_apps_transaction(struct pk_apps *apps,
        int (*work)(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err),
        void *ctx, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    int rc = store != NULL ? pk_store_begin(store, err) : err->code;

    if (rc < 0) {
        return rc;
    }
    rc = work(apps, store, ctx, err);
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    return pk_store_commit(store, err);
}

bool pk_apps_is_ending(struct pk_apps *apps)
{
    bool ends;

    pthread_mutex_lock(&apps->lock);
    ends = apps->ends;
    pthread_mutex_unlock(&apps->lock);
    return ends;
}

void pk_apps_wake(struct pk_apps *apps)
{
    if (apps != NULL) {
        pthread_mutex_lock(&apps->lock);
        apps->woken = true;
        pthread_cond_signal(&apps->wake);
        pthread_mutex_unlock(&apps->lock);
    }
}

int pk_apps_report_now(struct pk_server *server, struct pk_store *store, const char *sha256,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_arena *scratch = pk_arena_create(REPORT_BYTES);
    struct pk_knowledge *knowledge = pk_shelf_take(server->shelf);
    struct pk_app_report report;
    int rc = scratch != NULL
            ? pk_apps_report(store, knowledge, sha256, now_ms, scratch, &report, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    (void)arena;
    if (rc == PK_OK) {
        *out = pk_app_report_json(&report);
        rc = *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    } else if (rc == PK_ENOENT) {
        *out = json_null();
        rc = PK_OK;
    }
    pk_knowledge_unref(knowledge);
    pk_arena_destroy(scratch);
    return rc;
}

/* ---- by what apps are judged ---- */

static int learn(struct pk_apps *apps, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    struct pk_knowledge *before;
    struct pk_knowledge *now = NULL;
    int rc;

    pthread_mutex_lock(&apps->learning); /* or an older state might be put over a newer one */
    before = pk_shelf_take(apps->server->shelf);
    rc = store != NULL ? pk_knowledge_load(store, before, pk_shelf_builtin(apps->server->shelf),
                                 pk_server_now(apps->server), &now, err)
                       : err->code;

    pk_knowledge_unref(before);
    if (rc == PK_OK) {
        pk_shelf_put(apps->server->shelf, now);
    }
    pthread_mutex_unlock(&apps->learning);
    return rc;
}

static int note_expiry(
        struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_event_row row = { .at_ms = pk_server_now(apps->server),
        .type = "app.exception_expired" };
    int rc = pk_knowledge_number_grow(store, err);

    (void)ctx;
    return rc < 0 ? rc : pk_event_add(store, &row, err);
}

/* *next_ms: when the next one runs out. */
static int expire(struct pk_apps *apps, int64_t *next_ms, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    int64_t at_ms = pk_knowledge_expires(knowledge);
    int rc = PK_OK;

    pk_knowledge_unref(knowledge);
    if (at_ms != 0 && at_ms <= pk_server_now(apps->server)) {
        rc = pk_apps_transaction(apps, note_expiry, NULL, err);
        if (rc == PK_OK) {
            pk_server_events_changed(apps->server);
            rc = learn(apps, err);
        }
        at_ms = pk_server_now(apps->server);
    }
    if (at_ms != 0 && at_ms < *next_ms) {
        *next_ms = at_ms;
    }
    return rc;
}

/* On the caller's thread, so that what it asks next is answered by the new state. */
void pk_apps_relearn(struct pk_apps *apps)
{
    struct pk_error err = { 0 };
    int rc;

    if (apps == NULL) {
        return;
    }
    rc = learn(apps, &err);
    if (rc < 0) {
        pk_event(PK_ERROR, "apps.stuck", { "why", err.text });
    }
    pthread_mutex_lock(&apps->lock);
    apps->relearn |= rc < 0; /* the thread tries again */
    pthread_mutex_unlock(&apps->lock);
    pk_apps_wake(apps);
}

/* ---- the thread ---- */

static bool wants_relearning(struct pk_apps *apps)
{
    bool wants;

    pthread_mutex_lock(&apps->lock);
    wants = apps->relearn;
    apps->relearn = false;
    pthread_mutex_unlock(&apps->lock);
    return wants;
}

static bool may_read(struct pk_apps *apps, int64_t *next_ms)
{
    int64_t at_ms;

    pthread_mutex_lock(&apps->lock);
    at_ms = apps->read_again_ms;
    pthread_mutex_unlock(&apps->lock);
    if (at_ms > pk_server_now(apps->server)) {
        *next_ms = at_ms < *next_ms ? at_ms : *next_ms;
        return false;
    }
    return true;
}

/* One look at everything. *next_ms: when to look again at the latest. */
static int look(struct pk_apps *apps, int64_t *next_ms, struct pk_error *err)
{
    bool left = false;
    bool more = false;
    bool others = false;
    int rc = PK_OK;

    *next_ms = pk_server_now(apps->server) + LOOK_MS;
    if (wants_relearning(apps)) {
        rc = learn(apps, err);
        if (rc < 0) {
            pthread_mutex_lock(&apps->lock);
            apps->relearn = true; /* not forgotten */
            pthread_mutex_unlock(&apps->lock);
        }
    }
    if (rc == PK_OK) {
        rc = expire(apps, next_ms, err);
    }
    if (rc == PK_OK && may_read(apps, next_ms)) {
        rc = pk_apps_read(apps, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_ask(apps, next_ms, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_doubt(apps, &others, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_judge_stale(apps, &left, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_judge_copies(apps, &more, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_push_waiting(apps, err);
    }
    *next_ms = left || more || others ? 0 : *next_ms;
    return rc;
}

static void sleep_until(struct pk_apps *apps, int64_t at_ms)
{
    int64_t wait_ms = at_ms - pk_server_now(apps->server);
    struct timespec until;

    if (wait_ms <= 0) {
        return;
    }
    until = pk_clock_after(wait_ms);
    pthread_mutex_lock(&apps->lock);
    while (!apps->woken && !apps->ends &&
            pthread_cond_clockwait(&apps->wake, &apps->lock, CLOCK_MONOTONIC, &until) == 0) {
    }
    apps->woken = false;
    pthread_mutex_unlock(&apps->lock);
}

static void *run(void *arg)
{
    struct pk_apps *apps = arg;
    int failed = PK_OK;

    while (!pk_apps_is_ending(apps)) {
        struct pk_error err = { 0 };
        int64_t next_ms = 0;
        int rc = look(apps, &next_ms, &err);

        if (rc < 0) {
            if (rc != failed) {
                pk_event(PK_ERROR, "apps.stuck", { "why", err.text });
            }
            next_ms = pk_server_now(apps->server) + RETRY_MS;
        }
        failed = rc;
        sleep_until(apps, next_ms);
    }
    return NULL;
}

/* ---- start and end ---- */

/* Files whose row does not wait for them: the process ended between keeping one and saying so. */
static void drop_orphans(struct pk_apps *apps, struct pk_store *store)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *folder;

    (void)snprintf(path, sizeof(path), "%s/apps", apps->server->settings.state_dir);
    folder = opendir(path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own */
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct pk_arena *arena = pk_arena_create(REPORT_BYTES);
        struct pk_app_file file;

        if (entry->d_name[0] != '.' && arena != NULL) {
            int rc = pk_app_file_get(store, entry->d_name, arena, &file, NULL);

            if (rc == PK_ENOENT || (rc == PK_OK && file.state != PK_FILE_UPLOADING)) {
                pk_apps_path(apps->server, entry->d_name, path);
                (void)unlink(path);
            }
        }
        pk_arena_destroy(arena);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* Another version of the program, or of the set that comes with it, judges otherwise. */
static int note_builtin(
        struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    const struct pk_intel_set *builtin = pk_shelf_builtin(apps->server->shelf);
    struct pk_arena *arena = pk_arena_create(REPORT_BYTES);
    struct pk_intel_info info = { .version = "" };
    const char *before = NULL;
    char now[64];
    int rc = arena != NULL ? pk_meta_get(store, BUILTIN_KEY, arena, &before, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    (void)ctx;
    if (builtin != NULL) {
        pk_intel_set_info(builtin, &info);
    }
    (void)snprintf(now, sizeof(now), "%s %s", PK_VERSION, info.version);
    if (rc == PK_OK && (before == NULL || strcmp(before, now) != 0)) {
        rc = pk_meta_put(store, BUILTIN_KEY, now, err);
        rc = rc < 0 ? rc : pk_knowledge_number_grow(store, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

static int prepare(struct pk_apps *apps, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    char path[PATH_MAX];
    int rc = store != NULL ? PK_OK : err->code;

    (void)snprintf(path, sizeof(path), "%s/apps", apps->server->settings.state_dir);
    if (rc == PK_OK) {
        rc = pk_file_mkdirs(path, 0700, err);
    }
    if (rc == PK_OK) {
        drop_orphans(apps, store);
        rc = pk_apps_transaction(apps, note_builtin, NULL, err);
    }
    if (rc == PK_OK) {
        rc = learn(apps, err);
    }
    return rc;
}

static void on_crowd(void *ctx)
{
    pk_apps_wake(ctx);
}

int pk_apps_start(struct pk_server *server, struct pk_apps **out, struct pk_error *err)
{
    struct pk_apps *apps = calloc(1, sizeof(*apps));
    int rc;

    if (apps == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    apps->server = server;
    pthread_mutex_init(&apps->lock, NULL);
    pthread_mutex_init(&apps->learning, NULL);
    pthread_cond_init(&apps->wake, NULL);
    rc = prepare(apps, err);
    if (rc == PK_OK) {
        rc = pk_server_on_crowd(server, on_crowd, apps, err);
    }
    if (rc == PK_OK) {
        rc = -pthread_create(&apps->thread, NULL, run, apps);
        apps->runs = rc == PK_OK;
        rc = rc < 0 ? pk_error_set(err, rc, "cannot start a thread: %s", pk_code_text(rc)) : rc;
    }
    if (rc < 0) {
        pk_apps_destroy(apps);
        return rc;
    }
    *out = apps;
    return PK_OK;
}

void pk_apps_stop(struct pk_apps *apps)
{
    if (apps == NULL || !apps->runs) {
        return;
    }
    pthread_mutex_lock(&apps->lock);
    apps->ends = true;
    pthread_cond_signal(&apps->wake);
    pthread_mutex_unlock(&apps->lock);
    pthread_join(apps->thread, NULL);
    apps->runs = false;
}

void pk_apps_destroy(struct pk_apps *apps)
{
    if (apps != NULL) {
        pthread_cond_destroy(&apps->wake);
        pthread_mutex_destroy(&apps->learning);
        pthread_mutex_destroy(&apps->lock);
        free(apps);
    }
}
