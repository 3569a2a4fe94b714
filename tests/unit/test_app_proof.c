/* What the numbers of the fleet and the crowd's words say of an app: what is lawful stays clean, what is not its
 * maker's is doubted, and what many have had for days is doubted less. */
#include <string.h>

#include "check.h"
#include "defense/reputation/reputation.h"
#include "model/app_verdict.h"

#define MAKER  "1111111111111111111111111111111111111111111111111111111111111111"
#define ELSE   "2222222222222222222222222222222222222222222222222222222222222222"
#define THIRD  "3333333333333333333333333333333333333333333333333333333333333333"
#define DIGEST "4444444444444444444444444444444444444444444444444444444444444444"
#define TEST   "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc"
#define DEBUG  "C=US, O=Android, CN=Android Debug"
#define PLAY   "com.android.vending"
#define MDM    "com.microsoft.windowsintune.companyportal"
#define SMS    "android.permission.READ_SMS"
#define CAM    "android.permission.CAMERA"

struct sample {
    const char *signer, *subject, *lineage, *permission, *installer;
    int system;
    int weight; /* of what reading it found */
    const char *rule;
    bool debuggable;
};

struct made {
    struct pk_app_report report;
    struct pk_app_signature signature;
    struct pk_app_signer signer;
    struct pk_app_finding finding;
    const char *permissions[1];
    const char *lineage[1];
};

static void make(const struct sample *a, struct made *m)
{
    *m = (struct made){
        .report = { .kind = PK_APP_APK,
                .file = "x.apk",
                .sha256 = DIGEST,
                .package = "com.shop.app",
                .debuggable = a->debuggable },
        .signer = { .sha256 = a->signer,
                .subject = a->subject != NULL ? a->subject : "CN=x",
                .key = "" },
        .signature = { .verified = true },
        .finding = { .id = "malware.riskware",
                .severity = PK_SEVERITY_MEDIUM,
                .title = "Behaves",
                .evidence = "",
                .rule = a->rule != NULL ? a->rule : "rules/x",
                .count = 1,
                .weight = a->weight },
        .permissions = { a->permission },
        .lineage = { a->lineage },
    };
    if (a->lineage != NULL) {
        m->signer.lineage = (struct pk_strings){ m->lineage, 1 };
    }
    if (a->permission != NULL) {
        m->report.permissions = (struct pk_strings){ m->permissions, 1 };
    }
    if (a->weight != PK_APP_WEIGHT_NONE) {
        m->report.findings = (struct pk_array){ &m->finding, 1 };
    }
    m->signature.signers = (struct pk_array){ &m->signer, 1 };
    m->report.signature = &m->signature;
}

static const struct pk_app_finding *find(const struct pk_app_report *report, const char *rule)
{
    const struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (strcmp(items[i].rule, rule) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

static int judge(const struct sample *sample, const struct pk_app_proof *proof,
        struct pk_arena *arena, struct made *m)
{
    const struct pk_app_situation situation = { .now_ms = 1,
        .installer = sample->installer,
        .system = (enum pk_tri)sample->system,
        .proof = proof };

    make(sample, m);
    assert_int_equal(pk_reputation_judge(&m->report, NULL, &situation, arena), PK_OK);
    return m->report.verdict;
}

/* ---- who signed it ---- */

static const char *const camera_only[] = { CAM };

static const struct {
    const char *name;
    struct sample app;
    struct pk_app_prevalence rows[3];
    int verdict;
    const char *says; /* in the evidence of the doubt; NULL: nothing is said */
} signers[] = {
    { "repackaged, by hand", { .signer = ELSE, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 1, 0 } }, PK_VERDICT_SUSPICIOUS,
            "Signed by another key than 412 other installations of it" },
    { "from a browser", { .signer = ELSE, .installer = "com.android.chrome" },
            { { MAKER, 412, 404 }, { ELSE, 2, 0 } }, PK_VERDICT_SUSPICIOUS,
            "404 of them from a store" },
    { "with a power that the others do not have",
            { .signer = ELSE, .installer = "", .permission = SMS },
            { { MAKER, 12, 12 }, { ELSE, 1, 0 } }, PK_VERDICT_SUSPICIOUS,
            "asks for android.permission.READ_SMS, which the others do not" },
    { "few others, nothing else odd", { .signer = ELSE, .installer = "", .permission = CAM },
            { { MAKER, 12, 12 }, { ELSE, 1, 0 } }, PK_VERDICT_CLEAN, "too few devices" },
    { "signed with Android's test key", { .signer = TEST, .installer = "" },
            { { MAKER, 412, 404 }, { TEST, 1, 0, 0, 9, 90 } }, PK_VERDICT_SUSPICIOUS,
            "other installations" },
    { "a few of a campaign", { .signer = ELSE, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 20, 0 }, { THIRD, 1, 0 } }, PK_VERDICT_SUSPICIOUS,
            "on 20 by this signer" },
    /* lawful */
    { "the maker's own", { .signer = MAKER, .installer = PLAY }, { { MAKER, 412, 404 } },
            PK_VERDICT_CLEAN, NULL },
    { "the maker's beta, by hand", { .signer = MAKER, .installer = "" }, { { MAKER, 412, 404 } },
            PK_VERDICT_CLEAN, NULL },
    { "its key was rotated", { .signer = ELSE, .lineage = MAKER, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 1, 0 } }, PK_VERDICT_CLEAN, NULL },
    { "F-Droid signs it again", { .signer = ELSE, .installer = "org.fdroid.fdroid" },
            { { MAKER, 412, 404 }, { ELSE, 3, 3 } }, PK_VERDICT_CLEAN, NULL },
    { "that build, put on by hand elsewhere", { .signer = ELSE, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 4, 3 } }, PK_VERDICT_CLEAN, NULL },
    { "a maker of devices signs it again", { .signer = ELSE, .system = PK_TRI_YES },
            { { MAKER, 412, 404 }, { ELSE, 9, 9 } }, PK_VERDICT_CLEAN, NULL },
    { "its signer signs much for stores", { .signer = ELSE, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 1, 0, 0, 6, 80 } }, PK_VERDICT_CLEAN,
            "signs other apps, too" },
    { "the organisation's own app, another build", { .signer = ELSE, .installer = "" },
            { { MAKER, 300, 0, 298 }, { ELSE, 2, 0 } }, PK_VERDICT_CLEAN,
            "the organisation's own app" },
    { "the organisation's own app", { .signer = MAKER, .installer = MDM },
            { { MAKER, 300, 0, 298 } }, PK_VERDICT_CLEAN, NULL },
    { "brought by device management", { .signer = ELSE, .installer = MDM },
            { { MAKER, 300, 290 }, { ELSE, 10, 0, 10 } }, PK_VERDICT_CLEAN, NULL },
    { "a developer's build",
            { .signer = ELSE, .subject = DEBUG, .debuggable = true, .installer = "" },
            { { MAKER, 412, 404 }, { ELSE, 1, 0 } }, PK_VERDICT_CLEAN, "a developer's build" },
    { "nobody else has it", { .signer = ELSE, .installer = "" }, { { ELSE, 1, 0 } },
            PK_VERDICT_CLEAN, NULL },
    { "two developers", { .signer = ELSE, .installer = "" }, { { MAKER, 2, 0 }, { ELSE, 1, 0 } },
            PK_VERDICT_CLEAN, NULL },
    { "no store brought the others", { .signer = ELSE, .installer = "" },
            { { MAKER, 50, 0 }, { ELSE, 1, 0 } }, PK_VERDICT_CLEAN, "no store brought" },
    { "both are common", { .signer = ELSE, .installer = "" },
            { { MAKER, 400, 400 }, { ELSE, 60, 0 } }, PK_VERDICT_CLEAN, NULL },
    /* and not any more, when reading it finds something */
    { "a developer's build that behaves",
            { .signer = ELSE,
                    .subject = DEBUG,
                    .debuggable = true,
                    .installer = "",
                    .weight = PK_APP_WEIGHT_SUSPICIOUS },
            { { MAKER, 412, 404 }, { ELSE, 1, 0 } }, PK_VERDICT_SUSPICIOUS, "other installations" },
};

static void consistency(void **state)
{
    const struct pk_strings usual = { (const char **)camera_only, 1 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(signers); i++) {
        const struct pk_app_proof proof = {
            .fleet = 1240, .signers = signers[i].rows, .signer_count = 3, .usual = &usual
        };
        struct pk_arena *arena = pk_arena_create(1UL * 1024 * 1024);
        struct made m;
        int verdict;
        const struct pk_app_finding *said;

        struct pk_app_proof cut = proof;

        while (cut.signer_count > 0 && signers[i].rows[cut.signer_count - 1].cert == NULL) {
            cut.signer_count--;
        }
        verdict = judge(&signers[i].app, &cut, arena, &m);
        said = find(&m.report, "signer/rare");
        if (verdict != signers[i].verdict || (said != NULL) != (signers[i].says != NULL)) {
            fail_msg("%s: %s, %s", signers[i].name, pk_app_verdict_name(verdict),
                    said != NULL ? said->evidence : "nothing said");
        }
        if (said != NULL && strstr(said->evidence, signers[i].says) == NULL &&
                strstr(said->title, signers[i].says) == NULL) {
            fail_msg("%s: %s: %s", signers[i].name, said->title, said->evidence);
        }
        pk_arena_destroy(arena);
    }
}

/* ---- the crowd's word, and many quiet days ---- */

static const struct pk_app_prevalence one[] = { { MAKER, 100, 100 } };

static const struct {
    const char *name;
    struct sample app;
    struct pk_app_proof proof;
    int verdict;
    const char *rule; /* that is said */
    const char *says;
} words[] = {
    { "the crowd knows the file", { .signer = MAKER, .installer = PLAY },
            { .file = { .bad = true, .log_odds = 1.5, .devices = 10, .groups = 4 } },
            PK_VERDICT_SUSPICIOUS, "crowd/file", "10 devices of 4 independent groups" },
    { "few devices are not counted aloud", { .signer = MAKER, .installer = PLAY },
            { .file = { .bad = true, .log_odds = 1.5, .devices = 0, .groups = 2 } },
            PK_VERDICT_SUSPICIOUS, "crowd/file", "Other devices had trouble" },
    { "the crowd is sure", { .signer = MAKER, .installer = PLAY },
            { .file = { .bad = true, .log_odds = 6, .devices = 50, .groups = 20 } },
            PK_VERDICT_MALICIOUS, "crowd/file", "50 devices" },
    { "sure, but all of one group", { .signer = MAKER, .installer = PLAY },
            { .file = { .bad = true, .log_odds = 6, .devices = 50, .groups = 1 } },
            PK_VERDICT_SUSPICIOUS, "crowd/file", "50 devices of 1 independent group " },
    { "the crowd knows the signer", { .signer = MAKER, .installer = "" },
            { .signer = { .bad = true, .log_odds = 9, .devices = 50, .groups = 20 } },
            PK_VERDICT_SUSPICIOUS, "crowd/signer", "50 devices" },
    { "a signer that is everybody's", { .signer = TEST, .installer = "" },
            { .signer = { .bad = true, .log_odds = 9, .devices = 50, .groups = 20 } },
            PK_VERDICT_CLEAN, NULL, NULL },
    /* for it */
    { "a weak doubt, alone", { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS },
            { .file_settled = 19, .file_devices = 400 }, PK_VERDICT_SUSPICIOUS, NULL, NULL },
    { "a weak doubt, and many quiet days", { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS },
            { .file_settled = 20, .file_devices = 400 }, PK_VERDICT_CLEAN, "proof/common",
            "20 devices have had this very file for 5 days or longer, of 400" },
    { "the classifier's doubt",
            { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS, .rule = "model/android" },
            { .file_settled = 500 }, PK_VERDICT_CLEAN, "proof/common", "" },
    { "what proves itself stays", { .signer = MAKER, .weight = PK_APP_WEIGHT_MALICIOUS },
            { .file_settled = 500 }, PK_VERDICT_MALICIOUS, "proof/common", "" },
    { "a structure that hides stays",
            { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS, .rule = "structure/zip.x" },
            { .file_settled = 500 }, PK_VERDICT_SUSPICIOUS, "proof/common", "" },
    { "a rule of one's own stays",
            { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS, .rule = "yara/x" },
            { .file_settled = 500 }, PK_VERDICT_SUSPICIOUS, "proof/common", "" },
    { "not against the crowd's word", { .signer = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS },
            { .file_settled = 500, .file = { .bad = true, .log_odds = 1 } }, PK_VERDICT_SUSPICIOUS,
            NULL, NULL },
    { "the crowd's word is no echo of a list",
            { .signer = MAKER, .weight = PK_APP_WEIGHT_MALICIOUS, .rule = "rules/x" },
            { .file = { .bad = true, .log_odds = 6, .groups = 9 } }, PK_VERDICT_MALICIOUS, NULL,
            NULL },
    { "not when another signed it",
            { .signer = ELSE, .installer = "", .weight = PK_APP_WEIGHT_SUSPICIOUS },
            { .file_settled = 500, .signers = one, .signer_count = 1 }, PK_VERDICT_SUSPICIOUS,
            "signer/rare", "" },
};

static void others(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(words); i++) {
        struct pk_arena *arena = pk_arena_create(1UL * 1024 * 1024);
        struct made m;
        int verdict = judge(&words[i].app, &words[i].proof, arena, &m);
        const struct pk_app_finding *said = words[i].rule != NULL ? find(&m.report, words[i].rule)
                                                                  : NULL;

        if (verdict != words[i].verdict || (said != NULL) != (words[i].rule != NULL)) {
            fail_msg("%s: %s", words[i].name, pk_app_verdict_name(verdict));
        }
        if (said != NULL && strstr(said->evidence, words[i].says) == NULL) {
            fail_msg("%s: %s", words[i].name, said->evidence);
        }
        if (words[i].rule == NULL &&
                (find(&m.report, "crowd/signer") != NULL || find(&m.report, "crowd/file") != NULL ||
                        find(&m.report, "proof/common") != NULL)) {
            fail_msg("%s: something is said", words[i].name);
        }
        pk_arena_destroy(arena);
    }
}

/* Judged again with other numbers: what was said before is forgotten. */
static void again(void **state)
{
    const struct sample app = { .signer = MAKER, .installer = "" };
    const struct pk_app_proof bad = { .file = { .bad = true, .log_odds = 2 } };
    const struct pk_app_proof well = { .file_settled = 50 };
    const struct pk_app_proof *const turns[] = { &bad, &well, NULL, &bad };
    struct pk_arena *arena = pk_arena_create(1UL * 1024 * 1024);
    struct made m;

    (void)state;
    make(&app, &m);
    for (size_t i = 0; i < PK_COUNT(turns); i++) {
        const struct pk_app_situation situation = { .installer = "", .proof = turns[i] };

        assert_int_equal(pk_reputation_judge(&m.report, NULL, &situation, arena), PK_OK);
        assert_int_equal(
                m.report.verdict, turns[i] == &bad ? PK_VERDICT_SUSPICIOUS : PK_VERDICT_CLEAN);
        assert_int_equal(find(&m.report, "crowd/file") != NULL, turns[i] == &bad);
        assert_int_equal(find(&m.report, "proof/common") != NULL, turns[i] == &well);
    }
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consistency),
        cmocka_unit_test(others),
        cmocka_unit_test(again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
