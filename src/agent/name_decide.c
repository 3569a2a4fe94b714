#include "agent/name_decide.h"

#include "agent/name_lists.h"

static bool one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* Feeds say what kind of app talks to a host, rarely what the host is for. */
static enum pk_name_what what_of(const struct pk_intel_hit *hit)
{
    static const char *const phishing[] = { "phishing", "scam", NULL };
    static const char *const spread[] = { "malware", "dropper", "exploit", "adware", "riskware",
        "miner", NULL }; /* may be where it is had from, as well as what it talks to */
    const char *category = hit->category != NULL ? hit->category : "malware";

    return one_of(category, phishing)  ? PK_NAME_PHISHING
            : one_of(category, spread) ? PK_NAME_MALWARE
                                       : PK_NAME_CONTROL;
}

static enum pk_name_action action_of(const struct pk_trust_names *trust, enum pk_name_what what)
{
    int mode = what == PK_NAME_PHISHING ? trust->phishing : trust->control;

    return mode == PK_BLOCK_ON      ? PK_NAME_BLOCK
            : mode == PK_BLOCK_WARN ? PK_NAME_WARN
                                    : PK_NAME_PASS;
}

static void ask_model(
        const struct pk_name_rules *rules, const char *name, struct pk_name_decision *out)
{
    if (rules->model == NULL || !rules->trust->lookalikes ||
            rules->trust->phishing == PK_BLOCK_OFF || !rules->model(name, &out->opinion) ||
            out->opinion.score < out->opinion.warn_from) {
        return;
    }
    out->action = PK_NAME_WARN; /* never more: nobody has seen the site */
    out->what = PK_NAME_PHISHING;
    out->by = PK_NAME_BY_MODEL;
}

void pk_name_decide(
        const struct pk_name_rules *rules, const char *name, struct pk_name_decision *out)
{
    const struct pk_trust_names *trust = rules->trust;

    *out = (struct pk_name_decision){ .action = PK_NAME_PASS };
    if (trust == NULL || name[0] == '\0' || pk_trust_has_zone(&trust->allow, name)) {
        return;
    }
    if (pk_trust_has_zone(&trust->deny, name)) {
        out->action = PK_NAME_BLOCK;
        out->what = PK_NAME_DENIED;
        out->by = PK_NAME_BY_POLICY;
        return;
    }
    if (rules->lists != NULL && pk_name_lists_find(rules->lists, name, &out->hit)) {
        out->what = what_of(&out->hit);
        out->by = PK_NAME_BY_LIST;
        out->action = action_of(trust, out->what);
        return;
    }
    ask_model(rules, name, out);
}
