#include "crowd/print.h"

#include <math.h>

#include "base/crypt.h"
#include "base/le.h"

#define LABEL "picket crowd epoch"

const char *const pk_share_class_names[] = { "network", "mast", "app", NULL };

void pk_print_key_of(struct pk_slice secret, uint32_t epoch, struct pk_print_key *out)
{
    uint8_t said[sizeof(LABEL) - 1 + 4];
    uint8_t digest[PK_SHA256_SIZE];

    memcpy(said, LABEL, sizeof(LABEL) - 1);
    pk_put_le32(said + sizeof(LABEL) - 1, epoch);
    pk_hmac_sha256(secret, pk_slice_of(said, sizeof(said)), digest);
    memcpy(out->bytes, digest, sizeof(out->bytes));
    out->epoch = epoch;
}

uint64_t pk_print_of(const struct pk_print_key *key, const struct pk_crowd_key *thing)
{
    uint8_t said[17];

    said[0] = (uint8_t)thing->kind;
    pk_put_le64(said + 1, thing->a);
    pk_put_le64(said + 9, thing->b);
    return pk_siphash(key->bytes, pk_slice_of(said, sizeof(said)));
}

enum pk_share_class pk_share_class_of(enum pk_crowd_kind kind)
{
    switch (kind) {
    case PK_CROWD_MAST:
        return PK_SHARE_MAST;
    case PK_CROWD_APP:
    case PK_CROWD_SIGNER:
        return PK_SHARE_APP;
    case PK_CROWD_POINT:
    case PK_CROWD_SITE:
    case PK_CROWD_KINDS:
        break;
    }
    return PK_SHARE_NETWORK;
}

uint8_t pk_share_score(float log_odds)
{
    if (!(log_odds > 0)) { /* NaN, too */
        return 0;
    }
    return log_odds >= 255.0F / 16 ? 255 : (uint8_t)lroundf(log_odds * 16);
}

float pk_share_log_odds(uint8_t score)
{
    return (float)score / 16;
}

double pk_share_confidence(uint8_t score)
{
    return 1 / (1 + exp(-(double)pk_share_log_odds(score)));
}
