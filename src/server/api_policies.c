/* The organisation's policy: what is in force, its versions, drafts checked and rehearsed, and a new one put into force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "pipeline/rehearse.h"
#include "policy/diff.h"
#include "server/call.h"
#include "server/life.h"
#include "server/policies.h"
#include "server/view.h"
#include "store/apps.h"
#include "store/guard.h"

#define VERSIONS_MAX 200
#define DAYS_DEFAULT 7
#define DAYS_MAX     30
#define REHEARSE_MS  (60 * PK_SECOND_MS)
#define DIFF_MAX     (1UL << 20)
#define DIFF_CONTEXT 3

struct body {
    const char *text;
    const char *note;
    int64_t replaces;
    int64_t version;
    int64_t days;
    bool compare;
};
#define AT(m) offsetof(struct body, m)

/* clang-format off */
#define TEXT_ROW(flags_) { "text", PK_TYPE_STRING, flags_, AT(text), .min = 1, \
      .max = PK_POLICY_TEXT_MAX, .help = "the policy, YAML" }
static const struct pk_field put_fields[] = {
    TEXT_ROW(PK_REQUIRED),
    { "note", PK_TYPE_STRING, 0, AT(note), .max = 300, .help = "why, for those who read the versions" },
    { "replaces", PK_TYPE_INT, 0, AT(replaces), .min = -1, .max = 1e15, .def = "-1",
      .help = "the version that was changed; another one in force is an error" },
};
static const struct pk_schema put_schema = PK_SCHEMA(struct body, put_fields, "policy");
static const struct pk_field check_fields[] = { TEXT_ROW(PK_REQUIRED) };
static const struct pk_schema check_schema = PK_SCHEMA(struct body, check_fields, "draft");
static const struct pk_field rehearse_fields[] = {
    TEXT_ROW(0),
    { "version", PK_TYPE_INT, 0, AT(version), .min = 0, .max = 1e15,
      .help = "a version instead of a text; neither: what is in force" },
    { "days", PK_TYPE_INT, 0, AT(days), .min = 1, .max = DAYS_MAX, .def = "7",
      .help = "how far back" },
    { "compare", PK_TYPE_BOOL, 0, AT(compare), .def = "true",
      .help = "rehearse what is in force, too, to compare with" },
};
static const struct pk_schema rehearse_schema = PK_SCHEMA(struct body, rehearse_fields, "rehearsal");
/* clang-format on */

/* ---- what is in force ------------------------------------------------------------------------------------ */

static const char *const sources[] = { "file", "store", "builtin" };

/* The text in force, and from where. */
static int text_in_force(
        struct pk_call *call, struct pk_document *out, int *source, struct pk_error *err)
{
    const char *file = call->server->settings.policy;
    struct pk_slice builtin = pk_policy_default_text();
    struct pk_buffer text = pk_buffer_of(PK_POLICY_TEXT_MAX);
    int rc;

    *out = (struct pk_document){ .who = "" };
    if (file != NULL) {
        *source = 0;
        rc = pk_file_read(file, &text, err);
        out->text = rc == PK_OK ? pk_arena_strndup(call->arena, text.ptr, text.len) : NULL;
        pk_buffer_finish(&text);
        return rc < 0 || out->text != NULL ? rc : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *source = 1;
    rc = pk_document_get(call->store, PK_POLICY_DOCUMENT, call->arena, out, err);
    if (rc != PK_ENOENT) {
        return rc;
    }
    *source = 2;
    *out = (struct pk_document){ .who = "",
        .text = pk_arena_strndup(call->arena, (const char *)builtin.ptr, builtin.len) };
    return out->text != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

static json_t *view_rules(const struct pk_policy *policy, const char *group)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pk_policy_rule_count(policy, group); i++) {
        struct pk_rule_view rule;
        json_t *acts = json_array();

        pk_policy_rule_at(policy, group, i, &rule);
        for (size_t a = 0; a < rule.acts.count; a++) {
            (void)json_array_append_new(acts, json_string(rule.acts.items[a]));
        }
        (void)json_array_append_new(list,
                json_pack("{s:s, s:s, s:o, s:s?}", "name", rule.name, "mode",
                        rule.detect ? "detect" : "act", "do", acts, "group", rule.group));
    }
    return list;
}

static json_t *view_groups(const struct pk_policy *policy)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pk_policy_group_count(policy); i++) {
        const char *name = pk_policy_group_at(policy, i);

        (void)json_array_append_new(
                list, json_pack("{s:s, s:o}", "name", name, "rules", view_rules(policy, name)));
    }
    return list;
}

static int view_deployed(struct pk_call *call, int64_t version, json_t **out, struct pk_error *err)
{
    struct pk_array list = { 0 };
    int64_t follow = 0;
    int64_t others = 0;
    int rc = pk_deployed(call->store, call->arena, &list, err);
    const struct pk_deployed_row *rows = list.items;

    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        follow += rows[i].policy == version ? rows[i].devices : 0;
        others += rows[i].policy == version ? 0 : rows[i].devices;
    }
    *out = json_pack("{s:I, s:I}", "devices", (json_int_t)follow, "pending", (json_int_t)others);
    return rc;
}

static int reply_policy(struct pk_call *call, struct pk_error *err)
{
    const struct pk_policy *policy = pk_server_policy(call->server);
    struct pk_document document = { 0 };
    json_t *deployed = NULL;
    int source;
    int rc = text_in_force(call, &document, &source, err);

    if (rc == PK_OK) {
        rc = view_deployed(call, pk_policy_version(policy), &deployed, err);
    }
    if (rc < 0) {
        json_decref(deployed);
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:I, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:I}", "version",
                    (json_int_t)document.version, "name", pk_policy_name(policy), "source",
                    sources[source], "at",
                    document.at_ms > 0 ? pk_view_time(document.at_ms) : json_null(), "by",
                    document.who, "text", document.text, "rules", view_rules(policy, NULL),
                    "groups", view_groups(policy), "deployed", deployed, "alerts_per_week",
                    (json_int_t)pk_policy_alerts_per_week(policy)));
}

int pk_api_policy_get(struct pk_call *call, struct pk_error *err)
{
    return reply_policy(call, err);
}

/* ---- versions -------------------------------------------------------------------------------------------- */

int pk_api_policy_versions(struct pk_call *call, struct pk_error *err)
{
    struct pk_array list = { 0 };
    json_t *items = json_array();
    int rc = pk_document_versions(
            call->store, PK_POLICY_DOCUMENT, VERSIONS_MAX, call->arena, &list, err);
    const struct pk_document *rows = list.items;

    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        struct pk_policy *policy = NULL;

        /* A version that today's catalogue refuses is shown all the same, without its name. */
        if (pk_policy_parse("v", rows[i].text, strlen(rows[i].text), &policy, NULL) < 0) {
            policy = NULL;
        }
        (void)json_array_append_new(items,
                json_pack("{s:I, s:o, s:s, s:s?}", "version", (json_int_t)rows[i].version, "at",
                        pk_view_time(rows[i].at_ms), "by", rows[i].who, "name",
                        policy != NULL ? pk_policy_name(policy) : NULL));
        pk_policy_destroy(policy);
    }
    if (rc < 0) {
        json_decref(items);
        return rc;
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", items));
}

struct version_args {
    int64_t against; /* -1: not given */
    struct pk_error *err;
};

static int take_against(const char *name, const char *value, void *ctx)
{
    struct version_args *args = ctx;

    if (strcmp(name, "against") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    return pk_query_int(name, value, 0, INT64_MAX, &args->against, args->err);
}

/* Version 0 is the policy that Picket carries inside. */
static int version_of(
        struct pk_call *call, int64_t version, struct pk_document *out, struct pk_error *err)
{
    struct pk_slice text = pk_policy_default_text();

    if (version > 0) {
        return pk_document_version(call->store, PK_POLICY_DOCUMENT, version, call->arena, out, err);
    }
    *out = (struct pk_document){ .who = "Picket",
        .text = pk_arena_strndup(call->arena, (const char *)text.ptr, text.len) };
    return out->text != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

int pk_api_policy_version(struct pk_call *call, struct pk_error *err)
{
    struct version_args args = { .against = -1, .err = err };
    struct pk_buffer diff = pk_buffer_of(DIFF_MAX);
    const char *id = pk_request_param(call->request, "id");
    struct pk_document document = { 0 };
    struct pk_document other = { 0 };
    int64_t number = 0;
    int64_t added = 0;
    int64_t removed = 0;
    json_t *body;
    int rc = pk_request_query_each(call->request, take_against, &args);

    if (rc == PK_OK && pk_query_int("id", id, 0, INT64_MAX, &number, err) < 0) {
        rc = pk_error_set(err, PK_ENOENT, "there is no such version");
    }
    if (rc == PK_OK) {
        rc = version_of(call, number, &document, err);
    }
    if (rc == PK_OK && args.against >= 0) {
        rc = version_of(call, args.against, &other, err);
    }
    if (rc == PK_OK && args.against >= 0) {
        rc = pk_diff_lines(other.text, document.text, DIFF_CONTEXT, &diff, &added, &removed);
        rc = rc < 0 ? pk_error_set(err, rc, "the versions are too different to be shown") : PK_OK;
    }
    if (rc < 0) {
        pk_buffer_finish(&diff);
        return rc;
    }
    body = json_pack("{s:I, s:o, s:s, s:s}", "version", (json_int_t)document.version, "at",
            document.at_ms > 0 ? pk_view_time(document.at_ms) : json_null(), "by", document.who,
            "text", document.text);
    if (body != NULL && args.against >= 0) {
        (void)json_object_set_new(body, "diff",
                json_pack("{s:I, s:s#, s:I, s:I}", "against", (json_int_t)args.against, "lines",
                        diff.len > 0 ? diff.ptr : "", diff.len, "added", (json_int_t)added,
                        "removed", (json_int_t)removed));
    }
    pk_buffer_finish(&diff);
    return pk_call_reply(call, 200, body);
}

/* ---- a draft --------------------------------------------------------------------------------------------- */

static json_t *view_fault(const struct pk_error *why)
{
    return json_pack("{s:b, s:s, s:i, s:s}", "good", 0, "error", why->text, "line", why->line,
            "path", why->path);
}

int pk_api_policy_check(struct pk_call *call, struct pk_error *err)
{
    struct pk_policy *policy = NULL;
    struct pk_error why = { 0 };
    struct body body;
    json_t *reply;

    (void)err;
    if (pk_request_decode(call->request, &check_schema, &body) < 0) {
        return PK_OK;
    }
    if (pk_policy_parse("draft", body.text, strlen(body.text), &policy, &why) < 0) {
        return pk_call_reply(call, 200, view_fault(&why));
    }
    reply = json_pack("{s:b, s:s, s:o, s:o}", "good", 1, "name", pk_policy_name(policy), "rules",
            view_rules(policy, NULL), "groups", view_groups(policy));
    pk_policy_destroy(policy);
    return pk_call_reply(call, 200, reply);
}

static int refuse(struct pk_call *call, const struct pk_error *why)
{
    pk_reply_problem(call->request, 400, "bad_request", why->text, "text");
    return PK_OK;
}

struct change {
    struct body body;
    int64_t before; /* version in force, 0: none of ours */
    int64_t version;
};

static int put(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct change *c = ctx;
    struct pk_document before = { 0 };
    struct pk_document document = {
        .at_ms = call->now_ms, .who = pk_actor_text(&call->actor, call->arena), .text = c->body.text
    };
    struct pk_buffer diff = pk_buffer_of(DIFF_MAX);
    int64_t added = 0;
    int64_t removed = 0;
    int source;
    int rc = text_in_force(call, &before, &source, err);

    if (rc == PK_OK && c->body.replaces >= 0 && c->body.replaces != before.version) {
        rc = pk_error_set(err, PK_EEXIST, "somebody has changed the policy meanwhile");
        (void)pk_query_path(err, "replaces");
    }
    if (rc == PK_OK) {
        rc = pk_document_put(call->store, PK_POLICY_DOCUMENT, &document, &c->version, err);
    }
    if (rc == PK_OK) {
        if (pk_diff_lines(before.text, c->body.text, 0, &diff, &added, &removed) < 0) {
            added = removed = -1; /* too different to count */
        }
        rc = pk_call_audit(call, "policy.put", PK_POLICY_DOCUMENT,
                json_pack("{s:I, s:I, s:I, s:I, s:s}", "version", (json_int_t)c->version,
                        "replaces", (json_int_t)before.version, "added", (json_int_t)added,
                        "removed", (json_int_t)removed, "note",
                        c->body.note != NULL ? c->body.note : ""),
                err);
    }
    pk_buffer_finish(&diff);
    return rc;
}

int pk_api_policy_put(struct pk_call *call, struct pk_error *err)
{
    struct change change = { 0 };
    struct pk_policy *policy = NULL;
    struct pk_error why = { 0 };
    int rc;

    if (pk_request_decode(call->request, &put_schema, &change.body) < 0) {
        return PK_OK;
    }
    if (call->server->settings.policy != NULL) {
        return pk_error_set(err, PK_EEXIST,
                "the settings name a policy file: change that file, or remove `policy:` from the "
                "settings");
    }
    if (pk_policy_parse("policy", change.body.text, strlen(change.body.text), &policy, &why) < 0) {
        return refuse(call, &why);
    }
    pk_policy_destroy(policy);
    rc = pk_call_transaction(call, put, &change, err);
    if (rc == PK_OK) {
        rc = pk_server_reload(call->server, err);
    }
    return rc < 0 ? rc : reply_policy(call, err);
}

/* ---- rehearsal ------------------------------------------------------------------------------------------- */

struct clock {
    int64_t until_ms; /* monotonic */
};

static bool out_of_time(void *ctx)
{
    const struct clock *c = ctx;

    return pk_clock_monotonic_ms() > c->until_ms;
}

static int rehearse(struct pk_call *call, const struct pk_policy *policy, int64_t days,
        json_t **out, struct pk_error *err)
{
    struct clock clock = { .until_ms = pk_clock_monotonic_ms() + REHEARSE_MS };
    struct pk_rehearsing r = { .store = call->store,
        .policy = policy,
        .from_ms = call->now_ms - days * PK_DAY_MS,
        .to_ms = call->now_ms,
        .stop = out_of_time,
        .ctx = &clock };
    struct pk_rehearse *keep = NULL;
    struct pk_rehearsal result;
    int rc = pk_rehearse_store(&r, call->arena, &keep, &result, err);

    if (rc == PK_OK) {
        *out = pk_rehearsal_view(&result);
        pk_rehearse_destroy(keep);
        rc = *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return rc;
}

static int draft_of(struct pk_call *call, const struct body *body, struct pk_policy **out,
        bool *refused, struct pk_error *err)
{
    struct pk_document document = { .text = body->text };
    struct pk_error why = { 0 };
    int source;
    int rc = body->text != NULL ? PK_OK
            : body->version > 0 ? version_of(call, body->version, &document, err)
                                : text_in_force(call, &document, &source, err);

    if (rc == PK_OK &&
            pk_policy_parse("draft", document.text, strlen(document.text), out, &why) < 0) {
        *refused = true;
        return refuse(call, &why);
    }
    return rc;
}

int pk_api_policy_rehearse(struct pk_call *call, struct pk_error *err)
{
    struct pk_policy *draft = NULL;
    struct body body;
    json_t *reply = NULL;
    json_t *now = NULL;
    bool refused = false;
    int rc;

    if (pk_request_decode(call->request, &rehearse_schema, &body) < 0) {
        return PK_OK;
    }
    rc = draft_of(call, &body, &draft, &refused, err);
    if (rc < 0 || refused) {
        return rc;
    }
    rc = rehearse(call, draft, body.days, &reply, err);
    if (rc == PK_OK && body.compare) {
        rc = rehearse(call, pk_server_policy(call->server), body.days, &now, err);
    }
    pk_policy_destroy(draft);
    if (rc < 0) {
        json_decref(reply);
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:I, s:o, s:o}", "days", (json_int_t)body.days, "draft", reply, "in_force",
                    now != NULL ? now : json_null()));
}
