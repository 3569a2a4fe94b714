/* Reports as HTML, and plans that send them by mail. */
#include <string.h>

#include "base/crypt.h"
#include "respond/communication.h"
#include "server/call.h"
#include "server/report.h"
#include "server/report_html.h"
#include "server/tell.h"
#include "server/view.h"
#include "store/plans.h"
#include "store/scope.h"

#define RECIPIENTS_MAX 20

/* ---- reports --------------------------------------------------------------------------------------- */

struct args {
    struct pk_call *call;
    const char *group;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "group") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    if (strlen(value) > PK_SCOPE_GROUP_MAX) {
        (void)pk_error_set(args->err, PK_EBOUNDS, "a group's name has at most %d characters",
                PK_SCOPE_GROUP_MAX);
        return pk_query_path(args->err, name);
    }
    args->group = pk_arena_strdup(args->call->arena, value);
    return args->group != NULL ? PK_OK : pk_error_set(args->err, PK_ENOMEM, "out of memory");
}

static int kind_of(const char *name)
{
    for (int i = 0; pk_report_kind_names[i] != NULL; i++) {
        if (strcmp(pk_report_kind_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int pk_api_report_get(struct pk_call *call, struct pk_error *err)
{
    struct args args = { .call = call, .group = "", .err = err };
    struct pk_buffer html = pk_buffer_of(PK_REPORT_HTML_MAX);
    int kind = kind_of(pk_request_param(call->request, "id"));
    json_t *facts = NULL;
    int rc = pk_request_query_each(call->request, take_arg, &args);

    if (rc == PK_OK && kind < 0) {
        rc = pk_error_set(err, PK_ENOENT, "there is no such kind of report");
    }
    if (rc == PK_OK) {
        rc = pk_report_facts(
                call->server, call->store, args.group, call->now_ms, call->arena, &facts, err);
    }
    if (rc == PK_OK) {
        rc = pk_report_html(kind, facts, &html, err);
    }
    if (rc == PK_OK) {
        /* It is shown by itself, too: its own style and nothing else. */
        pk_reply_header(call->request, "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'");
        pk_reply_text(call->request, 200, "text/html; charset=utf-8", html.ptr);
    }
    json_decref(facts);
    pk_buffer_finish(&html);
    return rc;
}

/* ---- plans ----------------------------------------------------------------------------------------- */

static json_t *view_plan(const struct pk_plan *plan)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:O, s:o, s:s, s:o, s:o, s:o}", "id", plan->id, "kind",
            plan->kind, "group", plan->group, "every", pk_plan_every_names[plan->every],
            "recipients", plan->recipients, "created_at", pk_view_time(plan->created_ms),
            "created_by", plan->created_by, "next_at", pk_view_time(plan->next_ms), "last_at",
            pk_view_time(plan->last_ms), "error", pk_view_text(plan->error));
}

int pk_api_report_plan_list(struct pk_call *call, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    json_t *list = json_array();
    int rc = pk_plan_list(call->store, 0, call->arena, &rows, err);
    const struct pk_plan *plans = rows.items;

    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    for (size_t i = 0; i < rows.count; i++) {
        (void)json_array_append_new(list, view_plan(&plans[i]));
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", list));
}

struct body {
    int kind;
    int every;
    const char *group;
    struct pk_strings recipients;
};

/* clang-format off */
static const struct pk_field fields[] = {
    { "kind", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct body, kind), .names = pk_report_kind_names,
      .help = "of report" },
    { "group", PK_TYPE_STRING, 0, offsetof(struct body, group), .max = PK_SCOPE_GROUP_MAX, .def = "",
      .help = "of this group alone" },
    { "every", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct body, every), .names = pk_plan_every_names,
      .help = "how often" },
    { "recipients", PK_TYPE_STRINGS, PK_REQUIRED, offsetof(struct body, recipients), .min = 3,
      .max = PK_MAIL_ADDRESS_MAX, .count_max = RECIPIENTS_MAX, .help = "mail addresses" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "report plan");

static int check(const struct body *body, struct pk_error *err)
{
    if (body->recipients.count == 0) {
        (void)pk_error_set(err, PK_EINVAL, "somebody has to get it");
        return pk_query_path(err, "recipients");
    }
    for (size_t i = 0; i < body->recipients.count; i++) {
        if (!pk_mail_address_ok(body->recipients.items[i])) {
            (void)pk_error_set(err, PK_EINVAL, "a mail address is wanted here");
            return pk_query_path(err, "recipients");
        }
    }
    return PK_OK;
}

static int add_plan(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct pk_plan *plan = ctx;
    struct pk_array rows = { 0 };
    int rc = pk_plan_list(call->store, 0, call->arena, &rows, err);

    if (rc == PK_OK && rows.count >= PK_PLANS_MAX) {
        rc = pk_error_set(err, PK_EINVAL, "there are %d plans already", PK_PLANS_MAX);
    }
    if (rc == PK_OK) {
        rc = pk_plan_add(call->store, plan, err);
    }
    return rc < 0 ? rc
                  : pk_call_audit(call, "report_plan.add", plan->id,
                            json_pack("{s:s, s:s, s:s, s:O}", "kind", plan->kind, "group",
                                    plan->group, "every", pk_plan_every_names[plan->every],
                                    "recipients", plan->recipients),
                            err);
}

int pk_api_report_plan_add(struct pk_call *call, struct pk_error *err)
{
    char id[PK_UUID_TEXT];
    struct body body;
    struct pk_plan plan = { .id = id, .created_ms = call->now_ms };
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    rc = check(&body, err);
    if (rc < 0) {
        return rc;
    }
    pk_uuid4(id);
    plan.kind = pk_report_kind_names[body.kind];
    plan.group = body.group != NULL ? body.group : "";
    plan.every = body.every;
    plan.created_by = pk_actor_text(&call->actor, call->arena);
    plan.next_ms = pk_plan_next((enum pk_plan_every)body.every, call->now_ms);
    plan.recipients = pk_view_strings(body.recipients.items, body.recipients.count);
    rc = plan.recipients != NULL ? pk_call_transaction(call, add_plan, &plan, err)
                                 : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = pk_call_reply(call, 201, view_plan(&plan));
    }
    json_decref(plan.recipients);
    return rc;
}

static int remove_plan(struct pk_call *call, void *ctx, struct pk_error *err)
{
    int rc = pk_plan_remove(call->store, ctx, err);

    return rc < 0 ? rc : pk_call_audit(call, "report_plan.remove", ctx, NULL, err);
}

int pk_api_report_plan_remove(struct pk_call *call, struct pk_error *err)
{
    char *id = pk_arena_strdup(call->arena, pk_request_param(call->request, "id"));
    int rc = id != NULL ? pk_call_transaction(call, remove_plan, id, err)
                        : pk_error_set(err, PK_ENOMEM, "out of memory");

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
