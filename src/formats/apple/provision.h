/* provision.h - provisioning profiles (.mobileprovision): a CMS around a property list that says which
 * team may run what on which devices until when. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h"
#include "formats/anomaly.h"
#include "formats/apple/plist.h"
#include "formats/cert.h"

struct pk_provision {
    const char *name, *uuid, *team_id, *team_name, *app_id_name;
    const char *app_id;            /* entitlements' application-identifier */
    const char *created, *expires; /* RFC 3339 */
    bool all_devices;              /* enterprise: installs anywhere without the store */
    size_t device_count;
    bool get_task_allow; /* may be debugged */
    struct pk_strings platforms;
    const struct pk_plist *entitlements;
    struct pk_array certs;   /* struct pk_cert: developers' */
    bool cms_verified;       /* signed as it stands */
    bool chain_to_apple;     /* and by Apple's signer of profiles */
    struct pk_array signers; /* struct pk_cert of the CMS, the signer first */
    const char *problem;     /* why the CMS does not hold, "" */
};

/* A profile is a CMS around a property list. PK_EMALF, PK_ETRUNC: it is none; PK_ELIMIT, PK_ENOMEM. A
 * signature that does not hold is no failure. What is read lives in the arena and borrows from bytes. */
PK_MUST_USE int pk_provision_parse(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_provision *out, struct pk_error *err);
