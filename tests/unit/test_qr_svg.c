#include <qrencode.h>
#include <stdio.h>

#include "check.h"
#include "server/qr_svg.h"

#define SIDE_MAX 200

/* Draws the path of dark modules again: "M<x> <y>h<n>v1h-<n>z" one after another. Returns how many
 * rectangles there were. */
static int draw(const char *svg, char dark[SIDE_MAX][SIDE_MAX])
{
    const char *at = strstr(svg, "<path fill=\"#000\" d=\"");
    int count = 0;
    int x;
    int y;
    int n;
    int back;
    int used;

    assert_non_null(at);
    at += strlen("<path fill=\"#000\" d=\"");
    /* NOLINTNEXTLINE(cert-err34-c): small numbers that we wrote ourselves */
    while (sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &back, &used) == 4) {
        assert_int_equal(n, back);
        for (int i = 0; i < n; i++) {
            assert_true(x + i < SIDE_MAX && y < SIDE_MAX);
            dark[y][x + i] = 1;
        }
        at += used;
        count++;
    }
    assert_string_equal(at, "\"/></svg>");
    return count;
}

/* What is drawn is, module for module, the symbol of the text inside a quiet zone of four. */
static void test_modules(void **state)
{
    static const char *const texts[] = {
        "x",
        "https://picket.example.org:8443/enroll#0123456789abcdef0123456789abcdef."
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };

    (void)state;
    for (size_t t = 0; t < PK_COUNT(texts); t++) {
        static char dark[SIDE_MAX][SIDE_MAX];
        struct pk_buffer svg = pk_buffer_of(65536);
        QRcode *code = QRcode_encodeString8bit(texts[t], 0, QR_ECLEVEL_M);
        char view[64];
        int side = code->width + 8;

        memset(dark, 0, sizeof(dark));
        assert_int_equal(pk_qr_svg(texts[t], &svg, NULL), PK_OK);
        (void)snprintf(view, sizeof(view), "viewBox=\"0 0 %d %d\"", side, side);
        assert_non_null(strstr(svg.ptr, view));
        assert_true(draw(svg.ptr, dark) > 20);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int inside = x >= 4 && y >= 4 && x < side - 4 && y < side - 4;
                int wanted = inside ? code->data[(y - 4) * code->width + x - 4] & 1 : 0;

                assert_int_equal(dark[y][x], wanted);
            }
        }
        QRcode_free(code);
        pk_buffer_finish(&svg);
    }
}

/* It is shown inside a page: nothing may be fetched or run. */
static void test_nothing_foreign(void **state)
{
    struct pk_buffer svg = pk_buffer_of(65536);
    const char *rest;

    (void)state;
    assert_int_equal(pk_qr_svg("\"/><script>alert(1)</script>", &svg, NULL), PK_OK);
    assert_null(strstr(svg.ptr, "script"));
    assert_null(strstr(svg.ptr, "href"));
    assert_null(strstr(svg.ptr, "url("));
    rest = strstr(svg.ptr, "http://www.w3.org/2000/svg");
    assert_non_null(rest);
    assert_null(strstr(rest + 1, "http"));
    pk_buffer_finish(&svg);
}

static void test_limits(void **state)
{
    struct pk_buffer svg = pk_buffer_of(1 << 20);
    struct pk_buffer small = pk_buffer_of(100);
    char text[PK_QR_TEXT_MAX + 2];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[PK_QR_TEXT_MAX + 1] = '\0';
    assert_int_equal(pk_qr_svg(text, &svg, NULL), PK_ELIMIT);
    text[PK_QR_TEXT_MAX] = '\0';
    assert_int_equal(pk_qr_svg(text, &svg, NULL), PK_OK);
    assert_int_equal(pk_qr_svg("x", &small, NULL), PK_ELIMIT);
    pk_buffer_finish(&svg);
    pk_buffer_finish(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_nothing_foreign),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
