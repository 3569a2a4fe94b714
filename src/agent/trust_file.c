#include "agent/trust_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/watch_files.h"
#include "base/yaml.h"

#define TRUST_BYTES (2UL * 1024 * 1024)
#define SETTLE_MS   20 /* it may be written in several pieces */

struct pk_trust_file {
    struct pk_loop *loop;
    const char *path;
    struct pk_trust_file_hooks hooks;
    struct pk_file_watch *watch;
    struct pk_timer settle;
    struct pk_arena *arena;
    struct pk_trust trust;
};

/* Keeps what was there when it cannot be read. */
static int read_again(struct pk_trust_file *file, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(TRUST_BYTES);
    struct pk_trust trust;
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (access(file->path, F_OK) != 0) {
        pk_arena_destroy(arena);
        pk_arena_destroy(file->arena);
        file->arena = NULL;
        return PK_OK;
    }
    rc = pk_yaml_load(file->path, &pk_trust_schema, arena, &trust, err);
    if (rc < 0) {
        pk_arena_destroy(arena);
        return rc;
    }
    pk_arena_destroy(file->arena);
    file->arena = arena;
    file->trust = trust;
    return PK_OK;
}

static void on_settled(void *ctx)
{
    struct pk_trust_file *file = ctx;
    struct pk_error err;

    if (read_again(file, &err) < 0) {
        file->hooks.trouble(file->hooks.ctx, err.text);
    } else {
        file->hooks.changed(file->hooks.ctx);
    }
}

static void on_written(void *ctx, unsigned id)
{
    struct pk_trust_file *file = ctx;

    (void)id;
    pk_loop_arm(file->loop, &file->settle, SETTLE_MS);
}

int pk_trust_file_open(struct pk_loop *loop, const char *path,
        const struct pk_trust_file_hooks *hooks, struct pk_trust_file **out, struct pk_error *err)
{
    struct pk_trust_file *file = calloc(1, sizeof(*file));
    int rc;

    if (file == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    file->loop = loop;
    file->path = path;
    file->hooks = *hooks;
    pk_timer_init(&file->settle, on_settled, file);
    rc = pk_file_watch_create(loop, on_written, file, &file->watch, err);
    if (rc == PK_OK) {
        rc = pk_file_watch_add(file->watch, path, 0, err);
    }
    if (rc == PK_OK) {
        rc = read_again(file, err);
    }
    if (rc < 0) {
        pk_trust_file_close(file);
        return rc;
    }
    *out = file;
    return PK_OK;
}

void pk_trust_file_close(struct pk_trust_file *file)
{
    if (file == NULL) {
        return;
    }
    pk_loop_disarm(file->loop, &file->settle);
    pk_file_watch_destroy(file->watch);
    pk_arena_destroy(file->arena);
    free(file);
}

const struct pk_trust *pk_trust_file_now(const struct pk_trust_file *file)
{
    return file != NULL && file->arena != NULL ? &file->trust : NULL;
}
