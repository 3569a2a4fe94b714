/* cms.h - PKCS #7 / CMS SignedData: the signatures of JARs, of Mach-O files and of provisioning profiles.
 *
 * Sources: RFC 5652, RFC 2315; AOSP tools/apksig internal/pkcs7 (what Android's verifier takes: BER,
 * strict about which fields are there). Everything borrows from the input; lists live
 * in the arena. Trust, dates and revocation are not this file's matter. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/cert.h"

#define PK_CMS_OID_DATA           "1.2.840.113549.1.7.1"
#define PK_CMS_OID_SIGNED_DATA    "1.2.840.113549.1.7.2"
#define PK_CMS_OID_CONTENT_TYPE   "1.2.840.113549.1.9.3"
#define PK_CMS_OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define PK_CMS_OID_SIGNING_TIME   "1.2.840.113549.1.9.5"
#define PK_CMS_OID_TIMESTAMP      "1.2.840.113549.1.9.16.2.14" /* unsigned: RFC 3161 token */
#define PK_CMS_OID_APPLE_CDHASHES "1.2.840.113635.100.9.1"     /* signed: a property list */
#define PK_CMS_OID_APPLE_CDHASH2  "1.2.840.113635.100.9.2" /* signed: SEQUENCEs of hash and value */

struct pk_cms_signer {
    struct pk_slice whole;
    struct pk_slice issuer;       /* Name, whole; ptr NULL: named by key_id */
    struct pk_slice serial;       /* as pk_der_integer() gives it */
    struct pk_slice key_id;       /* subject key identifier; ptr NULL: named by issuer and serial */
    const char *digest_oid;       /* text */
    const char *signature_oid;    /* text */
    struct pk_slice signed_attrs; /* the whole element with its tag [0]; ptr NULL: none */
    struct pk_slice unsigned_attrs; /* likewise [1] */
    struct pk_slice signature;
};

struct pk_cms {
    const char *content_type; /* of what is signed, text */
    bool has_content;         /* false: the content is elsewhere ("detached") */
    struct pk_slice content;
    const struct pk_slice *certs; /* each a whole certificate as found, unparsed */
    size_t cert_count;
    const struct pk_cms_signer *signers;
    size_t signer_count;
};

/* Reads a ContentInfo of type SignedData; what follows it is not looked at (Mach-O pads with zeros).
 * PK_EMALF, PK_ETRUNC: it is none; PK_ELIMIT: more than PK_CMS_SIGNERS_MAX signers or
 * PK_CMS_CERTS_MAX certificates; PK_ENOMEM. */
PK_MUST_USE int pk_cms_parse(
        struct pk_slice in, struct pk_arena *arena, struct pk_cms *out, struct pk_error *err);

/* The values (the contents of the SET) of one attribute: of signer->signed_attrs or unsigned_attrs. Take
 * them off with pk_der_next(). PK_ENOENT: not there; PK_EMALF: the list is broken; PK_EEXIST: some type
 * stands in it twice; PK_ELIMIT: more than PK_CMS_ATTRIBUTES_MAX. */
PK_MUST_USE int pk_cms_attribute(struct pk_slice attrs, const char *oid, struct pk_slice *values);
/* The one value of an attribute. Also PK_ENOENT: it has no value; PK_ETYPE: it has several. */
PK_MUST_USE int pk_cms_attribute_one(struct pk_slice attrs, const char *oid, struct pk_der *value);

/* The certificate that the signer names, among certs; NULL when it is not there. */
const struct pk_cert *pk_cms_signer_cert(
        const struct pk_cms_signer *signer, const struct pk_cert *certs, size_t count);

/* The digest that the signature is over: of content, or of the signed attributes taken as a SET. out has
 * room for PK_HASH_SIZE_MAX. PK_ECRYPTO: the hash is not offered. */
PK_MUST_USE int pk_cms_signed_digest(const struct pk_cms_signer *signer, struct pk_slice content,
        enum pk_hash hash, uint8_t *out);

/* What holds about a signed content. */
struct pk_cms_signed {
    const struct pk_cms_signer *signer; /* the first one whose signature holds */
    struct pk_cert
            *certs; /* the signer's, then its issuers as far as they are there, then the others */
    size_t cert_count;
    size_t chain_count; /* so many of them are the signer and its issuers, each signed by the next */
    const char *signing_time; /* RFC 3339, ""; said by the signer itself */
};

/* Does any signer's signature over content hold? content: cms->content, or what is signed elsewhere.
 * PK_ECRYPTO: none, *err says of which kind the failure of the first one is; PK_ENOMEM. On PK_ECRYPTO
 * out->certs and cert_count are there nevertheless, with signer NULL and the first signer's certificate
 * first when it is there. Certificates that cannot be read are left out. */
PK_MUST_USE int pk_cms_verify(const struct pk_cms *cms, struct pk_slice content,
        struct pk_arena *arena, struct pk_cms_signed *out, struct pk_error *err);
