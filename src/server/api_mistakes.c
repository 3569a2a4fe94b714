/* The memory for false positives: what was called a mistake, for whom, until when, and how often it was used. */
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "incident/mistake.h"
#include "server/call.h"
#include "server/mistakes.h"
#include "server/view.h"

struct body {
    const char *reason;
    int scope;
    const char *group;
    const char *device;
    const char *threat;
    const char *subject;
    const char *rule;
    int64_t expires_ms;
};

#define AT(m) offsetof(struct body, m)

/* clang-format off */
static const struct pk_field fields[] = {
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(reason), .min = 1, .max = 500,
      .help = "why it is none" },
    { "scope", PK_TYPE_ENUM, 0, AT(scope), .names = pk_mistake_scope_names, .def = "all",
      .help = "for whom it holds" },
    { "group", PK_TYPE_STRING, 0, AT(group), .min = 1, .max = 64, .help = "with scope group" },
    { "device", PK_TYPE_STRING, 0, AT(device), .min = 1, .max = PK_ID_TEXT - 1,
      .help = "with scope device: its id" },
    { "threat", PK_TYPE_STRING, PK_REQUIRED, AT(threat), .min = 1, .max = 64,
      .help = "id in the catalogue" },
    { "subject", PK_TYPE_STRING, 0, AT(subject), .min = 1, .max = 253,
      .help = "only about this: a network's id, an app, 'device'" },
    { "rule", PK_TYPE_STRING, 0, AT(rule), .min = 1, .max = 160, .help = "only found by this rule" },
    { "expires_at", PK_TYPE_TIME, 0, AT(expires_ms),
      .help = "until when; absent: for good, but critical threats for 90 days at most" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "mistake");

static json_t *view(struct pk_call *call, const struct pk_mistake *m)
{
    json_t *device = m->scope == PK_MISTAKE_DEVICE
            ? pk_view_device_ref(m->target, pk_call_device_name(call, m->target))
            : json_null();
    json_t *group = m->scope == PK_MISTAKE_GROUP ? json_string(m->target) : json_null();
    /* Of what holds for everybody, the number counts devices of groups that the caller may not see. */
    bool counted = call->actor.scope[0] == '\0' || m->scope != PK_MISTAKE_ALL;

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "id",
            m->id, "reason", m->reason, "scope", pk_mistake_scope_names[m->scope], "group", group,
            "device", device, "threat", m->threat, "subject", pk_view_text(m->subject), "rule",
            pk_view_text(m->rule), "created_at", pk_view_time(m->created_ms), "created_by",
            m->created_by, "expires_at", pk_view_time(m->expires_ms), "active",
            (int)(m->expires_ms == 0 || m->expires_ms > call->now_ms), "uses",
            counted ? json_integer(m->uses) : json_null(), "used_at",
            counted ? pk_view_time(m->used_ms) : json_null());
}

int pk_api_mistake_list(struct pk_call *call, struct pk_error *err)
{
    static const char *const yes_no[] = { "yes", "no", NULL };
    const struct pk_filter_rule filters[] = {
        { "scope", pk_mistake_scope_names },
        { "threat", NULL },
        { "subject", NULL },
        { "rule", NULL },
        { "active", yes_no },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "created_at", "expires_at", "uses", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_mistake *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_mistake_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, view(call, &rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

static int fail(struct pk_error *err, const char *path, const char *text)
{
    (void)pk_error_set(err, PK_EBOUNDS, "%s", text);
    return pk_query_path(err, path);
}

static json_t *detail_of(const struct pk_mistake *m)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:o}", "reason", m->reason, "scope",
            pk_mistake_scope_names[m->scope], "for", m->target, "threat", m->threat, "subject",
            m->subject, "rule", m->rule, "expires_at", pk_view_time(m->expires_ms));
}

int pk_call_mistake_make(struct pk_call *call, struct pk_mistake *mistake, struct pk_error *err)
{
    char random[17];
    int rc = pk_mistake_check(mistake, call->now_ms, err);

    if (rc < 0) {
        return rc == PK_ENOENT ? fail(err, "threat", "there is no such threat in the catalogue")
                               : rc;
    }
    pk_random_hex(8, random);
    mistake->id = pk_arena_printf(call->arena, "mis-%s", random);
    mistake->created_ms = call->now_ms;
    mistake->created_by = pk_actor_text(&call->actor, call->arena);
    return mistake->id != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

int pk_call_mistake_put(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct pk_mistake *mistake = ctx;
    int rc = pk_mistake_add(call->store, mistake, err);

    return rc < 0 ? rc : pk_call_audit(call, "mistake.add", mistake->id, detail_of(mistake), err);
}

static int check_target(struct pk_call *call, const struct body *body, struct pk_error *err)
{
    struct pk_device device;
    int rc;

    if (body->group != NULL && body->scope != PK_MISTAKE_GROUP) {
        return fail(err, "group", "this scope has no group");
    }
    if (body->device != NULL && body->scope != PK_MISTAKE_DEVICE) {
        return fail(err, "device", "this scope has no device");
    }
    if (call->actor.scope[0] != '\0' &&
            (body->scope == PK_MISTAKE_ALL ||
                    (body->group != NULL && !pk_scope_has(call->actor.scope, body->group)))) {
        return pk_error_set(err, PK_EACCES, "this would hold for groups that are not yours");
    }
    if (body->device == NULL) {
        return PK_OK;
    }
    rc = pk_device_get(call->store, body->device, call->arena, &device, err);
    return rc == PK_ENOENT ? fail(err, "device", "there is no such device") : rc;
}

/* What follows from a change knows no scope. */
static int sweep(
        struct pk_call *call, const struct pk_mistake *mistake, bool ended, struct pk_error *err)
{
    int rc;

    pk_store_scope(call->store, NULL);
    rc = pk_mistakes_sweep(call->server, call->store, mistake, ended, call->now_ms, err);
    pk_store_scope(call->store, call->actor.scope);
    return rc;
}

int pk_api_mistake_add(struct pk_call *call, struct pk_error *err)
{
    struct pk_mistake mistake;
    struct body body;
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    mistake = (struct pk_mistake){
        .reason = body.reason,
        .scope = body.scope,
        .target = body.group != NULL  ? body.group
                : body.device != NULL ? body.device
                                      : "",
        .threat = body.threat,
        .subject = body.subject,
        .rule = body.rule,
        .expires_ms = body.expires_ms,
    };
    rc = check_target(call, &body, err);
    if (rc == PK_OK) {
        rc = pk_call_mistake_make(call, &mistake, err);
    }
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, pk_call_mistake_put, &mistake, err);
    }
    if (rc == PK_OK) {
        rc = sweep(call, &mistake, false, err);
    }
    if (rc == PK_OK) {
        rc = pk_mistake_get(call->store, mistake.id, call->arena, &mistake, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 201, view(call, &mistake));
}

static int end_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_mistake *mistake = ctx;
    int rc = pk_mistake_get(call->store, mistake->id, call->arena, mistake, err);

    if (rc == PK_OK && call->actor.scope[0] != '\0' && mistake->scope == PK_MISTAKE_ALL) {
        rc = pk_error_set(err, PK_EACCES, "this holds for groups that are not yours");
    }
    if (rc == PK_OK) {
        rc = pk_mistake_end(call->store, mistake->id, call->now_ms, err);
    }
    return rc < 0 ? rc
                  : pk_call_audit(call, "mistake.remove", mistake->id, detail_of(mistake), err);
}

int pk_api_mistake_remove(struct pk_call *call, struct pk_error *err)
{
    struct pk_mistake mistake = { .id = pk_request_param(call->request, "id") };
    int rc = pk_call_transaction(call, end_one, &mistake, err);

    if (rc == PK_OK) {
        rc = sweep(call, &mistake, true, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
