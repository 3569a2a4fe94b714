#include "wire/cell_message.h"

#include <stdio.h>

#include "wire/cell_decode.h"

struct pk_cell_message *pk_cell_add(
        struct pk_cell_messages *out, enum pk_cell_said said, enum pk_cell_radio radio)
{
    struct pk_cell_message *m;

    if (out->count < PK_CELL_MESSAGES_MAX) {
        out->count++;
    }
    m = &out->items[out->count - 1];
    *m = (struct pk_cell_message){ .said = (uint8_t)said,
        .radio = (uint8_t)radio,
        .cause = -1,
        .count = -1,
        .own = -1,
        .older2 = -1,
        .older3 = -1,
        .update_minutes = -1,
        .reselect_db = -1,
        .area = -1,
        .cell = -1 };
    return m;
}

static bool put_digit(unsigned digit, char *out, size_t *len)
{
    if (digit > 9) {
        return false;
    }
    out[(*len)++] = (char)('0' + digit);
    return true;
}

void pk_cell_plmn(const uint8_t octets[3], char out[PK_CELL_PLMN])
{
    size_t len = 0;
    bool fine = put_digit(octets[0] & 15U, out, &len) && put_digit(octets[0] >> 4, out, &len) &&
            put_digit(octets[1] & 15U, out, &len) && put_digit(octets[2] & 15U, out, &len) &&
            put_digit(octets[2] >> 4, out, &len);

    if (fine && octets[1] >> 4 != 15) {
        fine = put_digit(octets[1] >> 4, out, &len);
    }
    out[fine ? len : 0] = '\0';
}

enum pk_cell_identity pk_cell_identity_of(unsigned type)
{
    switch (type) {
    case 1:
        return PK_CELL_IMSI;
    case 2:
    case 3:
        return PK_CELL_IMEI;
    case 4:
    case 5:
    case 6:
        return PK_CELL_TEMPORARY;
    default:
        return PK_CELL_NO_IDENTITY;
    }
}

void pk_cell_former(struct pk_slice id, bool eps, char out[6])
{
    char plmn[PK_CELL_PLMN];
    size_t len = 0;
    unsigned type = id.len > 0 ? id.ptr[0] & 7U : 0;

    out[0] = '\0';
    if (eps && type == 6 && id.len >= 4) { /* GUTI */
        pk_cell_plmn(id.ptr + 1, plmn);
        memcpy(out, plmn, 5);
        out[plmn[0] != '\0' ? 5 : 0] = '\0';
    } else if (type == 1 &&
            id.len >= 3) { /* IMSI: first digit in the upper half of the first octet */
        bool fine = put_digit(id.ptr[0] >> 4, out, &len) && put_digit(id.ptr[1] & 15U, out, &len) &&
                put_digit(id.ptr[1] >> 4, out, &len) && put_digit(id.ptr[2] & 15U, out, &len) &&
                put_digit(id.ptr[2] >> 4, out, &len);

        out[fine ? len : 0] = '\0';
    }
}

void pk_cell_decode(const struct pk_gsmtap *frame, struct pk_cell_messages *out)
{
    switch (frame->channel) {
    case PK_GSMTAP_OTHER:
        return;
    case PK_GSMTAP_GSM_COMMON:
        pk_cell_gsm_common(frame->payload, out);
        return;
    case PK_GSMTAP_GSM_DEDICATED:
        pk_cell_gsm_dedicated(frame->payload, out);
        return;
    case PK_GSMTAP_UMTS_DL_DCCH:
    case PK_GSMTAP_UMTS_UL_DCCH:
    case PK_GSMTAP_UMTS_DL_CCCH:
    case PK_GSMTAP_UMTS_UL_CCCH:
    case PK_GSMTAP_UMTS_BCCH:
    case PK_GSMTAP_UMTS_MIB:
    case PK_GSMTAP_UMTS_SIB1:
    case PK_GSMTAP_UMTS_SIB3:
        pk_cell_umts_rrc(frame->channel, frame->payload, out);
        return;
    case PK_GSMTAP_LTE_DL_CCCH:
    case PK_GSMTAP_LTE_DL_DCCH:
    case PK_GSMTAP_LTE_UL_CCCH:
    case PK_GSMTAP_LTE_UL_DCCH:
    case PK_GSMTAP_LTE_BCCH:
        pk_cell_lte_rrc(frame->channel, frame->payload, out);
        return;
    case PK_GSMTAP_LTE_NAS:
        pk_cell_eps_nas(frame->payload, frame->uplink, out);
        return;
    case PK_GSMTAP_NR_NAS:
        pk_cell_5gs_nas(frame->payload, out);
        return;
    }
}

static const char *const names[] = { "System Information", "Neighbour Cells",
    "Reselection Priorities", "Connection Request", "Attach Request", "Area Update Request",
    "Service Request", "Identity Request", "Identity Response", "Authentication Request",
    "Authentication Response", "Authentication Failure", "Authentication Reject", "Accept",
    "Reject", "Detach by the network", "Core Security Mode Command", "Core Security Mode Complete",
    "Radio Security Mode Command", "Radio Security Mode Complete", "Protected message",
    "Handover to another generation", "Connection Release" };
static const char *const radios[] = { "?", "2G", "3G", "4G", "5G" };
static const char *const identities[] = { "none", "temporary", "IMSI", "IMEI" };
static const char *const ciphers[] = { "?", "A5/", "UEA", "EEA", "NEA" };

static void more(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void more(char *out, const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out + len, PK_CELL_WORDS - len, format, args);
    va_end(args);
}

static void system_words(const struct pk_cell_message *m, char *out)
{
    if (m->plmn[0] != '\0') {
        more(out, ", carrier %s", m->plmn);
    }
    if (m->area >= 0) {
        more(out, ", area %lld", (long long)m->area);
    }
    if (m->cell >= 0) {
        more(out, ", cell %lld", (long long)m->cell);
    }
    if (m->count >= 0) {
        more(out, ", %d further blocks", m->count);
    }
}

const char *pk_cell_words(const struct pk_cell_message *m, char out[PK_CELL_WORDS])
{
    (void)snprintf(out, PK_CELL_WORDS, "%s %s", radios[m->radio], names[m->said]);
    if (m->said == PK_CELL_SYSTEM) {
        system_words(m, out);
    } else if (m->said == PK_CELL_NEIGHBOURS && m->count >= 0) {
        more(out, ", %d of them", m->count);
    } else if (m->said == PK_CELL_PRIORITIES) {
        more(out, ", own %d, 3G %d, 2G %d", m->own, m->older3, m->older2);
    }
    if (m->identity != PK_CELL_NO_IDENTITY) {
        more(out, " (%s)", identities[m->identity]);
    }
    if (m->cipher != PK_CELL_STRENGTH_UNKNOWN) {
        more(out, ", cipher %s%u", ciphers[m->radio], m->algorithm);
        more(out, m->cipher == PK_CELL_NULL ? " (none)" : "");
    }
    if (m->integrity == PK_CELL_NULL) {
        more(out, ", no integrity protection");
    }
    if (m->cause >= 0) {
        more(out, ", cause %d", m->cause);
    }
    if (m->redirect != PK_CELL_NO_RADIO) {
        more(out, ", sent to %s", radios[m->redirect]);
    }
    more(out, "%s%s%s", m->emergency ? ", emergency" : "", m->voice ? ", for a call" : "",
            m->integral ? ", protected" : "");
    return out;
}
