/* Radio control of 3G (TS 25.331), in unaligned PER: the core's messages that it carries, security, and
 * who the cell is. */
#include "wire/cell_decode.h"

/* NAS-Message: OCTET STRING (SIZE (1..4095)). */
static void nas_within(struct pk_bits *b, struct pk_cell_messages *out)
{
    uint8_t nas[PK_CELL_NAS_MAX];
    size_t length = pk_bits_read(b, 12) + 1;
    size_t kept = length < sizeof(nas) ? length : sizeof(nas);

    if (b->rc == PK_OK && pk_bits_octets(b, kept, nas, sizeof(nas))) {
        pk_cell_gsm(pk_slice_of(nas, kept), PK_CELL_3G, out);
    }
}

static void integrity_check(struct pk_bits *b)
{
    if (pk_bits_flag(b)) {
        pk_bits_skip(b, 32 + 4);
    }
}

/* cipheringModeInfo: two optional fields, then start with an algorithm, or nothing. */
static void ciphering(struct pk_bits *b, struct pk_cell_message *m)
{
    pk_bits_skip(b, 2);
    if (!pk_bits_flag(b)) {
        m->algorithm = (uint8_t)pk_bits_read(b, 1);
        m->cipher = m->algorithm == 0 ? PK_CELL_NULL : PK_CELL_STRONG;
    }
}

static void security_mode(struct pk_bits *b, struct pk_cell_messages *out)
{
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_RADIO_SECURITY, PK_CELL_3G);
    bool later = pk_bits_flag(b);
    unsigned present;

    pk_bits_skip(b, later ? 2 : 1);
    if (!later || !pk_bits_flag(b)) {   /* release 99, or 7 */
        pk_bits_skip(b, later ? 2 : 0); /* extensions, which stand at the end */
        present = (unsigned)pk_bits_read(b, 3);
        pk_bits_skip(b, later ? 0 : 2);
        pk_bits_skip(b, 16 + 16);
        m.integrity = (present & 2U) != 0 ? PK_CELL_STRONG : PK_CELL_STRENGTH_UNKNOWN;
        if ((present & 4U) != 0) {
            ciphering(b, &m);
        }
        if (b->rc < 0) {
            m.cipher = m.integrity = PK_CELL_STRENGTH_UNKNOWN;
        }
    }
    out->items[out->count - 1] = m;
}

static void dl_dcch(struct pk_bits *b, struct pk_cell_messages *out)
{
    integrity_check(b);
    switch (pk_bits_read(b, 5)) {
    case 2: /* cellChangeOrderFromUTRAN */
    case 6: /* handoverFromUTRANCommand-GSM */
        if (b->rc == PK_OK) {
            pk_cell_add(out, PK_CELL_HANDOVER, PK_CELL_3G)->redirect = PK_CELL_2G;
        }
        break;
    case 5: /* downlinkDirectTransfer */
        if (!pk_bits_flag(b)) {
            pk_bits_skip(b, 1 + 2 + 1);
            nas_within(b, out);
        }
        break;
    case 15:
        if (b->rc == PK_OK) {
            (void)pk_cell_add(out, PK_CELL_RELEASE, PK_CELL_3G);
        }
        break;
    case 16:
        security_mode(b, out);
        break;
    default:
        break;
    }
}

static void ul_dcch(struct pk_bits *b, struct pk_cell_messages *out)
{
    integrity_check(b);
    switch (pk_bits_read(b, 5)) {
    case 5: /* initialDirectTransfer: domain, node selector, message */
        pk_bits_skip(b, 2 + 1 + 16);
        nas_within(b, out);
        break;
    case 20:
        if (b->rc == PK_OK) {
            (void)pk_cell_add(out, PK_CELL_RADIO_SECURED, PK_CELL_3G);
        }
        break;
    case 27: /* uplinkDirectTransfer */
        pk_bits_skip(b, 2 + 1);
        nas_within(b, out);
        break;
    default:
        break;
    }
}

static void master_block(struct pk_bits *b, struct pk_cell_message *m)
{
    char text[PK_CELL_PLMN] = "";
    uint64_t type;
    size_t len = 0;
    bool fine = true;
    unsigned count;

    pk_bits_skip(b, 1 + 3);
    type = pk_bits_read(b, 2);
    if (type != 0 && type != 2) { /* gsm-MAP, or both */
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned digit = (unsigned)pk_bits_read(b, 4);

        fine &= digit <= 9;
        text[len++] = (char)('0' + digit % 10);
    }
    count = pk_bits_flag(b) ? 3 : 2;
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = (unsigned)pk_bits_read(b, 4);

        fine &= digit <= 9;
        text[len++] = (char)('0' + digit % 10);
    }
    if (fine && b->rc == PK_OK) {
        memcpy(m->plmn, text, sizeof(text));
    }
}

/* One block by its SIB-Type: 0 the master, 1 (area), 3 (cell). */
static void one_block(unsigned type, struct pk_bits *b, struct pk_cell_message *m)
{
    if (type == 0) {
        master_block(b, m);
    } else if (type == 1) {
        uint64_t area;

        pk_bits_skip(b, 1);
        if (pk_bits_read(b, 3) >= 1) { /* length of 2 or more: location area code first */
            area = pk_bits_read(b, 16);
            m->area = b->rc == PK_OK ? (int64_t)area : -1;
        }
    } else if (type == 3) {
        uint64_t cell;

        pk_bits_skip(b, 1 + 1);
        cell = pk_bits_read(b, 28);
        m->cell = b->rc == PK_OK ? (int64_t)cell : -1;
    }
}

static void block_list(struct pk_bits *b, struct pk_cell_message *m)
{
    size_t count = pk_bits_read(b, 4) + 1;

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        unsigned type = (unsigned)pk_bits_read(b, 5);
        size_t bits = pk_bits_read(b, 8) + 1;
        struct pk_bits part = pk_bits_cut(b, bits);

        one_block(type, &part, m);
    }
}

/* Only blocks that stand complete in one frame; longer ones tell nothing that is needed here. */
static void broadcast(struct pk_bits *b, struct pk_cell_message *m)
{
    unsigned form;

    pk_bits_skip(b, 11);
    form = (unsigned)pk_bits_read(b, 4);
    if (form == 7) {
        block_list(b, m);
    } else if (form == 9) {
        unsigned type = (unsigned)pk_bits_read(b, 5);

        one_block(type, b, m);
    }
}

static void system_information(
        enum pk_gsmtap_channel channel, struct pk_bits *b, struct pk_cell_messages *out)
{
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_SYSTEM, PK_CELL_3G);

    if (channel == PK_GSMTAP_UMTS_BCCH) {
        broadcast(b, &m);
    } else {
        one_block(channel == PK_GSMTAP_UMTS_MIB          ? 0
                        : channel == PK_GSMTAP_UMTS_SIB1 ? 1
                                                         : 3,
                b, &m);
    }
    out->items[out->count - 1] = m;
    if (m.plmn[0] == '\0' && m.area < 0 && m.cell < 0) {
        out->count--;
    }
}

void pk_cell_umts_rrc(
        enum pk_gsmtap_channel channel, struct pk_slice in, struct pk_cell_messages *out)
{
    struct pk_bits b = pk_bits_of(in);

    if (channel == PK_GSMTAP_UMTS_DL_DCCH) {
        dl_dcch(&b, out);
    } else if (channel == PK_GSMTAP_UMTS_UL_DCCH) {
        ul_dcch(&b, out);
    } else if (channel == PK_GSMTAP_UMTS_UL_CCCH) {
        integrity_check(&b);
        if (pk_bits_read(&b, 2) == 1 && b.rc == PK_OK) {
            (void)pk_cell_add(out, PK_CELL_CONNECT, PK_CELL_3G);
        }
    } else if (channel == PK_GSMTAP_UMTS_DL_CCCH) {
        uint64_t type;

        integrity_check(&b);
        type = pk_bits_read(&b, 3);
        if (b.rc == PK_OK && (type == 1 || type == 2)) { /* reject, release */
            (void)pk_cell_add(out, PK_CELL_RELEASE, PK_CELL_3G);
        }
    } else {
        system_information(channel, &b, out);
    }
}
