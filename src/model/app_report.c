#include "model/app_report.h"

#define AT(s, m) offsetof(struct s, m)

/* Texts come from attackers' files: what is longer is cut by the reader before it gets here. */
#define TEXT_MAX       1024
#define TREE_DEPTH_MAX 20 /* of property lists; real ones stay below 12 */
#define HASH_LEN       64
#define NAMES_MAX      8192 /* permissions, exported names: the readers' own limits are lower */

static const char *const kind_names[] = { "unknown", "apk", "bundle", "dex", "elf", "ipa", "macho",
    "plist", "profile", "axml", NULL };
static const char *const verdict_names[] = { "clean", "unwanted", "suspicious", "malicious",
    "malformed", NULL };
static const char *const stamp_names[] = { "absent", "failed", "verified", NULL };
static const char *const weight_names[] = { "none", "unwanted", "suspicious", "malicious", NULL };
static const char *const sdk_kind_names[] = { "other", "advertising", "analytics", "crash",
    "framework", "identification", "location", "packer", "payment", "plugin", "push", "remote",
    "security", "social", NULL };
static const char *const severity_names[] = { "info", "low", "medium", "high", "critical", NULL };

/* clang-format off */
static const struct pk_field signer_fields[] = {
    { "sha256", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_signer, sha256), .min = HASH_LEN, .max = HASH_LEN },
    { "sha1", PK_TYPE_STRING, 0, AT(pk_app_signer, sha1), .max = 40 },
    { "subject", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_signer, subject), .max = TEXT_MAX },
    { "issuer", PK_TYPE_STRING, 0, AT(pk_app_signer, issuer), .max = TEXT_MAX },
    { "key", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_signer, key), .max = 64 },
    { "not_before", PK_TYPE_STRING, 0, AT(pk_app_signer, not_before), .max = 32 },
    { "not_after", PK_TYPE_STRING, 0, AT(pk_app_signer, not_after), .max = 32 },
    { "schemes", PK_TYPE_STRINGS, 0, AT(pk_app_signer, schemes), .count_max = 8, .max = 8 },
    { "lineage", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_signer, lineage), .count_max = 256, .max = HASH_LEN },
    { "min_sdk", PK_TYPE_INT, 0, AT(pk_app_signer, min_sdk), .min = 0, .max = 0x7fffffff },
    { "max_sdk", PK_TYPE_INT, 0, AT(pk_app_signer, max_sdk), .min = 0, .max = 0x7fffffff },
};
static const struct pk_schema signer_schema =
    PK_SCHEMA(struct pk_app_signer, signer_fields, "signer");

static const struct pk_field signature_fields[] = {
    { "verified", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_signature, verified) },
    { "schemes", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_signature, schemes), .count_max = 8, .max = 8 },
    { "stamp", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_signature, stamp), .names = stamp_names },
    { "stamp_status", PK_TYPE_STRING, 0, AT(pk_app_signature, stamp_status), .max = 40 },
    { "stamp_cert", PK_TYPE_STRING, 0, AT(pk_app_signature, stamp_cert), .max = HASH_LEN },
    { "stamp_time", PK_TYPE_INT, 0, AT(pk_app_signature, stamp_time), .min = 0, .max = 9e15 },
    { "rotation_min_sdk", PK_TYPE_INT, 0, AT(pk_app_signature, rotation_min_sdk), .min = 0, .max = 0x7fffffff },
    { "signers", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_app_signature, signers), .count_max = 64, .sub = &signer_schema },
    { "errors", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_signature, errors), .count_max = 256, .max = 96 },
    { "warnings", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_signature, warnings), .count_max = 256, .max = 96 },
    { "details", PK_TYPE_STRINGS, 0, AT(pk_app_signature, details), .count_max = 512, .max = TEXT_MAX },
    { "min_sdk", PK_TYPE_INT, 0, AT(pk_app_signature, min_sdk), .min = 0, .max = 0x7fffffff },
    { "max_sdk", PK_TYPE_INT, 0, AT(pk_app_signature, max_sdk), .min = 0, .max = 0x7fffffff },
};
static const struct pk_schema signature_schema =
    PK_SCHEMA(struct pk_app_signature, signature_fields, "signature");

static const struct pk_field axml_fields[] = {
    { "root", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_axml, root), .max = TEXT_MAX },
    { "elements", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_axml, elements), .min = 0, .max = 1e9 },
    { "attributes", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_axml, attributes), .min = 0, .max = 1e9 },
    { "namespaces", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_axml, namespaces), .min = 0, .max = 1e9 },
};
static const struct pk_schema axml_schema = PK_SCHEMA(struct pk_app_axml, axml_fields, "axml");

static const struct pk_field component_fields[] = {
    { "activities", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_components, activities), .min = 0, .max = 1e9 },
    { "services", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_components, services), .min = 0, .max = 1e9 },
    { "receivers", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_components, receivers), .min = 0, .max = 1e9 },
    { "providers", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_components, providers), .min = 0, .max = 1e9 },
    { "exported", PK_TYPE_STRINGS, 0, AT(pk_app_components, exported), .count_max = NAMES_MAX, .max = TEXT_MAX },
};
static const struct pk_schema component_schema =
    PK_SCHEMA(struct pk_app_components, component_fields, "components");

static const struct pk_field dex_fields[] = {
    { "file", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_dex, file), .max = TEXT_MAX },
    { "version", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, version), .min = 0, .max = 999 },
    { "strings", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, strings), .min = 0, .max = 0xffffffff },
    { "types", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, types), .min = 0, .max = 0xffffffff },
    { "protos", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, protos), .min = 0, .max = 0xffffffff },
    { "fields", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, fields), .min = 0, .max = 0xffffffff },
    { "methods", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, methods), .min = 0, .max = 0xffffffff },
    { "classes", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_dex, classes), .min = 0, .max = 0xffffffff },
    { "code_units", PK_TYPE_INT, 0, AT(pk_app_dex, code_units), .min = 0, .max = 9e15 },
    { "invokes", PK_TYPE_INT, 0, AT(pk_app_dex, invokes), .min = 0, .max = 9e15 },
};
static const struct pk_schema dex_schema = PK_SCHEMA(struct pk_app_dex, dex_fields, "dex");

static const struct pk_field native_fields[] = {
    { "file", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_native, file), .max = TEXT_MAX },
    { "abi", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_native, abi), .max = 32 },
    { "needed", PK_TYPE_STRINGS, 0, AT(pk_app_native, needed), .count_max = 1024, .max = TEXT_MAX },
    { "hardening", PK_TYPE_STRINGS, 0, AT(pk_app_native, hardening), .count_max = 16, .max = 32 },
    { "imports", PK_TYPE_INT, 0, AT(pk_app_native, imports), .min = 0, .max = 0xffffffff },
    { "exports", PK_TYPE_INT, 0, AT(pk_app_native, exports), .min = 0, .max = 0xffffffff },
};
static const struct pk_schema native_schema =
    PK_SCHEMA(struct pk_app_native, native_fields, "native library");

static const struct pk_field profile_fields[] = {
    { "name", PK_TYPE_STRING, 0, AT(pk_app_profile, name), .max = TEXT_MAX },
    { "uuid", PK_TYPE_STRING, 0, AT(pk_app_profile, uuid), .max = 64 },
    { "team_id", PK_TYPE_STRING, 0, AT(pk_app_profile, team_id), .max = 64 },
    { "team_name", PK_TYPE_STRING, 0, AT(pk_app_profile, team_name), .max = TEXT_MAX },
    { "app_id", PK_TYPE_STRING, 0, AT(pk_app_profile, app_id), .max = TEXT_MAX },
    { "created", PK_TYPE_STRING, 0, AT(pk_app_profile, created), .max = 32 },
    { "expires", PK_TYPE_STRING, 0, AT(pk_app_profile, expires), .max = 32 },
    { "all_devices", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_profile, all_devices) },
    { "devices", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_profile, devices), .min = 0, .max = 1e9 },
    { "debuggable", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_profile, debuggable) },
    { "verified", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_profile, verified) },
    { "apple", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_profile, apple) },
};
static const struct pk_schema profile_schema =
    PK_SCHEMA(struct pk_app_profile, profile_fields, "profile");

static const struct pk_field arch_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_arch, name), .max = 32 },
    { "platform", PK_TYPE_STRING, 0, AT(pk_app_arch, platform), .max = 32 },
    { "min_os", PK_TYPE_STRING, 0, AT(pk_app_arch, min_os), .max = 32 },
    { "cdhash", PK_TYPE_STRING, 0, AT(pk_app_arch, cdhash), .max = 128 },
    { "identifier", PK_TYPE_STRING, 0, AT(pk_app_arch, identifier), .max = TEXT_MAX },
    { "team_id", PK_TYPE_STRING, 0, AT(pk_app_arch, team_id), .max = 64 },
    { "encrypted", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_arch, encrypted) },
    { "signed", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_arch, signed_) },
    { "problem", PK_TYPE_STRING, 0, AT(pk_app_arch, problem), .max = TEXT_MAX },
};
static const struct pk_schema arch_schema =
    PK_SCHEMA(struct pk_app_arch, arch_fields, "architecture");

static const struct pk_field apple_fields[] = {
    { "bundle_id", PK_TYPE_STRING, 0, AT(pk_app_apple, bundle_id), .max = TEXT_MAX },
    { "executable", PK_TYPE_STRING, 0, AT(pk_app_apple, executable), .max = TEXT_MAX },
    { "team_id", PK_TYPE_STRING, 0, AT(pk_app_apple, team_id), .max = 64 },
    { "minimum_os", PK_TYPE_STRING, 0, AT(pk_app_apple, minimum_os), .max = 32 },
    { "build", PK_TYPE_STRING, 0, AT(pk_app_apple, build), .max = TEXT_MAX },
    { "platforms", PK_TYPE_STRINGS, 0, AT(pk_app_apple, platforms), .count_max = 16, .max = 64 },
    { "architectures", PK_TYPE_OBJECTS, 0, AT(pk_app_apple, architectures), .count_max = 64, .sub = &arch_schema },
    { "entitlements", PK_TYPE_JSON, 0, AT(pk_app_apple, entitlements), .max = TREE_DEPTH_MAX },
    { "profile", PK_TYPE_OBJECT, 0, AT(pk_app_apple, profile), .sub = &profile_schema },
    { "frameworks", PK_TYPE_STRINGS, 0, AT(pk_app_apple, frameworks), .count_max = 1024, .max = TEXT_MAX },
    { "url_schemes", PK_TYPE_STRINGS, 0, AT(pk_app_apple, url_schemes), .count_max = 256, .max = TEXT_MAX },
    { "apple_signed", PK_TYPE_BOOL, 0, AT(pk_app_apple, apple_signed) },
};
static const struct pk_schema apple_schema =
    PK_SCHEMA(struct pk_app_apple, apple_fields, "apple");

static const struct pk_field finding_fields[] = {
    { "id", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_finding, id), .max = 96 },
    { "severity", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_finding, severity), .names = severity_names },
    { "title", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_finding, title), .max = 200 },
    { "evidence", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_finding, evidence), .max = TEXT_MAX },
    { "attack", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_finding, attack), .count_max = 32, .max = 16 },
    { "rule", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_finding, rule), .max = 160 },
    { "count", PK_TYPE_INT, 0, AT(pk_app_finding, count), .min = 0, .max = 9e15 },
    { "verdict", PK_TYPE_ENUM, 0, AT(pk_app_finding, weight), .names = weight_names },
    { "confidence", PK_TYPE_REAL, 0, AT(pk_app_finding, confidence), .min = 0, .max = 1 },
    { "excepted", PK_TYPE_STRING, 0, AT(pk_app_finding, excepted), .max = TEXT_MAX },
};
static const struct pk_schema finding_schema =
    PK_SCHEMA(struct pk_app_finding, finding_fields, "finding");

static const struct pk_field host_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_host, name), .max = 255 },
    { "cleartext", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_host, cleartext) },
    { "seen", PK_TYPE_STRING, 0, AT(pk_app_host, seen), .max = 32 },
};
static const struct pk_schema host_schema = PK_SCHEMA(struct pk_app_host, host_fields, "host");

static const struct pk_field sdk_fields[] = {
    { "id", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_sdk, id), .max = 96 },
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_sdk, name), .max = 200 },
    { "kind", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_sdk, kind), .names = sdk_kind_names },
    { "tracker", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_sdk, tracker) },
    { "evidence", PK_TYPE_STRING, 0, AT(pk_app_sdk, evidence), .max = TEXT_MAX },
};
static const struct pk_schema sdk_schema = PK_SCHEMA(struct pk_app_sdk, sdk_fields, "sdk");

static const struct pk_field library_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_library, name), .max = 200 },
    { "version", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_library, version), .max = 64 },
    { "file", PK_TYPE_STRING, 0, AT(pk_app_library, file), .max = TEXT_MAX },
    { "native", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_library, native) },
    { "cves", PK_TYPE_STRINGS, 0, AT(pk_app_library, cves), .count_max = 64, .max = 24 },
    { "fixed", PK_TYPE_STRING, 0, AT(pk_app_library, fixed), .max = 64 },
};
static const struct pk_schema library_schema =
    PK_SCHEMA(struct pk_app_library, library_fields, "library");

static const struct pk_field leak_fields[] = {
    { "data", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_leak, data), .max = 64 },
    { "to", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_leak, to), .max = 64 },
    { "source", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_leak, source), .max = TEXT_MAX },
    { "sink", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_leak, sink), .max = TEXT_MAX },
    { "source_in", PK_TYPE_STRING, 0, AT(pk_app_leak, source_in), .max = TEXT_MAX },
    { "sink_in", PK_TYPE_STRING, 0, AT(pk_app_leak, sink_in), .max = TEXT_MAX },
    { "path", PK_TYPE_STRINGS, 0, AT(pk_app_leak, path), .count_max = 8, .max = TEXT_MAX },
};
static const struct pk_schema leak_schema = PK_SCHEMA(struct pk_app_leak, leak_fields, "leak");

static const struct pk_field icon_fields[] = {
    { "file", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_icon, file), .max = TEXT_MAX },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_app_icon, sha256), .max = HASH_LEN },
    { "phash", PK_TYPE_STRING, 0, AT(pk_app_icon, phash), .max = 16 },
    { "dhash", PK_TYPE_STRING, 0, AT(pk_app_icon, dhash), .max = 16 },
};
static const struct pk_schema icon_schema = PK_SCHEMA(struct pk_app_icon, icon_fields, "icon");

static const struct pk_field obfuscation_fields[] = {
    { "short_names", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_obfuscation, short_names), .min = 0, .max = 1 },
    { "odd_names", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_obfuscation, odd_names), .min = 0, .max = 1 },
    { "random_assets", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_obfuscation, random_assets), .min = 0, .max = 1 },
    { "reflection", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_obfuscation, reflection), .min = 0, .max = 9e15 },
    { "native_methods", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_obfuscation, native_methods), .min = 0, .max = 9e15 },
    { "missing_components", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_obfuscation, missing_components), .min = 0, .max = 1e9 },
};
static const struct pk_schema obfuscation_schema =
    PK_SCHEMA(struct pk_app_obfuscation, obfuscation_fields, "obfuscation");

static const struct pk_field model_part_fields[] = {
    { "feature", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_model_part, feature), .max = 160 },
    { "text", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_model_part, text), .max = 200 },
    { "weight", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_model_part, weight), .min = -1000, .max = 1000 },
};
static const struct pk_schema model_part_schema =
    PK_SCHEMA(struct pk_app_model_part, model_part_fields, "model part");

static const struct pk_field model_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_model, name), .max = 64 },
    { "version", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_model, version), .max = 64 },
    { "probability", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_model, probability), .min = 0, .max = 1 },
    { "verdict", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_model, verdict), .names = weight_names },
    { "familiar", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_model, familiar) },
    { "distance", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_model, distance), .min = 0, .max = 1e9 },
    { "parts", PK_TYPE_OBJECTS, 0, AT(pk_app_model, parts), .count_max = 32, .sub = &model_part_schema },
    { "vector", PK_TYPE_STRING, 0, AT(pk_app_model, vector), .max = 256 },
};
static const struct pk_schema model_schema = PK_SCHEMA(struct pk_app_model, model_fields, "model");

static const struct pk_field match_fields[] = {
    { "rule", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_match, rule), .max = 200 },
    { "namespace", PK_TYPE_STRING, 0, AT(pk_app_match, space), .max = 200 },
    { "tags", PK_TYPE_STRINGS, 0, AT(pk_app_match, tags), .count_max = 64, .max = 128 },
    { "file", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_match, file), .max = TEXT_MAX },
    { "strings", PK_TYPE_STRINGS, 0, AT(pk_app_match, strings), .count_max = 8, .max = TEXT_MAX },
};
static const struct pk_schema match_schema = PK_SCHEMA(struct pk_app_match, match_fields, "match");

static const struct pk_field hit_fields[] = {
    { "kind", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_hit, kind), .max = 32 },
    { "value", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_hit, value), .max = TEXT_MAX },
    { "indicator", PK_TYPE_STRING, 0, AT(pk_app_hit, indicator), .max = TEXT_MAX },
    { "family", PK_TYPE_STRING, 0, AT(pk_app_hit, family), .max = 200 },
    { "category", PK_TYPE_STRING, 0, AT(pk_app_hit, category), .max = 64 },
    { "source", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_hit, source), .max = 200 },
    { "reference", PK_TYPE_STRING, 0, AT(pk_app_hit, reference), .max = TEXT_MAX },
    { "date", PK_TYPE_STRING, 0, AT(pk_app_hit, date), .max = 32 },
};
static const struct pk_schema hit_schema = PK_SCHEMA(struct pk_app_hit, hit_fields, "hit");

static const struct pk_field part_fields[] = {
    { "file", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_part, file), .max = TEXT_MAX },
    { "sha256", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_part, sha256), .max = HASH_LEN },
    { "package", PK_TYPE_STRING, 0, AT(pk_app_part, package), .max = TEXT_MAX },
    { "split", PK_TYPE_STRING, 0, AT(pk_app_part, split), .max = TEXT_MAX },
    { "version_code", PK_TYPE_INT, 0, AT(pk_app_part, version_code), .min = -9e18, .max = 9e18 },
    { "verified", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_part, verified) },
    { "signers", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_part, signers), .count_max = 64, .max = HASH_LEN },
};
static const struct pk_schema part_schema = PK_SCHEMA(struct pk_app_part, part_fields, "part");

static const struct pk_field report_fields[] = {
    { "file", PK_TYPE_STRING, 0, AT(pk_app_report, file), .max = 4096 },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_app_report, sha256), .max = HASH_LEN },
    { "size", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_report, size), .min = 0, .max = 9e18 },
    { "kind", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_report, kind), .names = kind_names },
    { "package", PK_TYPE_STRING, 0, AT(pk_app_report, package), .max = TEXT_MAX },
    { "version_name", PK_TYPE_STRING, 0, AT(pk_app_report, version_name), .max = TEXT_MAX },
    { "version_code", PK_TYPE_INT, 0, AT(pk_app_report, version_code), .min = -2147483648.0, .max = 2147483647 },
    { "version_code_major", PK_TYPE_INT, 0, AT(pk_app_report, version_code_major), .min = -2147483648.0, .max = 2147483647 },
    { "label", PK_TYPE_STRING, 0, AT(pk_app_report, label), .max = TEXT_MAX },
    { "min_sdk", PK_TYPE_INT, 0, AT(pk_app_report, min_sdk), .min = -2147483648.0, .max = 4294967295.0 },
    { "target_sdk", PK_TYPE_INT, 0, AT(pk_app_report, target_sdk), .min = -2147483648.0, .max = 4294967295.0 },
    { "min_sdk_codename", PK_TYPE_STRING, 0, AT(pk_app_report, min_sdk_codename), .max = 64 },
    { "target_sdk_codename", PK_TYPE_STRING, 0, AT(pk_app_report, target_sdk_codename), .max = 64 },
    { "debuggable", PK_TYPE_BOOL, PK_REQUIRED, AT(pk_app_report, debuggable) },
    { "test_only", PK_TYPE_BOOL, 0, AT(pk_app_report, test_only) },
    { "launchable", PK_TYPE_STRING, 0, AT(pk_app_report, launchable), .max = TEXT_MAX },
    { "split", PK_TYPE_STRING, 0, AT(pk_app_report, split), .max = TEXT_MAX },
    { "launchers", PK_TYPE_STRINGS, 0, AT(pk_app_report, launchers), .count_max = NAMES_MAX, .max = TEXT_MAX },
    { "permissions", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_report, permissions), .count_max = NAMES_MAX, .max = TEXT_MAX },
    { "implied_permissions", PK_TYPE_STRINGS, 0, AT(pk_app_report, implied_permissions), .count_max = NAMES_MAX, .max = TEXT_MAX },
    { "defined_permissions", PK_TYPE_STRINGS, 0, AT(pk_app_report, defined_permissions), .count_max = NAMES_MAX, .max = TEXT_MAX },
    { "features", PK_TYPE_STRINGS, 0, AT(pk_app_report, features), .count_max = NAMES_MAX, .max = TEXT_MAX },
    { "native_code", PK_TYPE_STRINGS, 0, AT(pk_app_report, native_code), .count_max = 32, .max = 64 },
    { "components", PK_TYPE_OBJECT, 0, AT(pk_app_report, components), .sub = &component_schema },
    { "axml", PK_TYPE_OBJECT, 0, AT(pk_app_report, axml), .sub = &axml_schema },
    { "dex_files", PK_TYPE_INT, 0, AT(pk_app_report, dex_files), .min = 0, .max = 65535 },
    { "dex", PK_TYPE_OBJECTS, 0, AT(pk_app_report, dex), .count_max = 1024, .sub = &dex_schema },
    { "native", PK_TYPE_OBJECTS, 0, AT(pk_app_report, native), .count_max = 4096, .sub = &native_schema },
    { "entries", PK_TYPE_INT, 0, AT(pk_app_report, entries), .min = 0, .max = 65535 },
    { "inflated", PK_TYPE_INT, 0, AT(pk_app_report, inflated), .min = 0, .max = 9e15 },
    { "signature", PK_TYPE_OBJECT, 0, AT(pk_app_report, signature), .sub = &signature_schema },
    { "signed_by", PK_TYPE_STRING, 0, AT(pk_app_report, signed_by), .max = TEXT_MAX },
    { "problem", PK_TYPE_STRING, 0, AT(pk_app_report, problem), .max = TEXT_MAX },
    { "apple", PK_TYPE_OBJECT, 0, AT(pk_app_report, apple), .sub = &apple_schema },
    { "parts", PK_TYPE_OBJECTS, 0, AT(pk_app_report, parts), .count_max = 256, .sub = &part_schema },
    { "plist", PK_TYPE_JSON, 0, AT(pk_app_report, plist), .max = TREE_DEPTH_MAX },
    { "techniques", PK_TYPE_STRINGS, 0, AT(pk_app_report, techniques), .count_max = 256, .max = 16 },
    { "hosts", PK_TYPE_OBJECTS, 0, AT(pk_app_report, hosts), .count_max = 2000, .sub = &host_schema },
    { "cleartext", PK_TYPE_TRI, 0, AT(pk_app_report, cleartext) },
    { "backup", PK_TYPE_TRI, 0, AT(pk_app_report, backup) },
    { "sdks", PK_TYPE_OBJECTS, 0, AT(pk_app_report, sdks), .count_max = 512, .sub = &sdk_schema },
    { "libraries", PK_TYPE_OBJECTS, 0, AT(pk_app_report, libraries), .count_max = 1024, .sub = &library_schema },
    { "packers", PK_TYPE_STRINGS, 0, AT(pk_app_report, packers), .count_max = 16, .max = 100 },
    { "obfuscation", PK_TYPE_OBJECT, 0, AT(pk_app_report, obfuscation), .sub = &obfuscation_schema },
    { "leaks", PK_TYPE_OBJECTS, 0, AT(pk_app_report, leaks), .count_max = 512, .sub = &leak_schema },
    { "leaks_limit", PK_TYPE_STRING, 0, AT(pk_app_report, leaks_limit), .max = 200 },
    { "icon", PK_TYPE_OBJECT, 0, AT(pk_app_report, icon), .sub = &icon_schema },
    { "model", PK_TYPE_OBJECT, 0, AT(pk_app_report, model), .sub = &model_schema },
    { "matches", PK_TYPE_OBJECTS, 0, AT(pk_app_report, matches), .count_max = 512, .sub = &match_schema },
    { "hits", PK_TYPE_OBJECTS, 0, AT(pk_app_report, hits), .count_max = 512, .sub = &hit_schema },
    { "findings", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_app_report, findings), .count_max = 512, .sub = &finding_schema },
    { "verdict", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_report, verdict), .names = verdict_names },
    { "reasons", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_app_report, reasons), .count_max = 64, .max = TEXT_MAX },
    { "score", PK_TYPE_REAL, PK_REQUIRED, AT(pk_app_report, score), .min = 0, .max = 1 },
    { "ms", PK_TYPE_REAL, 0, AT(pk_app_report, ms), .min = 0, .max = 1e9 },
};
const struct pk_schema pk_app_report_schema =
    PK_SCHEMA(struct pk_app_report, report_fields, "app report");
/* clang-format on */

const char *pk_app_kind_name(int kind)
{
    return kind_names[kind];
}

const char *pk_app_verdict_name(int verdict)
{
    return verdict_names[verdict];
}

const char *pk_app_weight_name(int weight)
{
    return weight_names[weight];
}

const char *pk_app_sdk_kind_name(int kind)
{
    return sdk_kind_names[kind];
}

/* Adds the key where the encoder left an empty value out. */
static bool fill(json_t *object, const char *key, json_t *value)
{
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        return true;
    }
    return json_object_set_new(object, key, value) == 0;
}

json_t *pk_app_report_json(const struct pk_app_report *report)
{
    static const char *const texts[] = { "package", "version_name", "label" };
    json_t *out = pk_schema_encode(&pk_app_report_schema, report, false);
    bool ok = out != NULL;

    if (ok && report->kind == PK_APP_APK) {
        ok = fill(out, "dex_files", json_integer(0));
    }
    /* Only a manifest that was read brings components. */
    if (ok && report->kind == PK_APP_APK && report->components != NULL) {
        for (size_t i = 0; i < PK_COUNT(texts); i++) {
            ok = ok && fill(out, texts[i], json_string(""));
        }
    }
    if (!ok) {
        json_decref(out);
        return NULL;
    }
    return out;
}
