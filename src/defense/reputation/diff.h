/* diff.h - what is different between two versions of an app: a pure function of two reports, for the command line
 * and the server alike. "Worse" is what an administrator should look at before the new version spreads: more rights
 * over people's data, another maker, weaker building, something found. The rest has merely changed. */
#pragma once

#include "model/app_report.h"

enum pk_app_diff_result {
    PK_APP_DIFF_SAME,    /* the same file, or nothing that reports tell */
    PK_APP_DIFF_CHANGED, /* nothing of it is worse */
    PK_APP_DIFF_WORSE,
};

enum pk_app_change_kind {
    PK_APP_CHANGE_NEW,
    PK_APP_CHANGE_GONE,
    PK_APP_CHANGE_OTHER, /* before -> after */
};

struct pk_app_change {
    const char *
            what; /* "permission" "signer" "tracker" "sdk" "host" "exported" "technique" "finding" "hit"
                       * "library" "cve" "leak" "packer" "version" "target_sdk" "min_sdk" "cleartext" "backup"
                       * "debuggable" "label" "icon" "size" "verdict" "score" "entitlement" "team" ... */
    int kind;     /* enum pk_app_change_kind, "change" in JSON */
    bool worse;
    const char *value; /* what is new or gone */
    const char *before;
    const char *after;
    const char *text; /* a sentence: "Asks for READ_SMS" */
};

/* One of the two. */
struct pk_app_diff_side {
    const char *file;
    const char *sha256;
    const char *version_name;
    int64_t version_code;
    int verdict; /* enum pk_app_verdict */
    double score;
};

struct pk_app_diff {
    const char *package; /* of the later one */
    int result;          /* enum pk_app_diff_result */
    struct pk_app_diff_side *before;
    struct pk_app_diff_side *after;
    struct pk_array changes; /* struct pk_app_change, worse first; at most PK_APP_CHANGES_MAX */
    int64_t left_out;        /* changes beyond that */
};

#define PK_APP_CHANGES_MAX 1000UL

extern const struct pk_schema pk_app_diff_schema;

/* Changes are copied into the arena; package and sides borrow from the reports. PK_ENOMEM. */
PK_MUST_USE int pk_app_diff(const struct pk_app_report *before, const struct pk_app_report *after,
        struct pk_arena *arena, struct pk_app_diff *out);

/* Are they versions of one app: the same package? */
bool pk_app_diff_same_app(const struct pk_app_report *before, const struct pk_app_report *after);

const char *pk_app_diff_result_name(int result); /* "worse" */
