/* Is something of the app in the indicators: its file, its signer, its name, the hosts that it names? Every hit
 * stands in the report; hits that say the same become one finding. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "defense/reputation/judge.h"
#include "defense/reputation/signers.h"

#define HITS_MAX    200UL /* a report may hold 512 */
#define SOURCES_MAX 6     /* that are told of one value */
#define CLAIMS_MAX  16UL
#define QUOTES_MAX  3 /* hits that a finding's evidence tells */
/* Hosts of several families: an app that names more carries a list of them, as filters and security
 * apps do. Malware names its own few. */
#define LIST_HOSTS 8UL

/* What of the app was found; how much it says hangs on that. */
enum about {
    ABOUT_FILE,
    ABOUT_SIGNER,
    ABOUT_NAME,
    ABOUT_HOST,
};

/* What feeds call it, and what it is to us. watchware is lawful: nobody is told that he is being attacked. */
static const struct {
    const char *category;
    const char *threat;
    const char *word;
} meanings[] = {
    { "spyware", "malware.spyware", "spyware" },
    { "stalkerware", "malware.stalkerware", "stalkerware" },
    { "watchware", "malware.riskware", "watchware" },
    { "banker", "malware.banker", "banking trojan" },
    { "ransomware", "malware.ransomware", "ransomware" },
    { "dropper", "malware.dropper", "dropper" },
    { "adware", "malware.adware", "adware" },
    { "sms_fraud", "malware.sms_fraud", "SMS fraud" },
    { "stealer", "malware.spyware", "stealer" },
    { "remote_control", "malware.remote_control", "remote control" },
    { "rooting_tool", "malware.rooting_tool", "rooting tool" },
    { "riskware", "malware.riskware", "riskware" },
    { "miner", "malware.trojan", "miner" },
    { "phishing", "malware.trojan", "phishing" },
    { "scam", "malware.trojan", "scam" },
    { "forensics", "malware.spyware", "forensic tool" },
    { "trojan", "malware.trojan", "trojan" },
};

/* Hits that become one finding: the same threat by the same kind of mark. */
struct claim {
    enum about about;
    const char *threat;
    const char *word;
    const char *family; /* NULL: not said, or more than one */
    int weight;
    int64_t count;
    char quotes[PK_JUDGE_TEXT_MAX];
    size_t len;
};

struct search {
    struct pk_judge *j;
    struct pk_app_hit *hits;
    size_t hit_count;
    struct claim claims[CLAIMS_MAX];
    size_t claim_count;
    size_t hosts; /* that are in some list */
};

static void meaning(const struct pk_intel_hit *hit, const char **threat, const char **word)
{
    *threat = "malware.known_bad";
    *word = "malware";
    for (size_t i = 0; hit->category != NULL && i < PK_COUNT(meanings); i++) {
        if (strcmp(hit->category, meanings[i].category) == 0) {
            *threat = meanings[i].threat;
            *word = meanings[i].word;
        }
    }
}

/* A host that many use says little; one that a list ties to a family of its own says something. */
static bool is_specific(const struct pk_intel_hit *hit)
{
    return hit->weight >= PK_APP_WEIGHT_SUSPICIOUS && hit->family != NULL && hit->category != NULL;
}

static int weigh(enum about about, const struct pk_intel_hit *hit, enum pk_signer_place place)
{
    int weight = hit->marked != NULL ? PK_APP_WEIGHT_NONE : (int)hit->weight;
    int doubtful = weight < PK_APP_WEIGHT_SUSPICIOUS ? weight : PK_APP_WEIGHT_SUSPICIOUS;

    switch (about) {
    case ABOUT_FILE:
        return weight;
    case ABOUT_SIGNER:
        return place >= PK_SIGNER_BEFORE ? weight : doubtful;
    case ABOUT_NAME:
        return doubtful; /* anybody can give an app this name */
    case ABOUT_HOST:
        return is_specific(hit) ? doubtful : PK_APP_WEIGHT_NONE;
    }
    return PK_APP_WEIGHT_NONE;
}

static const char *kept(struct pk_judge *j, const char *text, size_t max)
{
    return text != NULL ? pk_judge_keep(j, text, max) : NULL;
}

static void keep_hit(struct search *s, const struct pk_intel_hit *hit)
{
    struct pk_judge *j = s->j;

    if (s->hit_count == HITS_MAX) {
        return;
    }
    s->hits[s->hit_count++] = (struct pk_app_hit){
        .kind = pk_intel_kind_name((int)hit->kind),
        .value = pk_judge_keep(j, hit->value, 1000),
        .indicator = hit->indicator != NULL && strcmp(hit->indicator, hit->value) != 0
                ? pk_judge_keep(j, hit->indicator, 1000)
                : NULL,
        .family = kept(j, hit->family, 190),
        .category = kept(j, hit->category, 60),
        .source = pk_judge_keep(j, hit->source, 190),
        .reference = kept(j, hit->reference, 1000),
        .date = kept(j, hit->date, 31),
    };
}

static struct claim *claim_of(struct search *s, enum about about, const char *threat)
{
    for (size_t i = 0; i < s->claim_count; i++) {
        if (s->claims[i].about == about && strcmp(s->claims[i].threat, threat) == 0) {
            return &s->claims[i];
        }
    }
    return s->claim_count < CLAIMS_MAX ? &s->claims[s->claim_count++] : NULL;
}

static void PK_PRINTF(2, 3) quote(struct claim *c, const char *format, ...)
{
    va_list args;
    int n;

    if (c->len + 1 >= sizeof(c->quotes)) {
        return;
    }
    va_start(args, format);
    n = vsnprintf(c->quotes + c->len, sizeof(c->quotes) - c->len, format, args);
    va_end(args);
    c->len += n > 0 ? (size_t)n : 0;
}

/* "c2.example.org (example.org) is in SOURCE as FAMILY, since 2024-05-01" */
static void quote_hit(struct claim *c, const struct pk_intel_hit *hit)
{
    bool other = hit->indicator != NULL && strcmp(hit->indicator, hit->value) != 0;

    quote(c, "%s%.100s%s%.80s%s is in %.60s", c->len > 0 ? "; " : "", hit->value, other ? " (" : "",
            other ? hit->indicator : "", other ? ")" : "", hit->source);
    if (hit->family != NULL) {
        quote(c, " as %.60s", hit->family);
    }
    if (hit->date != NULL) {
        quote(c, ", %.20s", hit->date);
    }
    if (hit->marked != NULL) {
        quote(c, ", and on the warning list %.60s", hit->marked);
    }
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* The built-in set and a local one may hold the same feed. */
static bool is_kept(const struct search *s, const struct pk_intel_hit *hit)
{
    const char *kind = pk_intel_kind_name((int)hit->kind);

    for (size_t i = 0; i < s->hit_count; i++) {
        const struct pk_app_hit *have = &s->hits[i];

        if (strcmp(have->kind, kind) == 0 && strcmp(have->value, hit->value) == 0 &&
                strcmp(have->source, hit->source) == 0 && same_text(have->family, hit->family)) {
            return true;
        }
    }
    return false;
}

static void take(struct search *s, enum about about, const struct pk_intel_hit *hit, int weight)
{
    const char *threat;
    const char *word;
    struct claim *c;

    if (is_kept(s, hit)) {
        return;
    }
    keep_hit(s, hit);
    meaning(hit, &threat, &word);
    c = claim_of(s, about, threat);
    if (c == NULL) {
        return;
    }
    if (c->count == 0) {
        *c = (struct claim){
            .about = about, .threat = threat, .word = word, .family = hit->family
        };
    } else if (c->family != NULL &&
            (hit->family == NULL || strcasecmp(c->family, hit->family) != 0)) {
        c->family = NULL;
    }
    c->weight = c->weight > weight ? c->weight : weight;
    if (c->count++ < QUOTES_MAX) {
        quote_hit(c, hit);
    }
}

/* One value in all sets. */
static void look_up(struct search *s, enum about about, enum pk_intel_kind kind, const char *value,
        enum pk_signer_place place)
{
    const struct pk_intel_set *const *sets = s->j->knowledge->sets;
    struct pk_intel_hit warning;
    bool warned = false;

    if (value == NULL || value[0] == '\0') {
        return;
    }
    for (size_t i = 0; sets[i] != NULL && !warned; i++) {
        warned = about != ABOUT_FILE && pk_intel_warned(sets[i], kind, value, &warning);
    }
    for (size_t i = 0; sets[i] != NULL; i++) {
        struct pk_intel_hit hit;
        bool found = pk_intel_find(sets[i], kind, value, &hit);

        for (int n = 0; found && n < SOURCES_MAX; n++) {
            if (warned && hit.marked == NULL) {
                hit.marked = warning.source;
            }
            take(s, about, &hit, weigh(about, &hit, place));
            found = pk_intel_next(sets[i], &hit);
        }
    }
}

static void search_files(struct search *s)
{
    const struct pk_app_report *report = s->j->report;
    const struct pk_app_part *parts = report->parts.items;

    look_up(s, ABOUT_FILE, PK_INTEL_SHA256, report->sha256, PK_SIGNER_NOW);
    for (size_t i = 0; i < report->parts.count; i++) {
        look_up(s, ABOUT_FILE, PK_INTEL_SHA256, parts[i].sha256, PK_SIGNER_NOW);
    }
}

/* A key that everybody has signs malware as well as tests: it says nothing. */
static void search_cert(struct search *s, const char *cert)
{
    if (pk_signer_public_cert(cert) == NULL) {
        look_up(s, ABOUT_SIGNER, PK_INTEL_SIGNER, cert, pk_signers_find(s->j->report, cert));
    }
}

static void search_signers(struct search *s)
{
    const struct pk_app_signature *signature = s->j->report->signature;
    const struct pk_app_signer *signers = signature != NULL ? signature->signers.items : NULL;

    for (size_t i = 0; signature != NULL && i < signature->signers.count; i++) {
        if (pk_signer_public_key(&signers[i]) != NULL) {
            continue;
        }
        search_cert(s, signers[i].sha256);
        look_up(s, ABOUT_SIGNER, PK_INTEL_SIGNER, signers[i].sha1,
                signature->verified ? PK_SIGNER_NOW : PK_SIGNER_CLAIMED);
        for (size_t n = 0; n < signers[i].lineage.count; n++) {
            search_cert(s, signers[i].lineage.items[n]);
        }
    }
}

/* Of parts of a bundle those that are not the base's own. */
static void search_parts(struct search *s)
{
    const struct pk_app_report *report = s->j->report;
    const struct pk_app_part *parts = report->parts.items;

    for (size_t i = 0; i < report->parts.count; i++) {
        if (parts[i].package != NULL &&
                (report->package == NULL || strcmp(parts[i].package, report->package) != 0)) {
            look_up(s, ABOUT_NAME, PK_INTEL_PACKAGE, parts[i].package, PK_SIGNER_NOW);
        }
    }
}

static bool is_address(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static void search_hosts(struct search *s)
{
    const struct pk_app_host *hosts = s->j->report->hosts.items;

    for (size_t i = 0; i < s->j->report->hosts.count; i++) {
        size_t before = s->hit_count;

        look_up(s, ABOUT_HOST, is_address(hosts[i].name) ? PK_INTEL_IP : PK_INTEL_DOMAIN,
                hosts[i].name, PK_SIGNER_NOW);
        s->hosts += s->hit_count > before ? 1 : 0;
    }
}

/* --- findings */

static void forgive_list(struct search *s)
{
    bool one_family = true;
    const char *family = NULL;

    for (size_t i = 0; i < s->claim_count; i++) {
        const struct claim *c = &s->claims[i];

        if (c->about == ABOUT_HOST) {
            one_family = one_family && c->family != NULL &&
                    (family == NULL || strcasecmp(family, c->family) == 0);
            family = c->family;
        }
    }
    for (size_t i = 0; i < s->claim_count && s->hosts > LIST_HOSTS && !one_family; i++) {
        if (s->claims[i].about == ABOUT_HOST) {
            s->claims[i].weight = PK_APP_WEIGHT_NONE;
        }
    }
}

static const char *title_of(struct pk_judge *j, const struct claim *c)
{
    const char *gap = c->family != NULL ? ": " : "";
    const char *family = c->family != NULL ? c->family : "";

    switch (c->about) {
    case ABOUT_FILE:
        return pk_judge_print(j, "Known %s%s%.80s", c->word, gap, family);
    case ABOUT_SIGNER:
        return pk_judge_print(j, "Signed by the makers of known %s%s%.80s", c->word, gap, family);
    case ABOUT_NAME:
        return pk_judge_print(j, "Has the package name of known %s%s%.80s", c->word, gap, family);
    case ABOUT_HOST:
        return pk_judge_print(j, "Names a host of known %s%s%.80s", c->word, gap, family);
    }
    return "";
}

static const char *evidence_of(struct pk_judge *j, const struct claim *c)
{
    if (c->count > QUOTES_MAX) {
        return pk_judge_print(j, "%.600s; and %" PRId64 " more", c->quotes, c->count - QUOTES_MAX);
    }
    return pk_judge_print(j, "%s", c->quotes);
}

static int severity_of(const struct claim *c)
{
    const struct pk_threat *threat = pk_threat_find(c->threat);
    int severity = threat != NULL ? (int)threat->severity : PK_SEVERITY_HIGH;

    switch (c->weight) {
    case PK_APP_WEIGHT_MALICIOUS:
        return severity > PK_SEVERITY_HIGH ? severity : PK_SEVERITY_HIGH;
    case PK_APP_WEIGHT_SUSPICIOUS:
        return c->about == ABOUT_HOST ? PK_SEVERITY_MEDIUM : PK_SEVERITY_HIGH;
    case PK_APP_WEIGHT_UNWANTED:
        return PK_SEVERITY_MEDIUM;
    default:
        return PK_SEVERITY_LOW;
    }
}

static void say(struct pk_judge *j, const struct claim *c)
{
    static const double sure[][4] = {
        /* none, unwanted, suspicious, malicious */
        [ABOUT_FILE] = { 0, 0.75, 0.75, 0.99 },
        [ABOUT_SIGNER] = { 0, 0.7, 0.7, 0.97 },
        [ABOUT_NAME] = { 0, 0.5, 0.6, 0 },
        [ABOUT_HOST] = { 0, 0.4, 0.5, 0 },
    };
    static const char *const rules[] = {
        [ABOUT_FILE] = PK_RULE_INDICATOR,
        [ABOUT_SIGNER] = PK_RULE_INDICATOR,
        [ABOUT_NAME] = PK_RULE_NAME,
        [ABOUT_HOST] = PK_RULE_HOST,
    };
    static const char *const none[] = { NULL };
    static const char *const host[] = { "T1437", NULL };
    const struct pk_threat *threat = pk_threat_find(c->threat);
    bool certain = c->about <= ABOUT_SIGNER && threat != NULL;

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = c->threat,
                    .severity = severity_of(c),
                    .title = title_of(j, c),
                    .evidence = evidence_of(j, c),
                    .attack = certain ? (struct pk_strings){ (const char **)threat->attack,
                                                threat->attack_count }
                                      : pk_judge_attack(j, c->about == ABOUT_HOST ? host : none),
                    .rule = rules[c->about],
                    .count = c->count,
                    .weight = c->weight,
                    .confidence = sure[c->about][c->weight],
            });
}

void pk_judge_known(struct pk_judge *j)
{
    struct search s = { .j = j };

    if (j->knowledge->sets == NULL || j->knowledge->sets[0] == NULL) {
        return;
    }
    s.hits = pk_arena_alloc(j->arena, HITS_MAX, sizeof(*s.hits));
    if (s.hits == NULL) {
        j->rc = PK_ENOMEM;
        return;
    }
    search_files(&s);
    search_signers(&s);
    look_up(&s, ABOUT_NAME, PK_INTEL_PACKAGE, j->report->package, PK_SIGNER_NOW);
    search_parts(&s);
    search_hosts(&s);
    forgive_list(&s);
    j->report->hits = (struct pk_array){ .items = s.hits, .count = s.hit_count };
    for (size_t i = 0; i < s.claim_count; i++) {
        say(j, &s.claims[i]);
    }
}
