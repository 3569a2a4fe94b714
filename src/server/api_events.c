#include <string.h>

#include "server/call.h"
#include "server/view.h"
#include "store/retention.h"

#define LIMIT_DEFAULT 50

/* The parameters as they come. */
struct args {
    struct pk_events_wish wish;
    bool from_now;
    int64_t wait_s;
    unsigned seen;
    struct pk_error *err;
};

static int refuse(struct args *args, int code, const char *path, const char *text)
{
    (void)pk_error_set(args->err, code, "%s", text);
    (void)pk_query_path(args->err, path);
    return code;
}

static int take_arg(const char *name, const char *value, void *ctx)
{
    static const char *const names[] = { "after", "wait", "limit" };
    struct args *args = ctx;
    unsigned which = 0;

    while (which < PK_COUNT(names) && strcmp(names[which], name) != 0) {
        which++;
    }
    if (which == PK_COUNT(names)) {
        return refuse(args, PK_EUNKNOWN, name, "this call has no such parameter");
    }
    if ((args->seen & 1u << which) != 0) {
        return refuse(args, PK_EMALF, name, "given twice");
    }
    args->seen |= 1u << which;
    switch (which) {
    case 0:
        args->from_now = strcmp(value, "now") == 0;
        return args->from_now
                ? PK_OK
                : pk_query_int(name, value, 0, INT64_MAX - 1, &args->wish.after, args->err);
    case 1:
        return pk_query_int(name, value, 0, PK_EVENTS_WAIT_MAX_S, &args->wait_s, args->err);
    default:
        return pk_query_int(name, value, 1, PK_LIMIT_MAX, &args->wish.limit, args->err);
    }
}

/* A cursor ahead of the stream comes from another store, or from before a restored backup: going on
 * from it would silently lose what is written until then. */
static int place(struct pk_call *call, struct args *args, struct pk_error *err)
{
    int64_t newest;
    int64_t purged = 0;
    int rc = pk_event_newest(call->store, &newest, err);

    if (rc == PK_OK) {
        rc = pk_store_purged_event(call->store, &purged, err);
    }
    newest = newest < purged ? purged : newest; /* all are gone */

    if (rc < 0) {
        return rc;
    }
    if (args->from_now) {
        args->wish.after = newest;
    } else if (args->wish.after > newest) {
        return refuse(args, PK_EBOUNDS, "after", "the stream does not reach this cursor");
    } else if (args->wish.after > 0 && args->wish.after < purged) {
        return refuse(args, PK_EBOUNDS, "after",
                "events behind this cursor are gone by age: begin again with 0");
    }
    return PK_OK;
}

int pk_api_events_get(struct pk_call *call, struct pk_error *err)
{
    struct args args = {
        .wish = { .limit = LIMIT_DEFAULT,
                .audit = pk_role_may(call->actor.role, PK_RIGHT_PRIVACY) },
        .err = err,
    };
    json_t *items = NULL;
    int64_t next = 0;
    int rc = pk_request_query_each(call->request, take_arg, &args);

    memcpy(args.wish.scope, call->actor.scope, sizeof(args.wish.scope));

    if (rc == PK_OK) {
        rc = place(call, &args, err);
    }
    if (rc == PK_OK) {
        rc = pk_events_read(call->store, &args.wish, call->arena, &items, &next, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (json_array_size(items) > 0 || args.wait_s == 0) {
        return pk_call_reply(call, 200, pk_events_body(items, next));
    }
    json_decref(items);
    args.wish.after = next;
    if (pk_events_wait_add(call->api->events, call->request, &args.wish, args.wait_s * 1000) < 0) {
        pk_reply_header(call->request, "Retry-After", "5");
        pk_reply_problem(call->request, 503, "unavailable", "too many wait for events", NULL);
    }
    return PK_OK;
}
