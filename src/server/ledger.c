#include "server/ledger.h"

#include "base/clock.h"
#include "crowd/kanon.h"
#include "server/erase.h"
#include "server/peer.h"

#define LOOKED_MAX 100 /* newest looks that are shown */
#define DAYS_MAX   60

int pk_ledger_add(struct pk_store *store, const struct pk_entry *entry, struct pk_error *err)
{
    const struct pk_observation *o = entry->report.observations.items;
    struct pk_ledger_counts more = { .reports = 1 };

    for (size_t i = 0; i < entry->report.observations.count; i++) {
        if (o[i].seq > entry->after_seq) {
            more.by_kind[o[i].kind]++;
        }
    }
    more.bytes = (int64_t)entry->packed.len;
    if (pk_ledger_counts_add(store, entry->device, &more, err) < 0) {
        return err->code;
    }
    return pk_ledger_day_add(store, entry->device, entry->received_ms, &more, err);
}

static json_t *kinds_json(const struct pk_ledger_counts *counts, json_int_t *all)
{
    json_t *by_kind = json_object();

    *all = 0;
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        *all += counts->by_kind[kind];
        if (counts->by_kind[kind] > 0) {
            (void)json_object_set_new(
                    by_kind, pk_observation_kind_names[kind], json_integer(counts->by_kind[kind]));
        }
    }
    return by_kind;
}

static json_t *counts_json(const struct pk_ledger_counts *counts)
{
    json_int_t all;
    json_t *by_kind = kinds_json(counts, &all);

    return json_pack("{s:I, s:I, s:o}", "reports", (json_int_t)counts->reports, "observations", all,
            "by_kind", by_kind);
}

static json_t *days_json(
        struct pk_store *store, const char *device, struct pk_arena *arena, struct pk_error *err)
{
    const struct pk_ledger_day *days;
    struct pk_array list = { 0 };
    char at[PK_TIME_TEXT];
    json_t *out;

    if (pk_ledger_days(store, device, DAYS_MAX, arena, &list, err) < 0) {
        return NULL;
    }
    out = json_array();
    days = list.items;
    for (size_t i = 0; i < list.count; i++) {
        json_int_t all;
        json_t *by_kind = kinds_json(&days[i].counts, &all);

        pk_time_format(days[i].day * PK_DAY_MS, at)[10] = '\0';
        (void)json_array_append_new(out,
                json_pack("{s:s, s:I, s:I, s:I, s:o}", "day", at, "reports",
                        (json_int_t)days[i].counts.reports, "observations", all, "bytes",
                        (json_int_t)days[i].counts.bytes, "by_kind", by_kind));
    }
    return out;
}

/* ---- what others may be told of the networks that it met: numbers alone ------------------------------ */

struct networks {
    struct pk_kanon kanon;
    json_int_t met, homes, view, exchange;
};

static int count_network(void *ctx, const struct pk_personal_network *network)
{
    static const uint8_t security[] = { PK_KANON_UNKNOWN, PK_KANON_OPEN, PK_KANON_OPEN,
        PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED,
        PK_KANON_PERSONAL };
    struct networks *n = ctx;
    struct pk_kanon_thing thing = { .devices = (uint32_t)network->devices, .own = network->own };

    if (network->security > 0 && network->security < (int)PK_COUNT(security)) {
        thing.security = security[network->security];
    }
    n->met++;
    n->homes += pk_kanon_is_home(&n->kanon, &thing) ? 1 : 0;
    n->view += pk_kanon_ask(&n->kanon, PK_KANON_VIEW, &thing) == PK_KANON_SHOWN ? 1 : 0;
    n->exchange += pk_kanon_ask(&n->kanon, PK_KANON_EXCHANGE, &thing) == PK_KANON_SHOWN ? 1 : 0;
    return PK_OK;
}

static json_t *networks_json(
        struct pk_server *s, struct pk_store *store, const char *device, struct pk_error *err)
{
    struct networks n = { .kanon = pk_privacy_kanon(s->settings.privacy,
                                  s->settings.crowd->min_devices,
                                  s->settings.exchange->min_devices) };

    if (pk_personal_networks(store, device, count_network, &n, err) < 0) {
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:I}", "met", n.met, "homes", n.homes, "view", n.view,
            "exchange", n.exchange);
}

/* Who looked at or changed this device, newest first. */
static json_t *looked(
        struct pk_store *store, const char *device, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_filter filter = { .field = "target", .values = { .items = &device, .count = 1 } };
    struct pk_query query = { .limit = LOOKED_MAX, .filters = &filter, .filter_count = 1 };
    struct pk_page page = { 0 };
    const struct pk_audit_row *rows;
    json_t *list;
    char at[PK_TIME_TEXT];

    if (pk_audit_list(store, &query, arena, &page, err) < 0) {
        return NULL;
    }
    list = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(list,
                json_pack("{s:s, s:s, s:s, s:O*}", "at", pk_time_format(rows[i].at_ms, at), "who",
                        rows[i].actor, "what", rows[i].act, "role",
                        json_object_get(rows[i].detail, "role")));
    }
    return list;
}

/* A time that may be absent. */
static json_t *time_or_null(int64_t at_ms)
{
    char at[PK_TIME_TEXT];

    return at_ms > 0 ? json_string(pk_time_format(at_ms, at)) : json_null();
}

static json_t *device_json(const struct pk_device *d)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s?}, s:s, s:o, s:o, s:I, s:O?, "
                     "s:O?}",
            "id", d->id, "name", d->name, "group", d->group, "platform",
            pk_platform_names[d->platform], "model", d->model, "os", "name", d->os_name, "version",
            d->os_version, "kernel", d->kernel, "patch", d->patch, "agent", d->agent, "enrolled_at",
            time_or_null(d->enrolled_ms), "last_seen_at", time_or_null(d->seen_ms), "risk_score",
            (json_int_t)d->risk_score, "posture", d->posture, "network", d->network);
}

static json_t *erasure_json(
        struct pk_store *store, const char *device, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_erasure erasure;
    int rc = pk_erasure_of(store, device, arena, &erasure, err);

    return rc == PK_ENOENT ? json_null() : rc < 0 ? NULL : pk_erase_view(&erasure, "");
}

/* Adds a part; false: it could not be made. */
static bool add(json_t *body, const char *name, json_t *part)
{
    return part != NULL && json_object_set_new(body, name, part) == 0;
}

int pk_ledger_make(struct pk_server *s, struct pk_store *store, const char *device,
        struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_ledger_counts counts = { 0 };
    struct pk_device row;
    json_t *body;
    int rc = pk_device_get(store, device, arena, &row, err);

    if (rc == PK_OK) {
        rc = pk_ledger_counts_get(store, device, &counts, err);
    }
    if (rc < 0) {
        return rc;
    }
    body = counts_json(&counts);
    if (!add(body, "device", device_json(&row)) ||
            !add(body, "days", days_json(store, device, arena, err)) ||
            !add(body, "networks", networks_json(s, store, device, err)) ||
            !add(body, "erasure", erasure_json(store, device, arena, err)) ||
            !add(body, "looked", looked(store, device, arena, err))) {
        json_decref(body);
        return err->code < 0 ? err->code : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *out = body;
    return PK_OK;
}

void pk_ledger_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_store *store;
    struct pk_peer peer;
    json_t *body = NULL;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    if (pk_ledger_make(s, store, peer.device, pk_request_arena(request), &body, &err) < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_json(request, 200, body);
}
