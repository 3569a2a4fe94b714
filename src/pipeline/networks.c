/* What devices say of the networks they are on, as rows that people can look at. */
#include "store/networks.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/circle.h"

/* A device that invents networks must not fill the store. People meet a few hundred in a life. */
#define NETWORKS_OF_DEVICE_MAX 5000
#define CHECKED_EVERY_MS       PK_HOUR_MS
#define MAKER_LEN              8                 /* of "02:00:5e" in a BSSID */
#define FIRST_TRAIT            PK_OBS_KIND_COUNT /* behind the kinds of observations */

static bool is_network(const char *id)
{
    return id != NULL && strncmp(id, "net-", 4) == 0 && strlen(id) < PK_ID_TEXT;
}

/* The row, or a new one that is not written yet. PK_ELIMIT: there shall be no more. */
static int load(
        struct pk_circle *c, const char *id, int64_t at_ms, struct pk_network_row *out, bool *fresh)
{
    int64_t count = 0;
    int rc = pk_network_get(c->store, id, c->arena, out, c->err);

    *fresh = rc == PK_ENOENT;
    if (rc != PK_ENOENT) {
        return rc;
    }
    rc = pk_network_count_of(c->store, c->device.id, &count, c->err);
    if (rc < 0) {
        return rc;
    }
    *out = (struct pk_network_row){ .first_ms = at_ms, .last_ms = at_ms };
    (void)snprintf(out->id, sizeof(out->id), "%s", id);
    return count >= NETWORKS_OF_DEVICE_MAX ? PK_ELIMIT : PK_OK;
}

/* A report often says the same of a network again and again: once is enough. */
static bool is_first(struct pk_circle *c, const char *network, int what, const char *value)
{
    for (size_t i = 0; i < c->seen_count; i++) {
        if (c->seen[i].what == what && strcmp(c->seen[i].value, value) == 0 &&
                strcmp(c->seen[i].network, network) == 0) {
            return false;
        }
    }
    if (c->seen_count < PK_SEEN_AT_ONCE) {
        c->seen[c->seen_count++] = (struct pk_circle_seen){ network, value, what };
    }
    return true;
}

static void seen_at(struct pk_network_row *row, int64_t at_ms)
{
    row->first_ms = at_ms < row->first_ms ? at_ms : row->first_ms;
    row->last_ms = at_ms > row->last_ms ? at_ms : row->last_ms;
}

static int trait(struct pk_circle *c, const char *id, int kind, const char *value, int64_t at_ms)
{
    return value != NULL && value[0] != '\0' && is_first(c, id, FIRST_TRAIT + kind, value)
            ? pk_network_trait_put(c->store, id, kind, value, at_ms, c->err)
            : PK_OK;
}

static int point(struct pk_circle *c, const char *id, const char *bssid, int64_t at_ms)
{
    const char *maker;
    int rc = trait(c, id, PK_TRAIT_POINT, bssid, at_ms);

    if (rc < 0 || bssid == NULL || strlen(bssid) < MAKER_LEN) {
        return rc;
    }
    maker = pk_arena_strndup(c->arena, bssid, MAKER_LEN);
    return maker != NULL ? trait(c, id, PK_TRAIT_MAKER, maker, at_ms)
                         : pk_error_set(c->err, PK_ENOMEM, "out of memory");
}

static int traits(struct pk_circle *c, const struct pk_observation *o)
{
    const struct pk_obs_network *n = o->net;
    int rc = point(c, o->network, n->bssid, o->at_ms);

    if (rc == PK_OK) {
        rc = trait(c, o->network, PK_TRAIT_GATEWAY, n->gateway_mac, o->at_ms);
    }
    for (size_t i = 0; i < n->dns.count && rc == PK_OK; i++) {
        rc = trait(c, o->network, PK_TRAIT_RESOLVER, n->dns.items[i], o->at_ms);
    }
    return rc < 0 ? rc : trait(c, o->network, PK_TRAIT_PLACE, n->place, o->at_ms);
}

static int note_network(struct pk_circle *c, const struct pk_observation *o)
{
    const struct pk_obs_network *n = o->net;
    struct pk_network_row row;
    bool fresh;
    int rc = load(c, o->network, o->at_ms, &row, &fresh);

    if (rc < 0) {
        return rc;
    }
    if (n->event != PK_NETWORK_LEFT && (fresh || o->at_ms >= row.last_ms)) {
        row.link = n->link != 0 ? n->link : row.link;
        row.security = n->security != 0 ? n->security : row.security;
        row.place = n->place != NULL ? n->place : row.place;
    }
    seen_at(&row, o->at_ms);
    rc = pk_network_put(c->store, &row, c->err);
    if (rc == PK_OK) {
        rc = pk_network_visit(c->store, o->network, c->device.id, o->at_ms,
                n->event == PK_NETWORK_JOINED, c->err);
    }
    return rc < 0 || n->event == PK_NETWORK_LEFT ? rc : traits(c, o);
}

/* Only those that belong to it: whoever pretends stands in the incident. */
static int note_wifi(struct pk_circle *c, const struct pk_observation *o)
{
    const struct pk_wifi_point *p = o->wifi->points.items;
    int rc = PK_OK;

    for (size_t i = 0; i < o->wifi->points.count && rc == PK_OK; i++) {
        if (p[i].network != NULL && strcmp(p[i].network, o->network) == 0 && !p[i].doubled &&
                (p[i].bssid_known == PK_TRI_YES || p[i].listed == PK_TRI_YES)) {
            rc = point(c, o->network, p[i].bssid, o->at_ms);
        }
    }
    return rc;
}

/* A network that was checked and where nothing is open is clean. */
static int note_checked(struct pk_circle *c, const struct pk_observation *o)
{
    struct pk_network_row row;
    bool fresh;
    int rc;

    if (strcmp(c->checked, o->network) == 0) {
        return PK_OK;
    }
    rc = load(c, o->network, o->at_ms, &row, &fresh);
    if (rc < 0) {
        return rc;
    }
    (void)snprintf(c->checked, sizeof(c->checked), "%s", o->network);
    if (row.checked_ms > o->at_ms - CHECKED_EVERY_MS && row.standing != PK_NETWORK_UNKNOWN) {
        return PK_OK;
    }
    seen_at(&row, o->at_ms);
    row.checked_ms = o->at_ms > row.checked_ms ? o->at_ms : row.checked_ms;
    row.standing = row.standing == PK_NETWORK_UNKNOWN ? PK_NETWORK_CLEAN : row.standing;
    rc = pk_network_put(c->store, &row, c->err);
    return rc < 0 ? rc
                  : pk_network_visit(c->store, o->network, c->device.id, o->at_ms, false, c->err);
}

/* Certificates stand in the incident when they matter; here their names are enough. */
static void drop_pem(json_t *body)
{
    json_t *chain = json_object_get(body, "chain");

    for (size_t i = 0; i < json_array_size(chain); i++) {
        (void)json_object_del(json_array_get(chain, i), "pem");
    }
}

static int note_fact(struct pk_circle *c, const struct pk_observation *o)
{
    json_t *all = pk_observation_encode(o, true);
    json_t *body = json_object_get(all, pk_observation_kind_names[o->kind]);
    struct pk_network_fact fact = { .kind = o->kind,
        .part = o->kind == PK_OBS_TLS ? o->tls->host : "",
        .at_ms = o->at_ms,
        .body = body };
    int rc;

    if (body == NULL) {
        json_decref(all);
        return all != NULL ? PK_OK : pk_error_set(c->err, PK_ENOMEM, "out of memory");
    }
    drop_pem(body);
    rc = pk_network_fact_put(c->store, o->network, &fact, c->err);
    json_decref(all);
    return rc;
}

static bool is_check(int kind)
{
    return kind == PK_OBS_GATEWAY || kind == PK_OBS_DNS || kind == PK_OBS_TLS ||
            kind == PK_OBS_HTTP;
}

static bool is_fact(int kind)
{
    return is_check(kind) || kind == PK_OBS_NETWORK || kind == PK_OBS_LEASE ||
            kind == PK_OBS_ROUTERS || kind == PK_OBS_PROXY || kind == PK_OBS_PORTAL ||
            kind == PK_OBS_WIFI;
}

int pk_circle_network(struct pk_circle *c, const struct pk_observation *o)
{
    int rc = PK_OK;

    if (!is_network(o->network) || !is_fact(o->kind)) {
        return PK_OK;
    }
    if (o->kind == PK_OBS_NETWORK) {
        rc = note_network(c, o);
    } else if (o->kind == PK_OBS_WIFI) {
        rc = note_wifi(c, o);
    } else if (is_check(o->kind)) {
        rc = note_checked(c, o);
    }
    if (rc == PK_OK && (o->kind != PK_OBS_NETWORK || o->net->event != PK_NETWORK_LEFT) &&
            is_first(c, o->network, o->kind, o->kind == PK_OBS_TLS ? o->tls->host : "")) {
        rc = note_fact(c, o);
    }
    return rc == PK_ELIMIT ? PK_OK : rc;
}

int pk_circle_network_incident(struct pk_circle *c, const struct pk_incident *incident)
{
    struct pk_network_row row;
    bool fresh;
    int rc;

    if (!is_network(incident->subject)) {
        return PK_OK;
    }
    rc = load(c, incident->subject, incident->updated_ms, &row, &fresh);
    if (rc < 0) {
        return rc == PK_ELIMIT ? PK_OK : rc;
    }
    if (incident->severity >= PK_SEVERITY_MEDIUM && incident->state == PK_INCIDENT_OPEN &&
            incident->updated_ms > row.bad_ms) {
        row.bad_ms = incident->updated_ms;
        row.bad_threat = incident->threat->id;
        seen_at(&row, incident->updated_ms);
        rc = pk_network_put(c->store, &row, c->err);
    }
    /* A network without a row has nothing to be judged; the end of an incident does not make one. */
    return rc < 0 ? rc : pk_network_judge(c->store, row.id, c->err);
}
