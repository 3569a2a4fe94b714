#include "defense/reputation/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "defense/reputation/diff_internal.h"

#define AT(s, m) offsetof(struct s, m)

#define VALUE_MAX 1000UL /* bytes of a value: what reports hold */

static const char *const result_names[] = { "same", "changed", "worse", NULL };
static const char *const kind_names[] = { "new", "gone", "other", NULL };
static const char *const verdict_names[] = { "clean", "unwanted", "suspicious", "malicious",
    "malformed", NULL };

/* clang-format off */
static const struct pk_field change_fields[] = {
    { "what", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_change, what), .max = 40 },
    { "change", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_change, kind), .names = kind_names },
    { "worse", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_change, worse) },
    { "value", PK_TYPE_STRING, 0, AT(pk_app_change, value), .max = 1100 },
    { "before", PK_TYPE_STRING, 0, AT(pk_app_change, before), .max = 1100 },
    { "after", PK_TYPE_STRING, 0, AT(pk_app_change, after), .max = 1100 },
    { "text", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_change, text), .max = 2400 },
};
static const struct pk_schema change_schema = PK_SCHEMA(struct pk_app_change, change_fields, "change");

static const struct pk_field side_fields[] = {
    { "file", PK_TYPE_STRING, 0, AT(pk_app_diff_side, file), .max = 4096 },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_app_diff_side, sha256), .max = 64 },
    { "version_name", PK_TYPE_STRING, 0, AT(pk_app_diff_side, version_name), .max = 1024 },
    { "version_code", PK_TYPE_INT, 0, AT(pk_app_diff_side, version_code), .min = -9e18, .max = 9e18 },
    { "verdict", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_diff_side, verdict), .names = verdict_names },
    { "score", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_diff_side, score), .min = 0, .max = 1 },
};
static const struct pk_schema side_schema = PK_SCHEMA(struct pk_app_diff_side, side_fields, "version");

static const struct pk_field diff_fields[] = {
    { "package", PK_TYPE_STRING, 0, AT(pk_app_diff, package), .max = 1024 },
    { "result", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_diff, result), .names = result_names },
    { "before", PK_TYPE_OBJECT, PK_REQUIRED, AT(pk_app_diff, before), .sub = &side_schema },
    { "after", PK_TYPE_OBJECT, PK_REQUIRED, AT(pk_app_diff, after), .sub = &side_schema },
    { "changes", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_app_diff, changes), .count_max = PK_APP_CHANGES_MAX,
      .sub = &change_schema },
    { "left_out", PK_TYPE_INT, 0, AT(pk_app_diff, left_out), .min = 0, .max = 9e15 },
};
const struct pk_schema pk_app_diff_schema = PK_SCHEMA(struct pk_app_diff, diff_fields, "diff");
/* clang-format on */

const char *pk_app_diff_result_name(int result)
{
    return result_names[result];
}

bool pk_app_diff_same_app(const struct pk_app_report *before, const struct pk_app_report *after)
{
    return before->package != NULL && after->package != NULL &&
            strcmp(before->package, after->package) == 0;
}

/* --- what all parts use */

/* Where a text of at most max bytes ends without half a letter. */
static size_t whole(const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);
    size_t i = 0;

    if (len <= max) {
        return len;
    }
    while (i < max) {
        size_t n = pk_utf8_next((const uint8_t *)text + i, len - i, NULL);

        n = n > 0 ? n : 1;
        if (i + n > max) {
            break;
        }
        i += n;
    }
    return i;
}

const char *pk_diff_keep(struct pk_diff *d, const char *text)
{
    char *out;

    if (text == NULL) {
        return NULL;
    }
    out = pk_arena_strndup(d->arena, text, whole(text, VALUE_MAX));
    if (out == NULL) {
        d->rc = PK_ENOMEM;
        return "";
    }
    return out;
}

const char *pk_diff_print(struct pk_diff *d, const char *format, ...)
{
    char text[2 * VALUE_MAX];
    va_list args;
    char *out;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    out = pk_arena_strndup(d->arena, text, whole(text, sizeof(text) - 4));
    if (out == NULL) {
        d->rc = PK_ENOMEM;
        return "";
    }
    return out;
}

void pk_diff_add(struct pk_diff *d, const struct pk_app_change *change)
{
    if (d->rc < 0) {
        return;
    }
    if (d->count < PK_APP_CHANGES_MAX) {
        d->items[d->count++] = *change;
        return;
    }
    d->left_out++;
    /* What is worse takes the place of what has merely changed. */
    for (size_t i = 0; change->worse && i < d->count; i++) {
        if (!d->items[i].worse) {
            d->items[i] = *change;
            return;
        }
    }
}

void pk_diff_state(struct pk_diff *d, const char *what, const char *text, const char *before,
        const char *after, bool worse)
{
    pk_diff_add(d,
            &(struct pk_app_change){
                    .what = what,
                    .kind = PK_APP_CHANGE_OTHER,
                    .worse = worse,
                    .before = pk_diff_keep(d, before),
                    .after = pk_diff_keep(d, after),
                    .text = text,
            });
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, for one walk along both: attackers choose how long the lists are. */
static const char **sorted(struct pk_diff *d, const struct pk_strings *list)
{
    const char **out = pk_arena_alloc(d->arena, list->count + 1, sizeof(*out));

    if (out == NULL) {
        d->rc = PK_ENOMEM;
        return NULL;
    }
    if (list->count > 0) {
        memcpy(out, list->items, list->count * sizeof(*out));
        qsort(out, list->count, sizeof(*out), by_text);
    }
    return out;
}

/* The line for one value; values longer than the line are cut. */
static const char *line(struct pk_diff *d, const char *format, const char *value)
{
    const char *at = strstr(format, "%s");

    return pk_diff_print(d, "%.*s%.1000s%s", (int)(at - format), format, value, at + 2);
}

static void put(struct pk_diff *d, const struct pk_diff_list *list, int kind, const char *value)
{
    bool is_new = kind == PK_APP_CHANGE_NEW;

    pk_diff_add(d,
            &(struct pk_app_change){
                    .what = list->what,
                    .kind = kind,
                    .worse = is_new && list->worse != NULL && list->worse(d, value),
                    .value = pk_diff_keep(d, value),
                    .text = line(d, is_new ? list->text_new : list->text_gone, value),
            });
}

void pk_diff_lists(struct pk_diff *d, const struct pk_diff_list *list,
        const struct pk_strings *before, const struct pk_strings *after)
{
    const char **old = sorted(d, before);
    const char **new = sorted(d, after);
    size_t i = 0;
    size_t n = 0;

    while (d->rc == PK_OK && (i < before->count || n < after->count)) {
        int order = i == before->count ? 1 : n == after->count ? -1 : strcmp(old[i], new[n]);
        const char *value = order <= 0 ? old[i] : new[n];

        if (order != 0) {
            put(d, list, order < 0 ? PK_APP_CHANGE_GONE : PK_APP_CHANGE_NEW, value);
        }
        /* The same name twice is one. */
        while (i < before->count && strcmp(old[i], value) == 0) {
            i++;
        }
        while (n < after->count && strcmp(new[n], value) == 0) {
            n++;
        }
    }
}

/* --- the whole */

static int by_weight(const void *a, const void *b)
{
    const struct pk_app_change *x = a;
    const struct pk_app_change *y = b;
    int rc;

    if (x->worse != y->worse) {
        return x->worse ? -1 : 1;
    }
    rc = strcmp(x->what, y->what);
    rc = rc != 0 ? rc : x->kind - y->kind;
    return rc != 0 ? rc : strcmp(x->text, y->text);
}

static struct pk_app_diff_side *side(struct pk_diff *d, const struct pk_app_report *report)
{
    struct pk_app_diff_side *out = pk_arena_alloc(d->arena, 1, sizeof(*out));

    if (out == NULL) {
        d->rc = PK_ENOMEM;
        return NULL;
    }
    *out = (struct pk_app_diff_side){
        .file = report->file,
        .sha256 = report->sha256,
        .version_name = report->version_name,
        .version_code = report->version_code,
        .verdict = report->verdict,
        .score = report->score,
    };
    return out;
}

static bool same_file(const struct pk_diff *d)
{
    return d->before->sha256 != NULL && d->after->sha256 != NULL &&
            strcmp(d->before->sha256, d->after->sha256) == 0;
}

int pk_app_diff(const struct pk_app_report *before, const struct pk_app_report *after,
        struct pk_arena *arena, struct pk_app_diff *out)
{
    struct pk_diff d = { .before = before, .after = after, .arena = arena };
    struct pk_app_diff diff = { .package = after->package };

    d.items = pk_arena_alloc(arena, PK_APP_CHANGES_MAX, sizeof(*d.items));
    diff.before = side(&d, before);
    diff.after = side(&d, after);
    if (d.items == NULL || d.rc < 0) {
        return PK_ENOMEM;
    }
    if (!same_file(&d)) {
        pk_diff_identity(&d);
    }
    /* The same file may be judged otherwise than before. */
    pk_diff_content(&d);
    if (d.rc < 0) {
        return d.rc;
    }
    qsort(d.items, d.count, sizeof(*d.items), by_weight);
    diff.changes = (struct pk_array){ .items = d.items, .count = d.count };
    diff.left_out = d.left_out;
    diff.result = d.count == 0 ? PK_APP_DIFF_SAME
            : d.items[0].worse ? PK_APP_DIFF_WORSE
                               : PK_APP_DIFF_CHANGED;
    *out = diff;
    return PK_OK;
}
