#include "server/app_upload.h"

#include <string.h>

#include "base/crypt.h"
#include "base/event.h"
#include "pipeline/apps.h"
#include "server/apps.h"
#include "server/peer.h"

/* Is there anything to be sent? PK_EEXIST: it is here already; PK_EACCES: this device was not asked. */
static int is_wanted(struct pk_request *request, struct pk_store *store, const char *device,
        struct pk_error *err)
{
    const char *sha256 = pk_request_param(request, "sha256");
    struct pk_arena *arena = pk_request_arena(request);
    struct pk_app_file file;
    struct pk_app_ask ask;
    int rc = pk_app_file_get(store, sha256, arena, &file, err);

    if (rc < 0) {
        return rc;
    }
    if (file.state == PK_FILE_ANALYSED || file.state == PK_FILE_UPLOADING) {
        return pk_error_set(err, PK_EEXIST, "the file is here already");
    }
    rc = pk_app_ask_get(store, sha256, device, arena, &ask, err);
    return rc == PK_ENOENT ? pk_error_set(err, PK_EACCES, "this device was not asked for this file")
                           : rc;
}

void pk_app_upload_gate(struct pk_request *request, void *server)
{
    struct pk_error err = { 0 };
    struct pk_store *store;
    struct pk_peer peer;

    if (!pk_peer_of(request, server, &peer)) {
        return;
    }
    store = pk_server_store_for(server, request);
    if (store != NULL && is_wanted(request, store, peer.device, &err) < 0) {
        pk_reply_error(request, &err);
    }
}

/* The bytes are not those that were asked for: another device may do better. */
static int refuse_bytes(
        struct pk_store *store, const char *sha256, int64_t now_ms, struct pk_arena *arena)
{
    struct pk_app_file file;
    struct pk_error err = { 0 };
    int rc = pk_store_begin(store, &err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_app_file_get(store, sha256, arena, &file, &err);
    if (rc == PK_OK) {
        rc = pk_app_ask_end(store, sha256, now_ms, &err);
    }
    if (rc == PK_OK && file.state == PK_FILE_ASKED) {
        file.state = PK_FILE_WANTED;
        rc = pk_app_file_put(store, &file, &err);
    }
    if (rc == PK_OK) {
        return pk_store_commit(store, &err);
    }
    pk_store_rollback(store);
    return rc;
}

static int note_arrival(struct pk_store *store, const struct pk_app_arrival *arrival,
        struct pk_arena *arena, bool *known, struct pk_error *err)
{
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_apps_arrived(store, arrival, arena, known, err);
    if (rc == PK_OK) {
        return pk_store_commit(store, err);
    }
    pk_store_rollback(store);
    return rc;
}

static int take(struct pk_request *request, struct pk_server *server, struct pk_store *store,
        bool *known, struct pk_error *err)
{
    struct pk_arena *arena = pk_request_arena(request);
    char sha256[PK_SHA256_HEX];
    struct pk_app_arrival arrival = {
        .sha256 = pk_request_param(request, "sha256"),
        .at_ms = pk_server_now(server),
    };
    int fd = pk_request_body_file(request);
    int rc = fd >= 0 ? pk_sha256_file(fd, sha256, &arrival.size, err)
                     : pk_error_set(err, PK_EMISSING, "the file is wanted as the body");

    if (rc < 0) {
        return rc;
    }
    if (strcmp(sha256, arrival.sha256) != 0) {
        (void)refuse_bytes(store, arrival.sha256, arrival.at_ms, arena);
        pk_apps_wake(server->apps);
        return pk_error_set(err, PK_EMALF, "the body has another SHA-256");
    }
    rc = pk_apps_keep_file(server, fd, sha256, err);
    return rc < 0 ? rc : note_arrival(store, &arrival, arena, known, err);
}

void pk_app_upload_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store_for(s, request);
    struct pk_peer peer;
    bool known = false;
    int rc;

    if (store == NULL || !pk_peer_of(request, s, &peer)) {
        return;
    }
    rc = is_wanted(request, store, peer.device, &err);
    if (rc == PK_OK) {
        rc = take(request, s, store, &known, &err);
    }
    if (rc < 0) {
        err.code = rc;
        pk_reply_error(request, &err);
        return;
    }
    if (known) {
        pk_apps_drop_file(s, pk_request_param(request, "sha256"));
    }
    pk_event(PK_INFO, "app.received", { "device", peer.device },
            { "sha256", pk_request_param(request, "sha256") });
    pk_apps_wake(s->apps);
    pk_reply_json(request, 202,
            json_pack("{s:s, s:s}", "sha256", pk_request_param(request, "sha256"), "state",
                    known ? "analysed" : "uploading"));
}
