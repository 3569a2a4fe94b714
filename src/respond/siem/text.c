#include "respond/siem/text.h"

#define REPLACEMENT 0xFFFD

/* Continuation bytes and the lowest value of each length, to refuse overlong forms. */
static int lead(uint8_t b, uint32_t *bits, uint32_t *lowest)
{
    if (b < 0x80) {
        *bits = b;
        *lowest = 0;
        return 0;
    }
    if (b >= 0xC2 && b <= 0xDF) {
        *bits = b & 0x1FU;
        *lowest = 0x80;
        return 1;
    }
    if (b >= 0xE0 && b <= 0xEF) {
        *bits = b & 0x0FU;
        *lowest = 0x800;
        return 2;
    }
    if (b >= 0xF0 && b <= 0xF4) {
        *bits = b & 0x07U;
        *lowest = 0x10000;
        return 3;
    }
    return -1;
}

uint32_t pk_text_next(const uint8_t **p, const uint8_t *end)
{
    uint32_t c;
    uint32_t lowest;
    int more = lead(**p, &c, &lowest);

    if (more < 0 || end - *p <= more) {
        (*p)++;
        return REPLACEMENT;
    }
    for (int i = 1; i <= more; i++) {
        if (((*p)[i] & 0xC0) != 0x80) {
            (*p)++;
            return REPLACEMENT;
        }
        c = c << 6 | ((*p)[i] & 0x3FU);
    }
    if (c < lowest || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        (*p)++;
        return REPLACEMENT;
    }
    *p += more + 1;
    return c;
}

size_t pk_text_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

int pk_text_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0x200E ||
            c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
            c == 0xFEFF;
}
