/* Archives are read as the platform reads them, and what is odd is said. */
#include <stdio.h>

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

/* A plan, the only anomaly that it gives (PK_ANOMALY_COUNT: none) and how its first entry reads. */
struct odd_case {
    const char *what;
    struct zip_item items[3];
    struct zip_plan plan; /* items and count are filled in */
    enum pk_anomaly_id id;
    int read_rc;
    const char *read; /* NULL: not compared */
};

#define PLAIN  "plain plain plain plain"
#define DEX    "dex\n035"
#define SIZE_1 (sizeof(PLAIN) - 1)

static const struct odd_case odd_cases[] = {
    { .what = "bogus method, stored: both sizes agree",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .set_method = true,
                    .method = 30208,
                    .local_method = 30208 } },
            .id = PK_ANOMALY_ZIP_METHOD_BOGUS,
            .read = PLAIN },
    { .what = "bogus method, DEFLATE that ends exactly",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .set_method = true,
                    .method = 21,
                    .local_method = 21 } },
            .id = PK_ANOMALY_ZIP_METHOD_BOGUS,
            .read = PLAIN },
    { .what = "bogus method, sizes differ, no DEFLATE: stored",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .set_method = true,
                    .method = 9,
                    .local_method = 9,
                    .packed_size = 5,
                    .set_local_sizes = true,
                    .local_packed = 5,
                    .local_plain = SIZE_1 } },
            .id = PK_ANOMALY_ZIP_METHOD_BOGUS,
            .read = PLAIN },
    { .what = "stored in the local header only",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .set_method = true,
                    .method = 8,
                    .local_method = 0 } },
            .id = PK_ANOMALY_ZIP_LOCAL_MISMATCH,
            .read = PLAIN },
    { .what = "deflated in the local header only",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .set_method = true,
                    .method = 0,
                    .local_method = 8 } },
            .id = PK_ANOMALY_ZIP_LOCAL_MISMATCH,
            .read = PLAIN },
    { .what = "no sizes in the local header",
            .items = { { .name = "a", .text = PLAIN, .deflate = true, .set_local_sizes = true } },
            .id = PK_ANOMALY_ZIP_LOCAL_MISMATCH,
            .read = PLAIN },
    { .what = "no sizes in the local header, and a data descriptor: benign",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .set_local_sizes = true,
                    .flags = 8,
                    .local_flags = 8 } },
            .id = PK_ANOMALY_COUNT,
            .read = PLAIN },
    { .what = "a data descriptor in the directory only",
            .items = { { .name = "a", .text = PLAIN, .flags = 8 } },
            .id = PK_ANOMALY_ZIP_LOCAL_MISMATCH,
            .read = PLAIN },
    { .what = "the extra field of the local header leads to the data",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .extra = "\x35\xd9\x06\0\4\0\0\0\0\0",
                    .extra_len = 10 } },
            .id = PK_ANOMALY_COUNT,
            .read = PLAIN },
    { .what = "an extra field that is no list",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .extra = "\x35\xd9\xff\xff!",
                    .extra_len = 5 } },
            .id = PK_ANOMALY_ZIP_EXTRA_ODD,
            .read = PLAIN },
    { .what = "two names",
            .items = { { .name = "a.dex", .text = PLAIN, .local_name = "a.deP" } },
            .id = PK_ANOMALY_ZIP_NAME_MISMATCH,
            .read = PLAIN },
    { .what = "twice the same name: the first is found",
            .items = { { .name = "a", .text = PLAIN }, { .name = "a", .text = "other" } },
            .plan = { .count = 2 },
            .id = PK_ANOMALY_ZIP_DUPLICATE_ENTRY,
            .read = PLAIN },
    { .what = "a file that is a folder",
            .items = { { .name = "a", .text = PLAIN }, { .name = "b" }, { .name = "a/b/c" } },
            .plan = { .count = 3 },
            .id = PK_ANOMALY_ZIP_PATH_COLLISION,
            .read = PLAIN },
    { .what = "a file that is a folder of its own",
            .items = { { .name = "a/b", .text = PLAIN }, { .name = "a/b/" } },
            .plan = { .count = 2 },
            .id = PK_ANOMALY_ZIP_PATH_COLLISION,
            .read = PLAIN },
    { .what = "dots that are no folder",
            .items = { { .name = "a/..b/...", .text = PLAIN } },
            .id = PK_ANOMALY_COUNT,
            .read = PLAIN },
    { .what = "up and out",
            .items = { { .name = "a/../../b", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "absolute",
            .items = { { .name = "/a", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "up at the end",
            .items = { { .name = "a/..", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "NUL",
            .items = { { .name = "a\0b", .name_len = 3, .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "line feed",
            .items = { { .name = "a\n", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "backslash",
            .items = { { .name = "..\\a", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_PATH_TRAVERSAL,
            .read = PLAIN },
    { .what = "UTF-8 of three and four bytes: benign",
            .items = { { .name = "\xe2\x82\xac\xf0\x9f\x98\x80", .text = PLAIN } },
            .id = PK_ANOMALY_COUNT,
            .read = PLAIN },
    { .what = "Latin 1",
            .items = { { .name = "caf\xe9", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_NAME_ENCODING,
            .read = PLAIN },
    { .what = "a continuation byte alone",
            .items = { { .name = "a\x80", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_NAME_ENCODING,
            .read = PLAIN },
    { .what = "no name",
            .items = { { .name = "", .text = PLAIN } },
            .id = PK_ANOMALY_ZIP_EMPTY_NAME,
            .read = PLAIN },
    { .what = "encrypted, they say",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .flags = 1,
                    .local_flags = 1 } },
            .id = PK_ANOMALY_ZIP_ENCRYPTED_FLAG,
            .read = PLAIN },
    { .what = "a wrong checksum",
            .items = { { .name = "a", .text = PLAIN, .deflate = true, .crc_xor = 1 } },
            .id = PK_ANOMALY_ZIP_CRC_MISMATCH,
            .read = PLAIN },
    { .what = "an end record in the comment",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .comment = "PK\5\6 is not where it ends; what follows has no right length" },
            .id = PK_ANOMALY_ZIP_EOCD_MULTIPLE,
            .read = PLAIN },
    { .what = "an end record in front",
            .items = { { .name = "a", .text = PLAIN }, { .name = "b", .text = "PK\5\6PK\5\6" } },
            .plan = { .count = 2 },
            .id = PK_ANOMALY_COUNT, /* inside an entry: a nested archive */
            .read = PLAIN },
    { .what = "bytes in front",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .prefix = "#!/bin/sh\n" },
            .id = PK_ANOMALY_ZIP_PREFIX,
            .read = PLAIN },
    { .what = "a local header in front that no record leads to: benign",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .prefix = "PK\3\4 as build tools fill a gap" },
            .id = PK_ANOMALY_COUNT,
            .read = PLAIN },
    { .what = "bytes between directory and end record",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .gap = "garbage" },
            .id = PK_ANOMALY_ZIP_DIRECTORY_GAP,
            .read = PLAIN },
    { .what = "bytes in the directory that nobody counts",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .leftover = "PK\1\2 one more" },
            .id = PK_ANOMALY_ZIP_COUNT_MISMATCH,
            .read = PLAIN },
    { .what = "a record that nobody counts",
            .items = { { .name = "a", .text = PLAIN }, { .name = "b", .text = PLAIN } },
            .plan = { .count = 2, .count_add = -1 },
            .id = PK_ANOMALY_ZIP_COUNT_MISMATCH,
            .read = PLAIN },
    { .what = "more than DEFLATE can do",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .plain_size = 0x7fffffff,
                    .set_local_sizes = true,
                    .flags = 8,
                    .local_flags = 8 } },
            .id = PK_ANOMALY_LIMIT_ZIP_CLAIM,
            .read_rc = PK_EMALF },
    { .what = "larger than its stream",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .plain_size = SIZE_1 + 1,
                    .set_local_sizes = true,
                    .flags = 8,
                    .local_flags = 8 } },
            .id = PK_ANOMALY_COUNT,
            .read_rc = PK_EMALF },
    { .what = "smaller than its stream",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .deflate = true,
                    .plain_size = SIZE_1 - 1,
                    .set_local_sizes = true,
                    .flags = 8,
                    .local_flags = 8 } },
            .id = PK_ANOMALY_COUNT,
            .read_rc = PK_EMALF },
    { .what = "bytes behind the stream",
            .items = { { .name = "a", .text = PLAIN, .deflate = true, .packed_tail = "hidden" } },
            .id = PK_ANOMALY_ZIP_TRAILING_DATA,
            .read = PLAIN },
    { .what = "data that reach into the directory",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .plain_size = SIZE_1 + 1,
                    .packed_size = SIZE_1 + 1 } },
            .id = PK_ANOMALY_ZIP_TRUNCATED_ENTRY,
            .read_rc = PK_ETRUNC },
    { .what = "no local header",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .set_local_offset = true,
                    .local_offset = 1 } },
            .id = PK_ANOMALY_ZIP_TRUNCATED_ENTRY,
            .read_rc = PK_ETRUNC },
    { .what = "a local header behind the file",
            .items = { { .name = "a",
                    .text = PLAIN,
                    .set_local_offset = true,
                    .local_offset = 0xfffffff0 } },
            .id = PK_ANOMALY_ZIP_TRUNCATED_ENTRY,
            .read_rc = PK_ETRUNC },
    { .what = "Janus",
            .items = { { .name = "a", .text = PLAIN } },
            .plan = { .prefix = DEX }, /* with the NUL: prefix_len is set below */
            .id = PK_ANOMALY_APK_JANUS,
            .read = PLAIN },
};

static int collect(void *ctx, struct pk_slice piece)
{
    return pk_buffer_put(ctx, piece.ptr, piece.len);
}

static void assert_streams(
        struct bench *b, const struct pk_zip_entry *entry, int rc, const char *text)
{
    struct pk_buffer out = pk_buffer_of(1UL << 20);

    assert_int_equal(pk_zip_stream(&b->zip, entry, collect, &out, &b->err), rc);
    if (text != NULL) {
        assert_int_equal(out.len, strlen(text));
        assert_memory_equal(out.ptr, text, out.len);
    }
    pk_buffer_finish(&out);
}

static void run_odd_case(const struct odd_case *c)
{
    struct zip_item items[3];
    struct zip_plan plan = c->plan;
    struct pk_zip_bytes bytes = { 0 };
    struct bench b;

    memcpy(items, c->items, sizeof(items));
    plan.items = items;
    plan.count = plan.count > 0 ? plan.count : 1;
    plan.prefix_len = plan.prefix == NULL ? 0
                                          : strlen(plan.prefix) + (c->id == PK_ANOMALY_APK_JANUS);
    open_plan(&b, &plan);
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(pk_zip_read(&b.zip, &b.zip.entries[0], &bytes, &b.err), c->read_rc);
    if (c->read_rc == PK_OK) {
        assert_int_equal(bytes.bytes.len, strlen(c->read));
        assert_memory_equal(bytes.bytes.ptr, c->read, bytes.bytes.len);
    } else {
        assert_true(strlen(b.err.text) > 0);
    }
    pk_zip_release(&bytes);
    if (b.anomalies.count != (c->id == PK_ANOMALY_COUNT ? 0 : 1) ||
            (b.anomalies.count > 0 && b.anomalies.items[0].id != c->id)) {
        fail_msg("%s: %zu anomalies, the first is %s", c->what, b.anomalies.count,
                b.anomalies.count > 0 ? pk_anomaly_kind(b.anomalies.items[0].id)->id : "none");
    }
    assert_streams(&b, &b.zip.entries[0], c->read_rc, c->read);
    close_bench(&b);
}

static void odd_archives_are_read_and_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(odd_cases); i++) {
        run_odd_case(&odd_cases[i]);
    }
}

static void what_the_platform_refuses(void **state)
{
    struct zip_item item = { .name = "a", .text = PLAIN };
    const struct {
        struct zip_plan plan;
        size_t cut; /* bytes off the end */
        int rc;
        bool shifted;
    } rows[] = {
        { { .items = &item, .count = 1 }, 1, PK_ETRUNC, false },
        { { .items = &item, .count = 1 }, 22, PK_ETRUNC, false },
        { { .items = &item, .count = 1, .shift = 1 }, 0, PK_EMALF, true },
        { { .items = &item, .count = 1, .shift = -1, .gap = NULL }, 0, PK_EMALF, true },
        { { .items = &item, .count = 1, .shift = 0x10000000 }, 0, PK_EMALF, true },
        { { .items = &item, .count = 1, .count_add = 1 }, 0, PK_EMALF, false },
        { { .items = &item, .count = 1, .count_add = 1, .leftover = PLAIN PLAIN PLAIN }, 0,
                PK_EMALF, false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_slice whole = zip_build(&rows[i].plan);
        size_t len = whole.len - rows[i].cut;
        struct bench b;

        open_file(&b, pk_slice_of(pk_test_dup(whole.ptr, len), len));
        free((void *)whole.ptr);
        assert_int_equal(b.rc, rows[i].rc);
        assert_null(b.zip.entries); /* untouched */
        assert_non_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_MALFORMED));
        assert_int_equal(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_DIRECTORY_OFFSET) != NULL,
                rows[i].shifted);
        close_bench(&b);
    }
}

static void every_shorter_file_is_refused(void **state)
{
    struct zip_item item = { .name = "a", .text = PLAIN, .deflate = true };
    struct pk_slice whole = zip_build(&(struct zip_plan){ .items = &item, .count = 1 });

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        struct bench b;

        open_file(&b, pk_slice_of(pk_test_dup(whole.ptr, len), len));
        assert_int_equal(b.rc, PK_ETRUNC);
        close_bench(&b);
    }
    free((void *)whole.ptr);
}

static void the_last_end_record_that_fits_counts(void **state)
{
    static const char empty_end[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    struct zip_item item = { .name = "a", .text = PLAIN };
    struct zip_plan plan = { .items = &item, .count = 1, .comment = empty_end, .comment_len = 22 };
    char long_comment[65535];
    struct bench b;

    (void)state;
    open_plan(&b, &plan); /* the comment is an archive without entries */
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(b.zip.count, 0);
    assert_int_equal(b.zip.end_offset, b.file.len - 22);
    close_bench(&b);

    memset(long_comment, 'c', sizeof(long_comment));
    plan.comment = long_comment;
    plan.comment_len = sizeof(long_comment);
    open_plan(&b, &plan);
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(b.zip.comment.len, 65535);
    assert_non_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_COMMENT));
    assert_text(&b, "a", PLAIN);
    close_bench(&b);
}

static void entries_that_share_bytes(void **state)
{
    struct zip_item items[] = {
        { .name = "a", .text = PLAIN },
        { .name = "b", .text = PLAIN },
        { .name = "a2", .local_name = "a2", .text = PLAIN, .set_local_offset = true },
    };
    struct bench b;

    (void)state;
    open_plan(&b, &(struct zip_plan){ .items = items, .count = 3 });
    assert_int_equal(b.rc, PK_OK);
    assert_non_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_OVERLAP));
    assert_int_equal(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_OVERLAP)->count, 1);
    assert_non_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_NAME_MISMATCH));
    close_bench(&b);
}

static void many_entries_are_found(void **state)
{
    enum {
        MANY = 65535
    };
    struct zip_item *items = calloc(MANY, sizeof(*items));
    char(*names)[16] = calloc(MANY, sizeof(*names));
    struct bench b;

    (void)state;
    assert_non_null(items);
    assert_non_null(names);
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "res/%zu", i);
        items[i] = (struct zip_item){ .name = names[i], .text = "x" };
    }
    open_plan(&b, &(struct zip_plan){ .items = items, .count = MANY });
    assert_int_equal(b.rc, PK_OK);
    assert_int_equal(b.anomalies.count, 1);
    assert_int_equal(b.anomalies.items[0].id, PK_ANOMALY_LIMIT_ZIP_ENTRIES);
    for (size_t i = 0; i < MANY; i += 97) {
        assert_ptr_equal(pk_zip_find(&b.zip, names[i]), &b.zip.entries[i]);
    }
    assert_null(pk_zip_find(&b.zip, "res/65535"));
    close_bench(&b);
    free(items);
    free(names);
}

/* Megabytes of zeros, each entry at its own place: honest claims of DEFLATE's best ratio. */
static void a_bomb_ends_at_its_budget(void **state)
{
    enum {
        SIZE = 16 * 1024 * 1024,
        COUNT = 8
    };
    struct zip_item items[COUNT];
    char names[COUNT][8];
    char *zeros = calloc(1, SIZE);
    struct bench b;
    size_t total = 0;
    int rc = PK_OK;

    (void)state;
    assert_non_null(zeros);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "b%zu", i);
        items[i] = (struct zip_item){
            .name = names[i], .text = zeros, .text_len = SIZE, .deflate = true
        };
    }
    open_plan(&b, &(struct zip_plan){ .items = items, .count = COUNT });
    assert_int_equal(b.rc, PK_OK);
    for (size_t i = 0; i < COUNT && rc == PK_OK; i++) {
        struct pk_zip_bytes bytes;

        rc = pk_zip_read(&b.zip, &b.zip.entries[i], &bytes, &b.err);
        if (rc == PK_OK) {
            total += bytes.bytes.len;
            pk_zip_release(&bytes);
            /* a second reading costs nothing of the budget */
            assert_int_equal(pk_zip_read(&b.zip, &b.zip.entries[i], &bytes, &b.err), PK_OK);
            pk_zip_release(&bytes);
        }
    }
    assert_int_equal(rc, PK_ELIMIT);
    assert_true(total <= PK_ZIP_TOTAL_BASE + PK_ZIP_TOTAL_RATIO * b.file.len);
    assert_true(total >= PK_ZIP_TOTAL_BASE - SIZE);
    assert_non_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_LIMIT_ZIP_RATIO));
    close_bench(&b);
    free(zeros);
}

struct sum {
    size_t len;
    size_t pieces;
    size_t stop_at; /* pieces; 0: never */
};

static int add_up(void *ctx, struct pk_slice piece)
{
    struct sum *sum = ctx;

    sum->len += piece.len;
    sum->pieces++;
    for (size_t i = 0; i < piece.len; i += 4096) {
        assert_int_equal(piece.ptr[i], 'z');
    }
    return sum->pieces == sum->stop_at ? PK_EMALF : PK_OK;
}

static void large_entries_come_piece_by_piece(void **state)
{
    enum {
        SIZE = 32 * 1024 * 1024 +
                65536 /* more than is inflated as one piece, twice in the budget */
    };
    char *text = malloc(SIZE);
    struct zip_item items[] = {
        { .name = "whole", .deflate = true },
        { .name = "bogus", .deflate = true, .set_method = true, .method = 77, .local_method = 77 },
    };
    struct bench b;

    (void)state;
    assert_non_null(text);
    memset(text, 'z', SIZE);
    for (size_t i = 0; i < 2; i++) {
        items[i].text = text;
        items[i].text_len = SIZE;
    }
    open_plan(&b, &(struct zip_plan){ .items = items, .count = 2 });
    b.zip.plain_left = 4UL * SIZE; /* it is a bomb, but that is not the question here */
    for (size_t i = 0; i < 2; i++) {
        struct sum sum = { 0 };

        assert_int_equal(pk_zip_stream(&b.zip, &b.zip.entries[i], add_up, &sum, &b.err), PK_OK);
        assert_int_equal(sum.len, SIZE);
        assert_true(sum.pieces > 1);
        sum = (struct sum){ .stop_at = 2 };
        assert_int_equal(pk_zip_stream(&b.zip, &b.zip.entries[i], add_up, &sum, &b.err), PK_EMALF);
        assert_int_equal(sum.pieces, 2);
    }
    assert_null(pk_anomaly_find(&b.anomalies, PK_ANOMALY_ZIP_CRC_MISMATCH));
    close_bench(&b);
    free(text);
}

static void memory_that_is_short_is_an_error(void **state)
{
    struct zip_item item = { .name = "a", .text = PLAIN };
    struct pk_slice file = zip_build(&(struct zip_plan){ .items = &item, .count = 1 });
    bool opened = false;

    (void)state;
    for (size_t max = 0; !opened; max += 16) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_zip zip = { .count = 77 };
        int rc;

        assert_non_null(arena);
        rc = pk_zip_open(file, arena, NULL, &zip, NULL);
        opened = rc == PK_OK;
        assert_true(opened || (rc == PK_ENOMEM && zip.count == 77));
        pk_arena_destroy(arena);
    }
    free((void *)file.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_archives_say_nothing),
        cmocka_unit_test(odd_archives_are_read_and_said),
        cmocka_unit_test(what_the_platform_refuses),
        cmocka_unit_test(every_shorter_file_is_refused),
        cmocka_unit_test(the_last_end_record_that_fits_counts),
        cmocka_unit_test(entries_that_share_bytes),
        cmocka_unit_test(many_entries_are_found),
        cmocka_unit_test(a_bomb_ends_at_its_budget),
        cmocka_unit_test(large_entries_come_piece_by_piece),
        cmocka_unit_test(memory_that_is_short_is_an_error),
    };

    return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
