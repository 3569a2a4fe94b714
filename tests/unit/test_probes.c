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

static void test_tls_pin(void **state)
{
    struct pk_probe_env env = env_of(3000);
    struct pk_tls_target own = { .host = "canary.test", .port = world.tls_port,
        .own_ca = world.foreign_roots };
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

static void test_portal_http(void **state)
{
    static const struct {
        const char *answer;
        int portal; /* index into pk_portal_state_names */
        int64_t status;
        const char *host;
    } rows[] = {
        { "HTTP/1.1 204 No Content\r\n\r\n", 1, 204, NULL },
        { "HTTP/1.1 302 Found\r\nLocation: http://portal.test/login\r\n\r\n", 2, 302,
                "portal.test" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 2, 200, "canary.test" },
        { "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n", 2, 511,
                "canary.test" },
        { "HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n", 0, 503, NULL },
        { "nonsense\r\n\r\n", 0, 0, NULL },
        { "", 0, 0, NULL },
    };
    char url[80];

    (void)state;
    atomic_store(&world.dns_mode, DNS_HONEST);
    (void)snprintf(url, sizeof(url), "http://canary.test:%u/generate_204", world.http_port);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_probe_env env = env_of(2000);
        struct pk_portal_result *result;

        atomic_store(&world.http_answer, rows[i].answer);
        result = pk_probe_portal(&env, NULL, url);
        assert_non_null(result);
        assert_int_equal(result->obs.state, rows[i].portal);
        assert_int_equal(result->obs.status, rows[i].status);
        if (rows[i].host != NULL) {
            assert_string_equal(result->obs.host, rows[i].host);
        } else {
            assert_null(result->obs.host);
        }
        pk_arena_destroy(env.arena);
    }
}

static void check_api(const char *answer, enum tls_mode mode, int via, int portal, int64_t again)
{
    struct pk_probe_env env = env_of(2000);
    struct pk_portal_result *result;
    char url[80];
    char api[80];

    (void)snprintf(url, sizeof(url), "http://canary.test:%u/generate_204", world.http_port);
    (void)snprintf(api, sizeof(api), "https://canary.test:%u/api", world.tls_port);
    atomic_store(&world.tls_mode, mode);
    atomic_store(&world.tls_answer, answer);
    atomic_store(&world.http_answer, "HTTP/1.1 204 No Content\r\n\r\n");
    result = pk_probe_portal(&env, api, url);
    assert_int_equal(result->obs.via, via);
    assert_int_equal(result->obs.state, portal);
    assert_int_equal(result->again_ms, again);
    pk_arena_destroy(env.arena);
}

#define API_HEAD \
    "HTTP/1.1 200 OK\r\nContent-Type: application/captive+json\r\nConnection: close\r\n\r\n"

static void test_portal_api(void **state)
{
    (void)state;
    check_api(API_HEAD "{\"captive\":true,\"user-portal-url\":\"https://p.test/x\"}", TLS_GOOD, 1,
            2, 0);
    check_api(API_HEAD "{\"captive\":false,\"seconds-remaining\":60}", TLS_GOOD, 1, 1, 60000);
    /* What is no answer of an API, or comes from a stranger, leaves the plain probe to decide. */
    check_api(API_HEAD "{\"captive\":true}", TLS_FOREIGN, 2, 1, 0);
    check_api(API_HEAD "{\"captive\":\"yes\"}", TLS_GOOD, 2, 1, 0);
    check_api(API_HEAD "[]", TLS_GOOD, 2, 1, 0);
    check_api("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{\"captive\":true}", TLS_GOOD, 2,
            1, 0);
    check_api("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", TLS_GOOD, 2, 1, 0);
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
        cmocka_unit_test(test_tls_pin),
        cmocka_unit_test(test_tls_unreachable),
        cmocka_unit_test(test_tls_stalls),
        cmocka_unit_test(test_portal_http),
        cmocka_unit_test(test_portal_api),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
