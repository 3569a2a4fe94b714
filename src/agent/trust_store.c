#include "agent/trust_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX     (PK_TRUST_TEXT_MAX + 4096)
#define ARENA_MAX    (4UL * 1024 * 1024)
#define VERSION_NONE "none"

struct pk_trust_store {
    char *path;
    struct pk_arena *arena; /* of trust; NULL: none */
    struct pk_trust *trust;
    char version[PK_TRUST_STORE_VERSION];
};

static bool is_version(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    return len > 0 && len < PK_TRUST_STORE_VERSION &&
            strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == len;
}

static int decode(
        const json_t *in, struct pk_arena **arena, struct pk_trust **out, struct pk_error *err)
{
    struct pk_arena *fresh = pk_arena_create(ARENA_MAX);
    struct pk_trust *trust = fresh != NULL ? pk_arena_alloc(fresh, 1, sizeof(*trust)) : NULL;
    int rc = trust != NULL ? pk_schema_decode(&pk_trust_schema, in, fresh, trust, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_trust_check(trust, err);
    }
    if (rc < 0) {
        pk_arena_destroy(fresh);
        return rc;
    }
    *arena = fresh;
    *out = trust;
    return PK_OK;
}

static void adopt(struct pk_trust_store *s, const char *version, struct pk_arena *arena,
        struct pk_trust *trust)
{
    pk_arena_destroy(s->arena);
    s->arena = arena;
    s->trust = trust;
    (void)snprintf(s->version, sizeof(s->version), "%s", version);
}

static int read_file(struct pk_trust_store *s, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    struct pk_arena *arena = NULL;
    struct pk_trust *trust = NULL;
    json_t *in = NULL;
    const char *version;
    int rc = pk_file_read(s->path, &text, err);

    if (rc == PK_OK) {
        rc = pk_json_parse(text.ptr != NULL ? text.ptr : "", text.len, &in, err);
    }
    pk_buffer_finish(&text);
    if (rc == PK_OK) {
        version = json_string_value(json_object_get(in, "version"));
        rc = is_version(version) ? decode(json_object_get(in, "trust"), &arena, &trust, err)
                                 : pk_error_set(err, PK_EMALF, "no version");
    }
    if (rc == PK_OK) {
        adopt(s, version, arena, trust);
    }
    json_decref(in);
    return rc;
}

int pk_trust_store_open(const char *state_dir, struct pk_trust_store **out, const char **trouble,
        struct pk_error *err)
{
    struct pk_trust_store *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL || asprintf(&s->path, "%s/trust.json", state_dir) < 0) {
        free(s);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(s->version, sizeof(s->version), VERSION_NONE);
    rc = read_file(s, NULL);
    *trouble = rc == PK_OK || rc == PK_ENOENT
            ? NULL
            : "trust.json cannot be used; the server is asked what the organisation trusts";
    *out = s;
    return PK_OK;
}

void pk_trust_store_close(struct pk_trust_store *store)
{
    if (store != NULL) {
        pk_arena_destroy(store->arena);
        free(store->path);
        free(store);
    }
}

const char *pk_trust_store_version(const struct pk_trust_store *store)
{
    return store->version;
}

const struct pk_trust *pk_trust_store_now(const struct pk_trust_store *store)
{
    return store != NULL ? store->trust : NULL;
}

int pk_trust_store_take(struct pk_trust_store *store, const char *version, const json_t *trust,
        struct pk_error *err)
{
    struct pk_arena *arena = NULL;
    struct pk_trust *checked = NULL;
    json_t *out;
    char *text;
    int rc;

    if (!is_version(version)) {
        return pk_error_set(err, PK_EMALF, "the server's trust has no version");
    }
    rc = decode(trust, &arena, &checked, err);
    if (rc < 0) {
        (void)snprintf(store->version, sizeof(store->version), "%s", version);
        pk_error_prefix(err, "the server's trust: %s", err != NULL ? err->path : "");
        return rc;
    }
    out = json_pack("{s:s, s:O}", "version", version, "trust", trust);
    text = out != NULL ? pk_json_text(out) : NULL;
    json_decref(out);
    rc = text != NULL ? pk_file_write(store->path, pk_slice_str(text), 0600, err)
                      : pk_error_set(err, PK_ENOMEM, "out of memory");
    free(text);
    adopt(store, version, arena, checked);
    return rc;
}
