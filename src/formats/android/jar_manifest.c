#include "formats/android/jar_manifest.h"

#include <strings.h>

static size_t find(struct pk_slice in, size_t from, char c)
{
    const uint8_t *at = from < in.len ? memchr(in.ptr + from, c, in.len - from) : NULL;

    return at != NULL ? (size_t)(at - in.ptr) : in.len;
}

struct pk_jar_lines pk_jar_lines_of(struct pk_slice in)
{
    return (struct pk_jar_lines){ .in = in, .cr = find(in, 0, '\r'), .lf = find(in, 0, '\n') };
}

/* The next line without its end. CR and LF are looked for only once each, so a text with a million of
 * the one and none of the other is still read in linear time. */
static bool next_line(struct pk_jar_lines *lines, struct pk_slice *out)
{
    size_t end;

    if (lines->pos >= lines->in.len) {
        return false;
    }
    if (lines->cr < lines->pos) {
        lines->cr = find(lines->in, lines->pos, '\r');
    }
    if (lines->lf < lines->pos) {
        lines->lf = find(lines->in, lines->pos, '\n');
    }
    end = lines->cr < lines->lf ? lines->cr : lines->lf;
    *out = pk_slice_of(lines->in.ptr + lines->pos, end - lines->pos);
    lines->pos = end + 1;
    if (end == lines->cr && lines->lf == end + 1) {
        lines->pos++;
    }
    if (lines->pos > lines->in.len) { /* the last line needs no end */
        lines->pos = lines->in.len;
    }
    return true;
}

bool pk_jar_next_section(struct pk_jar_lines *lines, struct pk_slice *out)
{
    struct pk_slice line;
    size_t start;

    do {
        start = lines->pos;
        if (!next_line(lines, &line)) {
            return false;
        }
    } while (line.len == 0);
    while (line.len > 0 && next_line(lines, &line)) {
    }
    *out = pk_slice_of(lines->in.ptr + start, lines->pos - start);
    return true;
}

struct pk_jar_attrs pk_jar_attrs_of(struct pk_slice section, struct pk_buffer *joined)
{
    return (struct pk_jar_attrs){ .lines = pk_jar_lines_of(section), .joined = joined };
}

/* Adds the continuation lines, which begin with a space, to the line. */
static int join(struct pk_jar_attrs *attrs, struct pk_slice *line)
{
    struct pk_slice more;
    bool joined = false;

    while (next_line(&attrs->lines, &more)) {
        if (more.len == 0 || more.ptr[0] != ' ') {
            attrs->ahead = more;
            break;
        }
        if (!joined) {
            pk_buffer_clear(attrs->joined);
            (void)pk_buffer_put(attrs->joined, line->ptr, line->len);
            joined = true;
        }
        if (pk_buffer_put(attrs->joined, more.ptr + 1, more.len - 1) < 0) {
            return PK_ENOMEM;
        }
    }
    if (joined) {
        *line = pk_buffer_slice(attrs->joined);
    }
    return PK_OK;
}

int pk_jar_next_attr(struct pk_jar_attrs *attrs, struct pk_jar_attr *out)
{
    struct pk_slice line = attrs->ahead;
    const uint8_t *delimiter;
    int rc;

    attrs->ahead = (struct pk_slice){ .ptr = NULL };
    if ((line.ptr == NULL && !next_line(&attrs->lines, &line)) || line.len == 0) {
        return PK_ENOENT;
    }
    rc = join(attrs, &line);
    if (rc < 0) {
        return rc;
    }
    delimiter = memmem(line.ptr, line.len, ": ", 2);
    if (delimiter == NULL) {
        *out = (struct pk_jar_attr){ .name = line, .value = pk_slice_of(line.ptr + line.len, 0) };
    } else {
        size_t len = (size_t)(delimiter - line.ptr);

        *out = (struct pk_jar_attr){ .name = pk_slice_of(line.ptr, len),
            .value = pk_slice_of(delimiter + 2, line.len - len - 2) };
    }
    return PK_OK;
}

bool pk_jar_same_name(struct pk_slice name, const char *text)
{
    return name.len == strlen(text) && strncasecmp((const char *)name.ptr, text, name.len) == 0;
}

int pk_jar_section_name(struct pk_slice section, struct pk_buffer *joined, struct pk_slice *out)
{
    struct pk_jar_attrs attrs = pk_jar_attrs_of(section, joined);
    struct pk_jar_attr attr;
    int rc = pk_jar_next_attr(&attrs, &attr);

    if (rc < 0) {
        return rc;
    }
    if (!pk_jar_same_name(attr.name, "Name")) {
        return PK_ENOENT;
    }
    *out = attr.value;
    return PK_OK;
}

int pk_jar_value(
        struct pk_slice section, const char *name, struct pk_buffer *joined, struct pk_slice *out)
{
    struct pk_jar_attrs attrs = pk_jar_attrs_of(section, joined);
    struct pk_jar_attr attr;
    int rc;

    for (rc = pk_jar_next_attr(&attrs, &attr); rc == PK_OK; rc = pk_jar_next_attr(&attrs, &attr)) {
        if (pk_jar_same_name(attr.name, name)) {
            *out = attr.value;
            return PK_OK;
        }
    }
    return rc;
}
