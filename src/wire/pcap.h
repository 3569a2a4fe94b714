/* pcap.h - recorded packets: pcap (draft-ietf-opsawg-pcap) with micro- or nanoseconds and pcapng
 * (draft-ietf-opsawg-pcapng) with several sections and interfaces, in either byte order, over a file in memory.
 * Hostile input: every length is checked against the file; what does not add up ends the reading with a
 * sentence. No memory of its own. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_PCAP_PACKET_MAX     (256UL * 1024) /* bytes of a packet; a larger one is malformed */
#define PK_PCAP_INTERFACES_MAX 64UL           /* of a section of pcapng */

struct pk_pcap {
    struct pk_slice file;
    size_t pos;
    bool ng;
    bool swapped; /* the file's byte order is not this machine's */
    /* pcap: */
    int link;
    bool nanoseconds;
    /* pcapng: of the current section */
    struct {
        int link;
        uint32_t cut;   /* bytes that are kept of a packet; 0: all */
        uint64_t ticks; /* a second */
        int64_t offset_s;
    } interfaces[PK_PCAP_INTERFACES_MAX];
    size_t interface_count;
};

struct pk_pcap_packet {
    struct pk_slice bytes;
    size_t wire_len;
    int64_t at_us; /* since 1970; 0: not told (simple packet block) */
    int link;      /* LINKTYPE_ number */
};

/* Is it one of these formats, by its first bytes? */
bool pk_pcap_is(struct pk_slice file);
/* PK_EMALF: neither format. file is borrowed. */
PK_MUST_USE int pk_pcap_open(struct pk_slice file, struct pk_pcap *out, struct pk_error *err);
/* The next packet. PK_ENOENT: the end. PK_ETRUNC, PK_EMALF, PK_ELIMIT: no further one can be found; *err says
 * where (offset in the file). */
PK_MUST_USE int pk_pcap_next(
        struct pk_pcap *pcap, struct pk_pcap_packet *out, struct pk_error *err);
