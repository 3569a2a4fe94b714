/* macho.h - Mach-O, thin and fat: load commands, linked libraries, and the embedded code signature.
 *
 * Sources: Apple's <mach-o/loader.h>, <mach-o/fat.h>, Security's cs_blobs.h and codedirectory.h. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h"
#include "base/slice.h"
#include "formats/anomaly.h"
#include "formats/apple/plist.h"
#include "formats/cert.h"

struct pk_codesign {
    bool present;
    bool cms_present;      /* false: ad hoc */
    bool pages_verified;   /* every page hash of the best code directory holds */
    bool special_verified; /* the slots that could be checked (requirements, entitlements; Info.plist and resources when given) hold */
    bool cms_verified;     /* the CMS signs this code directory; says nothing about trust */
    bool chain_to_apple;   /* the signer's chain ends at one of Apple's roots (by their SHA-256) */
    const char *identifier;
    const char *team_id;                 /* "" */
    const char *hash;                    /* "sha256", "sha1", "sha384" of the best code directory */
    const char *cdhash;                  /* hex */
    uint32_t flags;                      /* CS_ADHOC, CS_RUNTIME ... */
    const struct pk_plist *entitlements; /* NULL: none; XML first, DER when it is alone */
    bool entitlements_agree;             /* XML and DER say the same, or only one is there */
    struct pk_array certs;               /* struct pk_cert of the CMS, the signer first */
    const char *signing_time;            /* RFC 3339, "" */
    const char *error;                   /* the first thing that does not hold, "" */
};

struct pk_macho_slice {
    const char *arch; /* "arm64", "arm64e", "armv7", "x86_64" ... */
    uint32_t cpu_type, cpu_subtype, file_type, flags;
    struct pk_slice bytes;
    bool encrypted; /* LC_ENCRYPTION_INFO with cryptid != 0 */
    bool pie, stack_canary, arc;
    const char *platform; /* "ios", "macos", ... of LC_BUILD_VERSION or the version commands; "" */
    const char *min_os;   /* "13.0", "" */
    const char *sdk;
    const char *uuid;            /* hex, "" */
    struct pk_strings libraries; /* LC_LOAD_DYLIB and kin */
    struct pk_strings rpaths;
    struct pk_codesign sign;
};

struct pk_macho {
    bool fat;
    struct pk_array slices; /* struct pk_macho_slice */
};

bool pk_macho_magic(struct pk_slice bytes);
/* info_plist, resources: of the bundle, for the special slots; ptr NULL: not at hand. */
PK_MUST_USE int pk_macho_parse(struct pk_slice file, struct pk_slice info_plist,
        struct pk_slice resources, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_macho *out, struct pk_error *err);
