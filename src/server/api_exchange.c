/* /api/v1/crowd/exchange: this server among others. As a hub its members and invitations, as a member its hubs;
 * what was said and heard, word by word, for whoever has to answer for it. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "crowd/exchange_trust.h"
#include "crowd/key.h"
#include "server/ca.h"
#include "server/call.h"
#include "server/exchange.h"
#include "server/view.h"
#include "store/exchange.h"

#define TTL_MIN_S INT64_C(60)
#define TTL_MAX_S (INT64_C(30) * 86400)
#define LINK_MAX  600
#define WORDS_MAX 500

/* ---- views ------------------------------------------------------------------------------------------------ */

static json_t *view_member(const struct pk_call *call, const struct pk_exchange_member *m)
{
    struct pk_exchange_record record = {
        .a = m->a, .b = m->b, .joined_s = m->joined_ms / PK_SECOND_MS, .vouched = m->vouched
    };
    float weight = pk_exchange_weight(&record, call->now_ms / PK_SECOND_MS,
            (int)call->server->settings.exchange->newcomer_days);

    return json_pack("{s:s, s:s, s:b, s:f, s:o, s:o, s:I, s:I, s:I}", "id", m->id, "name", m->name,
            "vouched", m->vouched, "weight", round((double)weight * 1000) / 1000, "joined_at",
            pk_view_time(m->joined_ms), "last_seen_at", pk_view_time(m->seen_ms), "words",
            (json_int_t)m->words, "confirmed", (json_int_t)m->confirmed, "contradicted",
            (json_int_t)m->contradicted);
}

static json_t *view_hub(const struct pk_exchange_hub *h)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:I, s:I, s:I}", "id", h->id, "name", h->name,
            "url", h->url, "joined_at", pk_view_time(h->joined_ms), "last_answer_at",
            pk_view_time(h->ok_ms), "error", h->error, "waiting", (json_int_t)h->waiting, "told",
            (json_int_t)h->told, "heard", (json_int_t)h->heard);
}

static json_t *view_word(const struct pk_exchange_word *w)
{
    char city[5];

    pk_exchange_city_text(w->city, city);
    return json_pack("{s:s, s:s, s:f, s:o, s:b, s:b, s:o, s:o, s:o, s:i}", "kind",
            pk_crowd_kind_names[w->kind], "verdict", pk_exchange_verdict_names[w->verdict],
            "log_odds", (double)pk_exchange_lo(w->lo), "devices",
            w->devices > 0 ? json_integer(w->devices) : json_null(), "several_groups",
            (w->flags & PK_EXCHANGE_GROUPS) != 0, "several_members",
            (w->flags & PK_EXCHANGE_SEVERAL) != 0, "city",
            city[0] != '\0' ? json_string(city) : json_null(), "first_at",
            pk_view_time((int64_t)w->first_h * PK_HOUR_MS), "last_at",
            pk_view_time((int64_t)w->last_h * PK_HOUR_MS), "half_life_hours", w->half_h);
}

/* ---- status ----------------------------------------------------------------------------------------------- */

int pk_api_exchange_get(struct pk_call *call, struct pk_error *err)
{
    const struct pk_exchange_settings *settings = call->server->settings.exchange;
    struct pk_array hubs = { 0 };
    struct pk_array members = { 0 };
    const struct pk_exchange_hub *h;
    json_t *list;
    int rc = pk_exchange_hubs(call->store, call->arena, &hubs, err);

    if (rc == PK_OK) {
        rc = pk_exchange_members(call->store, false, call->arena, &members, err);
    }
    if (rc < 0) {
        return rc;
    }
    list = json_array();
    h = hubs.items;
    for (size_t i = 0; i < hubs.count; i++) {
        (void)json_array_append_new(list, view_hub(&h[i]));
    }
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:b, s:I, s:I, s:f, s:o}", "id",
                    pk_exchange_signer(call->server->exchange)->finger_text, "name",
                    pk_exchange_name(call->server), "hub", settings->hub, "members",
                    (json_int_t)members.count, "min_devices", (json_int_t)settings->min_devices,
                    "trust", settings->trust, "hubs", list));
}

/* What a thing of our own is called, as far as people know it. */
static const char *thing_text(const struct pk_exchange_saying *s, struct pk_arena *arena)
{
    char network[PK_CROWD_TEXT];
    char point[PK_CROWD_TEXT];

    if (s->kind == PK_CROWD_POINT) {
        return pk_arena_printf(arena, "%s %s", pk_crowd_network_text((uint64_t)s->a, network),
                pk_crowd_hardware_text((uint64_t)s->b, point));
    }
    return pk_arena_printf(arena, "%016llx", (unsigned long long)s->a);
}

static int view_said(struct pk_call *call, const char *hub, json_t *out, struct pk_error *err)
{
    static const int verdicts[] = { PK_EXCHANGE_BAD, PK_EXCHANGE_CLEAN, PK_EXCHANGE_KNOWN };
    int rc = PK_OK;

    for (size_t v = 0; rc == PK_OK && v < PK_COUNT(verdicts); v++) {
        struct pk_array said = { 0 };
        const struct pk_exchange_saying *s;

        rc = pk_exchange_sayings(call->store, hub, verdicts[v], WORDS_MAX, call->arena, &said, err);
        s = said.items;
        for (size_t i = 0; rc == PK_OK && i < said.count; i++) {
            uint8_t bytes[PK_EXCHANGE_BLOB];
            struct pk_reader reader = pk_reader_of(pk_slice_of(bytes, sizeof(bytes)));
            struct pk_exchange_word word;
            json_t *one;

            memcpy(bytes, s[i].word, sizeof(bytes));
            bytes[PK_EXCHANGE_BLOB - 1] |= 1; /* the id stands in only when it is told */
            if (pk_exchange_word_read(&reader, false, &word) < 0) {
                continue;
            }
            one = view_word(&word);
            (void)json_object_update_new(one,
                    json_pack("{s:s, s:s?, s:b, s:o}", "hub", hub, "thing",
                            thing_text(&s[i], call->arena), "told", s[i].told, "at",
                            pk_view_time(s[i].told_ms > 0 ? s[i].told_ms : s[i].changed_ms)));
            (void)json_array_append_new(out, one);
        }
    }
    return rc;
}

/* The newest words, as they are kept. */
int pk_api_exchange_words(struct pk_call *call, struct pk_error *err)
{
    struct pk_array heard = { 0 };
    struct pk_array hubs = { 0 };
    const struct pk_exchange_hearing *w;
    const struct pk_exchange_hub *h;
    json_t *in = json_array();
    json_t *out = json_array();
    int rc = pk_exchange_heard(call->store, NULL, WORDS_MAX, call->arena, &heard, err);

    if (rc == PK_OK) {
        rc = pk_exchange_hubs(call->store, call->arena, &hubs, err);
    }
    w = heard.items;
    for (size_t i = 0; rc == PK_OK && i < heard.count; i++) {
        struct pk_reader reader = pk_reader_of(pk_slice_of(w[i].word, PK_EXCHANGE_BLOB));
        struct pk_exchange_word word;

        if (pk_exchange_word_read(&reader, true, &word) == PK_OK) {
            json_t *one = view_word(&word);
            char id[20];

            (void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)word.id);
            (void)json_object_update_new(one,
                    json_pack("{s:s, s:s, s:o}", "hub", w[i].hub, "thing", id, "at",
                            pk_view_time(w[i].at_ms)));
            (void)json_array_append_new(in, one);
        }
    }
    h = hubs.items;
    for (size_t i = 0; rc == PK_OK && i < hubs.count; i++) {
        rc = view_said(call, h[i].id, out, err);
    }
    if (rc < 0) {
        json_decref(in);
        json_decref(out);
        return rc;
    }
    return pk_call_reply(call, 200, json_pack("{s:o, s:o}", "said", out, "heard", in));
}

/* ---- the hub's side --------------------------------------------------------------------------------------------- */

int pk_api_exchange_member_list(struct pk_call *call, struct pk_error *err)
{
    struct pk_array members = { 0 };
    const struct pk_exchange_member *m;
    json_t *items;
    int rc = pk_exchange_members(call->store, true, call->arena, &members, err);

    if (rc < 0) {
        return rc;
    }
    items = json_array();
    m = members.items;
    for (size_t i = 0; i < members.count; i++) {
        (void)json_array_append_new(items, view_member(call, &m[i]));
    }
    return pk_call_reply(call, 200, json_pack("{s:o}", "items", items));
}

struct invitation_body {
    const char *name;
    bool vouched;
    int64_t ttl_s;
};
struct vouch_body {
    bool vouched;
    const char *reason;
};
struct link_body {
    const char *link;
};

#define AT(type, m) offsetof(struct type, m)
/* clang-format off */
static const struct pk_field invitation_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(invitation_body, name), .min = 1, .max = 64,
      .help = "of the organisation that is invited" },
    { "vouched", PK_TYPE_BOOL, 0, AT(invitation_body, vouched),
      .help = "it is known: its word counts from the first day" },
    { "ttl_s", PK_TYPE_INT, 0, AT(invitation_body, ttl_s), .min = TTL_MIN_S, .max = TTL_MAX_S,
      .def = "604800", .help = "how long the invitation works" },
};
static const struct pk_schema invitation_schema =
    PK_SCHEMA(struct invitation_body, invitation_fields, "exchange invitation");
static const struct pk_field vouch_fields[] = {
    { "vouched", PK_TYPE_BOOL, PK_REQUIRED, AT(vouch_body, vouched), .help = "or not any more" },
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(vouch_body, reason), .min = 1, .max = 500,
      .help = "for the audit" },
};
static const struct pk_schema vouch_schema =
    PK_SCHEMA(struct vouch_body, vouch_fields, "exchange vouch");
static const struct pk_field link_fields[] = {
    { "link", PK_TYPE_STRING, PK_REQUIRED, AT(link_body, link), .min = 1, .max = LINK_MAX,
      .help = "the invitation" },
};
static const struct pk_schema link_schema = PK_SCHEMA(struct link_body, link_fields, "exchange hub");
/* clang-format on */

static int add_invitation(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_exchange_invite *invite = ctx;
    int rc = pk_exchange_invite_add(call->store, invite, err);

    return rc < 0 ? rc
                  : pk_call_audit(call, "exchange.invite", invite->name,
                            json_pack("{s:b}", "vouched", invite->vouched), err);
}

int pk_api_exchange_invite(struct pk_call *call, struct pk_error *err)
{
    struct pk_exchange_invite invite = { .created_ms = call->now_ms,
        .created_by = pk_actor_text(&call->actor, call->arena) };
    struct invitation_body body;
    char secret[33];
    char hash[PK_SHA256_HEX];
    char key[2 * PK_SIGN_KEY_SIZE + 1];
    char *link;
    int rc;

    if (pk_request_decode(call->request, &invitation_schema, &body) < 0) {
        return PK_OK;
    }
    if (!call->server->settings.exchange->hub) {
        pk_reply_problem(call->request, 409, "conflict",
                "this server is no hub: set exchange.hub in its settings", NULL);
        return PK_OK;
    }
    pk_random_hex(16, secret);
    pk_auth_hash(secret, hash);
    invite.secret_sha256 = hash;
    invite.name = body.name;
    invite.vouched = body.vouched;
    invite.expires_ms = call->now_ms + body.ttl_s * PK_SECOND_MS;
    pk_hex(pk_slice_of(pk_exchange_signer(call->server->exchange)->key, PK_SIGN_KEY_SIZE), key);
    link = pk_arena_printf(call->arena, "%s/exchange#%s.%s.%s", call->server->url, secret,
            pk_ca_pin(call->server->ca), key);
    rc = link == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                      : pk_call_transaction(call, add_invitation, &invite, err);
    return rc < 0 ? rc
                  : pk_call_reply(call, 201,
                            json_pack("{s:s, s:b, s:o, s:s}", "name", invite.name, "vouched",
                                    invite.vouched, "expires_at", pk_view_time(invite.expires_ms),
                                    "link", link));
}

struct change {
    const char *id;
    const struct vouch_body *vouch;
};

static int vouch(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct change *c = ctx;
    int rc = pk_exchange_member_vouch(call->store, c->id, c->vouch->vouched, err);

    if (rc == PK_OK) {
        rc = pk_exchange_touch_of(call->store, c->id, err);
    }
    return rc < 0 ? rc
                  : pk_call_audit(call, "exchange.vouch", c->id,
                            json_pack("{s:b, s:s}", "vouched", c->vouch->vouched, "reason",
                                    c->vouch->reason),
                            err);
}

int pk_api_exchange_member_vouch(struct pk_call *call, struct pk_error *err)
{
    struct vouch_body body;
    struct change c = { .id = pk_request_param(call->request, "id"), .vouch = &body };
    struct pk_exchange_member member = { 0 };
    int rc;

    if (pk_request_decode(call->request, &vouch_schema, &body) < 0) {
        return PK_OK;
    }
    rc = pk_call_transaction(call, vouch, &c, err);
    if (rc == PK_OK) {
        pk_exchange_members_changed(call->server->exchange);
        rc = pk_exchange_member_get(call->store, c.id, call->arena, &member, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 200, view_member(call, &member));
}

static int remove_member(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    int rc = pk_exchange_member_remove(call->store, id, err);

    return rc < 0 ? rc : pk_call_audit(call, "exchange.member_remove", id, NULL, err);
}

int pk_api_exchange_member_remove(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_call_transaction(call, remove_member, (void *)id, err);

    if (rc == PK_OK) {
        pk_exchange_members_changed(call->server->exchange);
    }
    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}

/* ---- the member's side -------------------------------------------------------------------------------------------- */

static int audit_join(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct pk_exchange_hub *hub = ctx;

    return pk_call_audit(call, "exchange.join", hub->id,
            json_pack("{s:s, s:s}", "name", hub->name, "url", hub->url), err);
}

int pk_api_exchange_join(struct pk_call *call, struct pk_error *err)
{
    struct pk_exchange_link link;
    struct pk_exchange_hub hub;
    struct link_body body;
    const char *id = NULL;
    int rc;

    if (pk_request_decode(call->request, &link_schema, &body) < 0) {
        return PK_OK;
    }
    if (pk_exchange_link_read(body.link, &link, err) < 0) {
        return pk_query_path(err, "link");
    }
    if (pk_exchange_join(call->server->exchange, &link, call->store, call->arena, &id, err) < 0) {
        pk_reply_problem(call->request, 409, "conflict", err->text, NULL);
        return PK_OK;
    }
    rc = pk_exchange_hub_get(call->store, id, call->arena, &hub, err);
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, audit_join, &hub, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 201, view_hub(&hub));
}

static int remove_hub(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    int rc = pk_exchange_hub_remove(call->store, id, err);

    return rc < 0 ? rc : pk_call_audit(call, "exchange.leave", id, NULL, err);
}

int pk_api_exchange_leave(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_exchange_hub hub;
    int rc = pk_exchange_hub_get(call->store, id, call->arena, &hub, err);

    if (rc == PK_OK) {
        pk_exchange_leave(call->server->exchange, id);
        rc = pk_call_transaction(call, remove_hub, (void *)id, err);
    }
    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
