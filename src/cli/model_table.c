#include "cli/model_table.h"

#include <limits.h>
#include <stdlib.h>

#define CHUNK_SIZE (64UL * 1024)

struct pk_model_table {
    pk_model_table_source source;
    void *ctx;
    uint8_t chunk[CHUNK_SIZE];
    size_t chunk_len, chunk_pos;
    bool ended;
    bool failed;  /* the source did; sticky, its sentence was given once */
    int line;     /* of the next byte */
    int row_line; /* where the last row began */
    char *row;    /* the fields' bytes, each with a NUL */
    size_t row_len, row_cap;
    size_t *ends; /* offset of each field's NUL */
    struct pk_slice *fields;
    size_t count, cap;
};

struct pk_model_table *pk_model_table_create(pk_model_table_source source, void *ctx)
{
    struct pk_model_table *csv = calloc(1, sizeof(*csv));

    if (csv != NULL) {
        csv->source = source;
        csv->ctx = ctx;
        csv->line = 1;
    }
    return csv;
}

void pk_model_table_destroy(struct pk_model_table *csv)
{
    if (csv != NULL) {
        free(csv->row);
        free(csv->ends);
        free(csv->fields);
        free(csv);
    }
}

int pk_model_table_line(const struct pk_model_table *csv)
{
    return csv->row_line;
}

/* The next byte without taking it, or -1 at the end, or -2 with *err. */
static int peek(struct pk_model_table *csv, struct pk_error *err)
{
    if (csv->chunk_pos == csv->chunk_len && !csv->ended) {
        ssize_t n = csv->source(csv->ctx, csv->chunk, sizeof(csv->chunk), err);

        csv->chunk_pos = 0;
        csv->chunk_len = n > 0 ? (size_t)n : 0;
        csv->ended = n <= 0;
        csv->failed = n < 0;
    }
    if (csv->failed) {
        return -2;
    }
    return csv->chunk_pos < csv->chunk_len ? csv->chunk[csv->chunk_pos] : -1;
}

static void take(struct pk_model_table *csv)
{
    if (csv->chunk[csv->chunk_pos++] == '\n' && csv->line < INT_MAX) {
        csv->line++;
    }
}

static int fail(struct pk_model_table *csv, int code, struct pk_error *err, const char *what)
{
    (void)pk_error_set(err, code, "%s", what);
    if (err != NULL) {
        err->line = csv->row_line;
    }
    return code;
}

static int put(struct pk_model_table *csv, int c, struct pk_error *err)
{
    if (csv->row_len == csv->row_cap) {
        size_t cap = csv->row_cap == 0 ? 4096 : csv->row_cap * 2;
        char *row = csv->row_len < PK_MODEL_TABLE_ROW_MAX ? realloc(csv->row, cap) : NULL;

        if (row == NULL) {
            return csv->row_len < PK_MODEL_TABLE_ROW_MAX
                    ? fail(csv, PK_ENOMEM, err, "out of memory")
                    : fail(csv, PK_ELIMIT, err, "a row of more than a megabyte (a quote is open?)");
        }
        csv->row = row;
        csv->row_cap = cap;
    }
    csv->row[csv->row_len++] = (char)c;
    return PK_OK;
}

static int end_field(struct pk_model_table *csv, struct pk_error *err)
{
    if (csv->count >= PK_MODEL_TABLE_FIELDS_MAX) {
        return fail(csv, PK_ELIMIT, err, "too many fields");
    }
    if (csv->count == csv->cap) {
        size_t cap = csv->cap == 0 ? 256 : csv->cap * 2;
        size_t *ends;
        struct pk_slice *fields;

        ends = realloc(csv->ends, cap * sizeof(*ends));
        csv->ends = ends != NULL ? ends : csv->ends;
        fields = realloc(csv->fields, cap * sizeof(*fields));
        csv->fields = fields != NULL ? fields : csv->fields;
        if (ends == NULL || fields == NULL) {
            return fail(csv, PK_ENOMEM, err, "out of memory");
        }
        csv->cap = cap;
    }
    csv->ends[csv->count++] = csv->row_len;
    return put(csv, '\0', err);
}

/* Behind the opening quote, up to behind the closing one. */
static int quoted(struct pk_model_table *csv, struct pk_error *err)
{
    for (;;) {
        int c = peek(csv, err);

        if (c < 0) {
            return c == -1 ? fail(csv, PK_ETRUNC, err, "the file ends inside quotes") : PK_EIO;
        }
        take(csv);
        if (c == '"') {
            c = peek(csv, err);
            if (c != '"') {
                return c == -2 ? PK_EIO : PK_OK;
            }
            take(csv);
        }
        int rc = c == '\0' ? fail(csv, PK_EMALF, err, "a NUL byte") : put(csv, c, err);

        if (rc < 0) {
            return rc;
        }
    }
}

/* One field with the separator behind it: 1 when the row goes on, 0 when it ends. */
static int field(struct pk_model_table *csv, struct pk_error *err)
{
    int c = peek(csv, err);
    bool was_quoted = c == '"';
    int rc = PK_OK;

    if (was_quoted) {
        take(csv);
        rc = quoted(csv, err);
    }
    while (rc == PK_OK) {
        c = peek(csv, err);
        if (c == -2) {
            return PK_EIO;
        }
        if (c == '\r') {
            take(csv);
            if (peek(csv, err) >= 0 && peek(csv, err) != '\n') {
                rc = put(csv, c, err); /* one inside a field is text */
            }
            continue;
        }
        if (c < 0 || c == ',' || c == '\n') {
            break;
        }
        if (c == '\0' || was_quoted) {
            return fail(
                    csv, PK_EMALF, err, c == '\0' ? "a NUL byte" : "text behind a closing quote");
        }
        take(csv);
        rc = put(csv, c, err);
    }
    rc = rc == PK_OK ? end_field(csv, err) : rc;
    if (c >= 0 && rc == PK_OK) {
        take(csv);
    }
    return rc < 0 ? rc : c == ',' ? 1 : 0;
}

static void skip_mark(struct pk_model_table *csv)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

    if (csv->chunk_pos == 0 && csv->row_line == 0 && csv->chunk_len >= sizeof(mark) &&
            memcmp(csv->chunk, mark, sizeof(mark)) == 0) {
        csv->chunk_pos = sizeof(mark);
    }
}

int pk_model_table_next(struct pk_model_table *csv, const struct pk_slice **fields, size_t *count,
        struct pk_error *err)
{
    int more = 1;
    int c = peek(csv, err);

    skip_mark(csv);
    c = c >= 0 ? peek(csv, err) : c;
    while (c == '\n' || c == '\r') {
        take(csv);
        c = peek(csv, err);
    }
    if (c < 0) {
        return c == -1 ? 0 : PK_EIO;
    }
    csv->row_line = csv->line;
    csv->row_len = 0;
    csv->count = 0;
    while (more == 1) {
        more = field(csv, err);
    }
    if (more < 0) {
        return more;
    }
    for (size_t i = 0; i < csv->count; i++) {
        size_t begin = i == 0 ? 0 : csv->ends[i - 1] + 1;

        csv->fields[i] = pk_slice_of(csv->row + begin, csv->ends[i] - begin);
    }
    *fields = csv->fields;
    *count = csv->count;
    return 1;
}
