#include "wire/gsmtap.h"

#include "base/reader.h"

#define WORDS_MIN    2 /* version 3 */
#define V2_BYTES     16
#define ARFCN_UPLINK 0x4000
#define ARFCN_NUMBER 0x3fff
#define V2_ACCH      0x80  /* of a Um channel: the slow associated one */
#define V3_ACCH      0x100 /* the same */

struct row {
    unsigned type;
    unsigned sub;
    enum pk_gsmtap_channel channel;
    bool uplink;
};

/* clang-format off */
static const struct row v2_rows[] = {
    { 0x01, 0x01, PK_GSMTAP_GSM_COMMON, false }, /* BCCH */
    { 0x01, 0x02, PK_GSMTAP_GSM_COMMON, false }, /* CCCH */
    { 0x01, 0x04, PK_GSMTAP_GSM_COMMON, false }, /* AGCH */
    { 0x01, 0x05, PK_GSMTAP_GSM_COMMON, false }, /* PCH */
    { 0x01, 0x06, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x01, 0x07, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x01, 0x08, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x01, 0x09, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x01, 0x0a, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x02, 0x01, PK_GSMTAP_GSM_COMMON, false }, /* QCSuper writes Um as "Abis" without LAPDm */
    { 0x02, 0x02, PK_GSMTAP_GSM_COMMON, false },
    { 0x02, 0x04, PK_GSMTAP_GSM_COMMON, false },
    { 0x02, 0x05, PK_GSMTAP_GSM_COMMON, false },
    { 0x02, 0x06, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x02, 0x07, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x02, 0x08, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x02, 0x09, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x02, 0x0a, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0c, 0x00, PK_GSMTAP_UMTS_DL_DCCH, false },
    { 0x0c, 0x01, PK_GSMTAP_UMTS_UL_DCCH, true },
    { 0x0c, 0x02, PK_GSMTAP_UMTS_DL_CCCH, false },
    { 0x0c, 0x03, PK_GSMTAP_UMTS_UL_CCCH, true },
    { 0x0c, 0x08, PK_GSMTAP_UMTS_BCCH, false },
    { 0x0c, 0x0d, PK_GSMTAP_UMTS_BCCH, false },
    { 0x0c, 0x10, PK_GSMTAP_UMTS_MIB, false },
    { 0x0c, 0x11, PK_GSMTAP_UMTS_SIB1, false },
    { 0x0c, 0x13, PK_GSMTAP_UMTS_SIB3, false },
    { 0x0d, 0x00, PK_GSMTAP_LTE_DL_CCCH, false },
    { 0x0d, 0x01, PK_GSMTAP_LTE_DL_DCCH, false },
    { 0x0d, 0x02, PK_GSMTAP_LTE_UL_CCCH, true },
    { 0x0d, 0x03, PK_GSMTAP_LTE_UL_DCCH, true },
    { 0x0d, 0x05, PK_GSMTAP_LTE_BCCH, false },
    { 0x12, 0x00, PK_GSMTAP_LTE_NAS, false }, /* plain */
    { 0x12, 0x01, PK_GSMTAP_LTE_NAS, false }, /* with security header */
};
static const struct row v3_rows[] = {
    { 0x0200, 0x01, PK_GSMTAP_GSM_COMMON, false },
    { 0x0200, 0x02, PK_GSMTAP_GSM_COMMON, false },
    { 0x0200, 0x04, PK_GSMTAP_GSM_COMMON, false },
    { 0x0200, 0x05, PK_GSMTAP_GSM_COMMON, false },
    { 0x0200, 0x06, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0200, 0x07, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0200, 0x08, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0200, 0x09, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0200, 0x0a, PK_GSMTAP_GSM_DEDICATED, false },
    { 0x0303, 0x01, PK_GSMTAP_UMTS_DL_DCCH, false },
    { 0x0303, 0x02, PK_GSMTAP_UMTS_UL_DCCH, true },
    { 0x0303, 0x03, PK_GSMTAP_UMTS_DL_CCCH, false },
    { 0x0303, 0x04, PK_GSMTAP_UMTS_UL_CCCH, true },
    { 0x0303, 0x09, PK_GSMTAP_UMTS_BCCH, false },
    { 0x0303, 0x103, PK_GSMTAP_UMTS_BCCH, false },
    { 0x0303, 0x106, PK_GSMTAP_UMTS_MIB, false },
    { 0x0303, 0x107, PK_GSMTAP_UMTS_SIB1, false },
    { 0x0303, 0x109, PK_GSMTAP_UMTS_SIB3, false },
    { 0x0403, 0x03, PK_GSMTAP_LTE_BCCH, false },
    { 0x0403, 0x08, PK_GSMTAP_LTE_DL_CCCH, false },
    { 0x0403, 0x09, PK_GSMTAP_LTE_DL_DCCH, false },
    { 0x0403, 0x0a, PK_GSMTAP_LTE_UL_CCCH, true },
    { 0x0403, 0x0b, PK_GSMTAP_LTE_UL_DCCH, true },
    { 0x0404, 0x00, PK_GSMTAP_LTE_NAS, false },
    { 0x0404, 0x01, PK_GSMTAP_LTE_NAS, false },
    { 0x0504, 0x00, PK_GSMTAP_NR_NAS, false },
    { 0x0504, 0x01, PK_GSMTAP_NR_NAS, false },
};
/* clang-format on */

static void find(
        const struct row *rows, size_t count, unsigned type, unsigned sub, struct pk_gsmtap *out)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type == type && rows[i].sub == sub) {
            out->channel = rows[i].channel;
            out->uplink |= rows[i].uplink;
            return;
        }
    }
}

/* version, length in words, type, time slot, u16 channel number, i8 signal, i8 signal to noise, u32
 * frame number, subtype, antenna, subslot, reserved */
static int parse_v2(struct pk_reader *r, struct pk_gsmtap *out)
{
    size_t words = pk_read_u8(r);
    unsigned type = pk_read_u8(r);
    unsigned number;
    unsigned signal;
    unsigned sub;

    pk_read_skip(r, 1);
    number = pk_read_be16(r);
    signal = pk_read_u8(r);
    out->signal_dbm = (int64_t)signal - (signal > 127 ? 256 : 0);
    pk_read_skip(r, 5);
    sub = pk_read_u8(r);
    if (r->rc == PK_OK && (words * 4 < V2_BYTES || words * 4 > r->in.len)) {
        r->rc = PK_EMALF;
    }
    if (r->rc < 0) {
        return r->rc;
    }
    out->uplink = (number & ARFCN_UPLINK) != 0;
    out->arfcn = (number & ARFCN_NUMBER) != 0 ? (int64_t)(number & ARFCN_NUMBER) : -1;
    out->payload = pk_slice_of(r->in.ptr + words * 4, r->in.len - words * 4);
    find(v2_rows, PK_COUNT(v2_rows), type, type <= 2 ? sub & ~(unsigned)V2_ACCH : sub, out);
    return PK_OK;
}

/* version, reserved, u16 length in words, u16 type, u16 subtype, metadata */
static int parse_v3(struct pk_reader *r, struct pk_gsmtap *out)
{
    size_t words;
    unsigned type;
    unsigned sub;

    pk_read_skip(r, 1);
    words = pk_read_be16(r);
    type = pk_read_be16(r);
    sub = pk_read_be16(r);
    if (r->rc == PK_OK && (words < WORDS_MIN || words * 4 > r->in.len)) {
        r->rc = PK_EMALF;
    }
    if (r->rc < 0) {
        return r->rc;
    }
    out->payload = pk_slice_of(r->in.ptr + words * 4, r->in.len - words * 4);
    find(v3_rows, PK_COUNT(v3_rows), type, type == 0x0200 ? sub & ~(unsigned)V3_ACCH : sub, out);
    return PK_OK;
}

int pk_gsmtap_parse(struct pk_slice datagram, struct pk_gsmtap *out)
{
    struct pk_reader r = pk_reader_of(datagram);
    struct pk_gsmtap tap = { .arfcn = -1 };
    int rc;

    tap.version = pk_read_u8(&r);
    if (r.rc == PK_OK && tap.version != 2 && tap.version != 3) {
        return PK_EMALF;
    }
    rc = r.rc < 0 ? r.rc : tap.version == 2 ? parse_v2(&r, &tap) : parse_v3(&r, &tap);
    if (rc == PK_OK) {
        *out = tap;
    }
    return rc;
}
