/* apksig_block.h - the APK Signing Block: pairs of number and value between the last entry and the
 * central directory. Source: source.android.com/docs/security/features/apksigning/v2. Only apksig*.c
 * files include this. */
#pragma once

#include "formats/android/apksig_context.h"

enum pk_apksig_pair {
    PK_PAIR_V2 = 0x7109871a,
    PK_PAIR_V3 = (int)0xf05368c0,
    PK_PAIR_V31 = 0x1b93ad61,
    PK_PAIR_STAMP_V1 = 0x2b09189e,
    PK_PAIR_STAMP_V2 = 0x6dff800d,
    PK_PAIR_PADDING = 0x42726577,      /* fills up to a page, for verity */
    PK_PAIR_DEPENDENCIES = 0x504b4453, /* of the Android Gradle plugin */
    PK_PAIR_FROSTING = 0x2146444e,     /* of Google Play */
    PK_PAIR_MEITUAN = 0x71777777,      /* name of the distribution channel */
    PK_PAIR_VASDOLLY = (int)0x881155ff,
};

struct pk_apksig_block {
    bool found;
    size_t offset;         /* in the file: what stands before is digested */
    size_t size;           /* with its two size fields and the magic */
    struct pk_slice pairs; /* between the size fields */
};

/* Looks in front of the central directory. A file that has none gives found = false. */
void pk_apksig_block_find(const struct pk_zip *zip, struct pk_apksig_block *out);

/* The value of the first pair of this number, as the platform takes it. False when there is none, or
 * when the pairs break off before it. */
bool pk_apksig_block_get(
        const struct pk_apksig_block *block, enum pk_apksig_pair id, struct pk_slice *out);

/* Says what is odd about the pairs: the same scheme twice, data that no scheme covers. */
void pk_apksig_block_judge(const struct pk_apksig_block *block, struct pk_anomalies *anomalies);
