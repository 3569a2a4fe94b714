#include "store/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/crypt.h"

#define SQL_MAX        (16UL * 1024)
#define CURSOR_MAX     2048
#define SEARCH_MAX     200
#define LIMIT_MAX      500
#define PARAMETERS_MAX (PK_QUERY_VALUES_MAX + 5) /* 4 more: the scope, the cursor and the limit */

struct value {
    bool is_text, is_real;
    int64_t number;
    double real;
    const char *text;
};

struct build {
    const struct pk_list *list;
    const struct pk_query *query;
    struct pk_arena *arena;
    struct pk_error *err;
    const char *scope;
    const struct pk_list_sort *sort;
    bool down;
    struct pk_buffer where;
    struct value values[PARAMETERS_MAX];
    int count;
};

int64_t pk_name_index(const char *const *names, const char *name)
{
    for (int64_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int refuse(struct build *b, int code, const char *path, const char *text)
{
    (void)pk_error_set(b->err, code, "%s", text);
    if (b->err != NULL) {
        (void)snprintf(b->err->path, sizeof(b->err->path), "%s", path);
    }
    return code;
}

/* ---- conditions ---- */

static int add(struct build *b, struct value value)
{
    if (b->count >= PARAMETERS_MAX - 1) {
        return refuse(b, PK_ELIMIT, "filter", "too many values");
    }
    b->values[b->count++] = value;
    return pk_buffer_printf(&b->where, "?%d", b->count);
}

/* The condition with each '@' as a parameter that holds the list's mark. */
static int add_marked(struct build *b, const char *sql)
{
    int rc = PK_OK;

    for (; *sql != '\0' && rc == PK_OK; sql++) {
        rc = *sql == '@' ? add(b, (struct value){ .number = b->list->mark })
                         : pk_buffer_putc(&b->where, *sql);
    }
    return rc;
}

/* "%text%" with the wildcards of the text itself made harmless. */
static int add_search(struct build *b, const char *sql, const char *text)
{
    char *pattern = pk_arena_alloc(b->arena, 2 * strlen(text) + 3, 1);
    char *p = pattern;

    if (strlen(text) > SEARCH_MAX) {
        return refuse(b, PK_EINVAL, "q", "the search text is too long");
    }
    if (pattern == NULL) {
        return pk_error_set(b->err, PK_ENOMEM, "out of memory");
    }
    *p++ = '%';
    for (; *text != '\0'; text++) {
        if (*text == '%' || *text == '_' || *text == '\\') {
            *p++ = '\\';
        }
        *p++ = (char)(*text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text);
    }
    *p = '%';
    (void)pk_buffer_printf(&b->where, "%s LIKE ", sql);
    (void)add(b, (struct value){ .is_text = true, .text = pattern });
    return pk_buffer_puts(&b->where, " ESCAPE '\\'");
}

/* The condition with each '@' as the value. */
static int add_holds(struct build *b, const char *sql, const char *text)
{
    int rc = PK_OK;

    for (; *sql != '\0' && rc == PK_OK; sql++) {
        rc = *sql == '@' ? add(b, (struct value){ .is_text = true, .text = text })
                         : pk_buffer_putc(&b->where, *sql);
    }
    return rc;
}

static int add_case(struct build *b, const struct pk_list_filter *f, const char *text)
{
    const struct pk_match_case *c = f->cases;

    while (c->value != NULL && strcmp(c->value, text) != 0) {
        c++;
    }
    return c->value == NULL ? refuse(b, PK_EINVAL, f->name, "no such value")
                            : add_marked(b, c->sql);
}

static int add_value(struct build *b, const struct pk_list_filter *f, const char *text)
{
    struct value value = { .is_text = true, .text = text };

    if (f->match == PK_MATCH_SEARCH) {
        return add_search(b, f->sql, text);
    }
    if (f->match == PK_MATCH_HOLDS) {
        return add_holds(b, f->sql, text);
    }
    if (f->match == PK_MATCH_CASE) {
        return add_case(b, f, text);
    }
    if (f->match == PK_MATCH_NAMED) {
        value.is_text = false;
        if (f->parse(text, &value.number) < 0) {
            return refuse(b, PK_EINVAL, f->name, "no such value");
        }
    }
    (void)pk_buffer_printf(&b->where, "%s = ", f->sql);
    return add(b, value);
}

static int add_filter(struct build *b, const struct pk_filter *filter)
{
    const struct pk_list_filter *f = NULL;
    int rc = PK_OK;

    for (size_t i = 0; i < b->list->filter_count && f == NULL; i++) {
        if (strcmp(b->list->filters[i].name, filter->field) == 0) {
            f = &b->list->filters[i];
        }
    }
    if (f == NULL) {
        return refuse(b, PK_EUNKNOWN, filter->field, "this list has no such filter");
    }
    if (filter->values.count == 0) {
        return refuse(b, PK_EINVAL, f->name, "a value is wanted");
    }
    (void)pk_buffer_puts(&b->where, b->where.len == 0 ? "(" : " AND (");
    for (size_t i = 0; i < filter->values.count && rc == PK_OK; i++) {
        (void)pk_buffer_puts(&b->where, i == 0 ? "(" : " OR (");
        rc = add_value(b, f, filter->values.items[i]);
        (void)pk_buffer_putc(&b->where, ')');
    }
    (void)pk_buffer_putc(&b->where, ')');
    return rc;
}

/* One parameter, however often the condition names it. */
static int add_scope(struct build *b)
{
    const char *sql = b->list->scope;
    int rc = PK_OK;

    if (b->scope[0] == '\0' || b->list->everyone) {
        return PK_OK;
    }
    if (sql == NULL) {
        return pk_error_set(b->err, PK_EACCES, "this list is of the whole fleet");
    }
    b->values[b->count++] = (struct value){ .is_text = true, .text = b->scope };
    (void)pk_buffer_puts(&b->where, b->where.len == 0 ? "(" : " AND (");
    for (; *sql != '\0' && rc == PK_OK; sql++) {
        rc = *sql == '@' ? pk_buffer_printf(&b->where, "?%d", b->count)
                         : pk_buffer_putc(&b->where, *sql);
    }
    (void)pk_buffer_putc(&b->where, ')');
    return rc;
}

static int add_filters(struct build *b)
{
    int rc = PK_OK;

    if (b->list->always != NULL) {
        (void)pk_buffer_putc(&b->where, '(');
        rc = add_marked(b, b->list->always);
        (void)pk_buffer_putc(&b->where, ')');
    }
    if (rc == PK_OK) {
        rc = add_scope(b);
    }
    for (size_t i = 0; i < b->query->filter_count && rc == PK_OK; i++) {
        rc = add_filter(b, &b->query->filters[i]);
    }
    if (rc == PK_OK && b->count > PK_QUERY_VALUES_MAX + 1) {
        return refuse(b, PK_ELIMIT, "filter", "too many values");
    }
    return rc;
}

static int choose_sort(struct build *b)
{
    const char *name = b->query->sort != NULL ? b->query->sort : b->list->sort;

    b->down = name[0] == '-';
    name += b->down ? 1 : 0;
    for (size_t i = 0; i < b->list->sort_count; i++) {
        if (strcmp(b->list->sorts[i].name, name) == 0) {
            b->sort = &b->list->sorts[i];
            return PK_OK;
        }
    }
    return refuse(b, PK_EUNKNOWN, "sort", "this list cannot be sorted by that");
}

/* ---- cursors: "-name" LF sort key LF id, in hex ---- */

static int bad_cursor(struct build *b)
{
    return refuse(b, PK_EINVAL, "cursor", "this cursor is not of this list and order");
}

static int parse_value(
        struct build *b, bool is_text, bool is_real, const char *text, struct value *out)
{
    char *end;

    *out = (struct value){ .is_text = is_text, .is_real = is_real, .text = text };
    if (is_text) {
        return PK_OK;
    }
    errno = 0;
    if (is_real) {
        out->real = strtod(text, &end);
    } else {
        out->number = strtoll(text, &end, 10);
    }
    return *text == '\0' || *end != '\0' || errno != 0 || !isfinite(out->real) ? bad_cursor(b)
                                                                               : PK_OK;
}

static int add_cursor(struct build *b)
{
    size_t len = strlen(b->query->cursor) / 2;
    char *text = len > CURSOR_MAX ? NULL : pk_arena_alloc(b->arena, len + 1, 1);
    struct value key;
    struct value id;
    char *first;
    char *last;
    char beyond = b->down ? '<' : '>';

    if (text == NULL || pk_unhex(b->query->cursor, (uint8_t *)text, len) < 0 ||
            strlen(text) != len) {
        return bad_cursor(b);
    }
    first = strchr(text, '\n');
    last = strrchr(text, '\n'); /* the key may hold one, the id does not */
    if (first == NULL || first == last) {
        return bad_cursor(b);
    }
    *first = '\0';
    *last = '\0';
    if ((text[0] == '-') != b->down || strcmp(text + (b->down ? 1 : 0), b->sort->name) != 0 ||
            parse_value(b, b->sort->text, b->sort->real, first + 1, &key) < 0 ||
            parse_value(b, b->list->id_is_text, false, last + 1, &id) < 0) {
        return bad_cursor(b);
    }
    /* The first condition says nothing new, but it lets SQLite enter an index on an expression. */
    (void)pk_buffer_printf(
            &b->where, "%s%s %c= ", b->where.len == 0 ? "" : " AND ", b->sort->sql, beyond);
    (void)add(b, key);
    (void)pk_buffer_printf(
            &b->where, " AND (%s, %s) %c (?%d, ", b->sort->sql, b->list->id, beyond, b->count);
    (void)add(b, id);
    return pk_buffer_putc(&b->where, ')');
}

static const char *cursor_of(struct build *b, struct pk_stmt *stmt)
{
    int key = b->list->width;
    const char *text;
    char *hex;

    if (b->sort->text && b->list->id_is_text) {
        text = pk_arena_printf(b->arena, "%s%s\n%s\n%s", b->down ? "-" : "", b->sort->name,
                pk_column_text(stmt, key), pk_column_text(stmt, key + 1));
    } else if (b->sort->real && b->list->id_is_text) {
        text = pk_arena_printf(b->arena, "%s%s\n%.17g\n%s", b->down ? "-" : "", b->sort->name,
                pk_column_real(stmt, key), pk_column_text(stmt, key + 1));
    } else if (b->list->id_is_text) {
        text = pk_arena_printf(b->arena, "%s%s\n%lld\n%s", b->down ? "-" : "", b->sort->name,
                (long long)pk_column_int(stmt, key), pk_column_text(stmt, key + 1));
    } else {
        text = pk_arena_printf(b->arena, "%s%s\n%lld\n%lld", b->down ? "-" : "", b->sort->name,
                (long long)pk_column_int(stmt, key), (long long)pk_column_int(stmt, key + 1));
    }
    hex = text == NULL ? NULL : pk_arena_alloc(b->arena, 2 * strlen(text) + 1, 1);
    if (hex != NULL) {
        pk_hex(pk_slice_str(text), hex);
    }
    return hex;
}

/* ---- running ---- */

static int prepare(struct pk_store *store, struct build *b, const char *sql, struct pk_stmt **out)
{
    int rc = pk_db_prepare_once(store->db, sql, out, b->err);

    for (int i = 0; rc == PK_OK && i < b->count; i++) {
        if (b->values[i].is_text) {
            pk_bind_text(*out, i + 1, b->values[i].text);
        } else if (b->values[i].is_real) {
            pk_bind_real(*out, i + 1, b->values[i].real);
        } else {
            pk_bind_int(*out, i + 1, b->values[i].number);
        }
    }
    return rc;
}

static int count_total(struct pk_store *store, struct build *b, int64_t *total)
{
    const char *sql = pk_arena_printf(b->arena, "SELECT count(*) FROM %s%s%s", b->list->from,
            b->where.len > 0 ? " WHERE " : "", b->where.len > 0 ? b->where.ptr : "");
    struct pk_stmt *stmt = NULL;
    int rc = sql == NULL ? pk_error_set(b->err, PK_ENOMEM, "out of memory")
                         : prepare(store, b, sql, &stmt);

    if (rc == PK_OK) {
        rc = pk_stmt_step(stmt, b->err);
        *total = rc > 0 ? pk_column_int(stmt, 0) : 0;
    }
    pk_stmt_finish(stmt);
    return rc < 0 ? rc : PK_OK;
}

static int read_rows(struct build *b, struct pk_stmt *stmt, struct pk_page *page)
{
    char *items = pk_arena_alloc(b->arena, (size_t)b->query->limit, b->list->size);
    int rc = items == NULL ? pk_error_set(b->err, PK_ENOMEM, "out of memory")
                           : pk_stmt_step(stmt, b->err);

    page->items = items;
    for (; rc > 0; rc = pk_stmt_step(stmt, b->err)) {
        struct pk_get get = pk_get_row(stmt, b->arena);

        if (page->count == (size_t)b->query->limit) {
            return page->next == NULL ? pk_error_set(b->err, PK_ENOMEM, "out of memory") : PK_OK;
        }
        rc = b->list->read(&get, items + page->count * b->list->size, b->err);
        if (rc == PK_OK) {
            rc = pk_get_end(&get, b->err);
        }
        if (rc < 0) {
            return rc;
        }
        page->count++;
        if (page->count == (size_t)b->query->limit) {
            page->next = cursor_of(b, stmt); /* counts only if one more row comes */
        }
    }
    if (rc == PK_OK) {
        page->next = NULL;
    }
    return rc;
}

static int read_page(struct pk_store *store, struct build *b, struct pk_page *page)
{
    const char *order = b->down ? "DESC" : "ASC";
    struct pk_stmt *stmt = NULL;
    const char *sql;
    int rc;

    b->values[b->count++] = (struct value){ .number = b->query->limit + 1 };
    sql = pk_arena_printf(b->arena, "SELECT %s, %s, %s FROM %s%s%s ORDER BY %s %s, %s %s LIMIT ?%d",
            b->list->columns, b->sort->sql, b->list->id, b->list->from,
            b->where.len > 0 ? " WHERE " : "", b->where.len > 0 ? b->where.ptr : "", b->sort->sql,
            order, b->list->id, order, b->count);
    rc = sql == NULL ? pk_error_set(b->err, PK_ENOMEM, "out of memory")
                     : prepare(store, b, sql, &stmt);
    if (rc == PK_OK) {
        rc = read_rows(b, stmt, page);
    }
    pk_stmt_finish(stmt);
    return rc;
}

int pk_list_page(struct pk_store *store, const struct pk_list *list, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err)
{
    struct build b = {
        .list = list,
        .query = query,
        .arena = arena,
        .err = err,
        .scope = store->scope,
    };
    struct pk_page page = { 0 };
    int rc;

    if (query->limit < 1 || query->limit > LIMIT_MAX) {
        return refuse(&b, PK_EINVAL, "limit", "must be from 1 to 500");
    }
    b.where = pk_buffer_of(SQL_MAX);
    rc = choose_sort(&b);
    if (rc == PK_OK) {
        rc = add_filters(&b);
    }
    if (rc == PK_OK) {
        rc = count_total(store, &b, &page.total);
    }
    if (rc == PK_OK && query->cursor != NULL) {
        rc = add_cursor(&b);
    }
    if (rc == PK_OK && b.where.rc < 0) {
        rc = refuse(&b, PK_ELIMIT, "filter", "too many conditions");
    }
    if (rc == PK_OK) {
        rc = read_page(store, &b, &page);
    }
    pk_buffer_finish(&b.where);
    if (rc == PK_OK) {
        *out = page;
    }
    return rc;
}
