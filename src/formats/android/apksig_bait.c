#include "formats/android/apksig_bait.h"

#include "formats/cms.h"
#include "formats/limits.h"

/* Did the platform meet this certificate, as a signer's or in a lineage? */
static bool is_known(const struct pk_apksig_result *out, struct pk_slice der)
{
    const struct pk_apksig_signer *signers = out->all_signers.items;

    for (size_t i = 0; i < out->all_signers.count; i++) {
        const struct pk_cert *lineage = signers[i].lineage.items;

        if (pk_slice_eq(signers[i].cert.der, der)) {
            return true;
        }
        for (size_t k = 0; k < signers[i].lineage.count; k++) {
            if (pk_slice_eq(lineage[k].der, der)) {
                return true;
            }
        }
    }
    return false;
}

static bool ends_with(struct pk_slice name, const char *end)
{
    size_t len = strlen(end);

    return name.len >= len && memcmp(name.ptr + name.len - len, end, len) == 0;
}

bool pk_apksig_is_signature_file(struct pk_slice name)
{
    static const char folder[] = "META-INF/";
    size_t len = sizeof(folder) - 1;

    return name.len > len && memcmp(name.ptr, folder, len) == 0 &&
            memchr(name.ptr + len, '/', name.len - len) == NULL &&
            (ends_with(name, ".RSA") || ends_with(name, ".DSA") || ends_with(name, ".EC"));
}

/* --- JAR signatures */

/* One signature file. */
struct bag {
    struct pk_slice name;
    struct pk_cms cms;
    struct pk_cert certs[PK_APKSIG_BAG_MAX];
    bool used[PK_APKSIG_BAG_MAX]; /* a signer's, or an issuer's of such a one */
    size_t count;
};

static void say(struct pk_apksig_run *run, enum pk_anomaly_id id, const struct bag *bag,
        const struct pk_cert *cert)
{
    pk_anomaly_add(run->ctx.anomalies, id, "'%.*s': '%s', SHA-256 %s", (int)bag->name.len,
            (const char *)bag->name.ptr, cert->subject, cert->sha256);
}

/* Marks the certificates that the signers name. fake: nobody looks at this file, so a signer that the
 * platform did not meet is bait. */
static void judge_signers(struct pk_apksig_run *run, struct bag *bag, bool fake)
{
    for (size_t i = 0; i < bag->cms.signer_count; i++) {
        const struct pk_cert *cert = pk_cms_signer_cert(
                &bag->cms.signers[i], bag->certs, bag->count);

        if (cert == NULL) {
            continue;
        }
        bag->used[cert - bag->certs] = true;
        if (fake && !is_known(run->ctx.out, cert->der)) {
            say(run, PK_ANOMALY_APK_FAKE_V1_SIGNER, bag, cert);
        }
    }
}

/* Marks the issuers of what is marked, step by step; what is left belongs to nobody. */
static void judge_others(struct pk_apksig_run *run, struct bag *bag)
{
    bool more = bag->count > 1;

    while (more) {
        more = false;
        for (size_t i = 0; i < bag->count; i++) {
            for (size_t k = 0; k < bag->count && bag->used[i]; k++) {
                if (!bag->used[k] &&
                        pk_cert_name_eq(bag->certs[i].issuer_name, bag->certs[k].subject_name)) {
                    bag->used[k] = true;
                    more = true;
                }
            }
        }
    }
    for (size_t i = 0; i < bag->count; i++) {
        if (!bag->used[i]) {
            say(run, PK_ANOMALY_APK_UNUSED_CERTIFICATE, bag, &bag->certs[i]);
        }
    }
}

static void judge_bag(
        struct pk_apksig_run *run, struct pk_slice name, struct pk_slice in, bool fake)
{
    struct bag *bag = pk_arena_alloc(run->ctx.arena, 1, sizeof(*bag));

    if (bag == NULL) {
        run->ctx.rc = PK_ENOMEM;
        return;
    }
    bag->name = name;
    if (pk_cms_parse(in, run->ctx.arena, &bag->cms, NULL) < 0) {
        return;
    }
    if (!fake && bag->cms.cert_count <= 1) {
        return; /* the usual file: there is nothing to find */
    }
    for (size_t i = 0; i < bag->cms.cert_count && bag->count < PK_COUNT(bag->certs); i++) {
        if (pk_apksig_read_cert(run, bag->cms.certs[i], &bag->certs[bag->count])) {
            bag->count++;
        }
    }
    judge_signers(run, bag, fake);
    judge_others(run, bag);
}

static void judge_files(struct pk_apksig_run *run, bool fake)
{
    struct pk_zip *zip = run->ctx.in->zip;
    size_t left = PK_APKSIG_BAIT_MAX;

    for (size_t i = 0; i < zip->count && left > 0; i++) {
        const struct pk_zip_entry *entry = &zip->entries[i];
        struct pk_zip_bytes bytes;

        if (pk_apksig_is_signature_file(entry->name) &&
                entry->plain_size <= PK_APKSIG_BAIT_SIZE_MAX &&
                pk_zip_read(zip, entry, &bytes, NULL) == PK_OK) {
            /* The names of an anomaly's evidence live on; the bytes do not need to. */
            judge_bag(run, entry->name, bytes.bytes, fake);
            pk_zip_release(&bytes);
            left--;
        }
    }
}

/* --- v2 beside v3 */

static void judge_v2(struct pk_apksig_run *run)
{
    struct pk_apksig_run quiet = *run;
    struct pk_apksig_result scratch = { 0 };
    struct pk_apksig_scheme_result result;
    const struct pk_apksig_party *parties;
    struct pk_slice block;

    if (!pk_apksig_block_get(&run->block, PK_PAIR_V2, &block)) {
        return;
    }
    quiet.ctx.out = &scratch;
    quiet.ctx.issues_cap = 0;
    quiet.ctx.signers_cap = 0;
    pk_apksig_v2_parse(&quiet, block, PK_APKSIG_V2 | PK_APKSIG_V3, PK_APKSIG_SDK_N,
            PK_APKSIG_SDK_MAX, &result);
    run->work_left = quiet.work_left;
    run->ctx.rc = quiet.ctx.rc;
    parties = result.parties.items;
    for (size_t i = 0; i < result.parties.count; i++) {
        const struct pk_cert *cert = parties[i].cert;

        if (cert != NULL && !is_known(run->ctx.out, cert->der)) {
            pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_APK_FAKE_V2_SIGNER, "'%s', SHA-256 %s",
                    cert->subject, cert->sha256);
        }
    }
}

void pk_apksig_bait_judge(struct pk_apksig_run *run, unsigned looked_at)
{
    bool met = run->ctx.out->all_signers.count > 0;
    bool blocks_only = looked_at != 0 && run->ctx.min_sdk >= PK_APKSIG_SDK_N;

    if ((run->ctx.out->found & PK_APKSIG_V1) != 0) {
        judge_files(run, met && blocks_only);
    }
    if (met && (looked_at & (PK_APKSIG_V3 | PK_APKSIG_V31)) != 0 &&
            (looked_at & PK_APKSIG_V2) == 0 && run->ctx.min_sdk >= PK_APKSIG_SDK_P) {
        judge_v2(run);
    }
}
