#include "formats/cert_name.h"

#include <openssl/err.h>

#include "base/buffer.h"
#include "formats/anomaly.h"
#include "formats/cert.h"

#define PARTS_MAX 64UL /* of a name; real ones have fewer than 12 */

enum string_tag {
    TAG_BMP_STRING = 0x1e,
    TAG_UNIVERSAL_STRING = 0x1c,
    TAG_T61_STRING = 0x14,
};

/* Java's keywords (sun.security.x509.AVA); other types are written as OID.x.y.z. */
static const char *const keywords[][2] = {
    { "2.5.4.3", "CN" },
    { "2.5.4.4", "SURNAME" },
    { "2.5.4.5", "SERIALNUMBER" },
    { "2.5.4.6", "C" },
    { "2.5.4.7", "L" },
    { "2.5.4.8", "ST" },
    { "2.5.4.9", "STREET" },
    { "2.5.4.10", "O" },
    { "2.5.4.11", "OU" },
    { "2.5.4.12", "T" },
    { "2.5.4.42", "GIVENNAME" },
    { "2.5.4.43", "INITIALS" },
    { "2.5.4.44", "GENERATION" },
    { "2.5.4.46", "DNQUALIFIER" },
    { "1.2.840.113549.1.9.1", "EMAILADDRESS" },
    { "0.9.2342.19200300.100.1.1", "UID" },
    { "0.9.2342.19200300.100.1.25", "DC" },
};

/* Type and value of one attribute; *in is what a SET holds. */
static int next_attribute(struct pk_slice *in, char oid[PK_OID_TEXT], struct pk_der *value)
{
    struct pk_der pair;
    struct pk_der type;
    int rc = pk_der_expect(in, PK_DER_SEQUENCE, &pair);

    if (rc < 0) {
        return rc;
    }
    if (pk_der_expect(&pair.value, PK_DER_OID, &type) < 0 || pk_der_next(&pair.value, value) < 0) {
        return PK_EMALF;
    }
    (void)pk_der_oid(type.value, oid);
    return PK_OK;
}

bool pk_cert_name_is(struct pk_slice name)
{
    struct pk_der sequence;
    struct pk_der set;
    struct pk_der value;
    char oid[PK_OID_TEXT];
    int rc = pk_der_expect(&name, PK_DER_SEQUENCE, &sequence);

    while (rc == PK_OK) {
        rc = pk_der_expect(&sequence.value, PK_DER_SET, &set);
        if (rc == PK_ENOENT) {
            return true;
        }
        while (rc == PK_OK) {
            rc = next_attribute(&set.value, oid, &value);
        }
        rc = rc == PK_ENOENT ? PK_OK : rc;
    }
    return false;
}

static void put_rune(struct pk_buffer *out, uint32_t rune)
{
    if (rune < 0x80) {
        (void)pk_buffer_putc(out, (char)rune);
    } else if (rune < 0x800) {
        (void)pk_buffer_putc(out, (char)(0xc0U | rune >> 6));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune & 0x3fU)));
    } else if (rune < 0x10000) {
        (void)pk_buffer_putc(out, (char)(0xe0U | rune >> 12));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune >> 6 & 0x3fU)));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune & 0x3fU)));
    } else {
        (void)pk_buffer_putc(out, (char)(0xf0U | (rune >> 18 & 7U)));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune >> 12 & 0x3fU)));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune >> 6 & 0x3fU)));
        (void)pk_buffer_putc(out, (char)(0x80U | (rune & 0x3fU)));
    }
}

/* Bytes of one character in this type of string; 0: the bytes are UTF-8 or ASCII already. */
static size_t unit_size(uint8_t tag)
{
    switch (tag) {
    case TAG_BMP_STRING:
        return 2;
    case TAG_UNIVERSAL_STRING:
        return 4;
    case TAG_T61_STRING:
        return 1; /* read as Latin-1, as everybody does */
    default:
        return 0;
    }
}

/* The value as UTF-8; out's maximum cuts it. What is not UTF-8 is escaped later. */
static void put_utf8(struct pk_buffer *out, const struct pk_der *value)
{
    struct pk_slice in = value->value;
    size_t unit = unit_size(value->tag);

    if (unit == 0) {
        (void)pk_buffer_put(out, in.ptr, in.len < out->max ? in.len : out->max);
        return;
    }
    for (size_t i = 0; i + unit <= in.len && out->rc == PK_OK; i += unit) {
        uint32_t rune = 0;

        for (size_t k = 0; k < unit; k++) {
            rune = rune << 8 | in.ptr[i + k];
        }
        put_rune(out, rune);
    }
}

static bool needs_quotes(const struct pk_buffer *text)
{
    if (text->len == 0) {
        return false;
    }
    return text->ptr[0] == ' ' || text->ptr[text->len - 1] == ' ' ||
            memchr(text->ptr, '\0', text->len) != NULL ||
            strpbrk(text->ptr, ",+=\n<>#;\\\"") != NULL;
}

static void put_value(struct pk_buffer *out, const struct pk_der *value)
{
    struct pk_buffer text = pk_buffer_of(PK_CERT_NAME_MAX);
    bool quotes;

    put_utf8(&text, value);
    quotes = needs_quotes(&text);
    if (quotes) {
        (void)pk_buffer_putc(out, '"');
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            (void)pk_buffer_putc(out, '\\');
        }
        (void)pk_buffer_putc(out, text.ptr[i]);
    }
    if (quotes) {
        (void)pk_buffer_putc(out, '"');
    }
    pk_buffer_finish(&text);
}

static const char *keyword(const char *oid)
{
    for (size_t i = 0; i < PK_COUNT(keywords); i++) {
        if (strcmp(keywords[i][0], oid) == 0) {
            return keywords[i][1];
        }
    }
    return NULL;
}

static void put_part(struct pk_buffer *out, struct pk_slice set)
{
    struct pk_der value;
    char oid[PK_OID_TEXT];

    for (bool first = true; out->rc == PK_OK && next_attribute(&set, oid, &value) == PK_OK;
            first = false) {
        const char *word = keyword(oid);

        (void)pk_buffer_puts(out, first ? "" : " + ");
        (void)pk_buffer_puts(out, word != NULL ? "" : "OID.");
        (void)pk_buffer_puts(out, word != NULL ? word : oid);
        (void)pk_buffer_putc(out, '=');
        put_value(out, &value);
    }
}

const char *pk_cert_name_text(struct pk_slice name, struct pk_arena *arena)
{
    /* Somewhat more than is printed, so that the cut shows. */
    struct pk_buffer text = pk_buffer_of(PK_CERT_NAME_MAX + 16);
    struct pk_slice parts[PARTS_MAX];
    struct pk_der element;
    const char *clean;
    size_t count = 0;

    if (pk_der_expect(&name, PK_DER_SEQUENCE, &element) == PK_OK) {
        struct pk_slice in = element.value;

        while (count < PARTS_MAX && pk_der_expect(&in, PK_DER_SET, &element) == PK_OK) {
            parts[count++] = element.value;
        }
    }
    for (size_t i = count; i > 0; i--) {
        put_part(&text, parts[i - 1]);
        (void)pk_buffer_puts(&text, i > 1 ? ", " : "");
    }
    clean = pk_printable(arena, text.len > 0 ? text.ptr : "", text.len, PK_CERT_NAME_MAX);
    pk_buffer_finish(&text);
    return clean;
}

bool pk_cert_name_eq(struct pk_slice a, struct pk_slice b)
{
    const unsigned char *pa = a.ptr;
    const unsigned char *pb = b.ptr;
    X509_NAME *na;
    X509_NAME *nb;
    bool same;

    if (pk_slice_eq(a, b)) {
        return true;
    }
    na = a.len > 0 ? d2i_X509_NAME(NULL, &pa, (long)a.len) : NULL;
    nb = b.len > 0 ? d2i_X509_NAME(NULL, &pb, (long)b.len) : NULL;
    same = na != NULL && nb != NULL && X509_NAME_cmp(na, nb) == 0;
    X509_NAME_free(na);
    X509_NAME_free(nb);
    ERR_clear_error();
    return same;
}
