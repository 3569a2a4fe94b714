#include "formats/apple/plist.h"

#include <math.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "formats/apple/plist_tree.h"

#define TEXT_MAX     1024               /* bytes of one text in a report */
#define EPOCH_2001_S INT64_C(978307200) /* 2001-01-01T00:00:00Z in seconds since 1970 */
#define YEAR_1_S     INT64_C(-62135596800)
#define YEAR_9999_S  INT64_C(253402300799)

static size_t skip_space(struct pk_slice text)
{
    size_t i = 0;

    while (i < text.len && (text.ptr[i] == ' ' || (text.ptr[i] >= 9 && text.ptr[i] <= 13))) {
        i++;
    }
    return i;
}

static bool is_binary(struct pk_slice bytes)
{
    return bytes.len >= 6 && memcmp(bytes.ptr, "bplist", 6) == 0;
}

bool pk_plist_magic(struct pk_slice bytes)
{
    static const char *const roots[] = { "<?xml", "<!DOCTYPE plist", "<plist" };
    size_t at;

    if (is_binary(bytes)) {
        return true;
    }
    if (bytes.len >= 3 && memcmp(bytes.ptr, "\xef\xbb\xbf", 3) == 0) {
        bytes = pk_slice_of(bytes.ptr + 3, bytes.len - 3);
    }
    at = skip_space(bytes);
    for (size_t i = 0; i < PK_COUNT(roots); i++) {
        size_t len = strlen(roots[i]);

        if (bytes.len - at < len || memcmp(bytes.ptr + at, roots[i], len) != 0) {
            continue;
        }
        /* Any XML has a declaration; a list names itself soon after. */
        return i > 0 ||
                memmem(bytes.ptr + at, bytes.len - at < 1024 ? bytes.len - at : 1024, "plist", 5);
    }
    return false;
}

/* Text: what begins with a tag is XML, and when it is not after all, OpenStep's data. */
static int parse_text(struct pk_slice bytes, struct pk_arena *arena, struct pk_anomalies *anomalies,
        const struct pk_plist **out, enum pk_plist_spelling *spelling, struct pk_error *err)
{
    struct pk_slice text = { 0 };
    int rc = pk_plist_decode_text(bytes, arena, &text, err);
    size_t at;

    if (rc < 0) {
        return rc;
    }
    at = skip_space(text);
    *spelling = at < text.len && text.ptr[at] == '<' ? PK_PLIST_XML : PK_PLIST_OPENSTEP;
    if (*spelling == PK_PLIST_OPENSTEP) {
        return pk_plist_openstep(text, arena, anomalies, out, err);
    }
    rc = pk_plist_xml(text, arena, anomalies, out, err);
    if (rc != PK_EMALF && rc != PK_ETRUNC) {
        return rc;
    }
    if (pk_plist_openstep(text, arena, NULL, out, NULL) == PK_OK) {
        *spelling = PK_PLIST_OPENSTEP;
        return PK_OK;
    }
    return rc;
}

int pk_plist_parse(struct pk_slice bytes, struct pk_arena *arena, struct pk_anomalies *anomalies,
        const struct pk_plist **out, enum pk_plist_spelling *spelling, struct pk_error *err)
{
    enum pk_plist_spelling told = PK_PLIST_BINARY;
    const struct pk_plist *root = NULL;
    struct pk_error why = { 0 };
    int rc = is_binary(bytes) ? pk_plist_binary(bytes, arena, anomalies, &root, &why)
                              : parse_text(bytes, arena, anomalies, &root, &told, &why);

    if (rc == PK_EMALF || rc == PK_ETRUNC) {
        pk_anomaly_add(
                anomalies, PK_ANOMALY_PLIST_MALFORMED, "offset %zu: %s", why.offset, why.text);
    }
    if (rc < 0) {
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    *out = root;
    if (spelling != NULL) {
        *spelling = told;
    }
    return PK_OK;
}

const struct pk_plist *pk_plist_get(const struct pk_plist *dict, const char *key)
{
    struct pk_slice name = pk_slice_str(key);

    if (dict == NULL || dict->type != PK_PLIST_DICT) {
        return NULL;
    }
    for (size_t i = 0; i < dict->count; i++) {
        if (pk_slice_eq(dict->keys[i], name)) {
            return &dict->items[i];
        }
    }
    return NULL;
}

const struct pk_plist *pk_plist_get_as(
        const struct pk_plist *dict, const char *key, enum pk_plist_type type)
{
    const struct pk_plist *value = pk_plist_get(dict, key);

    return value != NULL && value->type == type ? value : NULL;
}

const char *pk_plist_text(const struct pk_plist *dict, const char *key, struct pk_arena *arena)
{
    const struct pk_plist *value = pk_plist_get_as(dict, key, PK_PLIST_STRING);

    return value == NULL ? NULL : pk_printable(arena, value->data.ptr, value->data.len, TEXT_MAX);
}

/* Years before 1970, too, which pk_time_format() does not write. */
static bool date_text(double since_2001, char out[PK_TIME_TEXT])
{
    int64_t seconds;
    int64_t days;
    int64_t era;
    int64_t day;
    int64_t year;
    int64_t left;

    if (!(since_2001 > (double)(YEAR_1_S - EPOCH_2001_S) &&
                since_2001 < (double)(YEAR_9999_S - EPOCH_2001_S))) {
        return false;
    }
    seconds = (int64_t)floor(since_2001) + EPOCH_2001_S;
    days = (seconds - YEAR_1_S) / 86400 + 306; /* since 0000-03-01 */
    left = (seconds - YEAR_1_S) % 86400;
    era = days / 146097;
    day = days % 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    {
        int64_t month = (5 * day + 2) / 153; /* from March */
        int ms = (int)((since_2001 - floor(since_2001)) * 1000.0);

        day -= (153 * month + 2) / 5;
        (void)snprintf(out, PK_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                (int)(year + era * 400 + (month >= 10)), (int)(month < 10 ? month + 3 : month - 9),
                (int)day + 1, (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60), ms);
    }
    return true;
}

const char *pk_plist_date_text(const struct pk_plist *value, struct pk_arena *arena)
{
    char text[PK_TIME_TEXT];

    if (value == NULL || value->type != PK_PLIST_DATE || !date_text(value->real, text)) {
        return "";
    }
    return pk_arena_strdup(arena, text);
}

static bool leaf_eq(const struct pk_plist *a, const struct pk_plist *b)
{
    switch (a->type) {
    case PK_PLIST_NULL:
        return true;
    case PK_PLIST_BOOL:
        return a->boolean == b->boolean;
    case PK_PLIST_INT:
    case PK_PLIST_UID:
        return a->integer == b->integer && a->is_unsigned == b->is_unsigned;
    case PK_PLIST_REAL:
    case PK_PLIST_DATE:
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    case PK_PLIST_DATA:
    case PK_PLIST_STRING:
        return pk_slice_eq(a->data, b->data);
    case PK_PLIST_ARRAY:
    case PK_PLIST_DICT:
        break;
    }
    return false;
}

static bool dict_eq(const struct pk_plist *a, const struct pk_plist *b)
{
    size_t *x = pk_plist_sorted(a);
    size_t *y = pk_plist_sorted(b);
    bool same = x != NULL && y != NULL;

    for (size_t i = 0; same && i < a->count; i++) {
        same = pk_slice_eq(a->keys[x[i]], b->keys[y[i]]) &&
                pk_plist_eq(&a->items[x[i]], &b->items[y[i]]);
    }
    free(x);
    free(y);
    return same;
}

/* Recursion is as deep as the tree: PK_PLIST_DEPTH_MAX. */
bool pk_plist_eq(const struct pk_plist *a, const struct pk_plist *b)
{
    if (a == NULL || b == NULL || a->type != b->type) {
        return a == b;
    }
    if (a->type != PK_PLIST_ARRAY && a->type != PK_PLIST_DICT) {
        return leaf_eq(a, b);
    }
    if (a->count != b->count || a->count == 0) {
        return a->count == b->count;
    }
    if (a->type == PK_PLIST_DICT) {
        return dict_eq(a, b);
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!pk_plist_eq(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}

/* Recursion is as deep as the tree: PK_PLIST_DEPTH_MAX. */
size_t pk_plist_count(const struct pk_plist *value, size_t max)
{
    bool container = value->type == PK_PLIST_ARRAY || value->type == PK_PLIST_DICT;
    size_t count = 1;

    for (size_t i = 0; container && count < max && i < value->count; i++) {
        count += pk_plist_count(&value->items[i], max - count);
    }
    return count < max ? count : max;
}

/* Text without NUL, which JSON's readers do not like. */
static json_t *text_json(struct pk_slice text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    struct pk_buffer clean = pk_buffer_of(3 * text.len + 1);
    json_t *value;

    if (text.len == 0 || memchr(text.ptr, 0, text.len) == NULL) {
        return json_stringn((const char *)text.ptr, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        (void)(text.ptr[i] == 0 ? pk_buffer_puts(&clean, replacement)
                                : pk_buffer_putc(&clean, (char)text.ptr[i]));
    }
    value = clean.rc < 0 ? NULL : json_stringn(clean.ptr, clean.len);
    pk_buffer_finish(&clean);
    return value;
}

static json_t *data_json(struct pk_slice data)
{
    char *text = malloc(PK_BASE64_SIZE(data.len));
    json_t *value;

    if (text == NULL) {
        return NULL;
    }
    pk_base64(data, text);
    value = json_string(text);
    free(text);
    return value;
}

static json_t *real_json(double real)
{
    if (isnan(real)) {
        return json_string("nan");
    }
    return isinf(real) ? json_string(real < 0 ? "-inf" : "inf") : json_real(real);
}

static json_t *leaf_json(const struct pk_plist *value)
{
    char text[PK_TIME_TEXT];

    switch (value->type) {
    case PK_PLIST_NULL:
        return json_null();
    case PK_PLIST_BOOL:
        return json_boolean(value->boolean);
    case PK_PLIST_INT:
        if (value->is_unsigned) { /* more than JSON's readers hold exactly */
            return json_sprintf("%llu", (unsigned long long)(uint64_t)value->integer);
        }
        return json_integer(value->integer);
    case PK_PLIST_REAL:
        return real_json(value->real);
    case PK_PLIST_DATE:
        return date_text(value->real, text) ? json_string(text) : real_json(value->real);
    case PK_PLIST_DATA:
        return data_json(value->data);
    case PK_PLIST_STRING:
        return text_json(value->data);
    case PK_PLIST_UID:
        return json_pack("{s:I}", "UID", (json_int_t)value->integer);
    case PK_PLIST_ARRAY:
    case PK_PLIST_DICT:
        break;
    }
    return NULL;
}

static int dict_set(json_t *dict, struct pk_slice key, json_t *value)
{
    json_t *name = text_json(key);
    int rc = name == NULL || value == NULL
            ? -1
            : json_object_setn(dict, json_string_value(name), json_string_length(name), value);

    json_decref(name);
    json_decref(value);
    return rc;
}

/* Recursion is as deep as the tree: PK_PLIST_DEPTH_MAX. */
json_t *pk_plist_to_json_within(const struct pk_plist *value, size_t depth)
{
    bool dict = value->type == PK_PLIST_DICT;
    json_t *out;
    int rc = 0;

    if (!dict && value->type != PK_PLIST_ARRAY) {
        return leaf_json(value);
    }
    if (depth == 0) {
        return json_string("...");
    }
    out = dict ? json_object() : json_array();
    for (size_t i = 0; out != NULL && rc == 0 && i < value->count; i++) {
        json_t *item = pk_plist_to_json_within(&value->items[i], depth - 1);

        rc = dict ? dict_set(out, value->keys[i], item) : json_array_append_new(out, item);
    }
    if (rc != 0) {
        json_decref(out);
        return NULL;
    }
    return out;
}

json_t *pk_plist_to_json(const struct pk_plist *value)
{
    return pk_plist_to_json_within(value, PK_PLIST_DEPTH_MAX);
}
