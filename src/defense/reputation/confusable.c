#include "defense/reputation/confusable.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "defense/reputation/confusable_table.h"

#define TEXT_MAX 512UL /* bytes that are looked at: blanks and accents do not count */

struct range {
    uint32_t first, last;
};

/* Not shown, or no more than decoration: a name with them looks like the name without. */
static const struct range dropped[] = {
    { 0x0000, 0x0023 },   /* controls, blank, ! " # */
    { 0x0025, 0x002f },   /* % to / but not $ */
    { 0x003a, 0x003f },   /* : to ? but not @ */
    { 0x005b, 0x0060 },   /* [ to ` */
    { 0x007b, 0x007b },   /* { but not | */
    { 0x007d, 0x00bf },   /* } to Latin-1's signs */
    { 0x00d7, 0x00d7 },   /* times */
    { 0x00f7, 0x00f7 },   /* divided */
    { 0x02b0, 0x036f },   /* modifiers, combining marks */
    { 0x0483, 0x0489 },   /* Cyrillic marks */
    { 0x0591, 0x05c7 },   /* Hebrew points */
    { 0x061c, 0x061c },   /* Arabic letter mark */
    { 0x064b, 0x065f },   /* Arabic points */
    { 0x115f, 0x1160 },   /* Hangul fillers */
    { 0x17b4, 0x17b5 },   /* Khmer vowels that are not shown */
    { 0x180b, 0x180f },   /* Mongolian selectors */
    { 0x1ab0, 0x1aff },   /* combining marks */
    { 0x1dc0, 0x1dff },   /* combining marks */
    { 0x2000, 0x209f },   /* blanks of all widths, joiners, directions, punctuation */
    { 0x20a0, 0x20ff },   /* currency, combining marks */
    { 0x2100, 0x218f },   /* trademark and other signs like letters */
    { 0x2190, 0x24b5 },   /* arrows, technical signs, digits in circles */
    { 0x24ea, 0x2bff },   /* boxes, shapes, dingbats */
    { 0x3000, 0x303f },   /* CJK blank and punctuation */
    { 0x3164, 0x3164 },   /* Hangul filler */
    { 0xe000, 0xf8ff },   /* private use */
    { 0xfe00, 0xfe2f },   /* variation selectors, half marks */
    { 0xfeff, 0xfeff },   /* byte order mark */
    { 0xffa0, 0xffa0 },   /* Hangul filler */
    { 0xfff0, 0xffff },   /* specials */
    { 0x1f000, 0x1faff }, /* pictures, but for letters that were taken before */
    { 0xe0000, 0x10ffff } /* tags, selectors, private use */
};

/* Runs of the alphabet in another dress. */
static const struct {
    uint32_t first, last;
    char begins;
    unsigned char period;
} dresses[] = {
    { 0x24b6, 0x24cf, 'a', 26 },   /* capitals in circles */
    { 0x24d0, 0x24e9, 'a', 26 },   /* letters in circles */
    { 0x1d400, 0x1d6a3, 'a', 26 }, /* mathematical letters, capitals and small in turn */
    { 0x1d7ce, 0x1d7ff, '0', 10 }, /* mathematical digits */
    { 0x1f130, 0x1f149, 'a', 26 }, /* capitals in squares */
    { 0x1f150, 0x1f169, 'a', 26 }, /* white capitals in black circles */
    { 0x1f170, 0x1f189, 'a', 26 }, /* white capitals in black squares */
    { 0x1f1e6, 0x1f1ff, 'a', 26 }, /* halves of flags */
};

struct skeleton {
    char *out;
    size_t len;
    bool full;
};

static void put(struct skeleton *s, const char *bytes, size_t len)
{
    if (s->len + len >= PK_SKELETON_MAX) {
        s->full = true;
        return;
    }
    memcpy(s->out + s->len, bytes, len);
    s->len += len;
}

/* i, l, 1 and | are one; o and 0; $ and s; @ and a. */
static char plain(char c)
{
    c = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    switch (c) {
    case 'i':
    case '1':
    case '|':
        return 'l';
    case '0':
        return 'o';
    case '$':
        return 's';
    case '@':
        return 'a';
    default:
        return c;
    }
}

/* "rn" is read as m, "vv" as w. */
static void put_letter(struct skeleton *s, char c)
{
    c = plain(c);
    if (s->len > 0 && c == 'n' && s->out[s->len - 1] == 'r') {
        s->out[s->len - 1] = 'm';
    } else if (s->len > 0 && c == 'v' && s->out[s->len - 1] == 'v') {
        s->out[s->len - 1] = 'w';
    } else {
        put(s, &c, 1);
    }
}

static const char *looks_like(uint32_t rune)
{
    size_t low = 0;
    size_t high = PK_COUNT(pk_confusables);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pk_confusables[middle].rune == rune) {
            return pk_confusables[middle].looks;
        }
        if (pk_confusables[middle].rune < rune) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static char undressed(uint32_t rune)
{
    if (rune >= 0xff01 && rune <= 0xff5e) {
        return (char)(rune - 0xfee0); /* full width */
    }
    for (size_t i = 0; i < PK_COUNT(dresses); i++) {
        if (rune >= dresses[i].first && rune <= dresses[i].last) {
            return (char)(dresses[i].begins +
                    (char)((rune - dresses[i].first) % dresses[i].period));
        }
    }
    return '\0';
}

static bool is_dropped(uint32_t rune)
{
    for (size_t i = 0; i < PK_COUNT(dropped) && dropped[i].first <= rune; i++) {
        if (rune <= dropped[i].last) {
            return true;
        }
    }
    return false;
}

/* Small letters of Greek and Cyrillic, whose capitals stand 32 before them. */
static uint32_t lower(uint32_t rune)
{
    return (rune >= 0x0391 && rune <= 0x03a9) || (rune >= 0x0410 && rune <= 0x042f) ? rune + 32
                                                                                    : rune;
}

/* A letter of another script stays what it is. */
static void put_other(struct skeleton *s, uint32_t rune, const uint8_t *bytes, size_t len)
{
    uint32_t small_rune = lower(rune);
    const char two[2] = { (char)(0xc0U | small_rune >> 6), (char)(0x80U | (small_rune & 0x3fU)) };

    if (small_rune != rune) {
        put(s, two, sizeof(two));
    } else {
        put(s, (const char *)bytes, len);
    }
}

static void put_rune(struct skeleton *s, uint32_t rune, const uint8_t *bytes, size_t len)
{
    const char *looks = looks_like(rune);
    char letter = undressed(rune);

    if (letter != '\0') {
        rune = (uint32_t)(unsigned char)letter;
    }
    if (looks != NULL) {
        for (; *looks != '\0'; looks++) {
            put_letter(s, *looks);
        }
    } else if (is_dropped(rune)) {
        return;
    } else if (rune < 0x80) {
        put_letter(s, (char)rune);
    } else {
        put_other(s, rune, bytes, len);
    }
}

size_t pk_confusable_skeleton(const char *text, char out[PK_SKELETON_MAX])
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t len = strnlen(text, TEXT_MAX);
    struct skeleton s = { .out = out };

    for (size_t i = 0; i < len && !s.full;) {
        uint32_t rune = 0;
        size_t n = pk_utf8_next(bytes + i, len - i, &rune);

        if (n > 0) {
            put_rune(&s, rune, bytes + i, n);
        }
        i += n > 0 ? n : 1;
    }
    out[s.len] = '\0';
    return s.len;
}

bool pk_confusable_same(const char *a, const char *b)
{
    char x[PK_SKELETON_MAX];
    char y[PK_SKELETON_MAX];

    return pk_confusable_skeleton(a, x) > 0 && pk_confusable_skeleton(b, y) > 0 &&
            strcmp(x, y) == 0;
}

bool pk_confusable_contains(const char *name, const char *word)
{
    char x[PK_SKELETON_MAX];
    char y[PK_SKELETON_MAX];

    return pk_confusable_skeleton(name, x) > 0 && pk_confusable_skeleton(word, y) > 0 &&
            strstr(x, y) != NULL;
}

static char small(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool pk_confusable_plain(const char *a, const char *b)
{
    for (;;) {
        while (*a == ' ') {
            a++;
        }
        while (*b == ' ') {
            b++;
        }
        if (small(*a) != small(*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
        a++;
        b++;
    }
}

static bool is_letter(uint32_t rune)
{
    return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
}

/* Not shown at all, whatever stands around it. Joiners have their place in Indic and Arabic scripts: they
 * count between Latin letters only. */
static bool is_hidden(uint32_t rune)
{
    return rune == 0xad || rune == 0x34f || rune == 0x61c || (rune >= 0x200b && rune <= 0x200f) ||
            (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x206f) ||
            rune == 0xfeff || (rune >= 0xe0000 && rune <= 0xe007f);
}

/* A Latin look-alike of Greek, Cyrillic, Armenian, Cherokee, or of another dress. */
static bool is_foreign_twin(uint32_t rune)
{
    return (rune >= 0x370 && rune < 0x590 && looks_like(rune) != NULL) ||
            (rune >= 0x13a0 && rune < 0x1400 && looks_like(rune) != NULL) ||
            (rune >= 0x1d400 && rune <= 0x1d7ff);
}

bool pk_confusable_disguised(const char *name)
{
    const uint8_t *bytes = (const uint8_t *)name;
    size_t len = strnlen(name, TEXT_MAX);
    bool latin = false;
    bool hidden = false; /* since the last letter */
    bool twin = false;
    bool buried = false;

    for (size_t i = 0; i < len;) {
        uint32_t rune = 0;
        size_t n = pk_utf8_next(bytes + i, len - i, &rune);

        if (is_letter(rune)) {
            buried = buried || (hidden && latin);
            latin = true;
        }
        twin = twin || is_foreign_twin(rune);
        hidden = is_hidden(rune);
        i += n > 0 ? n : 1;
    }
    return buried || (twin && latin);
}
