/* JAR signatures: the APKs of apksig's own tests, and archives that are signed here and wrong in one way. */
#include <time.h>

#include "check.h"
#include "data.h"
#include "formats/android/apksig_context.h"
#include "formats/android/manifest.h"
#include "formats/limits.h"
#include "jar_build.h"

#define MAX PK_APKSIG_SDK_MAX

static struct jar_key alice;
static struct jar_key bob;

/* --- running */

struct run {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_zip zip;
    struct pk_apksig_result result;
    struct pk_apksig_context ctx;
    struct pk_apksig_input in;
};

/* min 0: what the manifest of the APK says. */
static void run_v1(struct run *r, struct pk_slice file, int min, int max, unsigned found)
{
    struct pk_zip_bytes manifest = { .owned = NULL };
    const struct pk_zip_entry *entry;
    struct pk_error err = { .text = "" };

    *r = (struct run){ .arena = pk_arena_create(PK_SCAN_ARENA_MAX) };
    assert_int_equal(pk_anomalies_init(&r->anomalies, r->arena), PK_OK);
    if (pk_zip_open(file, r->arena, &r->anomalies, &r->zip, &err) < 0) {
        fail_msg("%s", err.text);
    }
    entry = pk_zip_find(&r->zip, "AndroidManifest.xml");
    if (min == 0 && entry != NULL && pk_zip_read(&r->zip, entry, &manifest, &err) == PK_OK) {
        assert_int_equal(pk_manifest_apksig_min_sdk(manifest.bytes, r->arena, &min, &err), PK_OK);
        pk_zip_release(&manifest);
    }
    if (min > max) { /* what the facade refuses */
        max = min;
    }
    r->in = (struct pk_apksig_input){ .zip = &r->zip };
    r->ctx = (struct pk_apksig_context){ .in = &r->in,
        .arena = r->arena,
        .anomalies = &r->anomalies,
        .out = &r->result,
        .min_sdk = min,
        .max_sdk = max };
    pk_apksig_v1_verify(&r->ctx, found);
    assert_int_equal(r->ctx.rc, PK_OK);
}

/* "E:NAME W:NAME ..." in order, "verified" or "malformed" in the end when it is so. */
static const char *said(const struct run *r)
{
    const struct pk_apksig_issue_met *met = r->result.met.items;
    const char *text = "";

    for (size_t i = 0; i < r->result.met.count; i++) {
        text = pk_arena_printf(r->arena, "%s%s:%s ", text, met[i].error ? "E" : "W",
                pk_apksig_issue_name(met[i].issue));
    }
    return pk_arena_printf(r->arena, "%s%s", text,
            r->result.format_error                            ? "malformed"
                    : (r->result.schemes & PK_APKSIG_V1) != 0 ? "verified"
                                                              : "");
}

/* --- the APKs of apksig's tests */

/* Fields of a line, split in place. */
static size_t split(char *line, char *fields[], size_t max)
{
    size_t count = 0;

    while (line != NULL && count < max) {
        fields[count++] = strsep(&line, "\t");
    }
    return count;
}

static void check_row(const char *file, int min, int max, const char *expect, const char *detail)
{
    struct pk_buffer apk;
    struct run r;
    const char *words;
    char path[512];

    (void)snprintf(path, sizeof(path), "apksig/apks/%s", file);
    apk = pk_test_file(path);
    run_v1(&r, pk_buffer_slice(&apk), min, max, 0);
    words = said(&r);
    if (strcmp(expect, "verified") == 0) {
        if (strstr(words, "verified") == NULL) {
            fail_msg("%s %d-%d: %s", file, min, max, words);
        }
    } else if (strcmp(expect, "rejected") == 0) {
        const char *at = strstr(words, detail);

        if (at == NULL || at - words < 2 || at[-2] != 'E' || strstr(words, "verified") != NULL) {
            fail_msg("%s %d-%d: %s instead of %s", file, min, max, words, detail);
        }
    } else if (strcmp(expect, "signer-cert-sha256") == 0) {
        const struct pk_apksig_signer *signers = r.result.all_signers.items;

        assert_int_equal(r.result.all_signers.count, 1);
        assert_string_equal(signers[0].cert.sha256, detail);
    }
    pk_arena_destroy(r.arena);
    pk_buffer_finish(&apk);
}

static int level(const char *text, int otherwise)
{
    return text[0] != '\0' ? (int)strtol(text, NULL, 10) : otherwise;
}

/* Rows about JAR signatures alone: the file has no other, and the issue is one of ours. */
static bool is_ours(char *const fields[])
{
    return strncmp(fields[0], "v1-", 3) == 0 && strcmp(fields[1], "verify") == 0 &&
            strstr(fields[0], "-targetSdk-") == NULL &&
            strstr(fields[0], "targetSandboxVersion") == NULL &&
            strcmp(fields[0], "v1-only-empty.apk") != 0; /* it has no AndroidManifest.xml */
}

static void apksig_tests_agree(void **state)
{
    struct pk_buffer table = pk_test_file("apksig/expected_from_tests.tsv");
    char *rest = table.ptr;
    size_t count = 0;

    while (rest != NULL && *rest != '\0') {
        char *line = strsep(&rest, "\n");
        char *fields[8];

        if (split(line, fields, PK_COUNT(fields)) == PK_COUNT(fields) && is_ours(fields)) {
            check_row(fields[0], level(fields[2], 0), level(fields[3], MAX), fields[5], fields[6]);
            count++;
        }
    }
    assert_true(count > 80);
    pk_buffer_finish(&table);
}

/* --- archives made here */

/* What is changed before it is signed; what is not set is right. */
struct plan {
    enum pk_hash hash; /* of the entries and of the signature; NONE: SHA-256 */
    const char *main;  /* added to the main section of the .SF */
    bool no_whole;     /* without the digest of the whole manifest */
    /* Replaces the first `from` in MANIFEST.MF before the .SF is made, ... */
    const char *manifest_from, *manifest_to;
    /* ... after it, */
    const char *late_from, *late_to;
    /* in the .SF before it is signed and after it. */
    const char *file_from, *file_to;
    const char *signed_from, *signed_to;
    const char *block; /* instead of the block's bytes */
    struct zip_item more[3];
    size_t more_count;
    bool without_manifest, without_file, without_block;
};

static void replace(struct pk_buffer *b, const char *from, const char *to)
{
    char *at = from != NULL ? strstr(b->ptr, from) : NULL;
    char *tail;

    if (from == NULL) {
        return;
    }
    assert_non_null(at);
    tail = strdup(at + strlen(from));
    b->len = (size_t)(at - b->ptr);
    assert_int_equal(pk_buffer_puts(b, to), PK_OK);
    assert_int_equal(pk_buffer_puts(b, tail), PK_OK);
    free(tail);
}

/* "a.txt", "dir/b.txt" (deflated) and one with a name that is wrapped, signed by alice. */
static struct pk_slice build(const struct plan *p)
{
    enum pk_hash hash = p->hash != PK_HASH_NONE ? p->hash : PK_HASH_SHA256;
    struct pk_buffer manifest = pk_buffer_of(1UL << 20);
    struct pk_buffer file = pk_buffer_of(1UL << 20);
    struct pk_buffer block = pk_buffer_of(1UL << 20);
    struct zip_item items[12] = {
        { .name = "a.txt", .text = "first" },
        { .name = "dir/b.txt", .text = "second second second second second", .deflate = true },
        { .name = "assets/a/name/that/is/longer/than/a/line/of/a/manifest/may/be/so/it/is/wrapped/"
                  "x",
                .text = "third" },
    };
    size_t count = 3;
    struct pk_slice out;

    jar_manifest(&manifest, items, count, hash);
    replace(&manifest, p->manifest_from, p->manifest_to);
    jar_file(&file, &manifest, p->main != NULL ? p->main : "", !p->no_whole, hash);
    replace(&manifest, p->late_from, p->late_to);
    replace(&file, p->file_from, p->file_to);
    jar_block(&block, &alice, &file, pk_hash_md(hash));
    replace(&file, p->signed_from, p->signed_to);
    if (!p->without_manifest) {
        items[count++] = (struct zip_item){
            .name = "META-INF/MANIFEST.MF", .text = manifest.ptr, .deflate = true
        };
    }
    if (!p->without_file) {
        items[count++] = (struct zip_item){ .name = "META-INF/ALICE.SF", .text = file.ptr };
    }
    if (!p->without_block) {
        items[count++] = (struct zip_item){ .name = "META-INF/ALICE.RSA",
            .text = p->block != NULL ? p->block : block.ptr,
            .text_len = p->block != NULL ? 0 : block.len };
    }
    for (size_t i = 0; i < p->more_count; i++) {
        items[count++] = p->more[i];
    }
    out = zip_build(&(struct zip_plan){ .items = items, .count = count });
    pk_buffer_finish(&manifest);
    pk_buffer_finish(&file);
    pk_buffer_finish(&block);
    return out;
}

static void each_change_has_its_issue(void **state)
{
    static const struct {
        const char *why;
        struct plan plan;
        int min;
        int max; /* 0: all */
        unsigned found;
        const char *said;
    } rows[] = {
        { "right", { 0 }, 24, 0, 0, "verified" },
        { "right, old and new", { .hash = PK_HASH_SHA1 }, 1, 0, 0, "verified" },
        { "right, without the whole digest", { .no_whole = true }, 24, 0, 0,
                "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE verified" },
        { "right, SHA-512", { .hash = PK_HASH_SHA512 }, 24, 0, 0, "verified" },
        { "SHA-224 is no digest of manifests", { .hash = PK_HASH_SHA224 }, 24, 0, 0,
                "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE " },
        { "MD5 is not since level 18", { .hash = PK_HASH_MD5 }, 18, 0, 0,
                "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE " },
        { "SHA-256 on old platforms needs the list", { .hash = PK_HASH_SHA256, .no_whole = true },
                8, 8, 0,
                "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE " },
        { "an algorithm that some levels do not know", { .hash = PK_HASH_SHA256 }, 9, 20, 0,
                "E:JAR_SIG_UNSUPPORTED_SIG_ALG " },
        { "SHA-384 before level 18", { .hash = PK_HASH_SHA384 }, 17, 0, 0,
                "E:JAR_SIG_UNSUPPORTED_SIG_ALG " },

        { "two entries of a name",
                { .more = { { .name = "a.txt", .text = "x" }, { .name = "a.txt", .text = "y" },
                          { .name = "dir/b.txt", .text = "z" } },
                        .more_count = 3 },
                24, 0, 0, "E:JAR_SIG_DUPLICATE_ZIP_ENTRY E:JAR_SIG_DUPLICATE_ZIP_ENTRY " },
        { "two folders of a name",
                { .more = { { .name = "d/" }, { .name = "d/" } }, .more_count = 2 }, 24, 0, 0,
                "verified" },
        { "no manifest", { .without_manifest = true }, 24, 0, 0, "E:JAR_SIG_NO_MANIFEST " },
        { "no block", { .without_block = true }, 24, 0, 0, "E:JAR_SIG_NO_SIGNATURES " },
        { "no signature file", { .without_file = true }, 24, 0, 0,
                "W:JAR_SIG_MISSING_FILE E:JAR_SIG_NO_SIGNATURES " },
        { "an entry that is not in the manifest",
                { .more = { { .name = "new.txt", .text = "new" } }, .more_count = 1 }, 24, 0, 0,
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST " },
        { "an unsigned folder", { .more = { { .name = "new/" } }, .more_count = 1 }, 24, 0, 0,
                "verified" },
        { "a manifest section without entry",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "Name: gone.txt\r\nSHA1-Digest: x\r\n\r\nName: a.txt\r\n" },
                24, 0, 0, "E:JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST " },
        { "a manifest section about a folder",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "Name: d/\r\nSHA1-Digest: x\r\n\r\nName: a.txt\r\n",
                        .more = { { .name = "d/" } },
                        .more_count = 1 },
                24, 0, 0, "E:JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST " },
        { "an entry without a name",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "Name: \r\nSHA-256-Digest: "
                                       "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n"
                                       "\r\nName: a.txt\r\n",
                        .more = { { .name = "", .text = "" } },
                        .more_count = 1 },
                24, 0, 0, "verified" },
        { "a manifest section twice",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "Name: a.txt\r\nSHA1-Digest: x\r\n\r\nName: a.txt\r\n" },
                24, 0, 0, "E:JAR_SIG_DUPLICATE_MANIFEST_SECTION " },
        { "a section without entry twice",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "Name: g\r\nSHA1-Digest: x\r\n\r\n"
                                       "Name: g\r\nSHA1-Digest: x\r\n\r\nName: a.txt\r\n" },
                24, 0, 0,
                "E:JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST "
                "E:JAR_SIG_DUPLICATE_MANIFEST_SECTION " },
        { "a manifest section without name",
                { .manifest_from = "Name: a.txt\r\n",
                        .manifest_to = "X: y\r\nSHA1-Digest: x\r\n\r\nName: a.txt\r\n" },
                24, 0, 0, "E:JAR_SIG_UNNNAMED_MANIFEST_SECTION " },
        { "a manifest section without digest",
                { .manifest_from = "SHA-256-Digest: ", .manifest_to = "SHA-224-Digest: " }, 24, 0,
                0, "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST " },
        { "a digest that is not base64",
                { .manifest_from = "SHA-256-Digest: ", .manifest_to = "SHA-256-Digest: !" }, 24, 0,
                0, "E:JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY " },
        { "a stronger wrong digest beside the right one",
                { .manifest_from = "SHA-256-Digest: ",
                        .manifest_to = "SHA-512-Digest: AAAA\r\nSHA-256-Digest: " },
                24, 0, 0, "E:JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY " },
        { "a weaker wrong digest beside the right one",
                { .manifest_from = "SHA-256-Digest: ",
                        .manifest_to = "SHA1-Digest: AAAA\r\nSHA-256-Digest: " },
                24, 0, 0, "verified" },
        { "the same, where the weaker one counts",
                { .manifest_from = "SHA-256-Digest: ",
                        .manifest_to = "SHA1-Digest: AAAA\r\nSHA-256-Digest: " },
                8, 8, 0,
                "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE "
                "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE " },

        { "the manifest changed in its main section",
                { .late_from = "Manifest-Version: 1.0", .late_to = "Manifest-Version: 1.1" }, 24, 0,
                0, "W:JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY verified" },
        { "the manifest changed in a section",
                { .late_from = "Name: a.txt\r\n", .late_to = "name: a.txt\r\n" }, 24, 0, 0,
                "W:JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY "
                "E:JAR_SIG_MANIFEST_SECTION_DIGEST_DID_NOT_VERIFY " },
        { "the main section's own digest",
                { .main = "SHA-256-Digest-Manifest-Main-Attributes: AAAA\r\n" }, 24, 0, 0,
                "E:JAR_SIG_MANIFEST_MAIN_SECTION_DIGEST_DID_NOT_VERIFY " },
        { "signtool has none",
                { .main = "Created-By: signtool\r\n"
                          "SHA-256-Digest-Manifest-Main-Attributes: AAAA\r\n" },
                24, 0, 0, "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE verified" },

        { "an entry that the file does not name",
                { .file_from = "Name: a.txt\r\n", .file_to = "Name: c.txt\r\n" }, 24, 0, 0,
                "E:JAR_SIG_ZIP_ENTRY_NOT_SIGNED " },
        { "the same, without the whole digest",
                { .file_from = "Name: a.txt\r\n", .file_to = "Name: c.txt\r\n", .no_whole = true },
                24, 0, 0, "E:JAR_SIG_NO_SIGNATURES " },
        { "a file changed after it was signed",
                { .signed_from = "Name: a.txt\r\n", .signed_to = "Name: c.txt\r\n" }, 24, 0, 0,
                "E:JAR_SIG_DID_NOT_VERIFY " },
        { "a file without version",
                { .file_from = "Signature-Version", .file_to = "Signature-Verzion" }, 24, 0, 0,
                "E:JAR_SIG_NO_SIGNATURES " },
        { "a file section without name", { .file_from = "Name: a.txt", .file_to = "Mane: a.txt" },
                24, 0, 0, "E:JAR_SIG_NO_SIGNATURES " },
        { "a file section twice", { .file_from = "Name: a.txt", .file_to = "Name: dir/b.txt" }, 24,
                0, 0, "E:JAR_SIG_NO_SIGNATURES " },
        { "a file section of no entry twice",
                { .file_from = "Name: a.txt",
                        .file_to = "Name: g\r\n\r\nName: g\r\n\r\nName: a.txt" },
                24, 0, 0, "E:JAR_SIG_NO_SIGNATURES " },
        { "a file section of no entry once",
                { .file_from = "Name: a.txt", .file_to = "Name: g\r\n\r\nName: a.txt" }, 24, 0, 0,
                "verified" },
        { "an empty file", { .file_from = "Signature-Version: 1.0\r\n", .file_to = "\r\n" }, 24, 0,
                0, "E:JAR_SIG_NO_SIGNATURES " },

        { "a block that is none", { .block = "this is no block" }, 24, 0, 0,
                "E:JAR_SIG_PARSE_EXCEPTION " },

        { "v2 was stripped", { .main = "X-Android-APK-Signed: 2\r\n" }, 1, 0, 0,
                "E:JAR_SIG_UNSUPPORTED_SIG_ALG " },
        { "v2 was stripped", { .main = "X-Android-APK-Signed: 2\r\n" }, 18, 0, 0,
                "E:JAR_SIG_MISSING_APK_SIG_REFERENCED " },
        { "v2 was stripped, nobody knows it", { .main = "X-Android-APK-Signed: 2\r\n" }, 18, 23, 0,
                "verified" },
        { "v2 is there", { .main = "X-Android-APK-Signed: 2\r\n" }, 18, 0, PK_APKSIG_V2,
                "verified" },
        { "v3 was stripped", { .main = "X-Android-APK-Signed: 2, 3\r\n" }, 18, 0, PK_APKSIG_V2,
                "E:JAR_SIG_MISSING_APK_SIG_REFERENCED " },
        { "v2 and v3 were stripped", { .main = "X-Android-APK-Signed: 3,2\r\n" }, 18, 0, 0,
                "E:JAR_SIG_MISSING_APK_SIG_REFERENCED E:JAR_SIG_MISSING_APK_SIG_REFERENCED " },
        { "v3 was stripped, nobody knows it", { .main = "X-Android-APK-Signed: 2, 3\r\n" }, 18, 27,
                PK_APKSIG_V2, "W:JAR_SIG_UNKNOWN_APK_SIG_SCHEME_ID verified" },
        { "odd schemes", { .main = "X-Android-APK-Signed:  +2,,x, 99 ,-1,99999999999\r\n" }, 18, 0,
                PK_APKSIG_V2,
                "W:JAR_SIG_UNKNOWN_APK_SIG_SCHEME_ID W:JAR_SIG_UNKNOWN_APK_SIG_SCHEME_ID "
                "verified" },
        { "v2 is there, unsaid", { 0 }, 18, 0, PK_APKSIG_V2,
                "W:JAR_SIG_NO_APK_SIG_STRIP_PROTECTION verified" },
        { "what was noted about signers is forgotten when entries fail",
                { .more = { { .name = "new.txt", .text = "new" } }, .more_count = 1 }, 18, 0,
                PK_APKSIG_V2, "E:JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST " },

        { "files that nothing protects",
                { .more = { { .name = "META-INF/services/x", .text = "x" },
                          { .name = "META-INF/d/" }, { .name = "META-INF/OLD.SF", .text = "x" } },
                        .more_count = 3 },
                24, 0, 0,
                "W:JAR_SIG_UNPROTECTED_ZIP_ENTRY W:JAR_SIG_UNPROTECTED_ZIP_ENTRY verified" },
        { "an entry whose headers disagree",
                { .more = { { .name = "META-INF/x.SF", .local_name = "META-INF/y.SF", .text = "x" },
                          { .name = "META-INF/x.RSA", .text = "x" } },
                        .more_count = 2 },
                24, 0, 0, "malformed" },
        { "an entry that nobody reads and whose headers disagree",
                { .more = { { .name = "META-INF/x.SF",
                          .local_name = "META-INF/y.SF",
                          .text = "x" } },
                        .more_count = 1 },
                24, 0, 0, "W:JAR_SIG_UNPROTECTED_ZIP_ENTRY verified" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_slice apk = build(&rows[i].plan);
        struct run r;

        run_v1(&r, apk, rows[i].min, rows[i].max != 0 ? rows[i].max : MAX, rows[i].found);
        if (strcmp(said(&r), rows[i].said) != 0) {
            fail_msg("%s: '%s', not '%s'", rows[i].why, said(&r), rows[i].said);
        }
        pk_arena_destroy(r.arena);
        free((void *)apk.ptr);
    }
}

/* All entries must be signed by the same signers; others are left out. */
static void signers_must_agree(void **state)
{
    struct zip_item items[8] = { { .name = "a", .text = "a" }, { .name = "b", .text = "b" } };
    struct pk_buffer manifest = pk_buffer_of(1UL << 20);
    struct pk_buffer file = pk_buffer_of(1UL << 20);
    struct pk_buffer part = pk_buffer_of(1UL << 20);
    struct pk_buffer blocks[2] = { pk_buffer_of(1UL << 20), pk_buffer_of(1UL << 20) };
    const struct pk_apksig_signer *signers;
    struct pk_slice apk;
    struct run r;

    jar_manifest(&manifest, items, 2, PK_HASH_SHA256);
    jar_file(&file, &manifest, "", true, PK_HASH_SHA256);
    (void)pk_buffer_put(&part, file.ptr, file.len);
    replace(&part, "Name: b\r\n", "Name: c\r\n");
    jar_block(&blocks[0], &alice, &file, EVP_sha256());
    jar_block(&blocks[1], &bob, &part, EVP_sha256());
    items[2] = (struct zip_item){ .name = "META-INF/MANIFEST.MF", .text = manifest.ptr };
    items[3] = (struct zip_item){ .name = "META-INF/A.SF", .text = file.ptr };
    items[4] = (struct zip_item){
        .name = "META-INF/A.RSA", .text = blocks[0].ptr, .text_len = blocks[0].len
    };
    items[5] = (struct zip_item){ .name = "META-INF/B.SF", .text = part.ptr };
    items[6] = (struct zip_item){
        .name = "META-INF/B.EC", .text = blocks[1].ptr, .text_len = blocks[1].len
    };
    apk = zip_build(&(struct zip_plan){ .items = items, .count = 7 });
    run_v1(&r, apk, 24, MAX, 0);
    assert_string_equal(said(&r), "E:JAR_SIG_ZIP_ENTRY_SIGNERS_MISMATCH ");
    assert_int_equal(r.result.all_signers.count, 0);
    pk_arena_destroy(r.arena);
    free((void *)apk.ptr);

    /* Both entries by alice alone: bob is left out, and his files are not protected. */
    replace(&part, "Name: a\r\n", "Name: d\r\n");
    pk_buffer_clear(&blocks[1]);
    jar_block(&blocks[1], &bob, &part, EVP_sha256());
    items[5].text = part.ptr;
    items[6].text = blocks[1].ptr;
    items[6].text_len = blocks[1].len;
    apk = zip_build(&(struct zip_plan){ .items = items, .count = 7 });
    run_v1(&r, apk, 24, MAX, 0);
    assert_string_equal(
            said(&r), "W:JAR_SIG_UNPROTECTED_ZIP_ENTRY W:JAR_SIG_UNPROTECTED_ZIP_ENTRY verified");
    assert_int_equal(r.result.all_signers.count, 1);
    signers = r.result.all_signers.items;
    assert_string_equal(signers[0].cert.subject, "CN=alice");
    pk_arena_destroy(r.arena);
    free((void *)apk.ptr);
    pk_buffer_finish(&manifest);
    pk_buffer_finish(&file);
    pk_buffer_finish(&part);
    pk_buffer_finish(&blocks[0]);
    pk_buffer_finish(&blocks[1]);
}

static void nothing_signed_is_said(void **state)
{
    struct zip_item items[3];
    struct pk_buffer manifest = pk_buffer_of(1UL << 20);
    struct pk_buffer file = pk_buffer_of(1UL << 20);
    struct pk_buffer block = pk_buffer_of(1UL << 20);
    struct pk_slice apk;
    struct run r;

    jar_manifest(&manifest, NULL, 0, PK_HASH_SHA256);
    jar_file(&file, &manifest, "", true, PK_HASH_SHA256);
    jar_block(&block, &alice, &file, EVP_sha256());
    items[0] = (struct zip_item){ .name = "META-INF/MANIFEST.MF", .text = manifest.ptr };
    items[1] = (struct zip_item){ .name = "META-INF/A.SF", .text = file.ptr };
    items[2] = (struct zip_item){
        .name = "META-INF/A.RSA", .text = block.ptr, .text_len = block.len
    };
    apk = zip_build(&(struct zip_plan){ .items = items, .count = 3 });
    run_v1(&r, apk, 24, MAX, 0);
    assert_string_equal(said(&r), "E:JAR_SIG_NO_SIGNED_ZIP_ENTRIES ");
    pk_arena_destroy(r.arena);
    free((void *)apk.ptr);
    pk_buffer_finish(&manifest);
    pk_buffer_finish(&file);
    pk_buffer_finish(&block);
}

static void the_content_digest_is_the_manifests(void **state)
{
    struct pk_buffer apk = pk_test_file("apksig/apks/v1-only-with-stamp.apk");
    struct pk_buffer v2 = pk_test_file("apksig/apks/v2-only-with-stamp.apk");
    struct pk_zip_bytes manifest;
    uint8_t expected[32];
    uint8_t digest[32];
    struct run r;

    run_v1(&r, pk_buffer_slice(&apk), 24, MAX, 0);
    assert_int_equal(
            pk_zip_read(&r.zip, pk_zip_find(&r.zip, "META-INF/MANIFEST.MF"), &manifest, NULL),
            PK_OK);
    pk_sha256(manifest.bytes, expected);
    pk_zip_release(&manifest);
    assert_true(pk_apksig_v1_content_digest(&r.ctx, digest));
    assert_memory_equal(digest, expected, sizeof(digest));
    pk_arena_destroy(r.arena);
    run_v1(&r, pk_buffer_slice(&v2), 24, MAX, 0);
    assert_false(pk_apksig_v1_content_digest(&r.ctx, digest));
    assert_false(r.result.format_error);
    pk_arena_destroy(r.arena);
    pk_buffer_finish(&apk);
    pk_buffer_finish(&v2);
}

/* However much memory there is: a verdict, or PK_ENOMEM; never "verified" without having looked. */
static void memory_may_be_short(void **state)
{
    struct pk_slice apk = build(&(struct plan){ .main = "X-Android-APK-Signed: 2, 9\r\n",
            .more = { { .name = "META-INF/x", .text = "x" } },
            .more_count = 1 });
    struct pk_arena *zip_arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_zip zip;
    bool done = false;

    assert_int_equal(pk_anomalies_init(&anomalies, zip_arena), PK_OK);
    assert_int_equal(pk_zip_open(apk, zip_arena, &anomalies, &zip, NULL), PK_OK);
    for (size_t max = 0; !done && max < 1UL << 20; max += 32) {
        struct pk_apksig_input in = { .zip = &zip };
        struct pk_apksig_result result = { .verified = false };
        struct pk_apksig_context ctx = {
            .in = &in, .arena = pk_arena_create(max), .out = &result, .min_sdk = 24, .max_sdk = MAX
        };

        pk_apksig_v1_verify(&ctx, PK_APKSIG_V2);
        assert_true(ctx.rc == PK_OK || ctx.rc == PK_ENOMEM);
        assert_true(ctx.rc == PK_ENOMEM || (result.schemes & PK_APKSIG_V1) != 0);
        assert_true(ctx.rc == PK_OK || result.schemes == 0);
        done = ctx.rc == PK_OK;
        pk_arena_destroy(ctx.arena);
    }
    assert_true(done);
    pk_arena_destroy(zip_arena);
    free((void *)apk.ptr);
}

/* As many entries as an archive can have: each name is looked up, none is searched for. */
static void the_largest_archive_takes_no_time(void **state)
{
    const size_t count = PK_ZIP_ENTRIES_MAX - 3;
    struct zip_item *items = calloc(count + 3, sizeof(*items));
    char(*names)[24] = calloc(count, sizeof(*names));
    struct pk_buffer manifest = pk_buffer_of(64UL << 20);
    struct pk_buffer file = pk_buffer_of(64UL << 20);
    struct pk_buffer block = pk_buffer_of(1UL << 20);
    struct pk_slice apk;
    struct run r;
    clock_t begin;

    assert_non_null(items);
    assert_non_null(names);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "res/drawable/%zu", i);
        items[i] = (struct zip_item){ .name = names[i], .text = names[i] };
    }
    jar_manifest(&manifest, items, count, PK_HASH_SHA256);
    jar_file(&file, &manifest, "", false, PK_HASH_SHA256);
    jar_block(&block, &alice, &file, EVP_sha256());
    items[count] = (struct zip_item){
        .name = "META-INF/MANIFEST.MF", .text = manifest.ptr, .deflate = true
    };
    items[count + 1] = (struct zip_item){
        .name = "META-INF/A.SF", .text = file.ptr, .deflate = true
    };
    items[count + 2] = (struct zip_item){
        .name = "META-INF/A.RSA", .text = block.ptr, .text_len = block.len
    };
    apk = zip_build(&(struct zip_plan){ .items = items, .count = count + 3 });
    begin = clock();
    run_v1(&r, apk, 24, MAX, 0);
    print_message(
            "# %zu entries in %.0f ms\n", count, (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC);
    assert_true(clock() - begin < 5 * CLOCKS_PER_SEC); /* sanitizers and slow machines included */
    assert_string_equal(said(&r), "W:JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE verified");
    pk_arena_destroy(r.arena);
    free((void *)apk.ptr);
    pk_buffer_finish(&manifest);
    pk_buffer_finish(&file);
    pk_buffer_finish(&block);
    free(items);
    free(names);
}

static void a_huge_claim_is_not_believed(void **state)
{
    struct plan plan = { .without_file = true };
    struct pk_slice apk;
    struct run r;

    plan.more[0] = (struct zip_item){ .name = "META-INF/ALICE.SF",
        .text = "x",
        .deflate = true,
        .plain_size = 2016310387,
        .packed_size = 3 };
    plan.more_count = 1;
    apk = build(&plan);
    run_v1(&r, apk, 24, MAX, 0);
    assert_string_equal(said(&r), "malformed");
    assert_true(strlen(r.result.format_text) > 0);
    pk_arena_destroy(r.arena);
    free((void *)apk.ptr);
}

static int make_keys(void **state)
{
    alice = jar_key_create("alice");
    bob = jar_key_create("bob");
    return 0;
}

static int end_keys(void **state)
{
    jar_key_destroy(&alice);
    jar_key_destroy(&bob);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apksig_tests_agree),
        cmocka_unit_test(each_change_has_its_issue),
        cmocka_unit_test(signers_must_agree),
        cmocka_unit_test(nothing_signed_is_said),
        cmocka_unit_test(the_content_digest_is_the_manifests),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(the_largest_archive_takes_no_time),
        cmocka_unit_test(a_huge_claim_is_not_believed),
    };

    return cmocka_run_group_tests(tests, make_keys, end_keys);
}
