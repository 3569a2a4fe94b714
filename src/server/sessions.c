#include "server/sessions.h"

#include "base/event.h"
#include "server/auth.h"
#include "server/issue.h"

int pk_session_begin(struct pk_store *store, struct pk_token *who, const char *how,
        struct pk_arena *arena, const char **secret, struct pk_error *err)
{
    struct pk_audit_row row = {
        .at_ms = who->created_ms,
        .actor = who->name,
        .act = "session.open",
    };
    int rc;

    who->kind = PK_TOKEN_SESSION;
    who->expires_ms = who->created_ms + PK_SESSION_MS;
    rc = pk_issue_token(store, who, arena, secret, err);
    if (rc < 0) {
        return rc;
    }
    row.target = who->id;
    row.detail = json_pack("{s:s, s:s, s:s}", "role", pk_role_names[who->role], "address",
            who->address != NULL ? who->address : "", "how", how);
    rc = pk_audit_add(store, &row, err);
    json_decref(row.detail);
    return rc;
}

void pk_session_refused(struct pk_store *store, const char *name, const char *how,
        const char *address, int64_t now_ms, const char *why)
{
    struct pk_audit_row row = {
        .at_ms = now_ms,
        .actor = name,
        .act = "session.refused",
        .target = "",
        .detail = json_pack("{s:s, s:s, s:s}", "address", address, "how", how, "why", why),
    };

    pk_event(PK_WARN, "signin.refused", { "how", how }, { "address", address }, { "why", why });
    if (pk_audit_add(store, &row, NULL) < 0) {
        pk_event(PK_ERROR, "signin.audit_lost", { "how", how }, { "address", address });
    }
    json_decref(row.detail);
}

struct pk_token pk_session_of_person(
        const struct pk_person *person, const char *address, int64_t now_ms)
{
    return (struct pk_token){
        .name = person->name,
        .role = person->role,
        .groups = person->groups,
        .person = person->id,
        .address = address,
        .created_ms = now_ms,
    };
}

int pk_session_drop(struct pk_store *store, const char *cookie, int64_t now_ms,
        struct pk_arena *arena, struct pk_error *err)
{
    char hash[PK_SHA256_HEX];
    struct pk_token token;
    int rc;

    pk_auth_hash(cookie, hash);
    rc = pk_token_take(store, PK_TOKEN_SESSION, hash, now_ms, arena, &token, err);
    return rc == PK_ENOENT ? PK_OK : rc;
}
