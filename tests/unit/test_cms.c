/* Signatures in all their spellings: read, verified, and refused after any change. tests/data/cms/make.sh
 * made them. */
#include "check.h"
#include "data.h"
#include "formats/cms.h"
#include "formats/limits.h"

#define ARENA_MAX (4UL << 20)

struct case_ {
    struct pk_arena *arena;
    struct pk_buffer file;
    struct pk_buffer content;
    struct pk_cms cms;
};

static struct case_ open_case(const char *name)
{
    struct case_ c = { .arena = pk_arena_create(ARENA_MAX) };
    struct pk_error err = { .text = "" };
    char path[256];

    (void)snprintf(path, sizeof(path), "cms/%s.p7", name);
    c.file = pk_test_file(path);
    c.content = pk_test_file("cms/content.txt");
    if (pk_cms_parse(pk_buffer_slice(&c.file), c.arena, &c.cms, &err) < 0) {
        fail_msg("%s: %s", name, err.text);
    }
    return c;
}

static void close_case(struct case_ *c)
{
    pk_buffer_finish(&c->file);
    pk_buffer_finish(&c->content);
    pk_arena_destroy(c->arena);
}

static void each_spelling_is_read_and_holds(void **state)
{
    static const struct {
        const char *name;
        bool content;
        size_t signers;
        size_t certs;
        size_t chain;
        bool time;
        bool by_key_id;
    } rows[] = {
        { "attached", true, 1, 3, 3, true, false },
        { "detached", false, 1, 3, 3, true, false },
        { "streamed", true, 1, 3, 3, true, false },
        { "no-attributes", false, 1, 3, 3, false, false },
        { "by-key-id", false, 1, 3, 3, true, true },
        { "sha1", false, 1, 3, 3, true, false },
        { "two-signers", false, 2, 4, 3, true, false },
        { "foreign-first", false, 1, 2, 1, true, false },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct case_ c = open_case(rows[i].name);
        struct pk_cms_signed result;
        struct pk_error err = { .text = "" };

        assert_string_equal(c.cms.content_type, PK_CMS_OID_DATA);
        assert_int_equal(c.cms.has_content, rows[i].content);
        if (c.cms.has_content) {
            assert_true(pk_slice_eq(c.cms.content, pk_buffer_slice(&c.content)));
        }
        assert_int_equal(c.cms.signer_count, rows[i].signers);
        assert_int_equal(c.cms.signers[0].key_id.ptr != NULL, rows[i].by_key_id);
        if (pk_cms_verify(&c.cms, pk_buffer_slice(&c.content), c.arena, &result, &err) < 0) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        assert_non_null(result.signer);
        assert_int_equal(result.cert_count, rows[i].certs);
        assert_int_equal(result.signing_time[0] != '\0', rows[i].time);
        if (rows[i].signers == 1) {
            assert_int_equal(result.chain_count, rows[i].chain);
            assert_string_equal(result.certs[0].subject, "CN=Leaf, O=Picket tests, C=XX");
        }
        if (result.chain_count == 3) {
            assert_string_equal(result.certs[1].subject, "CN=Middle, O=Picket tests, C=XX");
            assert_string_equal(result.certs[2].subject, "CN=Root, O=Picket tests, C=XX");
        }
        close_case(&c);
    }
}

static void another_content_does_not_hold(void **state)
{
    static const char *const names[] = { "attached", "no-attributes" };

    for (size_t i = 0; i < PK_COUNT(names); i++) {
        struct case_ c = open_case(names[i]);
        struct pk_cms_signed result;
        struct pk_error err = { .text = "" };

        c.content.ptr[3] ^= 1;
        assert_int_equal(pk_cms_verify(&c.cms, pk_buffer_slice(&c.content), c.arena, &result, &err),
                PK_ECRYPTO);
        assert_null(result.signer);
        assert_string_equal(result.certs[0].subject, "CN=Leaf, O=Picket tests, C=XX");
        assert_true(strlen(err.text) > 0);
        close_case(&c);
    }
}

static void a_signer_without_certificate_does_not_hold(void **state)
{
    struct case_ c = open_case("no-certificates");
    struct pk_cms_signed result;
    struct pk_error err;

    assert_int_equal(
            pk_cms_verify(&c.cms, pk_buffer_slice(&c.content), c.arena, &result, &err), PK_ECRYPTO);
    assert_string_equal(err.text, "the signer's certificate is not there");
    assert_int_equal(result.cert_count, 2);
    close_case(&c);
}

static void attributes_are_found(void **state)
{
    struct case_ c = open_case("attached");
    struct pk_slice attrs = c.cms.signers[0].signed_attrs;
    struct pk_slice values;
    struct pk_der value;
    char oid[PK_OID_TEXT];

    assert_int_equal(pk_cms_attribute_one(attrs, PK_CMS_OID_CONTENT_TYPE, &value), PK_OK);
    assert_string_equal(pk_der_oid(value.value, oid), PK_CMS_OID_DATA);
    assert_int_equal(pk_cms_attribute(attrs, PK_CMS_OID_MESSAGE_DIGEST, &values), PK_OK);
    assert_int_equal(values.len, 34);
    assert_int_equal(pk_cms_attribute(attrs, PK_CMS_OID_APPLE_CDHASHES, &values), PK_ENOENT);
    assert_int_equal(
            pk_cms_attribute(c.cms.signers[0].unsigned_attrs, "1.2.3", &values), PK_ENOENT);
    close_case(&c);
}

static void odd_attributes_are_told_apart(void **state)
{
    static const struct {
        uint8_t in[40];
        size_t len;
        int all; /* pk_cms_attribute */
        int one; /* pk_cms_attribute_one */
    } rows[] = {
        { { 0xa0, 9, 0x30, 7, 6, 1, 0x2a, 0x31, 2, 5, 0 }, 11, PK_OK, PK_OK },
        { { 0xa0, 7, 0x30, 5, 6, 1, 0x2a, 0x31, 0 }, 9, PK_OK, PK_ENOENT },
        { { 0xa0, 11, 0x30, 9, 6, 1, 0x2a, 0x31, 4, 5, 0, 5, 0 }, 13, PK_OK, PK_ETYPE },
        { { 0xa0, 7, 0x30, 5, 6, 1, 0x2b, 0x31, 0 }, 9, PK_ENOENT, PK_ENOENT },
        { { 0xa0, 14, 0x30, 5, 6, 1, 0x2b, 0x31, 0, 0x30, 5, 6, 1, 0x2b, 0x31, 0 }, 16, PK_EEXIST,
                PK_EEXIST },
        { { 0xa0, 8, 0x30, 6, 6, 1, 0x2a, 0x31, 1, 5 }, 10, PK_OK, PK_EMALF },
        { { 0xa0, 5, 0x30, 3, 6, 1, 0x2a }, 7, PK_EMALF, PK_EMALF },
        { { 0xa0, 2, 5, 0 }, 4, PK_EMALF, PK_EMALF },
        { { 0xa0, 0 }, 2, PK_ENOENT, PK_ENOENT },
        { { 0xa0, 3 }, 2, PK_EMALF, PK_EMALF },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, rows[i].len);
        struct pk_slice values;
        struct pk_der value;

        assert_int_equal(
                pk_cms_attribute(pk_slice_of(heap, rows[i].len), "1.2", &values), rows[i].all);
        assert_int_equal(
                pk_cms_attribute_one(pk_slice_of(heap, rows[i].len), "1.2", &value), rows[i].one);
        free(heap);
    }
}

/* Nothing of a cut file is read as whole; no changed byte lets another content or signer hold. */
static void broken_signatures_are_refused(void **state)
{
    struct pk_buffer file = pk_test_file("cms/streamed.p7");
    struct pk_buffer content = pk_test_file("cms/content.txt");

    for (size_t cut = 0; cut < file.len; cut += 11) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        uint8_t *heap = pk_test_dup(file.ptr, cut);
        struct pk_cms cms = { .signer_count = 77 };

        assert_int_not_equal(pk_cms_parse(pk_slice_of(heap, cut), arena, &cms, NULL), PK_OK);
        assert_int_equal(cms.signer_count, 77);
        free(heap);
        pk_arena_destroy(arena);
    }
    for (size_t i = 0; i < file.len; i += 3) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        uint8_t *heap = pk_test_dup(file.ptr, file.len);
        struct pk_cms cms;
        struct pk_cms_signed result;

        heap[i] ^= 0x21;
        if (pk_cms_parse(pk_slice_of(heap, file.len), arena, &cms, NULL) == PK_OK &&
                cms.has_content &&
                pk_cms_verify(&cms, cms.content, arena, &result, NULL) == PK_OK) {
            assert_true(pk_slice_eq(cms.content, pk_buffer_slice(&content)));
            assert_string_equal(result.certs[0].key_text, "RSA 2048");
        }
        free(heap);
        pk_arena_destroy(arena);
    }
    pk_buffer_finish(&file);
    pk_buffer_finish(&content);
}

static void memory_may_be_short(void **state)
{
    struct pk_buffer file = pk_test_file("cms/attached.p7");
    bool done = false;

    for (size_t max = 0; !done && max < ARENA_MAX; max += 64) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_cms cms;
        struct pk_cms_signed result;
        int rc = pk_cms_parse(pk_buffer_slice(&file), arena, &cms, NULL);

        rc = rc < 0 ? rc : pk_cms_verify(&cms, cms.content, arena, &result, NULL);
        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        done = rc == PK_OK;
        pk_arena_destroy(arena);
    }
    assert_true(done);
    pk_buffer_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_is_read_and_holds),
        cmocka_unit_test(another_content_does_not_hold),
        cmocka_unit_test(a_signer_without_certificate_does_not_hold),
        cmocka_unit_test(attributes_are_found),
        cmocka_unit_test(odd_attributes_are_told_apart),
        cmocka_unit_test(broken_signatures_are_refused),
        cmocka_unit_test(memory_may_be_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
