/* codesign.c - the embedded signature as a whole: a superblob of code directories, what their special
 * slots seal, and a CMS over the first of them. */
#include <stdio.h>

#include "base/crypt.h"
#include "formats/apple/codesign_parts.h"

#define MAGIC_EMBEDDED     0xfade0cc0U
#define MAGIC_ENTITLEMENTS 0xfade7171U
#define MAGIC_DER          0xfade7172U
#define MAGIC_WRAPPER      0xfade0b01U
#define BLOB_HEADER        8 /* magic and length, big-endian */
#define SUPER_HEADER       12
#define FLAG_LINKER_SIGNED 0x20000U

struct signature {
    const struct pk_codesign_input *in;
    struct pk_slice super;
    struct pk_cs_directory directories[PK_CS_CDS_MAX]; /* the first is the primary one */
    size_t count;
    const struct pk_cs_directory *best;
    struct pk_slice special[PK_CS_SPECIAL_MAX]; /* blobs by their slot, whole */
    struct pk_slice cms;                        /* without the wrapper */
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_codesign *out;
    struct pk_error *err;
};

static int no_memory(struct signature *s)
{
    return pk_error_set(s->err, PK_ENOMEM, "out of memory");
}

/* The first sentence stays; each one is counted. */
static void broken(struct signature *s, const char *what)
{
    pk_anomaly_add(s->anomalies, PK_ANOMALY_MACHO_CODE_DIRECTORY, "%s: %s", s->in->arch, what);
    if (s->out->error[0] == '\0') {
        const char *text = pk_arena_strdup(s->arena, what);

        s->out->error = text != NULL ? text : "out of memory";
    }
}

static uint32_t be32_at(struct pk_slice bytes, uint64_t at)
{
    struct pk_macho_view view = { .bytes = bytes, .big_endian = true };

    return pk_macho_u32(&view, at);
}

/* The blob at an offset with the length that it claims; ptr NULL when it is not all there. */
static struct pk_slice blob_at(struct pk_slice super, uint64_t at)
{
    uint32_t len = be32_at(super, at + 4);

    return len < BLOB_HEADER ? (struct pk_slice){ 0 } : pk_macho_part(super, at, len);
}

static struct pk_slice body(struct pk_slice blob)
{
    return pk_slice_of(blob.ptr + BLOB_HEADER, blob.len - BLOB_HEADER);
}

static int add_directory(struct signature *s, struct pk_slice blob)
{
    struct pk_cs_directory *d = &s->directories[s->count];
    struct pk_error why = { 0 };
    int rc;

    if (s->count == PK_CS_CDS_MAX) {
        broken(s, "more code directories than the kernel looks at");
        return PK_OK;
    }
    rc = pk_cs_directory_parse(blob, s->arena, d, &why);
    if (rc == PK_ENOMEM) {
        return no_memory(s);
    }
    if (rc < 0) {
        broken(s, why.text);
        return PK_OK;
    }
    s->count++;
    if (s->best == NULL || pk_cs_directory_rank(d) > pk_cs_directory_rank(s->best)) {
        s->best = d;
    }
    return PK_OK;
}

/* One entry of the index. Of a slot that stands there twice, the first counts. */
static int add_blob(struct signature *s, uint32_t slot, uint64_t at)
{
    struct pk_slice blob = blob_at(s->super, at);

    if (blob.ptr == NULL) {
        broken(s, "a part of the signature lies outside of it");
        return PK_OK;
    }
    if (slot == PK_CS_SLOT_DIRECTORY ||
            (slot >= PK_CS_SLOT_ALTERNATE && slot < PK_CS_SLOT_ALTERNATE + PK_CS_CDS_MAX)) {
        if (slot == PK_CS_SLOT_DIRECTORY && s->count > 0) {
            broken(s, "a second primary code directory");
            return PK_OK;
        }
        return add_directory(s, blob);
    }
    if (slot == PK_CS_SLOT_CMS && s->cms.ptr == NULL && be32_at(blob, 0) == MAGIC_WRAPPER) {
        s->cms = body(blob);
    } else if (slot < PK_CS_SPECIAL_MAX && s->special[slot].ptr == NULL) {
        s->special[slot] = blob;
    }
    return PK_OK;
}

static int read_index(struct signature *s)
{
    uint32_t len = be32_at(s->in->signature, 4);
    uint32_t count;

    if (be32_at(s->in->signature, 0) != MAGIC_EMBEDDED || len < SUPER_HEADER ||
            len > s->in->signature.len) {
        broken(s, "no signature where the load command points");
        return PK_OK;
    }
    s->super = pk_slice_of(s->in->signature.ptr, len);
    count = be32_at(s->super, 8);
    if (count > (len - SUPER_HEADER) / 8) {
        broken(s, "more parts than the signature has room for");
        return PK_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t row = SUPER_HEADER + 8 * (uint64_t)i;
        int rc = add_blob(s, be32_at(s->super, row), be32_at(s->super, row + 4));

        if (rc < 0) {
            return rc;
        }
    }
    if (s->best == NULL) {
        broken(s, "no code directory");
    }
    return PK_OK;
}

static const char *cdhash_text(struct signature *s, const struct pk_cs_directory *d)
{
    char text[2 * PK_CS_CDHASH + 1];

    pk_hex(pk_slice_of(d->cdhash, PK_CS_CDHASH), text);
    return pk_arena_strdup(s->arena, text);
}

static int describe(struct signature *s)
{
    const struct pk_cs_directory *best = s->best;
    const char **hashes = pk_arena_alloc(s->arena, s->count, sizeof(*hashes));

    if (hashes == NULL) {
        return no_memory(s);
    }
    for (size_t i = 0; i < s->count; i++) {
        hashes[i] = cdhash_text(s, &s->directories[i]);
        if (hashes[i] == NULL) {
            return no_memory(s);
        }
    }
    s->out->cdhashes = (struct pk_strings){ .items = hashes, .count = s->count };
    s->out->cdhash = hashes[best - s->directories];
    s->out->identifier = best->identifier;
    s->out->team_id = best->team_id;
    s->out->hash = best->hash_name;
    s->out->flags = best->flags;
    s->out->code_limit = best->code_limit;
    s->out->linker_signed = (best->flags & FLAG_LINKER_SIGNED) != 0;
    return PK_OK;
}

/* The code up to the signature is covered, and every page is as signed. */
static int check_pages(struct signature *s)
{
    size_t before = (size_t)(s->in->signature.ptr - s->in->code.ptr);
    struct pk_error why = { 0 };
    int rc = pk_cs_pages_check(s->best, s->in->code, &why);

    if (rc == PK_ENOMEM) {
        return no_memory(s);
    }
    if (rc == PK_OK && s->best->code_limit < before) {
        (void)snprintf(why.text, sizeof(why.text), "only %llu of %zu bytes before it are covered",
                (unsigned long long)s->best->code_limit, before);
        rc = PK_EMALF;
    }
    s->out->pages_verified = rc == PK_OK;
    if (rc < 0) {
        broken(s, why.text);
    }
    return PK_OK;
}

static bool check_special(
        struct signature *s, uint32_t slot, struct pk_slice bytes, const char *name)
{
    struct pk_slice expected = pk_cs_special(s->best, slot);
    const char *how = NULL;
    char text[96];

    if (bytes.ptr == NULL) {
        /* Files of the bundle may just not be at hand; parts of the signature are there or not. */
        how = expected.ptr != NULL && slot != PK_CS_SLOT_INFO && slot != PK_CS_SLOT_RESOURCES
                ? "sealed, but not there"
                : NULL;
    } else if (expected.ptr == NULL) {
        how = "not sealed";
    } else if (!pk_cs_hash_is(s->best, bytes, expected)) {
        how = "not as signed";
    }
    if (how != NULL) {
        (void)snprintf(text, sizeof(text), "%s: %s", name, how);
        broken(s, text);
    }
    return how == NULL;
}

/* The bundle's, else the one inside the code, which the linker's own signatures leave out. */
static struct pk_slice info_plist(const struct signature *s)
{
    bool sealed = pk_cs_special(s->best, PK_CS_SLOT_INFO).ptr != NULL;

    return s->in->info_plist.ptr != NULL || !sealed ? s->in->info_plist : s->in->embedded_info;
}

static void check_specials(struct signature *s)
{
    static const char *const names[PK_CS_SPECIAL_MAX] = { NULL, "Info.plist", "the requirements",
        "the resources' list", "the application's part", "the entitlements", "the image's part",
        "the DER entitlements", "the launch constraints", "the launch constraints of the parent",
        "the launch constraints of the responsible process", "the library constraints" };
    bool good = true;

    for (uint32_t slot = 1; slot < PK_CS_SPECIAL_MAX; slot++) {
        struct pk_slice bytes = slot == PK_CS_SLOT_INFO ? info_plist(s)
                : slot == PK_CS_SLOT_RESOURCES          ? s->in->resources
                                                        : s->special[slot];

        if (slot == PK_CS_SLOT_APPLICATION || slot == PK_CS_SLOT_REP_SPECIFIC) {
            continue; /* not of this kind of code */
        }
        good = check_special(s, slot, bytes, names[slot] != NULL ? names[slot] : "a part") && good;
    }
    s->out->special_verified = good;
}

static int read_entitlements(struct signature *s)
{
    struct pk_slice xml = s->special[PK_CS_SLOT_ENTITLEMENTS];
    struct pk_slice der = s->special[PK_CS_SLOT_DER_ENTITLEMENTS];
    const struct pk_plist *first = NULL;
    const struct pk_plist *second = NULL;
    struct pk_error why = { 0 };
    int rc = PK_OK;

    s->out->entitlements_agree = true;
    if (be32_at(xml, 0) == MAGIC_ENTITLEMENTS && xml.len > BLOB_HEADER) {
        rc = pk_plist_parse(body(xml), s->arena, s->anomalies, &first, NULL, &why);
    }
    if (rc != PK_ENOMEM && be32_at(der, 0) == MAGIC_DER && der.len > BLOB_HEADER) {
        rc = pk_cs_der_entitlements(body(der), s->arena, s->anomalies, &second, &why);
        if (rc < 0 && rc != PK_ENOMEM) {
            broken(s, why.text);
        }
    }
    if (rc == PK_ENOMEM) {
        return no_memory(s);
    }
    s->out->entitlements = first != NULL ? first : second;
    if (xml.ptr != NULL && der.ptr != NULL && !pk_plist_eq(first, second)) {
        s->out->entitlements_agree = false;
        pk_anomaly_add(s->anomalies, PK_ANOMALY_MACHO_ENTITLEMENTS_DIFFER,
                "%s: %zu in the XML form, %zu in the DER form", s->in->arch,
                first != NULL ? first->count : 0, second != NULL ? second->count : 0);
    }
    return PK_OK;
}

/* True when this hash of a directory stands in the signed attributes: a property list with the cdhashes. */
static bool attribute_names(struct signature *s, const struct pk_cms_signer *signer)
{
    const struct pk_plist *root = NULL;
    const struct pk_plist *list;
    struct pk_slice wanted = pk_slice_of(s->best->cdhash, PK_CS_CDHASH);
    struct pk_der value;

    if (pk_cms_attribute_one(signer->signed_attrs, PK_CMS_OID_APPLE_CDHASHES, &value) < 0 ||
            pk_plist_parse(value.value, s->arena, NULL, &root, NULL, NULL) < 0) {
        return false;
    }
    list = pk_plist_get_as(root, "cdhashes", PK_PLIST_ARRAY);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        if (list->items[i].type == PK_PLIST_DATA && pk_slice_eq(list->items[i].data, wanted)) {
            return true;
        }
    }
    return false;
}

/* The newer form: SEQUENCEs of a hash's OID and the whole hash of a directory. */
static bool attribute2_names(struct signature *s, const struct pk_cms_signer *signer)
{
    struct pk_slice wanted = pk_slice_of(s->best->cdhash, s->best->hash_size);
    struct pk_slice values;
    struct pk_der pair;

    if (pk_cms_attribute(signer->signed_attrs, PK_CMS_OID_APPLE_CDHASH2, &values) < 0) {
        return false;
    }
    while (pk_der_next(&values, &pair) == PK_OK) {
        struct pk_slice in = pair.value;
        struct pk_der oid;
        struct pk_der hash;

        if (pk_der_expect(&in, PK_DER_OID, &oid) == PK_OK &&
                pk_der_expect(&in, PK_DER_OCTET_STRING, &hash) == PK_OK &&
                pk_slice_eq(hash.value, wanted)) {
            return true;
        }
    }
    return false;
}

static int check_cms(struct signature *s)
{
    struct pk_cms cms;
    struct pk_cms_signed made = { .signing_time = "" };
    struct pk_error why = { 0 };
    int rc;

    if (s->cms.ptr == NULL || s->cms.len == 0) {
        if ((s->best->flags & PK_CS_ADHOC) == 0) {
            broken(s, "nobody signed it, and it does not say so");
        }
        return PK_OK;
    }
    s->out->cms_present = true;
    rc = pk_cms_parse(s->cms, s->arena, &cms, &why);
    if (rc == PK_OK) {
        rc = pk_cms_verify(&cms, s->directories[0].blob, s->arena, &made, &why);
        s->out->certs = (struct pk_array){ .items = made.certs, .count = made.cert_count };
    }
    if (rc == PK_ENOMEM) {
        return no_memory(s);
    }
    if (rc == PK_OK && s->best != s->directories && !attribute_names(s, made.signer) &&
            !attribute2_names(s, made.signer)) {
        rc = pk_error_set(&why, PK_ECRYPTO, "the best code directory is not the signed one");
    }
    if (rc < 0) {
        broken(s, why.text);
        return PK_OK;
    }
    s->out->cms_verified = true;
    s->out->signing_time = made.signing_time;
    s->out->chain_to_apple = pk_apple_chain(made.certs, made.chain_count, s->arena);
    return PK_OK;
}

int pk_codesign_read(const struct pk_codesign_input *in, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_codesign *out, struct pk_error *err)
{
    struct signature s = {
        .in = in, .arena = arena, .anomalies = anomalies, .out = out, .err = err
    };
    int rc;

    *out = (struct pk_codesign){ .identifier = "",
        .team_id = "",
        .hash = "",
        .cdhash = "",
        .signing_time = "",
        .error = "",
        .requirement = "",
        .entitlements_agree = true };
    if (in->signature.ptr == NULL) {
        return PK_OK;
    }
    out->present = true;
    rc = read_index(&s);
    if (rc < 0 || s.best == NULL) {
        return rc;
    }
    rc = describe(&s);
    if (rc == PK_OK) {
        rc = check_pages(&s);
    }
    if (rc < 0) {
        return rc;
    }
    check_specials(&s);
    out->requirement = pk_cs_requirement_text(s.special[PK_CS_SLOT_REQUIREMENTS], arena);
    if (out->requirement == NULL) {
        return no_memory(&s);
    }
    rc = read_entitlements(&s);
    return rc < 0 ? rc : check_cms(&s);
}
