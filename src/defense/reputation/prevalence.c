/* Does the fleet know the package by another signer? Of a package that many devices have from a store, a copy by
 * somebody else on a few, brought there by hand, is most likely a repackaged one. Without a store on the other side it is
 * a remark: development builds and two stores look the same. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "defense/reputation/judge.h"
#include "defense/reputation/origin.h"
#include "defense/reputation/signers.h"

#define COMMON_LEAST 5  /* devices with the other signer: below that nothing is common */
#define RARE_TIMES   10 /* so many times as often as the app's own */

/* The most common signer that the app's own has nothing to do with; *own counts those it has. */
static const struct pk_app_prevalence *most_common(const struct pk_judge *j, int64_t *own)
{
    const struct pk_app_prevalence *rows = j->situation->fleet;
    const struct pk_app_prevalence *best = NULL;

    *own = 0;
    for (size_t i = 0; i < j->situation->fleet_count; i++) {
        if (pk_signers_find(j->report, rows[i].cert) >= PK_SIGNER_BEFORE) {
            *own += rows[i].devices;
        } else if (best == NULL || rows[i].devices > best->devices) {
            best = &rows[i];
        }
    }
    return best;
}

static bool own_from_store(const struct pk_judge *j)
{
    const struct pk_app_prevalence *rows = j->situation->fleet;
    const struct pk_app_lists *lists = j->knowledge->lists;

    for (size_t i = 0; i < j->situation->fleet_count; i++) {
        if (rows[i].store_devices > 0 &&
                pk_signers_find(j->report, rows[i].cert) >= PK_SIGNER_BEFORE) {
            return true;
        }
    }
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

void pk_judge_fleet(struct pk_judge *j)
{
    static const char *const attack[] = { "T1577", "T1655.001", NULL };
    const struct pk_app_prevalence *other;
    int64_t own = 0;
    bool store;

    if (j->situation->fleet == NULL || j->known_as != NULL || j->foreign ||
            j->report->package == NULL || !pk_signers_hold(j->report) || j->report->apple != NULL) {
        return;
    }
    other = most_common(j, &own);
    if (other == NULL || other->devices < COMMON_LEAST || other->devices / RARE_TIMES < own ||
            own_from_store(j)) {
        return;
    }
    store = other->store_devices * 2 >= other->devices;
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.repackaged",
                    .severity = store ? PK_SEVERITY_HIGH : PK_SEVERITY_MEDIUM,
                    .title = "Signed by another than on the other devices",
                    .evidence = pk_judge_print(j,
                            "%" PRId64 " devices have %.120s by %.16s..., %" PRId64
                            " of them from a store; %" PRId64 " by this signer",
                            other->devices, j->report->package, other->cert, other->store_devices,
                            own),
                    .attack = pk_judge_attack(j, attack),
                    .rule = PK_RULE_RARE,
                    .count = 1,
                    .weight = store ? PK_APP_WEIGHT_SUSPICIOUS : PK_APP_WEIGHT_NONE,
                    .confidence = 0.6,
            });
}
