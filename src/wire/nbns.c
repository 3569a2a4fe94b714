#include "wire/nbns.h"

#include <ctype.h>
#include <string.h>

#include "base/reader.h"

#define NAME_LETTERS   15
#define ENCODED_BYTES  32
#define TYPE_NB        0x0020
#define CLASS_IN       1
#define FLAG_RESPONSE  0x8000
#define FLAG_RD        0x0100
#define FLAG_BROADCAST 0x0010
#define RCODE_MASK     0x000f
#define ENTRY_BYTES    6 /* flags and address */

/* Each half byte is a letter from 'A' on; the name is in capitals, filled up with blanks (RFC 1001
 * section 14.1). */
static int encode(const char *name, uint8_t out[ENCODED_BYTES])
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_LETTERS) {
        return PK_EMALF;
    }
    for (size_t i = 0; i <= NAME_LETTERS; i++) {
        uint8_t c = i < len ? (uint8_t)toupper((unsigned char)name[i]) : i < NAME_LETTERS ? ' ' : 0;

        out[2 * i] = (uint8_t)('A' + (c >> 4));
        out[2 * i + 1] = (uint8_t)('A' + (c & 15));
    }
    return PK_OK;
}

int pk_nbns_build(uint16_t id, const char *name, uint8_t out[PK_NBNS_QUERY])
{
    static const uint8_t head[] = { 0, 0, (FLAG_RD | FLAG_BROADCAST) >> 8, FLAG_BROADCAST, 0, 1 };
    static const uint8_t tail[] = { 0, 0, TYPE_NB, 0, CLASS_IN };
    uint8_t encoded[ENCODED_BYTES];

    if (encode(name, encoded) < 0) {
        return PK_EMALF;
    }
    memset(out, 0, PK_NBNS_QUERY);
    memcpy(out, head, sizeof(head));
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    out[12] = ENCODED_BYTES;
    memcpy(out + 13, encoded, ENCODED_BYTES);
    memcpy(out + 13 + ENCODED_BYTES, tail, sizeof(tail));
    return PK_OK;
}

int pk_nbns_parse(struct pk_slice message, uint16_t id, const char *name, struct pk_address *out)
{
    struct pk_reader r = pk_reader_of(message);
    uint8_t wanted[ENCODED_BYTES];
    unsigned got_id = pk_read_be16(&r);
    unsigned flags = pk_read_be16(&r);
    unsigned questions = pk_read_be16(&r);
    unsigned answers = pk_read_be16(&r);
    struct pk_slice encoded;
    struct pk_slice data;

    if (encode(name, wanted) < 0) {
        return PK_EMALF;
    }
    pk_read_skip(&r, 4);
    if (r.rc == PK_OK &&
            (got_id != id || (flags & FLAG_RESPONSE) == 0 || (flags & RCODE_MASK) != 0 ||
                    questions != 0 || answers == 0)) {
        return PK_EMALF;
    }
    if (pk_read_u8(&r) != ENCODED_BYTES) {
        return r.rc < 0 ? r.rc : PK_EMALF;
    }
    encoded = pk_read_slice(&r, ENCODED_BYTES);
    if (pk_read_u8(&r) != 0 || pk_read_be16(&r) != TYPE_NB || pk_read_be16(&r) != CLASS_IN) {
        return r.rc < 0 ? r.rc : PK_EMALF; /* a scope, or another kind of record */
    }
    pk_read_skip(&r, 4);
    data = pk_read_slice(&r, pk_read_be16(&r));
    if (r.rc < 0) {
        return r.rc;
    }
    if (memcmp(encoded.ptr, wanted, ENCODED_BYTES) != 0 || data.len < ENTRY_BYTES) {
        return PK_EMALF;
    }
    *out = (struct pk_address){ .family = AF_INET };
    memcpy(out->bytes, data.ptr + 2, 4);
    return PK_OK;
}
