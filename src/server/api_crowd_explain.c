/* GET /crowd/explain: what is thought of one thing, and why. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "crowd/key.h"
#include "server/crowd.h"
#include "server/view_crowd.h"
#include "store/apps.h"

#define SHA256_DIGITS 64
#define HASH_DIGITS   16
#define HOUR_S        3600

enum {
    ARG_NETWORK,
    ARG_BSSID,
    ARG_PLACE,
    ARG_MAST,
    ARG_APP,
    ARG_SIGNER,
    ARG_COUNT
};
static const char *const arg_names[ARG_COUNT] = { "network", "bssid", "place", "mast", "app",
    "signer" };

struct question {
    const char *args[ARG_COUNT];
    struct pk_error *err;
    struct pk_crowd_key key; /* b 0: a network as a whole */
};

static int refuse(struct pk_error *err, int code, const char *path, const char *text)
{
    (void)pk_error_set(err, code, "%s", text);
    (void)pk_query_path(err, path);
    return code;
}

static int take(const char *name, const char *value, void *ctx)
{
    struct question *q = ctx;

    for (size_t i = 0; i < ARG_COUNT; i++) {
        if (strcmp(name, arg_names[i]) == 0) {
            if (q->args[i] != NULL) {
                return refuse(q->err, PK_EMALF, name, "given twice");
            }
            q->args[i] = value;
            return PK_OK;
        }
    }
    return refuse(q->err, PK_EUNKNOWN, name, "this call has no such parameter");
}

/* ---- what is asked ---- */

static int network_of(struct question *q)
{
    struct pk_crowd_key *key = &q->key;

    key->kind = q->args[ARG_PLACE] != NULL ? PK_CROWD_SITE : PK_CROWD_POINT;
    key->a = pk_crowd_network_of(q->args[ARG_NETWORK]);
    if (key->a == 0) {
        return refuse(q->err, PK_EMALF, "network", "must be a network id: net- and 16 hex digits");
    }
    if (q->args[ARG_BSSID] != NULL && q->args[ARG_PLACE] != NULL) {
        return refuse(q->err, PK_EMALF, "place", "an access point or a place, not both");
    }
    if (q->args[ARG_BSSID] != NULL) {
        key->b = pk_crowd_hardware_of(q->args[ARG_BSSID]);
        return key->b != 0 ? PK_OK
                           : refuse(q->err, PK_EMALF, "bssid",
                                     "must be a hardware address: aa:bb:cc:dd:ee:ff");
    }
    if (q->args[ARG_PLACE] != NULL) {
        key->b = pk_crowd_place_of(q->args[ARG_PLACE]);
        return key->b != 0 ? PK_OK
                           : refuse(q->err, PK_EMALF, "place", "must be a geohash of 5 letters");
    }
    return PK_OK;
}

static int mast_of(struct question *q)
{
    const char *text = q->args[ARG_MAST];
    const char *colon = strchr(text, ':');
    uint32_t place = pk_crowd_place_of(q->args[ARG_PLACE]);
    char plmn[8] = "";
    char *end = NULL;
    uint64_t cell;

    if (place == 0) {
        return refuse(q->err, PK_EMALF, "place", "a mast has a place: a geohash of 5 letters");
    }
    if (colon != NULL && (size_t)(colon - text) < sizeof(plmn)) {
        memcpy(plmn, text, (size_t)(colon - text));
    }
    cell = colon != NULL && colon[1] >= '0' && colon[1] <= '9' ? strtoull(colon + 1, &end, 10) : 0;
    if (pk_crowd_plmn_of(plmn) == 0 || end == NULL || *end != '\0' || cell >> 36 != 0) {
        return refuse(q->err, PK_EMALF, "mast", "must be PLMN:CELL in decimal, as 26201:12345");
    }
    q->key = pk_crowd_key_of_mast(pk_crowd_plmn_of(plmn), cell, place);
    return PK_OK;
}

static int digest_of(struct question *q, int arg, enum pk_crowd_kind kind)
{
    const char *text = q->args[arg];
    size_t len = strlen(text);
    char whole[SHA256_DIGITS + 1];

    (void)memset(whole, '0', SHA256_DIGITS);
    whole[SHA256_DIGITS] = '\0';
    if (len == SHA256_DIGITS || len == HASH_DIGITS) {
        memcpy(whole, text, len);
        q->key = (struct pk_crowd_key){ .a = pk_crowd_digest_of(whole), .kind = kind };
    }
    return q->key.a != 0 ? PK_OK
                         : refuse(q->err, PK_EMALF, arg_names[arg],
                                   "must be a SHA-256, or its first 16 hex digits");
}

static int understand(struct question *q)
{
    int subjects = (q->args[ARG_NETWORK] != NULL) + (q->args[ARG_MAST] != NULL) +
            (q->args[ARG_APP] != NULL) + (q->args[ARG_SIGNER] != NULL);

    if (subjects != 1) {
        return refuse(q->err, PK_EMALF, "network", "ask for one of: network, mast, app, signer");
    }
    if (q->args[ARG_BSSID] != NULL && q->args[ARG_NETWORK] == NULL) {
        return refuse(q->err, PK_EMALF, "bssid", "an access point is one of a network");
    }
    if (q->args[ARG_PLACE] != NULL && q->args[ARG_NETWORK] == NULL && q->args[ARG_MAST] == NULL) {
        return refuse(q->err, PK_EMALF, "place", "a place goes with a network or a mast");
    }
    return q->args[ARG_NETWORK] != NULL ? network_of(q)
            : q->args[ARG_MAST] != NULL ? mast_of(q)
            : q->args[ARG_APP] != NULL  ? digest_of(q, ARG_APP, PK_CROWD_APP)
                                        : digest_of(q, ARG_SIGNER, PK_CROWD_SIGNER);
}

/* ---- what is known ---- */

struct answer {
    struct pk_call *call;
    struct pk_crowd_door door;
    struct pk_crowd_key key;
    struct pk_crowd_opinion opinion;
    bool known;
    struct pk_array traits; /* of the network */
    struct pk_crowd_names *names;
};

/* One more thing of the network: the worst counts. */
static void ask_also(struct answer *a, const struct pk_crowd_key *key)
{
    struct pk_crowd_opinion other;

    if (key->b != 0 && pk_crowd_server_ask(a->call->server->crowd, key, &other) &&
            (!a->known || other.log_odds > a->opinion.log_odds)) {
        a->opinion = other;
        a->key = *key;
        a->known = true;
    }
}

/* A network as a whole is as bad as the worst of what devices told of it. */
static void ask_all(struct answer *a)
{
    const struct pk_network_trait_row *t = a->traits.items;
    uint64_t network = a->key.a;

    for (size_t i = 0; i < a->traits.count; i++) {
        struct pk_crowd_key key = { .a = network };

        if (t[i].kind == PK_TRAIT_POINT) {
            key.kind = PK_CROWD_POINT;
            key.b = pk_crowd_hardware_of(t[i].value);
            ask_also(a, &key);
        } else if (t[i].kind == PK_TRAIT_PLACE) {
            key.kind = PK_CROWD_SITE;
            key.b = pk_crowd_place_of(t[i].value);
            ask_also(a, &key);
        }
    }
}

static void add_name(
        struct answer *a, enum pk_crowd_attribute attribute, uint64_t raw, const char *text)
{
    struct pk_crowd_names *n = a->names;

    if (raw != 0 && n->count < PK_CROWD_NAMES_MAX) {
        n->items[n->count].attribute = attribute;
        n->items[n->count].value = pk_crowd_attribute_value(attribute, raw);
        n->items[n->count++].text = text;
    }
}

static void add_maker(
        struct answer *a, enum pk_crowd_attribute attribute, uint64_t hardware, const char *text)
{
    bool made_up = (hardware >> 41 & 1) != 0; /* locally administered: no maker gave it */

    add_name(a, attribute, hardware,
            made_up ? "made up by the device" : pk_arena_printf(a->call->arena, "%.8s", text));
}

/* Profiles keep short hashes of values; what devices told of the network gives them back their texts. */
static void learn_names(struct answer *a)
{
    static const char *const security[] = { "open", "open, encrypted (OWE)", "WPA2 or older",
        "WPA3", "enterprise (EAP)" };
    const struct pk_network_trait_row *t = a->traits.items;

    for (size_t i = 0; i < PK_COUNT(security); i++) {
        a->names->items[i].attribute = PK_ATTR_SECURITY;
        a->names->items[i].value = pk_crowd_attribute_value(PK_ATTR_SECURITY, i);
        a->names->items[i].text = security[i];
    }
    a->names->items[PK_COUNT(security)].attribute = PK_ATTR_PORTAL;
    a->names->items[PK_COUNT(security)].value = pk_crowd_attribute_value(PK_ATTR_PORTAL, 0);
    a->names->items[PK_COUNT(security)].text = "none";
    a->names->count = PK_COUNT(security) + 1;
    for (size_t i = 0; i < a->traits.count; i++) {
        uint64_t hardware = pk_crowd_hardware_of(t[i].value);

        if (t[i].kind == PK_TRAIT_GATEWAY) {
            add_name(a, PK_ATTR_GATEWAY, hardware, t[i].value);
            add_maker(a, PK_ATTR_GATEWAY_MAKER, hardware, t[i].value);
        } else if (t[i].kind == PK_TRAIT_POINT) {
            add_maker(a, PK_ATTR_POINT_MAKER, hardware, t[i].value);
        } else if (t[i].kind == PK_TRAIT_RESOLVER) {
            add_name(a, PK_ATTR_RESOLVER, pk_crowd_tenant_of(t[i].value), t[i].value);
        }
    }
}

static int look(struct answer *a, const struct pk_crowd_key *key, struct pk_error *err)
{
    bool network = key->kind == PK_CROWD_POINT || key->kind == PK_CROWD_SITE;
    char id[PK_CROWD_TEXT];
    int rc;

    a->key = *key;
    if (network) {
        rc = pk_network_traits(
                a->call->store, pk_crowd_network_text(key->a, id), a->call->arena, &a->traits, err);
        if (rc < 0) {
            return rc;
        }
    }
    if (network && key->b == 0) {
        ask_all(a);
    } else {
        a->known = pk_crowd_server_ask(a->call->server->crowd, key, &a->opinion);
    }
    return PK_OK;
}

/* ---- how it is told ---- */

#define VOICES_MAX 40 /* more than are kept of a thing */

struct voices {
    struct pk_crowd_testimony items[VOICES_MAX];
    size_t count;
};

/* Under the crowd's lock: only copied. */
static void take_voice(void *ctx, const struct pk_crowd_testimony *said)
{
    struct voices *v = ctx;

    if (v->count < VOICES_MAX) {
        v->items[v->count++] = *said;
    }
}

static int by_weight(const void *a, const void *b)
{
    const struct pk_crowd_testimony *x = a;
    const struct pk_crowd_testimony *y = b;
    float p = x->trust * x->log_odds;
    float q = y->trust * y->log_odds;

    return (p < q) - (p > q);
}

/* Rows without names, and only when there are enough to be lost among; the hour, not the second. */
static json_t *view_voices(struct answer *a)
{
    struct voices v = { .count = 0 };
    json_t *out = json_array();

    pk_crowd_server_each_testimony(a->call->server->crowd, &a->key, take_voice, &v);
    if (v.count < a->door.kanon.least[PK_KANON_VIEW]) {
        return out;
    }
    qsort(v.items, v.count, sizeof(v.items[0]), by_weight);
    for (size_t i = 0; i < v.count; i++) {
        const struct pk_crowd_testimony *s = &v.items[i];

        (void)json_array_append_new(out,
                json_pack("{s:s, s:f, s:f, s:b, s:o}", "says", s->against ? "bad" : "clean",
                        "strength", round((double)s->log_odds * 10) / 10, "trust",
                        round((double)s->trust * 100) / 100, "attested", (int)s->attested, "at",
                        pk_view_time(s->at_s / HOUR_S * HOUR_S * PK_SECOND_MS)));
    }
    return out;
}

static bool add_profile(struct answer *a, json_t *out, const char *level, enum pk_crowd_kind kind,
        uint64_t b, const struct pk_crowd_network *whole, struct pk_crowd_network *got)
{
    struct pk_crowd_key key = { .a = a->key.a, .b = b, .kind = kind };
    bool known = pk_crowd_server_network(a->call->server->crowd, &key, got);

    if (known && got->weight > 0) { /* of attacks alone nothing is learnt */
        (void)json_array_append_new(
                out, pk_view_crowd_profile(&a->door, level, got, whole, a->names));
    }
    return known;
}

static json_t *view_profiles(struct answer *a)
{
    struct pk_crowd_network whole;
    struct pk_crowd_network part;
    json_t *out = json_array();

    if (a->key.kind != PK_CROWD_POINT && a->key.kind != PK_CROWD_SITE) {
        return out;
    }
    a->names = pk_arena_alloc(a->call->arena, 1, sizeof(*a->names));
    if (a->names == NULL) {
        return out;
    }
    learn_names(a);
    if (add_profile(a, out, "network", PK_CROWD_POINT, 0, NULL, &whole) && a->key.b != 0) {
        (void)add_profile(
                a, out, pk_crowd_kind_names[a->key.kind], a->key.kind, a->key.b, &whole, &part);
    }
    return out;
}

/* Of a file, only when its package and its signer are known here: else half of it would be missing. */
static json_t *view_app(struct answer *a)
{
    struct pk_app_file row;
    struct pk_crowd_app app;

    if (a->key.kind != PK_CROWD_APP || !pk_crowd_door_file(&a->door, a->key.a, &row) ||
            row.package == NULL || row.signer == NULL ||
            !pk_crowd_server_app(a->call->server->crowd, pk_crowd_hash(row.package), a->key.a,
                    pk_crowd_digest_of(row.signer), &app)) {
        return json_null();
    }
    return pk_view_crowd_app(&a->door, &app);
}

static const char *summary_of(const struct answer *a, enum pk_kanon_answer answer)
{
    if (answer == PK_KANON_HIDDEN) {
        return "too few devices";
    }
    if (answer == PK_KANON_BARE) {
        return "bad now; too few devices know it for more to be told";
    }
    return !a->known                 ? "not known"
            : a->opinion.before      ? "bad now: enough trusted devices speak against it"
            : a->opinion.devices > 0 ? "doubted: devices speak against it, but not enough"
                                     : "nobody speaks against it";
}

static json_t *view(struct answer *a)
{
    enum pk_kanon_answer answer = pk_crowd_door_ask(
            &a->door, &a->key, a->known ? &a->opinion : NULL);
    bool shown = answer == PK_KANON_SHOWN;
    json_t *thing = json_object();
    json_t *opinion = json_null();

    pk_view_crowd_thing(thing, &a->key, shown ? pk_crowd_door_name(&a->door, &a->key) : NULL);
    if (answer == PK_KANON_BARE || (shown && a->known)) {
        opinion = pk_view_crowd_opinion(&a->door, &a->opinion, !shown);
    }
    return json_pack("{s:o, s:b, s:b, s:I, s:s, s:o, s:o, s:o, s:o}", "thing", thing, "known",
            (int)(shown && a->known), "enough", (int)shown, "min_devices",
            (json_int_t)a->call->server->settings.crowd->min_devices, "summary",
            summary_of(a, answer), "opinion", opinion, "profiles",
            shown ? view_profiles(a) : json_array(), "app", shown ? view_app(a) : json_null(),
            "voices", shown ? view_voices(a) : json_array());
}

int pk_api_crowd_explain(struct pk_call *call, struct pk_error *err)
{
    struct question q = { .err = err };
    struct answer a = { .call = call };
    int rc = pk_request_query_each(call->request, take, &q);

    if (rc == PK_OK) {
        rc = understand(&q);
    }
    if (rc == PK_OK) {
        pk_crowd_door_init(&a.door, call);
        rc = look(&a, &q.key, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 200, view(&a));
}
