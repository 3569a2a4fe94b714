/* cell_decode.h - inside of the signalling decoders (cell_*.c): what they call of each other. */
#pragma once

#include "wire/bits.h"
#include "wire/cell_message.h"

#define PK_CELL_NAS_MAX 512 /* bytes of a NAS message within RRC; longer ones are cut to this */

/* A new message, all "not said"; the last one again when the list is full. */
struct pk_cell_message *pk_cell_add(
        struct pk_cell_messages *out, enum pk_cell_said said, enum pk_cell_radio radio);

/* Three octets, TS 24.008 10.5.1.3. */
void pk_cell_plmn(const uint8_t octets[3], char out[PK_CELL_PLMN]);
/* The first five digits of an identity of a phone: the country and carrier that it was with. Octets as in
 * TS 24.008 10.5.1.4; EPS: TS 24.301 9.9.3.12. */
void pk_cell_former(struct pk_slice identity, bool eps, char out[6]);
/* Kind of identity, TS 24.008 10.5.1.4. */
enum pk_cell_identity pk_cell_identity_of(unsigned type);

/* Layer 3 of GSM and UMTS (TS 44.018, 24.008). */
void pk_cell_gsm(struct pk_slice l3, enum pk_cell_radio radio, struct pk_cell_messages *out);
/* The same as it stands on a GSM channel: with pseudo length or LAPDm, or without. */
void pk_cell_gsm_common(struct pk_slice frame, struct pk_cell_messages *out);
void pk_cell_gsm_dedicated(struct pk_slice frame, struct pk_cell_messages *out);
void pk_cell_eps_nas(struct pk_slice nas, bool uplink, struct pk_cell_messages *out);
void pk_cell_5gs_nas(struct pk_slice nas, struct pk_cell_messages *out);
/* A system information message of LTE with its blocks (cell_lte_si.c); b is behind the message type. */
void pk_cell_lte_sib1(struct pk_bits *b, struct pk_cell_messages *out);
void pk_cell_lte_si(struct pk_bits *b, struct pk_cell_messages *out);
/* CarrierFreqsGERAN, TS 36.331. */
void pk_cell_lte_geran_freqs(struct pk_bits *b);
void pk_cell_lte_rrc(
        enum pk_gsmtap_channel channel, struct pk_slice in, struct pk_cell_messages *out);
void pk_cell_umts_rrc(
        enum pk_gsmtap_channel channel, struct pk_slice in, struct pk_cell_messages *out);
