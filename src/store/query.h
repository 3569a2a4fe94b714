/* query.h - one way to filter, sort and page every list. A list is a table of what it offers; a
 * query names rows of that table; values only ever travel as parameters.
 *
 * Pages are by key, not by number: a page begins after the last row of the one before (its sort key
 * and id stand in the cursor), so a row that stays is neither missed nor doubled while others come
 * and go, and page 1,000 costs what page 1 costs. */
#pragma once

#include "store/room.h"

enum pk_match {
    PK_MATCH_TEXT,   /* sql = value */
    PK_MATCH_NAMED,  /* sql = the number that parse gives for the name */
    PK_MATCH_SEARCH, /* sql is a text expression in lower case that contains the value */
    PK_MATCH_HOLDS,  /* sql is a condition, '@' stands for the value */
    PK_MATCH_CASE, /* value is one of cases; each is a condition, '@' stands for the list's mark */
};

struct pk_match_case {
    const char *value;
    const char *sql;
};

struct pk_list_filter {
    const char *name;
    enum pk_match match;
    const char *sql;
    int (*parse)(const char *name, int64_t *out); /* 0, or < 0 when there is no such name */
    const struct pk_match_case *cases;            /* end with a NULL value */
};

struct pk_list_sort {
    const char *name;
    const char *sql; /* an expression with an index together with the id */
    bool text;       /* else a number, */
    bool real;       /* whole unless this is so */
};

struct pk_list {
    const char *columns; /* of the rows; the sort key and the id are added behind them */
    const char *from;    /* tables with joins */
    const char *id;      /* unique: breaks ties of the sort key */
    bool id_is_text;
    const char *always; /* a condition that always holds, '@' is the mark; NULL: none */
    int64_t mark;
    const char *scope; /* a condition that a row is inside the store's scope, '@' stands for it */
    bool everyone;     /* the rows are of no device: the same for every scope */
    const char *sort;  /* default, may begin with '-' */
    const struct pk_list_filter *filters;
    size_t filter_count;
    const struct pk_list_sort *sorts;
    size_t sort_count;
    pk_read_row read;
    int width; /* how many columns read reads */
    size_t size;
};

#define PK_QUERY_VALUES_MAX 64 /* of all filters together: a bookmark, not a program */

/* PK_EUNKNOWN (err->path: the field) for a filter or sort that the list does not have, PK_EINVAL
 * for a value that cannot be, a wrong cursor or limit; PK_EACCES when the store has a scope (scope.h)
 * and the list does not say what it means for it. */
PK_MUST_USE int pk_list_page(struct pk_store *store, const struct pk_list *list,
        const struct pk_query *query, struct pk_arena *arena, struct pk_page *out,
        struct pk_error *err);

/* For PK_MATCH_NAMED: index in a NULL-terminated list, or -1. */
int64_t pk_name_index(const char *const *names, const char *name);
