/* A harmful name was asked for. The agent says what the lists (or the model) know of it; the name itself
 * stays on the device unless the organisation wants it.
 *
 * The subject must be the same on the device and on the server, so that an alert of the server is
 * recognised by the agent that has told the person already. So it is made only of what leaves the device:
 * the domain where it is told, else kind and campaign, "a phishing site (FluBot)". Sites of one kind and
 * campaign that a device meets within the time are one incident, as they are one cause. The device's own
 * texts put the name that the person knows in its place (agent/judge.c).
 *
 * An observation with count 0 says that nothing more came for as long as the kind needs (agent/names_tell.c):
 * that ends it. */
#include <stdio.h>

#include "base/arena.h"
#include "defense/defense.h"

#define PHISHING "network.phishing_site"
#define CONTROL  "network.c2_traffic"

#define SUBJECT_MAX 104 /* as much as the agent's table of findings holds */
#define FAMILY_MAX  64

enum { /* pk_name_what_names, pk_name_did_names, pk_name_by_names */
    WHAT_PHISHING = 0,
    WHAT_CONTROL = 1,
    WHAT_MALWARE = 2,
    WHAT_DENIED = 3,
    DID_WARNED = 1,
    DID_CONTINUED = 2,
    BY_MODEL = 1,
};

const char *pk_name_subject(const struct pk_obs_name *n, struct pk_arena *arena)
{
    static const char *const kinds[] = { "a phishing site", "a host that controls harmful apps",
        "a malware site", "a closed site" };
    const char *kind = kinds[n->what >= 0 && n->what < (int)PK_COUNT(kinds) ? n->what : 0];
    char text[SUBJECT_MAX];
    const char *copy;

    if (n->domain != NULL && n->domain[0] != '\0') {
        (void)snprintf(text, sizeof(text), "%s", n->domain);
    } else if (n->family == NULL || n->family[0] == '\0') {
        (void)snprintf(text, sizeof(text), "%s", kind);
    } else if (n->by == BY_MODEL) {
        (void)snprintf(text, sizeof(text), "a look-alike of %.*s", FAMILY_MAX, n->family);
    } else {
        (void)snprintf(text, sizeof(text), "%s (%.*s)", kind, FAMILY_MAX, n->family);
    }
    copy = pk_arena_strdup(arena, text);
    return copy != NULL ? copy : kind;
}

/* How sure. A list's entry may be old, or the host be somebody else's by now; a model has seen the name
 * alone, which is below what troubles a person by itself. */
static double confidence_of(const struct pk_obs_name *n)
{
    if (n->by == BY_MODEL) {
        return n->score > 0 ? 0.5 + 0.0025 * (double)n->score : 0.5;
    }
    return n->what == WHAT_MALWARE ? 0.8 : 0.9;
}

static const char *seen_of(const struct pk_obs_name *n)
{
    if (n->what == WHAT_PHISHING) {
        return n->did == DID_CONTINUED
                ? "A site that looks like phishing was opened after a warning"
                : n->did == DID_WARNED ? "A site that looks like phishing was asked for; a warning "
                                         "is shown instead"
                                       : "A known phishing site was asked for and blocked";
    }
    return n->did == DID_CONTINUED ? "A host known for harmful apps was opened after a warning"
            : n->did == DID_WARNED
            ? "A host known for harmful apps was asked for; a warning is shown"
            : "A host known for harmful apps was asked for and blocked";
}

static json_t *evidence_of(const struct pk_obs_name *n)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s*, s:s*, s:s*, s:s*, s:s*}", "seen",
            seen_of(n), "kind", pk_name_what_names[n->what], "did", pk_name_did_names[n->did],
            "recognised_by", pk_name_by_names[n->by], "lookups_in_an_hour", (json_int_t)n->count,
            "list", n->source, "family", n->family, "list_date", n->date, "reference", n->reference,
            "domain", n->domain);

    if (out != NULL && n->by == BY_MODEL) {
        json_t *reasons = json_array();

        for (size_t i = 0; i < n->reasons.count; i++) {
            (void)json_array_append_new(reasons, json_string(n->reasons.items[i]));
        }
        (void)json_object_set_new(out, "score", json_integer(n->score));
        (void)json_object_set_new(out, "reasons", reasons);
    }
    return out;
}

int pk_judge_name(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_name *n = o->name;
    const char *threat = n->what == WHAT_PHISHING ? PHISHING : CONTROL;
    const char *subject;

    if (n->what == WHAT_DENIED) {
        return PK_OK; /* a matter of policy, no threat */
    }
    subject = pk_name_subject(n, arena);
    if (n->count == 0) {
        return pk_findings_clear(out, threat, subject, o->at_ms);
    }
    return pk_findings_add(out, arena, threat, subject, confidence_of(n),
            n->what == WHAT_PHISHING ? n->by == BY_MODEL ? "network.phishing_site/looks-like"
                                                         : "network.phishing_site/listed"
                                     : "network.c2_traffic/listed",
            evidence_of(n), o->at_ms);
}
