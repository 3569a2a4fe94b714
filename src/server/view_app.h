/* view_app.h - apps, their files and copies, exceptions and indicators as the API shows them. Pure, as
 * view.h; the caller owns what comes back. */
#pragma once

#include "intel/set.h"
#include "server/view.h"
#include "store/apps.h"

json_t *pk_view_app(const struct pk_app_row *app);
/* asked: the device that was asked, NULL when none is. */
json_t *pk_view_app_file(const struct pk_app_file *f, const char *asked_name);
json_t *pk_view_app_install(const struct pk_device_app *x);
/* device_name: of the device that its scope names. */
json_t *pk_view_app_exception(
        const struct pk_exception_row *e, const char *device_name, int64_t now_ms);
json_t *pk_view_app_rules(const struct pk_document *document); /* NULL: none was written */
/* set NULL: none. */
json_t *pk_view_intel_set(const struct pk_intel_set *set);
