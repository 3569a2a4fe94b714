#include "server/call.h"
#include "server/issue.h"
#include "server/roles.h"
#include "server/view.h"
#include "store/people.h"

struct body {
    const char *name;
    int role;
    struct pk_strings groups;
};

/* clang-format off */
static const struct pk_field fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct body, name), .min = 1, .max = 64,
      .help = "of the person" },
    { "role", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct body, role), .names = pk_role_choices,
      .help = "what the person may do" },
    { "groups", PK_TYPE_STRINGS, 0, offsetof(struct body, groups), .min = 1, .max = PK_SCOPE_GROUP_MAX,
      .count_max = PK_SCOPE_GROUPS_MAX, .help = "whose devices the person sees; none: all" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "sign-in link");

struct creation {
    struct pk_token link;
    const char *secret;
};

static int create(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct creation *c = ctx;
    struct pk_person person;
    int rc = pk_person_find(
            call->store, "", pk_call_lower(call, c->link.name), call->arena, &person, err);

    if (rc == PK_OK && person.disabled_ms != 0) {
        return pk_error_set(err, PK_EEXIST, "this person is disabled");
    }
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    c->link.person = rc == PK_OK ? person.id : NULL;
    rc = pk_issue_token(call->store, &c->link, call->arena, &c->secret, err);

    if (rc < 0) {
        return rc;
    }
    return pk_call_audit(
            call, "user.signin-link", c->link.id, pk_issue_token_detail(&c->link), err);
}

int pk_api_signin_link(struct pk_call *call, struct pk_error *err)
{
    struct creation c = { 0 };
    struct body body;
    const char *url;
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    rc = pk_role_grant(call, body.role, &body.groups, err);
    if (rc < 0) {
        return rc;
    }
    c.link = (struct pk_token){
        .kind = PK_TOKEN_SIGNIN,
        .name = body.name,
        .role = (int)pk_role_chosen(body.role),
        .groups = body.groups,
        .created_ms = call->now_ms,
        .expires_ms = call->now_ms + PK_SIGNIN_TTL_S * INT64_C(1000),
    };
    rc = pk_call_transaction(call, create, &c, err);
    if (rc < 0) {
        return rc;
    }
    url = pk_server_signin_url(call->server, c.secret, call->arena);
    if (url == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return pk_call_reply(call, 201,
            json_pack("{s:s, s:o}", "url", url, "expires_at", pk_view_time(c.link.expires_ms)));
}
