/* Look-ups: one hash, one entry of the directory, the few rows behind it. Every number that comes from the
 * set is held against the borders here, so that a damaged set gives wrong answers at worst. */
#include <string.h>

#include "intel/set_internal.h"

#define NO_ROW      SIZE_MAX
#define GOOD_LIST   "known-good signers"
#define PARENTS_MAX 64 /* folders around a path that are tried */

const char *pk_set_source_name(const struct pk_intel_set *set, size_t source)
{
    if (source >= set->count[PK_SEC_SOURCES]) {
        return "";
    }
    return pk_set_string(set, pk_get32(set->section[PK_SEC_SOURCES].ptr + source * PK_SOURCE_SIZE));
}

static uint8_t flags_of(const struct pk_intel_set *set, size_t row)
{
    return pk_set_row(set, row)[PK_ROW_FLAGS];
}

void pk_set_hit(const struct pk_intel_set *set, size_t index, struct pk_intel_hit *out)
{
    const uint8_t *p = pk_set_row(set, index);
    uint8_t flags = p[PK_ROW_FLAGS];
    struct pk_intel_source source = { 0 };
    int weight = p[PK_ROW_WEIGHT] <= PK_APP_WEIGHT_MALICIOUS ? p[PK_ROW_WEIGHT] : 0;

    (void)pk_intel_source_at(set, pk_get16(p + PK_ROW_SOURCE), &source);
    if ((flags & (PK_ROW_MARKED | PK_ROW_WARN)) != 0) {
        weight = PK_APP_WEIGHT_NONE;
    } else if ((flags & PK_ROW_SHARED) != 0 && weight > PK_APP_WEIGHT_SUSPICIOUS) {
        weight = PK_APP_WEIGHT_SUSPICIOUS;
    }
    *out = (struct pk_intel_hit){
        .indicator = pk_set_string(set, pk_get32(p + PK_ROW_VALUE)),
        .family = pk_set_text(set, pk_get32(p + PK_ROW_FAMILY)),
        .category = pk_intel_category_name(p[PK_ROW_CATEGORY]),
        .source = source.name != NULL ? source.name : "",
        .reference = pk_set_text(set, pk_get32(p + PK_ROW_REFERENCE)),
        .date = pk_set_text(set, pk_get32(p + PK_ROW_DATE)),
        .licence = source.licence,
        .kind = p[PK_ROW_KIND] < PK_INTEL_KIND_COUNT ? p[PK_ROW_KIND] : PK_INTEL_MD5,
        .weight = (enum pk_app_weight)weight,
        .good = (flags & PK_ROW_WARN) != 0,
        .row = index,
    };
    out->dated = out->date != NULL;
    if (out->date == NULL) {
        out->date = source.date;
    }
    if (out->reference == NULL) {
        out->reference = source.reference;
    }
}

/* A key ready to be looked up: text, or a network. */
struct key {
    int kind;
    const char *text;
    size_t len;
    const struct pk_intel_net *net;
};

static bool same(const struct pk_intel_set *set, const uint8_t *row, const struct key *key)
{
    const char *value = pk_set_string(set, pk_get32(row + PK_ROW_VALUE));
    struct pk_intel_net net;

    if (key->net != NULL) {
        return pk_intel_net_parse(value, strlen(value), &net) &&
                memcmp(&net, key->net, sizeof(net)) == 0;
    }
    value = pk_intel_key(key->kind, value);
    return strncmp(value, key->text, key->len) == 0 && value[key->len] == '\0';
}

/* The first row of the key that is (or is not) of a warning list. */
static size_t find_row(const struct pk_intel_set *set, const struct key *key, bool warn)
{
    uint32_t hash = key->net != NULL
            ? pk_intel_hash(set->seed, key->kind, key->net, sizeof(*key->net))
            : pk_intel_hash(set->seed, key->kind, key->text, key->len);
    const uint8_t *entry = set->section[PK_SEC_DIRECTORY].ptr +
            4 * (set->bits > 0 ? (size_t)(hash >> (32 - set->bits)) : 0);
    size_t i = pk_get32(entry);
    size_t end = pk_get32(entry + 4);

    if (end > set->count[PK_SEC_ROWS]) {
        end = set->count[PK_SEC_ROWS];
    }
    if (end > i + PK_INTEL_BUCKET_MAX) {
        end = i + PK_INTEL_BUCKET_MAX;
    }
    for (; i < end; i++) {
        const uint8_t *row = pk_set_row(set, i);
        uint32_t have = pk_get32(row + PK_ROW_HASH);

        if (have > hash) {
            break;
        }
        if (have == hash && row[PK_ROW_KIND] == key->kind &&
                ((row[PK_ROW_FLAGS] & PK_ROW_WARN) != 0) == warn && same(set, row, key)) {
            return i;
        }
    }
    return NO_ROW;
}

/* Calls visit for the key itself and for what lies around it, nearest first, until it says true. */
struct walk {
    const struct pk_intel_set *set;
    bool warn;
    bool (*visit)(struct walk *walk, size_t row, bool itself);
    size_t found; /* NO_ROW */
    size_t spare; /* second best */
};

static bool try_key(struct walk *walk, const struct key *key, bool itself)
{
    size_t row = find_row(walk->set, key, walk->warn);

    return row != NO_ROW && walk->visit(walk, row, itself);
}

static void walk_domain(struct walk *walk, const char *name)
{
    const char *dot = strchr(name, '.');
    bool itself = true;

    while (dot != NULL) {
        struct key key = { .kind = PK_INTEL_DOMAIN, .text = name, .len = strlen(name) };

        if (try_key(walk, &key, itself)) {
            return;
        }
        itself = false;
        name = dot + 1;
        dot = strchr(name, '.');
    }
}

static void walk_net(struct walk *walk, const char *text)
{
    const uint64_t *nets = walk->set->nets[walk->warn ? 1 : 0];
    struct pk_intel_net net;
    unsigned own;

    if (!pk_intel_net_parse(text, strlen(text), &net)) {
        return;
    }
    own = net.bits;
    for (unsigned bits = own + 1; bits-- > 0;) {
        struct key key = { .kind = PK_INTEL_IP, .net = &net };

        if ((nets[bits / 64] >> (bits % 64) & 1) == 0) {
            continue;
        }
        pk_intel_net_cut(&net, bits);
        if (try_key(walk, &key, bits == own)) {
            return;
        }
    }
}

/* "/a/b/c": itself, then the folders "/a/b/", "/a/", which lists write with the '/' at the end. */
static void walk_path(struct walk *walk, const char *path)
{
    size_t len = strlen(path);
    struct key key = { .kind = PK_INTEL_FILE_PATH, .text = path, .len = len };

    if (try_key(walk, &key, true)) {
        return;
    }
    for (int tried = 0; tried < PARENTS_MAX && len > 1;) {
        len--;
        if (path[len - 1] != '/') {
            continue;
        }
        key.len = len;
        if (len > 1 && try_key(walk, &key, false)) {
            return;
        }
        tried++;
    }
}

static void walk_value(struct walk *walk, int kind, const char *value)
{
    struct key key = { .kind = kind };

    if (kind == PK_INTEL_DOMAIN) {
        walk_domain(walk, value);
    } else if (kind == PK_INTEL_IP) {
        walk_net(walk, value);
    } else if (kind == PK_INTEL_FILE_PATH) {
        walk_path(walk, value);
    } else {
        key.text = pk_intel_key(kind, value);
        key.len = strlen(key.text);
        (void)try_key(walk, &key, true);
    }
}

static bool visit_indicator(struct walk *walk, size_t row, bool itself)
{
    (void)itself;
    if ((flags_of(walk->set, row) & PK_ROW_MARKED) == 0) {
        walk->found = row;
        return true;
    }
    if (walk->spare == NO_ROW) {
        walk->spare = row;
    }
    return false; /* a parent may be better founded */
}

static bool visit_warning(struct walk *walk, size_t row, bool itself)
{
    uint8_t flags = flags_of(walk->set, row);
    bool whole = pk_set_row(walk->set, row)[PK_ROW_KIND] == PK_INTEL_IP;

    if (!itself && !whole && (flags & PK_ROW_BELOW) == 0) {
        return false;
    }
    if ((flags & PK_ROW_SHARED) == 0) {
        walk->found = row;
        return true;
    }
    if (walk->spare == NO_ROW) {
        walk->spare = row;
    }
    return false;
}

/* The host of a URL, without user and port. */
static const char *host_of(const char *url, char out[256])
{
    const char *host = pk_intel_key(PK_INTEL_URL, url);
    size_t len = strcspn(host, "/?");
    const char *at = memchr(host, '@', len);
    const char *port;

    if (at != NULL) {
        len -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (len >= 256) {
        len = 255;
    }
    memcpy(out, host, len);
    out[len] = '\0';
    port = out[0] == '[' ? NULL : strchr(out, ':');
    if (port != NULL) {
        out[port - out] = '\0';
    }
    return out;
}

static bool visit_below(struct walk *walk, size_t row, bool itself)
{
    (void)itself;
    return visit_warning(walk, row, false);
}

static struct walk warning_walk(const struct pk_intel_set *set)
{
    return (struct walk){
        .set = set, .warn = true, .visit = visit_warning, .found = NO_ROW, .spare = NO_ROW
    };
}

size_t pk_set_warning(const struct pk_intel_set *set, int kind, const char *value, bool *shared)
{
    struct walk walk = warning_walk(set);
    char host[256];

    if ((set->warned >> kind & 1) != 0) {
        walk_value(&walk, kind, value);
    }
    if (kind == PK_INTEL_URL && walk.found == NO_ROW && (set->warned >> PK_INTEL_DOMAIN & 1) != 0) {
        /* A page at a popular site can be bad; the site as a whole is not. */
        const char *key = pk_intel_key(kind, value);

        walk.visit = key[strcspn(key, "/?")] == '\0' ? visit_warning : visit_below;
        walk_value(&walk, PK_INTEL_DOMAIN, host_of(value, host));
    }
    *shared = walk.found == NO_ROW;
    return (walk.found != NO_ROW ? walk.found : walk.spare) + 1;
}

/* Tells which list marks the hit. */
static void name_mark(const struct pk_intel_set *set, struct pk_intel_hit *hit)
{
    bool shared;
    size_t row;
    struct pk_intel_hit warning;

    if ((flags_of(set, hit->row) & PK_ROW_MARKED) == 0) {
        return;
    }
    row = pk_set_warning(set, (int)hit->kind, hit->indicator, &shared);
    hit->marked = GOOD_LIST;
    if (row > 0) {
        pk_set_hit(set, row - 1, &warning);
        hit->marked = warning.family != NULL ? warning.family : warning.source;
    }
}

bool pk_intel_find(const struct pk_intel_set *set, enum pk_intel_kind kind, const char *value,
        struct pk_intel_hit *out)
{
    struct walk walk = { .set = set, .visit = visit_indicator, .found = NO_ROW, .spare = NO_ROW };
    char normal[PK_INTEL_VALUE_MAX];

    if ((unsigned)kind >= PK_INTEL_KIND_COUNT || (set->kinds >> kind & 1) == 0 || value == NULL ||
            !pk_intel_normalise((int)kind, value, strlen(value), normal)) {
        return false;
    }
    walk_value(&walk, (int)kind, normal);
    if (walk.found == NO_ROW) {
        walk.found = walk.spare;
    }
    if (walk.found == NO_ROW) {
        return false;
    }
    pk_set_hit(set, walk.found, out);
    out->value = value;
    name_mark(set, out);
    return true;
}

bool pk_intel_next(const struct pk_intel_set *set, struct pk_intel_hit *hit)
{
    const uint8_t *here;
    const uint8_t *next;
    struct pk_intel_hit out;

    if (hit->row >= set->count[PK_SEC_ROWS] || hit->row + 1 >= set->count[PK_SEC_ROWS]) {
        return false;
    }
    here = pk_set_row(set, hit->row);
    next = pk_set_row(set, hit->row + 1);
    if (pk_get32(here + PK_ROW_HASH) != pk_get32(next + PK_ROW_HASH) ||
            here[PK_ROW_KIND] != next[PK_ROW_KIND] || (next[PK_ROW_FLAGS] & PK_ROW_WARN) != 0) {
        return false;
    }
    pk_set_hit(set, hit->row + 1, &out);
    if (strcmp(pk_intel_key((int)hit->kind, hit->indicator),
                pk_intel_key((int)out.kind, out.indicator)) != 0) {
        return false;
    }
    out.value = hit->value;
    name_mark(set, &out);
    *hit = out;
    return true;
}

bool pk_intel_warned(const struct pk_intel_set *set, enum pk_intel_kind kind, const char *value,
        struct pk_intel_hit *out)
{
    char normal[PK_INTEL_VALUE_MAX];
    struct pk_intel_signer signer;
    bool shared;
    size_t row;

    if ((unsigned)kind >= PK_INTEL_KIND_COUNT || value == NULL ||
            !pk_intel_normalise((int)kind, value, strlen(value), normal)) {
        return false;
    }
    row = pk_set_warning(set, (int)kind, normal, &shared);
    if (row == 0 && pk_set_is_good(set, (int)kind, normal, &signer)) {
        *out = (struct pk_intel_hit){
            .value = value,
            .indicator = kind == PK_INTEL_PACKAGE ? signer.package : signer.cert,
            .family = GOOD_LIST,
            .source = signer.source,
            .kind = kind,
            .good = true,
            .row = NO_ROW,
        };
        return true;
    }
    if (row == 0 || shared) {
        return false;
    }
    pk_set_hit(set, row - 1, out);
    out->value = value;
    return true;
}

/* Is a better than b? What decides alone first, then what is nearer, then what is graver. */
static bool better(const struct pk_intel_hit *a, const struct pk_intel_hit *b)
{
    size_t near_a = strlen(a->indicator);
    size_t near_b = strlen(b->indicator);

    if ((a->marked == NULL) != (b->marked == NULL)) {
        return a->marked == NULL;
    }
    return near_a != near_b ? near_a > near_b : a->weight > b->weight;
}

bool pk_intel_find_in(const struct pk_intel_set *const *sets, enum pk_intel_kind kind,
        const char *value, struct pk_intel_hit *out, const struct pk_intel_set **which)
{
    bool found = false;

    for (size_t i = 0; sets != NULL && sets[i] != NULL; i++) {
        struct pk_intel_hit hit;
        struct pk_intel_hit warning;

        if (!pk_intel_find(sets[i], kind, value, &hit)) {
            continue;
        }
        for (size_t k = 0; sets[k] != NULL && hit.marked == NULL; k++) {
            if (k != i && pk_intel_warned(sets[k], kind, hit.indicator, &warning)) {
                hit.marked = warning.family != NULL ? warning.family : warning.source;
                hit.weight = PK_APP_WEIGHT_NONE;
            }
        }
        if (!found || better(&hit, out)) {
            *out = hit;
            found = true;
            if (which != NULL) {
                *which = sets[i];
            }
        }
    }
    return found;
}
