#include "policy/diff.h"

#include <stdlib.h>
#include <string.h>

struct line {
    const char *text;
    size_t len;
};

struct lines {
    struct line *items;
    size_t count;
};

struct edit {
    char mark;
    struct line line;
    size_t number; /* in after, from 1 */
};

static int split(const char *text, struct lines *out)
{
    size_t cap = 1;

    for (const char *p = text; *p != '\0'; p++) {
        cap += *p == '\n';
    }
    out->items = calloc(cap, sizeof(*out->items));
    if (out->items == NULL) {
        return PK_ENOMEM;
    }
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        out->items[out->count++] = (struct line){ .text = text, .len = len };
        text += len + (text[len] == '\n');
    }
    return PK_OK;
}

static bool same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Longest common subsequence: length[i][j] of the rests from i and j on. */
static uint16_t *lengths(const struct lines *a, const struct lines *b)
{
    size_t width = b->count + 1;
    uint16_t *t = calloc((a->count + 1) * width, sizeof(*t));

    for (size_t i = a->count; t != NULL && i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            uint16_t down = t[(i + 1) * width + j];
            uint16_t right = t[i * width + j + 1];

            t[i * width + j] = same(&a->items[i], &b->items[j])
                    ? (uint16_t)(t[(i + 1) * width + j + 1] + 1)
                    : down > right ? down
                                   : right;
        }
    }
    return t;
}

static size_t walk(
        const struct lines *a, const struct lines *b, const uint16_t *t, struct edit *out)
{
    size_t width = b->count + 1;
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < a->count || j < b->count) {
        struct edit *e = &out[count++];

        if (t != NULL && i < a->count && j < b->count && same(&a->items[i], &b->items[j])) {
            *e = (struct edit){ ' ', b->items[j], j + 1 };
            i++;
            j++;
        } else if (i < a->count &&
                (j == b->count || t == NULL || t[(i + 1) * width + j] >= t[i * width + j + 1])) {
            *e = (struct edit){ '-', a->items[i], j + 1 };
            i++;
        } else {
            *e = (struct edit){ '+', b->items[j], j + 1 };
            j++;
        }
    }
    return count;
}

static bool is_near(const struct edit *edits, size_t count, size_t at, size_t context)
{
    size_t from = at > context ? at - context : 0;
    size_t to = at + context < count ? at + context : count - 1;

    for (size_t i = from; i <= to; i++) {
        if (edits[i].mark != ' ') {
            return true;
        }
    }
    return false;
}

static void print(const struct edit *edits, size_t count, size_t context, struct pk_buffer *out)
{
    bool cut = false;

    for (size_t i = 0; i < count; i++) {
        const struct edit *e = &edits[i];

        if (e->mark == ' ' && !is_near(edits, count, i, context)) {
            cut = true;
            continue;
        }
        if (cut) {
            (void)pk_buffer_printf(out, "@ %zu\n", e->number);
            cut = false;
        }
        (void)pk_buffer_putc(out, e->mark);
        (void)pk_buffer_put(out, e->line.text, e->line.len);
        (void)pk_buffer_putc(out, '\n');
    }
}

int pk_diff_lines(const char *before, const char *after, int context, struct pk_buffer *out,
        int64_t *added, int64_t *removed)
{
    struct lines a = { 0 };
    struct lines b = { 0 };
    struct edit *edits = NULL;
    uint16_t *t = NULL;
    size_t count = 0;
    int rc = split(before, &a);

    if (rc == PK_OK) {
        rc = split(after, &b);
    }
    if (rc == PK_OK && a.count <= PK_DIFF_LINES_MAX && b.count <= PK_DIFF_LINES_MAX) {
        t = lengths(&a, &b);
        rc = t != NULL ? PK_OK : PK_ENOMEM;
    }
    if (rc == PK_OK) {
        edits = calloc(a.count + b.count + 1, sizeof(*edits));
        rc = edits != NULL ? PK_OK : PK_ENOMEM;
    }
    if (rc == PK_OK) {
        count = walk(&a, &b, t, edits);
        print(edits, count, (size_t)context, out);
        rc = out->rc;
    }
    for (size_t i = 0; i < count; i++) {
        if (added != NULL) {
            *added += edits[i].mark == '+';
        }
        if (removed != NULL) {
            *removed += edits[i].mark == '-';
        }
    }
    free(edits);
    free(t);
    free(a.items);
    free(b.items);
    return rc;
}
