/* kind.h - what an indicator can be about, and what it can be an indicator of. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

/* Numbers are written into sets (intel/set.h): add at the end, never reorder.
 * enum name, word in files and answers. */
#define PK_INTEL_KINDS(X)                                                         \
    X(MD5, "md5")         /* of a file */                                         \
    X(SHA1, "sha1")       /* of a file */                                         \
    X(SHA256, "sha256")   /* of a file */                                         \
    X(SIGNER, "signer")   /* MD5, SHA-1 or SHA-256 of a signer's certificate */   \
    X(PACKAGE, "package") /* Android package, Apple bundle id */                  \
    X(DOMAIN, "domain")   /* holds for every name below it, too */                \
    X(IP, "ip")           /* address or network, v4 and v6 */                     \
    X(URL, "url")         /* compared without its scheme */                       \
    X(EMAIL, "email")                                                             \
    X(FILE_NAME, "file_name") /* last part of a path */                           \
    X(FILE_PATH, "file_path")                                                     \
    X(PROCESS, "process")                                                         \
    X(PROFILE, "profile")   /* id of a configuration profile (iOS) */             \
    X(PROPERTY, "property") /* Android system property */                         \
    X(TLS_CERT, "tls_cert") /* MD5, SHA-1 or SHA-256 of a server's certificate */ \
    X(JA3, "ja3")           /* MD5 over a client's or server's TLS hello */

enum pk_intel_kind {
#define PK_INTEL_KIND_ROW(id, name) PK_INTEL_##id,
    PK_INTEL_KINDS(PK_INTEL_KIND_ROW)
#undef PK_INTEL_KIND_ROW
    PK_INTEL_KIND_COUNT
};

#define PK_INTEL_CATEGORIES(X)                                                                  \
    X(NONE, "")                                                                                 \
    X(MALWARE, "malware") /* bad, nothing closer is said */                                     \
    X(SPYWARE, "spyware")                                                                       \
    X(STALKERWARE, "stalkerware")                                                               \
    X(WATCHWARE, "watchware") /* watches with the owner's knowledge: unwanted, not malicious */ \
    X(BANKER, "banker")                                                                         \
    X(RANSOMWARE, "ransomware")                                                                 \
    X(DROPPER, "dropper")                                                                       \
    X(ADWARE, "adware")                                                                         \
    X(SMS_FRAUD, "sms_fraud")                                                                   \
    X(STEALER, "stealer")                                                                       \
    X(REMOTE_CONTROL, "remote_control")                                                         \
    X(ROOTING_TOOL, "rooting_tool")                                                             \
    X(RISKWARE, "riskware")                                                                     \
    X(MINER, "miner")                                                                           \
    X(PHISHING, "phishing")                                                                     \
    X(SCAM, "scam")                                                                             \
    X(EXPLOIT, "exploit")                                                                       \
    X(FORENSICS, "forensics") /* tools that read out a seized phone */                          \
    X(TROJAN, "trojan")

enum pk_intel_category {
#define PK_INTEL_CATEGORY_ROW(id, name) PK_INTEL_CAT_##id,
    PK_INTEL_CATEGORIES(PK_INTEL_CATEGORY_ROW)
#undef PK_INTEL_CATEGORY_ROW
    PK_INTEL_CATEGORY_COUNT
};

/* "sha256"; "" beyond the end. */
const char *pk_intel_kind_name(int kind);
/* "banker"; NULL for none. */
const char *pk_intel_category_name(int category);
/* The number behind a word, or -1. */
int pk_intel_kind_of(const char *name);
int pk_intel_category_of(const char *name);

#define PK_INTEL_VALUE_MAX \
    2048UL /* bytes of a value, NUL included: the longest URL that feeds carry */

/* The normal form of a value: lower case where case means nothing, "hxxp" and "[.]" undone, no port,
 * no white space around it, addresses as inet_ntop writes them, networks with their host bits cleared. False when the text cannot be a value
 * of this kind; out is then undefined. */
bool pk_intel_normalise(int kind, const char *text, size_t len, char out[PK_INTEL_VALUE_MAX]);

/* What a bare word most likely is: a hash by its length, an address, a URL, an e-mail address, a path, a
 * domain; -1 when nothing fits. A dotted name is a domain, unless its first label is a usual beginning of packages ("com."). */
int pk_intel_guess(const char *text, size_t len);
