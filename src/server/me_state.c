/* GET /me/api/state: everything of the page's first screen in one answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text_overrides.h"
#include "model/words.h"
#include "pipeline/pipeline.h"
#include "server/me_call.h"
#include "server/query_args.h"
#include "server/view.h"

#define CHECKS_MAX 8
#define SOLVED_MAX 5
#define SOLVED_MS  (INT64_C(7) * 86400000)
#define ITEMS_MAX  50
#define SURE       0.9
#define LIKELY     0.6

static const char *const card_names[] = { "device", "apps", "network", "updates" };
enum card {
    CARD_DEVICE,
    CARD_APPS,
    CARD_NETWORK,
    CARD_UPDATES,
};

/* As the agent sorts them (agent/status.c). */
static enum card card_of(const struct pk_threat *threat)
{
    if (threat->careful) {
        return CARD_DEVICE; /* the screen must not say that it is an app */
    }
    switch (threat->vector) {
    case PK_VECTOR_MALWARE:
        return CARD_APPS;
    case PK_VECTOR_NETWORK:
        return CARD_NETWORK;
    case PK_VECTOR_VULNERABILITY:
        return CARD_UPDATES;
    case PK_VECTOR_PHYSICAL:
    case PK_VECTOR_BEHAVIOR:
        break;
    }
    return CARD_DEVICE;
}

static bool is_threat(const struct pk_incident *i)
{
    return i->severity > PK_SEVERITY_INFO;
}

static bool is_urgent(const struct pk_incident *i)
{
    return i->threat->urgency == PK_URGENCY_NOW && i->severity >= PK_SEVERITY_HIGH &&
            i->state == PK_INCIDENT_OPEN;
}

static const char *sure_word(double confidence)
{
    return confidence >= SURE ? "confirmed" : confidence >= LIKELY ? "likely" : "possible";
}

/* ---- one thing to fix ------------------------------------------------------------------------------ */

static const char *subject_kind(const struct pk_incident *i)
{
    if (i->subject == NULL || strcmp(i->subject, "device") == 0) {
        return "device";
    }
    return strncmp(i->subject, "net-", 4) == 0       ? "network"
            : i->threat->vector == PK_VECTOR_MALWARE ? "app"
                                                     : "thing";
}

/* Bits of enum pk_measure after this line: a policy took something away because of it, or gave it back. */
static unsigned measures_after(unsigned measures, const struct pk_timeline_row *row)
{
    bool on = strcmp(row->what, "measure") == 0;

    for (unsigned m = 0; m < PK_MEASURE_COUNT && (on || strcmp(row->what, "lifted") == 0); m++) {
        if (row->detail != NULL && strcmp(row->detail, pk_measure_names[m]) == 0) {
            measures = on ? measures | 1U << m : measures & ~(1U << m);
        }
    }
    return measures;
}

static json_t *measures_view(unsigned measures)
{
    json_t *list = json_array();

    for (unsigned m = 0; m < PK_MEASURE_COUNT; m++) {
        if ((measures & 1U << m) != 0) {
            (void)json_array_append_new(list, json_string(pk_measure_names[m]));
        }
    }
    return list;
}

/* What the person did about it last, and what it keeps from the person, by the time line:
 * {"mistake_at","later_until","blocks"}. */
static int answers_of(
        struct pk_me_call *call, const struct pk_incident *i, json_t *item, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    const struct pk_timeline_row *row;
    int64_t mistake_ms = 0;
    int64_t later_ms = 0;
    unsigned measures = 0;
    int rc = pk_timeline_of(call->store, i->id, call->arena, &rows, err);

    row = rc == PK_OK ? rows.items : NULL;
    for (size_t n = 0; row != NULL && n < rows.count; n++) {
        if (row[n].at_ms < i->opened_ms) {
            continue; /* of an earlier opening */
        }
        mistake_ms = strcmp(row[n].what, "mistake") == 0 ? row[n].at_ms : mistake_ms;
        later_ms = strcmp(row[n].what, "later") == 0 ? row[n].at_ms : later_ms;
        measures = measures_after(measures, &row[n]);
    }
    later_ms = later_ms != 0 && later_ms + PK_ME_LATER_MS > call->now_ms ? later_ms + PK_ME_LATER_MS
                                                                         : 0;
    (void)json_object_set_new(item, "blocks", measures_view(measures));
    (void)json_object_set_new(item, "mistake_at", pk_view_time(mistake_ms));
    (void)json_object_set_new(item, "later_until", pk_view_time(later_ms));
    return rc;
}

static json_t *texts_of(
        const struct pk_me_call *call, const struct pk_incident *i, const char *language)
{
    const struct pk_threat_words *words = pk_text_overrides_words(
            call->server->pipeline->texts, i->threat, language);

    return json_pack("{s:s, s:s, s:o, s:s}", "title", words->title, "why", words->why, "next",
            pk_view_strings(words->next, words->next_count), "language", pk_language_of(language));
}

/* What is said first of something that may put the person in danger. */
static json_t *careful_of(const struct pk_incident *i, const char *language)
{
    static const char *const keys[] = { "title", "why", "step", "lead", "help_title", "help",
        "plan", "exit" };
    json_t *out = i->threat->careful ? json_object() : json_null();

    for (size_t k = 0; i->threat->careful && k < PK_COUNT(keys); k++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "careful.%s", keys[k]);
        (void)json_object_set_new(out, keys[k], json_string(pk_word(language, key)));
    }
    return out;
}

static json_t *item_view(struct pk_me_call *call, const struct pk_incident *i, const char *language,
        struct pk_error *err)
{
    json_t *item;

    item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:s, s:s, s:{s:s, s:s?}, s:o, s:o}", "id",
            i->id, "threat", i->threat->id, "card", card_names[card_of(i->threat)], "severity",
            pk_severity_name(i->severity), "urgency", pk_urgency_name(i->threat->urgency), "urgent",
            (int)is_urgent(i), "careful", careful_of(i, language), "state",
            pk_incident_state_names[i->state], "sure", sure_word(i->confidence), "subject", "kind",
            subject_kind(i), "id", i->subject, "since", pk_view_time(i->opened_ms), "texts",
            texts_of(call, i, language));
    if (item != NULL && answers_of(call, i, item, err) < 0) {
        json_decref(item);
        return NULL;
    }
    return item;
}

/* Worst first: what is urgent, then by severity, then the newest. */
static int by_weight(const void *a, const void *b)
{
    const struct pk_incident *x = a;
    const struct pk_incident *y = b;

    if (is_urgent(x) != is_urgent(y)) {
        return is_urgent(x) ? -1 : 1;
    }
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    return x->opened_ms > y->opened_ms ? -1 : x->opened_ms < y->opened_ms ? 1 : 0;
}

static int items_view(
        struct pk_me_call *call, const struct pk_me_items *items, json_t *out, struct pk_error *err)
{
    json_t *list = json_array();
    json_t *infos = json_array();

    (void)json_object_set_new(out, "items", list);
    (void)json_object_set_new(out, "infos", infos);
    for (size_t n = 0; n < items->count && n < ITEMS_MAX; n++) {
        const struct pk_incident *i = &items->rows[n];
        json_t *item = item_view(call, i, items->language, err);

        if (item == NULL) {
            return err->code < 0 ? err->code : pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        (void)json_array_append_new(is_threat(i) ? list : infos, item);
    }
    return PK_OK;
}

/* ---- the rest of the screen ------------------------------------------------------------------------ */

/* Of which part of the device reports have come at all: the others are not called good. */
static int cards_view(
        struct pk_me_call *call, const struct pk_me_items *items, json_t *out, struct pk_error *err)
{
    struct pk_ledger_counts seen = { 0 };
    int64_t counts[PK_COUNT(card_names)] = { 0 };
    json_t *cards = json_object();
    int rc = pk_ledger_counts_get(call->store, call->device.id, &seen, err);
    const bool known[PK_COUNT(card_names)] = {
        [CARD_DEVICE] = seen.by_kind[PK_OBS_POSTURE] > 0,
        [CARD_APPS] = seen.by_kind[PK_OBS_APPS] > 0,
        [CARD_NETWORK] = seen.by_kind[PK_OBS_NETWORK] > 0,
        [CARD_UPDATES] = seen.by_kind[PK_OBS_POSTURE] > 0,
    };

    for (size_t n = 0; n < items->count; n++) {
        counts[card_of(items->rows[n].threat)] += is_threat(&items->rows[n]) ? 1 : 0;
    }
    for (size_t c = 0; c < PK_COUNT(card_names); c++) {
        (void)json_object_set_new(cards, card_names[c],
                json_pack("{s:s, s:I}", "state",
                        counts[c] > 0      ? "fix"
                                : known[c] ? "good"
                                           : "unknown",
                        "to_fix", (json_int_t)counts[c]));
    }
    (void)json_object_set_new(out, "cards", cards);
    return rc;
}

static const char *state_word(
        const struct pk_me_call *call, const struct pk_me_items *items, int64_t *to_fix)
{
    bool urgent = false;

    *to_fix = 0;
    for (size_t n = 0; n < items->count; n++) {
        *to_fix += is_threat(&items->rows[n]) ? 1 : 0;
        urgent |= is_urgent(&items->rows[n]);
    }
    if (call->device.seen_ms == 0) {
        return "new";
    }
    return urgent                                                       ? "act"
            : call->now_ms - call->device.seen_ms > PK_DEVICE_SILENT_MS ? "silent"
            : *to_fix > 0                                               ? "fix"
                                                                        : "protected";
}

/* The agent's word that it is done, or, of one that gives none, a report and some time. */
static bool is_done(const struct pk_me_call *call, const struct pk_action *a,
        const struct pk_ledger_counts *sent)
{
    const json_t *after = json_object_get(a->payload, PK_ME_CHECK_AFTER);

    return (json_is_integer(after) && sent->by_kind[PK_OBS_AGENT] > json_integer_value(after)) ||
            (call->device.seen_ms >= a->created_ms &&
                    call->now_ms - a->created_ms > PK_ME_CHECK_END_MS);
}

/* The newest "check now" that the person asked for: {"at","state"}; null: none of late. */
static int asked_view(struct pk_me_call *call, json_t *out, struct pk_error *err)
{
    struct pk_ledger_counts sent = { 0 };
    struct pk_array rows = { 0 };
    const struct pk_action *a;
    json_t *asked = NULL;
    int rc = pk_action_newest(
            call->store, PK_ACTION_ASK, call->device.id, CHECKS_MAX, call->arena, &rows, err);

    rc = rc == PK_OK ? pk_ledger_counts_get(call->store, call->device.id, &sent, err) : rc;
    a = rc == PK_OK ? rows.items : NULL;
    for (size_t n = 0; asked == NULL && a != NULL && n < rows.count; n++) {
        const char *type = json_string_value(json_object_get(a[n].payload, "type"));

        if (type == NULL || strcmp(type, "check") != 0 ||
                call->now_ms - a[n].created_ms > PK_ME_CHECK_MS) {
            continue;
        }
        asked = json_pack("{s:o, s:s}", "at", pk_view_time(a[n].created_ms), "state",
                is_done(call, &a[n], &sent)               ? "done"
                        : a[n].state == PK_ACTION_PENDING ? "waiting"
                                                          : "taken");
    }
    (void)json_object_set_new(out, "asked", asked != NULL ? asked : json_null());
    return rc;
}

/* What ended in the last days, newest first: that it got better is worth a line. */
static int solved_view(
        struct pk_me_call *call, const char *language, json_t *out, struct pk_error *err)
{
    const char *device = call->device.id;
    const char *state = "resolved";
    struct pk_filter filters[] = {
        { .field = "device", .values = { &device, 1 } },
        { .field = "state", .values = { &state, 1 } },
    };
    struct pk_query query = { .limit = SOLVED_MAX,
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .now_ms = call->now_ms };
    struct pk_page page = { 0 };
    const struct pk_incident_row *rows;
    json_t *list = json_array();
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    (void)json_object_set_new(out, "solved", list);
    rows = rc == PK_OK ? page.items : NULL;
    for (size_t n = 0; rows != NULL && n < page.count; n++) {
        const struct pk_incident *i = &rows[n].incident;

        if (!is_threat(i) || i->threat->careful || call->now_ms - i->ended_ms > SOLVED_MS) {
            continue;
        }
        (void)json_array_append_new(list,
                json_pack("{s:s, s:o, s:o, s:{s:s, s:s?}}", "id", i->id, "texts",
                        texts_of(call, i, language), "at", pk_view_time(i->ended_ms), "subject",
                        "kind", subject_kind(i), "id", i->subject));
    }
    return rc;
}

static json_t *frame_view(struct pk_me_call *call, const struct pk_me_items *items)
{
    const struct pk_device *d = &call->device;
    const struct pk_settings *settings = &call->server->settings;
    int64_t to_fix;
    const char *state = state_word(call, items, &to_fix);

    return json_pack(
            "{s:s, s:I, s:o, s:s, s:s, s:b, s:o, s:o, s:{s:s, s:s, s:o, s:s}, s:o, s:{s:o}, "
            "s:o}",
            "state", state, "to_fix", (json_int_t)to_fix, "checked_at", pk_view_time(d->seen_ms),
            "language", d->language != NULL ? d->language : "", "organisation",
            settings->name != NULL ? settings->name : "", "own", (int)call->own, "expires_at",
            pk_view_time(call->expires_ms), "now", pk_view_time(call->now_ms), "device", "name",
            d->name != NULL ? d->name : "", "platform", pk_platform_names[d->platform], "model",
            pk_view_text(d->model), "os", d->os_name != NULL ? d->os_name : "", "network",
            pk_me_network_view(call, items), "access", "blocked",
            measures_view((unsigned)d->measures), "outlook", pk_me_outlook_view(call));
}

static int take_language(const char *name, const char *value, void *ctx)
{
    const char **language = ctx;

    if (strcmp(name, "lang") != 0) {
        return PK_EUNKNOWN;
    }
    for (size_t n = 0; pk_me_languages[n] != NULL; n++) {
        if (strcmp(pk_me_languages[n], value) == 0) {
            *language = pk_me_languages[n];
            return PK_OK;
        }
    }
    return PK_EINVAL;
}

int pk_me_state_get(struct pk_me_call *call, struct pk_error *err)
{
    struct pk_me_items items = { .language = pk_me_languages[0] };
    struct pk_array open = { 0 };
    json_t *out;
    int rc = pk_request_query_each(call->request, take_language, &items.language);

    if (rc < 0) {
        return pk_error_set(err, rc, "lang must be one of en, de, fr, es, it");
    }
    rc = pk_incident_open_of(call->store, call->device.id, NULL, call->arena, &open, err);
    if (rc < 0) {
        return rc;
    }
    if (open.count > 1) {
        qsort(open.items, open.count, sizeof(struct pk_incident), by_weight);
    }
    items.rows = open.items;
    items.count = open.count;
    out = frame_view(call, &items);
    if (out == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = items_view(call, &items, out, err);
    rc = rc == PK_OK ? cards_view(call, &items, out, err) : rc;
    rc = rc == PK_OK ? asked_view(call, out, err) : rc;
    rc = rc == PK_OK ? solved_view(call, items.language, out, err) : rc;
    if (rc < 0) {
        json_decref(out);
        return rc;
    }
    return pk_me_reply(call, 200, out);
}
