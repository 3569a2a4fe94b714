#include "defense/reputation/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "defense/reputation/origin.h"
#include "model/app_verdict.h"

/* Beginnings of the rules that this room says. */
static const char *const own_rules[] = { "known/", "signer/", "origin/", "lists/", "unwanted/",
    "crowd/", "proof/" };

static bool is_own(const struct pk_app_finding *finding)
{
    for (size_t i = 0; i < PK_COUNT(own_rules); i++) {
        if (strncmp(finding->rule, own_rules[i], strlen(own_rules[i])) == 0) {
            return true;
        }
    }
    return false;
}

void pk_judge_say(struct pk_judge *j, const struct pk_app_finding *finding)
{
    if (j->rc < 0 || j->says == PK_JUDGE_SAYS_MAX) {
        return;
    }
    j->says++;
    j->rc = pk_app_report_add(j->report, j->arena, finding);
}

/* Bytes of a letter that may stand in a report; 0: none of this. */
static size_t clean(const uint8_t *p, size_t left)
{
    size_t n = pk_utf8_next(p, left, NULL);

    return n == 1 && (p[0] < 0x20 || p[0] == 0x7f) ? 0 : n;
}

const char *pk_judge_keep(struct pk_judge *j, const char *text, size_t max)
{
    const uint8_t *from = (const uint8_t *)text;
    size_t len = strlen(text);
    char *out = pk_arena_alloc(j->arena, (len < max ? len : max) + 1, 1);
    size_t used = 0;

    if (out == NULL) {
        j->rc = PK_ENOMEM;
        return "";
    }
    for (size_t i = 0; i < len;) {
        size_t n = clean(from + i, len - i);

        if (used + (n > 0 ? n : 1) > max) {
            break;
        }
        if (n > 0) {
            memcpy(out + used, from + i, n);
        } else {
            out[used] = ' ';
        }
        used += n > 0 ? n : 1;
        i += n > 0 ? n : 1;
    }
    return out;
}

const char *pk_judge_print(struct pk_judge *j, const char *format, ...)
{
    char text[PK_JUDGE_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return pk_judge_keep(j, text, sizeof(text));
}

struct pk_strings pk_judge_attack(struct pk_judge *j, const char *const *ids)
{
    struct pk_strings out = { 0 };
    size_t count = 0;

    while (ids[count] != NULL) {
        count++;
    }
    out.items = pk_arena_alloc(j->arena, count, sizeof(*out.items));
    if (out.items == NULL) {
        j->rc = PK_ENOMEM;
        return out;
    }
    memcpy(out.items, ids, count * sizeof(*out.items));
    out.count = count;
    return out;
}

void pk_judge_origin(struct pk_judge *j)
{
    static const char *const attack[] = { "T1632.001", NULL };
    const struct pk_app_lists *lists = j->knowledge->lists;
    const char *installer = j->situation->installer;

    if (pk_app_origin_of(j->situation, lists != NULL ? &lists->stores : NULL) != PK_ORIGIN_HAND) {
        return;
    }
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.sideloaded",
                    .severity = PK_SEVERITY_LOW,
                    .title = "No store installed it",
                    .evidence = installer[0] != '\0'
                            ? pk_judge_print(
                                      j, "installed by %.200s, which is no known store", installer)
                            : "installed by hand",
                    .attack = pk_judge_attack(j, attack),
                    .rule = "origin/sideloaded",
                    .count = 1,
            });
}

/* What an earlier judgement added goes: the same report may be judged again with more knowledge. The list
 * itself is copied, as it can be shared. */
static void forget(struct pk_judge *j)
{
    struct pk_array *findings = &j->report->findings;
    const struct pk_app_finding *from = findings->items;
    struct pk_app_finding *to = pk_arena_alloc(j->arena, findings->count + 1, sizeof(*to));
    size_t count = 0;

    if (to == NULL) {
        j->rc = PK_ENOMEM;
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        if (!is_own(&from[i])) {
            to[count] = from[i];
            to[count++].excepted = NULL;
        }
    }
    *findings = (struct pk_array){ .items = to, .count = count };
    j->report->hits = (struct pk_array){ 0 };
}

int pk_reputation_judge(struct pk_app_report *report, const struct pk_app_knowledge *knowledge,
        const struct pk_app_situation *situation, struct pk_arena *arena)
{
    static const struct pk_app_situation nowhere = { 0 };
    static const struct pk_app_knowledge nothing = { 0 };
    struct pk_judge j = {
        .report = report,
        .knowledge = knowledge != NULL ? knowledge : &nothing,
        .situation = situation != NULL ? situation : &nowhere,
        .arena = arena,
    };
    static void (*const steps[])(struct pk_judge *) = {
        pk_judge_publisher,
        pk_judge_fleet,
        pk_judge_known,
        pk_judge_crowd,
        pk_judge_copies,
        pk_judge_origin,
        pk_judge_deny,
        pk_judge_unwanted,
        pk_judge_hold,
    };

    forget(&j);
    for (size_t i = 0; i < PK_COUNT(steps) && j.rc == PK_OK; i++) {
        steps[i](&j);
    }
    return j.rc < 0 ? j.rc : pk_app_verdict_draw(report, arena);
}
