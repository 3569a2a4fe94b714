/* An observation of apps into the rows of the store: what is new, what changed, what is gone. */
#include <stdio.h>

#include "pipeline/apps_circle.h"
#include "pipeline/apps_proof.h"

#define REPORT_MEMORY (64UL * 1024 * 1024) /* of one report and its judgement */

struct work {
    struct pk_circle *c;
    struct pk_knowledge *knowledge;
    int64_t at_ms;
    const struct pk_app_item *items; /* of one package */
    size_t count;
};

static const char *word(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- the file ---- */

static int add_app(struct work *w, const struct pk_app_item *item, const char *id)
{
    struct pk_app_row row = {
        .package = item->package,
        .signer = item->signer,
        .label = item->profile == PK_APP_OF_PERSON ? NULL : item->label,
        .version = item->version,
        .version_code = item->version_code,
        .first_ms = w->at_ms,
        .last_ms = w->at_ms,
    };
    bool fresh = false;
    int rc;

    (void)snprintf(row.id, sizeof(row.id), "%s", id);
    rc = pk_app_add(w->c->store, &row, &fresh, w->c->err);
    if (rc == PK_OK && fresh) {
        rc = pk_circle_event(w->c, "app.seen", NULL, w->at_ms,
                json_pack("{s:s, s:s, s:s*}", "app", id, "package", item->package, "version",
                        item->version));
    }
    return rc;
}

/* A file that the server has not seen before: some device should send it, unless it came with the
 * system, which is the same on every device of a kind and has its own updates. */
static int add_file(
        struct work *w, const struct pk_app_item *item, const char *app, struct pk_app_file *out)
{
    bool wanted = w->c->pipeline->asks && item->system != PK_TRI_YES;
    struct pk_app_file file = {
        .sha256 = item->sha256,
        .app = app,
        .package = item->package,
        .label = item->profile == PK_APP_OF_PERSON ? NULL : item->label,
        .version = item->version,
        .version_code = item->version_code,
        .signer = item->signer,
        .size = item->size,
        .state = wanted ? PK_FILE_WANTED : PK_FILE_FAILED,
        .error = wanted ? NULL : "not asked for",
        .first_ms = w->at_ms,
        .last_ms = w->at_ms,
        .judgement = 1,
        .risk = -1,
    };
    bool fresh = false;
    int rc = pk_app_file_add(w->c->store, &file, &fresh, w->c->err);

    if (rc == PK_OK) {
        rc = pk_app_file_get(w->c->store, item->sha256, w->c->arena, out, w->c->err);
    }
    if (rc == PK_OK && fresh) {
        /* Indicators and lists know files by their hash and signer before anybody has read them. */
        rc = pk_apps_judge_again(
                w->c->store, w->knowledge, out, w->at_ms, w->c->arena, w->c->news, w->c->err);
        w->c->news->apps |= wanted;
    } else if (rc == PK_OK && wanted && out->state == PK_FILE_FAILED && out->asks == 0 &&
            out->uploaded_by == NULL) {
        out->state = PK_FILE_WANTED; /* it was of a system, here it is not */
        out->error = NULL;
        rc = pk_app_file_put(w->c->store, out, w->c->err);
        w->c->news->apps = true;
    }
    return rc;
}

/* The reader's report, when there is one. */
static int base_of(struct work *w, const struct pk_app_file *file, struct pk_arena *scratch,
        struct pk_app_report **out)
{
    struct pk_app_report *report = pk_arena_alloc(scratch, 1, sizeof(*report));
    int rc;

    *out = NULL;
    if (file == NULL || file->state != PK_FILE_ANALYSED) {
        return PK_OK;
    }
    if (report == NULL) {
        return pk_error_set(w->c->err, PK_ENOMEM, "out of memory");
    }
    rc = pk_app_report_get(w->c->store, file->sha256, scratch, report, w->c->err);
    *out = rc == PK_OK ? report : NULL;
    return rc == PK_ENOENT ? PK_OK : rc;
}

/* Most copies are of clean files that a store installed: nothing about the device can change that. */
static bool is_plain(
        const struct work *w, const struct pk_app_file *file, const struct pk_device_app *row)
{
    return file != NULL && file->state == PK_FILE_ANALYSED && file->standing == PK_STANDING_CLEAN &&
            row->threat == NULL && row->excepted == NULL && row->installer != NULL &&
            row->installer[0] != '\0' && !pk_knowledge_is_local(w->knowledge) &&
            file->knowledge == pk_knowledge_number(w->knowledge) && file->threat == NULL;
}

/* ---- one copy ---- */

static int judge_closely(struct work *w, const struct pk_app_file *file, struct pk_device_app *row)
{
    struct pk_arena *scratch = pk_arena_create(REPORT_MEMORY);
    struct pk_app_report *base = NULL;
    int rc = scratch != NULL ? base_of(w, file, scratch, &base)
                             : pk_error_set(w->c->err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_circle_app_judge(w->c, w->knowledge, base, row, w->at_ms, scratch);
    }
    pk_arena_destroy(scratch);
    return rc;
}

static int judge_copy(struct work *w, const struct pk_app_file *file, struct pk_device_app *row)
{
    int before = row->standing;
    int rc = PK_OK;

    if (is_plain(w, file, row)) {
        row->standing = PK_STANDING_CLEAN;
    } else {
        rc = judge_closely(w, file, row);
    }
    row->judgement = file != NULL ? file->judgement : 0;
    if (rc == PK_OK) {
        rc = pk_device_app_put(w->c->store, row, w->c->err);
    }
    if (rc == PK_OK && before != row->standing &&
            (before > PK_STANDING_CLEAN || row->standing > PK_STANDING_CLEAN)) {
        rc = pk_app_refresh(w->c->store, row->app, w->c->err);
    }
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(word(a), word(b)) == 0;
}

static bool same_installer(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

static bool is_same(const struct pk_device_app *row, const struct pk_app_item *item)
{
    return row->gone_ms == 0 && same_text(row->version, item->version) &&
            row->version_code == item->version_code && same_text(row->signer, item->signer) &&
            same_text(row->label, item->label) && same_installer(row->installer, item->installer) &&
            row->system == (int)item->system && row->profile == item->profile;
}

static void fill_row(struct pk_device_app *row, const struct pk_app_item *item)
{
    row->package = item->package;
    row->sha256 = word(item->sha256);
    row->signer = word(item->signer);
    row->label = word(item->label);
    row->version = word(item->version);
    row->version_code = item->version_code;
    row->installer = item->installer;
    row->system = (int)item->system;
    row->profile = item->profile;
}

/* The app whose id the file's own report gives; else what the device says. */
static const char *app_of(struct work *w, const struct pk_app_item *item)
{
    char id[PK_ID_TEXT];

    pk_app_id(item->package, item->signer, id);
    return pk_arena_strdup(w->c->arena, id);
}

static int keep_file(
        struct work *w, const struct pk_app_item *item, const char **app, struct pk_app_file **out)
{
    struct pk_app_file *file = NULL;
    int rc;

    *out = NULL;
    *app = app_of(w, item);
    if (*app == NULL) {
        return pk_error_set(w->c->err, PK_ENOMEM, "out of memory");
    }
    if (item->sha256 != NULL) {
        file = pk_arena_alloc(w->c->arena, 1, sizeof(*file));
        rc = file != NULL ? add_file(w, item, *app, file)
                          : pk_error_set(w->c->err, PK_ENOMEM, "out of memory");
        if (rc < 0) {
            return rc;
        }
        *app = file->state == PK_FILE_ANALYSED && file->app[0] != '\0' ? file->app : *app;
        *out = file;
    }
    return add_app(w, item, *app);
}

/* The row as it was, or a new one; *known: it was there. */
static struct pk_device_app row_for(const struct work *w, const struct pk_array *rows,
        const struct pk_app_item *item, bool *known)
{
    const struct pk_device_app *all = rows->items;

    *known = false;
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(all[i].sha256, word(item->sha256)) == 0) {
            *known = true;
            return all[i];
        }
    }
    return (struct pk_device_app){ .device = w->c->device.id, .app = "", .judgement = 0 };
}

/* Since when the package is on the device: over versions, but not over a time without it. */
static int64_t since_of(const struct work *w, const struct pk_array *rows)
{
    const struct pk_device_app *all = rows->items;
    int64_t since = w->at_ms;

    for (size_t i = 0; i < rows->count; i++) {
        if (all[i].gone_ms == 0 && all[i].since_ms < since) {
            since = all[i].since_ms;
        }
    }
    return since;
}

static int take_item(struct work *w, const struct pk_array *rows, const struct pk_app_item *item,
        int64_t since_ms)
{
    struct pk_app_file *file = NULL;
    const char *app = NULL;
    bool known;
    struct pk_device_app row = row_for(w, rows, item, &known);
    bool fresh = !known || row.gone_ms != 0;
    int rc;

    if (known && is_same(&row, item)) {
        return PK_OK;
    }
    rc = keep_file(w, item, &app, &file);
    if (rc < 0) {
        return rc;
    }
    fill_row(&row, item);
    row.app = app;
    if (fresh) {
        row.since_ms = since_ms;
        row.version_ms = w->at_ms;
        row.gone_ms = 0;
    }
    rc = judge_copy(w, file, &row);
    if (rc == PK_OK && !known) {
        rc = pk_circle_tell_app(w->c, &row, file, w->at_ms);
    }
    if (rc == PK_OK && fresh && file != NULL) {
        rc = pk_app_file_count_device(w->c->store, file->sha256, 1, w->at_ms, w->c->err);
    }
    if (rc == PK_OK && file != NULL && fresh) {
        rc = pk_app_refresh(w->c->store, app, w->c->err);
    }
    return rc;
}

static int drop_row(struct work *w, struct pk_device_app *row)
{
    int before = row->standing;
    int rc = pk_circle_app_gone(w->c, row, w->at_ms);

    row->gone_ms = w->at_ms;
    if (rc == PK_OK) {
        rc = pk_device_app_put(w->c->store, row, w->c->err);
    }
    if (rc == PK_OK && row->sha256[0] != '\0') {
        rc = pk_app_file_count_device(w->c->store, row->sha256, -1, w->at_ms, w->c->err);
        rc = rc == PK_ENOENT ? PK_OK : rc;
    }
    if (rc == PK_OK && before > PK_STANDING_CLEAN) {
        rc = pk_app_refresh(w->c->store, row->app, w->c->err);
    }
    return rc;
}

/* ---- one package: exactly these files ---- */

/* How many copies of the app are there; the app counts a device once, however many files it has. */
static bool has_app(const struct pk_array *rows, const char *app)
{
    const struct pk_device_app *all = rows->items;

    for (size_t i = 0; i < rows->count; i++) {
        if (all[i].gone_ms == 0 && strcmp(all[i].app, app) == 0) {
            return true;
        }
    }
    return false;
}

/* What many have, and what few have, is judged by how many that are. */
static int look_at_count(struct work *w, const char *app)
{
    struct pk_app_row row;
    int rc = pk_app_get(w->c->store, app, w->c->arena, &row, w->c->err);

    return rc < 0 ? rc
                  : pk_apps_proof_counted(
                            w->c->store, row.package, row.devices, &w->c->news->apps, w->c->err);
}

static int count_one(struct work *w, const struct pk_array *before, const struct pk_array *after,
        const char *app)
{
    bool had = has_app(before, app);
    bool has = has_app(after, app);
    int rc;

    if (had == has) {
        return PK_OK;
    }
    rc = pk_app_count_device(w->c->store, app, has ? 1 : -1, w->at_ms, w->c->err);
    return rc < 0 ? rc : look_at_count(w, app);
}

static bool seen_earlier(const struct pk_array *rows, size_t upto, const char *app)
{
    const struct pk_device_app *all = rows->items;

    for (size_t i = 0; i < upto; i++) {
        if (strcmp(all[i].app, app) == 0) {
            return true;
        }
    }
    return false;
}

static int count_apps(struct work *w, const char *package, const struct pk_array *before)
{
    struct pk_array after;
    const struct pk_device_app *all;
    int rc = pk_device_app_package(
            w->c->store, w->c->device.id, package, w->c->arena, &after, w->c->err);

    all = rc == PK_OK ? after.items : NULL;
    for (size_t i = 0; rc == PK_OK && i < after.count; i++) {
        if (!seen_earlier(&after, i, all[i].app)) {
            rc = count_one(w, before, &after, all[i].app);
        }
    }
    return rc;
}

static bool is_among(const struct work *w, const char *sha256)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(word(w->items[i].sha256), sha256) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_all_same(const struct work *w, const struct pk_array *rows)
{
    const struct pk_device_app *all = rows->items;
    size_t present = 0;

    for (size_t i = 0; i < rows->count; i++) {
        present += all[i].gone_ms == 0;
    }
    if (present != w->count) {
        return false;
    }
    for (size_t i = 0; i < w->count; i++) {
        bool known;
        struct pk_device_app row = row_for(w, rows, &w->items[i], &known);

        if (!known || !is_same(&row, &w->items[i])) {
            return false;
        }
    }
    return true;
}

/* New ones first: what goes on in another version does not end in between. */
static int take_package(struct work *w, const char *package)
{
    struct pk_array rows;
    struct pk_device_app *all;
    int64_t since_ms;
    int rc = pk_device_app_package(
            w->c->store, w->c->device.id, package, w->c->arena, &rows, w->c->err);

    if (rc < 0 || is_all_same(w, &rows)) {
        return rc;
    }
    since_ms = since_of(w, &rows);
    for (size_t i = 0; i < w->count && rc == PK_OK; i++) {
        rc = take_item(w, &rows, &w->items[i], since_ms);
    }
    all = rows.items;
    for (size_t i = 0; i < rows.count && rc == PK_OK; i++) {
        if (all[i].gone_ms == 0 && !is_among(w, all[i].sha256)) {
            struct pk_device_app row = all[i];

            rc = drop_row(w, &row);
        }
    }
    return rc < 0 ? rc : count_apps(w, package, &rows);
}

/* ---- the observation ---- */

static int take_items(struct work *w, const struct pk_obs_apps *apps)
{
    const struct pk_app_item *items = apps->items.items;
    size_t i = 0;
    int rc = PK_OK;

    while (i < apps->items.count && rc == PK_OK) {
        size_t end = i + 1;

        while (end < apps->items.count && strcmp(items[end].package, items[i].package) == 0) {
            end++;
        }
        w->items = &items[i];
        w->count = end - i;
        rc = take_package(w, items[i].package);
        i = end;
    }
    w->items = NULL;
    w->count = 0;
    return rc;
}

static bool is_listed(const struct pk_obs_apps *apps, const char *package)
{
    const struct pk_app_item *items = apps->items.items;

    for (size_t i = 0; i < apps->items.count; i++) {
        if (strcmp(items[i].package, package) == 0) {
            return true;
        }
    }
    return false;
}

/* Of the range, what is not listed is gone. */
static int drop_missing(struct work *w, const struct pk_obs_apps *apps)
{
    struct pk_array rows;
    const struct pk_device_app *all;
    int rc = pk_device_app_range(
            w->c->store, w->c->device.id, apps->after, apps->upto, w->c->arena, &rows, w->c->err);

    all = rc == PK_OK ? rows.items : NULL;
    for (size_t i = 0; rc == PK_OK && i < rows.count; i++) {
        if (!is_listed(apps, all[i].package) &&
                (i == 0 || strcmp(all[i - 1].package, all[i].package) != 0)) {
            rc = take_package(w, all[i].package);
        }
    }
    return rc;
}

static int take_all(struct work *w, const struct pk_obs_apps *apps)
{
    int rc = drop_missing(w, apps);

    if (rc == PK_OK && apps->upto == NULL) {
        rc = pk_inventory_put(w->c->store, w->c->device.id, w->at_ms, w->c->err);
        if (rc == PK_OK) {
            rc = pk_app_seen_on(w->c->store, w->c->device.id, w->at_ms, w->c->err);
        }
    }
    return rc;
}

int pk_circle_apps(struct pk_circle *c, const struct pk_observation *o)
{
    struct work w = {
        .c = c,
        .knowledge = pk_shelf_take(c->pipeline->shelf),
        .at_ms = o->at_ms,
    };
    int rc = take_items(&w, o->apps);

    if (rc == PK_OK && o->apps->event == PK_APPS_ALL) {
        rc = take_all(&w, o->apps);
    }
    for (size_t i = 0; rc == PK_OK && i < o->apps->removed.count; i++) {
        rc = take_package(&w, o->apps->removed.items[i]);
    }
    pk_knowledge_unref(w.knowledge);
    return rc;
}
