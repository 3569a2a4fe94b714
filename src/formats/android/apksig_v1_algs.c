/* Which digest and signature algorithms of a signature block which platforms take.
 *
 * Source: AOSP tools/apksig internal/oid/OidConstants. What stands there as a list is here a rule: from
 * level 21 to 23 any digest went with any signature algorithm, because only the latter was looked at. */
#include <limits.h>
#include <stdio.h>

#include "formats/android/apksig_v1_internal.h"

#define MIXED_FROM 21
#define MIXED_TO   23

struct range {
    int from;
    int to;
};

/* Pairs that do not follow the rule. hash: of the signature algorithm; NONE: it names none. */
static const struct {
    enum pk_hash digest;
    enum pk_signing signing;
    enum pk_hash hash;
    struct range ranges[2];
} pairs[] = {
    { PK_HASH_MD5, PK_SIGNING_RSA, PK_HASH_NONE, { { 0, INT_MAX } } },
    { PK_HASH_SHA1, PK_SIGNING_RSA, PK_HASH_NONE, { { 0, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_RSA, PK_HASH_NONE, { { 0, 8 }, { 21, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_RSA, PK_HASH_NONE, { { 0, 8 }, { 18, INT_MAX } } },
    { PK_HASH_SHA384, PK_SIGNING_RSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_SHA512, PK_SIGNING_RSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_MD5, PK_SIGNING_RSA, PK_HASH_MD5, { { 0, 8 }, { 21, INT_MAX } } },
    { PK_HASH_SHA1, PK_SIGNING_RSA, PK_HASH_SHA1, { { 0, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_RSA, PK_HASH_SHA224, { { 0, 8 }, { 21, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_RSA, PK_HASH_SHA256, { { 0, 8 }, { 18, INT_MAX } } },
    { PK_HASH_SHA384, PK_SIGNING_RSA, PK_HASH_SHA384, { { 21, INT_MAX } } },
    { PK_HASH_SHA512, PK_SIGNING_RSA, PK_HASH_SHA512, { { 21, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_RSA, PK_HASH_SHA256, { { 21, 21 } } },
    { PK_HASH_SHA256, PK_SIGNING_RSA, PK_HASH_SHA1, { { 21, 21 } } },
    { PK_HASH_SHA512, PK_SIGNING_RSA, PK_HASH_SHA384, { { 21, 21 } } },
    { PK_HASH_SHA1, PK_SIGNING_DSA, PK_HASH_NONE, { { 0, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_DSA, PK_HASH_NONE, { { 22, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_DSA, PK_HASH_NONE, { { 22, INT_MAX } } },
    { PK_HASH_SHA1, PK_SIGNING_DSA, PK_HASH_SHA1, { { 9, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_DSA, PK_HASH_SHA224, { { 21, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_DSA, PK_HASH_SHA256, { { 21, INT_MAX } } },
    { PK_HASH_SHA1, PK_SIGNING_ECDSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_ECDSA, PK_HASH_NONE, { { 21, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_ECDSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_SHA384, PK_SIGNING_ECDSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_SHA512, PK_SIGNING_ECDSA, PK_HASH_NONE, { { 18, INT_MAX } } },
    { PK_HASH_SHA1, PK_SIGNING_ECDSA, PK_HASH_SHA1, { { 18, INT_MAX } } },
    { PK_HASH_SHA224, PK_SIGNING_ECDSA, PK_HASH_SHA224, { { 21, INT_MAX } } },
    { PK_HASH_SHA256, PK_SIGNING_ECDSA, PK_HASH_SHA256, { { 21, INT_MAX } } },
    { PK_HASH_SHA384, PK_SIGNING_ECDSA, PK_HASH_SHA384, { { 21, INT_MAX } } },
    { PK_HASH_SHA512, PK_SIGNING_ECDSA, PK_HASH_SHA512, { { 21, INT_MAX } } },
};

/* The ranges are in order and the unused ones are empty. */
static void supported(const char *digest_oid, const char *signature_oid, struct range out[2])
{
    enum pk_hash digest = pk_hash_by_oid(digest_oid);
    enum pk_hash hash;
    enum pk_signing signing = pk_signing_by_oid(signature_oid, &hash);

    out[0] = out[1] = (struct range){ 1, 0 };
    for (size_t i = 0; i < PK_COUNT(pairs); i++) {
        if (pairs[i].digest == digest && pairs[i].signing == signing && pairs[i].hash == hash) {
            out[0] = pairs[i].ranges[0];
            if (pairs[i].ranges[1].to > 0) {
                out[1] = pairs[i].ranges[1];
            }
            return;
        }
    }
    if (digest == PK_HASH_NONE || signing == PK_SIGNING_NONE || hash == PK_HASH_NONE ||
            (signing == PK_SIGNING_DSA && hash > PK_HASH_SHA256)) {
        return; /* DSA with SHA-384 and more was never read */
    }
    out[0] = (struct range){ MIXED_FROM, MIXED_TO };
}

static void put_range(char *text, size_t size, int from, int to)
{
    size_t used = strlen(text);
    const char *comma = used > 0 ? ", " : "";

    if (from > to) {
        return;
    }
    if (from == to) {
        (void)snprintf(text + used, size - used, "%s%d", comma, from);
    } else if (to == INT_MAX) {
        (void)snprintf(text + used, size - used, "%s%d+", comma, from);
    } else {
        (void)snprintf(text + used, size - used, "%s%d-%d", comma, from, to);
    }
}

bool pk_v1_algorithms_fit(const struct pk_v1 *v, const char *digest_oid, const char *signature_oid,
        const char **levels)
{
    struct range ranges[2];
    int next = v->ctx->min_sdk; /* the first level that is not yet known to be supported */
    char text[96] = "";

    supported(digest_oid, signature_oid, ranges);
    for (size_t i = 0; i < PK_COUNT(ranges) && next <= v->ctx->max_sdk; i++) {
        int before = ranges[i].from - 1 < v->ctx->max_sdk ? ranges[i].from - 1 : v->ctx->max_sdk;

        if (ranges[i].from > ranges[i].to || ranges[i].to < next) {
            continue;
        }
        put_range(text, sizeof(text), next, before);
        if (ranges[i].to >= v->ctx->max_sdk) {
            next = INT_MAX;
            break;
        }
        next = ranges[i].to + 1;
    }
    if (next <= v->ctx->max_sdk && next != INT_MAX) {
        put_range(text, sizeof(text), next, v->ctx->max_sdk);
    }
    if (text[0] == '\0') {
        return true;
    }
    *levels = pk_arena_strdup(v->ctx->arena, text);
    return false;
}
