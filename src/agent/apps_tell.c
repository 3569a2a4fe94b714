/* From files to observations and findings: only what changed, and of personal apps only what is needed. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/apps_internal.h"
#include "base/clock.h"
#include "defense/apps.h"

#define ARENA_MAX (8UL * 1024 * 1024)
#define PART_HASH 12

static const char *text_of(const json_t *file, const char *key)
{
    return json_string_value(json_object_get(file, key));
}

static int profile_of(const json_t *file)
{
    const char *name = text_of(file, "profile");

    for (int i = 0; name != NULL && pk_app_profile_names[i] != NULL; i++) {
        if (strcmp(pk_app_profile_names[i], name) == 0) {
            return i;
        }
    }
    return PK_APP_OF_PERSON;
}

bool pk_apps_may_tell(const struct pk_app_settings *settings, const json_t *file)
{
    return text_of(file, "package") != NULL && settings->report != PK_APPS_REPORT_NONE &&
            (settings->report == PK_APPS_REPORT_ALL || profile_of(file) != PK_APP_OF_PERSON);
}

/* ---- the list ---- */

struct list {
    struct pk_app_item *items;
    size_t count;
};

static const char *cut(struct pk_arena *arena, const char *text, size_t max)
{
    size_t len = text != NULL ? strlen(text) : 0;

    if (len <= max) {
        return text;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
        max--; /* not within a letter */
    }
    return pk_arena_strndup(arena, text, max);
}

static struct pk_app_item item_of(struct pk_arena *arena, const json_t *file)
{
    int profile = profile_of(file);
    bool harmful = text_of(file, "threat") != NULL;

    return (struct pk_app_item){
        .package = cut(arena, text_of(file, "package"), PK_APP_PACKAGE_MAX),
        .version = cut(arena, text_of(file, "version"), PK_APP_VERSION_MAX),
        .version_code = json_integer_value(json_object_get(file, "version_code")),
        .sha256 = text_of(file, "sha256"),
        .signer = text_of(file, "signer"),
        .profile = profile,
        .label = profile != PK_APP_OF_PERSON || harmful
                ? cut(arena, text_of(file, "label"), PK_APP_LABEL_MAX)
                : NULL,
        .size = json_integer_value(json_object_get(file, "size")),
    };
}

static int compare(const void *a, const void *b)
{
    const struct pk_app_item *x = a;
    const struct pk_app_item *y = b;
    int rc = strcmp(x->package, y->package);

    return rc != 0 ? rc : strcmp(x->sha256, y->sha256);
}

/* What may be told, sorted, the same file once. */
static struct list list_of(
        struct pk_arena *arena, const struct pk_app_settings *settings, json_t *files)
{
    struct list list = { .items = pk_arena_alloc(
                                 arena, json_object_size(files) + 1, sizeof(struct pk_app_item)) };
    const char *path;
    json_t *file;
    size_t kept = 0;

    json_object_foreach (files, path, file) {
        if (list.items != NULL && pk_apps_may_tell(settings, file)) {
            list.items[list.count++] = item_of(arena, file);
        }
    }
    if (list.count > 1) {
        qsort(list.items, list.count, sizeof(list.items[0]), compare);
    }
    for (size_t i = 0; i < list.count; i++) {
        if (kept == 0 || compare(&list.items[kept - 1], &list.items[i]) != 0) {
            list.items[kept++] = list.items[i];
        }
    }
    list.count = kept;
    return list;
}

/* One behind the last item of the same package. */
static size_t package_end(const struct list *list, size_t from)
{
    size_t end = from + 1;

    while (end < list->count && strcmp(list->items[from].package, list->items[end].package) == 0) {
        end++;
    }
    return end;
}

static void tell(
        const struct pk_agent_apps_hooks *hooks, struct pk_obs_apps *body, int64_t at_ms, bool news)
{
    struct pk_observation obs = { .at_ms = at_ms, .kind = PK_OBS_APPS, .apps = body };

    hooks->observation(hooks->ctx, &obs, news);
}

void pk_apps_tell_all(const struct pk_agent_apps_hooks *hooks,
        const struct pk_app_settings *settings, json_t *now, int64_t at_ms)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct list list = { 0 };
    const char *after = NULL;
    size_t from = 0;

    if (arena == NULL || settings->report == PK_APPS_REPORT_NONE) {
        pk_arena_destroy(arena);
        return;
    }
    list = list_of(arena, settings, now);
    do {
        struct pk_obs_apps body = { .event = PK_APPS_ALL, .after = after };
        size_t end = from;

        while (end < list.count && package_end(&list, end) - from <= PK_APPS_MAX) {
            end = package_end(&list, end);
        }
        if (end == from &&
                from < list.count) { /* more files of one package than fit: some must do */
            end = from + PK_APPS_MAX;
        }
        body.items = (struct pk_array){ .items = list.items + from, .count = end - from };
        from = end == from + PK_APPS_MAX && from < list.count ? package_end(&list, end - 1) : end;
        body.upto = from < list.count ? list.items[end - 1].package : NULL;
        tell(hooks, &body, at_ms, false);
        after = body.upto;
    } while (from < list.count);
    pk_arena_destroy(arena);
}

/* ---- what changed ---- */

static bool same_package(const struct list *a, size_t a_from, size_t a_end, const struct list *b,
        size_t b_from, size_t b_end)
{
    if (a_end - a_from != b_end - b_from) {
        return false;
    }
    for (size_t i = 0; i < a_end - a_from; i++) {
        const struct pk_app_item *x = &a->items[a_from + i];
        const struct pk_app_item *y = &b->items[b_from + i];

        if (compare(x, y) != 0 || x->profile != y->profile ||
                (x->label == NULL) != (y->label == NULL)) {
            return false;
        }
    }
    return true;
}

struct changes {
    const struct pk_agent_apps_hooks *hooks;
    int64_t at_ms;
    bool news;
    struct pk_app_item items[PK_APPS_MAX];
    size_t count;
    const char *removed[PK_APPS_MAX];
    size_t removed_count;
};

static void flush(struct changes *c)
{
    struct pk_obs_apps body = {
        .event = PK_APPS_CHANGED,
        .items = { c->items, c->count },
        .removed = { c->removed, c->removed_count },
    };

    if (c->count > 0 || c->removed_count > 0) {
        tell(c->hooks, &body, c->at_ms, c->news);
    }
    c->count = 0;
    c->removed_count = 0;
}

static void add_changed(struct changes *c, const struct list *list, size_t from, size_t end)
{
    size_t n = end - from < PK_APPS_MAX ? end - from : PK_APPS_MAX;

    if (c->count + n > PK_APPS_MAX) {
        flush(c);
    }
    memcpy(&c->items[c->count], &list->items[from], n * sizeof(c->items[0]));
    c->count += n;
}

static void add_removed(struct changes *c, const char *package)
{
    if (c->removed_count == PK_APPS_MAX) {
        flush(c);
    }
    c->removed[c->removed_count++] = package;
}

/* Both lists are sorted: one walk over the two. */
static void compare_lists(struct changes *c, const struct list *before, const struct list *now)
{
    size_t b = 0;
    size_t n = 0;

    while (b < before->count || n < now->count) {
        size_t b_end = b < before->count ? package_end(before, b) : b;
        size_t n_end = n < now->count ? package_end(now, n) : n;
        int order = b == b_end ? 1
                : n == n_end   ? -1
                               : strcmp(before->items[b].package, now->items[n].package);

        if (order < 0) {
            add_removed(c, before->items[b].package);
        } else if (order > 0 || !same_package(before, b, b_end, now, n, n_end)) {
            add_changed(c, now, n, n_end);
        }
        b = order <= 0 ? b_end : b;
        n = order >= 0 ? n_end : n;
    }
    flush(c);
}

/* ---- findings ---- */

static const char *part_of(struct pk_arena *arena, const json_t *file)
{
    const char *package = text_of(file, "package");

    return pk_arena_printf(arena, "%.60s@%.*s", package != NULL ? package : "file", PART_HASH,
            text_of(file, "sha256"));
}

static void add_finding(
        struct pk_findings *list, struct pk_arena *arena, json_t *file, bool cleared, int64_t at_ms)
{
    const char *threat = text_of(file, "threat");
    const char *subject = text_of(file, "subject");

    if (threat == NULL || subject == NULL || list->count == PK_FINDINGS_MAX ||
            pk_threat_find(threat) == NULL) {
        return;
    }
    list->items[list->count++] = (struct pk_finding){
        .threat = pk_threat_find(threat),
        .cleared = cleared,
        .subject = cut(arena, subject, PK_APP_LABEL_MAX),
        .part = part_of(arena, file),
        .confidence = json_real_value(json_object_get(file, "confidence")),
        .rule = text_of(file, "rule"),
        .evidence = json_object_get(file, "evidence"),
        .at_ms = at_ms,
    };
}

static bool is_same_finding(const json_t *a, const json_t *b)
{
    const char *x = text_of(a, "threat");
    const char *y = text_of(b, "threat");
    const char *hash = text_of(a, "sha256");
    const char *other = text_of(b, "sha256");

    return x != NULL && y != NULL && strcmp(x, y) == 0 && hash != NULL && other != NULL &&
            strcmp(hash, other) == 0;
}

static void say_some(const struct pk_agent_apps_hooks *hooks, struct pk_findings *list)
{
    if (list->count > 0) {
        hooks->findings(hooks->ctx, list);
    }
    list->count = 0;
}

/* Files of one state that the other does not have as they are: present ones first, so that what only moved does
 * not end in between. */
static bool tell_findings(const struct pk_agent_apps_hooks *hooks, struct pk_arena *arena,
        json_t *from, json_t *other, bool cleared, int64_t at_ms)
{
    struct pk_findings list = { .count = 0 };
    const char *path;
    json_t *file;
    bool any = false;

    json_object_foreach (from, path, file) {
        if (!is_same_finding(file, json_object_get(other, path))) {
            size_t before = list.count;

            add_finding(&list, arena, file, cleared, at_ms);
            any |= list.count > before;
            if (list.count == PK_FINDINGS_MAX) {
                say_some(hooks, &list);
            }
        }
    }
    say_some(hooks, &list);
    return any;
}

/* The same file under another name is the same finding: its end is not told. */
static json_t *without_moved(json_t *before, json_t *now)
{
    json_t *kept = json_object();
    json_t *hashes = json_object();
    const char *path;
    json_t *file;

    json_object_foreach (now, path, file) {
        (void)json_object_set(hashes, text_of(file, "sha256"), json_null());
    }
    json_object_foreach (before, path, file) {
        if (json_object_get(hashes, text_of(file, "sha256")) == NULL) {
            (void)json_object_set(kept, path, file);
        }
    }
    json_decref(hashes);
    return kept;
}

void pk_apps_tell_changes(const struct pk_agent_apps_hooks *hooks,
        const struct pk_app_settings *settings, json_t *before, json_t *now, int64_t at_ms)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct changes *c = calloc(1, sizeof(*c));
    json_t *gone = without_moved(before, now);
    struct list old;
    struct list fresh;

    if (arena != NULL && c != NULL && gone != NULL) {
        bool news = tell_findings(hooks, arena, now, before, false, at_ms);

        news |= tell_findings(hooks, arena, gone, now, true, at_ms);
        *c = (struct changes){ .hooks = hooks, .at_ms = at_ms, .news = news };
        old = list_of(arena, settings, before);
        fresh = list_of(arena, settings, now);
        compare_lists(c, &old, &fresh);
    }
    json_decref(gone);
    free(c);
    pk_arena_destroy(arena);
}
