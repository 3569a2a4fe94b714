/* query_args.h - limit, cursor, sort and filter of a list, as docs/api.md describes them, from the
 * query of a request to the store's struct pk_query. Everything that is not understood is refused
 * with the name of the culprit. */
#pragma once

#include "store/store.h"

#define PK_LIMIT_DEFAULT 50
#define PK_LIMIT_MAX     500

/* What a list can be filtered by. */
struct pk_filter_rule {
    const char *field;
    const char *const *values; /* NULL-terminated names, or NULL: any text */
};

/* Both end with a NULL field or name. NULL: none. */
struct pk_list_rules {
    const struct pk_filter_rule *filters;
    const char *const *sorts;
};

struct pk_query_args {
    struct pk_arena *arena; /* everything lives here */
    const struct pk_list_rules *rules;
    struct pk_query query;
    struct pk_error *err;
    bool has_limit;
};

void pk_query_args_init(struct pk_query_args *args, struct pk_arena *arena,
        const struct pk_list_rules *rules, int64_t now_ms, struct pk_error *err);
/* One parameter, already percent-decoded. Fits pk_request_query_each(); ctx is the struct. */
PK_MUST_USE int pk_query_args_add(const char *name, const char *value, void *ctx);

/* A whole number in decimal digits, min..max; else PK_EBOUNDS or PK_EMALF with path = name. */
PK_MUST_USE int pk_query_int(const char *name, const char *value, int64_t min, int64_t max,
        int64_t *out, struct pk_error *err);

/* Puts the name of the parameter at fault into *err (NULL is fine); gives err's code. */
int pk_query_path(struct pk_error *err, const char *path);
