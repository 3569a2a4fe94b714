/* bits.h - a bit reader for unaligned PER (X.691), the coding of 3G and 4G radio signalling. Like
 * base/reader.h its error is sticky and reads after it give 0, so a message is read top to bottom and
 * judged once. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct pk_bits {
    struct pk_slice in;
    size_t pos; /* in bits; never behind end */
    size_t end; /* in bits */
    int rc;     /* PK_ETRUNC, or what the caller sets */
};

struct pk_bits pk_bits_of(struct pk_slice in);
/* A run of bits from within: the next `bits` of `from`, which are passed over there. */
struct pk_bits pk_bits_cut(struct pk_bits *from, size_t bits);

/* n: 0..64 */
uint64_t pk_bits_read(struct pk_bits *b, unsigned n);
bool pk_bits_flag(struct pk_bits *b);
void pk_bits_skip(struct pk_bits *b, size_t n);

/* The length of an open type or unbounded octet string (X.691 11.9): below 16k; longer ones are
 * PK_ELIMIT, no message that we read has them. */
size_t pk_bits_length(struct pk_bits *b);
/* n octets, which need not begin at a byte of the message, copied to out; false: too long or cut. */
bool pk_bits_octets(struct pk_bits *b, size_t n, uint8_t *out, size_t size);
/* Additions behind the extension mark of a SEQUENCE: presence map, then open types (X.691 19.7). */
void pk_bits_skip_additions(struct pk_bits *b);
