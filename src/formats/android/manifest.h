/* manifest.h - AndroidManifest.xml: what the platform would install. Attributes are found by resource
 * id, as the platform does, and by name in a document that has no ids. The plain source form is said
 * (axml.plain_text) and refused, as the platform refuses it.
 *
 * Sources: AOSP frameworks/base PackageParser and ParsingPackageUtils; aapt dump badging for the
 * names of facts. Strings are UTF-8 in the arena. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h" /* struct pk_strings, struct pk_array */
#include "base/slice.h"
#include "formats/anomaly.h"

struct pk_arsc;

enum pk_component_kind {
    PK_COMPONENT_ACTIVITY, /* and activity-alias */
    PK_COMPONENT_SERVICE,
    PK_COMPONENT_RECEIVER,
    PK_COMPONENT_PROVIDER,
};

struct pk_intent_filter {
    struct pk_strings actions;
    struct pk_strings categories;
    struct pk_strings schemes;
    struct pk_strings hosts;
    int64_t priority;
};

struct pk_component {
    enum pk_component_kind kind;
    const char *name;       /* fully qualified: ".Main" of package a.b is "a.b.Main" */
    const char *permission; /* who may call it; NULL when anyone */
    enum pk_tri exported;   /* as declared; unknown: the platform's default (has filters) applies */
    bool enabled;
    const char *process;     /* NULL: the app's */
    const char *authorities; /* of a provider; NULL otherwise */
    const char *target;      /* of an activity-alias; NULL otherwise */
    const char *affinity;    /* taskAffinity as declared: "" is "none"; NULL when absent */
    int64_t launch_mode;     /* 0 standard, 1 singleTop, 2 singleTask, 3 singleInstance */
    struct pk_array filters; /* struct pk_intent_filter */
};

struct pk_metadata_item {
    const char *name;
    const char *value; /* text form */
};

struct pk_manifest {
    const char *package; /* "" when absent */
    const char *split;   /* NULL: the base */
    const char *shared_user_id;
    int64_t version_code; /* versionCodeMajor << 32 | versionCode */
    bool has_version_code;
    const char *version_name; /* references resolved; "" when absent */

    /* As declared; 0 when absent. A codename gives the *_codename and 0. */
    int64_t min_sdk;
    int64_t target_sdk;
    int64_t max_sdk;
    const char *min_sdk_codename;
    const char *target_sdk_codename;
    int64_t compile_sdk;
    int64_t target_sandbox_version; /* 1 when absent */

    bool debuggable;
    bool test_only;
    enum pk_tri allow_backup;
    enum pk_tri cleartext; /* usesCleartextTraffic */
    enum pk_tri extract_native_libs;
    const char *network_security_config; /* file in the archive, NULL when absent */
    const char *application_name;        /* class of the Application, NULL */
    const char *component_factory;       /* android:appComponentFactory, NULL */
    const char *label;           /* of the application in the language that aapt takes; "" */
    const char *icon;            /* file in the archive, "" */
    uint32_t icon_id;            /* its resource; 0: none, or named as a file */
    const char *launchable;      /* the first launcher activity as aapt names it; "" */
    struct pk_strings launchers; /* every launcher entry, activity-aliases included */

    struct pk_strings permissions; /* uses-permission(-sdk-23), each once, in order; implied last */
    /* Those of permissions that nobody wrote down: what the platform grants for old target levels
     * (and aapt names), such as READ_EXTERNAL_STORAGE to who asks for WRITE_EXTERNAL_STORAGE. */
    struct pk_strings implied_permissions;
    struct pk_strings defined_permissions; /* permission */
    /* Those of defined_permissions that any app gets by asking: protection level "normal". */
    struct pk_strings open_permissions;
    struct pk_strings features;  /* uses-feature, required */
    struct pk_strings libraries; /* uses-library */
    struct pk_array components;  /* struct pk_component */
    struct pk_array metadata;    /* struct pk_metadata_item, of application */
    bool has_application;
    bool is_shared_library; /* declares library or static-library */
};

/* xml: the plain bytes of AndroidManifest.xml. arsc resolves references (NULL: they stay unresolved).
 * PK_ETRUNC, PK_EMALF: no manifest the platform could read; PK_ELIMIT; PK_ENOMEM. */
PK_MUST_USE int pk_manifest_parse(struct pk_slice xml, const struct pk_arsc *arsc,
        struct pk_arena *arena, struct pk_anomalies *anomalies, struct pk_manifest *out,
        struct pk_error *err);

/* The lowest platform level that an APK with this manifest installs on, as apksig computes it
 * (ApkUtils.getMinSdkVersionFromBinaryAndroidManifest: several uses-sdk, codenames, absent = 1).
 * PK_EMALF where apksig throws MinSdkVersionException. */
PK_MUST_USE int pk_manifest_apksig_min_sdk(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err);
/* The same for the target level (ApkUtils.getTargetSdkVersionFromBinaryAndroidManifest) and the
 * sandbox version (getTargetSandboxVersionFromBinaryAndroidManifest). */
PK_MUST_USE int pk_manifest_apksig_target_sdk(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err);
PK_MUST_USE int pk_manifest_apksig_sandbox(
        struct pk_slice xml, struct pk_arena *arena, int *out, struct pk_error *err);
