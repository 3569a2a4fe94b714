/* STIX 2.0 and 2.1 bundles: indicators, and the malware that they indicate. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intel/import_internal.h"
#include "intel/stix_pattern.h"

struct names {
    json_t *objects; /* id -> object that has a name: malware, tool, campaign ... (borrowed values) */
    json_t *targets;    /* indicator id -> id of what it indicates */
    const json_t *only; /* the one malware object of the bundle; NULL: several or none */
    size_t count;
    size_t indicators;
};

static bool is_named(const char *type)
{
    static const char *const types[] = { "malware", "tool", "campaign", "intrusion-set",
        "threat-actor" };

    for (size_t i = 0; type != NULL && i < PK_COUNT(types); i++) {
        if (strcmp(type, types[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What an indicator indicates; malware wins over its users. */
static int learn_relation(struct names *names, const json_t *object)
{
    const char *kind = pk_feed_string(object, "relationship_type");
    const char *from = pk_feed_string(object, "source_ref");
    const char *to = pk_feed_string(object, "target_ref");
    bool malware = to != NULL && strncmp(to, "malware--", 9) == 0;

    if (kind == NULL || from == NULL || to == NULL || strcmp(kind, "indicates") != 0 ||
            (!malware && json_object_get(names->targets, from) != NULL)) {
        return PK_OK;
    }
    return json_object_set_new(names->targets, from, json_string(to)) == 0 ? PK_OK : PK_ENOMEM;
}

static int learn(struct names *names, const json_t *objects)
{
    const json_t *object;
    size_t index;

    json_array_foreach ((json_t *)objects, index, object) {
        const char *type = pk_feed_string(object, "type");
        const char *id = pk_feed_string(object, "id");
        int rc = PK_OK;

        if (type != NULL && strcmp(type, "relationship") == 0) {
            rc = learn_relation(names, object);
        } else if (type != NULL && strcmp(type, "indicator") == 0) {
            names->indicators++;
        } else if (type != NULL && strcmp(type, "identity") == 0 && id != NULL) {
            rc = json_object_set(names->objects, id, (json_t *)object) == 0 ? PK_OK : PK_ENOMEM;
        } else if (is_named(type) && id != NULL) {
            names->only = names->count++ == 0 ? object : NULL;
            rc = json_object_set(names->objects, id, (json_t *)object) == 0 ? PK_OK : PK_ENOMEM;
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static const char *reference_of(const json_t *object)
{
    const json_t *reference;
    size_t index;

    json_array_foreach (json_object_get(object, "external_references"), index, reference) {
        const char *url = pk_feed_string(reference, "url");

        if (url != NULL) {
            return url;
        }
    }
    return NULL;
}

/* "spyware", "remote-access-trojan": the gravest of the words. */
static int category_of(const json_t *object)
{
    const char *const lists[] = { "malware_types", "labels" };
    const json_t *word;
    size_t index;

    for (size_t i = 0; i < PK_COUNT(lists); i++) {
        json_array_foreach (json_object_get(object, lists[i]), index, word) {
            enum pk_intel_category category = pk_feed_category(json_string_value(word));

            if (category != PK_INTEL_CAT_NONE && category != PK_INTEL_CAT_MALWARE) {
                return (int)category;
            }
        }
    }
    return 0;
}

struct taking {
    struct pk_feed *feed;
    int fatal; /* why the whole import ends */
    struct pk_feed_row row;
};

static int take(void *to, const struct pk_stix_term *term)
{
    struct taking *t = to;

    if (term->kind < 0) {
        pk_feed_skip(t->feed, t->row.line, "a property that no phone shows", term->path,
                strlen(term->path));
        return PK_OK;
    }
    t->row.kind = term->kind;
    t->row.value = term->value;
    t->row.len = strlen(term->value);
    t->fatal = pk_feed_add(t->feed, &t->row);
    return t->fatal;
}

/* Why an indicator is not used, or NULL. */
static const char *unusable(const struct pk_feed *feed, const json_t *object)
{
    const char *language = pk_feed_string(object, "pattern_type");
    const char *until = pk_feed_string(object, "valid_until");
    int64_t at = 0;

    if (json_is_true(json_object_get(object, "revoked"))) {
        return "revoked by its author";
    }
    if (language != NULL && strcmp(language, "stix") != 0) {
        return "a pattern of another language";
    }
    if (until != NULL && feed->run->settings->now_ms > 0 && pk_time_parse(until, &at) == PK_OK &&
            at < feed->run->settings->now_ms) {
        return "expired";
    }
    return NULL;
}

static int read_indicator(
        struct pk_feed *feed, const struct names *names, const json_t *object, size_t number)
{
    const char *pattern = pk_feed_string(object, "pattern");
    const char *id = pk_feed_string(object, "id");
    const char *why = unusable(feed, object);
    const char *target = id != NULL ? pk_feed_string(names->targets, id) : NULL;
    const json_t *about = target != NULL ? json_object_get(names->objects, target) : names->only;
    struct taking t = { .feed = feed, .row = { .line = number } };
    const char *author = pk_feed_string(object, "created_by_ref");
    size_t combined = 0;
    int rc;

    if (author != NULL) {
        pk_feed_author(feed, pk_feed_string(json_object_get(names->objects, author), "name"));
    }
    if (pattern == NULL || why != NULL) {
        why = why != NULL ? why : "an indicator without a pattern";
        pk_feed_skip(feed, number, why, id != NULL ? id : "", id != NULL ? strlen(id) : 0);
        return PK_OK;
    }
    t.row.family = pk_feed_string(about, "name");
    t.row.category = category_of(about);
    t.row.reference = reference_of(object);
    t.row.date = pk_feed_string(object, "valid_from");
    if (t.row.category == 0) {
        t.row.category = category_of(object);
    }
    if (t.row.reference == NULL) {
        t.row.reference = reference_of(about);
    }
    if (feed->date[0] != '\0') {
        t.row.date = NULL; /* the folder's date is the report's; the bundle's is when it was made */
    }
    rc = pk_stix_pattern(pattern, strlen(pattern), take, &t, &combined);
    if (combined > 0) {
        pk_feed_skip(
                feed, number, "holds only together with something else", pattern, strlen(pattern));
    }
    if (t.fatal == PK_OK && (rc == PK_EMALF || rc == PK_ELIMIT)) {
        pk_feed_skip(feed, number,
                rc == PK_EMALF ? "a pattern that cannot be read" : "a pattern that is too long",
                pattern, strlen(pattern));
        return PK_OK;
    }
    return rc;
}

int pk_feed_read_stix(struct pk_feed *feed, const json_t *objects)
{
    struct names names = { .objects = json_object(), .targets = json_object() };
    const json_t *object;
    size_t index;
    int rc = names.objects != NULL && names.targets != NULL ? learn(&names, objects) : PK_ENOMEM;

    feed->result->format = "stix";
    if (rc == PK_OK && names.indicators == 0) {
        feed->result->format = NULL;
        rc = pk_feed_refuse(feed, "STIX without indicators");
    } else if (rc == PK_OK) {
        json_array_foreach ((json_t *)objects, index, object) {
            const char *type = pk_feed_string(object, "type");

            if (type != NULL && strcmp(type, "indicator") == 0) {
                rc = read_indicator(feed, &names, object, index + 1);
            }
            if (rc < 0) {
                break;
            }
        }
    }
    json_decref(names.objects);
    json_decref(names.targets);
    return rc;
}
