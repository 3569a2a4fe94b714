#include "policy/rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "policy/guard_state.h"

#define DEVICE_MEMORY (64UL * 1024 * 1024)
#define RULES_ALL     (PK_RULES_MAX * (PK_GROUPS_MAX + 1))

struct tally {
    struct pk_rehearsal_rule sum;
    uint64_t last_device; /* that it touched: counted once */
};

struct pk_rehearse {
    const struct pk_policy *policy;
    struct pk_rehearsal sum;
    struct tally *rules;
    size_t rule_count, rule_cap;
};

/* One device while it is played. */
struct play {
    struct pk_rehearse *r;
    struct pk_guard *guard;
    struct pk_facts *facts;
    uint64_t number; /* of the device, from 1 */
    int64_t on_ms[PK_MEASURE_COUNT];
    bool had[PK_MEASURE_COUNT];
    int64_t told[PK_GUARD_TOLD_MAX]; /* since from_ms */
    size_t told_count;
    bool touched;
};

static struct tally *tally_of(struct pk_rehearse *r, const char *name)
{
    for (size_t i = 0; i < r->rule_count; i++) {
        if (strcmp(r->rules[i].sum.name, name) == 0) {
            return &r->rules[i];
        }
    }
    return NULL;
}

static int add_rules(struct pk_rehearse *r, const struct pk_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct pk_effect *e = &effects->items[i];

        if (tally_of(r, e->rule->name) != NULL) {
            continue;
        }
        if (r->rule_count == r->rule_cap) {
            size_t cap = r->rule_cap > 0 ? 2 * r->rule_cap : 32;
            struct tally *more = realloc(r->rules, cap * sizeof(*more));

            if (more == NULL) {
                return PK_ENOMEM;
            }
            r->rules = more;
            r->rule_cap = cap;
        }
        r->rules[r->rule_count++] = (struct tally){ .sum = { .name = e->rule->name,
                                                            .detect = e->detect } };
    }
    return PK_OK;
}

int pk_rehearse_create(const struct pk_policy *policy, int64_t from_ms, int64_t to_ms,
        struct pk_rehearse **out, struct pk_error *err)
{
    struct pk_rehearse *r = calloc(1, sizeof(*r));
    int rc = r != NULL ? PK_OK : PK_ENOMEM;

    if (rc == PK_OK) {
        r->policy = policy;
        r->sum.from_ms = from_ms;
        r->sum.to_ms = to_ms;
        rc = add_rules(r, pk_policy_effects(policy, NULL));
    }
    for (size_t i = 0; rc == PK_OK && i < pk_policy_group_count(policy); i++) {
        rc = add_rules(r, pk_policy_effects(policy, pk_policy_group_at(policy, i)));
    }
    if (rc < 0) {
        pk_rehearse_destroy(r);
        return pk_error_set(err, rc, "out of memory");
    }
    *out = r;
    return PK_OK;
}

void pk_rehearse_destroy(struct pk_rehearse *rehearse)
{
    if (rehearse != NULL) {
        free(rehearse->rules);
        free(rehearse);
    }
}

/* ---- counting ---------------------------------------------------------------------------------------------- */

static void told(struct play *p, int64_t at_ms)
{
    int64_t in_week = 0;

    if (p->told_count == PK_GUARD_TOLD_MAX) {
        return;
    }
    p->r->sum.users_alerted += p->told_count == 0;
    p->told[p->told_count++] = at_ms;
    for (size_t i = 0; i < p->told_count; i++) {
        in_week += at_ms - p->told[i] < PK_WEEK_MS;
    }
    p->r->sum.alerts_most = in_week > p->r->sum.alerts_most ? in_week : p->r->sum.alerts_most;
}

static void add_span(struct play *p, int measure, int64_t end_ms)
{
    struct pk_rehearsal *sum = &p->r->sum;
    int64_t from = p->on_ms[measure] > sum->from_ms ? p->on_ms[measure] : sum->from_ms;
    int64_t to = end_ms < sum->to_ms ? end_ms : sum->to_ms;

    if (to > from) {
        sum->measure_ms[measure] += to - from;
        sum->measure_devices[measure] += !p->had[measure];
        p->had[measure] = true;
    }
}

static void note_measure(struct play *p, const struct pk_act *act, bool counts)
{
    if (act->kind == PK_ACT_ON) {
        p->on_ms[act->measure] = act->at_ms;
        p->r->sum.measure_begun[act->measure] += counts;
    } else {
        add_span(p, act->measure, act->at_ms);
    }
}

static void count_total(struct play *p, const struct pk_act *act)
{
    struct pk_rehearsal *sum = &p->r->sum;
    bool silent = act->threat != NULL && act->threat->urgency == PK_URGENCY_INFO;

    switch (act->kind) {
    case PK_ACT_TELL:
        if (silent) {
            sum->silent++;
            break;
        }
        sum->alerts++;
        told(p, act->at_ms);
        break;
    case PK_ACT_REMIND:
        sum->reminders++;
        told(p, act->at_ms);
        break;
    case PK_ACT_MERGE:
        sum->merged++;
        break;
    case PK_ACT_HOLD:
        sum->held++;
        break;
    case PK_ACT_CLOSE:
        sum->closed++;
        break;
    case PK_ACT_ADMINS:
        sum->admins++;
        break;
    case PK_ACT_SIEM:
        sum->siem++;
        break;
    case PK_ACT_ON:
    case PK_ACT_OFF:
        break;
    }
}

static void count_rule(struct play *p, const struct pk_act *act)
{
    struct tally *t = tally_of(p->r, act->rule);

    if (t == NULL) {
        return; /* the end of a measure has no rule */
    }
    t->sum.devices += t->last_device != p->number;
    t->last_device = p->number;
    switch (act->kind) {
    case PK_ACT_TELL:
        t->sum.alerts++;
        break;
    case PK_ACT_REMIND:
        t->sum.reminders++;
        break;
    case PK_ACT_MERGE:
        t->sum.merged++;
        break;
    case PK_ACT_HOLD:
        t->sum.held++;
        break;
    case PK_ACT_ON:
        t->sum.measures++;
        break;
    case PK_ACT_ADMINS:
        t->sum.admins++;
        break;
    case PK_ACT_SIEM:
        t->sum.siem++;
        break;
    case PK_ACT_CLOSE:
    case PK_ACT_OFF:
        break;
    }
}

static int on_act(const struct pk_act *act, void *ctx)
{
    struct play *p = ctx;
    bool counts = act->at_ms >= p->r->sum.from_ms && act->at_ms <= p->r->sum.to_ms;

    if (!act->would && (act->kind == PK_ACT_ON || act->kind == PK_ACT_OFF)) {
        note_measure(p, act, counts);
    }
    if (!counts) {
        return PK_OK;
    }
    count_rule(p, act);
    if (!act->would) {
        count_total(p, act);
        p->touched = true;
    }
    return PK_OK;
}

/* ---- playing ------------------------------------------------------------------------------------------------ */

static const struct pk_incident *among(const struct pk_situation *s, const char *id)
{
    for (size_t i = 0; i < s->incident_count; i++) {
        if (strcmp(s->incidents[i].id, id) == 0) {
            return &s->incidents[i];
        }
    }
    return NULL;
}

static void decide(struct play *p, const struct pk_situation *now,
        const struct pk_incident *incident, enum pk_incident_change change, int64_t at_ms)
{
    struct pk_act act = { .at_ms = at_ms,
        .incident = incident->id,
        .threat = incident->threat,
        .subject = incident->subject,
        .why = "" };
    struct pk_decision d;

    pk_policy_decide(p->r->policy, now, incident, change, &d);
    if (d.siem) {
        act.kind = PK_ACT_SIEM;
        act.rule = d.siem_rule;
        (void)on_act(&act, p);
    }
    if (d.admins) {
        act.kind = PK_ACT_ADMINS;
        act.rule = d.admins_rule;
        (void)on_act(&act, p);
    }
}

/* Beginnings and ends, which the SOC and the administrators hear of at once. */
static void decide_all(struct play *p, const struct pk_situation *now, int64_t at_ms)
{
    struct pk_situation before;

    pk_guard_situation(p->guard, &before);
    for (size_t i = 0; i < before.incident_count; i++) {
        if (among(now, before.incidents[i].id) == NULL) {
            decide(p, now, &before.incidents[i], PK_CHANGE_RESOLVED, at_ms);
        }
    }
    for (size_t i = 0; i < now->incident_count; i++) {
        if (among(&before, now->incidents[i].id) == NULL) {
            decide(p, now, &now->incidents[i], PK_CHANGE_OPENED, at_ms);
        }
    }
}

static int play(struct play *p, const struct pk_fact *facts, size_t count, int64_t until_ms)
{
    int64_t to_ms = until_ms < p->r->sum.to_ms ? until_ms : p->r->sum.to_ms;
    int rc = PK_OK;
    size_t end;

    for (size_t i = 0; i < count && facts[i].at_ms <= p->r->sum.to_ms && rc == PK_OK; i = end) {
        struct pk_situation now;

        for (end = i; end < count && facts[end].at_ms == facts[i].at_ms; end++) {
            if (pk_facts_apply(p->facts, &facts[end]) == PK_ENOMEM) {
                return PK_ENOMEM;
            }
        }
        rc = pk_guard_wait(p->guard, p->r->policy, facts[i].at_ms, on_act, p);
        pk_facts_situation(p->facts, &now);
        decide_all(p, &now, facts[i].at_ms);
        if (rc == PK_OK) {
            rc = pk_guard_step(p->guard, p->r->policy, &now, facts[i].at_ms, on_act, p);
        }
    }
    return rc < 0 ? rc : pk_guard_wait(p->guard, p->r->policy, to_ms, on_act, p);
}

int pk_rehearse_device(struct pk_rehearse *rehearse, const struct pk_fact *facts, size_t count,
        int64_t until_ms, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(DEVICE_MEMORY);
    struct play *p = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*p)) : NULL;
    int rc = p != NULL ? pk_guard_create(arena, &p->guard) : PK_ENOMEM;

    if (rc == PK_OK) {
        rc = pk_facts_create(arena, &p->facts);
    }
    if (rc == PK_OK) {
        p->r = rehearse;
        p->number = (uint64_t)++rehearse->sum.devices;
        rc = play(p, facts, count, until_ms);
    }
    for (unsigned m = 0; rc == PK_OK && m < PK_MEASURE_COUNT; m++) {
        if ((pk_guard_measures(p->guard) & 1U << m) != 0) {
            add_span(p, (int)m, rehearse->sum.to_ms);
            rehearse->sum.measure_now[m]++;
        }
    }
    if (rc == PK_OK) {
        rehearse->sum.touched += p->touched;
    }
    pk_arena_destroy(arena);
    return rc < 0
            ? pk_error_set(err, rc, "this device's history does not fit: %s", pk_code_text(rc))
            : PK_OK;
}

/* ---- result -------------------------------------------------------------------------------------------------- */

int pk_rehearse_result(
        const struct pk_rehearse *rehearse, struct pk_arena *arena, struct pk_rehearsal *out)
{
    struct pk_rehearsal_rule *rules = pk_arena_alloc(
            arena, rehearse->rule_count + 1, sizeof(*rules));
    double weeks = (double)(rehearse->sum.to_ms - rehearse->sum.from_ms) / (double)PK_WEEK_MS;

    if (rules == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < rehearse->rule_count; i++) {
        rules[i] = rehearse->rules[i].sum;
    }
    *out = rehearse->sum;
    out->rules = (struct pk_array){ .items = rules, .count = rehearse->rule_count };
    out->alerts_per_user_week = out->devices > 0 && weeks > 0
            ? (double)(out->alerts + out->reminders) / (double)out->devices / weeks
            : 0;
    return PK_OK;
}

static json_t *view_rule(const struct pk_rehearsal_rule *r)
{
    return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", r->name,
            "detect", (int)r->detect, "devices", (json_int_t)r->devices, "alerts",
            (json_int_t)r->alerts, "reminders", (json_int_t)r->reminders, "merged",
            (json_int_t)r->merged, "held", (json_int_t)r->held, "measures", (json_int_t)r->measures,
            "admins", (json_int_t)r->admins, "siem", (json_int_t)r->siem);
}

json_t *pk_rehearsal_view(const struct pk_rehearsal *r)
{
    const struct pk_rehearsal_rule *rules = r->rules.items;
    json_t *list = json_array();
    json_t *measures = json_object();
    char from[PK_TIME_TEXT];
    char to[PK_TIME_TEXT];

    for (size_t i = 0; i < r->rules.count; i++) {
        (void)json_array_append_new(list, view_rule(&rules[i]));
    }
    for (int m = 0; m < PK_MEASURE_COUNT; m++) {
        (void)json_object_set_new(measures, pk_measure_names[m],
                json_pack("{s:I, s:I, s:I, s:f}", "devices", (json_int_t)r->measure_devices[m],
                        "begun", (json_int_t)r->measure_begun[m], "now",
                        (json_int_t)r->measure_now[m], "hours",
                        (double)r->measure_ms[m] / (double)PK_HOUR_MS));
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:I, "
                     "s:I, s:o}",
            "from", pk_time_format(r->from_ms, from), "to", pk_time_format(r->to_ms, to), "devices",
            (json_int_t)r->devices, "touched", (json_int_t)r->touched, "alerts",
            (json_int_t)r->alerts, "reminders", (json_int_t)r->reminders, "merged",
            (json_int_t)r->merged, "held", (json_int_t)r->held, "closed", (json_int_t)r->closed,
            "silent", (json_int_t)r->silent, "users_alerted", (json_int_t)r->users_alerted,
            "alerts_most_in_a_week", (json_int_t)r->alerts_most, "alerts_per_user_week",
            r->alerts_per_user_week, "measures", measures, "admins", (json_int_t)r->admins, "siem",
            (json_int_t)r->siem, "rules", list);
}
