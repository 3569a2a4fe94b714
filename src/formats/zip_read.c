/* The plain bytes of an entry, within the budgets. */
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "formats/zip_internal.h"

/* Entries up to here are streamed as one piece: libdeflate is twice as fast as zlib. The buffer for
 * the small ones is kept for the next entry; a larger one is given back at once, since then it costs
 * no more memory than reading the same classes.dex. */
#define WHOLE_MAX       (4UL * 1024 * 1024)
#define WHOLE_LARGE_MAX (32UL * 1024 * 1024)

/* Large buffers come in huge pages where the system has them: a fault for every 4 KiB of a DEX costs a
 * tenth of the whole scan. */
#define HUGE_PAGE (2UL * 1024 * 1024)

static uint8_t *take_buffer(size_t len)
{
    uint8_t *buffer;

    if (len < HUGE_PAGE) {
        return malloc(len > 0 ? len : 1);
    }
    if (posix_memalign((void **)&buffer, HUGE_PAGE, len) != 0) {
        return NULL;
    }
    (void)madvise(buffer, len, MADV_HUGEPAGE); /* a wish: without it all works as well */
    return buffer;
}

/* How the platform, or for a bogus method what comes nearest to it, reads an entry. */
enum way {
    WAY_STORED,
    WAY_DEFLATED,
    WAY_TRY, /* DEFLATE if it ends exactly, else stored */
};

static enum way way_of(const struct pk_zip_entry *entry)
{
    if (entry->method == PK_ZIP_DEFLATED) {
        return WAY_DEFLATED;
    }
    if (entry->method == PK_ZIP_STORED || entry->packed_size == entry->plain_size) {
        return WAY_STORED;
    }
    return WAY_TRY;
}

static int fail(const struct pk_zip *zip, const struct pk_zip_entry *entry, const char *why, int rc,
        struct pk_error *err)
{
    size_t len = entry->name.len < 100 ? entry->name.len : 100;

    (void)pk_error_set(err, rc, "entry '%.*s': %s", (int)len, (const char *)entry->name.ptr, why);
    if (err != NULL) {
        err->offset = entry->data.ptr != NULL ? (size_t)(entry->data.ptr - zip->file.ptr)
                                              : entry->local_offset;
    }
    return rc;
}

/* Counts the entry against the archive's budget, the first time only. Stored ones, too: many of them can
 * name the same bytes. */
static int charge(struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_error *err)
{
    struct pk_zip_index *index = zip->index;
    size_t i = (size_t)(entry - zip->entries);

    if (index->charged[i]) {
        return PK_OK;
    }
    if (entry->plain_size > zip->plain_left) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_ZIP_RATIO,
                "'%s' has %lu bytes, %llu are left",
                pk_zip_say(zip, PK_ANOMALY_LIMIT_ZIP_RATIO, entry->name),
                (unsigned long)entry->plain_size, (unsigned long long)zip->plain_left);
        return fail(zip, entry, "the archive inflates to too much", PK_ELIMIT, err);
    }
    zip->plain_left -= entry->plain_size;
    index->charged[i] = 1;
    return PK_OK;
}

static void check_crc(struct pk_zip *zip, const struct pk_zip_entry *entry, uint32_t crc)
{
    if (crc != entry->crc) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_CRC_MISMATCH,
                "'%s': %08lx, the directory says %08lx",
                pk_zip_say(zip, PK_ANOMALY_ZIP_CRC_MISMATCH, entry->name), (unsigned long)crc,
                (unsigned long)entry->crc);
    }
}

static void check_rest(struct pk_zip *zip, const struct pk_zip_entry *entry, size_t used)
{
    if (used < entry->data.len) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_TRAILING_DATA,
                "'%s': the stream ends after %zu of %zu bytes",
                pk_zip_say(zip, PK_ANOMALY_ZIP_TRAILING_DATA, entry->name), used, entry->data.len);
    }
}

/* The bytes as they stand in the file, plain_size of them. */
static int stored(const struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_slice *out,
        struct pk_error *err)
{
    uint64_t begin = (uint64_t)(entry->data.ptr - zip->file.ptr);

    if (begin + entry->plain_size > zip->directory_offset) {
        return fail(zip, entry, "its data reach into the directory", PK_ETRUNC, err);
    }
    *out = pk_slice_of(entry->data.ptr, entry->plain_size);
    return PK_OK;
}

/* Before anything is read or allocated. */
static int check(
        struct pk_zip *zip, const struct pk_zip_entry *entry, enum way *way, struct pk_error *err)
{
    if (entry->data.ptr == NULL) {
        return fail(zip, entry, "its data are not there", PK_ETRUNC, err);
    }
    *way = way_of(entry);
    if (*way != WAY_STORED && !pk_zip_can_inflate(entry)) {
        if (*way == WAY_DEFLATED) {
            return fail(zip, entry, "it claims more than it can inflate to", PK_EMALF, err);
        }
        *way = WAY_STORED;
    }
    return charge(zip, entry, err);
}

static int inflate_into(struct pk_zip *zip, const struct pk_zip_entry *entry, enum way way,
        uint8_t *plain, struct pk_error *err)
{
    size_t used = 0;
    int rc;

    if (entry->data.len == 0 && entry->plain_size == 0) {
        return PK_OK; /* no stream at all, and none is missed */
    }
    rc = pk_inflate_whole(zip->inflater, entry->data, plain, entry->plain_size, &used);
    if (rc == PK_OK && way == WAY_TRY && used != entry->data.len) {
        rc = PK_EMALF;
    }
    if (rc == PK_EMALF && way == WAY_TRY) {
        return rc; /* the caller takes it as stored */
    }
    if (rc < 0) {
        return fail(zip, entry,
                rc == PK_ENOMEM ? "no memory" : "it does not inflate to the size that it claims",
                rc, err);
    }
    check_rest(zip, entry, used);
    return PK_OK;
}

void pk_zip_keep(struct pk_zip *zip, size_t bytes)
{
    struct pk_zip_index *index = zip->index;

    index->keep_left = bytes;
}

static const uint8_t *kept(const struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    const struct pk_zip_index *index = zip->index;

    for (size_t i = 0; i < index->kept_count; i++) {
        if (index->kept[i].entry == entry) {
            return index->kept[i].plain;
        }
    }
    return NULL;
}

/* True when the archive has taken the inflated bytes over. */
static bool keep(struct pk_zip *zip, const struct pk_zip_entry *entry, uint8_t *plain)
{
    struct pk_zip_index *index = zip->index;

    if (entry->plain_size > index->keep_left || index->kept_count == PK_ZIP_KEPT_MAX) {
        return false;
    }
    index->keep_left -= entry->plain_size;
    index->kept[index->kept_count].entry = entry;
    index->kept[index->kept_count].plain = plain;
    index->kept_count++;
    return true;
}

int pk_zip_read(struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_zip_bytes *out,
        struct pk_error *err)
{
    struct pk_slice plain = { 0 };
    uint8_t *owned = NULL;
    enum way way = WAY_STORED;
    int rc = check(zip, entry, &way, err);

    const uint8_t *again = kept(zip, entry);

    if (rc < 0) {
        return rc;
    }
    if (again != NULL) {
        *out = (struct pk_zip_bytes){ .bytes = pk_slice_of(again, entry->plain_size) };
        return PK_OK;
    }
    if (way != WAY_STORED) {
        if (entry->plain_size > PK_ZIP_ENTRY_MAX) {
            pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_ZIP_CLAIM, "'%s': %lu bytes",
                    pk_zip_say(zip, PK_ANOMALY_LIMIT_ZIP_CLAIM, entry->name),
                    (unsigned long)entry->plain_size);
            return fail(zip, entry, "too large to be held", PK_ELIMIT, err);
        }
        owned = take_buffer(entry->plain_size);
        if (owned == NULL) {
            return fail(zip, entry, "no memory", PK_ENOMEM, err);
        }
        plain = pk_slice_of(owned, entry->plain_size);
        rc = inflate_into(zip, entry, way, owned, err);
        if (rc < 0) {
            free(owned);
            owned = NULL;
        }
    }
    if (way == WAY_STORED || (way == WAY_TRY && rc == PK_EMALF)) {
        rc = stored(zip, entry, &plain, err);
    }
    if (rc < 0) {
        return rc;
    }
    check_crc(zip, entry, libdeflate_crc32(0, plain.ptr, plain.len));
    if (owned != NULL && keep(zip, entry, owned)) {
        owned = NULL;
    }
    *out = (struct pk_zip_bytes){ .bytes = plain, .owned = owned };
    return PK_OK;
}

void pk_zip_release(struct pk_zip_bytes *bytes)
{
    if (bytes != NULL) {
        free(bytes->owned);
        *bytes = (struct pk_zip_bytes){ 0 };
    }
}

/* What pk_zip_stream() hands on, with the CRC of it. */
struct tee {
    pk_zip_sink sink;
    void *ctx;
    uint32_t crc;
    bool refused; /* the sink ended it: its result is handed on as it is */
};

static int tee_piece(void *ctx, struct pk_slice piece)
{
    struct tee *tee = ctx;
    int rc;

    tee->crc = libdeflate_crc32(tee->crc, piece.ptr, piece.len);
    rc = tee->sink(tee->ctx, piece);
    tee->refused = rc < 0;
    return rc;
}

/* A buffer of at least len bytes that is kept for the next entry. */
static uint8_t *scratch(struct pk_zip_index *index, size_t len)
{
    if (len > index->scratch_len) {
        size_t size = len < WHOLE_MAX / 8 ? WHOLE_MAX / 8 : WHOLE_MAX;
        uint8_t *more = take_buffer(size);

        if (more == NULL) {
            return NULL;
        }
        free(index->scratch);
        index->scratch = more;
        index->scratch_len = size;
    }
    return index->scratch;
}

static int stream_whole(struct pk_zip *zip, const struct pk_zip_entry *entry, enum way way,
        struct tee *tee, struct pk_error *err)
{
    bool small = entry->plain_size <= WHOLE_MAX;
    uint8_t *plain = small ? scratch(zip->index, entry->plain_size > 0 ? entry->plain_size : 1)
                           : take_buffer(entry->plain_size);
    int rc;

    if (plain == NULL) {
        return fail(zip, entry, "no memory", PK_ENOMEM, err);
    }
    rc = inflate_into(zip, entry, way, plain, err);
    if (rc == PK_OK && entry->plain_size > 0) {
        rc = tee_piece(tee, pk_slice_of(plain, entry->plain_size));
    }
    if (!small) {
        free(plain);
    }
    return rc;
}

static int stream_large(struct pk_zip *zip, const struct pk_zip_entry *entry, enum way way,
        struct tee *tee, struct pk_error *err)
{
    size_t used = 0;
    int rc = PK_OK;

    if (way == WAY_TRY) { /* nothing may be handed on before it is known to be DEFLATE */
        rc = pk_inflate_stream(zip->inflater, entry->data, entry->plain_size, NULL, NULL, &used);
        if (rc == PK_EMALF || (rc == PK_OK && used != entry->data.len)) {
            return PK_EMALF;
        }
    }
    if (rc == PK_OK) {
        rc = pk_inflate_stream(
                zip->inflater, entry->data, entry->plain_size, tee_piece, tee, &used);
    }
    if (rc < 0 && !tee->refused) {
        return fail(zip, entry,
                rc == PK_ENOMEM ? "no memory" : "it does not inflate to the size that it claims",
                rc, err);
    }
    if (rc == PK_OK) {
        check_rest(zip, entry, used);
    }
    return rc;
}

int pk_zip_stream(struct pk_zip *zip, const struct pk_zip_entry *entry, pk_zip_sink sink, void *ctx,
        struct pk_error *err)
{
    struct tee tee = { .sink = sink, .ctx = ctx };
    enum way way = WAY_STORED;
    int rc = check(zip, entry, &way, err);
    const uint8_t *again = kept(zip, entry);

    if (rc < 0) {
        return rc;
    }
    if (again != NULL) { /* its CRC was looked at when it was read */
        return entry->plain_size > 0 ? sink(ctx, pk_slice_of(again, entry->plain_size)) : PK_OK;
    }
    if (way != WAY_STORED) {
        rc = entry->plain_size <= WHOLE_LARGE_MAX ? stream_whole(zip, entry, way, &tee, err)
                                                  : stream_large(zip, entry, way, &tee, err);
    }
    if (way == WAY_STORED || (way == WAY_TRY && rc == PK_EMALF && !tee.refused)) {
        struct pk_slice plain;

        rc = stored(zip, entry, &plain, err);
        if (rc == PK_OK && plain.len > 0) {
            rc = tee_piece(&tee, plain);
        }
    }
    if (rc == PK_OK) {
        check_crc(zip, entry, tee.crc);
    }
    return rc;
}
