#include "server/erase.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "server/crowd.h"
#include "server/devices.h"
#include "server/peer.h"
#include "server/retention.h"

#define SETTLE_MS  1000 /* a request that passed the door before it was shut has ended */
#define LIST_BYTES (1024UL * 1024)
#define SCRUB_KEY  "scrub_due" /* of the store's meta table: "1": the files still hold something */

/* ---- asking ---------------------------------------------------------------------------------------- */

static int refuse_device(struct pk_server *server, struct pk_store *store,
        const struct pk_device *device, struct pk_error *err)
{
    if (device->revoked_ms != 0) {
        return PK_OK;
    }
    return pk_device_revoke(
            store, device->id, pk_server_now(server), "erasure", "everything is erased", err);
}

static int add_new(struct pk_server *server, struct pk_store *store, const char *device,
        const char *by, bool begin, struct pk_arena *arena, struct pk_erasure *out,
        struct pk_error *err)
{
    int64_t now_ms = pk_server_now(server);
    char *id = pk_arena_alloc(arena, PK_UUID_TEXT, 1);

    if (id == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_uuid4(id);
    *out = (struct pk_erasure){ .id = id,
        .device = device,
        .state = begin ? PK_ERASURE_BEGUN : PK_ERASURE_ASKED,
        .asked_ms = now_ms,
        .asked_by = by,
        .begun_ms = begin ? now_ms : 0 };
    return pk_erasure_add(store, out, err);
}

int pk_erase_ask(struct pk_server *server, struct pk_store *store, const char *device,
        const char *by, bool begin, struct pk_arena *arena, struct pk_erasure *out,
        struct pk_error *err)
{
    struct pk_device row;
    int rc = pk_device_get(store, device, arena, &row, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_erasure_of(store, device, arena, out, NULL);
    if (rc == PK_ENOENT) {
        rc = add_new(server, store, row.id, by, begin, arena, out, err);
    } else if (rc == PK_OK && begin && out->state == PK_ERASURE_ASKED) {
        out->state = PK_ERASURE_BEGUN;
        rc = pk_erasure_begin(store, out->id, pk_server_now(server), err);
    } else if (rc < 0) {
        return pk_error_set(err, rc, "the store cannot be read");
    }
    if (rc == PK_OK && out->state == PK_ERASURE_BEGUN) {
        rc = refuse_device(server, store, &row, err);
    }
    return rc;
}

void pk_erase_begun(struct pk_server *server, const char *device)
{
    pk_server_device_revoked(server, device);
    pk_retention_wake(server->retention);
}

/* A time that may be absent. */
static json_t *time_or_null(int64_t at_ms)
{
    char at[PK_TIME_TEXT];

    return at_ms > 0 ? json_string(pk_time_format(at_ms, at)) : json_null();
}

json_t *pk_erase_view(const struct pk_erasure *e, const char *device_name)
{
    json_t *device = e->device == NULL
            ? json_null()
            : json_pack("{s:s, s:s}", "id", e->device, "name", device_name);

    return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o}", "id", e->id, "device", device, "state",
            pk_erasure_state_names[e->state], "asked_at", time_or_null(e->asked_ms), "asked_by",
            e->asked_by, "done_at", time_or_null(e->done_ms));
}

static int ask_for(struct pk_server *s, struct pk_store *store, const char *device,
        struct pk_arena *arena, struct pk_erasure *out, struct pk_error *err)
{
    bool alone = s->settings.privacy->employee_erase == PK_ERASE_ALONE;
    struct pk_audit_row audit = {
        .at_ms = pk_server_now(s), .actor = "device", .act = "device.erase", .target = device
    };
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_erase_ask(s, store, device, "device", alone, arena, out, err);
    if (rc == PK_OK) {
        rc = pk_audit_add(store, &audit, err);
    }
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    return pk_store_commit(store, err);
}

int pk_erase_by_person(struct pk_server *server, struct pk_store *store, const char *device,
        struct pk_arena *arena, struct pk_erasure *out, struct pk_error *err)
{
    int rc = ask_for(server, store, device, arena, out, err);

    if (rc == PK_OK) {
        pk_server_events_changed(server);
    }
    if (rc == PK_OK && out->state == PK_ERASURE_BEGUN) {
        pk_erase_begun(server, device);
    }
    return rc;
}

void pk_erase_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_erasure erasure;
    struct pk_store *store;
    struct pk_peer peer;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    if (pk_erase_by_person(s, store, peer.device, pk_request_arena(request), &erasure, &err) < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_json(request, 202, pk_erase_view(&erasure, ""));
}

/* ---- doing ----------------------------------------------------------------------------------------- */

/* Everyone has passed what the device sent last? */
static bool is_quiet(struct pk_eraser *e, const struct pk_erasure *erasure)
{
    int partition = pk_journal_partition(erasure->device);
    int64_t progress[PK_PARTITIONS];

    if (pk_server_now(e->server) - erasure->begun_ms < SETTLE_MS) {
        return false;
    }
    if (e->upto < 0) {
        e->upto = pk_journal_newest(e->server->journal, partition);
    }
    pk_retention_progress(e->server, progress);
    if (progress[partition] >= e->upto) {
        return true;
    }
    pk_crowd_server_tell(e->server->crowd); /* so that it looks whether a checkpoint is due */
    return false;
}

static int take_out(struct pk_eraser *e, struct pk_store *store, const struct pk_erasure *erasure,
        struct pk_error *err)
{
    int rc = pk_journal_erase(e->reader, erasure->device, e->upto, err);

    if (rc == PK_OK) {
        rc = pk_store_begin(store, err);
    }
    if (rc < 0) {
        return rc;
    }
    rc = pk_personal_erase(store, erasure, &e->place, pk_server_now(e->server), err);
    if (rc == PK_OK) {
        rc = pk_meta_put(store, SCRUB_KEY, "1", err);
    }
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    return pk_store_commit(store, err);
}

static int finish(struct pk_eraser *e, struct pk_store *store, const struct pk_erasure *erasure,
        struct pk_error *err)
{
    int rc = take_out(e, store, erasure, err);

    if (rc == PK_OK) {
        if (pk_devices_refresh(e->server->devices, store, erasure->device, NULL) != PK_ENOENT) {
            pk_event(PK_ERROR, "erasure.cache", { "erasure", erasure->id });
        }
        e->id[0] = '\0';
        pk_server_events_changed(e->server);
        pk_event(PK_INFO, "erasure.done", { "erasure", erasure->id });
    }
    return rc;
}

/* The crowd is told to forget it. And readers of the event stream stand behind its newest event: let that be one
 * that stays. */
static int begin(struct pk_eraser *e, struct pk_store *store, const struct pk_erasure *erasure,
        struct pk_error *err)
{
    struct pk_audit_row row = { .at_ms = pk_server_now(e->server),
        .actor = "picketd",
        .act = "device.erase.begin",
        .target = erasure->id };
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_audit_add(store, &row, err);
    if (rc == PK_OK && e->server->crowd != NULL) {
        rc = pk_crowd_server_forget(store, erasure->device, err);
    }
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    rc = pk_store_commit(store, err);
    e->begun = rc == PK_OK;
    return rc;
}

/* Begun, and the crowd has forgotten it for good? 1, 0. */
static int is_forgotten(struct pk_eraser *e, struct pk_store *store,
        const struct pk_erasure *erasure, struct pk_error *err)
{
    int rc = e->begun ? PK_OK : begin(e, store, erasure, err);

    if (rc == PK_OK && e->server->crowd != NULL) {
        rc = pk_personal_is_told(store, erasure->device, err);
    }
    if (rc > 0) {
        pk_crowd_server_tell(e->server->crowd); /* so that it looks whether a checkpoint is due */
    }
    return rc < 0 ? rc : rc == 0;
}

static int step_of(struct pk_eraser *e, struct pk_store *store, const struct pk_erasure *erasure,
        struct pk_error *err)
{
    int rc;

    if (strcmp(e->id, erasure->id) != 0) {
        (void)snprintf(e->id, sizeof(e->id), "%s", erasure->id);
        e->upto = -1;
        e->begun = false;
        e->place = (struct pk_personal_place){ 0 };
    }
    if (!is_quiet(e, erasure)) {
        return 1;
    }
    rc = is_forgotten(e, store, erasure, err);
    if (rc <= 0) {
        return rc < 0 ? rc : 1;
    }
    rc = pk_personal_sweep(store, erasure->device, &e->place, err);
    if (rc == 0) {
        rc = finish(e, store, erasure, err);
    }
    return rc < 0 ? rc : 1;
}

/* What the files still hold of deleted rows. */
static int scrub(struct pk_eraser *e, struct pk_store *store, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(4096);
    const char *due = NULL;
    int rc = arena != NULL ? pk_meta_get(store, SCRUB_KEY, arena, &due, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
    bool is_due = rc == PK_OK && due != NULL && due[0] == '1';

    pk_arena_destroy(arena);
    if (!is_due) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    rc = pk_journal_scrub(e->reader, err);
    if (rc == PK_OK) {
        rc = pk_personal_scrub(store, err);
    }
    if (rc == PK_OK) {
        rc = pk_meta_put(store, SCRUB_KEY, "0", err);
    }
    if (rc == PK_OK) {
        pk_event0(PK_INFO, "erasure.scrubbed");
    }
    return rc == PK_EBUSY ? 1 : rc;
}

int pk_eraser_step(struct pk_eraser *eraser, struct pk_store *store, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(LIST_BYTES);
    struct pk_array begun = { 0 };
    int rc = arena != NULL ? pk_erasure_list(store, PK_ERASURE_BEGUN, arena, &begun, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && begun.count > 0) {
        const struct pk_erasure *all = begun.items;

        rc = step_of(eraser, store, &all[begun.count - 1], err); /* the oldest */
    } else if (rc == PK_OK) {
        rc = scrub(eraser, store, err);
    }
    pk_arena_destroy(arena);
    return rc;
}
