#include "pipeline/knowledge.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "intel/set.h"

#define NUMBER_KEY      "app_knowledge"
#define LISTS_MEMORY    (64UL * 1024 * 1024)
#define SET_VERSION_MAX 24

/* The set's bytes are large and rarely change: snapshots share them. */
struct shared_set {
    atomic_int refs;
    struct pk_intel_set *set;
    uint8_t *bytes;
};

struct pk_knowledge {
    atomic_int refs;
    struct pk_arena *arena;
    struct pk_app_lists lists;
    struct pk_app_knowledge apps;
    const struct pk_intel_set *sets[3]; /* the last one is NULL */
    struct shared_set *shared;          /* NULL: no set */
    char set_version[SET_VERSION_MAX];
    int64_t number;
    int64_t expires_ms;
    struct pk_kanon kanon;
    bool local;
};

struct pk_shelf {
    const struct pk_intel_set *builtin;
    struct pk_kanon kanon;
    pthread_mutex_t lock;
    struct pk_knowledge *newest;
};

static const struct pk_app_knowledge nothing;

/* ---- the number ---- */

int pk_knowledge_number_get(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(4096);
    const char *text = NULL;
    int rc = arena != NULL ? pk_meta_get(store, NUMBER_KEY, arena, &text, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        *out = text != NULL ? strtoll(text, NULL, 10) : 1;
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_knowledge_number_grow(struct pk_store *store, struct pk_error *err)
{
    char text[24];
    int64_t number = 0;
    int rc = pk_knowledge_number_get(store, &number, err);

    if (rc < 0) {
        return rc;
    }
    (void)snprintf(text, sizeof(text), "%lld", (long long)number + 1);
    return pk_meta_put(store, NUMBER_KEY, text, err);
}

/* ---- the set ---- */

static void shared_unref(struct shared_set *shared)
{
    if (shared != NULL && atomic_fetch_sub(&shared->refs, 1) == 1) {
        pk_intel_set_destroy(shared->set);
        free(shared->bytes);
        free(shared);
    }
}

static int read_set(struct pk_store *store, struct shared_set **out, struct pk_error *err)
{
    struct shared_set *shared = calloc(1, sizeof(*shared));
    size_t len = 0;
    int rc = shared != NULL
            ? pk_blob_get(store, PK_INTEL_BLOB, PK_INTEL_SET_MAX, &shared->bytes, &len, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && len > 0) {
        rc = pk_intel_set_open(pk_slice_of(shared->bytes, len), &shared->set, err);
    }
    if (rc < 0 || len == 0) {
        if (shared != NULL) {
            free(shared->bytes);
            free(shared);
        }
        return rc;
    }
    atomic_init(&shared->refs, 1);
    *out = shared;
    return PK_OK;
}

static int load_set(struct pk_knowledge *k, struct pk_store *store,
        const struct pk_knowledge *before, struct pk_error *err)
{
    struct pk_document origin;
    int rc = pk_document_get(store, PK_INTEL_DOCUMENT, k->arena, &origin, err);

    if (rc == PK_ENOENT || (rc == PK_OK && origin.text[0] == '\0')) {
        return PK_OK; /* never had one, or it was removed */
    }
    if (rc < 0) {
        return rc;
    }
    (void)snprintf(k->set_version, sizeof(k->set_version), "%s", origin.text);
    if (before != NULL && before->shared != NULL &&
            strcmp(before->set_version, k->set_version) == 0) {
        k->shared = before->shared;
        atomic_fetch_add(&k->shared->refs, 1);
    } else {
        rc = read_set(store, &k->shared, err);
    }
    return rc;
}

/* ---- the lists ---- */

int pk_knowledge_exception(const struct pk_exception_row *row, struct pk_arena *arena,
        struct pk_app_exception *out, struct pk_error *err)
{
    struct pk_app_target *match = pk_arena_alloc(arena, 1, sizeof(*match));
    const char *scope = row->scope == PK_EXCEPTION_ALL
            ? "all"
            : pk_arena_printf(arena, "%s %s", pk_exception_scope_names[row->scope], row->target);

    if (match == NULL || scope == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *match = (struct pk_app_target){
        .sha256 = row->sha256,
        .signer = row->signer,
        .team = row->team,
        .package = row->package,
    };
    *out = (struct pk_app_exception){
        .id = row->id,
        .match = match,
        .threat = row->threat,
        .rule = row->rule,
        .reason = row->reason,
        .by = row->created_by,
        .scope = scope,
        .expires = row->expires_ms,
    };
    return PK_OK;
}

static int load_rules(struct pk_knowledge *k, struct pk_store *store, struct pk_error *err)
{
    struct pk_document document;
    int rc = pk_document_get(store, PK_RULES_DOCUMENT, k->arena, &document, err);

    if (rc == PK_ENOENT) {
        k->lists = (struct pk_app_lists){ .version = PK_APP_LISTS_VERSION };
        return PK_OK;
    }
    return rc < 0 ? rc
                  : pk_app_lists_decode("app-rules", document.text, strlen(document.text), k->arena,
                            &k->lists, err);
}

static int load_exceptions(
        struct pk_knowledge *k, struct pk_store *store, int64_t now_ms, struct pk_error *err)
{
    const struct pk_exception_row *rows;
    struct pk_app_exception *exceptions;
    struct pk_array live;
    int rc = pk_exception_live(store, now_ms, k->arena, &live, err);

    if (rc < 0 || live.count == 0) {
        return rc;
    }
    rows = live.items;
    exceptions = pk_arena_alloc(k->arena, live.count, sizeof(*exceptions));
    if (exceptions == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < live.count && rc == PK_OK; i++) {
        rc = pk_knowledge_exception(&rows[i], k->arena, &exceptions[i], err);
        k->local |= rows[i].scope != PK_EXCEPTION_ALL;
    }
    k->lists.exceptions = (struct pk_array){ .items = exceptions, .count = live.count };
    return rc;
}

static void sooner(struct pk_knowledge *k, int64_t at_ms, int64_t now_ms)
{
    if (at_ms > now_ms && (k->expires_ms == 0 || at_ms < k->expires_ms)) {
        k->expires_ms = at_ms;
    }
}

static void find_expiry(struct pk_knowledge *k, int64_t now_ms)
{
    const struct pk_app_exception *exceptions = k->lists.exceptions.items;
    const struct pk_array *const listed[] = { &k->lists.allow, &k->lists.deny };

    for (size_t i = 0; i < k->lists.exceptions.count; i++) {
        sooner(k, exceptions[i].expires, now_ms);
    }
    for (size_t l = 0; l < PK_COUNT(listed); l++) {
        const struct pk_app_listed *entries = listed[l]->items;

        for (size_t i = 0; i < listed[l]->count; i++) {
            sooner(k, entries[i].until, now_ms);
        }
    }
}

/* ---- snapshots ---- */

int pk_knowledge_load(struct pk_store *store, const struct pk_knowledge *before,
        const struct pk_intel_set *builtin, int64_t now_ms, struct pk_knowledge **out,
        struct pk_error *err)
{
    struct pk_knowledge *k = calloc(1, sizeof(*k));
    int rc;

    if (k == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    atomic_init(&k->refs, 1);
    k->kanon = pk_kanon_default;
    k->arena = pk_arena_create(LISTS_MEMORY);
    rc = k->arena != NULL ? pk_knowledge_number_get(store, &k->number, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = load_set(k, store, before, err);
    }
    if (rc == PK_OK) {
        rc = load_rules(k, store, err);
    }
    if (rc == PK_OK) {
        rc = load_exceptions(k, store, now_ms, err);
    }
    if (rc < 0) {
        pk_knowledge_unref(k);
        return rc;
    }
    k->sets[0] = k->shared != NULL ? k->shared->set : builtin;
    k->sets[1] = k->shared != NULL ? builtin : NULL;
    k->local |= k->lists.unwanted.count > 0; /* a rule may ask where an app came from */
    find_expiry(k, now_ms);
    k->apps = (struct pk_app_knowledge){ .sets = k->sets, .lists = &k->lists };
    *out = k;
    return PK_OK;
}

struct pk_knowledge *pk_knowledge_ref(struct pk_knowledge *knowledge)
{
    if (knowledge != NULL) {
        atomic_fetch_add(&knowledge->refs, 1);
    }
    return knowledge;
}

void pk_knowledge_unref(struct pk_knowledge *knowledge)
{
    if (knowledge != NULL && atomic_fetch_sub(&knowledge->refs, 1) == 1) {
        shared_unref(knowledge->shared);
        pk_arena_destroy(knowledge->arena);
        free(knowledge);
    }
}

const struct pk_app_knowledge *pk_knowledge_apps(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL ? &knowledge->apps : &nothing;
}

int64_t pk_knowledge_number(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL ? knowledge->number : 0;
}

const struct pk_intel_set *pk_knowledge_set(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL && knowledge->shared != NULL ? knowledge->shared->set : NULL;
}

int64_t pk_knowledge_expires(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL ? knowledge->expires_ms : 0;
}

bool pk_knowledge_is_local(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL && knowledge->local;
}

const struct pk_kanon *pk_knowledge_kanon(const struct pk_knowledge *knowledge)
{
    return knowledge != NULL ? &knowledge->kanon : &pk_kanon_default;
}

/* ---- the shelf ---- */

int pk_shelf_create(
        const struct pk_intel_set *builtin, const struct pk_kanon *kanon, struct pk_shelf **out)
{
    struct pk_shelf *shelf = calloc(1, sizeof(*shelf));

    if (shelf == NULL) {
        return PK_ENOMEM;
    }
    shelf->builtin = builtin;
    shelf->kanon = *kanon;
    pthread_mutex_init(&shelf->lock, NULL);
    *out = shelf;
    return PK_OK;
}

const struct pk_intel_set *pk_shelf_builtin(const struct pk_shelf *shelf)
{
    return shelf != NULL ? shelf->builtin : NULL;
}

void pk_shelf_destroy(struct pk_shelf *shelf)
{
    if (shelf != NULL) {
        pk_knowledge_unref(shelf->newest);
        pthread_mutex_destroy(&shelf->lock);
        free(shelf);
    }
}

struct pk_knowledge *pk_shelf_take(struct pk_shelf *shelf)
{
    struct pk_knowledge *knowledge;

    if (shelf == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&shelf->lock);
    knowledge = pk_knowledge_ref(shelf->newest);
    pthread_mutex_unlock(&shelf->lock);
    return knowledge;
}

void pk_shelf_put(struct pk_shelf *shelf, struct pk_knowledge *knowledge)
{
    struct pk_knowledge *before;

    if (knowledge != NULL) {
        knowledge->kanon = shelf->kanon; /* nobody else has it yet */
    }
    pthread_mutex_lock(&shelf->lock);
    before = shelf->newest;
    shelf->newest = knowledge;
    pthread_mutex_unlock(&shelf->lock);
    pk_knowledge_unref(before);
}
