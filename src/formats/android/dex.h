/* dex.h - Dalvik executables: what a DEX file (versions 035 to 041, containers included) declares and
 * what its code does, in one pass.
 *
 * Source: source.android.com/docs/core/runtime/dex-format. Nothing is trusted: every index and offset
 * is checked where it is used, and what is out of range is an anomaly and skipped. Strings are slices
 * of MUTF-8 in the file. Reading costs no memory per class or method. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/anomaly.h"

#define PK_DEX_NO_INDEX 0xffffffffU

struct pk_dex {
    struct pk_slice file;   /* the whole container; offsets count from its begin */
    uint32_t header_offset; /* of this logical DEX in the container; 0 before version 041 */
    uint32_t version;       /* 35 .. 41 */
    uint32_t checksum;      /* Adler-32, claimed */
    uint32_t file_size;     /* claimed */
    uint32_t string_count;
    uint32_t type_count;
    uint32_t proto_count;
    uint32_t field_count;
    uint32_t method_count;
    uint32_t class_count;
    uint32_t call_site_count;
    uint32_t method_handle_count;
    uint32_t string_ids, type_ids, proto_ids, field_ids, method_ids, class_defs; /* offsets */
    uint32_t call_sites, method_handles;
    uint32_t data_offset, data_size, map_offset;
    /* Logical DEX files in the container, at most PK_DEX_FILES_MAX; 0: of a version without containers. */
    uint32_t container_count;
    struct pk_anomalies *anomalies;
    const char *name; /* of the entry, for evidence */
};

/* True when the bytes begin like a DEX ("dex\n0NN\0"). */
bool pk_dex_magic(struct pk_slice bytes);

/* Opens the logical DEX at *offset (0 first) and moves *offset to the next one of the container, or to
 * file.len. Checks magic, byte order, sizes, tables. PK_ENOENT at the end; PK_EMALF/PK_ETRUNC: the
 * platform refuses it, and *offset stays: there is no way on. That is an anomaly (dex.malformed), too, but
 * for bytes that do not begin like a DEX: what they mean (dex.fake?) depends on their name, which the
 * caller knows. A container may hold any number: the caller ends at PK_DEX_FILES_MAX. */
PK_MUST_USE int pk_dex_open(struct pk_slice file, size_t *offset, const char *name,
        struct pk_anomalies *anomalies, struct pk_dex *out, struct pk_error *err);

/* Adler-32 and SHA-1 of the header against the bytes; a difference is an anomaly (dex.checksum,
 * dex.signature). */
void pk_dex_check_sums(const struct pk_dex *dex);

/* Every reference of every table: what leads nowhere is an anomaly (dex.range), counted. */
void pk_dex_check_ids(const struct pk_dex *dex);

/* The bytes of a string without its NUL; {NULL, 0} when the index or the data are out of range, or when
 * it has no end within PK_DEX_STRING_MAX. Strings of a hostile file may share their bytes: who asks for
 * many keeps a sum and stops at a multiple of file.len. */
struct pk_slice pk_dex_string(const struct pk_dex *dex, uint32_t index);
/* The descriptor of a type: "Ljava/lang/String;". */
struct pk_slice pk_dex_type(const struct pk_dex *dex, uint32_t index);
/* The same, but {NULL, 0} for those without an end (NUL) within max bytes: who asks for many reads no more. */
struct pk_slice pk_dex_string_within(const struct pk_dex *dex, uint32_t index, size_t max);
struct pk_slice pk_dex_type_within(const struct pk_dex *dex, uint32_t index, size_t max);

struct pk_dex_method {
    uint32_t class_type; /* type index */
    uint32_t proto;
    uint32_t name; /* string index */
};
struct pk_dex_field {
    uint32_t class_type;
    uint32_t type;
    uint32_t name;
};
struct pk_dex_proto {
    uint32_t shorty;      /* string index */
    uint32_t return_type; /* type index */
    uint32_t parameter_count;
    uint32_t parameters; /* offset of the checked list; 0: none */
};
/* False when out of range. */
bool pk_dex_method(const struct pk_dex *dex, uint32_t index, struct pk_dex_method *out);
bool pk_dex_field(const struct pk_dex *dex, uint32_t index, struct pk_dex_field *out);
bool pk_dex_proto(const struct pk_dex *dex, uint32_t index, struct pk_dex_proto *out);
/* The type index of a parameter; PK_DEX_NO_INDEX when there is none. */
uint32_t pk_dex_parameter(
        const struct pk_dex *dex, const struct pk_dex_proto *proto, uint32_t index);
/* "Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;...)V" in the arena; NULL when out
 * of range or memory, or longer than PK_DEX_TEXT_MAX. The bytes of names are as they stand in the file. */
const char *pk_dex_method_text(const struct pk_dex *dex, uint32_t index, struct pk_arena *arena);

struct pk_dex_class {
    uint32_t index; /* of the class definition */
    uint32_t type;
    uint32_t access;
    uint32_t super;       /* type index or PK_DEX_NO_INDEX */
    uint32_t source_file; /* string index or PK_DEX_NO_INDEX */
    uint32_t class_data;  /* offset or 0 */
};

struct pk_dex_code {
    uint32_t method; /* method index of the body */
    uint32_t access;
    bool direct; /* static, private or constructor */
    uint16_t registers, ins, outs, tries;
    uint32_t offset;       /* of the code item; 0: abstract or native */
    struct pk_slice insns; /* code units, two bytes each; not aligned; empty: not in the file */
};

/* What a walk tells; any callback may be NULL. pc counts code units from the method's begin. */
struct pk_dex_visitor {
    void *ctx;
    void (*on_class)(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls);
    void (*on_method)(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls,
            const struct pk_dex_code *code);
    /* invoke-* (method index), also of invoke-polymorphic */
    void (*on_invoke)(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
            uint32_t pc, uint32_t method);
    /* invoke-custom (call site index) */
    void (*on_call_site)(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
            uint32_t pc, uint32_t call_site);
    /* const-string, const-string/jumbo (string index) */
    void (*on_string)(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
            uint32_t pc, uint32_t string);
    /* iget, iput, sget, sput families (field index) */
    void (*on_field)(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
            uint32_t pc, uint8_t opcode, uint32_t field);
};

/* Counted on the way. */
struct pk_dex_totals {
    uint64_t classes, methods, methods_with_code, native_methods, code_units, invokes, strings_used;
    uint64_t invalid_instructions;
};

/* Walks all classes, methods and every instruction. Never fails: what cannot be read is an anomaly, and
 * so is a file whose methods share code until reading it all would take too long (limit.dex: the walk
 * ends there). Indexes that callbacks get are in range. visitor and totals may be NULL. */
void pk_dex_walk(const struct pk_dex *dex, const struct pk_dex_visitor *visitor,
        struct pk_dex_totals *totals);
