/* ipa_seal.c - _CodeSignature/CodeResources: the list of a bundle's files and their hashes, and which
 * files it leaves out. Its rules are regular expressions of whoever signed: they are not executed, the
 * ones that Apple's tools write are known by their text. */
#include <stdlib.h>

#include "base/crypt.h"
#include "formats/apple/ipa_internal.h"
#include "formats/apple/plist_tree.h"
#include "formats/pubkey.h"

#define DAMAGES_TOLD 1000UL /* with their names; more are counted */
/* An archive holds fewer files, so more rows are a lie that only costs time. */
#define ROWS_MAX (2 * PK_ZIP_ENTRIES_MAX)

struct seal {
    struct pk_ipa_job *job;
    struct pk_slice folder;
    struct pk_slice executable;
    const struct pk_plist *files; /* path -> hash, or dictionary of hashes */
    size_t *order;                /* of its keys, sorted */
    bool modern;                  /* files2: nested code and symbolic links are listed, too */
    struct pk_ipa_seal *out;
};

struct digest {
    EVP_MD_CTX *ctx;
};

static int digest_piece(void *ctx, struct pk_slice piece)
{
    struct digest *digest = ctx;

    return EVP_DigestUpdate(digest->ctx, piece.ptr, piece.len) == 1 ? PK_OK : PK_ENOMEM;
}

/* True in *same when the entry's bytes have this hash, SHA-1 or SHA-256 by its size. */
static int hash_is(
        struct seal *s, const struct pk_zip_entry *entry, struct pk_slice expected, bool *same)
{
    const EVP_MD *md = pk_hash_md(expected.len == 20 ? PK_HASH_SHA1 : PK_HASH_SHA256);
    struct digest digest = { .ctx = EVP_MD_CTX_new() };
    uint8_t hash[PK_HASH_SIZE_MAX];
    int rc = PK_ENOMEM;

    *same = false;
    if (digest.ctx != NULL && md != NULL && EVP_DigestInit_ex(digest.ctx, md, NULL) == 1) {
        rc = pk_zip_stream(s->job->zip, entry, digest_piece, &digest, NULL);
    }
    if (rc == PK_OK) {
        *same = EVP_DigestFinal_ex(digest.ctx, hash, NULL) == 1 &&
                pk_slice_eq(pk_slice_of(hash, (size_t)EVP_MD_get_size(md)), expected);
    }
    EVP_MD_CTX_free(digest.ctx);
    /* An entry that does not inflate is not what was signed, either. */
    return rc == PK_ENOMEM ? rc : PK_OK;
}

static int damage(struct seal *s, size_t *count, struct pk_slice path, const char *how)
{
    const char *clean;

    (*count)++;
    if (s->out->changed + s->out->missing + s->out->unlisted > DAMAGES_TOLD) {
        return PK_OK;
    }
    clean = pk_printable(s->job->arena, path.ptr, path.len, 200);
    if (clean == NULL) {
        return pk_ipa_no_memory(s->job);
    }
    pk_anomaly_add(
            s->job->anomalies, PK_ANOMALY_MACHO_CODE_DIRECTORY, "sealed file '%s' %s", clean, how);
    return pk_ipa_problem(s->job, &s->out->problem, "'%s' %s", clean, how);
}

/* The best hash of a row; ptr NULL: it seals by something else. */
static struct pk_slice row_hash(const struct pk_plist *row)
{
    const struct pk_plist *hash = row->type == PK_PLIST_DATA ? row : NULL;

    if (hash == NULL) {
        hash = pk_plist_get_as(row, "hash2", PK_PLIST_DATA);
    }
    if (hash == NULL) {
        hash = pk_plist_get_as(row, "hash", PK_PLIST_DATA);
    }
    if (hash == NULL || (hash->data.len != 20 && hash->data.len != 32)) {
        return (struct pk_slice){ 0 };
    }
    return hash->data;
}

static int check_link(struct seal *s, const struct pk_zip_entry *entry, struct pk_slice path,
        struct pk_slice target)
{
    struct pk_zip_bytes bytes;
    bool same;

    if (pk_zip_read(s->job->zip, entry, &bytes, NULL) < 0) {
        return damage(s, &s->out->changed, path, "cannot be read");
    }
    same = pk_slice_eq(bytes.bytes, target);
    pk_zip_release(&bytes);
    s->out->checked++;
    return same ? PK_OK : damage(s, &s->out->changed, path, "leads elsewhere");
}

/* Nested code is sealed by its code directory. */
static const struct pk_plist *nested_hash(const struct pk_plist *row)
{
    return pk_plist_get_as(row, "cdhash", PK_PLIST_DATA);
}

/* The part of the app that was read already, or NULL. */
static const struct pk_ipa_part *known_part(const struct seal *s, struct pk_slice path)
{
    const struct pk_array *lists[] = { &s->job->out->frameworks, &s->job->out->plugins };

    for (size_t k = 0; s->job->depth == 0 && k < PK_COUNT(lists); k++) {
        const struct pk_ipa_part *parts = lists[k]->items;

        for (size_t i = 0; i < lists[k]->count; i++) {
            if (pk_slice_eq(pk_slice_str(parts[i].path), path)) {
                return &parts[i];
            }
        }
    }
    return NULL;
}

/* The nested code is there, holds, and is the one that is listed. */
static int check_nested(struct seal *s, struct pk_slice path, struct pk_slice expected)
{
    const struct pk_ipa_part *part = known_part(s, path);
    struct pk_ipa_part made;
    uint8_t hash[20];
    int rc;

    if (part == NULL) {
        rc = pk_ipa_read_part(s->job, s->folder, path, &made);
        if (rc < 0) {
            return rc == PK_ENOMEM ? rc : damage(s, &s->out->missing, path, "was not found");
        }
        part = &made;
    }
    s->out->checked++;
    if (part->problem[0] != '\0') {
        return damage(s, &s->out->changed, path, part->problem);
    }
    for (size_t i = 0; i < part->cdhashes.count; i++) {
        if (pk_unhex(part->cdhashes.items[i], hash, sizeof(hash)) == PK_OK &&
                pk_slice_eq(pk_slice_of(hash, sizeof(hash)), expected)) {
            return PK_OK;
        }
    }
    return damage(s, &s->out->changed, path, "is other code than listed");
}

static int check_row(struct seal *s, struct pk_slice path, const struct pk_plist *row)
{
    const struct pk_zip_entry *entry;
    const struct pk_plist *link = pk_plist_get_as(row, "symlink", PK_PLIST_STRING);
    const struct pk_plist *optional = pk_plist_get_as(row, "optional", PK_PLIST_BOOL);
    const struct pk_plist *nested = nested_hash(row);
    struct pk_slice hash = row_hash(row);
    bool same = false;
    int rc;

    s->out->listed++;
    if (nested != NULL) {
        return check_nested(s, path, nested->data);
    }
    entry = pk_ipa_entry(s->job, s->folder, path);
    if (entry == NULL) {
        return optional != NULL && optional->boolean
                ? PK_OK
                : damage(s, &s->out->missing, path, "is missing");
    }
    if (link != NULL) {
        return check_link(s, entry, path, link->data);
    }
    if (hash.ptr == NULL) {
        return damage(s, &s->out->changed, path, "has no hash that we know");
    }
    rc = hash_is(s, entry, hash, &same);
    if (rc < 0) {
        return pk_ipa_no_memory(s->job);
    }
    s->out->checked++;
    return same ? PK_OK : damage(s, &s->out->changed, path, "was changed");
}

static int by_path(struct pk_slice a, struct pk_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static const struct pk_plist *row_of(const struct seal *s, struct pk_slice path)
{
    size_t low = 0;
    size_t high = s->files->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = by_path(path, s->files->keys[s->order[middle]]);

        if (order == 0) {
            return &s->files->items[s->order[middle]];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static bool ends_with(struct pk_slice path, const char *end)
{
    size_t len = strlen(end);

    return path.len >= len && memcmp(path.ptr + path.len - len, end, len) == 0;
}

static bool begins_with(struct pk_slice path, const char *start)
{
    size_t len = strlen(start);

    return path.len >= len && memcmp(path.ptr, start, len) == 0;
}

static bool is_path(struct pk_slice path, const char *known)
{
    return pk_slice_eq(path, pk_slice_str(known));
}

/* The rules by which Apple's tools leave files out. */
static const char *const omit_rules[] = { "^Info\\.plist$", "^PkgInfo$", "^(.*/)?\\.DS_Store$",
    "^.*\\.lproj/locversion.plist$" };

static bool left_out_by(size_t rule, struct pk_slice path)
{
    switch (rule) {
    case 0:
        return is_path(path, "Info.plist");
    case 1:
        return is_path(path, "PkgInfo");
    case 2:
        return is_path(path, ".DS_Store") || ends_with(path, "/.DS_Store");
    default:
        return ends_with(path, ".lproj/locversion.plist");
    }
}

/* Which of them this list has; rules of its own are not followed, but remembered. */
static unsigned known_rules(struct seal *s, const struct pk_plist *rules)
{
    unsigned present = 0;

    for (size_t i = 0; rules != NULL && rules->type == PK_PLIST_DICT && i < rules->count; i++) {
        const struct pk_plist *omit = pk_plist_get_as(&rules->items[i], "omit", PK_PLIST_BOOL);
        unsigned which = 0;

        while (which < PK_COUNT(omit_rules) &&
                !pk_slice_eq(rules->keys[i], pk_slice_str(omit_rules[which]))) {
            which++;
        }
        if (omit == NULL || !omit->boolean) {
            continue;
        }
        if (which == PK_COUNT(omit_rules)) {
            s->out->own_rules = true;
        } else {
            present |= 1U << which;
        }
    }
    return present;
}

/* Files that no list ever holds: the signature itself, the executable that it is in, and what the store
 * adds afterwards. The first form of the list leaves out what iOS reads in other ways. */
static bool never_listed(const struct seal *s, struct pk_slice path)
{
    return begins_with(path, "_CodeSignature/") || is_path(path, "CodeResources") ||
            begins_with(path, "SC_Info/") || begins_with(path, "_MASReceipt/") ||
            pk_slice_eq(path, s->executable) ||
            (!s->modern && (is_path(path, "Info.plist") || is_path(path, "ResourceRules.plist")));
}

/* The bundle or library that a path lies in is listed as nested code: "Frameworks/X.framework". */
static bool in_nested(const struct seal *s, struct pk_slice path)
{
    unsigned parts = 0;

    for (size_t i = 0; i < path.len && parts < 3; i++) {
        const struct pk_plist *row;

        if (path.ptr[i] != '/') {
            continue;
        }
        parts++;
        row = row_of(s, pk_slice_of(path.ptr, i));
        if (row != NULL && nested_hash(row) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_left_out(const struct seal *s, unsigned present, struct pk_slice path)
{
    for (unsigned i = 0; i < PK_COUNT(omit_rules); i++) {
        if ((present & 1U << i) != 0 && left_out_by(i, path)) {
            return true;
        }
    }
    return never_listed(s, path) || in_nested(s, path);
}

/* What is there and not listed. */
static int check_unlisted(struct seal *s, const struct pk_plist *rules)
{
    unsigned present = known_rules(s, rules);

    for (size_t i = 0; i < s->job->zip->count; i++) {
        struct pk_slice name = s->job->zip->entries[i].name;
        struct pk_slice path;
        int rc = PK_OK;

        if (name.len <= s->folder.len || name.ptr[name.len - 1] == '/' ||
                memcmp(name.ptr, s->folder.ptr, s->folder.len) != 0) {
            continue;
        }
        path = pk_slice_of(name.ptr + s->folder.len, name.len - s->folder.len);
        if (row_of(s, path) != NULL || is_left_out(s, present, path)) {
            continue;
        }
        if (s->out->own_rules) {
            s->out->unlisted++;
        } else {
            rc = damage(s, &s->out->unlisted, path, "is not listed");
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int check(struct seal *s, const struct pk_plist *rules)
{
    s->order = s->files->count == 0 ? NULL : pk_plist_sorted(s->files);
    if (s->order == NULL && s->files->count > 0) {
        return pk_ipa_no_memory(s->job);
    }
    for (size_t i = 0; i < s->files->count; i++) {
        int rc = check_row(s, s->files->keys[i], &s->files->items[i]);

        if (rc < 0) {
            return rc;
        }
    }
    return check_unlisted(s, rules);
}

int pk_ipa_check_seal(struct pk_ipa_job *job, struct pk_slice folder, struct pk_slice resources,
        struct pk_slice executable, struct pk_ipa_seal *out)
{
    struct seal s = { .job = job, .folder = folder, .executable = executable, .out = out };
    const struct pk_plist *list = NULL;
    struct pk_error why = { 0 };
    int rc;

    *out = (struct pk_ipa_seal){ .problem = "" };
    if (resources.ptr == NULL) {
        return PK_OK;
    }
    out->present = true;
    rc = pk_plist_parse(resources, job->arena, job->anomalies, &list, NULL, &why);
    if (rc < 0) {
        return rc == PK_ENOMEM ? pk_ipa_no_memory(job)
                               : pk_ipa_problem(job, &out->problem, "CodeResources: %s", why.text);
    }
    s.files = pk_plist_get_as(list, "files2", PK_PLIST_DICT);
    s.modern = s.files != NULL;
    if (s.files == NULL) {
        s.files = pk_plist_get_as(list, "files", PK_PLIST_DICT);
    }
    if (s.files == NULL) {
        return pk_ipa_problem(job, &out->problem, "CodeResources lists no files");
    }
    if (s.files->count > ROWS_MAX) {
        return pk_ipa_problem(job, &out->problem, "CodeResources lists %zu files", s.files->count);
    }
    rc = check(&s, pk_plist_get(list, s.modern ? "rules2" : "rules"));
    free(s.order);
    out->holds = rc == PK_OK && out->problem[0] == '\0';
    return rc;
}
