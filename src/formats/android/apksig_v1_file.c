/* A signature file (.SF) against the manifest. */
#include <stdio.h>
#include <stdlib.h>

#include "formats/android/apksig_v1_internal.h"
#include "formats/android/jar_manifest.h"
#include "formats/limits.h"

#define NAME_DIGEST 16 /* bytes of a digest that stand for a name */

struct file {
    struct pk_v1 *v;
    struct pk_v1_signer *signer;
    struct pk_slice name; /* of the .SF entry */
    struct pk_jar_lines lines;
    struct pk_slice main;
    bool by_signtool; /* its digests are made in another way */
    bool whole;       /* the digest of the whole manifest holds, so that of its sections need not */
    unsigned bit;     /* of the signer in v->named_by */
    uint8_t (*foreign)[NAME_DIGEST]; /* names that are no entry's */
    size_t foreign_count;
};

static void note(struct file *f, bool error, enum pk_apksig_issue issue, const char *text)
{
    pk_v1_note(f->v, f->signer, error, issue, f->name, text);
}

static void note_digest(struct file *f, bool error, enum pk_apksig_issue issue,
        struct pk_slice name, enum pk_hash hash)
{
    char text[64];

    (void)snprintf(text, sizeof(text), ": %s", pk_hash_name(hash));
    pk_v1_note(f->v, f->signer, error, issue, name, text);
}

static bool main_value(struct file *f, const char *name, struct pk_slice *out)
{
    int rc = pk_jar_value(f->main, name, &f->v->joined, out);

    if (rc == PK_ENOMEM) {
        f->v->ctx->rc = rc;
    }
    return rc == PK_OK;
}

/* Java's Integer.parseInt of the trimmed text. */
static bool parse_id(struct pk_slice text, int *out)
{
    bool minus = false;
    int64_t number = 0;

    while (text.len > 0 && text.ptr[text.len - 1] <= ' ') {
        text.len--;
    }
    while (text.len > 0 && text.ptr[0] <= ' ') {
        text = pk_slice_of(text.ptr + 1, text.len - 1);
    }
    if (text.len > 1 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        minus = text.ptr[0] == '-';
        text = pk_slice_of(text.ptr + 1, text.len - 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (text.ptr[i] - '0');
        if (number > (int64_t)INT32_MAX + minus) {
            return false;
        }
    }
    *out = (int)(minus ? -number : number);
    return text.len > 0;
}

/* One scheme that the file says the APK was signed with. Returns its bit when platforms of the range
 * know it. */
static unsigned expect_scheme(struct file *f, struct pk_slice text)
{
    int max_sdk = f->v->ctx->max_sdk;
    char say[32];
    int id;

    if (!parse_id(text, &id)) {
        return 0;
    }
    if (id == 2 && max_sdk >= PK_SDK_N) {
        return PK_APKSIG_V2;
    }
    if (id == 3 && max_sdk >= PK_SDK_P) {
        return PK_APKSIG_V3;
    }
    (void)snprintf(say, sizeof(say), ": scheme %d", id);
    note(f, false, PK_ISSUE_JAR_SIG_UNKNOWN_APK_SIG_SCHEME_ID, say);
    return 0;
}

/* Who strips the APK Signing Block must not get an APK that verifies as a JAR: from level 24 on the
 * file says which schemes there were. */
static void check_stripping(struct file *f)
{
    unsigned expected = 0;
    struct pk_slice list;

    if (!main_value(f, "X-Android-APK-Signed", &list)) {
        if (f->v->found != 0) {
            note(f, false, PK_ISSUE_JAR_SIG_NO_APK_SIG_STRIP_PROTECTION, "");
        }
        return;
    }
    while (list.len > 0) {
        const uint8_t *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma != NULL ? (size_t)(comma - list.ptr) : list.len;

        expected |= expect_scheme(f, pk_slice_of(list.ptr, len));
        len += comma != NULL;
        list = pk_slice_of(list.ptr + len, list.len - len);
    }
    if ((expected & ~f->v->found & PK_APKSIG_V2) != 0) {
        note(f, true, PK_ISSUE_JAR_SIG_MISSING_APK_SIG_REFERENCED, ": APK Signature Scheme v2");
    }
    if ((expected & ~f->v->found & PK_APKSIG_V3) != 0) {
        note(f, true, PK_ISSUE_JAR_SIG_MISSING_APK_SIG_REFERENCED, ": APK Signature Scheme v3");
    }
}

static void check_manifest_digest(struct file *f)
{
    struct pk_v1_expected expected[2];
    size_t count = pk_v1_expected_digests(
            f->v, f->main, f->by_signtool ? "-Digest" : "-Digest-Manifest", expected);

    f->whole = count > 0;
    if (count == 0) {
        note(f, false, PK_ISSUE_JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE, "");
    }
    for (size_t i = 0; i < count; i++) {
        if (!pk_v1_is_expected(
                    &expected[i], pk_v1_digest(&f->v->manifest_digests, expected[i].hash))) {
            note_digest(f, false, PK_ISSUE_JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY,
                    f->v->zip->entries[f->v->manifest_entry].name, expected[i].hash);
            f->whole = false;
        }
    }
}

static void check_main_digest(struct file *f)
{
    struct pk_v1_expected expected[2];
    size_t count = pk_v1_expected_digests(
            f->v, f->main, "-Digest-Manifest-Main-Attributes", expected);

    for (size_t i = 0; i < count; i++) {
        if (!pk_v1_is_expected(&expected[i], pk_v1_digest(&f->v->main_digests, expected[i].hash))) {
            note_digest(f, true, PK_ISSUE_JAR_SIG_MANIFEST_MAIN_SECTION_DIGEST_DID_NOT_VERIFY,
                    f->name, expected[i].hash);
        }
    }
}

/* The section of the manifest that an .SF section is about. */
static void check_section(struct file *f, struct pk_slice sf_section, size_t entry)
{
    struct pk_v1_section at = f->v->sections[entry];
    struct pk_slice name = f->v->zip->entries[entry].name;
    struct pk_slice bytes = pk_slice_of(f->v->manifest.bytes.ptr + at.start, at.size);
    struct pk_v1_expected expected[2];
    uint8_t actual[PK_HASH_SIZE_MAX];
    size_t count = pk_v1_expected_digests(f->v, sf_section, "-Digest", expected);

    if (count == 0) {
        pk_v1_note(
                f->v, f->signer, true, PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE, name, "");
        return;
    }
    if (f->by_signtool && bytes.len >= 2 && bytes.ptr[bytes.len - 1] == '\n' &&
            bytes.ptr[bytes.len - 2] == '\n') {
        bytes.len--; /* signtool left the empty line out */
    }
    for (size_t i = 0; i < count; i++) {
        if (pk_hash_digest(expected[i].hash, bytes, actual) < 0) {
            f->v->ctx->rc = PK_ENOMEM;
            return;
        }
        if (!pk_v1_is_expected(&expected[i], actual)) {
            note_digest(f, true, PK_ISSUE_JAR_SIG_MANIFEST_SECTION_DIGEST_DID_NOT_VERIFY, name,
                    expected[i].hash);
        }
    }
}

/* A name that is no entry's: kept, to find out later whether it stands there twice. */
static void keep_foreign(struct file *f, struct pk_slice name)
{
    uint8_t digest[PK_HASH_SIZE_MAX];

    if (f->foreign == NULL) {
        f->foreign = malloc(PK_JAR_FOREIGN_MAX * sizeof(*f->foreign));
        if (f->foreign == NULL) {
            f->v->ctx->rc = PK_ENOMEM;
            return;
        }
    }
    if (f->foreign_count < PK_JAR_FOREIGN_MAX &&
            pk_hash_digest(PK_HASH_SHA256, name, digest) == PK_OK) {
        memcpy(f->foreign[f->foreign_count++], digest, NAME_DIGEST);
    }
}

static int compare_names(const void *a, const void *b)
{
    return memcmp(a, b, NAME_DIGEST);
}

static bool has_foreign_twice(struct file *f)
{
    if (f->foreign_count < 2) {
        return false;
    }
    qsort(f->foreign, f->foreign_count, NAME_DIGEST, compare_names);
    for (size_t i = 1; i < f->foreign_count; i++) {
        if (memcmp(f->foreign[i - 1], f->foreign[i], NAME_DIGEST) == 0) {
            return true;
        }
    }
    return false;
}

/* False: the file is not looked at further. */
static bool check_sf_section(struct file *f, struct pk_slice section)
{
    const struct pk_zip_entry *entry;
    struct pk_slice name;
    size_t i;
    int rc = pk_jar_section_name(section, &f->v->joined, &name);

    if (rc == PK_ENOMEM) {
        f->v->ctx->rc = rc;
        return false;
    }
    if (rc < 0) {
        note(f, true, PK_ISSUE_JAR_SIG_UNNNAMED_SIG_FILE_SECTION, "");
        f->signer->ignored = true;
        return false;
    }
    entry = pk_zip_find_name(f->v->zip, name);
    if (entry == NULL) {
        keep_foreign(f, name);
        f->signer->ignored |= !f->whole; /* no manifest section has this name */
        return true;
    }
    i = (size_t)(entry - f->v->zip->entries);
    if ((f->v->named_by[i] & f->bit) != 0) {
        note(f, true, PK_ISSUE_JAR_SIG_DUPLICATE_SIG_FILE_SECTION, "");
        f->signer->ignored = true;
        return false;
    }
    f->v->named_by[i] |= (uint16_t)f->bit;
    if (f->whole) {
        return true;
    }
    if (f->v->sections[i].size == 0) {
        f->signer->ignored = true;
        return true;
    }
    check_section(f, section, i);
    return true;
}

static void check_sections(struct file *f)
{
    struct pk_slice section;

    while (pk_v1_goes_on(f->v) && pk_jar_next_section(&f->lines, &section)) {
        if (!check_sf_section(f, section)) {
            return;
        }
    }
    f->signer->ignored |= has_foreign_twice(f);
}

void pk_v1_verify_file(struct pk_v1 *v, struct pk_v1_signer *signer)
{
    struct file f = { .v = v, .signer = signer };
    struct pk_slice value;

    f.name = v->zip->entries[signer->file_entry].name;
    f.bit = 1U << (unsigned)(signer - v->signers);
    f.lines = pk_jar_lines_of(signer->file.bytes);
    if (!pk_jar_next_section(&f.lines, &f.main) || !main_value(&f, "Signature-Version", &value)) {
        signer->ignored = true;
        return;
    }
    if (v->ctx->max_sdk >= PK_SDK_N) {
        check_stripping(&f);
        if (signer->errors > 0) {
            return;
        }
    }
    f.by_signtool = main_value(&f, "Created-By", &value) &&
            memmem(value.ptr, value.len, "signtool", 8) != NULL;
    check_manifest_digest(&f);
    if (!f.by_signtool) {
        check_main_digest(&f);
    }
    if (signer->errors == 0) {
        check_sections(&f);
    }
    free(f.foreign);
}
