#include "server/query_args.h"

#include <stdio.h>
#include <string.h>

/* Limits of the filter language: far above what a console needs, far below what hurts a store. */
#define FILTER_MAX        2048 /* bytes */
#define FILTER_FIELDS_MAX 16
#define FILTER_VALUES_MAX 32
#define CURSOR_MAX        512

static int fail(struct pk_error *err, const char *path, int code, const char *format, ...)
        PK_PRINTF(4, 5);

static int fail(struct pk_error *err, const char *path, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)pk_error_setv(err, code, format, args);
    va_end(args);
    (void)pk_query_path(err, path);
    return code;
}

int pk_query_path(struct pk_error *err, const char *path)
{
    if (err == NULL) {
        return PK_OK;
    }
    (void)snprintf(err->path, sizeof(err->path), "%s", path);
    return err->code;
}

void pk_query_args_init(struct pk_query_args *args, struct pk_arena *arena,
        const struct pk_list_rules *rules, int64_t now_ms, struct pk_error *err)
{
    *args = (struct pk_query_args){
        .arena = arena,
        .rules = rules,
        .query = { .limit = PK_LIMIT_DEFAULT, .now_ms = now_ms },
        .err = err,
    };
}

int pk_query_int(const char *name, const char *value, int64_t min, int64_t max, int64_t *out,
        struct pk_error *err)
{
    int64_t number = 0;
    size_t len = strlen(value);

    if (len == 0 || strspn(value, "0123456789") != len) {
        return fail(err, name, PK_EMALF, "a whole number is wanted here");
    }
    for (size_t i = 0; i < len; i++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, value[i] - '0', &number)) {
            number = INT64_MAX;
            break;
        }
    }
    if (number < min || number > max) {
        return fail(
                err, name, PK_EBOUNDS, "must be from %lld to %lld", (long long)min, (long long)max);
    }
    *out = number;
    return PK_OK;
}

static bool is_among(const char *const *names, const char *name)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *joined(struct pk_arena *arena, const char *const *names)
{
    const char *text = "";

    for (size_t i = 0; names != NULL && names[i] != NULL && text != NULL; i++) {
        text = pk_arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", names[i]);
    }
    return text != NULL ? text : "";
}

static int add_sort(struct pk_query_args *args, const char *value)
{
    if (args->query.sort != NULL) {
        return fail(args->err, "sort", PK_EMALF, "given twice");
    }
    if (!is_among(args->rules->sorts, value[0] == '-' ? value + 1 : value)) {
        return fail(args->err, "sort", PK_EBOUNDS, "this list is sorted by: %s",
                joined(args->arena, args->rules->sorts));
    }
    args->query.sort = pk_arena_strdup(args->arena, value);
    return args->query.sort == NULL ? PK_ENOMEM : PK_OK;
}

static const struct pk_filter_rule *rule_of(const struct pk_list_rules *rules, const char *field)
{
    for (const struct pk_filter_rule *r = rules->filters; r != NULL && r->field != NULL; r++) {
        if (strcmp(r->field, field) == 0) {
            return r;
        }
    }
    return NULL;
}

/* "a|b" -> values. Cuts text in place. */
static int add_values(struct pk_query_args *args, const struct pk_filter_rule *rule,
        const char *path, char *text, struct pk_filter *filter)
{
    const char **items = pk_arena_alloc(args->arena, FILTER_VALUES_MAX, sizeof(*items));
    size_t count = 0;
    char *rest = text;
    char *value;

    if (items == NULL) {
        return PK_ENOMEM;
    }
    while ((value = strsep(&rest, "|")) != NULL) {
        if (value[0] == '\0') {
            return fail(args->err, path, PK_EMALF, "a value is empty");
        }
        if (rule->values != NULL && !is_among(rule->values, value)) {
            return fail(args->err, path, PK_EBOUNDS, "must be one of: %s",
                    joined(args->arena, rule->values));
        }
        if (count == FILTER_VALUES_MAX) {
            return fail(args->err, path, PK_ELIMIT, "more than %d values", FILTER_VALUES_MAX);
        }
        items[count++] = value;
    }
    *filter = (struct pk_filter){ .field = rule->field, .values = { items, count } };
    return PK_OK;
}

/* One "field:value|value". */
static int add_term(struct pk_query_args *args, char *term, struct pk_filter *filters)
{
    char *colon = strchr(term, ':');
    const struct pk_filter_rule *rule;
    char path[80];

    if (colon == NULL || colon == term) {
        return fail(args->err, "filter", PK_EMALF, "a term is written field:value");
    }
    *colon = '\0';
    (void)snprintf(path, sizeof(path), "filter.%s", term);
    rule = rule_of(args->rules, term);
    if (rule == NULL) {
        return fail(args->err, path, PK_EUNKNOWN, "this list has no such filter");
    }
    for (size_t i = 0; i < args->query.filter_count; i++) {
        if (filters[i].field == rule->field) {
            return fail(args->err, path, PK_EMALF, "given twice; several values are joined by |");
        }
    }
    if (args->query.filter_count == FILTER_FIELDS_MAX) {
        return fail(args->err, "filter", PK_ELIMIT, "more than %d terms", FILTER_FIELDS_MAX);
    }
    return add_values(args, rule, path, colon + 1, &filters[args->query.filter_count++]);
}

static int add_filter(struct pk_query_args *args, const char *value)
{
    struct pk_filter *filters;
    char *text;
    char *term;

    if (args->query.filters != NULL) {
        return fail(args->err, "filter", PK_EMALF, "given twice; terms are joined by commas");
    }
    if (strlen(value) > FILTER_MAX) {
        return fail(args->err, "filter", PK_ELIMIT, "longer than %d bytes", FILTER_MAX);
    }
    filters = pk_arena_alloc(args->arena, FILTER_FIELDS_MAX, sizeof(*filters));
    text = pk_arena_strdup(args->arena, value);
    if (filters == NULL || text == NULL) {
        return PK_ENOMEM;
    }
    while ((term = strsep(&text, ",")) != NULL) {
        int rc = add_term(args, term, filters);

        if (rc < 0) {
            return rc;
        }
    }
    args->query.filters = filters;
    return PK_OK;
}

static int add_limit(struct pk_query_args *args, const char *value)
{
    if (args->has_limit) {
        return fail(args->err, "limit", PK_EMALF, "given twice");
    }
    args->has_limit = true;
    return pk_query_int("limit", value, 1, PK_LIMIT_MAX, &args->query.limit, args->err);
}

static int add_cursor(struct pk_query_args *args, const char *value)
{
    size_t len = strlen(value);

    if (args->query.cursor != NULL) {
        return fail(args->err, "cursor", PK_EMALF, "given twice");
    }
    if (len == 0 || len > CURSOR_MAX) {
        return fail(args->err, "cursor", PK_EMALF, "this is no cursor of ours");
    }
    args->query.cursor = pk_arena_strdup(args->arena, value);
    return args->query.cursor == NULL ? PK_ENOMEM : PK_OK;
}

int pk_query_args_add(const char *name, const char *value, void *ctx)
{
    struct pk_query_args *args = ctx;

    if (strcmp(name, "limit") == 0) {
        return add_limit(args, value);
    }
    if (strcmp(name, "cursor") == 0) {
        return add_cursor(args, value);
    }
    if (strcmp(name, "sort") == 0 && args->rules->sorts != NULL) {
        return add_sort(args, value);
    }
    if (strcmp(name, "filter") == 0 && args->rules->filters != NULL) {
        return add_filter(args, value);
    }
    return fail(args->err, name, PK_EUNKNOWN, "this call has no such parameter");
}
