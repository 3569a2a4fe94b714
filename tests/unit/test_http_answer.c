#include "agent/http_answer.h"
#include "check.h"

#define BODY_MAX 64

/* Feeds the text in pieces of step bytes. */
static int feed(struct pk_http_answer *a, const char *text, size_t step, size_t *left)
{
    size_t len = strlen(text);
    uint8_t *heap = pk_test_dup(text, len);
    size_t at = 0;
    int rc = PK_OK;

    while (rc == PK_OK && at < len && !a->done) {
        size_t n = len - at < step ? len - at : step;
        size_t used = 0;

        rc = pk_http_answer_feed(a, pk_slice_of(heap + at, n), &used, NULL);
        at += used;
    }
    *left = len - at;
    free(heap);
    return rc;
}

static void test_good(void **state)
{
    static const struct {
        const char *in;
        int status;
        const char *body;
        bool keep_alive;
        int64_t retry_after_s;
        size_t left;
    } rows[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true, -1, 0 },
        { "HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhelloX", 200, "hello", true, -1, 1 },
        { "HTTP/1.1 204 No Content\r\nConnection: Close\r\n\r\n", 204, "", false, -1, 0 },
        { "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", true, -1, 0 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true, -1, 0 },
        { "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 2\r\n\r\nno", 503, "no", true,
                17, 0 },
        { "HTTP/1.1 503 Busy\r\nRetry-After: Mon, 23 Nov 2026\r\nContent-Length: 0\r\n\r\n", 503,
                "", true, -1, 0 },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n"
          "0\r\nX-T: 1\r\n\r\n",
                200, "abc0123456789", true, -1, 0 },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x",
                true, -1, 0 },
        { "HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 1\r\n\r\nx", 200,
                "x", false, -1, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        for (size_t step = 1; step < 9; step += 7) {
            struct pk_http_answer a;
            size_t left;

            pk_http_answer_init(&a, BODY_MAX);
            assert_int_equal(feed(&a, rows[i].in, step, &left), PK_OK);
            assert_true(a.done);
            assert_int_equal(a.status, rows[i].status);
            assert_string_equal(a.body.ptr != NULL ? a.body.ptr : "", rows[i].body);
            assert_int_equal(a.keep_alive, rows[i].keep_alive);
            assert_int_equal(a.retry_after_s, rows[i].retry_after_s);
            assert_int_equal(left, rows[i].left);
            pk_http_answer_finish(&a);
        }
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *in;
        int rc;
    } rows[] = {
        { "HTTP/1.0 200 OK\r\n", PK_EMALF },
        { "HTTP/2 200\r\n", PK_EMALF },
        { "HTTP/1.1 20 OK\r\n", PK_EMALF },
        { "HTTP/1.1 600 OK\r\n", PK_EMALF },
        { "HTTP/1.1 2000 OK\r\n", PK_EMALF },
        { "SSH-2.0-x\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\n", PK_EMALF },                 /* bare LF */
        { "HTTP/1.1 200 O\rK\r\n", PK_EMALF },             /* bare CR */
        { "HTTP/1.1 200 OK\r\nA: b\x01\r\n", PK_EMALF },   /* control character */
        { "HTTP/1.1 200 OK\r\nA b\r\n", PK_EMALF },        /* no colon */
        { "HTTP/1.1 200 OK\r\n: b\r\n", PK_EMALF },        /* no name */
        { "HTTP/1.1 200 OK\r\nA : b\r\n", PK_EMALF },      /* space in the name */
        { "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", PK_EMALF }, /* folded */
        { "HTTP/1.1 200 OK\r\n\r\n", PK_EMALF },           /* until close */
        { "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length:\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", PK_ELIMIT },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", PK_EMALF },
        { "HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 101 Switch\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 100 C\r\nContent-Length: 1\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n", PK_EMALF },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n", PK_ELIMIT },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", PK_ELIMIT },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", PK_EMALF },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_http_answer a;
        size_t left;

        pk_http_answer_init(&a, BODY_MAX);
        assert_int_equal(feed(&a, rows[i].in, 1, &left), rows[i].rc);
        assert_false(a.done);
        pk_http_answer_finish(&a);
    }
}

/* A head that never ends and a line that never ends stop at their limits. */
static void test_endless(void **state)
{
    static const char *const starts[] = { "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: " };
    static const char *const more[] = { "A: b\r\n", "bbbbbb" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(starts); i++) {
        struct pk_http_answer a;
        size_t left;
        int rc;

        pk_http_answer_init(&a, BODY_MAX);
        rc = feed(&a, starts[i], 64, &left);
        for (int n = 0; n < 10000 && rc == PK_OK; n++) {
            rc = feed(&a, more[i], 64, &left);
        }
        assert_int_equal(rc, PK_ELIMIT);
        pk_http_answer_finish(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_endless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
