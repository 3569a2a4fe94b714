#include "respond/html.h"

#include "respond/mail/mime.h"

void pk_html_put(struct pk_buffer *out, const char *text)
{
    const uint8_t *p = (const uint8_t *)(text != NULL ? text : "");
    size_t left = strlen((const char *)p);

    while (left > 0) {
        char bytes[4];
        size_t len;
        size_t used = pk_mime_clean(p, left, bytes, &len);

        switch (len == 1 ? bytes[0] : 'x') {
        case '&':
            (void)pk_buffer_puts(out, "&amp;");
            break;
        case '<':
            (void)pk_buffer_puts(out, "&lt;");
            break;
        case '>':
            (void)pk_buffer_puts(out, "&gt;");
            break;
        case '"':
            (void)pk_buffer_puts(out, "&quot;");
            break;
        case '\'':
            (void)pk_buffer_puts(out, "&#39;");
            break;
        default:
            (void)pk_buffer_put(out, bytes, len);
            break;
        }
        p += used;
        left -= used;
    }
}
