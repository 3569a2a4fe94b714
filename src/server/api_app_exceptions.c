#include <string.h>

#include "base/crypt.h"
#include "server/apps.h"
#include "server/call.h"
#include "server/view_app.h"

struct body {
    const char *reason;
    int scope;
    const char *group;
    const char *device;
    const char *sha256;
    const char *package;
    const char *signer;
    const char *team;
    const char *threat;
    const char *rule;
    int64_t expires_ms;
};

#define AT(m) offsetof(struct body, m)
#define HASH  .min = 64, .max = 64

/* clang-format off */
static const struct pk_field fields[] = {
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(reason), .min = 1, .max = 500,
      .help = "why it is no threat here" },
    { "scope", PK_TYPE_ENUM, 0, AT(scope), .names = pk_exception_scope_names, .def = "all",
      .help = "for whom it holds" },
    { "group", PK_TYPE_STRING, 0, AT(group), .min = 1, .max = 64, .help = "with scope group" },
    { "device", PK_TYPE_STRING, 0, AT(device), .min = 1, .max = PK_ID_TEXT - 1,
      .help = "with scope device: its id" },
    { "sha256", PK_TYPE_STRING, 0, AT(sha256), HASH, .help = "of the file" },
    { "package", PK_TYPE_STRING, 0, AT(package), .min = 1, .max = PK_APP_PACKAGE_MAX,
      .help = "name of the package" },
    { "signer", PK_TYPE_STRING, 0, AT(signer), HASH, .help = "of the certificate" },
    { "team", PK_TYPE_STRING, 0, AT(team), .min = 1, .max = 64, .help = "Apple's team id" },
    { "threat", PK_TYPE_STRING, 0, AT(threat), .min = 1, .max = 96,
      .help = "id of the findings it is about" },
    { "rule", PK_TYPE_STRING, 0, AT(rule), .min = 1, .max = 160, .help = "their rule" },
    { "expires_at", PK_TYPE_TIME, 0, AT(expires_ms), .help = "until when; absent: for good" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "exception");

int pk_api_app_exception_list(struct pk_call *call, struct pk_error *err)
{
    static const char *const yes_no[] = { "yes", "no", NULL };
    const struct pk_filter_rule filters[] = {
        { "scope", pk_exception_scope_names },
        { "package", NULL },
        { "signer", NULL },
        { "sha256", NULL },
        { "threat", NULL },
        { "active", yes_no },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "created_at", "expires_at", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_exception_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_exception_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items,
                pk_view_app_exception(
                        &rows[i], pk_call_device_name(call, rows[i].target), call->now_ms));
    }
    return pk_call_reply_page(call, &page, items);
}

static int fail(struct pk_error *err, int code, const char *path, const char *text)
{
    (void)pk_error_set(err, code, "%s", text);
    return pk_query_path(err, path);
}

/* The group or device that the scope is about, and no other. */
static int target_of(struct pk_call *call, const struct body *body, struct pk_exception_row *row,
        struct pk_error *err)
{
    bool wants_group = body->scope == PK_EXCEPTION_GROUP;
    bool wants_device = body->scope == PK_EXCEPTION_DEVICE;
    struct pk_device device;
    int rc = PK_OK;

    if ((body->group != NULL) != wants_group) {
        return fail(err, wants_group ? PK_EMISSING : PK_EMALF, "group",
                wants_group ? "this scope wants a group" : "this scope has no group");
    }
    if ((body->device != NULL) != wants_device) {
        return fail(err, wants_device ? PK_EMISSING : PK_EMALF, "device",
                wants_device ? "this scope wants a device" : "this scope has no device");
    }
    if (call->actor.scope[0] != '\0' &&
            (wants_group ? !pk_scope_has(call->actor.scope, body->group) : !wants_device)) {
        return pk_error_set(err, PK_EACCES, "this would hold for groups that are not yours");
    }
    if (wants_device) {
        rc = pk_device_get(call->store, body->device, call->arena, &device, err);
        if (rc == PK_ENOENT) {
            return fail(err, PK_EBOUNDS, "device", "there is no such device");
        }
    }
    row->target = wants_group ? body->group : wants_device ? body->device : "";
    return rc;
}

/* The parts of the target stand at the top of the body. */
static int check_target(const struct pk_app_exception *exception, struct pk_error *err)
{
    int rc = pk_app_exception_check(exception, err);
    char path[sizeof(err->path)];

    if (rc < 0 && strncmp(err->path, "match", 5) == 0) {
        (void)snprintf(path, sizeof(path), "%s", err->path[5] == '.' ? err->path + 6 : "package");
        return pk_query_path(err, path);
    }
    return rc;
}

static int check(struct pk_call *call, const struct body *body, struct pk_exception_row *row,
        struct pk_error *err)
{
    struct pk_app_exception exception;
    int rc = target_of(call, body, row, err);

    if (rc == PK_OK && row->expires_ms != 0 && row->expires_ms <= call->now_ms) {
        return fail(err, PK_EBOUNDS, "expires_at", "lies in the past");
    }
    if (rc == PK_OK) {
        rc = pk_knowledge_exception(row, call->arena, &exception, err);
    }
    return rc < 0 ? rc : check_target(&exception, err);
}

static json_t *detail_of(const struct pk_exception_row *e)
{
    return json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:o}", "reason",
            e->reason, "scope", pk_exception_scope_names[e->scope], "for", e->target, "sha256",
            e->sha256, "package", e->package, "signer", e->signer, "team", e->team, "threat",
            e->threat, "rule", e->rule, "expires_at", pk_view_time(e->expires_ms));
}

static int add_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_exception_row *row = ctx;
    int rc = pk_exception_add(call->store, row, err);

    if (rc == PK_OK) {
        rc = pk_call_app_change(call, "app.exception_added", row->id, detail_of(row), err);
    }
    return rc < 0 ? rc : pk_call_audit(call, "app.except", row->id, detail_of(row), err);
}

int pk_api_app_exception_add(struct pk_call *call, struct pk_error *err)
{
    struct pk_exception_row row;
    struct body body;
    char id[PK_UUID_TEXT];
    char random[17];
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    pk_random_hex(8, random);
    (void)snprintf(id, sizeof(id), "exc-%s", random);
    row = (struct pk_exception_row){
        .id = id,
        .reason = body.reason,
        .scope = body.scope,
        .sha256 = pk_call_lower(call, body.sha256),
        .package = body.package,
        .signer = pk_call_lower(call, body.signer),
        .team = body.team,
        .threat = body.threat,
        .rule = body.rule,
        .created_ms = call->now_ms,
        .created_by = pk_actor_text(&call->actor, call->arena),
        .expires_ms = body.expires_ms,
    };
    rc = check(call, &body, &row, err);
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, add_one, &row, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_apps_relearn(call->server->apps);
    return pk_call_reply(call, 201,
            pk_view_app_exception(&row, pk_call_device_name(call, row.target), call->now_ms));
}

static int remove_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    struct pk_exception_row row;
    int rc = pk_exception_get(call->store, id, call->arena, &row, err);

    if (rc == PK_OK && call->actor.scope[0] != '\0' && row.scope == PK_EXCEPTION_ALL) {
        rc = pk_error_set(err, PK_EACCES, "this holds for groups that are not yours");
    }
    if (rc == PK_OK) {
        rc = pk_exception_remove(call->store, id, err);
    }
    if (rc == PK_OK) {
        rc = pk_call_app_change(call, "app.exception_removed", id, detail_of(&row), err);
    }
    return rc < 0 ? rc : pk_call_audit(call, "app.exception_remove", id, detail_of(&row), err);
}

int pk_api_app_exception_remove(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_call_transaction(call, remove_one, (void *)id, err);

    if (rc < 0) {
        return rc;
    }
    pk_apps_relearn(call->server->apps);
    return pk_call_reply(call, 204, NULL);
}
