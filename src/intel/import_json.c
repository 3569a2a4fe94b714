/* JSON: which of the known shapes is it? And the small ones among them. */
#include <string.h>

#include "base/schema.h"
#include "intel/import_internal.h"

#define DEBLOAT "advice on removing system apps, not indicators"

/* {"iocs": [{"type", "tag", "value"}]}: the form of TinyCheck. */
static int read_iocs(struct pk_feed *feed, const json_t *iocs)
{
    static const struct {
        const char *type;
        int kind;
    } types[] = { { "domain", PK_INTEL_DOMAIN }, { "freedns", PK_INTEL_DOMAIN },
        { "ip4addr", PK_INTEL_IP }, { "ip6addr", PK_INTEL_IP }, { "cidr", PK_INTEL_IP },
        { "sha1cert", PK_INTEL_TLS_CERT } };
    const json_t *ioc;
    size_t index;

    feed->result->format = "tinycheck";
    json_array_foreach ((json_t *)iocs, index, ioc) {
        const char *type = pk_feed_string(ioc, "type");
        const char *value = pk_feed_string(ioc, "value");
        struct pk_feed_row row = { .kind = -1, .value = value };
        int rc;

        for (size_t i = 0; type != NULL && i < PK_COUNT(types); i++) {
            if (strcmp(type, types[i].type) == 0) {
                row.kind = types[i].kind;
            }
        }
        if (value == NULL || row.kind < 0) {
            pk_feed_skip(feed, 0, "a type that no phone shows", type != NULL ? type : "",
                    type != NULL ? strlen(type) : 0);
            continue;
        }
        row.len = strlen(value);
        row.category = (int)pk_feed_category(pk_feed_string(ioc, "tag"));
        rc = pk_feed_add(feed, &row);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int read_websites(struct pk_feed *feed, const json_t *cluster, size_t *taken)
{
    const json_t *meta = json_object_get(cluster, "meta");
    const json_t *type = json_array_get(json_object_get(meta, "type"), 0);
    const json_t *sites = json_object_get(meta, "website");
    const json_t *site;
    size_t index;

    json_array_foreach ((json_t *)sites, index, site) {
        struct pk_feed_row row = {
            .kind = PK_INTEL_DOMAIN,
            .value = json_string_value(site),
            .family = pk_feed_string(cluster, "value"),
            .category = (int)pk_feed_category(json_string_value(type)),
            .weight = PK_APP_WEIGHT_SUSPICIOUS + 1, /* where it is sold, not where it reports to */
        };
        int rc;

        if (row.value == NULL) {
            continue;
        }
        row.len = strlen(row.value);
        (*taken)++;
        rc = pk_feed_add(feed, &row);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

/* A galaxy describes families; the one of stalkerware also names the vendors' sites. */
static int read_galaxy(struct pk_feed *feed, const json_t *galaxy)
{
    const json_t *cluster;
    size_t index;
    size_t taken = 0;

    feed->result->format = "misp-galaxy";
    json_array_foreach (json_object_get(galaxy, "values"), index, cluster) {
        int rc = read_websites(feed, cluster, &taken);

        if (rc < 0) {
            return rc;
        }
    }
    return taken > 0 ? PK_OK : pk_feed_refuse(feed, "describes families; it names no indicators");
}

/* {"org.lineageos.jelly": {"list": "Oem", "removal": "Recommended"}} */
static bool is_debloat(const json_t *json)
{
    const json_t *first = json_object_iter_value(json_object_iter((json_t *)json));

    return json_is_object(first) && json_object_get(first, "removal") != NULL &&
            json_object_get(first, "list") != NULL;
}

static bool is_debloat_text(struct pk_slice text)
{
    size_t len = text.len < 4096 ? text.len : 4096;

    return memmem(text.ptr, len, "\"removal\"", 9) != NULL &&
            memmem(text.ptr, len, "\"neededBy\"", 10) != NULL;
}

/* The manifest of a MISP feed: {"UUID": {"info", "Orgc", ...}}. */
static bool is_manifest(const json_t *json)
{
    const json_t *first = json_object_iter_value(json_object_iter((json_t *)json));

    return json_is_object(first) && json_object_get(first, "info") != NULL &&
            json_object_get(first, "Orgc") != NULL;
}

/* {"type": "indicator", "id": "indicator--...", ...} without a bundle around it. */
static bool is_stix(const json_t *json)
{
    const char *type = pk_feed_string(json, "type");
    const char *id = pk_feed_string(json, "id");

    return type != NULL && id != NULL && strncmp(id, type, strlen(type)) == 0 &&
            strncmp(id + strlen(type), "--", 2) == 0;
}

static int read_alone(struct pk_feed *feed, const json_t *json)
{
    json_t *objects = json_array();
    int rc = objects != NULL && json_array_append(objects, (json_t *)json) == 0 ? PK_OK : PK_ENOMEM;

    rc = rc < 0 ? rc : pk_feed_read_stix(feed, objects);
    json_decref(objects);
    return rc;
}

static int read_object(struct pk_feed *feed, const json_t *json)
{
    const char *type = pk_feed_string(json, "type");

    if (json_is_array(json_object_get(json, "objects")) && type != NULL &&
            strcmp(type, "bundle") == 0) {
        return pk_feed_read_stix(feed, json_object_get(json, "objects"));
    }
    if (is_stix(json)) {
        return read_alone(feed, json);
    }
    if (json_is_object(json_object_get(json, "Event"))) {
        return pk_feed_read_misp(feed, json_object_get(json, "Event"));
    }
    if (json_is_array(json_object_get(json, "Attribute")) ||
            json_is_array(json_object_get(json, "Object"))) {
        return pk_feed_read_misp(feed, json);
    }
    if (json_is_array(json_object_get(json, "list")) && pk_feed_string(json, "name") != NULL) {
        return pk_feed_read_warning(feed, json);
    }
    if (json_is_array(json_object_get(json, "iocs"))) {
        return read_iocs(feed, json_object_get(json, "iocs"));
    }
    if (json_is_array(json_object_get(json, "values")) && type != NULL) {
        return read_galaxy(feed, json);
    }
    if (is_debloat(json)) {
        return pk_feed_refuse(feed, DEBLOAT);
    }
    return pk_feed_refuse(feed,
            is_manifest(json) ? "a table of events: import the events beside it"
                              : "JSON of no known shape");
}

/* [{"Event": ...}], or {"response": [...]} of a MISP server. */
static int read_events(struct pk_feed *feed, const json_t *list)
{
    const json_t *item;
    size_t index;
    size_t taken = 0;

    if (is_stix(json_array_get(list, 0))) {
        return pk_feed_read_stix(feed, list);
    }
    json_array_foreach ((json_t *)list, index, item) {
        const json_t *event = json_object_get(item, "Event");
        int rc;

        if (!json_is_object(event)) {
            continue;
        }
        taken++;
        rc = pk_feed_read_misp(feed, event);
        if (rc < 0) {
            return rc;
        }
    }
    return taken > 0 ? PK_OK : pk_feed_refuse(feed, "JSON of no known shape");
}

int pk_feed_read_json(struct pk_feed *feed)
{
    struct pk_error err = { 0 };
    const json_t *response;
    json_t *json = NULL;
    int rc;

    if (feed->text.len > PK_INTEL_JSON_MAX) {
        return pk_feed_refuse(feed, "more than %lu MiB of JSON", PK_INTEL_JSON_MAX >> 20);
    }
    rc = pk_json_parse((const char *)feed->text.ptr, feed->text.len, &json, &err);
    if (rc == PK_ENOMEM) {
        return rc;
    }
    if (rc < 0 && is_debloat_text(feed->text)) {
        return pk_feed_refuse(feed, DEBLOAT); /* the list has keys twice */
    }
    if (rc < 0) {
        return pk_feed_refuse(feed, "damaged JSON, line %d: %.80s", err.line, err.text);
    }
    response = json_object_get(json, "response");
    if (json_is_array(json) || json_is_array(response)) {
        rc = read_events(feed, json_is_array(json) ? json : response);
    } else {
        rc = read_object(feed, json);
    }
    json_decref(json);
    return rc;
}
