/* der.h - bounded walking through DER and BER.
 *
 * Source: ITU-T X.690; AOSP tools/apksig internal/asn1/ber (what Android's verifier accepts: BER with
 * indefinite lengths and lengths that are longer than needed). Everything borrows from the input; no
 * recursion, no allocation. Any thread. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

/* Identifier octets that the readers ask for. */
enum pk_der_tag {
    PK_DER_BOOLEAN = 0x01,
    PK_DER_INTEGER = 0x02,
    PK_DER_BIT_STRING = 0x03,
    PK_DER_OCTET_STRING = 0x04,
    PK_DER_NULL = 0x05,
    PK_DER_OID = 0x06,
    PK_DER_UTF8_STRING = 0x0c,
    PK_DER_SEQUENCE = 0x30,
    PK_DER_SET = 0x31,
    PK_DER_UTC_TIME = 0x17,
    PK_DER_GENERALIZED_TIME = 0x18,
    PK_DER_CONSTRUCTED = 0x20, /* the bit */
    PK_DER_CONTEXT = 0x80,     /* the class: [0] primitive is 0x80, constructed 0xa0 */
};

/* One BER/DER element. */
struct pk_der {
    uint8_t tag;           /* identifier octet; low bits 31: a number above 30, which was skipped */
    struct pk_slice value; /* the contents, without the end mark of an indefinite length */
    struct pk_slice whole; /* with identifier, length and end mark */
};

/* Takes the next element off *in, which is untouched on failure. PK_ENOENT at the end of the input,
 * PK_ETRUNC: the element is not all there, PK_EMALF: the length is not one, PK_ELIMIT: indefinite
 * lengths nest deeper than PK_DER_DEPTH_MAX. */
PK_MUST_USE int pk_der_next(struct pk_slice *in, struct pk_der *out);

/* The next element, which must have this class and number; primitive and constructed are both taken,
 * because BER lets strings be either and apksig does not look. PK_ETYPE: it is another one. */
PK_MUST_USE int pk_der_expect(struct pk_slice *in, uint8_t tag, struct pk_der *out);

/* True when class and number agree, whether constructed or not. */
static inline bool pk_der_is(const struct pk_der *element, uint8_t tag)
{
    return ((element->tag ^ tag) & ~(unsigned)PK_DER_CONSTRUCTED) == 0;
}

#define PK_OID_TEXT 128 /* bytes of an object identifier as text, NUL included */

/* Contents of an OBJECT IDENTIFIER -> "1.2.840.113549.1.1.1". "" when they are not one or too long. */
const char *pk_der_oid(struct pk_slice value, char out[PK_OID_TEXT]);

/* Contents of an INTEGER as few bytes as it can have (two's complement; at least one byte), so that
 * equal numbers are equal slices. Borrowed, or a static zero for empty contents. */
struct pk_slice pk_der_integer(struct pk_slice value);
/* The number when it fits. PK_EBOUNDS. */
PK_MUST_USE int pk_der_int(struct pk_slice value, int32_t *out);

#define PK_DER_TIME_TEXT 24

/* UTCTime or GeneralizedTime -> "2026-11-23T01:02:03Z"; "" when it is none. Returns out. */
const char *pk_der_time(const struct pk_der *element, char out[PK_DER_TIME_TEXT]);
