/* manifest_permission.h - the permissions of one manifest: each once, in order, and those that old apps
 * get without asking. Private to manifest*.c. */
#pragma once

#include "formats/android/manifest_list.h"

struct pk_manifest_permissions {
    struct pk_manifest_lists *lists;
    struct pk_strings all;
    struct pk_strings implied; /* a part of all */
    const char **names;        /* set of all */
    size_t seen;               /* elements that asked */
    unsigned asked;            /* for which of them more is granted */
};

PK_MUST_USE int pk_manifest_permissions_init(
        struct pk_manifest_permissions *p, struct pk_manifest_lists *lists);

/* <uses-permission> or, from level 23 on only, <uses-permission-sdk-23>. */
void pk_manifest_ask(struct pk_manifest_permissions *p, const char *name, bool sdk_23);

/* What aapt dump badging adds (tools/aapt/Command.cpp): the platform's own split permissions. target is
 * the level that aapt decides by. */
void pk_manifest_imply(struct pk_manifest_permissions *p, int64_t target);
