/* My privacy: what can leave the device at all, what did, who looked; export, erasure, leaving. */
#include <stdio.h>
#include <string.h>

#include "model/observation.h"
#include "server/devices.h"
#include "server/erase.h"
#include "server/export.h"
#include "server/headers.h"
#include "server/ledger.h"
#include "server/me_call.h"
#include "server/peer.h"
#include "server/query_args.h"

/* ---- the lists, from the tables by which reports are encoded ---------------------------------------- */

static const char *leaves_as(enum pk_privacy privacy)
{
    switch (privacy) {
    case PK_PRIVACY_NEVER:
        return "never";
    case PK_PRIVACY_BLIND:
        return "hashed";
    case PK_PRIVACY_NONE:
    case PK_PRIVACY_COLLECT:
        break;
    }
    return "sent";
}

static void put_fields(const struct pk_schema *schema, const char *prefix, json_t *out)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        char name[96];

        if (f->type == PK_TYPE_OBJECTS) {
            (void)snprintf(name, sizeof(name), "%s%s[].", prefix, f->name);
            put_fields(f->sub, name, out);
        } else if (f->type != PK_TYPE_OBJECT) {
            (void)snprintf(name, sizeof(name), "%s%s", prefix, f->name);
            (void)json_array_append_new(out,
                    json_pack("{s:s, s:s, s:s}", "field", name, "help", f->help, "leaves",
                            leaves_as(f->privacy)));
        }
    }
}

/* Does every device send it by itself, or only one where something of the kind happens? */
static bool is_always(enum pk_observation_kind kind)
{
    switch (kind) {
    case PK_OBS_AGENT:
    case PK_OBS_POSTURE:
    case PK_OBS_NETWORK:
    case PK_OBS_GATEWAY:
    case PK_OBS_DNS:
    case PK_OBS_TLS:
        return true;
    case PK_OBS_PORTAL:
    case PK_OBS_CHOICE:
    case PK_OBS_APPS:
    case PK_OBS_LEASE:
    case PK_OBS_ROUTERS:
    case PK_OBS_REDIRECT:
    case PK_OBS_HTTP:
    case PK_OBS_PROXY:
    case PK_OBS_WIFI:
    case PK_OBS_CELL:
    case PK_OBS_NAME:
    case PK_OBS_DRILL:
        break;
    }
    return false;
}

static json_t *kinds_view(void)
{
    json_t *list = json_array();

    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        const struct pk_field *f = pk_schema_field(
                &pk_observation_schema, pk_observation_kind_names[kind]);
        json_t *fields = json_array();

        if (f != NULL && f->sub != NULL) {
            put_fields(f->sub, "", fields);
        }
        (void)json_array_append_new(list,
                json_pack("{s:s, s:b, s:o}", "kind", pk_observation_kind_names[kind], "always",
                        (int)is_always((enum pk_observation_kind)kind), "fields", fields));
    }
    return list;
}

int pk_me_privacy_get(struct pk_me_call *call, struct pk_error *err)
{
    json_t *ledger = NULL;
    json_t *every = json_array();
    int rc = pk_ledger_make(call->server, call->store, call->device.id, call->arena, &ledger, err);

    if (rc < 0) {
        json_decref(every);
        return rc;
    }
    put_fields(&pk_observation_schema, "", every);
    return pk_me_reply(call, 200,
            json_pack("{s:o, s:o, s:o, s:s, s:b}", "ledger", ledger, "kinds", kinds_view(), "every",
                    every, "erase",
                    pk_employee_erase_names[call->server->settings.privacy->employee_erase], "own",
                    (int)call->own));
}

/* ---- export ---------------------------------------------------------------------------------------- */

struct args {
    int64_t after;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "after") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    return pk_query_int(name, value, 0, INT64_MAX - 1, &args->after, args->err);
}

int pk_me_export_get(struct pk_me_call *call, struct pk_error *err)
{
    struct args args = { .err = err };
    json_t *body = NULL;
    int rc = pk_request_query_each(call->request, take_arg, &args);

    if (rc == PK_OK) {
        rc = pk_export_make(call->server, call->store, call->device.id, args.after, &body, err);
    }
    return rc < 0 ? rc : pk_me_reply(call, 200, body);
}

/* ---- what cannot be taken back: the body says it in a word ------------------------------------------ */

struct confirm {
    int word;
};

static const char *const erase_words[] = { "erase", NULL };
static const char *const leave_words[] = { "leave", NULL };

/* clang-format off */
static const struct pk_field erase_fields[] = {
    { "confirm", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct confirm, word), .names = erase_words,
      .help = "the word itself" },
};
static const struct pk_field leave_fields[] = {
    { "confirm", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct confirm, word), .names = leave_words,
      .help = "the word itself" },
};
/* clang-format on */
static const struct pk_schema erase_schema = PK_SCHEMA(struct confirm, erase_fields, "erase");
static const struct pk_schema leave_schema = PK_SCHEMA(struct confirm, leave_fields, "leave");

int pk_me_erase(struct pk_me_call *call, struct pk_error *err)
{
    struct pk_erasure erasure;
    struct confirm confirm;
    int rc;

    if (pk_request_decode(call->request, &erase_schema, &confirm) < 0) {
        return PK_OK;
    }
    rc = pk_erase_by_person(call->server, call->store, call->device.id, call->arena, &erasure, err);
    return rc < 0 ? rc : pk_me_reply(call, 202, pk_erase_view(&erasure, ""));
}

int pk_me_leave_now(
        struct pk_server *server, struct pk_store *store, const char *device, struct pk_error *err)
{
    int64_t now_ms = pk_server_now(server);
    struct pk_audit_row audit = {
        .at_ms = now_ms, .actor = "device", .act = "device.leave", .target = device
    };
    struct pk_event_row event = { .at_ms = now_ms,
        .type = "device.revoked",
        .device = device,
        .detail = json_pack("{s:s, s:s}", "by", PK_DEVICE_LEFT_BY, "reason", PK_DEVICE_LEFT_WHY) };
    int rc = pk_device_revoke(store, device, now_ms, PK_DEVICE_LEFT_BY, PK_DEVICE_LEFT_WHY, err);

    if (rc == PK_OK) {
        rc = pk_token_remove_of(store, device, err);
    }
    if (rc == PK_OK) {
        rc = pk_event_add(store, &event, err);
    }
    if (rc == PK_OK) {
        rc = pk_audit_add(store, &audit, err);
    }
    json_decref(event.detail);
    return rc;
}

static int leave(struct pk_me_call *call, void *ctx, struct pk_error *err)
{
    (void)ctx;
    return pk_me_leave_now(call->server, call->store, call->device.id, err);
}

int pk_me_leave(struct pk_me_call *call, struct pk_error *err)
{
    struct confirm confirm;
    int rc;

    if (pk_request_decode(call->request, &leave_schema, &confirm) < 0) {
        return PK_OK;
    }
    rc = pk_me_transaction(call, leave, NULL, err);
    if (rc < 0) {
        return rc;
    }
    pk_server_device_revoked(call->server, call->device.id);
    pk_reply_header(call->request, "Set-Cookie", pk_me_cookie(call->arena, NULL));
    return pk_me_reply(call, 204, NULL);
}

static int leave_by_certificate(
        struct pk_server *s, struct pk_store *store, const char *device, struct pk_error *err)
{
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_me_leave_now(s, store, device, err);
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    return pk_store_commit(store, err);
}

void pk_me_leave_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_store *store;
    struct pk_peer peer;

    pk_headers_of_api(request);
    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    if (leave_by_certificate(s, store, peer.device, &err) < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_server_events_changed(s);
    pk_server_device_revoked(s, peer.device);
    pk_reply_json(request, 200, json_pack("{s:s}", "state", "left"));
}
