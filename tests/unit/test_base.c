#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/reader.h"
#include "base/zpack.h"
#include "check.h"

static void test_reader(void **state)
{
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
    uint8_t *heap = pk_test_dup(bytes, sizeof(bytes));
    struct pk_reader r = pk_reader_of(pk_slice_of(heap, sizeof(bytes)));

    (void)state;
    assert_int_equal(pk_read_u8(&r), 1);
    assert_int_equal(pk_read_be16(&r), 0x0203);
    assert_int_equal(pk_read_le16(&r), 0x0504);
    assert_int_equal(pk_reader_left(&r), 2);
    assert_int_equal(pk_read_be32(&r), 0); /* two bytes too few */
    assert_int_equal(r.rc, PK_ETRUNC);
    assert_int_equal(pk_read_u8(&r), 0); /* sticky */
    assert_int_equal(pk_reader_left(&r), 2);
    free(heap);
}

static void test_buffer(void **state)
{
    struct pk_buffer b = pk_buffer_of(10);
    char *taken;

    (void)state;
    assert_int_equal(pk_buffer_puts(&b, "hello"), PK_OK);
    assert_int_equal(pk_buffer_printf(&b, "%d", 12345), PK_OK);
    assert_string_equal(b.ptr, "hello12345");
    assert_int_equal(pk_buffer_putc(&b, 'x'), PK_ELIMIT);
    assert_int_equal(pk_buffer_puts(&b, ""), PK_ELIMIT); /* sticky */
    pk_buffer_clear(&b);
    assert_int_equal(pk_buffer_puts(&b, "again"), PK_OK);
    taken = pk_buffer_take(&b);
    assert_string_equal(taken, "again");
    assert_null(b.ptr);
    free(taken);
    pk_buffer_finish(&b);
}

static void count_call(void *counter)
{
    ++*(int *)counter;
}

static void test_arena(void **state)
{
    struct pk_arena *arena = pk_arena_create(4096);
    int calls = 0;

    (void)state;
    assert_string_equal(pk_arena_printf(arena, "%s-%d", "a", 7), "a-7");
    assert_int_equal(pk_arena_defer(arena, count_call, &calls), PK_OK);
    assert_null(pk_arena_alloc(arena, SIZE_MAX / 2, 4));
    assert_null(pk_arena_alloc(arena, 1, 5000));
    assert_non_null(pk_arena_alloc(arena, 1, 3000));
    assert_null(pk_arena_alloc(arena, 1, 3000));
    assert_int_equal(calls, 0);
    pk_arena_destroy(arena);
    assert_int_equal(calls, 1);
    pk_arena_destroy(NULL);
}

static void test_time(void **state)
{
    static const struct {
        const char *in;
        int64_t ms;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-23T01:02:03.456Z", INT64_C(1795395723456) },
        { "2026-11-23T03:02:03.456789+02:00", INT64_C(1795395723456) },
        { "2024-02-29t12:00:00.5z", INT64_C(1709208000500) },
    };
    static const char *const bad[] = { "", "2026-11-23", "2026-11-23T01:02:03",
        "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T01:02:03.Z", "2026-11-23T01:02:03Zx", "1969-12-31T23:59:59Z",
        "2026-11-23T01:02:03+2:00" };
    char text[PK_TIME_TEXT];
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(good); i++) {
        assert_int_equal(pk_time_parse(good[i].in, &ms), PK_OK);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        ms = 42;
        assert_int_equal(pk_time_parse(bad[i], &ms), PK_EMALF);
        assert_int_equal(ms, 42);
    }
    assert_string_equal(pk_time_format(INT64_C(1795395723456), text), "2026-11-23T01:02:03.456Z");
    assert_string_equal(pk_time_format(-5, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(pk_time_format(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_int_equal(pk_date_parse("2026-11-23", &ms), PK_OK);
    assert_int_equal(ms % PK_DAY_MS, 0);
    assert_int_equal(pk_date_parse("2026-11-23T", &ms), PK_EMALF);
}

static void test_base64(void **state)
{
    static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
    static const char *const coded[] = { "", "Zg==", "Zm8=", "Zm9v",
        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" }; /* RFC 4648, section 10 */
    static const char *const bad[] = { "Z", "Zg=", "Zg===", "Z!==", "Zg==Zg==", "=" };
    uint8_t out[16];
    size_t len;
    char text[PK_BASE64_SIZE(16)];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(plain); i++) {
        pk_base64(pk_slice_str(plain[i]), text);
        assert_string_equal(text, coded[i]);
        assert_int_equal(pk_unbase64(pk_slice_str(coded[i]), out, sizeof(out), &len), PK_OK);
        assert_int_equal(len, strlen(plain[i]));
        assert_memory_equal(out, plain[i], len);
    }
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_int_equal(pk_unbase64(pk_slice_str(bad[i]), out, sizeof(out), &len), PK_EMALF);
    }
    assert_int_equal(pk_unbase64(pk_slice_str("Zm9v\r\nYmFy"), out, 6, &len), PK_OK);
    assert_int_equal(pk_unbase64(pk_slice_str("Zm9vYmFy"), out, 5, &len), PK_ELIMIT);
}

static void test_crypt(void **state)
{
    char hex[PK_SHA256_HEX];
    char uuid[PK_UUID_TEXT];
    uint8_t raw[2];

    (void)state;
    pk_sha256_hex(pk_slice_str("abc"), hex); /* FIPS 180-4, example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    pk_uuid4(uuid);
    assert_int_equal(strlen(uuid), 36);
    assert_int_equal(uuid[14], '4');
    assert_int_equal(pk_unhex("0aF0", raw, 2), PK_OK);
    assert_int_equal(raw[1], 0xf0);
    assert_int_equal(pk_unhex("0aF", raw, 2), PK_EMALF);
    assert_int_equal(pk_unhex("0ag0", raw, 2), PK_EMALF);
    assert_true(pk_secret_eq("same", "same"));
    assert_false(pk_secret_eq("same", "sama"));
    assert_false(pk_secret_eq("same", "sam"));
}

static void test_zpack(void **state)
{
    struct pk_zpack *z = pk_zpack_create(pk_zpack_report_dictionary(), 3);
    struct pk_zpack *plain = pk_zpack_create(pk_slice_of(NULL, 0), 3);
    struct pk_buffer packed = pk_buffer_of(1 << 20);
    struct pk_buffer back = pk_buffer_of(200000);
    static char zeros[200001];

    (void)state;
    assert_int_equal(pk_zpack_pack(z, pk_slice_of(zeros, 200000), &packed), PK_OK);
    assert_int_equal(pk_zpack_unpack(z, pk_buffer_slice(&packed), &back), PK_OK);
    assert_int_equal(back.len, 200000);
    pk_buffer_clear(&packed);
    pk_buffer_clear(&back);
    assert_int_equal(pk_zpack_pack(z, pk_slice_of(zeros, 200001), &packed), PK_OK);
    assert_int_equal(pk_zpack_unpack(z, pk_buffer_slice(&packed), &back), PK_ELIMIT);
    for (size_t cut = 0; cut < packed.len; cut++) {
        pk_buffer_clear(&back);
        assert_true(pk_zpack_unpack(z, pk_slice_of(packed.ptr, cut), &back) < 0);
    }
    pk_buffer_clear(&back);
    assert_int_equal(pk_buffer_puts(&packed, "x"), PK_OK);
    assert_true(pk_zpack_unpack(z, pk_buffer_slice(&packed), &back) < 0);
    pk_buffer_clear(&back);
    assert_int_equal(pk_zpack_unpack(plain, pk_slice_str("not zstd at all"), &back), PK_EMALF);
    pk_buffer_finish(&packed);
    pk_buffer_finish(&back);
    pk_zpack_destroy(z);
    pk_zpack_destroy(plain);
}

static void test_file(void **state)
{
    char folder[] = "/tmp/picket-test-XXXXXX";
    char path[64];
    char deep[64];
    struct pk_buffer b = pk_buffer_of(5);
    struct pk_error err;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(deep, sizeof(deep), "%s/a/b", folder);
    (void)snprintf(path, sizeof(path), "%s/f", deep);
    assert_int_equal(pk_file_mkdirs(deep, 0700, &err), PK_OK);
    assert_int_equal(pk_file_mkdirs(deep, 0700, &err), PK_OK);
    assert_int_equal(pk_file_read(path, &b, &err), PK_ENOENT);
    assert_int_equal(pk_file_write(path, pk_slice_str("12345"), 0600, &err), PK_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pk_file_read(path, &b, &err), PK_OK);
    assert_string_equal(b.ptr, "12345");
    pk_buffer_clear(&b);
    assert_int_equal(pk_file_write(path, pk_slice_str("123456"), 0600, &err), PK_OK);
    assert_int_equal(pk_file_read(path, &b, &err), PK_ELIMIT);
    pk_buffer_finish(&b);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0);
    (void)snprintf(deep, sizeof(deep), "%s/a", folder);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Piece by piece: what was there stays until everything is on the disk. */
static void test_file_stream(void **state)
{
    enum {
        PIECE = 1000,
        PIECES = 1000
    };
    char folder[] = "/tmp/picket-test-XXXXXX";
    struct pk_file_new *file = NULL;
    struct pk_slice bytes;
    struct pk_error err;
    char path[64];
    char beside[80];
    char piece[PIECE];

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/f", folder);
    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    assert_int_equal(pk_file_map(path, &bytes, &err), PK_ENOENT);
    assert_int_equal(pk_file_write(path, pk_slice_str("before"), 0600, &err), PK_OK);
    assert_int_equal(pk_file_begin(path, 0600, &file, &err), PK_OK);
    assert_int_equal(pk_file_put(file, "after", 5), PK_OK);
    pk_file_abandon(file);
    pk_file_abandon(NULL);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(pk_file_map(path, &bytes, &err), PK_OK);
    assert_int_equal(bytes.len, 6);
    assert_memory_equal(bytes.ptr, "before", 6);
    pk_file_unmap(bytes);
    assert_int_equal(pk_file_write(beside, pk_slice_str("of a crash"), 0600, &err), PK_OK);
    assert_int_equal(pk_file_begin(path, 0600, &file, &err), PK_OK);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, i, sizeof(piece));
        assert_int_equal(pk_file_put(file, piece, sizeof(piece)), PK_OK);
    }
    assert_int_equal(pk_file_put(file, piece, 0), PK_OK);
    assert_int_equal(pk_file_written(file), PIECE * PIECES);
    assert_int_equal(pk_file_commit(file, &err), PK_OK);
    assert_int_equal(pk_file_map(path, &bytes, &err), PK_OK);
    assert_int_equal(bytes.len, PIECE * PIECES);
    for (size_t i = 0; i < bytes.len; i++) {
        assert_int_equal(bytes.ptr[i], (uint8_t)(i / PIECE));
    }
    pk_file_unmap(bytes);
    assert_int_equal(pk_file_write(path, pk_slice_str(""), 0600, &err), PK_OK);
    assert_int_equal(pk_file_map(path, &bytes, &err), PK_OK);
    assert_int_equal(bytes.len, 0);
    pk_file_unmap(bytes);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(pk_file_begin(path, 0600, &file, &err), PK_ENOENT);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink("/dev/full", beside), 0);
    assert_true(pk_file_begin(path, 0600, &file, &err) < 0); /* never through a link */
    assert_int_equal(unlink(beside), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_crypt),
        cmocka_unit_test(test_zpack),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
