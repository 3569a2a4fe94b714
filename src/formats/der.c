#include "formats/der.h"

#include <stdio.h>

#include "formats/limits.h"

#define NUMBER_MASK  0x1fU
#define LENGTH_MAX   0x7fffffffUL /* apksig counts in int */
#define LENGTH_BYTES 4U

struct header {
    uint8_t tag;
    bool indefinite;
    size_t contents; /* where they begin */
    size_t length;   /* of the contents, when not indefinite */
};

/* Number above 30: seven bits a byte, the last one without the high bit. */
static int skip_high_number(struct pk_slice in, size_t *pos)
{
    uint32_t number = 0;
    uint8_t b;

    do {
        if (*pos >= in.len) {
            return PK_ETRUNC;
        }
        if (number > INT32_MAX >> 7) {
            return PK_EMALF;
        }
        b = in.ptr[(*pos)++];
        number = number << 7 | (b & 0x7fU);
    } while ((b & 0x80U) != 0);
    return PK_OK;
}

static int read_length(struct pk_slice in, size_t *pos, struct header *out)
{
    size_t count;

    if (*pos >= in.len) {
        return PK_ETRUNC;
    }
    count = in.ptr[(*pos)++];
    if (count < 0x80U) {
        out->length = count;
        return PK_OK;
    }
    count &= 0x7fU;
    out->indefinite = count == 0;
    if (count > LENGTH_BYTES) {
        return PK_EMALF;
    }
    for (size_t i = 0; i < count; i++) {
        if (*pos >= in.len) {
            return PK_ETRUNC;
        }
        if (out->length > LENGTH_MAX >> 8) {
            return PK_EMALF;
        }
        out->length = out->length << 8 | in.ptr[(*pos)++];
    }
    return PK_OK;
}

static int read_header(struct pk_slice in, size_t pos, struct header *out)
{
    int rc = PK_OK;

    *out = (struct header){ .tag = in.ptr[pos] };
    pos++;
    if ((out->tag & NUMBER_MASK) == NUMBER_MASK) {
        rc = skip_high_number(in, &pos);
    }
    if (rc == PK_OK) {
        rc = read_length(in, &pos, out);
    }
    if (rc == PK_OK && out->length > in.len - pos) {
        rc = PK_ETRUNC;
    }
    out->contents = pos;
    return rc;
}

/* The first 00 00 from pos on, where primitive contents of indefinite length end. */
static int find_end_mark(struct pk_slice in, size_t pos, size_t *out)
{
    for (; in.len - pos >= 2; pos++) {
        const uint8_t *zero = memchr(in.ptr + pos, 0, in.len - pos - 1);

        if (zero == NULL) {
            break;
        }
        pos = (size_t)(zero - in.ptr);
        if (in.ptr[pos + 1] == 0) {
            *out = pos;
            return PK_OK;
        }
    }
    return PK_ETRUNC;
}

/* Where constructed contents of indefinite length, which begin at pos, have their end mark: elements
 * inside may be of indefinite length, too. */
static int skip_elements(struct pk_slice in, size_t pos, size_t *out)
{
    size_t depth = 1;

    while (pos < in.len) {
        struct header h;
        int rc;

        if (in.len - pos >= 2 && in.ptr[pos] == 0 && in.ptr[pos + 1] == 0) {
            depth--;
            if (depth == 0) {
                *out = pos;
                return PK_OK;
            }
            pos += 2;
            continue;
        }
        rc = read_header(in, pos, &h);
        if (rc < 0) {
            return rc;
        }
        pos = h.contents + h.length;
        if (h.indefinite && (h.tag & PK_DER_CONSTRUCTED) != 0) {
            depth++;
            if (depth > PK_DER_DEPTH_MAX) {
                return PK_ELIMIT;
            }
        } else if (h.indefinite) {
            rc = find_end_mark(in, pos, &pos);
            if (rc < 0) {
                return rc;
            }
            pos += 2;
        }
    }
    return PK_ETRUNC;
}

int pk_der_next(struct pk_slice *in, struct pk_der *out)
{
    struct header h;
    size_t end;
    size_t mark = 0;
    int rc;

    if (in->len == 0) {
        return PK_ENOENT;
    }
    rc = read_header(*in, 0, &h);
    if (rc < 0) {
        return rc;
    }
    end = h.contents + h.length;
    if (h.indefinite) {
        rc = (h.tag & PK_DER_CONSTRUCTED) != 0 ? skip_elements(*in, h.contents, &end)
                                               : find_end_mark(*in, h.contents, &end);
        if (rc < 0) {
            return rc;
        }
        mark = 2;
    }
    *out = (struct pk_der){
        .tag = h.tag,
        .value = pk_slice_of(in->ptr + h.contents, end - h.contents),
        .whole = pk_slice_of(in->ptr, end + mark),
    };
    *in = pk_slice_of(in->ptr + end + mark, in->len - end - mark);
    return PK_OK;
}

int pk_der_expect(struct pk_slice *in, uint8_t tag, struct pk_der *out)
{
    struct pk_slice rest = *in;
    struct pk_der element;
    int rc = pk_der_next(&rest, &element);

    if (rc < 0) {
        return rc;
    }
    if (!pk_der_is(&element, tag)) {
        return PK_ETYPE;
    }
    *in = rest;
    *out = element;
    return PK_OK;
}

/* One arc, seven bits a byte. */
static bool take_arc(struct pk_slice *in, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < in->len; i++) {
        if (*out > INT64_MAX >> 7) {
            return false;
        }
        *out = *out << 7 | (in->ptr[i] & 0x7fU);
        if ((in->ptr[i] & 0x80U) == 0) {
            *in = pk_slice_of(in->ptr + i + 1, in->len - i - 1);
            return true;
        }
    }
    return false;
}

const char *pk_der_oid(struct pk_slice value, char out[PK_OID_TEXT])
{
    uint64_t arc;
    uint64_t first;
    int used;

    out[0] = '\0';
    if (!take_arc(&value, &arc)) {
        return out;
    }
    first = arc / 40 < 2 ? arc / 40 : 2;
    used = snprintf(
            out, PK_OID_TEXT, "%u.%llu", (unsigned)first, (unsigned long long)(arc - first * 40));
    while (value.len > 0) {
        /* An arc has at most 19 digits. */
        if (!take_arc(&value, &arc) || used > PK_OID_TEXT - 24) {
            out[0] = '\0';
            return out;
        }
        used += snprintf(out + used, PK_OID_TEXT - (size_t)used, ".%llu", (unsigned long long)arc);
    }
    return out;
}

struct pk_slice pk_der_integer(struct pk_slice value)
{
    static const uint8_t zero[1];

    if (value.len == 0) {
        return pk_slice_of(zero, sizeof(zero));
    }
    /* The first nine bits all alike: the first byte says nothing. */
    while (value.len > 1 &&
            ((value.ptr[0] == 0 && value.ptr[1] < 0x80U) ||
                    (value.ptr[0] == 0xffU && value.ptr[1] >= 0x80U))) {
        value = pk_slice_of(value.ptr + 1, value.len - 1);
    }
    return value;
}

int pk_der_int(struct pk_slice value, int32_t *out)
{
    struct pk_slice in = pk_der_integer(value);
    uint32_t number = in.ptr[0] >= 0x80U ? UINT32_MAX : 0;

    if (in.len > sizeof(number)) {
        return PK_EBOUNDS;
    }
    for (size_t i = 0; i < in.len; i++) {
        number = number << 8 | in.ptr[i];
    }
    *out = (int32_t)number;
    return PK_OK;
}

static bool take_digits(struct pk_slice *in, size_t count, int *out)
{
    *out = 0;
    if (in->len < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)in->ptr[i] - '0';

        if (digit > 9) {
            return false;
        }
        *out = *out * 10 + (int)digit;
    }
    *in = pk_slice_of(in->ptr + count, in->len - count);
    return true;
}

/* The rest after the seconds: a fraction, which is dropped, and Z. Other zones are not DER, and no
 * signer writes them. */
static bool is_time_end(struct pk_slice in)
{
    if (in.len > 1 && (in.ptr[0] == '.' || in.ptr[0] == ',')) {
        bool digit;

        do {
            in = pk_slice_of(in.ptr + 1, in.len - 1);
            digit = in.len > 0 && in.ptr[0] >= '0' && in.ptr[0] <= '9';
        } while (digit);
    }
    return in.len == 1 && in.ptr[0] == 'Z';
}

const char *pk_der_time(const struct pk_der *element, char out[PK_DER_TIME_TEXT])
{
    struct pk_slice in = element->value;
    bool utc = pk_der_is(element, PK_DER_UTC_TIME);
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second = 0;

    out[0] = '\0';
    if ((!utc && !pk_der_is(element, PK_DER_GENERALIZED_TIME)) ||
            !take_digits(&in, utc ? 2 : 4, &year) || !take_digits(&in, 2, &month) ||
            !take_digits(&in, 2, &day) || !take_digits(&in, 2, &hour) ||
            !take_digits(&in, 2, &minute)) {
        return out;
    }
    (void)take_digits(&in, 2, &second); /* BER may leave the seconds out */
    if (!is_time_end(in) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
            minute > 59 || second > 59) {
        return out;
    }
    if (utc) { /* RFC 5280 4.1.2.5.1 */
        year += year < 50 ? 2000 : 1900;
    }
    (void)snprintf(out, PK_DER_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, hour,
            minute, second);
    return out;
}
