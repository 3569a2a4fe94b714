#include "wire/dns_question.h"

#include <ctype.h>

#include "base/reader.h"

#define CLASS_IN 1

/* Labels up to the root. Letters, digits, dash and underscore stay; any other byte becomes "?", so that a name can
 * be printed. */
static int read_name(struct pk_reader *r, char out[PK_DNS_NAME_MAX])
{
    size_t len = 0;

    for (;;) {
        size_t label = pk_read_u8(r);
        struct pk_slice bytes;

        if (r->rc < 0 || label == 0) {
            break;
        }
        if (label > 63 || len + label + 2 > PK_DNS_NAME_MAX) {
            return PK_EMALF;
        }
        bytes = pk_read_slice(r, label);
        if (r->rc < 0) {
            break;
        }
        if (len > 0) {
            out[len++] = '.';
        }
        for (size_t i = 0; i < label; i++) {
            unsigned char c = bytes.ptr[i];

            out[len++] = isalnum(c) != 0 || c == '-' || c == '_' ? (char)tolower(c) : '?';
        }
    }
    out[len] = '\0';
    return r->rc;
}

int pk_dns_question_read(struct pk_slice message, struct pk_dns_question *out)
{
    struct pk_reader r = pk_reader_of(message);
    uint16_t flags;
    uint16_t questions;
    int rc;

    out->id = pk_read_be16(&r);
    flags = pk_read_be16(&r);
    questions = pk_read_be16(&r);
    pk_read_skip(&r, 6);
    if (r.rc < 0) {
        return r.rc;
    }
    out->answer = (flags & 0x8000U) != 0;
    out->truncated = (flags & 0x0200U) != 0;
    out->rcode = flags & 15;
    if ((flags & 0x7800U) != 0 || questions != 1) {
        return PK_EMALF; /* not a plain query */
    }
    rc = read_name(&r, out->name);
    if (rc < 0) {
        return rc;
    }
    out->type = pk_read_be16(&r);
    return pk_read_be16(&r) == CLASS_IN && r.rc == PK_OK ? PK_OK : r.rc < 0 ? r.rc : PK_EMALF;
}
