/* The strict check: a set is what the builder would have written, or it is refused. */
#include <string.h>

#include "base/utf8.h"
#include "intel/set_internal.h"

static int refuse(struct pk_error *err, const char *what, size_t number)
{
    return pk_error_set(err, PK_EMALF, "not a set of indicators: %s %zu", what, number);
}

static int check_strings(const struct pk_intel_set *set, struct pk_error *err)
{
    struct pk_slice s = set->section[PK_SEC_STRINGS];

    for (size_t i = 0; i < s.len;) {
        size_t step = s.ptr[i] == 0 ? 1 : pk_utf8_next(s.ptr + i, s.len - i, NULL);

        if (step == 0 || (s.ptr[i] != 0 && s.ptr[i] < 0x20) || s.ptr[i] == 0x7f) {
            return refuse(err, "its texts are no text at byte", i);
        }
        i += step;
    }
    return PK_OK;
}

/* Does a string begin there? */
static bool starts(const struct pk_intel_set *set, uint32_t offset)
{
    struct pk_slice s = set->section[PK_SEC_STRINGS];

    return offset == 0 || (offset < s.len && s.ptr[offset - 1] == 0 && s.ptr[offset] != 0);
}

static bool is_cert(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool is_normal(int kind, const char *value)
{
    char normal[PK_INTEL_VALUE_MAX];

    return pk_intel_normalise(kind, value, strlen(value), normal) && strcmp(normal, value) == 0;
}

static bool row_holds(const struct pk_intel_set *set, const uint8_t *p)
{
    const char *value;
    uint32_t known;

    if (p[PK_ROW_KIND] >= PK_INTEL_KIND_COUNT || p[PK_ROW_CATEGORY] >= PK_INTEL_CATEGORY_COUNT ||
            p[PK_ROW_WEIGHT] > PK_APP_WEIGHT_MALICIOUS || p[PK_ROW_FLAGS] > PK_ROW_FLAGS_ALL ||
            pk_get16(p + PK_ROW_ZERO) != 0 ||
            pk_get16(p + PK_ROW_SOURCE) >= set->count[PK_SEC_SOURCES] ||
            !starts(set, pk_get32(p + PK_ROW_VALUE)) || !starts(set, pk_get32(p + PK_ROW_FAMILY)) ||
            !starts(set, pk_get32(p + PK_ROW_REFERENCE)) ||
            !starts(set, pk_get32(p + PK_ROW_DATE))) {
        return false;
    }
    value = pk_set_string(set, pk_get32(p + PK_ROW_VALUE));
    if (!is_normal(p[PK_ROW_KIND], value)) {
        return false;
    }
    known = (p[PK_ROW_FLAGS] & PK_ROW_WARN) != 0 ? set->warned : set->kinds;
    if ((known >> p[PK_ROW_KIND] & 1) == 0) {
        return false;
    }
    return pk_intel_hash_value(set->seed, p[PK_ROW_KIND], value) == pk_get32(p + PK_ROW_HASH);
}

static int check_rows(const struct pk_intel_set *set, struct pk_error *err)
{
    const uint8_t *directory = set->section[PK_SEC_DIRECTORY].ptr;
    size_t buckets = (size_t)1 << set->bits;
    size_t row = 0;

    for (size_t b = 0; b < buckets; b++) {
        size_t end = pk_get32(directory + 4 * (b + 1));

        if (pk_get32(directory + 4 * b) != row || end < row || end > set->count[PK_SEC_ROWS] ||
                end - row > PK_INTEL_BUCKET_MAX) {
            return refuse(err, "its directory is wrong at entry", b);
        }
        for (; row < end; row++) {
            const uint8_t *p = pk_set_row(set, row);
            uint32_t hash = pk_get32(p + PK_ROW_HASH);

            if (!row_holds(set, p) || (set->bits > 0 && hash >> (32 - set->bits) != b) ||
                    (row > 0 && pk_get32(pk_set_row(set, row - 1) + PK_ROW_HASH) > hash)) {
                return refuse(err, "damaged row", row);
            }
        }
    }
    return row == set->count[PK_SEC_ROWS] ? PK_OK : refuse(err, "its directory ends early at", row);
}

static int check_sources(const struct pk_intel_set *set, struct pk_error *err)
{
    for (size_t i = 0; i < set->count[PK_SEC_SOURCES]; i++) {
        const uint8_t *p = set->section[PK_SEC_SOURCES].ptr + i * PK_SOURCE_SIZE;

        if (pk_get32(p) == 0 || !starts(set, pk_get32(p)) || !starts(set, pk_get32(p + 4)) ||
                !starts(set, pk_get32(p + 8)) || !starts(set, pk_get32(p + 12))) {
            return refuse(err, "damaged source", i);
        }
    }
    return PK_OK;
}

static int signer_order(const struct pk_intel_signer *a, const struct pk_intel_signer *b)
{
    int order = strcmp(a->package, b->package);

    return order != 0 ? order : strcmp(a->cert, b->cert);
}

static int check_signers(const struct pk_intel_set *set, struct pk_error *err)
{
    struct pk_intel_signer before = { .package = "", .cert = "" };
    const char *cert = "";

    for (size_t i = 0; i < set->count[PK_SEC_SIGNERS]; i++) {
        const uint8_t *p = set->section[PK_SEC_SIGNERS].ptr + i * PK_SIGNER_SIZE;
        struct pk_intel_signer signer;

        (void)pk_intel_signer_at(set, i, &signer);
        if (!starts(set, pk_get32(p)) || !starts(set, pk_get32(p + 4)) ||
                pk_get16(p + 8) >= set->count[PK_SEC_SOURCES] || pk_get16(p + 10) != 0 ||
                !is_normal(PK_INTEL_PACKAGE, signer.package) || !is_cert(signer.cert) ||
                signer_order(&before, &signer) >= 0) {
            return refuse(err, "damaged signer", i);
        }
        before = signer;
    }
    for (size_t i = 0; i < set->count[PK_SEC_CERTS]; i++) {
        struct pk_intel_signer signer;

        if (!pk_intel_signer_at(set, pk_get32(set->section[PK_SEC_CERTS].ptr + 4 * i), &signer) ||
                strcmp(cert, signer.cert) > 0) {
            return refuse(err, "damaged order of certificates at", i);
        }
        cert = signer.cert;
    }
    return PK_OK;
}

static int check_apps(const struct pk_intel_set *set, struct pk_error *err)
{
    for (size_t i = 0; i < set->count[PK_SEC_APPS]; i++) {
        const uint8_t *p = set->section[PK_SEC_APPS].ptr + i * PK_APP_SIZE;
        struct pk_intel_app app;

        (void)pk_intel_app_at(set, i, &app);
        if (!starts(set, pk_get32(p)) || !starts(set, pk_get32(p + 4)) ||
                !starts(set, pk_get32(p + 8)) || pk_get16(p + 12) >= set->count[PK_SEC_SOURCES] ||
                pk_get16(p + 14) != 0 || !is_normal(PK_INTEL_PACKAGE, app.package) ||
                !is_cert(app.cert)) {
            return refuse(err, "damaged app", i);
        }
    }
    return PK_OK;
}

static int check_header(const struct pk_intel_set *set, struct pk_error *err)
{
    uint8_t digest[PK_SHA256_SIZE];
    const uint8_t *p = set->bytes.ptr;

    if (pk_get32(p + PK_AT_ZERO) != 0 || set->kinds >> PK_INTEL_KIND_COUNT != 0 ||
            set->warned >> PK_INTEL_KIND_COUNT != 0 || set->nets[0][2] > 1 || set->nets[1][2] > 1 ||
            pk_get64(p + PK_AT_CREATED) > INT64_MAX) {
        return refuse(err, "damaged header of format", 1);
    }
    pk_intel_set_digest(set->bytes, digest);
    if (memcmp(digest, p + PK_AT_DIGEST, sizeof(digest)) != 0) {
        return pk_error_set(err, PK_ECRYPTO, "not a set of indicators: its digest does not hold");
    }
    for (size_t i = 0; i + 1 < PK_SEC_COUNT; i++) {
        const uint8_t *end = set->section[i].ptr + set->section[i].len;

        for (; end < set->section[i + 1].ptr; end++) {
            if (*end != 0) {
                return refuse(err, "bytes behind section", i);
            }
        }
    }
    return PK_OK;
}

int pk_intel_set_check(const struct pk_intel_set *set, struct pk_error *err)
{
    static int (*const checks[])(const struct pk_intel_set *, struct pk_error *) = { check_header,
        check_strings, check_sources, check_rows, check_signers, check_apps };

    for (size_t i = 0; i < PK_COUNT(checks); i++) {
        int rc = checks[i](set, err);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}
