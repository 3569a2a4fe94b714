/* Which feed a file belongs to, and what its path tells: family, date, kind of a plain list. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "intel/import_internal.h"

#define PARTS_MAX 4 /* names at the end of a path that are looked at */

struct feed_row {
    const char *mark; /* in one of the last folders' names or the file's */
    const char *name;
    const char *reference;
    const char *licence;
    enum pk_intel_category category;
    enum pk_app_weight weight;
    enum pk_app_weight weight_net; /* feeds made by machines say "suspicious" at most */
};

/* clang-format off */
static const struct feed_row feeds[] = {
    { "watchware", "stalkerware-indicators", "https://github.com/AssoEchap/stalkerware-indicators",
        "CC BY 4.0", PK_INTEL_CAT_WATCHWARE, PK_APP_WEIGHT_UNWANTED, PK_APP_WEIGHT_UNWANTED },
    { "misp-galaxy", "misp-galaxy", "https://github.com/MISP/misp-galaxy",
        "CC0 1.0", PK_INTEL_CAT_NONE, PK_APP_WEIGHT_SUSPICIOUS, PK_APP_WEIGHT_SUSPICIOUS },
    { "warninglists", "misp-warninglists", "https://github.com/MISP/misp-warninglists",
        "CC0 1.0", PK_INTEL_CAT_NONE, PK_APP_WEIGHT_NONE, PK_APP_WEIGHT_NONE },
    { "stalkerware", "stalkerware-indicators", "https://github.com/AssoEchap/stalkerware-indicators",
        "CC BY 4.0", PK_INTEL_CAT_STALKERWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "cellebrite", "mvt-indicators", "https://github.com/mvt-project/mvt-indicators",
        "MIT", PK_INTEL_CAT_FORENSICS, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "mvt-indicators", "mvt-indicators", "https://github.com/mvt-project/mvt-indicators",
        "MIT", PK_INTEL_CAT_SPYWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "amnesty", "amnesty-investigations", "https://github.com/AmnestyTech/investigations",
        "CC BY 2.0", PK_INTEL_CAT_SPYWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "investigations", "amnesty-investigations", "https://github.com/AmnestyTech/investigations",
        "CC BY 2.0", PK_INTEL_CAT_SPYWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "zimperium", "zimperium-ioc", "https://github.com/Zimperium/IOC",
        "none stated", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "eset-", "eset-malware-ioc", "https://github.com/eset/malware-ioc",
        "BSD-2-Clause", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "malware-ioc", "eset-malware-ioc", "https://github.com/eset/malware-ioc",
        "BSD-2-Clause", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "maltrail", "maltrail", "https://github.com/stamparm/maltrail",
        "MIT", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_SUSPICIOUS, PK_APP_WEIGHT_SUSPICIOUS },
    { "threatintel-andro", "threatintel-andro",
        "https://github.com/bhpiamnothing/ThreatIntel-Andro-Dataset",
        "none stated", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS, PK_APP_WEIGHT_MALICIOUS },
    { "appverifier", "appverifier", "https://github.com/soupslurpr/AppVerifier",
        "ISC", PK_INTEL_CAT_NONE, PK_APP_WEIGHT_NONE, PK_APP_WEIGHT_NONE },
    { "fdroiddata", "fdroiddata", "https://gitlab.com/fdroid/fdroiddata",
        "AGPL-3.0", PK_INTEL_CAT_NONE, PK_APP_WEIGHT_NONE, PK_APP_WEIGHT_NONE },
    { "jpcert", "jpcert-phishurl", "https://github.com/JPCERTCC/phishurl-list",
        "see its README", PK_INTEL_CAT_PHISHING, PK_APP_WEIGHT_SUSPICIOUS, PK_APP_WEIGHT_SUSPICIOUS },
    { "phishurl", "jpcert-phishurl", "https://github.com/JPCERTCC/phishurl-list",
        "see its README", PK_INTEL_CAT_PHISHING, PK_APP_WEIGHT_SUSPICIOUS, PK_APP_WEIGHT_SUSPICIOUS },
    { "root-jailbreak", "rootbeer", "https://github.com/scottyab/rootbeer",
        "Apache-2.0", PK_INTEL_CAT_ROOTING_TOOL, PK_APP_WEIGHT_UNWANTED, PK_APP_WEIGHT_UNWANTED },
};

/* Words in a file's name that tell the kind of its lines; the first that fits. */
static const struct { const char *mark; int kind; } kinds[] = {
    { "cert", PK_INTEL_SIGNER },
    { "package", PK_INTEL_PACKAGE },
    { "bundle", PK_INTEL_PACKAGE },
    { "domain", PK_INTEL_DOMAIN },
    { "hosts", PK_INTEL_DOMAIN },
    { "email", PK_INTEL_EMAIL },
    { "ip-addr", PK_INTEL_IP },
    { "ip_addr", PK_INTEL_IP },
    { "file_name", PK_INTEL_FILE_NAME },
    { "file-name", PK_INTEL_FILE_NAME },
    { "file_path", PK_INTEL_FILE_PATH },
    { "file-path", PK_INTEL_FILE_PATH },
    { "process", PK_INTEL_PROCESS },
    { "config_profile", PK_INTEL_PROFILE },
    { "propert", PK_INTEL_PROPERTY },
    { "ja3", PK_INTEL_JA3 },
};

/* Names of files that say what is in them, not which family. */
static const char *const generic[] = { "apk", "sample", "domain", "email", "c2", "dropper", "payload",
    "phishing", "ipa", "hash", "sha", "md5", "package", "ip-", "ip_", "file_", "file-", "process", "config",
    "indicator", "ioc", "network", "hosts", "blocklist", "report", "native", "github", "readme", "librar",
    "v2_", "v3_", "url", "cert", "tlv" };
/* clang-format on */

/* What stands in for a folder in a flat collection ("folder__file.csv") counts as one. */
static size_t split(const char *path, char parts[PARTS_MAX][PK_FEED_TEXT])
{
    const char *end = path + strlen(path);
    size_t count = 0;

    while (count < PARTS_MAX && end > path) {
        const char *start = end;
        size_t len;

        while (start > path && start[-1] != '/' &&
                !(end - start > 0 && start - path > 2 && start[-1] == '_' && start[-2] == '_')) {
            start--;
        }
        len = (size_t)(end - start);
        if (len > 0) {
            len = len < PK_FEED_TEXT ? len : PK_FEED_TEXT - 1;
            memcpy(parts[count], start, len);
            parts[count++][len] = '\0';
        }
        end = start > path ? start - (start[-1] == '_' ? 2 : 1) : path;
    }
    return count;
}

static const struct feed_row *feed_of(char parts[PARTS_MAX][PK_FEED_TEXT], size_t count)
{
    for (size_t i = 0; i < PK_COUNT(feeds); i++) {
        for (size_t k = 0; k < count; k++) {
            if (strcasestr(parts[k], feeds[i].mark) != NULL) {
                return &feeds[i];
            }
        }
    }
    return NULL;
}

/* "2023-04-11_quadream" -> its date; the rest behind it. A month stands for its first day. */
static const char *take_date(const char *folder, char date[16])
{
    size_t n = strspn(folder, "0123456789-_");
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 1;
    int got;

    if (n < 5 || folder[n] == '\0') {
        return folder;
    }
    /* NOLINTNEXTLINE(cert-err34-c): widths keep the numbers small */
    got = sscanf(folder, "%4u%*1[-_]%2u%*1[-_]%2u", &year, &month, &day);
    if (got >= 2 && year >= 1990 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 &&
            day <= 31) {
        (void)snprintf(date, 16, "%04u-%02u-%02u", year, month, got == 3 ? day : 1U);
    }
    return folder + n;
}

static bool is_generic(const char *name)
{
    for (size_t i = 0; i < PK_COUNT(generic); i++) {
        if (strncasecmp(name, generic[i], strlen(generic[i])) == 0 ||
                (strlen(generic[i]) > 3 && strcasestr(name, generic[i]) != NULL)) {
            return true;
        }
    }
    return false;
}

/* The file's name tells the family, else its folder's, unless that is the feed's own. */
static void tell_family(struct pk_feed *feed, char parts[PARTS_MAX][PK_FEED_TEXT], size_t count)
{
    char *dot = strchr(parts[0], '.');
    const char *name;

    if (dot != NULL) {
        *dot = '\0';
    }
    if (count > 1) {
        name = take_date(parts[1], feed->date);
        if (!is_generic(parts[0])) {
            name = parts[0];
        } else if (strcasestr(feed->source_name, parts[1]) != NULL ||
                strcasestr(parts[1], feed->source_name) != NULL) {
            name = "";
        }
        (void)snprintf(feed->family, sizeof(feed->family), "%s", name);
    }
    for (char *p = feed->family; *p != '\0'; p++) {
        *p = *p == '_' ? ' ' : *p;
    }
}

static void tell_kind(struct pk_feed *feed, const char *name)
{
    feed->kind = feed->run->settings->kind;
    feed->hosts = strcasestr(name, "c2") != NULL || strcasestr(name, "domain") != NULL;
    for (size_t i = 0; i < PK_COUNT(kinds) && feed->kind < 0; i++) {
        if (strcasestr(name, kinds[i].mark) != NULL) {
            feed->kind = kinds[i].kind;
        }
    }
}

int pk_feed_recognise(struct pk_feed *feed)
{
    const struct pk_intel_import_settings *s = feed->run->settings;
    char parts[PARTS_MAX][PK_FEED_TEXT];
    size_t count = split(feed->path, parts);
    const struct feed_row *row = s->source == NULL ? feed_of(parts, count) : NULL;
    const char *name = s->source;

    if (count == 0) {
        return pk_feed_refuse(feed, "it has no name");
    }
    feed->weight = row != NULL ? row->weight : PK_APP_WEIGHT_MALICIOUS;
    feed->weight_net = row != NULL ? row->weight_net : PK_APP_WEIGHT_SUSPICIOUS;
    feed->category = row != NULL ? row->category : PK_INTEL_CAT_MALWARE;
    tell_kind(feed, parts[0]);
    if (name == NULL) {
        name = row != NULL ? row->name : count > 1 ? parts[1] : parts[0];
    }
    (void)snprintf(feed->source_name, sizeof(feed->source_name), "%s", name);
    if (row != NULL || s->source != NULL) {
        tell_family(feed, parts, count);
    }
    if (strcasestr(parts[0], "mimicked") != NULL) {
        return pk_feed_refuse(feed, "names apps that are imitated, not the imitations");
    }
    (void)snprintf(feed->result->source, sizeof(feed->result->source), "%s", name);
    (void)snprintf(feed->reference, sizeof(feed->reference), "%s",
            s->reference != NULL  ? s->reference
                    : row != NULL ? row->reference
                                  : "");
    feed->licence = s->licence != NULL ? s->licence : row != NULL ? row->licence : NULL;
    feed->source = UINT32_MAX;
    feed->known = s->source != NULL || row != NULL;
    return PK_OK;
}

void pk_feed_author(struct pk_feed *feed, const char *name)
{
    if (feed->known || name == NULL || name[0] == '\0') {
        return;
    }
    (void)snprintf(feed->source_name, sizeof(feed->source_name), "%s", name);
    (void)snprintf(feed->result->source, sizeof(feed->result->source), "%s", name);
    feed->source = UINT32_MAX;
}

int pk_feed_source(struct pk_feed *feed)
{
    int rc = PK_OK;

    if (feed->source == UINT32_MAX) {
        rc = pk_intel_builder_source(feed->run->builder, feed->source_name, feed->reference,
                feed->licence, feed->run->settings->date, &feed->source);
    }
    return rc;
}

enum pk_intel_category pk_feed_category(const char *words)
{
    /* The gravest that is said first; "Trojan" alone says little. */
    static const struct {
        const char *mark;
        enum pk_intel_category category;
    } rows[] = { { "bank", PK_INTEL_CAT_BANKER }, { "ransom", PK_INTEL_CAT_RANSOMWARE },
        { "locker", PK_INTEL_CAT_RANSOMWARE }, { "stalker", PK_INTEL_CAT_STALKERWARE },
        { "watchware", PK_INTEL_CAT_WATCHWARE }, { "spy", PK_INTEL_CAT_SPYWARE },
        { "sms", PK_INTEL_CAT_SMS_FRAUD }, { "subscription", PK_INTEL_CAT_SMS_FRAUD },
        { "rat", PK_INTEL_CAT_REMOTE_CONTROL }, { "remote", PK_INTEL_CAT_REMOTE_CONTROL },
        { "backdoor", PK_INTEL_CAT_REMOTE_CONTROL }, { "stealer", PK_INTEL_CAT_STEALER },
        { "dropper", PK_INTEL_CAT_DROPPER }, { "root", PK_INTEL_CAT_ROOTING_TOOL },
        { "miner", PK_INTEL_CAT_MINER }, { "phish", PK_INTEL_CAT_PHISHING },
        { "scam", PK_INTEL_CAT_SCAM }, { "click", PK_INTEL_CAT_ADWARE },
        { "adware", PK_INTEL_CAT_ADWARE }, { "exploit", PK_INTEL_CAT_EXPLOIT },
        { "trojan", PK_INTEL_CAT_TROJAN }, { "malware", PK_INTEL_CAT_MALWARE } };

    for (size_t i = 0; words != NULL && i < PK_COUNT(rows); i++) {
        if (strcasestr(words, rows[i].mark) != NULL) {
            return rows[i].category;
        }
    }
    return PK_INTEL_CAT_NONE;
}
