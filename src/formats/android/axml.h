/* axml.h - binary XML (ResXMLTree), read event by event as the platform reads it.
 *
 * The chunks' own sizes lead; what belongs to no chunk is skipped to the next plausible one, and said
 * (axml.*). Names and values are strings of one pool, decoded when they are asked for, each once.
 * The document is borrowed; texts live in the arena. Source: AOSP libs/androidfw (ResXMLParser). */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/android/respool.h"
#include "formats/anomaly.h"

#define PK_AXML_ANDROID_URI "http://schemas.android.com/apk/res/android"

enum pk_axml_event {
    PK_AXML_END, /* of the document */
    PK_AXML_START_ELEMENT,
    PK_AXML_END_ELEMENT,
    PK_AXML_TEXT,
    PK_AXML_START_NAMESPACE,
    PK_AXML_END_NAMESPACE,
};

/* Res_value: what a value is. */
enum pk_res_type {
    PK_RES_NULL = 0x00,
    PK_RES_REFERENCE = 0x01,
    PK_RES_ATTRIBUTE = 0x02,
    PK_RES_STRING = 0x03,
    PK_RES_FLOAT = 0x04,
    PK_RES_DIMENSION = 0x05,
    PK_RES_FRACTION = 0x06,
    PK_RES_DYNAMIC_REFERENCE = 0x07,
    PK_RES_DYNAMIC_ATTRIBUTE = 0x08,
    PK_RES_FIRST_INT = 0x10,
    PK_RES_INT_HEX = 0x11,
    PK_RES_BOOLEAN = 0x12,
    PK_RES_LAST_INT = 0x1f,
};

struct pk_axml_attribute {
    uint32_t ns;   /* string of the namespace's URI, PK_RESPOOL_NONE */
    uint32_t name; /* string */
    uint32_t id;   /* resource id of the name, 0 when unknown */
    uint32_t raw;  /* string as written in the source, PK_RESPOOL_NONE */
    uint8_t type;  /* enum pk_res_type */
    uint32_t data;
};

struct pk_axml {
    /* of the current event */
    uint32_t line;
    uint32_t ns;   /* string: URI of an element or of a namespace */
    uint32_t name; /* string: of an element; prefix of a namespace; text */
    size_t depth;  /* elements open, the current one counted: 1 at the start and end of the root */
    size_t elements; /* started so far */
    size_t attribute_count;

    /* private to axml.c */
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_slice in; /* the whole file */
    size_t pos;
    size_t end; /* of the document, as claimed or as it is */
    size_t namespaces;
    size_t attributes; /* where the first one begins */
    size_t attribute_size;
    struct pk_respool pool;
    bool has_pool;
    unsigned said;           /* what pool.odd has been said of */
    const char **texts;      /* decoded so far */
    size_t text_bytes;       /* how much that is */
    struct pk_slice ids;     /* the resource map */
    enum pk_axml_event last; /* the event that the fields above are of */
    int rc;
};

/* True when the bytes look like binary XML (also with a bogus first type), not like plain text. */
bool pk_axml_magic(struct pk_slice bytes);

/* PK_ETRUNC, PK_EMALF: not a document. PK_ENOMEM. */
PK_MUST_USE int pk_axml_open(struct pk_slice file, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_axml *out, struct pk_error *err);

/* The next event: enum pk_axml_event, or PK_ENOMEM (sticky). After PK_AXML_END it stays there. */
PK_MUST_USE int pk_axml_next(struct pk_axml *doc);

/* Attribute number i of the current START_ELEMENT; i < attribute_count. */
struct pk_axml_attribute pk_axml_attribute(const struct pk_axml *doc, size_t i);

/* Finds the first attribute with this resource id, as the platform looks. */
bool pk_axml_find(const struct pk_axml *doc, uint32_t id, struct pk_axml_attribute *out);
/* The first one of this name; uri NULL: only one without a namespace. */
bool pk_axml_find_name(
        struct pk_axml *doc, const char *uri, const char *name, struct pk_axml_attribute *out);

/* False when the document has no resource map, so that its attributes are known by name only. */
static inline bool pk_axml_has_ids(const struct pk_axml *doc)
{
    return doc->ids.len > 0;
}

static inline bool pk_axml_has_string(const struct pk_axml *doc, uint32_t index)
{
    return index < doc->pool.count;
}

/* The text of a string: "" for PK_RESPOOL_NONE and for what is not there. Never NULL. */
const char *pk_axml_text(struct pk_axml *doc, uint32_t index);
