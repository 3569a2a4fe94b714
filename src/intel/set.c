#include "intel/set.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "intel/set_internal.h"

static int frame_error(struct pk_error *err, int code, const char *what)
{
    return pk_error_set(err, code, "not a set of indicators: %s", what);
}

/* Sections lie one behind the other, padded to 8, and fill the file. */
static int read_sections(struct pk_intel_set *set, struct pk_error *err)
{
    static const size_t unit[PK_SEC_COUNT] = { 1, PK_SOURCE_SIZE, PK_ROW_SIZE, 4, PK_SIGNER_SIZE,
        PK_CERT_SIZE, PK_APP_SIZE };
    size_t end = PK_INTEL_HEADER;

    for (size_t i = 0; i < PK_SEC_COUNT; i++) {
        const uint8_t *p = set->bytes.ptr + PK_AT_SECTIONS + 16 * i;
        uint64_t offset = pk_get64(p);
        uint64_t size = pk_get64(p + 8);

        if (offset != (end + 7) / 8 * 8 || offset > set->bytes.len ||
                size > set->bytes.len - offset || size % unit[i] != 0) {
            return frame_error(err, PK_EMALF, "a section lies outside its place");
        }
        set->section[i] = pk_slice_of(set->bytes.ptr + offset, (size_t)size);
        set->count[i] = (size_t)size / unit[i];
        end = (size_t)(offset + size);
    }
    return end == set->bytes.len ? PK_OK
                                 : frame_error(err, PK_EMALF, "bytes behind the last section");
}

static int read_frame(struct pk_intel_set *set, struct pk_error *err)
{
    const uint8_t *p = set->bytes.ptr;
    struct pk_slice strings;
    int rc;

    if (set->bytes.len < PK_INTEL_HEADER) {
        return frame_error(err, PK_ETRUNC, "it is shorter than its header");
    }
    if (set->bytes.len > PK_INTEL_SET_MAX) {
        return frame_error(err, PK_ELIMIT, "larger than any set may be");
    }
    if (memcmp(p, PK_INTEL_MAGIC, 8) != 0) {
        return frame_error(err, PK_EMALF, "it begins differently");
    }
    rc = read_sections(set, err);
    if (rc < 0) {
        return rc;
    }
    set->seed = pk_get64(p + PK_AT_SEED);
    set->bits = pk_get32(p + PK_AT_BITS);
    set->kinds = pk_get32(p + PK_AT_KINDS);
    set->warned = pk_get32(p + PK_AT_WARNED);
    for (size_t i = 0; i < 3; i++) {
        set->nets[0][i] = pk_get64(p + PK_AT_NETS + 8 * i);
        set->nets[1][i] = pk_get64(p + PK_AT_WARN_NETS + 8 * i);
    }
    if (set->count[PK_SEC_ROWS] > PK_INTEL_ROWS_MAX ||
            set->count[PK_SEC_SOURCES] > PK_INTEL_SOURCES_MAX ||
            set->count[PK_SEC_SIGNERS] > PK_INTEL_SIGNERS_MAX ||
            set->count[PK_SEC_APPS] > PK_INTEL_APPS_MAX) {
        return frame_error(err, PK_ELIMIT, "more entries than any set may have");
    }
    if (set->bits > 24 || set->count[PK_SEC_DIRECTORY] != ((size_t)1 << set->bits) + 1 ||
            set->count[PK_SEC_CERTS] != set->count[PK_SEC_SIGNERS]) {
        return frame_error(err, PK_EMALF, "its directory has another size");
    }
    strings = set->section[PK_SEC_STRINGS];
    if (strings.len == 0 || strings.ptr[0] != 0 || strings.ptr[strings.len - 1] != 0) {
        return frame_error(err, PK_EMALF, "its texts do not end");
    }
    return PK_OK;
}

static int make(
        struct pk_slice bytes, bool is_mapped, struct pk_intel_set **out, struct pk_error *err)
{
    struct pk_intel_set *set = calloc(1, sizeof(*set));
    int rc;

    if (set == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    set->bytes = bytes;
    rc = read_frame(set, err);
    if (rc < 0) {
        free(set);
        return rc;
    }
    set->mapped = is_mapped;
    *out = set;
    return PK_OK;
}

int pk_intel_set_view(struct pk_slice bytes, struct pk_intel_set **out, struct pk_error *err)
{
    return make(bytes, false, out, err);
}

int pk_intel_set_open(struct pk_slice bytes, struct pk_intel_set **out, struct pk_error *err)
{
    struct pk_intel_set *set;
    int rc = make(bytes, false, &set, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_intel_set_check(set, err);
    if (rc < 0) {
        pk_intel_set_destroy(set);
        return rc;
    }
    *out = set;
    return PK_OK;
}

static int map(int fd, struct pk_slice *out)
{
    struct stat st;
    void *at;

    if (fstat(fd, &st) != 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return PK_EINVAL;
    }
    if (st.st_size < (off_t)PK_INTEL_HEADER) {
        return PK_ETRUNC;
    }
    if ((uint64_t)st.st_size > PK_INTEL_SET_MAX) {
        return PK_ELIMIT;
    }
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return -errno;
    }
    *out = pk_slice_of(at, (size_t)st.st_size);
    return PK_OK;
}

int pk_intel_set_load(const char *path, struct pk_intel_set **out, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct pk_slice bytes = { 0 };
    int rc = fd < 0 ? -errno : map(fd, &bytes);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc < 0) {
        return pk_error_set(err, rc, "cannot read '%s': %s", path, pk_code_text(rc));
    }
    rc = make(bytes, true, out, err);
    if (rc < 0) {
        (void)munmap((void *)bytes.ptr, bytes.len);
        pk_error_prefix(err, "'%s': ", path);
    }
    return rc;
}

void pk_intel_set_destroy(struct pk_intel_set *set)
{
    if (set == NULL) {
        return;
    }
    if (set->mapped) {
        (void)munmap((void *)set->bytes.ptr, set->bytes.len);
    }
    free(set);
}

struct pk_slice pk_intel_set_bytes(const struct pk_intel_set *set)
{
    return set->bytes;
}

void pk_intel_set_digest(struct pk_slice bytes, uint8_t out[PK_SHA256_SIZE])
{
    uint8_t both[2 * PK_SHA256_SIZE];

    pk_sha256(pk_slice_of(bytes.ptr + PK_AT_SEED, PK_AT_DIGEST - PK_AT_SEED), both);
    pk_sha256(pk_slice_of(bytes.ptr + PK_INTEL_HEADER, bytes.len - PK_INTEL_HEADER),
            both + PK_SHA256_SIZE);
    pk_sha256(pk_slice_of(both, sizeof(both)), out);
}

size_t pk_intel_source_count(const struct pk_intel_set *set)
{
    return set->count[PK_SEC_SOURCES];
}

bool pk_intel_source_at(const struct pk_intel_set *set, size_t index, struct pk_intel_source *out)
{
    const uint8_t *p;

    if (index >= set->count[PK_SEC_SOURCES]) {
        return false;
    }
    p = set->section[PK_SEC_SOURCES].ptr + index * PK_SOURCE_SIZE;
    *out = (struct pk_intel_source){
        .name = pk_set_string(set, pk_get32(p)),
        .reference = pk_set_text(set, pk_get32(p + 4)),
        .licence = pk_set_text(set, pk_get32(p + 8)),
        .date = pk_set_text(set, pk_get32(p + 12)),
        .indicators = pk_get32(p + 16),
        .warnings = pk_get32(p + 20),
        .signers = pk_get32(p + 24),
        .apps = pk_get32(p + 28),
    };
    return true;
}

size_t pk_intel_row_count(const struct pk_intel_set *set)
{
    return set->count[PK_SEC_ROWS];
}

bool pk_intel_row_at(const struct pk_intel_set *set, size_t index, struct pk_intel_hit *out)
{
    if (index >= set->count[PK_SEC_ROWS]) {
        return false;
    }
    pk_set_hit(set, index, out);
    out->value = out->indicator;
    return true;
}

size_t pk_intel_app_count(const struct pk_intel_set *set)
{
    return set->count[PK_SEC_APPS];
}

bool pk_intel_app_at(const struct pk_intel_set *set, size_t index, struct pk_intel_app *out)
{
    const uint8_t *p;

    if (index >= set->count[PK_SEC_APPS]) {
        return false;
    }
    p = set->section[PK_SEC_APPS].ptr + index * PK_APP_SIZE;
    *out = (struct pk_intel_app){
        .package = pk_set_string(set, pk_get32(p)),
        .label = pk_set_text(set, pk_get32(p + 4)),
        .cert = pk_set_string(set, pk_get32(p + 8)),
        .source = pk_set_source_name(set, pk_get16(p + 12)),
        .phash = pk_get64(p + 16),
        .dhash = pk_get64(p + 24),
    };
    return true;
}

void pk_intel_set_info(const struct pk_intel_set *set, struct pk_intel_info *out)
{
    struct pk_intel_info info = { .bytes = set->bytes.len };
    const uint8_t *before = NULL;

    pk_hex(pk_slice_of(set->bytes.ptr + PK_AT_DIGEST, 8), info.version);
    info.created_ms = (int64_t)pk_get64(set->bytes.ptr + PK_AT_CREATED);
    for (size_t i = 0; i < set->count[PK_SEC_ROWS]; i++) {
        const uint8_t *p = pk_set_row(set, i);

        if ((p[PK_ROW_FLAGS] & PK_ROW_WARN) != 0) {
            info.warnings++;
            continue;
        }
        info.indicators++;
        info.kinds[p[PK_ROW_KIND] < PK_INTEL_KIND_COUNT ? p[PK_ROW_KIND] : 0]++;
        info.marked += (p[PK_ROW_FLAGS] & PK_ROW_MARKED) != 0 ? 1 : 0;
        if (before == NULL || before[PK_ROW_KIND] != p[PK_ROW_KIND] ||
                pk_get32(before + PK_ROW_VALUE) != pk_get32(p + PK_ROW_VALUE)) {
            info.values++;
        }
        before = p;
    }
    *out = info;
}
