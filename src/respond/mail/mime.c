#include "respond/mail/mime.h"

#include <stdio.h>
#include <time.h>

#include "base/crypt.h"
#include "base/utf8.h"

#define LINE_MAX_QUOTED 76 /* RFC 2045 6.7 (5), the "=" of a soft break included */
#define LINE_MAX_HEADER 78 /* RFC 5322 2.1.1 */
/* UTF-8 in one encoded word: a line with the name of its header stays below 78. */
#define WORD_BYTES 39

#define NAME_MAX_BYTES 64
#define NAME_LETTERS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 "

char *pk_mime_date(int64_t at_ms, char out[PK_MIME_DATE])
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
        "Sep", "Oct", "Nov", "Dec" };
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm = { 0 };

    (void)gmtime_r(&at, &tm);
    (void)snprintf(out, PK_MIME_DATE, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday % 7],
            tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
            tm.tm_sec);
    return out;
}

/* Marks that make text read in another order than it is written (UAX 9): a name could pretend to be a sentence. */
static bool turns(uint32_t rune)
{
    return (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
            rune == 0x200e || rune == 0x200f || rune == 0x061c;
}

size_t pk_mime_clean(const uint8_t *p, size_t left, char out[4], size_t *len)
{
    uint32_t rune = 0;
    size_t used = pk_utf8_next(p, left, &rune);

    if (used == 0) { /* U+FFFD */
        out[0] = '\xEF';
        out[1] = '\xBF';
        out[2] = '\xBD';
        *len = 3;
        return 1;
    }
    if (turns(rune)) {
        *len = 0;
    } else if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x2028 || rune == 0x2029) {
        out[0] = ' ';
        *len = 1;
    } else {
        memcpy(out, p, used);
        *len = used;
    }
    return used;
}

/* ---- headers --------------------------------------------------------------------------------------- */

static bool is_plain(const char *text, size_t len, size_t name_len)
{
    bool plain = name_len + 2 + len <= LINE_MAX_HEADER;

    for (size_t i = 0; i < len && plain; i++) {
        plain = text[i] >= 0x20 && text[i] < 0x7f && !(text[i] == '=' && text[i + 1] == '?');
    }
    return plain && len > 0 && text[0] != ' ' && text[len - 1] != ' ';
}

static void encoded_word(struct pk_buffer *out, const char *bytes, size_t len, bool first)
{
    char digits[PK_BASE64_SIZE(WORD_BYTES)];

    pk_base64(pk_slice_of(bytes, len), digits);
    (void)pk_buffer_printf(out, "%s=?utf-8?B?%s?=", first ? "" : "\r\n ", digits);
}

/* Words end between characters (RFC 2047 5). */
static void encoded_words(struct pk_buffer *out, const char *text, size_t len)
{
    size_t from = 0;
    size_t at = 0;
    bool first = true;

    while (at < len) {
        size_t n = pk_utf8_next((const uint8_t *)text + at, len - at, NULL);

        n = n == 0 ? 1 : n;
        if (at + n - from > WORD_BYTES) {
            encoded_word(out, text + from, at - from, first);
            first = false;
            from = at;
        }
        at += n;
    }
    encoded_word(out, text + from, len - from, first);
}

static void clean_text(struct pk_buffer *clean, const char *text, size_t max)
{
    size_t left = strlen(text);
    const uint8_t *p = (const uint8_t *)text;

    while (left > 0) {
        char bytes[4];
        size_t len;
        size_t used = pk_mime_clean(p, left, bytes, &len);

        if (len > max - clean->len || pk_buffer_put(clean, bytes, len) < 0) {
            break;
        }
        p += used;
        left -= used;
    }
}

static void put_text(struct pk_buffer *out, const struct pk_buffer *clean, bool plain)
{
    if (clean->len > 0 && plain) {
        (void)pk_buffer_put(out, clean->ptr, clean->len);
    } else if (clean->len > 0) {
        encoded_words(out, clean->ptr, clean->len);
    }
}

void pk_mime_header(struct pk_buffer *out, const char *name, const char *text, size_t max)
{
    struct pk_buffer clean = pk_buffer_of(max);

    clean_text(&clean, text, max);
    (void)pk_buffer_printf(out, "%s: ", name);
    put_text(out, &clean, clean.len > 0 && is_plain(clean.ptr, clean.len, strlen(name)));
    (void)pk_buffer_puts(out, "\r\n");
    pk_buffer_finish(&clean);
}

/* Words of letters and digits need no quotes (RFC 5322 3.2.5). */
static bool is_phrase(const char *text)
{
    return text[0] != '\0' && text[0] != ' ' && strspn(text, NAME_LETTERS) == strlen(text);
}

void pk_mime_mailbox(
        struct pk_buffer *out, const char *header, const char *name, const char *address)
{
    struct pk_buffer clean = pk_buffer_of(NAME_MAX_BYTES);

    clean_text(&clean, name, NAME_MAX_BYTES);
    (void)pk_buffer_printf(out, "%s: ", header);
    if (clean.len > 0) {
        put_text(out, &clean, is_phrase(clean.ptr));
        (void)pk_buffer_puts(out, "\r\n ");
    }
    (void)pk_buffer_printf(out, "<%s>\r\n", address);
    pk_buffer_finish(&clean);
}

/* ---- quoted-printable ------------------------------------------------------------------------------ */

struct quoted {
    struct pk_buffer *out;
    size_t column;
};

static void put_byte(struct quoted *q, uint8_t c, bool last)
{
    /* White space at the end of a line would be lost on the way, "From " and "." at its begin would be changed. */
    bool plain = (c > 0x20 && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !last);
    size_t need;

    if (q->column == 0 && (c == 'F' || c == '.')) {
        plain = false;
    }
    need = plain ? 1 : 3;
    if (q->column + need > LINE_MAX_QUOTED - 1) {
        (void)pk_buffer_puts(q->out, "=\r\n");
        q->column = 0;
        if (c == 'F' || c == '.') {
            plain = false;
            need = 3;
        }
    }
    q->column += need;
    if (plain) {
        (void)pk_buffer_putc(q->out, (char)c);
    } else {
        (void)pk_buffer_printf(q->out, "=%02X", c);
    }
}

static bool ends_line(const uint8_t *p, size_t left)
{
    return left == 0 || *p == '\n' || *p == '\r';
}

void pk_mime_quoted(struct pk_buffer *out, const char *text, size_t len)
{
    struct quoted q = { .out = out };
    const uint8_t *p = (const uint8_t *)text;

    while (len > 0) {
        char bytes[4];
        size_t count = 1;
        size_t used = 1;

        if (*p == '\n' || *p == '\r') {
            used = *p == '\r' && len > 1 && p[1] == '\n' ? 2 : 1;
            (void)pk_buffer_puts(out, "\r\n");
            q.column = 0;
            count = 0;
        } else if (*p == '\t') {
            bytes[0] = '\t';
        } else {
            used = pk_mime_clean(p, len, bytes, &count);
        }
        for (size_t i = 0; i < count; i++) {
            put_byte(&q, (uint8_t)bytes[i], i + 1 == count && ends_line(p + used, len - used));
        }
        p += used;
        len -= used;
    }
    if (q.column > 0) {
        (void)pk_buffer_puts(out, "\r\n");
    }
}
