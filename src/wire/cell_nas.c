/* What phone and core network say to each other in 4G (TS 24.301) and 5G (TS 24.501). */
#include "base/reader.h"
#include "wire/cell_decode.h"

enum {
    PD_EMM = 7,
    EPD_5GMM = 0x7e
};
enum { /* security header types */
    PLAIN = 0,
    INTEGRITY = 1,
    CIPHERED = 2,
    INTEGRITY_NEW = 3,
    CIPHERED_NEW = 4,
    SERVICE_SHORT = 12
};

static enum pk_cell_strength strength(unsigned algorithm)
{
    return algorithm == 0 ? PK_CELL_NULL : PK_CELL_STRONG;
}

struct row {
    uint8_t type;
    uint8_t said;
    bool cause;    /* an octet with the reason follows */
    bool identity; /* an octet with the kind of identity follows */
};

/* clang-format off */
static const struct row emm_rows[] = {
    { 0x42, PK_CELL_ACCEPT, false, false },
    { 0x44, PK_CELL_REJECT, true, false },
    { 0x49, PK_CELL_ACCEPT, false, false },
    { 0x4b, PK_CELL_REJECT, true, false },
    { 0x4e, PK_CELL_REJECT, true, false },
    { 0x4f, PK_CELL_ACCEPT, false, false },
    { 0x52, PK_CELL_AUTH_REQUEST, false, false },
    { 0x53, PK_CELL_AUTH_RESPONSE, false, false },
    { 0x54, PK_CELL_AUTH_REJECT, false, false },
    { 0x55, PK_CELL_IDENTITY_REQUEST, false, true },
    { 0x5c, PK_CELL_AUTH_FAILURE, true, false },
    { 0x5e, PK_CELL_NAS_SECURED, false, false },
};
static const struct row mm5_rows[] = {
    { 0x42, PK_CELL_ACCEPT, false, false },
    { 0x44, PK_CELL_REJECT, true, false },
    { 0x47, PK_CELL_DETACH, false, false },
    { 0x4c, PK_CELL_SERVICE, false, false },
    { 0x4d, PK_CELL_REJECT, true, false },
    { 0x4e, PK_CELL_ACCEPT, false, false },
    { 0x56, PK_CELL_AUTH_REQUEST, false, false },
    { 0x57, PK_CELL_AUTH_RESPONSE, false, false },
    { 0x58, PK_CELL_AUTH_REJECT, false, false },
    { 0x59, PK_CELL_AUTH_FAILURE, true, false },
    { 0x5e, PK_CELL_NAS_SECURED, false, false },
};
/* clang-format on */

static const struct row *find(const struct row *rows, size_t count, unsigned type)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type == type) {
            return &rows[i];
        }
    }
    return NULL;
}

static void say(const struct row *row, struct pk_reader *r, enum pk_cell_radio radio, bool integral,
        struct pk_cell_messages *out)
{
    struct pk_cell_message *m = pk_cell_add(out, row->said, radio);

    m->integral = integral;
    if (row->cause) {
        unsigned cause = pk_read_u8(r);

        m->cause = (int16_t)(r->rc == PK_OK ? (int)cause : -1);
    } else if (row->identity) {
        unsigned type = pk_read_u8(r);

        m->identity = (uint8_t)(r->rc == PK_OK ? pk_cell_identity_of(type & 7U) : 0);
    }
}

/* --- 4G ------------------------------------------------------------------------------------- */

static void emm_attach(struct pk_reader *r, enum pk_cell_said said, struct pk_cell_messages *out)
{
    struct pk_cell_message *m = pk_cell_add(out, said, PK_CELL_4G);
    unsigned type = pk_read_u8(r) & 7U;
    size_t length = pk_read_u8(r);
    struct pk_slice id = pk_read_slice(r, length);

    pk_cell_former(id, true, m->former);
    if (id.len > 0 && (id.ptr[0] & 7) == 1) {
        m->identity =
                PK_CELL_IMSI; /* the phone was told that its temporary identity is worth nothing */
    }
    m->emergency = r->rc == PK_OK && said == PK_CELL_ATTACH && type == 6;
}

static void emm_extended_service(struct pk_reader *r, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r) & 15U;
    struct pk_cell_message *m = pk_cell_add(out, PK_CELL_SERVICE, PK_CELL_4G);

    m->voice = r->rc == PK_OK && type <= 2; /* circuit switched fallback */
    m->emergency = r->rc == PK_OK && type == 2;
}

static void emm_security(struct pk_reader *r, struct pk_cell_messages *out)
{
    unsigned chosen = pk_read_u8(r);
    struct pk_cell_message *m;

    if (r->rc == PK_OK) {
        m = pk_cell_add(out, PK_CELL_NAS_SECURITY, PK_CELL_4G);
        m->algorithm = (uint8_t)(chosen >> 4 & 7);
        m->cipher = (uint8_t)strength(chosen >> 4 & 7);
        m->integrity = (uint8_t)strength(chosen & 7);
    }
}

static void emm_detach(
        struct pk_reader *r, bool uplink, bool integral, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r);
    struct pk_cell_message *m;

    /* The phone's own one goes on with an identity, the network's is over or has a cause (IEI 53). */
    if (uplink || r->rc < 0 || pk_reader_left(r) > 2) {
        return;
    }
    m = pk_cell_add(out, PK_CELL_DETACH, PK_CELL_4G);
    m->integral = integral;
    (void)type;
    if (pk_read_u8(r) == 0x53) {
        unsigned cause = pk_read_u8(r);

        m->cause = (int16_t)(r->rc == PK_OK ? (int)cause : -1);
    }
}

static void emm_plain(struct pk_reader *r, bool uplink, bool integral, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r);
    const struct row *row = find(emm_rows, PK_COUNT(emm_rows), type);

    if (r->rc < 0) {
        return;
    }
    if (row != NULL) {
        say(row, r, PK_CELL_4G, integral, out);
    } else if (type == 0x41) {
        emm_attach(r, PK_CELL_ATTACH, out);
    } else if (type == 0x48) {
        emm_attach(r, PK_CELL_UPDATE, out);
    } else if (type == 0x4c) {
        emm_extended_service(r, out);
    } else if (type == 0x45) {
        emm_detach(r, uplink, integral, out);
    } else if (type == 0x5d) {
        emm_security(r, out);
    } else if (type == 0x56) {
        unsigned length = pk_read_u8(r);
        unsigned kind = pk_read_u8(r);

        pk_cell_add(out, PK_CELL_IDENTITY_RESPONSE, PK_CELL_4G)->identity =
                (uint8_t)(r->rc == PK_OK && length > 0 ? pk_cell_identity_of(kind & 7U) : 0);
    }
}

void pk_cell_eps_nas(struct pk_slice nas, bool uplink, struct pk_cell_messages *out)
{
    struct pk_reader r = pk_reader_of(nas);
    unsigned head = pk_read_u8(&r);
    unsigned security = head >> 4;

    if (r.rc < 0 || (head & 15U) != PD_EMM) {
        return;
    }
    if (security == SERVICE_SHORT) {
        (void)pk_cell_add(out, PK_CELL_SERVICE, PK_CELL_4G);
        return;
    }
    if (security == CIPHERED || security == CIPHERED_NEW) {
        (void)pk_cell_add(out, PK_CELL_PROTECTED, PK_CELL_4G);
        return;
    }
    if (security == INTEGRITY || security == INTEGRITY_NEW) {
        pk_read_skip(&r, 5); /* message authentication code, sequence number */
        if ((pk_read_u8(&r) & 15U) != PD_EMM) {
            return;
        }
    } else if (security != PLAIN) {
        return;
    }
    emm_plain(&r, uplink, security != PLAIN, out);
}

/* --- 5G ------------------------------------------------------------------------------------- */

/* SUCI hides the IMSI, unless with the null scheme; it stands for the permanent identity here. */
static enum pk_cell_identity identity5(unsigned type)
{
    switch (type) {
    case 1:
        return PK_CELL_IMSI;
    case 3:
    case 5:
        return PK_CELL_IMEI;
    case 2:
    case 4:
        return PK_CELL_TEMPORARY;
    default:
        return PK_CELL_NO_IDENTITY;
    }
}

static void registration(struct pk_reader *r, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r) & 7U;
    size_t length = pk_read_be16(r);
    struct pk_slice id = pk_read_slice(r, length);
    struct pk_cell_message *m = pk_cell_add(
            out, type == 1 || type == 4 ? PK_CELL_ATTACH : PK_CELL_UPDATE, PK_CELL_5G);

    m->emergency = r->rc == PK_OK && type == 4;
    /* Both SUCI (of IMSI format) and GUTI go on with the carrier. */
    if (r->rc == PK_OK && id.len >= 4 && ((id.ptr[0] & 7) == 2 || (id.ptr[0] & 0x77) == 1)) {
        char plmn[PK_CELL_PLMN];

        pk_cell_plmn(id.ptr + 1, plmn);
        memcpy(m->former, plmn, 5);
        m->former[plmn[0] != '\0' ? 5 : 0] = '\0';
    }
}

static void mm5_plain(struct pk_reader *r, bool integral, struct pk_cell_messages *out)
{
    unsigned type = pk_read_u8(r);
    const struct row *row = find(mm5_rows, PK_COUNT(mm5_rows), type);
    unsigned value;

    if (r->rc < 0) {
        return;
    }
    if (row != NULL) {
        say(row, r, PK_CELL_5G, integral, out);
    } else if (type == 0x41) {
        registration(r, out);
    } else if (type == 0x5b) {
        struct pk_cell_message *m = pk_cell_add(out, PK_CELL_IDENTITY_REQUEST, PK_CELL_5G);

        value = pk_read_u8(r);
        m->identity = (uint8_t)(r->rc == PK_OK ? identity5(value & 7U) : 0);
        m->integral = integral;
    } else if (type == 0x5d) {
        value = pk_read_u8(r);
        if (r->rc == PK_OK) {
            struct pk_cell_message *m = pk_cell_add(out, PK_CELL_NAS_SECURITY, PK_CELL_5G);

            m->algorithm = (uint8_t)(value >> 4);
            m->cipher = (uint8_t)strength(value >> 4);
            m->integrity = (uint8_t)strength(value & 15);
        }
    } else if (type == 0x5c) {
        size_t length = pk_read_be16(r);

        value = pk_read_u8(r);
        pk_cell_add(out, PK_CELL_IDENTITY_RESPONSE, PK_CELL_5G)->identity =
                (uint8_t)(r->rc == PK_OK && length > 0 ? identity5(value & 7U) : 0);
    }
}

void pk_cell_5gs_nas(struct pk_slice nas, struct pk_cell_messages *out)
{
    struct pk_reader r = pk_reader_of(nas);
    unsigned discriminator = pk_read_u8(&r);
    unsigned security = pk_read_u8(&r) & 15U;

    if (r.rc < 0 || discriminator != EPD_5GMM) {
        return;
    }
    if (security == CIPHERED || security == CIPHERED_NEW) {
        (void)pk_cell_add(out, PK_CELL_PROTECTED, PK_CELL_5G);
        return;
    }
    if (security == INTEGRITY || security == INTEGRITY_NEW) {
        pk_read_skip(&r, 5);
        if (pk_read_u8(&r) != EPD_5GMM) {
            return;
        }
        pk_read_skip(&r, 1);
    } else if (security != PLAIN) {
        return;
    }
    mm5_plain(&r, security != PLAIN, out);
}
