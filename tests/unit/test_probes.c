/* The probes against real servers on the loopback: a resolver that tells the truth, lies or is
 * silent; hosts with good and bad certificates; a portal with and without its API. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/probe_dns.h"
#include "agent/probe_portal.h"
#include "agent/probe_tls.h"
#include "base/arena.h"
#include "check.h"
#include "probe_servers.h"

static struct probe_world world;

static struct pk_probe_env env_of(int64_t ms)
{
    struct pk_probe_env env = { .server_count = 1,
        .roots = { .file = world.roots },
        .deadline = pk_deadline_in(ms, -1),
        .arena = pk_arena_create(1 << 20) };

    env.servers[0] = world.dns_address;
    return env;
}

/* --- DNS ---------------------------------------------------------------------------------- */

static struct pk_dns_probe probe_of(const char *domain, const struct pk_address *trusted)
{
    struct pk_dns_probe probe = { .server = world.dns_address, .domain = domain };

    if (trusted != NULL) {
        probe.trusted = (struct pk_dns_trusted){ .address = *trusted,
            .name = "canary.test",
            .roots = { .file = world.roots },
            .dot_port = world.closed_port,
            .doh_port = world.closed_port };
    }
    return probe;
}

static void test_dns_honest(void **state)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_dns_probe probe = probe_of("example.test", &world.dns_address);
    struct pk_obs_dns *obs;

    (void)state;
    atomic_store(&world.dns_mode, DNS_HONEST);
    obs = pk_probe_dns(&env, &probe);
    assert_non_null(obs);
    assert_int_equal(obs->nx_probes, 4);
    assert_int_equal(obs->nx_answered, 0);
    assert_int_equal(obs->timeouts, 0);
    assert_int_equal(obs->trusted_nx, PK_TRI_UNKNOWN); /* it was not asked */
    assert_false(probe.odd);
    pk_arena_destroy(env.arena);
}

static void test_dns_liar(void **state)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_dns_probe probe = probe_of(NULL, &world.trusted_address);
    struct pk_obs_dns *obs;

    (void)state;
    atomic_store(&world.dns_mode, DNS_LIAR);
    obs = pk_probe_dns(&env, &probe);
    assert_int_equal(obs->nx_probes, 3);
    assert_int_equal(obs->nx_answered, 3);
    assert_int_equal(obs->nx_addresses.count, 1);
    assert_string_equal(obs->nx_addresses.items[0], "192.0.2.66");
    assert_int_equal(obs->trusted_nx, PK_TRI_YES);
    assert_int_equal(obs->trusted_via, PK_DNS_VIA_UDP); /* nothing better is there */
    assert_true(probe.odd);
    pk_arena_destroy(env.arena);
    /* The word of the trusted resolver on this invention is remembered for a while. */
    env = env_of(2000);
    probe.trusted.address = world.dns_address;
    obs = pk_probe_dns(&env, &probe);
    assert_int_equal(obs->trusted_nx, PK_TRI_YES);
    pk_arena_destroy(env.arena);
    env = env_of(2000);
    probe = probe_of(NULL, &world.dns_address);
    obs = pk_probe_dns(&env, &probe);
    assert_int_equal(obs->trusted_nx, PK_TRI_NO); /* the second opinion agrees with the first */
    pk_arena_destroy(env.arena);
}

static void test_dns_silent(void **state)
{
    struct pk_probe_env env = env_of(150);
    struct pk_dns_probe probe = probe_of(NULL, NULL);
    struct pk_obs_dns *obs;

    (void)state;
    atomic_store(&world.dns_mode, DNS_SILENT);
    obs = pk_probe_dns(&env, &probe);
    assert_int_equal(obs->timeouts, 3);
    assert_int_equal(obs->nx_answered, 0);
    assert_false(probe.odd);
    pk_arena_destroy(env.arena);
}

/* Answers with a wrong id come first, as from somebody who guesses; then the true one. */
static void test_dns_guesser(void **state)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_dns_probe probe = probe_of(NULL, NULL);
    struct pk_obs_dns *obs;

    (void)state;
    atomic_store(&world.dns_mode, DNS_GUESSER);
    obs = pk_probe_dns(&env, &probe);
    assert_int_equal(obs->nx_answered, 0);
    assert_int_equal(obs->timeouts, 0);
    pk_arena_destroy(env.arena);
}

static void test_resolve(void **state)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_address address;
    char text[PK_ADDRESS_TEXT];

    (void)state;
    atomic_store(&world.dns_mode, DNS_HONEST);
    assert_int_equal(
            pk_dns_resolve(env.servers, 1, "canary.test", 443, &env.deadline, &address), PK_OK);
    assert_string_equal(pk_address_text(&address, text), "127.0.0.1");
    assert_int_equal(address.port, 443);
    assert_int_equal(
            pk_dns_resolve(env.servers, 1, "2001:db8::1", 1, &env.deadline, &address), PK_OK);
    assert_int_equal(address.family, AF_INET6);
    assert_int_equal(pk_dns_resolve(env.servers, 1, "localhost", 1, &env.deadline, &address),
            PK_OK); /* never a question for the network: RFC 6761 */
    assert_string_equal(pk_address_text(&address, text), "127.0.0.1");
    assert_int_equal(
            pk_dns_resolve(env.servers, 1, "missing.test", 1, &env.deadline, &address), PK_ENOENT);
    assert_int_equal(
            pk_dns_resolve(env.servers, 0, "canary.test", 1, &env.deadline, &address), PK_ENOENT);
    pk_arena_destroy(env.arena);
}

/* --- TLS ---------------------------------------------------------------------------------- */

static void test_tls_outcomes(void **state)
{
    static const struct {
        const char *host;
        enum tls_mode mode;
        int outcome;
    } rows[] = {
        { "canary.test", TLS_GOOD, PK_TLS_OK },
        { "other.test", TLS_GOOD, PK_TLS_WRONG_NAME },
        { "canary.test", TLS_FOREIGN, PK_TLS_UNTRUSTED },
        { "canary.test", TLS_SELF, PK_TLS_UNTRUSTED },
        { "canary.test", TLS_EXPIRED, PK_TLS_EXPIRED },
        { "canary.test", TLS_FOREIGN_EXPIRED, PK_TLS_UNTRUSTED },
        { "canary.test", TLS_OTHER, PK_TLS_OK },
        { "canary.test", TLS_LOOKALIKE, PK_TLS_UNTRUSTED },
        { "canary.test", TLS_LEAF_AS_CA, PK_TLS_UNTRUSTED },
        { "canary.test", TLS_NONSENSE, PK_TLS_FAILED },
        { "canary.test", TLS_CLOSES, PK_TLS_FAILED },
    };

    (void)state;
    atomic_store(&world.dns_mode, DNS_HONEST);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_probe_env env = env_of(3000);
        struct pk_tls_target target = { .host = rows[i].host, .port = world.tls_port };
        struct pk_obs_tls *obs;

        atomic_store(&world.tls_mode, rows[i].mode);
        obs = &pk_probe_tls(&env, &target)->obs;
        assert_int_equal(obs->outcome, rows[i].outcome);
        assert_string_equal(obs->address, "127.0.0.1");
        if (rows[i].outcome == PK_TLS_OK) {
            const struct pk_certificate *chain = obs->chain.items;

            assert_null(obs->error);
            assert_string_equal(obs->version, "TLSv1.3");
            assert_int_equal(obs->chain.count, 2); /* up to the root */
            assert_string_equal(chain[0].subject, "CN=canary.test");
            assert_int_equal(strlen(chain[0].sha256), 64);
            assert_int_equal(strlen(chain[0].spki_sha256), 64);
            assert_string_equal(obs->root_sha256, chain[1].sha256);
        } else {
            assert_non_null(obs->error);
        }
        if (rows[i].outcome == PK_TLS_UNTRUSTED) {
            const struct pk_certificate *chain = obs->chain.items;

            assert_true(obs->chain.count >= 1);
            assert_non_null(strstr(chain[0].pem, "BEGIN CERTIFICATE"));
        }
        pk_arena_destroy(env.arena);
    }
}

/* What was agreed on, and whether it could have been better. */
static void test_tls_strength(void **state)
{
    static const struct {
        enum tls_mode mode;
        const char *before;
        const char *version;
        enum pk_tri weak, fallback;
    } rows[] = {
        { TLS_GOOD, NULL, "TLSv1.3", PK_TRI_NO, PK_TRI_NO },
        { TLS_GOOD, "TLSv1.3", "TLSv1.3", PK_TRI_NO, PK_TRI_NO },
        { TLS_OLD, NULL, "TLSv1", PK_TRI_YES, PK_TRI_NO },
        { TLS_RSA, "TLSv1.3", "TLSv1.2", PK_TRI_YES, PK_TRI_NO },
        { TLS_RSA, "TLSv1.2", "TLSv1.2", PK_TRI_NO, PK_TRI_NO }, /* it never had better */
        { TLS_NO13, "TLSv1.3", "TLSv1.2", PK_TRI_NO, PK_TRI_YES },
        { TLS_NO13, "TLSv1.2", NULL, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, /* nothing to fall from */
        { TLS_NO13, NULL, NULL, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN },
        { TLS_STALLS13, "TLSv1.3", "TLSv1.2", PK_TRI_NO, PK_TRI_YES },
        { TLS_CLOSES, "TLSv1.3", NULL, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_probe_env env = env_of(1000);
        struct pk_tls_target target = { .host = "canary.test",
            .port = world.tls_port,
            .version_before = rows[i].before,
            .own = true };
        struct pk_obs_tls *obs;

        atomic_store(&world.tls_mode, rows[i].mode);
        obs = &pk_probe_tls(&env, &target)->obs;
        assert_int_equal(obs->weak, rows[i].weak);
        assert_int_equal(obs->fallback, rows[i].fallback);
        assert_true(obs->own);
        if (rows[i].version != NULL) {
            assert_int_equal(obs->outcome, PK_TLS_OK);
            assert_string_equal(obs->version, rows[i].version);
            assert_non_null(obs->cipher);
            assert_int_equal(obs->name_fits, PK_TRI_YES);
        } else {
            assert_int_equal(obs->outcome, PK_TLS_FAILED);
            assert_null(obs->version);
            assert_null(obs->cipher);
        }
        pk_arena_destroy(env.arena);
    }
}

/* Two visits in a row: the second one is as long as the first, nothing is resumed. */
static void test_tls_never_resumes(void **state)
{
    (void)state;
    atomic_store(&world.tls_mode, TLS_GOOD);
    for (size_t i = 0; i < 3; i++) {
        struct pk_probe_env env = env_of(1000);
        struct pk_tls_target target = { .host = "canary.test", .port = world.tls_port };

        assert_int_equal(pk_probe_tls(&env, &target)->obs.outcome, PK_TLS_OK);
        assert_int_equal(SSL_CTX_sess_hits(world.contexts[TLS_GOOD]), 0);
        pk_arena_destroy(env.arena);
    }
}

static void test_tls_holds_together(void **state)
{
    static const struct {
        enum tls_mode mode;
        bool holds;
    } rows[] = { { TLS_GOOD, false }, { TLS_FOREIGN, false }, { TLS_SELF, false },
        { TLS_WITH_FOREIGN, true }, { TLS_LOOKALIKE, true } };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_probe_env env = env_of(1000);
        struct pk_tls_target target = { .host = "canary.test", .port = world.tls_port };

        atomic_store(&world.tls_mode, rows[i].mode);
        assert_int_equal(pk_probe_tls(&env, &target)->holds_together, rows[i].holds);
        pk_arena_destroy(env.arena);
    }
}

static void test_tls_pin(void **state)
{
    struct pk_probe_env env = env_of(3000);
    struct pk_tls_target own = {
        .host = "canary.test", .port = world.tls_port, .own_ca = world.foreign_roots
    };
    struct pk_obs_tls *obs;

    (void)state;
    atomic_store(&world.tls_mode, TLS_GOOD);
    obs = &pk_probe_tls(&env, &own)->obs; /* the public root vouches, but only our own may */
    assert_int_equal(obs->outcome, PK_TLS_PIN);
    atomic_store(&world.tls_mode, TLS_FOREIGN);
    obs = &pk_probe_tls(&env, &own)->obs;
    assert_int_equal(obs->outcome, PK_TLS_OK);
    pk_arena_destroy(env.arena);
}

static void test_tls_unreachable(void **state)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_tls_target closed = { .host = "canary.test", .port = world.closed_port };
    struct pk_tls_target missing = { .host = "missing.test", .port = 443 };
    struct pk_obs_tls *obs;

    (void)state;
    obs = &pk_probe_tls(&env, &closed)->obs;
    assert_int_equal(obs->outcome, PK_TLS_UNREACHABLE);
    assert_int_equal(obs->chain.count, 0);
    obs = &pk_probe_tls(&env, &missing)->obs;
    assert_int_equal(obs->outcome, PK_TLS_UNREACHABLE);
    pk_arena_destroy(env.arena);
}

static void test_tls_stalls(void **state)
{
    struct pk_probe_env env = env_of(200);
    struct pk_tls_target target = { .host = "canary.test", .port = world.tls_port };

    (void)state;
    atomic_store(&world.tls_mode, TLS_STALLS);
    assert_int_equal(pk_probe_tls(&env, &target)->obs.outcome, PK_TLS_FAILED);
    assert_int_equal(pk_deadline_left_ms(&env.deadline), 0);
    pk_arena_destroy(env.arena);
}

/* --- portal ------------------------------------------------------------------------------- */

static struct pk_portal_result *ask_portal(const struct pk_probe_env *env, const char *api)
{
    const struct pk_portal_host host = { "canary.test", world.tls_port };
    struct pk_portal_result *result;
    char url[80];

    (void)snprintf(url, sizeof(url), "http://canary.test:%u/generate_204", world.http_port);
    result = pk_probe_portal(env,
            &(struct pk_portal_ask){
                    .api = api, .probe_url = url, .hosts = &host, .host_count = 1 });
    assert_non_null(result);
    return result;
}

/* state 0: unknown, 1: none, 2: captive; once with a check host that proves its name, once without. */
static void test_portal_http(void **state)
{
    static const struct {
        const char *answer;
        int with_proof, without;
        int64_t status;
        const char *host;
    } rows[] = {
        { "HTTP/1.1 204 No Content\r\n\r\n", 1, 1, 204, NULL },
        { "HTTP/1.1 302 Found\r\nLocation: http://portal.test/login\r\n\r\n", 1, 2, 302,
                "portal.test" },
        { "HTTP/1.1 302 Found\r\nLocation: https://canary.test/generate_204\r\n\r\n", 0, 0, 302,
                NULL },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1, 2, 200, "canary.test" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n<html><META HTTP-EQUIV=Refresh content=\"0;"
          "URL=http://p.test/login\">sign in</html>",
                1, 2, 200, "p.test" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 0, 200, NULL },
        { "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n", 1, 2, 511,
                "canary.test" },
        { "HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n", 0, 0, 503, NULL },
        { "nonsense\r\n\r\n", 0, 0, 0, NULL },
        { "", 0, 0, 0, NULL },
    };

    (void)state;
    atomic_store(&world.dns_mode, DNS_HONEST);
    for (size_t i = 0; i < 2 * PK_COUNT(rows); i++) {
        size_t row = i / 2;
        bool proof = i % 2 == 0;
        struct pk_probe_env env = env_of(2000);
        struct pk_portal_result *result;

        atomic_store(&world.http_answer, rows[row].answer);
        atomic_store(&world.tls_mode, proof ? TLS_GOOD : TLS_FOREIGN);
        result = ask_portal(&env, NULL);
        assert_int_equal(result->obs.state, proof ? rows[row].with_proof : rows[row].without);
        assert_int_equal(result->obs.status, rows[row].status);
        if (rows[row].host != NULL) {
            assert_string_equal(result->obs.host, rows[row].host);
        } else {
            assert_null(result->obs.host);
        }
        pk_arena_destroy(env.arena);
    }
}

/* Whoever replaces pages while proofs pass must not hide behind the word "captive". */
static void test_portal_conclude(void **state)
{
    static const struct {
        struct pk_portal_words words; /* api, page, https, other */
        int portal;
    } rows[] = {
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_EMPTY, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_NO, PK_PORTAL_PAGE_EMPTY, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 1 },
        /* An API alone cannot make a network captive that lets everything through. */
        { { PK_TRI_YES, PK_PORTAL_PAGE_EMPTY, PK_TRI_YES, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_YES, PK_PORTAL_PAGE_EMPTY, PK_TRI_NO, PK_TRI_UNKNOWN }, 2 },
        { { PK_TRI_YES, PK_PORTAL_PAGE_REPLACED, PK_TRI_YES, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_REPLACED, PK_TRI_YES, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_REPLACED, PK_TRI_NO, PK_TRI_UNKNOWN }, 2 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_REPLACED, PK_TRI_NO, PK_TRI_NO }, 2 },
        /* One page replaced and another not: nobody can tell. */
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_REPLACED, PK_TRI_NO, PK_TRI_YES }, 0 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_REPLACED, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 0 },
        { { PK_TRI_YES, PK_PORTAL_PAGE_REPLACED, PK_TRI_NO, PK_TRI_UNKNOWN }, 2 },
        { { PK_TRI_YES, PK_PORTAL_PAGE_SILENT, PK_TRI_NO, PK_TRI_UNKNOWN }, 2 },
        { { PK_TRI_YES, PK_PORTAL_PAGE_SILENT, PK_TRI_YES, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_NO, PK_PORTAL_PAGE_SILENT, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 1 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_SILENT, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 0 },
        { { PK_TRI_UNKNOWN, PK_PORTAL_PAGE_ODD, PK_TRI_UNKNOWN, PK_TRI_UNKNOWN }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_portal_conclude(&rows[i].words), rows[i].portal);
    }
}

static void check_api(const char *answer, enum tls_mode mode, const char *page, int via, int portal,
        int64_t again)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_portal_result *result;
    char api[80];

    (void)snprintf(api, sizeof(api), "https://canary.test:%u/api", world.tls_port);
    atomic_store(&world.tls_mode, mode);
    atomic_store(&world.tls_answer, answer);
    atomic_store(&world.http_answer, page);
    result = ask_portal(&env, api);
    assert_int_equal(result->obs.via, via);
    assert_int_equal(result->obs.state, portal);
    assert_int_equal(result->again_ms, again);
    pk_arena_destroy(env.arena);
}

#define API_HEAD \
    "HTTP/1.1 200 OK\r\nContent-Type: application/captive+json\r\nConnection: close\r\n\r\n"
#define EMPTY_PAGE "HTTP/1.1 204 No Content\r\n\r\n"

static void test_portal_api(void **state)
{
    struct pk_probe_env env = env_of(2000);

    (void)state;
    /* The same server is the check host here, and proves its name: then nothing holds the device. */
    check_api(API_HEAD "{\"captive\":true,\"user-portal-url\":\"https://p.test/x\"}", TLS_GOOD,
            EMPTY_PAGE, 1, 1, 0);
    check_api(API_HEAD "{\"captive\":false,\"seconds-remaining\":60}", TLS_GOOD, EMPTY_PAGE, 1, 1,
            60000);
    /* What is no answer of an API, or comes from a stranger, leaves the plain page to decide. */
    check_api(API_HEAD "{\"captive\":true}", TLS_FOREIGN, EMPTY_PAGE, 2, 1, 0);
    check_api(API_HEAD "{\"captive\":\"yes\"}", TLS_GOOD, EMPTY_PAGE, 2, 1, 0);
    check_api(API_HEAD "[]", TLS_GOOD, EMPTY_PAGE, 2, 1, 0);
    check_api("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{\"captive\":true}", TLS_GOOD,
            EMPTY_PAGE, 2, 1, 0);
    check_api("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", TLS_GOOD, EMPTY_PAGE, 2, 1, 0);
    /* An API must have a name and TLS. */
    atomic_store(&world.http_answer, API_HEAD "{\"captive\":false}");
    atomic_store(&world.tls_mode, TLS_FOREIGN);
    assert_int_equal(ask_portal(&env, "http://canary.test/api")->obs.via, 2);
    assert_int_equal(ask_portal(&env, "https://127.0.0.1/api")->obs.via, 2);
    pk_arena_destroy(env.arena);
}

static void test_portal_api_read(void **state)
{
    struct pk_arena *arena = pk_arena_create(4096);
    struct pk_portal_result out = { .again_ms = 0 };
    enum pk_tri captive = PK_TRI_UNKNOWN;

    (void)state;
    assert_true(pk_portal_api_read(
            pk_slice_str("{\"captive\":true,\"user-portal-url\":\"https://p.test/x\",\"new\":1}"),
            "https://api.test/", arena, &captive, &out));
    assert_int_equal(captive, PK_TRI_YES);
    assert_string_equal(out.obs.host, "p.test");
    assert_true(pk_portal_api_read(pk_slice_str("{\"captive\":false,\"seconds-remaining\":1e9}"),
            "https://api.test/", arena, &captive, &out));
    assert_int_equal(captive, PK_TRI_NO);
    assert_string_equal(out.obs.host, "api.test");
    assert_int_equal(out.again_ms, 0);
    assert_false(pk_portal_api_read(
            pk_slice_str("{\"captive\":1}"), "https://api.test/", arena, &captive, &out));
    assert_false(pk_portal_api_read(pk_slice_str(""), "https://api.test/", arena, &captive, &out));
    pk_arena_destroy(arena);
}

static int set_up(void **state)
{
    (void)state;
    return probe_world_start(&world);
}

static int tear_down(void **state)
{
    (void)state;
    probe_world_stop(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dns_honest),
        cmocka_unit_test(test_dns_liar),
        cmocka_unit_test(test_dns_silent),
        cmocka_unit_test(test_dns_guesser),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_tls_outcomes),
        cmocka_unit_test(test_tls_strength),
        cmocka_unit_test(test_tls_never_resumes),
        cmocka_unit_test(test_tls_holds_together),
        cmocka_unit_test(test_tls_pin),
        cmocka_unit_test(test_tls_unreachable),
        cmocka_unit_test(test_tls_stalls),
        cmocka_unit_test(test_portal_http),
        cmocka_unit_test(test_portal_conclude),
        cmocka_unit_test(test_portal_api),
        cmocka_unit_test(test_portal_api_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
