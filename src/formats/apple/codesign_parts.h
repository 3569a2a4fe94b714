/* codesign_parts.h - what the readers of a code signature's parts share. Private to codesign*.c. */
#pragma once

#include <openssl/evp.h>

#include "formats/apple/macho_view.h"
#include "formats/cms.h"

#define PK_CS_HASH_MAX    48 /* bytes of the longest hash, SHA-384 */
#define PK_CS_CDHASH      20 /* bytes that identify a code directory, whatever the hash */
#define PK_CS_CDS_MAX     6  /* the primary and 5 alternates, as the kernel has it */
#define PK_CS_SPECIAL_MAX 16 /* special slots that have a meaning, with room to grow */

enum pk_cs_slot {
    PK_CS_SLOT_DIRECTORY = 0,
    PK_CS_SLOT_INFO = 1,
    PK_CS_SLOT_REQUIREMENTS = 2,
    PK_CS_SLOT_RESOURCES = 3,
    PK_CS_SLOT_APPLICATION = 4,
    PK_CS_SLOT_ENTITLEMENTS = 5,
    PK_CS_SLOT_REP_SPECIFIC = 6,
    PK_CS_SLOT_DER_ENTITLEMENTS = 7,
    PK_CS_SLOT_ALTERNATE = 0x1000,
    PK_CS_SLOT_CMS = 0x10000,
};

struct pk_cs_directory {
    struct pk_slice blob; /* whole, with its header */
    uint32_t version, flags;
    const char *identifier, *team_id; /* clean text */
    uint8_t hash_type;
    uint8_t hash_size;
    uint8_t page_shift; /* 0: one hash for everything */
    uint32_t special_slots, code_slots;
    uint64_t code_limit;
    struct pk_slice special; /* special_slots hashes, the last slot first */
    struct pk_slice code;    /* code_slots hashes */
    bool scattered;
    const char *hash_name;          /* "sha256" */
    uint8_t cdhash[PK_CS_HASH_MAX]; /* whole; the first PK_CS_CDHASH bytes are the cdhash */
};

/* PK_EMALF with the reason, PK_ENOMEM. */
PK_MUST_USE int pk_cs_directory_parse(struct pk_slice blob, struct pk_arena *arena,
        struct pk_cs_directory *out, struct pk_error *err);
/* How much a directory is preferred, as the kernel ranks hashes. */
int pk_cs_directory_rank(const struct pk_cs_directory *directory);
/* The hash that a special slot names, ptr NULL: it has none; all zeros mean the same. */
struct pk_slice pk_cs_special(const struct pk_cs_directory *directory, uint32_t slot);
/* True when bytes hash to what is expected, by the directory's kind of hash. */
bool pk_cs_hash_is(
        const struct pk_cs_directory *directory, struct pk_slice bytes, struct pk_slice expected);
/* PK_OK: every page of code is as the directory says; PK_EMALF with the first that is not. */
PK_MUST_USE int pk_cs_pages_check(
        const struct pk_cs_directory *directory, struct pk_slice code, struct pk_error *err);

/* Entitlements as DER (without the blob's header) -> a dictionary. PK_EMALF, PK_ELIMIT, PK_ENOMEM. */
PK_MUST_USE int pk_cs_der_entitlements(struct pk_slice der, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out, struct pk_error *err);

/* The designated requirement of a requirement set (whole blob) as codesign(1) prints it; "" when it has
 * none or it cannot be read. NULL when memory is short. */
const char *pk_cs_requirement_text(struct pk_slice set, struct pk_arena *arena);

/* True when the chain that begins with certs[0], each signed by the next, ends at one of Apple's roots. */
bool pk_apple_chain(const struct pk_cert *certs, size_t count, struct pk_arena *arena);
