#include "server/crowd_bad.h"

#include <stdlib.h>
#include <string.h>

#include "server/crowd.h"

#define CAUSE_UNKNOWN 0xff
#define CAUSES_PAGE   500

struct gathering {
    struct pk_crowd_bad *items;
    size_t count, room;
    bool short_of_memory;
};

/* Under the crowd's lock: only copied. */
static void take(void *ctx, const struct pk_crowd_opinion *opinion)
{
    struct gathering *g = ctx;

    if (g->count == g->room) {
        size_t room = g->room == 0 ? 64 : 2 * g->room;
        struct pk_crowd_bad *grown = reallocarray(g->items, room, sizeof(*grown));

        if (grown == NULL) {
            g->short_of_memory = true;
            return;
        }
        g->items = grown;
        g->room = room;
    }
    g->items[g->count++] = (struct pk_crowd_bad){ .opinion = *opinion, .cause = CAUSE_UNKNOWN };
}

static int by_score(const void *a, const void *b)
{
    const struct pk_crowd_bad *x = a;
    const struct pk_crowd_bad *y = b;

    return (x->opinion.log_odds < y->opinion.log_odds) -
            (x->opinion.log_odds > y->opinion.log_odds);
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_things(const struct pk_crowd_thing *x, const struct pk_crowd_thing *y)
{
    int order = compare(x->kind, y->kind);

    order = order != 0 ? order : compare(x->a, y->a);
    return order != 0 ? order : compare(x->b, y->b);
}

/* As the store orders things: networks together, so that each is looked up once. */
static int by_thing(const void *a, const void *b)
{
    struct pk_crowd_thing x = pk_crowd_thing_of_key(&((const struct pk_crowd_bad *)a)->opinion.key);
    struct pk_crowd_thing y = pk_crowd_thing_of_key(&((const struct pk_crowd_bad *)b)->opinion.key);

    return compare_things(&x, &y);
}

/* The causes stand with the announced changes; both lists are in the same order. */
static int put_causes(struct pk_crowd_door *door, struct gathering *g, struct pk_error *err)
{
    struct pk_crowd_thing after;
    struct pk_array page = { 0 };
    bool first = true;
    size_t at = 0;

    do {
        int rc = pk_crowd_bad_after(door->call->store, first ? NULL : &after, CAUSES_PAGE,
                door->call->arena, &page, err);
        const struct pk_crowd_change_row *rows = page.items;

        if (rc < 0) {
            return rc;
        }
        for (size_t i = 0; i < page.count; i++) {
            int order = -1;

            while (at < g->count) {
                struct pk_crowd_thing mine = pk_crowd_thing_of_key(&g->items[at].opinion.key);

                order = compare_things(&mine, &rows[i].thing);
                if (order >= 0) {
                    break;
                }
                at++;
            }
            if (at < g->count && order == 0) {
                g->items[at].cause = rows[i].cause;
            }
            after = rows[i].thing;
        }
        first = false;
    } while (page.count == CAUSES_PAGE && at < g->count);
    return PK_OK;
}

/* Keeps what is wanted and may be shown. */
static void sieve(struct pk_crowd_door *door, const struct pk_crowd_bad_wish *only,
        struct gathering *g, struct pk_crowd_bad_list *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->count; i++) {
        struct pk_crowd_bad *b = &g->items[i];
        enum pk_kanon_answer answer;

        if (only != NULL && !only->wanted(&b->opinion, b->cause, only->ctx)) {
            continue;
        }
        answer = pk_crowd_door_ask(door, &b->opinion.key, &b->opinion);
        if (answer == PK_KANON_HIDDEN) {
            out->hidden++;
            continue;
        }
        b->bare = answer == PK_KANON_BARE;
        out->by_kind[b->opinion.key.kind]++;
        g->items[kept++] = *b;
    }
    out->items = g->items;
    out->count = kept;
}

int pk_crowd_bad_gather(struct pk_crowd_door *door, const struct pk_crowd_bad_wish *only,
        struct pk_crowd_bad_list *out, struct pk_error *err)
{
    struct gathering g = { 0 };
    int rc = PK_OK;

    *out = (struct pk_crowd_bad_list){ 0 };
    pk_crowd_server_each_bad(door->call->server->crowd, take, &g);
    if (g.short_of_memory) {
        free(g.items);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (g.count == 0) {
        return PK_OK;
    }
    if (g.count > PK_CROWD_BAD_MAX) {
        qsort(g.items, g.count, sizeof(*g.items), by_score);
        g.count = PK_CROWD_BAD_MAX;
    }
    qsort(g.items, g.count, sizeof(*g.items), by_thing);
    rc = put_causes(door, &g, err);
    if (rc < 0) {
        free(g.items);
        return rc;
    }
    sieve(door, only, &g, out);
    return PK_OK;
}

void pk_crowd_bad_finish(struct pk_crowd_bad_list *list)
{
    free(list->items);
    *list = (struct pk_crowd_bad_list){ 0 };
}
