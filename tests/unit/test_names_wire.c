/* The small codecs behind the checks of name servers: kinds of addresses (RFC 6890), IPv6 addresses made
 * of IPv4 ones (RFC 6052), and the part of HTTP/2 (RFC 9113) that carries questions. */
#include "check.h"
#include "wire/address_kind.h"
#include "wire/dns.h"
#include "wire/http2.h"

static struct pk_address address(const char *text)
{
    struct pk_address out;

    assert_int_equal(pk_address_parse(text, 0, &out), PK_OK);
    return out;
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum pk_address_kind kind;
    } rows[] = {
        { "192.0.2.1", PK_ADDRESS_PUBLIC },
        { "9.255.255.255", PK_ADDRESS_PUBLIC },
        { "10.0.0.0", PK_ADDRESS_PRIVATE },
        { "172.15.255.255", PK_ADDRESS_PUBLIC },
        { "172.16.0.1", PK_ADDRESS_PRIVATE },
        { "172.31.255.255", PK_ADDRESS_PRIVATE },
        { "172.32.0.1", PK_ADDRESS_PUBLIC },
        { "192.168.255.1", PK_ADDRESS_PRIVATE },
        { "100.64.0.1", PK_ADDRESS_PRIVATE },
        { "100.128.0.1", PK_ADDRESS_PUBLIC },
        { "169.254.1.1", PK_ADDRESS_PRIVATE },
        { "0.0.0.0", PK_ADDRESS_NOWHERE },
        { "127.0.0.53", PK_ADDRESS_NOWHERE },
        { "224.0.0.1", PK_ADDRESS_NOWHERE },
        { "255.255.255.255", PK_ADDRESS_NOWHERE },
        { "::", PK_ADDRESS_NOWHERE },
        { "::1", PK_ADDRESS_NOWHERE },
        { "ff02::1", PK_ADDRESS_NOWHERE },
        { "fe80::1", PK_ADDRESS_PRIVATE },
        { "fd00::1", PK_ADDRESS_PRIVATE },
        { "2001:db8::1", PK_ADDRESS_PUBLIC },
        { "64:ff9b::1", PK_ADDRESS_PUBLIC },
        { "::ffff:10.0.0.1", PK_ADDRESS_PRIVATE },
        { "::ffff:192.0.2.1", PK_ADDRESS_PUBLIC },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_address one = address(rows[i].text);

        if (pk_address_kind(&one) != rows[i].kind) {
            fail_msg("%s: %d", rows[i].text, (int)pk_address_kind(&one));
        }
    }
}

/* The examples of RFC 6052 section 2.4, all of 192.0.2.33. */
static void test_nat64(void **state)
{
    static const struct {
        const char *made, *prefix;
        unsigned bits;
    } rows[] = {
        { "2001:db8:c000:221::", "2001:db8::", 32 },
        { "2001:db8:1c0:2:21::", "2001:db8:100::", 40 },
        { "2001:db8:122:c000:2:2100::", "2001:db8:122::", 48 },
        { "2001:db8:122:3c0:0:221::", "2001:db8:122:300::", 56 },
        { "2001:db8:122:344:c0:2:2100::", "2001:db8:122:344::", 64 },
        { "2001:db8:122:344::c000:221", "2001:db8:122:344::", 96 },
        { "64:ff9b::c000:221", "64:ff9b::", 96 },
    };
    struct pk_address v4 = address("192.0.2.33");
    struct pk_address other = address("192.0.2.34");
    struct pk_address inner;
    struct pk_nat64 nat64;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_address made = address(rows[i].made);
        struct pk_address prefix = address(rows[i].prefix);

        assert_int_equal(pk_nat64_find(&made, &v4, &nat64), PK_OK);
        assert_int_equal(nat64.bits, rows[i].bits);
        assert_true(pk_address_same(&nat64.prefix, &prefix));
        assert_int_equal(pk_nat64_inner(&nat64, &made, &inner), PK_OK);
        assert_true(pk_address_same(&inner, &v4));
        assert_int_equal(pk_nat64_find(&made, &other, &nat64), PK_ENOENT);
    }
    assert_int_equal(pk_nat64_inner(&pk_nat64_well_known, &v4, &inner), PK_EMALF);
}

static void test_nat64_text(void **state)
{
    static const char *const bad[] = { "", "/96", "64:ff9b::", "64:ff9b::/", "64:ff9b::/97",
        "64:ff9b::/33", "64:ff9b::/960", "64:ff9b::/9 6", "64:ff9b::/-96", "192.0.2.0/32",
        "64:ff9b::/72", "64:ff9b::/24" };
    struct pk_nat64 out;

    (void)state;
    assert_int_equal(pk_nat64_parse("64:ff9b::/96", &out), PK_OK);
    assert_int_equal(out.bits, 96);
    assert_int_equal(pk_nat64_parse("2001:db8:1::/48", &out), PK_OK);
    assert_int_equal(out.bits, 48);
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        if (pk_nat64_parse(bad[i], &out) != PK_EMALF) {
            fail_msg("'%s'", bad[i]);
        }
    }
}

static void test_same_answer(void **state)
{
    struct pk_dns_answer a = { .count = 2,
        .addresses = { address("192.0.2.1"), address("192.0.2.2") } };
    struct pk_dns_answer b = { .count = 2,
        .addresses = { address("192.0.2.2"), address("192.0.2.1") } };
    struct pk_dns_answer c = { .count = 1, .addresses = { address("192.0.2.1") } };
    struct pk_dns_answer none = { .rcode = PK_DNS_NXDOMAIN };

    (void)state;
    assert_true(pk_dns_same_answer(&a, &b));
    assert_false(pk_dns_same_answer(&a, &c));
    assert_false(pk_dns_same_answer(&c, &a));
    assert_false(pk_dns_same_answer(&a, &none));
    assert_true(pk_dns_same_answer(&none, &none));
}

/* --- HTTP/2 --------------------------------------------------------------------------------- */

static void test_http2_request(void **state)
{
    static const uint8_t begin[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                   "\0\0\6\4\0\0\0\0\0\0\2\0\0\0\0";
    static const uint8_t request[] = "\0\0\x50\1\4\0\0\0\1" /* HEADERS of stream 1 */
                                     "\x83\x87"             /* POST, https */
                                     "\1\x08"
                                     "dns.test" /* authority */
                                     "\4\x0a"
                                     "/dns-query" /* path */
                                     "\x0f\4\x17"
                                     "application/dns-message"
                                     "\x0f\x10\x17"
                                     "application/dns-message"
                                     "\x0f\x0d\1"
                                     "2" /* length */
                                     "\0\0\2\0\1\0\0\0\1"
                                     "hi"; /* DATA, the end */
    struct pk_http2 h;

    (void)state;
    assert_int_equal(pk_http2_init(&h), PK_OK);
    assert_int_equal(h.out.len, sizeof(begin) - 1);
    assert_memory_equal(h.out.ptr, begin, sizeof(begin) - 1);
    pk_buffer_clear(&h.out);
    assert_int_equal(pk_http2_post(&h, "dns.test", "/dns-query", "application/dns-message",
                             pk_slice_of("hi", 2)),
            PK_OK);
    assert_int_equal(h.out.len, sizeof(request) - 1);
    assert_memory_equal(h.out.ptr, request, sizeof(request) - 1);
    pk_http2_finish(&h);
}

#define FRAME(type, flags, stream, len, bytes) "\0\0" len type flags "\0\0\0" stream bytes

static void test_http2_answers(void **state)
{
    static const struct {
        const char *what;
        const char *in;
        size_t len;
        int rc;
        const char *body; /* of the first stream, when it is done; NULL: it is not */
    } rows[] = {
#define ROW(what, in, rc, body) { what, in, sizeof(in) - 1, rc, body }
        ROW("nothing", "", PK_OK, NULL),
        ROW("in one", FRAME("\0", "\1", "\1", "\2", "hi"), PK_OK, "hi"),
        ROW("in two", FRAME("\0", "\0", "\1", "\1", "h") FRAME("\0", "\1", "\1", "\1", "i"), PK_OK,
                "hi"),
        ROW("padded", FRAME("\0", "\x09", "\1", "\5", "\2hi\0\0"), PK_OK, "hi"),
        ROW("padded with all of it", FRAME("\0", "\x09", "\1", "\3", "\3hi"), PK_EMALF, NULL),
        ROW("padded without a length", FRAME("\0", "\x09", "\1", "\0", ""), PK_EMALF, NULL),
        ROW("not whole", "\0\0\2\0\1\0\0\0\1h", PK_OK, NULL),
        ROW("of another stream", FRAME("\0", "\1", "\3", "\2", "hi"), PK_EMALF, NULL),
        ROW("of the server's", FRAME("\0", "\1", "\2", "\2", "hi"), PK_EMALF, NULL),
        ROW("behind the end",
                FRAME("\0", "\1", "\1", "\2", "hi") FRAME("\0", "\1", "\1", "\1", "!"), PK_EMALF,
                "hi"),
        ROW("reset", FRAME("\3", "\0", "\1", "\4", "\0\0\0\1"), PK_OK, ""),
        ROW("pushed", FRAME("\5", "\4", "\1", "\4", "\0\0\0\2"), PK_EMALF, NULL),
        ROW("ping of 7", FRAME("\6", "\0", "\0", "\7", "1234567"), PK_EMALF, NULL),
        ROW("too long a frame", "\0\x40\1\0\1\0\0\0\1", PK_ELIMIT, NULL),
        ROW("unknown frames", FRAME("\x77", "\xff", "\0", "\2", "??"), PK_OK, NULL),
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, rows[i].len);
        struct pk_http2 h;

        assert_int_equal(pk_http2_init(&h), PK_OK);
        assert_int_equal(pk_http2_post(&h, "h", "/", "t", pk_slice_of("q", 1)), PK_OK);
        if (pk_http2_feed(&h, pk_slice_of(heap, rows[i].len)) != rows[i].rc ||
                h.streams[0].done != (rows[i].body != NULL)) {
            fail_msg("%s", rows[i].what);
        }
        if (rows[i].body != NULL) {
            assert_int_equal(h.streams[0].body.len, strlen(rows[i].body));
            assert_memory_equal(h.streams[0].body.len > 0 ? h.streams[0].body.ptr : "",
                    rows[i].body, strlen(rows[i].body));
        }
        pk_http2_finish(&h);
        free(heap);
    }
}

static void test_http2_acknowledges(void **state)
{
    static const uint8_t settings[] = FRAME("\4", "\0", "\0", "\0", "");
    static const uint8_t ping[] = FRAME("\6", "\0", "\0", "\x08", "12345678");
    static const uint8_t expected[] = FRAME("\4", "\1", "\0", "\0", "")
            FRAME("\6", "\1", "\0", "\x08", "12345678");
    struct pk_http2 h;

    (void)state;
    assert_int_equal(pk_http2_init(&h), PK_OK);
    pk_buffer_clear(&h.out);
    assert_int_equal(pk_http2_feed(&h, pk_slice_of(settings, sizeof(settings) - 1)), PK_OK);
    assert_int_equal(pk_http2_feed(&h, pk_slice_of(ping, sizeof(ping) - 1)), PK_OK);
    assert_int_equal(h.out.len, sizeof(expected) - 1);
    assert_memory_equal(h.out.ptr, expected, sizeof(expected) - 1);
    pk_buffer_clear(&h.out);
    /* An acknowledgement is not acknowledged. */
    assert_int_equal(pk_http2_feed(&h, pk_slice_of(expected, sizeof(expected) - 1)), PK_OK);
    assert_int_equal(h.out.len, 0);
    pk_http2_finish(&h);
}

static void test_http2_limits(void **state)
{
    static const uint8_t nothing[] = FRAME("\x77", "\0", "\0", "\0", "");
    struct pk_http2 h;
    int rc = PK_OK;

    (void)state;
    assert_int_equal(pk_http2_init(&h), PK_OK);
    for (size_t i = 0; i < PK_HTTP2_STREAMS_MAX; i++) {
        assert_int_equal(pk_http2_post(&h, "h", "/", "t", pk_slice_of("q", 1)), PK_OK);
    }
    assert_int_equal(pk_http2_post(&h, "h", "/", "t", pk_slice_of("q", 1)), PK_ELIMIT);
    for (size_t i = 0; i < PK_HTTP2_FRAMES_MAX && rc == PK_OK; i++) {
        rc = pk_http2_feed(&h, pk_slice_of(nothing, sizeof(nothing) - 1));
    }
    assert_int_equal(rc, PK_OK);
    assert_int_equal(pk_http2_feed(&h, pk_slice_of(nothing, sizeof(nothing) - 1)), PK_ELIMIT);
    pk_http2_finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_nat64),
        cmocka_unit_test(test_nat64_text),
        cmocka_unit_test(test_same_answer),
        cmocka_unit_test(test_http2_request),
        cmocka_unit_test(test_http2_answers),
        cmocka_unit_test(test_http2_acknowledges),
        cmocka_unit_test(test_http2_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
