#include "wire/pcap.h"

#include <string.h>

#define MAGIC_US        0xa1b2c3d4U
#define MAGIC_NS        0xa1b23c4dU
#define MAGIC_NG        0x0a0d0d0aU
#define ORDER_NG        0x1a2b3c4dU
#define BLOCK_INTERFACE 1U
#define BLOCK_OLD       2U /* obsolete packet block */
#define BLOCK_SIMPLE    3U
#define BLOCK_PACKET    6U
#define OPTION_TSRESOL  9U
#define OPTION_TSOFFSET 14U
#define LINK_MASK       0x0fffffffU /* the high bits of pcap's field say something else */

static uint32_t load32(const struct pk_pcap *p, size_t at)
{
    uint32_t value;

    memcpy(&value, p->file.ptr + at, sizeof(value));
    return p->swapped ? __builtin_bswap32(value) : value;
}

static uint16_t load16(const struct pk_pcap *p, size_t at)
{
    uint16_t value;

    memcpy(&value, p->file.ptr + at, sizeof(value));
    return p->swapped ? __builtin_bswap16(value) : value;
}

static int fail(const struct pk_pcap *p, int code, const char *what, struct pk_error *err)
{
    return pk_error_set(err, code, "at byte %zu: %s", p->pos, what);
}

static uint32_t magic_of(struct pk_slice file)
{
    uint32_t magic = 0;

    if (file.len >= sizeof(magic)) {
        memcpy(&magic, file.ptr, sizeof(magic));
    }
    return magic;
}

bool pk_pcap_is(struct pk_slice file)
{
    uint32_t magic = magic_of(file);

    return magic == MAGIC_NG || magic == MAGIC_US || magic == MAGIC_NS ||
            magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
}

int pk_pcap_open(struct pk_slice file, struct pk_pcap *out, struct pk_error *err)
{
    uint32_t magic = magic_of(file);

    *out = (struct pk_pcap){ .file = file };
    if (!pk_pcap_is(file)) {
        return pk_error_set(err, PK_EMALF, "is no capture (pcap or pcapng)");
    }
    if (magic == MAGIC_NG) {
        out->ng = true;
        return PK_OK;
    }
    out->swapped = magic != MAGIC_US && magic != MAGIC_NS;
    if (file.len < 24) {
        return fail(out, PK_ETRUNC, "the file's header is cut off", err);
    }
    out->nanoseconds = load32(out, 0) == MAGIC_NS;
    out->link = (int)(load32(out, 20) & LINK_MASK & 0xffffU);
    out->pos = 24;
    return PK_OK;
}

/* --- pcap --------------------------------------------------------------------------------- */

static int next_classic(struct pk_pcap *p, struct pk_pcap_packet *out, struct pk_error *err)
{
    size_t left = p->file.len - p->pos;
    uint32_t kept;

    if (left == 0) {
        return PK_ENOENT;
    }
    if (left < 16) {
        return fail(p, PK_ETRUNC, "a packet's header is cut off", err);
    }
    kept = load32(p, p->pos + 8);
    if (kept > PK_PCAP_PACKET_MAX) {
        return fail(p, PK_ELIMIT, "a packet is larger than any can be", err);
    }
    if (kept > left - 16) {
        return fail(p, PK_ETRUNC, "a packet is cut off", err);
    }
    *out = (struct pk_pcap_packet){
        .bytes = pk_slice_of(p->file.ptr + p->pos + 16, kept),
        .wire_len = load32(p, p->pos + 12),
        .at_us = (int64_t)load32(p, p->pos) * 1000000 +
                load32(p, p->pos + 4) / (p->nanoseconds ? 1000 : 1),
        .link = p->link,
    };
    p->pos += 16 + kept;
    return PK_OK;
}

/* --- pcapng ------------------------------------------------------------------------------- */

/* if_tsresol: a power of ten, or with the high bit of two. */
static uint64_t ticks_of(uint8_t resolution)
{
    unsigned power = resolution & 0x7fU;
    uint64_t ticks = 1;

    if ((resolution & 0x80U) != 0) {
        return power < 63 ? 1ULL << power : 1ULL << 62;
    }
    for (unsigned i = 0; i < power && i < 18; i++) {
        ticks *= 10;
    }
    return ticks;
}

static void read_options(struct pk_pcap *p, size_t at, size_t end, size_t which)
{
    while (end - at >= 4) {
        uint16_t code = load16(p, at);
        size_t len = load16(p, at + 2);

        if (code == 0 || len > end - at - 4) {
            return;
        }
        if (code == OPTION_TSRESOL && len >= 1) {
            p->interfaces[which].ticks = ticks_of(p->file.ptr[at + 4]);
        } else if (code == OPTION_TSOFFSET && len >= 8) {
            int64_t offset;

            memcpy(&offset, p->file.ptr + at + 4, sizeof(offset));
            offset = p->swapped ? (int64_t)__builtin_bswap64((uint64_t)offset) : offset;
            p->interfaces[which].offset_s = offset > -INT32_MAX && offset < INT32_MAX ? offset : 0;
        }
        len = (len + 3) & ~3UL;
        if (len > end - at - 4) {
            return;
        }
        at += 4 + len;
    }
}

static int read_interface(struct pk_pcap *p, size_t at, size_t end, struct pk_error *err)
{
    size_t which = p->interface_count;

    if (end - at < 8) {
        return fail(p, PK_EMALF, "an interface block is too short", err);
    }
    if (which == PK_PCAP_INTERFACES_MAX) {
        return fail(p, PK_ELIMIT, "too many interfaces", err);
    }
    p->interfaces[which].link = load16(p, at);
    p->interfaces[which].cut = load32(p, at + 4);
    p->interfaces[which].ticks = 1000000;
    p->interfaces[which].offset_s = 0;
    p->interface_count++;
    read_options(p, at + 8, end, which);
    return PK_OK;
}

static int64_t time_of(const struct pk_pcap *p, size_t which, uint64_t ticks)
{
    uint64_t per_s = p->interfaces[which].ticks;
    uint64_t s = ticks / per_s;
    uint64_t rest = ticks % per_s;
    uint64_t us = per_s >= 1000000 ? rest / (per_s / 1000000) : rest * 1000000 / per_s;

    /* Beyond the year 10000 it is no time. */
    return s < 253402300800ULL
            ? ((int64_t)s + p->interfaces[which].offset_s) * 1000000 + (int64_t)us
            : 0;
}

/* body: behind the fixed part of the block. */
static int take_packet(struct pk_pcap *p, size_t which, uint64_t ticks, size_t kept,
        size_t wire_len, size_t at, size_t end, struct pk_pcap_packet *out, struct pk_error *err)
{
    if (which >= p->interface_count) {
        return fail(p, PK_EMALF, "a packet of an interface that is not described", err);
    }
    if (kept > PK_PCAP_PACKET_MAX || kept > end - at) {
        return fail(p, PK_EMALF, "a packet is larger than its block", err);
    }
    *out = (struct pk_pcap_packet){
        .bytes = pk_slice_of(p->file.ptr + at, kept),
        .wire_len = wire_len,
        .at_us = ticks != 0 ? time_of(p, which, ticks) : 0,
        .link = p->interfaces[which].link,
    };
    return PK_OK;
}

/* PK_OK: a packet; PK_ENOENT: a block without one. */
static int read_block(struct pk_pcap *p, uint32_t type, size_t at, size_t end,
        struct pk_pcap_packet *out, struct pk_error *err)
{
    size_t len = end - at;
    int rc;

    switch (type) {
    case BLOCK_INTERFACE:
        rc = read_interface(p, at, end, err);
        return rc < 0 ? rc : PK_ENOENT;
    case BLOCK_PACKET:
        if (len < 20) {
            return fail(p, PK_EMALF, "a packet block is too short", err);
        }
        return take_packet(p, load32(p, at), (uint64_t)load32(p, at + 4) << 32 | load32(p, at + 8),
                load32(p, at + 12), load32(p, at + 16), at + 20, end, out, err);
    case BLOCK_OLD:
        if (len < 20) {
            return fail(p, PK_EMALF, "a packet block is too short", err);
        }
        return take_packet(p, load16(p, at), (uint64_t)load32(p, at + 4) << 32 | load32(p, at + 8),
                load32(p, at + 12), load32(p, at + 16), at + 20, end, out, err);
    case BLOCK_SIMPLE:
        if (len < 4 || p->interface_count == 0) {
            return fail(p, PK_EMALF, "a packet block is too short", err);
        } else {
            uint32_t wire_len = load32(p, at);
            uint32_t cut = p->interfaces[0].cut;
            size_t kept = cut != 0 && cut < wire_len ? cut : wire_len;

            return take_packet(
                    p, 0, 0, kept < len - 4 ? kept : len - 4, wire_len, at + 4, end, out, err);
        }
    default:
        return PK_ENOENT; /* names, statistics, secrets, comments */
    }
}

static int begin_section(struct pk_pcap *p, struct pk_error *err)
{
    uint32_t order;

    if (p->file.len - p->pos < 28) {
        return fail(p, PK_ETRUNC, "a section's header is cut off", err);
    }
    memcpy(&order, p->file.ptr + p->pos + 8, sizeof(order));
    if (order != ORDER_NG && order != __builtin_bswap32(ORDER_NG)) {
        return fail(p, PK_EMALF, "a section of no known byte order", err);
    }
    p->swapped = order != ORDER_NG;
    p->interface_count = 0;
    return PK_OK;
}

static int next_ng(struct pk_pcap *p, struct pk_pcap_packet *out, struct pk_error *err)
{
    int rc = PK_ENOENT;

    while (rc == PK_ENOENT) {
        size_t left = p->file.len - p->pos;
        size_t len;
        uint32_t type;

        if (left == 0) {
            return PK_ENOENT;
        }
        if (left < 12) {
            return fail(p, PK_ETRUNC, "a block is cut off", err);
        }
        /* The section header's type reads the same in both byte orders. */
        rc = load32(p, p->pos) == MAGIC_NG ? begin_section(p, err) : PK_OK;
        if (rc < 0) {
            return rc;
        }
        type = load32(p, p->pos);
        len = load32(p, p->pos + 4);
        if (len < 12 || len % 4 != 0) {
            return fail(p, PK_EMALF, "a block of an impossible length", err);
        }
        if (len > left) {
            return fail(p, PK_ETRUNC, "a block is cut off", err);
        }
        rc = type == MAGIC_NG ? PK_ENOENT
                              : read_block(p, type, p->pos + 8, p->pos + len - 4, out, err);
        if (rc == PK_OK || rc == PK_ENOENT) {
            p->pos += len;
        }
    }
    return rc;
}

int pk_pcap_next(struct pk_pcap *pcap, struct pk_pcap_packet *out, struct pk_error *err)
{
    return pcap->ng ? next_ng(pcap, out, err) : next_classic(pcap, out, err);
}
