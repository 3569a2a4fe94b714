/* An Ethernet frame with ARP, or IPv4 and ICMP in it. The checksum is put right first, so that the fuzzer need not guess it. */
#include <stdint.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "wire/arp.h"
#include "wire/icmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_icmp(struct pk_slice payload)
{
    uint8_t *copy = malloc(payload.len > 0 ? payload.len : 1);
    struct pk_icmp m;

    if (copy == NULL) {
        return;
    }
    if (payload.len > 0) {
        memcpy(copy, payload.ptr, payload.len);
    }
    if (payload.len >= 4) {
        copy[2] = copy[3] = 0;
        uint16_t sum = pk_ip4_checksum(pk_slice_of(copy, payload.len), 0);

        copy[2] = (uint8_t)(sum >> 8);
        copy[3] = (uint8_t)sum;
    }
    if (pk_icmp_parse(pk_slice_of(copy, payload.len), &m) == PK_OK) {
        if (m.about_type >= 0 && !m.quotes) {
            abort();
        }
        if (m.quotes && m.about.payload.len > 0 &&
                (m.about.payload.ptr < copy ||
                        m.about.payload.ptr + m.about.payload.len > copy + payload.len)) {
            abort();
        }
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arp_frame arp;
    struct pk_ip4 packet;

    if (pk_arp_parse(pk_slice_of(data, size), &arp) == PK_OK) {
        uint8_t out[PK_ARP_FRAME_BYTES];
        struct pk_arp_frame again;

        arp.op &= 0xff;
        pk_arp_build(&arp, out);
        if (pk_arp_parse(pk_slice_of(out, sizeof(out)), &again) != PK_OK ||
                memcmp(again.sender_mac, arp.sender_mac, 6) != 0) {
            abort();
        }
    }
    if (pk_ip4_parse(pk_slice_of(data, size), &packet) == PK_OK) {
        parse_icmp(packet.payload);
    }
    return 0;
}
