#include "intel/stix_things.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "intel/stix_pattern.h"

#define CONFIDENCE 75

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

struct taking {
    int (*take)(void *ctx, const struct pk_stix_thing *thing);
    void *ctx;
    struct pk_stix_counts *counts;
    struct pk_stix_thing thing; /* but for kind and value */
    int rc;                     /* of take */
};

static int kind_of(const struct pk_stix_term *term)
{
    static const struct {
        const char *path;
        int kind;
    } paths[] = {
        { "mac-addr:value", PK_STIX_POINT },
        { "file:hashes.'SHA-256'", PK_STIX_APP },
        { "file:hashes.SHA256", PK_STIX_APP },
        { "x509-certificate:hashes.'SHA-256'", PK_STIX_SIGNER },
    };

    for (size_t i = 0; i < PK_COUNT(paths); i++) {
        if (strcmp(term->path, paths[i].path) == 0) {
            return paths[i].kind;
        }
    }
    return -1;
}

static int take_term(void *to, const struct pk_stix_term *term)
{
    struct taking *t = to;

    t->thing.kind = kind_of(term);
    if (t->thing.kind < 0) {
        t->counts->others++;
        return PK_OK;
    }
    if (t->counts->things >= PK_STIX_THINGS_MAX) {
        t->rc = PK_ELIMIT;
        return t->rc;
    }
    (void)snprintf(t->thing.value, sizeof(t->thing.value), "%s", term->value);
    t->counts->things++;
    t->rc = t->take(t->ctx, &t->thing);
    return t->rc;
}

/* Does it hold now? Fills in until when. */
static bool holds(const json_t *object, int64_t now_ms, int64_t *until_ms)
{
    const char *until = text_of(object, "valid_until");

    *until_ms = 0;
    return !json_is_true(json_object_get(object, "revoked")) &&
            (until == NULL || pk_time_parse(until, until_ms) < 0 || *until_ms > now_ms);
}

static void read_indicator(struct taking *t, const json_t *object, int64_t now_ms)
{
    const char *pattern = text_of(object, "pattern");
    const char *language = text_of(object, "pattern_type");
    const json_t *confidence = json_object_get(object, "confidence");
    size_t combined = 0;
    int rc;

    t->counts->indicators++;
    if (!holds(object, now_ms, &t->thing.until_ms)) {
        t->counts->revoked++;
        return;
    }
    if (pattern == NULL || (language != NULL && strcmp(language, "stix") != 0)) {
        t->counts->bad++;
        return;
    }
    t->thing.confidence = json_is_integer(confidence) && json_integer_value(confidence) >= 0 &&
                    json_integer_value(confidence) <= 100
            ? (int)json_integer_value(confidence)
            : CONFIDENCE;
    rc = pk_stix_pattern(pattern, strlen(pattern), take_term, t, &combined);
    t->counts->others += combined;
    t->counts->bad += rc < 0 && t->rc == PK_OK ? 1 : 0;
}

int pk_stix_things(const json_t *bundle, int64_t now_ms,
        int (*take)(void *ctx, const struct pk_stix_thing *thing), void *ctx,
        struct pk_stix_counts *counts, struct pk_error *err)
{
    const json_t *objects = json_object_get(bundle, "objects");
    struct taking t = { .take = take, .ctx = ctx, .counts = counts };
    const char *type = text_of(bundle, "type");
    const json_t *object;
    size_t index;

    *counts = (struct pk_stix_counts){ 0 };
    if (type == NULL || strcmp(type, "bundle") != 0 || !json_is_array(objects)) {
        return pk_error_set(err, PK_EMALF, "this is no STIX bundle");
    }
    json_array_foreach ((json_t *)objects, index, object) {
        type = text_of(object, "type");
        if (type != NULL && strcmp(type, "indicator") == 0) {
            read_indicator(&t, object, now_ms);
        }
        if (t.rc < 0) {
            return pk_error_set(err, t.rc,
                    t.rc == PK_ELIMIT ? "the bundle has more than %lu things" : "out of memory",
                    PK_STIX_THINGS_MAX);
        }
    }
    return PK_OK;
}
