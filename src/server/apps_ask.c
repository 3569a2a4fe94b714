/* Files that nobody has read: one device that has them is asked at a time. */
#include "base/clock.h"
#include "base/event.h"
#include "server/apps_internal.h"

#define FILES_STEP    64
#define ARENA_MAX     (64UL * 1024 * 1024)
#define SAME_AGAIN_MS PK_HOUR_MS   /* the same device is not asked for the same file before */
#define NOBODY_MS     PK_MINUTE_MS /* when no device can be asked, the file goes to the end */

struct asking {
    const char *sha256;
    int64_t now_ms;
    char device[PK_ID_TEXT]; /* out: who was asked; "": nobody */
};

static int add_command(struct pk_store *store, const struct pk_app_file *file,
        const struct asking *asking, int64_t *id, struct pk_error *err)
{
    json_t *payload = json_pack("{s:s, s:s, s:s}", "type", "send_app", "sha256", file->sha256,
            "package", file->package);
    struct pk_action action = {
        .kind = PK_ACTION_ASK,
        .target = asking->device,
        .device = asking->device,
        .state = PK_ACTION_PENDING,
        .created_ms = asking->now_ms,
        .payload = payload,
    };
    int rc = payload != NULL ? pk_action_add(store, &action, err)
                             : pk_error_set(err, PK_ENOMEM, "out of memory");

    json_decref(payload);
    *id = action.id;
    return rc;
}

static int ask_device(struct pk_store *store, struct pk_app_file *file, struct asking *asking,
        struct pk_error *err)
{
    struct pk_app_ask ask = {
        .sha256 = file->sha256,
        .device = asking->device,
        .at_ms = asking->now_ms,
    };
    int rc = add_command(store, file, asking, &ask.action, err);

    if (rc == PK_OK) {
        rc = pk_app_ask_put(store, &ask, err);
    }
    file->state = PK_FILE_ASKED;
    file->asked_device = asking->device;
    file->asked_ms = asking->now_ms;
    file->asks++;
    return rc < 0 ? rc : pk_app_file_put(store, file, err);
}

/* Nobody can be asked now: they are busy, or were asked a short while ago. */
static int put_off(
        struct pk_store *store, struct pk_app_file *file, int64_t now_ms, struct pk_error *err)
{
    if (file->state == PK_FILE_WANTED && now_ms - file->asked_ms < NOBODY_MS) {
        return PK_OK;
    }
    file->state = PK_FILE_WANTED;
    file->asked_ms = now_ms;
    file->asked_device = NULL;
    return pk_app_file_put(store, file, err);
}

static int ask_again(const struct pk_apps *apps, const struct pk_app_file *file, int64_t now_ms)
{
    return file->state == PK_FILE_WANTED ||
            (file->state == PK_FILE_ASKED &&
                    now_ms - file->asked_ms >=
                            apps->server->settings.apps->ask_again_s * PK_SECOND_MS);
}

static int ask_in(struct pk_apps *apps, struct pk_store *store, struct asking *asking,
        struct pk_arena *arena, struct pk_error *err)
{
    struct pk_app_file file;
    int rc = pk_app_file_get(store, asking->sha256, arena, &file, err);

    if (rc < 0 || !ask_again(apps, &file, asking->now_ms)) {
        return rc == PK_ENOENT ? PK_OK : rc; /* it has come meanwhile */
    }
    rc = file.state == PK_FILE_ASKED ? pk_app_ask_end(store, file.sha256, asking->now_ms, err)
                                     : PK_OK;
    if (rc == PK_OK) {
        rc = pk_app_ask_whom(store, file.sha256, asking->now_ms - SAME_AGAIN_MS,
                apps->server->settings.apps->asks_open, asking->device, err);
    }
    if (rc == PK_ENOENT) {
        asking->device[0] = '\0';
        return put_off(store, &file, asking->now_ms, err);
    }
    return rc < 0 ? rc : ask_device(store, &file, asking, err);
}

static int ask_one(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    int rc = arena != NULL ? ask_in(apps, store, ctx, arena, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    pk_arena_destroy(arena);
    return rc;
}

/* Asks for the files of a state that were asked for before then. */
static int ask_all(struct pk_apps *apps, struct pk_store *store, int state, int64_t before_ms,
        int64_t now_ms, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_array files = { 0 };
    const struct pk_app_file *items;
    int rc = arena != NULL
            ? pk_app_file_waiting(store, state, before_ms, FILES_STEP, arena, &files, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    items = files.items;
    for (size_t i = 0; i < files.count && rc == PK_OK; i++) {
        struct asking asking = { .sha256 = items[i].sha256, .now_ms = now_ms };

        rc = pk_apps_transaction(apps, ask_one, &asking, err);
        if (rc == PK_OK && asking.device[0] != '\0') {
            pk_event(PK_INFO, "app.asked", { "sha256", items[i].sha256 },
                    { "device", asking.device });
            pk_server_notify_device(apps->server, asking.device);
        }
    }
    pk_arena_destroy(arena);
    return rc;
}

/* The file that has been waited for longest says when to look again. */
static int next_look(struct pk_apps *apps, struct pk_store *store, int64_t now_ms, int64_t *next_ms,
        struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_array asked = { 0 };
    struct pk_array wanted = { 0 };
    int rc = arena != NULL
            ? pk_app_file_waiting(store, PK_FILE_ASKED, INT64_MAX, 1, arena, &asked, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_app_file_waiting(store, PK_FILE_WANTED, INT64_MAX, 1, arena, &wanted, err);
    }
    if (rc == PK_OK && asked.count > 0) {
        *next_ms = ((const struct pk_app_file *)asked.items)->asked_ms +
                apps->server->settings.apps->ask_again_s * PK_SECOND_MS;
    }
    if (rc == PK_OK && wanted.count > 0 && *next_ms > now_ms + NOBODY_MS) {
        *next_ms = now_ms + NOBODY_MS;
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_apps_ask(struct pk_apps *apps, int64_t *next_ms, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    int64_t now_ms = pk_server_now(apps->server);
    int rc;

    if (store == NULL) {
        return err->code;
    }
    if (!apps->server->settings.apps->ask) {
        return PK_OK;
    }
    rc = ask_all(apps, store, PK_FILE_ASKED,
            now_ms - apps->server->settings.apps->ask_again_s * PK_SECOND_MS + 1, now_ms, err);
    if (rc == PK_OK) {
        rc = ask_all(apps, store, PK_FILE_WANTED, INT64_MAX, now_ms, err);
    }
    return rc < 0 ? rc : next_look(apps, store, now_ms, next_ms, err);
}
