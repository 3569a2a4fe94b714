#include "agent/trust_sources.h"

#include <stdlib.h>

#include "agent/sense.h"
#include "agent/settings.h"

#define TRUST_BYTES (4UL * 1024 * 1024)

struct pk_trust_sources {
    const struct pk_trust *settings;
    struct pk_trust_file *file; /* NULL: none */
    struct pk_trust_store *store;
    struct pk_trust_file_hooks hooks;
};

int pk_trust_sources_open(struct pk_loop *loop, const struct pk_agent_settings *settings,
        const struct pk_trust_file_hooks *hooks, struct pk_trust_sources **out,
        struct pk_error *err)
{
    struct pk_trust_sources *s = calloc(1, sizeof(*s));
    const char *what = NULL;
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->settings = settings->trust;
    s->hooks = *hooks;
    rc = pk_trust_store_open(settings->state_dir, &s->store, &what, err);
    if (rc == PK_OK && settings->trust_file != NULL) {
        rc = pk_trust_file_open(loop, settings->trust_file, hooks, &s->file, err);
    }
    if (rc < 0) {
        pk_trust_sources_close(s);
        return rc;
    }
    if (what != NULL) {
        hooks->trouble(hooks->ctx, what);
    }
    *out = s;
    return PK_OK;
}

void pk_trust_sources_close(struct pk_trust_sources *sources)
{
    if (sources != NULL) {
        pk_trust_file_close(sources->file);
        pk_trust_store_close(sources->store);
        free(sources);
    }
}

int pk_trust_sources_apply(
        const struct pk_trust_sources *sources, struct pk_sense *sense, struct pk_error *err)
{
    const struct pk_trust *all[] = { sources->settings, pk_trust_file_now(sources->file),
        pk_trust_store_now(sources->store) };
    struct pk_arena *arena = pk_arena_create(TRUST_BYTES);
    struct pk_trust trust;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_trust_merge(all, PK_COUNT(all), arena, &trust, err);

    if (rc == PK_OK) {
        rc = pk_sense_set_trust(sense, &trust, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

const char *pk_trust_sources_version(const struct pk_trust_sources *sources)
{
    return pk_trust_store_version(sources->store);
}

void pk_trust_sources_take(
        struct pk_trust_sources *sources, const char *version, const json_t *trust)
{
    struct pk_error err;

    if (pk_trust_store_take(sources->store, version, trust, &err) < 0) {
        sources->hooks.trouble(sources->hooks.ctx, err.text);
    }
    sources->hooks.changed(sources->hooks.ctx);
}
