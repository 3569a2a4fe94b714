/* Events of MISP: attributes, alone and in objects. */
#include <string.h>

#include "intel/import_internal.h"

struct event {
    struct pk_feed *feed;
    const char *family;
    const char *reference;
    const char *date;
    int category;
};

/* The name in quotes of a tag such as misp-galaxy:android="Anubis"; copied to out, false: another tag. */
static bool galaxy_tag(const char *tag, char *out, size_t size)
{
    const char *open = strchr(tag, '"');
    const char *close = open != NULL ? strrchr(tag, '"') : NULL;
    size_t len;

    if (open == NULL || close == open ||
            (strstr(tag, "galaxy:android") == NULL && strstr(tag, "malware") == NULL &&
                    strstr(tag, "stalkerware") == NULL && strstr(tag, "tool=") == NULL)) {
        return false;
    }
    len = (size_t)(close - open - 1);
    len = len < size ? len : size - 1;
    memcpy(out, open + 1, len);
    out[len] = '\0';
    return true;
}

static void read_tags(struct event *event, const json_t *object, char family[PK_FEED_TEXT])
{
    const json_t *tag;
    size_t index;

    json_array_foreach (json_object_get(object, "Tag"), index, tag) {
        const char *name = pk_feed_string(tag, "name");

        if (name == NULL) {
            continue;
        }
        if (event->family == NULL && galaxy_tag(name, family, PK_FEED_TEXT)) {
            event->family = family;
        }
        if (event->category == 0 && strstr(name, "tlp:") == NULL) {
            event->category = (int)pk_feed_category(name);
        }
    }
}

/* "domain", "filename|sha256" -> kind; which side of the '|' is meant: 0 all, 1 left, 2 right. */
static int kind_of(const char *type, int *side)
{
    static const struct {
        const char *type;
        int kind;
        int side;
    } rows[] = {
        { "md5", PK_INTEL_MD5, 0 },
        { "sha1", PK_INTEL_SHA1, 0 },
        { "sha256", PK_INTEL_SHA256, 0 },
        { "filename|md5", PK_INTEL_MD5, 2 },
        { "filename|sha1", PK_INTEL_SHA1, 2 },
        { "filename|sha256", PK_INTEL_SHA256, 2 },
        { "domain", PK_INTEL_DOMAIN, 0 },
        { "hostname", PK_INTEL_DOMAIN, 0 },
        { "hostname|port", PK_INTEL_DOMAIN, 1 },
        { "domain|ip", PK_INTEL_DOMAIN, 1 },
        { "ip-src", PK_INTEL_IP, 0 },
        { "ip-dst", PK_INTEL_IP, 0 },
        { "ip-src|port", PK_INTEL_IP, 1 },
        { "ip-dst|port", PK_INTEL_IP, 1 },
        { "url", PK_INTEL_URL, 0 },
        { "uri", PK_INTEL_URL, 0 },
        { "email", PK_INTEL_EMAIL, 0 },
        { "email-src", PK_INTEL_EMAIL, 0 },
        { "email-dst", PK_INTEL_EMAIL, 0 },
        { "filename", PK_INTEL_FILE_NAME, 0 },
        { "mobile-application-id", PK_INTEL_PACKAGE, 0 },
        { "x509-fingerprint-md5", PK_INTEL_TLS_CERT, 0 },
        { "x509-fingerprint-sha1", PK_INTEL_TLS_CERT, 0 },
        { "x509-fingerprint-sha256", PK_INTEL_TLS_CERT, 0 },
        { "ja3-fingerprint-md5", PK_INTEL_JA3, 0 },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strcmp(type, rows[i].type) == 0) {
            *side = rows[i].side;
            return rows[i].kind;
        }
    }
    return -1;
}

/* What the place in an object says about the value; -1: nothing, -2: it is no indicator there. */
static int kind_in_object(const char *object, const char *relation)
{
    if (object == NULL || relation == NULL) {
        return -1;
    }
    if (strcmp(object, "android-app") == 0 || strcmp(object, "android-permission") == 0) {
        return strcmp(relation, "appid") == 0          ? PK_INTEL_PACKAGE
                : strcmp(relation, "certificate") == 0 ? PK_INTEL_SIGNER
                                                       : -1;
    }
    /* The name of a file whose hash stands beside it says less than the hash. */
    return strcmp(object, "file") == 0 && strcmp(relation, "filename") == 0 ? -2 : -1;
}

/* Texts that describe: they are no indicators, and not worth a word. */
static bool describes(const char *type)
{
    static const char *const types[] = { "text", "link", "comment", "other", "datetime", "counter",
        "size-in-bytes", "attachment", "malware-sample", "mime-type", "float", "boolean", "hex",
        "port", "AS", "vulnerability", "campaign-name", "threat-actor", "malware-type" };

    for (size_t i = 0; i < PK_COUNT(types); i++) {
        if (strcmp(type, types[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int read_attribute(
        const struct event *event, const json_t *attribute, const char *object, const char *family)
{
    const char *type = pk_feed_string(attribute, "type");
    const char *value = pk_feed_string(attribute, "value");
    int side = 0;
    int kind = kind_in_object(object, pk_feed_string(attribute, "object_relation"));
    struct pk_feed_row row = {
        .family = family != NULL ? family : event->family,
        .reference = event->reference,
        .date = pk_feed_string(attribute, "first_seen"),
        .category = event->category,
    };

    if (type == NULL || value == NULL || kind == -2 ||
            json_is_true(json_object_get(attribute, "deleted"))) {
        return PK_OK;
    }
    if (kind == -1 && describes(type)) {
        return PK_OK;
    }
    row.kind = kind >= 0 ? kind : kind_of(type, &side);
    row.value = value;
    row.len = strlen(value);
    row.date = row.date != NULL ? row.date : event->date;
    if (row.kind < 0) {
        pk_feed_skip(event->feed, 0, "a type that no phone shows", type, strlen(type));
        return PK_OK;
    }
    if (json_is_false(json_object_get(attribute, "to_ids"))) {
        pk_feed_skip(event->feed, 0, "its author does not mean it for detection", value, row.len);
        return PK_OK;
    }
    if (side > 0) {
        const char *bar = strchr(value, '|');

        if (bar != NULL && side == 1) {
            row.len = (size_t)(bar - value);
        } else if (bar != NULL) {
            row.value = bar + 1;
            row.len = strlen(row.value);
        }
    }
    return pk_feed_add(event->feed, &row);
}

/* The name that an object gives its app; NULL. */
static const char *name_in(const json_t *attributes)
{
    const json_t *attribute;
    size_t index;

    json_array_foreach ((json_t *)attributes, index, attribute) {
        const char *relation = pk_feed_string(attribute, "object_relation");

        if (relation != NULL && strcmp(relation, "name") == 0) {
            return pk_feed_string(attribute, "value");
        }
    }
    return NULL;
}

static int read_attributes(
        const struct event *event, const json_t *attributes, const char *object, const char *family)
{
    const json_t *attribute;
    size_t index;

    json_array_foreach ((json_t *)attributes, index, attribute) {
        int rc = read_attribute(event, attribute, object, family);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_feed_read_misp(struct pk_feed *feed, const json_t *json)
{
    struct event event = { .feed = feed, .date = pk_feed_string(json, "date") };
    const json_t *attributes = json_object_get(json, "Attribute");
    const json_t *item;
    char family[PK_FEED_TEXT];
    size_t index;
    int rc;

    feed->result->format = "misp";
    pk_feed_author(feed, pk_feed_string(json_object_get(json, "Orgc"), "name"));
    read_tags(&event, json, family);
    json_array_foreach ((json_t *)attributes, index, item) {
        const char *type = pk_feed_string(item, "type");

        if (event.reference == NULL && type != NULL && strcmp(type, "link") == 0) {
            event.reference = pk_feed_string(item, "value");
        }
    }
    rc = read_attributes(&event, attributes, NULL, NULL);
    json_array_foreach (json_object_get(json, "Object"), index, item) {
        const json_t *of = json_object_get(item, "Attribute");
        const char *name = pk_feed_string(item, "name");
        bool app = name != NULL && strcmp(name, "android-app") == 0;

        if (rc < 0) {
            break;
        }
        if (!json_is_true(json_object_get(item, "deleted"))) {
            rc = read_attributes(&event, of, name, app ? name_in(of) : NULL);
        }
    }
    return rc;
}
