#include "wire/ip4.h"

#include <net/ethernet.h>
#include <string.h>

#include "base/reader.h"

#define HEAD_BYTES 20
#define ETHERNET   14
#define TTL        64

static void take(struct pk_reader *r, uint8_t *out, size_t len)
{
    struct pk_slice bytes = pk_read_slice(r, len);

    if (r->rc == PK_OK) {
        memcpy(out, bytes.ptr, len);
    }
}

static int parse_packet(struct pk_slice packet, bool quoted, struct pk_ip4 *out)
{
    struct pk_reader r = pk_reader_of(packet);
    unsigned version = pk_read_u8(&r);
    size_t head = (size_t)(version & 15) * 4;

    pk_read_skip(&r, 1);
    size_t total = pk_read_be16(&r);

    pk_read_skip(&r, 2);
    unsigned fragment = pk_read_be16(&r);

    out->ttl = pk_read_u8(&r);
    out->protocol = pk_read_u8(&r);
    pk_read_skip(&r, 2);
    take(&r, out->from, 4);
    take(&r, out->to, 4);
    if (r.rc < 0) {
        return r.rc;
    }
    if (version >> 4 != 4 || head < HEAD_BYTES || total < head || (fragment & 0x3fff) != 0) {
        return PK_EMALF;
    }
    if (total > packet.len && !quoted) {
        return PK_ETRUNC;
    }
    if (head > packet.len) {
        return PK_ETRUNC;
    }
    total = total < packet.len ? total : packet.len;
    out->payload = pk_slice_of(packet.ptr + head, total - head);
    return PK_OK;
}

int pk_ip4_parse(struct pk_slice frame, struct pk_ip4 *out)
{
    struct pk_reader r = pk_reader_of(frame);
    struct pk_ip4 packet = { 0 };
    int rc;

    take(&r, packet.mac_to, 6);
    take(&r, packet.mac_from, 6);
    unsigned type = pk_read_be16(&r);

    if (r.rc < 0) {
        return r.rc;
    }
    if (type != ETHERTYPE_IP) {
        return PK_EMALF;
    }
    rc = parse_packet(pk_slice_of(frame.ptr + ETHERNET, frame.len - ETHERNET), false, &packet);
    if (rc == PK_OK) {
        *out = packet;
    }
    return rc;
}

int pk_ip4_parse_quoted(struct pk_slice bytes, struct pk_ip4 *out)
{
    struct pk_ip4 packet = { 0 };
    int rc = parse_packet(bytes, true, &packet);

    if (rc == PK_OK) {
        *out = packet;
    }
    return rc;
}

uint16_t pk_ip4_checksum(struct pk_slice data, uint32_t sum)
{
    for (size_t i = 0; i + 1 < data.len; i += 2) {
        sum += (uint32_t)data.ptr[i] << 8 | data.ptr[i + 1];
    }
    if (data.len % 2 == 1) {
        sum += (uint32_t)data.ptr[data.len - 1] << 8;
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

size_t pk_ip4_build(const struct pk_ip4 *packet, uint8_t *out, size_t max)
{
    size_t total = HEAD_BYTES + packet->payload.len;
    uint8_t *ip = out + ETHERNET;
    uint16_t sum;

    if (total + ETHERNET > max || total + ETHERNET > PK_IP4_FRAME_MAX) {
        return 0;
    }
    memcpy(out, packet->mac_to, 6);
    memcpy(out + 6, packet->mac_from, 6);
    out[12] = ETHERTYPE_IP >> 8;
    out[13] = ETHERTYPE_IP & 0xff;
    memset(ip, 0, HEAD_BYTES);
    ip[0] = 0x45;
    ip[2] = (uint8_t)(total >> 8);
    ip[3] = (uint8_t)total;
    ip[8] = (uint8_t)(packet->ttl > 0 ? packet->ttl : TTL);
    ip[9] = (uint8_t)packet->protocol;
    memcpy(ip + 12, packet->from, 4);
    memcpy(ip + 16, packet->to, 4);
    sum = pk_ip4_checksum(pk_slice_of(ip, HEAD_BYTES), 0);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    memcpy(ip + HEAD_BYTES, packet->payload.ptr, packet->payload.len);
    return total + ETHERNET;
}
