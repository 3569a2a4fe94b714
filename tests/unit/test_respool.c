/* String pools: what is stored in whatever way comes out as clean UTF-8, or not at all. */
#include "axml_builder.h"
#include "formats/android/respool.h"

/* A pool of one string whose stored form is given; the caller frees the chunk. */
static struct pk_slice pool_of(bool utf8, const void *stored, size_t len)
{
    uint8_t *chunk = calloc(1, 32 + len);

    assert_non_null(chunk);
    axb_put32(chunk, 0x0001 | 28U << 16);
    axb_put32(chunk + 4, (uint32_t)(32 + len));
    axb_put32(chunk + 8, 1);
    axb_put32(chunk + 16, utf8 ? 0x100 : 0);
    axb_put32(chunk + 20, 32);
    memcpy(chunk + 32, stored, len);
    return pk_slice_of(chunk, 32 + len);
}

#define STORED(text) (text), sizeof(text) - 1

static void stored_forms(void **state)
{
    static const struct {
        bool utf8;
        const char *stored;
        size_t len;
        const char *text; /* NULL: there is none */
        unsigned odd;
    } rows[] = {
        { true, STORED("\2\2ab\0"), "ab", 0 },
        { true, STORED("\0\0\0"), "", 0 },
        { true, STORED("\1\2\xc3\xa9\0"), "\xc3\xa9", 0 },
        /* an emoji as two surrogates (modified UTF-8) and as it should be */
        { true, STORED("\2\6\xed\xa0\xbd\xed\xb8\x80\0"), "\xf0\x9f\x98\x80", 0 },
        { true, STORED("\2\4\xf0\x9f\x98\x80\0"), "\xf0\x9f\x98\x80", 0 },
        { true, STORED("\1\3\xed\xa0\xbd\0"), "\xef\xbf\xbd", PK_RESPOOL_TEXT },
        { true, STORED("\1\3\xed\xb8\x80\0"), "\xef\xbf\xbd", PK_RESPOOL_TEXT },
        { true, STORED("\2\2\xc0\xaf\0"), "\xef\xbf\xbd\xef\xbf\xbd", PK_RESPOOL_TEXT },
        { true,
                STORED("\2\2"
                       "a\xc3\0"),
                "a\xef\xbf\xbd", PK_RESPOOL_TEXT },
        { true, STORED("\3\3a\0b\0"), "a", PK_RESPOOL_NUL },
        { true, STORED("\2\2abcd"), "ab", PK_RESPOOL_NUL | PK_RESPOOL_END },
        { true, STORED("\5\5abc"), "abc", PK_RESPOOL_NUL | PK_RESPOOL_STRING | PK_RESPOOL_END },
        { true, STORED("\200\2\200\2ab\0"), "ab", 0 }, /* lengths of two bytes */
        { true, STORED("\2"), NULL, PK_RESPOOL_STRING | PK_RESPOOL_END },
        { true, STORED("\200\2\200"), NULL, PK_RESPOOL_STRING | PK_RESPOOL_END },
        { false, STORED("\2\0a\0b\0\0\0"), "ab", 0 },
        { false, STORED("\0\200\2\0a\0b\0\0\0"), "ab", 0 },
        { false, STORED("\2\0\x3d\xd8\0\xde\0\0"), "\xf0\x9f\x98\x80", 0 },
        { false,
                STORED("\2\0\x3d\xd8"
                       "a\0\0\0"),
                "\xef\xbf\xbd"
                "a",
                PK_RESPOOL_TEXT },
        { false, STORED("\1\0\0\xde\0\0"), "\xef\xbf\xbd", PK_RESPOOL_TEXT },
        { false, STORED("\3\0a\0\0\0b\0\0\0"), "a", PK_RESPOOL_NUL },
        { false, STORED("\2\0a\0b\0c\0"), "ab", PK_RESPOOL_NUL | PK_RESPOOL_END },
        { false, STORED("\377\177a\0\0\0"), "a", PK_RESPOOL_NUL | PK_RESPOOL_STRING },
        { false, STORED("\377\377"), NULL, PK_RESPOOL_STRING | PK_RESPOOL_END },
        { false, STORED("\1"), NULL, PK_RESPOOL_STRING | PK_RESPOOL_END },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_slice chunk = pool_of(rows[i].utf8, rows[i].stored, rows[i].len);
        const char *text = NULL;
        struct pk_respool pool;
        int rc;

        assert_int_equal(pk_respool_open(chunk, &pool), PK_OK);
        assert_int_equal(pool.count, 1);
        rc = pk_respool_text(&pool, 0, arena, &text);
        assert_int_equal(rc, rows[i].text != NULL ? PK_OK : PK_ENOENT);
        if (rows[i].text != NULL) {
            assert_string_equal(text, rows[i].text);
        }
        if (pool.odd != rows[i].odd) {
            fail_msg("row %zu: odd is 0x%x", i, pool.odd);
        }
        assert_int_equal(pk_respool_text(&pool, 1, arena, &text), PK_ENOENT);
        assert_int_equal(pk_respool_text(&pool, PK_RESPOOL_NONE, arena, &text), PK_ENOENT);
        free((void *)chunk.ptr);
        pk_arena_destroy(arena);
    }
}

/* aapt cut the lengths of long strings to 15 bits; the platform looks for the real end. */
static void cut_lengths(void **state)
{
    static uint8_t stored[4 + 40000 + 1];
    struct pk_arena *arena = pk_arena_create(1UL << 20);
    struct pk_slice chunk;
    struct pk_respool pool;
    const char *text;

    for (size_t i = 0; i < 4; i += 2) {
        stored[i] = (uint8_t)(0x80 | (40000 >> 8 & 0x7f));
        stored[i + 1] = (uint8_t)(40000 & 0xff);
    }
    memset(stored + 4, 'x', 40000);
    chunk = pool_of(true, stored, sizeof(stored));
    assert_int_equal(pk_respool_open(chunk, &pool), PK_OK);
    assert_int_equal(pk_respool_text(&pool, 0, arena, &text), PK_OK);
    assert_int_equal(strlen(text), 40000);
    assert_int_equal(pool.odd, 0);
    free((void *)chunk.ptr);
    pk_arena_destroy(arena);
}

static void headers_that_lie(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        size_t count;
        unsigned odd;
    } rows[] = {
        { 8, 0xffffffff, 2, PK_RESPOOL_COUNT }, { 8, 0, 0, 0 },
        { 20, 0x7fffffff, 1, PK_RESPOOL_BOUNDS | PK_RESPOOL_END }, { 20, 0, 1, PK_RESPOOL_BOUNDS },
        { 0, 0x0001, 1, PK_RESPOOL_BOUNDS },                 /* header of 0 bytes */
        { 0, 0x0001 | 0xffffU << 16, 1, PK_RESPOOL_BOUNDS }, /* longer than the chunk */
        { 12, 1, 1, PK_RESPOOL_BOUNDS | PK_RESPOOL_COUNT },  /* a style, but no styles */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_slice chunk = pool_of(true, STORED("\1\1a\0"));
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_respool pool;
        const char *text;

        axb_put32((uint8_t *)chunk.ptr + rows[i].at, rows[i].value);
        assert_int_equal(pk_respool_open(chunk, &pool), PK_OK);
        assert_int_equal(pool.count, rows[i].count);
        assert_int_equal(pool.odd, rows[i].odd);
        for (uint32_t n = 0; n < 4; n++) {
            (void)!pk_respool_text(&pool, n, arena, &text);
        }
        pk_arena_destroy(arena);
        free((void *)chunk.ptr);
    }
    struct pk_respool pool = { .count = 77 };
    assert_int_equal(pk_respool_open(pk_slice_of("\1\0\34\0", 4), &pool), PK_ETRUNC);
    assert_int_equal(pool.count, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_forms),
        cmocka_unit_test(cut_lengths),
        cmocka_unit_test(headers_that_lie),
    };

    return cmocka_run_group_tests_name("respool", tests, NULL, NULL);
}
