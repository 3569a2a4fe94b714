/* apps.h - from the judged report of an app to what it means for a device that has it: one threat of the
 * catalogue with its evidence, or none, or one that an exception holds back. Pure. */
#pragma once

#include "model/app_report.h"
#include "model/finding.h"
#include "model/observation.h"

struct pk_app_meaning {
    const struct pk_threat *threat; /* NULL: nothing to say */
    const char *rule;
    double confidence;
    const char *
            excepted; /* NULL, or the reason why the worst of it does not count; threat is what is left */
    const struct pk_threat *held_back; /* with excepted: what it would have been */
};

/* The report has been judged (defense/reputation, model/app_verdict.h). Borrowed from it. */
struct pk_app_meaning pk_app_meaning_of(const struct pk_app_report *report);

/* Evidence of the finding, for people and the SOC: what was found, by which rules, in which file. The
 * arena owns it; NULL when memory is short. */
json_t *pk_app_evidence(
        const struct pk_app_report *report, const struct pk_app_item *item, struct pk_arena *arena);

/* What the person knows the app by: label of the device, of the report, package, file. Never NULL. */
const char *pk_app_subject_of(const struct pk_app_report *report, const struct pk_app_item *item);

/* All that an inventory alone says of an app, as a report of kind APK: so that indicators and lists can
 * speak before anybody has read the file. PK_ENOMEM. */
PK_MUST_USE int pk_app_report_of_item(
        const struct pk_app_item *item, struct pk_arena *arena, struct pk_app_report *out);
