/* What is odd about an element's attributes: what the platform reads over and tools stumble on. */
#include "formats/android/manifest_value.h"

#define COMPARED_MAX 64UL /* attributes of one element that are looked through for doubles */

static void check_doubles(const struct pk_manifest_source *s)
{
    size_t n = s->doc->attribute_count < COMPARED_MAX ? s->doc->attribute_count : COMPARED_MAX;

    for (size_t i = 1; i < n; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(s->doc, i);

        for (size_t k = 0; k < i; k++) {
            struct pk_axml_attribute b = pk_axml_attribute(s->doc, k);

            if (a.id == b.id && (a.id != 0 || (a.name == b.name && a.ns == b.ns))) {
                pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_DUPLICATE_ATTRIBUTE, "'%s', line %u",
                        pk_axml_text(s->doc, a.name), s->doc->line);
                return;
            }
        }
    }
}

static void check_name(const struct pk_manifest_source *s, const struct pk_axml_attribute *a)
{
    const char *name = pk_axml_text(s->doc, a->name);

    if (name[0] == '\0' && pk_axml_has_string(s->doc, a->name)) {
        pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_ATTRIBUTE_NAME_EMPTY,
                "resource id 0x%08x, line %u", a->id, s->doc->line);
    } else if (a->ns != PK_RESPOOL_NONE && !pk_axml_has_ids(s->doc)) {
        pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_RESOURCE_MAP_MISSING,
                "attribute '%s' has no resource id", name);
    }
    if (strchr(name, ':') != NULL) {
        pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_NAMESPACE, "attribute '%s'", name);
    }
}

/* A text stands twice in an attribute: as written in the source, and as the value. */
static void check_texts(const struct pk_manifest_source *s, const struct pk_axml_attribute *a)
{
    const char *raw;
    const char *value;

    if (a->type != PK_RES_STRING || a->raw == PK_RESPOOL_NONE || a->raw == a->data) {
        return;
    }
    raw = pk_axml_text(s->doc, a->raw);
    value = pk_axml_text(s->doc, a->data);
    if (strcmp(raw, value) != 0) {
        pk_anomaly_add(s->anomalies, PK_ANOMALY_AXML_RAW_VALUE,
                "'%s' is written as '%.60s' and means '%.60s'", pk_axml_text(s->doc, a->name), raw,
                value);
    }
}

void pk_manifest_check_attributes(const struct pk_manifest_source *s)
{
    for (size_t i = 0; i < s->doc->attribute_count; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(s->doc, i);

        check_name(s, &a);
        check_texts(s, &a);
    }
    check_doubles(s);
}
