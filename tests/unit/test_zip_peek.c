/* A look at an entry's first bytes reads no more than those and fails on nothing. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peeks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
