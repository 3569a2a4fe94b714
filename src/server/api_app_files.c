#include <string.h>

#include "base/crypt.h"
#include "defense/reputation/diff.h"
#include "server/apps.h"
#include "server/call.h"
#include "server/view_app.h"

#define NAME_MAX_BYTES 255
#define DIFF_MEMORY    (256UL * 1024 * 1024)

int pk_api_app_file_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "state", pk_app_file_state_names },
        { "verdict", pk_app_standing_names },
        { "package", NULL },
        { "app", NULL },
        { "threat", NULL },
        { "device", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "last_seen_at", "first_seen_at", "judged_at", "verdict",
        NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_app_file *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_app_file_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(
                items, pk_view_app_file(&rows[i], pk_call_device_name(call, rows[i].asked_device)));
    }
    return pk_call_reply_page(call, &page, items);
}

int pk_api_app_file_get(struct pk_call *call, struct pk_error *err)
{
    const char *sha256 = pk_request_param(call->request, "id");
    struct pk_app_file file;
    json_t *copies = NULL;
    json_t *report = NULL;
    json_t *body;
    int rc = pk_app_file_get(call->store, sha256, call->arena, &file, err);

    if (rc == PK_OK) {
        rc = pk_api_app_copies(call, "sha256", sha256, &copies, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_report_now(
                call->server, call->store, sha256, call->now_ms, call->arena, &report, err);
    }
    if (rc < 0) {
        json_decref(copies);
        return rc;
    }
    body = pk_view_app_file(&file, pk_call_device_name(call, file.asked_device));
    (void)json_object_update_new(body, json_pack("{s:o, s:o}", "report", report, "on", copies));
    return pk_call_reply(call, 200, body);
}

/* ---- two versions ---- */

struct diff_args {
    const char *to;
    struct pk_error *err;
};

static int take_to(const char *name, const char *value, void *ctx)
{
    struct diff_args *args = ctx;

    if (strcmp(name, "to") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    args->to = value;
    return PK_OK;
}

/* Both as they are judged now. */
int pk_api_app_file_diff(struct pk_call *call, struct pk_error *err)
{
    struct pk_knowledge *known = pk_shelf_take(call->server->shelf);
    struct pk_arena *scratch = pk_arena_create(DIFF_MEMORY);
    struct diff_args args = { .err = err };
    struct pk_app_file file;
    struct pk_app_report before;
    struct pk_app_report after;
    struct pk_app_diff diff;
    json_t *body = NULL;
    int rc = pk_request_query_each(call->request, take_to, &args);

    if (rc == PK_OK && args.to == NULL) {
        (void)pk_error_set(err, PK_EMISSING, "the later file is wanted");
        rc = pk_query_path(err, "to");
    }
    if (rc == PK_OK && scratch == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    /* Reports know no scope. */
    if (rc == PK_OK) {
        rc = pk_app_file_get(
                call->store, pk_request_param(call->request, "id"), call->arena, &file, err);
    }
    if (rc == PK_OK) {
        rc = pk_app_file_get(call->store, args.to, call->arena, &file, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_report(call->store, known, pk_request_param(call->request, "id"), call->now_ms,
                scratch, &before, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_report(call->store, known, args.to, call->now_ms, scratch, &after, err);
    }
    if (rc == PK_OK) {
        rc = pk_app_diff(&before, &after, scratch, &diff);
    }
    if (rc == PK_OK) {
        body = pk_schema_encode(&pk_app_diff_schema, &diff, false);
    }
    pk_arena_destroy(scratch);
    pk_knowledge_unref(known);
    return rc < 0 ? rc : pk_call_reply(call, 200, body);
}

/* ---- uploads ---- */

struct upload {
    const char *name;
    char sha256[PK_SHA256_HEX];
    int64_t size;
    bool known; /* it was analysed before */
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct upload *upload = ctx;

    if (strcmp(name, "name") != 0) {
        (void)pk_error_set(upload->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(upload->err, name);
    }
    if (strlen(value) > NAME_MAX_BYTES || value[0] == '\0') {
        (void)pk_error_set(upload->err, PK_EBOUNDS, "1 to %d bytes are wanted", NAME_MAX_BYTES);
        return pk_query_path(upload->err, name);
    }
    upload->name = value;
    return PK_OK;
}

static int note_upload(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct upload *upload = ctx;
    struct pk_app_arrival arrival = {
        .sha256 = upload->sha256,
        .name = upload->name,
        .size = upload->size,
        .uploaded_by = pk_actor_text(&call->actor, call->arena),
        .at_ms = call->now_ms,
    };
    int rc = pk_apps_arrived(call->store, &arrival, call->arena, &upload->known, err);

    return rc < 0 ? rc
                  : pk_call_audit(call, "app.upload", upload->sha256,
                            json_pack("{s:s, s:I}", "name", upload->name, "size",
                                    (json_int_t)upload->size),
                            err);
}

/* The bytes are kept before the row says that they are here: a row without bytes would wait for ever. */
int pk_api_app_upload(struct pk_call *call, struct pk_error *err)
{
    struct upload upload = { .name = "upload", .err = err };
    int fd = pk_request_body_file(call->request);
    struct pk_app_file file;
    int rc = pk_request_query_each(call->request, take_arg, &upload);

    if (rc == PK_OK && fd < 0) {
        rc = pk_error_set(err, PK_EMISSING, "the file is wanted as the body");
    }
    if (rc == PK_OK) {
        rc = pk_sha256_file(fd, upload.sha256, &upload.size, err);
    }
    if (rc == PK_OK && upload.size == 0) {
        rc = pk_error_set(err, PK_EMISSING, "the file is empty");
    }
    if (rc == PK_OK) {
        rc = pk_apps_keep_file(call->server, fd, upload.sha256, err);
    }
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, note_upload, &upload, err);
    }
    if (rc == PK_OK) {
        rc = pk_app_file_get(call->store, upload.sha256, call->arena, &file, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (upload.known) {
        pk_apps_drop_file(call->server, upload.sha256);
    }
    pk_apps_wake(call->server->apps);
    file.asked_device = NULL; /* an answer for everyone */
    return pk_call_reply(call, upload.known ? 200 : 202, pk_view_app_file(&file, NULL));
}
