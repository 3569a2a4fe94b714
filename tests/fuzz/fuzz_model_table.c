/* A table for `picket model score`: its rows, its header against the model's features, its cells and labels. Read twice, in
 * pieces of other sizes, it says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/model_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

struct input {
    struct pk_slice bytes;
    size_t piece;
};

static ssize_t source(void *ctx, void *out, size_t size, struct pk_error *err)
{
    struct input *in = ctx;
    size_t n = in->bytes.len < in->piece ? in->bytes.len : in->piece;

    (void)err;
    n = n < size ? n : size;
    if (n > 0) {
        memcpy(out, in->bytes.ptr, n);
    }
    in->bytes = pk_slice_of(in->bytes.ptr + n, in->bytes.len - n);
    return (ssize_t)n;
}

/* FNV-1a over everything that the table said. */
static void add(uint64_t *sum, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *sum = (*sum ^ ((const uint8_t *)bytes)[i]) * 1099511628211ULL;
    }
}

static uint64_t read_table(const struct pk_model *model, struct pk_slice bytes, size_t piece)
{
    struct input input = { .bytes = bytes, .piece = piece };
    struct pk_model_table *table = pk_model_table_create(source, &input);
    struct pk_model_columns *columns = calloc(1, sizeof(*columns));
    const struct pk_slice *fields;
    uint64_t sum = 14695981039346656037ULL;
    bool mapped = false;
    size_t count;
    int rc;

    must(table != NULL && columns != NULL);
    while ((rc = pk_model_table_next(table, &fields, &count, NULL)) > 0) {
        must(count >= 1 && count <= PK_MODEL_TABLE_FIELDS_MAX);
        for (size_t i = 0; i < count; i++) {
            must(fields[i].ptr[fields[i].len] == '\0');
            must(memchr(fields[i].ptr, '\0', fields[i].len) == NULL);
            add(&sum, fields[i].ptr, fields[i].len + 1);
        }
        if (!mapped) {
            mapped = pk_model_columns_map(model, fields, count, NULL, NULL, columns, NULL) == PK_OK;
        } else {
            struct pk_model_vector vector;

            rc = pk_model_row(model, columns, fields, count, &vector, NULL);
            add(&sum, &rc, sizeof(rc));
            rc = pk_model_label(fields[0], NULL);
            add(&sum, &rc, sizeof(rc));
        }
    }
    add(&sum, &rc, sizeof(rc));
    must(pk_model_table_line(table) >= 0);
    pk_model_table_destroy(table);
    free(columns);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pk_model *model;
    uint8_t *copy = malloc(size > 0 ? size : 1);

    must(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (model == NULL) {
        must(pk_model_create_android(&model, NULL) == PK_OK);
    }
    /* A byte order mark is one only where the first piece has it whole. */
    must(read_table(model, pk_slice_of(copy, size), SIZE_MAX) ==
            read_table(model, pk_slice_of(copy, size), 3));
    free(copy);
    return 0;
}
