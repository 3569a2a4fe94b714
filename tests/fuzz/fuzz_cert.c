/* fuzz_cert.c - a certificate: what is read points into it, its identity is that of its bytes, and all that
 * is asked of it ends. */
#include <stdint.h>
#include <stdlib.h>

#include "base/crypt.h"
#include "formats/cert.h"

#define ARENA_MAX (4UL << 20)

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

/* Every element of every level, as far as the input goes: always progress, always inside. */
static void walk(struct pk_slice in)
{
    struct pk_der element;
    size_t left = in.len;

    for (unsigned depth = 0; depth < 64 && pk_der_next(&in, &element) == PK_OK; depth++) {
        char text[PK_OID_TEXT];

        require(in.len < left);
        require_inside(element.whole, element.value);
        require(strlen(pk_der_oid(element.value, text)) < sizeof(text));
        require(strlen(pk_der_time(&element, text)) < PK_DER_TIME_TEXT);
        require(pk_der_integer(element.value).len > 0);
        if ((element.tag & PK_DER_CONSTRUCTED) != 0 && (depth & 1) == 0) {
            in = element.value;
        }
        left = in.len + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_slice in = pk_slice_of(data, size);
    struct pk_cert cert;
    struct pk_slice extension;
    char hex[PK_SHA256_HEX];

    require(arena != NULL);
    walk(in);
    if (pk_cert_parse(in, arena, &cert, NULL) == PK_OK) {
        require_inside(in, cert.der);
        require_inside(cert.der, cert.tbs);
        require_inside(cert.tbs, cert.spki);
        require_inside(cert.tbs, cert.issuer_name);
        require_inside(cert.tbs, cert.subject_name);
        require_inside(cert.tbs, cert.extensions);
        require_inside(cert.der, cert.signature);
        pk_sha256_hex(cert.der, hex);
        require(strcmp(hex, cert.sha256) == 0 && strlen(cert.sha1) == 40);
        require(cert.subject != NULL && cert.issuer != NULL && cert.key_text != NULL);
        require((cert.key == NULL) == (cert.key_text[0] == '\0'));
        require(pk_cert_name_eq(cert.subject_name, cert.subject_name));
        (void)pk_cert_signed_by(&cert, &cert);
        (void)pk_cert_x509(&cert, arena);
        if (pk_cert_extension(&cert, "2.5.29.14", &extension) == PK_OK) {
            require_inside(cert.extensions, extension);
        }
    }
    pk_arena_destroy(arena);
    return 0;
}
