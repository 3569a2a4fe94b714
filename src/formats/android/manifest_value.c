#include "formats/android/manifest_value.h"

#include <stdlib.h>

#include "formats/android/arsc.h"

static bool is_reference(uint8_t type)
{
    return type == PK_RES_REFERENCE || type == PK_RES_DYNAMIC_REFERENCE;
}

/* What a reference stands for; itself when it leads nowhere. */
static struct pk_manifest_value follow(const struct pk_manifest_source *s, uint32_t id)
{
    struct pk_resconfig want = pk_resconfig_aapt("en", "US");
    struct pk_arsc_value v;

    if (s->arsc == NULL || id == 0 || pk_arsc_resolve(s->arsc, id, &want, &v) < 0) {
        return (struct pk_manifest_value){
            .type = id == 0 ? PK_RES_NULL : PK_RES_REFERENCE,
            .data = id,
        };
    }
    return (struct pk_manifest_value){ .type = v.type, .data = v.data, .text = v.text };
}

static bool find_attribute(const struct pk_manifest_source *s, uint32_t id, const char *name,
        struct pk_axml_attribute *out)
{
    struct pk_axml *doc = s->doc;

    if (pk_axml_find(doc, id, out)) {
        return true;
    }
    if (pk_axml_has_ids(doc)) {
        return false;
    }
    for (size_t i = 0; i < doc->attribute_count; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(doc, i);

        if (a.ns != PK_RESPOOL_NONE && strcmp(pk_axml_text(doc, a.name), name) == 0 &&
                strcmp(pk_axml_text(doc, a.ns), PK_AXML_ANDROID_URI) == 0) {
            *out = a;
            return true;
        }
    }
    return false;
}

struct pk_manifest_value pk_manifest_value(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    struct pk_axml_attribute a;

    if (!find_attribute(s, id, name, &a)) {
        return (struct pk_manifest_value){ .type = PK_RES_NULL };
    }
    if (a.type == PK_RES_STRING) {
        return (struct pk_manifest_value){
            .type = PK_RES_STRING,
            .text = pk_axml_text(s->doc, a.data),
        };
    }
    if (is_reference(a.type)) {
        return follow(s, a.data);
    }
    return (struct pk_manifest_value){ .type = a.type, .data = a.data };
}

uint32_t pk_manifest_reference(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    struct pk_axml_attribute a;

    return find_attribute(s, id, name, &a) && is_reference(a.type) ? a.data : 0;
}

const char *pk_manifest_label(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    struct pk_axml_attribute a;
    const char *text;

    if (s->arsc != NULL && find_attribute(s, id, name, &a) && is_reference(a.type)) {
        return pk_arsc_label(s->arsc, a.data, &text) == PK_OK ? text : NULL;
    }
    return pk_manifest_text(s, id, name);
}

static bool is_int(uint8_t type)
{
    return type >= PK_RES_FIRST_INT && type <= PK_RES_LAST_INT;
}

static const char *write_out(const struct pk_manifest_source *s, struct pk_manifest_value v)
{
    switch (v.type) {
    case PK_RES_NULL:
        return NULL;
    case PK_RES_STRING:
        return v.text;
    case PK_RES_BOOLEAN:
        return v.data != 0 ? "true" : "false";
    case PK_RES_REFERENCE:
    case PK_RES_DYNAMIC_REFERENCE:
        return pk_arena_printf(s->arena, "@0x%08x", v.data);
    case PK_RES_ATTRIBUTE:
    case PK_RES_DYNAMIC_ATTRIBUTE:
        return pk_arena_printf(s->arena, "?0x%08x", v.data);
    case PK_RES_FLOAT: {
        float f;

        memcpy(&f, &v.data, sizeof(f));
        return pk_arena_printf(s->arena, "%g", (double)f);
    }
    case PK_RES_FIRST_INT:
        return pk_arena_printf(s->arena, "%d", (int)v.data);
    default:
        return pk_arena_printf(s->arena, "0x%x", v.data);
    }
}

const char *pk_manifest_any(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    return write_out(s, pk_manifest_value(s, id, name));
}

const char *pk_manifest_text(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    struct pk_manifest_value v = pk_manifest_value(s, id, name);

    if (v.type == PK_RES_STRING) {
        return v.text;
    }
    if (v.type == PK_RES_NULL || is_reference(v.type)) {
        return NULL;
    }
    pk_anomaly_add(
            s->anomalies, PK_ANOMALY_AXML_ATTRIBUTE_TYPE, "'%s' is of type 0x%02x", name, v.type);
    return write_out(s, v);
}

/* What the platform makes of text where it wants a number. */
static bool parse_int(const char *text, int64_t *out)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(text, &end, 0);
    if (end == text || *end != '\0' || errno != 0) {
        return false;
    }
    *out = (int32_t)(uint32_t)(uint64_t)n;
    return true;
}

bool pk_manifest_int(const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name,
        int64_t *out)
{
    struct pk_manifest_value v = pk_manifest_value(s, id, name);

    if (is_int(v.type)) {
        *out = (int32_t)v.data;
        return true;
    }
    if (v.type == PK_RES_STRING && parse_int(v.text, out)) {
        pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_ATTRIBUTE_TYPE, "'%s' is the text '%s'", name,
                v.text);
        return true;
    }
    return false;
}

enum pk_tri pk_manifest_tri(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name)
{
    struct pk_manifest_value v = pk_manifest_value(s, id, name);
    bool yes;

    if (is_int(v.type)) {
        return v.data != 0 ? PK_TRI_YES : PK_TRI_NO;
    }
    if (v.type != PK_RES_STRING || v.text == NULL) {
        return PK_TRI_UNKNOWN;
    }
    /* TypedArray.getBoolean() reads text as XmlUtils.convertValueToBoolean() does. */
    yes = strcmp(v.text, "1") == 0 || strcmp(v.text, "true") == 0 || strcmp(v.text, "TRUE") == 0;
    pk_anomaly_add(
            s->anomalies, PK_ANOMALY_AXML_ATTRIBUTE_TYPE, "'%s' is the text '%s'", name, v.text);
    return yes ? PK_TRI_YES : PK_TRI_NO;
}

bool pk_manifest_bool(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name, bool absent)
{
    enum pk_tri value = pk_manifest_tri(s, id, name);

    return value == PK_TRI_UNKNOWN ? absent : value == PK_TRI_YES;
}

const char *pk_manifest_plain(const struct pk_manifest_source *s, const char *name)
{
    struct pk_axml_attribute a;

    if (!pk_axml_find_name(s->doc, NULL, name, &a)) {
        return NULL;
    }
    /* What the platform looks up by name it takes as written in the source. */
    if (a.raw != PK_RESPOOL_NONE) {
        return pk_axml_text(s->doc, a.raw);
    }
    return a.type == PK_RES_STRING ? pk_axml_text(s->doc, a.data) : NULL;
}
