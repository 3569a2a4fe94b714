#include "defense/reputation/signers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Certificates of build/target/product/security in Android's source: their keys are published. */
static const struct {
    const char *sha256;
    const char *name;
} test_keys[] = {
    { "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc", "Android's test key" },
    { "c8a2e9bccf597c2fb6dc66bee293fc13f2fc47ec77bc6b2b0d52c11f51192ab8",
            "Android's platform test key" },
    { "465983f7791f2abeb43ea2cbdc7f21a8260b72bc08a55c839fc1a43bc741a81e",
            "Android's media test key" },
    { "28bbfe4a7b97e74681dc55c2fbb6ccb8d6c74963733f6af6ae74d8c3a6e879fd",
            "Android's shared test key" },
};

static bool same_signers(const struct pk_strings *list, const struct pk_app_signature *signature)
{
    const struct pk_app_signer *signers = signature->signers.items;

    if (list->count != signature->signers.count) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], signers[i].sha256) != 0) {
            return false;
        }
    }
    return true;
}

bool pk_signers_hold(const struct pk_app_report *report)
{
    const struct pk_app_part *parts = report->parts.items;

    if (report->signature == NULL || !report->signature->verified || report->problem != NULL ||
            report->signature->signers.count == 0) {
        return false;
    }
    for (size_t i = 0; i < report->parts.count; i++) {
        if (!parts[i].verified || !same_signers(&parts[i].signers, report->signature)) {
            return false;
        }
    }
    return true;
}

static bool holds(const struct pk_strings *list, const char *cert)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], cert) == 0) {
            return true;
        }
    }
    return false;
}

/* A part of a bundle that another one signed. */
static enum pk_signer_place find_in_parts(const struct pk_app_report *report, const char *cert)
{
    const struct pk_app_part *parts = report->parts.items;

    for (size_t i = 0; i < report->parts.count; i++) {
        if (holds(&parts[i].signers, cert)) {
            return parts[i].verified ? PK_SIGNER_NOW : PK_SIGNER_CLAIMED;
        }
    }
    return PK_SIGNER_NONE;
}

enum pk_signer_place pk_signers_find(const struct pk_app_report *report, const char *cert)
{
    const struct pk_app_signature *signature = report->signature;
    const struct pk_app_signer *signers = signature != NULL ? signature->signers.items : NULL;
    size_t count = signature != NULL ? signature->signers.count : 0;
    enum pk_signer_place out = find_in_parts(report, cert);

    for (size_t i = 0; i < count && out != PK_SIGNER_NOW; i++) {
        if (strcasecmp(signers[i].sha256, cert) == 0) {
            out = signature->verified ? PK_SIGNER_NOW : PK_SIGNER_CLAIMED;
        } else if (signature->verified && holds(&signers[i].lineage, cert)) {
            out = PK_SIGNER_BEFORE;
        }
    }
    return out;
}

/* Is the part one of the name's: "C=US, O=Android, CN=Android Debug"? */
static bool is_named(const char *subject, const char *part)
{
    size_t len = strlen(part);

    for (const char *at = strstr(subject, part); at != NULL; at = strstr(at + 1, part)) {
        bool begins = at == subject || at[-1] == ' ' || at[-1] == ',';

        if (begins && (at[len] == '\0' || at[len] == ',')) {
            return true;
        }
    }
    return false;
}

const char *pk_signer_public_cert(const char *sha256)
{
    for (size_t i = 0; i < PK_COUNT(test_keys); i++) {
        if (strcasecmp(sha256, test_keys[i].sha256) == 0) {
            return test_keys[i].name;
        }
    }
    return NULL;
}

const char *pk_signer_public_key(const struct pk_app_signer *signer)
{
    const char *name = pk_signer_public_cert(signer->sha256);

    /* Every machine makes its own debug key, and anybody can make one more. */
    return name != NULL                                     ? name
            : is_named(signer->subject, "CN=Android Debug") ? "a debug key"
                                                            : NULL;
}

const char *pk_signers_public_key(const struct pk_app_report *report)
{
    const struct pk_app_signature *signature = report->signature;
    const struct pk_app_signer *signers = signature != NULL ? signature->signers.items : NULL;

    for (size_t i = 0; signature != NULL && i < signature->signers.count; i++) {
        const char *name = pk_signer_public_key(&signers[i]);

        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

/* A developer's certificate has his team as its unit. The App Store signs with its own and has seen to it before. */
static bool cert_names_team(const struct pk_app_signature *signature, const char *team)
{
    const struct pk_app_signer *signers = signature->signers.items;
    char unit[64];

    if (signature->signers.count == 0 ||
            snprintf(unit, sizeof(unit), "OU=%s", team) >= (int)sizeof(unit)) {
        return false;
    }
    return is_named(signers[0].subject, unit) ||
            is_named(signers[0].subject, "CN=Apple iPhone OS Application Signing");
}

static bool profile_names_team(const struct pk_app_profile *profile, const char *team)
{
    return profile != NULL && profile->verified && profile->apple && profile->team_id != NULL &&
            strcmp(profile->team_id, team) == 0;
}

const char *pk_signers_team(const struct pk_app_report *report)
{
    const struct pk_app_apple *apple = report->apple;

    if (apple == NULL || apple->team_id == NULL || report->signature == NULL ||
            !report->signature->verified || report->problem != NULL) {
        return NULL;
    }
    /* The team in a code signature is a claim of whoever signed. */
    return (apple->apple_signed && cert_names_team(report->signature, apple->team_id)) ||
                    profile_names_team(apple->profile, apple->team_id)
            ? apple->team_id
            : NULL;
}
