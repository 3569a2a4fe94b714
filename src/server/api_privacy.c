#include "server/call.h"
#include "server/erase.h"
#include "server/export.h"

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

static int write_down(struct pk_call *call, void *ctx, struct pk_error *err)
{
    return pk_call_audit(call, "device.export", ctx,
            json_pack("{s:s}", "role", pk_role_names[call->actor.role]), err);
}

int pk_api_device_export(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct args args = { .err = err };
    struct pk_device device;
    json_t *body = NULL;
    int rc = pk_request_query_each(call->request, take_arg, &args);

    if (rc == PK_OK) {
        rc = pk_device_get(call->store, id, call->arena, &device, err);
    }
    /* Written down before anything is handed out. */
    if (rc == PK_OK && args.after == 0) {
        rc = pk_call_transaction(call, write_down, (void *)device.id, err);
    }
    if (rc == PK_OK) {
        rc = pk_export_make(call->server, call->store, device.id, args.after, &body, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 200, body);
}

/* ---- erasure --------------------------------------------------------------------------------------- */

static int begin(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_erase_ask(call->server, call->store, id, pk_actor_text(&call->actor, call->arena),
            true, call->arena, ctx, err);

    return rc < 0 ? rc : pk_call_audit(call, "device.erase", id, NULL, err);
}

int pk_api_device_erase(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_erasure erasure;
    int rc = pk_call_transaction(call, begin, &erasure, err);

    if (rc < 0) {
        return rc;
    }
    pk_erase_begun(call->server, id);
    return pk_call_reply(
            call, 202, pk_erase_view(&erasure, pk_call_device_name(call, erasure.device)));
}

int pk_api_erasure_list(struct pk_call *call, struct pk_error *err)
{
    struct pk_array list = { 0 };
    const struct pk_erasure *rows;
    json_t *items;
    int rc = pk_erasure_list(call->store, -1, call->arena, &list, err);

    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = list.items;
    for (size_t i = 0; i < list.count; i++) {
        (void)json_array_append_new(
                items, pk_erase_view(&rows[i], pk_call_device_name(call, rows[i].device)));
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", items));
}

static int refuse(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_erasure erasure;
    int rc = pk_erasure_get(call->store, id, call->arena, &erasure, err);

    (void)ctx;
    if (rc == PK_OK) {
        rc = pk_erasure_remove(call->store, id, err);
    }
    return rc < 0 ? rc : pk_call_audit(call, "device.erase.refuse", erasure.device, NULL, err);
}

int pk_api_erasure_remove(struct pk_call *call, struct pk_error *err)
{
    int rc = pk_call_transaction(call, refuse, NULL, err);

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
