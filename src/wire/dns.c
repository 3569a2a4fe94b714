#include "wire/dns.h"

#include <string.h>
#include <strings.h>

#include "base/reader.h"

#define HEADER_BYTES 12
#define LABEL_MAX    63
#define CLASS_IN     1
#define FLAG_QR      0x8000
#define FLAG_TC      0x0200
#define FLAG_RD      0x0100
#define FLAG_AD      0x0020

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Text to labels; returns the bytes written, 0 when it is no name. */
static size_t put_name(const char *name, uint8_t *out, size_t max)
{
    size_t used = 0;

    while (*name != '\0') {
        size_t len = strcspn(name, ".");

        if (len == 0 || len > LABEL_MAX || used + len + 2 > max) {
            return 0;
        }
        out[used++] = (uint8_t)len;
        memcpy(out + used, name, len);
        used += len;
        name += len;
        name += *name == '.';
    }
    if (used == 0 || used > 254) { /* 255 with the root label: RFC 1035 section 3.1 */
        return 0;
    }
    out[used++] = 0;
    return used;
}

int pk_dns_build(uint16_t id, const char *name, enum pk_dns_type type,
        uint8_t out[PK_DNS_QUERY_MAX], size_t *len)
{
    size_t used = put_name(name, out + HEADER_BYTES, PK_DNS_QUERY_MAX - HEADER_BYTES - 4);

    if (used == 0) {
        return PK_EMALF;
    }
    memset(out, 0, HEADER_BYTES);
    put16(out, id);
    put16(out + 2, FLAG_RD);
    put16(out + 4, 1); /* one question */
    put16(out + HEADER_BYTES + used, type);
    put16(out + HEADER_BYTES + used + 2, CLASS_IN);
    *len = HEADER_BYTES + used + 4;
    return PK_OK;
}

/* Reads a name into dotted text. Pointers may lead backwards only, so that no loop is possible;
 * their number is bounded all the same. */
static void read_name(struct pk_reader *r, char out[PK_DNS_NAME_MAX])
{
    struct pk_reader at = *r;
    size_t used = 0;
    size_t earliest = r->pos;
    int jumps = 0;

    out[0] = '\0';
    for (;;) {
        unsigned len = pk_read_u8(&at);

        if (at.rc < 0) {
            r->rc = at.rc;
            return;
        }
        if (len == 0) {
            break;
        }
        if (len >= 0xc0) {
            size_t to = ((len & 0x3f) << 8) | pk_read_u8(&at);

            if (jumps == 0) {
                r->pos = at.pos;
            }
            if (at.rc < 0 || to >= earliest || ++jumps > PK_DNS_POINTERS_MAX) {
                r->rc = at.rc < 0 ? at.rc : PK_EMALF;
                return;
            }
            earliest = to;
            at.pos = to;
            continue;
        }
        if (len > LABEL_MAX) { /* the two reserved kinds of labels: RFC 1035 section 4.1.4 */
            r->rc = PK_EMALF;
            return;
        }
        struct pk_slice label = pk_read_slice(&at, len);

        if (at.rc < 0 || used + len + 1 >= PK_DNS_NAME_MAX ||
                memchr(label.ptr, '\0', len) != NULL) {
            r->rc = at.rc < 0 ? at.rc : PK_EMALF;
            return;
        }
        if (used > 0) {
            out[used++] = '.';
        }
        memcpy(out + used, label.ptr, len);
        used += len;
        out[used] = '\0';
    }
    if (jumps == 0) {
        r->pos = at.pos;
    }
}

static bool same_name(const char *a, const char *b)
{
    size_t len = strlen(b);

    if (len > 0 && b[len - 1] == '.') {
        len--;
    }
    return strlen(a) == len && strncasecmp(a, b, len) == 0;
}

static void keep_address(struct pk_dns_answer *answer, enum pk_dns_type type, struct pk_slice data)
{
    answer->total++;
    if (answer->count < PK_DNS_ADDRESSES_MAX) {
        struct pk_address *to = &answer->addresses[answer->count++];

        *to = (struct pk_address){ .family = type == PK_DNS_A ? AF_INET : AF_INET6 };
        memcpy(to->bytes, data.ptr, data.len);
    }
}

static void read_record(struct pk_reader *r, enum pk_dns_type type, struct pk_dns_answer *answer)
{
    char name[PK_DNS_NAME_MAX];
    unsigned record_type;
    unsigned record_class;
    struct pk_slice data;

    read_name(r, name);
    record_type = pk_read_be16(r);
    record_class = pk_read_be16(r);
    pk_read_skip(r, 4); /* time to live */
    data = pk_read_slice(r, pk_read_be16(r));
    if (r->rc < 0 || record_type != (unsigned)type || record_class != CLASS_IN) {
        return;
    }
    if (data.len != (type == PK_DNS_A ? 4U : 16U)) {
        r->rc = PK_EMALF;
        return;
    }
    keep_address(answer, type, data);
}

int pk_dns_parse(struct pk_slice message, uint16_t id, const char *name, enum pk_dns_type type,
        struct pk_dns_answer *out)
{
    struct pk_reader r = pk_reader_of(message);
    struct pk_dns_answer answer = { 0 };
    char echoed[PK_DNS_NAME_MAX];
    unsigned got_id = pk_read_be16(&r);
    unsigned flags = pk_read_be16(&r);
    unsigned questions = pk_read_be16(&r);
    unsigned answers = pk_read_be16(&r);

    pk_read_skip(&r, 4); /* authority and additional counts: never read */
    read_name(&r, echoed);
    unsigned got_type = pk_read_be16(&r);
    unsigned got_class = pk_read_be16(&r);

    if (r.rc == PK_OK &&
            (got_id != id || !(flags & FLAG_QR) || questions != 1 || got_type != (unsigned)type ||
                    got_class != CLASS_IN || !same_name(echoed, name) ||
                    answers > PK_DNS_RECORDS_MAX)) {
        r.rc = PK_EMALF;
    }
    answer.rcode = (int)(flags & 0xf);
    answer.truncated = flags & FLAG_TC;
    answer.authentic = flags & FLAG_AD;
    for (unsigned i = 0; i < answers && r.rc == PK_OK && !answer.truncated; i++) {
        read_record(&r, type, &answer);
    }
    if (r.rc == PK_OK) {
        *out = answer;
    }
    return r.rc;
}

static bool holds_all(const struct pk_dns_answer *a, const struct pk_dns_answer *b)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t k = 0;

        while (k < a->count && !pk_address_same(&a->addresses[k], &b->addresses[i])) {
            k++;
        }
        if (k == a->count) {
            return false;
        }
    }
    return true;
}

bool pk_dns_same_answer(const struct pk_dns_answer *a, const struct pk_dns_answer *b)
{
    return a->rcode == b->rcode && holds_all(a, b) && holds_all(b, a);
}
