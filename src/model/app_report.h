/* app_report.h - what one file is and what was found in it: the object of `picket scan --json`, the
 * answer of the sandboxed reader, and later a row of the inventory of apps. One table codec
 * (pk_app_report_schema) writes and reads it; a reader's answer is decoded as strictly as any
 * hostile input. Keys are kept for ever: add freely, rename never. */
#pragma once

#include "base/schema.h"
#include "model/threat.h" /* enum pk_severity */

enum pk_app_kind {
    PK_APP_UNKNOWN,
    PK_APP_APK,
    PK_APP_BUNDLE, /* "bundle": APKS, XAPK, APKM: several APKs in one archive */
    PK_APP_DEX,
    PK_APP_ELF,
    PK_APP_IPA,
    PK_APP_MACHO,
    PK_APP_PLIST,     /* property list */
    PK_APP_PROVISION, /* "profile": provisioning profile */
    PK_APP_AXML,      /* a binary manifest on its own */
};

enum pk_app_verdict {
    PK_VERDICT_CLEAN,
    PK_VERDICT_UNWANTED,
    PK_VERDICT_SUSPICIOUS,
    PK_VERDICT_MALICIOUS,
    PK_VERDICT_MALFORMED,
};

enum pk_stamp_word { /* "absent", "failed", "verified" */
    PK_STAMP_WORD_ABSENT,
    PK_STAMP_WORD_FAILED,
    PK_STAMP_WORD_VERIFIED,
};

struct pk_app_signer {
    const char *sha256;  /* of the certificate, lower-case hex */
    const char *sha1;    /* the same, as older lists name it; NULL: not said */
    const char *subject; /* RFC 2253 */
    const char *issuer;
    const char *key;        /* "RSA 2048" */
    const char *not_before; /* RFC 3339 */
    const char *not_after;
    struct pk_strings schemes; /* that named this signer */
    struct pk_strings lineage; /* SHA-256 of the certificates it rotated from, oldest first */
    int64_t min_sdk;           /* of a v3 or v3.1 signer */
    int64_t max_sdk;
};

struct pk_app_signature {
    bool verified;             /* the platform's answer for the range of levels */
    struct pk_strings schemes; /* verified with: "v1" "v2" "v3" "v3.1" "v4"; "cms" for Apple's */
    int stamp;                 /* enum pk_stamp_word */
    const char *stamp_status;  /* apksig's word: "STAMP_VERIFIED", ... */
    const char *stamp_cert;    /* SHA-256 */
    int64_t stamp_time;        /* seconds since 1970 */
    int64_t rotation_min_sdk;
    struct pk_array signers;  /* struct pk_app_signer */
    struct pk_strings errors; /* names of apksig's issues; each as often as it was met */
    struct pk_strings warnings;
    struct pk_strings details; /* "V2_SIG_DID_NOT_VERIFY: signer 1: ..." */
    int64_t min_sdk;           /* the range that was asked for */
    int64_t max_sdk;
};

/* A binary XML document as it stands. */
struct pk_app_axml {
    const char *root; /* name of the first element */
    int64_t elements;
    int64_t attributes;
    int64_t namespaces; /* declared */
};

struct pk_app_components {
    int64_t activities;
    int64_t services;
    int64_t receivers;
    int64_t providers;
    struct pk_strings exported; /* names that any app can reach */
};

struct pk_app_dex {
    const char *file; /* "classes2.dex" */
    int64_t version;
    int64_t strings, types, protos, fields, methods, classes; /* as the header counts them */
    int64_t code_units, invokes;
};

struct pk_app_native {
    const char *file; /* "lib/arm64-v8a/libx.so" */
    const char *abi;
    struct pk_strings needed;
    struct pk_strings hardening; /* "nx" "relro" "bind_now" "canary" "fortify" "stripped" ... */
    int64_t imports;
    int64_t exports;
};

struct pk_app_profile {
    const char *name;
    const char *uuid;
    const char *team_id;
    const char *team_name;
    const char *app_id;
    const char *created;
    const char *expires; /* RFC 3339 */
    bool all_devices;
    int64_t devices;
    bool debuggable; /* get-task-allow */
    bool verified;   /* its CMS holds */
    bool apple;      /* and its chain ends at Apple */
};

struct pk_app_arch {
    const char *name; /* "arm64" */
    const char *platform;
    const char *min_os;
    const char *cdhash;
    const char *identifier;
    const char *team_id;
    bool encrypted;
    bool signed_; /* "signed": a signature is embedded and everything of it that was checked holds */
    const char *problem; /* the first thing that does not hold */
};

struct pk_app_apple {
    const char *bundle_id;
    const char *executable;
    const char *team_id;
    const char *minimum_os;
    const char *build; /* CFBundleVersion */
    struct pk_strings platforms;
    struct pk_array architectures; /* struct pk_app_arch */
    json_t *entitlements;          /* object */
    struct pk_app_profile *profile;
    struct pk_strings frameworks;
    struct pk_strings url_schemes;
    bool apple_signed; /* the signature holds, and its signer's certificate leads to Apple */
};

/* What one finding alone says about the file: "none" for a fact that many harmless apps share. */
enum pk_app_weight {
    PK_APP_WEIGHT_NONE,
    PK_APP_WEIGHT_UNWANTED,
    PK_APP_WEIGHT_SUSPICIOUS,
    PK_APP_WEIGHT_MALICIOUS,
};

struct pk_app_finding {
    const char *id; /* of anomalies.yaml ("zip.method_bogus"), of a behaviour rule ("sms.intercept")
                     * or of threats.yaml ("malware.banker") */
    int severity;   /* enum pk_severity */
    const char *title;
    const char *evidence;
    struct pk_strings attack; /* ATT&CK Mobile ids */
    const char *rule;         /* leads to its documentation: "structure/zip.method_bogus",
                               * "rules/sms.intercept", "model/android", "known/indicator" */
    int64_t count;
    int weight;           /* enum pk_app_weight, "verdict" in JSON */
    double confidence;    /* 0..1 that the finding's title is true of the file; 0: not said */
    const char *excepted; /* the reason of the local exception that takes its weight away; NULL */
};

/* A host that the app names in code, resources or libraries. */
struct pk_app_host {
    const char *name; /* lower case, without port; or an address */
    bool cleartext;   /* some URL of it begins with http:// */
    const char *seen; /* where first: "code" "resources" "native" "assets" "manifest" */
};

enum pk_app_sdk_kind {
    PK_APP_SDK_OTHER,
    PK_APP_SDK_ADVERTISING,
    PK_APP_SDK_ANALYTICS,
    PK_APP_SDK_CRASH,
    PK_APP_SDK_FRAMEWORK,
    PK_APP_SDK_IDENTIFICATION,
    PK_APP_SDK_LOCATION,
    PK_APP_SDK_PACKER,
    PK_APP_SDK_PAYMENT,
    PK_APP_SDK_PLUGIN, /* runs other apps inside */
    PK_APP_SDK_PUSH,
    PK_APP_SDK_REMOTE, /* remote control, screen sharing */
    PK_APP_SDK_SECURITY,
    PK_APP_SDK_SOCIAL,
};

/* A known piece of other people's code. Trackers are those of kind advertising, analytics,
 * identification, location. */
struct pk_app_sdk {
    const char *id; /* "google.admob" */
    const char *name;
    int kind; /* enum pk_app_sdk_kind */
    bool tracker;
    const char *evidence; /* "Lcom/google/android/gms/ads/", a file name */
};

/* A library whose version could be read, and what is wrong with it. */
struct pk_app_library {
    const char *name;
    const char *version;
    const char *file; /* entry, or "code" */
    bool native;
    struct pk_strings cves; /* those that this version has */
    const char *fixed;      /* first version without them; NULL */
};

/* Private data that reaches a way out, through the app's own code. */
struct pk_app_leak {
    const char *data;   /* "device id", "location", "contacts", "sms", "accounts" ... */
    const char *to;     /* "sms", "network", "log", "file", "broadcast", "other app" ... */
    const char *source; /* "Landroid/telephony/TelephonyManager;->getDeviceId" */
    const char *sink;
    const char *source_in; /* "Lde/ecspride/MainActivity;->onCreate" */
    const char *sink_in;
    struct pk_strings path; /* methods between, at most 8 */
};

struct pk_app_icon {
    const char *file;
    const char *sha256; /* of the image file */
    const char *phash;  /* 16 hex digits: perceptual hash (DCT); NULL: not decodable */
    const char *dhash;  /* 16 hex digits: gradient hash */
};

/* How far names and strings hide what the code does. */
struct pk_app_obfuscation {
    double short_names;   /* share of the app's own classes with names of one or two letters */
    double odd_names;     /* ... with names outside letters, digits, _ and $ */
    double random_assets; /* share of asset bytes that look encrypted */
    int64_t reflection;   /* calls of Method.invoke and the like */
    int64_t native_methods;
    int64_t missing_components; /* declared in the manifest, absent from the code: packed */
};

struct pk_app_model_part {
    const char *feature;
    const char *text; /* in words: "can send text messages" */
    double weight;    /* contribution in log-odds; positive: towards malware */
};

/* The classifier's opinion. */
struct pk_app_model {
    const char *name; /* "android" */
    const char *version;
    double probability;    /* calibrated */
    int verdict;           /* enum pk_app_weight: none, suspicious, malicious */
    bool familiar;         /* like what it was trained on; false: its opinion does not count */
    double distance;       /* of the guard, 1.0: at the border */
    struct pk_array parts; /* struct pk_app_model_part, largest first */
    const char *vector;    /* which of the model's features it has, four to a hexadecimal digit */
};

/* A hit of the user's own YARA rules. */
struct pk_app_match {
    const char *rule;
    const char *space; /* namespace: the rule file */
    struct pk_strings tags;
    const char *file;          /* entry, "code" for DEX strings, "." for the whole file */
    struct pk_strings strings; /* "$a at 0x120", at most 8 */
};

/* A hit in the indicators. */
struct pk_app_hit {
    const char *kind;      /* "sha256" "sha1" "md5" "signer" "package" "domain" "ip" ... */
    const char *value;     /* what of the app was found */
    const char *indicator; /* what stands in the list, when it differs: the parent domain */
    const char *family;    /* "Pegasus"; NULL */
    const char *category;  /* "stalkerware", "spyware", "banker" ...; NULL */
    const char *source;    /* "stalkerware-indicators" */
    const char *reference; /* URL; NULL */
    const char *date;      /* first seen, RFC 3339 date; NULL */
};

/* One file of a bundle; its findings and signature stand here, the bundle's report sums them up. */
struct pk_app_part {
    const char *file;
    const char *sha256;
    const char *package;
    const char *split;
    int64_t version_code;
    bool verified;
    struct pk_strings signers; /* SHA-256 */
};

struct pk_app_report {
    const char *file; /* set by who asked, not by the reader */
    const char *sha256;
    int64_t size;
    int kind; /* enum pk_app_kind */

    const char *package; /* Android package or Apple bundle id */
    const char *version_name;
    int64_t version_code;       /* as aapt and stores show it */
    int64_t version_code_major; /* above it in Android's 64-bit version; 0: none */
    const char *label;
    int64_t min_sdk;
    int64_t target_sdk;
    const char *min_sdk_codename;
    const char *target_sdk_codename;
    bool debuggable;
    bool test_only;
    const char *launchable;
    const char *split;
    struct pk_strings launchers; /* every launcher entry, aliases included */
    struct pk_strings permissions;
    struct pk_strings implied_permissions; /* those of permissions that the platform adds itself */
    struct pk_strings defined_permissions;
    struct pk_strings features;
    struct pk_strings native_code; /* ABIs */
    struct pk_app_components *components;
    struct pk_app_axml *axml; /* of the manifest, or of a document on its own */
    int64_t dex_files;
    struct pk_array dex;                /* struct pk_app_dex */
    struct pk_array native;             /* struct pk_app_native */
    int64_t entries;                    /* of the archive */
    int64_t inflated;                   /* bytes in all, as the directory claims */
    struct pk_app_signature *signature; /* NULL: a kind that carries none */
    const char *signed_by;              /* one sentence on the signature, for the reasons; NULL */
    const char *problem; /* why the platform could not read it as what it is; NULL: it could */
    struct pk_app_apple *apple; /* NULL: not of Apple's world */
    struct pk_array parts;      /* struct pk_app_part, of a bundle */
    json_t *plist;              /* kind plist: its content as JSON, {"plist": ...} */

    /* What it does, by content. Empty lists mean "none found". */
    struct pk_strings techniques; /* ATT&CK Mobile ids of all findings, sorted */
    struct pk_array hosts;        /* struct pk_app_host */
    enum pk_tri cleartext;        /* may it speak plain HTTP: manifest and network configuration */
    enum pk_tri backup;           /* may its data be copied off the device */
    struct pk_array sdks;         /* struct pk_app_sdk */
    struct pk_array libraries;    /* struct pk_app_library */
    struct pk_strings packers;
    struct pk_app_obfuscation *obfuscation;
    struct pk_array leaks; /* struct pk_app_leak */
    const char *
            leaks_limit; /* why the search for leaks is not complete; NULL: within its limits it is */
    struct pk_app_icon *icon;
    struct pk_app_model *model; /* NULL: not a kind that it judges */
    struct pk_array matches;    /* struct pk_app_match */
    struct pk_array hits;       /* struct pk_app_hit; by who asked, not by the reader */

    struct pk_array findings; /* struct pk_app_finding, worst first */
    int verdict;              /* enum pk_app_verdict */
    double score;             /* 0..1, how likely it is that the app should not be there */
    struct pk_strings reasons;
    double ms; /* wall time of the reading, by who asked */
};

extern const struct pk_schema pk_app_report_schema;

/* As `picket scan --json` prints it: the schema's encoding, and of an APK also texts that are
 * empty and a DEX count of 0, so that "no DEX" and "no label" can be told from "not known". The caller owns it; NULL
 * when memory is short. */
json_t *pk_app_report_json(const struct pk_app_report *report);

const char *pk_app_kind_name(int kind);       /* "apk" */
const char *pk_app_verdict_name(int verdict); /* "clean" */
const char *pk_app_weight_name(int weight);   /* "none" */
const char *pk_app_sdk_kind_name(int kind);   /* "advertising" */
