/* What the organisation says: deny list, rules for unwanted apps, and what it lets pass. */
#include <string.h>

#include "defense/reputation/glob.h"
#include "defense/reputation/judge.h"
#include "model/app_verdict.h"

static bool is_over(int64_t end_ms, int64_t now_ms)
{
    return end_ms != 0 && now_ms != 0 && end_ms <= now_ms;
}

/* The first entry that is about the app and not over. */
static const struct pk_app_listed *find(struct pk_judge *j, const struct pk_array *list,
        bool (*fits)(const struct pk_app_target *, const struct pk_app_report *))
{
    const struct pk_app_listed *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (!is_over(items[i].until, j->situation->now_ms) && fits(items[i].match, j->report)) {
            return &items[i];
        }
    }
    return NULL;
}

static const char *by_what(const struct pk_app_target *match)
{
    return match->sha256 != NULL                              ? "this very file"
            : match->signer != NULL && match->package != NULL ? "package and signer"
            : match->signer != NULL                           ? "its signer"
            : match->team != NULL                             ? "its maker"
                                                              : "its package name";
}

void pk_judge_deny(struct pk_judge *j)
{
    const struct pk_app_lists *lists = j->knowledge->lists;
    const struct pk_app_listed *entry = lists != NULL ? find(j, &lists->deny, pk_app_target_fits)
                                                      : NULL;

    if (entry == NULL) {
        return;
    }
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.unwanted",
                    .severity = PK_SEVERITY_HIGH,
                    .title = "On the organisation's deny list",
                    .evidence = pk_judge_print(j, "%.300s (%s is listed%s%.100s)", entry->reason,
                            by_what(entry->match), entry->by != NULL ? ", by " : "",
                            entry->by != NULL ? entry->by : ""),
                    .rule = "lists/deny",
                    .count = 1,
                    .weight = PK_APP_WEIGHT_UNWANTED,
                    .confidence = 0.78, /* as high as unwanted goes: somebody decided it */
            });
}

static void say_unwanted(struct pk_judge *j, const struct pk_app_unwanted *rule, const char *why)
{
    static const int severities[] = {
        [PK_APP_RULE_LOW] = PK_SEVERITY_LOW,
        [PK_APP_RULE_MEDIUM] = PK_SEVERITY_MEDIUM,
        [PK_APP_RULE_HIGH] = PK_SEVERITY_HIGH,
    };

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.unwanted",
                    .severity = severities[rule->level],
                    .title = pk_judge_keep(j, rule->title, 190),
                    .evidence = pk_judge_print(j, "%.300s%s%.350s",
                            rule->reason != NULL ? rule->reason : "",
                            rule->reason != NULL && why[0] != '\0' ? ": " : "", why),
                    .rule = pk_judge_print(j, "unwanted/%s", rule->id),
                    .count = 1,
                    .weight = rule->level == PK_APP_RULE_LOW ? PK_APP_WEIGHT_NONE
                                                             : PK_APP_WEIGHT_UNWANTED,
            });
}

/* Rules may ask for verdict, score and techniques: of what was found, before any rule. */
void pk_judge_unwanted(struct pk_judge *j)
{
    const struct pk_app_lists *lists = j->knowledge->lists;
    const struct pk_app_unwanted *rules = lists != NULL ? lists->unwanted.items : NULL;
    size_t count = lists != NULL ? lists->unwanted.count : 0;
    struct pk_app_report before;
    struct pk_app_asked asked;

    if (count == 0) {
        return;
    }
    j->rc = pk_app_verdict_draw(j->report, j->arena);
    before = *j->report;
    asked = (struct pk_app_asked){ &before, j->situation, &lists->stores };
    for (size_t i = 0; i < count && j->rc == PK_OK; i++) {
        char why[320];

        if (pk_app_unwanted_fits(&rules[i], &asked, why, sizeof(why))) {
            say_unwanted(j, &rules[i], why);
        }
    }
}

/* --- what lets an app pass */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool in_scope(const struct pk_judge *j, const char *scope)
{
    const struct pk_app_situation *s = j->situation;

    if (begins(scope, "group ")) {
        return s->group != NULL && strcmp(s->group, scope + strlen("group ")) == 0;
    }
    if (begins(scope, "device ")) {
        return s->device != NULL && strcmp(s->device, scope + strlen("device ")) == 0;
    }
    return true;
}

/* An exception for everything does not cover a known file or signer: whoever accepts one says so. */
static bool covers(const struct pk_app_exception *e, const struct pk_app_finding *f)
{
    if (e->threat == NULL && e->rule == NULL) {
        return strcmp(f->rule, PK_RULE_INDICATOR) != 0;
    }
    return (e->threat == NULL || pk_glob(e->threat, f->id)) &&
            (e->rule == NULL || pk_glob(e->rule, f->rule));
}

static void hold_back(struct pk_judge *j, struct pk_app_finding *f, const char *why)
{
    if (f->excepted == NULL) {
        f->excepted = why;
    }
}

static void apply_exception(struct pk_judge *j, const struct pk_app_exception *e)
{
    struct pk_app_finding *items = j->report->findings.items;
    const char *why = NULL;

    for (size_t i = 0; i < j->report->findings.count; i++) {
        if (!covers(e, &items[i])) {
            continue;
        }
        if (why == NULL) {
            why = pk_judge_print(j, "%.300s%s%.100s", e->reason, e->by != NULL ? ", by " : "",
                    e->by != NULL ? e->by : "");
        }
        hold_back(j, &items[i], why);
    }
}

static void apply_exceptions(struct pk_judge *j, const struct pk_app_lists *lists)
{
    const struct pk_app_exception *items = lists->exceptions.items;

    for (size_t i = 0; i < lists->exceptions.count; i++) {
        if (!is_over(items[i].expires, j->situation->now_ms) && in_scope(j, items[i].scope) &&
                pk_app_target_vouches(items[i].match, j->report)) {
            apply_exception(j, &items[i]);
        }
    }
}

/* Who made an app cannot make up for a file on a list of malware, nor for a structure that hides something;
 * what the organisation decided stays as well. All else is an opinion about behaviour. */
static bool is_opinion(const struct pk_app_finding *f)
{
    static const char *const facts[] = { "structure/", "scan/", PK_RULE_INDICATOR, "lists/",
        "unwanted/", "yara/", PK_RULE_REPACKAGED, PK_RULE_RARE, PK_RULE_BROKEN, "crowd/" };

    for (size_t i = 0; i < PK_COUNT(facts); i++) {
        if (begins(f->rule, facts[i])) {
            return false;
        }
    }
    return true;
}

static void vouch(
        struct pk_judge *j, const char *why, bool (*for_what)(const struct pk_app_finding *))
{
    struct pk_app_finding *items = j->report->findings.items;

    for (size_t i = 0; i < j->report->findings.count; i++) {
        if (items[i].weight > PK_APP_WEIGHT_NONE && for_what(&items[i])) {
            hold_back(j, &items[i], why);
        }
    }
}

/* The organisation may also allow what its own rules or the lists of publishers would not. */
static bool is_allowable(const struct pk_app_finding *f)
{
    return is_opinion(f) || begins(f->rule, "unwanted/") || begins(f->rule, "yara/") ||
            begins(f->rule, PK_RULE_REPACKAGED) || begins(f->rule, PK_RULE_RARE) ||
            begins(f->rule, "crowd/");
}

/* What reading the file made suspicious, without a proof: others' quiet days with the same file outweigh it. What
 * is malicious by its content, on a list, or not its maker's stays. */
static bool is_doubt(const struct pk_app_finding *f)
{
    return f->weight <= PK_APP_WEIGHT_SUSPICIOUS &&
            (begins(f->rule, "rules/") || begins(f->rule, "model/") || begins(f->rule, "leaks/") ||
                    begins(f->rule, "facts/"));
}

void pk_judge_hold(struct pk_judge *j)
{
    const struct pk_app_lists *lists = j->knowledge->lists;
    const struct pk_app_listed *allowed = NULL;

    if (lists != NULL) {
        apply_exceptions(j, lists);
        allowed = find(j, &lists->allow, pk_app_target_vouches);
    }
    if (allowed != NULL) {
        vouch(j,
                pk_judge_print(j, "allowed: %.300s%s%.100s", allowed->reason,
                        allowed->by != NULL ? ", by " : "", allowed->by != NULL ? allowed->by : ""),
                is_allowable);
    }
    if (j->common != NULL) {
        vouch(j, j->common, is_doubt);
    }
    if (j->known_as != NULL) {
        vouch(j,
                pk_judge_print(
                        j, "known publisher: %.200s has its signer for this package", j->known_as),
                is_opinion);
    }
}
