#include "server/verdict.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "crowd/key.h"
#include "model/observation.h"
#include "server/crowd.h"
#include "server/crowd_words.h"
#include "server/exchange.h"
#include "server/peer.h"
#include "server/view_foresight.h"
#include "store/networks.h"

#define RECENT_MS    (7 * PK_DAY_MS)
#define ROWS_MAX     500 /* newest incidents on the network that are looked at */
#define THREATS_MAX  32
#define DEVICES_MIN  2 /* one device's word alone makes no network hostile */
#define BSSID_LENGTH 17
#define PLACE_LENGTH 5
#define POINTS_MAX   16 /* bad access points of one network that are asked for */
#define CLEAN_WEIGHT \
    1.0 /* visits by trusted devices, faded, that make an access point a known one */

struct seen_threat {
    const struct pk_threat *threat;
    int64_t last_ms;
    size_t devices;
    const char *who[ROWS_MAX]; /* only counted, never named */
};

struct tally {
    struct seen_threat threats[THREATS_MAX];
    size_t count;
};

static bool is_network_id(const char *id)
{
    uint8_t bytes[8];

    return strlen(id) == PK_NETWORK_ID - 1 && memcmp(id, "net-", 4) == 0 &&
            pk_unhex(id + 4, bytes, sizeof(bytes)) == PK_OK;
}

static bool is_bssid(const char *text)
{
    if (strlen(text) != BSSID_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < BSSID_LENGTH; i++) {
        if (i % 3 == 2 ? text[i] != ':' : strchr("0123456789abcdefABCDEF", text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool add_who(const char **who, size_t *count, const char *device)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(who[i], device) == 0) {
            return false;
        }
    }
    if (*count < ROWS_MAX) {
        who[(*count)++] = device;
    }
    return true;
}

static void count_incident(struct tally *tally, const struct pk_incident *incident)
{
    struct seen_threat *t = tally->threats;
    struct seen_threat *end = t + tally->count;

    while (t < end && t->threat != incident->threat) {
        t++;
    }
    if (t == end) {
        if (tally->count == THREATS_MAX) {
            return;
        }
        tally->count++;
        t->threat = incident->threat;
    }
    (void)add_who(t->who, &t->devices, incident->device);
    t->last_ms = incident->updated_ms > t->last_ms ? incident->updated_ms : t->last_ms;
}

/* The crowd's word is asked for itself; what was concluded from it must not prop it up. */
static bool is_crowds_own(const struct pk_incident *incident)
{
    const char *by = incident->rule != NULL ? strrchr(incident->rule, '/') : NULL;

    return by != NULL && strcmp(by, "/crowd") == 0;
}

/* A forged certificate chain proves itself; anything else needs a second device. */
static bool proves_itself(const struct pk_threat *threat)
{
    return strcmp(threat->id, "network.tls_untrusted_ca") == 0;
}

/* What is asked about. */
struct question {
    const char *id;
    const char *bssid; /* NULL: any of its access points */
    const char *place; /* NULL: not told */
    int security;      /* enum pk_sight_security */
    const char *device;
};

static bool own_incidents_say_bad(const struct tally *tally)
{
    for (size_t i = 0; i < tally->count; i++) {
        const struct seen_threat *t = &tally->threats[i];

        if (t->threat->severity >= PK_SEVERITY_MEDIUM &&
                (t->devices >= DEVICES_MIN || proves_itself(t->threat))) {
            return true;
        }
    }
    return false;
}

static json_t *threats(const struct tally *tally)
{
    json_t *list = json_array();
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < tally->count; i++) {
        const struct seen_threat *t = &tally->threats[i];

        (void)json_array_append_new(list,
                json_pack("{s:s, s:i, s:s}", "threat", t->threat->id, "devices", (int)t->devices,
                        "last_at", pk_time_format(t->last_ms, at)));
    }
    return list;
}

/* ---- the crowd ---------------------------------------------------------------------------------- */

/* The worse of both, when the crowd knows this one at all. */
static void ask(
        struct pk_crowd_server *crowd, struct pk_crowd_key key, struct pk_crowd_opinion *worst)
{
    struct pk_crowd_opinion one;

    if (key.b != 0 && pk_crowd_server_ask(crowd, &key, &one) &&
            (one.before > worst->before ||
                    (one.before == worst->before && one.log_odds > worst->log_odds))) {
        *worst = one;
    }
}

/* Nobody said which access point: the worst of those that are bad. */
static int ask_any(struct pk_server *s, struct pk_store *store, uint64_t network,
        struct pk_arena *arena, struct pk_crowd_opinion *worst, struct pk_error *err)
{
    struct pk_array bad;
    const struct pk_crowd_change_row *rows;
    int rc = pk_crowd_bad_of(store, PK_CROWD_POINT, (int64_t)network, POINTS_MAX, arena, &bad, err);

    rows = rc == PK_OK ? bad.items : NULL;
    for (size_t i = 0; rows != NULL && i < bad.count; i++) {
        ask(s->crowd, pk_crowd_key_of_thing(&rows[i].thing), worst);
    }
    return rc;
}

static int ask_crowd(struct pk_server *s, struct pk_store *store, const struct question *q,
        struct pk_arena *arena, struct pk_crowd_opinion *worst, struct pk_error *err)
{
    uint64_t network = pk_crowd_network_of(q->id);

    *worst = (struct pk_crowd_opinion){ .log_odds = -INFINITY };
    if (s->crowd == NULL) {
        return PK_OK;
    }
    ask(s->crowd, pk_crowd_key_of_point(q->id, q->bssid), worst);
    ask(s->crowd, pk_crowd_key_of_site(q->id, q->place), worst);
    return q->bssid != NULL ? PK_OK : ask_any(s, store, network, arena, worst, err);
}

/* Enough devices met it, one has checked it, nothing speaks against it; and the access point is one of its
 * own. */
static bool is_good(struct pk_server *s, struct pk_store *store, const struct question *q,
        const struct pk_crowd_opinion *opinion, struct pk_arena *arena)
{
    struct pk_crowd_key key = pk_crowd_key_of_point(q->id, q->bssid);
    struct pk_crowd_network profile;
    struct pk_network_row row;
    struct pk_error err = { 0 };

    if (s->crowd == NULL || opinion->devices > 0 ||
            pk_network_get(store, q->id, arena, &row, &err) < 0 ||
            row.standing != PK_NETWORK_CLEAN || row.devices < s->settings.crowd->min_devices) {
        return false;
    }
    return q->bssid == NULL ||
            (pk_crowd_server_network(s->crowd, &key, &profile) && profile.weight >= CLEAN_WEIGHT);
}

/* What other organisations' servers say of an access point that our own devices do not know. Where they do, the
 * others' voices are in our crowd already, and it decides. */
static bool is_warned_of(struct pk_server *s, const struct question *q, json_t *why)
{
    struct pk_crowd_key key = pk_crowd_key_of_point(q->id, q->bssid);
    struct pk_crowd_network profile;
    struct pk_exchange_word word;

    if (q->bssid == NULL ||
            (pk_crowd_server_network(s->crowd, &key, &profile) && profile.weight >= CLEAN_WEIGHT) ||
            !pk_exchange_warns(s->exchange, &key, &word)) {
        return false;
    }
    (void)json_array_append_new(why,
            json_string((word.flags & PK_EXCHANGE_SEVERAL) != 0
                            ? "Several other organisations saw an attack by this access point"
                            : "Another organisation saw an attack by this access point"));
    return true;
}

/* What joining it would mean, whoever carries the name there. */
static json_t *zone_of(struct pk_server *s, const struct question *q, struct pk_arena *arena,
        struct pk_foresight_zone *zone)
{
    struct pk_visit_where at = { .network = pk_crowd_network_of(q->id),
        .point = pk_crowd_hardware_of(q->bssid),
        .place = pk_crowd_place_of(q->place),
        .city = pk_crowd_city_of(q->place),
        .security = (uint8_t)q->security };

    return pk_view_foresight_zone(pk_crowd_server_before(s->crowd, &at, arena, zone) ? zone : NULL);
}

static int reply(struct pk_request *request, struct pk_server *s, struct pk_store *store,
        const struct question *q, const struct tally *tally, size_t devices, struct pk_error *err)
{
    struct pk_arena *arena = pk_request_arena(request);
    struct pk_crowd_opinion opinion;
    struct pk_foresight_zone zone = { .standing = PK_ZONE_STANDING_UNKNOWN };
    const char *word = "unknown";
    json_t *answer;
    json_t *why;
    int rc = ask_crowd(s, store, q, arena, &opinion, err);

    if (rc < 0) {
        return rc;
    }
    why = pk_crowd_words(&opinion, s->settings.crowd->min_devices, arena);
    if (opinion.before || own_incidents_say_bad(tally) || is_warned_of(s, q, why)) {
        word = "bad";
    } else if (tally->count == 0 && is_good(s, store, q, &opinion, arena)) {
        word = "good";
    }
    answer = json_pack("{s:s, s:s, s:o, s:i, s:o, s:o}", "network", q->id, "verdict", word,
            "threats", threats(tally), "devices", (int)devices, "why", why, "zone",
            zone_of(s, q, arena, &zone));
    if (answer != NULL && isfinite(opinion.log_odds)) {
        (void)json_object_set_new(answer, "log_odds", json_real((double)opinion.log_odds));
    }
    if (strcmp(word, "bad") == 0 || zone.standing == PK_ZONE_STANDING_RED) {
        rc = pk_crowd_server_warns(s->crowd, store, q->device, pk_crowd_network_of(q->id), err);
    }
    if (rc < 0) {
        json_decref(answer);
        return rc;
    }
    pk_reply_json(request, 200, answer);
    return PK_OK;
}

/* ---- the request -------------------------------------------------------------------------------- */

static int known_query(const char *name, const char *value, void *ctx)
{
    const char **unknown = ctx;

    (void)value;
    *unknown = name;
    return strcmp(name, "id") == 0 || strcmp(name, "bssid") == 0 || strcmp(name, "place") == 0 ||
                    strcmp(name, "security") == 0
            ? PK_OK
            : PK_EUNKNOWN;
}

/* Not told: as most networks are, with a password. */
static int security_of(const char *text)
{
    static const char *const names[] = { "open", "owe", "wpa2", "wpa3", "eap", NULL };
    int i = 0;

    if (text == NULL) {
        return PK_SIGHT_WPA2;
    }
    while (names[i] != NULL && strcmp(names[i], text) != 0) {
        i++;
    }
    return names[i] != NULL ? i : -1;
}

static bool refuse(struct pk_request *request, const char *why, const char *key)
{
    pk_reply_problem(request, 400, "bad_request", why, key);
    return false;
}

/* false: answered. */
static bool read_query(struct pk_request *request, struct question *out)
{
    const char *unknown = NULL;

    out->id = pk_request_query(request, "id");
    out->bssid = pk_request_query(request, "bssid");
    out->place = pk_request_query(request, "place");
    out->security = security_of(pk_request_query(request, "security"));
    if (pk_request_query_each(request, known_query, &unknown) < 0) {
        pk_reply_problem(request, 400, "unknown_key", "unknown query parameter", unknown);
        return false;
    }
    if (out->id == NULL || !is_network_id(out->id)) {
        return refuse(request, "id must be a network id: net- and 16 hex digits", "id");
    }
    if (out->bssid != NULL && !is_bssid(out->bssid)) {
        return refuse(request, "bssid must be a hardware address: aa:bb:cc:dd:ee:ff", "bssid");
    }
    if (out->security < 0) {
        return refuse(request, "security must be open, owe, wpa2, wpa3 or eap", "security");
    }
    if (out->place != NULL &&
            (strlen(out->place) != PLACE_LENGTH || pk_crowd_place_of(out->place) == 0)) {
        return refuse(request, "place must be a geohash of 5 letters", "place");
    }
    return true;
}

static void count_incidents(
        struct tally *tally, const struct pk_page *page, int64_t now_ms, size_t *devices)
{
    const struct pk_incident_row *rows = page->items;
    const char *who[ROWS_MAX];

    for (size_t i = 0; i < page->count; i++) {
        const struct pk_incident *incident = &rows[i].incident;

        if (incident->state == PK_INCIDENT_DISMISSED || is_crowds_own(incident) ||
                (incident->ended_ms > 0 && incident->ended_ms < now_ms - RECENT_MS)) {
            continue;
        }
        (void)add_who(who, devices, incident->device);
        count_incident(tally, incident);
    }
}

void pk_verdict_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_arena *arena = pk_request_arena(request);
    struct pk_error err = { 0 };
    struct pk_page page = { 0 };
    struct question question;
    struct tally *tally;
    struct pk_store *store;
    struct pk_peer peer;
    size_t devices = 0;
    int rc;

    if (!pk_peer_of(request, s, &peer) || !read_query(request, &question)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    question.device = peer.device;
    struct pk_filter filter = { .field = "subject",
        .values = { .items = &question.id, .count = 1 } };
    struct pk_query query = { .limit = ROWS_MAX,
        .sort = "-updated_at",
        .filters = &filter,
        .filter_count = 1,
        .now_ms = pk_server_now(s) };
    tally = pk_arena_alloc(arena, 1, sizeof(*tally));
    rc = tally != NULL ? pk_incident_list(store, &query, arena, &page, &err)
                       : pk_error_set(&err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        count_incidents(tally, &page, query.now_ms, &devices);
        rc = reply(request, s, store, &question, tally, devices, &err);
    }
    if (rc < 0) {
        pk_reply_error(request, &err);
    }
}
