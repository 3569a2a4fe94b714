#include "wire/address_kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct range {
    uint8_t bytes[16];
    uint8_t bits;
    uint8_t kind;
};

/* The first that fits. */
static const struct range ranges4[] = {
    { { 0 }, 8, PK_ADDRESS_NOWHERE },
    { { 127 }, 8, PK_ADDRESS_NOWHERE },
    { { 224 }, 3, PK_ADDRESS_NOWHERE }, /* multicast, reserved, broadcast */
    { { 10 }, 8, PK_ADDRESS_PRIVATE },
    { { 172, 16 }, 12, PK_ADDRESS_PRIVATE },
    { { 192, 168 }, 16, PK_ADDRESS_PRIVATE },
    { { 100, 64 }, 10, PK_ADDRESS_PRIVATE },
    { { 169, 254 }, 16, PK_ADDRESS_PRIVATE },
};
static const struct range ranges6[] = {
    { { 0 }, 127, PK_ADDRESS_NOWHERE }, /* :: and ::1 */
    { { 0xff }, 8, PK_ADDRESS_NOWHERE },
    { { 0xfe, 0x80 }, 10, PK_ADDRESS_PRIVATE },
    { { 0xfc }, 7, PK_ADDRESS_PRIVATE },
};

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
    0xff }; /* RFC 4291 2.5.5.2 */

const struct pk_nat64 pk_nat64_well_known = {
    .prefix = { .family = AF_INET6, .bytes = { 0, 0x64, 0xff, 0x9b } },
    .bits = 96,
};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    return memcmp(a, b, whole) == 0 &&
            (rest == 0 || ((a[whole] ^ b[whole]) & (0xff00U >> rest) & 0xffU) == 0);
}

bool pk_address_in(const struct pk_address *address, const struct pk_address *prefix, unsigned bits)
{
    unsigned most = address->family == AF_INET ? 32 : 128;

    return address->family == prefix->family && address->family != 0 && bits <= most &&
            same_bits(address->bytes, prefix->bytes, bits);
}

enum pk_address_kind pk_address_kind(const struct pk_address *address)
{
    bool v4 = address->family == AF_INET;
    const uint8_t *bytes = address->bytes;

    if (!v4 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        bytes += sizeof(mapped);
        v4 = true;
    }
    const struct range *rows = v4 ? ranges4 : ranges6;
    size_t count = v4 ? PK_COUNT(ranges4) : PK_COUNT(ranges6);

    for (size_t i = 0; i < count; i++) {
        if (same_bits(bytes, rows[i].bytes, rows[i].bits)) {
            return (enum pk_address_kind)rows[i].kind;
        }
    }
    return PK_ADDRESS_PUBLIC;
}

/* Bits 64 to 71 are zero in all forms: the IPv4 address is written around them. */
static void read_inner(const uint8_t *v6, unsigned bits, uint8_t out[4])
{
    unsigned at = bits / 8;

    for (unsigned i = 0; i < 4; i++, at++) {
        at += at == 8;
        out[i] = v6[at];
    }
}

int pk_nat64_inner(
        const struct pk_nat64 *nat64, const struct pk_address *v6, struct pk_address *out)
{
    if (v6->family != AF_INET6 || !pk_address_in(v6, &nat64->prefix, nat64->bits)) {
        return PK_EMALF;
    }
    *out = (struct pk_address){ .family = AF_INET };
    read_inner(v6->bytes, nat64->bits, out->bytes);
    return PK_OK;
}

int pk_nat64_find(const struct pk_address *v6, const struct pk_address *v4, struct pk_nat64 *out)
{
    static const unsigned lengths[] = { 96, 64, 56, 48, 40, 32 };

    if (v6->family != AF_INET6 || v4->family != AF_INET) {
        return PK_ENOENT;
    }
    for (size_t i = 0; i < PK_COUNT(lengths); i++) {
        uint8_t inner[4];

        read_inner(v6->bytes, lengths[i], inner);
        if (memcmp(inner, v4->bytes, 4) == 0 && (lengths[i] == 96 || v6->bytes[8] == 0)) {
            *out = (struct pk_nat64){ .prefix = { .family = AF_INET6 }, .bits = lengths[i] };
            memcpy(out->prefix.bytes, v6->bytes, lengths[i] / 8);
            return PK_OK;
        }
    }
    return PK_ENOENT;
}

int pk_nat64_parse(const char *text, struct pk_nat64 *out)
{
    struct pk_nat64 parsed;
    char prefix[PK_ADDRESS_TEXT];
    const char *slash = strchr(text, '/');
    char *end;
    unsigned long bits;

    if (slash == NULL || (size_t)(slash - text) >= sizeof(prefix) || slash[1] < '3' ||
            slash[1] > '9') {
        return PK_EMALF;
    }
    memcpy(prefix, text, (size_t)(slash - text));
    prefix[slash - text] = '\0';
    bits = strtoul(slash + 1, &end, 10);
    if (*end != '\0' || pk_address_parse(prefix, 0, &parsed.prefix) < 0 ||
            parsed.prefix.family != AF_INET6 ||
            (bits != 96 && (bits < 32 || bits > 64 || bits % 8 != 0))) {
        return PK_EMALF;
    }
    parsed.bits = (unsigned)bits;
    *out = parsed;
    return PK_OK;
}
