#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "server/auth.h"
#include "server/issue.h"
#include "store/store.h"

#define NOW INT64_C(1800000000000)

struct fixture {
    struct pk_store *store;
    struct pk_attempts *attempts;
    struct pk_arena *arena;
    const char *secret[PK_ROLE_PRIVACY + 1];  /* API token of each role */
    const char *session[PK_ROLE_PRIVACY + 1]; /* session of each role */
    const char *expired;
};

static const char *issue(struct fixture *f, int kind, int role, int64_t expires_ms)
{
    struct pk_token token = {
        .kind = kind,
        .name = "anna",
        .role = role,
        .created_ms = NOW - PK_HOUR_MS,
        .expires_ms = expires_ms,
    };
    const char *secret;

    assert_int_equal(pk_issue_token(f->store, &token, f->arena, &secret, NULL), PK_OK);
    assert_int_equal(strlen(secret), 64);
    assert_int_equal(strlen(token.secret_sha256), 64);
    assert_string_not_equal(secret, token.secret_sha256);
    return secret;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->arena = pk_arena_create(1 << 20);
    f->attempts = pk_attempts_create();
    assert_int_equal(pk_store_open("sqlite::memory:", &f->store, NULL), PK_OK);
    for (int role = PK_ROLE_VIEWER; role <= PK_ROLE_PRIVACY; role++) {
        f->secret[role] = issue(f, PK_TOKEN_API, role, 0);
        f->session[role] = issue(f, PK_TOKEN_SESSION, role, NOW + PK_SESSION_MS);
    }
    f->expired = issue(f, PK_TOKEN_API, PK_ROLE_OWNER, NOW - 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    pk_store_close(f->store);
    pk_attempts_destroy(f->attempts);
    pk_arena_destroy(f->arena);
    free(f);
    return 0;
}

static enum pk_auth_result check(struct fixture *f, const struct pk_credentials *credentials,
        enum pk_right wanted, struct pk_actor *actor)
{
    struct pk_error err;

    return pk_auth_check(f->store, f->attempts, credentials, wanted, NOW, f->arena, actor, &err);
}

static const char *bearer(struct fixture *f, const char *secret)
{
    return pk_arena_printf(f->arena, "Bearer %s", secret);
}

static void test_header(void **state)
{
    static const struct {
        const char *header;
        const char *token;
    } rows[] = {
        { "Bearer abc", "abc" },
        { "bearer abc", "abc" },
        { "BEARER   a-b._~+/=9", "a-b._~+/=9" },
        { "Bearer", NULL },
        { "Bearer ", NULL },
        { "Bearerabc", NULL },
        { "Bearer a b", NULL },
        { "Bearer a\tb", NULL },
        { "Bearer \"a\"", NULL },
        { "Basic abc", NULL },
        { "", NULL },
    };
    char longest[7 + 129 + 1] = "Bearer ";

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const char *token = pk_auth_bearer(rows[i].header);

        if (rows[i].token == NULL) {
            assert_null(token);
        } else {
            assert_string_equal(token, rows[i].token);
        }
    }
    memset(longest + 7, 'x', 129);
    assert_null(pk_auth_bearer(longest));
    longest[7 + 128] = '\0';
    assert_non_null(pk_auth_bearer(longest));
}

/* Nobody gives more than they have. */
static void test_within(void **state)
{
    static const enum pk_role all[] = { PK_ROLE_VIEWER, PK_ROLE_RESPONDER, PK_ROLE_POLICY,
        PK_ROLE_PRIVACY, PK_ROLE_OWNER };
    char one[PK_SCOPE_TEXT];
    char two[PK_SCOPE_TEXT];
    char none[PK_SCOPE_TEXT];
    struct pk_strings groups = { (const char *[]){ "store", "sales", "a store" }, 1 };
    struct pk_error err;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(all); i++) {
        assert_true(pk_role_within(all[i], PK_ROLE_OWNER));
        assert_true(pk_role_within(PK_ROLE_VIEWER, all[i]));
        assert_int_equal(pk_role_within(PK_ROLE_OWNER, all[i]), all[i] == PK_ROLE_OWNER);
    }
    assert_false(pk_role_within(PK_ROLE_PRIVACY, PK_ROLE_POLICY));
    assert_false(pk_role_within(PK_ROLE_POLICY, PK_ROLE_PRIVACY));
    assert_int_equal(pk_scope_text(&groups, one, &err), PK_OK);
    groups.count = 2;
    assert_int_equal(pk_scope_text(&groups, two, &err), PK_OK);
    groups.count = 0;
    assert_int_equal(pk_scope_text(&groups, none, &err), PK_OK);
    assert_true(pk_scope_has(none, "anything"));
    assert_true(pk_scope_has(one, "store"));
    assert_false(pk_scope_has(one, "sales"));
    assert_false(pk_scope_has(one, "a store"));
    assert_false(pk_scope_has(one, "stor"));
    assert_false(pk_scope_has(one, ""));
    assert_true(
            pk_scope_within(one, two) && pk_scope_within(one, none) && pk_scope_within(none, none));
    assert_false(pk_scope_within(two, one) || pk_scope_within(none, one));
    groups = (struct pk_strings){ (const char *[]){ "a\nb" }, 1 };
    assert_int_equal(pk_scope_text(&groups, one, &err), PK_EINVAL);
    groups = (struct pk_strings){ (const char *[]){ "" }, 1 };
    assert_int_equal(pk_scope_text(&groups, one, &err), PK_EINVAL);
}

/* Every role against every right, by bearer and by session. */
static void test_roles(void **state)
{
    struct fixture *f = *state;

    for (int has = PK_ROLE_VIEWER; has <= PK_ROLE_PRIVACY; has++) {
        for (int wanted = PK_RIGHT_VIEW; wanted <= PK_RIGHT_OWN; wanted++) {
            static const char *const rights[] = { [PK_ROLE_VIEWER] = "v",
                [PK_ROLE_RESPONDER] = "vr",
                [PK_ROLE_OWNER] = "vrpyo",
                [PK_ROLE_POLICY] = "vrp",
                [PK_ROLE_PRIVACY] = "vy" };
            static const char letters[] = { [PK_RIGHT_VIEW] = 'v',
                [PK_RIGHT_RESPOND] = 'r',
                [PK_RIGHT_POLICY] = 'p',
                [PK_RIGHT_PRIVACY] = 'y',
                [PK_RIGHT_OWN] = 'o' };
            enum pk_auth_result right = strchr(rights[has], letters[wanted]) != NULL ? PK_AUTH_OK
                                                                                     : PK_AUTH_ROLE;
            struct pk_credentials by_token = {
                .authorization = bearer(f, f->secret[has]),
                .address = "192.0.2.1",
                .changes = true,
            };
            struct pk_credentials by_cookie = {
                .session = f->session[has],
                .address = "192.0.2.1",
            };
            struct pk_actor actor = { 0 };

            assert_int_equal(check(f, &by_token, (enum pk_right)wanted, &actor), right);
            assert_int_equal(actor.how, PK_HOW_BEARER);
            assert_int_equal(actor.role, has);
            assert_string_equal(pk_actor_text(&actor, f->arena), "token anna");
            assert_int_equal(check(f, &by_cookie, (enum pk_right)wanted, &actor), right);
            assert_int_equal(actor.how, PK_HOW_SESSION);
            assert_string_equal(pk_actor_text(&actor, f->arena), "anna");
        }
    }
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    const struct {
        struct pk_credentials credentials;
        enum pk_auth_result result;
    } rows[] = {
        { { .address = "a" }, PK_AUTH_NONE },
        { { .address = "b", .authorization = "Bearer 1234" }, PK_AUTH_WRONG },
        { { .address = "c", .authorization = "Basic 1234" }, PK_AUTH_WRONG },
        { { .address = "d", .authorization = bearer(f, f->expired) }, PK_AUTH_WRONG },
        /* The kinds of secrets do not stand in for each other. */
        { { .address = "e", .authorization = bearer(f, f->session[3]) }, PK_AUTH_WRONG },
        { { .address = "f", .session = f->secret[3] }, PK_AUTH_WRONG },
        { { .address = "g", .session = "" }, PK_AUTH_WRONG },
        { { .address = "h", .session = "no token" }, PK_AUTH_WRONG },
        /* A wrong header is not made good by a right cookie. */
        { { .address = "i", .authorization = "Bearer 1", .session = f->session[3] },
                PK_AUTH_WRONG },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_actor actor = { .name = "untouched" };

        assert_int_equal(check(f, &rows[i].credentials, PK_RIGHT_VIEW, &actor), rows[i].result);
        assert_string_equal(actor.name, "untouched");
    }
}

static void test_open_to_all(void **state)
{
    struct fixture *f = *state;
    struct pk_credentials nothing = { .address = "a", .changes = true };
    struct pk_actor actor;

    assert_int_equal(check(f, &nothing, PK_RIGHT_NONE, &actor), PK_AUTH_OK);
    assert_int_equal(actor.how, PK_HOW_NOBODY);
    assert_int_equal(actor.role, PK_ROLE_NONE);
}

static void test_csrf(void **state)
{
    struct fixture *f = *state;
    struct pk_credentials cookie = {
        .session = f->session[PK_ROLE_OWNER],
        .address = "a",
        .changes = true,
    };
    struct pk_actor actor;

    assert_int_equal(check(f, &cookie, PK_RIGHT_OWN, &actor), PK_AUTH_CSRF);
    cookie.marker = "0";
    assert_int_equal(check(f, &cookie, PK_RIGHT_OWN, &actor), PK_AUTH_CSRF);
    cookie.marker = "1";
    assert_int_equal(check(f, &cookie, PK_RIGHT_OWN, &actor), PK_AUTH_OK);
    cookie.marker = NULL;
    cookie.changes = false;
    assert_int_equal(check(f, &cookie, PK_RIGHT_OWN, &actor), PK_AUTH_OK);
}

static void test_limited(void **state)
{
    struct fixture *f = *state;
    struct pk_credentials wrong = { .authorization = "Bearer 1234", .address = "192.0.2.7" };
    struct pk_credentials right = {
        .authorization = bearer(f, f->secret[PK_ROLE_VIEWER]),
        .address = "192.0.2.7",
    };
    struct pk_credentials cookie = {
        .session = f->session[PK_ROLE_VIEWER],
        .address = "192.0.2.7",
    };
    struct pk_actor actor;

    for (int i = 0; i < PK_ATTEMPTS_MAX; i++) {
        assert_int_equal(check(f, &wrong, PK_RIGHT_VIEW, &actor), PK_AUTH_WRONG);
    }
    assert_int_equal(check(f, &wrong, PK_RIGHT_VIEW, &actor), PK_AUTH_LIMITED);
    /* Also a right guess; people with sessions and other addresses go on. */
    assert_int_equal(check(f, &right, PK_RIGHT_VIEW, &actor), PK_AUTH_LIMITED);
    assert_int_equal(check(f, &cookie, PK_RIGHT_VIEW, &actor), PK_AUTH_OK);
    right.address = "192.0.2.8";
    assert_int_equal(check(f, &right, PK_RIGHT_VIEW, &actor), PK_AUTH_OK);
    /* A minute later all is well again. */
    assert_true(pk_attempts_allowed(f->attempts, PK_TOKEN_API, "192.0.2.7", NOW + PK_MINUTE_MS));
    /* A clock that was set back does not lock out for ever. */
    assert_true(pk_attempts_allowed(f->attempts, PK_TOKEN_API, "192.0.2.7", NOW - PK_DAY_MS));
}

static void test_cookie(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(pk_auth_cookie(f->arena, "abc"),
            "__Host-picket=abc; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict");
    assert_string_equal(pk_auth_cookie(f->arena, NULL),
            "__Host-picket=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

static void test_enrollment_secret(void **state)
{
    struct fixture *f = *state;
    struct pk_enrollment made = {
        .label = "",
        .group = "default",
        .uses = 1,
        .created_ms = NOW,
        .expires_ms = NOW + 1000,
        .created_by = "anna",
    };
    struct pk_enrollment taken;
    char hash[PK_SHA256_HEX];
    const char *secret;

    assert_int_equal(pk_issue_enrollment(f->store, &made, f->arena, &secret, NULL), PK_OK);
    assert_int_equal(strlen(secret), 32);
    assert_int_equal(made.uses_left, 1);
    pk_auth_hash(secret, hash);
    assert_int_equal(pk_enrollment_take(f->store, hash, NOW, f->arena, &taken, NULL), PK_OK);
    assert_string_equal(taken.id, made.id);
    assert_int_equal(pk_enrollment_take(f->store, hash, NOW, f->arena, &taken, NULL), PK_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_within),
        cmocka_unit_test_setup_teardown(test_roles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_to_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_csrf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cookie, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enrollment_secret, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
