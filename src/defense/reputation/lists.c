#include "defense/reputation/lists.h"

#include <stdio.h>

#include "base/file.h"
#include "base/yaml.h"

#define AT(s, m) offsetof(struct s, m)

#define HASH_LEN       64
#define NAME_MAX_LEN   255
#define REASON_MAX     300 /* a sentence that stands in reports */
#define LISTED_MAX     20000
#define EXCEPTIONS_MAX 20000
#define RULES_MAX      500
#define CONDITIONS_MAX 64
#define STORES_MAX     100
#define FILE_MAX       (8UL * 1024 * 1024)

static const char *const level_names[] = { "low", "medium", "high", NULL };

/* clang-format off */
static const struct pk_field target_fields[] = {
    { "sha256", PK_TYPE_STRING, 0, AT(pk_app_target, sha256), .min = HASH_LEN, .max = HASH_LEN,
      .help = "SHA-256 of the file: this very file and no other version" },
    { "signer", PK_TYPE_STRING, 0, AT(pk_app_target, signer), .min = HASH_LEN, .max = HASH_LEN,
      .help = "SHA-256 of the signing certificate; its signature must hold" },
    { "team", PK_TYPE_STRING, 0, AT(pk_app_target, team), .min = 10, .max = 10,
      .help = "Apple's team id" },
    { "package", PK_TYPE_STRING, 0, AT(pk_app_target, package), .min = 1, .max = NAME_MAX_LEN,
      .help = "package or bundle id; * stands for any run of characters" },
};
const struct pk_schema pk_app_target_schema = PK_SCHEMA(struct pk_app_target, target_fields, "match");

static const struct pk_field listed_fields[] = {
    { "match", PK_TYPE_OBJECT, PK_REQUIRED, AT(pk_app_listed, match), .sub = &pk_app_target_schema,
      .help = "which apps; all that is given must fit" },
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_listed, reason), .min = 1, .max = REASON_MAX,
      .help = "stands in the report" },
    { "by", PK_TYPE_STRING, 0, AT(pk_app_listed, by), .min = 1, .max = 100,
      .help = "who decided it" },
    { "until", PK_TYPE_TIME, 0, AT(pk_app_listed, until), .help = "then the entry ends; absent: for good" },
};
const struct pk_schema pk_app_listed_schema = PK_SCHEMA(struct pk_app_listed, listed_fields, "listed app");

static const struct pk_field exception_fields[] = {
    { "id", PK_TYPE_STRING, 0, AT(pk_app_exception, id), .min = 1, .max = 64,
      .help = "of the store that keeps it" },
    { "match", PK_TYPE_OBJECT, PK_REQUIRED, AT(pk_app_exception, match), .sub = &pk_app_target_schema,
      .help = "which apps; package and signer hold for later versions, a hash for one file" },
    { "threat", PK_TYPE_STRING, 0, AT(pk_app_exception, threat), .min = 1, .max = 100,
      .help = "id of the findings that are held back: malware.riskware, sms.*; absent: all but indicators" },
    { "rule", PK_TYPE_STRING, 0, AT(pk_app_exception, rule), .min = 1, .max = 200,
      .help = "their rule: rules/sms.intercept, unwanted/no-vpn; absent: any" },
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_exception, reason), .min = 1, .max = REASON_MAX,
      .help = "stands in the report" },
    { "by", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_exception, by), .min = 1, .max = 100,
      .help = "who decided it" },
    { "scope", PK_TYPE_STRING, 0, AT(pk_app_exception, scope), .min = 3, .max = 200, .def = "all",
      .help = "all, group NAME or device ID" },
    { "expires", PK_TYPE_TIME, 0, AT(pk_app_exception, expires), .help = "absent: never" },
};
const struct pk_schema pk_app_exception_schema =
    PK_SCHEMA(struct pk_app_exception, exception_fields, "exception");

static const struct pk_field leak_fields[] = {
    { "data", PK_TYPE_STRING, 0, AT(pk_app_leak_like, data), .min = 1, .max = 100,
      .help = "what leaves: location, contacts, device id, sms" },
    { "to", PK_TYPE_STRING, 0, AT(pk_app_leak_like, to), .min = 1, .max = 100,
      .help = "by which way: network, sms, log, file" },
};
static const struct pk_schema leak_schema = PK_SCHEMA(struct pk_app_leak_like, leak_fields, "leak");

#define COUNT .flags = PK_SPARSE, .min = -1, .max = 1e6, .def = "-1"
#define SHORT .min = 1, .max = NAME_MAX_LEN
#define ONE_OF(n) AT(pk_app_condition, n)
static const struct pk_field condition_fields[] = {
    { "package", PK_TYPE_STRING, .offset = ONE_OF(package), SHORT,
      .help = "its package or bundle id; * stands for any run of characters" },
    { "label", PK_TYPE_STRING, .offset = ONE_OF(label), SHORT,
      .help = "its name contains this, in any case and however it is disguised" },
    { "signer", PK_TYPE_STRING, .offset = ONE_OF(signer), .min = HASH_LEN, .max = HASH_LEN,
      .help = "SHA-256 of a signing certificate; the signature holds" },
    { "team", PK_TYPE_STRING, .offset = ONE_OF(team), .min = 10, .max = 10,
      .help = "Apple's team id, as the app claims it" },
    { "kind", PK_TYPE_STRING, .offset = ONE_OF(kind), SHORT,
      .help = "apk, bundle, ipa, dex, elf, macho" },
    { "version", PK_TYPE_STRING, .offset = ONE_OF(version), SHORT,
      .help = "name of its version; * stands for any run of characters" },
    { "version_below", PK_TYPE_INT, .offset = ONE_OF(version_below), .min = 0, .max = 9e15,
      .help = "its version code is lower" },
    { "size_over", PK_TYPE_INT, .flags = PK_SPARSE, .offset = ONE_OF(size_over), .min = -1, .max = 9e15,
      .def = "-1", .help = "bytes of the file" },

    { "permission", PK_TYPE_STRING, .offset = ONE_OF(permission), SHORT,
      .help = "it asks for this permission; SEND_SMS is android.permission.SEND_SMS" },
    { "permissions_over", PK_TYPE_INT, .offset = ONE_OF(permissions_over), COUNT,
      .help = "it asks for more permissions than so many" },
    { "technique", PK_TYPE_STRING, .offset = ONE_OF(technique), SHORT,
      .help = "an ATT&CK Mobile technique was found; T1636 stands for T1636.004 as well" },
    { "finding", PK_TYPE_STRING, .offset = ONE_OF(finding), SHORT,
      .help = "a finding with this id; * stands for any run of characters" },
    { "rule", PK_TYPE_STRING, .offset = ONE_OF(rule), SHORT,
      .help = "a finding of this rule: rules/sms.intercept" },
    { "verdict", PK_TYPE_STRING, .offset = ONE_OF(verdict), SHORT,
      .help = "what is thought of it before these rules: clean, suspicious, malicious, malformed" },
    { "score_over", PK_TYPE_REAL, .flags = PK_SPARSE, .offset = ONE_OF(score_over), .min = -1, .max = 1,
      .def = "-1", .help = "its score before these rules, 0 to 1" },
    { "entitlement", PK_TYPE_STRING, .offset = ONE_OF(entitlement), SHORT,
      .help = "it has this entitlement of Apple's" },
    { "url_scheme", PK_TYPE_STRING, .offset = ONE_OF(url_scheme), SHORT,
      .help = "it opens links of this scheme (Apple)" },
    { "framework", PK_TYPE_STRING, .offset = ONE_OF(framework), SHORT,
      .help = "it carries or uses this framework (Apple)" },
    { "yara", PK_TYPE_STRING, .offset = ONE_OF(yara), SHORT,
      .help = "a YARA rule of this name matched" },

    { "sdk", PK_TYPE_STRING, .offset = ONE_OF(sdk), SHORT,
      .help = "it holds this SDK: google.admob, facebook.*" },
    { "sdk_kind", PK_TYPE_STRING, .offset = ONE_OF(sdk_kind), SHORT,
      .help = "it holds an SDK of this kind: advertising, analytics, remote, plugin" },
    { "sdks_over", PK_TYPE_INT, .offset = ONE_OF(sdks_over), COUNT,
      .help = "it holds more SDKs than so many" },
    { "trackers_over", PK_TYPE_INT, .offset = ONE_OF(trackers_over), COUNT,
      .help = "it holds more trackers than so many" },

    { "host", PK_TYPE_STRING, .offset = ONE_OF(host), SHORT,
      .help = "it names this host or one below it; ru stands for every host in .ru" },
    { "hosts_over", PK_TYPE_INT, .offset = ONE_OF(hosts_over), COUNT,
      .help = "it names more hosts than so many" },
    { "cleartext", PK_TYPE_TRI, .offset = ONE_OF(cleartext),
      .help = "it may speak plain HTTP" },
    { "cleartext_host", PK_TYPE_TRI, .offset = ONE_OF(cleartext_host),
      .help = "it names a host with http://" },

    { "leak", PK_TYPE_OBJECT, .offset = ONE_OF(leak), .sub = &leak_schema,
      .help = "private data leaves by a way out" },

    { "library", PK_TYPE_STRING, .offset = ONE_OF(library), SHORT,
      .help = "a library of this name was found" },
    { "cve", PK_TYPE_STRING, .offset = ONE_OF(cve), SHORT,
      .help = "one of its libraries has this hole: CVE-2023-4863, CVE-2024-*" },
    { "cves_over", PK_TYPE_INT, .offset = ONE_OF(cves_over), COUNT,
      .help = "its libraries have more holes than so many" },
    { "target_sdk_below", PK_TYPE_INT, .offset = ONE_OF(target_sdk_below), .min = 0, .max = 1e4,
      .help = "it is made for an older Android level (Android)" },
    { "min_sdk_below", PK_TYPE_INT, .offset = ONE_OF(min_sdk_below), .min = 0, .max = 1e4,
      .help = "it runs on an older Android level (Android)" },

    { "installer_in", PK_TYPE_STRINGS, .offset = ONE_OF(installer_in), .count_max = 64, .max = NAME_MAX_LEN,
      .help = "one of these installed it" },
    { "installer_not_in", PK_TYPE_STRINGS, .offset = ONE_OF(installer_not_in), .count_max = 64, .max = NAME_MAX_LEN,
      .help = "none of these installed it" },
    { "sideloaded", PK_TYPE_TRI, .offset = ONE_OF(sideloaded),
      .help = "no store installed it" },
    { "system", PK_TYPE_TRI, .offset = ONE_OF(system),
      .help = "it came with the system" },

    { "debuggable", PK_TYPE_TRI, .offset = ONE_OF(debuggable),
      .help = "others may look into it while it runs" },
    { "test_only", PK_TYPE_TRI, .offset = ONE_OF(test_only),
      .help = "it is marked as made for tests only (Android)" },
    { "unsigned", PK_TYPE_TRI, .offset = ONE_OF(unsigned_),
      .help = "it has no signature that holds" },
    { "debug_signed", PK_TYPE_TRI, .offset = ONE_OF(debug_signed),
      .help = "it is signed with a key that everybody has" },
    { "backup", PK_TYPE_TRI, .offset = ONE_OF(backup),
      .help = "its data may be copied off the device" },
    { "exported_over", PK_TYPE_INT, .offset = ONE_OF(exported_over), COUNT,
      .help = "more of its components than so many are open to other apps" },
    { "packer", PK_TYPE_STRING, .offset = ONE_OF(packer), SHORT,
      .help = "this packer hides its code; * is any" },
};
const struct pk_schema pk_app_condition_schema =
    PK_SCHEMA(struct pk_app_condition, condition_fields, "condition");

static const struct pk_field unwanted_fields[] = {
    { "id", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_unwanted, id), .min = 1, .max = 64,
      .help = "small letters, digits, - _ .; its finding has the rule unwanted/ID" },
    { "title", PK_TYPE_STRING, PK_REQUIRED, AT(pk_app_unwanted, title), .min = 1, .max = 120,
      .help = "of the finding" },
    { "reason", PK_TYPE_STRING, 0, AT(pk_app_unwanted, reason), .min = 1, .max = REASON_MAX,
      .help = "why the organisation does not want it" },
    { "level", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_app_unwanted, level), .names = level_names,
      .help = "low is said and has no verdict; medium and high are unwanted" },
    { "all", PK_TYPE_OBJECTS, 0, AT(pk_app_unwanted, all), .count_max = CONDITIONS_MAX,
      .sub = &pk_app_condition_schema, .help = "every one of these holds" },
    { "any", PK_TYPE_OBJECTS, 0, AT(pk_app_unwanted, any), .count_max = CONDITIONS_MAX,
      .sub = &pk_app_condition_schema, .help = "at least one of these holds" },
    { "not", PK_TYPE_OBJECTS, 0, AT(pk_app_unwanted, none), .count_max = CONDITIONS_MAX,
      .sub = &pk_app_condition_schema, .help = "none of these holds" },
};
const struct pk_schema pk_app_unwanted_schema =
    PK_SCHEMA(struct pk_app_unwanted, unwanted_fields, "unwanted-app rule");

static const struct pk_field lists_fields[] = {
    { "version", PK_TYPE_INT, PK_REQUIRED, AT(pk_app_lists, version), .min = PK_APP_LISTS_VERSION,
      .max = PK_APP_LISTS_VERSION, .help = "of this format" },
    { "name", PK_TYPE_STRING, 0, AT(pk_app_lists, name), .min = 1, .max = 100,
      .help = "of the document" },
    { "allow", PK_TYPE_OBJECTS, 0, AT(pk_app_lists, allow), .count_max = LISTED_MAX,
      .sub = &pk_app_listed_schema, .help = "apps that the organisation vouches for" },
    { "deny", PK_TYPE_OBJECTS, 0, AT(pk_app_lists, deny), .count_max = LISTED_MAX,
      .sub = &pk_app_listed_schema, .help = "apps that must not be there" },
    { "exceptions", PK_TYPE_OBJECTS, 0, AT(pk_app_lists, exceptions), .count_max = EXCEPTIONS_MAX,
      .sub = &pk_app_exception_schema, .help = "findings that are known and accepted" },
    { "unwanted", PK_TYPE_OBJECTS, 0, AT(pk_app_lists, unwanted), .count_max = RULES_MAX,
      .sub = &pk_app_unwanted_schema, .help = "rules for apps that nobody wants beside work data" },
    { "stores", PK_TYPE_STRINGS, 0, AT(pk_app_lists, stores), .count_max = STORES_MAX, .min = 1, .max = NAME_MAX_LEN,
      .help = "packages of installers that are trusted besides the known stores" },
};
const struct pk_schema pk_app_lists_schema = PK_SCHEMA(struct pk_app_lists, lists_fields, "app lists");
/* clang-format on */

const char *pk_app_rule_level_name(int level)
{
    return level_names[level];
}

static bool is_json(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t')) {
        i++;
    }
    return i < len && text[i] == '{';
}

/* "NAME:LINE: path: sentence" */
static int place(const char *name, int line, struct pk_error *why, struct pk_error *err)
{
    char sentence[sizeof(why->text)];
    int code = why->code;

    if (err == NULL) {
        return code;
    }
    why->line = line;
    *err = *why;
    (void)snprintf(sentence, sizeof(sentence), "%s", why->text);
    if (line > 0) {
        (void)snprintf(err->text, sizeof(err->text), "%s:%d: %s%s%.200s", name, line, why->path,
                why->path[0] != '\0' ? ": " : "", sentence);
    } else {
        (void)snprintf(err->text, sizeof(err->text), "%s: %s%s%.200s", name, why->path,
                why->path[0] != '\0' ? ": " : "", sentence);
    }
    return code;
}

static int decode(
        const json_t *json, struct pk_arena *arena, struct pk_app_lists *out, struct pk_error *why)
{
    struct pk_app_lists lists;
    int rc = pk_schema_decode(&pk_app_lists_schema, json, arena, &lists, why);

    rc = rc < 0 ? rc : pk_app_lists_check(&lists, why);
    if (rc == PK_OK) {
        *out = lists;
    }
    return rc;
}

int pk_app_lists_decode(const char *name, const char *text, size_t len, struct pk_arena *arena,
        struct pk_app_lists *out, struct pk_error *err)
{
    struct pk_error why = { 0 };
    struct pk_yaml *yaml = NULL;
    json_t *json = NULL;
    int rc;

    if (is_json(text, len)) {
        rc = pk_json_parse(text, len, &json, &why);
        rc = rc < 0 ? rc : decode(json, arena, out, &why);
        json_decref(json);
    } else {
        rc = pk_yaml_parse(text, len, &yaml, &why);
        rc = rc < 0 ? rc : decode(pk_yaml_root(yaml), arena, out, &why);
    }
    if (rc < 0) {
        int line = why.line == 0 && yaml != NULL ? pk_yaml_line(yaml, why.path) : why.line;

        rc = place(name, line, &why, err);
    }
    pk_yaml_destroy(yaml);
    return rc;
}

int pk_app_lists_load(
        const char *file, struct pk_arena *arena, struct pk_app_lists *out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    int rc = pk_file_read(file, &text, err);

    if (rc == PK_OK) {
        rc = pk_app_lists_decode(file, text.ptr != NULL ? text.ptr : "", text.len, arena, out, err);
    }
    pk_buffer_finish(&text);
    return rc;
}
