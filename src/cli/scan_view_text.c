/* Headings, facts and wrapped lines. */
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/scan_view_parts.h"

#define LABEL_WIDTH 16
#define WIDTH_LEAST 40

void pk_view_color(FILE *to, const struct pk_scan_style *style, const char *color)
{
    if (style->color) {
        (void)fputs(color, to);
    }
}

void pk_view_heading(FILE *to, const struct pk_scan_style *style, const char *text)
{
    (void)fputc('\n', to);
    pk_view_color(to, style, PK_COLOR_BOLD);
    (void)fputs(text, to);
    pk_view_color(to, style, PK_COLOR_OFF);
    (void)fputc('\n', to);
}

void pk_view_fact(FILE *to, const struct pk_scan_style *style, const char *label, const char *text)
{
    char lead[64];

    if (text == NULL || text[0] == '\0') {
        return;
    }
    (void)snprintf(lead, sizeof(lead), "  %-*s", LABEL_WIDTH, label);
    pk_view_wrapped(to, style, lead, strlen(lead), text);
}

void pk_view_tree(FILE *to, const json_t *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);

    if (lines == NULL) {
        return;
    }
    pk_print_tree(lines, value);
    (void)fclose(lines);
    for (const char *line = text; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\n");

        (void)fprintf(to, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    free(text);
}

/* Characters of the word at text, up to a space or the end. */
static size_t word_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0' && *text != ' '; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

void pk_view_wrapped(FILE *to, const struct pk_scan_style *style, const char *lead, size_t width,
        const char *text)
{
    size_t columns = style->width > WIDTH_LEAST ? (size_t)style->width : WIDTH_LEAST;
    size_t at = width;

    (void)fputs(lead, to);
    for (bool first = true; *text != '\0'; first = false) {
        size_t word = word_width(text);

        if (!first && at + 1 + word > columns) {
            (void)fprintf(to, "\n%*s", (int)width, "");
            at = width;
        } else if (!first) {
            (void)fputc(' ', to);
            at++;
        }
        at += pk_print_text(to, text, word);
        text += strcspn(text, " ");
        text += *text == ' ';
    }
    (void)fputc('\n', to);
}
