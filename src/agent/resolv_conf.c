#include "agent/resolv_conf.h"

#include <ctype.h>

#define OTHERS_MAX 2 /* MAXNS of <resolv.h> is 3 */

/* The next line with its end. */
static bool next_line(struct pk_slice *in, struct pk_slice *line)
{
    const uint8_t *end;

    if (in->len == 0) {
        return false;
    }
    end = memchr(in->ptr, '\n', in->len);
    *line = pk_slice_of(in->ptr, end != NULL ? (size_t)(end + 1 - in->ptr) : in->len);
    *in = pk_slice_of(in->ptr + line->len, in->len - line->len);
    return true;
}

static bool begins(struct pk_slice line, const char *with)
{
    size_t len = strlen(with);

    return line.len >= len && memcmp(line.ptr, with, len) == 0;
}

static bool is_entry(struct pk_slice line, const char *keyword)
{
    size_t len = strlen(keyword);

    return begins(line, keyword) && line.len > len && isspace(line.ptr[len]);
}

bool pk_resolv_conf_is_ours(struct pk_slice text)
{
    struct pk_slice line;

    while (next_line(&text, &line)) {
        if (begins(line, PK_RESOLV_OWN)) {
            return true;
        }
    }
    return false;
}

/* A line of a text that did not end with one gets its end. */
static void put_line(struct pk_buffer *out, struct pk_slice line)
{
    (void)pk_buffer_put(out, line.ptr, line.len);
    if (line.len == 0 || line.ptr[line.len - 1] != '\n') {
        (void)pk_buffer_putc(out, '\n');
    }
}

static void keep_as_comment(struct pk_buffer *out, struct pk_slice line)
{
    (void)pk_buffer_puts(out, PK_RESOLV_WAS);
    put_line(out, line);
}

static bool next_word(struct pk_slice *in, struct pk_slice *word)
{
    size_t skip = 0;
    size_t len = 0;

    while (skip < in->len && isspace(in->ptr[skip])) {
        skip++;
    }
    while (skip + len < in->len && !isspace(in->ptr[skip + len])) {
        len++;
    }
    *word = pk_slice_of(in->ptr + skip, len);
    *in = pk_slice_of(in->ptr + skip + len, in->len - skip - len);
    return len > 0;
}

static bool rotates(struct pk_slice line)
{
    struct pk_slice word;

    while (next_word(&line, &word)) {
        if (pk_slice_eq(word, pk_slice_str("rotate"))) {
            return true;
        }
    }
    return false;
}

static void put_options(struct pk_buffer *out, struct pk_slice line)
{
    struct pk_slice rest = line;
    struct pk_slice word;

    keep_as_comment(out, line);
    (void)pk_buffer_puts(out, PK_RESOLV_OWN "\n");
    for (bool first = true; next_word(&rest, &word); first = false) {
        if (!pk_slice_eq(word, pk_slice_str("rotate"))) {
            (void)pk_buffer_puts(out, first ? "" : " ");
            (void)pk_buffer_put(out, word.ptr, word.len);
        }
    }
    (void)pk_buffer_putc(out, '\n');
}

int pk_resolv_conf_install(struct pk_slice text, const char *address, struct pk_buffer *out)
{
    struct pk_slice line;
    int others = 0;

    (void)pk_buffer_printf(out,
            PK_RESOLV_OWN " name server first; 'picket-agent names off' takes it out again\n"
                          "nameserver %s\n",
            address);
    while (next_line(&text, &line)) {
        if (is_entry(line, "nameserver") && ++others > OTHERS_MAX) {
            keep_as_comment(out, line);
        } else if (is_entry(line, "options") && rotates(line)) {
            put_options(out, line);
        } else {
            put_line(out, line);
        }
    }
    return out->rc;
}

int pk_resolv_conf_restore(struct pk_slice text, struct pk_buffer *out)
{
    struct pk_slice line;
    size_t was = strlen(PK_RESOLV_WAS);

    while (next_line(&text, &line)) {
        if (begins(line, PK_RESOLV_OWN)) {
            (void)next_line(&text, &line);
        } else if (begins(line, PK_RESOLV_WAS)) {
            (void)pk_buffer_put(out, line.ptr + was, line.len - was);
        } else {
            (void)pk_buffer_put(out, line.ptr, line.len);
        }
    }
    return out->rc;
}
