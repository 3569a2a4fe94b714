#include "server/signin.h"

#include <string.h>

#include "server/issue.h"
#include "server/sessions.h"

const char *pk_signin_subject(const char *name, struct pk_arena *arena)
{
    char *copy = pk_arena_strdup(arena, name);

    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    }
    return copy;
}

/* A code of the app or one for the day when the phone is gone. Either works once: the step that is noted also keeps
 * two of the same moment apart. */
static int take_code(struct pk_store *store, const uint8_t *key, struct pk_person *person,
        const struct pk_signin_try *t, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_totp totp = { 0 };
    const char *text;
    int64_t step;
    int rc = person->totp == NULL ? pk_error_set(err, PK_ECRYPTO, "there are no codes")
                                  : pk_unseal(key, person->id, person->totp, arena, &text, err);

    if (rc == PK_OK) {
        rc = pk_totp_decode(text, &totp, err);
    }
    if (rc < 0) {
        return PK_ECRYPTO;
    }
    step = pk_totp_step(totp.secret, sizeof(totp.secret), t->now_ms, t->code);
    if (step < 0) {
        if (!pk_totp_recover(&totp, t->code)) {
            return pk_error_set(err, PK_ECRYPTO, "the code is wrong");
        }
        step = t->now_ms / 1000 / PK_TOTP_STEP_S - 1;
        step = step > person->totp_step ? step : person->totp_step + 1;
        rc = pk_totp_encode(&totp, arena, &text);
        if (rc == PK_OK) {
            rc = pk_seal(key, person->id, text, arena, &person->totp, err);
        }
    }
    if (rc == PK_OK) {
        rc = pk_person_use_step(store, person->id, step, err);
        rc = rc == PK_ENOENT ? pk_error_set(err, PK_ECRYPTO, "the code was used") : rc;
    }
    person->totp_step = step;
    return rc;
}

int pk_signin_finish(struct pk_store *store, const uint8_t key[PK_SEAL_KEY], const char *id,
        const struct pk_signin_try *t, struct pk_arena *arena, struct pk_token *session,
        const char **secret, struct pk_error *err)
{
    struct pk_person person;
    int rc = pk_person_get(store, id, arena, &person, err);

    if (rc == PK_OK && person.disabled_ms != 0) {
        rc = pk_error_set(err, PK_ENOENT, "disabled");
    }
    if (rc == PK_OK) {
        rc = take_code(store, key, &person, t, arena, err);
    }
    person.seen_ms = t->now_ms;
    if (rc == PK_OK) {
        rc = pk_person_put(store, &person, err);
    }
    if (rc < 0) {
        return rc;
    }
    *session = pk_session_of_person(&person, t->address, t->now_ms);
    return pk_session_begin(store, session, "password", arena, secret, err);
}

/* ---- from the command line ---- */

struct setting {
    struct pk_person person;
    bool fresh;
};

static int find_or_make(struct pk_store *store, const char *name, enum pk_role role, int64_t now_ms,
        struct pk_arena *arena, struct setting *out, struct pk_error *err)
{
    const char *subject = pk_signin_subject(name, arena);
    char *id = pk_arena_alloc(arena, PK_UUID_TEXT, 1);
    int rc = subject == NULL || id == NULL
            ? PK_ENOMEM
            : pk_person_find(store, "", subject, arena, &out->person, err);

    if (rc == PK_ENOENT) {
        pk_uuid4(id);
        out->fresh = true;
        out->person = (struct pk_person){
            .id = id,
            .name = name,
            .role = PK_ROLE_OWNER,
            .issuer = "",
            .subject = subject,
            .created_ms = now_ms,
            .created_by = PK_ISSUE_HERE,
        };
        rc = PK_OK;
    }
    if (rc == PK_OK && role != PK_ROLE_NONE) {
        out->person.role = (int)role;
    }
    return rc;
}

static int write_down(
        struct pk_store *store, const struct pk_person *p, int64_t now_ms, struct pk_error *err)
{
    const struct pk_session_of of = { .person = p->id };
    struct pk_audit_row row = {
        .at_ms = now_ms,
        .actor = PK_ISSUE_HERE,
        .act = "person.password",
        .target = p->id,
        .detail = json_pack("{s:s, s:s}", "name", p->name, "role", pk_role_names[p->role]),
    };
    int64_t ended;
    int rc = pk_session_end(store, &of, &ended, err);

    if (rc == PK_OK) {
        rc = pk_audit_add(store, &row, err);
    }
    json_decref(row.detail);
    return rc;
}

int pk_signin_set_password(struct pk_store *store, const uint8_t key[PK_SEAL_KEY],
        const char *server, const char *name, const char *password, enum pk_role role,
        int64_t now_ms, struct pk_arena *arena, const char **url,
        char recovery[PK_RECOVERY_MAX][PK_RECOVERY_TEXT], struct pk_error *err)
{
    struct setting s = { 0 };
    char hash[PK_PASSWORD_HASH];
    struct pk_totp totp;
    const char *text;
    int rc = pk_password_hash(password, hash, err);

    if (rc == PK_OK) {
        rc = pk_store_begin(store, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_totp_make(&totp, recovery);
    rc = find_or_make(store, name, role, now_ms, arena, &s, err);
    if (rc == PK_OK) {
        rc = pk_totp_encode(&totp, arena, &text);
    }
    if (rc == PK_OK) {
        rc = pk_seal(key, s.person.id, text, arena, &s.person.totp, err);
    }
    s.person.password = hash;
    s.person.totp_step = 0;
    s.person.disabled_ms = 0;
    if (rc == PK_OK) {
        rc = s.fresh ? pk_person_add(store, &s.person, err) : pk_person_put(store, &s.person, err);
    }
    if (rc == PK_OK) {
        rc = write_down(store, &s.person, now_ms, err);
    }
    *url = rc == PK_OK ? pk_totp_url(&totp, server, name, arena) : NULL;
    if (rc == PK_OK && *url == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        return pk_store_commit(store, err);
    }
    pk_store_rollback(store);
    return rc;
}
