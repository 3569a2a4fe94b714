#include <stdlib.h>

#include "defense/reputation/lists.h"
#include "server/apps.h"
#include "server/call.h"
#include "server/view_app.h"

/* The newest version; NULL when there is none. */
static int read_rules(struct pk_call *call, struct pk_document *room,
        const struct pk_document **out, struct pk_error *err)
{
    int rc = pk_document_get(call->store, PK_RULES_DOCUMENT, call->arena, room, err);

    *out = rc == PK_OK ? room : NULL;
    return rc == PK_ENOENT ? PK_OK : rc;
}

static int reply_rules(struct pk_call *call, struct pk_error *err)
{
    struct pk_document room;
    const struct pk_document *document;
    int rc = read_rules(call, &room, &document, err);

    return rc < 0 ? rc : pk_call_reply(call, 200, pk_view_app_rules(document));
}

int pk_api_app_rules_get(struct pk_call *call, struct pk_error *err)
{
    return reply_rules(call, err);
}

struct change {
    int64_t replaces; /* -1: whatever is there */
    json_t *rules;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct change *change = ctx;

    if (strcmp(name, "replaces") != 0) {
        (void)pk_error_set(change->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(change->err, name);
    }
    return pk_query_int(name, value, 0, INT64_MAX, &change->replaces, change->err);
}

static int put_rules(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct change *change = ctx;
    char *text = pk_json_text(change->rules);
    struct pk_document document = {
        .at_ms = call->now_ms,
        .who = pk_actor_text(&call->actor, call->arena),
        .text = text,
    };
    struct pk_document room;
    const struct pk_document *before;
    int64_t version = 0;
    int rc = text == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : read_rules(call, &room, &before, err);

    if (rc == PK_OK && change->replaces >= 0 &&
            change->replaces != (before != NULL ? before->version : 0)) {
        rc = pk_error_set(err, PK_EEXIST, "somebody has changed the rules meanwhile");
        (void)pk_query_path(err, "replaces");
    }
    if (rc == PK_OK) {
        rc = pk_document_put(call->store, PK_RULES_DOCUMENT, &document, &version, err);
    }
    free(text);
    if (rc == PK_OK) {
        rc = pk_call_app_change(call, "app.rules_changed", PK_RULES_DOCUMENT,
                json_pack("{s:I}", "version", (json_int_t)version), err);
    }
    return rc < 0 ? rc
                  : pk_call_audit(call, "app.rules", PK_RULES_DOCUMENT,
                            json_pack("{s:I, s:O}", "version", (json_int_t)version, "rules",
                                    change->rules),
                            err);
}

/* Exceptions have ids, makers and dates of their own in the store. */
static int check(const struct pk_app_lists *lists, struct pk_error *err)
{
    if (lists->exceptions.count > 0) {
        (void)pk_error_set(err, PK_EUNKNOWN, "exceptions have a call of their own");
        return pk_query_path(err, "exceptions");
    }
    return pk_app_lists_check(lists, err);
}

int pk_api_app_rules_put(struct pk_call *call, struct pk_error *err)
{
    struct change change = { .replaces = -1, .err = err };
    struct pk_app_lists lists;
    int rc = pk_request_query_each(call->request, take_arg, &change);

    if (rc < 0) {
        return rc;
    }
    if (pk_request_decode(call->request, &pk_app_lists_schema, &lists) < 0) {
        return PK_OK;
    }
    rc = check(&lists, err);
    if (rc < 0) {
        return rc;
    }
    change.rules = pk_schema_encode(&pk_app_lists_schema, &lists, false);
    rc = change.rules != NULL ? pk_call_transaction(call, put_rules, &change, err)
                              : pk_error_set(err, PK_ENOMEM, "out of memory");
    json_decref(change.rules);
    if (rc < 0) {
        return rc;
    }
    pk_apps_relearn(call->server->apps);
    return reply_rules(call, err);
}
