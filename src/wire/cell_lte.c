/* Radio control of 4G (TS 36.331), in unaligned PER: connections, their security, how they end, and the
 * NAS messages that they carry. Only the fields on the way to what is needed are read. */
#include "wire/cell_decode.h"

/* A NAS message within RRC: OCTET STRING. */
static void nas_within(struct pk_bits *b, bool uplink, struct pk_cell_messages *out)
{
    uint8_t nas[PK_CELL_NAS_MAX];
    size_t length = pk_bits_length(b);
    size_t kept = length < sizeof(nas) ? length : sizeof(nas);

    if (pk_bits_octets(b, kept, nas, sizeof(nas))) {
        pk_cell_eps_nas(pk_slice_of(nas, kept), uplink, out);
    }
    pk_bits_skip(b, (length - kept) * 8);
}

/* criticalExtensions: c1 with `width` bits of choice, of which the first is the known form. */
static bool first_form(struct pk_bits *b, unsigned width)
{
    return !pk_bits_flag(b) && pk_bits_read(b, width) == 0 && b->rc == PK_OK;
}

static void dl_information_transfer(struct pk_bits *b, struct pk_cell_messages *out)
{
    pk_bits_skip(b, 2); /* transaction */
    if (!first_form(b, 2)) {
        return;
    }
    pk_bits_skip(b, 1);
    if (pk_bits_read(b, 2) == 0 && b->rc == PK_OK) { /* dedicatedInfoNAS */
        nas_within(b, false, out);
    }
}

static void reconfiguration(struct pk_bits *b, struct pk_cell_messages *out)
{
    uint64_t present;
    size_t count;

    pk_bits_skip(b, 2);
    if (!first_form(b, 3)) {
        return;
    }
    /* measConfig, mobilityControlInfo, dedicatedInfoNASList, ...: the list is read only when it is the
     * first; it is sent after security has begun, so hardly ever in clear. */
    present = pk_bits_read(b, 6);
    if (b->rc < 0 || (present & 0x38U) != 0x08) {
        return;
    }
    count = pk_bits_read(b, 4) + 1;
    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        nas_within(b, false, out);
    }
}

void pk_cell_lte_geran_freqs(struct pk_bits *b)
{
    pk_bits_skip(b, 10 + 1); /* starting channel, band */
    switch (pk_bits_read(b, 2)) {
    case 0: /* explicit list */
        pk_bits_skip(b, pk_bits_read(b, 5) * 10);
        break;
    case 1: /* equally spaced */
        pk_bits_skip(b, 3 + 5);
        break;
    case 2: /* bit map */
        pk_bits_skip(b, (pk_bits_read(b, 4) + 1) * 8);
        break;
    default:
        b->rc = b->rc < 0 ? b->rc : PK_EMALF;
        break;
    }
}

static void release(struct pk_bits *b, struct pk_cell_messages *out)
{
    /* eutra, geran, utra-FDD, utra-TDD, cdma2000-HRPD, cdma2000-1xRTT */
    static const uint8_t radios[8] = { PK_CELL_4G, PK_CELL_2G, PK_CELL_3G, PK_CELL_3G };
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_RELEASE, PK_CELL_4G);
    uint64_t present;
    uint64_t cause;

    pk_bits_skip(b, 2);
    if (first_form(b, 2)) {
        present = pk_bits_read(b, 3);
        cause = pk_bits_read(b, 2);
        m.voice = b->rc == PK_OK && cause == 2; /* cs-FallbackHighPriority */
        if ((present & 4U) != 0) {
            bool extended = pk_bits_flag(b);
            uint64_t which = extended ? pk_bits_read(b, 7) : pk_bits_read(b, 3);

            if (b->rc == PK_OK) {
                /* Extensions: utra-TDD-r10, nr-r15. */
                m.redirect = extended ? (which == 0                  ? PK_CELL_3G
                                                        : which == 1 ? PK_CELL_5G
                                                                     : PK_CELL_NO_RADIO)
                                      : radios[which];
            }
        }
    }
    out->items[out->count - 1] = m;
}

static unsigned security_algorithm(struct pk_bits *b)
{
    bool extended = pk_bits_flag(b);
    uint64_t value = extended ? pk_bits_read(b, 7) + 8 : pk_bits_read(b, 3);

    return (unsigned)value;
}

static void security_mode(struct pk_bits *b, struct pk_cell_messages *out)
{
    unsigned cipher;
    unsigned integrity;

    pk_bits_skip(b, 2);
    if (!first_form(b, 2)) {
        return;
    }
    pk_bits_skip(b, 1 + 1); /* nonCriticalExtension; extension mark of securityConfigSMC */
    cipher = security_algorithm(b);
    integrity = security_algorithm(b);
    if (b->rc == PK_OK) {
        struct pk_cell_message *m = pk_cell_add(out, PK_CELL_RADIO_SECURITY, PK_CELL_4G);

        m->algorithm = (uint8_t)cipher;
        m->cipher = cipher == 0 ? PK_CELL_NULL : PK_CELL_STRONG;
        m->integrity = integrity == 0 ? PK_CELL_NULL : PK_CELL_STRONG;
    }
}

static void mobility(struct pk_bits *b, struct pk_cell_messages *out)
{
    /* utra, geran, cdma2000-1XRTT, cdma2000-HRPD, nr, eutra */
    static const uint8_t radios[8] = { PK_CELL_3G, PK_CELL_2G, 0, 0, PK_CELL_5G, PK_CELL_4G };
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_HANDOVER, PK_CELL_4G);

    pk_bits_skip(b, 2);
    if (first_form(b, 2)) {
        pk_bits_skip(b, 1);
        m.voice = pk_bits_flag(b);
        if (!pk_bits_flag(b)) { /* handover */
            pk_bits_skip(b, 2);
            m.redirect = pk_bits_flag(b) ? PK_CELL_NO_RADIO : radios[pk_bits_read(b, 3) & 7U];
        } else {
            m.redirect = PK_CELL_2G; /* cell change order: GERAN is the only one */
        }
        if (b->rc < 0) {
            m.voice = false;
            m.redirect = PK_CELL_NO_RADIO;
        }
    }
    out->items[out->count - 1] = m;
}

static void dl_dcch(struct pk_bits *b, struct pk_cell_messages *out)
{
    if (pk_bits_flag(b)) {
        return;
    }
    switch (pk_bits_read(b, 4)) {
    case 1:
        dl_information_transfer(b, out);
        break;
    case 3:
        mobility(b, out);
        break;
    case 4:
        reconfiguration(b, out);
        break;
    case 5:
        release(b, out);
        break;
    case 6:
        security_mode(b, out);
        break;
    default:
        break;
    }
}

static void setup_complete(struct pk_bits *b, struct pk_cell_messages *out)
{
    bool registered;

    pk_bits_skip(b, 2);
    if (!first_form(b, 2)) {
        return;
    }
    registered = pk_bits_flag(b);
    pk_bits_skip(b, 1 + 3); /* nonCriticalExtension, selectedPLMN-Identity */
    if (registered) {
        if (pk_bits_flag(b)) { /* its carrier */
            pk_bits_skip(b, pk_bits_flag(b) ? 12 : 0);
            pk_bits_skip(b, pk_bits_flag(b) ? 12 : 8);
        }
        pk_bits_skip(b, 16 + 8);
    }
    nas_within(b, true, out);
}

static void ul_dcch(struct pk_bits *b, struct pk_cell_messages *out)
{
    if (pk_bits_flag(b)) {
        return;
    }
    switch (pk_bits_read(b, 4)) {
    case 4:
        setup_complete(b, out);
        break;
    case 5:
        (void)pk_cell_add(out, PK_CELL_RADIO_SECURED, PK_CELL_4G);
        break;
    case 9: /* ULInformationTransfer */
        if (first_form(b, 2)) {
            pk_bits_skip(b, 1);
            if (pk_bits_read(b, 2) == 0 && b->rc == PK_OK) {
                nas_within(b, true, out);
            }
        }
        break;
    default:
        break;
    }
}

static void ul_ccch(struct pk_bits *b, struct pk_cell_messages *out)
{
    struct pk_cell_message *m;
    uint64_t cause;

    if (pk_bits_flag(b) || !pk_bits_flag(b) || b->rc < 0) {
        return; /* re-establishment goes on with a connection that was there */
    }
    if (pk_bits_flag(b)) {
        return;
    }
    pk_bits_skip(b, 1 + 40);
    cause = pk_bits_read(b, 3);
    if (b->rc == PK_OK) {
        m = pk_cell_add(out, PK_CELL_CONNECT, PK_CELL_4G);
        m->emergency = cause == 0;
    }
}

static void dl_ccch(struct pk_bits *b, struct pk_cell_messages *out)
{
    if (!pk_bits_flag(b) && pk_bits_read(b, 2) == 2 && b->rc == PK_OK) {
        (void)pk_cell_add(out, PK_CELL_RELEASE, PK_CELL_4G); /* RRCConnectionReject */
    }
}

void pk_cell_lte_rrc(
        enum pk_gsmtap_channel channel, struct pk_slice in, struct pk_cell_messages *out)
{
    struct pk_bits b = pk_bits_of(in);

    if (channel == PK_GSMTAP_LTE_DL_DCCH) {
        dl_dcch(&b, out);
    } else if (channel == PK_GSMTAP_LTE_UL_DCCH) {
        ul_dcch(&b, out);
    } else if (channel == PK_GSMTAP_LTE_UL_CCCH) {
        ul_ccch(&b, out);
    } else if (channel == PK_GSMTAP_LTE_DL_CCCH) {
        dl_ccch(&b, out);
    } else if (channel == PK_GSMTAP_LTE_BCCH && !pk_bits_flag(&b)) {
        if (pk_bits_flag(&b)) {
            pk_cell_lte_sib1(&b, out);
        } else {
            pk_cell_lte_si(&b, out);
        }
    }
}
