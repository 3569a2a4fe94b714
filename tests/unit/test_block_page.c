/* The page that is shown for blocked names: the request that a browser, or anybody, sends; the answer. */
#include <stdio.h>

#include "agent/block_page.h"
#include "check.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FORM  "POST /.picket/go-on HTTP/1.1\r\nHost: a.example\r\nContent-Length: 70\r\n"

static int read_exact(const char *text, struct pk_page_request *out)
{
    uint8_t *heap = pk_test_dup(text, strlen(text));
    int rc = pk_page_read(pk_slice_of(heap, strlen(text)), out);

    free(heap);
    return rc;
}

static void test_requests(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *host;
        bool goes_on;
    } rows[] = {
        { "GET / HTTP/1.1\r\nHost: Www.A.Example:80\r\n\r\n", PK_OK, "www.a.example", false },
        { "GET / HTTP/1.1\nhost:a.example.\n\n", PK_OK, "a.example", false },
        { "GET /x HTTP/1.0\r\n\r\n", PK_OK, "", false },
        { "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n", PK_OK, "", false },
        { "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", PK_OK, "", false },
        { "POST /login HTTP/1.1\r\nHost: a.example\r\nContent-Length: 99999\r\n\r\nx", PK_OK,
                "a.example", false },
        { "GET / HTTP/1.1\r\nHost: a.example\r\n", PK_ETRUNC, NULL, false },
        { "GET / HTTP/1.1", PK_ETRUNC, NULL, false },
        { "", PK_ETRUNC, NULL, false },
        { "\r\n\r\n", PK_EMALF, NULL, false },
        { "\x16\x03\x01\x02\n", PK_EMALF, NULL, false }, /* TLS */
        { "GET /\r\n\r\n", PK_EMALF, NULL, false },
        { "GET / HTTP/2.0\r\n\r\n", PK_EMALF, NULL, false },
        { "GET / HTTP/1.1\r\nnonsense\r\n\r\n", PK_EMALF, NULL, false },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", PK_EMALF, NULL, false },
        { FORM "\r\ntoken=" TOKEN, PK_OK, "a.example", true },
        { FORM "Origin: http://a.example\r\nSec-Fetch-Site: same-origin\r\n\r\ntoken=" TOKEN, PK_OK,
                "a.example", true },
        { FORM "Origin: http://b.example\r\n\r\ntoken=" TOKEN, PK_OK, "a.example", false },
        { FORM "Origin: https://a.example\r\n\r\ntoken=" TOKEN, PK_OK, "a.example", false },
        { FORM "Origin: null\r\n\r\ntoken=" TOKEN, PK_OK, "a.example", false },
        { FORM "Sec-Fetch-Site: cross-site\r\n\r\ntoken=" TOKEN, PK_OK, "a.example", false },
        { FORM "Sec-Fetch-Site: none\r\n\r\ntoken=" TOKEN, PK_OK, "a.example", false },
        { FORM "\r\ntoken=", PK_ETRUNC, NULL, false },
        { FORM "\r\nother=" TOKEN, PK_OK, "a.example", false },
        { "GET /.picket/go-on HTTP/1.1\r\nHost: a.example\r\nContent-Length: "
          "70\r\n\r\ntoken=" TOKEN,
                PK_OK, "a.example", false },
        { "POST /.picket/go-on HTTP/1.1\r\nHost: a.example\r\nContent-Length: 257\r\n\r\n",
                PK_ELIMIT, NULL, false },
        { "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", PK_EMALF, NULL, false },
        { "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", PK_EMALF, NULL,
                false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_page_request request = { .host = "untouched" };
        int rc = read_exact(rows[i].text, &request);

        if (rc != rows[i].rc ||
                strcmp(request.host, rc == PK_OK ? rows[i].host : "untouched") != 0 ||
                request.goes_on != rows[i].goes_on) {
            print_error("%s -> %d '%s' %d\n", rows[i].text, rc, request.host, request.goes_on);
            fail();
        }
    }
}

static void test_limits(void **state)
{
    struct pk_page_request request;
    char *text = malloc(PK_PAGE_REQUEST_MAX + 1);
    size_t len;

    (void)state;
    assert_non_null(text);
    len = (size_t)snprintf(text, PK_PAGE_REQUEST_MAX, "GET /");
    memset(text + len, 'a', PK_PAGE_REQUEST_MAX - len);
    assert_int_equal(pk_page_read(pk_slice_of(text, PK_PAGE_REQUEST_MAX), &request), PK_ELIMIT);
    len = (size_t)snprintf(text, PK_PAGE_REQUEST_MAX, "GET / HTTP/1.1\r\n");
    for (unsigned i = 0; i <= PK_PAGE_HEADERS_MAX; i++) {
        len += (size_t)snprintf(text + len, PK_PAGE_REQUEST_MAX - len, "a:b\r\n");
    }
    len += (size_t)snprintf(text + len, PK_PAGE_REQUEST_MAX - len, "\r\n");
    assert_int_equal(pk_page_read(pk_slice_of(text, len), &request), PK_ELIMIT);
    len = (size_t)snprintf(text, PK_PAGE_REQUEST_MAX, "GET / HTTP/1.1\r\nHost: ");
    memset(text + len, 'h', 254);
    (void)snprintf(text + len + 254, 8, "\r\n\r\n");
    assert_int_equal(pk_page_read(pk_slice_str(text), &request), PK_OK);
    assert_string_equal(request.host, ""); /* no name is so long */
    free(text);
}

static struct pk_page_facts warned(void)
{
    struct pk_page_facts facts = { .state = PK_PAGE_WARNED,
        .token = TOKEN,
        .decision = { .action = PK_NAME_WARN,
                .by = PK_NAME_BY_MODEL,
                .opinion = { .score = 90, .brand = "<b>Bank</b>", .reason_count = 1 } } };

    (void)snprintf(facts.decision.opinion.reasons[0], PK_NAME_REASON, "a \"quote\" & more");
    return facts;
}

static void test_page(void **state)
{
    struct pk_page_facts facts = { .state = PK_PAGE_BLOCKED,
        .decision = { .what = PK_NAME_PHISHING,
                .hit = { .indicator = "bad.example",
                        .family = "<img src=x onerror=alert(1)>",
                        .source = "feed's",
                        .reference = "https://feed.example/?a=1&b=2",
                        .date = "2026-01-02" } } };
    struct pk_buffer out = pk_buffer_of(1UL << 20);
    const char *body;

    (void)state;
    pk_page_write("www.bad.example", &facts, false, &out);
    assert_int_equal(out.rc, PK_OK);
    assert_int_equal(strncmp(out.ptr, "HTTP/1.1 403 ", 13), 0);
    assert_non_null(
            strstr(out.ptr, "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-"));
    assert_non_null(strstr(out.ptr, "frame-ancestors 'none'"));
    assert_null(strstr(out.ptr, "<img"));
    assert_null(strstr(out.ptr, "<script"));
    assert_non_null(strstr(out.ptr, "&lt;img src=x onerror=alert(1)&gt;"));
    assert_non_null(strstr(out.ptr, "feed&#39;s"));
    assert_non_null(strstr(out.ptr, "https://feed.example/?a=1&amp;b=2"));
    assert_non_null(strstr(out.ptr, "www.bad.example"));
    assert_non_null(strstr(out.ptr, "2026-01-02"));
    assert_non_null(strstr(out.ptr, "not which one"));
    assert_null(strstr(out.ptr, "<form"));
    body = strstr(out.ptr, "\r\n\r\n") + 4;
    assert_int_equal(strtoul(strstr(out.ptr, "Content-Length: ") + 16, NULL, 10), strlen(body));
    pk_buffer_clear(&out);
    facts = warned();
    facts.tells_name = true;
    pk_page_write("b.example", &facts, false, &out);
    assert_non_null(strstr(out.ptr, "action=\"" PK_PAGE_GO_ON "\""));
    assert_non_null(strstr(out.ptr, TOKEN));
    assert_non_null(strstr(out.ptr, "&lt;b&gt;Bank&lt;/b&gt;"));
    assert_non_null(strstr(out.ptr, "a &quot;quote&quot; &amp; more"));
    assert_non_null(strstr(out.ptr, "and its name"));
    pk_buffer_clear(&out);
    pk_page_write("b.example", &facts, true, &out); /* HEAD */
    assert_string_equal(strstr(out.ptr, "\r\n\r\n"), "\r\n\r\n");
    pk_buffer_clear(&out);
    facts = (struct pk_page_facts){ .state = PK_PAGE_NOTHING };
    pk_page_write("", &facts, false, &out);
    assert_int_equal(strncmp(out.ptr, "HTTP/1.1 200 ", 13), 0);
    pk_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
