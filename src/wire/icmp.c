#include "wire/icmp.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/reader.h"

#define ERROR_HEAD 8

static void read_quoted(struct pk_slice quotation, struct pk_icmp *out)
{
    struct pk_reader r;

    out->quotes = pk_ip4_parse_quoted(quotation, &out->about) == PK_OK;
    if (!out->quotes || out->about.protocol != IPPROTO_ICMP) {
        return;
    }
    r = pk_reader_of(out->about.payload);
    out->about_type = pk_read_u8(&r);
    pk_read_skip(&r, 3);
    out->id = pk_read_be16(&r);
    out->sequence = pk_read_be16(&r);
    if (r.rc < 0) {
        out->about_type = -1;
        out->id = out->sequence = 0;
    }
}

int pk_icmp_parse(struct pk_slice payload, struct pk_icmp *out)
{
    struct pk_reader r = pk_reader_of(payload);
    struct pk_icmp m = { .about_type = -1 };
    struct pk_slice gateway;

    m.type = pk_read_u8(&r);
    m.code = pk_read_u8(&r);
    pk_read_skip(&r, 2);
    gateway = pk_read_slice(&r, 4);
    if (r.rc < 0) {
        return r.rc;
    }
    if (pk_ip4_checksum(payload, 0) != 0) {
        return PK_EMALF;
    }
    switch (m.type) {
    case PK_ICMP_ECHO:
    case PK_ICMP_ECHO_REPLY:
        m.id = (uint16_t)(gateway.ptr[0] << 8 | gateway.ptr[1]);
        m.sequence = (uint16_t)(gateway.ptr[2] << 8 | gateway.ptr[3]);
        break;
    case PK_ICMP_REDIRECT:
        memcpy(m.gateway, gateway.ptr, 4);
        read_quoted(pk_slice_of(payload.ptr + ERROR_HEAD, payload.len - ERROR_HEAD), &m);
        break;
    case PK_ICMP_EXCEEDED:
        read_quoted(pk_slice_of(payload.ptr + ERROR_HEAD, payload.len - ERROR_HEAD), &m);
        break;
    default:
        return PK_EMALF;
    }
    *out = m;
    return PK_OK;
}

void pk_icmp_build_echo(uint16_t id, uint16_t sequence, uint8_t out[PK_ICMP_ECHO_BYTES])
{
    uint16_t sum;

    memset(out, 0, PK_ICMP_ECHO_BYTES);
    out[0] = PK_ICMP_ECHO;
    out[4] = (uint8_t)(id >> 8);
    out[5] = (uint8_t)id;
    out[6] = (uint8_t)(sequence >> 8);
    out[7] = (uint8_t)sequence;
    sum = pk_ip4_checksum(pk_slice_of(out, PK_ICMP_ECHO_BYTES), 0);
    out[2] = (uint8_t)(sum >> 8);
    out[3] = (uint8_t)sum;
}

/* Offsets count from the Ethernet header; X is the length of the IPv4 header. */
size_t pk_icmp_filter(bool echo, struct sock_filter out[PK_ICMP_FILTER_MAX])
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 10),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 8),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20), /* a later fragment has no header */
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 6, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 14),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PK_ICMP_REDIRECT, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, echo ? PK_ICMP_ECHO_REPLY : PK_ICMP_REDIRECT, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, echo ? PK_ICMP_EXCEEDED : PK_ICMP_REDIRECT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, PK_IP4_FRAME_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    memcpy(out, code, sizeof(code));
    return sizeof(code) / sizeof(code[0]);
}
