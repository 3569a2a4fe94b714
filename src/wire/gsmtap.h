/* gsmtap.h - the header before mobile signalling that tools such as QCSuper, SCAT, gr-gsm, srsRAN and
 * Rayhunter put into UDP (port 4729): which radio, which channel, which direction. Versions 2
 * (libosmocore gsmtap.h) and 3 (draft of the same). Hostile input. Pure. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_GSMTAP_PORT 4729

/* What the payload is; everything that nobody here reads is OTHER. */
enum pk_gsmtap_channel {
    PK_GSMTAP_OTHER,
    PK_GSMTAP_GSM_COMMON,    /* BCCH, CCCH, AGCH, PCH: layer 3, with or without pseudo length */
    PK_GSMTAP_GSM_DEDICATED, /* SDCCH, FACCH, SACCH: LAPDm or bare layer 3 */
    PK_GSMTAP_UMTS_DL_DCCH,
    PK_GSMTAP_UMTS_UL_DCCH,
    PK_GSMTAP_UMTS_DL_CCCH,
    PK_GSMTAP_UMTS_UL_CCCH,
    PK_GSMTAP_UMTS_BCCH,
    PK_GSMTAP_UMTS_MIB, /* one block by itself, as decoded from several BCCH frames */
    PK_GSMTAP_UMTS_SIB1,
    PK_GSMTAP_UMTS_SIB3,
    PK_GSMTAP_LTE_DL_CCCH,
    PK_GSMTAP_LTE_DL_DCCH,
    PK_GSMTAP_LTE_UL_CCCH,
    PK_GSMTAP_LTE_UL_DCCH,
    PK_GSMTAP_LTE_BCCH,
    PK_GSMTAP_LTE_NAS,
    PK_GSMTAP_NR_NAS,
};

struct pk_gsmtap {
    int version;
    enum pk_gsmtap_channel channel;
    bool uplink;        /* as the header says; not every tool fills it in */
    int64_t arfcn;      /* -1: not said */
    int64_t signal_dbm; /* 0: not said */
    struct pk_slice payload;
};

/* PK_ETRUNC, PK_EMALF (another version, a length that cannot be). */
PK_MUST_USE int pk_gsmtap_parse(struct pk_slice datagram, struct pk_gsmtap *out);
