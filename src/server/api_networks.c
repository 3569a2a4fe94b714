#include "base/clock.h"
#include "model/observation.h"
#include "policy/policy.h"
#include "server/call.h"
#include "server/looks.h"
#include "server/networks.h"
#include "server/view_network.h"

#define INCIDENTS_MAX 100
#define EVIDENCE_MAX  8 /* incidents whose evidence comes with the page, the worst first */

static const char *const verdicts[] = { "unknown", "clean", "bad", NULL };
static const char *const severities[] = { "low", "medium", "high", "critical", NULL };
static const char *const yes_no[] = { "yes", "no", NULL };

static int64_t min_devices(const struct pk_call *call)
{
    return call->server->settings.networks->min_devices;
}

/* Asking where a device was is looking at it. */
static void look_at_devices(struct pk_call *call, const struct pk_query *query)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct pk_filter *f = &query->filters[i];

        for (size_t v = 0; strcmp(f->field, "device") == 0 && v < f->values.count; v++) {
            if (pk_call_device_name(call, f->values.items[v])[0] != '\0') {
                pk_call_look(call, "device.look", f->values.items[v]);
            }
        }
    }
}

int pk_api_network_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "verdict", verdicts },
        { "severity", severities },
        { "listed", yes_no },
        { "attacked", yes_no },
        { "link", pk_link_names },
        { "security", pk_security_names },
        { "place", NULL },
        { "device", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "verdict", "last_seen_at", "first_seen_at", "last_bad_at",
        "devices", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_network_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_network_list(call->store, &query, min_devices(call), call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    look_at_devices(call, &query);
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(
                items, pk_view_network(&rows[i], pk_networks_until(call->server, rows[i].last_ms)));
    }
    return pk_call_reply_page(call, &page, items);
}

/* The row, when people may see it. */
static int load(struct pk_call *call, struct pk_network_row *out, struct pk_error *err)
{
    int rc = pk_network_get(
            call->store, pk_request_param(call->request, "id"), call->arena, out, err);

    if (rc == PK_OK && !pk_network_shown(out, min_devices(call))) {
        return pk_error_set(err, PK_ENOENT,
                "too few devices met this network for it to be more than counted: it may be a "
                "home");
    }
    return rc;
}

/* Its incidents: the worst first, of the same severity the newest. */
static int incidents_of(
        struct pk_call *call, const char *id, struct pk_array *out, struct pk_error *err)
{
    struct pk_filter filter = { .field = "subject", .values = { &id, 1 } };
    struct pk_query query = {
        .limit = INCIDENTS_MAX,
        .sort = "-updated_at",
        .filters = &filter,
        .filter_count = 1,
        .now_ms = call->now_ms,
    };
    struct pk_page page = { 0 };
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    if (rc == PK_OK) {
        *out = (struct pk_array){ .items = page.items, .count = page.count };
    }
    return rc;
}

static bool is_live(const struct pk_incident *i)
{
    return i->state == PK_INCIDENT_OPEN || i->state == PK_INCIDENT_MITIGATED;
}

/* One of each threat: open ones first, then the worst, then the newest. */
static size_t choose_evidence(
        const struct pk_array *incidents, const struct pk_incident_row *out[EVIDENCE_MAX])
{
    const struct pk_incident_row *rows = incidents->items;
    size_t count = 0;

    for (size_t i = 0; i < incidents->count; i++) {
        const struct pk_incident *one = &rows[i].incident;
        size_t at = 0;

        while (at < count && out[at]->incident.threat != one->threat) {
            at++;
        }
        if (at < count && (!is_live(one) || is_live(&out[at]->incident))) {
            continue;
        }
        if (at == EVIDENCE_MAX) {
            continue;
        }
        out[at] = &rows[i];
        count = at == count ? count + 1 : count;
    }
    return count;
}

static json_t *view_evidence(struct pk_call *call, const struct pk_array *incidents)
{
    const struct pk_incident_row *chosen[EVIDENCE_MAX];
    size_t count = choose_evidence(incidents, chosen);
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *one = pk_view_incident(chosen[i]);
        json_t *evidence = chosen[i]->incident.evidence;

        (void)json_object_set_new(
                one, "evidence", evidence != NULL ? json_incref(evidence) : json_object());
        (void)json_array_append_new(out, one);
        pk_call_look(call, "incident.look", chosen[i]->incident.device);
    }
    return out;
}

static json_t *view_incidents(const struct pk_array *incidents)
{
    const struct pk_incident_row *rows = incidents->items;
    json_t *out = json_array();

    for (size_t i = 0; i < incidents->count; i++) {
        (void)json_array_append_new(out, pk_view_incident(&rows[i]));
    }
    return out;
}

int pk_api_network_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_array incidents = { 0 };
    struct pk_array traits = { 0 };
    struct pk_array facts = { 0 };
    struct pk_network_row row;
    json_t *body;
    int rc = load(call, &row, err);

    if (rc == PK_OK) {
        rc = incidents_of(call, row.id, &incidents, err);
    }
    if (rc == PK_OK) {
        rc = pk_network_traits(call->store, row.id, call->arena, &traits, err);
    }
    if (rc == PK_OK) {
        rc = pk_network_facts(call->store, row.id, call->arena, &facts, err);
    }
    if (rc < 0) {
        return rc;
    }
    body = pk_view_network(&row, pk_networks_until(call->server, row.last_ms));
    (void)json_object_update_new(body,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "trust",
                    pk_view_network_trust(
                            pk_policy_trust(pk_server_policy(call->server)), &row, &traits),
                    "seen", pk_view_network_traits(&traits), "facts", pk_view_network_facts(&facts),
                    "evidence", view_evidence(call, &incidents), "incidents",
                    view_incidents(&incidents), "timeline", pk_view_network_timeline(&incidents)));
    return pk_call_reply(call, 200, body);
}

int pk_api_network_devices(struct pk_call *call, struct pk_error *err)
{
    static const struct pk_filter_rule filters[] = { { "q", NULL }, { NULL, NULL } };
    static const char *const sorts[] = { "last_seen_at", "first_seen_at", "visits", NULL };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_network_device *rows;
    struct pk_network_row network;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = load(call, &network, err);
    }
    if (rc == PK_OK) {
        rc = pk_network_device_list(call->store, network.id, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_call_look(call, "network.look", network.id);
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_network_device(&rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

int pk_api_network_map(struct pk_call *call, struct pk_error *err)
{
    const struct pk_network_settings *settings = call->server->settings.networks;
    struct pk_network_counts counts = { 0 };
    struct pk_array cells = { 0 };
    int rc = pk_network_cells(call->store, settings->min_devices, call->arena, &cells, err);

    if (rc == PK_OK) {
        rc = pk_network_count(call->store, settings->min_devices, &counts, err);
    }
    if (rc < 0) {
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "cells", pk_view_network_cells(&cells),
                    "networks", (json_int_t)counts.shown, "placed", (json_int_t)counts.placed,
                    "bad", (json_int_t)counts.bad, "homes", (json_int_t)(counts.all - counts.shown),
                    "min_devices", (json_int_t)settings->min_devices, "keep_days",
                    (json_int_t)settings->keep_days));
}
