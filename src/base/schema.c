#include "base/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define PATH_MAX_DEPTH 16

/* One step from the top to the value at hand; lives on the stack of the recursion. */
struct step {
    const struct step *up;
    const char *key; /* NULL: an index */
    size_t index;
};

struct decoder {
    struct pk_arena *arena;
    struct pk_error *err;
};

static size_t path_write(const struct step *at, char *out, size_t size)
{
    size_t len;
    int n;

    if (at == NULL) {
        return 0;
    }
    len = path_write(at->up, out, size);
    if (len >= size) {
        return len;
    }
    if (at->key == NULL) {
        n = snprintf(out + len, size - len, "[%zu]", at->index);
    } else {
        n = snprintf(out + len, size - len, "%s%s", len > 0 ? "." : "", at->key);
    }
    return n < 0 ? len : len + (size_t)n;
}

static int fail(const struct decoder *d, const struct step *at, int code, const char *format, ...)
        PK_PRINTF(4, 5);

static int fail(const struct decoder *d, const struct step *at, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)pk_error_setv(d->err, code, format, args);
    va_end(args);
    if (d->err != NULL) {
        (void)path_write(at, d->err->path, sizeof(d->err->path));
    }
    return code;
}

static double limit_max(const struct pk_field *f, double otherwise)
{
    return f->max == 0 && f->min == 0 ? otherwise : f->max;
}

/* Control characters in a string are an attack on whatever prints it later. */
static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static int decode_text(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, const char **out)
{
    size_t len;

    if (!json_is_string(v)) {
        return fail(d, at, PK_ETYPE, "a string is wanted here");
    }
    len = json_string_length(v);
    if ((double)len > limit_max(f, PK_STRING_MAX)) {
        return fail(d, at, PK_ELIMIT, "longer than %.0f bytes", limit_max(f, PK_STRING_MAX));
    }
    if ((double)len < f->min) {
        return fail(d, at, PK_EBOUNDS, "shorter than %.0f bytes", f->min);
    }
    if (has_control(json_string_value(v), len)) {
        return fail(d, at, PK_EMALF, "control characters are not allowed");
    }
    *out = pk_arena_strndup(d->arena, json_string_value(v), len);
    return *out == NULL ? fail(d, at, PK_ELIMIT, "too much data") : PK_OK;
}

static int decode_number(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, void *to)
{
    double number = json_number_value(v);

    if (f->type == PK_TYPE_INT ? !json_is_integer(v) : !json_is_number(v)) {
        return fail(d, at, PK_ETYPE,
                f->type == PK_TYPE_INT ? "a whole number is wanted here"
                                       : "a number is wanted here");
    }
    if (!isfinite(number) || number < f->min || number > limit_max(f, 9007199254740991.0)) {
        return fail(d, at, PK_EBOUNDS, "must be from %.15g to %.15g", f->min,
                limit_max(f, 9007199254740991.0));
    }
    if (f->type == PK_TYPE_INT) {
        *(int64_t *)to = json_integer_value(v);
    } else {
        *(double *)to = number;
    }
    return PK_OK;
}

static int decode_enum(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, int *out)
{
    char known[200] = "";
    size_t len = 0;

    if (!json_is_string(v)) {
        return fail(d, at, PK_ETYPE, "a string is wanted here");
    }
    for (int i = 0; f->names[i] != NULL; i++) {
        if (strcmp(f->names[i], json_string_value(v)) == 0) {
            *out = i;
            return PK_OK;
        }
        if (len < sizeof(known)) {
            int n = snprintf(
                    known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "", f->names[i]);

            len += n > 0 ? (size_t)n : 0;
        }
    }
    return fail(d, at, PK_EBOUNDS, "must be one of: %s", known);
}

static int decode_time(
        const struct decoder *d, const struct step *at, const json_t *v, int64_t *out)
{
    if (!json_is_string(v) || pk_time_parse(json_string_value(v), out) < 0) {
        return fail(d, at, json_is_string(v) ? PK_EMALF : PK_ETYPE,
                "a time like 2026-11-23T01:02:03.456Z is wanted here");
    }
    return PK_OK;
}

static int decode_strings(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, struct pk_strings *out)
{
    size_t count = json_array_size(v);

    if (!json_is_array(v)) {
        return fail(d, at, PK_ETYPE, "a list is wanted here");
    }
    if (count > f->count_max) {
        return fail(d, at, PK_ELIMIT, "more than %zu entries", f->count_max);
    }
    out->items = pk_arena_alloc(d->arena, count, sizeof(*out->items));
    if (out->items == NULL) {
        return fail(d, at, PK_ELIMIT, "too much data");
    }
    for (size_t i = 0; i < count; i++) {
        struct step here = { .up = at, .index = i };
        int rc = decode_text(d, &here, f, json_array_get(v, i), &out->items[i]);

        if (rc < 0) {
            return rc;
        }
    }
    out->count = count;
    return PK_OK;
}

static int decode_object(const struct decoder *d, const struct step *at,
        const struct pk_schema *schema, const json_t *in, void *out);

static int decode_objects(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, struct pk_array *out)
{
    size_t count = json_array_size(v);
    unsigned char *items;

    if (!json_is_array(v)) {
        return fail(d, at, PK_ETYPE, "a list is wanted here");
    }
    if (count > f->count_max) {
        return fail(d, at, PK_ELIMIT, "more than %zu entries", f->count_max);
    }
    items = pk_arena_alloc(d->arena, count, f->sub->size);
    if (items == NULL) {
        return fail(d, at, PK_ELIMIT, "too much data");
    }
    for (size_t i = 0; i < count; i++) {
        struct step here = { .up = at, .index = i };
        int rc = decode_object(d, &here, f->sub, json_array_get(v, i), items + i * f->sub->size);

        if (rc < 0) {
            return rc;
        }
    }
    *out = (struct pk_array){ .items = items, .count = count };
    return PK_OK;
}

static int json_depth(const json_t *v, int budget)
{
    const json_t *child;
    const char *key;
    size_t index;

    if (budget == 0) {
        return -1;
    }
    if (json_is_array(v)) {
        json_array_foreach (v, index, child) {
            if (json_depth(child, budget - 1) < 0) {
                return -1;
            }
        }
    } else if (json_is_object(v)) {
        json_object_foreach ((json_t *)v, key, child) {
            if (json_depth(child, budget - 1) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int decode_json(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, json_t **out)
{
    if (!json_is_object(v)) {
        return fail(d, at, PK_ETYPE, "an object is wanted here");
    }
    if (json_depth(v, pk_schema_json_depth(f)) < 0) {
        return fail(d, at, PK_ELIMIT, "nested deeper than %d", pk_schema_json_depth(f));
    }
    *out = json_incref((json_t *)v);
    if (pk_arena_defer(d->arena, pk_json_release, *out) < 0) {
        *out = NULL;
        return fail(d, at, PK_ELIMIT, "too much data");
    }
    return PK_OK;
}

static int decode_value(const struct decoder *d, const struct step *at, const struct pk_field *f,
        const json_t *v, unsigned char *to)
{
    switch (f->type) {
    case PK_TYPE_BOOL:
        if (!json_is_boolean(v)) {
            return fail(d, at, PK_ETYPE, "true or false is wanted here");
        }
        *(bool *)to = json_is_true(v);
        return PK_OK;
    case PK_TYPE_TRI:
        if (!json_is_boolean(v) && !json_is_null(v)) {
            return fail(d, at, PK_ETYPE, "true, false or null is wanted here");
        }
        *(enum pk_tri *)to = json_is_true(v) ? PK_TRI_YES
                : json_is_false(v)           ? PK_TRI_NO
                                             : PK_TRI_UNKNOWN;
        return PK_OK;
    case PK_TYPE_INT:
    case PK_TYPE_REAL:
        return decode_number(d, at, f, v, to);
    case PK_TYPE_TIME:
        return decode_time(d, at, v, (int64_t *)to);
    case PK_TYPE_STRING:
        return decode_text(d, at, f, v, (const char **)to);
    case PK_TYPE_ENUM:
        return decode_enum(d, at, f, v, (int *)to);
    case PK_TYPE_STRINGS:
        return decode_strings(d, at, f, v, (struct pk_strings *)to);
    case PK_TYPE_OBJECTS:
        return decode_objects(d, at, f, v, (struct pk_array *)to);
    case PK_TYPE_JSON:
        return decode_json(d, at, f, v, (json_t **)to);
    case PK_TYPE_OBJECT: {
        void *object = pk_arena_alloc(d->arena, 1, f->sub->size);

        if (object == NULL) {
            return fail(d, at, PK_ELIMIT, "too much data");
        }
        *(void **)to = object;
        return decode_object(d, at, f->sub, v, object);
    }
    }
    return fail(d, at, PK_EINVAL, "a row of the schema has no type");
}

/* The default of an absent key, through the same checks as a value that is there. */
static int decode_default(
        const struct decoder *d, const struct step *at, const struct pk_field *f, unsigned char *to)
{
    bool text = f->type == PK_TYPE_STRING || f->type == PK_TYPE_ENUM || f->type == PK_TYPE_TIME;
    json_t *v = text ? json_string(f->def) : json_loads(f->def, JSON_DECODE_ANY, NULL);
    int rc = v == NULL ? fail(d, at, PK_EINVAL, "the default of a row does not parse")
                       : decode_value(d, at, f, v, to);

    json_decref(v);
    return rc;
}

static int decode_object(const struct decoder *d, const struct step *at,
        const struct pk_schema *schema, const json_t *in, void *out)
{
    unsigned char *to = out;
    size_t seen = 0;
    size_t size;
    const char *key;
    json_t *v;

    if (!json_is_object(in)) {
        return fail(d, at, PK_ETYPE, "an object is wanted here");
    }
    size = json_object_size(in);
    memset(out, 0, schema->size);
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        struct step here = { .up = at, .key = f->name };
        int rc = PK_OK;

        v = seen < size ? json_object_get(in, f->name) : NULL; /* all were seen: no look-up */
        seen += v != NULL;
        if (v != NULL && !(json_is_null(v) && (f->flags & PK_REQUIRED) == 0)) {
            rc = decode_value(d, &here, f, v, to + f->offset);
        } else if (f->def != NULL) {
            rc = decode_default(d, &here, f, to + f->offset);
        } else if ((f->flags & PK_REQUIRED) != 0) {
            rc = fail(d, &here, PK_EMISSING, "this key is missing");
        }
        if (rc < 0) {
            return rc;
        }
    }
    if (seen == size) {
        return PK_OK;
    }
    json_object_foreach ((json_t *)in, key, v) {
        if (pk_schema_field(schema, key) == NULL) {
            struct step here = { .up = at, .key = key };

            return fail(d, &here, PK_EUNKNOWN, "unknown key");
        }
    }
    return PK_OK;
}

int pk_schema_decode(const struct pk_schema *schema, const json_t *in, struct pk_arena *arena,
        void *out, struct pk_error *err)
{
    struct decoder d = { .arena = arena, .err = err };

    return decode_object(&d, NULL, schema, in, out);
}

const struct pk_field *pk_schema_field(const struct pk_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0) {
            return &schema->fields[i];
        }
    }
    return NULL;
}

static json_t *encode_strings(const struct pk_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count && array != NULL; i++) {
        (void)json_array_append_new(array, json_string(list->items[i]));
    }
    return array;
}

static json_t *encode_objects(const struct pk_schema *sub, const struct pk_array *list, bool wire)
{
    const unsigned char *items = list->items;
    json_t *array = json_array();

    for (size_t i = 0; i < list->count && array != NULL; i++) {
        (void)json_array_append_new(array, pk_schema_encode(sub, items + i * sub->size, wire));
    }
    return array;
}

/* Of a sparse row: is the number another one than its default? */
static bool is_said(const struct pk_field *f, double number)
{
    return f->def == NULL ? number != 0 : number != strtod(f->def, NULL);
}

static json_t *encode_number(const struct pk_field *f, const unsigned char *from)
{
    double number = f->type == PK_TYPE_INT ? (double)*(const int64_t *)from : *(const double *)from;

    if ((f->flags & PK_SPARSE) != 0 ? !is_said(f, number)
                                    : number == 0 && (f->flags & PK_REQUIRED) == 0) {
        return NULL;
    }
    return f->type == PK_TYPE_INT ? json_integer(*(const int64_t *)from) : json_real(number);
}

/* NULL: the value is absent (or memory is short, which json_object_set_new() turns into absence). */
static json_t *encode_value(const struct pk_field *f, const unsigned char *from, bool wire)
{
    bool must = (f->flags & PK_REQUIRED) != 0;
    char time_text[PK_TIME_TEXT];

    switch (f->type) {
    case PK_TYPE_BOOL:
        /* false is said where silence would mean true */
        must = must || (f->def != NULL && strcmp(f->def, "true") == 0);
        return must || *(const bool *)from ? json_boolean(*(const bool *)from) : NULL;
    case PK_TYPE_TRI:
        if (*(const enum pk_tri *)from == PK_TRI_UNKNOWN) {
            return must ? json_null() : NULL;
        }
        return json_boolean(*(const enum pk_tri *)from == PK_TRI_YES);
    case PK_TYPE_INT:
    case PK_TYPE_REAL:
        return encode_number(f, from);
    case PK_TYPE_TIME:
        return must || *(const int64_t *)from != 0
                ? json_string(pk_time_format(*(const int64_t *)from, time_text))
                : NULL;
    case PK_TYPE_STRING:
        return *(const char *const *)from != NULL ? json_string(*(const char *const *)from) : NULL;
    case PK_TYPE_ENUM:
        /* the first name is said where silence would mean another */
        must = must || (f->def != NULL && strcmp(f->def, f->names[0]) != 0);
        return must || *(const int *)from != 0 ? json_string(f->names[*(const int *)from]) : NULL;
    case PK_TYPE_STRINGS: {
        const struct pk_strings *list = (const void *)from;

        return must || list->count > 0 ? encode_strings(list) : NULL;
    }
    case PK_TYPE_OBJECT: {
        const void *object = *(const void *const *)from;

        return object != NULL ? pk_schema_encode(f->sub, object, wire) : NULL;
    }
    case PK_TYPE_OBJECTS: {
        const struct pk_array *list = (const void *)from;

        return must || list->count > 0 ? encode_objects(f->sub, list, wire) : NULL;
    }
    case PK_TYPE_JSON: {
        json_t *const *value = (const void *)from;

        return *value != NULL ? json_incref(*value) : must ? json_object() : NULL;
    }
    }
    return NULL;
}

json_t *pk_schema_encode(const struct pk_schema *schema, const void *in, bool wire)
{
    const unsigned char *from = in;
    json_t *object = json_object();

    for (size_t i = 0; i < schema->count && object != NULL; i++) {
        const struct pk_field *f = &schema->fields[i];
        json_t *v;

        if (wire && f->privacy == PK_PRIVACY_NEVER) {
            continue;
        }
        v = encode_value(f, from + f->offset, wire);
        if (v != NULL && json_object_set_new(object, f->name, v) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* A row that is of the class, or may have one below it: the others are not looked up. */
static bool may_never(const struct pk_field *f)
{
    return f->privacy == PK_PRIVACY_NEVER || f->type == PK_TYPE_OBJECT ||
            f->type == PK_TYPE_OBJECTS;
}

static int check_wire(const struct decoder *d, const struct step *up,
        const struct pk_schema *schema, const json_t *in)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        const json_t *v = may_never(f) ? json_object_get(in, f->name) : NULL;
        struct step at = { .up = up, .key = f->name };
        size_t count = f->type == PK_TYPE_OBJECTS ? json_array_size(v) : 0;
        int rc = PK_OK;

        if (v == NULL || json_is_null(v)) {
            continue;
        }
        if (f->privacy == PK_PRIVACY_NEVER) {
            return fail(d, &at, PK_EUNKNOWN, "this must never leave a device");
        }
        if (f->type == PK_TYPE_OBJECT) {
            rc = check_wire(d, &at, f->sub, v);
        }
        for (size_t n = 0; n < count && rc == PK_OK; n++) {
            struct step item = { .up = &at, .index = n };

            rc = check_wire(d, &item, f->sub, json_array_get(v, n));
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_schema_check_wire(const struct pk_schema *schema, const json_t *in, struct pk_error *err)
{
    return check_wire(&(struct decoder){ .err = err }, NULL, schema, in);
}

int pk_json_parse(const char *text, size_t len, json_t **out, struct pk_error *err)
{
    json_error_t why;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);

    if (value == NULL) {
        (void)pk_error_set(err, PK_EMALF, "%s", why.text);
        if (err != NULL) {
            err->line = why.line;
            err->offset = why.position > 0 ? (size_t)why.position : 0;
        }
        return PK_EMALF;
    }
    *out = value;
    return PK_OK;
}

char *pk_json_text(const json_t *value)
{
    /* 12 digits: 0.97 stays "0.97", and nothing that we measure is finer. */
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
}

void pk_json_release(void *value)
{
    json_decref(value);
}
