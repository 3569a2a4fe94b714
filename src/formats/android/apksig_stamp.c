/* SourceStamp: a store's word, beside the developer's signature, where an APK comes from. The APK has the
 * stamp certificate's SHA-256 as an entry; the signing block has the certificate and its signatures over
 * each scheme's digests. Source: AOSP tools/apksig (V2SourceStampVerifier). Platforms ignore stamps, and
 * no issue here is more than a warning. */
#include <stdio.h>
#include <strings.h>

#include "base/crypt.h"
#include "formats/android/apksig_run.h"
#include "formats/limits.h"

#define ENTRY_NAME        "stamp-cert-sha256"
#define ATTRIBUTE_LINEAGE 0x9d6303f7U
#define ATTRIBUTE_TIME    0xe43c5946U
#define SCHEMES           3U /* v1, v2, v3 may be stamped */

/* What each scheme says of the content: index 0 is v1. */
struct contents {
    bool present[SCHEMES];
    struct pk_slice digests[SCHEMES][PK_CONTENT_COUNT];
};

struct stamp {
    struct pk_slice cert_digest; /* the entry's bytes */
    int min_sdk;
    size_t warnings;
    struct pk_cert cert;
    bool has_cert;
    int64_t time;
};

static void warn(struct pk_apksig_run *run, struct stamp *stamp, enum pk_apksig_issue issue,
        const char *what)
{
    stamp->warnings++;
    pk_apksig_warning(&run->ctx, PK_APKSIG_STAMP, issue, "%s", what);
}

/* --- what is stamped */

static void add_scheme(
        struct contents *out, size_t index, const struct pk_apksig_scheme_result *result)
{
    const struct pk_apksig_party *parties = result->parties.items;

    out->present[index] = true;
    for (size_t i = 0; i < result->parties.count; i++) {
        const struct pk_apksig_entry *digests = parties[i].digests.items;

        for (size_t d = 0; d < parties[i].digests.count; d++) {
            if (digests[d].algorithm != NULL) {
                out->digests[index][digests[d].algorithm->content] = digests[d].bytes;
            }
        }
    }
}

static void add_v1(struct pk_apksig_run *run, struct contents *out)
{
    uint8_t *digest = pk_arena_alloc(run->ctx.arena, 1, PK_SHA256_SIZE);

    out->present[0] = true;
    if (digest != NULL && pk_apksig_v1_content_digest(&run->ctx, digest)) {
        out->digests[0][PK_CONTENT_SHA256] = pk_slice_of(digest, PK_SHA256_SIZE);
    }
}

static uint8_t *put_le32(uint8_t *out, size_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        *out++ = (uint8_t)(value >> (8 * i));
    }
    return out;
}

/* The message that a stamp signs for a scheme: its digests by kind. */
static struct pk_slice message_of(
        struct pk_apksig_run *run, const struct contents *contents, size_t index)
{
    size_t size = 0;
    uint8_t *bytes;
    uint8_t *p;

    for (size_t kind = 0; kind < PK_CONTENT_COUNT; kind++) {
        size += contents->digests[index][kind].ptr != NULL ? 12 + contents->digests[index][kind].len
                                                           : 0;
    }
    bytes = pk_arena_alloc(run->ctx.arena, 1, size + 1);
    if (bytes == NULL) {
        run->ctx.rc = PK_ENOMEM;
        return (struct pk_slice){ 0 };
    }
    p = bytes;
    for (size_t kind = 0; kind < PK_CONTENT_COUNT; kind++) {
        struct pk_slice digest = contents->digests[index][kind];

        if (digest.ptr != NULL) {
            p = put_le32(p, 8 + digest.len);
            p = put_le32(p, kind);
            p = put_le32(p, digest.len);
            memcpy(p, digest.ptr, digest.len);
            p += digest.len;
        }
    }
    return pk_slice_of(bytes, size);
}

/* --- the block */

/* Signatures over one message; all that some platform of the range would look at must hold. */
static bool check_signatures(struct pk_apksig_run *run, struct stamp *stamp,
        struct pk_slice message, struct pk_slice list)
{
    const struct pk_apksig_entry *chosen[PK_APKSIG_CHOSEN_MAX];
    struct pk_reader r = pk_reader_of(list);
    struct pk_array entries = { 0 };
    size_t cap = 0;
    size_t count;

    while (pk_reader_left(&r) > 0) {
        struct pk_apksig_entry entry;
        struct pk_apksig_entry *slot = NULL;

        if (pk_apksig_read_entry(&r, &entry)) {
            if (entry.algorithm == NULL) {
                continue;
            }
            slot = pk_apksig_list_add(
                    &run->ctx, &entries, &cap, PK_APKSIG_ENTRIES_MAX, sizeof(entry));
        }
        if (slot == NULL) {
            warn(run, stamp, PK_ISSUE_SOURCE_STAMP_MALFORMED_SIGNATURE, "");
            return false;
        }
        *slot = entry;
    }
    if (entries.count == 0) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_NO_SIGNATURE, "");
        return false;
    }
    count = pk_apksig_choose(
            entries.items, entries.count, stamp->min_sdk, run->ctx.max_sdk, true, chosen);
    if (count == 0) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_NO_SUPPORTED_SIGNATURE, "");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        enum pk_apksig_check check = pk_apksig_run_check(
                run, stamp->cert.key, chosen[i]->algorithm, message, chosen[i]->bytes);

        if (check != PK_CHECK_HOLDS) {
            warn(run, stamp,
                    check == PK_CHECK_WRONG ? PK_ISSUE_SOURCE_STAMP_DID_NOT_VERIFY
                                            : PK_ISSUE_SOURCE_STAMP_VERIFY_EXCEPTION,
                    chosen[i]->algorithm->name);
            return false;
        }
    }
    return true;
}

/* The certificate must be the one whose digest stands in the APK. False: warned; PK_EMALF in r->rc. */
static bool read_cert(struct pk_apksig_run *run, struct stamp *stamp, struct pk_reader *r)
{
    struct pk_slice bytes = pk_apksig_prefixed(r);
    uint8_t digest[PK_SHA256_SIZE];

    if (r->rc < 0) {
        return false;
    }
    if (!pk_apksig_read_cert(run, bytes, &stamp->cert)) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_MALFORMED_CERTIFICATE, "");
        return false;
    }
    stamp->has_cert = true;
    pk_sha256(bytes, digest);
    if (!pk_slice_eq(pk_slice_of(digest, sizeof(digest)), stamp->cert_digest)) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_CERTIFICATE_MISMATCH_BETWEEN_SIGNATURE_BLOCK_AND_APK,
                "");
        return false;
    }
    return true;
}

static void read_lineage(struct pk_apksig_run *run, struct stamp *stamp, struct pk_slice value)
{
    struct pk_array lineage = { 0 };
    enum pk_apksig_lineage state = pk_apksig_lineage_read(run, value, &lineage);

    bool ends_here = state == PK_LINEAGE_HOLDS && lineage.count > 0 &&
            pk_slice_eq(((const struct pk_cert *)lineage.items)[lineage.count - 1].der,
                    stamp->cert.der);

    if (ends_here) {
        return;
    }
    if (state == PK_LINEAGE_UNVERIFIED) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_POR_DID_NOT_VERIFY, "");
    } else if (state == PK_LINEAGE_MALFORMED || value.len == 0 ||
            (state == PK_LINEAGE_HOLDS && lineage.count == 0)) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_MALFORMED_LINEAGE, "");
    } else {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_POR_CERT_MISMATCH, "");
    }
}

/* False: malformed. */
static bool read_attribute(
        struct pk_apksig_run *run, struct stamp *stamp, uint32_t id, struct pk_slice value)
{
    struct pk_reader r = pk_reader_of(value);

    if (id == ATTRIBUTE_LINEAGE) {
        read_lineage(run, stamp, value);
    } else if (id == ATTRIBUTE_TIME) {
        int64_t time = (int64_t)pk_read_le64(&r);

        if (r.rc < 0) {
            return false;
        }
        if (time > 0) {
            stamp->time = time;
        } else {
            warn(run, stamp, PK_ISSUE_SOURCE_STAMP_INVALID_TIMESTAMP, "");
        }
    }
    return true;
}

/* False: the whole block is malformed. */
static bool read_attributes(struct pk_apksig_run *run, struct stamp *stamp, struct pk_reader *r)
{
    struct pk_slice attributes = pk_apksig_prefixed(r);
    struct pk_slice signatures = pk_apksig_prefixed(r);
    struct pk_reader inner = pk_reader_of(attributes);
    struct pk_reader list;

    if (r->rc < 0) {
        return false;
    }
    if (!check_signatures(run, stamp, attributes, signatures)) {
        return true;
    }
    list = pk_reader_of(pk_apksig_prefixed(&inner));
    if (inner.rc < 0) {
        return false;
    }
    for (unsigned i = 1; pk_reader_left(&list) > 0; i++) {
        struct pk_reader attribute = pk_reader_of(pk_apksig_prefixed(&list));
        uint32_t id = pk_read_le32(&attribute);
        char what[32];

        if (list.rc < 0 || attribute.rc < 0 ||
                !read_attribute(run, stamp, id,
                        pk_slice_of(
                                attribute.in.ptr + attribute.pos, pk_reader_left(&attribute)))) {
            (void)snprintf(what, sizeof(what), "attribute %u", i);
            warn(run, stamp, PK_ISSUE_SOURCE_STAMP_MALFORMED_ATTRIBUTE, what);
            return true;
        }
    }
    return true;
}

/* Finds the stamp's signatures for each scheme. False: malformed. */
static bool read_schemes(
        struct pk_reader *r, struct pk_slice signatures[SCHEMES], bool stamped[SCHEMES])
{
    struct pk_reader list = pk_reader_of(pk_apksig_prefixed(r));

    while (r->rc == PK_OK && pk_reader_left(&list) > 0) {
        struct pk_reader scheme = pk_reader_of(pk_apksig_prefixed(&list));
        uint32_t number = pk_read_le32(&scheme);
        struct pk_slice value = pk_apksig_prefixed(&scheme);

        if (list.rc < 0 || scheme.rc < 0) {
            return false;
        }
        if (number >= 1 && number <= SCHEMES) {
            signatures[number - 1] = value;
            stamped[number - 1] = true;
        }
    }
    return r->rc == PK_OK;
}

/* False: malformed. Everything else was warned of. */
static bool read_block(struct pk_apksig_run *run, struct stamp *stamp, struct pk_slice block,
        const struct contents *contents)
{
    struct pk_reader whole = pk_reader_of(block);
    struct pk_reader r = pk_reader_of(pk_apksig_prefixed(&whole));
    struct pk_slice signatures[SCHEMES];
    bool stamped[SCHEMES] = { false };

    if (whole.rc < 0) {
        return false;
    }
    if (!read_cert(run, stamp, &r)) {
        return r.rc == PK_OK;
    }
    if (!read_schemes(&r, signatures, stamped)) {
        return false;
    }
    for (size_t i = 0; i < SCHEMES; i++) {
        if (contents->present[i] && !stamped[i]) {
            warn(run, stamp, PK_ISSUE_SOURCE_STAMP_NO_SIGNATURE, "");
            return true;
        }
        if (contents->present[i] &&
                !check_signatures(run, stamp, message_of(run, contents, i), signatures[i])) {
            return true;
        }
    }
    return pk_reader_left(&r) == 0 || read_attributes(run, stamp, &r);
}

static void verify_block(struct pk_apksig_run *run, struct stamp *stamp, struct pk_slice block,
        const struct contents *contents)
{
    if (!read_block(run, stamp, block, contents)) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_MALFORMED_SIGNATURE, "");
    }
}

/* --- as part of the APK's verification */

bool pk_apksig_stamp_verify(struct pk_apksig_run *run, unsigned found)
{
    struct pk_zip *zip = run->ctx.in->zip;
    const struct pk_zip_entry *entry = pk_zip_find(zip, ENTRY_NAME);
    struct contents contents = { 0 };
    struct stamp stamp = { 0 };
    struct pk_zip_bytes bytes;

    if (entry == NULL) {
        return true;
    }
    if (pk_zip_read(zip, entry, &bytes, NULL) < 0) {
        return pk_apksig_format_error(run, "entry '" ENTRY_NAME "' cannot be read");
    }
    if (!run->has_stamp_block) {
        warn(run, &stamp, PK_ISSUE_SOURCE_STAMP_SIG_MISSING, "");
    } else {
        stamp.cert_digest = bytes.bytes;
        stamp.min_sdk = run->ctx.min_sdk > PK_APKSIG_SDK_R ? run->ctx.min_sdk : PK_APKSIG_SDK_R;
        if (run->v3.parsed) {
            add_scheme(&contents, 2, &run->v3);
        }
        if (run->v2.parsed) {
            add_scheme(&contents, 1, &run->v2);
        }
        if (run->ctx.min_sdk < PK_APKSIG_SDK_N || found == 0) {
            add_v1(run, &contents);
        }
        verify_block(run, &stamp, run->stamp_block, &contents);
    }
    pk_zip_release(&bytes);
    return true;
}

/* --- for itself */

/* Reads a scheme's signers for the digests that they sign; errors are kept from the APK's own. False:
 * there are errors, so that the stamp cannot be judged. */
static bool parse_quietly(struct pk_apksig_run *run, enum pk_apksig_pair id, unsigned *found,
        size_t index, struct contents *contents)
{
    struct pk_apksig_run quiet = *run;
    struct pk_apksig_result scratch = { 0 };
    struct pk_apksig_scheme_result result;
    struct pk_slice block;

    if (!pk_apksig_block_get(&run->block, id, &block)) {
        return true;
    }
    quiet.ctx.out = &scratch;
    quiet.ctx.issues_cap = 0;
    quiet.ctx.signers_cap = 0;
    if (id == PK_PAIR_V3) {
        const struct pk_apksig_v3_want want = { .scheme = PK_APKSIG_V3 };

        *found |= PK_APKSIG_V3;
        pk_apksig_v3_parse(&quiet, block, &want, &result);
    } else {
        *found |= PK_APKSIG_V2;
        pk_apksig_v2_parse(&quiet, block, *found,
                run->ctx.min_sdk > PK_APKSIG_SDK_N ? run->ctx.min_sdk : PK_APKSIG_SDK_N,
                run->ctx.max_sdk, &result);
    }
    run->work_left = quiet.work_left;
    run->ctx.rc = quiet.ctx.rc;
    add_scheme(contents, index, &result);
    return result.errors == 0;
}

/* What the APK's signers say of the content. False: they cannot be read. */
static bool collect(struct pk_apksig_run *run, struct contents *out)
{
    unsigned found = 0;

    if (run->ctx.max_sdk >= PK_APKSIG_SDK_P && !parse_quietly(run, PK_PAIR_V3, &found, 2, out)) {
        return false;
    }
    if (run->ctx.max_sdk >= PK_APKSIG_SDK_N && (run->ctx.min_sdk < PK_APKSIG_SDK_P || found == 0) &&
            !parse_quietly(run, PK_PAIR_V2, &found, 1, out)) {
        return false;
    }
    if (run->ctx.min_sdk < PK_APKSIG_SDK_N || found == 0) {
        add_v1(run, out);
    }
    return true;
}

/* Adds the issues of the stamp alone that the APK's verification did not come to say. */
static void adopt(struct pk_apksig_run *run, const struct pk_apksig_result *from)
{
    const struct pk_apksig_issue_met *met = from->met.items;

    for (size_t i = 0; i < from->met.count; i++) {
        const struct pk_apksig_issue_met *said = run->ctx.out->met.items;
        bool known = false;

        for (size_t k = 0; k < run->ctx.out->met.count && !known; k++) {
            known = said[k].issue == met[i].issue && said[k].scheme == PK_APKSIG_STAMP;
        }
        if (!known) {
            pk_apksig_warning(&run->ctx, PK_APKSIG_STAMP, met[i].issue, "%s", met[i].details);
        }
    }
}

static enum pk_apksig_stamp judge_digest(
        struct pk_apksig_run *run, struct stamp *stamp, const char *expected)
{
    struct contents contents = { 0 };
    char hex[PK_SHA256_HEX] = "no SHA-256";

    if (stamp->cert_digest.len == PK_SHA256_SIZE) {
        pk_hex(stamp->cert_digest, hex);
    }
    if (expected != NULL && strcasecmp(hex, expected) != 0) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_EXPECTED_DIGEST_MISMATCH, hex);
        return PK_STAMP_CERT_MISMATCH;
    }
    if (!collect(run, &contents)) {
        return PK_STAMP_ERROR;
    }
    if (!run->has_stamp_block) {
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_SIG_MISSING, "");
        return PK_STAMP_NOT_VERIFIED;
    }
    verify_block(run, stamp, run->stamp_block, &contents);
    return stamp->warnings == 0 ? PK_STAMP_VERIFIED : PK_STAMP_FAILED;
}

static enum pk_apksig_stamp judge(struct pk_apksig_run *run, struct stamp *stamp)
{
    struct pk_zip *zip = run->ctx.in->zip;
    const struct pk_zip_entry *entry = pk_zip_find(zip, ENTRY_NAME);
    struct pk_zip_bytes bytes;
    enum pk_apksig_stamp status;

    if (entry == NULL) {
        if (!run->has_stamp_block) {
            return PK_STAMP_ABSENT;
        }
        warn(run, stamp, PK_ISSUE_SOURCE_STAMP_SIGNATURE_BLOCK_WITHOUT_CERT_DIGEST, "");
        return PK_STAMP_NOT_VERIFIED;
    }
    if (pk_zip_read(zip, entry, &bytes, NULL) < 0) {
        warn(run, stamp, PK_ISSUE_MALFORMED_APK, "entry '" ENTRY_NAME "' cannot be read");
        return PK_STAMP_ERROR;
    }
    stamp->cert_digest = bytes.bytes;
    status = judge_digest(run, stamp, run->ctx.in->stamp_cert);
    pk_zip_release(&bytes);
    return status;
}

void pk_apksig_stamp_judge(struct pk_apksig_run *run)
{
    struct pk_apksig_result *out = run->ctx.out;
    struct pk_apksig_run alone = *run;
    struct pk_apksig_result said = { 0 };
    struct stamp stamp = { .min_sdk = run->ctx.min_sdk };

    alone.ctx.out = &said;
    alone.ctx.issues_cap = 0;
    alone.ctx.signers_cap = 0;
    out->stamp = judge(&alone, &stamp);
    run->work_left = alone.work_left;
    run->ctx.rc = alone.ctx.rc;
    adopt(run, &said);
    out->stamp_time = stamp.time;
    if (stamp.has_cert) {
        out->stamp_cert = pk_arena_alloc(run->ctx.arena, 1, sizeof(*out->stamp_cert));
        if (out->stamp_cert == NULL) {
            run->ctx.rc = PK_ENOMEM;
            return;
        }
        *out->stamp_cert = stamp.cert;
    }
    if (out->stamp != PK_STAMP_ABSENT && out->stamp != PK_STAMP_VERIFIED) {
        pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_APK_STAMP_INVALID, "%s",
                said.met.count > 0
                        ? pk_apksig_issue_name(
                                  ((const struct pk_apksig_issue_met *)said.met.items)[0].issue)
                        : "the APK's own signatures cannot be read");
    }
}
