#include "server/verdict.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "model/observation.h"
#include "server/peer.h"

#define RECENT_MS    (7 * PK_DAY_MS)
#define ROWS_MAX     500 /* newest incidents on the network that are looked at */
#define THREATS_MAX  32
#define DEVICES_MIN  2 /* one device's word alone makes no network hostile */
#define BSSID_LENGTH 17

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

/* A forged certificate chain proves itself; anything else needs a second device. */
static bool proves_itself(const struct pk_threat *threat)
{
    return strcmp(threat->id, "network.tls_untrusted_ca") == 0;
}

static json_t *verdict(const char *id, const struct tally *tally, size_t devices)
{
    json_t *threats = json_array();
    bool bad = false;
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < tally->count; i++) {
        const struct seen_threat *t = &tally->threats[i];

        bad |= t->threat->severity >= PK_SEVERITY_MEDIUM &&
                (t->devices >= DEVICES_MIN || proves_itself(t->threat));
        (void)json_array_append_new(threats,
                json_pack("{s:s, s:i, s:s}", "threat", t->threat->id, "devices", (int)t->devices,
                        "last_at", pk_time_format(t->last_ms, at)));
    }
    return json_pack("{s:s, s:s, s:o, s:i}", "network", id, "verdict", bad ? "bad" : "unknown",
            "threats", threats, "devices", (int)devices);
}

static int known_query(const char *name, const char *value, void *ctx)
{
    const char **unknown = ctx;

    (void)value;
    *unknown = name;
    return strcmp(name, "id") == 0 || strcmp(name, "bssid") == 0 ? PK_OK : PK_EUNKNOWN;
}

/* The id that is asked for; NULL: answered. */
static const char *read_query(struct pk_request *request)
{
    const char *id = pk_request_query(request, "id");
    const char *bssid = pk_request_query(request, "bssid");
    const char *unknown = NULL;

    if (pk_request_query_each(request, known_query, &unknown) < 0) {
        pk_reply_problem(request, 400, "unknown_key", "unknown query parameter", unknown);
        return NULL;
    }
    if (id == NULL || !is_network_id(id)) {
        pk_reply_problem(request, 400, "bad_request",
                "id must be a network id: net- and 16 hex digits", "id");
        return NULL;
    }
    if (bssid != NULL && !is_bssid(bssid)) {
        pk_reply_problem(request, 400, "bad_request",
                "bssid must be a hardware address: aa:bb:cc:dd:ee:ff", "bssid");
        return NULL;
    }
    return id;
}

void pk_verdict_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_arena *arena = pk_request_arena(request);
    struct pk_error err = { 0 };
    struct pk_page page = { 0 };
    struct tally *tally;
    struct pk_store *store;
    struct pk_peer peer;
    const char *who[ROWS_MAX];
    size_t devices = 0;
    const char *id;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    id = read_query(request);
    store = id != NULL ? pk_server_store_for(s, request) : NULL;
    if (store == NULL) {
        return;
    }
    struct pk_filter filter = { .field = "subject", .values = { .items = &id, .count = 1 } };
    struct pk_query query = { .limit = ROWS_MAX,
        .sort = "-updated_at",
        .filters = &filter,
        .filter_count = 1,
        .now_ms = pk_server_now(s) };
    tally = pk_arena_alloc(arena, 1, sizeof(*tally));
    if (tally == NULL || pk_incident_list(store, &query, arena, &page, &err) < 0) {
        err.code = err.code == PK_OK ? PK_ENOMEM : err.code;
        pk_reply_error(request, &err);
        return;
    }
    const struct pk_incident_row *rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        const struct pk_incident *incident = &rows[i].incident;

        if (incident->state == PK_INCIDENT_DISMISSED ||
                (incident->ended_ms > 0 && incident->ended_ms < query.now_ms - RECENT_MS)) {
            continue;
        }
        (void)add_who(who, &devices, incident->device);
        count_incident(tally, incident);
    }
    pk_reply_json(request, 200, verdict(id, tally, devices));
}
