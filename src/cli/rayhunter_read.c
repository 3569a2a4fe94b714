#include "cli/rayhunter_read.h"

#include <stdlib.h>

static void on_observation(void *ctx, struct pk_observation *obs)
{
    struct pk_buffer *out = ctx;
    json_t *line;
    char *text;

    obs->seq = 1;
    line = pk_observation_encode(obs, false);
    (void)json_object_del(line, "seq");
    (void)json_object_set_new(line, "device", json_string("rayhunter"));
    text = line != NULL ? pk_json_text(line) : NULL;
    if (text == NULL) {
        out->rc = out->rc < 0 ? out->rc : PK_ENOMEM;
    } else {
        (void)pk_buffer_puts(out, text);
        (void)pk_buffer_putc(out, '\n');
    }
    free(text);
    json_decref(line);
}

static int read_lines(struct pk_rayhunter *reader, const char *file, const struct pk_buffer *text,
        struct pk_error *err)
{
    int number = 0;
    int rc = PK_OK;

    for (size_t at = 0; at < text->len && rc == PK_OK;) {
        const char *from = text->ptr + at;
        const char *end = memchr(from, '\n', text->len - at);
        size_t n = end != NULL ? (size_t)(end - from) : text->len - at;

        number++;
        at += n + 1;
        if (n == 0) {
            continue;
        }
        rc = pk_rayhunter_line(reader, pk_slice_of(from, n), err);
        if (rc < 0 && end == NULL && number > 1) {
            rc = PK_OK; /* the sensor is still writing it */
        } else if (rc < 0) {
            pk_error_prefix(err, "%s:%d", file, number);
        }
    }
    return rc;
}

int pk_rayhunter_read(const char *file, struct pk_buffer *text, struct pk_error *err)
{
    struct pk_buffer out = pk_buffer_of(text->max);
    const struct pk_track_sink sink = { .tell = on_observation, .ctx = &out };
    struct pk_rayhunter *reader = pk_rayhunter_create(&sink);
    int rc;

    if (reader == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = read_lines(reader, file, text, err);
    pk_rayhunter_destroy(reader);
    if (rc == PK_OK && out.rc < 0) {
        rc = pk_error_set(err, out.rc, "'%s': %s", file, pk_code_text(out.rc));
    }
    if (rc < 0) {
        pk_buffer_finish(&out);
        return rc;
    }
    pk_buffer_finish(text);
    *text = out;
    return PK_OK;
}
