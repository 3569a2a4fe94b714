/* Files that have come: to the readers, and their reports into the store. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "server/apps_internal.h"
#include "server/crowd.h"
#include "server/scans.h"

#define ARENA_MAX     (64UL * 1024 * 1024)
#define READ_AGAIN_MS 60000 /* when the readers cannot be had */

struct reading {
    struct pk_apps *apps;
    char sha256[PK_SHA256_HEX];
};

struct outcome {
    const char *sha256;
    struct pk_app_report *report; /* NULL: it is none that can be judged */
    struct pk_arena *arena;
    const char *why;
    struct pk_pipeline_news news;
};

void pk_apps_path(const struct pk_server *server, const char *sha256, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/apps/%s", server->settings.state_dir, sha256);
}

static int sync_folder(const struct pk_server *server)
{
    char path[PATH_MAX];
    int fd;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/apps", server->settings.state_dir);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    rc = fsync(fd) == 0 ? PK_OK : -errno;
    (void)close(fd);
    return rc;
}

/* The upload lies in a file without a name in the same folder's file system: it only gets one. */
int pk_apps_keep_file(struct pk_server *server, int fd, const char *sha256, struct pk_error *err)
{
    char path[PATH_MAX];
    char from[64];
    int rc = fsync(fd) == 0 ? PK_OK : -errno;

    pk_apps_path(server, sha256, path);
    (void)snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    if (rc == PK_OK && linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 &&
            errno != EEXIST) {
        rc = -errno;
    }
    if (rc == PK_OK) {
        rc = sync_folder(server);
    }
    return rc < 0 ? pk_error_set(err, rc, "the upload cannot be kept: %s", pk_code_text(rc))
                  : PK_OK;
}

void pk_apps_drop_file(struct pk_server *server, const char *sha256)
{
    char path[PATH_MAX];

    pk_apps_path(server, sha256, path);
    (void)unlink(path);
}

/* ---- which are being read ---- */

static bool reserve(struct pk_apps *apps, const char *sha256)
{
    size_t at = PK_READING_MAX;
    bool taken = false;

    pthread_mutex_lock(&apps->lock);
    for (size_t i = 0; i < PK_READING_MAX; i++) {
        taken |= strcmp(apps->reading[i], sha256) == 0;
        at = apps->reading[i][0] == '\0' ? i : at;
    }
    if (!taken && at < PK_READING_MAX) {
        (void)snprintf(apps->reading[at], PK_SHA256_HEX, "%s", sha256);
    }
    pthread_mutex_unlock(&apps->lock);
    return !taken && at < PK_READING_MAX;
}

static void release(struct pk_apps *apps, const char *sha256, int64_t again_ms)
{
    pthread_mutex_lock(&apps->lock);
    for (size_t i = 0; i < PK_READING_MAX; i++) {
        if (strcmp(apps->reading[i], sha256) == 0) {
            apps->reading[i][0] = '\0';
        }
    }
    apps->read_again_ms = again_ms;
    pthread_mutex_unlock(&apps->lock);
    pk_apps_wake(apps);
}

/* ---- what the reader says ---- */

static int store_outcome(
        struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    struct outcome *o = ctx;
    int64_t now_ms = pk_server_now(apps->server);
    int rc = o->report != NULL
            ? pk_apps_analysed(
                      store, knowledge, o->sha256, o->report, now_ms, o->arena, &o->news, err)
            : pk_apps_failed(store, o->sha256, o->why, now_ms, o->arena, &o->news, err);

    if (rc == PK_OK && o->report != NULL) {
        rc = pk_apps_retell(
                apps->server->pipeline, store, o->sha256, now_ms, o->arena, &o->news, err);
    }

    pk_knowledge_unref(knowledge);
    return rc;
}

static bool is_app(const struct pk_app_report *report)
{
    switch ((enum pk_app_kind)report->kind) {
    case PK_APP_APK:
    case PK_APP_BUNDLE:
    case PK_APP_DEX:
    case PK_APP_ELF:
    case PK_APP_IPA:
    case PK_APP_MACHO:
        return true;
    case PK_APP_UNKNOWN:
    case PK_APP_PLIST:
    case PK_APP_PROVISION:
    case PK_APP_AXML:
        return false;
    }
    return false;
}

/* On a thread of the readers: first the row, then the file is let go, then everybody hears of it. */
static void on_report(
        struct pk_app_report *report, struct pk_arena *arena, const struct pk_error *why, void *ctx)
{
    struct reading *reading = ctx;
    struct pk_apps *apps = reading->apps;
    struct outcome outcome = { .sha256 = reading->sha256, .arena = arena };
    struct pk_error err = { 0 };
    int rc = PK_EAGAIN;

    if (report != NULL) {
        outcome.report = is_app(report) ? report : NULL;
        outcome.why = "this is no app file";
        rc = pk_apps_transaction(apps, store_outcome, &outcome, &err);
    }
    if (rc == PK_OK) {
        pk_apps_drop_file(apps->server, reading->sha256);
        if (outcome.news.events) {
            pk_server_events_changed(apps->server);
        }
        if (outcome.news.crowd) {
            pk_crowd_server_tell(apps->server->crowd);
        }
        rc = pk_apps_push_file(apps, reading->sha256, &err);
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "app.not_judged", { "sha256", reading->sha256 },
                { "why", report != NULL ? err.text : why->text });
    }
    release(apps, reading->sha256,
            rc < 0 ? pk_server_now(apps->server) + READ_AGAIN_MS : apps->read_again_ms);
    free(reading);
}

/* ---- to the reader ---- */

struct lost {
    const char *sha256;
};

static int forget_lost(
        struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    const struct lost *lost = ctx;
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_file file;
    int rc = arena != NULL ? pk_app_file_get(store, lost->sha256, arena, &file, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    (void)apps;
    if (rc == PK_OK && file.state == PK_FILE_UPLOADING) {
        file.state = file.devices > 0 ? PK_FILE_WANTED : PK_FILE_FAILED;
        file.error = file.devices > 0 ? NULL : "the upload was lost; send it again";
        rc = pk_app_file_put(store, &file, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

static int read_one(struct pk_apps *apps, const struct pk_app_file *file, struct pk_error *err)
{
    struct pk_scan_ask ask = { .name = file->label[0] != '\0' ? file->label : file->package };
    struct lost lost = { .sha256 = file->sha256 };
    struct reading *reading;
    char path[PATH_MAX];
    int fd;
    int rc;

    if (!reserve(apps, file->sha256)) {
        return PK_OK;
    }
    pk_apps_path(apps->server, file->sha256, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        rc = errno == ENOENT ? pk_apps_transaction(apps, forget_lost, &lost, err) : -errno;
        release(apps, file->sha256, 0);
        return rc;
    }
    reading = calloc(1, sizeof(*reading));
    if (reading == NULL) {
        (void)close(fd);
        release(apps, file->sha256, 0);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    reading->apps = apps;
    (void)snprintf(reading->sha256, sizeof(reading->sha256), "%s", file->sha256);
    rc = pk_scans_read(apps->server->scans, fd, &ask, on_report, reading);
    if (rc < 0) { /* the queue is full: later */
        free(reading);
        release(apps, file->sha256, pk_server_now(apps->server) + 1000);
    }
    return PK_OK;
}

int pk_apps_read(struct pk_apps *apps, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_array files = { 0 };
    const struct pk_app_file *items;
    int rc = arena == NULL || store == NULL
            ? pk_error_set(err, PK_ENOMEM, "out of memory")
            : pk_app_file_waiting(store, PK_FILE_UPLOADING, INT64_MAX, INT64_C(2) * PK_READING_MAX,
                      arena, &files, err);

    items = files.items;
    for (size_t i = 0; i < files.count && rc == PK_OK; i++) {
        rc = read_one(apps, &items[i], err);
    }
    pk_arena_destroy(arena);
    return rc;
}
