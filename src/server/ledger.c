#include "server/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/peer.h"

#define ROW_MEMORY 65536UL
#define LOOKED_MAX 100 /* newest looks that are shown */

static void key_of(const char *device, char out[64])
{
    (void)snprintf(out, 64, "ledger.%s", device);
}

/* The counts so far; a new reference. */
static int load(struct pk_store *store, const char *device, json_t **out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ROW_MEMORY);
    const char *text = NULL;
    char key[64];
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    key_of(device, key);
    rc = pk_meta_get(store, key, arena, &text, err);
    if (rc == PK_ENOENT) {
        rc = PK_OK;
    }
    if (rc == PK_OK) {
        *out = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (*out == NULL) {
            *out = json_pack("{s:i, s:i, s:{}}", "reports", 0, "observations", 0, "by_kind");
        }
        rc = *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_arena_destroy(arena);
    return rc;
}

static void add(json_t *object, const char *key, int64_t n)
{
    json_int_t before = json_integer_value(json_object_get(object, key));

    (void)json_object_set_new(object, key, json_integer(before + n));
}

int pk_ledger_add(struct pk_store *store, const struct pk_entry *entry, struct pk_error *err)
{
    const struct pk_observation *o = entry->report.observations.items;
    json_t *counts = NULL;
    char key[64];
    char *text;
    int64_t fresh = 0;
    int rc = load(store, entry->device, &counts, err);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < entry->report.observations.count; i++) {
        if (o[i].seq > entry->after_seq) {
            add(json_object_get(counts, "by_kind"), pk_observation_kind_names[o[i].kind], 1);
            fresh++;
        }
    }
    add(counts, "reports", 1);
    add(counts, "observations", fresh);
    text = pk_json_text(counts);
    key_of(entry->device, key);
    rc = text != NULL ? pk_meta_put(store, key, text, err)
                      : pk_error_set(err, PK_ENOMEM, "out of memory");
    free(text);
    json_decref(counts);
    return rc;
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
    json_t *counts = NULL;
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
        rc = load(store, peer.device, &counts, &err);
    }
    looks = rc == PK_OK ? looked(store, peer.device, arena, &err) : NULL;
    if (looks == NULL) {
        json_decref(counts);
        err.code = err.code == PK_OK ? PK_ENOMEM : err.code;
        pk_reply_error(request, &err);
        return;
    }
    (void)json_object_set_new(counts, "device", device_json(&device));
    (void)json_object_set_new(counts, "looked", looks);
    pk_reply_json(request, 200, counts);
}
