/* cell_builder.h - mobile signalling written bit by bit, as tests and corpora need it: a coder of its own, so
 * that a mistake of the decoders is not made twice. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define CELL_PDU_MAX 512

struct cell_pdu {
    uint8_t bytes[CELL_PDU_MAX];
    size_t bits;
};

void cell_put(struct cell_pdu *p, uint64_t value, unsigned bits);
void cell_put_bytes(struct cell_pdu *p, const void *bytes, size_t len);

/* GSMTAP version 2 before what is there: type, subtype, downlink or up. */
struct cell_pdu cell_gsmtap(
        unsigned type, unsigned subtype, int uplink, const struct cell_pdu *pdu);
/* Version 3. */
struct cell_pdu cell_gsmtap3(unsigned type, unsigned subtype, const struct cell_pdu *pdu);
struct cell_pdu cell_raw(const void *bytes, size_t len);

/* LTE radio control. */
struct cell_pdu cell_lte_request(unsigned cause); /* 0 emergency, 3 signalling, 4 data */
struct cell_pdu cell_lte_setup_complete(const void *nas, size_t len);
struct cell_pdu cell_lte_down(const void *nas, size_t len);
struct cell_pdu cell_lte_up(const void *nas, size_t len);
struct cell_pdu cell_lte_security(unsigned eea, unsigned eia);
struct cell_pdu cell_lte_security_complete(void);
enum cell_to {
    CELL_TO_NONE = -1,
    CELL_TO_4G,
    CELL_TO_2G,
    CELL_TO_3G
};
struct cell_pdu cell_lte_release(enum cell_to to);
/* blocks: those that are announced beyond the second, one message each. */
struct cell_pdu cell_lte_sib1(const char *plmn, unsigned area, unsigned cell, unsigned blocks);
/* Priorities -1: the block is not there. with2: block 2 stands before them. */
struct cell_pdu cell_lte_si(int own, int other4, int fdd3, int gsm2, int with2);
