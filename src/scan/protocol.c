#include "scan/protocol.h"

#include "base/reader.h"

#define REQUEST_MAGIC UINT32_C(0x4a534b50) /* "PKSJ" */
#define STATUS_MAGIC  UINT32_C(0x53534b50) /* "PKSS" */
#define VERSION       1

enum request_flag {
    FLAG_IDSIG = 1,
    FLAG_STAMP = 2,
    FLAG_STRUCTURE = 4,
    FLAG_THOROUGH = 8,
};

static uint8_t *put(uint8_t *p, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *p++ = (uint8_t)(value >> 8 * i);
    }
    return p;
}

void pk_scan_request_encode(const struct pk_scan_request *in, uint8_t out[PK_SCAN_REQUEST_SIZE])
{
    uint32_t flags = (in->has_idsig ? FLAG_IDSIG : 0U) | (in->has_stamp_cert ? FLAG_STAMP : 0U) |
            (in->structure_only ? FLAG_STRUCTURE : 0U) | (in->thorough ? FLAG_THOROUGH : 0U);
    uint8_t *p = put(put(out, REQUEST_MAGIC, 4), VERSION, 4);

    p = put(p, in->id, 8);
    p = put(p, in->size, 8);
    p = put(p, in->idsig_size, 8);
    p = put(p, in->memory_max, 8);
    p = put(p, in->timeout_ms, 4);
    p = put(p, (uint32_t)in->min_sdk, 4);
    p = put(p, (uint32_t)in->max_sdk, 4);
    p = put(p, flags, 4);
    memcpy(p, in->stamp_cert, sizeof(in->stamp_cert));
}

int pk_scan_request_decode(struct pk_slice in, struct pk_scan_request *out)
{
    struct pk_reader r = pk_reader_of(in);
    struct pk_scan_request request = { 0 };
    uint32_t magic = pk_read_le32(&r);
    uint32_t version = pk_read_le32(&r);

    request.id = pk_read_le64(&r);
    request.size = pk_read_le64(&r);
    request.idsig_size = pk_read_le64(&r);
    request.memory_max = pk_read_le64(&r);
    request.timeout_ms = pk_read_le32(&r);
    request.min_sdk = (int32_t)pk_read_le32(&r);
    request.max_sdk = (int32_t)pk_read_le32(&r);
    uint32_t flags = pk_read_le32(&r);
    struct pk_slice stamp = pk_read_slice(&r, sizeof(request.stamp_cert));
    if (r.rc < 0) {
        return r.rc;
    }
    if (magic != REQUEST_MAGIC || version != VERSION || pk_reader_left(&r) > 0 ||
            (flags & ~(uint32_t)(FLAG_IDSIG | FLAG_STAMP | FLAG_STRUCTURE | FLAG_THOROUGH)) != 0 ||
            request.timeout_ms == 0 || request.memory_max == 0) {
        return PK_EMALF;
    }
    request.has_idsig = (flags & FLAG_IDSIG) != 0;
    request.has_stamp_cert = (flags & FLAG_STAMP) != 0;
    request.structure_only = (flags & FLAG_STRUCTURE) != 0;
    request.thorough = (flags & FLAG_THOROUGH) != 0;
    memcpy(request.stamp_cert, stamp.ptr, sizeof(request.stamp_cert));
    *out = request;
    return PK_OK;
}

void pk_scan_status_encode(const struct pk_scan_status *in, uint8_t out[PK_SCAN_STATUS_SIZE])
{
    uint8_t *p = put(put(out, STATUS_MAGIC, 4), VERSION, 4);

    p = put(p, in->id, 8);
    p = put(p, in->state, 4);
    p = put(p, in->step, 4);
    p = put(p, (uint32_t)in->code, 4);
    p = put(p, 0, 4); /* reserved */
    p = put(p, in->wall_us, 8);
    p = put(p, in->cpu_us, 8);
    (void)put(p, in->rss, 8);
}

int pk_scan_status_decode(struct pk_slice in, struct pk_scan_status *out)
{
    struct pk_reader r = pk_reader_of(in);
    uint32_t magic = pk_read_le32(&r);
    uint32_t version = pk_read_le32(&r);
    uint64_t id = pk_read_le64(&r);
    uint32_t state = pk_read_le32(&r);
    uint32_t step = pk_read_le32(&r);
    int32_t code = (int32_t)pk_read_le32(&r);
    uint32_t reserved = pk_read_le32(&r);
    uint64_t wall_us = pk_read_le64(&r);
    uint64_t cpu_us = pk_read_le64(&r);
    uint64_t rss = pk_read_le64(&r);

    if (r.rc < 0) {
        return r.rc;
    }
    if (magic != STATUS_MAGIC || version != VERSION || pk_reader_left(&r) > 0 || reserved != 0 ||
            state >= PK_SCAN_STATE_COUNT || step >= PK_SANDBOX_STEP_COUNT) {
        return PK_EMALF;
    }
    *out = (struct pk_scan_status){
        .id = id,
        .state = (enum pk_scan_state)state,
        .step = (enum pk_sandbox_step)step,
        .code = code,
        .wall_us = wall_us,
        .cpu_us = cpu_us,
        .rss = rss,
    };
    return PK_OK;
}
