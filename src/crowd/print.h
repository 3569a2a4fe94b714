/* print.h - the fingerprint by which a thing of the crowd is shared: 64 bits that only those who hold the
 * epoch's key can make. Deltas carry its first 40 bits, second-stage questions its first 20 at most.
 *
 * The key is made from the deployment's network key, which its devices have anyway, and the number of
 * the epoch; so no fingerprint of one epoch says anything about those of another. */
#pragma once

#include "base/siphash.h"
#include "crowd/opinion.h"

struct pk_print_key {
    uint8_t bytes[PK_SIPHASH_KEY];
    uint32_t epoch;
};

/* HMAC-SHA256(secret, "picket crowd epoch" | epoch as u32, little-endian), first 16 bytes. */
void pk_print_key_of(struct pk_slice secret, uint32_t epoch, struct pk_print_key *out);

/* SipHash-2-4 of kind u8, a u64, b u64 (little-endian). */
uint64_t pk_print_of(const struct pk_print_key *key, const struct pk_crowd_key *thing);

static inline uint64_t pk_print_40(uint64_t print)
{
    return print >> 24;
}

/* What devices ask for together and hold in one filter. */
enum pk_share_class {
    PK_SHARE_NETWORK, /* points and sites */
    PK_SHARE_MAST,
    PK_SHARE_APP, /* files and signers */
    PK_SHARE_CLASSES,
};
extern const char *const pk_share_class_names[]; /* "network" "mast" "app", NULL */

enum pk_share_class pk_share_class_of(enum pk_crowd_kind kind);

/* Log-odds as a number of sixteenths, 0..255 (0 to 15.9), and back. */
uint8_t pk_share_score(float log_odds);
float pk_share_log_odds(uint8_t score);
/* The chance that the thing is bad that goes with it: 1/(1+e^-x). */
double pk_share_confidence(uint8_t score);
