/* codesign_requirement.c - requirements: the little language in which a signature says who it is
 * ("identifier \"com.x\" and anchor apple generic"), from its compiled form back to text as codesign(1)
 * prints it. Sources: Security's requirement.h and reqdumper.cpp. */
#include <ctype.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "base/reader.h"
#include "formats/apple/codesign_parts.h"
#include "formats/limits.h"

#define MAGIC_SET         0xfade0c01U
#define MAGIC_REQUIREMENT 0xfade0c00U
#define TYPE_DESIGNATED   3
#define KIND_EXPRESSION   1
#define TEXT_MAX          2048
#define HASH_MAX          64

enum op {
    OP_FALSE,
    OP_TRUE,
    OP_IDENT,
    OP_APPLE_ANCHOR,
    OP_ANCHOR_HASH,
    OP_INFO_KEY_VALUE,
    OP_AND,
    OP_OR,
    OP_CD_HASH,
    OP_NOT,
    OP_INFO_KEY_FIELD,
    OP_CERT_FIELD,
    OP_TRUSTED_CERT,
    OP_TRUSTED_CERTS,
    OP_CERT_GENERIC,
    OP_APPLE_GENERIC_ANCHOR,
    OP_ENTITLEMENT_FIELD,
    OP_CERT_POLICY,
    OP_NAMED_ANCHOR,
    OP_NAMED_CODE,
    OP_PLATFORM,
    OP_NOTARIZED,
    OP_CERT_FIELD_DATE,
    OP_LEGACY_DEV_ID,
};

/* How tightly an expression binds what stands around it: brackets where it would not. */
enum level {
    LEVEL_PRIMARY,
    LEVEL_AND,
    LEVEL_OR,
};

struct dump {
    struct pk_reader in;
    struct pk_buffer out;
    bool unknown; /* an operator or match that is not known: the rest cannot be read */
};

static struct pk_slice next_data(struct dump *d)
{
    size_t len = pk_read_be32(&d->in);
    struct pk_slice data = pk_read_slice(&d->in, len);

    pk_read_skip(&d->in, d->in.rc == PK_OK ? (4 - len % 4) % 4 : 0);
    return data;
}

static void put(struct dump *d, const char *text)
{
    (void)pk_buffer_puts(&d->out, text);
}

static void put_hash(struct dump *d)
{
    struct pk_slice hash = next_data(d);
    char text[2 * HASH_MAX + 1] = "";

    if (hash.len <= HASH_MAX) {
        pk_hex(hash, text);
    }
    (void)pk_buffer_printf(&d->out, "H\"%s\"", text);
}

/* A word stands bare, anything else in quotes. */
static void put_string(struct dump *d, const char *before, struct pk_slice text, const char *after)
{
    bool bare = text.len > 0 && isalpha(text.ptr[0]) && *before == '\0' && *after == '\0';

    for (size_t i = 0; i < text.len; i++) {
        bare = bare && isalnum(text.ptr[i]);
    }
    put(d, bare ? "" : "\"");
    put(d, before);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            (void)pk_buffer_putc(&d->out, '\\');
        }
        (void)pk_buffer_putc(&d->out, (char)text.ptr[i]);
    }
    put(d, after);
    put(d, bare ? "" : "\"");
}

static void put_raw(struct dump *d)
{
    struct pk_slice text = next_data(d);

    (void)pk_buffer_put(&d->out, text.ptr, text.len);
}

static void put_slot(struct dump *d)
{
    uint32_t slot = pk_read_be32(&d->in);

    if (slot == 0) {
        put(d, "certificate leaf");
    } else if (slot == UINT32_MAX) {
        put(d, "certificate root");
    } else {
        (void)pk_buffer_printf(&d->out, "certificate %d", (int)slot);
    }
}

static void put_match(struct dump *d)
{
    static const struct {
        const char *op, *before, *after;
    } matches[] = {
        { NULL, "", "" }, /* exists */
        { " = ", "", "" },
        { " ~ ", "", "" },
        { " = ", "", "*" }, /* begins with */
        { " = ", "*", "" }, /* ends with */
        { " < ", "", "" },
        { " > ", "", "" },
        { " <= ", "", "" },
        { " >= ", "", "" },
    };
    uint32_t match = pk_read_be32(&d->in);

    if (match == 0) {
        put(d, " /* exists */");
    } else if (match == 14) {
        put(d, " absent");
    } else if (match < PK_COUNT(matches)) {
        put(d, matches[match].op);
        put_string(d, matches[match].before, next_data(d), matches[match].after);
    } else {
        d->unknown = true;
    }
}

/* "field.1.2.840.113635.100.6.2.1" from the contents of an OID. */
static void put_oid(struct dump *d, const char *kind)
{
    char text[PK_OID_TEXT];

    (void)pk_buffer_printf(&d->out, "[%s.%s]", kind, pk_der_oid(next_data(d), text));
}

static void put_keyed(struct dump *d, const char *what)
{
    put(d, what);
    put(d, "[");
    put_raw(d);
    put(d, "]");
}

/* Operators with operands that are no expressions. */
static void put_primary(struct dump *d, uint32_t op)
{
    switch ((enum op)op) {
    case OP_FALSE:
        put(d, "never");
        break;
    case OP_TRUE:
        put(d, "always");
        break;
    case OP_IDENT:
        put(d, "identifier ");
        put_string(d, "", next_data(d), "");
        break;
    case OP_APPLE_ANCHOR:
        put(d, "anchor apple");
        break;
    case OP_ANCHOR_HASH:
        put_slot(d);
        put(d, " = ");
        put_hash(d);
        break;
    case OP_INFO_KEY_VALUE:
        put_keyed(d, "info");
        put(d, " = ");
        put_string(d, "", next_data(d), "");
        break;
    case OP_CD_HASH:
        put(d, "cdhash ");
        put_hash(d);
        break;
    case OP_INFO_KEY_FIELD:
        put_keyed(d, "info");
        put_match(d);
        break;
    case OP_CERT_FIELD:
        put_slot(d);
        put_keyed(d, "");
        put_match(d);
        break;
    case OP_TRUSTED_CERT:
        put_slot(d);
        put(d, " trusted");
        break;
    case OP_TRUSTED_CERTS:
        put(d, "anchor trusted");
        break;
    case OP_CERT_GENERIC:
        put_slot(d);
        put_oid(d, "field");
        put_match(d);
        break;
    case OP_APPLE_GENERIC_ANCHOR:
        put(d, "anchor apple generic");
        break;
    case OP_ENTITLEMENT_FIELD:
        put_keyed(d, "entitlement");
        put_match(d);
        break;
    case OP_CERT_POLICY:
        put_slot(d);
        put_oid(d, "policy");
        put_match(d);
        break;
    case OP_NAMED_ANCHOR:
        put(d, "anchor apple ");
        put_raw(d);
        break;
    case OP_NAMED_CODE:
        put(d, "(");
        put_raw(d);
        put(d, ")");
        break;
    case OP_PLATFORM:
        (void)pk_buffer_printf(&d->out, "platform = %d", (int)pk_read_be32(&d->in));
        break;
    case OP_NOTARIZED:
        put(d, "notarized");
        break;
    case OP_CERT_FIELD_DATE:
        put_slot(d);
        put_oid(d, "timestamp");
        put_match(d);
        break;
    case OP_LEGACY_DEV_ID:
        put(d, "legacy");
        break;
    case OP_AND:
    case OP_OR:
    case OP_NOT:
        d->unknown = true; /* not here */
        break;
    }
}

/* Recursion is bounded by depth; each call takes 4 bytes of the input. */
static void expression(struct dump *d, enum level level, size_t depth)
{
    uint32_t op = pk_read_be32(&d->in) &
            0x00ffffff; /* the high byte: what to do when it is unknown */

    if (depth == PK_DER_DEPTH_MAX || op > OP_LEGACY_DEV_ID) {
        d->unknown = true;
    }
    if (d->unknown || d->in.rc < 0) {
        return;
    }
    if (op == OP_AND || op == OP_OR) {
        enum level own = op == OP_AND ? LEVEL_AND : LEVEL_OR;

        put(d, level < own ? "(" : "");
        expression(d, own, depth + 1);
        put(d, op == OP_AND ? " and " : " or ");
        expression(d, own, depth + 1);
        put(d, level < own ? ")" : "");
    } else if (op == OP_NOT) {
        put(d, "! ");
        expression(d, LEVEL_PRIMARY, depth + 1);
    } else {
        put_primary(d, op);
    }
}

/* The designated requirement's expression in a set; ptr NULL when there is none. */
static struct pk_slice designated(struct pk_slice set)
{
    struct pk_macho_view v = { .bytes = set, .big_endian = true };
    uint32_t count = pk_macho_u32(&v, 8);

    for (uint64_t i = 0; pk_macho_u32(&v, 0) == MAGIC_SET && i < count && 12 + 8 * i < set.len;
            i++) {
        uint64_t at = pk_macho_u32(&v, 12 + 8 * i + 4);
        struct pk_slice blob = pk_macho_part(set, at, pk_macho_u32(&v, at + 4));

        if (pk_macho_u32(&v, 12 + 8 * i) == TYPE_DESIGNATED && blob.len >= 12 &&
                pk_macho_u32(&v, at) == MAGIC_REQUIREMENT &&
                pk_macho_u32(&v, at + 8) == KIND_EXPRESSION) {
            return pk_slice_of(blob.ptr + 12, blob.len - 12);
        }
    }
    return (struct pk_slice){ 0 };
}

const char *pk_cs_requirement_text(struct pk_slice set, struct pk_arena *arena)
{
    struct pk_slice in = designated(set);
    struct dump d = { .in = pk_reader_of(in), .out = pk_buffer_of(TEXT_MAX) };
    const char *text = "";

    if (in.ptr == NULL) {
        return "";
    }
    expression(&d, LEVEL_OR, 0);
    if (!d.unknown && d.in.rc == PK_OK && d.out.rc == PK_OK && d.out.len > 0) {
        text = pk_printable(arena, d.out.ptr, d.out.len, TEXT_MAX);
    }
    pk_buffer_finish(&d.out);
    return text;
}
