/* GSM and UMTS layer 3: radio resource (TS 44.018), mobility of calls and of packets (TS 24.008). */
#include "base/reader.h"
#include "wire/cell_decode.h"

enum {
    PD_MM = 5,
    PD_RR = 6,
    PD_GMM = 8
};
#define LAPDM_FRAME 23 /* octets; longer or shorter ones are bare layer 3 */
#define FILL        0x2b

/* --- radio resource ------------------------------------------------------------------------- */

/* Cell channel description and neighbour lists (10.5.2.13): how many channels are in it. In the range
 * formats a value of 0 ends the list; widths shrink as in the binary tree of the standard. */
static int count_range(struct pk_bits *b, unsigned width, int found)
{
    unsigned group = 1;

    while (width >= 3 && b->rc == PK_OK) {
        for (unsigned i = 0; i < group; i++) {
            uint64_t w = pk_bits_read(b, width);

            if (b->rc < 0 || w == 0) {
                return found;
            }
            found++;
        }
        group *= 2;
        width--;
    }
    return found;
}

static int count_ones(struct pk_bits *b, unsigned bits)
{
    int found = 0;

    for (unsigned i = 0; i < bits; i++) {
        found += pk_bits_flag(b);
    }
    return found;
}

static int count_channels(struct pk_slice list)
{
    struct pk_bits b = pk_bits_of(list);
    unsigned first = list.ptr[0];

    if ((first & 0xc0) == 0) { /* bit map 0: 124 channels */
        pk_bits_skip(&b, 4);
        return count_ones(&b, 124);
    }
    if ((first & 0xc0) != 0x80) {
        return -1;
    }
    if ((first & 0x08) == 0) { /* 1024 range */
        pk_bits_skip(&b, 5);
        return count_range(&b, 10, pk_bits_flag(&b) ? 1 : 0);
    }
    pk_bits_skip(&b, 7);
    pk_bits_skip(&b, 10); /* the first channel: always one */
    switch (first & 0x06) {
    case 0x00:
        return count_range(&b, 9, 1);
    case 0x02:
        return count_range(&b, 8, 1);
    case 0x04:
        return count_range(&b, 7, 1);
    default: /* variable bit map */
        return 1 + count_ones(&b, 111);
    }
}

static void neighbours(struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    struct pk_slice list = pk_read_slice(r, 16);
    int count = r->rc == PK_OK ? count_channels(list) : -1;

    if (count >= 0) {
        pk_cell_add(out, PK_CELL_NEIGHBOURS, radio)->count = (int16_t)count;
    }
}

static void read_lai(struct pk_reader *r, struct pk_cell_message *m)
{
    struct pk_slice plmn = pk_read_slice(r, 3);
    int64_t area = pk_read_be16(r);

    if (r->rc == PK_OK) {
        pk_cell_plmn(plmn.ptr, m->plmn);
        m->area = area;
    }
}

/* Rest octets are coded against the fill pattern: a bit that differs is "high". */
static bool rest_flag(struct pk_bits *b)
{
    unsigned at = (unsigned)(b->pos % 8);
    bool bit = pk_bits_flag(b);

    return b->rc == PK_OK && bit != ((FILL >> (7 - at) & 1) != 0);
}

/* SI 3 and 4 rest octets begin with the optional selection parameters (10.5.2.34). */
static void read_selection(struct pk_slice rest, struct pk_cell_message *m)
{
    struct pk_bits b = pk_bits_of(rest);

    if (rest_flag(&b)) {
        pk_bits_skip(&b, 1);
        m->reselect_db = (int32_t)pk_bits_read(&b, 6) * 2;
        if (b.rc < 0) {
            m->reselect_db = -1;
        }
    }
}

static void system3(struct pk_reader *r, struct pk_cell_messages *out)
{
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_SYSTEM, PK_CELL_2G);

    m.cell = pk_read_be16(r);
    read_lai(r, &m);
    pk_read_skip(r, 2); /* control channel description; its third octet is T3212, in 6 min */
    m.update_minutes = pk_read_u8(r) * 6;
    pk_read_skip(r, 1 + 2 + 3);
    if (r->rc < 0) {
        out->count--;
        return;
    }
    read_selection(pk_read_slice(r, pk_reader_left(r)), &m);
    out->items[out->count - 1] = m;
}

static void system46(struct pk_reader *r, bool with_cell, struct pk_cell_messages *out)
{
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_SYSTEM, PK_CELL_2G);

    if (with_cell) {
        m.cell = pk_read_be16(r);
    }
    read_lai(r, &m);
    out->items[out->count - 1] = m;
    if (r->rc < 0) {
        out->count--;
    }
}

static void cipher_mode(struct pk_reader *r, struct pk_cell_messages *out)
{
    unsigned setting = pk_read_u8(r);
    struct pk_cell_message *m;

    if (r->rc < 0) {
        return;
    }
    m = pk_cell_add(out, PK_CELL_RADIO_SECURITY, PK_CELL_2G);
    if ((setting & 1) == 0) {
        m->cipher = PK_CELL_NULL;
        return;
    }
    m->algorithm = (uint8_t)((setting >> 1 & 7) + 1);
    m->cipher = m->algorithm <= 2 ? PK_CELL_WEAK : PK_CELL_STRONG;
}

static void radio_resource(unsigned type, struct pk_reader *r, struct pk_cell_messages *out)
{
    switch (type) {
    case 0x1a: /* System Information 2, 5 and their relatives */
    case 0x02:
    case 0x03:
    case 0x1d:
    case 0x05:
    case 0x06:
        neighbours(r, PK_CELL_2G, out);
        break;
    case 0x1b:
        system3(r, out);
        break;
    case 0x1c:
        system46(r, false, out);
        break;
    case 0x1e:
        system46(r, true, out);
        break;
    case 0x35:
        cipher_mode(r, out);
        break;
    case 0x32:
        (void)pk_cell_add(out, PK_CELL_RADIO_SECURED, PK_CELL_2G);
        break;
    case 0x0d:
        (void)pk_cell_add(out, PK_CELL_RELEASE, PK_CELL_2G);
        break;
    case 0x3f: /* Immediate Assignment: also for others on the channel */
    default:
        break;
    }
}

/* --- mobility ------------------------------------------------------------------------------- */

static void with_cause(struct pk_reader *r, enum pk_cell_said said, enum pk_cell_radio radio,
        struct pk_cell_messages *out)
{
    unsigned cause = pk_read_u8(r);

    pk_cell_add(out, said, radio)->cause = (int16_t)(r->rc == PK_OK ? (int)cause : -1);
}

static void with_identity(struct pk_reader *r, enum pk_cell_said said, enum pk_cell_radio radio,
        struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r);

    if (said == PK_CELL_IDENTITY_RESPONSE) {
        type = pk_read_u8(r); /* behind the length */
    }
    pk_cell_add(out, said, radio)->identity = (uint8_t)(r->rc == PK_OK
                    ? pk_cell_identity_of(type & 7U)
                    : PK_CELL_NO_IDENTITY);
}

/* Location Updating Request: type, old LAI, class mark, identity. */
static void location_update(
        struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r);
    struct pk_cell_message *m = pk_cell_add(
            out, (type & 3U) == 2 ? PK_CELL_ATTACH : PK_CELL_UPDATE, radio); /* 2: IMSI attach */
    struct pk_cell_message old = { 0 };
    struct pk_slice id;
    size_t length;

    read_lai(r, &old);
    pk_read_skip(r, 1);
    length = pk_read_u8(r);
    id = pk_read_slice(r, length);
    pk_cell_former(id, false, m->former);
    m->identity = id.len > 0 && (id.ptr[0] & 7) == 1 ? PK_CELL_IMSI : PK_CELL_NO_IDENTITY;
    if (m->former[0] == '\0' && old.plmn[0] != '\0' && old.area != 0xfffe && old.area != 0) {
        memcpy(m->former, old.plmn, 5); /* 0 and FFFE: there is none */
        m->former[5] = '\0';
    }
}

static void service(struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r) & 15U;

    pk_cell_add(out, PK_CELL_SERVICE, radio)->emergency = r->rc == PK_OK && type == 2;
}

static void mobility(
        unsigned type, struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    switch (type) {
    case 0x08:
        location_update(r, radio, out);
        break;
    case 0x24: /* CM Service Request */
        service(r, radio, out);
        break;
    case 0x28: /* CM Re-establishment Request */
        (void)pk_cell_add(out, PK_CELL_SERVICE, radio);
        break;
    case 0x18:
        with_identity(r, PK_CELL_IDENTITY_REQUEST, radio, out);
        break;
    case 0x19:
        with_identity(r, PK_CELL_IDENTITY_RESPONSE, radio, out);
        break;
    case 0x12:
        (void)pk_cell_add(out, PK_CELL_AUTH_REQUEST, radio);
        break;
    case 0x14:
        (void)pk_cell_add(out, PK_CELL_AUTH_RESPONSE, radio);
        break;
    case 0x1c:
        with_cause(r, PK_CELL_AUTH_FAILURE, radio, out);
        break;
    case 0x11:
        (void)pk_cell_add(out, PK_CELL_AUTH_REJECT, radio);
        break;
    case 0x02:
    case 0x21:
        (void)pk_cell_add(out, PK_CELL_ACCEPT, radio);
        break;
    case 0x04:
    case 0x22:
    case 0x29: /* ABORT */
        with_cause(r, PK_CELL_REJECT, radio, out);
        break;
    default:
        break;
    }
}

/* Attach Request of packets: capability (LV), type, DRX, identity (LV), old routing area. */
static void packet_attach(
        struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    struct pk_cell_message *m = pk_cell_add(out, PK_CELL_ATTACH, radio);
    struct pk_cell_message old = { 0 };
    unsigned type;
    size_t length;

    pk_read_skip(r, pk_read_u8(r));
    type = pk_read_u8(r);
    pk_read_skip(r, 2);
    length = pk_read_u8(r);
    pk_cell_former(pk_read_slice(r, length), false, m->former);
    read_lai(r, &old);
    m->emergency = r->rc == PK_OK && (type & 7U) == 4;
    if (r->rc == PK_OK && m->former[0] == '\0' && old.plmn[0] != '\0' && old.area != 0xfffe) {
        memcpy(m->former, old.plmn, 5);
        m->former[5] = '\0';
    }
}

static void packet_mobility(
        unsigned type, struct pk_reader *r, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    switch (type) {
    case 0x01:
        packet_attach(r, radio, out);
        break;
    case 0x08:
        (void)pk_cell_add(out, PK_CELL_UPDATE, radio);
        break;
    case 0x0c:
        (void)pk_cell_add(out, PK_CELL_SERVICE, radio);
        break;
    case 0x02:
    case 0x09:
    case 0x0d:
        (void)pk_cell_add(out, PK_CELL_ACCEPT, radio);
        break;
    case 0x04:
    case 0x0b:
    case 0x0e:
        with_cause(r, PK_CELL_REJECT, radio, out);
        break;
    case 0x12:
        (void)pk_cell_add(out, PK_CELL_AUTH_REQUEST, radio);
        break;
    case 0x13:
        (void)pk_cell_add(out, PK_CELL_AUTH_RESPONSE, radio);
        break;
    case 0x14:
        (void)pk_cell_add(out, PK_CELL_AUTH_REJECT, radio);
        break;
    case 0x1c:
        with_cause(r, PK_CELL_AUTH_FAILURE, radio, out);
        break;
    case 0x15:
        with_identity(r, PK_CELL_IDENTITY_REQUEST, radio, out);
        break;
    case 0x16:
        with_identity(r, PK_CELL_IDENTITY_RESPONSE, radio, out);
        break;
    default:
        break;
    }
}

void pk_cell_gsm(struct pk_slice l3, enum pk_cell_radio radio, struct pk_cell_messages *out)
{
    struct pk_reader r = pk_reader_of(l3);
    unsigned discriminator = pk_read_u8(&r);
    unsigned type = pk_read_u8(&r);

    if (r.rc < 0 || (discriminator & 0xf0U) != 0) { /* skip indicator: to be ignored */
        return;
    }
    switch (discriminator) {
    case PD_MM:
        mobility(type & 0x3fU, &r, radio, out); /* two bits count messages */
        break;
    case PD_GMM:
        packet_mobility(type, &r, radio, out);
        break;
    case PD_RR:
        if (type == 0x27) { /* Paging Response: the phone answers a call */
            (void)pk_cell_add(out, PK_CELL_SERVICE, radio);
        } else if (radio == PK_CELL_2G) {
            radio_resource(type, &r, out);
        }
        break;
    default:
        break;
    }
}

void pk_cell_gsm_common(struct pk_slice frame, struct pk_cell_messages *out)
{
    /* L2 pseudo length (TS 44.006): length in six bits, then 01. */
    if (frame.len >= 3 && (frame.ptr[0] & 3) == 1 && frame.ptr[1] == PD_RR) {
        frame = pk_slice_of(frame.ptr + 1, frame.len - 1);
    }
    pk_cell_gsm(frame, PK_CELL_2G, out);
}

/* Address with EA=1, no LPD, SAPI 0 or 3; control of an I or UI frame; length that fits (TS 44.006). The
 * slow channel has two octets of power and timing before it. */
static bool lapdm(struct pk_slice frame, size_t at, struct pk_slice *l3)
{
    unsigned address = frame.ptr[at];
    unsigned control = frame.ptr[at + 1];
    unsigned length = frame.ptr[at + 2];
    unsigned sapi = address >> 2 & 7;

    if ((address & 0xe1U) != 1 || (sapi != 0 && sapi != 3) || (length & 1) != 1 ||
            ((control & 1) != 0 && (control & 0xefU) != 3 && (control & 0xefU) != 0x2f &&
                    (control & 0xefU) != 0x63) ||
            length >> 2 > frame.len - at - 3) {
        return false;
    }
    *l3 = pk_slice_of(frame.ptr + at + 3, length >> 2);
    return true;
}

void pk_cell_gsm_dedicated(struct pk_slice frame, struct pk_cell_messages *out)
{
    struct pk_slice l3 = frame;

    if (frame.len == LAPDM_FRAME && !lapdm(frame, 0, &l3)) {
        (void)lapdm(frame, 2, &l3);
    }
    pk_cell_gsm(l3, PK_CELL_2G, out);
}
