#include "server/ledger.h"

#include "base/clock.h"
#include "server/peer.h"

#define LOOKED_MAX 100 /* newest looks that are shown */

int pk_ledger_add(struct pk_store *store, const struct pk_entry *entry, struct pk_error *err)
{
    const struct pk_observation *o = entry->report.observations.items;
    struct pk_ledger_counts more = { .reports = 1 };

    for (size_t i = 0; i < entry->report.observations.count; i++) {
        if (o[i].seq > entry->after_seq) {
            more.by_kind[o[i].kind]++;
        }
    }
    return pk_ledger_counts_add(store, entry->device, &more, err);
}

static json_t *counts_json(const struct pk_ledger_counts *counts)
{
    json_t *by_kind = json_object();
    json_int_t all = 0;

    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        all += counts->by_kind[kind];
        if (counts->by_kind[kind] > 0) {
            (void)json_object_set_new(
                    by_kind, pk_observation_kind_names[kind], json_integer(counts->by_kind[kind]));
        }
    }
    return json_pack("{s:I, s:I, s:o}", "reports", (json_int_t)counts->reports, "observations", all,
            "by_kind", by_kind);
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
                json_pack("{s:s, s:s, s:s}", "at", pk_time_format(rows[i].at_ms, at), "who",
                        rows[i].actor, "what", rows[i].act));
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

void pk_ledger_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_arena *arena = pk_request_arena(request);
    struct pk_error err = { 0 };
    struct pk_device device;
    struct pk_store *store;
    struct pk_peer peer;
    struct pk_ledger_counts counts;
    json_t *body;
    json_t *looks = NULL;
    int rc;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    rc = pk_device_get(store, peer.device, arena, &device, &err);
    if (rc == PK_OK) {
        rc = pk_ledger_counts_get(store, peer.device, &counts, &err);
    }
    looks = rc == PK_OK ? looked(store, peer.device, arena, &err) : NULL;
    if (looks == NULL) {
        err.code = err.code == PK_OK ? PK_ENOMEM : err.code;
        pk_reply_error(request, &err);
        return;
    }
    body = counts_json(&counts);
    (void)json_object_set_new(body, "device", device_json(&device));
    (void)json_object_set_new(body, "looked", looks);
    pk_reply_json(request, 200, body);
}
