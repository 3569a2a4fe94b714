/* signers.h - who signed an app, as far as its signature proves it. */
#pragma once

#include "model/app_report.h"

/* The signature holds, and of a bundle every part has the same signers: what the certificates say is true. */
bool pk_signers_hold(const struct pk_app_report *report);

enum pk_signer_place {
    PK_SIGNER_NONE,
    PK_SIGNER_CLAIMED, /* a certificate of the file, but its signature does not hold */
    PK_SIGNER_BEFORE,  /* the signer's key was rotated from this one, provably */
    PK_SIGNER_NOW,
};

/* Where the certificate (SHA-256, any case) stands among the app's. */
enum pk_signer_place pk_signers_find(const struct pk_app_report *report, const char *cert);

/* Is it a key that everybody has: Android's test keys, the debug key of build tools? NULL: no; else its
 * name. A signature by it proves nothing about who made the app. */
const char *pk_signer_public_key(const struct pk_app_signer *signer);
/* The same by the certificate alone: debug keys are not known by it. */
const char *pk_signer_public_cert(const char *sha256);
/* The first such signer of the app; NULL: none. */
const char *pk_signers_public_key(const struct pk_app_report *report);

/* Apple's team, where Apple vouches for it: the signature holds and leads to Apple, and the certificate names the
 * team or is the App Store's own; or a profile of Apple's is for the team. NULL otherwise. */
const char *pk_signers_team(const struct pk_app_report *report);
