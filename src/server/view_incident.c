#include <stdio.h>

#include "server/view.h"

/* Longer than any text of the catalogue with a name in it. */
#define TEXT_MAX 4096

json_t *pk_view_threat_text(const char *text, const char *subject)
{
    char out[TEXT_MAX];

    pk_threat_text(text, subject, out, sizeof(out));
    return json_string(out);
}

json_t *pk_view_incident(const struct pk_incident_row *row)
{
    const struct pk_incident *i = &row->incident;

    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:s, s:f, s:I, s:o, s:o, s:o, s:b}", "id",
            i->id, "device", pk_view_device_ref(i->device, row->device_name), "threat",
            i->threat->id, "vector", pk_vector_name(i->threat->vector), "severity",
            pk_severity_name(i->severity), "state", pk_incident_state_names[i->state], "title",
            pk_view_threat_text(i->threat->title, i->subject), "subject",
            i->subject != NULL ? i->subject : "", "confidence", i->confidence, "count",
            (json_int_t)i->count, "opened_at", pk_view_time(i->opened_ms), "updated_at",
            pk_view_time(i->updated_ms), "ended_at", pk_view_time(i->ended_ms), "simulated",
            (int)i->simulated);
}

static json_t *texts_of(const struct pk_incident *i)
{
    json_t *next = json_array();

    for (size_t n = 0; n < i->threat->next_count; n++) {
        (void)json_array_append_new(next, pk_view_threat_text(i->threat->next[n], i->subject));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "title",
            pk_view_threat_text(i->threat->title, i->subject), "why",
            pk_view_threat_text(i->threat->why, i->subject), "next", next, "admin",
            pk_view_threat_text(i->threat->admin, i->subject));
}

static json_t *timeline_of(const struct pk_array *timeline)
{
    const struct pk_timeline_row *rows = timeline->items;
    json_t *list = json_array();

    for (size_t n = 0; n < timeline->count; n++) {
        (void)json_array_append_new(list,
                json_pack("{s:o, s:s, s:o, s:o}", "at", pk_view_time(rows[n].at_ms), "what",
                        rows[n].what, "by", pk_view_text(rows[n].by), "detail",
                        pk_view_text(rows[n].detail)));
    }
    return list;
}

/* The page of the documentation that explains the rule's threat. */
static json_t *rule_doc_of(const struct pk_incident *i)
{
    char doc[160];

    (void)snprintf(doc, sizeof(doc), "docs/threats.md#%s", i->threat->id);
    return json_string(doc);
}

json_t *pk_view_incident_full(const struct pk_incident_row *row, const struct pk_array *timeline,
        const struct pk_array *elsewhere)
{
    const struct pk_incident *i = &row->incident;
    const struct pk_incident_row *others = elsewhere->items;
    json_t *summary = pk_view_incident(row);
    json_t *list = json_array();
    json_t *full;

    for (size_t n = 0; n < elsewhere->count; n++) {
        (void)json_array_append_new(list, pk_view_incident(&others[n]));
    }
    full = json_pack("{s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "texts", texts_of(i),
            "rule", i->rule != NULL ? i->rule : "", "rule_doc", rule_doc_of(i), "attack",
            pk_view_strings(i->threat->attack, i->threat->attack_count), "nist",
            pk_view_strings(i->threat->nist, i->threat->nist_count), "ends_when",
            i->threat->ends_when, "evidence",
            i->evidence != NULL ? json_incref(i->evidence) : json_object(), "timeline",
            timeline_of(timeline), "elsewhere", list, "reason", pk_view_text(i->reason));
    if (json_object_update_new(summary, full) < 0) {
        json_decref(summary);
        return NULL;
    }
    return summary;
}
