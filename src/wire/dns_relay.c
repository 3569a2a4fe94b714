#include "wire/dns_relay.h"

#include <ctype.h>

#include "base/reader.h"

#define HEADER_BYTES 12U
#define LABEL_MAX    63U
#define NAME_BYTES   255U /* of a name on the wire (RFC 1035 section 3.1) */
#define RECORDS_MAX  64U  /* of a question that are looked through for EDNS */
#define CLASS_IN     1U
#define OPT_BYTES    1232U   /* what we say that we can take (dnsflagday.net/2020) */
#define POINTER_NAME 0xc00cU /* "the name of the question" (RFC 1035 section 4.1.4) */
#define OPTION_EDE   15U     /* RFC 8914 */

#define FLAG_QR     0x8000U
#define FLAG_OPCODE 0x7800U
#define FLAG_TC     0x0200U
#define FLAG_RD     0x0100U
#define FLAG_RA     0x0080U
#define FLAG_CD     0x0010U
#define FLAG_RCODE  0x000fU

/* A host's label: letters, digits, '-' and, as the world has it, '_'. */
static bool is_host_byte(uint8_t c)
{
    return isalnum(c) || c == '-' || c == '_';
}

/* The name of the question: labels only, a pointer has nothing to point to. */
static void read_question_name(struct pk_reader *r, char out[PK_DNS_NAME_MAX])
{
    size_t start = r->pos;
    size_t used = 0;
    bool host = true;

    out[0] = '\0';
    for (;;) {
        unsigned len = pk_read_u8(r);
        struct pk_slice label;

        if (r->rc == PK_OK && (len > LABEL_MAX || r->pos - start + len > NAME_BYTES)) {
            r->rc = PK_EMALF;
        }
        if (r->rc < 0 || len == 0) {
            break;
        }
        label = pk_read_slice(r, len);
        if (r->rc < 0) {
            break;
        }
        if (used > 0) {
            out[used++] = '.';
        }
        for (size_t i = 0; i < len; i++) {
            host = host && is_host_byte(label.ptr[i]);
            out[used++] = (char)tolower(label.ptr[i]);
        }
    }
    out[host && r->rc == PK_OK ? used : 0] = '\0';
}

/* Past a name that may be compressed; where it leads does not matter. */
static void skip_name(struct pk_reader *r)
{
    unsigned len = pk_read_u8(r);

    while (r->rc == PK_OK && len > 0 && len < 0xc0) {
        if (len > LABEL_MAX) {
            r->rc = PK_EMALF;
            return;
        }
        pk_read_skip(r, len);
        len = pk_read_u8(r);
    }
    if (len >= 0xc0) {
        pk_read_skip(r, 1);
    }
}

static void find_edns(struct pk_reader *r, unsigned records, struct pk_relay_query *out)
{
    if (records > RECORDS_MAX) {
        r->rc = PK_ELIMIT;
    }
    for (unsigned i = 0; i < records && r->rc == PK_OK; i++) {
        unsigned type;
        unsigned size;

        skip_name(r);
        type = pk_read_be16(r);
        size = pk_read_be16(r);
        pk_read_skip(r, 4);
        pk_read_skip(r, pk_read_be16(r));
        if (r->rc == PK_OK && type == PK_RELAY_TYPE_OPT) {
            out->edns = true;
            out->answer_max = size > PK_RELAY_PLAIN_MAX ? size : PK_RELAY_PLAIN_MAX;
        }
    }
}

static enum pk_relay_todo refuse(struct pk_relay_query *out, int rcode)
{
    out->rcode = rcode;
    return PK_RELAY_REFUSE;
}

enum pk_relay_todo pk_relay_read(struct pk_slice message, struct pk_relay_query *out)
{
    struct pk_reader r = pk_reader_of(message);
    unsigned questions;
    unsigned records;

    *out = (struct pk_relay_query){ .answer_max = PK_RELAY_PLAIN_MAX };
    out->id = pk_read_be16(&r);
    out->flags = pk_read_be16(&r);
    questions = pk_read_be16(&r);
    records = pk_read_be16(&r);
    records += pk_read_be16(&r);
    records += pk_read_be16(&r);
    if (r.rc < 0 || (out->flags & FLAG_QR) != 0) {
        return PK_RELAY_DROP;
    }
    if ((out->flags & FLAG_OPCODE) != 0) { /* notify, update: not a forwarder's business */
        return refuse(out, PK_RELAY_NOTIMP);
    }
    if (questions != 1 || message.len > PK_RELAY_QUERY_MAX) {
        return refuse(out, PK_RELAY_FORMERR);
    }
    read_question_name(&r, out->name);
    out->type = pk_read_be16(&r);
    out->class_ = pk_read_be16(&r);
    if (r.rc < 0) {
        out->name[0] = '\0';
        return refuse(out, PK_RELAY_FORMERR);
    }
    out->question_end = r.pos;
    if (out->class_ != CLASS_IN) {
        out->name[0] = '\0';
    }
    find_edns(&r, records, out);
    if (r.rc < 0) {
        return refuse(out, PK_RELAY_FORMERR);
    }
    /* Whole zones come in many messages. */
    return out->type == PK_RELAY_TYPE_AXFR || out->type == PK_RELAY_TYPE_IXFR
            ? refuse(out, PK_RELAY_NOTIMP)
            : PK_RELAY_FORWARD;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

bool pk_relay_answers(
        struct pk_slice question, size_t question_end, uint16_t id, struct pk_slice answer)
{
    unsigned flags;
    size_t name_end = question_end - 4;

    if (answer.len < HEADER_BYTES || pk_relay_id(answer) != id) {
        return false;
    }
    flags = get16(answer.ptr + 2);
    if ((flags & FLAG_QR) == 0 || (flags & FLAG_OPCODE) != 0) {
        return false;
    }
    if (get16(answer.ptr + 4) == 0) {
        return answer.len == HEADER_BYTES && (flags & FLAG_RCODE) != 0;
    }
    if (get16(answer.ptr + 4) != 1 || answer.len < question_end || question.len < question_end) {
        return false;
    }
    /* Lengths of labels are below 'A': folding leaves them alone. */
    for (size_t i = HEADER_BYTES; i < name_end; i++) {
        if (tolower(answer.ptr[i]) != tolower(question.ptr[i])) {
            return false;
        }
    }
    return memcmp(answer.ptr + name_end, question.ptr + name_end, 4) == 0;
}

/* --- answers that are made here ----------------------------------------------------------- */

struct writer {
    uint8_t *out;
    size_t len;
};

static void put16(struct writer *w, unsigned value)
{
    w->out[w->len++] = (uint8_t)(value >> 8);
    w->out[w->len++] = (uint8_t)value;
}

static void put32(struct writer *w, uint32_t value)
{
    put16(w, value >> 16);
    put16(w, value & 0xffff);
}

/* Header and question; the longest has 271 bytes. */
static void put_head(struct writer *w, struct pk_slice question, const struct pk_relay_query *query,
        unsigned flags, const unsigned counts[3])
{
    put16(w, query->id);
    put16(w, FLAG_QR | FLAG_RA | (query->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD)) | flags);
    put16(w, query->question_end > 0 ? 1 : 0);
    for (int i = 0; i < 3; i++) {
        put16(w, counts[i]);
    }
    if (query->question_end > HEADER_BYTES) {
        memcpy(w->out + w->len, question.ptr + HEADER_BYTES, query->question_end - HEADER_BYTES);
        w->len += query->question_end - HEADER_BYTES;
    }
}

static void put_address(struct writer *w, const uint8_t address[4], uint32_t ttl)
{
    put16(w, POINTER_NAME);
    put16(w, PK_DNS_A);
    put16(w, CLASS_IN);
    put32(w, ttl);
    put16(w, 4);
    memcpy(w->out + w->len, address, 4);
    w->len += 4;
}

/* What says how long "nothing" holds (RFC 2308 section 5). */
static void put_soa(struct writer *w, uint32_t ttl)
{
    put16(w, POINTER_NAME);
    put16(w, PK_RELAY_TYPE_SOA);
    put16(w, CLASS_IN);
    put32(w, ttl);
    put16(w, 24);
    put16(w, POINTER_NAME);
    put16(w, POINTER_NAME);
    put32(w, 1);
    for (int i = 0; i < 4; i++) {
        put32(w, ttl);
    }
}

/* Never cuts into a character. */
static size_t text_length(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    if (len > PK_RELAY_TEXT_MAX) {
        len = PK_RELAY_TEXT_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    return len;
}

static void put_edns(struct writer *w, int why, const char *text)
{
    size_t len = text_length(text);

    w->out[w->len++] = 0; /* the root's name */
    put16(w, PK_RELAY_TYPE_OPT);
    put16(w, OPT_BYTES);
    put32(w, 0);
    if (why < 0) {
        put16(w, 0);
        return;
    }
    put16(w, (unsigned)(6 + len));
    put16(w, OPTION_EDE);
    put16(w, (unsigned)(2 + len));
    put16(w, (unsigned)why);
    if (len > 0) {
        memcpy(w->out + w->len, text, len);
        w->len += len;
    }
}

_Static_assert(271 + 36 + 11 + 6 + PK_RELAY_TEXT_MAX <= PK_RELAY_MADE_MAX, "the longest fits");

size_t pk_relay_make(struct pk_slice question, const struct pk_relay_query *query,
        const struct pk_relay_made *made, uint8_t out[PK_RELAY_MADE_MAX])
{
    struct writer w = { 0 };
    bool has_question = query->question_end > 0;
    bool address = made->address4 != NULL && query->type == PK_DNS_A && has_question;
    bool nothing = !address && has_question &&
            (made->rcode == PK_DNS_NOERROR || made->rcode == PK_DNS_NXDOMAIN);
    const unsigned counts[3] = { address ? 1 : 0, nothing ? 1 : 0, query->edns ? 1 : 0 };

    w.out = out;
    put_head(&w, question, query, (unsigned)made->rcode & FLAG_RCODE, counts);
    if (address) {
        put_address(&w, made->address4, made->ttl);
    }
    if (nothing) {
        put_soa(&w, made->ttl);
    }
    if (query->edns) {
        put_edns(&w, made->why, made->text);
    }
    return w.len;
}

size_t pk_relay_cut(struct pk_slice question, const struct pk_relay_query *query,
        struct pk_slice answer, uint8_t out[PK_RELAY_MADE_MAX])
{
    struct writer w = { 0 };
    const unsigned counts[3] = { 0, 0, query->edns ? 1 : 0 };
    unsigned rcode = answer.len >= HEADER_BYTES ? answer.ptr[3] & FLAG_RCODE : 0;

    w.out = out;
    put_head(&w, question, query, FLAG_TC | rcode, counts);
    if (query->edns) {
        put_edns(&w, PK_RELAY_WHY_NONE, NULL);
    }
    return w.len;
}
