/* A look at an entry's first bytes reads no more than those and fails on nothing; what is kept is the same
 * for every way of reading. */
#include "formats/limits.h"
#include "formats/zip.h"
#include "zip_build.h"

static void peeks(void **state)
{
    static char big[100000];
    struct zip_item items[] = {
        { .name = "stored", .text = "PK\3\4 and more" },
        { .name = "deflated", .text = "dex\n035\n and a long text, a long text", .deflate = true },
        { .name = "short", .text = "abc", .deflate = true },
        { .name = "big", .text = big, .text_len = sizeof(big), .deflate = true },
        { .name = "empty", .text = "" },
        { .name = "bogus", .text = "plain bytes", .set_method = true, .method = 30208 },
        { .name = "broken", .text = "\xff\xff\xff\xff\xff\xff", .set_method = true, .method = 8 },
    };
    static const struct {
        const char *name;
        const char *head;
        size_t len;
    } rows[] = {
        { "stored", "PK\3\4 and", 8 },
        { "deflated", "dex\n035\n", 8 },
        { "short", "abc", 3 },
        { "big", "\0\0\0\0\0\0\0\0", 8 },
        { "empty", "", 0 },
        { "bogus", "plain by", 8 },
        { "broken", "", 0 },
    };
    struct pk_slice file = zip_build(
            &(struct zip_plan){ .items = items, .count = PK_COUNT(items) });
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_zip zip;

    (void)state;
    assert_int_equal(pk_anomalies_init(&anomalies, arena), PK_OK);
    assert_int_equal(pk_zip_open(file, arena, &anomalies, &zip, NULL), PK_OK);
    for (int round = 0; round < 2; round++) {
        uint64_t before = zip.plain_left;

        for (size_t i = 0; i < PK_COUNT(rows); i++) {
            uint8_t *head = pk_test_dup("xxxxxxxx", 8);
            size_t len = pk_zip_peek(&zip, pk_zip_find(&zip, rows[i].name), head, 8);

            assert_int_equal(len, rows[i].len);
            assert_memory_equal(head, rows[i].head, len);
            free(head);
        }
        assert_int_equal(zip.plain_left, before);
    }
    pk_arena_destroy(arena);
    free((void *)file.ptr);
}

static int same(void *ctx, struct pk_slice piece)
{
    const struct pk_slice *want = ctx;

    assert_int_equal(piece.len, want->len);
    assert_memory_equal(piece.ptr, want->ptr, want->len);
    return piece.len == 3 ? PK_EINVAL : PK_OK;
}

static void keeps(void **state)
{
    static char big[70000];
    struct zip_item items[] = {
        { .name = "first", .text = "some text, some text", .deflate = true },
        { .name = "abc", .text = "abc", .deflate = true },
        { .name = "nothing", .text = "", .deflate = true },
        { .name = "stored", .text = "stored" },
        { .name = "big", .text = big, .text_len = sizeof(big), .deflate = true },
    };
    struct pk_slice file = zip_build(
            &(struct zip_plan){ .items = items, .count = PK_COUNT(items) });
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_zip zip;
    uint64_t left = 0;

    (void)state;
    assert_int_equal(pk_anomalies_init(&anomalies, arena), PK_OK);
    assert_int_equal(pk_zip_open(file, arena, &anomalies, &zip, NULL), PK_OK);
    pk_zip_keep(&zip, 1000);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PK_COUNT(items); i++) {
            const struct pk_zip_entry *entry = pk_zip_find(&zip, items[i].name);
            struct pk_slice want = pk_slice_of(
                    items[i].text, zip_len(items[i].text, items[i].text_len));
            bool small = want.len < 1000;
            struct pk_zip_bytes bytes;

            assert_int_equal(pk_zip_read(&zip, entry, &bytes, NULL), PK_OK);
            assert_true(pk_slice_eq(bytes.bytes, want));
            assert_true(small == (bytes.owned == NULL)); /* what does not fit is the caller's */
            pk_zip_release(&bytes);
            if (want.len > 0) { /* the sink's result ends it, from memory like from the file */
                assert_int_equal(pk_zip_stream(&zip, entry, same, &want, NULL),
                        want.len == 3 ? PK_EINVAL : PK_OK);
            }
        }
        left = round == 0 ? zip.plain_left : left;
        assert_int_equal(zip.plain_left, left); /* each entry counts once */
    }
    pk_arena_destroy(arena);
    free((void *)file.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peeks),
        cmocka_unit_test(keeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
