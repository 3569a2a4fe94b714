/* ipa.h - an app as Apple ships it: a bundle X.app in an archive, under Payload/ (IPA) or at the top
 * (a zipped simulator build). Its executable, its property list, its profile, and whether what the
 * signature seals is still what lies beside it.
 *
 * Sources: Apple's Bundle Programming Guide, TN3126, Security's resources.cpp (the rules of
 * CodeResources). Nested code is listed and its seal checked by the hash of its code directory. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h"
#include "formats/anomaly.h"
#include "formats/apple/macho.h"
#include "formats/apple/plist.h"
#include "formats/apple/provision.h"
#include "formats/zip.h"

/* One bundle or library inside the app: "Frameworks/X.framework", "Frameworks/libswiftCore.dylib",
 * "PlugIns/Share.appex", "Watch/X.app". */
struct pk_ipa_part {
    const char *path;            /* in the app, clean text */
    const char *bundle_id;       /* "" */
    const char *executable;      /* in the app, clean text; "" when it is not known */
    const char *extension_point; /* "com.apple.share-services", "" when it is no extension */
    const char *cdhash;          /* of its first slice, "" when it was not read or is not signed */
    struct pk_strings cdhashes;  /* of all its slices */
    const char *team_id;         /* "" */
    const char *problem;         /* the first thing that does not hold, "" */
};

/* What _CodeSignature/CodeResources says about the files, and what they are. */
struct pk_ipa_seal {
    bool present;
    bool holds;      /* every listed file that may not miss is there as listed, and no other is */
    size_t listed;   /* files that it lists */
    size_t checked;  /* of them whose bytes were hashed */
    size_t changed;  /* other bytes than listed */
    size_t missing;  /* not there and not optional */
    size_t unlisted; /* there, not left out by a rule that we know, and not listed */
    bool own_rules;  /* it leaves files out by rules of its own, so unlisted ones say nothing */
    const char *problem; /* the first thing that does not hold, "" */
};

struct pk_ipa {
    bool payload;                /* Payload/X.app: an IPA; false: X.app at the top */
    const char *folder;          /* "Payload/X.app/" as clean text */
    const struct pk_plist *info; /* Info.plist, NULL: not there or not readable */
    /* Of Info.plist, clean text, "" when absent. */
    const char *bundle_id;
    const char *name; /* CFBundleDisplayName, else CFBundleName */
    const char *executable;
    const char *version; /* CFBundleShortVersionString */
    const char *build;   /* CFBundleVersion */
    const char *minimum_os;
    struct pk_strings platforms;   /* CFBundleSupportedPlatforms: "iPhoneOS" */
    struct pk_strings url_schemes; /* of CFBundleURLTypes */

    const struct pk_macho *macho;       /* the executable, NULL: not there or not readable */
    const struct pk_provision *profile; /* embedded.mobileprovision, NULL: none or not readable */
    /* The executable's application-identifier is one that the profile allows, and its signer is one of
     * the profile's developers. */
    bool profile_fits;

    struct pk_ipa_seal seal;
    struct pk_array frameworks; /* struct pk_ipa_part of Frameworks/ */
    struct pk_array plugins;    /* struct pk_ipa_part of PlugIns/, Extensions/, Watch/, AppClips/ */

    bool has_signature;  /* every slice of the executable carries one */
    bool verified;       /* CMS, pages, slots and seal hold in every slice */
    bool apple;          /* and every slice's signer leads to Apple */
    const char *problem; /* the first thing that does not hold, "" */
};

/* True when the archive holds an Info.plist of an app where one belongs. */
bool pk_ipa_is(const struct pk_zip *zip);

/* PK_ENOENT: holds no app. What is there but cannot be read is an anomaly (ipa.malformed, plist.malformed,
 * macho.malformed) and leaves its field empty; PK_ENOMEM is the only other failure. The bytes of the
 * executable and the lists live as long as the arena. */
PK_MUST_USE int pk_ipa_parse(struct pk_zip *zip, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_ipa *out, struct pk_error *err);
