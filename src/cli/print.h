/* print.h - JSON for people: tables and indented trees. What comes from devices can be an
 * attacker's text: control characters never reach the terminal. */
#pragma once

#include <stddef.h>
#include <jansson.h>
#include <stdio.h>

/* A column: its heading and the path of its value in a row, "device.name". */
struct pk_column {
    const char *heading;
    const char *path;
};

/* One line a row below a line of headings; columns end with a NULL heading. */
void pk_print_table(FILE *to, const struct pk_column *columns, const json_t *rows);
/* "key  value" lines, nested values indented. */
void pk_print_tree(FILE *to, const json_t *value);
/* The values of an object on one line, in its order. */
void pk_print_row(FILE *to, const json_t *object);
/* One compact JSON line. */
void pk_print_json(FILE *to, const json_t *value);

/* At most max characters of the text, without what a terminal would act on; returns how many. */
size_t pk_print_text(FILE *to, const char *text, size_t max);
