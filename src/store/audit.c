#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/query.h"

static int add_row(struct pk_store *store, const struct pk_audit_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO audit (at_ms, actor, act, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            err);
    int64_t n;

    pk_put_int(&put, row->at_ms);
    pk_put_word(&put, row->actor);
    pk_put_word(&put, row->act);
    pk_put_word(&put, row->target);
    pk_put_json(&put, row->detail);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int add_event(struct pk_store *store, const struct pk_audit_row *row, struct pk_error *err)
{
    json_t *detail = json_pack("{s:s, s:s, s:s, s:O*}", "actor", row->actor ? row->actor : "",
            "act", row->act ? row->act : "", "target", row->target ? row->target : "", "detail",
            row->detail);
    int rc;

    if (detail == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_event_add(store,
            &(struct pk_event_row){ .at_ms = row->at_ms, .type = "audit", .detail = detail }, err);
    json_decref(detail);
    return rc;
}

int pk_audit_add(struct pk_store *store, const struct pk_audit_row *row, struct pk_error *err)
{
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    rc = add_row(store, row, err);
    if (rc == PK_OK) {
        rc = add_event(store, row, err);
    }
    return pk_store_leave(store, mine, rc, err);
}

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_audit_row *row = out;

    row->id = pk_get_int(get);
    row->at_ms = pk_get_int(get);
    row->actor = pk_get_word(get);
    row->act = pk_get_word(get);
    row->target = pk_get_word(get);
    row->detail = pk_get_json(get);
    return PK_OK;
}

/* "2026-11-23", in UTC */
static int parse_day(const char *name, int64_t *out)
{
    char text[PK_TIME_TEXT];
    int64_t ms;

    if (strlen(name) != 10) {
        return PK_EMALF;
    }
    (void)snprintf(text, sizeof(text), "%sT00:00:00Z", name);
    if (pk_time_parse(text, &ms) < 0) {
        return PK_EMALF;
    }
    *out = ms / PK_DAY_MS;
    return PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "day", .match = PK_MATCH_NAMED, .sql = "at_ms / 86400000", .parse = parse_day },
    { .name = "actor", .match = PK_MATCH_TEXT, .sql = "actor" },
    { .name = "act", .match = PK_MATCH_TEXT, .sql = "act" },
    { .name = "target", .match = PK_MATCH_TEXT, .sql = "target" },
    { .name = "q", .match = PK_MATCH_SEARCH, .sql = "lower(actor || ' ' || act || ' ' || target)" },
};

/* The order of ids is the order in which things were done. */
static const struct pk_list_sort sorts[] = {
    { "at", "id" },
};

int pk_audit_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = "id, at_ms, actor, act, target, detail",
        .from = "audit",
        .id = "id",
        .sort = "-at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_row,
        .width = 6,
        .size = sizeof(struct pk_audit_row),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}
