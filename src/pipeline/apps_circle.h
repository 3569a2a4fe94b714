/* apps_circle.h - what the files about apps share inside the pipeline. */
#pragma once

#include "defense/apps.h"
#include "pipeline/apps.h"
#include "pipeline/circle.h"

/* apps.c: an inventory, or what changed in it. */
int pk_circle_apps(struct pk_circle *c, const struct pk_observation *o);

/* apps_judge.c: what this copy means for its device now. base is the report of its file as the reader made
 * it (NULL: nobody has read it); row is what the store has, and gets the outcome. scratch may end with the call. */
int pk_circle_app_judge(struct pk_circle *c, const struct pk_knowledge *knowledge,
        const struct pk_app_report *base, struct pk_device_app *row, int64_t at_ms,
        struct pk_arena *scratch);
/* The copy is gone: what stood open for it ends. */
int pk_circle_app_gone(struct pk_circle *c, struct pk_device_app *row, int64_t at_ms);

/* apps_crowd.c: a file that was not on this device before is told to the crowd; file NULL: its hash is not known. */
int pk_circle_tell_app(struct pk_circle *c, const struct pk_device_app *row,
        const struct pk_app_file *file, int64_t at_ms);
/* And that it is malware by what was read in it or is known of it, when that is sure. */
int pk_circle_tell_malware(struct pk_circle *c, const struct pk_device_app *row,
        const struct pk_app_meaning *meaning, const struct pk_app_report *report, int64_t at_ms);

/* A report to judge: findings are copied, the rest is shared with the base. PK_ENOMEM. */
int pk_app_report_share(
        const struct pk_app_report *base, struct pk_arena *arena, struct pk_app_report *out);
/* The item that a row came from. */
struct pk_app_item pk_app_item_of(const struct pk_device_app *row);
