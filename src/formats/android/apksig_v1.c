/* JAR signatures of APKs, as AOSP's tools/apksig (V1SchemeVerifier) verifies them. */
#include <stdio.h>

#include "base/crypt.h"
#include "formats/android/apksig_v1_internal.h"
#include "formats/limits.h"

#define META          "META-INF/"
#define MANIFEST_NAME "META-INF/MANIFEST.MF"
#define SHOWN_MAX     160UL /* bytes of an entry's name in an issue's details */

static bool begins_with(struct pk_slice name, const char *text)
{
    return name.len >= strlen(text) && memcmp(name.ptr, text, strlen(text)) == 0;
}

static bool ends_with(struct pk_slice name, const char *text)
{
    size_t len = strlen(text);

    return name.len >= len && memcmp(name.ptr + name.len - len, text, len) == 0;
}

/* --- saying things */

/* "'name'text", "" when memory is short. */
static const char *details(struct pk_v1 *v, struct pk_slice name, const char *text)
{
    const char *clean;
    const char *out;

    if (name.ptr == NULL) {
        out = pk_arena_strdup(v->ctx->arena, text);
    } else {
        clean = pk_printable(v->ctx->arena, name.ptr, name.len, SHOWN_MAX);
        out = clean != NULL ? pk_arena_printf(v->ctx->arena, "'%s'%s", clean, text) : NULL;
    }
    if (out == NULL) {
        v->ctx->rc = PK_ENOMEM;
    }
    return out != NULL ? out : "";
}

static bool has_room(const struct pk_v1 *v)
{
    return v->ctx->out->met.count < PK_APKSIG_ISSUES_MAX;
}

void pk_v1_error(
        struct pk_v1 *v, enum pk_apksig_issue issue, struct pk_slice name, const char *text)
{
    v->errors++;
    pk_apksig_error(v->ctx, PK_APKSIG_V1, issue, "%s", has_room(v) ? details(v, name, text) : "");
}

void pk_v1_warning(
        struct pk_v1 *v, enum pk_apksig_issue issue, struct pk_slice name, const char *text)
{
    pk_apksig_warning(v->ctx, PK_APKSIG_V1, issue, "%s", has_room(v) ? details(v, name, text) : "");
}

void pk_v1_note(struct pk_v1 *v, struct pk_v1_signer *signer, bool error,
        enum pk_apksig_issue issue, struct pk_slice name, const char *text)
{
    struct pk_v1_note *note;

    signer->errors += error;
    if (signer->note_count == PK_APKSIG_ISSUES_MAX) {
        return;
    }
    note = pk_arena_alloc(v->ctx->arena, 1, sizeof(*note));
    if (note == NULL) {
        v->ctx->rc = PK_ENOMEM;
        return;
    }
    *note = (struct pk_v1_note){
        .issue = issue, .error = error, .details = details(v, name, text)
    };
    if (signer->last_note != NULL) {
        signer->last_note->next = note;
    } else {
        signer->notes = note;
    }
    signer->last_note = note;
    signer->note_count++;
}

/* The signer counts, and so does what was noted about it. */
static void say_notes(struct pk_v1 *v, const struct pk_v1_signer *signer)
{
    for (const struct pk_v1_note *note = signer->notes; note != NULL; note = note->next) {
        if (note->error) {
            v->errors++;
            pk_apksig_error(v->ctx, PK_APKSIG_V1, note->issue, "%s", note->details);
        } else {
            pk_apksig_warning(v->ctx, PK_APKSIG_V1, note->issue, "%s", note->details);
        }
    }
}

/* --- reading the archive */

static void set_format_error(struct pk_apksig_context *ctx, struct pk_slice name, const char *text)
{
    const char *clean = pk_printable(ctx->arena, name.ptr, name.len, SHOWN_MAX);
    const char *out = clean != NULL
            ? pk_arena_printf(ctx->arena, "malformed entry '%s': %s", clean, text)
            : NULL;

    ctx->out->format_error = true;
    ctx->out->format_text = out != NULL ? out : "";
    if (out == NULL) {
        ctx->rc = PK_ENOMEM;
    }
}

/* What apksig's LocalFileRecord checks before it reads. */
static bool check_header(struct pk_apksig_context *ctx, const struct pk_zip_entry *entry)
{
    if ((entry->odd & ~(unsigned)PK_ZIP_ODD_METHOD) != 0) {
        set_format_error(ctx, entry->name, "its local header is not what the directory says");
        return false;
    }
    return true;
}

static bool read_file(struct pk_apksig_context *ctx, const struct pk_zip_entry *entry, size_t max,
        struct pk_zip_bytes *out)
{
    struct pk_error err = { .text = "" };
    int rc;

    if (!check_header(ctx, entry)) {
        return false;
    }
    if (entry->plain_size > max) {
        const char *name = pk_printable(ctx->arena, entry->name.ptr, entry->name.len, SHOWN_MAX);

        pk_anomaly_add(ctx->anomalies, PK_ANOMALY_LIMIT_JAR_FILE, "'%s' has %lu bytes",
                name != NULL ? name : "", (unsigned long)entry->plain_size);
        set_format_error(ctx, entry->name, "larger than a file of a signature may be");
        return false;
    }
    rc = pk_zip_read(ctx->in->zip, entry, out, &err);
    if (rc == PK_ENOMEM) {
        ctx->rc = rc;
    } else if (rc < 0) {
        set_format_error(ctx, entry->name, err.text);
    }
    return rc == PK_OK;
}

void pk_v1_stop(struct pk_v1 *v, size_t entry, int rc, const struct pk_error *err)
{
    v->stopped = true;
    if (rc == PK_ENOMEM) {
        v->ctx->rc = rc;
    } else {
        set_format_error(v->ctx, v->zip->entries[entry].name, err->text);
    }
}

bool pk_v1_is_readable(struct pk_v1 *v, size_t entry)
{
    v->stopped |= !check_header(v->ctx, &v->zip->entries[entry]);
    return !v->stopped;
}

bool pk_v1_read(struct pk_v1 *v, size_t entry, struct pk_zip_bytes *out)
{
    const struct pk_zip_entry *from = &v->zip->entries[entry];
    /* Signature blocks are kept in the arena. */
    size_t max = ends_with(from->name, ".SF") || ends_with(from->name, ".MF") ? PK_JAR_FILE_MAX
                                                                              : PK_JAR_BLOCK_MAX;

    v->stopped |= !read_file(v->ctx, from, max, out);
    return pk_v1_goes_on(v);
}

/* --- the steps */

static bool is_folder(struct pk_slice name)
{
    return ends_with(name, "/");
}

static void check_duplicates(struct pk_v1 *v)
{
    /* named_by is not used yet: here it says which duplicates were said. */
    for (size_t i = 0; i < v->zip->count && pk_v1_goes_on(v); i++) {
        struct pk_slice name = v->zip->entries[i].name;
        const struct pk_zip_entry *first = pk_zip_find_name(v->zip, name);
        size_t at = first != NULL ? (size_t)(first - v->zip->entries) : i;

        if (at != i && !is_folder(name) && v->named_by[at] == 0) {
            v->named_by[at] = 1;
            pk_v1_error(v, PK_ISSUE_JAR_SIG_DUPLICATE_ZIP_ENTRY, name, "");
        }
    }
}

static bool read_manifest(struct pk_v1 *v)
{
    const struct pk_zip_entry *entry = pk_zip_find(v->zip, MANIFEST_NAME);

    if (entry == NULL) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_MANIFEST, (struct pk_slice){ 0 }, "");
        return false;
    }
    v->manifest_entry = (size_t)(entry - v->zip->entries);
    if (!pk_v1_read(v, v->manifest_entry, &v->manifest)) {
        return false;
    }
    pk_v1_index_manifest(v);
    return v->errors == 0 && pk_v1_goes_on(v);
}

static bool is_block(struct pk_slice name)
{
    return begins_with(name, META) &&
            (ends_with(name, ".RSA") || ends_with(name, ".DSA") || ends_with(name, ".EC"));
}

/* The entry of the signature file that belongs to a block: the same name with another ending. */
static const struct pk_zip_entry *find_file(struct pk_v1 *v, struct pk_slice block)
{
    size_t len = block.len;

    while (block.ptr[len - 1] != '.') { /* is_block() saw one */
        len--;
    }
    pk_buffer_clear(&v->joined);
    (void)pk_buffer_put(&v->joined, block.ptr, len);
    if (pk_buffer_puts(&v->joined, "SF") < 0) {
        v->ctx->rc = PK_ENOMEM;
        return NULL;
    }
    return pk_zip_find_name(v->zip, pk_buffer_slice(&v->joined));
}

static bool find_signers(struct pk_v1 *v)
{
    size_t count = 0;
    char text[64];

    for (size_t i = 0; i < v->zip->count && pk_v1_goes_on(v); i++) {
        struct pk_slice name = v->zip->entries[i].name;
        const struct pk_zip_entry *file;

        if (!is_block(name)) {
            continue;
        }
        file = find_file(v, name);
        if (file == NULL) {
            pk_v1_warning(v, PK_ISSUE_JAR_SIG_MISSING_FILE, name, "");
            continue;
        }
        if (count < PK_V1_SIGNERS_MAX) {
            v->signers[count] = (struct pk_v1_signer){ .block_entry = i,
                .file_entry = (size_t)(file - v->zip->entries) };
        }
        count++;
    }
    if (!pk_v1_goes_on(v)) {
        return false;
    }
    if (count == 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_SIGNATURES, (struct pk_slice){ 0 }, "");
        return false;
    }
    if (count > PK_V1_SIGNERS_MAX) {
        (void)snprintf(text, sizeof(text), "%zu signers, at most %d", count, PK_V1_SIGNERS_MAX);
        pk_v1_error(v, PK_ISSUE_JAR_SIG_MAX_SIGNATURES_EXCEEDED, (struct pk_slice){ 0 }, text);
        return false;
    }
    v->signer_count = count;
    return true;
}

static bool verify_blocks(struct pk_v1 *v)
{
    for (size_t i = 0; i < v->signer_count && pk_v1_goes_on(v); i++) {
        pk_v1_verify_block(v, &v->signers[i]);
        if (v->signers[i].errors > 0) {
            say_notes(v, &v->signers[i]);
        }
    }
    return v->errors == 0 && pk_v1_goes_on(v);
}

static bool verify_files(struct pk_v1 *v)
{
    size_t remaining = 0;

    for (size_t i = 0; i < v->signer_count && pk_v1_goes_on(v); i++) {
        struct pk_v1_signer *signer = &v->signers[i];

        pk_v1_verify_file(v, signer);
        pk_zip_release(&signer->file);
        if (!signer->ignored && signer->errors > 0) {
            say_notes(v, signer);
        }
        remaining += !signer->ignored;
    }
    if (v->errors > 0 || !pk_v1_goes_on(v)) {
        return false;
    }
    if (remaining == 0) {
        pk_v1_error(v, PK_ISSUE_JAR_SIG_NO_SIGNATURES, (struct pk_slice){ 0 }, "");
        return false;
    }
    return true;
}

/* Files of META-INF that no signature covers: anybody can have put them there. */
static void warn_unprotected(struct pk_v1 *v, unsigned signers)
{
    /* named_by is not needed any more: here it says which entries make up the signatures. */
    memset(v->named_by, 0, v->zip->count * sizeof(*v->named_by));
    v->named_by[v->manifest_entry] = 1;
    for (size_t i = 0; i < v->signer_count; i++) {
        if ((signers & 1U << i) != 0) {
            v->named_by[v->signers[i].block_entry] = 1;
            v->named_by[v->signers[i].file_entry] = 1;
        }
    }
    for (size_t i = 0; i < v->zip->count && pk_v1_goes_on(v); i++) {
        struct pk_slice name = v->zip->entries[i].name;

        if (begins_with(name, META) && !is_folder(name) && v->named_by[i] == 0) {
            pk_v1_warning(v, PK_ISSUE_JAR_SIG_UNPROTECTED_ZIP_ENTRY, name, "");
        }
    }
}

static void add_signers(struct pk_v1 *v, unsigned signers)
{
    for (size_t i = 0; i < v->signer_count; i++) {
        struct pk_apksig_signer *signer;

        if ((signers & 1U << i) == 0) {
            continue;
        }
        say_notes(v, &v->signers[i]);
        signer = pk_apksig_add_signer(v->ctx, PK_APKSIG_V1);
        if (signer != NULL) {
            signer->cert = v->signers[i].cert;
        }
    }
}

static void verify(struct pk_v1 *v)
{
    unsigned signers;

    check_duplicates(v);
    if (v->errors > 0 || !pk_v1_goes_on(v) || !read_manifest(v) || !find_signers(v) ||
            !verify_blocks(v) || !verify_files(v)) {
        return;
    }
    signers = pk_v1_verify_entries(v);
    if (v->errors > 0 || !pk_v1_goes_on(v)) {
        return;
    }
    warn_unprotected(v, signers);
    add_signers(v, signers);
    if (pk_v1_goes_on(v)) {
        v->ctx->out->schemes |= PK_APKSIG_V1;
    }
}

void pk_apksig_v1_verify(struct pk_apksig_context *ctx, unsigned found)
{
    struct pk_zip *zip = ctx->in->zip;
    struct pk_v1 v = {
        .ctx = ctx,
        .zip = zip,
        .found = found,
        .sections = pk_arena_alloc(ctx->arena, zip->count, sizeof(*v.sections)),
        .named_by = pk_arena_alloc(ctx->arena, zip->count, sizeof(*v.named_by)),
        .joined = pk_buffer_of(PK_JAR_FILE_MAX),
    };

    if (v.sections == NULL || v.named_by == NULL) {
        ctx->rc = PK_ENOMEM;
        return;
    }
    verify(&v);
    for (size_t i = 0; i < v.signer_count; i++) {
        pk_zip_release(&v.signers[i].file);
    }
    pk_zip_release(&v.manifest);
    pk_buffer_finish(&v.joined);
    EVP_MD_CTX_free(v.md[0]);
    EVP_MD_CTX_free(v.md[1]);
}

bool pk_apksig_v1_content_digest(struct pk_apksig_context *ctx, uint8_t out[32])
{
    const struct pk_zip_entry *entry = pk_zip_find(ctx->in->zip, MANIFEST_NAME);
    struct pk_zip_bytes bytes;

    if (entry == NULL || !read_file(ctx, entry, PK_JAR_FILE_MAX, &bytes)) {
        return false;
    }
    pk_sha256(bytes.bytes, out);
    pk_zip_release(&bytes);
    return true;
}
