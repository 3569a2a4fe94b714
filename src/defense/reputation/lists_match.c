/* Which entries are about an app. */
#include <string.h>
#include <strings.h>

#include "defense/reputation/glob.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/signers.h"

static bool has_hash(const struct pk_app_report *report, const char *sha256)
{
    const struct pk_app_part *parts = report->parts.items;

    if (report->sha256 != NULL && strcasecmp(report->sha256, sha256) == 0) {
        return true;
    }
    for (size_t i = 0; i < report->parts.count; i++) {
        if (strcasecmp(parts[i].sha256, sha256) == 0) {
            return true;
        }
    }
    return false;
}

bool pk_app_target_fits(const struct pk_app_target *target, const struct pk_app_report *report)
{
    const struct pk_app_apple *apple = report->apple;

    if (target->sha256 != NULL && !has_hash(report, target->sha256)) {
        return false;
    }
    if (target->signer != NULL && pk_signers_find(report, target->signer) < PK_SIGNER_BEFORE) {
        return false;
    }
    if (target->team != NULL &&
            (apple == NULL || apple->team_id == NULL ||
                    strcmp(apple->team_id, target->team) != 0)) {
        return false;
    }
    return target->package == NULL ||
            (report->package != NULL && pk_glob(target->package, report->package));
}

bool pk_app_target_vouches(const struct pk_app_target *target, const struct pk_app_report *report)
{
    if (target->sha256 != NULL &&
            (report->sha256 == NULL || strcasecmp(report->sha256, target->sha256) != 0)) {
        return false;
    }
    if (target->signer != NULL && !pk_signers_hold(report)) {
        return false;
    }
    if (target->team != NULL && pk_signers_team(report) == NULL) {
        return false; /* only the app itself says so */
    }
    return pk_app_target_fits(target, report);
}
