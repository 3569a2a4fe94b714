/* schema.h - one table, one codec: how a C struct looks as JSON (and as YAML, see yaml.h).
 *
 * A row names a key, its type, its place in the struct and its limits. Decoding refuses unknown
 * keys, wrong types and values out of range, with the path of the culprit; encoding writes the same
 * keys back. The same rows tell the privacy ledger what leaves a device and print the settings'
 * documentation. Tables are constants; any thread may use them. */
#pragma once

#include <stdint.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* What is not known is neither yes nor no. JSON null or absence is UNKNOWN. */
enum pk_tri {
    PK_TRI_UNKNOWN,
    PK_TRI_NO,
    PK_TRI_YES,
};

enum pk_type {
    PK_TYPE_BOOL,    /* bool */
    PK_TYPE_TRI,     /* enum pk_tri */
    PK_TYPE_INT,     /* int64_t, min..max */
    PK_TYPE_REAL,    /* double, min..max */
    PK_TYPE_TIME,    /* int64_t ms since 1970; RFC 3339 text in JSON */
    PK_TYPE_STRING,  /* const char *; min..max bytes of UTF-8; no control characters but \n \t */
    PK_TYPE_ENUM,    /* int; one of names */
    PK_TYPE_STRINGS, /* struct pk_strings; at most count_max, each min..max bytes */
    PK_TYPE_OBJECT,  /* pointer to the struct of sub; NULL when absent */
    PK_TYPE_OBJECTS, /* struct pk_array of the structs of sub; at most count_max */
    PK_TYPE_JSON, /* json_t *: any object of at most max levels (0: 8); released with the arena */
};

/* Who may learn a value that is sensed on a device. */
enum pk_privacy {
    PK_PRIVACY_NONE,    /* not a device's value: settings, server objects */
    PK_PRIVACY_COLLECT, /* leaves the device as it is */
    PK_PRIVACY_BLIND,   /* leaves only as a keyed hash */
    PK_PRIVACY_NEVER,   /* stays on the device: encoding for the wire drops it */
};

enum pk_field_flag {
    PK_REQUIRED = 1, /* absence is an error; written even when zero */
    PK_SECRET = 2,   /* never printed, not even in an explanation of the settings */
    PK_SPARSE = 4, /* a number that is left out when it is the default, and written when it is 0 */
};

struct pk_strings {
    const char **items;
    size_t count;
};

struct pk_array {
    void *items;
    size_t count;
};

struct pk_schema;

struct pk_field {
    const char *name;
    enum pk_type type;
    unsigned flags;
    size_t offset;
    double min;
    double max;               /* 0 with min 0: the type's own default limit */
    size_t count_max;         /* lists */
    const char *const *names; /* enums: NULL-terminated, index is the value */
    const struct pk_schema *sub;
    const char *def; /* text form of the value of an absent optional key; NULL: zero */
    enum pk_privacy privacy;
    const char *help; /* one sentence for people */
};

struct pk_schema {
    const char *name;
    size_t size; /* sizeof the struct */
    const struct pk_field *fields;
    size_t count;
};

#define PK_SCHEMA(struct_type, table, schema_name)                             \
    {                                                                          \
        .name = (schema_name), .size = sizeof(struct_type), .fields = (table), \
        .count = sizeof(table) / sizeof((table)[0])                            \
    }

#define PK_STRING_MAX 1024 /* bytes of a string whose row names no limit */
#define PK_JSON_DEPTH 8

/* Decodes an object into *out (schema->size bytes, overwritten; untouched on failure only in the
 * sense that it must not be used). Strings and lists live in the arena. *err gets path and text. */
PK_MUST_USE int pk_schema_decode(const struct pk_schema *schema, const json_t *in,
        struct pk_arena *arena, void *out, struct pk_error *err);

/* Encodes; absent optional values (NULL, 0, false, unknown, empty) are left out. The caller owns
 * the result; NULL when memory is short. Values of class NEVER are left out when wire is set. */
json_t *pk_schema_encode(const struct pk_schema *schema, const void *in, bool wire);

/* PK_EUNKNOWN with the path when a value of class NEVER stands in what came over the wire; in has
 * passed pk_schema_decode(). */
PK_MUST_USE int pk_schema_check_wire(
        const struct pk_schema *schema, const json_t *in, struct pk_error *err);

/* Levels of objects and arrays that a value of PK_TYPE_JSON may have. */
static inline int pk_schema_json_depth(const struct pk_field *field)
{
    return field->max > 0 ? (int)field->max : PK_JSON_DEPTH;
}

/* The row of a key, or NULL. */
const struct pk_field *pk_schema_field(const struct pk_schema *schema, const char *name);

/* Parses JSON text: UTF-8 only, no duplicate keys, object or array at the top, bounded depth.
 * *err gets line and text. The caller owns *out. */
PK_MUST_USE int pk_json_parse(const char *text, size_t len, json_t **out, struct pk_error *err);

/* Compact text, keys in insertion order; the caller frees. NULL when memory is short. */
char *pk_json_text(const json_t *value);

/* json_decref as a function, for pk_arena_defer(). */
void pk_json_release(void *value);
