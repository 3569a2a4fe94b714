/* GET /privacy: what devices tell and what never, from the rows by which reports are encoded; how long what is kept;
 * who may see what. */
#include <stdio.h>

#include "model/observation.h"
#include "server/call.h"

#define NAME_MAX_BYTES 96
#define FORM_MAX_BYTES 512

static const char *const class_names[] = { "none", "collect", "blind", "never" };

static void form_of(const struct pk_field *f, char out[FORM_MAX_BYTES])
{
    size_t used = 0;

    switch (f->type) {
    case PK_TYPE_BOOL:
        (void)snprintf(out, FORM_MAX_BYTES, "yes or no");
        return;
    case PK_TYPE_TRI:
        (void)snprintf(out, FORM_MAX_BYTES, "yes, no or unknown");
        return;
    case PK_TYPE_INT:
    case PK_TYPE_REAL:
        (void)snprintf(out, FORM_MAX_BYTES, "number");
        return;
    case PK_TYPE_TIME:
        (void)snprintf(out, FORM_MAX_BYTES, "time");
        return;
    case PK_TYPE_STRING:
        (void)snprintf(out, FORM_MAX_BYTES, "text, at most %.0f bytes", f->max);
        return;
    case PK_TYPE_STRINGS:
        (void)snprintf(
                out, FORM_MAX_BYTES, "at most %zu texts of %.0f bytes", f->count_max, f->max);
        return;
    case PK_TYPE_ENUM:
        out[0] = '\0';
        for (size_t i = 0; f->names[i] != NULL && used + 1 < FORM_MAX_BYTES; i++) {
            int n = snprintf(out + used, FORM_MAX_BYTES - used, "%s%s", i > 0 ? ", " : "one of ",
                    f->names[i]);

            used += n > 0 ? (size_t)n : 0;
        }
        return;
    case PK_TYPE_OBJECT:
    case PK_TYPE_OBJECTS:
    case PK_TYPE_JSON:
        out[0] = '\0';
        return;
    }
}

/* The rows of a table; those of a list inside follow with its name before theirs. There is one list of fields for
 * every device: whose it is changes nothing yet, and the answer says so in both columns. */
static void add_fields(json_t *list, const struct pk_schema *schema, const char *prefix, int depth)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        char name[NAME_MAX_BYTES];
        char form[FORM_MAX_BYTES];

        (void)snprintf(name, sizeof(name), "%s%s%s", prefix, f->name,
                f->type == PK_TYPE_OBJECTS ? "[]." : "");
        if (f->type == PK_TYPE_OBJECTS && depth < 3) {
            add_fields(list, f->sub, name, depth + 1);
        } else if (f->type != PK_TYPE_OBJECT && f->type != PK_TYPE_OBJECTS) {
            form_of(f, form);
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "field", name, "what",
                            f->help != NULL ? f->help : "", "form", form, "company",
                            class_names[f->privacy], "personal", class_names[f->privacy]));
        }
    }
}

static json_t *view_kinds(void)
{
    json_t *kinds = json_array();
    json_t *fields = json_array();

    add_fields(fields, &pk_observation_schema, "", 0);
    (void)json_array_append_new(kinds, json_pack("{s:s, s:o}", "kind", "every", "fields", fields));
    for (size_t i = 0; i < pk_observation_schema.count; i++) {
        const struct pk_field *f = &pk_observation_schema.fields[i];

        if (f->type == PK_TYPE_OBJECT) {
            fields = json_array();
            add_fields(fields, f->sub, "", 0);
            (void)json_array_append_new(
                    kinds, json_pack("{s:s, s:o}", "kind", f->name, "fields", fields));
        }
    }
    return kinds;
}

static json_t *view_retention(const struct pk_server *server)
{
    const struct pk_retention_settings *r = server->settings.retention;
    json_t *list = json_array();

    for (size_t i = 0; i < pk_retention_schema.count; i++) {
        const struct pk_field *f = &pk_retention_schema.fields[i];
        int64_t days = *(const int64_t *)(const void *)((const char *)r + f->offset);

        (void)json_array_append_new(list,
                json_pack("{s:s, s:I, s:s}", "what", f->name, "days", (json_int_t)days, "text",
                        f->help));
    }
    (void)json_array_append_new(list,
            json_pack("{s:s, s:I, s:s}", "what", "networks_days", "days",
                    (json_int_t)server->settings.networks->keep_days, "text",
                    "days after a network was last met until what was seen of it goes"));
    return list;
}

static json_t *view_roles(void)
{
    static const struct {
        enum pk_right right;
        const char *name;
    } rights[] = {
        { PK_RIGHT_VIEW, "view" },
        { PK_RIGHT_RESPOND, "respond" },
        { PK_RIGHT_POLICY, "policy" },
        { PK_RIGHT_PRIVACY, "privacy" },
        { PK_RIGHT_OWN, "own" },
    };
    json_t *roles = json_array();

    for (int role = 1; pk_role_names[role] != NULL; role++) {
        json_t *may = json_array();

        for (size_t i = 0; i < PK_COUNT(rights); i++) {
            if (pk_role_may((enum pk_role)role, rights[i].right)) {
                (void)json_array_append_new(may, json_string(rights[i].name));
            }
        }
        (void)json_array_append_new(
                roles, json_pack("{s:s, s:o}", "role", pk_role_names[role], "rights", may));
    }
    return roles;
}

int pk_api_privacy_get(struct pk_call *call, struct pk_error *err)
{
    const struct pk_settings *s = &call->server->settings;

    (void)err;
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:o, s:{s:I, s:I}, s:s, s:o}", "kinds", view_kinds(), "retention",
                    view_retention(call->server), "thresholds", "place_devices",
                    (json_int_t)s->privacy->place_devices, "min_devices",
                    (json_int_t)s->crowd->min_devices, "employee_erase",
                    pk_employee_erase_names[s->privacy->employee_erase], "roles", view_roles()));
}
