#include "agent/apps.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/apps_internal.h"
#include "agent/identity.h"
#include "agent/loop.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"

#define SETTLE_MS  (2 * PK_SECOND_MS) /* a download is written piece by piece */
#define START_MS   PK_SECOND_MS
#define CACHE_MAX  (8UL * 1024 * 1024)
#define CACHE_NAME "apps.json"
#define SENDS_MAX  16 /* files that wait to be sent */
#define FOLDER_EVENTS                                                                        \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF | \
            IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW)

struct look {
    struct pk_agent_apps *apps; /* NULL: it is gone */
    struct pk_apps_walk walk;
};

struct sending {
    struct pk_agent_apps *apps; /* NULL: it is gone */
    struct pk_apps_upload upload;
};

struct pk_agent_apps {
    struct pk_loop *loop;
    const struct pk_agent_settings *settings;
    struct pk_identity *identity;
    struct pk_agent_apps_hooks hooks;
    struct pk_timer look_timer;
    struct pk_timer daily;
    json_t *files; /* as of the newest look */
    int64_t told_all_ms;
    int inotify; /* -1: none */
    struct look *look;
    bool again; /* something changed while a look was under way */
    void (*done)(void *ctx);
    void *done_ctx;
    struct sending *sending;
    char sends[SENDS_MAX][65];
    size_t send_count;
};

static void start_look(struct pk_agent_apps *apps);
static void send_next(struct pk_agent_apps *apps);

/* ---- what is known, over restarts ---- */

static void cache_path(const struct pk_agent_apps *apps, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/" CACHE_NAME, apps->settings->state_dir);
}

/* Another version of the program knows more: it reads everything anew. */
static void load_cache(struct pk_agent_apps *apps)
{
    struct pk_buffer text = pk_buffer_of(CACHE_MAX);
    char path[PATH_MAX];
    json_t *all = NULL;
    const char *version;

    cache_path(apps, path);
    if (pk_file_read(path, &text, NULL) == PK_OK && text.len > 0 &&
            pk_json_parse(text.ptr, text.len, &all, NULL) == PK_OK) {
        version = json_string_value(json_object_get(all, "version"));
        apps->told_all_ms = json_integer_value(json_object_get(all, "told"));
        if (version != NULL && strcmp(version, PK_VERSION) == 0 &&
                json_is_object(json_object_get(all, "files"))) {
            apps->files = json_incref(json_object_get(all, "files"));
        }
    }
    json_decref(all);
    pk_buffer_finish(&text);
    if (apps->files == NULL) {
        apps->files = json_object();
        apps->told_all_ms = 0;
    }
}

static void save_cache(struct pk_agent_apps *apps)
{
    json_t *all = json_pack("{s:s, s:I, s:O}", "version", PK_VERSION, "told",
            (json_int_t)apps->told_all_ms, "files", apps->files);
    char *text = all != NULL ? pk_json_text(all) : NULL;
    char path[PATH_MAX];
    struct pk_error err;

    cache_path(apps, path);
    if (text != NULL && pk_file_write(path, pk_slice_str(text), 0600, &err) < 0) {
        apps->hooks.trouble(apps->hooks.ctx, err.text);
    }
    free(text);
    json_decref(all);
}

/* ---- watching ---- */

static void on_inotify(void *ctx, uint32_t events)
{
    struct pk_agent_apps *apps = ctx;
    char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

    (void)events;
    while (read(apps->inotify, bytes, sizeof(bytes)) > 0) {
        /* which file it was does not matter: a look costs one stat each */
    }
    pk_loop_arm(apps->loop, &apps->look_timer, SETTLE_MS);
}

/* Folders that are watched already keep their watch; those that are gone lose it by themselves. */
static void watch_dirs(struct pk_agent_apps *apps, const struct pk_apps_walk *walk)
{
    for (size_t i = 0; i < walk->dir_count && apps->inotify >= 0; i++) {
        (void)inotify_add_watch(apps->inotify, walk->dirs[i], FOLDER_EVENTS);
    }
}

/* ---- looking ---- */

static void run_look(void *ctx)
{
    struct look *look = ctx;

    pk_apps_walk_run(&look->walk);
}

static void end_check(struct pk_agent_apps *apps)
{
    void (*done)(void *ctx) = apps->done;

    apps->done = NULL;
    if (done != NULL) {
        done(apps->done_ctx);
    }
}

static void take_look(struct pk_agent_apps *apps, struct pk_apps_walk *walk)
{
    int64_t now_ms = pk_clock_ms();
    json_t *before = apps->files;
    bool changed = !json_equal(before, walk->files);

    watch_dirs(apps, walk);
    if (walk->trouble[0] != '\0') {
        apps->hooks.trouble(apps->hooks.ctx, walk->trouble);
    }
    if (walk->cut) {
        apps->hooks.trouble(apps->hooks.ctx, "there are more app files than this agent looks at");
    }
    apps->files = json_incref(walk->files);
    if (changed) {
        pk_apps_tell_changes(&apps->hooks, apps->settings->apps, before, apps->files, now_ms);
    }
    if (now_ms - apps->told_all_ms >= PK_DAY_MS - PK_HOUR_MS || apps->told_all_ms > now_ms) {
        pk_apps_tell_all(&apps->hooks, apps->settings->apps, apps->files, now_ms);
        apps->told_all_ms = now_ms;
        changed = true;
    }
    json_decref(before);
    if (changed) {
        save_cache(apps);
    }
}

static void end_look(void *ctx)
{
    struct look *look = ctx;
    struct pk_agent_apps *apps = look->apps;

    if (apps != NULL) {
        apps->look = NULL;
        if (look->walk.files != NULL && !pk_loop_stopping(apps->loop)) {
            take_look(apps, &look->walk);
        }
        if (apps->again) {
            apps->again = false;
            start_look(apps);
        } else {
            end_check(apps);
        }
    }
    pk_apps_walk_finish(&look->walk);
    free(look);
}

static void start_look(struct pk_agent_apps *apps)
{
    struct pk_error err = { .text = "out of memory" };
    struct look *look;

    if (apps->look != NULL) {
        apps->again = true;
        return;
    }
    look = calloc(1, sizeof(*look));
    if (look != NULL) {
        look->apps = apps;
        look->walk.settings = apps->settings->apps;
        look->walk.before = json_incref(apps->files);
        look->walk.cancel_fd = pk_loop_cancel_fd(apps->loop);
        apps->look = look;
    }
    if (look == NULL || pk_loop_work(apps->loop, run_look, end_look, look, &err) < 0) {
        apps->look = NULL;
        if (look != NULL) {
            pk_apps_walk_finish(&look->walk);
        }
        free(look);
        apps->hooks.trouble(apps->hooks.ctx, err.text);
        end_check(apps);
    }
}

static void on_look_timer(void *ctx)
{
    start_look(ctx);
}

static void on_daily(void *ctx)
{
    struct pk_agent_apps *apps = ctx;

    start_look(apps);
    pk_loop_arm(apps->loop, &apps->daily, PK_DAY_MS);
}

void pk_agent_apps_look(struct pk_agent_apps *apps, void (*done)(void *ctx), void *ctx)
{
    apps->done = done;
    apps->done_ctx = ctx;
    start_look(apps);
}

/* ---- sending ---- */

static void run_sending(void *ctx)
{
    struct sending *s = ctx;

    pk_apps_upload_run(&s->upload);
}

static void free_sending(struct sending *s)
{
    SSL_CTX_free(s->upload.tls);
    json_decref(s->upload.file);
    free(s->upload.path);
    free(s);
}

static void end_sending(void *ctx)
{
    struct sending *s = ctx;
    struct pk_agent_apps *apps = s->apps;

    if (s->upload.status >= 200 && s->upload.status < 300) {
        pk_event(PK_INFO, "agent.app_sent", { "sha256", s->upload.sha256 });
    } else {
        pk_event(PK_WARN, "agent.app_not_sent", { "sha256", s->upload.sha256 },
                { "status", PK_NUM(s->upload.status) }, { "why", s->upload.err.text });
    }
    free_sending(s);
    if (apps != NULL) {
        apps->sending = NULL;
        send_next(apps);
    }
}

/* A file with this hash that the server may have. NULL: none. */
static const char *path_of(const struct pk_agent_apps *apps, const char *sha256, json_t **file)
{
    const char *path;
    json_t *one;

    json_object_foreach (apps->files, path, one) {
        const char *hash = json_string_value(json_object_get(one, "sha256"));

        if (hash != NULL && strcmp(hash, sha256) == 0 &&
                pk_apps_may_tell(apps->settings->apps, one)) {
            *file = one;
            return path;
        }
    }
    return NULL;
}

static struct sending *make_sending(struct pk_agent_apps *apps, const char *sha256)
{
    struct sending *s = calloc(1, sizeof(*s));
    struct pk_error err = { 0 };
    json_t *file = NULL;
    const char *path = path_of(apps, sha256, &file);
    SSL_CTX *tls = NULL;

    if (s == NULL || path == NULL || pk_identity_tls(apps->identity, &tls, &err) < 0) {
        free(s);
        return NULL;
    }
    s->apps = apps;
    (void)snprintf(s->upload.sha256, sizeof(s->upload.sha256), "%s", sha256);
    s->upload.path = strdup(path);
    s->upload.file = json_incref(file);
    s->upload.url = apps->settings->server->url != NULL ? apps->settings->server->url
                                                        : pk_identity_url(apps->identity);
    s->upload.tls = tls;
    s->upload.cancel_fd = pk_loop_cancel_fd(apps->loop);
    if (apps->settings->server->ca != NULL &&
            SSL_CTX_load_verify_file(tls, apps->settings->server->ca) != 1) {
        free_sending(s);
        return NULL;
    }
    return s;
}

static void send_next(struct pk_agent_apps *apps)
{
    struct pk_error err;

    while (apps->sending == NULL && apps->send_count > 0 && !pk_loop_stopping(apps->loop)) {
        char sha256[65];
        struct sending *s;

        memcpy(sha256, apps->sends[0], sizeof(sha256));
        memmove(apps->sends[0], apps->sends[1], --apps->send_count * sizeof(apps->sends[0]));
        s = make_sending(apps, sha256);
        apps->sending = s;
        if (s != NULL && pk_loop_work(apps->loop, run_sending, end_sending, s, &err) < 0) {
            apps->sending = NULL;
            free_sending(s);
        }
    }
}

void pk_agent_apps_send(struct pk_agent_apps *apps, const char *sha256)
{
    if (!apps->settings->apps->send || apps->settings->apps->report == PK_APPS_REPORT_NONE ||
            sha256 == NULL || strspn(sha256, "0123456789abcdef") != 64 || strlen(sha256) != 64 ||
            apps->send_count == SENDS_MAX) {
        return;
    }
    (void)snprintf(apps->sends[apps->send_count++], sizeof(apps->sends[0]), "%s", sha256);
    send_next(apps);
}

/* ---- begin and end ---- */

int pk_agent_apps_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        struct pk_identity *identity, const struct pk_agent_apps_hooks *hooks,
        struct pk_agent_apps **out, struct pk_error *err)
{
    struct pk_agent_apps *apps = calloc(1, sizeof(*apps));
    int rc = PK_OK;

    if (apps == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    apps->loop = loop;
    apps->settings = settings;
    apps->identity = identity;
    apps->hooks = *hooks;
    pk_timer_init(&apps->look_timer, on_look_timer, apps);
    pk_timer_init(&apps->daily, on_daily, apps);
    load_cache(apps);
    apps->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (apps->inotify >= 0) {
        rc = pk_loop_add(loop, apps->inotify, EPOLLIN, on_inotify, apps, err);
    }
    if (rc < 0) {
        pk_agent_apps_destroy(apps);
        return rc;
    }
    *out = apps;
    return PK_OK;
}

void pk_agent_apps_destroy(struct pk_agent_apps *apps)
{
    if (apps == NULL) {
        return;
    }
    pk_loop_disarm(apps->loop, &apps->look_timer);
    pk_loop_disarm(apps->loop, &apps->daily);
    if (apps->look != NULL) {
        apps->look->apps = NULL;
    }
    if (apps->sending != NULL) {
        apps->sending->apps = NULL;
    }
    if (apps->inotify >= 0) {
        pk_loop_remove(apps->loop, apps->inotify);
        (void)close(apps->inotify);
    }
    json_decref(apps->files);
    free(apps);
}

void pk_agent_apps_start(struct pk_agent_apps *apps)
{
    pk_loop_arm(apps->loop, &apps->look_timer, START_MS);
    pk_loop_arm(apps->loop, &apps->daily, PK_DAY_MS);
}
