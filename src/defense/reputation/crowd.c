/* What all devices together say of an app: that independent ones had trouble with this file or signer, or
 * that many have had this very file for days. The first makes it suspicious; the second holds weak opinions
 * back, never what proves itself.
 *
 * The crowd learns from what reading the file said, too. Where reading or a list raise the doubt themselves, the crowd's
 * word is partly its echo and is not said: who excepts such a finding is not told the same by other
 * words. */
#include <inttypes.h>
#include <math.h>

#include "defense/reputation/judge.h"
#include "defense/reputation/signers.h"

/* Log-odds from which the crowd's word alone says malicious, and from so many independent groups. */
#define SURE_ODDS   4.0
#define SURE_GROUPS 3

static double sure_of(const struct pk_app_word *word)
{
    double sure = 1 / (1 + exp(-word->log_odds));

    return sure < 0.55 ? 0.55 : sure > 0.97 ? 0.97 : sure;
}

/* Numbers are in it when they may be told. */
static const char *who(struct pk_judge *j, const struct pk_app_word *word)
{
    if (word->devices == 0) {
        return "Other devices had trouble with it";
    }
    return pk_judge_print(j,
            "%" PRId64 " device%s of %" PRId64 " independent group%s speak%s against it",
            word->devices, word->devices == 1 ? "" : "s", word->groups,
            word->groups == 1 ? "" : "s", word->devices == 1 ? "s" : "");
}

static void say_bad(struct pk_judge *j, const struct pk_app_word *word, const char *rule,
        const char *title, bool file)
{
    static const char *const none[] = { NULL };
    bool sure = file && word->log_odds >= SURE_ODDS && word->groups >= SURE_GROUPS;

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.crowd",
                    .severity = PK_SEVERITY_HIGH,
                    .title = title,
                    .evidence = pk_judge_print(
                            j, "%s (%.0f %% sure)", who(j, word), 100 * sure_of(word)),
                    .attack = pk_judge_attack(j, none),
                    .rule = rule,
                    .count = word->devices > 0 ? word->devices : 1,
                    .weight = sure ? PK_APP_WEIGHT_MALICIOUS : PK_APP_WEIGHT_SUSPICIOUS,
                    .confidence = sure_of(word),
            });
}

/* A doubt of this weight by the file's own content, a list, or (others) its signer. */
static bool is_doubted(const struct pk_judge *j, bool others)
{
    const struct pk_app_finding *items = j->report->findings.items;

    for (size_t i = 0; i < j->report->findings.count; i++) {
        bool signer = strncmp(items[i].rule, "signer/", 7) == 0;

        if (items[i].weight >= PK_APP_WEIGHT_SUSPICIOUS && signer == others) {
            return true;
        }
    }
    return false;
}

static void say_common(struct pk_judge *j, const struct pk_app_proof *proof)
{
    static const char *const none[] = { NULL };

    j->common = pk_judge_print(j,
            "%" PRId64 " devices have had this very file for %d days or longer",
            proof->file_settled, (int)(PK_PROOF_SETTLED_MS / 86400000));
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "proof.common",
                    .severity = PK_SEVERITY_INFO,
                    .title = "Many devices have it, and nothing happened",
                    .evidence = pk_judge_print(
                            j, "%s, of %" PRId64 " that have it", j->common, proof->file_devices),
                    .attack = pk_judge_attack(j, none),
                    .rule = PK_RULE_COMMON,
                    .count = proof->file_settled,
            });
}

void pk_judge_crowd(struct pk_judge *j)
{
    const struct pk_app_proof *proof = j->situation->proof;

    if (proof == NULL) {
        return;
    }
    if (proof->file.bad && !is_doubted(j, false)) {
        say_bad(j, &proof->file, PK_RULE_CROWD_FILE,
                "Other devices had trouble with this very file", true);
    }
    if (proof->signer.bad && j->known_as == NULL && !is_doubted(j, false) &&
            pk_signers_public_key(j->report) == NULL) {
        say_bad(j, &proof->signer, PK_RULE_CROWD_SIGNER,
                "Other devices had trouble with apps of this signer", false);
    }
    if (!proof->file.bad && !proof->signer.bad && proof->file_settled >= PK_PROOF_SETTLED &&
            !is_doubted(j, true)) {
        say_common(j, proof);
    }
}
