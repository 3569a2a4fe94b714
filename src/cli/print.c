#include "cli/print.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 12
#define WIDTH_MAX   64 /* of a cell; longer ones are cut */
#define INDENT      2
#define KEY_WIDTH   16

/* Terminals act on C0 and C1 controls; U+202A.. and U+2066.. turn the direction of what follows. */
static size_t unsafe_len(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;

    if (c[0] < 0x20 || c[0] == 0x7f) {
        return 1;
    }
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
        return 2;
    }
    if (c[0] == 0xe2 &&
            ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
                    (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9))) {
        return 3;
    }
    return 0;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Characters of the text, as good as columns for the scripts of names and ids. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += starts_character(*text);
    }
    return width;
}

size_t pk_print_text(FILE *to, const char *text, size_t max)
{
    size_t width = 0;

    while (*text != '\0') {
        size_t unsafe = unsafe_len(text);

        if (width == max) {
            break;
        }
        if (unsafe > 0) {
            (void)fputc('?', to);
            text += unsafe;
        } else {
            do {
                (void)fputc(*text++, to);
            } while (*text != '\0' && !starts_character(*text));
        }
        width++;
    }
    return width;
}

static const json_t *value_at(const json_t *row, const char *path)
{
    while (row != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        char key[64];

        if (len >= sizeof(key)) {
            return NULL;
        }
        memcpy(key, path, len);
        key[len] = '\0';
        row = json_object_get(row, key);
        path += len + (path[len] == '.');
    }
    return row;
}

/* The text of a scalar; "-" for null and absence. The caller frees. */
static char *text_of(const json_t *value)
{
    char number[40];

    if (json_is_string(value)) {
        return strdup(json_string_value(value));
    }
    if (json_is_boolean(value)) {
        return strdup(json_is_true(value) ? "yes" : "no");
    }
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        return strdup(number);
    }
    if (json_is_real(value)) {
        (void)snprintf(number, sizeof(number), "%.3g", json_real_value(value));
        return strdup(number);
    }
    return value == NULL || json_is_null(value) ? strdup("-") : json_dumps(value, JSON_COMPACT);
}

static void put_padded(FILE *to, const char *text, size_t width, bool last)
{
    size_t done = pk_print_text(to, text, WIDTH_MAX);

    while (!last && done++ < width + 2) {
        (void)fputc(' ', to);
    }
}

static void put_headings(FILE *to, const struct pk_column *columns, const size_t *widths)
{
    for (size_t c = 0; columns[c].heading != NULL; c++) {
        put_padded(to, columns[c].heading, widths[c], columns[c + 1].heading == NULL);
    }
    (void)fputc('\n', to);
}

void pk_print_table(FILE *to, const struct pk_column *columns, const json_t *rows)
{
    size_t widths[COLUMNS_MAX] = { 0 };
    const json_t *row;
    size_t n;

    for (size_t c = 0; columns[c].heading != NULL && c < COLUMNS_MAX; c++) {
        widths[c] = width_of(columns[c].heading);
        json_array_foreach (rows, n, row) {
            char *text = text_of(value_at(row, columns[c].path));
            size_t width = text != NULL ? width_of(text) : 0;

            width = width < WIDTH_MAX ? width : WIDTH_MAX;
            widths[c] = width > widths[c] ? width : widths[c];
            free(text);
        }
    }
    put_headings(to, columns, widths);
    json_array_foreach (rows, n, row) {
        for (size_t c = 0; columns[c].heading != NULL && c < COLUMNS_MAX; c++) {
            char *text = text_of(value_at(row, columns[c].path));

            put_padded(to, text != NULL ? text : "", widths[c], columns[c + 1].heading == NULL);
            free(text);
        }
        (void)fputc('\n', to);
    }
}

static bool is_empty(const json_t *value)
{
    return (json_is_array(value) && json_array_size(value) == 0) ||
            (json_is_object(value) && json_object_size(value) == 0);
}

static void indent(FILE *to, int depth)
{
    (void)fprintf(to, "%*s", depth * INDENT, "");
}

/* Lines of a text (a certificate has many), each behind the indentation. */
static void put_lines(FILE *to, const char *text, int depth)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *line = strndup(text, len);

        if (line != NULL) {
            indent(to, depth);
            (void)pk_print_text(to, line, SIZE_MAX);
            (void)fputc('\n', to);
        }
        free(line);
        text += len + (text[len] == '\n');
    }
}

static void put_tree(FILE *to, const json_t *value, int depth);

static void put_member(FILE *to, const char *key, const json_t *value, int depth)
{
    char *text = NULL;

    indent(to, depth);
    if ((json_is_object(value) || json_is_array(value)) && !is_empty(value)) {
        (void)pk_print_text(to, key, SIZE_MAX);
        (void)fputc('\n', to);
        put_tree(to, value, depth + 1);
        return;
    }
    if (json_is_string(value) && strchr(json_string_value(value), '\n') != NULL) {
        (void)pk_print_text(to, key, SIZE_MAX);
        (void)fputc('\n', to);
        put_lines(to, json_string_value(value), depth + 1);
        return;
    }
    text = is_empty(value) ? strdup("-") : text_of(value);
    for (size_t n = pk_print_text(to, key, SIZE_MAX); n < KEY_WIDTH && key[0] != '-'; n++) {
        (void)fputc(' ', to);
    }
    (void)fputc(' ', to);
    (void)pk_print_text(to, text != NULL ? text : "", SIZE_MAX);
    (void)fputc('\n', to);
    free(text);
}

/* The depth is bounded by what the JSON parser accepts. */
static void put_tree(FILE *to, const json_t *value, int depth)
{
    const char *key;
    json_t *child;
    size_t n;

    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, child) {
            put_member(to, key, child, depth);
        }
        return;
    }
    json_array_foreach (value, n, child) {
        if (json_is_object(child) || json_is_array(child)) {
            indent(to, depth);
            (void)fprintf(to, "%zu.\n", n + 1);
            put_tree(to, child, depth + 1);
        } else {
            put_member(to, "-", child, depth);
        }
    }
}

void pk_print_tree(FILE *to, const json_t *value)
{
    put_tree(to, value, 0);
}

void pk_print_row(FILE *to, const json_t *object)
{
    const char *gap = "";
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)object, key, value) {
        char *text = text_of(value);

        (void)fputs(gap, to);
        (void)pk_print_text(to, text != NULL ? text : "", SIZE_MAX);
        gap = "  ";
        free(text);
    }
    (void)fputc('\n', to);
}

void pk_print_json(FILE *to, const json_t *value)
{
    (void)json_dumpf(value, to, JSON_COMPACT);
    (void)fputc('\n', to);
}
