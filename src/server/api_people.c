/* /people: who may sign in, what they may do and where. */
#include <ctype.h>

#include "server/call.h"
#include "server/qr_svg.h"
#include "server/roles.h"
#include "server/secret.h"
#include "server/view.h"
#include "store/people.h"

#define SVG_MAX (128UL * 1024)

struct body {
    const char *name;
    const char *mail;
    int role;
    struct pk_strings groups;
};

#define AT(m) offsetof(struct body, m)

/* clang-format off */
#define REST                                                                                      \
    { "mail", PK_TYPE_STRING, 0, AT(mail), .min = 3, .max = 254, .help = "of the person" },        \
    { "role", PK_TYPE_ENUM, PK_REQUIRED, AT(role), .names = pk_role_choices,                       \
      .help = "what the person may do" },                                                         \
    { "groups", PK_TYPE_STRINGS, 0, AT(groups), .min = 1, .max = PK_SCOPE_GROUP_MAX,               \
      .count_max = PK_SCOPE_GROUPS_MAX, .help = "whose devices the person sees; none: all" }

static const struct pk_field new_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(name), .min = 1, .max = 64, .help = "to sign in with" },
    REST,
};
static const struct pk_field change_fields[] = { REST };
/* clang-format on */
static const struct pk_schema new_schema = PK_SCHEMA(struct body, new_fields, "person");
static const struct pk_schema change_schema = PK_SCHEMA(struct body, change_fields, "person");

static json_t *view_person(const struct pk_person *p)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:o, s:b, s:b, s:o, s:s, s:o, s:o}", "id",
            p->id, "name", p->name, "mail", pk_view_text(p->mail), "role", pk_role_names[p->role],
            "groups", pk_view_strings(p->groups.items, p->groups.count), "source",
            p->issuer[0] != '\0' ? "sso" : "local", "issuer", pk_view_text(p->issuer), "password",
            (int)(p->password != NULL), "codes", (int)(p->totp != NULL), "created_at",
            pk_view_time(p->created_ms), "created_by", p->created_by, "last_seen_at",
            pk_view_time(p->seen_ms), "disabled_at", pk_view_time(p->disabled_ms));
}

int pk_api_person_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "name", NULL },
        { "role", pk_role_choices },
        { "issuer", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "name", "created_at", "last_seen_at", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_person *people;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_person_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    people = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, view_person(&people[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

static int reply_person(struct pk_call *call, const char *id, int status, struct pk_error *err)
{
    struct pk_person person;
    int rc = pk_person_get(call->store, id, call->arena, &person, err);

    return rc < 0 ? rc : pk_call_reply(call, status, view_person(&person));
}

int pk_api_person_get(struct pk_call *call, struct pk_error *err)
{
    return reply_person(call, pk_request_param(call->request, "id"), 200, err);
}

static json_t *detail_of(const struct pk_person *p)
{
    return json_pack("{s:s, s:s, s:o}", "name", p->name, "role", pk_role_names[p->role], "groups",
            pk_view_strings(p->groups.items, p->groups.count));
}

static int add_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct pk_person *person = ctx;
    int rc = pk_person_add(call->store, person, err);

    return rc < 0 ? rc : pk_call_audit(call, "person.add", person->id, detail_of(person), err);
}

int pk_api_person_add(struct pk_call *call, struct pk_error *err)
{
    struct pk_person person;
    char id[PK_UUID_TEXT];
    struct body body;
    int rc;

    if (pk_request_decode(call->request, &new_schema, &body) < 0) {
        return PK_OK;
    }
    rc = pk_role_grant(call, body.role, &body.groups, err);
    if (rc < 0) {
        return rc;
    }
    pk_uuid4(id);
    person = (struct pk_person){
        .id = id,
        .name = body.name,
        .mail = body.mail,
        .role = (int)pk_role_chosen(body.role),
        .groups = body.groups,
        .issuer = "",
        .subject = pk_call_lower(call, body.name),
        .created_ms = call->now_ms,
        .created_by = pk_actor_text(&call->actor, call->arena),
    };
    rc = pk_call_transaction(call, add_one, &person, err);
    return rc < 0 ? rc : reply_person(call, id, 201, err);
}

/* ---- changes --------------------------------------------------------------------------------------- */

/* Somebody has to be left who can put everything right. */
static int keep_an_owner(struct pk_call *call, const struct pk_person *person, struct pk_error *err)
{
    int64_t others = 0;
    int rc = PK_OK;

    if (person->role != PK_ROLE_OWNER || person->groups.count > 0 || person->disabled_ms != 0) {
        return PK_OK;
    }
    rc = pk_person_other_owners(call->store, person->id, &others, err);
    if (rc == PK_OK && others == 0) {
        return pk_error_set(err, PK_EEXIST, "this is the last owner: make another one first");
    }
    return rc;
}

struct change {
    const struct body *body; /* NULL: not of role and groups */
    enum {
        CHANGE_PUT,
        CHANGE_DISABLE,
        CHANGE_ENABLE,
        CHANGE_REMOVE,
        CHANGE_SESSIONS
    } what;
    int64_t ended; /* sessions */
};

static int put_body(struct pk_call *call, struct pk_person *person, const struct body *body,
        struct pk_error *err)
{
    struct pk_person after = *person;
    bool owner;
    int rc = PK_OK;

    after.role = (int)pk_role_chosen(body->role);
    after.groups = body->groups;
    after.mail = body->mail;
    owner = after.role == PK_ROLE_OWNER && after.groups.count == 0;
    if (!owner) {
        rc = keep_an_owner(call, person, err);
    }
    *person = after;
    return rc;
}

static int end_sessions(
        struct pk_call *call, const char *id, struct change *c, struct pk_error *err)
{
    const struct pk_session_of of = { .person = id };

    return pk_session_end(call->store, &of, &c->ended, err);
}

static int apply(
        struct pk_call *call, struct pk_person *person, struct change *c, struct pk_error *err)
{
    int rc = PK_OK;

    switch (c->what) {
    case CHANGE_PUT:
        rc = put_body(call, person, c->body, err);
        return rc < 0 ? rc : pk_person_put(call->store, person, err);
    case CHANGE_DISABLE:
        rc = keep_an_owner(call, person, err);
        person->disabled_ms = call->now_ms;
        if (rc == PK_OK) {
            rc = pk_person_put(call->store, person, err);
        }
        return rc < 0 ? rc : end_sessions(call, person->id, c, err);
    case CHANGE_ENABLE:
        person->disabled_ms = 0;
        return pk_person_put(call->store, person, err);
    case CHANGE_REMOVE:
        rc = keep_an_owner(call, person, err);
        return rc < 0 ? rc : pk_person_remove(call->store, person->id, err);
    case CHANGE_SESSIONS:
        break;
    }
    return end_sessions(call, person->id, c, err);
}

static int change(struct pk_call *call, void *ctx, struct pk_error *err)
{
    static const char *const acts[] = {
        [CHANGE_PUT] = "person.change",
        [CHANGE_DISABLE] = "person.disable",
        [CHANGE_ENABLE] = "person.enable",
        [CHANGE_REMOVE] = "person.remove",
        [CHANGE_SESSIONS] = "person.signout",
    };
    const char *id = pk_request_param(call->request, "id");
    struct change *c = ctx;
    struct pk_person person;
    int rc = pk_person_get(call->store, id, call->arena, &person, err);

    if (rc == PK_OK) {
        rc = apply(call, &person, c, err);
    }
    return rc < 0 ? rc : pk_call_audit(call, acts[c->what], id, detail_of(&person), err);
}

int pk_api_person_put(struct pk_call *call, struct pk_error *err)
{
    struct change c = { .what = CHANGE_PUT };
    struct body body;
    int rc;

    if (pk_request_decode(call->request, &change_schema, &body) < 0) {
        return PK_OK;
    }
    c.body = &body;
    rc = pk_role_grant(call, body.role, &body.groups, err);
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, change, &c, err);
    }
    return rc < 0 ? rc : reply_person(call, pk_request_param(call->request, "id"), 200, err);
}

static int change_and_reply(struct pk_call *call, int what, struct pk_error *err)
{
    struct change c = { .what = what };
    int rc = pk_call_transaction(call, change, &c, err);

    return rc < 0 ? rc : reply_person(call, pk_request_param(call->request, "id"), 200, err);
}

int pk_api_person_disable(struct pk_call *call, struct pk_error *err)
{
    return change_and_reply(call, CHANGE_DISABLE, err);
}

int pk_api_person_enable(struct pk_call *call, struct pk_error *err)
{
    return change_and_reply(call, CHANGE_ENABLE, err);
}

static int change_and_be_silent(struct pk_call *call, int what, struct pk_error *err)
{
    struct change c = { .what = what };
    int rc = pk_call_transaction(call, change, &c, err);

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}

int pk_api_person_remove(struct pk_call *call, struct pk_error *err)
{
    return change_and_be_silent(call, CHANGE_REMOVE, err);
}

int pk_api_person_sign_out(struct pk_call *call, struct pk_error *err)
{
    return change_and_be_silent(call, CHANGE_SESSIONS, err);
}

/* ---- codes ----------------------------------------------------------------------------------------- */

struct codes {
    struct pk_totp totp;
    char recovery[PK_RECOVERY_MAX][PK_RECOVERY_TEXT];
    const char *name;
};

static int reset_codes(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct codes *c = ctx;
    struct pk_person person;
    const char *text;
    int rc = pk_person_get(call->store, id, call->arena, &person, err);

    if (rc == PK_OK && person.password == NULL) {
        rc = pk_error_set(err, PK_EEXIST, "without a password there are no codes to ask for");
    }
    if (rc < 0) {
        return rc;
    }
    c->name = person.name;
    pk_totp_make(&c->totp, c->recovery);
    rc = pk_totp_encode(&c->totp, call->arena, &text);
    if (rc == PK_OK) {
        rc = pk_seal(call->api->seal_key, id, text, call->arena, &person.totp, err);
    }
    person.totp_step = 0;
    if (rc == PK_OK) {
        rc = pk_person_put(call->store, &person, err);
    }
    return rc < 0 ? rc : pk_call_audit(call, "person.codes", id, detail_of(&person), err);
}

int pk_api_person_codes(struct pk_call *call, struct pk_error *err)
{
    struct pk_buffer svg = pk_buffer_of(SVG_MAX);
    struct codes c = { 0 };
    json_t *recovery;
    const char *url;
    json_t *body;
    int rc = pk_call_transaction(call, reset_codes, &c, err);

    if (rc < 0) {
        return rc;
    }
    url = pk_totp_url(&c.totp, call->server->settings.name, c.name, call->arena);
    rc = url == NULL ? PK_ENOMEM : pk_qr_svg(url, &svg, err);
    if (rc < 0) {
        pk_buffer_finish(&svg);
        return rc;
    }
    recovery = json_array();
    for (int i = 0; i < PK_RECOVERY_MAX; i++) {
        (void)json_array_append_new(recovery, json_string(c.recovery[i]));
    }
    body = json_pack("{s:s, s:s, s:o}", "url", url, "qr_svg", svg.ptr, "recovery", recovery);
    pk_buffer_finish(&svg);
    return pk_call_reply(call, 201, body);
}
