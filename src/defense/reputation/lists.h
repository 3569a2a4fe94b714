/* lists.h - what the organisation itself says of apps: allow and deny lists, exceptions, and rules for
 * apps that nobody wants beside work data. One document (YAML or JSON, docs/app-rules.md), or the same
 * structs filled from a store: every part has a schema of its own, and pk_app_lists_check() holds for both.
 *
 * Lists are read-only once they are checked; any thread may judge by them. Texts live in the arena they were
 * decoded into. */
#pragma once

#include "base/schema.h"
#include "model/app_report.h"

#define PK_APP_LISTS_VERSION 1

/* Which apps an entry is about: all that is given must fit. */
struct pk_app_target {
    const char *sha256;  /* of the file, or of a part of a bundle */
    const char *signer;  /* SHA-256 of a signing certificate */
    const char *team;    /* Apple's team id */
    const char *package; /* package or bundle id; * stands for any run of characters */
};

/* An entry of the allow or the deny list. */
struct pk_app_listed {
    struct pk_app_target *match;
    const char *reason;
    const char *by;
    int64_t until; /* ms; 0: for good */
};

/* Takes the weight away from findings of an app, visibly and for a while. */
struct pk_app_exception {
    const char *id; /* of a store; NULL: none */
    struct pk_app_target *match;
    const char *threat; /* id of the findings: "malware.riskware", "sms.*"; NULL: any */
    const char *rule;   /* their rule: "rules/sms.intercept"; NULL: any */
    const char *reason;
    const char *by;
    const char *scope; /* "all", "group NAME", "device ID" */
    int64_t expires;   /* ms; 0: never */
};

/* Both of one leak. */
struct pk_app_leak_like {
    const char *data; /* "location"; NULL: any */
    const char *to;   /* "network"; NULL: any */
};

/* What a rule asks of an app: all that is given must hold. Made by decoding: in the _over numbers, -1 is
 * what is not asked. What is not known of the app (where it was
 * installed from, the level of an iPhone app) makes a condition neither hold nor fail. */
struct pk_app_condition {
    /* identity */
    const char *package;
    const char *label; /* contains, in any case */
    const char *signer;
    const char *team;
    const char *kind;
    const char *version;
    int64_t version_below;
    int64_t size_over;
    /* identifiers and behaviour */
    const char *permission;
    int64_t permissions_over;
    const char *technique;
    const char *finding;
    const char *rule;
    const char *verdict;
    double score_over;
    const char *entitlement;
    const char *url_scheme;
    const char *framework;
    const char *yara;
    /* advertising and other people's code */
    const char *sdk;
    const char *sdk_kind;
    int64_t sdks_over;
    int64_t trackers_over;
    /* communication */
    const char *host;
    int64_t hosts_over;
    enum pk_tri cleartext;
    enum pk_tri cleartext_host;
    /* leaks */
    struct pk_app_leak_like *leak;
    /* vulnerabilities */
    const char *library;
    const char *cve;
    int64_t cves_over;
    int64_t target_sdk_below;
    int64_t min_sdk_below;
    /* where it came from */
    struct pk_strings installer_in;
    struct pk_strings installer_not_in;
    enum pk_tri sideloaded;
    enum pk_tri system;
    /* standards of building */
    enum pk_tri debuggable;
    enum pk_tri test_only;
    enum pk_tri unsigned_; /* "unsigned" */
    enum pk_tri debug_signed;
    enum pk_tri backup;
    int64_t exported_over;
    const char *packer;
};

enum pk_app_rule_level {
    PK_APP_RULE_LOW,    /* is said, without a verdict */
    PK_APP_RULE_MEDIUM, /* unwanted */
    PK_APP_RULE_HIGH,   /* unwanted, and severe */
};

/* Apps that the organisation does not want. At least one of all, any. */
struct pk_app_unwanted {
    const char *id;
    const char *title;              /* of the finding: "Uses more than five trackers" */
    const char *reason;             /* for the employee: why not; NULL: the title says it */
    int level;                      /* enum pk_app_rule_level */
    struct pk_array all, any, none; /* struct pk_app_condition; "not" in the document */
};

struct pk_app_lists {
    int64_t version; /* of the format */
    const char *name;
    struct pk_array allow;      /* struct pk_app_listed */
    struct pk_array deny;       /* struct pk_app_listed */
    struct pk_array exceptions; /* struct pk_app_exception */
    struct pk_array unwanted;   /* struct pk_app_unwanted */
    struct pk_strings stores;   /* installers that are trusted besides the known stores */
};

extern const struct pk_schema pk_app_target_schema;
extern const struct pk_schema pk_app_listed_schema;
extern const struct pk_schema pk_app_exception_schema;
extern const struct pk_schema pk_app_condition_schema;
extern const struct pk_schema pk_app_unwanted_schema;
extern const struct pk_schema pk_app_lists_schema;

/* What the tables cannot say: hashes are hexadecimal, a name alone lets nothing pass, ids stand once, words
 * are known. *err has the path ("exceptions[2].scope"). Hashes in capitals are fine here and in matching. */
PK_MUST_USE int pk_app_lists_check(const struct pk_app_lists *lists, struct pk_error *err);
/* The same for one part that stands alone in a request or a row of a store; the path begins in it. */
PK_MUST_USE int pk_app_allow_check(const struct pk_app_listed *entry, struct pk_error *err);
PK_MUST_USE int pk_app_deny_check(const struct pk_app_listed *entry, struct pk_error *err);
PK_MUST_USE int pk_app_exception_check(
        const struct pk_app_exception *exception, struct pk_error *err);
PK_MUST_USE int pk_app_unwanted_check(const struct pk_app_unwanted *rule, struct pk_error *err);

/* A document, YAML or JSON, decoded and checked. *err reads "NAME:LINE: path: sentence", line and path set. */
PK_MUST_USE int pk_app_lists_decode(const char *name, const char *text, size_t len,
        struct pk_arena *arena, struct pk_app_lists *out, struct pk_error *err);
PK_MUST_USE int pk_app_lists_load(
        const char *file, struct pk_arena *arena, struct pk_app_lists *out, struct pk_error *err);

/* Is the entry about this app, or about a part of the bundle? The signer counts when its signature holds, and
 * one that a rotation has left counts as well. */
bool pk_app_target_fits(const struct pk_app_target *target, const struct pk_app_report *report);
/* The same for what lets an app pass: every part of a bundle must be by that signer, a hash must be that
 * of the whole file. */
bool pk_app_target_vouches(const struct pk_app_target *target, const struct pk_app_report *report);

struct pk_app_situation;

/* An app that rules are asked about. */
struct pk_app_asked {
    const struct pk_app_report *report;
    const struct pk_app_situation *situation; /* NULL: nothing is known of where it stands */
    const struct pk_strings *stores;          /* trusted besides the known ones; NULL: none */
};

/* Does the rule name this app? why (at most size bytes; NULL with 0) gets what made it hold, in words that
 * a report can quote: "holds 7 trackers: AdMob, ...". */
bool pk_app_unwanted_fits(
        const struct pk_app_unwanted *rule, const struct pk_app_asked *app, char *why, size_t size);

const char *pk_app_rule_level_name(int level); /* "medium" */
