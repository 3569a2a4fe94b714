/* inspect.h - from the bytes of a file to its report: tells the kind, asks the readers of formats/, and
 * draws the verdict from what they met. Runs in the sandboxed worker; pure: no files, no clock. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "model/app_report.h"
#include "scan/byte_rules.h"

struct pk_inspect_options {
    int min_sdk;            /* 0: what the manifest says */
    int max_sdk;            /* 0: every later level */
    struct pk_slice idsig;  /* the APK's v4 signature file; ptr NULL: none */
    const char *stamp_cert; /* expected SHA-256 of the SourceStamp's certificate; NULL: any */
    bool thorough;          /* judges may take several times as long */
    bool structure_only;    /* no judges of content: what the file is, not what it does */
    const struct pk_byte_rules *byte_rules; /* the user's own; NULL: none */
};

/* Fills the report but for file and ms. What cannot be read is a verdict (malformed) with its reason,
 * not a failure; PK_ENOMEM is the only one. The report lives in the arena. */
PK_MUST_USE int pk_inspect(struct pk_slice file, const struct pk_inspect_options *options,
        struct pk_arena *arena, struct pk_app_report *out, struct pk_error *err);
