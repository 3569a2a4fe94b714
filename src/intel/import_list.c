/* Plain lists, one value a line; and texts for people of which only hashes are taken. */
#include <ctype.h>
#include <string.h>

#include "intel/import_internal.h"

/* The next line without its end and what is behind a '#'; false: no more. */
static bool next_line(struct pk_slice *text, size_t *number, const char **line, size_t *len)
{
    const uint8_t *end;

    if (text->len == 0) {
        return false;
    }
    end = memchr(text->ptr, '\n', text->len);
    *line = (const char *)text->ptr;
    *len = end != NULL ? (size_t)(end - text->ptr) : text->len;
    *text = pk_slice_of(text->ptr + *len + (end != NULL), text->len - *len - (end != NULL));
    (*number)++;
    return true;
}

static void trim(const char **line, size_t *len)
{
    while (*len > 0 && isspace((unsigned char)**line)) {
        (*line)++;
        (*len)--;
    }
    while (*len > 0 && isspace((unsigned char)(*line)[*len - 1])) {
        (*len)--;
    }
}

/* "0.0.0.0 name" of a hosts file -> "name". */
static void cut_hosts(const char **line, size_t *len)
{
    static const char *const sinks[] = { "0.0.0.0", "127.0.0.1", "::1", "::" };

    for (size_t i = 0; i < PK_COUNT(sinks); i++) {
        size_t n = strlen(sinks[i]);

        if (*len > n && strncmp(*line, sinks[i], n) == 0 && isblank((unsigned char)(*line)[n])) {
            *line += n;
            *len -= n;
            trim(line, len);
            return;
        }
    }
}

/* What the list says it holds, unless the value is plainly something else. */
static int kind_of_line(const struct pk_feed *feed, const char *line, size_t len)
{
    char normal[PK_INTEL_VALUE_MAX];
    int guess = pk_intel_guess(line, len);

    if (feed->kind < 0) {
        return guess;
    }
    if (guess == PK_INTEL_URL || (guess == PK_INTEL_IP && feed->kind == PK_INTEL_DOMAIN)) {
        return guess;
    }
    return guess >= 0 && !pk_intel_normalise(feed->kind, line, len, normal) ? guess : feed->kind;
}

int pk_feed_read_list(struct pk_feed *feed)
{
    struct pk_slice text = feed->text;
    const char *line;
    size_t len;
    size_t number = 0;

    feed->result->format = "list";
    while (next_line(&text, &number, &line, &len)) {
        struct pk_feed_row row = { .line = number };
        const char *comment;
        int rc;

        trim(&line, &len);
        if (len == 0 || line[0] == '#' || line[0] == ';' ||
                (len > 1 && line[0] == '/' && line[1] == '/')) {
            continue;
        }
        comment = memmem(line, len, " #", 2);
        len = comment != NULL ? (size_t)(comment - line) : len;
        trim(&line, &len);
        cut_hosts(&line, &len);
        row.kind = kind_of_line(feed, line, len);
        row.value = line;
        row.len = len;
        rc = pk_feed_add(feed, &row);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

/* Hashes among other words. Names and hosts in prose are as often harmless as not: they are left. */
int pk_feed_read_prose(struct pk_feed *feed)
{
    struct pk_slice text = feed->text;
    const char *line;
    size_t len;
    size_t number = 0;

    feed->result->format = "text";
    while (next_line(&text, &number, &line, &len)) {
        for (size_t i = 0; i < len;) {
            size_t n = 0;
            struct pk_feed_row row = { .line = number };
            int rc;

            while (i + n < len && isxdigit((unsigned char)line[i + n])) {
                n++;
            }
            row.kind = n == 32 ? PK_INTEL_MD5
                    : n == 40  ? PK_INTEL_SHA1
                    : n == 64  ? PK_INTEL_SHA256
                               : -1;
            if (row.kind >= 0 && (i + n == len || !isalnum((unsigned char)line[i + n]))) {
                row.value = line + i;
                row.len = n;
                rc = pk_feed_add(feed, &row);
                if (rc < 0) {
                    return rc;
                }
            }
            i += n;
            while (i < len && isalnum((unsigned char)line[i])) {
                i++; /* the rest of the word */
            }
            while (i < len && !isalnum((unsigned char)line[i])) {
                i++;
            }
        }
    }
    return feed->result->rows > 0 ? PK_OK : pk_feed_refuse(feed, "a text without hashes");
}
