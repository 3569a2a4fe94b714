#include "scan/fit.h"

#include <math.h>

#include "formats/anomaly.h"

#define INT_EXACT  9007199254740991.0 /* what the table takes when its row says nothing */
#define TREE_ITEMS 64                 /* of a pruned tree's list or object, when lists are cut */

static size_t text_max(const struct pk_field *f)
{
    return f->max == 0 && f->min == 0 ? PK_STRING_MAX : (size_t)f->max;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

/* jansson judges what is UTF-8, since it is jansson that will read it. */
static bool is_utf8(const char *text, size_t len)
{
    json_t *value = json_stringn(text, len);

    json_decref(value);
    return value != NULL;
}

static void fit_text(struct pk_fit *fit, const struct pk_field *f, const char **text)
{
    size_t len = *text == NULL ? 0 : strlen(*text);

    if (len == 0 || (len <= text_max(f) && !has_control(*text) && is_utf8(*text, len))) {
        return;
    }
    *text = pk_printable(fit->arena, *text, len, text_max(f));
    fit->rc = *text == NULL ? PK_ENOMEM : fit->rc;
    fit->cut++;
}

static void fit_count(struct pk_fit *fit, const struct pk_field *f, size_t *count)
{
    size_t max = f->count_max < fit->list_max ? f->count_max : fit->list_max;

    if (*count > max) {
        *count = max;
        fit->cut++;
    }
}

static void fit_int(struct pk_fit *fit, const struct pk_field *f, int64_t *value)
{
    double max = f->max == 0 && f->min == 0 ? INT_EXACT : f->max;
    double number = (double)*value;

    if (number < f->min || number > max) {
        *value = (int64_t)(number < f->min ? f->min : max);
        fit->cut++;
    }
}

static void fit_real(struct pk_fit *fit, const struct pk_field *f, double *value)
{
    double max = f->max == 0 && f->min == 0 ? INT_EXACT : f->max;

    if (!isfinite(*value) || *value < f->min || *value > max) {
        *value = isfinite(*value) && *value > max ? max : f->min;
        fit->cut++;
    }
}

static void fit_enum(struct pk_fit *fit, const struct pk_field *f, int *value)
{
    int count = 0;

    while (f->names[count] != NULL) {
        count++;
    }
    if (*value < 0 || *value >= count) {
        *value = 0;
        fit->cut++;
    }
}

static void fit_strings(struct pk_fit *fit, const struct pk_field *f, struct pk_strings *list)
{
    fit_count(fit, f, &list->count);
    for (size_t i = 0; i < list->count; i++) {
        fit_text(fit, f, &list->items[i]);
    }
}

static void fit_objects(struct pk_fit *fit, const struct pk_field *f, struct pk_array *list)
{
    unsigned char *items = list->items;

    fit_count(fit, f, &list->count);
    for (size_t i = 0; i < list->count; i++) {
        pk_fit(fit, f->sub, items + i * f->sub->size);
    }
}

static bool is_container(const json_t *v)
{
    return json_is_object(v) || json_is_array(v);
}

/* Containers at the last level that the decoder takes are emptied. depth bounds the recursion. */
static void prune(struct pk_fit *fit, json_t *v, int depth)
{
    const char *key;
    json_t *child;
    size_t i;

    if (depth <= 1 ||
            (fit->list_max != SIZE_MAX && json_object_size(v) + json_array_size(v) > TREE_ITEMS)) {
        fit->cut += json_object_size(v) + json_array_size(v) > 0 ? 1 : 0;
        (void)json_object_clear(v);
        (void)json_array_clear(v);
        return;
    }
    json_object_foreach (v, key, child) {
        if (is_container(child)) {
            prune(fit, child, depth - 1);
        }
    }
    json_array_foreach (v, i, child) {
        if (is_container(child)) {
            prune(fit, child, depth - 1);
        }
    }
}

static void fit_value(struct pk_fit *fit, const struct pk_field *f, void *at)
{
    switch (f->type) {
    case PK_TYPE_STRING:
        fit_text(fit, f, at);
        break;
    case PK_TYPE_INT:
        fit_int(fit, f, at);
        break;
    case PK_TYPE_REAL:
        fit_real(fit, f, at);
        break;
    case PK_TYPE_ENUM:
        fit_enum(fit, f, at);
        break;
    case PK_TYPE_STRINGS:
        fit_strings(fit, f, at);
        break;
    case PK_TYPE_OBJECT:
        if (*(void **)at != NULL) {
            pk_fit(fit, f->sub, *(void **)at);
        }
        break;
    case PK_TYPE_OBJECTS:
        fit_objects(fit, f, at);
        break;
    case PK_TYPE_JSON:
        if (*(json_t **)at != NULL) {
            prune(fit, *(json_t **)at, pk_schema_json_depth(f));
        }
        break;
    case PK_TYPE_BOOL:
    case PK_TYPE_TRI:
    case PK_TYPE_TIME:
        break;
    }
}

void pk_fit(struct pk_fit *fit, const struct pk_schema *schema, void *object)
{
    unsigned char *base = object;

    for (size_t i = 0; i < schema->count && fit->rc == PK_OK; i++) {
        fit_value(fit, &schema->fields[i], base + schema->fields[i].offset);
    }
}
