/* codesign_der.c - entitlements as DER, which the system goes by since iOS 15. A dictionary is
 * [CONTEXT 16] of SEQUENCE { UTF8String key, value } inside [APPLICATION 16] { INTEGER 1, ... }; before
 * iOS 15 it was a SET of them. Source: Apple's libCoreEntitlements as shipped, TN3125. */
#include "formats/apple/codesign_parts.h"
#include "formats/apple/plist_tree.h"

#define TAG_ENTITLEMENTS 0x70 /* [APPLICATION 16] */
#define TAG_DICT         0xb0 /* [CONTEXT 16] */

/* A container that is being read: what is left of it. */
struct level {
    struct pk_slice left;
    bool dict;
};

struct walk {
    struct level levels[PK_PLIST_DEPTH_MAX];
    struct pk_slice all;
    struct pk_plist_builder b;
};

static size_t place(const struct walk *w, const struct pk_der *e)
{
    return (size_t)(e->whole.ptr - w->all.ptr);
}

static bool is_dict(uint8_t tag)
{
    return tag == TAG_DICT || tag == PK_DER_SET;
}

static int integer(const struct walk *w, const struct pk_der *e, struct pk_plist *out)
{
    struct pk_slice bytes = pk_der_integer(e->value);
    uint64_t value = (bytes.ptr[0] & 0x80) != 0 ? UINT64_MAX : 0;

    if (bytes.len > 9 || (bytes.len == 9 && bytes.ptr[0] != 0)) {
        return pk_plist_fail(w->b.err, PK_EMALF, place(w, e), "an integer of %zu bytes", bytes.len);
    }
    for (size_t i = 0; i < bytes.len; i++) {
        value = value << 8 | bytes.ptr[i];
    }
    *out = (struct pk_plist){
        .type = PK_PLIST_INT, .integer = (int64_t)value, .is_unsigned = bytes.len == 9
    };
    return PK_OK;
}

static int open_level(struct walk *w, const struct pk_der *e, bool dict)
{
    int rc = pk_plist_builder_open(&w->b, dict ? PK_PLIST_DICT : PK_PLIST_ARRAY, place(w, e));

    if (rc == PK_OK) {
        w->levels[w->b.depth - 1] = (struct level){ .left = e->value, .dict = dict };
    }
    return rc;
}

static int value(struct walk *w, const struct pk_der *e)
{
    struct pk_plist leaf = { 0 };
    int rc = PK_OK;

    if (is_dict(e->tag) || e->tag == PK_DER_SEQUENCE) {
        return open_level(w, e, is_dict(e->tag));
    }
    switch (e->tag) {
    case PK_DER_BOOLEAN:
        leaf = (struct pk_plist){ .type = PK_PLIST_BOOL,
            .boolean = e->value.len > 0 && e->value.ptr[0] != 0 };
        break;
    case PK_DER_INTEGER:
        rc = integer(w, e, &leaf);
        break;
    case PK_DER_UTF8_STRING:
        leaf = (struct pk_plist){ .type = PK_PLIST_STRING, .data = e->value };
        rc = pk_plist_is_utf8(e->value)
                ? PK_OK
                : pk_plist_fail(w->b.err, PK_EMALF, place(w, e), "a string that is not UTF-8");
        break;
    case PK_DER_OCTET_STRING:
        leaf = (struct pk_plist){ .type = PK_PLIST_DATA, .data = e->value };
        break;
    default:
        rc = pk_plist_fail(
                w->b.err, PK_EMALF, place(w, e), "an element of the kind 0x%02x", e->tag);
        break;
    }
    return rc < 0 ? rc : pk_plist_builder_value(&w->b, &leaf, place(w, e));
}

/* SEQUENCE { UTF8String key, value } of a dictionary. */
static int entry(struct walk *w, const struct pk_der *pair)
{
    struct pk_slice in = pair->value;
    struct pk_der key;
    struct pk_der content;
    int rc;

    if (pair->tag != PK_DER_SEQUENCE || pk_der_next(&in, &key) < 0 ||
            key.tag != PK_DER_UTF8_STRING || !pk_plist_is_utf8(key.value) ||
            pk_der_next(&in, &content) < 0 || in.len > 0) {
        return pk_plist_fail(w->b.err, PK_EMALF, place(w, pair), "no pair of key and value");
    }
    rc = pk_plist_builder_key(&w->b, key.value, place(w, pair));
    return rc < 0 ? rc : value(w, &content);
}

static int step(struct walk *w)
{
    struct level *top = &w->levels[w->b.depth - 1];
    struct pk_der e;
    int rc = pk_der_next(&top->left, &e);

    if (rc == PK_ENOENT) {
        return pk_plist_builder_close(&w->b, false, 0);
    }
    if (rc < 0) {
        return pk_plist_fail(w->b.err, PK_EMALF, (size_t)(top->left.ptr - w->all.ptr),
                "an element that is not all there");
    }
    return top->dict ? entry(w, &e) : value(w, &e);
}

int pk_cs_der_entitlements(struct pk_slice der, struct pk_arena *arena,
        struct pk_anomalies *anomalies, const struct pk_plist **out, struct pk_error *err)
{
    struct walk w = { .all = der, .b = { .arena = arena, .anomalies = anomalies, .err = err } };
    struct pk_slice in = der;
    struct pk_der e;
    struct pk_der version;
    int rc = pk_der_next(&in, &e);

    if (rc == PK_OK && e.tag == TAG_ENTITLEMENTS) {
        in = e.value;
        rc = pk_der_expect(&in, PK_DER_INTEGER, &version);
        rc = rc < 0 ? rc : pk_der_next(&in, &e);
    }
    if (rc < 0 || !is_dict(e.tag)) {
        return pk_error_set(err, PK_EMALF, "no dictionary in the DER entitlements");
    }
    rc = open_level(&w, &e, true);
    while (rc == PK_OK && w.b.root == NULL) {
        rc = step(&w);
    }
    if (rc == PK_OK) {
        *out = w.b.root;
    }
    pk_plist_builder_finish(&w.b);
    return rc;
}
