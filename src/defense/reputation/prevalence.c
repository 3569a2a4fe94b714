/* Does the fleet know the package by another signer? Of a package that nearly all have from a store by one key, a copy
 * by another key that somebody brought by hand is most likely a repackaged one.
 *
 * Lawful, and told as a remark at most: stores and makers of devices that sign again (their key signs many
 * packages, or a store brought the copy), a key that its maker has rotated, builds of the organisation's
 * own apps (device management brings those), a developer's debug build. A package that nobody else has
 * is nobody's copy. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "defense/reputation/judge.h"
#include "defense/reputation/origin.h"
#include "defense/reputation/rights.h"
#include "defense/reputation/signers.h"

#define COMMON_LEAST 5  /* devices with the other signer: below that nothing is common */
#define RARE_TIMES   10 /* so many times as often as the app's own */

/* So many devices, and so large a share of all that have the package, say it without any other sign. */
#define NEARLY_LEAST 20
#define NEARLY_SHARE 95 /* percent */

/* A signer of so many packages on so many devices that stores or makers of devices brought. */
#define BROAD_PACKAGES 4
#define BROAD_INSTALLS 13

struct count {
    const struct pk_app_prevalence
            *other;    /* the most common signer that the own has nothing to do with */
    int64_t own;       /* devices that have it by the own */
    int64_t own_store; /* of them, from a store or device management */
    int64_t all;       /* devices that have the package */
    bool broad;        /* the own signs again, lawfully */
};

static struct count count_signers(const struct pk_judge *j)
{
    const struct pk_app_proof *proof = j->situation->proof;
    struct count c = { 0 };

    for (size_t i = 0; i < proof->signer_count; i++) {
        const struct pk_app_prevalence *row = &proof->signers[i];

        c.all += row->devices;
        if (pk_signers_find(j->report, row->cert) >= PK_SIGNER_BEFORE) {
            c.own += row->devices;
            c.own_store += row->store_devices + row->mdm_devices;
            c.broad = c.broad ||
                    (row->packages >= BROAD_PACKAGES && row->installs >= BROAD_INSTALLS &&
                            pk_signer_public_cert(row->cert) == NULL);
        } else if (c.other == NULL || row->devices > c.other->devices) {
            c.other = row;
        }
    }
    return c;
}

static bool came_from_store(const struct pk_judge *j)
{
    const struct pk_app_lists *lists = j->knowledge->lists;

    switch (pk_app_origin_of(j->situation, lists != NULL ? &lists->stores : NULL)) {
    case PK_ORIGIN_STORE:
    case PK_ORIGIN_SYSTEM:
        return true;
    case PK_ORIGIN_UNKNOWN:
    case PK_ORIGIN_HAND:
        break;
    }
    return false;
}

static bool has(const struct pk_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* A power that the package by its most common signer does not ask for; *count: how many. */
static const char *added_right(const struct pk_judge *j, int64_t *count)
{
    const struct pk_strings *usual = j->situation->proof->usual;
    const struct pk_strings *asked = &j->report->permissions;
    const char *first = NULL;

    *count = 0;
    for (size_t i = 0; usual != NULL && i < asked->count; i++) {
        const char *name = asked->items[i];

        if ((pk_right_is_strong(name) || pk_right_is_private(name)) && !has(usual, name)) {
            first = first != NULL ? first : name;
            ++*count;
        }
    }
    return first;
}

/* Did reading it find anything against it? */
static bool is_doubted(const struct pk_judge *j)
{
    const struct pk_app_finding *items = j->report->findings.items;

    for (size_t i = 0; i < j->report->findings.count; i++) {
        if (items[i].weight >= PK_APP_WEIGHT_SUSPICIOUS) {
            return true;
        }
    }
    return false;
}

struct weighed {
    int weight;
    int severity;
    double confidence;
    const char *but; /* why it weighs nothing; NULL */
};

/* added: powers that the others' copy does not have. */
static struct weighed weigh(const struct pk_judge *j, const struct count *c, int64_t added)
{
    bool store = c->other->store_devices * 2 >= c->other->devices;
    bool nearly_all = c->other->devices >= NEARLY_LEAST &&
            c->other->devices * 100 >= c->all * NEARLY_SHARE;
    bool worse = added > 0 || is_doubted(j);
    struct weighed none = { .severity = PK_SEVERITY_MEDIUM };

    if (c->broad || (pk_signers_public_key(j->report) == NULL && pk_judge_known_elsewhere(j))) {
        none.severity = PK_SEVERITY_INFO;
        none.but = "its signer signs other apps, too, lawfully";
    } else if (!store) {
        none.but = c->other->mdm_devices * 2 >= c->other->devices
                ? "the organisation's own app: builds differ"
                : "no store brought the others either";
    } else if (j->report->debuggable && pk_signers_public_key(j->report) != NULL && !worse) {
        none.severity = PK_SEVERITY_LOW;
        none.but = "a developer's build";
    } else if (worse) {
        return (struct weighed){ PK_APP_WEIGHT_SUSPICIOUS, PK_SEVERITY_HIGH, 0.78, NULL };
    } else if (nearly_all) {
        return (struct weighed){ PK_APP_WEIGHT_SUSPICIOUS, PK_SEVERITY_HIGH, 0.65, NULL };
    } else {
        none.but = "too few devices to say more";
    }
    return none;
}

static const char *title_of(struct pk_judge *j, const struct count *c)
{
    int64_t others = c->all - c->own;

    return pk_judge_print(
            j, "Signed by another key than %" PRId64 " other installations of it", others);
}

static const char *tell(struct pk_judge *j, const struct count *c, const struct weighed *w,
        const char *right, int64_t added)
{
    const struct pk_app_proof *proof = j->situation->proof;
    const char *from = proof->fleet > 0 ? pk_judge_print(j, " of %" PRId64 " devices", proof->fleet)
                                        : " devices";
    /* The device that asks may not be counted yet. */
    int64_t own = c->own == 0 && j->situation->device != NULL ? 1 : c->own;

    return pk_judge_print(j,
            "%.120s is on %" PRId64 "%s by %.16s..., %" PRId64 " of them from a store; on %" PRId64
            " by this signer%s%.80s%s%s%s",
            j->report->package, c->other->devices, from, c->other->cert, c->other->store_devices,
            own, right != NULL ? "; asks for " : "", right != NULL ? right : "",
            added > 1 ? pk_judge_print(j, " and %" PRId64 " more", added - 1) : "",
            right != NULL ? ", which the others do not" : "",
            w->but != NULL ? pk_judge_print(j, ". But: %s", w->but) : "");
}

void pk_judge_fleet(struct pk_judge *j)
{
    static const char *const attack[] = { "T1577", "T1655.001", NULL };
    const char *right;
    struct weighed w;
    struct count c;
    int64_t added = 0;

    if (j->situation->proof == NULL || j->known_as != NULL || j->foreign ||
            j->report->package == NULL || !pk_signers_hold(j->report) || j->report->apple != NULL) {
        return;
    }
    c = count_signers(j);
    if (c.other == NULL || c.other->devices < COMMON_LEAST ||
            c.other->devices / RARE_TIMES < c.own || c.own_store > 0 || came_from_store(j)) {
        return;
    }
    right = added_right(j, &added);
    w = weigh(j, &c, added);
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.repackaged",
                    .severity = w.severity,
                    .title = title_of(j, &c),
                    .evidence = tell(j, &c, &w, right, added),
                    .attack = pk_judge_attack(j, attack),
                    .rule = PK_RULE_RARE,
                    .count = 1,
                    .weight = w.weight,
                    .confidence = w.confidence,
            });
}
