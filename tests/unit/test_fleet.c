/* The simulated fleet's own parsers, and that what it says follows the schema of reports. */
#include "base/clock.h"
#include "check.h"
#include "fleet/answer.h"
#include "fleet/facts.h"
#include "fleet/link.h"
#include "fleet/phone.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define PIN   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_links(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        int rc;
        int port;
    } rows[] = {
        { "https://localhost:8443/enroll#" TOKEN "." PIN, "localhost", PK_OK, 8443 },
        { "https://picket.example/enroll#" TOKEN "." PIN, "picket.example", PK_OK, 443 },
        { "https://[::1]:8443/enroll#" TOKEN "." PIN, "::1", PK_OK, 8443 },
        { "http://localhost:8443/enroll#" TOKEN "." PIN, NULL, PK_EMALF, 0 },
        { "https://localhost:8443/enroll#" TOKEN, NULL, PK_EMALF, 0 },
        { "https://localhost:8443/enroll#" TOKEN "." PIN "0", NULL, PK_EMALF, 0 },
        { "https://localhost:8443/other#" TOKEN "." PIN, NULL, PK_EMALF, 0 },
        { "https://:8443/enroll#" TOKEN "." PIN, NULL, PK_EMALF, 0 },
        { "https://localhost:0/enroll#" TOKEN "." PIN, NULL, PK_EMALF, 0 },
        { "https://localhost:99999/enroll#" TOKEN "." PIN, NULL, PK_EMALF, 0 },
        { "https://", NULL, PK_EMALF, 0 },
        { "", NULL, PK_EMALF, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_link link = { 0 };

        assert_int_equal(pk_link_parse(rows[i].text, &link, NULL), rows[i].rc);
        if (rows[i].rc == PK_OK) {
            assert_string_equal(link.host, rows[i].host);
            assert_int_equal(link.port, rows[i].port);
            assert_string_equal(link.token, TOKEN);
            assert_int_equal(link.pin[1], 0x11);
        }
    }
}

static void test_answers(void **state)
{
    static const char whole[] =
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello";
    static const char *const bad[] = { "HTTP/1.0 200 OK\r\n\r\n", "SMTP\r\n\r\n",
        "HTTP/1.1 99\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" };
    struct pk_http_answer answer;

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        uint8_t *heap = pk_test_dup(whole, len);

        assert_int_equal(pk_http_answer_parse(pk_slice_of(heap, len), &answer), PK_EAGAIN);
        free(heap);
    }
    assert_int_equal(pk_http_answer_parse(pk_slice_str(whole), &answer), PK_OK);
    assert_int_equal(answer.status, 200);
    assert_true(answer.close);
    assert_true(pk_slice_eq(answer.body, pk_slice_str("hello")));
    assert_int_equal(pk_http_answer_parse(pk_slice_str("HTTP/1.1 204 No\r\n\r\n"), &answer), PK_OK);
    assert_int_equal(answer.body.len, 0);
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_int_equal(pk_http_answer_parse(pk_slice_str(bad[i]), &answer), PK_EMALF);
    }
}

static void decodes(json_t *observation)
{
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    json_t *report = json_pack("{s:i, s:[o]}", "v", 1, "observations", observation);
    struct pk_report decoded;
    struct pk_error err = { 0 };

    assert_non_null(report);
    if (pk_report_decode(report, arena, &decoded, &err) != PK_OK) {
        fail_msg("%s: %s", err.path, err.text);
    }
    json_decref(report);
    pk_arena_destroy(arena);
}

static void test_facts(void **state)
{
    static const struct pk_fact_router router = { "10.0.0.1", "02:00:00:00:00:01", "10.0.0.53" };
    struct pk_fact fact = { .seq = 7, .at_ms = 1795395723456, .network = "net-0123456789abcdef" };
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_array chain;
    struct pk_phone phone;

    (void)state;
    assert_int_equal(pk_fact_forged_chain("check.example", "CA", fact.at_ms, arena, &chain), PK_OK);
    for (size_t i = 0; i < 300; i++) {
        pk_phone_make(42, i, fact.at_ms, &phone);
        assert_true(strlen(phone.name) > 4 && strlen(phone.name) <= 64);
        decodes(pk_fact_posture(&fact, &phone.posture));
    }
    decodes(pk_fact_started(&fact, "0.1.0"));
    decodes(pk_fact_joined(&fact, &router, 1, 5, "02:00:00:00:00:02", "u33db"));
    decodes(pk_fact_left(&fact, 1));
    decodes(pk_fact_gateway(&fact, &router, "02:66:66:66:66:66", true));
    decodes(pk_fact_gateway(&fact, &router, NULL, false));
    decodes(pk_fact_dns(&fact, &router, "198.51.100.66"));
    decodes(pk_fact_dns(&fact, &router, NULL));
    decodes(pk_fact_tls(&fact, "check.example", &chain));
    decodes(pk_fact_tls(&fact, "check.example", NULL));
    decodes(pk_fact_portal(&fact, true, "portal.example"));
    decodes(pk_fact_choice(&fact, "network.arp_spoof", 2, "17"));
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
