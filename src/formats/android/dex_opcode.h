/* dex_opcode.h - the Dalvik instruction set as far as a walk needs it: how long each instruction is and
 * what its index means. Source: source.android.com/docs/core/runtime/dalvik-bytecode and
 * instruction-formats, all 256 opcodes. */
#pragma once

#include <stdint.h>

/* What the index of an instruction refers to. It stands in the second code unit; that of
 * const-string/jumbo takes two units, invoke-polymorphic has its prototype in the fourth. */
enum pk_dex_ref {
    PK_DEX_REF_NONE,
    PK_DEX_REF_NOP,     /* nop, or the head of a switch's or an array's data */
    PK_DEX_REF_UNUSED,  /* no instruction: one unit, as the platform counts it */
    PK_DEX_REF_STRING,  /* const-string */
    PK_DEX_REF_JUMBO,   /* const-string/jumbo */
    PK_DEX_REF_TYPE,    /* const-class, check-cast, new-instance, ... */
    PK_DEX_REF_FIELD,   /* iget, iput, sget, sput families */
    PK_DEX_REF_METHOD,  /* invoke-virtual ... invoke-interface, /range */
    PK_DEX_REF_GENERIC, /* invoke-polymorphic, /range: method and prototype */
    PK_DEX_REF_SITE,    /* invoke-custom, /range */
    PK_DEX_REF_HANDLE,  /* const-method-handle */
    PK_DEX_REF_PROTO,   /* const-method-type */
};
#define PK_DEX_REF_COUNT 12

/* An entry is the width in code units (1 to 5) and, shifted by PK_DEX_REF_SHIFT, enum pk_dex_ref. */
#define PK_DEX_REF_SHIFT  3
#define PK_DEX_WIDTH_MASK 7U
extern const uint8_t pk_dex_opcodes[256];
