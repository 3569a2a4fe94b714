#include "base/utf8.h"

size_t pk_utf8_next(const uint8_t *p, size_t left, uint32_t *rune)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = p[0] < 0x80  ? 1
            : p[0] >> 5 == 6  ? 2
            : p[0] >> 4 == 14 ? 3
            : p[0] >> 3 == 30 ? 4
                              : 0;
    uint32_t value;

    if (len == 0 || len > left) {
        return 0;
    }
    value = len == 1 ? p[0] : p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (p[i] & 0x3fU);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    if (rune != NULL) {
        *rune = value;
    }
    return len;
}
