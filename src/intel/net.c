/* Addresses and networks as keys. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "intel/layout.h"

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Dotted quad at the start of the text; returns how long it was, 0: none. Leading zeros are refused as
 * inet_pton does: some read them as octal. */
static size_t quad(const char *text, size_t len, uint8_t out[4])
{
    size_t pos = 0;

    for (size_t part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t start = pos;

        if (part > 0) {
            if (pos >= len || text[pos] != '.') {
                return 0;
            }
            start = ++pos;
        }
        while (pos < len && text[pos] >= '0' && text[pos] <= '9' && pos - start < 4) {
            value = value * 10 + (unsigned)(text[pos++] - '0');
        }
        if (pos == start || pos - start > 3 || value > 255 ||
                (pos - start > 1 && text[start] == '0')) {
            return 0;
        }
        out[part] = (uint8_t)value;
    }
    return pos;
}

static bool digits(const char *text, size_t len, unsigned max, unsigned *out)
{
    unsigned value = 0;

    if (len == 0 || len > 5) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = value;
    return value <= max;
}

/* What follows the address: nothing, "/bits" or ":port". */
static bool tail(const char *text, size_t len, unsigned width, bool port, unsigned *bits)
{
    unsigned ignored;

    *bits = width;
    if (len == 0) {
        return true;
    }
    if (text[0] == '/') {
        return digits(text + 1, len - 1, width, bits);
    }
    return port && text[0] == ':' && digits(text + 1, len - 1, 65535, &ignored);
}

static bool parse6(const char *text, size_t len, struct pk_intel_net *net, unsigned *bits)
{
    char copy[INET6_ADDRSTRLEN];
    bool bracket = len > 0 && text[0] == '[';
    const char *start = bracket ? text + 1 : text;
    size_t left = bracket ? len - 1 : len;
    size_t n = 0;

    while (n < left && start[n] != (bracket ? ']' : '/')) {
        n++;
    }
    if (n >= sizeof(copy) || (bracket && n == left)) {
        return false;
    }
    memcpy(copy, start, n);
    copy[n] = '\0';
    if (inet_pton(AF_INET6, copy, net->addr) != 1) {
        return false;
    }
    if (bracket) {
        n++;
    }
    return tail(start + n, left - n, 128, bracket, bits);
}

void pk_intel_net_cut(struct pk_intel_net *net, unsigned bits)
{
    if (bits >= net->bits) {
        return;
    }
    net->bits = (uint8_t)bits;
    if (bits % 8 != 0) {
        net->addr[bits / 8] &= (uint8_t)(0xff00U >> (bits % 8));
        bits += 8 - bits % 8;
    }
    if (bits < 128) {
        memset(net->addr + bits / 8, 0, 16 - bits / 8);
    }
}

bool pk_intel_net_parse(const char *text, size_t len, struct pk_intel_net *out)
{
    struct pk_intel_net net = { .bits = 128 };
    unsigned bits;
    size_t n = quad(text, len, net.addr + sizeof(mapped));

    if (n > 0) {
        memcpy(net.addr, mapped, sizeof(mapped));
        if (!tail(text + n, len - n, 32, true, &bits)) {
            return false;
        }
        bits += MAPPED_BITS;
    } else if (len == 0 || memchr(text, ':', len) == NULL || !parse6(text, len, &net, &bits)) {
        return false;
    }
    pk_intel_net_cut(&net, bits);
    *out = net;
    return true;
}

void pk_intel_net_text(const struct pk_intel_net *net, char *out)
{
    bool v4 = net->bits >= MAPPED_BITS && memcmp(net->addr, mapped, sizeof(mapped)) == 0;
    unsigned bits = v4 ? net->bits - MAPPED_BITS : net->bits;
    size_t len;

    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? net->addr + sizeof(mapped) : net->addr, out,
                INET6_ADDRSTRLEN) == NULL) {
        out[0] = '\0';
    }
    len = strlen(out);
    if (bits < (v4 ? 32U : 128U)) {
        (void)snprintf(out + len, 5, "/%u", bits);
    }
}
