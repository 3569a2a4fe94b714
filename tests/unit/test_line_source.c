/* Lines of plain and of compressed files: the same, whole, and what is cut off is told. */
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "check.h"
#include "cli/line_source.h"

#define LINES 40000U

static char folder[] = "/tmp/picket-lines-XXXXXX";
static char text[LINES * 24];
static size_t text_len;
static char out[sizeof(text)]; /* compressed */

static void save(const char *name, const void *bytes, size_t len, char path[64])
{
    FILE *f;

    (void)snprintf(path, 64, "%s/%s", folder, name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* The answer at the end; *count: lines before it, all of them the text's. */
static int read_all(const char *path, size_t *count)
{
    struct pk_line_source *source = NULL;
    struct pk_error err = { 0 };
    struct pk_slice line;
    const char *at = text;
    bool more = true;
    int rc;

    *count = 0;
    assert_int_equal(pk_line_source_open(path, &source, &err), PK_OK);
    while ((rc = pk_line_source_next(source, &line, &more, &err)) == PK_OK && more) {
        assert_true(at + line.len <= text + text_len);
        assert_memory_equal(line.ptr, at, line.len);
        at += line.len + 1;
        (*count)++;
    }
    pk_line_source_close(source);
    (void)unlink(path);
    return rc;
}

/* flush: a block ends after so many bytes; blocks of odd sizes end in the middle of the reader's room. */
static size_t packed(size_t flush)
{
    ZSTD_CStream *z = ZSTD_createCStream();
    ZSTD_outBuffer to = { out, sizeof(out), 0 };

    assert_non_null(z);
    for (size_t at = 0; at < text_len; at += flush) {
        size_t left = text_len - at;
        ZSTD_inBuffer in = { text + at, left < flush ? left : flush, 0 };

        assert_int_equal(
                ZSTD_compressStream2(z, &to, &in, left <= flush ? ZSTD_e_end : ZSTD_e_flush), 0);
    }
    (void)ZSTD_freeCStream(z);
    return to.pos;
}

static void test_plain_and_packed(void **state)
{
    static const size_t flushes[] = { sizeof(text), 100000, 77777, 4099 };
    char path[64];
    size_t count;

    (void)state;
    save("lines", text, text_len, path);
    assert_int_equal(read_all(path, &count), PK_OK);
    assert_int_equal(count, LINES);
    save("no-end", text, text_len - 1, path); /* the last line's end is missing */
    assert_int_equal(read_all(path, &count), PK_OK);
    assert_int_equal(count, LINES);
    for (size_t i = 0; i < PK_COUNT(flushes); i++) {
        size_t len = packed(flushes[i]);

        save("lines.zst", out, len, path);
        assert_int_equal(read_all(path, &count), PK_OK);
        assert_int_equal(count, LINES);
    }
}

static void test_cut_off(void **state)
{
    size_t len = packed(sizeof(text));
    char path[64];
    size_t count;

    (void)state;
    for (size_t cut = 1; cut < len; cut += 1 + len / 37) {
        int rc;

        save("cut.zst", out, cut, path);
        rc = read_all(path, &count);
        assert_int_equal(rc, PK_ETRUNC);
        assert_true(count < LINES);
    }
    out[len / 2] ^= 0x55;
    out[0] ^= 1;
    save("other.zst", out, len, path);
    assert_int_equal(read_all(path, &count), PK_EMALF);
    save("empty.zst", out, 0, path);
    assert_int_equal(read_all(path, &count), PK_OK);
    assert_int_equal(count, 0);
}

static void test_long_line(void **state)
{
    char *big = malloc(600000);
    struct pk_line_source *source = NULL;
    struct pk_slice line;
    bool more;
    char path[64];

    (void)state;
    assert_non_null(big);
    memset(big, 'x', 600000);
    save("long", big, 600000, path);
    free(big);
    assert_int_equal(pk_line_source_open(path, &source, NULL), PK_OK);
    assert_int_equal(pk_line_source_next(source, &line, &more, NULL), PK_ELIMIT);
    pk_line_source_close(source);
    (void)unlink(path);
}

static void test_no_file(void **state)
{
    struct pk_line_source *source = NULL;

    (void)state;
    assert_true(pk_line_source_open("/nowhere/at/all", &source, NULL) < 0);
    assert_null(source);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_packed),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_no_file),
    };
    int rc;

    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    for (unsigned i = 0; i < LINES; i++) {
        text_len += (size_t)snprintf(
                text + text_len, sizeof(text) - text_len, "%u %u\n", i, i * 2654435761U);
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return rc;
}
