/* Who is told of what, and the ways by which: the document "communication", the channels and their tests. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "respond/communication.h"
#include "server/call.h"
#include "server/outbox.h"
#include "server/tell.h"
#include "server/view.h"
#include "store/apps.h"

/* ---- the document ---------------------------------------------------------------------------------- */

static int read_document(struct pk_call *call, struct pk_document *room,
        const struct pk_document **out, struct pk_error *err)
{
    int rc = pk_document_get(call->store, PK_COMMUNICATION_DOCUMENT, call->arena, room, err);

    *out = rc == PK_OK ? room : NULL;
    return rc == PK_ENOENT ? PK_OK : rc;
}

static int reply_document(struct pk_call *call, struct pk_error *err)
{
    struct pk_document room;
    const struct pk_document *d = NULL;
    struct pk_communication c = { 0 };
    json_t *content;
    int rc = read_document(call, &room, &d, err);

    if (rc == PK_OK && d != NULL) {
        rc = pk_communication_parse(d->text, strlen(d->text), call->arena, &c, err);
    }
    if (rc < 0) {
        return rc;
    }
    content = pk_schema_encode(&pk_communication_schema, &c, false);
    return pk_call_reply(call, 200,
            json_pack("{s:I, s:o, s:o, s:o}", "version", (json_int_t)(d != NULL ? d->version : 0),
                    "at", pk_view_time(d != NULL ? d->at_ms : 0), "by",
                    pk_view_text(d != NULL ? d->who : NULL), "communication",
                    content != NULL ? content : json_object()));
}

int pk_api_communication_get(struct pk_call *call, struct pk_error *err)
{
    return reply_document(call, err);
}

struct change {
    int64_t replaces; /* -1: whatever is there */
    json_t *content;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct change *change = ctx;

    if (strcmp(name, "replaces") != 0) {
        (void)pk_error_set(change->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(change->err, name);
    }
    return pk_query_int(name, value, 0, INT64_MAX, &change->replaces, change->err);
}

static int put_document(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct change *change = ctx;
    char *text = pk_json_text(change->content);
    struct pk_document document = {
        .at_ms = call->now_ms,
        .who = pk_actor_text(&call->actor, call->arena),
        .text = text,
    };
    struct pk_document room;
    const struct pk_document *before;
    int64_t version = 0;
    int rc = text == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : read_document(call, &room, &before, err);

    if (rc == PK_OK && change->replaces >= 0 &&
            change->replaces != (before != NULL ? before->version : 0)) {
        rc = pk_error_set(err, PK_EEXIST, "somebody has changed the rules meanwhile");
        (void)pk_query_path(err, "replaces");
    }
    if (rc == PK_OK) {
        rc = pk_document_put(call->store, PK_COMMUNICATION_DOCUMENT, &document, &version, err);
    }
    free(text);
    return rc < 0 ? rc
                  : pk_call_audit(call, "communication.put", PK_COMMUNICATION_DOCUMENT,
                            json_pack("{s:I, s:O}", "version", (json_int_t)version, "communication",
                                    change->content),
                            err);
}

/* A rule for a webhook that the settings do not have would tell nobody. */
static int check_hooks(
        const struct pk_settings *settings, const struct pk_communication *c, struct pk_error *err)
{
    const struct pk_hook_settings *hooks = settings->webhooks.items;
    const struct pk_notice_rule *rules = c->rules.items;

    for (size_t r = 0; r < c->rules.count; r++) {
        for (size_t i = 0; i < rules[r].hooks.count; i++) {
            size_t k = 0;

            while (k < settings->webhooks.count &&
                    strcmp(hooks[k].name, rules[r].hooks.items[i]) != 0) {
                k++;
            }
            if (k == settings->webhooks.count) {
                (void)pk_error_set(err, PK_EINVAL, "the settings have no webhook of this name");
                return pk_query_path(err, "rules");
            }
        }
    }
    return PK_OK;
}

int pk_api_communication_put(struct pk_call *call, struct pk_error *err)
{
    struct change change = { .replaces = -1, .err = err };
    struct pk_communication c;
    int rc = pk_request_query_each(call->request, take_arg, &change);

    if (rc < 0) {
        return rc;
    }
    if (pk_request_decode(call->request, &pk_communication_schema, &c) < 0) {
        return PK_OK;
    }
    rc = pk_communication_check(&c, err);
    if (rc == PK_OK) {
        rc = check_hooks(&call->server->settings, &c, err);
    }
    if (rc < 0) {
        return rc;
    }
    change.content = pk_schema_encode(&pk_communication_schema, &c, false);
    rc = change.content != NULL ? pk_call_transaction(call, put_document, &change, err)
                                : pk_error_set(err, PK_ENOMEM, "out of memory");
    json_decref(change.content);
    return rc < 0 ? rc : reply_document(call, err);
}

/* ---- channels -------------------------------------------------------------------------------------- */

static size_t channels_of(struct pk_call *call, struct pk_channel **out)
{
    *out = pk_arena_alloc(call->arena, PK_CHANNELS_MAX, sizeof(**out));
    return *out != NULL ? pk_outbox_channels(&call->server->settings, *out) : 0;
}

/* Where it leads, without secrets: URLs of settings hold none (respond/url.h). */
static const char *address_of(const struct pk_channel *c)
{
    switch ((enum pk_action_kind)c->kind) {
    case PK_ACTION_SIEM:
        return ((const struct pk_siem_settings *)c->settings)->host;
    case PK_ACTION_MAIL:
        return ((const struct pk_mail_settings *)c->settings)->relay;
    case PK_ACTION_HOOK:
        return ((const struct pk_hook_settings *)c->settings)->url;
    case PK_ACTION_PUSH:
        return strcmp(c->name, "apns") == 0 ? ((const struct pk_apns_settings *)c->settings)->url
                                            : ((const struct pk_fcm_settings *)c->settings)->url;
    case PK_ACTION_ALERT:
    case PK_ACTION_ASK:
    case PK_ACTION_CLOSE:
    case PK_ACTION_DIGEST:
        break;
    }
    return "";
}

static bool can_test(const struct pk_channel *c)
{
    return c->kind == PK_ACTION_MAIL || c->kind == PK_ACTION_HOOK || c->kind == PK_ACTION_SIEM;
}

int pk_api_channel_list(struct pk_call *call, struct pk_error *err)
{
    struct pk_channel *channels;
    size_t count = channels_of(call, &channels);
    json_t *list = json_array();
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        struct pk_target_state state = { 0 };

        rc = pk_target_state(call->store, channels[i].kind, channels[i].target, channels[i].name,
                call->arena, &state, err);
        if (rc == PK_OK) {
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:b}", "name", channels[i].name,
                            "kind", pk_action_kind_names[channels[i].kind], "address",
                            address_of(&channels[i]), "pending", (json_int_t)state.pending,
                            "last_ok_at", pk_view_time(state.last_ok_ms), "last_error",
                            pk_view_text(state.last_error), "can_test", can_test(&channels[i])));
        }
    }
    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", list));
}

struct test_body {
    const char *to; /* letters only */
};

struct test {
    const char *to;
    const struct pk_channel *channel;
    int64_t action;
};

static const struct pk_field test_fields[] = {
    { "to", PK_TYPE_STRING, 0, offsetof(struct test_body, to), .min = 3, .max = PK_MAIL_ADDRESS_MAX,
            .help = "address that the test letter goes to" },
};
static const struct pk_schema test_schema = PK_SCHEMA(struct test_body, test_fields, "test");

static json_t *test_payload(struct pk_call *call, const struct pk_channel *channel)
{
    const char *by = pk_actor_text(&call->actor, call->arena);
    char at[PK_TIME_TEXT];

    (void)pk_time_format(call->now_ms, at);
    if (channel->kind != PK_ACTION_SIEM) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "test", "letter", "test", "at", at,
                "by", by, "link", "#/communication");
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:f, s:s, s:[], s:s, s:{s:i, "
                     "s:s}, s:s}",
            "at", at, "type", "incident.updated", "severity", "info", "threat", "network.arp_spoof",
            "title", "Test of the channel", "device", "id", "test", "name", "test", "subject",
            "test", "confidence", 0.0, "rule", "test", "attack", "state", "resolved", "risk",
            "score", 0, "level", "low", "seen", "This is a test of the channel; nothing happened");
}

static int add_test(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct test *test = ctx;
    struct pk_action action = {
        .kind = test->channel->kind,
        .target = test->channel->kind == PK_ACTION_MAIL ? test->to : test->channel->name,
        .created_ms = call->now_ms,
        .payload = test_payload(call, test->channel),
    };
    int rc = action.payload == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                                    : pk_action_add(call->store, &action, err);

    json_decref(action.payload);
    test->action = action.id;
    return rc < 0 ? rc
                  : pk_call_audit(call, "channel.test", test->channel->name,
                            json_pack("{s:s, s:s*}", "kind",
                                    pk_action_kind_names[test->channel->kind], "to", test->to),
                            err);
}

int pk_api_channel_test(struct pk_call *call, struct pk_error *err)
{
    const char *name = pk_request_param(call->request, "id");
    struct pk_channel *channels;
    size_t count = channels_of(call, &channels);
    struct test test = { 0 };
    struct test_body body;
    int rc;

    for (size_t i = 0; i < count; i++) {
        test.channel = strcmp(channels[i].name, name) == 0 ? &channels[i] : test.channel;
    }
    if (test.channel == NULL) {
        return pk_error_set(err, PK_ENOENT, "there is no such channel");
    }
    if (!can_test(test.channel)) {
        return pk_error_set(err, PK_EINVAL, "a push has no address that could be tried");
    }
    if (pk_request_decode(call->request, &test_schema, &body) < 0) {
        return PK_OK;
    }
    test.to = body.to;
    if (test.channel->kind == PK_ACTION_MAIL && (test.to == NULL || !pk_mail_address_ok(test.to))) {
        (void)pk_error_set(err, PK_EINVAL, "the address is wanted that the letter goes to");
        return pk_query_path(err, "to");
    }
    rc = pk_call_transaction(call, add_test, &test, err);
    if (rc < 0) {
        return rc;
    }
    pk_server_outbox_grew(call->server);
    return pk_call_reply(call, 202, json_pack("{s:o}", "id", pk_view_id(test.action)));
}
