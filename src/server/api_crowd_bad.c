/* GET /crowd/bad: what is bad now. It lives in memory, so the list is sorted and paged here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "crowd/key.h"
#include "crowd/sighting.h"
#include "server/crowd_bad.h"
#include "server/view_crowd.h"

#define MARK_BYTES  25 /* of a cursor: value, kind, a, b */
#define MARK_DIGITS (2 * (size_t)MARK_BYTES)

static const char *const kinds[] = { "point", "site", "mast", "app", "signer", NULL };
static const char *const causes[] = { "interception", "stripping", "malware", "exploit", "unknown",
    NULL };

/* Where a row stands in the list: behind all that is larger, or of the same value and a smaller key. */
struct mark {
    double value;
    struct pk_crowd_key key;
};

struct list {
    struct pk_call *call;
    struct pk_crowd_door door;
    struct pk_query query;
    bool descending;
    bool from_mark;
    struct mark mark;
};

static const char *cause_name(int cause)
{
    return cause >= 0 && cause <= PK_SIGHT_EXPLOIT ? causes[cause] : causes[PK_SIGHT_EXPLOIT + 1];
}

/* ---- order ---- */

static double value_of(const struct list *list, const struct pk_crowd_bad *b)
{
    const char *sort = list->query.sort;

    if (b->bare) {
        return 0;
    }
    if (sort != NULL && strstr(sort, "since_at") != NULL) {
        return (double)b->opinion.since_s;
    }
    if (sort != NULL && strstr(sort, "devices") != NULL) {
        return (double)pk_kanon_sum(&list->door.kanon, PK_KANON_VIEW, b->opinion.devices);
    }
    return isfinite(b->opinion.log_odds) ? (double)b->opinion.log_odds : 0;
}

static int compare_marks(const struct mark *x, const struct mark *y, bool descending)
{
    int order = (x->value > y->value) - (x->value < y->value);

    if (order != 0) {
        return descending ? -order : order;
    }
    order = (x->key.kind > y->key.kind) - (x->key.kind < y->key.kind);
    order = order != 0 ? order : (x->key.a > y->key.a) - (x->key.a < y->key.a);
    return order != 0 ? order : (x->key.b > y->key.b) - (x->key.b < y->key.b);
}

static struct mark mark_of(const struct list *list, const struct pk_crowd_bad *b)
{
    return (struct mark){ .value = value_of(list, b), .key = b->opinion.key };
}

static int by_mark(const void *a, const void *b, void *ctx)
{
    const struct list *list = ctx;
    struct mark x = mark_of(list, a);
    struct mark y = mark_of(list, b);

    return compare_marks(&x, &y, list->descending);
}

/* ---- cursors ---- */

static void put_word(uint8_t *out, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(word >> (56 - 8 * i));
    }
}

static uint64_t get_word(const uint8_t *in)
{
    uint64_t word = 0;

    for (int i = 0; i < 8; i++) {
        word = word << 8 | in[i];
    }
    return word;
}

static const char *write_cursor(struct pk_call *call, const struct mark *mark)
{
    char *text = pk_arena_alloc(call->arena, MARK_DIGITS + 1, 1);
    uint8_t bytes[MARK_BYTES];
    uint64_t bits;

    memcpy(&bits, &mark->value, sizeof(bits));
    put_word(bytes, bits);
    bytes[8] = (uint8_t)mark->key.kind;
    put_word(bytes + 9, mark->key.a);
    put_word(bytes + 17, mark->key.b);
    if (text != NULL) {
        pk_hex(pk_slice_of(bytes, sizeof(bytes)), text);
    }
    return text;
}

static bool read_cursor(const char *text, struct mark *out)
{
    uint8_t bytes[MARK_BYTES];
    uint64_t bits;

    if (pk_unhex(text, bytes, sizeof(bytes)) < 0 || bytes[8] >= PK_CROWD_KINDS) {
        return false;
    }
    bits = get_word(bytes);
    memcpy(&out->value, &bits, sizeof(bits));
    out->key = (struct pk_crowd_key){
        .a = get_word(bytes + 9), .b = get_word(bytes + 17), .kind = (enum pk_crowd_kind)bytes[8]
    };
    return isfinite(out->value);
}

/* ---- filters ---- */

static bool is_of_network(const struct pk_crowd_key *key)
{
    return key->kind == PK_CROWD_POINT || key->kind == PK_CROWD_SITE;
}

static bool holds_text(struct list *list, const struct pk_crowd_key *key, const char *text)
{
    json_t *thing = json_object();
    const char *name;
    json_t *value;
    bool found = false;

    pk_view_crowd_thing(thing, key, pk_crowd_door_name(&list->door, key));
    json_object_foreach (thing, name, value) {
        found = found ||
                (strcmp(name, "kind") != 0 && json_is_string(value) &&
                        strcasestr(json_string_value(value), text) != NULL);
    }
    json_decref(thing);
    return found;
}

static bool fits(struct list *list, const struct pk_crowd_opinion *o, int cause, const char *field,
        const char *value)
{
    switch (field[0]) {
    case 'k':
        return strcmp(pk_crowd_kind_names[o->key.kind], value) == 0;
    case 'c':
        return strcmp(cause_name(cause), value) == 0;
    case 'n':
        return is_of_network(&o->key) && pk_crowd_network_of(value) == o->key.a;
    case 'p':
        return (o->key.kind == PK_CROWD_SITE || o->key.kind == PK_CROWD_MAST) &&
                pk_crowd_place_of(value) == (uint32_t)o->key.b;
    default:
        return holds_text(list, &o->key, value);
    }
}

static bool wanted(const struct pk_crowd_opinion *opinion, int cause, void *ctx)
{
    struct list *list = ctx;

    for (size_t i = 0; i < list->query.filter_count; i++) {
        const struct pk_filter *f = &list->query.filters[i];
        bool one = false;

        for (size_t v = 0; v < f->values.count && !one; v++) {
            one = fits(list, opinion, cause, f->field, f->values.items[v]);
        }
        if (!one) {
            return false;
        }
    }
    return true;
}

/* ---- rows ---- */

static json_t *view(struct list *list, const struct pk_crowd_bad *b)
{
    const struct pk_crowd_opinion *o = &b->opinion;
    json_t *out = pk_view_crowd_opinion(&list->door, o, b->bare);

    (void)json_object_del(out, "bad");
    (void)json_object_del(out, "reasons");
    pk_view_crowd_thing(out, &o->key, pk_crowd_door_name(&list->door, &o->key));
    if (b->bare) {
        (void)json_object_set_new(out, "place", json_null());
    }
    (void)json_object_set_new(out, "id",
            json_sprintf("%s-%016llx-%016llx", pk_crowd_kind_names[o->key.kind],
                    (unsigned long long)o->key.a, (unsigned long long)o->key.b));
    (void)json_object_set_new(out, "cause",
            b->cause <= PK_SIGHT_EXPLOIT ? json_string(cause_name(b->cause)) : json_null());
    (void)json_object_set_new(
            out, "why", b->bare ? json_null() : pk_view_text(pk_view_crowd_why(&list->door, o)));
    return out;
}

static void fill_page(
        struct list *list, const struct pk_crowd_bad_list *bad, struct pk_page *page, json_t *items)
{
    page->total = (int64_t)bad->count;
    for (size_t i = 0; i < bad->count; i++) {
        struct mark mark = mark_of(list, &bad->items[i]);

        if (list->from_mark && compare_marks(&mark, &list->mark, list->descending) <= 0) {
            continue;
        }
        if (json_array_size(items) == (size_t)list->query.limit) {
            struct mark last = mark_of(list, &bad->items[i - 1]);

            page->next = write_cursor(list->call, &last);
            return;
        }
        (void)json_array_append_new(items, view(list, &bad->items[i]));
    }
}

int pk_api_crowd_bad(struct pk_call *call, struct pk_error *err)
{
    static const struct pk_filter_rule filters[] = {
        { "kind", kinds },
        { "cause", causes },
        { "network", NULL },
        { "place", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "score", "since_at", "devices", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    struct list list = { .call = call };
    const struct pk_crowd_bad_wish wish = { wanted, &list };
    struct pk_crowd_bad_list bad;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &list.query, err);

    if (rc < 0) {
        return rc;
    }
    if (list.query.cursor != NULL && !read_cursor(list.query.cursor, &list.mark)) {
        (void)pk_error_set(err, PK_EMALF, "this is no cursor of this list");
        return pk_query_path(err, "cursor");
    }
    list.from_mark = list.query.cursor != NULL;
    list.descending = list.query.sort == NULL || list.query.sort[0] == '-';
    pk_crowd_door_init(&list.door, call);
    rc = pk_crowd_bad_gather(&list.door, &wish, &bad, err);
    if (rc < 0) {
        return rc;
    }
    if (bad.count > 0) {
        qsort_r(bad.items, bad.count, sizeof(*bad.items), by_mark, &list);
    }
    items = json_array();
    fill_page(&list, &bad, &page, items);
    pk_crowd_bad_finish(&bad);
    return pk_call_reply_page(call, &page, items);
}
