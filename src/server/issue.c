#include "server/issue.h"

#include "base/clock.h"
#include "base/crypt.h"

#define ENROLLMENT_BYTES 16
#define TOKEN_BYTES      32

/* A random secret with its hash and an id to name it by. */
static int make(struct pk_arena *arena, size_t bytes, char **secret, char **hash, char **id)
{
    *secret = pk_arena_alloc(arena, 2 * bytes + 1, 1);
    *hash = pk_arena_alloc(arena, PK_SHA256_HEX, 1);
    *id = pk_arena_alloc(arena, PK_UUID_TEXT, 1);
    if (*secret == NULL || *hash == NULL || *id == NULL) {
        return PK_ENOMEM;
    }
    pk_random_hex(bytes, *secret);
    pk_sha256_hex(pk_slice_str(*secret), *hash);
    pk_uuid4(*id);
    return PK_OK;
}

int pk_issue_enrollment(struct pk_store *store, struct pk_enrollment *enrollment,
        struct pk_arena *arena, const char **secret, struct pk_error *err)
{
    char *text;
    char *hash;
    char *id;
    int rc = make(arena, ENROLLMENT_BYTES, &text, &hash, &id);

    if (rc < 0) {
        return pk_error_set(err, rc, "out of memory");
    }
    enrollment->id = id;
    enrollment->secret_sha256 = hash;
    enrollment->uses_left = enrollment->uses;
    *secret = text;
    return pk_enrollment_add(store, enrollment, err);
}

int pk_issue_token(struct pk_store *store, struct pk_token *token, struct pk_arena *arena,
        const char **secret, struct pk_error *err)
{
    char *text;
    char *hash;
    char *id;
    int rc = make(arena, TOKEN_BYTES, &text, &hash, &id);

    if (rc < 0) {
        return pk_error_set(err, rc, "out of memory");
    }
    token->id = id;
    token->secret_sha256 = hash;
    *secret = text;
    return pk_token_add(store, token, err);
}

json_t *pk_issue_enrollment_detail(const struct pk_enrollment *enrollment)
{
    char until[PK_TIME_TEXT];

    return json_pack("{s:s, s:s, s:I, s:s}", "label", enrollment->label, "group", enrollment->group,
            "uses", (json_int_t)enrollment->uses, "expires_at",
            pk_time_format(enrollment->expires_ms, until));
}

json_t *pk_issue_token_detail(const struct pk_token *token)
{
    char until[PK_TIME_TEXT];

    json_t *groups = json_array();

    for (size_t i = 0; i < token->groups.count; i++) {
        (void)json_array_append_new(groups, json_string(token->groups.items[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:s?}", "name", token->name, "role",
            pk_role_names[token->role], "groups", groups, "expires_at",
            token->expires_ms != 0 ? pk_time_format(token->expires_ms, until) : NULL);
}

/* Ends a transaction of this file: the audit's line, then COMMIT; on failure nothing stays. detail
 * is taken over. */
static int finish(struct pk_store *store, int rc, const char *act, const char *target,
        int64_t at_ms, json_t *detail, struct pk_error *err)
{
    struct pk_audit_row row = {
        .at_ms = at_ms,
        .actor = PK_ISSUE_HERE,
        .act = act,
        .target = target,
        .detail = detail,
    };

    if (rc == PK_OK) {
        rc = pk_audit_add(store, &row, err);
    }
    json_decref(detail);
    if (rc == PK_OK) {
        return pk_store_commit(store, err);
    }
    pk_store_rollback(store);
    return rc;
}

int pk_issue_enrollment_here(struct pk_store *store, struct pk_enrollment *enrollment,
        struct pk_arena *arena, const char **secret, struct pk_error *err)
{
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_issue_enrollment(store, enrollment, arena, secret, err);
    return finish(store, rc, "enrollment.create", enrollment->id, enrollment->created_ms,
            pk_issue_enrollment_detail(enrollment), err);
}

int pk_issue_signin_here(struct pk_store *store, struct pk_token *token, struct pk_arena *arena,
        const char **secret, struct pk_error *err)
{
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_issue_token(store, token, arena, secret, err);
    return finish(store, rc, "user.signin-link", token->id, token->created_ms,
            pk_issue_token_detail(token), err);
}
