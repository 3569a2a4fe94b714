/* What comes from the web, read: bodies as they travelled, changed pages, proxy scripts, NetBIOS answers. */
#include <stdio.h>

#include "agent/http_body.h"
#include "agent/page_diff.h"
#include "agent/page_store.h"
#include "agent/probe_http.h"
#include "agent/probe_pac.h"
#include "base/arena.h"
#include "check.h"
#include "wire/nbns.h"

/* --- bodies ------------------------------------------------------------------------------- */

#define GZIP_HELLO                                                                                 \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00" \
    "\x00\x00"

static void test_body(void **state)
{
    static const struct {
        const char *head;
        const char *body;
        size_t len;
        bool ended;
        int rc;
        const char *text;
    } rows[] = {
        { "Content-Length: 5\r\n", "hello more", 10, false, PK_OK, "hello" },
        { "Content-Length: 5\r\n", "hell", 4, true, PK_ETRUNC, NULL },
        { "", "hello", 5, true, PK_OK, "hello" },
        { "", "hello", 5, false, PK_ETRUNC, NULL },
        { "Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", 25, false,
                PK_OK, "hello" },
        { "Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n", 15, true, PK_ETRUNC, NULL },
        { "Transfer-Encoding: chunked\r\n", "7\r\nhe\r\n", 7, true, PK_ETRUNC, NULL },
        { "Transfer-Encoding: chunked\r\n", "no\r\n", 4, true, PK_EMALF, NULL },
        { "Transfer-Encoding: chunked\r\n", "fffffffff\r\n", 11, true, PK_ELIMIT, NULL },
        { "Content-Encoding: gzip\r\n", GZIP_HELLO, 25, true, PK_OK, "hello" },
        { "Content-Encoding: gzip\r\n", "\x1f\x8b\x08\x04\0\0\0\0\0\x03\xff\xff", 12, true,
                PK_ETRUNC, NULL },
        { "Content-Encoding: gzip\r\n", "hello", 5, true, PK_EMALF, NULL },
        { "Content-Encoding: br\r\n", "hello", 5, true, PK_EMALF, NULL },
        { "Content-Encoding: identity\r\n", "hello", 5, true, PK_OK, "hello" },
        { "", "0123456789012345", 16, true, PK_ELIMIT, NULL },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer in = pk_buffer_of(4096);
        struct pk_buffer out = pk_buffer_of(12);
        struct pk_http_head head;

        assert_int_equal(pk_buffer_printf(&in, "HTTP/1.1 200 OK\r\n%s\r\n", rows[i].head), PK_OK);
        assert_int_equal(pk_buffer_put(&in, rows[i].body, rows[i].len), PK_OK);
        assert_int_equal(pk_http_head_parse(pk_buffer_slice(&in), &head), PK_OK);
        assert_int_equal(
                pk_http_body(&head, pk_buffer_slice(&in), rows[i].ended, &out), rows[i].rc);
        if (rows[i].text != NULL) {
            assert_string_equal(out.ptr, rows[i].text);
        }
        pk_buffer_finish(&in);
        pk_buffer_finish(&out);
    }
}

static void test_head(void **state)
{
    static const char text[] = "HTTP/1.1 301 Moved\r\nLocation: https://bank.test/x\r\n"
                               "ETag: \"a1\"\r\nLast-Modified: Mon, 23 Nov 2026 10:44:00 GMT\r\n"
                               "via: 1.1 cache\r\nX-Cache: HIT\r\nContent-Encoding: GZIP\r\n\r\n";
    char stamp[PK_PAGE_STAMP];
    char other[PK_PAGE_STAMP];
    struct pk_http_head head;

    (void)state;
    assert_int_equal(pk_http_head_parse(pk_slice_str(text), &head), PK_OK);
    assert_true(head.location_tls);
    assert_string_equal(head.location_host, "bank.test");
    assert_string_equal(head.encoding, "gzip");
    assert_int_equal(head.between, 3);
    pk_page_stamp(&head, stamp);
    assert_int_equal(strlen(stamp), 16);
    head.etag[0] = '\0'; /* dropped on the way: the other mark stays */
    pk_page_stamp(&head, other);
    assert_string_equal(stamp, other);
    head.modified[0] = '\0';
    pk_page_stamp(&head, other);
    assert_string_equal(other, "");
}

static void test_join(void **state)
{
    static const struct {
        const char *location;
        const char *host;
        const char *path;
        bool tls;
    } rows[] = {
        { "https://b.test/y", "b.test", "/y", true },
        { "/y?z", "a.test", "/y?z", false },
        { "y", "a.test", "/y", false },
        { "//b.test/y", "b.test", "/y", false },
        { "ftp://b.test/", NULL, NULL, false },
        { "https://b.test\x01/", NULL, NULL, false },
    };
    struct pk_http_url base;

    (void)state;
    assert_int_equal(pk_http_url_parse("http://a.test/x", &base), PK_OK);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_http_url url;
        int rc = pk_http_url_join(&base, rows[i].location, &url);

        assert_int_equal(rc == PK_OK, rows[i].host != NULL);
        if (rc == PK_OK) {
            assert_string_equal(url.host, rows[i].host);
            assert_string_equal(url.path, rows[i].path);
            assert_int_equal(url.tls, rows[i].tls);
        }
    }
}

/* --- pages -------------------------------------------------------------------------------- */

#define PAGE                                                                              \
    "<html><head><title>blog</title></head><body><p>IBAN DE00 1111 2222 3333 4444 00</p>" \
    "<a href=\"https://bank.test/\">bank</a><script src=\"/own.js\"></script></body></html>"

static void words(const struct pk_page_diff *diff, char *out, size_t max)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < diff->names.count; i++) {
        len += (size_t)snprintf(
                out + len, max - len, "%s%s", i > 0 ? " " : "", diff->names.items[i]);
    }
}

/* Each row: what is replaced in the page by what. */
static void test_pages(void **state)
{
    static const struct {
        const char *from, *to;
        const char *changes;
        const char *added; /* begins so */
        const char *host;
    } rows[] = {
        { "</body>", "<script src=\"http://192.168.77.66/x.js\"></script></body>", "script link",
                "<script src=\"http://192.168.77.66/x.js\">", "192.168.77.66" },
        { "<body>", "<body><IFRAME src=//ads.test/f></iframe>", "frame link",
                "<IFRAME src=", "ads.test" },
        { "https://bank", "http://bank", "insecure", "<a href=\"http://bank.test/\">bank", NULL },
        { "1111 2222", "1111 2229", "account", "IBAN DE00 1111 2229", NULL },
        { "https://bank.test/", "https://bank.evil.test/", "link", "<a href=\"https://bank.evil",
                "bank.evil.test" },
        { "<a href", "<a onclick=\"x()\" href", "handler", NULL, NULL },
        { "<head>", "<head><meta http-equiv=refresh content='0;url=//e.test/'>", "link refresh",
                NULL, "e.test" },
        { "<p>", "<form action=/x><input type=password></form><p>", "form", "<form action=/x>",
                NULL },
        { "blog", "Blog", "text", "<title>Blog", NULL },
        { "<script src=\"/own.js\"></script>", "", "removed", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        const char *at = strstr(PAGE, rows[i].from);
        struct pk_page_diff diff;
        char now[1024];
        char said[128];

        assert_non_null(at);
        (void)snprintf(now, sizeof(now), "%.*s%s%s", (int)(at - PAGE), PAGE, rows[i].to,
                at + strlen(rows[i].from));
        assert_int_equal(
                pk_page_compare(pk_slice_str(PAGE), pk_slice_str(now), arena, &diff), PK_OK);
        words(&diff, said, sizeof(said));
        assert_string_equal(said, rows[i].changes);
        if (rows[i].added != NULL && strstr(diff.added, rows[i].added) == NULL) {
            fail_msg("row %zu: %s", i, diff.added);
        }
        assert_int_equal(diff.hosts.count, rows[i].host != NULL);
        if (rows[i].host != NULL) {
            assert_string_equal(diff.hosts.items[0], rows[i].host);
        }
        pk_arena_destroy(arena);
    }
}

static void test_page_other(void **state)
{
    static const char portal[] = "<!doctype html><title>Guest Wi-Fi</title><h1>Welcome</h1>"
                                 "<form action=/login method=post>room <input name=r></form>";
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_page_diff diff;

    (void)state;
    assert_int_equal(
            pk_page_compare(pk_slice_str(PAGE), pk_slice_str(portal), arena, &diff), PK_OK);
    assert_true((diff.changes & 1U << PK_PAGE_REPLACED) != 0);
    assert_int_equal(pk_page_compare(pk_slice_str(PAGE), pk_slice_str(PAGE), arena, &diff), PK_OK);
    assert_int_equal(diff.changes, 0);
    assert_int_equal(
            pk_page_compare(pk_slice_str(PAGE), pk_slice_of(NULL, 0), arena, &diff), PK_OK);
    assert_true(diff.changes != 0);
    assert_string_equal(pk_page_summary(pk_slice_str(portal), arena),
            "Guest Wi-Fi - <form action=/login method=post>");
    assert_null(pk_page_summary(pk_slice_of(NULL, 0), arena));
    pk_arena_destroy(arena);
}

static void test_page_store(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_page_store *store = pk_page_store_create(NULL);
    struct pk_slice body;

    (void)state;
    assert_int_equal(pk_page_store_get(store, "http://a/", arena).len, 0);
    pk_page_store_put(store, "http://a/", pk_slice_str("one"));
    pk_page_store_put(store, "http://a/", pk_slice_str("three"));
    for (int i = 0; i < 2 * PK_PAGES_MAX; i++) {
        char url[32];

        (void)snprintf(url, sizeof(url), "http://%d/", i);
        pk_page_store_put(store, url, pk_slice_str("x"));
    }
    body = pk_page_store_get(store, "http://a/", arena);
    assert_true(pk_slice_eq(body, pk_slice_str("three")));
    pk_page_store_destroy(store);
    pk_arena_destroy(arena);
}

/* --- proxy scripts ------------------------------------------------------------------------ */

static void test_pac(void **state)
{
    static const struct {
        const char *script;
        const char *proxies;
        bool is_script;
        enum pk_tri direct;
    } rows[] = {
        { "function FindProxyForURL(u,h){return \"PROXY 192.168.77.66:8080\";}",
                "192.168.77.66:8080", true, PK_TRI_NO },
        { "function FindProxyForURL(u,h){return 'DIRECT';}", "", true, PK_TRI_YES },
        { "function FindProxyForURL(u,h){/* \"PROXY a:1\" */ return 'DIRECT'; // 'PROXY b:1'\n}",
                "", true, PK_TRI_YES },
        { "function FindProxyForURL(u,h){ if (isInNet(h, '10.0.0.0')) return \"DIRECT\";\n"
          "return \"PROXY a.test:80; SOCKS5 b.test:1080 ;DIRECT\"; }",
                "a.test:80 b.test:1080", true, PK_TRI_NO },
        { "var p = 'PRO' + \"XY\"; var h = 'evil'+'.test'; function FindProxyForURL(u){"
          "return p + ' ' + h + \":80\" }",
                "evil.test:80", true, PK_TRI_NO },
        { "function FindProxyForURL(u){return '\\x50\\u0052OXY c.test:1'}", "c.test:1", true,
                PK_TRI_NO },
        { "function FindProxyForURL(u){return 'PROXY ' + find()}", "", true, PK_TRI_NO },
        { "function FindProxyForURL(u){return eval(atob('RElSRUNU')) || 'DIRECT'}", "", true,
                PK_TRI_UNKNOWN },
        { "<html>ads</html>", "", false, PK_TRI_UNKNOWN },
        { "", "", false, PK_TRI_UNKNOWN },
        { "function FindProxyForURL(){return 'PROXY a:1", "a:1", true, PK_TRI_NO },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 18);
        uint8_t *heap = pk_test_dup(rows[i].script, strlen(rows[i].script));
        char said[256] = "";
        struct pk_pac pac;

        assert_int_equal(
                pk_pac_read(pk_slice_of(heap, strlen(rows[i].script)), arena, &pac), PK_OK);
        for (size_t k = 0; k < pac.proxies.count; k++) {
            (void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s",
                    k > 0 ? " " : "", pac.proxies.items[k]);
        }
        assert_string_equal(said, rows[i].proxies);
        assert_int_equal(pac.is_script, rows[i].is_script);
        assert_int_equal(pac.direct, rows[i].direct);
        free(heap);
        pk_arena_destroy(arena);
    }
}

/* --- NetBIOS ------------------------------------------------------------------------------ */

static void test_netbios(void **state)
{
    static const uint8_t tail[] = { 0, 0, 0x20, 0, 1, 0, 0, 0, 165, 0, 6, 0, 0, 192, 168, 77, 66 };
    uint8_t query[PK_NBNS_QUERY];
    uint8_t reply[13 + 32 + sizeof(tail)] = { 0x12, 0x34, 0x85, 0, 0, 0, 0, 1 };
    struct pk_address out = { 0 };
    char text[PK_ADDRESS_TEXT];

    (void)state;
    assert_int_equal(pk_nbns_build(0x1234, "wpad", query), PK_OK);
    assert_memory_equal(query + 12, " FHFAEBEECACACACACACACACACACACAAA", 33);
    assert_int_equal(query[0], 0x12);
    memcpy(reply + 12, query + 12, 33);
    memcpy(reply + 45, tail, sizeof(tail));
    assert_int_equal(pk_nbns_parse(pk_slice_of(reply, sizeof(reply)), 0x1234, "wpad", &out), PK_OK);
    assert_string_equal(pk_address_text(&out, text), "192.168.77.66");
    for (size_t len = 0; len < sizeof(reply); len++) {
        uint8_t *heap = pk_test_dup(reply, len);

        assert_true(pk_nbns_parse(pk_slice_of(heap, len), 0x1234, "wpad", &out) < 0);
        free(heap);
    }
    assert_true(pk_nbns_parse(pk_slice_of(reply, sizeof(reply)), 0x1235, "wpad", &out) < 0);
    assert_true(pk_nbns_parse(pk_slice_of(reply, sizeof(reply)), 0x1234, "wpax", &out) < 0);
    reply[3] = 3; /* no such name */
    assert_true(pk_nbns_parse(pk_slice_of(reply, sizeof(reply)), 0x1234, "wpad", &out) < 0);
    assert_int_equal(pk_nbns_build(1, "sixteen-letters-", query), PK_EMALF);
    assert_int_equal(pk_nbns_build(1, "", query), PK_EMALF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_page_other),
        cmocka_unit_test(test_page_store),
        cmocka_unit_test(test_pac),
        cmocka_unit_test(test_netbios),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
