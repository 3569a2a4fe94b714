/* The digests that signing blocks hold, at the borders of chunks and pages. The expected values come from
 * a few lines of Python (hashlib) written from the description of the format. */
#include "base/crypt.h"
#include "check.h"
#include "formats/android/apksig_digest.h"

#define BLOCK_SIZE 4096UL

static const struct row {
    size_t before;    /* bytes before the signing block */
    size_t directory; /* bytes of the central directory */
    size_t comment;   /* bytes behind the end record */
    const char *sha256;
    const char *sha512;
    const char *verity;
    const char *root; /* of the tree over the whole file */
} rows[] = {
    { 2621440, 100, 0, "cac7351848286c245af2f09cb5f2fffe702d3303dfe235f0d34cce912e7aa967",
            "09c1e017ec0468913addbd77af3e0ecd271673c1905d8f77dbdae11aac5f19ef"
            "efe41193e1cd0ee552fb203d5b1afbb2a412492523b42381fbdde6480227dee2",
            "ac3d593b706427676ce2d55e29f43923286345b2168e5b9214268dd3f76a82017a00280000000000",
            "0c6ad371b7dcc77ce735010272ef25b7dad808752bdfe1c8530e1e01e5304fdb" },
    { 4096, 1048576, 5, "5757a75512b6f04ea090cd0b71f1665c42b83aa3cabd34bcc10740832204916f",
            "d73067b422ed5b4535edd60ff32b6c107acadf4909c8f42cd7be4e78615705c6"
            "8266736c3d9a3e22a5309eb4de44d40b4c7c9e8bb91b29805dc4888f95b5ebe4",
            "f69abe9ccd3947ac85aebf4fcfacc4afe371a1fb51c385ace7f72326f7e6c86c1b10100000000000",
            "d2324e4cf22d82f0227b6e1a947024d451c399ab525782284851fb8800cb6718" },
    { 1048576, 1048577, 0, "a624cf1a96491c00e34afb301856bcd74ade06e4850fa4ef1f63465dc4084290",
            "495f8bfae9fbe2caae3cf7900248c35b2a27dc38bce40b9098fe4e000ac30679"
            "00d0584bcf6a64a9367f19f1d2cd0b8145f27602f137f0920c7beb93c3a139c1",
            "68d85f8ad65a11f44bae0739e1405daf49d8ab5621551dfef9804a35e3c062181700200000000000",
            "921f3e764e982cb3d8d904f1d298d7d113dc4f173d7fdc00b5485574482b3737" },
    { 528384, 300, 65535, "119059bee29e0ba84e207f53a219143629d60f79c7a5c102b3786bd647fac65a",
            "5a5cd363ce85f9ed39802384374478cf8016399441635a8b18da080394924325"
            "103e73e63ba968a8684d1713b4a5eeb59d8fbf91e7cbbba5dcf2991cfba9d394",
            "91cfa59d9fd7a3e25f7291af3d49e9a2f3ed0d82f4ce4e77d9967159e4724e5c4111090000000000",
            "6f90561631911d52663f947696fa1d70270270305a59c5ab06dc3448c5f43312" },
};

struct subject {
    struct pk_zip zip;
    struct pk_apksig_block block;
    struct pk_apksig_digests digests;
};

/* A file of which only the places matter. End it with free(zip.file.ptr). */
static void make(struct subject *s, const struct row *row)
{
    size_t end = row->before + BLOCK_SIZE + row->directory;
    size_t len = end + 22 + row->comment;
    uint8_t *bytes = malloc(len);

    assert_non_null(bytes);
    for (uint64_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)((i * i >> 7) + i * 7);
    }
    memset(s, 0, sizeof(*s));
    s->zip.file = pk_slice_of(bytes, len);
    s->zip.directory_offset = row->before + BLOCK_SIZE;
    s->zip.directory_size = row->directory;
    s->zip.end_offset = end;
    s->block = (struct pk_apksig_block){ .found = true, .offset = row->before, .size = BLOCK_SIZE };
    s->digests = (struct pk_apksig_digests){ .zip = &s->zip, .block = &s->block };
}

static void assert_digest(struct subject *s, enum pk_apksig_content kind, const char *expected)
{
    char hex[2 * PK_CONTENT_DIGEST_MAX + 1];
    struct pk_slice digest;

    for (int i = 0; i < 2; i++) { /* computed, then remembered */
        assert_int_equal(pk_apksig_digest_get(&s->digests, kind, &digest), PK_OK);
        pk_hex(digest, hex);
        assert_string_equal(hex, expected);
    }
}

static void digests_of_the_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct subject s;

        make(&s, &rows[i]);
        assert_digest(&s, PK_CONTENT_CHUNKED_SHA256, rows[i].sha256);
        assert_digest(&s, PK_CONTENT_CHUNKED_SHA512, rows[i].sha512);
        assert_digest(&s, PK_CONTENT_VERITY_SHA256, rows[i].verity);
        free((void *)s.zip.file.ptr);
    }
}

/* The platform takes the verity digest only of blocks between whole pages. */
static void verity_needs_whole_pages(void **state)
{
    const struct row row = { .before = 4097, .directory = 100 };
    struct pk_slice digest = pk_slice_str("untouched");
    struct subject s;

    (void)state;
    make(&s, &row);
    assert_int_equal(pk_apksig_digest_get(&s.digests, PK_CONTENT_VERITY_SHA256, &digest), PK_OK);
    assert_int_equal(digest.len, 0);
    s.block.offset = 4096;
    s.block.size = 4097;
    s.digests.digests[PK_CONTENT_VERITY_SHA256].computed = false;
    assert_int_equal(pk_apksig_digest_get(&s.digests, PK_CONTENT_VERITY_SHA256, &digest), PK_OK);
    assert_int_equal(digest.len, 0);
    free((void *)s.zip.file.ptr);
}

static void trees_of_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_slice wrong = pk_slice_str("no tree");
        struct subject s;
        uint8_t root[32];
        char hex[65];
        bool same = false;

        make(&s, &rows[i]);
        assert_int_equal(pk_apksig_tree(s.zip.file, NULL, root, &same), PK_OK);
        pk_hex(pk_slice_of(root, sizeof(root)), hex);
        assert_string_equal(hex, rows[i].root);
        assert_true(same);
        assert_int_equal(pk_apksig_tree(s.zip.file, &wrong, root, &same), PK_OK);
        assert_false(same);
        free((void *)s.zip.file.ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_the_content),
        cmocka_unit_test(verity_needs_whole_pages),
        cmocka_unit_test(trees_of_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
