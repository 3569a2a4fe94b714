#include "base/buffer.h"
#include "check.h"
#include "cli/model_table.h"

struct text {
    const char *bytes;
    size_t len, pos;
    size_t piece; /* bytes a time */
    bool breaks;  /* at its end */
};

static ssize_t source(void *ctx, void *out, size_t size, struct pk_error *err)
{
    struct text *t = ctx;
    size_t n = t->len - t->pos;

    if (n == 0 && t->breaks) {
        return pk_error_set(err, PK_EIO, "broken");
    }
    n = n < t->piece ? n : t->piece;
    n = n < size ? n : size;
    memcpy(out, t->bytes + t->pos, n);
    t->pos += n;
    return (ssize_t)n;
}

/* All rows as "a|b/c|d/": fields end with '|', rows with '/'. */
static int read_all(
        const char *bytes, size_t len, size_t piece, struct pk_buffer *out, struct pk_error *err)
{
    struct text text = { .bytes = bytes, .len = len, .piece = piece };
    struct pk_model_table *table = pk_model_table_create(source, &text);
    const struct pk_slice *fields;
    size_t count;
    int rc;

    assert_non_null(table);
    pk_buffer_clear(out);
    while ((rc = pk_model_table_next(table, &fields, &count, err)) > 0) {
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(fields[i].ptr[fields[i].len], '\0');
            (void)pk_buffer_put(out, fields[i].ptr, fields[i].len);
            (void)pk_buffer_putc(out, '|');
        }
        (void)pk_buffer_putc(out, '/');
    }
    pk_model_table_destroy(table);
    return rc;
}

static void test_good(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        { "", "" },
        { "a,b\n1,2\n", "a|b|/1|2|/" },
        { "a,b\r\n1,2", "a|b|/1|2|/" },
        { "\n\na\n\n", "a|/" },
        { "a,,c\n,\n", "a||c|/||/" },
        { "\"a,b\",\"c\"\"d\"\n", "a,b|c\"d|/" },
        { "\"line\nbreak\",x\r\ny\n", "line\nbreak|x|/y|/" },
        { "\xef\xbb\xbf\"a\",b\n", "a|b|/" },
        { "a\rb,c\r", "a\rb|c|/" },
        { "\"\"\n", "|/" },
    };
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        for (size_t piece = strlen(rows[i].in) > 3 && rows[i].in[0] == '\xef' ? 3 : 1; piece < 20;
                piece++) {
            struct pk_buffer out = pk_buffer_of(200);

            assert_int_equal(read_all(rows[i].in, strlen(rows[i].in), piece, &out, NULL), 0);
            assert_string_equal(out.ptr != NULL ? out.ptr : "", rows[i].out);
            pk_buffer_finish(&out);
        }
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        int rc;
        int line;
    } rows[] = {
        { "a\n\"b", 4, PK_ETRUNC, 2 },
        { "a\n\"b\nc", 6, PK_ETRUNC, 2 },
        { "\"a\"b\n", 5, PK_EMALF, 1 },
        { "a\nb\0c\n", 6, PK_EMALF, 2 },
        { "\"a\0\"\n", 5, PK_EMALF, 1 },
    };
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_error err = { 0 };
        struct pk_buffer out = pk_buffer_of(200);

        assert_int_equal(read_all(rows[i].in, rows[i].len, 2, &out, &err), rows[i].rc);
        pk_buffer_finish(&out);
        assert_int_equal(err.line, rows[i].line);
    }
}

static void test_limits(void **state)
{
    size_t len = PK_MODEL_TABLE_ROW_MAX + 10;
    char *big = malloc(len);
    struct pk_buffer out = pk_buffer_of(2 * len);

    (void)state;
    assert_non_null(big);
    memset(big, 'x', len);
    assert_int_equal(read_all(big, len, len, &out, NULL), PK_ELIMIT);
    memset(big, ',', PK_MODEL_TABLE_FIELDS_MAX);
    assert_int_equal(read_all(big, PK_MODEL_TABLE_FIELDS_MAX, len, &out, NULL), PK_ELIMIT);
    assert_int_equal(read_all(big, PK_MODEL_TABLE_FIELDS_MAX - 1, len, &out, NULL), 0);
    pk_buffer_finish(&out);
    free(big);
}

/* A source that fails never looks like one that ends, wherever it does. */
static void test_broken(void **state)
{
    static const char in[] = "a,\"b\"\r\nc,d\n\n\ne,\"f\ng\"";

    (void)state;
    for (size_t len = 0; len < sizeof(in); len++) {
        struct text text = { .bytes = in, .len = len, .piece = 4, .breaks = true };
        struct pk_model_table *table = pk_model_table_create(source, &text);
        const struct pk_slice *fields;
        struct pk_error err = { 0 };
        size_t count;
        int rc;

        while ((rc = pk_model_table_next(table, &fields, &count, &err)) > 0) {
        }
        assert_int_equal(rc, PK_EIO);
        assert_string_equal(err.text, "broken");
        pk_model_table_destroy(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
