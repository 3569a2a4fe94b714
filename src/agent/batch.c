#include "agent/batch.h"

#include "agent/spool.h"
#include "base/clock.h"
#include "base/zpack.h"
#include "model/observation.h"

#define AGE_MAX_MS (30 * PK_DAY_MS - PK_HOUR_MS) /* the server refuses what is 30 days old */
#define ZSTD_LEVEL 3

struct builder {
    struct pk_batch *batch;
    size_t max;
    int64_t now_ms;
};

/* Records were written by this program: "at" stands right behind "seq". */
static bool is_expired(struct pk_slice json, int64_t now_ms)
{
    static const char key[] = "\"at\":\"";
    const char *from = memmem(json.ptr, json.len < 64 ? json.len : 64, key, sizeof(key) - 1);
    char text[PK_TIME_TEXT];
    int64_t at_ms;

    if (from == NULL) {
        return false;
    }
    from += sizeof(key) - 1;
    if ((const uint8_t *)from + 24 > json.ptr + json.len) {
        return false;
    }
    memcpy(text, from, 24);
    text[24] = '\0';
    return pk_time_parse(text, &at_ms) == PK_OK && now_ms - at_ms > AGE_MAX_MS;
}

static bool add(void *ctx, int64_t seq, bool essential, struct pk_slice json)
{
    struct builder *b = ctx;
    struct pk_batch *batch = b->batch;

    (void)essential;
    if (batch->count == 0 && is_expired(json, b->now_ms)) {
        batch->expired_seq = seq;
        batch->expired++;
        return true;
    }
    if (batch->count == b->max ||
            (batch->count > 0 && batch->json.len + json.len + 4 > PK_BATCH_BYTES)) {
        return false;
    }
    (void)pk_buffer_puts(&batch->json, batch->count > 0 ? "," : "{\"v\":1,\"observations\":[");
    (void)pk_buffer_put(&batch->json, json.ptr, json.len);
    batch->count++;
    batch->last_seq = seq;
    return batch->json.rc == PK_OK;
}

int pk_batch_build(struct pk_spool *spool, size_t max, int64_t now_ms, struct pk_batch *out,
        struct pk_error *err)
{
    struct builder b = { .batch = out, .max = max, .now_ms = now_ms };
    int rc;

    *out = (struct pk_batch){ .json = pk_buffer_of(PK_BATCH_BYTES + PK_SPOOL_RECORD_MAX + 64) };
    rc = pk_spool_sync(spool, err);
    if (rc == PK_OK) {
        rc = pk_spool_each(spool, add, &b, err);
    }
    if (rc == PK_OK && out->count > 0 && pk_buffer_puts(&out->json, "]}") < 0) {
        rc = pk_error_set(err, out->json.rc, "a report: %s", pk_code_text(out->json.rc));
    }
    if (rc < 0) {
        pk_batch_finish(out);
    }
    return rc;
}

void pk_batch_finish(struct pk_batch *batch)
{
    pk_buffer_finish(&batch->json);
}

int pk_batch_pack(const struct pk_batch *batch, struct pk_buffer *out, struct pk_error *err)
{
    /* Made anew for each report: an idle agent keeps no compressor in memory. */
    struct pk_zpack *zpack = pk_zpack_create(pk_zpack_report_dictionary(), ZSTD_LEVEL);
    int rc = zpack != NULL ? pk_zpack_pack(zpack, pk_buffer_slice(&batch->json), out) : PK_ENOMEM;

    pk_zpack_destroy(zpack);
    return rc < 0 ? pk_error_set(err, rc, "packing a report: %s", pk_code_text(rc)) : PK_OK;
}
