#include "agent/roots.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/roots_read.h"
#include "agent/tls_certificate.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/schema.h"

#define SYSTEM_DIR  "/usr/share/ca-certificates"
#define SYSTEM_LIST "/var/lib/dpkg/info/ca-certificates.list"
#define STATE_FILE  "roots.json"
#define VOUCHED_MAX 64
#define NAME_SIZE   16
#define NAME_BYTES  (32UL * 1024) /* to write down one certificate's name */

struct print {
    uint8_t sha256[PK_SHA256_SIZE];
};

struct prints {
    struct print *items;
    size_t count;
};

struct named {
    uint8_t subject[NAME_SIZE]; /* begin of the hash of its plain form */
    uint8_t spki[PK_SHA256_SIZE];
};

struct names {
    struct named *items;
    size_t count;
};

struct pk_roots {
    char *dir, *file, *system_dir, *system_list; /* NULL: none */
    char state[PATH_MAX];                        /* "": in memory only */
    struct prints public, original;
    struct timespec public_at; /* of the list that was read */
    struct names authorities;  /* public and original ones */
    struct timespec named_at;  /* of the store that was read */
    struct named vouched[VOUCHED_MAX];
    size_t vouched_count;
};

static void each_of_store(const struct pk_roots *roots, pk_roots_fn *fn, void *ctx)
{
    if (roots->dir != NULL) {
        pk_roots_of_folder(roots->dir, fn, ctx);
    }
    if (roots->file != NULL) {
        pk_roots_of_file(roots->file, fn, ctx);
    }
}

/* --- sets of fingerprints ----------------------------------------------------------------- */

static int by_print(const void *a, const void *b)
{
    return memcmp(a, b, PK_SHA256_SIZE);
}

static bool has(const struct prints *prints, const uint8_t sha256[PK_SHA256_SIZE])
{
    return prints->count > 0 &&
            bsearch(sha256, prints->items, prints->count, sizeof(*prints->items), by_print) != NULL;
}

static void add_print(struct prints *prints, const uint8_t sha256[PK_SHA256_SIZE])
{
    /* Grows by doubling: a power of two is full. */
    if ((prints->count & (prints->count - 1)) == 0 && prints->count < PK_ROOTS_MAX) {
        size_t room = prints->count > 0 ? 2 * prints->count : 1;
        struct print *items = reallocarray(prints->items, room, sizeof(*items));

        if (items == NULL) {
            return;
        }
        prints->items = items;
    }
    if (prints->count < PK_ROOTS_MAX) {
        memcpy(prints->items[prints->count++].sha256, sha256, PK_SHA256_SIZE);
    }
}

static void take_print(void *ctx, struct pk_slice der)
{
    uint8_t sha256[PK_SHA256_SIZE];

    pk_sha256(der, sha256);
    add_print(ctx, sha256);
}

/* And drops what is there twice: a bundle repeats the files. */
static void sort(struct prints *prints)
{
    size_t kept = 0;

    if (prints->count < 2) {
        return;
    }
    qsort(prints->items, prints->count, sizeof(*prints->items), by_print);
    for (size_t i = 1; i < prints->count; i++) {
        if (by_print(&prints->items[kept], &prints->items[i]) != 0) {
            prints->items[++kept] = prints->items[i];
        }
    }
    prints->count = kept + 1;
}

/* --- what was there at first -------------------------------------------------------------- */

static json_t *encode_state(const struct pk_roots *roots)
{
    json_t *list = json_array();
    json_t *out = json_pack("{s:s*, s:s*}", "dir", roots->dir, "file", roots->file);

    for (size_t i = 0; i < roots->original.count; i++) {
        char hex[PK_SHA256_HEX];

        pk_hex(pk_slice_of(roots->original.items[i].sha256, PK_SHA256_SIZE), hex);
        (void)json_array_append_new(list, json_string(hex));
    }
    (void)json_object_set(out, "original", list);
    json_decref(list);
    return out;
}

static bool same_place(const json_t *state, const char *key, const char *place)
{
    const char *was = json_string_value(json_object_get(state, key));

    return was == NULL ? place == NULL : place != NULL && strcmp(was, place) == 0;
}

/* False: there is no memory of this store. */
static bool load_state(struct pk_roots *roots)
{
    struct pk_buffer text = pk_buffer_of(PK_ROOTS_FILE_MAX);
    json_t *state = NULL;
    const json_t *list;

    if (pk_file_read(roots->state, &text, NULL) == PK_OK) {
        (void)!pk_json_parse(text.ptr, text.len, &state, NULL);
    }
    pk_buffer_finish(&text);
    list = json_object_get(state, "original");
    if (!json_is_array(list) || !same_place(state, "dir", roots->dir) ||
            !same_place(state, "file", roots->file)) {
        json_decref(state);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_array_get(list, i));
        uint8_t sha256[PK_SHA256_SIZE];

        if (hex != NULL && pk_unhex(hex, sha256, sizeof(sha256)) == PK_OK) {
            add_print(&roots->original, sha256);
        }
    }
    json_decref(state);
    return true;
}

static void remember(struct pk_roots *roots)
{
    json_t *state;
    char *text;

    if (roots->state[0] != '\0' && load_state(roots)) {
        sort(&roots->original);
        return;
    }
    each_of_store(roots, take_print, &roots->original);
    sort(&roots->original);
    if (roots->state[0] == '\0') {
        return;
    }
    state = encode_state(roots);
    text = state != NULL ? pk_json_text(state) : NULL;
    if (text != NULL) {
        (void)!pk_file_write(roots->state, pk_slice_str(text), 0600, NULL); /* next time, then */
    }
    free(text);
    json_decref(state);
}

/* --- opening ------------------------------------------------------------------------------ */

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static const char *or_environment(const char *variable, const char *def)
{
    const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return value != NULL && *value != '\0' ? value : def;
}

int pk_roots_open(const struct pk_roots_places *places, struct pk_roots **out, struct pk_error *err)
{
    struct pk_roots *roots = calloc(1, sizeof(*roots));
    struct pk_tls_roots store = places->store;

    if (roots == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (store.dir == NULL && store.file == NULL) {
        store.dir = or_environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
        store.file = or_environment(X509_get_default_cert_file_env(), X509_get_default_cert_file());
    }
    roots->dir = copy(store.dir);
    roots->file = copy(store.file);
    roots->system_dir = copy(places->system_dir != NULL ? places->system_dir : SYSTEM_DIR);
    roots->system_list = copy(places->system_list != NULL ? places->system_list : SYSTEM_LIST);
    if (roots->system_dir == NULL || roots->system_list == NULL) {
        pk_roots_close(roots);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (places->state_dir != NULL) {
        (void)snprintf(roots->state, sizeof(roots->state), "%s/" STATE_FILE, places->state_dir);
    }
    remember(roots);
    *out = roots;
    return PK_OK;
}

void pk_roots_close(struct pk_roots *roots)
{
    if (roots == NULL) {
        return;
    }
    free(roots->dir);
    free(roots->file);
    free(roots->system_dir);
    free(roots->system_list);
    free(roots->public.items);
    free(roots->original.items);
    free(roots->authorities.items);
    free(roots);
}

/* --- origin ------------------------------------------------------------------------------- */

static bool changed(const char *path, struct timespec *at)
{
    struct stat st = { 0 };

    if (path == NULL || stat(path, &st) < 0) {
        st.st_mtim = (struct timespec){ .tv_nsec = 1 }; /* not there is a state, too */
    }
    if (st.st_mtim.tv_sec == at->tv_sec && st.st_mtim.tv_nsec == at->tv_nsec) {
        return false;
    }
    *at = st.st_mtim;
    return true;
}

static void read_public(struct pk_roots *roots)
{
    if (!changed(roots->system_list, &roots->public_at)) {
        return;
    }
    roots->public.count = 0;
    free(roots->public.items);
    roots->public.items = NULL;
    pk_roots_of_system(roots->system_dir, roots->system_list, take_print, &roots->public);
    sort(&roots->public);
}

enum pk_tls_trust pk_roots_origin(struct pk_roots *roots, const char *sha256)
{
    uint8_t print[PK_SHA256_SIZE];

    if (pk_unhex(sha256, print, sizeof(print)) < 0) {
        return PK_TLS_TRUST_UNKNOWN;
    }
    if (!has(&roots->public, print)) {
        read_public(roots); /* an update of the system brings new ones */
    }
    return has(&roots->public, print)      ? PK_TLS_TRUST_PUBLIC
            : has(&roots->original, print) ? PK_TLS_TRUST_ORIGINAL
                                           : PK_TLS_TRUST_INSTALLED;
}

int64_t pk_roots_changed_ms(const struct pk_roots *roots)
{
    const char *const paths[] = { roots->dir, roots->file };
    int64_t now = pk_clock_ms();
    int64_t since = INT64_MAX;

    for (size_t i = 0; i < PK_COUNT(paths); i++) {
        struct stat st;
        int64_t ago;

        if (paths[i] == NULL || stat(paths[i], &st) < 0) {
            continue;
        }
        ago = now - ((int64_t)st.st_mtim.tv_sec * PK_SECOND_MS + st.st_mtim.tv_nsec / 1000000);
        since = ago >= 0 && ago < since ? ago : since;
    }
    return since;
}

/* --- names -------------------------------------------------------------------------------- */

/* What a person sees as the same name: letters in lower case, no spaces. */
static void plain_name(const char *subject, uint8_t out[NAME_SIZE])
{
    uint8_t sha256[PK_SHA256_SIZE];
    char text[PK_TLS_SUBJECT_MAX + 1];
    size_t len = 0;

    for (size_t i = 0; subject[i] != '\0' && len < sizeof(text); i++) {
        if (subject[i] != ' ') {
            text[len++] = (char)tolower((unsigned char)subject[i]);
        }
    }
    pk_sha256(pk_slice_of((const uint8_t *)text, len), sha256);
    memcpy(out, sha256, NAME_SIZE);
}

static bool name_of(X509 *cert, struct named *out)
{
    struct pk_arena *arena = pk_arena_create(NAME_BYTES);
    struct pk_certificate described;
    bool ok = arena != NULL && pk_tls_describe(cert, false, arena, &described) &&
            described.subject != NULL && described.spki_sha256 != NULL &&
            pk_unhex(described.spki_sha256, out->spki, sizeof(out->spki)) == PK_OK;

    if (ok) {
        plain_name(described.subject, out->subject);
    }
    pk_arena_destroy(arena);
    return ok;
}

static void take_name(struct pk_roots *roots, struct pk_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *cert = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    struct names *names = &roots->authorities;
    struct named one;

    if (cert != NULL && names->count < 2UL * PK_ROOTS_MAX && name_of(cert, &one)) {
        struct named *items = (names->count & (names->count - 1)) == 0
                ? reallocarray(
                          names->items, names->count > 0 ? 2 * names->count : 1, sizeof(*items))
                : names->items;

        if (items != NULL) {
            names->items = items;
            items[names->count++] = one;
        }
    }
    X509_free(cert);
    ERR_clear_error();
}

static void take_system_name(void *ctx, struct pk_slice der)
{
    take_name(ctx, der);
}

static void take_store_name(void *ctx, struct pk_slice der)
{
    struct pk_roots *roots = ctx;
    uint8_t sha256[PK_SHA256_SIZE];

    pk_sha256(der, sha256);
    if (has(&roots->original, sha256) && !has(&roots->public, sha256)) {
        take_name(roots, der);
    }
}

static void read_names(struct pk_roots *roots)
{
    if (!changed(roots->dir != NULL ? roots->dir : roots->file, &roots->named_at)) {
        return;
    }
    roots->authorities.count = 0;
    free(roots->authorities.items);
    roots->authorities.items = NULL;
    read_public(roots);
    pk_roots_of_system(roots->system_dir, roots->system_list, take_system_name, roots);
    each_of_store(roots, take_store_name, roots);
}

/* Adds to *same_name, *same_key. */
static void compare(const struct named *items, size_t count, const struct named *with,
        bool *same_name, bool *same_key)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(items[i].subject, with->subject, NAME_SIZE) == 0) {
            *same_name = true;
            *same_key |= memcmp(items[i].spki, with->spki, PK_SHA256_SIZE) == 0;
        }
    }
}

bool pk_roots_lookalike(struct pk_roots *roots, const char *subject, const char *spki_sha256)
{
    struct named with = { 0 };
    bool same_name = false;
    bool same_key = false;

    if (spki_sha256 != NULL && pk_unhex(spki_sha256, with.spki, sizeof(with.spki)) < 0) {
        return false;
    }
    plain_name(subject, with.subject);
    read_names(roots);
    compare(roots->authorities.items, roots->authorities.count, &with, &same_name, &same_key);
    compare(roots->vouched, roots->vouched_count, &with, &same_name, &same_key);
    return same_name && !same_key;
}

void pk_roots_vouched(struct pk_roots *roots, const char *subject, const char *spki_sha256)
{
    struct named one;
    bool same_name = false;
    bool same_key = false;

    if (pk_unhex(spki_sha256, one.spki, sizeof(one.spki)) < 0) {
        return;
    }
    plain_name(subject, one.subject);
    compare(roots->vouched, roots->vouched_count, &one, &same_name, &same_key);
    if (same_key) {
        return;
    }
    if (roots->vouched_count == VOUCHED_MAX) { /* the one that is known longest gives way */
        memmove(roots->vouched, roots->vouched + 1, sizeof(roots->vouched) - sizeof(one));
        roots->vouched_count--;
    }
    roots->vouched[roots->vouched_count++] = one;
}
