#include "server/issue.h"

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
