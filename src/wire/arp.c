#include "wire/arp.h"

#include <net/ethernet.h>
#include <string.h>

#include "base/reader.h"

/* Offsets in the frame: Ethernet header 14 bytes, then the ARP packet. */
#define AT_TYPE       12
#define AT_SENDER_MAC 22
#define AT_SENDER_IP  28

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t be16(const uint8_t *b)
{
    return (uint32_t)b[0] << 8 | b[1];
}

static void take(struct pk_reader *r, uint8_t *out, size_t len)
{
    struct pk_slice bytes = pk_read_slice(r, len);

    if (r->rc == PK_OK) {
        memcpy(out, bytes.ptr, len);
    }
}

int pk_arp_parse(struct pk_slice bytes, struct pk_arp_frame *out)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_arp_frame frame = { 0 };

    take(&r, frame.to, 6);
    pk_read_skip(&r, 6);
    unsigned type = pk_read_be16(&r);
    unsigned hardware = pk_read_be16(&r);
    unsigned protocol = pk_read_be16(&r);
    unsigned lengths = pk_read_be16(&r);

    frame.op = pk_read_be16(&r);
    take(&r, frame.sender_mac, 6);
    take(&r, frame.sender_ip, 4);
    take(&r, frame.target_mac, 6);
    take(&r, frame.target_ip, 4);
    if (r.rc == PK_OK &&
            (type != ETHERTYPE_ARP || hardware != 1 || protocol != ETHERTYPE_IP ||
                    lengths != 0x0604)) {
        r.rc = PK_EMALF;
    }
    if (r.rc == PK_OK) {
        *out = frame;
    }
    return r.rc;
}

void pk_arp_build(const struct pk_arp_frame *frame, uint8_t out[PK_ARP_FRAME_BYTES])
{
    static const uint8_t head[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0 };

    memcpy(out, frame->to, 6);
    memcpy(out + 6, frame->sender_mac, 6);
    memcpy(out + AT_TYPE, head, sizeof(head));
    out[21] = (uint8_t)frame->op;
    memcpy(out + AT_SENDER_MAC, frame->sender_mac, 6);
    memcpy(out + AT_SENDER_IP, frame->sender_ip, 4);
    memcpy(out + 32, frame->target_mac, 6);
    memcpy(out + 38, frame->target_ip, 4);
}

size_t pk_arp_filter(
        const uint8_t address[4], const uint8_t *known, struct sock_filter out[PK_ARP_FILTER_MAX])
{
    const struct sock_filter any[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_SENDER_IP),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, be32(address), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, PK_ARP_FRAME_BYTES),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    if (known == NULL) {
        memcpy(out, any, sizeof(any));
        return sizeof(any) / sizeof(any[0]);
    }
    const struct sock_filter others[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_SENDER_IP),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, be32(address), 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_SENDER_MAC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, be32(known), 0, 2),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_SENDER_MAC + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, be16(known + 4), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, PK_ARP_FRAME_BYTES),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    memcpy(out, others, sizeof(others));
    return sizeof(others) / sizeof(others[0]);
}
