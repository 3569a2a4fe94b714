#include "server/call.h"
#include "server/issue.h"
#include "server/qr_svg.h"
#include "server/view.h"

#define TTL_MIN_S INT64_C(60)
#define TTL_MAX_S (INT64_C(90) * 86400)
#define USES_MAX  100000
#define SVG_MAX   (64UL * 1024)

struct body {
    const char *label;
    const char *group;
    int64_t ttl_s;
    int64_t uses;
    int ownership;
    const char *mail;
};

#define AT(m) offsetof(struct body, m)

/* clang-format off */
static const struct pk_field fields[] = {
    { "label", PK_TYPE_STRING, 0, AT(label), .max = 100, .def = "", .help = "for whom it is" },
    { "group", PK_TYPE_STRING, 0, AT(group), .min = 1, .max = 64, .def = "default",
      .help = "of the devices that it lets in" },
    { "ttl_s", PK_TYPE_INT, 0, AT(ttl_s), .min = TTL_MIN_S, .max = TTL_MAX_S, .def = "900",
      .help = "how long it works" },
    { "uses", PK_TYPE_INT, 0, AT(uses), .min = 1, .max = USES_MAX, .def = "1",
      .help = "how many devices it lets in" },
    { "ownership", PK_TYPE_ENUM, 0, AT(ownership), .names = pk_ownership_names, .def = "unknown",
      .help = "whose devices they are" },
    { "mail", PK_TYPE_STRING, 0, AT(mail), .min = 3, .max = 254,
      .help = "address of the person, for copies of alerts" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "enrollment");

int pk_api_enrollment_list(struct pk_call *call, struct pk_error *err)
{
    static const struct pk_filter_rule filters[] = {
        { "label", NULL },
        { "group", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "created_at", "expires_at", "label", NULL };
    static const struct pk_list_rules rules = { filters, sorts };
    const struct pk_enrollment *enrollments;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_enrollment_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    enrollments = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_enrollment(&enrollments[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

struct creation {
    struct pk_enrollment enrollment;
    const char *secret;
};

static int create(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct creation *c = ctx;
    int rc = pk_issue_enrollment(call->store, &c->enrollment, call->arena, &c->secret, err);

    if (rc < 0) {
        return rc;
    }
    return pk_call_audit(call, "enrollment.create", c->enrollment.id,
            pk_issue_enrollment_detail(&c->enrollment), err);
}

/* What is shown once: the secret alone, as a link, and as a picture of the link. */
static int reply_created(struct pk_call *call, const struct creation *c, struct pk_error *err)
{
    const char *url = pk_server_enrolment_url(call->server, c->secret, call->arena);
    struct pk_buffer svg = pk_buffer_of(SVG_MAX);
    json_t *body;
    json_t *once;
    int rc = url == NULL ? PK_ENOMEM : pk_qr_svg(url, &svg, err);

    if (rc < 0) {
        pk_buffer_finish(&svg);
        return rc;
    }
    body = pk_view_enrollment(&c->enrollment);
    once = json_pack("{s:s, s:s, s:s}", "token", c->secret, "url", url, "qr_svg", svg.ptr);
    pk_buffer_finish(&svg);
    if (json_object_update_new(body, once) < 0) {
        json_decref(body);
        body = NULL;
    }
    return pk_call_reply(call, 201, body);
}

int pk_api_enrollment_create(struct pk_call *call, struct pk_error *err)
{
    struct creation c = { 0 };
    struct body body;
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    c.enrollment = (struct pk_enrollment){
        .label = body.label,
        .group = body.group,
        .uses = body.uses,
        .ownership = body.ownership,
        .mail = body.mail,
        .created_ms = call->now_ms,
        .expires_ms = call->now_ms + body.ttl_s * 1000,
        .created_by = pk_actor_text(&call->actor, call->arena),
    };
    if (!pk_scope_has(call->actor.scope, body.group)) {
        return pk_error_set(err, PK_EACCES, "'%s' is not one of your groups", body.group);
    }
    rc = pk_call_transaction(call, create, &c, err);
    return rc < 0 ? rc : reply_created(call, &c, err);
}

static int remove_one(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const char *id = ctx;
    int rc = pk_enrollment_remove(call->store, id, err);

    return rc < 0 ? rc : pk_call_audit(call, "enrollment.remove", id, NULL, err);
}

int pk_api_enrollment_remove(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = pk_call_transaction(call, remove_one, (void *)id, err);

    return rc < 0 ? rc : pk_call_reply(call, 204, NULL);
}
