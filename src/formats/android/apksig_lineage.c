#include "formats/android/apksig_run.h"
#include "formats/limits.h"

#define LINEAGE_VERSION 1U

/* A certificate and the signature of the one before. */
struct node {
    struct pk_slice signed_data;
    uint32_t signs_with; /* the next node's signature */
    struct pk_slice signature;
};

static void read_node(struct pk_reader *list, struct node *out)
{
    struct pk_reader r = pk_reader_of(pk_apksig_prefixed(list));

    if (list->rc < 0) {
        return;
    }
    out->signed_data = pk_apksig_prefixed(&r);
    (void)pk_read_le32(&r); /* flags: what the old certificate may still do */
    out->signs_with = pk_read_le32(&r);
    if (r.rc == PK_OK) {
        out->signature = pk_apksig_prefixed(&r);
        r.rc = r.rc == PK_EBOUNDS ? PK_EMALF : r.rc;
    }
    list->rc = r.rc;
}

/* Is the node signed by the certificate before it? */
static enum pk_apksig_lineage check_node(struct pk_apksig_run *run, const struct node *node,
        const struct pk_cert *last, uint32_t with)
{
    const struct pk_apksig_algorithm *algorithm = pk_apksig_algorithm_find(with);

    if (algorithm == NULL) {
        return PK_LINEAGE_MALFORMED;
    }
    if (pk_apksig_run_check(run, last->key, algorithm, node->signed_data, node->signature) !=
            PK_CHECK_HOLDS) {
        return PK_LINEAGE_UNVERIFIED;
    }
    return PK_LINEAGE_HOLDS;
}

/* The certificate of a node. with: what the node before says that it signs with; checked from the
 * second node on. */
static enum pk_apksig_lineage read_signed(struct pk_apksig_run *run, const struct node *node,
        bool first, uint32_t with, struct pk_cert *out)
{
    struct pk_reader r = pk_reader_of(node->signed_data);
    struct pk_slice encoded = pk_apksig_prefixed(&r);
    uint32_t signed_with = pk_read_le32(&r);

    if (r.rc < 0) {
        return PK_LINEAGE_MALFORMED;
    }
    if ((!first && signed_with != with) || !pk_apksig_read_cert(run, encoded, out)) {
        return PK_LINEAGE_UNVERIFIED;
    }
    return PK_LINEAGE_HOLDS;
}

enum pk_apksig_lineage pk_apksig_lineage_read(
        struct pk_apksig_run *run, struct pk_slice in, struct pk_array *out)
{
    struct pk_reader r = pk_reader_of(in);
    struct pk_array list = { 0 };
    size_t cap = 0;
    uint32_t with = 0;

    if (in.len == 0) {
        return PK_LINEAGE_MISMATCH;
    }
    if (pk_read_le32(&r) != LINEAGE_VERSION) {
        return r.rc < 0 ? PK_LINEAGE_MALFORMED : PK_LINEAGE_MISMATCH;
    }
    while (pk_reader_left(&r) > 0) {
        enum pk_apksig_lineage state = PK_LINEAGE_HOLDS;
        struct pk_cert cert;
        struct pk_cert *slot;
        struct node node;

        read_node(&r, &node);
        if (r.rc < 0) {
            return r.rc == PK_EBOUNDS ? PK_LINEAGE_MISMATCH : PK_LINEAGE_MALFORMED;
        }
        if (list.count > 0) {
            state = check_node(run, &node, (struct pk_cert *)list.items + list.count - 1, with);
        }
        if (state == PK_LINEAGE_HOLDS) {
            state = read_signed(run, &node, list.count == 0, with, &cert);
        }
        if (state != PK_LINEAGE_HOLDS) {
            return state;
        }
        if (pk_apksig_lineage_find(&list, &cert) < list.count) {
            return PK_LINEAGE_UNVERIFIED;
        }
        slot = pk_apksig_list_add(&run->ctx, &list, &cap, PK_APKSIG_LINEAGE_MAX, sizeof(cert));
        if (slot == NULL) {
            pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_LIMIT_SIGNATURES,
                    "more than %lu certificates in a lineage", PK_APKSIG_LINEAGE_MAX);
            return PK_LINEAGE_MALFORMED;
        }
        *slot = cert;
        with = node.signs_with;
    }
    *out = list;
    return PK_LINEAGE_HOLDS;
}

size_t pk_apksig_lineage_find(const struct pk_array *list, const struct pk_cert *cert)
{
    const struct pk_cert *certs = list->items;
    size_t i = 0;

    while (i < list->count && !pk_slice_eq(certs[i].der, cert->der)) {
        i++;
    }
    return i;
}

bool pk_apksig_lineage_merge(
        struct pk_apksig_run *run, struct pk_array *a, const struct pk_array *b)
{
    const struct pk_cert *certs = a->items;
    const struct pk_array *older = a;
    const struct pk_array *newer = b;
    const struct pk_array *longer;
    size_t at;
    size_t cap = 0;
    struct pk_array merged = { 0 };

    if (a->count == 0 || b->count == 0) {
        return false;
    }
    if (pk_apksig_lineage_find(b, certs) < b->count) {
        older = b;
        newer = a;
    }
    at = pk_apksig_lineage_find(older, newer->items); /* where the newer one begins */
    if (at == older->count) {
        return false;
    }
    longer = at + newer->count > older->count ? newer : older;
    for (size_t i = at; i < older->count && i - at < newer->count; i++) {
        if (!pk_slice_eq(((const struct pk_cert *)older->items)[i].der,
                    ((const struct pk_cert *)newer->items)[i - at].der)) {
            return false;
        }
    }
    if (longer == older) {
        *a = *older;
        return true;
    }
    for (size_t i = 0; i < at + newer->count; i++) {
        struct pk_cert *slot = pk_apksig_list_add(
                &run->ctx, &merged, &cap, 2 * PK_APKSIG_LINEAGE_MAX, sizeof(*slot));

        if (slot == NULL) {
            return false;
        }
        *slot = i < at ? ((const struct pk_cert *)older->items)[i]
                       : ((const struct pk_cert *)newer->items)[i - at];
    }
    *a = merged;
    return true;
}
