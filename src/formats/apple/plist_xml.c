/* plist_xml.c - property lists as XML: the few elements that a list has, read strictly; no DTD, no
 * entities but XML's own five and numbers, nothing external. Tags end as CoreFoundation ends them, at the
 * first '>'. */
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "formats/apple/plist_tree.h"

#define NUMBER_MAX 127 /* characters of a number; doubles need 25 */

enum tag {
    TAG_UNKNOWN,
    TAG_ARRAY,
    TAG_DATA,
    TAG_DATE,
    TAG_DICT,
    TAG_FALSE,
    TAG_INTEGER,
    TAG_KEY,
    TAG_PLIST,
    TAG_REAL,
    TAG_STRING,
    TAG_TRUE,
};

static const char *const tag_names[] = { NULL, "array", "data", "date", "dict", "false", "integer",
    "key", "plist", "real", "string", "true" };

struct xml {
    struct pk_slice in;
    size_t pos;
    bool in_plist; /* <plist> is open */
    bool closed;   /* and was closed: the list is complete */
    struct pk_plist_builder b;
};

static bool at_end(const struct xml *x)
{
    return x->pos >= x->in.len;
}

static bool looking_at(const struct xml *x, const char *what)
{
    size_t len = strlen(what);

    return x->in.len - x->pos >= len && memcmp(x->in.ptr + x->pos, what, len) == 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct xml *x)
{
    while (!at_end(x) && is_space(x->in.ptr[x->pos])) {
        x->pos++;
    }
}

static int truncated(struct xml *x, const char *what)
{
    return pk_plist_fail(x->b.err, PK_ETRUNC, x->pos, "the list ends inside %s", what);
}

/* Moves behind the next mark. */
static int skip_to(struct xml *x, const char *mark, const char *what)
{
    const uint8_t *found = memmem(x->in.ptr + x->pos, x->in.len - x->pos, mark, strlen(mark));

    if (found == NULL) {
        return truncated(x, what);
    }
    x->pos = (size_t)(found - x->in.ptr) + strlen(mark);
    return PK_OK;
}

/* At "<!--". */
static int skip_comment(struct xml *x)
{
    x->pos += 4;
    if (looking_at(x, ">") || looking_at(x, "->")) {
        pk_anomaly_add(
                x->b.anomalies, PK_ANOMALY_PLIST_AMBIGUOUS_COMMENT, "offset %zu", x->pos - 4);
    }
    return skip_to(x, "-->", "a comment");
}

/* At "<!DOCTYPE": passes over it and what it declares inside. */
static int skip_doctype(struct xml *x)
{
    x->pos += strlen("<!DOCTYPE");
    while (!at_end(x) && x->in.ptr[x->pos] != '>' && x->in.ptr[x->pos] != '[') {
        x->pos++;
    }
    if (!at_end(x) && x->in.ptr[x->pos] == '[') {
        int rc = skip_to(x, "]", "the DTD");

        if (rc < 0) {
            return rc;
        }
        skip_space(x);
        if (!at_end(x) && x->in.ptr[x->pos] != '>') {
            return pk_plist_fail(x->b.err, PK_EMALF, x->pos, "a DTD that declares things");
        }
    }
    if (at_end(x)) {
        return truncated(x, "the DTD");
    }
    x->pos++;
    return PK_OK;
}

/* "&...;" at *p of text up to end: its bytes go to out. */
static int put_entity(struct xml *x, const uint8_t **p, const uint8_t *end, struct pk_buffer *out)
{
    static const struct {
        const char *name;
        char c;
    } known[] = { { "lt;", '<' }, { "gt;", '>' }, { "amp;", '&' }, { "apos;", '\'' },
        { "quot;", '"' } };
    const uint8_t *q = *p + 1;
    size_t left = (size_t)(end - q);
    unsigned base = 10;
    uint32_t rune = 0;
    const uint8_t *digits;
    uint8_t utf8[4];

    for (size_t i = 0; i < PK_COUNT(known); i++) {
        size_t len = strlen(known[i].name);

        if (left >= len && memcmp(q, known[i].name, len) == 0) {
            *p = q + len;
            return pk_buffer_putc(out, known[i].c);
        }
    }
    if (left < 2 || *q != '#') {
        return pk_plist_fail(
                x->b.err, PK_EMALF, (size_t)(*p - x->in.ptr), "an entity that is not XML's own");
    }
    q++;
    if (*q == 'x' || *q == 'X') {
        base = 16;
        q++;
    }
    for (digits = q; q < end && *q != ';'; q++) {
        unsigned digit = *q >= '0' && *q <= '9'            ? (unsigned)*q - '0'
                : (*q | 0x20) >= 'a' && (*q | 0x20) <= 'f' ? (unsigned)(*q | 0x20) - 'a' + 10
                                                           : 99;

        rune = rune * base + digit;
        if (digit >= base || rune > 0x10ffff) {
            digits = end;
            break;
        }
    }
    if (q >= end || digits >= q || rune == 0 || (rune >= 0xd800 && rune <= 0xdfff)) {
        return pk_plist_fail(
                x->b.err, PK_EMALF, (size_t)(*p - x->in.ptr), "a character that does not exist");
    }
    *p = q + 1;
    return pk_buffer_put(out, utf8, pk_plist_put_utf8(rune, utf8));
}

/* Plain text of an element, with its entities, up to end. */
static int put_text(struct xml *x, const uint8_t *p, const uint8_t *end, struct pk_buffer *out)
{
    int rc = PK_OK;

    while (rc == PK_OK && p < end) {
        const uint8_t *amp = memchr(p, '&', (size_t)(end - p));
        const uint8_t *stop = amp != NULL ? amp : end;

        rc = pk_buffer_put(out, p, (size_t)(stop - p));
        p = stop;
        if (rc == PK_OK && amp != NULL) {
            rc = put_entity(x, &p, end, out);
        }
    }
    return rc;
}

/* "<!" inside an element: CDATA or a comment. */
static int put_special(struct xml *x, struct pk_buffer *out)
{
    size_t from;
    int rc;

    if (looking_at(x, "<!--")) {
        return skip_comment(x);
    }
    if (!looking_at(x, "<![CDATA[")) {
        return pk_plist_fail(x->b.err, PK_EMALF, x->pos, "a declaration inside an element");
    }
    x->pos += strlen("<![CDATA[");
    from = x->pos;
    rc = skip_to(x, "]]>", "CDATA");
    return rc < 0 ? rc : pk_buffer_put(out, x->in.ptr + from, x->pos - from - 3);
}

/* At "</": passes the end of the element of this name. */
static int end_tag(struct xml *x, enum tag tag)
{
    x->pos += 2;
    if (!looking_at(x, tag_names[tag])) {
        return pk_plist_fail(
                x->b.err, PK_EMALF, x->pos, "<%s> ends with another tag", tag_names[tag]);
    }
    x->pos += strlen(tag_names[tag]);
    skip_space(x);
    if (at_end(x)) {
        return truncated(x, "a tag");
    }
    if (x->in.ptr[x->pos] != '>') {
        return pk_plist_fail(
                x->b.err, PK_EMALF, x->pos, "<%s> ends with another tag", tag_names[tag]);
    }
    x->pos++;
    return PK_OK;
}

/* Pieces of text, CDATA and comments up to "</". */
static int gather(struct xml *x, struct pk_buffer *out)
{
    for (;;) {
        const uint8_t *p = x->in.ptr + x->pos;
        const uint8_t *tag = memchr(p, '<', x->in.len - x->pos);
        int rc;

        if (tag == NULL || tag + 1 == x->in.ptr + x->in.len) {
            return truncated(x, "text");
        }
        rc = put_text(x, p, tag, out);
        x->pos = (size_t)(tag - x->in.ptr);
        if (rc < 0 || tag[1] == '/') {
            return rc;
        }
        rc = tag[1] == '!' ? put_special(x, out)
                           : pk_plist_fail(x->b.err, PK_EMALF, x->pos, "an element inside text");
        if (rc < 0) {
            return rc;
        }
    }
}

/* The content of the element whose start tag was just read, and its end tag. Borrowed from the input
 * when it stands there as it is. */
static int content(struct xml *x, enum tag tag, bool empty, struct pk_slice *out)
{
    const uint8_t *p = x->in.ptr + x->pos;
    const uint8_t *stop;
    struct pk_buffer text;
    int rc;

    *out = pk_slice_of("", 0);
    if (empty) {
        return PK_OK;
    }
    stop = memchr(p, '<', x->in.len - x->pos);
    if (stop != NULL && x->in.ptr + x->in.len - stop > 1 && stop[1] == '/' &&
            memchr(p, '&', (size_t)(stop - p)) == NULL) {
        *out = pk_slice_of(p, (size_t)(stop - p));
        x->pos = (size_t)(stop - x->in.ptr);
        return end_tag(x, tag);
    }
    text = pk_buffer_of(x->in.len - x->pos + 1);
    rc = gather(x, &text);
    if (rc == PK_OK && text.len > 0) {
        char *copy = pk_arena_alloc(x->b.arena, text.len, 1);

        rc = copy != NULL ? PK_OK : pk_error_set(x->b.err, PK_ENOMEM, "out of memory");
        if (copy != NULL) {
            *out = pk_slice_of(memcpy(copy, text.ptr, text.len), text.len);
        }
    } else if (rc == PK_ENOMEM || rc == PK_ELIMIT) {
        rc = pk_error_set(x->b.err, PK_ENOMEM, "out of memory");
    }
    pk_buffer_finish(&text);
    return rc < 0 ? rc : end_tag(x, tag);
}

static struct pk_slice trim(struct pk_slice s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s = pk_slice_of(s.ptr + 1, s.len - 1);
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

/* Decimal or 0x, with a sign; the range of int64_t and uint64_t together. */
static bool integer_of(struct pk_slice s, struct pk_plist *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    size_t i = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+') ? 1 : 0;
    unsigned base = 10;
    uint64_t value = 0;

    if (s.len - i > 2 && s.ptr[i] == '0' && (s.ptr[i + 1] | 0x20) == 'x') {
        base = 16;
        i += 2;
    }
    if (i == s.len) {
        return false;
    }
    for (; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        unsigned digit = c >= '0' && c <= '9'            ? (unsigned)c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (unsigned)(c | 0x20) - 'a' + 10
                                                         : 99;

        if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
                __builtin_add_overflow(value, (uint64_t)digit, &value)) {
            return false;
        }
    }
    if (negative && value > (uint64_t)INT64_MAX + 1) {
        return false;
    }
    *out = (struct pk_plist){ .type = PK_PLIST_INT,
        .integer = (int64_t)(negative ? 0 - value : value),
        .is_unsigned = !negative && value > INT64_MAX };
    return true;
}

static bool real_of(struct pk_slice s, struct pk_plist *out)
{
    static const char *const words[] = { "nan", "inf", "+inf", "-inf", "infinity", "+infinity",
        "-infinity" };
    char text[NUMBER_MAX + 1] = "";
    char *end = text;
    bool word = false;

    if (s.len == 0 || s.len > NUMBER_MAX) {
        return false;
    }
    memcpy(text, s.ptr, s.len);
    for (size_t i = 0; i < PK_COUNT(words); i++) {
        word = word || strcasecmp(text, words[i]) == 0;
    }
    if (!word && strspn(text, "0123456789+-.eE") != s.len) {
        return false;
    }
    *out = (struct pk_plist){ .type = PK_PLIST_REAL, .real = strtod(text, &end) };
    return end == text + s.len;
}

/* Digits at *i: at least one, at most max. */
static bool number_at(struct pk_slice s, size_t *i, size_t max, int64_t *out)
{
    size_t from = *i;

    *out = 0;
    while (*i < s.len && *i - from < max && s.ptr[*i] >= '0' && s.ptr[*i] <= '9') {
        *out = *out * 10 + (s.ptr[(*i)++] - '0');
    }
    return *i > from;
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "2011-11-13T00:00:00Z": fields out of their range count on, as in CoreFoundation. */
static bool date_of(struct pk_slice s, struct pk_plist *out)
{
    static const char marks[] = "--T::Z";
    int64_t fields[6] = { 0 };
    bool negative = s.len > 0 && s.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t seconds;

    for (size_t f = 0; f < PK_COUNT(fields); f++) {
        if (!number_at(s, &i, f == 0 ? 9 : 2, &fields[f]) || i >= s.len ||
                s.ptr[i] != (uint8_t)marks[f]) {
            return false;
        }
        i++;
    }
    if (i != s.len || fields[1] < 1 || fields[1] > 12) {
        return false;
    }
    seconds = days_of(negative ? -fields[0] : fields[0], fields[1], fields[2]) * 86400 +
            fields[3] * 3600 + fields[4] * 60 + fields[5] - INT64_C(978307200);
    *out = (struct pk_plist){ .type = PK_PLIST_DATE, .real = (double)seconds };
    return true;
}

/* Base64 as CoreFoundation takes it: anything else in between is passed over, an incomplete group at
 * the end is left out. */
static int data_of(struct xml *x, struct pk_slice s, struct pk_plist *out)
{
    uint8_t *bytes = pk_arena_alloc(x->b.arena, 1, s.len / 4 * 3 + 3);
    uint32_t group = 0;
    size_t used = 0;
    size_t count = 0;
    size_t padding = 0;

    if (bytes == NULL) {
        return pk_error_set(x->b.err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < s.len; i++) {
        int value = s.ptr[i] == '=' ? 0 : pk_base64_value(s.ptr[i]);

        if (s.ptr[i] >= 0x80) {
            return pk_plist_fail(x->b.err, PK_EMALF, x->pos, "data that is not base64");
        }
        padding = s.ptr[i] == '=' ? padding + 1 : is_space(s.ptr[i]) ? padding : 0;
        if (value < 0) {
            continue;
        }
        group = group << 6 | (uint32_t)value;
        if (++count % 4 == 0) {
            uint8_t three[3] = { (uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group };
            size_t n = padding >= 2 ? 1 : padding == 1 ? 2 : 3;

            memcpy(bytes + used, three, n);
            used += n;
        }
    }
    *out = (struct pk_plist){ .type = PK_PLIST_DATA, .data = pk_slice_of(bytes, used) };
    return PK_OK;
}

/* An element that holds no others. */
static int leaf(struct xml *x, enum tag tag, bool empty, size_t at)
{
    struct pk_plist value = { 0 };
    struct pk_slice text;
    bool good = true;
    int rc = content(x, tag, empty, &text);

    if (rc < 0) {
        return rc;
    }
    switch (tag) {
    case TAG_KEY:
        if (pk_plist_builder_top(&x->b) != NULL) {
            return pk_plist_builder_key(&x->b, text, at);
        }
        value = (struct pk_plist){ .type = PK_PLIST_STRING, .data = text };
        break;
    case TAG_STRING:
        value = (struct pk_plist){ .type = PK_PLIST_STRING, .data = text };
        break;
    case TAG_INTEGER:
        good = integer_of(trim(text), &value);
        break;
    case TAG_REAL:
        good = real_of(trim(text), &value);
        break;
    case TAG_DATE:
        good = date_of(trim(text), &value);
        break;
    case TAG_DATA:
        rc = data_of(x, text, &value);
        break;
    default:
        good = trim(text).len == 0;
        value = (struct pk_plist){ .type = PK_PLIST_BOOL, .boolean = tag == TAG_TRUE };
        break;
    }
    if (!good) {
        return pk_plist_fail(x->b.err, PK_EMALF, at, "no %s: '%.*s'", tag_names[tag],
                (int)(text.len < 40 ? text.len : 40), (const char *)text.ptr);
    }
    return rc < 0 ? rc : pk_plist_builder_value(&x->b, &value, at);
}

static enum tag tag_of(const uint8_t *name, size_t len)
{
    for (size_t i = 1; i < PK_COUNT(tag_names); i++) {
        if (strlen(tag_names[i]) == len && memcmp(tag_names[i], name, len) == 0) {
            return (enum tag)i;
        }
    }
    return TAG_UNKNOWN;
}

/* At "<" of a start tag. */
static int element(struct xml *x)
{
    size_t at = x->pos;
    const uint8_t *name = x->in.ptr + at + 1;
    const uint8_t *close = memchr(name, '>', x->in.len - at - 1);
    size_t len = 0;
    bool empty;
    enum tag tag;

    if (close == NULL) {
        return truncated(x, "a tag");
    }
    empty = close > name && close[-1] == '/';
    while (name + len < close - (empty ? 1 : 0) && !is_space(name[len])) {
        len++;
    }
    tag = tag_of(name, len);
    x->pos = (size_t)(close - x->in.ptr) + 1;
    switch (tag) {
    case TAG_UNKNOWN:
        return pk_plist_fail(x->b.err, PK_EMALF, at, "an unknown element '%.*s'",
                (int)(len < 40 ? len : 40), (const char *)name);
    case TAG_PLIST:
        if (x->in_plist || empty || x->b.root != NULL || x->b.depth > 0) {
            return pk_plist_fail(x->b.err, PK_EMALF, at, "<plist> where it does not belong");
        }
        x->in_plist = true;
        return PK_OK;
    case TAG_ARRAY:
    case TAG_DICT: {
        int rc = pk_plist_builder_open(&x->b, tag == TAG_DICT ? PK_PLIST_DICT : PK_PLIST_ARRAY, at);

        return rc == PK_OK && empty ? pk_plist_builder_close(&x->b, true, at) : rc;
    }
    default:
        return leaf(x, tag, empty, at);
    }
}

/* At "</" between elements. */
static int close_element(struct xml *x)
{
    const struct pk_plist_frame *top = pk_plist_builder_top(&x->b);
    size_t at = x->pos;
    int rc;

    if (top != NULL) {
        rc = end_tag(x, top->type == PK_PLIST_DICT ? TAG_DICT : TAG_ARRAY);
        return rc < 0 ? rc : pk_plist_builder_close(&x->b, true, at);
    }
    if (!x->in_plist || x->b.root == NULL) {
        return pk_plist_fail(x->b.err, PK_EMALF, at, "%s",
                x->in_plist ? "an empty list" : "the end of what did not begin");
    }
    x->closed = true;
    return end_tag(x, TAG_PLIST);
}

static int next(struct xml *x)
{
    skip_space(x);
    if (at_end(x)) {
        return truncated(x, x->b.depth > 0 || x->in_plist ? "an element" : "its prologue");
    }
    if (x->in.ptr[x->pos] != '<') {
        return pk_plist_fail(x->b.err, PK_EMALF, x->pos, "text between the elements");
    }
    if (looking_at(x, "<?")) {
        return skip_to(x, "?>", "a processing instruction");
    }
    if (looking_at(x, "<!--")) {
        return skip_comment(x);
    }
    if (looking_at(x, "<!DOCTYPE") && !x->in_plist && x->b.depth == 0) {
        return skip_doctype(x);
    }
    if (looking_at(x, "<!")) {
        return pk_plist_fail(x->b.err, PK_EMALF, x->pos, "a declaration where none belongs");
    }
    return looking_at(x, "</") ? close_element(x) : element(x);
}

int pk_plist_xml(struct pk_slice text, struct pk_arena *arena, struct pk_anomalies *anomalies,
        const struct pk_plist **out, struct pk_error *err)
{
    struct xml x = { .in = text, .b = { .arena = arena, .anomalies = anomalies, .err = err } };
    int rc = PK_OK;

    while (rc == PK_OK && !x.closed && (x.in_plist || x.b.root == NULL)) {
        rc = next(&x);
    }
    if (rc == PK_OK) {
        skip_space(&x);
        if (!at_end(&x) && !looking_at(&x, "<!--")) {
            pk_anomaly_add(anomalies, PK_ANOMALY_PLIST_TRAILING, "%zu bytes at %zu",
                    text.len - x.pos, x.pos);
        }
        *out = x.b.root;
    }
    pk_plist_builder_finish(&x.b);
    return rc;
}
