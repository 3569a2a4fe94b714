/* cell_message.h - what a mast and a phone said to each other, as far as telling a false mast from a true
 * one needs it: GSM (TS 44.018, 24.008), UMTS (TS 25.331, 24.008), LTE (TS 36.331, 24.301), 5G (TS 24.501).
 *
 * No identity of a person has a field: of an identity only its kind is kept. Of a former network (old LAI,
 * GUTI, IMSI) the first five digits are, country and carrier; they are for comparing only, words do not
 * show them. Hostile input: lengths that do not add up end the message there, what was understood before
 * counts. Pure, no memory. */
#pragma once

#include "wire/gsmtap.h"

enum pk_cell_said {
    PK_CELL_SYSTEM,     /* broadcast: who the cell is, and what it announces */
    PK_CELL_NEIGHBOURS, /* broadcast: other cells */
    PK_CELL_PRIORITIES, /* broadcast: which generation phones should prefer */
    PK_CELL_CONNECT,    /* phone: asks for a radio connection */
    PK_CELL_ATTACH,     /* phone: asks for service, after it was off or elsewhere */
    PK_CELL_UPDATE,     /* phone: location, routing or tracking area update */
    PK_CELL_SERVICE,    /* phone: call, message, data */
    PK_CELL_IDENTITY_REQUEST,
    PK_CELL_IDENTITY_RESPONSE,
    PK_CELL_AUTH_REQUEST,
    PK_CELL_AUTH_RESPONSE,
    PK_CELL_AUTH_FAILURE, /* phone: the network's proof does not hold */
    PK_CELL_AUTH_REJECT,
    PK_CELL_ACCEPT, /* of attach, update or service */
    PK_CELL_REJECT,
    PK_CELL_DETACH,       /* by the network */
    PK_CELL_NAS_SECURITY, /* security mode command between phone and core */
    PK_CELL_NAS_SECURED,
    PK_CELL_RADIO_SECURITY, /* between phone and mast */
    PK_CELL_RADIO_SECURED,
    PK_CELL_PROTECTED, /* a message that only the holder of keys could have sent or read */
    PK_CELL_HANDOVER,  /* to another generation */
    PK_CELL_RELEASE,
};

/* Index into pk_radio_names of the model. */
enum pk_cell_radio {
    PK_CELL_NO_RADIO,
    PK_CELL_2G,
    PK_CELL_3G,
    PK_CELL_4G,
    PK_CELL_5G,
};

/* Index into pk_cell_cipher_names of the model. */
enum pk_cell_strength {
    PK_CELL_STRENGTH_UNKNOWN,
    PK_CELL_NULL,
    PK_CELL_WEAK,
    PK_CELL_STRONG,
};

/* Index into pk_cell_identity_names of the model. */
enum pk_cell_identity {
    PK_CELL_NO_IDENTITY,
    PK_CELL_TEMPORARY,
    PK_CELL_IMSI,
    PK_CELL_IMEI,
};

#define PK_CELL_PLMN 8 /* bytes, with NUL */

struct pk_cell_message {
    uint8_t said;      /* enum pk_cell_said */
    uint8_t radio;     /* enum pk_cell_radio */
    uint8_t identity;  /* enum pk_cell_identity: asked for, or given */
    uint8_t cipher;    /* enum pk_cell_strength */
    uint8_t integrity; /* the same */
    uint8_t algorithm; /* number of the cipher: A5/n, EEAn, UEAn, NEAn */
    uint8_t redirect;  /* enum pk_cell_radio: of a release or handover */
    bool emergency;
    bool voice;     /* a call that needs an older generation (circuit switched fallback) */
    bool integral;  /* it came under integrity protection of the core */
    int16_t cause;  /* of a reject or failure; -1: none */
    int16_t count;  /* neighbours: how many; system: scheduled blocks beyond SIB2; -1: not said */
    int16_t own;    /* priorities: best of the own generation; -1: not said */
    int16_t older2; /* best of 2G; -1 */
    int16_t older3; /* best of 3G; -1 */
    int32_t update_minutes; /* system: how often phones must report; 0 never; -1 not said */
    int32_t reselect_db;    /* system: how much stronger it makes itself look; -1 not said */
    int64_t area;           /* -1: not said */
    int64_t cell;
    char plmn[PK_CELL_PLMN]; /* of the cell; "" not said */
    char former[6];          /* five digits; "" not said */
};

#define PK_CELL_MESSAGES_MAX 6

struct pk_cell_messages {
    size_t count;
    struct pk_cell_message items[PK_CELL_MESSAGES_MAX];
};

/* Appends what a frame says. Nothing when it says nothing that matters here. */
void pk_cell_decode(const struct pk_gsmtap *frame, struct pk_cell_messages *out);

#define PK_CELL_WORDS 120
/* "4G Identity Request (IMSI)"; never an identity. Returns out. */
const char *pk_cell_words(const struct pk_cell_message *message, char out[PK_CELL_WORDS]);
