/* app_proof.h - "How common is it?": what the API says of an app's prevalence, its sources and signers. Numbers of
 * the organisation's own fleet are exact; what others know is told from k devices on (crowd/kanon.h). */
#pragma once

#include "server/call.h"
#include "store/apps.h"

/* The object "proof" of an app. files: struct pk_app_file, of the app. The caller owns *out. */
PK_MUST_USE int pk_app_proof_view(struct pk_call *call, const struct pk_app_row *app,
        const struct pk_array *files, json_t **out, struct pk_error *err);
