#include "server/view.h"

#include <stdio.h>

#include "base/clock.h"
#include "model/threat_words.h"

json_t *pk_view_time(int64_t at_ms)
{
    char text[PK_TIME_TEXT];

    return at_ms == 0 ? json_null() : json_string(pk_time_format(at_ms, text));
}

json_t *pk_view_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

json_t *pk_view_id(int64_t id)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)id);
    return json_string(text);
}

json_t *pk_view_strings(const char *const *items, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(items[i]));
    }
    return list;
}

json_t *pk_view_target(const struct pk_target_state *target)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:o}", "target", target->target, "kind",
            pk_action_kind_names[target->kind], "pending", (json_int_t)target->pending,
            "last_ok_at", pk_view_time(target->last_ok_ms), "last_error",
            pk_view_text(target->last_error));
}

json_t *pk_view_targets(const struct pk_array *targets)
{
    const struct pk_target_state *items = targets->items;
    json_t *list = json_array();

    for (size_t i = 0; i < targets->count; i++) {
        (void)json_array_append_new(list, pk_view_target(&items[i]));
    }
    return list;
}

json_t *pk_view_enrollment(const struct pk_enrollment *e)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:s}", "id", e->id, "label", e->label,
            "group", e->group, "uses_left", (json_int_t)e->uses_left, "uses", (json_int_t)e->uses,
            "created_at", pk_view_time(e->created_ms), "expires_at", pk_view_time(e->expires_ms),
            "created_by", e->created_by);
}

json_t *pk_view_token(const struct pk_token *token)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", token->id, "name", token->name,
            "role", pk_role_names[token->role], "groups",
            pk_view_strings(token->groups.items, token->groups.count), "created_at",
            pk_view_time(token->created_ms), "expires_at", pk_view_time(token->expires_ms),
            "last_used_at", pk_view_time(token->used_ms));
}

json_t *pk_view_audit(const struct pk_audit_row *row)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:s?, s:o}", "id", pk_view_id(row->id), "at",
            pk_view_time(row->at_ms), "actor", row->actor, "act", row->act, "target", row->target,
            "detail", row->detail != NULL ? json_incref(row->detail) : json_object());
}

json_t *pk_view_threat(const struct pk_threat *t, const char *language)
{
    const struct pk_threat_words *words = pk_threat_words(t, language);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "id", t->id,
            "vector", pk_vector_name(t->vector), "severity", pk_severity_name(t->severity),
            "urgency", pk_urgency_name(t->urgency), "title", words->title, "why", words->why,
            "next", pk_view_strings(words->next, words->next_count), "admin", t->admin, "ends_when",
            t->ends_when, "attack", pk_view_strings(t->attack, t->attack_count), "nist",
            pk_view_strings(t->nist, t->nist_count));
}
