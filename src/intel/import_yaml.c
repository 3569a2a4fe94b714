/* The YAML of stalkerware-indicators: a list of apps, each with its names, packages, certificates and hosts. */
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "intel/import_internal.h"

#define LINES_MAX 256UL /* refused values whose line is told */

struct group {
    const char *key; /* of an app; "c2.ips": of the mapping within */
    int kind;
    int weight; /* enum pk_app_weight + 1; 0: the feed's */
};

static const struct group groups[] = {
    { "packages", PK_INTEL_PACKAGE, 0 },
    { "certificates", PK_INTEL_SIGNER, 0 },
    { "websites", PK_INTEL_DOMAIN, PK_APP_WEIGHT_SUSPICIOUS + 1 }, /* sold there, not reported to */
    { "distribution", PK_INTEL_DOMAIN, PK_APP_WEIGHT_SUSPICIOUS + 1 },
    { "c2.ips", PK_INTEL_IP, 0 },
    { "c2.domains", PK_INTEL_DOMAIN, 0 },
};

static const json_t *list_of(const json_t *app, const char *key)
{
    const char *dot = strchr(key, '.');

    if (dot == NULL) {
        return json_object_get(app, key);
    }
    return json_object_get(json_object_get(app, "c2"), dot + 1);
}

static int read_group(struct pk_feed *feed, const struct pk_yaml *yaml, const json_t *app,
        size_t number, const struct group *group)
{
    const char *type = pk_feed_string(app, "type");
    bool watchware = type != NULL && strcmp(type, "watchware") == 0;
    const json_t *item;
    size_t index;

    json_array_foreach ((json_t *)list_of(app, group->key), index, item) {
        struct pk_feed_row row = {
            .kind = group->kind,
            .value = json_string_value(item),
            .family = pk_feed_string(app, "name"),
            .category = (int)pk_feed_category(type),
            .weight = group->weight,
        };
        char path[96];
        char host[PK_INTEL_VALUE_MAX];
        int rc;

        (void)snprintf(path, sizeof(path), "[%zu].%s[%zu]", number, group->key, index);
        if (row.value == NULL) {
            pk_feed_skip(feed, (size_t)pk_yaml_line(yaml, path), "not a text", path, strlen(path));
            continue;
        }
        row.len = strlen(row.value);
        if (watchware && row.weight == 0) {
            row.weight = PK_APP_WEIGHT_UNWANTED + 1;
        }
        if (row.kind == PK_INTEL_DOMAIN && strchr(row.value, '/') != NULL) {
            row.kind = PK_INTEL_URL; /* some sites are named by a page */
        }
        /* The line is looked up only for what is refused, and not for ever: it costs a search. */
        if (feed->result->skipped < LINES_MAX &&
                !pk_intel_normalise(row.kind, row.value, row.len, host)) {
            row.line = (size_t)pk_yaml_line(yaml, path);
        }
        rc = pk_feed_add(feed, &row);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_feed_read_yaml(struct pk_feed *feed)
{
    struct pk_yaml *yaml = NULL;
    struct pk_error err = { 0 };
    const json_t *app;
    size_t index;
    size_t apps = 0;
    int rc;

    if (feed->text.len > PK_YAML_FILE_MAX) {
        return pk_feed_refuse(feed, "more than %lu KiB of YAML", PK_YAML_FILE_MAX >> 10);
    }
    rc = pk_yaml_parse((const char *)feed->text.ptr, feed->text.len, &yaml, &err);
    if (rc == PK_ENOMEM) {
        return rc;
    }
    if (rc < 0) {
        return pk_feed_refuse(feed, "damaged YAML, line %d: %.80s", err.line, err.text);
    }
    feed->result->format = "yaml";
    json_array_foreach ((json_t *)pk_yaml_root(yaml), index, app) {
        apps += json_is_object(app) && pk_feed_string(app, "name") != NULL ? 1 : 0;
        for (size_t i = 0; i < PK_COUNT(groups) && rc == PK_OK; i++) {
            rc = read_group(feed, yaml, app, index, &groups[i]);
        }
        if (rc < 0) {
            break;
        }
    }
    if (rc == PK_OK && apps == 0) {
        rc = pk_feed_refuse(feed, "YAML without a list of apps");
    }
    pk_yaml_destroy(yaml);
    return rc;
}
