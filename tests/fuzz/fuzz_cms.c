/* fuzz_cms.c - a PKCS #7 signature: read, and verified over its own content or over a fixed one. Whatever
 * holds has a certificate, and whatever is found points into the input. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/cms.h"
#include "formats/limits.h"

#define ARENA_MAX (16UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void require_inside(struct pk_slice whole, struct pk_slice part)
{
    require(part.len == 0 ||
            (part.ptr >= whole.ptr && part.len <= (size_t)(whole.ptr + whole.len - part.ptr)));
}

static void check_signer(struct pk_slice in, const struct pk_cms_signer *signer)
{
    struct pk_slice values;
    struct pk_der value;

    require_inside(in, signer->whole);
    require_inside(signer->whole, signer->issuer);
    require_inside(signer->whole, signer->key_id);
    require_inside(signer->whole, signer->signature);
    require_inside(signer->whole, signer->signed_attrs);
    require_inside(signer->whole, signer->unsigned_attrs);
    require(signer->issuer.ptr != NULL || signer->key_id.ptr != NULL);
    if (pk_cms_attribute(signer->unsigned_attrs, PK_CMS_OID_TIMESTAMP, &values) == PK_OK) {
        require_inside(signer->unsigned_attrs, values);
    }
    if (pk_cms_attribute_one(signer->signed_attrs, PK_CMS_OID_SIGNING_TIME, &value) == PK_OK) {
        require_inside(signer->signed_attrs, value.whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_slice in = pk_slice_of(data, size);
    struct pk_error err;
    struct pk_cms cms;
    struct pk_cms_signed result;

    require(arena != NULL);
    if (pk_cms_parse(in, arena, &cms, &err) == PK_OK) {
        int rc;

        require(cms.signer_count <= PK_CMS_SIGNERS_MAX && cms.cert_count <= PK_CMS_CERTS_MAX);
        require(cms.content.len <= size);
        for (size_t i = 0; i < cms.signer_count; i++) {
            check_signer(in, &cms.signers[i]);
        }
        for (size_t i = 0; i < cms.cert_count; i++) {
            require_inside(in, cms.certs[i]);
        }
        rc = pk_cms_verify(&cms, cms.has_content ? cms.content : pk_slice_str("what is signed\n"),
                arena, &result, &err);
        require(rc == PK_OK || rc == PK_ECRYPTO || rc == PK_ENOMEM);
        if (rc == PK_OK) {
            require(result.signer != NULL && result.cert_count > 0 && result.chain_count > 0 &&
                    result.chain_count <= result.cert_count && result.certs[0].key != NULL);
        }
    }
    pk_arena_destroy(arena);
    return 0;
}
