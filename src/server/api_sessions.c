/* /sessions: where somebody is signed in. An owner of everything sees everybody's. */
#include <string.h>

#include "server/call.h"
#include "server/view.h"
#include "store/people.h"

static struct pk_session_of own_of(const struct pk_call *call)
{
    return (struct pk_session_of){
        .person = call->actor.person,
        .name = call->actor.person == NULL ? call->actor.name : NULL,
    };
}

static bool is_own(const struct pk_call *call, const struct pk_token *session)
{
    if (call->actor.how != PK_HOW_SESSION) {
        return false;
    }
    if (call->actor.person != NULL || session->person != NULL) {
        return call->actor.person != NULL && session->person != NULL &&
                strcmp(call->actor.person, session->person) == 0;
    }
    return strcmp(call->actor.name, session->name) == 0;
}

static bool sees_all(const struct pk_call *call)
{
    return pk_role_may(call->actor.role, PK_RIGHT_OWN) && call->actor.scope[0] == '\0';
}

static int list_seen(struct pk_call *call, struct pk_array *out, struct pk_error *err)
{
    struct pk_session_of of = sees_all(call) ? (struct pk_session_of){ 0 } : own_of(call);

    *out = (struct pk_array){ 0 };
    /* A program has no sessions. */
    return !sees_all(call) && call->actor.how != PK_HOW_SESSION
            ? PK_OK
            : pk_session_list(call->store, &of, call->now_ms, call->arena, out, err);
}

int pk_api_session_list(struct pk_call *call, struct pk_error *err)
{
    struct pk_array list;
    const struct pk_token *rows;
    json_t *items;
    int rc = list_seen(call, &list, err);

    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = list.items;
    for (size_t i = 0; i < list.count; i++) {
        (void)json_array_append_new(items,
                json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:b, s:b}", "id", rows[i].id,
                        "name", rows[i].name, "role", pk_role_names[rows[i].role], "person",
                        rows[i].person, "address", pk_view_text(rows[i].address), "opened_at",
                        pk_view_time(rows[i].created_ms), "last_used_at",
                        pk_view_time(rows[i].used_ms), "expires_at",
                        pk_view_time(rows[i].expires_ms), "own", (int)is_own(call, &rows[i]),
                        "current", (int)(strcmp(rows[i].id, call->actor.token_id) == 0)));
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", items));
}

static int end_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    struct pk_array list;
    const struct pk_token *rows;
    int rc = list_seen(call, &list, err);

    rows = list.items;
    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        if (strcmp(rows[i].id, id) == 0) {
            rc = pk_token_remove(call->store, PK_TOKEN_SESSION, id, err);
            return rc < 0 ? rc
                          : pk_call_audit(call, "session.end", id,
                                    json_pack("{s:s}", "name", rows[i].name), err);
        }
    }
    return rc < 0 ? rc : pk_error_set(err, PK_ENOENT, "no such session");
}

int pk_api_session_end(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_call_transaction(call, end_one, (void *)id, err);

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}

static int end_own(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_session_of of = own_of(call);
    int64_t ended = 0;
    int rc = pk_session_end(call->store, &of, &ended, err);

    (void)ctx;
    return rc < 0 ? rc
                  : pk_call_audit(call, "session.end_all", call->actor.token_id,
                            json_pack("{s:I}", "ended", (json_int_t)ended), err);
}

int pk_api_session_end_own(struct pk_call *call, struct pk_error *err)
{
    int rc;

    if (call->actor.how != PK_HOW_SESSION) {
        return pk_error_set(err, PK_EEXIST, "a bearer token has no sessions to end");
    }
    rc = pk_call_transaction(call, end_own, NULL, err);
    if (rc < 0) {
        return rc;
    }
    pk_reply_header(call->request, "Set-Cookie", pk_auth_cookie(call->arena, NULL));
    return pk_call_reply(call, 204, NULL);
}
