#include "respond/mail/page.h"

#include "respond/html.h"

#define BODY                                                                \
    "margin:0;padding:24px;background:#f4f5f7;color:#1b1f24;font:16px/1.5 " \
    "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
#define CARD "max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px"

void pk_page_add(struct pk_page_of_letter *page, enum pk_block kind, const char *a, const char *b)
{
    if (a == NULL || page->count == PK_PAGE_BLOCKS) {
        return;
    }
    page->blocks[page->count].kind = kind;
    page->blocks[page->count].a = a;
    page->blocks[page->count].b = b;
    page->count++;
}

/* One line: what the text of a foreign name could break. */
static void put_line(struct pk_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)pk_buffer_putc(out, (char)(*text == '\n' || *text == '\r' ? ' ' : *text));
    }
}

static void put_link_text(struct pk_buffer *out, const char *a, const char *b)
{
    const char *at = strstr(a, "{link}");

    if (at == NULL) {
        put_line(out, a);
        (void)pk_buffer_puts(out, " ");
        put_line(out, b);
        return;
    }
    (void)pk_buffer_put(out, a, (size_t)(at - a));
    put_line(out, b);
    put_line(out, at + strlen("{link}"));
}

void pk_page_text(const struct pk_page_of_letter *page, struct pk_buffer *out)
{
    enum pk_block before = PK_BLOCK_TITLE;
    int step = 0;

    for (size_t i = 0; i < page->count; i++) {
        const char *a = page->blocks[i].a;
        const char *b = page->blocks[i].b;
        enum pk_block kind = page->blocks[i].kind;
        bool same = i > 0 && kind == before && (kind == PK_BLOCK_STEP || kind == PK_BLOCK_FACT);
        bool after_heading = i > 0 && before == PK_BLOCK_HEADING;

        step = kind == PK_BLOCK_STEP ? step + 1 : 0;
        if (i > 0 && !same && !after_heading) {
            (void)pk_buffer_puts(out, kind == PK_BLOCK_SMALL && before != kind ? "\n--\n" : "\n");
        }
        switch (kind) {
        case PK_BLOCK_STEP:
            (void)pk_buffer_printf(out, "%d. ", step);
            put_line(out, a);
            break;
        case PK_BLOCK_FACT:
            put_line(out, a);
            (void)pk_buffer_puts(out, ": ");
            put_line(out, b != NULL ? b : "");
            break;
        case PK_BLOCK_LINK:
            put_link_text(out, a, b != NULL ? b : "");
            break;
        case PK_BLOCK_TITLE:
        case PK_BLOCK_TEXT:
        case PK_BLOCK_HEADING:
        case PK_BLOCK_SMALL:
            put_line(out, a);
            break;
        }
        (void)pk_buffer_puts(out, "\n");
        before = kind;
    }
}

/* ---- HTML ------------------------------------------------------------------------------------------ */

static void put_in(struct pk_buffer *out, const char *open, const char *text, const char *close)
{
    (void)pk_buffer_puts(out, open);
    pk_html_put(out, text);
    (void)pk_buffer_puts(out, close);
}

static void put_link(struct pk_buffer *out, const char *a, const char *b)
{
    size_t before = strcspn(a, "{");

    (void)pk_buffer_puts(out, "<p style=\"margin:20px 0\"><a href=\"");
    pk_html_put(out, b);
    (void)pk_buffer_puts(out,
            "\" style=\"display:inline-block;padding:10px 16px;background:#1f5fbf;color:#ffffff;"
            "border-radius:6px;text-decoration:none\">");
    /* "See it on your page: {link}": the button says what stands before the address. */
    while (before > 0 && (a[before - 1] == ' ' || a[before - 1] == ':')) {
        before--;
    }
    for (size_t i = 0; i < before; i++) {
        char one[2] = { a[i], '\0' };

        if ((unsigned char)a[i] < 0x80) {
            pk_html_put(out, one);
        } else {
            (void)pk_buffer_putc(out, a[i]); /* the words are ours and UTF-8 */
        }
    }
    (void)pk_buffer_puts(out, "</a></p>\n");
}

/* What has to be closed before and opened for a block of another kind. */
static void put_frame(struct pk_buffer *out, enum pk_block kind, bool open)
{
    if (kind == PK_BLOCK_STEP) {
        (void)pk_buffer_puts(
                out, open ? "<ol style=\"margin:0 0 16px;padding-left:24px\">\n" : "</ol>\n");
    } else if (kind == PK_BLOCK_FACT) {
        (void)pk_buffer_puts(out,
                open ? "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 "
                       "16px\">\n"
                     : "</table>\n");
    }
}

static void put_block(struct pk_buffer *out, enum pk_block kind, const char *a, const char *b)
{
    switch (kind) {
    case PK_BLOCK_TITLE:
        put_in(out, "<h1 style=\"font-size:20px;line-height:1.3;margin:0 0 16px\">", a, "</h1>\n");
        break;
    case PK_BLOCK_TEXT:
        put_in(out, "<p style=\"margin:0 0 16px\">", a, "</p>\n");
        break;
    case PK_BLOCK_HEADING:
        put_in(out, "<h2 style=\"font-size:16px;margin:16px 0 4px\">", a, "</h2>\n");
        break;
    case PK_BLOCK_STEP:
        put_in(out, "<li>", a, "</li>\n");
        break;
    case PK_BLOCK_FACT:
        put_in(out,
                "<tr><th scope=\"row\" style=\"text-align:left;font-weight:normal;color:#57606a;"
                "padding:2px 16px 2px 0;vertical-align:top\">",
                a, "</th>");
        put_in(out, "<td style=\"padding:2px 0\">", b, "</td></tr>\n");
        break;
    case PK_BLOCK_LINK:
        put_link(out, a, b != NULL ? b : "");
        break;
    case PK_BLOCK_SMALL:
        put_in(out, "<p style=\"margin:8px 0 0;color:#57606a;font-size:13px\">", a, "</p>\n");
        break;
    }
}

void pk_page_html(const struct pk_page_of_letter *page, struct pk_buffer *out)
{
    (void)pk_buffer_puts(out, "<!DOCTYPE html>\n<html lang=\"");
    pk_html_put(out, page->language);
    (void)pk_buffer_puts(out,
            "\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"></head>\n<body style=\"" BODY
            "\"><div style=\"" CARD "\">\n");
    for (size_t i = 0; i < page->count; i++) {
        enum pk_block kind = page->blocks[i].kind;

        if (i == 0 || page->blocks[i - 1].kind != kind) {
            put_frame(out, kind, true);
        }
        put_block(out, kind, page->blocks[i].a, page->blocks[i].b);
        if (i + 1 == page->count || page->blocks[i + 1].kind != kind) {
            put_frame(out, kind, false);
        }
    }
    (void)pk_buffer_puts(out, "</div></body></html>\n");
}
