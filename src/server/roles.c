#include "server/roles.h"

#include "server/call.h"

const char *const pk_role_choices[] = { "viewer", "responder", "policy", "privacy", "owner",
    "admin", NULL };

enum pk_role pk_role_chosen(int choice)
{
    static const enum pk_role roles[] = { PK_ROLE_VIEWER, PK_ROLE_RESPONDER, PK_ROLE_POLICY,
        PK_ROLE_PRIVACY, PK_ROLE_OWNER, PK_ROLE_OWNER };

    return roles[choice];
}

int pk_role_grant(
        struct pk_call *call, int choice, const struct pk_strings *groups, struct pk_error *err)
{
    char scope[PK_SCOPE_TEXT];

    if (pk_scope_text(groups, scope, err) < 0) {
        return pk_query_path(err, "groups");
    }
    if (!pk_role_within(pk_role_chosen(choice), call->actor.role) ||
            !pk_scope_within(scope, call->actor.scope)) {
        return pk_error_set(err, PK_EACCES, "nobody gives more than they have");
    }
    return PK_OK;
}
