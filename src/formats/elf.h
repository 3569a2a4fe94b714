/* elf.h - native libraries: for which processor, what they import and export, how hardened they are.
 * Source: System V gABI, Android's linker (bionic/linker). */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h"
#include "base/slice.h"
#include "formats/anomaly.h"

struct pk_elf {
    int bits; /* 32, 64 */
    bool big_endian;
    uint16_t type;    /* ET_DYN ... */
    uint16_t machine; /* EM_AARCH64 ... */
    /* Android's name: "arm64-v8a", "armeabi-v7a", "x86", "x86_64", "riscv64", "mips", "mips64"; "" */
    const char *abi;
    const char *soname;        /* "" */
    struct pk_strings needed;  /* DT_NEEDED */
    struct pk_strings imports; /* undefined dynamic symbols, at most PK_ELF_NAMES_MAX */
    struct pk_strings exports; /* defined ones, at most PK_ELF_NAMES_MAX; JNI ones first */
    size_t import_count;       /* all of them */
    size_t export_count;
    const char *build_id;    /* hex, "" */
    bool has_symbols;        /* .symtab is there: not stripped */
    bool nx;                 /* no executable stack */
    bool relro, bind_now;    /* full RELRO when both */
    bool stack_protector;    /* imports __stack_chk_fail */
    bool fortify;            /* imports a __*_chk function */
    bool text_relocations;   /* DT_TEXTREL */
    const char *runpath;     /* DT_RUNPATH or DT_RPATH, "" */
    uint64_t page_alignment; /* smallest p_align of PT_LOAD: 16384 on new devices */
    bool packed_sections;    /* section headers gone or contradicting the segments */
};

bool pk_elf_magic(struct pk_slice bytes);
/* Everything comes from the program headers and the dynamic segment, as for the loader; sections only
 * tell has_symbols and packed_sections. Executables and objects are read, too. All text is clean UTF-8 and
 * lives in the arena. PK_EMALF/PK_ETRUNC: the linker would refuse it, which is an anomaly (elf.malformed)
 * as well, but for bytes that do not begin like an ELF file: test packages are full of such
 * "libraries", and the caller knows the name. PK_ENOMEM: the arena is full. */
PK_MUST_USE int pk_elf_parse(struct pk_slice file, const char *name, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_elf *out, struct pk_error *err);
