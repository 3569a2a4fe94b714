#include "store/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pk_store_enter(struct pk_store *store, bool *mine, struct pk_error *err)
{
    *mine = !pk_db_in_transaction(store->db);
    return *mine ? pk_db_begin(store->db, err) : PK_OK;
}

int pk_store_leave(struct pk_store *store, bool mine, int rc, struct pk_error *err)
{
    if (!mine) {
        return rc;
    }
    if (rc == PK_OK) {
        return pk_db_commit(store->db, err);
    }
    pk_db_rollback(store->db);
    return rc;
}

struct pk_put pk_put_start(struct pk_store *store, const char *sql, struct pk_error *err)
{
    struct pk_put put = { .err = err };

    put.rc = pk_db_prepare(store->db, sql, &put.stmt, err);
    return put;
}

void pk_put_int(struct pk_put *put, int64_t value)
{
    if (put->rc == PK_OK) {
        pk_bind_int(put->stmt, ++put->next, value);
    }
}

void pk_put_real(struct pk_put *put, double value)
{
    if (put->rc == PK_OK) {
        pk_bind_real(put->stmt, ++put->next, value);
    }
}

void pk_put_text(struct pk_put *put, const char *value)
{
    if (put->rc == PK_OK) {
        pk_bind_text(put->stmt, ++put->next, value);
    }
}

void pk_put_word(struct pk_put *put, const char *value)
{
    pk_put_text(put, value != NULL ? value : "");
}

void pk_put_json(struct pk_put *put, const json_t *value)
{
    char *text = NULL;

    if (value != NULL && put->rc == PK_OK) {
        text = pk_json_text(value);
        if (text == NULL) {
            put->rc = pk_error_set(put->err, PK_ENOMEM, "out of memory");
            return;
        }
    }
    pk_put_text(put, text);
    free(text);
}

int pk_put_step(struct pk_put *put)
{
    if (put->rc == PK_OK) {
        int rc = pk_stmt_step(put->stmt, put->err);

        put->rc = rc < 0 ? rc : PK_OK;
        return rc;
    }
    return put->rc;
}

int pk_count_in_scope(
        struct pk_store *store, const char *sql, const char *id, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    int rc;

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

int64_t pk_put_run(struct pk_put *put)
{
    return put->rc < 0 ? put->rc : pk_stmt_run(put->stmt, put->err);
}

int pk_put_run_one(struct pk_put *put, const char *what)
{
    int64_t n = pk_put_run(put);

    if (n < 0) {
        return (int)n;
    }
    return n > 0 ? PK_OK : pk_error_set(put->err, PK_ENOENT, "no such %s", what);
}

int64_t pk_get_int(struct pk_get *get)
{
    return pk_column_int(get->stmt, get->next++);
}

double pk_get_real(struct pk_get *get)
{
    return pk_column_real(get->stmt, get->next++);
}

const char *pk_get_text(struct pk_get *get)
{
    const char *text = pk_column_text(get->stmt, get->next++);
    char *copy;

    if (text == NULL) {
        return NULL;
    }
    copy = pk_arena_strdup(get->arena, text);
    if (copy == NULL && get->rc == PK_OK) {
        get->rc = PK_ENOMEM;
    }
    return copy;
}

const char *pk_get_word(struct pk_get *get)
{
    const char *text = pk_get_text(get);

    return text != NULL ? text : "";
}

json_t *pk_get_json(struct pk_get *get)
{
    const char *text = pk_column_text(get->stmt, get->next++);
    json_t *value;
    int rc;

    if (text == NULL || get->rc < 0) {
        return NULL;
    }
    rc = pk_json_parse(text, strlen(text), &value, NULL);
    if (rc == PK_OK) {
        rc = pk_arena_defer(get->arena, pk_json_release, value);
    }
    if (rc < 0) {
        get->rc = rc;
        return NULL;
    }
    return value;
}

void pk_get_id(struct pk_get *get, char out[PK_ID_TEXT])
{
    const char *text = pk_column_text(get->stmt, get->next++);

    (void)snprintf(out, PK_ID_TEXT, "%s", text != NULL ? text : "");
}

int pk_get_end(const struct pk_get *get, struct pk_error *err)
{
    if (get->rc == PK_OK) {
        return PK_OK;
    }
    return pk_error_set(err, get->rc,
            get->rc == PK_ENOMEM ? "out of memory" : "a row of the store cannot be read");
}

static int read_first(struct pk_put *put, struct pk_arena *arena, pk_read_row read, void *out,
        const char *what, struct pk_error *err)
{
    struct pk_get get;
    int rc = pk_put_step(put);

    if (rc <= 0) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOENT, "no such %s", what);
    }
    get = pk_get_row(put->stmt, arena);
    rc = read(&get, out, err);
    return rc == PK_OK ? pk_get_end(&get, err) : rc;
}

int pk_put_get(struct pk_put *put, struct pk_arena *arena, pk_read_row read, void *out,
        const char *what, struct pk_error *err)
{
    int rc = read_first(put, arena, read, out, what, err);

    if (put->stmt != NULL) {
        pk_stmt_reset(put->stmt);
    }
    return rc;
}

int pk_put_get_changed(struct pk_put *put, struct pk_arena *arena, pk_read_row read, void *out,
        const char *what, struct pk_error *err)
{
    int rc = read_first(put, arena, read, out, what, err);

    while (rc == PK_OK && pk_put_step(put) > 0) {
    }
    if (put->stmt != NULL) {
        pk_stmt_reset(put->stmt);
    }
    return rc == PK_OK ? put->rc : rc;
}

#define ROWS_FIRST 16

/* Growing leaves the smaller copies in the arena: at most as much again. */
static void *grow(struct pk_arena *arena, void *items, size_t size, size_t count, size_t *cap)
{
    size_t more = *cap == 0 ? ROWS_FIRST : *cap * 2;
    void *bigger = pk_arena_alloc(arena, more, size);

    if (bigger != NULL) {
        if (count > 0) {
            memcpy(bigger, items, count * size);
        }
        *cap = more;
    }
    return bigger;
}

int pk_put_get_all(struct pk_put *put, struct pk_arena *arena, pk_read_row read, size_t size,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_array all = { 0 };
    size_t cap = 0;
    int rc = pk_put_step(put);

    for (; rc > 0; rc = pk_put_step(put)) {
        struct pk_get get = pk_get_row(put->stmt, arena);

        if (all.count == cap) {
            all.items = grow(arena, all.items, size, all.count, &cap);
        }
        rc = all.items == NULL ? pk_error_set(err, PK_ENOMEM, "the answer is too large")
                               : read(&get, (char *)all.items + all.count * size, err);
        if (rc == PK_OK) {
            rc = pk_get_end(&get, err);
        }
        if (rc < 0) {
            pk_stmt_reset(put->stmt);
            return rc;
        }
        all.count++;
    }
    if (rc == PK_OK) {
        *out = all;
    }
    return rc;
}
