#include "server/qr_svg.h"

#include <qrencode.h>
#include <string.h>

#define QUIET_ZONE 4

static bool is_dark(const QRcode *code, int x, int y)
{
    return (code->data[y * code->width + x] & 1) != 0;
}

/* One path; each run of dark modules in a row is a rectangle of it. */
static void put_modules(const QRcode *code, struct pk_buffer *out)
{
    for (int y = 0; y < code->width; y++) {
        int x = 0;

        while (x < code->width) {
            int from = x;

            while (x < code->width && is_dark(code, x, y)) {
                x++;
            }
            if (x > from) {
                (void)pk_buffer_printf(out, "M%d %dh%dv1h-%dz", from + QUIET_ZONE, y + QUIET_ZONE,
                        x - from, x - from);
            } else {
                x++;
            }
        }
    }
}

int pk_qr_svg(const char *text, struct pk_buffer *out, struct pk_error *err)
{
    QRcode *code;
    int side;

    if (strlen(text) > PK_QR_TEXT_MAX) {
        return pk_error_set(err, PK_ELIMIT, "too long for a QR code");
    }
    /* Level M bears 15 % of damage: enough for a screen. */
    code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return pk_error_set(err, PK_ENOMEM, "cannot make the QR code");
    }
    side = code->width + 2 * QUIET_ZONE;
    (void)pk_buffer_printf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
            " shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
            "<path fill=\"#000\" d=\"",
            side, side, side, side);
    put_modules(code, out);
    (void)pk_buffer_puts(out, "\"/></svg>");
    QRcode_free(code);
    return out->rc < 0 ? pk_error_set(err, out->rc, "cannot make the QR code") : PK_OK;
}
