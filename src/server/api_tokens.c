#include "server/call.h"
#include "server/issue.h"
#include "server/roles.h"
#include "server/view.h"

#define TTL_MIN_S INT64_C(60)
#define TTL_MAX_S (INT64_C(3650) * 86400)

struct body {
    const char *name;
    int role;
    struct pk_strings groups;
    int64_t ttl_s; /* 0: until it is removed */
};

#define AT(m) offsetof(struct body, m)

/* clang-format off */
static const struct pk_field fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(name), .min = 1, .max = 64,
      .help = "of the program that uses it" },
    { "role", PK_TYPE_ENUM, PK_REQUIRED, AT(role), .names = pk_role_choices,
      .help = "what it may do" },
    { "groups", PK_TYPE_STRINGS, 0, AT(groups), .min = 1, .max = PK_SCOPE_GROUP_MAX,
      .count_max = PK_SCOPE_GROUPS_MAX, .help = "whose devices it sees; none: all" },
    { "ttl_s", PK_TYPE_INT, 0, AT(ttl_s), .min = TTL_MIN_S, .max = TTL_MAX_S,
      .help = "how long it works; absent: until it is removed" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "token");

int pk_api_token_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "name", NULL },
        { "role", pk_role_choices },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "created_at", "expires_at", "last_used_at", "name", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_token *tokens;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_token_list(call->store, PK_TOKEN_API, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    tokens = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_token(&tokens[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

struct creation {
    struct pk_token token;
    const char *secret;
};

static int create(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct creation *c = ctx;
    int rc = pk_issue_token(call->store, &c->token, call->arena, &c->secret, err);

    if (rc < 0) {
        return rc;
    }
    return pk_call_audit(call, "token.create", c->token.id, pk_issue_token_detail(&c->token), err);
}

int pk_api_token_create(struct pk_call *call, struct pk_error *err)
{
    struct creation c = { 0 };
    struct body body;
    json_t *view;
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    rc = pk_role_grant(call, body.role, &body.groups, err);
    if (rc < 0) {
        return rc;
    }
    c.token = (struct pk_token){
        .kind = PK_TOKEN_API,
        .name = body.name,
        .role = (int)pk_role_chosen(body.role),
        .groups = body.groups,
        .created_ms = call->now_ms,
        .expires_ms = body.ttl_s == 0 ? 0 : call->now_ms + body.ttl_s * 1000,
    };
    rc = pk_call_transaction(call, create, &c, err);
    if (rc < 0) {
        return rc;
    }
    view = pk_view_token(&c.token);
    (void)json_object_set_new(view, "token", json_string(c.secret));
    return pk_call_reply(call, 201, view);
}

static int remove_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    int rc = pk_token_remove(call->store, PK_TOKEN_API, id, err);

    return rc < 0 ? rc : pk_call_audit(call, "token.remove", id, NULL, err);
}

int pk_api_token_remove(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_call_transaction(call, remove_one, (void *)id, err);

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
