#include "wire/icmp6_filter.h"

#include <assert.h>
#include <net/ethernet.h>
#include <netinet/in.h>

#include "base/error.h"
#include "wire/icmp6.h"

/* Offsets in the frame: Ethernet header 14 bytes, IPv6 header 40 bytes, then the message. */
#define AT_MAC_FROM 6
#define AT_TYPE     12
#define AT_LENGTH   18
#define AT_NEXT     20
#define AT_FROM     22
#define AT_MESSAGE  54
#define AT_RA_HOPS  58
#define AT_RA_LIFE  60
#define AT_RA_REST  62
#define AT_TARGET   62
#define AT_OPTION   78 /* of solicitation and neighbour's advertisement */
#define AT_HOPOPTS  54
#define LEN_BARE    78
#define LEN_OPTION  86
#define LEN_RA_MIN  70

#define PASS   0xffff
#define FIXUPS 64 /* jumps to one label */

/* Jumps of conditions reach 255 instructions only: each one steps over an unconditional jump, whose
 * target is filled in when it is known. */
struct label {
    size_t jumps[FIXUPS];
    size_t count;
};

struct program {
    struct sock_filter *code;
    size_t count;
};

static void emit(struct program *p, uint16_t code, uint32_t k)
{
    assert(p->count < PK_ND_FILTER_MAX);
    p->code[p->count++] = (struct sock_filter)BPF_STMT(code, k);
}

static void jump(struct program *p, struct label *to)
{
    assert(to->count < FIXUPS);
    to->jumps[to->count++] = p->count;
    emit(p, BPF_JMP | BPF_JA, 0);
}

static void place(struct program *p, struct label *label)
{
    for (size_t i = 0; i < label->count; i++) {
        p->code[label->jumps[i]].k = (uint32_t)(p->count - label->jumps[i] - 1);
    }
    label->count = 0;
}

static void load_byte(struct program *p, uint32_t at)
{
    emit(p, BPF_LD | BPF_B | BPF_ABS, at);
}

static void unless_equal(struct program *p, uint32_t value, struct label *to)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, value);
    p->code[p->count - 1].jt = 1;
    jump(p, to);
}

static void if_equal(struct program *p, uint32_t value, struct label *to)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, value);
    p->code[p->count - 1].jf = 1;
    jump(p, to);
}

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t be16(const uint8_t *b)
{
    return (uint32_t)b[0] << 8 | b[1];
}

static void unless_half(struct program *p, uint32_t at, const uint8_t *bytes, struct label *to)
{
    emit(p, BPF_LD | BPF_H | BPF_ABS, at);
    unless_equal(p, be16(bytes), to);
}

static void unless_words(
        struct program *p, uint32_t at, const uint8_t *bytes, size_t len, struct label *to)
{
    for (size_t i = 0; i + 4 <= len; i += 4) {
        emit(p, BPF_LD | BPF_W | BPF_ABS, at + (uint32_t)i);
        unless_equal(p, be32(bytes + i), to);
    }
}

static void unless_mac(struct program *p, uint32_t at, const uint8_t mac[6], struct label *to)
{
    unless_words(p, at, mac, 4, to);
    unless_half(p, at + 4, mac + 4, to);
}

static void verdict(struct program *p, bool pass)
{
    emit(p, BPF_RET | BPF_K, pass ? PASS : 0);
}

/* One who holds a watched address speaks: `at` says where the address stands. */
static void one_claim(struct program *p, const struct pk_nd_watched *w, uint32_t at, uint8_t option)
{
    const uint8_t head[2] = { option, 1 };
    struct label other = { .count = 0 };
    struct label pass = { .count = 0 };
    struct label drop = { .count = 0 };

    unless_words(p, at, w->address, 16, &other);
    if (w->has_mac) {
        unless_mac(p, AT_MAC_FROM, w->mac, &pass);
        emit(p, BPF_LD | BPF_W | BPF_LEN, 0);
        if_equal(p, LEN_BARE, &drop);
        unless_equal(p, LEN_OPTION, &pass);
        unless_half(p, AT_OPTION, head, &pass);
        unless_mac(p, AT_OPTION + 2, w->mac, &pass);
        place(p, &drop);
        verdict(p, false);
    }
    place(p, &pass);
    verdict(p, true);
    place(p, &other);
}

static void claims(struct program *p, const struct pk_nd_filter *f, uint32_t at, uint8_t option)
{
    for (size_t i = 0; i < f->address_count && i < PK_ND_FILTER_ADDRESSES; i++) {
        one_claim(p, &f->addresses[i], at, option);
    }
    verdict(p, false);
}

/* The same words from the same station: no news. Checksum and receiver differ between the multicast and
 * an answer to one. */
static void one_router(struct program *p, struct pk_slice known)
{
    struct label other = { .count = 0 };

    if (known.len < LEN_RA_MIN || known.len > PK_ND_FILTER_RA_MAX || known.len % 4 != 2) {
        return;
    }
    emit(p, BPF_LD | BPF_W | BPF_LEN, 0);
    unless_equal(p, (uint32_t)known.len, &other);
    unless_mac(p, AT_MAC_FROM, known.ptr + AT_MAC_FROM, &other);
    unless_half(p, AT_LENGTH, known.ptr + AT_LENGTH, &other);
    unless_words(p, AT_FROM, known.ptr + AT_FROM, 16, &other);
    unless_half(p, AT_RA_HOPS, known.ptr + AT_RA_HOPS, &other);
    unless_half(p, AT_RA_LIFE, known.ptr + AT_RA_LIFE, &other);
    unless_words(p, AT_RA_REST, known.ptr + AT_RA_REST, known.len - AT_RA_REST, &other);
    verdict(p, false);
    place(p, &other);
}

/* Hop-by-hop options come with every multicast listener report (RFC 3810); those are not for us. */
static void behind_options(struct program *p)
{
    struct label pass = { .count = 0 };
    struct label drop = { .count = 0 };

    load_byte(p, AT_HOPOPTS);
    if_equal(p, IPPROTO_ROUTING, &pass);
    if_equal(p, IPPROTO_DSTOPTS, &pass);
    unless_equal(p, IPPROTO_ICMPV6, &drop);
    load_byte(p, AT_HOPOPTS + 1);
    unless_equal(p, 0, &pass);
    load_byte(p, AT_HOPOPTS + 8);
    for (uint32_t type = PK_ND_ROUTER_SOLICIT; type <= PK_ND_REDIRECT; type++) {
        if_equal(p, type, &pass);
    }
    place(p, &drop);
    verdict(p, false);
    place(p, &pass);
    verdict(p, true);
}

size_t pk_nd_filter_build(
        const struct pk_nd_filter *filter, struct sock_filter out[PK_ND_FILTER_MAX])
{
    struct program p = { .code = out };
    struct label pass = { .count = 0 };
    struct label drop = { .count = 0 };
    struct label options = { .count = 0 };
    struct label router = { .count = 0 };
    struct label neighbour = { .count = 0 };
    struct label solicit = { .count = 0 };

    emit(&p, BPF_LD | BPF_H | BPF_ABS, AT_TYPE);
    unless_equal(&p, ETHERTYPE_IPV6, &drop);
    load_byte(&p, AT_NEXT);
    if_equal(&p, IPPROTO_HOPOPTS, &options);
    if_equal(&p, IPPROTO_ROUTING, &pass);
    if_equal(&p, IPPROTO_DSTOPTS, &pass);
    unless_equal(&p, IPPROTO_ICMPV6, &drop);
    load_byte(&p, AT_MESSAGE);
    if_equal(&p, PK_ND_REDIRECT, &pass);
    if_equal(&p, PK_ND_ROUTER, &router);
    if_equal(&p, PK_ND_NEIGHBOUR, &neighbour);
    if_equal(&p, PK_ND_SOLICIT, &solicit);
    if_equal(&p, PK_ND_ROUTER_SOLICIT, &solicit);
    place(&p, &drop);
    verdict(&p, false);
    place(&p, &options);
    behind_options(&p);
    place(&p, &router);
    for (size_t i = 0; i < filter->router_count && i < PK_ND_FILTER_ROUTERS; i++) {
        one_router(&p, filter->routers[i]);
    }
    place(&p, &pass);
    verdict(&p, true);
    place(&p, &neighbour);
    claims(&p, filter, AT_TARGET, 2);
    place(&p, &solicit);
    claims(&p, filter, AT_FROM, 1);
    return p.count;
}
