#include "formats/android/apksig_signer.h"

#include <stdio.h>

#include "formats/limits.h"

struct pk_slice pk_apksig_prefixed(struct pk_reader *r)
{
    uint32_t len = pk_read_le32(r);

    if (r->rc == PK_OK && len > INT32_MAX) {
        r->rc = PK_EBOUNDS;
    }
    return pk_read_slice(r, len);
}

bool pk_apksig_read_entry(struct pk_reader *list, struct pk_apksig_entry *out)
{
    struct pk_reader r = pk_reader_of(pk_apksig_prefixed(list));

    out->id = pk_read_le32(&r);
    out->bytes = pk_apksig_prefixed(&r);
    out->algorithm = pk_apksig_algorithm_find(out->id);
    return list->rc == PK_OK && r.rc == PK_OK;
}

static void error(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, enum pk_apksig_issue issue, const char *what)
{
    party->errors++;
    pk_apksig_error(&run->ctx, dialect->scheme, issue, "signer %u%s%s", party->index + 1,
            what[0] != '\0' ? ", " : "", what);
}

/* A list of signatures or of digests. False: malformed, said. */
static bool read_entries(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_slice in, struct pk_array *out,
        enum pk_apksig_issue malformed)
{
    struct pk_reader r = pk_reader_of(in);
    size_t cap = 0;

    while (pk_reader_left(&r) > 0) {
        struct pk_apksig_entry entry;
        struct pk_apksig_entry *slot;
        char what[32];

        slot = pk_apksig_read_entry(&r, &entry)
                ? pk_apksig_list_add(&run->ctx, out, &cap, PK_APKSIG_ENTRIES_MAX, sizeof(entry))
                : NULL;
        if (slot == NULL) {
            if (out->count == PK_APKSIG_ENTRIES_MAX) {
                pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_LIMIT_SIGNATURES,
                        "signer %u: more than %lu records", party->index + 1,
                        PK_APKSIG_ENTRIES_MAX);
            }
            (void)snprintf(what, sizeof(what), "record %zu", out->count + 1);
            error(run, dialect, party, malformed, what);
            return false;
        }
        *slot = entry;
        if (entry.algorithm == NULL && out == &party->signatures) {
            pk_apksig_warning(&run->ctx, dialect->scheme, dialect->issues->unknown_algorithm,
                    "signer %u, 0x%x", party->index + 1, entry.id);
        }
    }
    return true;
}

/* One signature over the signed data. False: it does not hold, said. */
static bool check_signature(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, const struct pk_apksig_entry *entry, struct pk_slice spki)
{
    const char *name = entry->algorithm->name;
    EVP_PKEY *key = NULL;

    if (!pk_apksig_spend(run, PK_APKSIG_WORK_KEY)) {
        error(run, dialect, party, dialect->issues->verify_exception, "too many signatures");
        return false;
    }
    if (pk_key_parse(spki, run->ctx.arena, &key) < 0 ||
            !pk_apksig_key_fits(key, entry->algorithm)) {
        error(run, dialect, party, dialect->issues->malformed_public_key, name);
        return false;
    }
    switch (pk_apksig_run_check(run, key, entry->algorithm, party->signed_data, entry->bytes)) {
    case PK_CHECK_HOLDS:
        return true;
    case PK_CHECK_WRONG:
        error(run, dialect, party, dialect->issues->did_not_verify, name);
        break;
    case PK_CHECK_IMPOSSIBLE:
        error(run, dialect, party, dialect->issues->verify_exception, name);
        break;
    }
    return false;
}

/* The signatures that platforms of the range look at. */
static bool check_signatures(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_slice spki, unsigned *contents)
{
    const struct pk_apksig_entry *chosen[PK_APKSIG_CHOSEN_MAX];
    size_t count = pk_apksig_choose(party->signatures.items, party->signatures.count,
            dialect->ranges ? party->min_sdk : dialect->min_sdk,
            dialect->ranges ? party->max_sdk : dialect->max_sdk, false, chosen);

    if (count == 0) {
        error(run, dialect, party, dialect->issues->no_supported_signatures, "");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_signature(run, dialect, party, chosen[i], spki)) {
            return false;
        }
        *contents |= 1U << chosen[i]->algorithm->content;
    }
    return true;
}

/* The first certificate is the signer's; the others are only looked at. 1: read; 0: an error was said;
 * PK_EMALF: the signer is malformed. */
static int read_certs(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_slice in, struct pk_slice spki)
{
    struct pk_reader r = pk_reader_of(in);

    for (unsigned i = 1; pk_reader_left(&r) > 0; i++) {
        struct pk_slice bytes = pk_apksig_prefixed(&r);
        struct pk_cert cert;
        char what[32];

        if (r.rc < 0) {
            return PK_EMALF;
        }
        if (!pk_apksig_read_cert(run, bytes, &cert)) {
            (void)snprintf(what, sizeof(what), "certificate %u", i);
            error(run, dialect, party, dialect->issues->malformed_certificate, what);
            return 0;
        }
        if (party->cert == NULL) {
            party->cert = pk_arena_alloc(run->ctx.arena, 1, sizeof(cert));
            if (party->cert == NULL) {
                run->ctx.rc = PK_ENOMEM;
                return 0;
            }
            *party->cert = cert;
        }
    }
    if (party->cert == NULL) {
        error(run, dialect, party, dialect->issues->no_certificates, "");
        return 0;
    }
    if (!pk_apksig_same_key(party->cert, spki)) {
        error(run, dialect, party, dialect->issues->key_mismatch, "");
        return 0;
    }
    return 1;
}

static bool same_algorithms(const struct pk_apksig_party *party)
{
    const struct pk_apksig_entry *signatures = party->signatures.items;
    const struct pk_apksig_entry *digests = party->digests.items;

    if (party->signatures.count != party->digests.count) {
        return false;
    }
    for (size_t i = 0; i < party->digests.count; i++) {
        if (signatures[i].id != digests[i].id) {
            return false;
        }
    }
    return true;
}

static void read_attributes(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_slice in)
{
    struct pk_reader list = pk_reader_of(in);

    for (unsigned i = 1; pk_reader_left(&list) > 0; i++) {
        struct pk_reader r = pk_reader_of(pk_apksig_prefixed(&list));
        uint32_t id = pk_read_le32(&r);
        char what[32];

        if (list.rc < 0 || r.rc < 0 ||
                !dialect->attribute(run, dialect, party, id,
                        pk_slice_of(r.in.ptr + r.pos, pk_reader_left(&r)))) {
            (void)snprintf(what, sizeof(what), "attribute %u", i);
            error(run, dialect, party, dialect->issues->malformed_attribute, what);
            return;
        }
    }
    dialect->end(run, dialect, party);
}

/* The range of platforms stands outside and inside of what is signed. */
static void compare_range(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_reader *r, int outside, enum pk_apksig_issue issue)
{
    int inside = (int)pk_read_le32(r);
    char what[48];

    if (r->rc == PK_OK && inside != outside) {
        (void)snprintf(what, sizeof(what), "%d, but signed as %d", outside, inside);
        error(run, dialect, party, issue, what);
    }
}

/* What was signed. False: malformed. */
static bool read_signed_data(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, struct pk_slice spki)
{
    struct pk_reader r = pk_reader_of(party->signed_data);
    struct pk_slice digests = pk_apksig_prefixed(&r);
    struct pk_slice certs = pk_apksig_prefixed(&r);
    struct pk_slice attributes;
    int rc;

    if (dialect->ranges) {
        compare_range(run, dialect, party, &r, party->min_sdk,
                PK_ISSUE_V3_MIN_SDK_VERSION_MISMATCH_BETWEEN_SIGNER_AND_SIGNED_DATA_RECORD);
        compare_range(run, dialect, party, &r, party->max_sdk,
                PK_ISSUE_V3_MAX_SDK_VERSION_MISMATCH_BETWEEN_SIGNER_AND_SIGNED_DATA_RECORD);
    }
    attributes = pk_apksig_prefixed(&r);
    if (r.rc < 0) {
        return false;
    }
    rc = read_certs(run, dialect, party, certs, spki);
    if (rc <= 0) {
        return rc == 0;
    }
    if (!read_entries(
                run, dialect, party, digests, &party->digests, dialect->issues->malformed_digest)) {
        return true;
    }
    if (!same_algorithms(party)) {
        error(run, dialect, party, dialect->issues->algorithm_mismatch, "");
        return true;
    }
    read_attributes(run, dialect, party, attributes);
    return true;
}

/* One signer. False: malformed, nothing behind it can be read. */
static bool read_signer(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_slice in, struct pk_apksig_party *party, unsigned *contents)
{
    struct pk_reader r = pk_reader_of(in);
    struct pk_slice signatures;
    struct pk_slice spki;
    char what[48];

    party->signed_data = pk_apksig_prefixed(&r);
    if (dialect->ranges) {
        party->min_sdk = (int)pk_read_le32(&r);
        party->max_sdk = (int)pk_read_le32(&r);
        if (r.rc == PK_OK && (party->min_sdk < 0 || party->min_sdk > party->max_sdk)) {
            (void)snprintf(what, sizeof(what), "%d to %d", party->min_sdk, party->max_sdk);
            error(run, dialect, party, PK_ISSUE_V3_SIG_INVALID_SDK_VERSIONS, what);
        }
    }
    signatures = pk_apksig_prefixed(&r);
    spki = pk_apksig_prefixed(&r);
    if (r.rc < 0) {
        return false;
    }
    if (!read_entries(run, dialect, party, signatures, &party->signatures,
                dialect->issues->malformed_signature)) {
        return true;
    }
    if (party->signatures.count == 0) {
        error(run, dialect, party, dialect->issues->no_signatures, "");
        return true;
    }
    return !check_signatures(run, dialect, party, spki, contents) ||
            read_signed_data(run, dialect, party, spki);
}

void pk_apksig_read_signers(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_slice block, struct pk_apksig_scheme_result *out)
{
    size_t before = run->ctx.errors;
    struct pk_reader r = pk_reader_of(block);
    struct pk_reader signers = pk_reader_of(pk_apksig_prefixed(&r));
    size_t cap = 0;

    *out = (struct pk_apksig_scheme_result){ .parsed = true, .complete = true };
    if (r.rc < 0) {
        pk_apksig_error(&run->ctx, dialect->scheme, dialect->issues->malformed_signers, "%s", "");
    } else if (pk_reader_left(&signers) == 0) {
        pk_apksig_error(&run->ctx, dialect->scheme, dialect->issues->no_signers, "%s", "");
    }
    while (r.rc == PK_OK && pk_reader_left(&signers) > 0) {
        struct pk_slice signer;
        struct pk_apksig_party *party = pk_apksig_list_add(
                &run->ctx, &out->parties, &cap, PK_APKSIG_PARTIES_MAX, sizeof(*party));

        if (party == NULL) {
            pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_LIMIT_SIGNATURES,
                    "more than %lu signers of one scheme", PK_APKSIG_PARTIES_MAX);
            pk_apksig_error(&run->ctx, dialect->scheme, dialect->issues->too_many_signers,
                    "more than %lu signers", PK_APKSIG_PARTIES_MAX);
            out->complete = false;
            break;
        }
        *party = (struct pk_apksig_party){ .index = (unsigned)out->parties.count - 1 };
        signer = pk_apksig_prefixed(&signers);
        if (signers.rc < 0 || !read_signer(run, dialect, signer, party, &out->contents)) {
            error(run, dialect, party, dialect->issues->malformed_signer, "");
            out->complete = false;
            break;
        }
    }
    out->errors = run->ctx.errors - before;
}

/* --- content */

static void check_party(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_scheme_result *result, struct pk_apksig_party *party)
{
    const struct pk_apksig_entry *digests = party->digests.items;

    for (size_t i = 0; i < party->digests.count; i++) {
        const struct pk_apksig_algorithm *algorithm = digests[i].algorithm;
        struct pk_slice actual = { 0 };

        /* Only digests that a checked signature stands for; others are for other platforms. */
        if (algorithm == NULL || (result->contents & 1U << algorithm->content) == 0) {
            continue;
        }
        if (pk_apksig_digest_get(run->digests, algorithm->content, &actual) < 0) {
            run->ctx.rc = PK_ENOMEM;
            return;
        }
        if (actual.len > 0 && pk_slice_eq(digests[i].bytes, actual)) {
            continue;
        }
        result->digest_mismatch = true;
        /* apksig compares v3.1's digests, too, but leaves it to v3 to say so. */
        if (dialect->scheme != PK_APKSIG_V31) {
            error(run, dialect, party, dialect->issues->digest_did_not_verify,
                    algorithm->content == PK_CONTENT_CHUNKED_SHA256           ? "CHUNKED_SHA256"
                            : algorithm->content == PK_CONTENT_CHUNKED_SHA512 ? "CHUNKED_SHA512"
                                                                              : "VERITY_SHA256");
        }
    }
}

void pk_apksig_check_content(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_scheme_result *result)
{
    struct pk_apksig_party *parties = result->parties.items;

    for (size_t i = 0; i < result->parties.count; i++) {
        check_party(run, dialect, result, &parties[i]);
    }
}

void pk_apksig_publish(
        struct pk_apksig_run *run, unsigned scheme, const struct pk_apksig_scheme_result *result)
{
    const struct pk_apksig_party *parties = result->parties.items;

    for (size_t i = 0; i < result->parties.count; i++) {
        struct pk_apksig_signer *signer;

        if (parties[i].cert == NULL) {
            continue;
        }
        signer = pk_apksig_add_signer(&run->ctx, scheme);
        if (signer == NULL) {
            return;
        }
        signer->cert = *parties[i].cert;
        signer->lineage = parties[i].lineage;
        signer->min_sdk = parties[i].min_sdk;
        signer->max_sdk = parties[i].max_sdk;
    }
}
