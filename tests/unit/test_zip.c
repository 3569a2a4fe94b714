/* Archives are read as the platform reads them, and what is odd is said. */
#include "formats/limits.h"
#include "formats/zip.h"
#include "zip_build.h"

/* One archive under test. */
struct bench {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_zip zip;
    struct pk_slice file;
    struct pk_error err;
    int rc;
};

static void open_file(struct bench *b, struct pk_slice file)
{
    memset(b, 0, sizeof(*b));
    b->file = file;
    b->arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    assert_non_null(b->arena);
    assert_int_equal(pk_anomalies_init(&b->anomalies, b->arena), PK_OK);
    b->rc = pk_zip_open(file, b->arena, &b->anomalies, &b->zip, &b->err);
}

static void open_plan(struct bench *b, const struct zip_plan *plan)
{
    open_file(b, zip_build(plan));
}

static void close_bench(struct bench *b)
{
    pk_arena_destroy(b->arena);
    free((void *)b->file.ptr);
}

static void assert_text(struct bench *b, const char *name, const char *text)
{
    const struct pk_zip_entry *entry = pk_zip_find(&b->zip, name);
    struct pk_zip_bytes bytes;

    assert_non_null(entry);
    assert_int_equal(pk_zip_read(&b->zip, entry, &bytes, &b->err), PK_OK);
    assert_int_equal(bytes.bytes.len, strlen(text));
    assert_memory_equal(bytes.bytes.ptr, text, strlen(text));
    pk_zip_release(&bytes);
}

static void plain_archives_say_nothing(void **state)
{
    struct zip_item items[] = {
        { .name = "AndroidManifest.xml", .text = "manifest manifest manifest", .deflate = true },
        { .name = "resources.arsc", .text = "resources", .extra = "\0\0\0", .extra_len = 3 },
        { .name = "res/" },
        { .name = "res/a", .text = "a" },
    };
    struct bench b;

    (void)state;
    open_plan(&b, &(struct zip_plan){ .items = items, .count = 4 });
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(b.zip.count, 4);
    assert_int_equal(b.anomalies.count, 0);
    assert_int_equal(b.zip.end_offset, b.file.len - 22);
    assert_int_equal(b.zip.directory_offset + b.zip.directory_size, b.zip.end_offset);
    assert_true(pk_zip_is_deflated(&b.zip.entries[0]));
    assert_text(&b, "AndroidManifest.xml", "manifest manifest manifest");
    assert_text(&b, "resources.arsc", "resources");
    assert_text(&b, "res/a", "a");
    assert_text(&b, "res/", "");
    assert_null(pk_zip_find(&b.zip, "res"));
    assert_null(pk_zip_find(&b.zip, ""));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_archives_say_nothing),
    };

    return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
