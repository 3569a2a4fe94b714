#include "formats/android/arsc.h"

#include "formats/android/arsc_index.h"
#include "formats/android/axml.h"
#include "formats/limits.h"

#define REFERENCES_MAX 20 /* as on the platform */

#define ENTRY_COMPLEX 0x0001U
#define ENTRY_COMPACT 0x0008U
#define NO_ENTRY      UINT32_MAX

static uint32_t le16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

/* --- entries */

struct entry {
    const struct arsc_type *type;
    uint32_t key;
    bool complex;
    uint8_t value_type;
    uint32_t data;
};

/* Where in the chunk the entry stands, counted from entries_start; NO_ENTRY when it has none. */
static uint32_t offset_of(const struct pk_arsc *arsc, const struct arsc_type *t, uint32_t index)
{
    const uint8_t *table = arsc->in.ptr + t->at + t->header;
    size_t low = 0;
    size_t high = t->count;
    uint32_t offset;

    if ((t->flags & ARSC_SPARSE) != 0) {
        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (le16(table + middle * 4) < index) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == t->count || le16(table + low * 4) != index) {
            return NO_ENTRY;
        }
        return le16(table + low * 4 + 2) * 4;
    }
    if (index >= t->count) {
        return NO_ENTRY;
    }
    if ((t->flags & ARSC_OFFSET16) != 0) {
        offset = le16(table + (size_t)index * 2);
        return offset == 0xffff ? NO_ENTRY : offset * 4;
    }
    return le32(table + (size_t)index * 4);
}

static void say_entry(const struct pk_arsc *arsc, const struct arsc_type *t, size_t at)
{
    pk_anomaly_add(arsc->anomalies, PK_ANOMALY_ARSC_MALFORMED,
            "entry at 0x%zx of the chunk at offset %zu", at, t->at);
}

/* Reads the entry at this offset of its type; false when it does not fit. */
static bool read_entry(
        const struct pk_arsc *arsc, const struct arsc_type *t, uint32_t offset, struct entry *out)
{
    size_t at = t->entries + (size_t)offset;
    size_t room = at < t->size ? t->size - at : 0;
    const uint8_t *p;
    size_t size;

    if (room < 8) {
        say_entry(arsc, t, at);
        return false;
    }
    p = arsc->in.ptr + t->at + at;
    *out = (struct entry){ .type = t };
    if ((le16(p + 2) & ENTRY_COMPACT) != 0) {
        out->key = le16(p);
        out->value_type = p[3];
        out->data = le32(p + 4);
        return true;
    }
    size = le16(p);
    out->key = le32(p + 4);
    out->complex = (le16(p + 2) & ENTRY_COMPLEX) != 0;
    if (out->complex) {
        return true;
    }
    if (size < 8 || size > room || room - size < 8) {
        say_entry(arsc, t, at);
        return false;
    }
    out->value_type = p[size + 3];
    out->data = le32(p + size + 4);
    return true;
}

/* --- choosing */

/* The work that the lookups of one table may cost: a hundred references to a resource of ten thousand
 * configurations are a trap. */
static bool charge(const struct pk_arsc *arsc)
{
    if (arsc->work->steps >= PK_ARSC_STEPS_MAX) {
        pk_anomaly_add(arsc->anomalies, PK_ANOMALY_LIMIT_RESOURCES,
                "more than %lu configurations compared", PK_ARSC_STEPS_MAX);
        return false;
    }
    arsc->work->steps++;
    return true;
}

/* The first type chunk of an id's package and type; they are linked from there. */
static uint32_t first_type(const struct arsc_package *p, uint32_t id)
{
    return p->first[id >> 16 & 0xff]; /* nothing is kept as type 0 */
}

static bool is_of(const struct pk_arsc *arsc, const struct arsc_package *p, uint32_t id)
{
    uint32_t package = id >> 24;

    /* A shared library refers to itself as package 0; so may a table whose only package is another. */
    return p->id == package || (package == 0 && arsc->package_count == 1);
}

struct choice {
    const struct arsc_type *type;
    uint32_t offset;
    int rc;
};

/* want NULL: any configuration will do. */
static struct choice choose(
        const struct pk_arsc *arsc, uint32_t id, const struct pk_resconfig *want)
{
    struct choice best = { .rc = PK_ENOENT };

    for (size_t i = 0; i < arsc->package_count; i++) {
        const struct arsc_package *p = &arsc->packages[i];
        uint32_t n = is_of(arsc, p, id) ? first_type(p, id) : ARSC_NONE;

        for (; n != ARSC_NONE; n = arsc->types[n].next) {
            const struct arsc_type *t = &arsc->types[n];
            uint32_t offset;

            if (!charge(arsc)) {
                best.rc = PK_ELIMIT;
                return best;
            }
            if ((want != NULL && !pk_resconfig_matches(&t->config, want)) ||
                    (best.type != NULL &&
                            (want == NULL ||
                                    !pk_resconfig_better(&t->config, &best.type->config, want)))) {
                continue;
            }
            offset = offset_of(arsc, t, id & 0xffff);
            if (offset != NO_ENTRY) {
                best = (struct choice){ t, offset, PK_OK };
            }
        }
    }
    return best;
}

static int lookup(
        const struct pk_arsc *arsc, uint32_t id, const struct pk_resconfig *want, struct entry *out)
{
    struct choice best = choose(arsc, id, want);

    if (best.rc < 0) {
        return best.rc;
    }
    return read_entry(arsc, best.type, best.offset, out) ? PK_OK : PK_ENOENT;
}

static void say_string(const struct pk_arsc *arsc, unsigned odd, uint32_t index)
{
    unsigned news = odd & ~arsc->work->said;

    arsc->work->said |= odd;
    if (news != 0) {
        pk_anomaly_add(arsc->anomalies,
                (news & (PK_RESPOOL_STRING | PK_RESPOOL_COUNT | PK_RESPOOL_BOUNDS)) != 0
                        ? PK_ANOMALY_ARSC_MALFORMED
                        : PK_ANOMALY_AXML_BAD_STRING,
                "string %u of the resource table", index);
    }
}

static int take_text(const struct pk_arsc *arsc, uint32_t index, const char **out)
{
    struct arsc_work *work = arsc->work;
    int rc;

    if (work->text_bytes >= PK_ARSC_TEXT_MAX) {
        pk_anomaly_add(arsc->anomalies, PK_ANOMALY_LIMIT_RESOURCES, "more than %lu bytes of text",
                PK_ARSC_TEXT_MAX);
        return PK_ELIMIT;
    }
    rc = pk_respool_text(&work->strings, index, arsc->arena, out);
    say_string(arsc, work->strings.odd, index);
    work->text_bytes = rc == PK_ENOMEM ? PK_ARSC_TEXT_MAX
            : rc == PK_OK              ? work->text_bytes + strlen(*out) + 1
                                       : work->text_bytes;
    return rc;
}

int pk_arsc_resolve(const struct pk_arsc *arsc, uint32_t id, const struct pk_resconfig *want,
        struct pk_arsc_value *out)
{
    struct pk_arsc_value v = { 0 };
    struct entry e;
    int rc;

    for (int i = 0; i < REFERENCES_MAX; i++) {
        rc = lookup(arsc, id, want, &e);
        if (rc < 0) {
            return rc;
        }
        if (e.complex) {
            return PK_ETYPE;
        }
        if (e.value_type != PK_RES_REFERENCE && e.value_type != PK_RES_DYNAMIC_REFERENCE) {
            v = (struct pk_arsc_value){ .type = e.value_type, .data = e.data };
            if (e.value_type == PK_RES_STRING) {
                rc = take_text(arsc, e.data, &v.text);
            }
            if (rc == PK_OK) {
                *out = v;
            }
            return rc;
        }
        if (e.data == 0) {
            return PK_ENOENT; /* @null */
        }
        id = e.data;
    }
    pk_anomaly_add(arsc->anomalies, PK_ANOMALY_ARSC_REFERENCE_LOOP, "resource 0x%08x", id);
    return PK_ELIMIT;
}

/* --- labels */

/* The first locale, in order of the names, that has this resource itself. */
static bool first_locale(const struct pk_arsc *arsc, uint32_t id, struct pk_resconfig *out)
{
    const struct pk_resconfig *first = NULL;

    for (size_t i = 0; i < arsc->package_count; i++) {
        const struct arsc_package *p = &arsc->packages[i];
        uint32_t n = is_of(arsc, p, id) ? first_type(p, id) : ARSC_NONE;

        for (; n != ARSC_NONE && charge(arsc); n = arsc->types[n].next) {
            const struct arsc_type *t = &arsc->types[n];

            if (pk_resconfig_has_locale(&t->config) &&
                    (first == NULL || pk_resconfig_compare_locales(&t->config, first) < 0) &&
                    offset_of(arsc, t, id & 0xffff) != NO_ENTRY) {
                first = &t->config;
            }
        }
    }
    if (first == NULL) {
        return false;
    }
    *out = pk_resconfig_aapt("", "");
    memcpy(out->language, first->language, sizeof(out->language));
    memcpy(out->country, first->country, sizeof(out->country));
    memcpy(out->script, first->script, sizeof(out->script));
    return true;
}

int pk_arsc_label(const struct pk_arsc *arsc, uint32_t id, const char **out)
{
    struct pk_resconfig want = pk_resconfig_aapt("", "");
    struct pk_arsc_value v = { 0 };
    int rc = pk_arsc_resolve(arsc, id, &want, &v);

    if (rc == PK_ENOENT && arsc->has_default) {
        want = pk_resconfig_aapt("en", "US");
        rc = pk_arsc_resolve(arsc, id, &want, &v);
    }
    if (rc == PK_ENOENT && first_locale(arsc, id, &want)) {
        rc = pk_arsc_resolve(arsc, id, &want, &v);
    }
    if (rc == PK_OK && v.text == NULL) {
        rc = PK_ETYPE;
    }
    if (rc == PK_OK) {
        *out = v.text;
    }
    return rc;
}

/* --- names */

static const char *text_or_empty(
        const struct pk_arsc *arsc, struct pk_respool *pool, uint32_t index)
{
    const char *text = "";

    return pk_respool_text(pool, index, arsc->arena, &text) == PK_OK ? text : "";
}

const char *pk_arsc_name(const struct pk_arsc *arsc, uint32_t id)
{
    struct arsc_package *p;
    struct entry e;
    const char *type;
    const char *key;

    if (lookup(arsc, id, NULL, &e) < 0) {
        return NULL;
    }
    p = &arsc->packages[e.type->package];
    type = text_or_empty(arsc, &p->type_names, (uint32_t)e.type->id - 1 - p->type_offset);
    key = text_or_empty(arsc, &p->keys, e.key);
    return p == arsc->packages ? pk_arena_printf(arsc->arena, "%s/%s", type, key)
                               : pk_arena_printf(arsc->arena, "%s:%s/%s", p->name, type, key);
}

const char *pk_arsc_package(const struct pk_arsc *arsc, size_t i, uint32_t *id)
{
    if (i >= arsc->package_count) {
        return NULL;
    }
    *id = arsc->packages[i].id;
    return arsc->packages[i].name;
}

size_t pk_arsc_type_count(const struct pk_arsc *arsc)
{
    return arsc->type_count;
}

size_t pk_arsc_string_count(const struct pk_arsc *arsc)
{
    return arsc->work->strings.count;
}
