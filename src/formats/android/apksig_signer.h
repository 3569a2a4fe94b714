/* apksig_signer.h - what the signers of v2 and v3 have in common: a list of signers, each with signed
 * data (digests, certificates, attributes), signatures over them and a public key. Only apksig*.c files
 * include this. */
#pragma once

#include "formats/android/apksig_run.h"

/* How a scheme says what went wrong. */
struct pk_apksig_issues {
    enum pk_apksig_issue malformed_signers;
    enum pk_apksig_issue no_signers;
    enum pk_apksig_issue too_many_signers;
    enum pk_apksig_issue malformed_signer;
    enum pk_apksig_issue malformed_signature;
    enum pk_apksig_issue unknown_algorithm;
    enum pk_apksig_issue no_signatures;
    enum pk_apksig_issue no_supported_signatures;
    enum pk_apksig_issue malformed_public_key;
    enum pk_apksig_issue did_not_verify;
    enum pk_apksig_issue verify_exception;
    enum pk_apksig_issue malformed_certificate;
    enum pk_apksig_issue no_certificates;
    enum pk_apksig_issue key_mismatch;
    enum pk_apksig_issue malformed_digest;
    enum pk_apksig_issue algorithm_mismatch;
    enum pk_apksig_issue malformed_attribute;
    enum pk_apksig_issue digest_did_not_verify;
};

struct pk_apksig_dialect {
    unsigned scheme;
    const struct pk_apksig_issues *issues;
    bool ranges; /* signers say for which platforms they are (v3) */
    int min_sdk; /* of the range asked for; v3 goes by the signer's own */
    int max_sdk;
    const void *want; /* of the scheme's own */
    /* One additional attribute. False: malformed. */
    bool (*attribute)(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
            struct pk_apksig_party *party, uint32_t id, struct pk_slice value);
    /* After the last attribute. */
    void (*end)(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
            struct pk_apksig_party *party);
};

/* Reads all signers and checks their signatures over what they sign, but not the digests in it. */
void pk_apksig_read_signers(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_slice block, struct pk_apksig_scheme_result *out);

/* Compares the digests with the content. */
void pk_apksig_check_content(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_scheme_result *result);

/* The signers as the result's. */
void pk_apksig_publish(
        struct pk_apksig_run *run, unsigned scheme, const struct pk_apksig_scheme_result *result);
