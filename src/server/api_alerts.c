/* What people were told, and what became of it. */
#include "base/clock.h"
#include "server/call.h"
#include "server/view.h"
#include "store/alerts.h"

#define DAYS_DEFAULT 30
#define DAYS_MAX     365
#define RATE_POOR    30 /* per cent acted on: fewer, and the rule needs tuning ... */
#define RATE_TOLD    10 /* ... if it has spoken so often */

static json_t *time_or_null(int64_t ms)
{
    return ms > 0 ? pk_view_time(ms) : json_null();
}

static json_t *view_alert(const struct pk_alert_row *a)
{
    const struct pk_threat *threat = pk_threat_find(a->threat);

    return json_pack("{s:I, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, "
                     "s:I, s:I, s:b}",
            "id", (json_int_t)a->id, "device", "id", a->device, "name", a->device_name, "incident",
            a->incident, "rule", a->rule, "threat", a->threat, "title",
            threat != NULL ? threat->title : a->threat, "subject", a->subject, "level",
            pk_urgency_name((enum pk_urgency)a->level), "told_at", pk_view_time(a->told_ms),
            "shown_at", time_or_null(a->shown_ms), "answer", pk_answer_names[a->answer],
            "answered_at", time_or_null(a->answered_ms), "closed_at", time_or_null(a->closed_ms),
            "reminders", (json_int_t)a->reminders, "merged", (json_int_t)a->merged, "simulated",
            (int)(a->simulated != 0));
}

int pk_api_alert_list(struct pk_call *call, struct pk_error *err)
{
    static const char *const states[] = { "open", "closed", NULL };
    static const char *const yes_no[] = { "yes", "no", NULL };
    static const struct pk_filter_rule filters[] = {
        { "device", NULL },
        { "rule", NULL },
        { "threat", NULL },
        { "incident", NULL },
        { "answer", pk_answer_names },
        { "state", states },
        { "simulated", yes_no },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "told_at", NULL };
    static const struct pk_list_rules rules = { filters, sorts };
    const struct pk_alert_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_alert_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    rows = page.items;
    items = json_array();
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, view_alert(&rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

/* ---- what becomes of them --------------------------------------------------------------------------------- */

struct rate_args {
    int64_t days;
    struct pk_error *err;
};

static int take_days(const char *name, const char *value, void *ctx)
{
    struct rate_args *args = ctx;

    if (strcmp(name, "days") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    return pk_query_int(name, value, 1, DAYS_MAX, &args->days, args->err);
}

static json_t *view_rate(const struct pk_alert_rate *r)
{
    bool poor = r->told >= RATE_TOLD && r->acted * 100 < r->told * RATE_POOR;

    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b}", "rule",
            r->rule, "told", (json_int_t)r->told, "shown", (json_int_t)r->shown, "acted",
            (json_int_t)r->acted, "ignored", (json_int_t)r->ignored, "mistakes",
            (json_int_t)r->mistakes, "closed", (json_int_t)r->closed, "merged",
            (json_int_t)r->merged, "reminders", (json_int_t)r->reminders, "devices",
            (json_int_t)r->people, "acted_share",
            r->told > 0 ? (double)r->acted / (double)r->told : 0.0, "needs_tuning", (int)poor);
}

int pk_api_alert_rates(struct pk_call *call, struct pk_error *err)
{
    struct rate_args args = { .days = DAYS_DEFAULT, .err = err };
    struct pk_array list = { 0 };
    const struct pk_alert_rate *rows;
    json_t *items;
    int rc = pk_request_query_each(call->request, take_days, &args);

    if (rc == PK_OK) {
        rc = pk_alert_rates(call->store, call->now_ms - args.days * PK_DAY_MS, call->now_ms,
                call->arena, &list, err);
    }
    if (rc < 0) {
        return rc;
    }
    rows = list.items;
    items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        (void)json_array_append_new(items, view_rate(&rows[i]));
    }
    return pk_call_reply(
            call, 200, json_pack("{s:I, s:o}", "days", (json_int_t)args.days, "items", items));
}
