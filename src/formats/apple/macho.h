/* macho.h - Mach-O, thin and fat: load commands, linked libraries, and the embedded code signature.
 *
 * Sources: Apple's <mach-o/loader.h>, <mach-o/fat.h>, Security's cs_blobs.h and codedirectory.h.
 * Slices point into the file, which must outlive what is read. */
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
    struct pk_strings cdhashes;          /* hex, of every code directory in the file's order */
    const char *requirement;             /* designated requirement as codesign(1) prints it, "" */
    uint64_t code_limit; /* bytes from the slice's start that the page hashes cover */
    bool linker_signed;  /* ad hoc by the linker, not by codesign */
};

#define PK_CS_ADHOC UINT32_C(2) /* of flags: nobody signed, only the hashes are there */

/* Everything of it that could be checked holds; an ad hoc one has no CMS to hold. */
static inline bool pk_codesign_holds(const struct pk_codesign *sign)
{
    return sign->present && sign->pages_verified && sign->special_verified &&
            (sign->cms_present ? sign->cms_verified : (sign->flags & PK_CS_ADHOC) != 0);
}

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
    struct pk_strings imports; /* undefined external symbols, at most PK_MACHO_SYMBOLS_MAX */
    const char *install_name;  /* LC_ID_DYLIB, "" */
    int bits;                  /* 32, 64 */
    bool big_endian;
    struct pk_slice
            info_plist; /* of section __TEXT,__info_plist: tools that are no bundle; ptr NULL: none */
    struct pk_slice signature; /* what LC_CODE_SIGNATURE points at; ptr NULL: none */
    struct pk_codesign sign;
};

struct pk_macho {
    bool fat;
    struct pk_array slices; /* struct pk_macho_slice */
};

/* A fat header is told from a Java class by its count of slices. */
bool pk_macho_magic(struct pk_slice bytes);

/* "execute", "dylib", "bundle", "object", ... or "". */
const char *pk_macho_type_name(uint32_t file_type);

/* PK_ETRUNC/PK_EMALF: nothing in it that the kernel would look at (macho.malformed says why); a fat file
 * of which some slices can be read is read. The signature's findings are macho.code_directory,
 * macho.entitlements_differ and macho.unsigned.
 * info_plist, resources: of the bundle, for the special slots; ptr NULL: not at hand. */
PK_MUST_USE int pk_macho_parse(struct pk_slice file, struct pk_slice info_plist,
        struct pk_slice resources, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_macho *out, struct pk_error *err);
