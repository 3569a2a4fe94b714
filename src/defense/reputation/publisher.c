/* Is the app from whom it should be? By the certificates that are known for its package. */
#include <stdio.h>
#include <string.h>

#include "defense/reputation/judge.h"
#include "defense/reputation/origin.h"
#include "defense/reputation/signers.h"

#define CERTS_MAX 64 /* of one package that are asked; lists have one or two */

/* What is known of a package's makers. */
struct makers {
    size_t count;               /* certificates that say something */
    const char *cert;           /* one of them */
    const char *source;         /* of that one */
    bool whole;                 /* some list names all makers: what is not there is not one */
    enum pk_signer_place place; /* the app's own among them */
    const char *place_source;
    const char *place_cert;
};

/* F-Droid's list has the key whose builds F-Droid accepts. The same app may stand in another store with the key of
 * that store. */
static bool is_whole(const char *source)
{
    return strstr(source, "fdroid") == NULL && strstr(source, "f-droid") == NULL &&
            strstr(source, "F-Droid") == NULL;
}

static void add_cert(
        struct makers *m, const struct pk_app_report *report, const char *cert, const char *source)
{
    enum pk_signer_place place;

    if (pk_signer_public_cert(cert) != NULL) {
        return; /* whoever signs with it proves nothing */
    }
    if (m->count++ == 0 || (!m->whole && is_whole(source))) {
        m->cert = cert;
        m->source = source;
    }
    m->whole = m->whole || is_whole(source);
    place = pk_signers_find(report, cert);
    if (place > m->place) {
        m->place = place;
        m->place_cert = cert;
        m->place_source = source;
    }
}

static void add_set(
        struct makers *m, const struct pk_app_report *report, const struct pk_intel_set *set)
{
    size_t first = 0;
    size_t count = pk_intel_signers(set, report->package, &first);

    for (size_t i = 0; i < count && i < CERTS_MAX; i++) {
        struct pk_intel_signer signer;

        if (pk_intel_signer_at(set, first + i, &signer)) {
            add_cert(m, report, signer.cert, signer.source);
        }
    }
}

bool pk_judge_known_elsewhere(const struct pk_judge *j)
{
    const struct pk_intel_set *const *sets = j->knowledge->sets;
    const struct pk_app_signer *signers = j->report->signature->signers.items;

    for (size_t i = 0; sets != NULL && sets[i] != NULL; i++) {
        for (size_t n = 0; n < j->report->signature->signers.count; n++) {
            if (pk_intel_signer_known(sets[i], signers[n].sha256)) {
                return true;
            }
        }
    }
    return false;
}

static void say_rotated(struct pk_judge *j, const struct makers *m)
{
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "signer.rotated",
                    .severity = PK_SEVERITY_INFO,
                    .title = "Its maker has changed the signing key",
                    .evidence = pk_judge_print(j,
                            "the former key %.16s... (%.100s) has signed over to the new one",
                            m->place_cert, m->place_source),
                    .rule = PK_RULE_ROTATED,
                    .count = 1,
            });
}

static void say_broken(struct pk_judge *j, const struct makers *m)
{
    static const char *const attack[] = { "T1577", NULL };

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.repackaged",
                    .severity = PK_SEVERITY_HIGH,
                    .title = "Changed after its maker signed it",
                    .evidence = pk_judge_print(j,
                            "the certificate %.16s... is its maker's (%.100s), but the signature "
                            "does not hold",
                            m->place_cert, m->place_source),
                    .attack = pk_judge_attack(j, attack),
                    .rule = PK_RULE_BROKEN,
                    .count = 1,
                    .weight = PK_APP_WEIGHT_SUSPICIOUS,
            });
}

static void say_unsigned(struct pk_judge *j, const struct makers *m)
{
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "signer.missing",
                    .severity = PK_SEVERITY_LOW,
                    .title = "Has the package of a known app, but no signature that holds",
                    .evidence = pk_judge_print(j, "%.100s has %.16s... for it", m->source, m->cert),
                    .rule = PK_RULE_OTHER,
                    .count = 1,
            });
}

static void say_other(struct pk_judge *j, const struct makers *m, const char *why)
{
    const struct pk_app_signer *signers = j->report->signature->signers.items;

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "signer.other",
                    .severity = PK_SEVERITY_INFO,
                    .title = "Signed by another publisher than the one that is listed",
                    .evidence = pk_judge_print(j, "signed by %.16s..., %.100s has %.16s...; %s",
                            signers[0].sha256, m->source, m->cert, why),
                    .rule = PK_RULE_OTHER,
                    .count = 1,
            });
}

static void say_repackaged(struct pk_judge *j, const struct makers *m)
{
    static const char *const attack[] = { "T1577", "T1655.001", NULL };
    const struct pk_app_signer *signers = j->report->signature->signers.items;
    const char *public = pk_signers_public_key(j->report);
    bool sure = m->whole || public != NULL;

    j->foreign = true;
    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.repackaged",
                    .severity = sure ? PK_SEVERITY_HIGH : PK_SEVERITY_MEDIUM,
                    .title = "Not signed by its maker",
                    .evidence = pk_judge_print(j,
                            "%.200s is signed by %.16s... (%s%.120s); %.100s has %.16s... for it%s",
                            j->report->package, signers[0].sha256, public != NULL ? public : "",
                            public != NULL ? "" : signers[0].subject, m->source, m->cert,
                            m->count > 1 ? " and others" : ""),
                    .attack = pk_judge_attack(j, attack),
                    .rule = PK_RULE_REPACKAGED,
                    .count = 1,
                    .weight = sure ? PK_APP_WEIGHT_SUSPICIOUS : PK_APP_WEIGHT_NONE,
                    .confidence = public != NULL ? 0.78 : 0.7,
            });
}

/* The signature holds, and none of the package's makers made it. */
static void judge_other(struct pk_judge *j, const struct makers *m)
{
    const struct pk_app_lists *lists = j->knowledge->lists;
    enum pk_app_origin origin = pk_app_origin_of(
            j->situation, lists != NULL ? &lists->stores : NULL);

    if (origin == PK_ORIGIN_STORE || origin == PK_ORIGIN_SYSTEM) {
        say_other(j, m,
                origin == PK_ORIGIN_STORE ? "a store installed it" : "it came with the system");
    } else if (pk_signers_public_key(j->report) == NULL && pk_judge_known_elsewhere(j)) {
        say_other(j, m, "its signer is known for other apps");
    } else {
        say_repackaged(j, m);
    }
}

static void judge(struct pk_judge *j, const struct makers *m)
{
    bool holds = pk_signers_hold(j->report);

    if (m->place >= PK_SIGNER_BEFORE && holds) {
        j->known_as = m->place_source;
        if (m->place == PK_SIGNER_BEFORE) {
            say_rotated(j, m);
        }
    } else if (m->place == PK_SIGNER_CLAIMED) {
        say_broken(j, m);
    } else if (m->place == PK_SIGNER_NONE && holds) {
        judge_other(j, m);
    } else if (m->place == PK_SIGNER_NONE) {
        say_unsigned(j, m);
    }
    /* A bundle of the maker's with a part of somebody else's: its structure says so. */
}

void pk_judge_publisher(struct pk_judge *j)
{
    const struct pk_intel_set *const *sets = j->knowledge->sets;
    const struct pk_app_report *report = j->report;
    struct makers m = { 0 };

    if (sets == NULL || report->package == NULL || report->signature == NULL ||
            (report->kind != PK_APP_APK && report->kind != PK_APP_BUNDLE)) {
        return; /* certificates are known for Android's packages */
    }
    for (size_t i = 0; sets[i] != NULL; i++) {
        add_set(&m, report, sets[i]);
    }
    if (m.count > 0) {
        judge(j, &m);
    }
}
