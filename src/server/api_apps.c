#include "defense/apps.h"
#include "server/app_proof.h"
#include "server/apps.h"
#include "server/call.h"
#include "server/view_app.h"

#define FILES_MAX      100
#define COPIES_MAX     100
#define INCIDENTS_MAX  50
#define EXCEPTIONS_MAX 500

int pk_api_app_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "verdict", pk_app_standing_names },
        { "package", NULL },
        { "signer", NULL },
        { "threat", NULL },
        { "installer", NULL },
        { "device", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "verdict", "name", "package", "devices", "first_seen_at",
        "last_seen_at", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_app_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_app_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_app(&rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

static json_t *view_copies(const struct pk_page *page)
{
    const struct pk_device_app *rows = page->items;
    json_t *items = json_array();

    for (size_t i = 0; i < page->count; i++) {
        (void)json_array_append_new(items, pk_view_app_install(&rows[i]));
    }
    return items;
}

int pk_api_app_install_list(struct pk_call *call, struct pk_error *err)
{
    static const char *const yes_no[] = { "yes", "no", NULL };
    const struct pk_filter_rule filters[] = {
        { "device", NULL },
        { "app", NULL },
        { "package", NULL },
        { "sha256", NULL },
        { "present", yes_no },
        { "verdict", pk_app_standing_names },
        { "installer", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "since", "verdict", "name", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    struct pk_query query;
    struct pk_page page = { 0 };
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_device_app_list(call->store, &query, call->arena, &page, err);
    }
    return rc < 0 ? rc : pk_call_reply_page(call, &page, view_copies(&page));
}

/* Copies that are there now, newest first: of an app or of a file. */
int pk_api_app_copies(struct pk_call *call, const char *field, const char *value, json_t **out,
        struct pk_error *err)
{
    const char *yes = "yes";
    struct pk_filter filters[] = {
        { .field = field, .values = { &value, 1 } },
        { .field = "present", .values = { &yes, 1 } },
    };
    struct pk_query query = {
        .limit = COPIES_MAX,
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .now_ms = call->now_ms,
    };
    struct pk_page page = { 0 };
    int rc = pk_device_app_list(call->store, &query, call->arena, &page, err);

    if (rc == PK_OK) {
        *out = view_copies(&page);
    }
    return rc;
}

/* Open incidents of the apps' copies: they carry the subject that the person knows. */
static int view_incidents(
        struct pk_call *call, const struct pk_app_row *app, json_t **out, struct pk_error *err)
{
    const char *values[] = { app->label, app->package };
    const char *states[] = { "open", "mitigated" };
    const char *vector = "malware";
    struct pk_filter filters[] = {
        { .field = "subject", .values = { values, 2 } },
        { .field = "state", .values = { states, 2 } },
        { .field = "vector", .values = { &vector, 1 } },
    };
    struct pk_query query = {
        .limit = INCIDENTS_MAX,
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .now_ms = call->now_ms,
    };
    const struct pk_incident_row *rows;
    struct pk_page page = { 0 };
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    if (rc < 0) {
        return rc;
    }
    *out = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(*out, pk_view_incident(&rows[i]));
    }
    return PK_OK;
}

/* Does it fit the app as its files are known? */
static int exception_fits(struct pk_call *call, const struct pk_exception_row *row,
        const struct pk_array *files, bool *fits, struct pk_error *err)
{
    const struct pk_app_file *all = files->items;
    struct pk_app_exception exception;
    int rc = pk_knowledge_exception(row, call->arena, &exception, err);

    *fits = false;
    for (size_t i = 0; i < files->count && rc == PK_OK && !*fits; i++) {
        struct pk_app_item item = {
            .package = all[i].package,
            .sha256 = all[i].sha256,
            .signer = all[i].signer,
        };
        struct pk_app_report report;

        rc = pk_app_report_of_item(&item, call->arena, &report);
        *fits = rc == PK_OK && pk_app_target_fits(exception.match, &report);
    }
    return rc;
}

/* Exceptions that fit the app or one of its files, also expired ones. */
static int view_exceptions(
        struct pk_call *call, const struct pk_array *files, json_t **out, struct pk_error *err)
{
    struct pk_query query = { .limit = EXCEPTIONS_MAX, .now_ms = call->now_ms };
    const struct pk_exception_row *rows;
    struct pk_page page = { 0 };
    int rc = pk_exception_list(call->store, &query, call->arena, &page, err);

    if (rc < 0) {
        return rc;
    }
    *out = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count && rc == PK_OK; i++) {
        bool fits = false;

        rc = exception_fits(call, &rows[i], files, &fits, err);
        if (rc == PK_OK && fits) {
            (void)json_array_append_new(*out,
                    pk_view_app_exception(
                            &rows[i], pk_call_device_name(call, rows[i].target), call->now_ms));
        }
    }
    return rc;
}

static json_t *view_files(struct pk_call *call, const struct pk_array *files)
{
    const struct pk_app_file *rows = files->items;
    json_t *items = json_array();

    for (size_t i = 0; i < files->count; i++) {
        (void)json_array_append_new(
                items, pk_view_app_file(&rows[i], pk_call_device_name(call, rows[i].asked_device)));
    }
    return items;
}

/* Of the newest file that was analysed. */
static int newest_report(
        struct pk_call *call, const struct pk_array *files, json_t **out, struct pk_error *err)
{
    const struct pk_app_file *rows = files->items;

    *out = json_null();
    for (size_t i = 0; i < files->count; i++) {
        if (rows[i].state == PK_FILE_ANALYSED) {
            return pk_apps_report_now(
                    call->server, call->store, rows[i].sha256, call->now_ms, call->arena, out, err);
        }
    }
    return PK_OK;
}

int pk_api_app_get(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_array files = { 0 };
    struct pk_app_row app;
    json_t *copies = NULL;
    json_t *exceptions = NULL;
    json_t *incidents = NULL;
    json_t *report = NULL;
    json_t *proof = NULL;
    json_t *body;
    int rc = pk_app_get(call->store, id, call->arena, &app, err);

    if (rc == PK_OK) {
        rc = pk_app_file_of(call->store, id, FILES_MAX, call->arena, &files, err);
    }
    if (rc == PK_OK) {
        rc = pk_api_app_copies(call, "app", id, &copies, err);
    }
    if (rc == PK_OK) {
        rc = view_exceptions(call, &files, &exceptions, err);
    }
    if (rc == PK_OK) {
        rc = view_incidents(call, &app, &incidents, err);
    }
    if (rc == PK_OK) {
        rc = newest_report(call, &files, &report, err);
    }
    if (rc == PK_OK) {
        /* how common it is elsewhere is not theirs to know */
        if (call->actor.scope[0] != '\0') {
            proof = json_null();
        } else {
            rc = pk_app_proof_view(call, &app, &files, &proof, err);
        }
    }
    if (rc < 0) {
        json_decref(copies);
        json_decref(exceptions);
        json_decref(incidents);
        json_decref(report);
        return rc;
    }
    body = pk_view_app(&app);
    (void)json_object_update_new(body,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "files", view_files(call, &files), "on",
                    copies, "exceptions", exceptions, "incidents", incidents, "report", report,
                    "proof", proof));
    return pk_call_reply(call, 200, body);
}
