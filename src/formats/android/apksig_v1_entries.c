/* The archive's entries against the manifest: each one is inflated and hashed once. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/android/apksig_v1_internal.h"

struct entries {
    struct pk_v1 *v;
    unsigned signers; /* bits of those whose files hold */
    unsigned all;     /* bits of those who signed the first signed entry; all others must agree */
    size_t first;     /* that entry */
};

/* An entry while it is hashed. */
struct hashing {
    struct pk_v1 *v;
    size_t count;
};

static int hash_piece(void *ctx, struct pk_slice piece)
{
    struct hashing *h = ctx;

    for (size_t i = 0; i < h->count; i++) {
        if (EVP_DigestUpdate(h->v->md[i], piece.ptr, piece.len) != 1) {
            return PK_ENOMEM;
        }
    }
    return PK_OK;
}

/* actual[i] is the digest by expected[i].hash. */
static int hash_entry(struct pk_v1 *v, size_t entry, const struct pk_v1_expected *expected,
        size_t count, uint8_t (*actual)[PK_HASH_SIZE_MAX], struct pk_error *err)
{
    struct hashing h = { .v = v, .count = count };
    int rc;

    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestInit_ex2(v->md[i], pk_hash_md(expected[i].hash), NULL) != 1) {
            return pk_error_set(err, PK_ENOMEM, "no memory for a digest");
        }
    }
    rc = pk_zip_stream(v->zip, &v->zip->entries[entry], hash_piece, &h, err);
    for (size_t i = 0; rc == PK_OK && i < count; i++) {
        rc = EVP_DigestFinal_ex(v->md[i], actual[i], NULL) == 1 ? PK_OK : PK_ENOMEM;
    }
    return rc;
}

/* Which hash functions are different: two digests of one kind need one hashing. */
static void check_digests(
        struct pk_v1 *v, size_t entry, const struct pk_v1_expected *expected, size_t count)
{
    struct pk_slice name = v->zip->entries[entry].name;
    uint8_t actual[2][PK_HASH_SIZE_MAX];
    struct pk_error err = { .text = "" };
    size_t different = count == 2 && expected[0].hash == expected[1].hash ? 1 : count;
    char text[64];
    int rc;

    if (!pk_v1_is_readable(v, entry)) {
        return;
    }
    rc = hash_entry(v, entry, expected, different, actual, &err);
    if (rc < 0) {
        pk_v1_stop(v, entry, rc, &err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!pk_v1_is_expected(&expected[i], actual[different == 1 ? 0 : i])) {
            (void)snprintf(text, sizeof(text), ": %s in META-INF/MANIFEST.MF",
                    pk_hash_name(expected[i].hash));
            pk_v1_error(v, PK_ISSUE_JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY, name, text);
        }
    }
}

static void check_entry(struct entries *e, size_t entry)
{
    struct pk_v1 *v = e->v;
    struct pk_slice name = v->zip->entries[entry].name;
    struct pk_v1_section at = v->sections[entry];
    unsigned signed_by = v->named_by[entry] & e->signers;
    struct pk_v1_expected expected[2];
    size_t count;

    if (at.size == 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST, name, "");
        return;
    }
    if (signed_by == 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_ZIP_ENTRY_NOT_SIGNED, name, "");
        return;
    }
    if (e->all == 0) {
        e->all = signed_by;
        e->first = entry;
    } else if (signed_by != e->all) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_ZIP_ENTRY_SIGNERS_MISMATCH, name, "");
        return;
    }
    count = pk_v1_expected_digests(
            v, pk_slice_of(v->manifest.bytes.ptr + at.start, at.size), "-Digest", expected);
    if (count == 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST, name, "");
        return;
    }
    check_digests(v, entry, expected, count);
}

struct place {
    uint32_t offset;
    uint32_t entry;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;

    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static bool must_be_signed(struct pk_slice name)
{
    static const char meta[] = "META-INF/";

    return (name.len < sizeof(meta) - 1 || memcmp(name.ptr, meta, sizeof(meta) - 1) != 0) &&
            (name.len == 0 || name.ptr[name.len - 1] != '/');
}

/* In the order of the file, as apksig does: that is the order of its errors, too. */
static size_t sort_entries(const struct pk_v1 *v, struct place *places)
{
    size_t count = 0;

    for (size_t i = 0; i < v->zip->count; i++) {
        if (must_be_signed(v->zip->entries[i].name)) {
            places[count++] = (struct place){ .offset = v->zip->entries[i].local_offset,
                .entry = (uint32_t)i };
        }
    }
    qsort(places, count, sizeof(*places), compare_places);
    return count;
}

unsigned pk_v1_verify_entries(struct pk_v1 *v)
{
    struct entries e = { .v = v };
    struct place *places = malloc((v->zip->count + 1) * sizeof(*places));
    size_t count;

    v->md[0] = EVP_MD_CTX_new();
    v->md[1] = EVP_MD_CTX_new();
    if (places == NULL || v->md[0] == NULL || v->md[1] == NULL) {
        v->ctx->rc = PK_ENOMEM;
        free(places);
        return 0;
    }
    for (size_t i = 0; i < v->signer_count; i++) {
        e.signers |= v->signers[i].ignored ? 0U : 1U << i;
    }
    count = sort_entries(v, places);
    for (size_t i = 0; i < count && pk_v1_goes_on(v); i++) {
        check_entry(&e, places[i].entry);
    }
    free(places);
    if (e.all == 0 && pk_v1_goes_on(v)) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_SIGNED_ZIP_ENTRIES, (struct pk_slice){ 0 }, "");
    }
    return e.all;
}
