/* layout.h - the bytes of a set: what the builder writes and the set reads. Little-endian, sections in
 * order, each beginning at a multiple of 8, zeros between them.
 *
 *   header    magic, time, seed of the hash, numbers, sections, digest
 *   strings   NUL-terminated UTF-8; offset 0 is "no text"
 *   sources   feeds
 *   rows      indicators and entries of warning lists, by their hash
 *   directory where the rows begin whose hash starts with these bits
 *   signers   known-good certificates by package; then their numbers by certificate
 *   apps      reference apps
 */
#pragma once

#include "base/slice.h"
#include "intel/kind.h"

#define PK_INTEL_MAGIC "PKINTEL\1"

/* Of the header. */
enum {
    PK_AT_MAGIC = 0,
    PK_AT_CREATED = 8,
    PK_AT_SEED = 16,
    PK_AT_BITS = 24,   /* u32: 2^bits entries in the directory, and one behind them */
    PK_AT_KINDS = 28,  /* u32: bit k: there are indicators of kind k */
    PK_AT_WARNED = 32, /* u32: bit k: there are warnings of kind k */
    PK_AT_ZERO = 36,   /* u32 */
    PK_AT_NETS = 40,   /* 3 * u64: bit n: there are indicators of networks with n bits (of 128) */
    PK_AT_WARN_NETS = 64, /* the same of warnings */
    PK_AT_SECTIONS = 88,  /* offset and size, u64 each */
    PK_AT_DIGEST = 200,   /* SHA-256 */
    PK_INTEL_HEADER = 232,
};

enum pk_intel_section {
    PK_SEC_STRINGS,
    PK_SEC_SOURCES,
    PK_SEC_ROWS,
    PK_SEC_DIRECTORY,
    PK_SEC_SIGNERS,
    PK_SEC_CERTS,
    PK_SEC_APPS,
    PK_SEC_COUNT
};
_Static_assert(PK_AT_SECTIONS + 16 * PK_SEC_COUNT == PK_AT_DIGEST, "sections fill the header");

/* Of a row. */
enum {
    PK_ROW_HASH = 0,       /* u32: upper half of the key's hash */
    PK_ROW_VALUE = 4,      /* u32: string */
    PK_ROW_FAMILY = 8,     /* u32: string */
    PK_ROW_REFERENCE = 12, /* u32: string */
    PK_ROW_DATE = 16,      /* u32: string */
    PK_ROW_SOURCE = 20,    /* u16 */
    PK_ROW_KIND = 22,      /* u8 */
    PK_ROW_CATEGORY = 23,  /* u8 */
    PK_ROW_WEIGHT = 24,    /* u8: enum pk_app_weight, as the source has it */
    PK_ROW_FLAGS = 25,     /* u8 */
    PK_ROW_ZERO = 26,      /* u16 */
    PK_ROW_SIZE = 28,
};

enum pk_row_flag {
    PK_ROW_WARN = 1,   /* entry of a warning list */
    PK_ROW_BELOW = 2,  /* it holds for names below it, too */
    PK_ROW_SHARED = 4, /* warning: many share it; indicator: it lies in such a place */
    PK_ROW_MARKED = 8, /* indicator that stands on a warning list */
    PK_ROW_FLAGS_ALL = 15,
};

/* Of a source: four strings, four counts. Of a signer: package, certificate, source. Of an app: package,
 * label, certificate, source, two hashes of its icon. */
#define PK_SOURCE_SIZE 32UL
#define PK_SIGNER_SIZE 12UL
#define PK_CERT_SIZE   4UL
#define PK_APP_SIZE    32UL

#define PK_INTEL_SOURCES_MAX 1024UL      /* a few dozen feeds exist; u16 in a row */
#define PK_INTEL_ROWS_MAX    (1UL << 24) /* 200 times what the public mobile feeds have */
#define PK_INTEL_SIGNERS_MAX (1UL << 20)
#define PK_INTEL_APPS_MAX    (1UL << 20)
#define PK_INTEL_SAME_MAX    16UL  /* sources kept of one value */
#define PK_INTEL_BUCKET_MAX  256UL /* rows behind one entry of the directory: four on average */

static inline uint32_t pk_get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t pk_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint64_t pk_get64(const uint8_t *p)
{
    return pk_get32(p) | (uint64_t)pk_get32(p + 4) << 32;
}

/* An address or a network; IPv4 as its mapped form, 96 bits longer. Host bits are zero. */
struct pk_intel_net {
    uint8_t addr[16];
    uint8_t bits;
};

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; also "192.0.2.1:443" and "[2001:db8::1]:443". */
bool pk_intel_net_parse(const char *text, size_t len, struct pk_intel_net *out);
/* out: at least 64 bytes. */
void pk_intel_net_text(const struct pk_intel_net *net, char *out);
/* Cuts the network to its first bits. */
void pk_intel_net_cut(struct pk_intel_net *net, unsigned bits);

/* What is hashed and compared of a value in normal form: a URL without its scheme. */
const char *pk_intel_key(int kind, const char *value);
/* Upper 32 bits are stored. Kind and seed are part of it. */
uint32_t pk_intel_hash(uint64_t seed, int kind, const void *key, size_t len);
/* Of a value in normal form, whatever its kind. */
uint32_t pk_intel_hash_value(uint64_t seed, int kind, const char *value);
