/* Links and sessions of the employee's page: whom they are good for, how often, and until when. */
#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "server/auth.h"
#include "server/me.h"
#include "store/store.h"

#define ANNA "11111111-1111-4111-8111-111111111111"
#define BEN  "22222222-2222-4222-8222-222222222222"

struct fixture {
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_server server; /* only its address is asked for here */
};

static void add_device(struct fixture *f, const char *id)
{
    const struct pk_device device = { .id = id,
        .name = "phone",
        .group = "default",
        .model = "",
        .os_name = "",
        .os_version = "",
        .kernel = "",
        .agent = "",
        .cert_serial = "01",
        .enrolled_ms = 1,
        .language = "" };

    assert_int_equal(pk_device_add(f->store, &device, NULL), PK_OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->arena = pk_arena_create(1 << 20);
    f->server.url = "https://picket.example:8443";
    assert_int_equal(pk_store_open("sqlite::memory:", &f->store, NULL), PK_OK);
    add_device(f, ANNA);
    add_device(f, BEN);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    pk_store_close(f->store);
    pk_arena_destroy(f->arena);
    free(f);
    return 0;
}

/* The hash of the secret in a link. */
static void secret_of(const char *url, char hash[PK_SHA256_HEX])
{
    char secret[PK_SECRET_HEX];

    assert_non_null(url);
    (void)snprintf(secret, sizeof(secret), "%s", strchr(url, '#') + 1);
    assert_int_equal(strspn(secret, "0123456789abcdef"), PK_SECRET_HEX - 1);
    pk_auth_hash(secret, hash);
}

static int take(struct fixture *f, int kind, const char *hash, int64_t now_ms, struct pk_token *out)
{
    return pk_token_take(f->store, kind, hash, now_ms, f->arena, out, NULL);
}

static void test_link(void **state)
{
    struct fixture *f = *state;
    struct pk_me_link link = { .device = ANNA };
    struct pk_token token = { 0 };
    char hash[PK_SHA256_HEX];
    int64_t now_ms = pk_clock_ms();

    assert_int_equal(pk_me_link_make(&f->server, f->store, &link, f->arena, NULL), PK_OK);
    assert_int_equal(strncmp(link.url, "https://picket.example:8443/me#", 31), 0);
    assert_true(link.expires_ms >= now_ms + PK_ME_LINK_MS);
    assert_true(link.expires_ms <= pk_clock_ms() + PK_ME_LINK_MS);
    secret_of(link.url, hash);
    /* It is no session, no sign-in link, no API token. */
    for (int kind = PK_TOKEN_API; kind <= PK_TOKEN_PAGE; kind++) {
        if (kind != PK_TOKEN_PAGE_LINK) {
            assert_int_equal(
                    pk_token_use(f->store, kind, hash, now_ms, f->arena, &token, NULL), PK_ENOENT);
        }
    }
    assert_int_equal(take(f, PK_TOKEN_PAGE_LINK, hash, link.expires_ms, &token), PK_ENOENT);
    assert_int_equal(take(f, PK_TOKEN_PAGE_LINK, hash, link.expires_ms - 1, &token), PK_OK);
    assert_string_equal(token.device, ANNA);
    assert_int_equal(token.role, PK_ROLE_NONE);
    assert_int_equal(take(f, PK_TOKEN_PAGE_LINK, hash, now_ms, &token), PK_ENOENT); /* once */
}

static void test_link_of_somebody(void **state)
{
    struct fixture *f = *state;
    struct pk_me_link link = { .device = BEN, .by = "anna", .item = "inc-1" };
    struct pk_token token = { 0 };
    char hash[PK_SHA256_HEX];

    assert_int_equal(pk_me_link_make(&f->server, f->store, &link, f->arena, NULL), PK_OK);
    assert_string_equal(strchr(link.url, '&'), "&item=inc-1");
    secret_of(link.url, hash);
    assert_int_equal(take(f, PK_TOKEN_PAGE_LINK, hash, pk_clock_ms(), &token), PK_OK);
    assert_string_equal(token.name, "anna");
    assert_int_not_equal(
            token.role, PK_ROLE_NONE); /* so it opens a page that is not the person's own */
}

static void test_no_link(void **state)
{
    struct fixture *f = *state;
    struct pk_me_link link = { .device = "33333333-3333-4333-8333-333333333333" };
    struct pk_error err = { 0 };

    assert_int_equal(pk_me_link_make(&f->server, f->store, &link, f->arena, &err), PK_ENOENT);
    assert_null(link.url);
    assert_int_equal(pk_device_revoke(f->store, ANNA, 5, "boss", "lost", NULL), PK_OK);
    link.device = ANNA;
    assert_int_equal(pk_me_link_make(&f->server, f->store, &link, f->arena, &err), PK_EEXIST);
    assert_null(link.url);
}

static void test_all_of_a_device(void **state)
{
    struct fixture *f = *state;
    struct pk_me_link links[] = { { .device = ANNA }, { .device = ANNA }, { .device = BEN } };
    struct pk_token token = { 0 };
    char hash[PK_SHA256_HEX];

    for (size_t i = 0; i < PK_COUNT(links); i++) {
        assert_int_equal(pk_me_link_make(&f->server, f->store, &links[i], f->arena, NULL), PK_OK);
    }
    assert_int_equal(pk_token_remove_of(f->store, ANNA, NULL), PK_OK);
    assert_int_equal(pk_token_remove_of(f->store, ANNA, NULL), PK_OK); /* none is fine */
    for (size_t i = 0; i < PK_COUNT(links); i++) {
        secret_of(links[i].url, hash);
        assert_int_equal(take(f, PK_TOKEN_PAGE_LINK, hash, pk_clock_ms(), &token),
                i < 2 ? PK_ENOENT : PK_OK);
    }
}

static void test_cookie(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(pk_me_cookie(f->arena, "ab"),
            "__Host-picket_me=ab; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict");
    assert_string_equal(pk_me_cookie(f->arena, NULL),
            "__Host-picket_me=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

static void test_language(void **state)
{
    struct fixture *f = *state;
    struct pk_device device;

    assert_int_equal(pk_device_put_language(f->store, ANNA, "it", NULL), PK_OK);
    assert_int_equal(pk_device_get(f->store, ANNA, f->arena, &device, NULL), PK_OK);
    assert_string_equal(device.language, "it");
    assert_int_equal(pk_device_get(f->store, BEN, f->arena, &device, NULL), PK_OK);
    assert_string_equal(device.language, "");
    assert_int_equal(pk_device_put_language(f->store, "nobody", "it", NULL), PK_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link_of_somebody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_of_a_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cookie, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_language, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
