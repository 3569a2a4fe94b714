#include "formats/cms.h"

#include "formats/limits.h"

#define TAG_0 (PK_DER_CONTEXT | PK_DER_CONSTRUCTED)
#define TAG_1 (PK_DER_CONTEXT | PK_DER_CONSTRUCTED | 1U)

#define KEY_ID_EXTENSION "2.5.29.14"

/* The element when it has the tag; *there says so. Another tag or the end is fine, broken is not. */
static int take_optional(struct pk_slice *in, uint8_t tag, struct pk_der *out, bool *there)
{
    int rc = pk_der_expect(in, tag, out);

    *there = rc == PK_OK;
    return rc == PK_ETYPE || rc == PK_ENOENT ? PK_OK : rc;
}

static int take_oid(struct pk_slice *in, struct pk_arena *arena, const char **out)
{
    struct pk_der oid;
    char text[PK_OID_TEXT];
    int rc = pk_der_expect(in, PK_DER_OID, &oid);

    if (rc < 0) {
        return rc;
    }
    if (pk_der_oid(oid.value, text)[0] == '\0') {
        return PK_EMALF;
    }
    *out = pk_arena_strdup(arena, text);
    return *out != NULL ? PK_OK : PK_ENOMEM;
}

/* AlgorithmIdentifier; its parameters are not looked at. */
static int take_algorithm(struct pk_slice *in, struct pk_arena *arena, const char **out)
{
    struct pk_der algorithm;
    int rc = pk_der_expect(in, PK_DER_SEQUENCE, &algorithm);

    return rc < 0 ? rc : take_oid(&algorithm.value, arena, out);
}

static int take_version(struct pk_slice *in)
{
    struct pk_der version;
    int32_t number;
    int rc = pk_der_expect(in, PK_DER_INTEGER, &version);

    return rc < 0 ? rc : pk_der_int(version.value, &number);
}

static int count_elements(struct pk_slice in, size_t max, size_t *out)
{
    struct pk_der element;
    int rc;

    *out = 0;
    for (rc = pk_der_next(&in, &element); rc == PK_OK; rc = pk_der_next(&in, &element)) {
        (*out)++;
        if (*out > max) {
            return PK_ELIMIT;
        }
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

/* --- signers */

static int read_sid(struct pk_slice *in, struct pk_cms_signer *out)
{
    struct pk_der sid;
    struct pk_der issuer;
    struct pk_der serial;
    int rc = pk_der_expect(in, PK_DER_SEQUENCE, &sid);

    if (rc == PK_ETYPE) {
        rc = pk_der_expect(in, PK_DER_CONTEXT, &sid);
        out->key_id = rc == PK_OK ? sid.value : out->key_id;
        return rc;
    }
    if (rc == PK_OK) {
        rc = pk_der_next(&sid.value, &issuer);
    }
    if (rc == PK_OK) {
        rc = pk_der_expect(&sid.value, PK_DER_INTEGER, &serial);
    }
    if (rc == PK_OK) {
        out->issuer = issuer.whole;
        out->serial = pk_der_integer(serial.value);
    }
    return rc;
}

/* SignerInfo, RFC 5652 5.3. */
static int read_signer(
        const struct pk_der *whole, struct pk_arena *arena, struct pk_cms_signer *out)
{
    struct pk_slice in = whole->value;
    struct pk_der element;
    bool there;
    int rc;

    if (!pk_der_is(whole, PK_DER_SEQUENCE)) {
        return PK_ETYPE;
    }
    *out = (struct pk_cms_signer){ .whole = whole->whole };
    rc = take_version(&in);
    if (rc == PK_OK) {
        rc = read_sid(&in, out);
    }
    if (rc == PK_OK) {
        rc = take_algorithm(&in, arena, &out->digest_oid);
    }
    if (rc == PK_OK) {
        rc = take_optional(&in, TAG_0, &element, &there);
        out->signed_attrs = rc == PK_OK && there ? element.whole : out->signed_attrs;
    }
    if (rc == PK_OK) {
        rc = take_algorithm(&in, arena, &out->signature_oid);
    }
    if (rc == PK_OK) {
        rc = pk_der_expect(&in, PK_DER_OCTET_STRING, &element);
        out->signature = rc == PK_OK ? element.value : out->signature;
    }
    if (rc == PK_OK) {
        rc = take_optional(&in, TAG_1, &element, &there);
        out->unsigned_attrs = rc == PK_OK && there ? element.whole : out->unsigned_attrs;
    }
    return rc;
}

static int read_signers(struct pk_slice in, struct pk_arena *arena, struct pk_cms *out)
{
    struct pk_cms_signer *signers;
    struct pk_der element;
    size_t count;
    int rc = count_elements(in, PK_CMS_SIGNERS_MAX, &count);

    if (rc < 0) {
        return rc;
    }
    signers = pk_arena_alloc(arena, count, sizeof(*signers));
    if (signers == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        rc = pk_der_next(&in, &element);
        if (rc == PK_OK) {
            rc = read_signer(&element, arena, &signers[i]);
        }
        if (rc < 0) {
            return rc;
        }
    }
    out->signers = signers;
    out->signer_count = count;
    return PK_OK;
}

/* --- content and certificates */

/* The pieces of a constructed OCTET STRING, one level deep or more, as one run of bytes. */
static int join_pieces(struct pk_slice in, size_t depth, uint8_t *to, size_t *used)
{
    struct pk_der piece;
    int rc;

    for (rc = pk_der_next(&in, &piece); rc == PK_OK; rc = pk_der_next(&in, &piece)) {
        if (!pk_der_is(&piece, PK_DER_OCTET_STRING)) {
            return PK_EMALF;
        }
        if ((piece.tag & PK_DER_CONSTRUCTED) == 0) {
            if (piece.value.len > 0) {
                memcpy(to + *used, piece.value.ptr, piece.value.len);
            }
            *used += piece.value.len;
        } else if (depth == 0 || join_pieces(piece.value, depth - 1, to, used) < 0) {
            return PK_EMALF;
        }
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

/* The content may be written in pieces (streaming signers do so): then it is put together. */
static int read_content(struct pk_slice in, struct pk_arena *arena, struct pk_cms *out)
{
    struct pk_der octets;
    uint8_t *joined;
    size_t used = 0;
    int rc = pk_der_next(&in, &octets);

    if (rc < 0) {
        return rc;
    }
    out->has_content = true;
    out->content = octets.value;
    if (octets.tag != (PK_DER_OCTET_STRING | PK_DER_CONSTRUCTED)) {
        return PK_OK;
    }
    joined = pk_arena_alloc(
            arena, octets.value.len, 1); /* pieces are shorter than what holds them */
    if (joined == NULL) {
        return PK_ENOMEM;
    }
    rc = join_pieces(octets.value, 4, joined, &used);
    out->content = pk_slice_of(joined, used);
    return rc;
}

static int read_encapsulated(struct pk_slice *in, struct pk_arena *arena, struct pk_cms *out)
{
    struct pk_der sequence;
    struct pk_der content;
    bool there = false;
    int rc = pk_der_expect(in, PK_DER_SEQUENCE, &sequence);

    if (rc == PK_OK) {
        rc = take_oid(&sequence.value, arena, &out->content_type);
    }
    if (rc == PK_OK) {
        rc = take_optional(&sequence.value, TAG_0, &content, &there);
    }
    return rc == PK_OK && there ? read_content(content.value, arena, out) : rc;
}

static int read_certs(struct pk_slice in, struct pk_arena *arena, struct pk_cms *out)
{
    struct pk_slice *certs;
    struct pk_der element;
    size_t count;
    int rc = count_elements(in, PK_CMS_CERTS_MAX, &count);

    if (rc < 0) {
        return rc;
    }
    certs = pk_arena_alloc(arena, count, sizeof(*certs));
    if (certs == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        rc = pk_der_next(&in, &element);
        if (rc < 0) {
            return rc;
        }
        certs[i] = element.whole;
    }
    out->certs = certs;
    out->cert_count = count;
    return PK_OK;
}

/* SET OF AlgorithmIdentifier: what the signers say counts, but each must be one. */
static int read_digest_algorithms(struct pk_slice *in, struct pk_arena *arena)
{
    struct pk_der set;
    const char *oid;
    int rc = pk_der_expect(in, PK_DER_SET, &set);

    while (rc == PK_OK && set.value.len > 0) {
        rc = take_algorithm(&set.value, arena, &oid);
    }
    return rc;
}

/* SignedData, RFC 5652 5.1. */
static int read_signed_data(struct pk_slice in, struct pk_arena *arena, struct pk_cms *out)
{
    struct pk_der element;
    bool there = false;
    int rc = take_version(&in);

    if (rc == PK_OK) {
        rc = read_digest_algorithms(&in, arena);
    }
    if (rc == PK_OK) {
        rc = read_encapsulated(&in, arena, out);
    }
    if (rc == PK_OK) {
        rc = take_optional(&in, TAG_0, &element, &there);
    }
    if (rc == PK_OK && there) {
        rc = read_certs(element.value, arena, out);
    }
    if (rc == PK_OK) {
        rc = take_optional(&in, TAG_1, &element, &there); /* revocation lists */
    }
    if (rc == PK_OK) {
        rc = pk_der_expect(&in, PK_DER_SET, &element);
    }
    return rc == PK_OK ? read_signers(element.value, arena, out) : rc;
}

int pk_cms_parse(
        struct pk_slice in, struct pk_arena *arena, struct pk_cms *out, struct pk_error *err)
{
    struct pk_cms cms = { .content_type = "" };
    struct pk_der info;
    struct pk_der content;
    struct pk_der data;
    const char *type = "";
    int rc = pk_der_expect(&in, PK_DER_SEQUENCE, &info);

    if (rc == PK_OK) {
        rc = take_oid(&info.value, arena, &type);
    }
    if (rc == PK_OK && strcmp(type, PK_CMS_OID_SIGNED_DATA) != 0) {
        return pk_error_set(err, PK_EMALF, "the content is of type %s, not SignedData", type);
    }
    if (rc == PK_OK) {
        rc = pk_der_expect(&info.value, TAG_0, &content);
    }
    if (rc == PK_OK) {
        rc = pk_der_expect(&content.value, PK_DER_SEQUENCE, &data);
    }
    if (rc == PK_OK) {
        rc = read_signed_data(data.value, arena, &cms);
    }
    switch (rc) {
    case PK_OK:
        *out = cms;
        return PK_OK;
    case PK_ENOMEM:
        return pk_error_set(err, rc, "a signature does not fit into memory");
    case PK_ELIMIT:
        return pk_error_set(err, rc, "a signature with too many signers or certificates");
    default:
        return pk_error_set(err, rc == PK_ETRUNC ? PK_ETRUNC : PK_EMALF,
                "no SignedData: a field is missing, broken or of another type");
    }
}

/* --- attributes */

/* The next attribute of *in. */
static int next_attribute(struct pk_slice *in, char oid[PK_OID_TEXT], struct pk_slice *values)
{
    struct pk_der pair;
    struct pk_der type;
    struct pk_der set;
    int rc = pk_der_next(in, &pair);

    if (rc < 0) {
        return rc == PK_ENOENT ? rc : PK_EMALF;
    }
    if (!pk_der_is(&pair, PK_DER_SEQUENCE) || pk_der_expect(&pair.value, PK_DER_OID, &type) < 0 ||
            pk_der_expect(&pair.value, PK_DER_SET, &set) < 0 ||
            pk_der_oid(type.value, oid)[0] == '\0') {
        return PK_EMALF;
    }
    *values = set.value;
    return PK_OK;
}

int pk_cms_attribute(struct pk_slice attrs, const char *oid, struct pk_slice *values)
{
    char seen[PK_CMS_ATTRIBUTES_MAX][PK_OID_TEXT];
    struct pk_slice found = { .ptr = NULL };
    struct pk_der set;
    size_t count = 0;
    int rc;

    if (attrs.ptr == NULL) {
        return PK_ENOENT;
    }
    rc = pk_der_next(&attrs, &set);
    for (; rc == PK_OK; count++) {
        struct pk_slice one;

        if (count == PK_CMS_ATTRIBUTES_MAX) {
            return PK_ELIMIT;
        }
        rc = next_attribute(&set.value, seen[count], &one);
        for (size_t i = 0; rc == PK_OK && i < count; i++) {
            if (strcmp(seen[i], seen[count]) == 0) {
                return PK_EEXIST;
            }
        }
        if (rc == PK_OK && strcmp(seen[count], oid) == 0) {
            found = one;
        }
    }
    if (rc != PK_ENOENT) {
        return PK_EMALF;
    }
    if (found.ptr == NULL) {
        return PK_ENOENT;
    }
    *values = found;
    return PK_OK;
}

int pk_cms_attribute_one(struct pk_slice attrs, const char *oid, struct pk_der *value)
{
    struct pk_slice values;
    struct pk_der one;
    struct pk_der another;
    int rc = pk_cms_attribute(attrs, oid, &values);

    if (rc == PK_OK) {
        rc = pk_der_next(&values, &one);
    }
    if (rc < 0) {
        return rc == PK_ETRUNC ? PK_EMALF : rc;
    }
    rc = pk_der_next(&values, &another);
    if (rc != PK_ENOENT) {
        return rc == PK_OK ? PK_ETYPE : PK_EMALF;
    }
    *value = one;
    return PK_OK;
}

/* --- whose signature it is */

static bool is_named(const struct pk_cms_signer *signer, const struct pk_cert *cert)
{
    struct pk_slice extension;
    struct pk_der key_id;

    if (signer->issuer.ptr != NULL) {
        return pk_slice_eq(signer->serial, cert->serial_number) &&
                pk_cert_name_eq(signer->issuer, cert->issuer_name);
    }
    return pk_cert_extension(cert, KEY_ID_EXTENSION, &extension) == PK_OK &&
            pk_der_expect(&extension, PK_DER_OCTET_STRING, &key_id) == PK_OK &&
            pk_slice_eq(key_id.value, signer->key_id);
}

const struct pk_cert *pk_cms_signer_cert(
        const struct pk_cms_signer *signer, const struct pk_cert *certs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_named(signer, &certs[i])) {
            return &certs[i];
        }
    }
    return NULL;
}
