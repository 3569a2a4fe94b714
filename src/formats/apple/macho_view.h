/* macho_view.h - numbers of a Mach-O slice in its own byte order, and what its parts share. Private to
 * macho*.c and codesign*.c. */
#pragma once

#include "formats/apple/macho.h"

/* Bytes with an order. Reading outside of them gives 0. */
struct pk_macho_view {
    struct pk_slice bytes;
    bool big_endian;
};

static inline uint32_t pk_macho_u32(const struct pk_macho_view *view, uint64_t at)
{
    const uint8_t *p;

    if (at > view->bytes.len || view->bytes.len - at < 4) {
        return 0;
    }
    p = view->bytes.ptr + at;
    return view->big_endian
            ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
            : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t pk_macho_u64(const struct pk_macho_view *view, uint64_t at)
{
    uint64_t first = pk_macho_u32(view, at);
    uint64_t second = pk_macho_u32(view, at + 4);

    return view->big_endian ? first << 32 | second : second << 32 | first;
}

/* Part of the bytes; ptr NULL when it is not all there. */
static inline struct pk_slice pk_macho_part(struct pk_slice bytes, uint64_t at, uint64_t len)
{
    if (at > bytes.len || len > bytes.len - at) {
        return (struct pk_slice){ 0 };
    }
    return pk_slice_of(bytes.ptr + at, (size_t)len);
}

/* The name that lipo(1) prints, or "cpu N/M". */
const char *pk_macho_arch_name(uint32_t cpu_type, uint32_t cpu_subtype, struct pk_arena *arena);

/* Header and load commands of one slice, whose bytes are set; all but sign. */
PK_MUST_USE int pk_macho_read_slice(struct pk_macho_slice *slice, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_error *err);

/* What is at hand when a signature is judged. */
struct pk_codesign_input {
    struct pk_slice code;      /* the whole slice */
    struct pk_slice signature; /* what LC_CODE_SIGNATURE points at */
    struct pk_slice info_plist, resources;
    struct pk_slice
            embedded_info; /* of the code itself; looked at when info_plist is not at hand */
    const char *arch;      /* for the evidence */
};

/* Reads and judges it. What does not hold is in *out and an anomaly. PK_ENOMEM. */
PK_MUST_USE int pk_codesign_read(const struct pk_codesign_input *in, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_codesign *out, struct pk_error *err);
